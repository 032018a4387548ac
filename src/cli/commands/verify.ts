/** dmaheap verify: the running machine against its expectation, through the addon. */
import { type VerifyReport, verifySystem } from '../../verify/index.js';
import { printVerdictWord } from '../check-results.js';
import type { Context } from '../context.js';
import { declare, flag, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { Refusal } from '../refusal.js';

export const command = declare({
  name: 'verify',
  about: 'verify the heaps of the running board',
  options: {
    expect: text('--expect <file>', 'the verify.expect that dmaheap generate wrote'),
    root: text('--root <dir>', 'use this directory instead of /'),
    as: text('--as <user[:group,...]>', 'also try as this user; needs root'),
    import: text(
      '--import <device>',
      'also import a buffer of every heap into this DRM device, and make one with /dev/udmabuf',
    ),
    strict: flag('--strict', 'treat what is unknown or was skipped as failed'),
    deep: flag('--deep', 'test more; this may use a whole CMA area'),
  },
  exits: '0 pass, 1 fail, 2 usage, 3 probe error or no addon, 4 nothing testable',
  examples: ['verify --expect /etc/dmaheap/verify.expect'],
  run: verify,
});

interface VerifyCommandOptions {
  readonly expect?: string;
  readonly root?: string;
  readonly as?: string;
  readonly import?: string;
  readonly deep?: boolean;
  readonly strict: boolean;
}

function describe(report: VerifyReport): string {
  const lines: string[] = [];
  for (const r of report.results) {
    const about = r.heap === null ? r.id : `${r.id} ${r.heap}`;
    const seen =
      r.observed === null
        ? ''
        : `: ${r.observed}${r.expected === null || r.status === 'pass' ? '' : `, expected ${r.expected}`}`;
    lines.push(`${r.status.padEnd(7)} ${about}${seen}`);
    if (r.status === 'pass') continue;
    if (r.cause !== null) lines.push(`    cause: ${r.cause}${r.diagnosis === null ? '' : ` [${r.diagnosis}]`}`);
    if (r.fix !== null) lines.push(`    fix: ${r.fix}`);
  }
  for (const gap of report.incomplete)
    lines.push(
      `required but not done: ${[gap.id, gap.heap, gap.item].filter((part) => part !== null).join(' ')}: ${gap.why}`,
    );
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * The report's own exit codes are those of dmaheap-verify: 4 means that there was nothing to test, or that something
 * required was not done.
 */
async function verify(context: Context, { strict, ...options }: VerifyCommandOptions): Promise<Exit> {
  const { value, diagnostics } = await verifySystem({
    ...options,
    ...(options.expect === undefined ? {} : { expect: context.resolve(options.expect) }),
    ...(options.root === undefined ? {} : { root: context.resolve(options.root) }),
  });
  if (value === undefined)
    throw Refusal.because(
      diagnostics.some((d) => d.code === 'verify/addon-missing') ? EXIT.environment : EXIT.usage,
      diagnostics,
    );
  const report = strict ? strictly(value) : value;
  if (context.options.format === 'json') context.printJson(report);
  else {
    context.print(describe(report));
    const { verdict, pass, fail, skip, unknown, error } = report.summary;
    const counts = `${pass} pass, ${fail} fail, ${skip} skip, ${unknown} unknown, ${error} error`;
    printVerdictWord(context, verdict.toUpperCase().replaceAll('-', ' '), counts);
  }
  return report.summary.exitCode;
}

/** The report where what was skipped or is unknown counts as failed. */
function strictly(report: VerifyReport): VerifyReport {
  const { summary } = report;
  if (summary.exitCode !== EXIT.good || summary.skip + summary.unknown === 0) return report;
  return { ...report, summary: { ...summary, verdict: 'fail', exitCode: EXIT.findings } };
}
