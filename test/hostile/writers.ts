/**
 * `npm run test:writers [-- --long] [--rounds N] [--seed N] [--program FILE]`: two and three `generate` at once into one directory, some of
 * them killed at random moments. The directory is one of the trees afterwards, whoever survives gives no false reason, and
 * the next run completes whatever was left. Every fourth round writes the working directory, whose files are replaced one
 * by one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { random } from './fdt-mutations.js';

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    program: { type: 'string', default: 'dist/dmaheap.mjs' },
  },
});
const ROUNDS = Number(values.rounds ?? (values.long ? 200 : 12));
const pick = random(Number(values.seed));

const PROGRAM = path.resolve(values.program);
const PROFILE = path.resolve('schemas/examples/rockpro64.json');
const KERNELS = ['6.12', '7.3', '6.1'] as const;
type Kernel = (typeof KERNELS)[number];

const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-writers-'));
const out = path.join(work, 'out');
const OWN = /^\.(?:out\.)?dmaheap-/;

interface Writer {
  readonly child: ChildProcess;
  readonly kernel: Kernel;
  readonly ended: Promise<{ status: number | null; signal: NodeJS.Signals | null; said: string }>;
}

function start(kernel: Kernel, inPlace: boolean): Writer {
  const output = inPlace ? '.' : out;
  const argv = ['generate', PROFILE, '-o', output, '--kernel', kernel, '--target', 'udev,verify,dt-overlay,debian'];
  const child = spawn(process.execPath, [PROGRAM, ...argv], {
    cwd: inPlace ? out : work,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (data: Buffer) => {
    said += data;
  });
  return {
    child,
    kernel,
    ended: new Promise((resolve) => child.on('close', (status, signal) => resolve({ status, signal, said }))),
  };
}

/** Every file with its content; none of ours that a killed writer left. */
function snapshot(directory: string): string | undefined {
  if (!existsSync(directory)) return undefined;
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !OWN.test(path.relative(directory, file)))
    .sort()
    .map((file) => `${path.relative(directory, file)}\n${readFileSync(file, 'utf8')}`)
    .join('\0');
}

const trees = new Map<Kernel, string>();
let usualMillis = 0;
for (const kernel of KERNELS) {
  mkdirSync(out, { recursive: true });
  const began = performance.now();
  await start(kernel, false).ended;
  usualMillis = performance.now() - began;
  trees.set(kernel, snapshot(out) ?? '');
}
if (new Set(trees.values()).size !== KERNELS.length) throw new Error('the trees of the kernels are not distinct');

const counts = { killed: 0, whileWriting: 0, betweenRenames: 0, mixedInPlace: 0, waited: 0, takenOver: 0 };
let passed = 0;
let failed = 0;
const fail = (round: number, words: string) => {
  failed += 1;
  console.log(`FAILS round ${round}, seed ${values.seed}: ${words}`);
};

/** Kills a writer some time after it began, or just when something of a writer shows up. */
async function kill({ child }: Writer, inPlace: boolean): Promise<void> {
  const where = inPlace ? out : work;
  if (pick(4) === 0) await sleep(pick(Math.round(usualMillis * 1.5)));
  else {
    const sees = () => existsSync(where) && readdirSync(where).some((name) => OWN.test(name));
    while (child.exitCode === null && child.signalCode === null && !sees()) await sleep(1);
    await sleep(pick(40));
  }
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  counts.killed += 1;
}

for (let round = 1; round <= ROUNDS; round += 1) {
  const inPlace = round % 4 === 0;
  const before = failed;
  mkdirSync(out, { recursive: true });
  const writers = KERNELS.slice(0, 2 + (round % 2)).map((kernel) => start(kernel, inPlace));
  const victims = writers.filter(() => pick(3) > 0);
  await Promise.all([...victims.map((writer) => kill(writer, inPlace)), ...writers.map(({ ended }) => ended)]);
  for (const { kernel, ended } of writers) {
    const { status, signal, said } = await ended;
    if (/: waiting for it/.test(said)) counts.waited += 1;
    if (signal === null && status !== 0) fail(round, `the writer of ${kernel} ended with ${status}: ${said}`);
  }
  const left = readdirSync(inPlace ? out : work).filter((name) => OWN.test(name));
  if (left.some((name) => /-new-/.test(name))) counts.whileWriting += 1;
  if (left.some((name) => /-lock$/.test(name))) counts.takenOver += 1;
  const found = snapshot(out);
  const isWhole = found !== undefined && [...trees.values()].includes(found);
  if (found === undefined) {
    counts.betweenRenames += 1;
    if (![...trees.values()].includes(snapshot(path.join(work, '.out.dmaheap-old')) ?? ''))
      fail(round, 'no tree is left');
    mkdirSync(work, { recursive: true });
  } else if (!isWhole && inPlace) counts.mixedInPlace += 1;
  else if (!isWhole) fail(round, 'the tree is none of those that were written');
  // Whatever was left, the next run completes it, with no reason against it.
  const last = KERNELS[pick(KERNELS.length)] as Kernel;
  if (!existsSync(out) && inPlace) mkdirSync(out);
  const { status, said } = await start(last, inPlace).ended;
  if (status !== 0 || /error|edited|lost/.test(said)) fail(round, `the next run ended with ${status}: ${said}`);
  if (snapshot(out) !== trees.get(last)) fail(round, 'the next run did not complete the tree');
  const rest = readdirSync(inPlace ? out : work).filter(
    (name) => OWN.test(name) && !/-lock[-.][\da-f-]{36}$/.test(name),
  );
  if (rest.length > 0) fail(round, `the next run left ${rest.join(', ')}`);
  if (failed === before) passed += 1;
}
rmSync(work, { recursive: true, force: true });
console.log(
  `${counts.killed} writers killed; in ${counts.whileWriting} rounds one had begun to write, in ${counts.takenOver} one held the ` +
    `lock, in ${counts.betweenRenames} between the two renames, in ${counts.mixedInPlace} between the files of the working ` +
    `directory; ${counts.waited} writers waited for more than a moment`,
);
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;
