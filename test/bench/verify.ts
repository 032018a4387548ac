/**
 * The verifier against the kernel tree's own selftest, built statically, in one guest, in turn. Prints figures and the limits they
 * are held to; exit status 1 when one is exceeded. `npm run bench:verify -- [ROUNDS]`
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { kernelTree } from '../../src/build/fetch/index.js';
import { buildStaticFor, CROSS_TARGETS, staticProgram } from '../../src/build/native.js';
import { initramfs } from '../e2e/guest.js';
import { buildKernel, kernelRecipe } from '../e2e/kernel.js';
import { machineFor } from '../e2e/machine.js';
import { baseDtb, runGuest } from '../e2e/qemu.js';
import { nodeFiles } from '../native/node-guest.js';

const rounds = Number(process.argv[2] ?? 20);
const kernel = await buildKernel(await kernelRecipe('arm64-7.3'), console.error);
const machine = await machineFor('arm64');
const gcc = `${machine.kbuild.crossCompile}gcc`;
const directory = await mkdtemp(path.join(os.tmpdir(), 'dmaheap-bench-'));

/** The tree's own test, as its Makefile builds it; headers_install gives it the tree's headers. */
async function selftest(): Promise<string> {
  const tree = await kernelTree('7.3');
  const headers = path.join(directory, 'headers');
  await execa('make', ['-s', '-C', tree, 'ARCH=arm64', `O=${headers}`, 'headers']);
  const program = path.join(directory, 'dmabuf-heap');
  const tests = path.join(tree, 'tools/testing/selftests');
  await execa(gcc, [
    ...['-static', '-O3', '-s', '-Wl,-no-as-needed', `-I${headers}/usr/include`, `-I${tests}`, '-D_GNU_SOURCE='],
    ...[path.join(tests, 'dmabuf-heaps/dmabuf-heap.c'), '-o', program],
  ]);
  return program;
}

async function compiled(name: string): Promise<string> {
  const program = path.join(directory, name);
  const source = new URL(`verify/${name}.c`, import.meta.url).pathname;
  await execa(gcc, ['-Os', '-static', '-s', '-o', program, source]);
  return program;
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

let exceeded = 0;
function hold(what: string, value: number, limit: number, unit = ''): void {
  const good = value <= limit;
  if (!good) exceeded++;
  console.log(`${good ? 'ok' : 'EXCEEDED'}  ${what}: ${value.toFixed(3)}${unit} (at most ${limit}${unit})`);
}

/** The same allocation by the addon in Node: a latency line makes the core measure it. */
async function addon(): Promise<void> {
  const expectation = path.join(directory, 'latency.expect');
  const line = 'latency heap=system operation=alloc bytes=65536 p50-ns=1000000000';
  await writeFile(
    expectation,
    `dmaheap-expect 1\nheap name=system kind=system\nnode heap=system name=system\n${line}\n`,
  );
  const files = { ...(await nodeFiles('arm64')), 'bin/bare': await compiled('bare'), 'latency.expect': expectation };
  // a latency check makes 32 buffers, and under emulation the first ones are slow
  const turn = 'bare system 65536 32; node /verify.cjs /latency.expect /dmaheap.node | grep -F \'"id":"latency"\'';
  const initrd = await initramfs(machine, { files, run: `i=0; while [ $((i += 1)) -le 31 ]; do ${turn}; done\n` });
  const dtb = await baseDtb({ machine, memoryMiB: 1024 });
  const boot = { machine, image: kernel.image, initrd, dtb, memoryMiB: 1024, cmdline: 'cma=64M', silenceSeconds: 600 };
  const { console: output } = await runGuest(boot);
  const nanos = (pattern: RegExp) => [...output.matchAll(pattern)].map((m) => Number(m[1]));
  const bare = nanos(/^bare system 65536 (\d+)/gm);
  const inNode = nanos(/"id":"latency".*"observed":"p50 (\d+) ns/g);
  if (inNode.length < 31) throw new Error(`the addon did not measure:\n${output.slice(-2000)}`);
  console.log(`allocation of 64 KiB, p50, median of 31: bare ${median(bare)} ns, addon ${median(inNode)} ns`);
  hold('addon - bare loop', median(inNode) - median(bare), 1000, ' ns');
}

try {
  const files = {
    'bin/dmaheap-verify': await buildStaticFor('arm64'),
    'bin/dmabuf-heap': await selftest(),
    'bin/race': await compiled('race'),
    'bin/bare': await compiled('bare'),
  };
  const initrd = await initramfs(machine, {
    files,
    run: `free() { grep CmaFree /proc/meminfo; }
free; race ${rounds} /bin/dmabuf-heap /bin/dmaheap-verify '/bin/dmaheap-verify --deep'; free
dmaheap-verify --json | grep -F '"id":"heap.restored"'
for i in 1 2 3 4 5 6 7 8 9; do
  bare system 65536 100; dmaheap-verify --bench | grep -E 'system +65536 +alloc' | sed 's/^/ours /'
done
`,
  });
  const boot = {
    machine,
    image: kernel.image,
    initrd,
    dtb: await baseDtb({ machine, memoryMiB: 512 }),
    memoryMiB: 512,
    cmdline: 'cma=128M',
  };
  const { console: output, ending } = await runGuest({ ...boot, silenceSeconds: 600 });
  const runs = [...output.matchAll(/^RUN (\d) (\d+) (\d+) (\d+)$/gm)].map((m) => m.slice(1).map(Number));
  const of = (index: number) => runs.filter((run) => run[0] === index);
  if (of(2).length < rounds) throw new Error(`the guest did not finish (${ending}):\n${output.slice(-2000)}`);
  const wall = [0, 1, 2].map((index) => median(of(index).map((run) => run[1] as number)));
  const [theirs = Number.NaN, ours = Number.NaN, deep = Number.NaN] = wall;
  console.log(`kernel ${kernel.version}, ${rounds} rounds in turn; statuses ${[0, 1, 2].map((i) => of(i)[0]?.[3])}`);
  console.log(
    `wall, median: selftest ${(theirs / 1e6).toFixed(1)} ms, verdict ${(ours / 1e6).toFixed(1)} ms, --deep ${(deep / 1e6).toFixed(1)} ms`,
  );
  hold('full verdict / selftest', ours / theirs, 0.5);
  hold('equal work (--deep) / selftest', deep / theirs, 1);
  // Buffers of 6.12 and later are mapped by page frames alone, which ru_maxrss does not count.
  console.log(`peak RSS: selftest ${of(0)[0]?.[2]} KiB`);
  hold('peak RSS of the verdict', Math.max(...of(1).map((run) => run[2] as number)), 1024, ' KiB');
  const bare = median([...output.matchAll(/^bare system 65536 (\d+)/gm)].map((m) => Number(m[1])));
  const measured = median([...output.matchAll(/^ours system +65536 +alloc +(\d+)/gm)].map((m) => Number(m[1])));
  console.log(`allocation of 64 KiB, p50: bare ${bare} ns, ours ${measured} ns`);
  hold('allocation p50 / bare loop', measured / bare, 1.05);
  const free = [...output.matchAll(/CmaFree: +(\d+)/g)].map((m) => Number(m[1]));
  hold('CmaFree not given back', ((free.at(-2) ?? 0) - (free.at(-1) ?? 0)) / (free.at(-2) ?? 1), 0.02);
  const restored = [...output.matchAll(/"id":"heap.restored".*"status":"(\w+)"/g)].map((m) => m[1]);
  if (restored.length === 0) throw new Error('no heap was asked whether it was restored');
  hold('heaps with descriptors or CMA not given back', restored.filter((status) => status !== 'pass').length, 0);
  await addon();
  for (const { arch, name } of CROSS_TARGETS) {
    const program = await buildStaticFor(arch).catch(() => staticProgram(name));
    hold(`static musl program, ${name}`, (await stat(program)).size / 1000, 100, ' kB');
  }
} finally {
  await rm(directory, { recursive: true });
}
process.exitCode = exceeded ? 1 : 0;
