/** The verifier against the kernel tree's own selftest, built statically, in one guest, in turn. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { kernelTree } from '../../src/build/fetch/index.js';
import { buildStaticFor, CROSS_TARGETS, staticProgram } from '../../src/build/native.js';
import { initramfs } from '../e2e/guest.js';
import { buildKernel, kernelRecipe } from '../e2e/kernel.js';
import { type Machine, machineFor } from '../e2e/machine.js';
import { baseDtb, runGuest } from '../e2e/qemu.js';
import { nodeFiles } from '../native/node-guest.js';
import { median, type Row } from './table.js';

/** Of the guest: it boots once, whatever is asked of it. */
const TURNS = 20;

interface Guest {
  readonly kernel: Awaited<ReturnType<typeof buildKernel>>;
  readonly machine: Machine;
  /** Files of this bench, removed afterwards. */
  readonly directory: string;
}

const gcc = ({ machine }: Guest) => `${machine.kbuild.crossCompile}gcc`;

/** The tree's own test, as its Makefile builds it; headers_install gives it the tree's headers. */
async function selftest(guest: Guest): Promise<string> {
  const tree = await kernelTree('7.3');
  const headers = path.join(guest.directory, 'headers');
  await execa('make', ['-s', '-C', tree, 'ARCH=arm64', `O=${headers}`, 'headers']);
  const program = path.join(guest.directory, 'dmabuf-heap');
  const tests = path.join(tree, 'tools/testing/selftests');
  await execa(gcc(guest), [
    ...['-static', '-O3', '-s', '-Wl,-no-as-needed', `-I${headers}/usr/include`, `-I${tests}`, '-D_GNU_SOURCE='],
    ...[path.join(tests, 'dmabuf-heaps/dmabuf-heap.c'), '-o', program],
  ]);
  return program;
}

async function compiled(name: string, guest: Guest): Promise<string> {
  const program = path.join(guest.directory, name);
  const source = new URL(`verify/${name}.c`, import.meta.url).pathname;
  await execa(gcc(guest), ['-Os', '-static', '-s', '-o', program, source]);
  return program;
}

const numbers = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => Number(match[1]));

/** The same allocation by the addon in Node: a latency line makes the core measure it. */
async function addon(guest: Guest): Promise<Row> {
  const { kernel, machine, directory } = guest;
  const expectation = path.join(directory, 'latency.expect');
  const line = 'latency heap=system operation=alloc bytes=65536 p50-ns=1000000000';
  await writeFile(
    expectation,
    `dmaheap-expect 1\nheap name=system kind=system\nnode heap=system name=system\n${line}\n`,
  );
  const bareProgram = await compiled('bare', guest);
  const files = { ...(await nodeFiles('arm64')), 'bin/bare': bareProgram, 'latency.expect': expectation };
  // A latency check makes 32 buffers, and under emulation the first ones are slow.
  const turn = 'bare system 65536 32; node /verify.cjs /latency.expect /dmaheap.node | grep -F \'"id":"latency"\'';
  const initrd = await initramfs(machine, { files, run: `i=0; while [ $((i += 1)) -le 31 ]; do ${turn}; done\n` });
  const dtb = await baseDtb({ machine, memoryMiB: 1024 });
  const boot = { machine, image: kernel.image, initrd, dtb, memoryMiB: 1024, cmdline: 'cma=64M', silenceSeconds: 600 };
  const { console: output } = await runGuest(boot);
  const bare = numbers(output, /^bare system 65536 (\d+)/gm);
  const inNode = numbers(output, /"id":"latency".*"observed":"p50 (\d+) ns/g);
  if (inNode.length < 31) throw new Error(`the addon did not measure:\n${output.slice(-2000)}`);
  const more = inNode.map((nanoseconds) => nanoseconds - median(bare));
  return { what: 'allocation by the addon, beyond a bare loop', unit: 'ns', ours: more, goal: 1000 };
}

async function verifier(guest: Guest): Promise<Row[]> {
  const { kernel, machine } = guest;
  const files = {
    'bin/dmaheap-verify': await buildStaticFor('arm64'),
    'bin/dmabuf-heap': await selftest(guest),
    'bin/race': await compiled('race', guest),
    'bin/bare': await compiled('bare', guest),
  };
  const initrd = await initramfs(machine, {
    files,
    run: `free() { grep CmaFree /proc/meminfo; }
free; race ${TURNS} /bin/dmabuf-heap /bin/dmaheap-verify '/bin/dmaheap-verify --deep'; free
dmaheap-verify --json | grep -F '"id":"heap.restored"'
for i in 1 2 3 4 5 6 7 8 9; do
  bare system 65536 100; dmaheap-verify --bench | grep -E 'system +65536 +alloc' | sed 's/^/ours /'
done
`,
  });
  const dtb = await baseDtb({ machine, memoryMiB: 512 });
  const boot = { machine, image: kernel.image, initrd, dtb, memoryMiB: 512, cmdline: 'cma=128M', silenceSeconds: 600 };
  const { console: output, ending } = await runGuest(boot);
  const runs = [...output.matchAll(/^RUN (\d) (\d+) (\d+) (\d+)$/gm)].map((match) => match.slice(1).map(Number));
  const of = (program: number) => runs.filter((run) => run[0] === program);
  if (of(2).length < TURNS) throw new Error(`the guest did not finish (${ending}):\n${output.slice(-2000)}`);
  const millis = (program: number) => of(program).map((run) => (run[1] as number) / 1e6);
  const free = numbers(output, /CmaFree: +(\d+)/g);
  const restored = [...output.matchAll(/"id":"heap.restored".*"status":"(\w+)"/g)].map((match) => match[1]);
  if (restored.length === 0) throw new Error('no heap was asked whether it was restored');
  const test = { name: "the kernel's selftest", values: millis(0) };
  return [
    { what: 'verdict of the verifier', unit: 'ms', ours: millis(1), peer: test, goal: 0.25 },
    { what: 'equal work (--deep)', unit: 'ms', ours: millis(2), peer: test, goal: 1 },
    // Buffers of 6.12 and later are mapped by page frames alone, which ru_maxrss does not count.
    { what: 'peak memory of the verdict', unit: 'KiB', ours: of(1).map((run) => run[2] as number), goal: 512 },
    {
      what: 'allocation of 64 KiB',
      unit: 'ns',
      ours: numbers(output, /^ours system +65536 +alloc +(\d+)/gm),
      peer: { name: 'a bare loop', values: numbers(output, /^bare system 65536 (\d+)/gm) },
      goal: 1.05,
    },
    { what: 'CmaFree not given back', unit: 'KiB', ours: [(free.at(-2) ?? 0) - (free.at(-1) ?? 0)], goal: 2048 },
    {
      what: 'heaps with descriptors or CMA not given back',
      unit: '',
      ours: [restored.filter((status) => status !== 'pass').length],
      goal: 0,
    },
  ];
}

export async function bench(): Promise<Row[]> {
  const guest = {
    kernel: await buildKernel(await kernelRecipe('arm64-7.3'), console.error),
    machine: await machineFor('arm64'),
    directory: await mkdtemp(path.join(os.tmpdir(), 'dmaheap-bench-')),
  };
  try {
    const rows = [...(await verifier(guest)), await addon(guest)];
    for (const { arch, name } of CROSS_TARGETS) {
      const program = await buildStaticFor(arch).catch(() => staticProgram(name));
      rows.push({
        what: `static verifier, ${name}`,
        unit: 'kB',
        ours: [(await stat(program)).size / 1000],
        goal: 100,
      });
    }
    return rows;
  } finally {
    await rm(guest.directory, { recursive: true });
  }
}
