/** dmaheap generate PROFILE -o DIR */
import { createTwoFilesPatch } from 'diff';
import { compareLock } from '../../check/lock.js';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { type ClosedPlan, closeFragment, closeFromKnowledge, planGoals } from '../../plan/close.js';
import { FIRST_TARGETS, type Plan } from '../../plan/index.js';
import { render, TARGETS } from '../../render/index.js';
import type { SourceText } from '../../source/index.js';
import { countChecks, exitOf, printVerdict } from '../check-results.js';
import type { Context } from '../context.js';
import { declare, flag, fromProfile, list, required, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { inputsOf, recordInputs } from '../inputs.js';
import { noteAssumptions, type OpenTree, readBase, treeTitle } from '../kernel-tree.js';
import { valuesOf } from '../knowledge.js';
import { type Inputs, makeLock, readLock, writeLock } from '../lock.js';
import { manifestOf } from '../manifest.js';
import { FORCE, KERNEL_TREE, ONE_KERNEL } from '../options.js';
import { oneAtATime, type TreeChange, writeTree } from '../output/write.js';
import { planOnTree } from '../plan-on-tree.js';
import { type PlanChecks, planChecks } from '../plan-verdict.js';
import { type Planned, planProfile } from '../profile.js';
import { Refusal, refusedAfter } from '../refusal.js';
import { holdTree } from '../release.js';
import { exitOfRendering, located } from '../rendered.js';
import { summarise } from '../summary.js';
import { compareTree, MANIFEST, makeManifest, manifestFile } from '../tree.js';
import { VERSION } from '../version.js';
import { describeDelta } from './resolve.js';

export const command = declare({
  name: 'generate',
  about: 'write fragment, overlay, rules and expectation for a board',
  arguments: [['<profile>', "the board's profile"]],
  options: {
    ...KERNEL_TREE,
    allowChange: flag('--allow-change', 'permit the fragment to change what the base configuration sets'),
    output: required('-o, --output <dir>', 'where to write'),
    target: list('--target <name,...>', 'only these targets (dmaheap targets lists them)'),
    kernel: ONE_KERNEL,
    dtb: fromProfile(
      'dtb',
      text('--dtb <file>', "the board's DTB: generate uses its cells and compares the profile with it"),
    ),
    force: FORCE,
    strict: flag('--strict', 'write nothing if something is unknown or was not judged'),
    diff: flag('--diff', 'show the changes and write nothing; the exit status is 1 if there are changes'),
    lock: text(
      '--lock <file>',
      'record every input in this file; if the file exists, refuse inputs that differ from it',
    ),
  },
  examples: [
    'generate my-board.jsonc -o out --kernel 6.12 --dtb my-board.dtb',
    'generate my-board.jsonc -o out --kernel-tree linux-6.12 --base-config .config --lock my-board.lock',
    'generate my-board.jsonc -o out --target udev,verify --diff',
  ],
  run: generate,
});

interface GenerateOptions {
  readonly output: string;
  readonly target?: readonly string[];
  readonly kernel?: string;
  readonly dtb?: string;
  readonly force: boolean;
  readonly strict: boolean;
  readonly diff: boolean;
  readonly kernelTree?: string;
  readonly arch?: string;
  readonly baseConfig?: string;
  readonly probes?: string;
  readonly recordProbes?: string;
  readonly allowChange?: boolean;
  readonly lock?: string;
}

interface Closed extends Inputs {
  readonly closed: ClosedPlan;
}

/**
 * The plan's wishes as lines that hold: on the user's tree when it is given.
 * @throws {@link Refusal}
 */
async function close(
  context: Context,
  { plan, model }: Planned,
  options: GenerateOptions,
  open: OpenTree | undefined,
): Promise<Closed> {
  const { kernelTree, baseConfig, allowChange = false } = options;
  const dtb = options.dtb === undefined ? {} : { dtb: options.dtb };
  if (kernelTree === undefined || open === undefined)
    return { closed: closeFromKnowledge(plan, model.knowledge), ...dtb };
  const base = readBase(context, open, baseConfig);
  const closed = await context.during('solving for the fragment', () =>
    closeFragment(plan, open.tree, base, treeTitle(open), { allowChange }),
  );
  noteAssumptions(context, open, planGoals(plan));
  const diagnostics = [...holdTree(context, kernelTree, plan.kernel), ...closed.diagnostics];
  return { closed: { ...closed, diagnostics }, open, base: base.text, ...dtb };
}

/** The same decisions with the final configuration known: of drivers that exclude each other one is left. */
function replan(
  context: Context,
  file: string,
  { model }: Planned,
  options: GenerateOptions,
  closed: ClosedPlan,
): Plan | undefined {
  if (model.knowledge === undefined || closed.config === undefined) return undefined;
  const value = valuesOf(closed.config);
  return planProfile(context, file, { ...options, knowledge: model.knowledge, value }).planned?.plan;
}

function renamedBy(closed: ClosedPlan, { model }: Planned, again: () => Plan | undefined): ClosedPlan {
  const plan = model.knowledge === undefined || closed.plan === undefined ? undefined : again();
  return plan === undefined || closed.plan === undefined
    ? closed
    : { ...closed, plan: { ...plan, symbols: closed.plan.symbols } };
}

const patchOf = ({ path, before, after }: TreeChange) =>
  // A directory or a link has no lines.
  before === after ? '' : createTwoFilesPatch(`a/${path}`, `b/${path}`, before ?? '', after ?? '');

/** Everything found so far, in the order in which it was found. */
interface Findings {
  readonly diagnostics: Diagnostic[];
  readonly sources: ReadonlyMap<string, SourceText>;
  /** What was judged until now. */
  readonly judged: () => PlanChecks;
}

async function generate(context: Context, file: string, options: GenerateOptions): Promise<Exit> {
  const { open, planning } = await planOnTree(context, file, options);
  const { planned, diagnostics, sources, exit } = planning;
  const judged = (): PlanChecks =>
    planChecks({
      plan: planned?.plan,
      proof: planning.proof,
      found: diagnostics,
      dtb: options.dtb,
      isProven: open !== undefined,
    });
  try {
    if (planned === undefined) throw Refusal.because(exit, []);
    return await generateFrom(context, file, planned, open, options, { diagnostics, sources, judged });
  } catch (error) {
    if (!(error instanceof Refusal) || error.exit !== EXIT.findings)
      throw refusedAfter(error, { diagnostics, sources });
    const { checks, notGiven } = judged();
    const judging = { notGiven, strict: options.strict };
    if (context.options.format === 'human') printVerdict(context, checks, judging);
    const more = { verdict: countChecks(checks, judging) };
    throw refusedAfter(error, { diagnostics, sources, more });
  }
}

/** @throws {@link Refusal}; what was found until then is in `found` */
async function generateFrom(
  context: Context,
  file: string,
  planned: Planned,
  open: OpenTree | undefined,
  options: GenerateOptions,
  { diagnostics, sources, judged }: Findings,
): Promise<Exit> {
  const { loaded } = planned;
  const proven = await close(context, planned, options, open);
  const closed = renamedBy(proven.closed, planned, () => replan(context, file, planned, options, proven.closed));
  diagnostics.push(...closed.diagnostics.map((d) => located(d, loaded.spanOf)));
  if (closed.plan === undefined) throw Refusal.because(EXIT.findings, []);
  const { plan } = closed;
  const rendered = render(plan, {
    version: VERSION,
    ...(options.target === undefined ? {} : { targets: options.target }),
  });
  const asked = (d: Diagnostic) =>
    d.code === 'render/unknown-target' && options.target !== undefined
      ? { ...d, message: `--target: ${d.message}` }
      : d;
  diagnostics.push(...rendered.diagnostics.map((d) => located(asked(d), loaded.spanOf)));
  if (rendered.value === undefined) throw Refusal.because(exitOfRendering(rendered.diagnostics), []);
  if (hasErrors(diagnostics)) throw Refusal.because(EXIT.findings, []);
  const { dtb, kernelTree, baseConfig: config } = options;
  const given = { dtb, kernelTree, config };
  const inputs = {
    ...inputsOf(context, loaded),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  const recorded = recordInputs(
    context,
    options.output,
    inputs,
    { file, sha256: plan.profile.sha256 },
    proven.open?.digest,
  );
  const manifest = makeManifest(manifestOf(plan, recorded), rendered.value);
  const files = [...rendered.value, manifestFile(manifest)];
  const lock = options.lock === undefined ? undefined : makeLock(context, plan, manifest, proven);
  const held = options.lock === undefined ? undefined : readLock(context, options.lock);
  if (options.lock !== undefined && lock !== undefined && held !== undefined) {
    diagnostics.push(...('code' in held ? [held] : compareLock(options.lock, held, lock)));
    if (hasErrors(diagnostics)) throw Refusal.because(EXIT.findings, []);
  }
  const { checks, notGiven } = judged();
  if (exitOf(checks, { strict: options.strict, requireTools: false, unknown: EXIT.good }) !== EXIT.good)
    throw Refusal.because(EXIT.findings, []);
  const directory = context.resolve(options.output);
  const turn = await oneAtATime(
    directory,
    !options.diff,
    (text) => context.note(text),
    () => {
      const { changes, diagnostics: objections } = compareTree(
        directory,
        files,
        options.force,
        ' (--diff shows the difference)',
      );
      const changed = changes.filter((change) => change.action !== 'keep');
      diagnostics.push(...objections);
      if (objections.some(({ code }) => code === 'generate/cannot-write')) throw Refusal.because(EXIT.environment, []);
      if (!options.diff) {
        if (hasErrors(objections)) throw Refusal.because(EXIT.findings, []);
        const problem = writeTree(directory, files, changes, MANIFEST);
        if (problem !== undefined) throw Refusal.because(EXIT.environment, [problem]);
        if (options.lock !== undefined && lock !== undefined && held === undefined)
          writeLock(context, options.lock, lock);
      }
      return { changes, changed };
    },
  );
  if ('problem' in turn) throw Refusal.because(EXIT.environment, [turn.problem]);
  const { changes, changed } = turn.value;
  if (context.options.format === 'human') {
    context.findings(diagnostics, sources);
    if (options.diff) for (const change of changed) context.print(patchOf(change));
    else if (!context.options.quiet) {
      context.print(`${summarise(plan)}\n\n`);
      if (options.kernelTree !== undefined) context.print(`${describeDelta(closed.delta)}\n`);
      for (const { path, action } of changes)
        context.print(`${MARKS[action]} ${options.output.replace(/\/+$/, '')}/${path}\n`);
    }
    printVerdict(context, checks, { notGiven, strict: options.strict });
    if (!options.diff && !context.options.quiet) {
      context.note(`Next: ${context.nextCommand(...checkWords(options))}`);
      for (const target of systemTargets(changes))
        context.note(`How to build with it: ${context.nextCommand('targets', target, file)}`);
    }
  } else if (context.options.format === 'json')
    context.printJson({
      schemaVersion: 1,
      profile: plan.profile,
      files: changes.map(({ path, action }) => ({ path, action })),
      fragment: { lines: closed.lines, delta: closed.delta },
      diagnostics,
      verdict: countChecks(checks, { notGiven, strict: options.strict }),
    });
  else context.findings(diagnostics, sources);
  return options.diff && changed.length > 0 ? EXIT.findings : EXIT.good;
}

/** Those that were written for one system, each of which has steps that the user must take there. */
function systemTargets(changes: readonly TreeChange[]): string[] {
  const written = changes.filter(({ action }) => action !== 'remove').map(({ path }) => path.split('/')[0] ?? '');
  const first: readonly string[] = FIRST_TARGETS;
  return [...new Set(written)].filter((name) => !first.includes(name) && TARGETS.some((one) => one.name === name));
}

/** What would prove the tree that was written. The inputs are in its manifest. */
function checkWords({ output, lock }: GenerateOptions): string[] {
  return ['check', output, ...(lock === undefined ? [] : ['--lock', lock])];
}

const MARKS = { add: 'wrote    ', change: 'rewrote  ', keep: 'unchanged', remove: 'removed  ' } as const;
