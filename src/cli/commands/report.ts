/** dmaheap report: one page about a board. */
import { writeFileSync } from 'node:fs';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { type ClosedPlan, closeFragment, closeFromKnowledge, planGoals } from '../../plan/close.js';
import type { Plan } from '../../plan/index.js';
import { renderReport, reportData } from '../../report/index.js';
import type { VerifyReport } from '../../verify/index.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { readText, reasonOf } from '../files.js';
import { noteAssumptions, openKernelTree, readBase, treeTitle } from '../kernel-tree.js';
import { judgePlacement, type PlaceOptions, settlePlacement } from '../placement.js';
import { planOrExit } from '../profile.js';
import { sayRefusal } from '../refusal.js';
import { archOfBoard, holdTree } from '../release.js';
import { VERSION } from '../version.js';

export interface ReportOptions extends PlaceOptions {
  readonly output?: string;
  readonly verify?: string;
  readonly kernelTree?: string;
  readonly baseConfig?: string;
  readonly probes?: string;
  readonly recordProbes?: string;
}

function readVerification(context: Context, file: string): VerifyReport | undefined {
  const got = readText(context.resolve(file));
  if ('error' in got) {
    context.complain(`--verify ${file}: ${got.error}`, 'give what dmaheap-verify --json printed on the board');
    return undefined;
  }
  try {
    const report = JSON.parse(got.text) as VerifyReport;
    if (report.schemaVersion === 1 && Array.isArray(report.results)) return report;
  } catch {
    // Said below.
  }
  context.complain(`--verify ${file}: not a report of this version`, 'give what dmaheap-verify --json printed');
  return undefined;
}

interface Closed {
  readonly plan?: Plan;
  readonly delta?: { readonly base: string; readonly changes: ClosedPlan['delta'] };
  readonly diagnostics: readonly Diagnostic[];
}

/** The lines the fragment really has, proven where a kernel tree is given. @returns an exit after complaining */
async function closePlan(context: Context, plan: Plan, options: ReportOptions): Promise<Closed | Exit> {
  const { kernelTree, baseConfig } = options;
  const arch = archOfBoard(context, options.arch, plan.board.arch);
  if (typeof arch === 'number') return arch;
  if (kernelTree === undefined) {
    const { plan: known, diagnostics } = closeFromKnowledge(plan);
    return { ...(known === undefined ? {} : { plan: known }), diagnostics };
  }
  const open = await openKernelTree(context, { ...options, kernelTree, arch });
  if (typeof open === 'number') return open;
  const base = readBase(context, open, baseConfig);
  if (typeof base === 'number') return base;
  noteAssumptions(context, open, planGoals(plan));
  const title = treeTitle(open);
  const closed = await context.during('proving every line of the fragment', () =>
    closeFragment(plan, open.tree, base, title),
  );
  return {
    ...(closed.plan === undefined ? {} : { plan: closed.plan }),
    delta: { base: `${title} with ${base.name}`, changes: closed.delta },
    diagnostics: [...holdTree(context, kernelTree, plan.kernel), ...closed.diagnostics],
  };
}

export async function report(context: Context, profile: string, options: ReportOptions): Promise<Exit> {
  const kernel = options.kernel?.[0];
  const planned = planOrExit(context, profile, {
    ...(options.dtb === undefined ? {} : { dtb: options.dtb }),
    ...(kernel === undefined ? {} : { kernel }),
  });
  if (typeof planned === 'number') return planned;
  const closed = await closePlan(context, planned.plan, options);
  if (typeof closed === 'number') return closed;
  const { plan = planned.plan, delta, diagnostics: open } = closed;
  const verification = options.verify === undefined ? undefined : readVerification(context, options.verify);
  if (options.verify !== undefined && verification === undefined) return EXIT.usage;
  const extra: Diagnostic[] = [];
  let input: Parameters<typeof reportData>[1];
  try {
    input = options.dtb === undefined ? undefined : settlePlacement(context, profile, options, extra).input;
  } catch (error) {
    return sayRefusal(context, error);
  }
  const drawn = reportData(plan, input, {
    tool: `dmaheap ${VERSION}`,
    findings: [...planned.diagnostics, ...open],
    ...(delta === undefined ? {} : { delta }),
    ...(verification === undefined ? {} : { verification }),
  });
  // The profile was read a second time for the placement, so what it has to say may be there twice.
  const once = new Map([...drawn.findings, ...extra].map((one) => [JSON.stringify([one.code, one.message]), one]));
  const { found: findings, isRefuted } = judgePlacement([...once.values()], drawn.kernels);
  const data = { ...drawn, findings };
  const exit = isRefuted || hasErrors(findings) ? EXIT.findings : EXIT.good;
  const { format } = context.options;
  if (format === 'json') {
    context.printJson(data);
    return exit;
  }
  const page = renderReport(data);
  const isPrinted = options.output === undefined || options.output === '-';
  // In the other formats they would stand in the page.
  if (format === 'human' || !isPrinted) context.findings(findings, planned.sources);
  if (isPrinted) context.print(page);
  else {
    try {
      writeFileSync(context.resolve(options.output), page);
    } catch (error) {
      context.complain(`cannot write ${options.output}: ${reasonOf(error)}`, 'give another file with -o');
      return EXIT.environment;
    }
    context.note(`wrote ${options.output}`);
  }
  if (isRefuted && !hasErrors(findings)) context.note('the prediction is refuted: dmaheap place says where');
  return exit;
}
