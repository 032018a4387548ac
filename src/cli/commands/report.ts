/** dmaheap report: one page about a board. */
import path from 'node:path';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { placementInput } from '../../plan/board.js';
import { type ClosedPlan, closeFragment, closeFromKnowledge, planGoals } from '../../plan/close.js';
import type { Plan } from '../../plan/index.js';
import { type ComparedReport, mapOf, renderRefusal, renderReport, reportData } from '../../report/index.js';
import type { VerifyReport } from '../../verify/index.js';
import { countChecks, exitOf, printVerdict, summary } from '../check-results.js';
import { type Comparison, compareSides, comparisonData, type Looked, sidesOf, titleOf } from '../comparison.js';
import type { Context } from '../context.js';
import { declare, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { readText } from '../files.js';
import { withInputs } from '../inputs.js';
import { noteAssumptions, openKernelTree, readBase, treeTitle } from '../kernel-tree.js';
import { BOARD, KERNEL_TREE, STRICT } from '../options.js';
import { judgePlacement, type PlaceOptions, type Setting, settlePlacement } from '../placement.js';
import { planChecks } from '../plan-verdict.js';
import { type Planned, type Planning, planProfile } from '../profile.js';
import { Refusal, refusedAfter } from '../refusal.js';
import { archOfBoard, holdTree } from '../release.js';
import { VERSION } from '../version.js';
import { writeOutput } from '../write-file.js';

export const command = declare({
  name: 'report',
  about: 'write an HTML page about a board: memory map, budget, names, symbols, access, proof',
  arguments: [['<profile>', "the board's profile"]],
  options: {
    ...KERNEL_TREE,
    output: text('-o, --output <file>', 'where to write; default: standard output'),
    against: text('--against <profile>', 'another profile, to show what differs from it side by side'),
    verify: text('--verify <file>', 'the output of dmaheap-verify --json on the board'),
    ...BOARD,
    strict: STRICT,
  },
  examples: [
    'report my-board.jsonc --dtb my-board.dtb -o report.html',
    'report my-board.jsonc --dtb my-board.dtb --verify report.json -o report.html',
    'report my-board.jsonc --dtb my-board.dtb --kernel 6.12 --kernel 7.3 -o report.html',
    'report my-board.jsonc --against other-board.json -o report.html',
  ],
  run: report,
});

interface ReportOptions extends PlaceOptions {
  readonly strict: boolean;
  readonly output?: string;
  readonly verify?: string;
  readonly against?: string;
  readonly kernelTree?: string;
  readonly baseConfig?: string;
  readonly probes?: string;
  readonly recordProbes?: string;
}

/** @throws {@link Refusal} */
function readVerification(context: Context, file: string): VerifyReport {
  const got = readText(context.resolve(file));
  const fix = 'give the output of dmaheap-verify --json on the board';
  if ('error' in got) throw new Refusal(`--verify ${file}: ${got.error}`, EXIT.usage, fix);
  try {
    const report = JSON.parse(got.text) as VerifyReport;
    if (report.schemaVersion === 1 && Array.isArray(report.results)) return report;
  } catch {
    // Said below.
  }
  throw new Refusal(`--verify ${file}: not a report of this version`, EXIT.usage, fix);
}

interface Closed {
  readonly plan?: Plan;
  readonly delta?: { readonly base: string; readonly changes: ClosedPlan['delta'] };
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The lines the fragment really has, proven where a kernel tree is given.
 * @throws {@link Refusal}
 */
async function closePlan(context: Context, plan: Plan, options: ReportOptions): Promise<Closed> {
  const { kernelTree, baseConfig } = options;
  const arch = archOfBoard(options.arch, plan.board.arch);
  if (kernelTree === undefined) {
    const { plan: known, diagnostics } = closeFromKnowledge(plan);
    return { ...(known === undefined ? {} : { plan: known }), diagnostics };
  }
  const open = await openKernelTree(context, { ...options, kernelTree, arch });
  const base = readBase(context, open, baseConfig);
  noteAssumptions(context, open, planGoals(plan));
  const title = treeTitle(open);
  const closed = await context.during('solving for the fragment', () => closeFragment(plan, open.tree, base, title));
  return {
    ...(closed.plan === undefined ? {} : { plan: closed.plan }),
    delta: { base: `${title} with ${base.name}`, changes: closed.delta },
    diagnostics: [...holdTree(context, kernelTree, plan.kernel), ...closed.diagnostics],
  };
}

function writePage(context: Context, page: string, output: string | undefined): void {
  if (isPrinted(output)) {
    context.print(page);
    return;
  }
  writeOutput(context, output, page);
  context.note(`wrote ${output}`);
}

/**
 * What the page compares; undefined: neither --against nor a second --kernel was given.
 * @throws {@link Refusal}
 */
async function compared(context: Context, profile: string, options: ReportOptions): Promise<Comparison | undefined> {
  const { against, kernel = [], kernelTree, baseConfig, dtb, ...place } = options;
  if (against === undefined && kernel.length < 2) return undefined;
  if (kernel.length > 2)
    throw new Refusal('the report compares two kernels', EXIT.usage, 'give --kernel at most twice, or use place');
  const [from, to] = sidesOf(against === undefined ? [profile] : [against, profile], {
    ...(kernel.length === 0 ? {} : { kernel }),
    // A tree is of one kernel.
    ...(kernelTree === undefined || kernel.length > 1 ? {} : { kernelTree: [kernelTree] }),
    ...(baseConfig === undefined || kernel.length > 1 ? {} : { baseConfig: [baseConfig] }),
  });
  const { arch, probes } = options;
  const given = { ...(arch === undefined ? {} : { arch }), ...(probes === undefined ? {} : { probes }) };
  const own = { ...to, ...(dtb === undefined ? {} : { dtb }) };
  // Another profile may be of another board, which states its own DTB.
  const other = withInputs(context, from.profile, from, { dtb: 'dtb' });
  return compareSides(context, { ...(dtb === undefined ? {} : { dtb }), ...other }, own, given, place);
}

function comparedReport(comparison: Comparison): ComparedReport {
  const data = comparisonData(comparison);
  const names = [comparison.from, comparison.to].map(({ side: { profile } }) => path.basename(profile));
  const side = ({ side: { profile }, plan, input, prediction }: Looked, own: Sides) => ({
    ...own,
    // The head of a narrow column: a path only where the name alone is that of both.
    title: titleOf(
      data.from.profile.file !== data.to.profile.file && names[0] === names[1] ? profile : path.basename(profile),
      plan.kernel,
    ),
    map: mapOf([{ input, prediction }]),
  });
  return { ...data, from: side(comparison.from, data.from), to: side(comparison.to, data.to) };
}
type Sides = ReturnType<typeof comparisonData>['from'];

const isPrinted = (output: string | undefined): output is undefined | '-' => output === undefined || output === '-';

/** The page says what is wrong; programs read it in the findings. */
function writeRefusal(
  context: Context,
  profile: string,
  { stated, diagnostics }: Planning,
  options: ReportOptions,
): void {
  if (context.options.format !== 'human' && isPrinted(options.output)) return;
  const input = stated && placementInput(stated.model, stated.model.tree, stated.model.kernel.max, [], [], stated.boot);
  const page = renderRefusal({
    tool: `dmaheap ${VERSION}`,
    title: stated?.model.loaded.profile.board?.title ?? profile,
    profile,
    findings: diagnostics,
    map: input && mapOf([{ input }]),
    isSkeleton: stated?.model.isSkeleton === true,
  });
  writePage(context, page, options.output);
}

/**
 * @returns a planning with a plan
 * @throws {@link Refusal} after the page about it is written
 */
function planOrRefuse(
  context: Context,
  profile: string,
  options: ReportOptions,
): Planned & Pick<Planning, 'diagnostics' | 'sources'> {
  // Of two kernels the page is about the second.
  const kernel = options.kernel?.at(-1);
  const planning = planProfile(context, profile, {
    ...(options.dtb === undefined ? {} : { dtb: options.dtb }),
    ...(kernel === undefined ? {} : { kernel }),
  });
  const { planned, diagnostics, sources, exit } = planning;
  if (planned !== undefined) return { ...planned, diagnostics, sources };
  writeRefusal(context, profile, planning, options);
  throw Refusal.because(exit, diagnostics, sources);
}

/** @throws {@link Refusal} with what was found until then, after the page about it is written */
function settleOrRefuse(
  context: Context,
  profile: string,
  options: ReportOptions,
  planned: ReturnType<typeof planOrRefuse>,
  extra: Diagnostic[],
): Setting['input'] {
  try {
    return settlePlacement(context, profile, options, extra).input;
  } catch (error) {
    const { sources } = planned;
    const found = [...new Map([...planned.diagnostics, ...extra].map((one) => [JSON.stringify(one), one])).values()];
    const refusal = refusedAfter(error, { diagnostics: found, sources });
    if (refusal instanceof Refusal && hasErrors(refusal.found?.diagnostics ?? []))
      writeRefusal(context, profile, { diagnostics: found, sources, exit: refusal.exit, stated: planned }, options);
    throw refusal;
  }
}

async function report(context: Context, profile: string, options: ReportOptions): Promise<Exit> {
  const planned = planOrRefuse(context, profile, options);
  const closed = await closePlan(context, planned.plan, options);
  const { plan = planned.plan, delta, diagnostics: open } = closed;
  const verification = options.verify === undefined ? undefined : readVerification(context, options.verify);
  const comparison = await compared(context, profile, options);
  const extra: Diagnostic[] = [];
  const drawn = reportData(plan, settleOrRefuse(context, profile, options, planned, extra), {
    tool: `dmaheap ${VERSION}`,
    findings: [...planned.diagnostics, ...open],
    ...(delta === undefined ? {} : { delta }),
    ...(verification === undefined ? {} : { verification }),
    ...(comparison === undefined ? {} : { comparison: comparedReport(comparison) }),
  });
  // The profile was read a second time for the placement, so what it has to say may be there twice.
  const once = new Map([...drawn.findings, ...extra].map((one) => [JSON.stringify([one.code, one.message]), one]));
  const findings = judgePlacement([...once.values()], drawn.kernels);
  const data = { ...drawn, findings };
  const isProven = options.kernelTree !== undefined;
  const { checks, notGiven } = planChecks({
    plan,
    proof: drawn.kernels,
    found: findings,
    dtb: options.dtb,
    isProven,
    options: ['--cmdline', '--memory', '--config'],
  });
  const exit = exitOf(checks, { strict: options.strict, requireTools: false, unknown: EXIT.good });
  const verdict = countChecks(checks, { notGiven, strict: options.strict });
  const { format } = context.options;
  if (format === 'json') {
    context.printJson({ ...data, verdict });
    return exit;
  }
  const page = renderReport(data, {
    status: verdict.status,
    text: summary(verdict),
    checks: checks.map(({ check, status }) => ({ check, status })),
  });
  // In the other formats they would be part of the page.
  if (format === 'human' || !isPrinted(options.output)) context.findings(findings, planned.sources);
  writePage(context, page, options.output);
  if (format === 'human' && !isPrinted(options.output))
    printVerdict(context, checks, { notGiven, strict: options.strict });
  return exit;
}
