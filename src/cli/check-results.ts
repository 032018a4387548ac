/** Results of checks as commands print them, with the verdict that closes every command that judges. */
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
  'not-applicable': 'n/a    ',
};
const COLORS: Readonly<Record<Mark, string>> = {
  pass: '32',
  warn: '1;35',
  fail: '1;31',
  'not-run': '1;33',
  unknown: '1;33',
  'not-applicable': '2',
};
/** All other verdicts have the colour of what is unknown. */
const VERDICT_COLORS: Readonly<Record<string, string>> = { PASS: COLORS.pass, FAIL: COLORS.fail };
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

/** A check whose findings are printed elsewhere, or that has none. */
export const row = (check: string, status: CheckStatus): CheckResult => ({
  check,
  title: check,
  status,
  diagnostics: [],
  missingTools: [],
});

export interface Judging {
  /** Options, or keys of the profile, that would have led to more checks. */
  readonly notGiven?: readonly string[];
  /** What was not run or is unknown fails. */
  readonly strict?: boolean;
}

interface Counted {
  readonly status: 'PASS' | 'FAIL' | 'UNKNOWN';
  readonly fail: number;
  readonly pass: number;
  /** Those of the passed ones that have a warning. */
  readonly warn: number;
  readonly unknown: number;
  readonly notRun: number;
  /** What would have led to more checks. */
  readonly missingTools: readonly string[];
  readonly notGiven: readonly string[];
}

/** What the line of the verdict says, for programs. */
export function countChecks(results: readonly CheckResult[], { notGiven = [], strict = false }: Judging = {}): Counted {
  const count = (status: CheckStatus) => results.filter((one) => one.status === status).length;
  const missingTools = [...new Set(results.flatMap(({ missingTools }) => missingTools))];
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
  return {
    status: verdictOf(results, strict),
    fail: count('fail'),
    pass: count('pass'),
    warn: results.filter((one) => markOf(one) === 'warn').length,
    unknown: count('unknown'),
    notRun: count('not-run'),
    missingTools,
    notGiven: inputs,
  };
}

/** `3 not run (dtc, udevadm: not installed; --dtb not given)`. */
export function summary({ status, fail, pass, warn, unknown, notRun, missingTools, notGiven }: Counted): string {
  const why = [
    ...(missingTools.length === 0 ? [] : [`${missingTools.join(', ')}: not installed`]),
    ...(notGiven.length === 0 ? [] : [`${notGiven.join(', ')} not given`]),
    ...(status === 'FAIL' && fail === 0 ? ['failed by --strict'] : []),
  ].join('; ');
  const parts = [
    ...(fail === 0 ? [] : [`${fail} fail`]),
    `${pass} pass${warn === 0 ? '' : ` (${warn} with a warning)`}`,
    ...(unknown === 0 ? [] : [`${unknown} unknown`]),
    ...(notRun === 0 ? [] : [`${notRun} not run`]),
  ];
  return `${parts.join(', ')}${why === '' ? '' : ` (${why})`}`;
}

/** `PASS`, `FAIL`, or `UNKNOWN` where nothing is wrong and something could not be judged. */
function verdictOf(results: readonly CheckResult[], strict: boolean): Counted['status'] {
  const has = (...statuses: readonly CheckStatus[]) => results.some(({ status }) => statuses.includes(status));
  if (has('fail') || (strict && has('unknown', 'not-run'))) return 'FAIL';
  return has('unknown') || !has('pass') ? 'UNKNOWN' : 'PASS';
}

export function printChecks(
  context: Context,
  results: readonly CheckResult[],
  sources: ReadonlyMap<string, SourceText>,
  judging: Judging = {},
): void {
  const { format, quiet } = context.options;
  if (format === 'json') {
    context.printJson({
      schemaVersion: 1,
      results: results.map(({ check, status, diagnostics }) => ({ check, status, diagnostics })),
      verdict: countChecks(results, judging),
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
  printVerdict(context, results, judging);
}

/** The line that closes what a command judges; with --quiet, only where it is not PASS. */
export function printVerdict(context: Context, results: readonly CheckResult[], judging: Judging = {}): void {
  const counted = countChecks(results, judging);
  if (context.options.quiet && counted.status === 'PASS') return;
  printVerdictWord(context, counted.status, summary(counted));
}

/** @param text what follows the word */
export function printVerdictWord(context: Context, verdict: string, text: string): void {
  const style = VERDICT_COLORS[verdict] ?? COLORS.unknown;
  const line = hanging(`${verdict}: ${text}`, verdict.length + 2);
  context.printMarked(style, verdict, line.slice(verdict.length));
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
