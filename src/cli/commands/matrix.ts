/** dmaheap matrix MATRIX.json: boards by kernels by targets in one process, or one shard of it. */
import { SourceText } from '../../source/index.js';
import { countChecks, exitOf, printVerdict, row } from '../check-results.js';
import type { Context } from '../context.js';
import { declare, flag, several, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { PATH_FIX, readText } from '../files.js';
import { changesText, compareFleet } from '../fleet/compare.js';
import { Fleet, type Judged, rowsOf } from '../fleet/judge.js';
import { cellLines, foundOnce, tableOf } from '../fleet/print.js';
import { type Matrix, type MatrixBoard, parseShard, readMatrix, shardOf } from '../fleet/read.js';
import { type CellResult, junitOf, ktapOf } from '../fleet/results.js';
import { hand, onThreads, SHARE, threadsFor } from '../fleet/workers.js';
import { FORCE, STRICT } from '../options.js';
import { readKernel, shownPath } from '../profile.js';
import { Refusal } from '../refusal.js';
import { writeOutput } from '../write-file.js';

export const command = declare({
  name: 'matrix',
  about: 'generate and check every combination of boards, kernels and targets in one process',
  arguments: [['<matrix>', 'a matrix: { "boards": [...], "kernels": [...], "targets": [...] }']],
  options: {
    shard: text('--shard <i/n>', 'I/N: only every N-th board from the I-th on, for parallel CI jobs'),
    jobs: text('--jobs <n>', 'how many threads; default: one for each processor, where there are boards enough'),
    diff: several('--diff <kernel>', 'show what changes over the fleet between two kernels; twice: from and to'),
    output: text('-o, --output <dir>', 'write each cell to DIR/BOARD/KERNEL/TARGET'),
    junit: text('--junit <file>', 'write the results as JUnit XML'),
    ktap: text('--ktap <file>', 'write the results as KTAP'),
    list: flag('--list', 'print the cells and write nothing'),
    force: FORCE,
    strict: STRICT,
  },
  exits: '0 good, 1 findings or, with --diff, differences',
  examples: ['matrix fleet.json --shard 2/8 -o out --junit results.xml', 'matrix fleet.json --diff 6.12 --diff 7.3'],
  run: matrix,
});

interface MatrixOptions {
  readonly shard?: string;
  readonly jobs?: string;
  readonly diff?: readonly string[];
  readonly output?: string;
  readonly junit?: string;
  readonly ktap?: string;
  readonly list: boolean;
  readonly force: boolean;
  readonly strict: boolean;
}

async function matrix(context: Context, file: string, options: MatrixOptions): Promise<Exit> {
  const shard = options.shard === undefined ? undefined : parseShard(options.shard);
  if (options.shard !== undefined && shard === undefined)
    throw new Refusal(`--shard ${options.shard}: not a shard`, EXIT.usage, 'write it as 2/8, counted from 1');
  const whole = read(context, file);
  const fleet = new Fleet(context, whole);
  const boards = shardOf(whole.boards, shard);
  if (options.list) {
    list(context, fleet, whole, boards);
    return EXIT.good;
  }
  if (SHARE === undefined) refuseSharedNames(fleet, whole.boards);
  if (options.diff !== undefined) return diff(context, fleet, boards, options.diff);
  const output = { directory: options.output, force: options.force };
  if (SHARE !== undefined) {
    hand(await fleet.judge(shardOf(boards, SHARE), output));
    return EXIT.good;
  }
  const threads = threadsFor(boards.length, jobsOf(options));
  const judged =
    threads === 1 ? undefined : await onThreads(threads, (shard) => fleet.judge(shardOf(boards, shard), output));
  return finish(context, whole, fleet, boards, judged ?? [await fleet.judge(boards, output)], options);
}

function read(context: Context, file: string): Matrix {
  const got = readText(context.resolve(file));
  if ('error' in got) throw new Refusal(`cannot read ${file}: ${got.error}`, EXIT.usage, got.fix ?? PATH_FIX);
  const source = new SourceText(shownPath(context, file), got.text);
  const { value, diagnostics } = readMatrix(source, (name) => context.resolve(name));
  if (value === undefined) throw Refusal.because(EXIT.usage, diagnostics, new Map([[source.file, source]]));
  return value;
}

function jobsOf({ jobs }: MatrixOptions): number | undefined {
  if (jobs === undefined) return undefined;
  if (/^[1-9]\d{0,2}$/.test(jobs)) return Number(jobs);
  throw new Refusal(`--jobs ${jobs}: not a number of threads`, EXIT.usage, 'give a number from 1 to 999');
}

function list(context: Context, fleet: Fleet, whole: Matrix, boards: readonly MatrixBoard[]): void {
  for (const board of boards)
    for (const one of rowsOf(whole, board)) {
      const { name, kernel } = fleet.decide(one);
      for (const target of fleet.targetsOf(one)) context.print(`${name} ${kernel} ${target}\n`);
    }
}

/** Results and folders go by the name, and those of all shards are put together. */
function refuseSharedNames(fleet: Fleet, boards: readonly MatrixBoard[]): void {
  const profiles = new Map<string, string>();
  for (const board of boards) {
    const name = fleet.statedNameOf(board);
    const other = profiles.get(name);
    if (other !== undefined)
      throw new Refusal(
        `two profiles have the name "${name}": ${other} and ${board.profile}`,
        EXIT.usage,
        'give each profile another "name": results and folders use it',
      );
    profiles.set(name, board.profile);
  }
}

async function diff(
  context: Context,
  fleet: Fleet,
  boards: readonly MatrixBoard[],
  given: readonly string[],
): Promise<Exit> {
  const [from, to] = given;
  if (from === undefined || to === undefined || given.length > 2)
    throw new Refusal('--diff compares two kernels', EXIT.usage, 'give it twice: --diff A --diff B');
  for (const text of given) {
    const version = readKernel(text);
    if ('message' in version) throw new Refusal(`--diff ${text}: ${version.message}`, EXIT.usage, version.fix);
  }
  const found = await compareFleet(context, fleet, boards, [from, to]);
  if (context.options.format === 'json') context.printJson({ schemaVersion: 1, from, to, ...found });
  else context.print(`--- Linux ${from}\n+++ Linux ${to}\n${changesText(found)}`);
  return found.changes.length > 0 ? EXIT.findings : EXIT.good;
}

/** @returns whether both could be written; complains */
function write(context: Context, results: readonly CellResult[], options: MatrixOptions): boolean {
  let isWritten = true;
  for (const [name, text] of [
    [options.junit, junitOf],
    [options.ktap, ktapOf],
  ] as const) {
    if (name === undefined) continue;
    try {
      writeOutput(context, name, text(results));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      context.complain(error.message, error.fix);
      isWritten = false;
    }
  }
  return isWritten;
}

function finish(
  context: Context,
  whole: Matrix,
  fleet: Fleet,
  boards: readonly MatrixBoard[],
  judged: readonly Judged[],
  options: MatrixOptions,
): Exit {
  // Threads finish in any order; the results have the order of the matrix.
  const order = new Map(boards.map((board, i) => [fleet.nameOf(board), i]));
  const place = ({ board }: CellResult) => order.get(board) ?? whole.boards.length;
  const results = judged.flatMap(({ cells }) => cells).sort((a, b) => place(a) - place(b));
  const checks = [
    ...results.map(({ board, kernel, target, status }) =>
      row(`${board} ${kernel} ${target}`, status === 'skip' ? 'not-run' : status),
    ),
    ...judged.flatMap(({ open }) => open),
  ];
  const notGiven = [...new Set(judged.flatMap((one) => one.notGiven))];
  const { format, verbose, quiet } = context.options;
  if (format === 'json')
    context.printJson({
      schemaVersion: 1,
      results,
      verdict: countChecks(checks, { notGiven, strict: options.strict }),
    });
  else {
    const texts = new Map(judged.flatMap(({ sources }) => [...sources]));
    const sources = new Map([...texts].map(([name, text]) => [name, new SourceText(name, text)]));
    context.findings(foundOnce(results), sources);
    if (format === 'human') {
      if (!quiet)
        context.print(cellLines(verbose ? results : results.filter(({ status }) => status !== 'pass'), verbose));
      if (!quiet) context.print(tableOf(results));
      printVerdict(context, checks, { notGiven, strict: options.strict });
    }
  }
  if (!write(context, results, options)) return EXIT.environment;
  return exitOf(checks, { strict: options.strict, requireTools: false, unknown: EXIT.good });
}
