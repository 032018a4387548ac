/** What booted kernels showed (arm64 virt, 512 MiB at 0x40000000, 32 MiB from Kconfig), row by row. */
import { describe, expect, test } from 'vitest';
import type { LogFamily } from '../../src/placement/index.js';
import { type BoardText, boot, DEFAULT, families, heapNames, MIB, pool, reg, size } from './board.js';

interface Row {
  readonly board?: string;
  readonly commandLine?: string;
  /** CMA heaps on 6.12 and on 7.3. */
  readonly old: readonly string[];
  readonly new: readonly string[];
  readonly totalMebibytes: number | null;
  /** Message families on 6.12, then on 7.3 where it differs. */
  readonly log: readonly LogFamily[];
  readonly newLog?: readonly LogFamily[];
  readonly outcome?: string;
}

const REGION = 'default_cma_region';
const FALLBACK = { old: ['reserved'], new: [REGION, 'reserved'], totalMebibytes: 32 };
const MAIN = (name: string) => ({ old: [name], new: [REGION, name], totalMebibytes: 64 });
const C = pool('linux,cma', size(64 * MIB) + DEFAULT);
// In the order of the merged tree: fdtoverlay adds the nodes of an overlay in reverse.
const E = pool('vpu@58000000', reg(0x58000000, 16 * MIB)) + pool('npu-pool', size(16 * MIB)) + C;
const CREATED: readonly LogFamily[] = ['pool-created'];
const MISALIGNED: readonly LogFamily[] = ['misaligned', 'match-failed', 'cma-reserved'];

const ROWS: Readonly<Record<string, Row>> = {
  'a: Kconfig alone': { ...FALLBACK, log: ['cma-reserved'] },
  'b: cma=64M': { ...FALLBACK, commandLine: 'cma=64M', totalMebibytes: 64, log: ['cma-reserved'] },
  'b: cma=64M@0x50000000': {
    ...FALLBACK,
    commandLine: 'cma=64M@0x50000000',
    totalMebibytes: 64,
    log: ['cma-reserved'],
  },
  'b: cma=0': { commandLine: 'cma=0', old: [], new: [], totalMebibytes: 0, log: [] },
  'b: cma=2G': { commandLine: 'cma=2G', old: [], new: [], totalMebibytes: 0, log: ['past-limit', 'alloc-failed'] },
  'c: size-only default': { board: C, ...MAIN('linux,cma'), log: CREATED },
  'c2: with alignment and alloc-ranges': {
    board: pool(
      'linux,cma',
      `${size(64 * MIB) + DEFAULT} alignment = <0x0 0x400000>; alloc-ranges = <0x0 0x40000000 0x0 0x20000000>;`,
    ),
    ...MAIN('linux,cma'),
    log: CREATED,
  },
  'd: the node name counts, not the label': {
    board: `camera_pool: ${pool('camera-pool', size(64 * MIB) + DEFAULT)}`,
    ...MAIN('camera-pool'),
    log: CREATED,
  },
  'd2: a unit address is part of the name': {
    board: pool('cma@50000000', reg(0x50000000, 64 * MIB) + DEFAULT),
    ...MAIN('cma@50000000'),
    log: CREATED,
  },
  'e: default and two more': {
    board: E,
    old: ['linux,cma'],
    new: [REGION, 'linux,cma', 'npu-pool', 'vpu@58000000'],
    totalMebibytes: 96,
    log: ['pool-created', 'pool-created', 'pool-created'],
  },
  'e2: no default': {
    board: pool('npu-pool', size(16 * MIB)),
    old: ['reserved'],
    new: [REGION, 'npu-pool', 'reserved'],
    totalMebibytes: 48,
    log: ['pool-created', 'cma-reserved'],
  },
  'm: two pools with a base, no default': {
    board: pool('a@50000000', reg(0x50000000, 32 * MIB)) + pool('a@54000000', reg(0x54000000, 32 * MIB)),
    old: ['reserved'],
    new: [REGION, 'a@50000000', 'a@54000000', 'reserved'],
    totalMebibytes: 96,
    log: ['pool-created', 'pool-created', 'cma-reserved'],
  },
  'e3: no-map alone makes a DMA pool': {
    board: `p { compatible = "shared-dma-pool"; no-map; ${size(16 * MIB)} };`,
    ...FALLBACK,
    log: ['cma-reserved'],
  },
  'l: no-map with reusable': {
    board: pool('linux,cma', `no-map; ${size(64 * MIB)}${DEFAULT}`),
    ...FALLBACK,
    log: ['match-failed', 'cma-reserved'],
    newLog: ['cma-reserved'],
  },
  'j: disabled': {
    board: pool('linux,cma', `status = "disabled"; ${size(64 * MIB)}${DEFAULT}`),
    ...FALLBACK,
    log: ['cma-reserved'],
  },
  'f1: size misaligned': {
    board: pool('linux,cma', size(0x4001000) + DEFAULT),
    ...FALLBACK,
    log: MISALIGNED,
  },
  'f2: base misaligned': {
    board: pool('cma@50001000', reg(0x50001000, 64 * MIB) + DEFAULT),
    ...FALLBACK,
    log: MISALIGNED,
  },
  'f3: size of reg misaligned': {
    board: pool('cma@50000000', reg(0x50000000, 0x4010000) + DEFAULT),
    ...FALLBACK,
    log: MISALIGNED,
  },
  'f4: alignment too small is raised': {
    board: pool('linux,cma', `${size(64 * MIB)}${DEFAULT} alignment = <0x0 0x1000>;`),
    ...MAIN('linux,cma'),
    log: CREATED,
  },
  'g: 2 GiB': {
    board: pool('linux,cma', size(2048 * MIB) + DEFAULT),
    ...FALLBACK,
    log: ['alloc-failed', 'cma-reserved'],
  },
  'g3: 448 MiB of 512': {
    board: pool('linux,cma', size(448 * MIB) + DEFAULT),
    ...FALLBACK,
    log: ['alloc-failed', 'cma-reserved'],
  },
  'g2: outside RAM': {
    board: pool('cma@90000000', reg(0x90000000, 64 * MIB) + DEFAULT),
    old: [],
    new: [],
    totalMebibytes: null,
    log: CREATED,
    outcome: 'panics',
  },
  'h1: over the kernel': {
    board: pool('cma@40000000', reg(0x40000000, 64 * MIB) + DEFAULT),
    ...MAIN('cma@40000000'),
    log: CREATED,
    outcome: 'corrupts',
  },
  'h2: over the initrd': {
    board: pool('cma@48000000', reg(0x48000000, 64 * MIB) + DEFAULT),
    ...MAIN('cma@48000000'),
    log: CREATED,
    outcome: 'corrupts',
  },
  'n: size of one cell': {
    board: pool('linux,cma', `size = <0x4000000>; ${DEFAULT}`),
    ...FALLBACK,
    log: ['invalid-size', 'cma-reserved'],
  },
  'c with cma=48M': {
    board: C,
    commandLine: 'cma=48M',
    ...FALLBACK,
    totalMebibytes: 48,
    log: ['default-bypassed', 'match-failed', 'cma-reserved'],
    newLog: ['default-bypassed', 'cma-reserved'],
  },
  'e with cma=48M': {
    board: E,
    commandLine: 'cma=48M',
    old: ['reserved'],
    new: [REGION, 'npu-pool', 'vpu@58000000', 'reserved'],
    totalMebibytes: 80,
    log: ['pool-created', 'default-bypassed', 'match-failed', 'pool-created', 'cma-reserved'],
    newLog: ['pool-created', 'default-bypassed', 'pool-created', 'cma-reserved'],
  },
  'c with cma=0': {
    board: C,
    commandLine: 'cma=0',
    old: [],
    new: [],
    totalMebibytes: 0,
    log: ['default-bypassed', 'match-failed'],
    newLog: ['default-bypassed'],
  },
};

const tree = (row: Row): BoardText => (row.board === undefined ? {} : { nodes: row.board });

describe.each(Object.entries(ROWS))('%s', (_name, row) => {
  test.each(['6.12', '7.3'])('on %s', (kernel) => {
    const seen = boot(tree(row), { kernel, commandLine: `console=ttyAMA0 ${row.commandLine ?? ''}` });
    const recent = kernel === '7.3';
    expect({
      outcome: seen.outcome,
      heaps: heapNames(seen).toSorted(),
      total: seen.cmaTotalBytes,
      log: families(seen),
    }).toEqual({
      outcome: row.outcome ?? 'boots',
      heaps: (recent ? row.new : row.old).toSorted(),
      total: row.totalMebibytes === null ? null : BigInt(row.totalMebibytes) << 20n,
      log: recent ? (row.newLog ?? row.log) : row.log,
    });
    const claims = seen.unknown.filter(({ field }) => !field.endsWith('baseAddress'));
    expect(claims).toEqual([]);
  });
});

test('k: of two defaults the last one wins', () => {
  const nodes = C + pool('second', size(32 * MIB) + DEFAULT);
  expect(heapNames(boot({ nodes }))).toEqual(['second']);
  // The reference boot had the overlay's nodes in reverse order, as fdtoverlay adds them.
  const reversed = pool('second', size(32 * MIB) + DEFAULT) + C;
  expect(heapNames(boot({ nodes: reversed }))).toEqual(['linux,cma']);
  expect(heapNames(boot({ nodes: reversed }, { kernel: '7.3' }))).toEqual([
    'default_cma_region',
    'second',
    'linux,cma',
  ]);
  expect(boot({ nodes }).cmaTotalBytes).toBe(96n << 20n);
});
