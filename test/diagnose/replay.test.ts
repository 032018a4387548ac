/** The boot of a paste, simulated again: what agrees, what differs, what a refusal leaves room for. */
import { describe, expect, test } from 'vitest';
import { diagnose, treeText } from '../../src/diagnose/index.js';
import { cellsValue, makeFdt, stringsValue } from '../../src/fdt/index.js';

const MIB = 1 << 20;

/** A board of 512 MiB at 0x40000000 whose default area has this size. */
function board(sizeBytes: number) {
  const tree = makeFdt({
    name: '',
    properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2) },
    children: [
      {
        name: 'memory@40000000',
        properties: { device_type: stringsValue('memory'), reg: cellsValue(0, 0x40000000, 0, 512 * MIB) },
      },
      {
        name: 'reserved-memory',
        properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(2), ranges: new Uint8Array() },
        children: [
          {
            name: 'linux,cma',
            properties: {
              compatible: stringsValue('shared-dma-pool'),
              reusable: new Uint8Array(),
              size: cellsValue(0, sizeBytes),
              'linux,cma-default': new Uint8Array(),
            },
          },
        ],
      },
    ],
  });
  return { file: 'board.dtb', text: treeText(tree), tree };
}

/** As a board without clocks prints it, with the lines that every boot has. */
const log = (lines: readonly string[], commandLine = 'console=ttyAMA0') => ({
  file: 'console.txt',
  text: `Booting Linux on physical CPU 0x0000000000 [0x410fd034]
Linux version 6.12.30 (builder@host) (aarch64-linux-gnu-gcc 13.2.0, GNU ld 2.41) #1 SMP PREEMPT
Machine model: Acme Board
${lines.join('\n')}
Zone ranges:
  DMA      [mem 0x0000000040000000-0x000000005fffffff]
  DMA32    empty
  Normal   empty
Movable zone start for each node
Early memory node ranges
  node   0: [mem 0x0000000040000000-0x000000005fffffff]
Initmem setup node 0 [mem 0x0000000040000000-0x000000005fffffff]
Kernel command line: ${commandLine}
Dentry cache hash table entries: 65536 (order: 7, 524288 bytes, linear)
clocksource: arch_sys_counter: mask: 0x1ffffffffffffff max_cycles: 0x1cd42e208c, max_idle_ns: 881590405314 ns
ASID allocator initialised with 65536 entries
workingset: timestamp_bits=62 (anon: 57) max_order=17 bucket_order=0 (anon: 0)
Run /init as init process
`,
});

const made = (at: string, mebibytes: number) => [
  `Reserved memory: created CMA memory pool at ${at}, size ${mebibytes} MiB`,
  'OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool',
];

const compared = (pastes: Parameters<typeof diagnose>[0]) => {
  const { replay } = diagnose(pastes);
  if ('missing' in replay) throw new Error(`not simulated: ${replay.missing.join(', ')}`);
  return replay;
};

describe('the log', () => {
  test('agrees where board and simulation are the same', () => {
    const { agrees, differs } = compared([board(64 * MIB), log(made('0x000000005c000000', 64))]);
    expect(agrees.map(({ what }) => what)).toEqual(['area linux,cma']);
    expect(differs).toEqual([]);
  });

  test('differs in size', () => {
    const smaller = compared([board(64 * MIB), log(made('0x000000005c000000', 32))]);
    expect(smaller.differs.map(({ what }) => what)).toContain('area linux,cma');
  });

  test('leaves open what may be in the way and is not shown', () => {
    const failed = ["OF: reserved mem: failed to allocate memory for node 'linux,cma': size 64 MiB"];
    const { differs, open } = compared([board(64 * MIB), log(failed)]);
    expect(differs).toEqual([]);
    expect(open.map(({ what }) => what)).toContain('node linux,cma');
  });

  test('without clocks is not taken for words about heaps', () => {
    expect(diagnose([log(made('0x000000005c000000', 64))]).causes[0]?.id).toBe('healthy');
  });

  test('alone does not contradict a simulation without the tree', () => {
    expect(compared([log(made('0x000000005c000000', 64))]).differs).toEqual([]);
  });
});

test('names what is missing', () => {
  const { replay } = diagnose([{ file: 'dmesg', text: '[    0.000000] cma: Failed to reserve 64 MiB' }]);
  expect(replay).toEqual({
    missing: ['the release of the kernel', 'the architecture', 'the ranges of RAM', 'the kernel command line'],
  });
});

describe('a refusal', () => {
  test('of a node says for which size there is room', () => {
    const failed = ["OF: reserved mem: failed to allocate memory for node 'linux,cma': size 1024 MiB"];
    const [cause] = diagnose([board(1024 * MIB), log(failed)]).causes;
    expect(cause?.id).toBe('CMA_DT_REJECTED_SPACE');
    expect(cause?.fix).toMatch(/finds room for (?:4\d\d|50\d|51[0-2]) MiB/);
  });

  test('of cma= says for which size there is room', () => {
    const [cause] = diagnose([log(['cma: Failed to reserve 2048 MiB on node -1'], 'console=ttyAMA0 cma=2G')]).causes;
    expect(cause?.id).toBe('CMA_CMDLINE_FAILED');
    expect(cause?.fix).toMatch(/finds room for \d+ MiB/);
  });

  test('of a base says that the base is wrong, not the size', () => {
    const [cause] = diagnose([
      log(['cma: Failed to reserve 64 MiB on node -1'], 'console=ttyAMA0 cma=64M@0x50100000'),
    ]).causes;
    expect(cause?.text).toMatch(/base is not a multiple/);
    expect(cause?.fix).not.toMatch(/smaller/);
  });
});

test('an area outside of RAM is named although the log ends in a fault of the kernel', () => {
  const [cause] = diagnose([
    log([
      ...made('0x0000000090000000', 64),
      'Unable to handle kernel paging request at virtual address fffffdffc1400000',
    ]),
  ]).causes;
  expect(cause?.text).toMatch(/not in RAM/);
});
