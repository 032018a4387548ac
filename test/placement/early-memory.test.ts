/** What the kernel takes for itself before the default area, and what it hands out that it should not; each seen in a boot. */
import { expect, test } from 'vitest';
import { predict } from '../../src/placement/index.js';
import { board, boot, configWith, DEFAULT, MIB, pool, reg, size, version } from './board.js';

const openAbout = (prediction: ReturnType<typeof boot>) => prediction.unknown.map(({ field }) => field);

test.each([
  // 5.10: 16 MiB for a section of 1 GiB, aligned to as much, below the page tables at the top.
  ['5.10', '76M@0x5a000000', true],
  ['5.10', '60M@0x5a000000', false],
  // Later sections are of 128 MiB: what four of them need ends close below the top.
  ['6.1', '76M@0x5a000000', false],
  // 7.3 places them after the default area.
  ['7.3', '76M@0x5a000000', false],
])('%s: page descriptors in the way of cma=%s: %s', (kernel, parameter, isOpen) => {
  const prediction = boot({}, { kernel, commandLine: `cma=${parameter}` });
  expect(openAbout(prediction).includes('cmaTotalBytes')).toBe(isOpen);
});

test('with 16K pages they cut the only place for 128 MiB', () => {
  const run = {
    pageSizeBytes: 16384n,
    config: configWith({ ARM64_16K_PAGES: 'y' }),
    commandLine: 'cma=128M',
  };
  const nodes = pool('camera', size(96 * MIB));
  expect(openAbout(boot({ nodes }, { ...run, kernel: '6.12' }))).toContain('heaps');
  expect(openAbout(boot({ nodes }, { ...run, kernel: '7.3' }))).not.toContain('heaps');
});

test.each([
  // Three pools of at most 4 MiB each.
  ['8M', '4M', {}, true],
  ['64M', '4M', {}, false],
  ['8M', undefined, {}, false],
  ['8M', undefined, { unknownFacts: new Map([['memory.atomic-pool', 'kernel/dma/pool.c']]) }, true],
  ['64M', undefined, { unknownFacts: new Map([['memory.atomic-pool', 'kernel/dma/pool.c']]) }, false],
])('an area of %s with coherent_pool=%s: whether a heap can allocate is open', (cma, pools, input, isOpen) => {
  const commandLine = `cma=${cma}${pools === undefined ? '' : ` coherent_pool=${pools}`}`;
  const seen = boot({}, { kernel: '6.12', commandLine, ...input });
  const fields = seen.unknown.filter(({ needs }) => needs.includes('pools for atomic allocations'));
  expect(fields.map(({ field }) => field)).toEqual(isOpen ? ['heaps[1].usable'] : []);
});

test('banks of every RAM there can be are counted, not walked', () => {
  const memory = 'memory@0 { device_type = "memory"; reg = <0x0 0x0 0xffffffff 0xf0000000>; };';
  expect(boot({ memory }, { kernel: '6.12', commandLine: 'cma=64M' }).areas.length).toBe(1);
});

test.each([
  ['6.1', 65536n, 'boots', []],
  ['6.12', 65536n, 'panics', ['page-half-mapped']],
  ['7.3', 65536n, 'panics', ['page-half-mapped']],
  ['6.12', 4096n, 'boots', []],
])('%s, pages of %d bytes: a region that begins inside a page: %s', (kernel, pageSizeBytes, outcome, codes) => {
  const nodes = `fw { no-map; ${size(0x1001000)} };`;
  const seen = boot({ nodes }, { kernel, pageSizeBytes, commandLine: 'cma=0' });
  expect([seen.outcome, seen.dangers.map(({ code }) => code)]).toEqual([outcome, codes]);
});

test('below free memory it is open who gets the rest of the page', () => {
  const nodes = `fw@50000000 { no-map; ${reg(0x50000000, 0x1001000)} };`;
  const seen = boot({ nodes }, { kernel: '6.12', pageSizeBytes: 65536n, commandLine: 'cma=0' });
  expect([seen.outcome, seen.dangers[0]?.code]).toEqual(['unknown', 'page-half-mapped']);
});

test.each(['5.10', '6.1', '6.12'])('%s: a default node that cma= refuses takes a pool with it', (kernel) => {
  const nodes =
    pool('npu@58000000', reg(0x58000000, 96 * MIB) + DEFAULT) + pool('pool@55800000', reg(0x55800000, 112 * MIB));
  const seen = boot({ nodes }, { kernel, commandLine: 'cma=0' });
  expect(seen.outcome).toBe('corrupts');
  expect(seen.dangers).toContainEqual(
    expect.objectContaining({ code: 'area-freed', nodes: ['pool@55800000', 'npu@58000000'] }),
  );
});

test.each(['5.10', '6.1', '6.12', '7.3'])('arm, %s: low memory ends with the last that is mapped', (kernel) => {
  const memory = 'memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x10000000>; };';
  const nodes = `fw@4e800000 { no-map; ${reg(0x4e800000, 24 * MIB)} };${pool('npu@4c000000', reg(0x4c000000, 44 * MIB))}`;
  const config = configWith({ HIGHMEM: 'y' });
  const seen = predict({
    tree: board({ memory, nodes }),
    kernel: version(kernel),
    architecture: 'arm',
    config,
    commandLine: 'cma=0',
    occupied: [],
  });
  expect(seen.rejected.map(({ node, family }) => [node, family])).toEqual([['npu@4c000000', 'not-activated']]);
});

test.each(['5.10', '6.1', '6.12', '7.3'])('arm, %s: RAM itself ends at no zone', (kernel) => {
  const nodes = pool('npu@5f000000', reg(0x5f000000, 28 * MIB));
  const run = { kernel, architecture: 'arm', config: configWith({ HIGHMEM: 'y' }), commandLine: 'cma=0' } as const;
  const seen = boot({ nodes }, run);
  expect([seen.outcome, seen.log.map(({ family }) => family)]).toEqual(['unknown', ['pool-created']]);
});

test('5.10: refused over the initrd, its memory is where page descriptors leave room for the default area', () => {
  const memory = 'memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x10000000>; };';
  const nodes = `fw@49d00000 { no-map; ${reg(0x49d00000, 48 * MIB)} };${pool('a@48000000', reg(0x48000000, 0x2e00000))}`;
  const seen = boot({ memory, nodes }, { kernel: '5.10' });
  expect(openAbout(seen)).toContain('outcome');
});

const NOTHING = ['kernel', 'initrd', 'dtb'].map((name) => ({ name, baseAddress: 0n, sizeBytes: 0n }));
const QUARTER = 'memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x10000000>; };';

const PIECES = { SPARSEMEM: 'y', SPARSEMEM_VMEMMAP: 'n', SLUB: 'y' };
const codes = ({ dangers }: ReturnType<typeof boot>) => dangers.map(({ code }) => code);

test.each([
  // A page table may be in the way.
  ['5.10', PIECES, 16, 'unknown', true],
  ['5.10', PIECES, 12, 'panics', false],
  ['5.10', PIECES, 32, 'boots', true],
  // With SLAB they may be smaller; FLATMEM has one for each page of RAM, not of a section.
  ['5.10', { ...PIECES, SLUB: 'n' }, 12, 'unknown', true],
  ['5.10', { FLATMEM: 'y', SPARSEMEM_VMEMMAP: 'n' }, 12, 'unknown', true],
  // Blocks of 2 MiB for 1 GiB.
  ['5.10', {}, 24, 'boots', true],
  ['5.10', {}, 12, 'unknown', true],
  ['5.10', {}, 4, 'unknown', true],
  ['6.12', {}, 12, 'boots', true],
] as const)('%s, %o, %d MiB at the end of RAM: %s', (kernel, values, mebibytes, outcome, isMade) => {
  const nodes = pool('a@40800000', reg(0x40800000, (248 - mebibytes) * MIB));
  const run = { kernel, config: configWith(values), occupied: NOTHING, commandLine: 'cma=4M' };
  const seen = boot({ memory: QUARTER, nodes }, run);
  expect([seen.outcome, codes(seen)]).toEqual([outcome, outcome === 'boots' ? [] : ['no-room-for-kernel']]);
  expect(seen.log.some(({ family }) => family === 'cma-reserved')).toBe(isMade);
});

test('a piece of 16 MiB begins at a multiple of its size', () => {
  const nodes = pool('a@40000000', reg(0x40000000, 72 * MIB)) + pool('b@45c00000', reg(0x45c00000, 0xa400000));
  const run = { kernel: '5.10', config: configWith(PIECES), occupied: NOTHING, commandLine: 'cma=0' };
  expect(boot({ memory: QUARTER, nodes }, run).outcome).toBe('panics');
});

test.each(['5.10', '5.12'])('%s: pages of 64K, and nobody says how descriptors are kept', (kernel) => {
  const run = { kernel, pageSizeBytes: 65536n, configComplete: false, occupied: NOTHING };
  expect(codes(boot({}, { ...run, config: new Map() }))).toEqual([]);
});

test.each(['arm64', 'arm', 'riscv64', 'x86_64'] as const)('%s: next to nothing is left', (architecture) => {
  const run = { kernel: '7.3', architecture, occupied: NOTHING, commandLine: 'cma=0' };
  const outcome = (nodes: string) => {
    const seen = boot({ memory: QUARTER, nodes }, run);
    return [seen.outcome, codes(seen)];
  };
  const short = ['unknown', ['no-room-for-kernel']];
  expect(outcome(pool('a@40400000', reg(0x40400000, 0xfc00000)))).toEqual(short);
  expect(outcome(`fw@40400000 { no-map; ${reg(0x40400000, 0xfc00000)} };`)).toEqual(short);
  expect(outcome(pool('a@42000000', reg(0x42000000, 0xe000000)))).toEqual(['boots', []]);
});

test('a kernel that nobody placed takes memory all the same', () => {
  const nodes = pool('a@41000000', reg(0x41000000, 0xf000000));
  const outcome = (occupied: typeof NOTHING) =>
    boot({ memory: QUARTER, nodes }, { kernel: '6.12', occupied, commandLine: 'cma=0' }).outcome;
  expect([outcome([]), outcome(NOTHING)]).toEqual(['unknown', 'boots']);
});

test('arm begins in low memory', () => {
  const memory = 'memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x80000000>; };';
  const nodes = pool('a@40800000', reg(0x40800000, 0x2f000000));
  const run = { kernel: '6.12', architecture: 'arm', config: configWith({ HIGHMEM: 'y' }), occupied: NOTHING } as const;
  expect(codes(boot({ memory, nodes }, { ...run, commandLine: 'cma=0' }))).toContain('no-room-for-kernel');
});

test.each(['5.10', '6.1', '6.12', '7.3'])('%s: what is said after unmapped memory was given back is open', (kernel) => {
  const nodes = `camera@5e000000 { compatible = "shared-dma-pool"; no-map; reusable; ${reg(0x5e000000, 32 * MIB)} };`;
  const seen = boot({ nodes }, { kernel, commandLine: 'cma=16M' });
  const open = seen.log.flatMap(({ family }, i) => (openAbout(seen).includes(`log[${i}]`) ? [family] : []));
  expect([seen.outcome, open]).toEqual(kernel === '6.12' ? ['unknown', ['cma-reserved']] : ['boots', []]);
});

test('who gets the memory of two areas is open, whose names are not', () => {
  const nodes = pool('a@50000000', reg(0x50000000, 32 * MIB) + DEFAULT) + pool('b@51000000', reg(0x51000000, 32 * MIB));
  const seen = boot({ nodes }, { kernel: '7.3' });
  const shared = seen.heaps.flatMap(({ area }, i) => (area === null ? [] : [`heaps[${i}].usable`]));
  expect(shared.length).toBeGreaterThan(1);
  expect(openAbout(seen)).toEqual(expect.arrayContaining(shared));
  expect(openAbout(seen)).not.toContain('heaps');
});
