/** Results of checks as both kinds of dmaheap check print them, with the verdict that closes them. */
import type { CheckResult, CheckStatus } from '../check/index.js';
import type { SourceText } from '../source/index.js';
import type { Context } from './context.js';
import { EXIT, type Exit } from './exit.js';

type Mark = CheckStatus | 'warn';

const MARKS: Readonly<Record<Mark, string>> = {
  pass: 'pass   ',
  warn: 'warn   ',
  fail: 'FAIL   ',
  'not-run': 'not run',
  unknown: 'unknown',
};
const COLORS: Readonly<Record<Mark, string>> = {
  pass: '32',
  warn: '1;35',
  fail: '1;31',
  'not-run': '1;33',
  unknown: '1;33',
};
const COLUMNS = 80;
const INDENT = MARKS.pass.length + 1;

/** A check that has something to object did not prove what its title says, even where nothing is an error. */
const markOf = ({ status, diagnostics }: CheckResult): Mark =>
  status === 'pass' && diagnostics.some(({ severity }) => severity === 'warning') ? 'warn' : status;

/** Wraps at blanks, with the lines after the first one indented. */
export function hanging(text: string, indent: number, columns = COLUMNS): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const room = columns - (lines.length === 0 ? 0 : indent);
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.join(`\n${' '.repeat(indent)}`);
}

/** `3 not run (dtc, udevadm: not installed; --dtb not given)`. */
function summary(results: readonly CheckResult[], notGiven: readonly string[]): string {
  const count = (status: CheckStatus) => results.filter((one) => one.status === status).length;
  const missing = [...new Set(results.flatMap(({ missingTools }) => missingTools))];
  const inputs = [
    ...new Set([
      ...notGiven,
      ...results.flatMap(({ diagnostics }) =>
        diagnostics
          .filter(({ code }) => code === 'check/input-missing')
          .flatMap(({ message }) => message.match(/--[\w-]+/g) ?? []),
      ),
    ]),
  ];
  const why = [
    ...(missing.length === 0 ? [] : [`${missing.join(', ')}: not installed`]),
    ...(inputs.length === 0 ? [] : [`${inputs.join(', ')} not given`]),
  ].join('; ');
  const parts = [
    ...(count('fail') === 0 ? [] : [`${count('fail')} fail`]),
    `${count('pass')} pass`,
    ...(count('unknown') === 0 ? [] : [`${count('unknown')} unknown`]),
    ...(count('not-run') === 0 ? [] : [`${count('not-run')} not run`]),
  ];
  return `${parts.join(', ')}${why === '' ? '' : ` (${why})`}`;
}

export interface Printing {
  /** Options that would have led to more checks. */
  readonly notGiven?: readonly string[];
}

/** `PASS`, `FAIL`, or `UNKNOWN` where nothing is wrong and something could not be judged. */
export function verdictOf(results: readonly CheckResult[]): 'PASS' | 'FAIL' | 'UNKNOWN' {
  if (results.some(({ status }) => status === 'fail')) return 'FAIL';
  return results.some(({ status }) => status === 'unknown') || !results.some(({ status }) => status === 'pass')
    ? 'UNKNOWN'
    : 'PASS';
}

export function printChecks(
  context: Context,
  results: readonly CheckResult[],
  sources: ReadonlyMap<string, SourceText>,
  { notGiven = [] }: Printing = {},
): void {
  const { format, quiet } = context.options;
  if (format === 'json') {
    context.printJson({
      schemaVersion: 1,
      results: results.map(({ check, status, diagnostics }) => ({ check, status, diagnostics })),
    });
    return;
  }
  context.findings(
    results.flatMap(({ diagnostics }) => diagnostics),
    sources,
  );
  if (format !== 'human') return;
  for (const result of quiet ? [] : results) {
    const mark = markOf(result);
    const text = hanging(`${MARKS[mark]} ${result.check}: ${result.title}`, INDENT);
    context.printMarked(COLORS[mark], MARKS[mark], text.slice(MARKS[mark].length));
  }
  printVerdict(context, results, notGiven);
}

/** The line that closes what a command judges. */
export function printVerdict(
  context: Context,
  results: readonly CheckResult[],
  notGiven: readonly string[] = [],
): void {
  const verdict = verdictOf(results);
  const style = { PASS: COLORS.pass, FAIL: COLORS.fail, UNKNOWN: COLORS.unknown }[verdict];
  const text = hanging(`${verdict}: ${summary(results, notGiven)}`, verdict.length + 2);
  context.printMarked(style, verdict, text.slice(verdict.length));
}

export interface ExitOptions {
  /** What was not run or is unknown fails. */
  readonly strict: boolean;
  readonly requireTools: boolean;
  /** Status where something is unknown. */
  readonly unknown: Exit;
}

export function exitOf(results: readonly CheckResult[], { strict, requireTools, unknown }: ExitOptions): Exit {
  const has = (...statuses: readonly CheckStatus[]) => results.some(({ status }) => statuses.includes(status));
  if (has('fail')) return EXIT.findings;
  if (requireTools && results.some(({ missingTools }) => missingTools.length > 0)) return EXIT.environment;
  if (strict && has('unknown', 'not-run')) return EXIT.findings;
  return has('unknown') ? unknown : EXIT.good;
}
