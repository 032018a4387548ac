/** dmaheap report: one page about a board. */
import { writeFileSync } from 'node:fs';
import type { Diagnostic } from '../../diagnostic/index.js';
import { renderReport, reportData } from '../../report/index.js';
import type { VerifyReport } from '../../verify/index.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { readText, reasonOf } from '../files.js';
import { type PlaceOptions, Refusal, settlePlacement } from '../placement.js';
import { planProfile } from '../profile.js';
import { VERSION } from '../version.js';

export interface ReportOptions extends PlaceOptions {
  readonly output?: string;
  readonly verify?: string;
}

function readVerification(context: Context, file: string): VerifyReport | undefined {
  const got = readText(context.resolve(file));
  if ('error' in got) {
    context.complain(`--verify ${file}: ${got.error}`);
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

export async function report(context: Context, profile: string, options: ReportOptions): Promise<Exit> {
  const kernel = options.kernel?.[0];
  const planning = planProfile(context, profile, {
    ...(options.dtb === undefined ? {} : { dtb: options.dtb }),
    ...(kernel === undefined ? {} : { kernel }),
  });
  if (planning.planned === undefined) {
    context.findings(planning.diagnostics, planning.sources);
    return planning.exit;
  }
  const { plan } = planning.planned;
  const verification = options.verify === undefined ? undefined : readVerification(context, options.verify);
  if (options.verify !== undefined && verification === undefined) return EXIT.usage;
  const extra: Diagnostic[] = [];
  let input: Parameters<typeof reportData>[1];
  try {
    input = options.dtb === undefined ? undefined : settlePlacement(context, profile, options, extra).input;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.message !== '') context.complain(error.message, error.fix);
    return error.exit;
  }
  const data = reportData(plan, input, {
    tool: `dmaheap ${VERSION}`,
    findings: planning.diagnostics,
    ...(verification === undefined ? {} : { verification }),
  });
  if (context.options.format === 'json') {
    context.printJson(data);
    return EXIT.good;
  }
  const page = renderReport(data);
  if (options.output === undefined || options.output === '-') context.print(page);
  else {
    try {
      writeFileSync(context.resolve(options.output), page);
    } catch (error) {
      context.complain(`cannot write ${options.output}: ${reasonOf(error)}`, 'give another file with -o');
      return EXIT.environment;
    }
    context.note(`wrote ${options.output}`);
  }
  return EXIT.good;
}
