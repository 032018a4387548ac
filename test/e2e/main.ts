/**
 * The reality lab: boots kernels under QEMU and compares what they show with what was predicted.
 * Exit status: 0 nothing wrong, 1 a prediction or expectation was wrong, 2 usage, 3 a tool or input is missing.
 */
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { shareOf } from '../share.js';
import { adopt, judgeCaptures } from './captures.js';
import { loadCases, type Run, runsOf } from './case.js';
import { hasTree, type KernelRecipe, kernelNames, kernelRecipe } from './kernel.js';
import { Lab } from './lab.js';
import { machineFor } from './machine.js';
import { commandLine } from './qemu.js';
import { type RandomKernel, randomCases } from './random.js';
import { boardRuns, boardSample, loadBoards } from './real-boards/board.js';
import { type BoardResult, runBoard } from './real-boards/boot.js';
import { boardReport, wrongBoards } from './real-boards/report.js';
import { writeRecord } from './recorded.js';
import { humanReport, jsonReport, junitReport, tally, wrongOnes } from './report.js';

const USAGE = `usage: npm run e2e -- [options]
  --only TEXT      cases whose name has TEXT (or CASE@KERNEL); repeatable
  --kernel NAME    only these kernels; repeatable
  --random N       N random cases and no others
  --all            every case of the usual kernels and 100 random ones; without it, a share of them
  --seed S         of the random cases (default 1)
  --long           every kernel, the dangerous cases, 1,000 random ones (or as many as --random says)
  --boards         Debian's kernels on boards that QEMU models, and through U-Boot and EFI; with --only TEXT some of them
  --sample         of the boards, a fixed share
  --boot-again     boot what a kept log with the same inputs would answer
  --adopt FILE     make a case of a board that dmaheap-verify --collect captured: captures/FILE
  --shell          a console in the guest of the one case that --only names
  --record         writes what the story's guests showed into the README
  --jobs N         guests at a time (default: processors)
  --json FILE, --junit FILE
`;

/** Kernels of an ordinary run; --long takes all of them. */
const USUAL = ['arm64-6.12', 'arm64-7.3', 'riscv64-6.12', 'arm-6.12', 'x86_64-6.12'];
/** A fourth of what --all boots. */
const USUAL_GUESTS = 96;
const RANDOM_USUAL = ['arm64-6.12', 'arm64-7.3'];
/** Of all fields; what is open must be named, and may not be the rule. */
const MOST_UNKNOWN = 0.1;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    kernel: { type: 'string', multiple: true },
    random: { type: 'string' },
    seed: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    boards: { type: 'boolean', default: false },
    'boot-again': { type: 'boolean', default: false },
    sample: { type: 'boolean', default: false },
    adopt: { type: 'string' },
    shell: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    jobs: { type: 'string', default: `${os.availableParallelism()}` },
    json: { type: 'string' },
    junit: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string) => process.stderr.write(`${text}\n`);

function stop(text: string, status: number): number {
  say(text);
  return status;
}

const randomKernel = async ({ name, arch, boot }: KernelRecipe): Promise<RandomKernel> => ({
  name,
  machine: await machineFor(arch),
  granuleMiB: boot.includes('pages-64k') ? 512 : boot.includes('pages-16k') ? 32 : 4,
});

/** Sources that Debian does not have are used if they are in the cache; the others are named. */
async function kernelsAtHand(): Promise<readonly string[]> {
  const recipes = await Promise.all((await kernelNames()).map(kernelRecipe));
  for (const { name, tree } of recipes.filter((one) => !hasTree(one)))
    say(`${name}: not booted, its source ${tree} is not in the cache`);
  return recipes.filter(hasTree).map(({ name }) => name);
}

async function chosenRuns(): Promise<readonly Run[]> {
  const atHand = new Set(values.kernel ?? (await kernelsAtHand()));
  const written =
    values.random === undefined || values.long
      ? (await loadCases()).filter((one) => values.long || values.only || !one.long)
      : [];
  const randomCount = Number(values.random ?? (values.only ? 0 : values.long ? 1000 : 100));
  const names = values.kernel ?? (values.long ? [...atHand] : RANDOM_USUAL);
  const kernels = await Promise.all(names.map(async (name) => randomKernel(await kernelRecipe(name))));
  const runs = runsOf([...written, ...randomCases(randomCount, Number(values.seed), kernels)]);
  const usual = new Set(values.kernel ?? (values.long || values.only ? runs.map(({ kernel }) => kernel) : USUAL));
  const wanted = (run: Run) => values.only?.some((text) => run.id === text || run.case.name.includes(text)) ?? true;
  const chosen = runs.filter((run) => usual.has(run.kernel) && atHand.has(run.kernel) && wanted(run));
  const isOrdinary = !(values.all || values.long || values.only || values.kernel || values.random !== undefined);
  return isOrdinary ? shareOf('guests', chosen, USUAL_GUESTS, ({ id }) => id) : chosen;
}

/** Runs everything with a fixed number of guests at a time, and gives the results in the order of the runs. */
async function runAll<R extends { readonly id: string }, T>(
  runs: readonly R[],
  runOne: (run: R) => Promise<T>,
  isWrong: (result: T) => boolean,
): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  let done = 0;
  let wrong = 0;
  const worker = async () => {
    for (let index = next++; index < runs.length; index = next++) {
      const run = runs[index];
      if (!run) break;
      const result = await runOne(run);
      results[index] = result;
      done++;
      if (isWrong(result)) wrong++;
      const line = `[${done}/${runs.length}] ${wrong} wrong  ${run.id}`;
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
      else if (done % 25 === 0 || done === runs.length) say(line);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return results;
}

async function bootBoards(): Promise<number> {
  const all = boardRuns(await loadBoards());
  const wanted = all.filter(({ id }) => values.only?.some((text) => id.includes(text)) ?? true);
  const runs = values.sample ? boardSample(all) : wanted;
  if (!runs.length) return stop('no board has that name', 2);
  const results: readonly BoardResult[] = await runAll(
    runs,
    (run) => runBoard(run, values['boot-again']),
    (result) => wrongBoards([result]).length > 0,
  );
  process.stdout.write(boardReport(results));
  const failed = wrongBoards(results).length;
  process.stdout.write(`${results.length - failed} passed, ${failed} failed, 0 skipped\n`);
  return failed > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  if (values.help) return stop(USAGE, 0);
  if (values.boards) return bootBoards();
  if (values.adopt !== undefined) {
    for (const line of await adopt(values.adopt)) say(line);
    return 0;
  }
  const captures = await judgeCaptures(values.only);
  for (const { name, wrong } of captures) for (const line of wrong) say(`${name}: ${line}`);
  const wrongCaptures = captures.filter(({ wrong }) => wrong.length > 0).length;
  const runs = await chosenRuns();
  const lab = new Lab(say, values['boot-again']);
  if (!runs.length && captures.length > 0) {
    process.stdout.write(`${captures.length - wrongCaptures} passed, ${wrongCaptures} failed, 0 skipped\n`);
    return wrongCaptures > 0 ? 1 : 0;
  }
  if (!runs.length) return stop('no case has that name', 2);
  if (values.shell) {
    const [run] = runs;
    if (!run || runs.length > 1) return stop(`--shell needs one case: ${runs.map(({ id }) => id).join(' ')}`, 2);
    const { boot } = await lab.prepare(run, true);
    say(`${commandLine(boot)}\n(Ctrl-A X ends the guest)`);
    await execa(commandLine(boot), { shell: true, stdio: 'inherit', reject: false });
    return 0;
  }
  for (const name of new Set(runs.map(({ kernel }) => kernel))) await lab.kernel(name);
  const results = await runAll(
    runs,
    (run) => lab.run(run),
    (result) => wrongOnes([result]).length > 0,
  );
  process.stdout.write(humanReport(results));
  if (values.record) await writeRecord(results);
  if (values.json) await writeFile(values.json, jsonReport(results));
  if (values.junit) await writeFile(values.junit, junitReport(results));
  const failed = wrongOnes(results).length + wrongCaptures;
  process.stdout.write(`${results.length + captures.length - failed} passed, ${failed} failed, 0 skipped\n`);
  const { unknown, fields } = tally(results);
  if (!values.only && unknown > fields * MOST_UNKNOWN)
    return stop(`${unknown} of ${fields} fields are unknown: more than ${MOST_UNKNOWN * 100} %`, 1);
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main().catch((error: Error) => {
  say(error.stack ?? error.message);
  return 3;
});
