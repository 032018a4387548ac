/** dmaheap generate PROFILE -o DIR */
import { createTwoFilesPatch } from 'diff';
import { compareLock } from '../../check/lock.js';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { formatKernelVersion } from '../../facts/index.js';
import { type ClosedPlan, closeFragment, closeFromKnowledge, planGoals } from '../../plan/close.js';
import type { Plan } from '../../plan/index.js';
import { render } from '../../render/index.js';
import { type Context, commandLine } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { noteAssumptions, openKernelTree, readBase, treeTitle } from '../kernel-tree.js';
import { GENERATOR, type Inputs, makeLock, readLock, writeLock } from '../lock.js';
import { planProfile } from '../profile.js';
import { archOfBoard, holdTree } from '../release.js';
import { summarise } from '../summary.js';
import { compareTree, makeManifest, manifestFile, type TreeChange, writeTree } from '../tree.js';
import { VERSION } from '../version.js';
import { describeDelta } from './resolve.js';
import { exitOfRendering, locate } from './validate.js';

export interface GenerateOptions {
  readonly output: string;
  readonly target?: readonly string[];
  readonly kernel?: string;
  readonly dtb?: string;
  readonly force: boolean;
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

/** The plan's wishes as lines that hold: on the user's tree when it is given. @returns an exit after complaining */
async function close(context: Context, plan: Plan, options: GenerateOptions): Promise<Closed | Exit> {
  const { kernelTree, baseConfig, allowChange = false } = options;
  const arch = archOfBoard(context, options.arch, plan.board.arch);
  if (typeof arch === 'number') return arch;
  const dtb = options.dtb === undefined ? {} : { dtb: options.dtb };
  if (kernelTree === undefined) return { closed: closeFromKnowledge(plan), ...dtb };
  const open = await openKernelTree(context, { ...options, kernelTree, arch });
  if (typeof open === 'number') return open;
  const base = readBase(context, open, baseConfig);
  if (typeof base === 'number') return base;
  const closed = await context.during('proving every line of the fragment', () =>
    closeFragment(plan, open.tree, base, treeTitle(open), { allowChange }),
  );
  noteAssumptions(context, open, planGoals(plan));
  const diagnostics = [...holdTree(context, kernelTree, plan.kernel), ...closed.diagnostics];
  return { closed: { ...closed, diagnostics }, open, base: base.text, ...dtb };
}

/** What the manifest says of the plan. */
export function manifestOf(plan: Plan) {
  return {
    generator: GENERATOR,
    profile: plan.profile,
    board: { arch: plan.board.arch, ...(plan.board.dtb === undefined ? {} : { dtb: plan.board.dtb }) },
    kernel: { min: formatKernelVersion(plan.kernel.min), max: formatKernelVersion(plan.kernel.max) },
  };
}

const patchOf = ({ path, before, after }: TreeChange) =>
  // A directory or a link has no lines.
  before === after ? '' : createTwoFilesPatch(`a/${path}`, `b/${path}`, before ?? '', after ?? '');

export async function generate(context: Context, file: string, options: GenerateOptions): Promise<Exit> {
  const { planned, diagnostics, sources, exit } = planProfile(context, file, options);
  const fail = (status: Exit): Exit => {
    context.findings(diagnostics, sources);
    return status;
  };
  if (planned === undefined) return fail(exit);
  const proven = await close(context, planned.plan, options);
  if (typeof proven === 'number') return fail(proven);
  const { closed } = proven;
  diagnostics.push(...closed.diagnostics.map((d) => locate(d, planned.loaded.spanOf)));
  if (closed.plan === undefined) return fail(EXIT.findings);
  const { plan } = closed;
  const rendered = render(plan, {
    version: VERSION,
    ...(options.target === undefined ? {} : { targets: options.target }),
  });
  const asked = (d: Diagnostic) =>
    d.code === 'render/unknown-target' && options.target !== undefined
      ? { ...d, message: `--target: ${d.message}` }
      : d;
  diagnostics.push(...rendered.diagnostics.map((d) => locate(asked(d), planned.loaded.spanOf)));
  if (rendered.value === undefined) return fail(exitOfRendering(rendered.diagnostics));
  if (hasErrors(diagnostics)) return fail(EXIT.findings);
  const manifest = makeManifest(manifestOf(plan), rendered.value);
  const files = [...rendered.value, manifestFile(manifest)];
  const lock = options.lock === undefined ? undefined : makeLock(context, plan, manifest, proven);
  const held = options.lock === undefined ? undefined : readLock(context, options.lock);
  if (typeof held === 'number') return fail(held);
  if (options.lock !== undefined && lock !== undefined && held !== undefined) {
    diagnostics.push(...('code' in held ? [held] : compareLock(options.lock, held, lock)));
    if (hasErrors(diagnostics)) return fail(EXIT.findings);
  }
  const directory = context.resolve(options.output);
  const { changes, diagnostics: objections } = compareTree(directory, files, options.force);
  const changed = changes.filter((change) => change.action !== 'keep');
  diagnostics.push(...objections);
  if (objections.some(({ code }) => code === 'generate/cannot-write')) return fail(EXIT.environment);
  if (!options.diff) {
    if (hasErrors(objections)) return fail(EXIT.findings);
    const problem = changed.length === 0 ? undefined : writeTree(directory, files, changes);
    if (problem !== undefined) {
      diagnostics.push(problem);
      return fail(EXIT.environment);
    }
    if (options.lock !== undefined && lock !== undefined && held === undefined) {
      const reason = writeLock(context, options.lock, lock);
      if (reason !== undefined) {
        context.complain(`cannot write --lock ${options.lock}: ${reason}`, 'give another file');
        return fail(EXIT.environment);
      }
    }
  }
  if (context.options.format === 'human') {
    context.findings(diagnostics, sources);
    if (options.diff) for (const change of changed) context.print(patchOf(change));
    else if (!context.options.quiet) {
      context.print(`${summarise(plan)}\n\n`);
      if (options.kernelTree !== undefined) context.print(`${describeDelta(closed.delta)}\n`);
      for (const { path, action } of changes)
        context.print(`${MARKS[action]} ${options.output.replace(/\/+$/, '')}/${path}\n`);
      context.note(`Next: ${checkCommand(options)}`);
    }
  } else if (context.options.format === 'json')
    context.printJson({
      schemaVersion: 1,
      profile: plan.profile,
      files: changes.map(({ path, action }) => ({ path, action })),
      fragment: { lines: closed.lines, delta: closed.delta },
      diagnostics,
    });
  else context.findings(diagnostics, sources);
  return options.diff && changed.length > 0 ? EXIT.findings : EXIT.good;
}

/** What would prove the tree that was written, with what was given to write it. */
function checkCommand({ output, kernelTree, baseConfig, dtb, lock }: GenerateOptions): string {
  const given = Object.entries({
    '--kernel-tree': kernelTree,
    '--base-config': baseConfig,
    '--dtb': dtb,
    '--lock': lock,
  });
  const words = given.flatMap(([option, value]) => (value === undefined ? [] : [option, value]));
  return commandLine(['dmaheap', 'check', output, ...words]);
}

const MARKS = { add: 'wrote    ', change: 'rewrote  ', keep: 'unchanged', remove: 'removed  ' } as const;
