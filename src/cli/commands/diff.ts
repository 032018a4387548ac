/** dmaheap diff: two profiles, or one profile on two kernels, as user space sees them. */
import { hasErrors } from '../../diagnostic/index.js';
import { formatKernelVersion } from '../../facts/index.js';
import { isMainline } from '../../knowledge/lookup.js';
import { changesForUserSpace, type Change as Predicted, type Prediction, predict } from '../../placement/index.js';
import { closeFragment, closeFromKnowledge, planGoals } from '../../plan/close.js';
import { comparePlans, type PlanChange } from '../../plan/compare.js';
import type { Plan } from '../../plan/index.js';
import type { Context } from '../context.js';
import { declare, several, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { withInputs } from '../inputs.js';
import { noteAssumptions, openKernelTree, readBase, treeTitle } from '../kernel-tree.js';
import { settlePlacement } from '../placement.js';
import { knowledgeOfTree } from '../plan-on-tree.js';
import { planProfile } from '../profile.js';
import { Refusal } from '../refusal.js';
import { holdTree } from '../release.js';

export const command = declare({
  name: 'diff',
  about: 'show what differs for user space between two profiles, or between two kernels',
  arguments: [['<profile...>', 'one or two profiles; with one, give two kernels']],
  options: {
    kernel: several('--kernel <version>', 'the kernel; twice: one for each side'),
    kernelTree: several(
      '--kernel-tree <dir>',
      'kernel source tree, to compare the fragment lines too; twice: one for each side',
    ),
    arch: text('--arch <arch>', "architecture; default: the profile's"),
    baseConfig: several('--base-config <file>', '.config or defconfig to start from; twice: one for each side'),
    dtb: several('--dtb <file>', "the board's DTB, to compare the predictions too; twice: one for each side"),
    probes: text(
      '--probes <mode>',
      'how to answer questions of the tree about the toolchain: run, replay:FILE or deny',
    ),
  },
  exits: '0 no difference, 1 differences',
  examples: [
    'diff my-board.jsonc --kernel 6.12 --kernel 7.3 --dtb my-board.dtb',
    'diff my-board.jsonc other-board.json',
  ],
  run: diff,
});

interface DiffOptions {
  readonly kernel?: readonly string[];
  readonly kernelTree?: readonly string[];
  readonly baseConfig?: readonly string[];
  readonly dtb?: readonly string[];
  readonly arch?: string;
  readonly probes?: string;
}

/** What stands on one side of the comparison. */
interface Side {
  readonly profile: string;
  readonly kernel?: string;
  readonly kernelTree?: string;
  readonly baseConfig?: string;
  readonly dtb?: string;
}

interface Looked {
  readonly side: Side;
  readonly plan: Plan;
  readonly prediction: Prediction | undefined;
}

function sidesOf(profiles: readonly string[], options: DiffOptions): [Side, Side] {
  const side = (i: number): Side => {
    const of = (values: readonly string[] | undefined) => values?.[i] ?? values?.[0];
    const given = {
      kernel: of(options.kernel),
      kernelTree: of(options.kernelTree),
      baseConfig: of(options.baseConfig),
      dtb: of(options.dtb),
    };
    const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return { profile: profiles[i] ?? (profiles[0] as string), ...present };
  };
  return [side(0), side(1)];
}

/**
 * The plan with the lines that its fragment would have.
 * @throws {@link Refusal}
 */
async function look(context: Context, side: Side, options: DiffOptions): Promise<Looked> {
  const { profile, kernelTree, dtb } = side;
  const open =
    kernelTree === undefined
      ? undefined
      : await openKernelTree(context, {
          kernelTree,
          arch: options.arch ?? archOf(context, profile) ?? 'arm64',
          ...(options.probes === undefined ? {} : { probes: options.probes }),
        });
  const version = side.kernel ?? (open?.version === undefined ? undefined : formatKernelVersion(open.version));
  const read = open === undefined || kernelTree === undefined ? undefined : knowledgeOfTree(context, open, kernelTree);
  const planning = planProfile(context, profile, {
    ...(version === undefined || (read !== undefined && !isMainline(read)) ? {} : { kernel: version }),
    ...(read === undefined || isMainline(read) ? {} : { knowledge: read }),
    ...(dtb === undefined ? {} : { dtb }),
  });
  if (planning.planned === undefined) throw Refusal.because(planning.exit, planning.diagnostics, planning.sources);
  const { plan, model } = planning.planned;
  const base = open === undefined ? undefined : readBase(context, open, side.baseConfig);
  const closed =
    open === undefined || base === undefined
      ? closeFromKnowledge(plan, model.knowledge)
      : closeFragment(plan, open.tree, base, treeTitle(open));
  if (open !== undefined) noteAssumptions(context, open, planGoals(plan));
  if (kernelTree !== undefined && context.options.format === 'human')
    context.findings(holdTree(context, kernelTree, plan.kernel));
  if (closed.plan === undefined || hasErrors(closed.diagnostics))
    throw Refusal.because(EXIT.findings, closed.diagnostics, planning.sources);
  return { side, plan: closed.plan, prediction: dtb === undefined ? undefined : predicted(context, side, plan) };
}

const archOf = (context: Context, profile: string) => planProfile(context, profile).planned?.plan.board.arch;

/** On the newest kernel of the plan: a prediction is of one. */
function predicted(context: Context, { profile, dtb }: Side, plan: Plan): Prediction {
  const options = { ...(dtb === undefined ? {} : { dtb }), kernel: [formatKernelVersion(plan.kernel.max)] };
  const { input } = settlePlacement(context, profile, options, []);
  return predict({ ...input, kernel: plan.kernel.max });
}

function titleOf({ side, plan }: Looked): string {
  const versions = [plan.kernel.min, plan.kernel.max].map(formatKernelVersion);
  return `${side.profile}, Linux ${[...new Set(versions)].join(' to ')}`;
}

/** `heap camera, names: linux,cma -> default_cma_region`. */
function lineOf({ part, name, aspect, from, to }: PlanChange): string {
  const about =
    part === 'symbol' ? `CONFIG_${name}` : `${[part, name].filter((word) => word !== '').join(' ')}, ${aspect}`;
  return `${from === null ? '+' : to === null ? '-' : ' '} ${about}: ${[from, to].filter((one) => one !== null).join(' -> ')}`;
}

async function diff(context: Context, profiles: readonly string[], options: DiffOptions): Promise<Exit> {
  const [first, second] = sidesOf(profiles, options);
  if (profiles.length > 2 || (profiles.length === 1 && JSON.stringify(first) === JSON.stringify(second)))
    throw new Refusal(
      profiles.length > 2 ? 'diff takes at most two profiles' : 'diff needs a second profile or two kernels',
      EXIT.usage,
      'give two profiles, or one and two kernels: dmaheap diff board.json --kernel A --kernel B',
    );
  /** The tree of the profile is of one kernel, and a side may ask for another. */
  const whole = (side: Side) =>
    withInputs(context, side.profile, side, {
      dtb: 'dtb',
      ...(side.kernel === undefined ? { kernelTree: 'kernelTree', baseConfig: 'config' } : {}),
    });
  const from = await look(context, whole(first), options);
  const to = await look(context, whole(second), options);
  const changes = comparePlans(from.plan, to.plan);
  const boot: Predicted[] =
    from.prediction === undefined || to.prediction === undefined
      ? []
      : changesForUserSpace(from.prediction, to.prediction);
  if (context.options.format === 'json')
    context.printJson({
      schemaVersion: 1,
      from: describe(from),
      to: describe(to),
      changes,
      predicted: from.prediction === undefined ? null : boot,
    });
  else print(context, from, to, changes, boot);
  return changes.length + boot.length > 0 ? EXIT.findings : EXIT.good;
}

function describe({ side, plan }: Looked) {
  const kernel = { min: formatKernelVersion(plan.kernel.min), max: formatKernelVersion(plan.kernel.max) };
  return { profile: { file: side.profile, ...plan.profile }, kernel };
}

function print(
  context: Context,
  from: Looked,
  to: Looked,
  changes: readonly PlanChange[],
  boot: readonly Predicted[],
): void {
  context.print(`--- ${titleOf(from)}\n+++ ${titleOf(to)}\n`);
  for (const change of changes) context.print(`${lineOf(change)}\n`);
  for (const { text } of boot) context.print(`  predicted: ${text}\n`);
  if (changes.length + boot.length === 0) context.print('no difference for user space\n');
}
