/** Two profiles, or one profile on two kernels: what `diff` prints and `report` shows side by side. */
import { hasErrors } from '../diagnostic/index.js';
import { formatKernelVersion, type KernelVersion } from '../facts/index.js';
import { isMainline } from '../knowledge/lookup.js';
import {
  changesForUserSpace,
  type LintInput,
  type Change as Predicted,
  type Prediction,
  predict,
} from '../placement/index.js';
import { closeFragment, closeFromKnowledge, planGoals } from '../plan/close.js';
import { comparePlans, type PlanChange } from '../plan/compare.js';
import type { Plan } from '../plan/index.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { withInputs } from './inputs.js';
import { noteAssumptions, openKernelTree, readBase, treeTitle } from './kernel-tree.js';
import { type PlaceOptions, settlePlacement } from './placement.js';
import { knowledgeOfTree } from './plan-on-tree.js';
import { planProfile } from './profile.js';
import { Refusal } from './refusal.js';
import { holdTree } from './release.js';

/** Each list has one value for both sides, or one for each. */
export interface ComparisonOptions {
  readonly kernel?: readonly string[];
  readonly kernelTree?: readonly string[];
  readonly baseConfig?: readonly string[];
  readonly dtb?: readonly string[];
  readonly arch?: string;
  readonly probes?: string;
}

/** One side of the comparison. */
export interface Side {
  readonly profile: string;
  readonly kernel?: string;
  readonly kernelTree?: string;
  readonly baseConfig?: string;
  readonly dtb?: string;
}

export interface Looked {
  readonly side: Side;
  readonly plan: Plan;
  /** The newest kernel of the plan: a prediction is of one. */
  readonly input: LintInput & { readonly kernel: KernelVersion };
  readonly prediction: Prediction;
}

export interface Comparison {
  readonly from: Looked;
  readonly to: Looked;
  readonly changes: readonly PlanChange[];
  /** null: a side has no DTB. */
  readonly predicted: readonly Predicted[] | null;
}

export function sidesOf(profiles: readonly string[], options: ComparisonOptions): [Side, Side] {
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
async function look(
  context: Context,
  side: Side,
  options: ComparisonOptions,
  place: Omit<PlaceOptions, 'dtb' | 'kernel'>,
): Promise<Looked> {
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
  const { max: kernel } = plan.kernel;
  const asked = { ...place, ...(dtb === undefined ? {} : { dtb }), kernel: [formatKernelVersion(kernel)] };
  const input = { ...settlePlacement(context, profile, asked, []).input, kernel };
  return { side, plan: closed.plan, input, prediction: predict(input) };
}

const archOf = (context: Context, profile: string) => planProfile(context, profile).planned?.plan.board.arch;

/** `my-board.jsonc, Linux 6.12 to 7.3`. */
export function titleOf(profile: string, { min, max }: Plan['kernel']): string {
  const versions = [min, max].map(formatKernelVersion);
  return `${profile}, Linux ${[...new Set(versions)].join(' to ')}`;
}

/**
 * Looks at both sides, each with the inputs of its profile.
 * @param place what is known of both boots
 * @throws {@link Refusal}
 */
export async function compareSides(
  context: Context,
  first: Side,
  second: Side,
  options: ComparisonOptions,
  place: Omit<PlaceOptions, 'dtb' | 'kernel'> = {},
): Promise<Comparison> {
  /** The tree of the profile is of one kernel, and a side may ask for another. */
  const whole = (side: Side) =>
    withInputs(context, side.profile, side, {
      dtb: 'dtb',
      ...(side.kernel === undefined ? { kernelTree: 'kernelTree', baseConfig: 'config' } : {}),
    });
  const from = await look(context, whole(first), options, place);
  const to = await look(context, whole(second), options, place);
  const isPredicted = from.side.dtb !== undefined && to.side.dtb !== undefined;
  return {
    from,
    to,
    changes: comparePlans(from.plan, to.plan),
    predicted: isPredicted ? changesForUserSpace(from.prediction, to.prediction) : null,
  };
}

/** A line for each difference: `heap camera, names: linux,cma -> default_cma_region`, and those of the predicted boots. */
export function comparisonLines({ changes, predicted }: Pick<Comparison, 'changes' | 'predicted'>): string[] {
  return [...changes.map(lineOf), ...(predicted ?? []).map(({ text }) => `  predicted: ${text}`)];
}

function lineOf({ part, name, aspect, from, to }: PlanChange): string {
  const about =
    part === 'symbol' ? `CONFIG_${name}` : `${[part, name].filter((word) => word !== '').join(' ')}, ${aspect}`;
  return `${from === null ? '+' : to === null ? '-' : ' '} ${about}: ${[from, to].filter((one) => one !== null).join(' -> ')}`;
}

/** As `diff --format json` prints it. */
export function comparisonData({ from, to, changes, predicted }: Comparison) {
  const describe = ({ side, plan }: Looked) => ({
    profile: { file: side.profile, ...plan.profile },
    kernel: { min: formatKernelVersion(plan.kernel.min), max: formatKernelVersion(plan.kernel.max) },
  });
  return { from: describe(from), to: describe(to), changes, predicted };
}
