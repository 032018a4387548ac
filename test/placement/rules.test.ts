/** Rules of versions and architectures beyond the reference boots, each as one board. */
import { describe, expect, test } from 'vitest';
import { formatKernelVersion, NEWEST_KERNEL } from '../../src/facts/index.js';
import { kernelHeapSort } from '../../src/placement/heap-sort.js';
import { predict } from '../../src/placement/index.js';
import {
  type BoardText,
  board,
  boot,
  configWith,
  DEFAULT,
  families,
  heapNames,
  MIB,
  MINIMAL,
  pool,
  type Run,
  reg,
  size,
  version,
} from './board.js';

const C = pool('linux,cma', size(64 * MIB) + DEFAULT);
const ALL = ['5.10', '6.1', '6.12', '7.3'] as const;
const bases = (text: BoardText, run: Run = {}) =>
  Object.fromEntries(boot(text, run).areas.map((area) => [area.name, area.baseAddress]));
const fates = (text: BoardText, run: Run = {}) =>
  boot(text, run).rejected.map(({ node, family, failure }) => [node, family, failure]);
const mib = (count: number) => BigInt(count) << 20n;

test('an alignment that is not a power of two masks the address, as round_down() does', () => {
  const odd = (alignment: string) => bases({ nodes: pool('odd', `${size(16 * MIB)} alignment = <0x0 ${alignment}>;`) });
  // The highest free 16 MiB has none of the bits of 0x5fffff, and is not a multiple of 0x600000.
  expect(odd('0x600000')).toMatchObject({ odd: 0x5f000000n });
});

describe('order', () => {
  test('of regions without a base: unstable, then by node, then as in the tree', () => {
    const nodes = ['a', 'b', 'c'].map((name) => pool(name, size(16 * MIB))).join('');
    const order = (kernel: string) =>
      boot({ nodes }, { kernel })
        .areas.filter(({ name }) => /^[abc]$/.test(name))
        .sort((one, other) => Number((other.baseAddress ?? 0n) - (one.baseAddress ?? 0n)))
        .map(({ name }) => name)
        .join('');
    expect(order('6.1')).toBe('bca');
    expect(order('6.6')).toBe(order('6.12'));
  });

  // What the kernel's own sort() of 6.1 made of these keys (0: a region without a base).
  test.each([
    ['0 0', '1 0'],
    ['0 0 0', '1 2 0'],
    ['0 0 0 0 0 0', '1 2 3 4 5 0'],
    ['0 0 0 0 0 0 5', '1 0 3 4 5 2 6'],
    ['0 3 0 0 0 1 0 2 0', '8 3 0 4 2 6 5 7 1'],
  ])('the unstable sort takes %s to %s', (keys, order) => {
    const items = keys.split(' ').map((key, index) => ({ key: Number(key), index }));
    kernelHeapSort(items, (a, b) => a.key - b.key);
    expect(items.map(({ index }) => index).join(' ')).toBe(order);
  });

  const six = Array.from({ length: 6 }, (_, i) => pool(`p${i}`, size(4 * MIB))).join('');
  const byPlacement = (kernel: string) =>
    boot({ nodes: six }, { kernel })
      .areas.filter(({ source }) => source === 'node')
      .map(({ name, baseAddress }) => [name, baseAddress]);

  test.each(['5.10', '6.1'])('%s places regions without a base as its sort leaves them', (kernel) => {
    expect(byPlacement(kernel).map(([name]) => name)).toEqual(['p1', 'p2', 'p3', 'p4', 'p5', 'p0']);
  });

  test.each(['6.12', '7.3'])('%s places them in the order of the tree, from the top', (kernel) => {
    expect(byPlacement(kernel)).toEqual(
      Array.from({ length: 6 }, (_, i) => [`p${i}`, 0x60000000n - BigInt(4 * MIB * (i + 1))]),
    );
  });

  test('regions with a base are reserved first, wherever they stand', () => {
    const nodes = `${C}tee@5f000000 { no-map; ${reg(0x5f000000, 16 * MIB)} };`;
    for (const kernel of ALL) expect(bases({ nodes }, { kernel })['linux,cma']).toBe(0x5b000000n);
  });

  test('the reservation block comes last from 6.4 on, too late for regions without a base', () => {
    const text = { memreserve: '/memreserve/ 0x5fff0000 0x10000;', nodes: C };
    expect(bases(text, { kernel: '6.1' })['linux,cma']).toBe(0x5bc00000n);
    const late = boot(text, { kernel: '6.12' });
    expect(late.areas[0]?.baseAddress).toBe(0x5c000000n);
    expect(late.dangers.map(({ code }) => code)).toEqual(['over-firmware']);
  });
});

describe('alloc-ranges', () => {
  const ranged = (name: string, bytes: number, ...ranges: [number, number][]) =>
    pool(
      name,
      `${size(bytes)} alloc-ranges = ${ranges.map(([at, length]) => `<0x0 0x${at.toString(16)} 0x0 0x${length.toString(16)}>`).join(', ')};`,
    );

  test('the first range that fits wins, from its top', () => {
    const nodes = ranged('p', 32 * MIB, [0x48000000, 16 * MIB], [0x50000000, 64 * MIB], [0x58000000, 64 * MIB]);
    expect(bases({ nodes }).p).toBe(0x52000000n);
  });

  test('from the bottom beside a region placed before, since 6.6', () => {
    const nodes = ranged('a', 16 * MIB, [0x50000000, 16 * MIB]) + ranged('b', 16 * MIB, [0x51000000, 64 * MIB]);
    expect(bases({ nodes }, { kernel: '6.12' }).b).toBe(0x51000000n);
    expect(bases({ nodes }, { kernel: '6.1' }).b).toBe(0x54000000n);
  });

  test('a region with a base does not count as placed before from 6.12 on', () => {
    const nodes = `tee@50000000 { no-map; ${reg(0x50000000, 16 * MIB)} };${ranged('b', 16 * MIB, [0x51000000, 64 * MIB])}`;
    expect(bases({ nodes }, { kernel: '6.12' }).b).toBe(0x54000000n);
    expect(bases({ nodes }, { kernel: '6.6' }).b).toBe(0x51000000n);
  });

  test('a wrong length: refused aloud, or ignored in silence and placed anywhere', () => {
    const nodes = pool('p', `${size(16 * MIB)} alloc-ranges = <0x0 0x40000000 0x0>;`);
    expect(fates({ nodes }, { kernel: '6.12' })).toEqual([['p', 'invalid-size', 'ignored']]);
    expect(bases({ nodes }, { kernel: '7.3' }).p).toBe(0x5f000000n);
  });
});

test('a reg of the wrong length is refused twice where regions with a base are read twice', () => {
  const nodes = pool('p@50000000', 'reg = <0x0 0x50000000 0x4000000>;');
  const count = (kernel: string) =>
    families(boot({ nodes }, { kernel })).filter((family) => family === 'invalid-size').length;
  expect(ALL.map(count)).toEqual([1, 1, 2, 0]);
});

describe('no-map together with reusable', () => {
  const sized = pool('p', `no-map; ${size(64 * MIB)}`);
  const based = pool('p@50000000', `no-map; ${reg(0x50000000, 64 * MIB)}`);

  test.each([
    ['5.10', 'match-failed', 'freed'],
    ['6.1', 'match-failed', 'lost'],
    ['6.12', 'match-failed', 'lost'],
    ['7.3', null, 'lost'],
  ])('without a base on %s', (kernel, family, failure) => {
    expect(fates({ nodes: sized }, { kernel })).toEqual([['p', family, failure]]);
  });

  test.each([
    ['5.10', 'match-failed', 'lost'],
    ['6.1', 'match-failed', 'freed'],
    ['7.3', null, 'lost'],
  ])('with a base on %s', (kernel, family, failure) => {
    expect(fates({ nodes: based }, { kernel })).toEqual([['p@50000000', family, failure]]);
  });

  test('with a base on 6.12 it is given back unmapped: who dies of it is open', () => {
    const below = boot({ nodes: based });
    expect([below.outcome, below.dangers[0]?.code]).toEqual(['unknown', 'unmapped-memory-freed']);
  });
});

describe('several entries in reg', () => {
  const nodes = pool('p@50000000', 'reg = <0x0 0x50000000 0x0 0x1000000>, <0x0 0x5c000000 0x0 0x4000000>;');
  test('the rest stays reserved up to 6.12, and is left alone by 7.3', () => {
    const kernelArea = (kernel: string) =>
      boot({ nodes }, { kernel }).areas.find(({ name }) => name === 'reserved')?.likelyBaseAddress;
    expect(kernelArea('6.12')).toBe(0x59400000n);
    expect(kernelArea('7.3')).toBe(0x5dc00000n);
  });
});

describe('what the kernel takes for itself', () => {
  // 32 MiB are free at the top, exactly what Kconfig asks for, and less elsewhere.
  const nodes = `taken@42000000 { no-map; ${reg(0x42000000, 448 * MIB)} };`;
  const occupied = [{ name: 'kernel', baseAddress: 0x40008000n, sizeBytes: 0x1000000n }];
  test('a hole of exactly the size is none for the Kconfig area, because a page table is in it', () => {
    expect(heapNames(boot({ nodes }, { occupied }))).toEqual([]);
  });
  test('where it is made first the hole is enough, and its place is no guess', () => {
    const none = ['initrd', 'dtb'].map((name) => ({ name, baseAddress: 0n, sizeBytes: 0n }));
    const seen = boot({ nodes }, { architecture: 'arm', occupied: [...occupied, ...none] });
    expect(seen.areas.map(({ name, baseAddress }) => [name, baseAddress])).toEqual([['reserved', 0x5e000000n]]);
  });
});

describe('granule', () => {
  const aligned = (pageSizeBytes: bigint, kernel: string, values: Record<string, string> = {}) =>
    boot({}, { pageSizeBytes, kernel, config: configWith(values) }).minimumAlignmentBytes;
  const K4 = 4096n;
  const K16 = 16384n;
  const K64 = 65536n;

  test('arm64 with pages of 4 KiB', () => {
    for (const kernel of ALL) expect(aligned(K4, kernel)).toBe(mib(4));
    expect(ALL.map((kernel) => aligned(K4, kernel, { HUGETLB_PAGE: 'y' }))).toEqual([mib(4), mib(2), mib(2), mib(2)]);
    expect(ALL.map((kernel) => aligned(K4, kernel, { TRANSPARENT_HUGEPAGE: 'y' }))).toEqual([
      mib(4),
      mib(4),
      mib(2),
      mib(2),
    ]);
  });

  test('arm64 with larger pages', () => {
    expect(ALL.map((kernel) => aligned(K16, kernel))).toEqual([mib(16), mib(32), mib(32), mib(32)]);
    expect(ALL.map((kernel) => aligned(K64, kernel))).toEqual([mib(64), mib(512), mib(512), mib(512)]);
    expect(aligned(K64, '5.10', { TRANSPARENT_HUGEPAGE: 'y' })).toBe(mib(512));
    expect(aligned(K16, '6.16', { PAGE_BLOCK_MAX_ORDER: '7' })).toBe(mib(2));
    expect(aligned(K16, '6.12', { PAGE_BLOCK_MAX_ORDER: '7' })).toBe(mib(32));
  });

  test('arm32 and the others', () => {
    const on = (architecture: 'arm' | 'riscv64' | 'x86_64', values: Record<string, string>, kernel = '6.12') =>
      boot({}, { architecture, kernel, config: configWith(values) }).minimumAlignmentBytes;
    expect(on('arm', {})).toBe(mib(4));
    expect(on('arm', { ARCH_FORCE_MAX_ORDER: '11' })).toBe(mib(8));
    expect(on('arm', { ARCH_FORCE_MAX_ORDER: '12' }, '6.1')).toBe(mib(8));
    expect(on('arm', { HUGETLB_PAGE: 'y', ARM_LPAE: 'y' })).toBe(mib(2));
    expect(on('arm', { TRANSPARENT_HUGEPAGE: 'y' })).toBe(mib(4));
    expect(on('riscv64', { HUGETLB_PAGE: 'y' })).toBe(mib(2));
    expect(on('x86_64', {})).toBe(mib(4));
  });

  test("cma= and Kconfig are rounded up, a node's size is not", () => {
    const total = (commandLine: string, pageSizeBytes = K4) => boot({}, { commandLine, pageSizeBytes }).cmaTotalBytes;
    expect(total('cma=5M')).toBe(mib(8));
    expect(boot({}, { commandLine: 'cma=5M', config: configWith({ HUGETLB_PAGE: 'y' }) }).cmaTotalBytes).toBe(mib(6));
    expect(
      boot({}, { pageSizeBytes: 65536n, memory: [{ baseAddress: 0x40000000n, sizeBytes: 1n << 31n }] }).cmaTotalBytes,
    ).toBe(mib(512));
  });
});

describe('the command line', () => {
  test('a base is taken as it is; a limit leaves the choice to the kernel', () => {
    const at = (commandLine: string, kernel = '6.12') => boot({}, { commandLine, kernel }).areas[0]?.baseAddress;
    expect(at('cma=64M@0x50000000')).toBe(0x50000000n);
    expect(at('cma=64M@0x50000000-0x58000000')).toBeNull();
    expect(boot({}, { commandLine: 'cma=64M@0x50000000-0x58000000' }).areas[0]?.likelyBaseAddress).toBe(0x54000000n);
    expect(at('cma=64M@0x51000000 cma=32M@0x58000000')).toBe(0x58000000n);
  });

  test('a later cma= without a base keeps the earlier base, no longer exactly', () => {
    const seen = boot({}, { commandLine: 'cma=64M@0x50000000 cma=32M' });
    expect(seen.areas[0]?.likelyBaseAddress).toBe(0x52000000n);
    expect(seen.cmaTotalBytes).toBe(mib(32));
  });

  test('numbers as the kernel reads them', () => {
    const total = (value: string) => boot({}, { commandLine: `cma=${value}` }).cmaTotalBytes;
    expect([total('0x4000000'), total('65536k'), total('64MB'), total('0100000000')]).toEqual(
      Array(4).fill(mib(64)).with(3, mib(16)),
    );
    expect(boot({}, { commandLine: 'cma' }).cmaTotalBytes).toBe(mib(32));
    expect(boot({}, { commandLine: 'cma= ' }).cmaTotalBytes).toBe(0n);
    expect(boot({}, { commandLine: 'init=/x -- cma=64M' }).cmaTotalBytes).toBe(mib(32));
  });

  test('misaligned, taken, or beyond the end: no default at all', () => {
    const log = (value: string) => {
      const seen = boot({}, { commandLine: `cma=${value}` });
      expect([seen.hasDefault, families(seen).at(-1)]).toEqual([false, 'alloc-failed']);
      return seen.log.slice(0, -1).map(({ text }) => text);
    };
    expect(log('64M@0x48000000')).toEqual([]);
    expect(log('64M@0x50100000-0x54100000')).toEqual([
      'cma: Region at 0x0000000050100000 must be aligned to 0x0000000000400000 bytes',
    ]);
    expect(log('64M@0x5e000000')).toEqual([
      'cma: Size (0x0000000004000000) of region at 0x000000005e000000 exceeds limit (0x0000000060000000)',
    ]);
  });

  test('more than one entry in reg, two owners, a name that is taken: in the words of each kernel', () => {
    const two = pool('two', 'reg = <0x0 0x50000000 0x0 0x800000 0x0 0x51000000 0x0 0x800000>;');
    const three = pool('three', reg(0x50400000, 8 * MIB));
    const log = (nodes: string, kernel: string) =>
      boot({ nodes }, { kernel }).log.flatMap(({ family, text }) =>
        ['entries-ignored', 'overlap', 'overlap-pair', 'heap-refused'].includes(family) ? [text] : [],
      );
    expect(log(two, '6.1')).toEqual([]);
    expect(log(two, '6.12')).toEqual([
      "OF: reserved mem: fdt_scan_reserved_mem_reg_nodes() ignores 1 regions in node 'two'",
    ]);
    expect(log(two, '7.3')).toEqual([
      "OF: reserved mem: Reserved memory: node 'two' has 2 <base size> entries, only the first is used",
    ]);
    expect(log(pool('one', reg(0x50000000, 8 * MIB)) + three, '6.12')).toEqual([
      'OF: reserved mem: OVERLAP DETECTED!',
      'one (0x0000000050000000--0x0000000050800000) overlaps with three (0x0000000050400000--0x0000000050c00000)',
    ]);
    expect(log(pool('system', size(8 * MIB)), '7.3')).toEqual(['cma_heap: Failed to add CMA heap system']);
  });

  test('over no-map memory of the firmware it is accepted by all', () => {
    const nodes = `tee@50000000 { no-map; ${reg(0x50000000, 2 * MIB)} };`;
    for (const kernel of ALL) {
      const seen = boot({ nodes }, { kernel, commandLine: 'cma=64M@0x50000000' });
      expect([seen.outcome, seen.dangers[0]?.code]).toEqual(['corrupts', 'over-firmware']);
      // Linux 5.10 calls pages without a mapping invalid, and the area cannot hand them out.
      const own = seen.heaps.findIndex(({ area }) => area !== null);
      expect(seen.unknown.map(({ field }) => field)).toContain(`heaps[${own}].usable`);
    }
  });

  test('CONFIG_CMDLINE fills in, extends, or replaces', () => {
    const total = (commandLine: string, values: Record<string, string>) =>
      boot({}, { commandLine, config: configWith({ CMDLINE: 'cma=16M', ...values }) }).cmaTotalBytes;
    expect(total('', {})).toBe(mib(16));
    expect(total('quiet', {})).toBe(mib(32));
    expect(total('quiet', { CMDLINE_EXTEND: 'y' })).toBe(mib(16));
    expect(total('cma=64M', { CMDLINE_FORCE: 'y' })).toBe(mib(16));
  });

  test('mem= takes RAM away', () => {
    const nodes = pool('cma@5c000000', reg(0x5c000000, 64 * MIB) + DEFAULT);
    expect(boot({ nodes }, { commandLine: 'mem=256M' }).outcome).toBe('panics');
  });
});

describe('the default area', () => {
  const late = pool('cma@50000000', reg(0x50000000, 32 * MIB) + DEFAULT);
  const seen = (architecture: 'arm' | 'arm64' | 'riscv64', kernel: string) => {
    const occupied = [{ name: 'kernel', baseAddress: 0x40200000n, sizeBytes: 0x400000n }];
    const prediction = boot({ nodes: late }, { architecture, kernel, occupied });
    return [prediction.areas.map(({ name }) => name).toSorted(), prediction.cmaTotalBytes];
  };
  const EXTRA = [['cma@50000000', 'reserved'], mib(64)];
  const ALONE = [['cma@50000000'], mib(32)];

  test('a default with a base comes too late on arm from 6.12 and on riscv 6.12', () => {
    expect([seen('arm', '6.12'), seen('riscv64', '6.12'), seen('arm', '7.3')]).toEqual([EXTRA, EXTRA, EXTRA]);
    expect([seen('arm64', '6.12'), seen('riscv64', '7.3'), seen('arm', '6.1')]).toEqual([ALONE, ALONE, ALONE]);
  });

  test('a percentage of RAM, the smaller or the larger of both', () => {
    const total = (choice: string) =>
      boot(
        {},
        {
          config: configWith({ CMA_SIZE_SEL_MBYTES: 'n', [`CMA_SIZE_SEL_${choice}`]: 'y', CMA_SIZE_PERCENTAGE: '25' }),
        },
      ).cmaTotalBytes;
    expect([total('PERCENTAGE'), total('MIN'), total('MAX')]).toEqual([mib(128), mib(32), mib(128)]);
  });

  test('none when every slot is taken', () => {
    const nodes = Array.from({ length: 8 }, (_, i) => pool(`p${i}`, size(4 * MIB))).join('');
    const full = boot({ nodes }, { kernel: '6.12' });
    expect([full.hasDefault, heapNames(full), families(full).at(-1)]).toEqual([false, [], 'no-slots']);
    expect(families(boot({ nodes }, { kernel: '7.3' })).slice(-2)).toEqual(['no-slots', 'alloc-failed']);
    expect(boot({ nodes }, { kernel: '6.1' }).hasDefault).toBe(true);
  });
});

describe('zones', () => {
  const GIB8 = 'memory@0 { device_type = "memory"; reg = <0x0 0x0 0x2 0x0>; };';
  const occupied = [{ name: 'kernel', baseAddress: 0x200000n, sizeBytes: 0x2000000n }];
  const crossing = pool('cma@fc000000', reg(0xfc000000, 128 * MIB) + DEFAULT);

  test.each(ALL)('an area across 4 GiB is created, never activated, and its heap is useless on %s', (kernel) => {
    const seen = boot({ memory: GIB8, nodes: crossing }, { kernel, occupied });
    expect(seen.areas[0]?.sizeBytes).toBe(0n);
    expect(seen.heaps.find(({ area }) => area === 'cma@fc000000')?.usable).toBe(false);
    expect(families(seen)).toEqual(['pool-created', 'not-activated']);
    expect(seen.cmaTotalBytes).toBe(kernel === '5.10' ? mib(128) : 0n);
  });

  test('the end of dma-ranges: exactly from 6.12 on, the next power of two before', () => {
    const extra = 'soc { #address-cells = <1>; #size-cells = <1>; ranges; dma-ranges = <0x0 0x0 0x0 0x30000000>; };';
    const nodes = pool('cma@2c000000', reg(0x2c000000, 128 * MIB) + DEFAULT);
    const active = (kernel: string) => boot({ memory: GIB8, nodes, extra }, { kernel, occupied }).areas[0]?.sizeBytes;
    expect([active('6.1'), active('6.12')]).toEqual([mib(128), 0n]);
  });

  test('low and high memory on arm', () => {
    const memory = 'memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x40000000>; };';
    const nodes = pool('cma@6e000000', reg(0x6e000000, 64 * MIB) + DEFAULT);
    const seen = (values: Record<string, string>) =>
      boot({ memory, nodes }, { architecture: 'arm', kernel: '6.1', occupied, config: configWith(values) });
    expect(seen({ HIGHMEM: 'y' }).areas[0]?.sizeBytes).toBe(0n);
    expect(seen({ HIGHMEM: 'y', PAGE_OFFSET: '0x80000000' }).areas[0]?.sizeBytes).toBe(mib(64));
    expect(seen({}).dangers.map(({ code }) => code)).toEqual(['outside-ram']);
  });
});

describe("memory that is somebody's", () => {
  test("a misaligned pool gives away the firmware's memory", () => {
    const nodes = `${pool('cma@50100000', reg(0x50100000, 16 * MIB))}tee@50200000 { no-map; ${reg(0x50200000, 2 * MIB)} };`;
    const seen = boot({ nodes });
    expect([seen.outcome, seen.dangers.map(({ code, nodes: names }) => [code, ...names])]).toEqual([
      'corrupts',
      [['firmware-freed', 'cma@50100000', 'tee@50200000']],
    ]);
  });

  test('a misaligned pool frees the initrd', () => {
    const seen = boot({ nodes: pool('cma@47f00000', reg(0x47f00000, 16 * MIB)) });
    expect(seen.dangers.map(({ code }) => code)).toContain('kernel-memory-freed');
    expect(seen.outcome).toBe('unknown');
  });

  test('wrong cells give away every reservation', () => {
    const nodes = `${C}tee@50000000 { no-map; ${reg(0x50000000, 2 * MIB)} };`;
    const seen = boot({ nodes, ranges: false });
    expect([seen.outcome, seen.dangers[0]?.code, seen.dangers[0]?.nodes]).toEqual([
      'corrupts',
      'reservations-ignored',
      ['tee@50000000'],
    ]);
    expect(boot({ nodes: C, ranges: false }).outcome).toBe('boots');
  });

  test('overlapping areas corrupt, and hang arm', () => {
    const nodes = pool('a@50000000', reg(0x50000000, 32 * MIB)) + pool('b@51000000', reg(0x51000000, 32 * MIB));
    expect(boot({ nodes }).outcome).toBe('corrupts');
    expect(boot({ nodes }, { architecture: 'arm' }).outcome).toBe('hangs');
    expect(families(boot({ nodes }))).toContain('overlap');
  });

  test('an area that nobody has mapped', () => {
    const nodes =
      pool('gone@5c000000', `no-map; ${reg(0x5c000000, 32 * MIB)}`) + pool('p@5c000000', reg(0x5c000000, 16 * MIB));
    const seen = boot({ nodes }, { kernel: '7.3' });
    expect(seen.dangers.map(({ code, nodes: names }) => [code, ...names])).toEqual([
      ['over-firmware', 'p@5c000000', 'gone@5c000000'],
    ]);
  });

  test('arm notes pools for mapping anew before it refuses them', () => {
    const many = Array.from({ length: 9 }, (_, i) => pool(`p${i}`, size(4 * MIB))).join('');
    expect(boot({ nodes: many }, { architecture: 'arm' }).outcome).toBe('hangs');
    const bypassed = boot({ nodes: C }, { architecture: 'arm', commandLine: 'cma=16M' });
    // What is freed at the top of memory is what page tables are taken from.
    expect([bypassed.outcome, bypassed.dangers[0]?.code]).toEqual(['hangs', 'remap-of-memory-in-use']);
    // Freed below, it is nobody's when arm maps it anew.
    const low = `${size(16 * MIB)}alloc-ranges = <0 0x48000000 0 0x2000000>; ${DEFAULT}`;
    expect(boot({ nodes: pool('p', low) }, { architecture: 'arm', commandLine: 'cma=16M' }).outcome).toBe('boots');
    // One with a base is freed after that.
    const fixed = pool('p@5e000000', reg(0x5e000000, 32 * MIB) + DEFAULT);
    expect(boot({ nodes: fixed }, { architecture: 'arm', commandLine: 'cma=16M' }).outcome).toBe('boots');
    // Over the initrd it boots, over the kernel it cannot.
    const taken = (name: string, baseAddress: bigint) => ({ name, baseAddress, sizeBytes: 0x20_0000n });
    const over = {
      architecture: 'arm' as const,
      occupied: [taken('kernel', 0x40008000n), taken('initrd', 0x48000000n)],
    };
    expect(boot({ nodes: pool('p@48000000', reg(0x48000000, 32 * MIB)) }, over).outcome).toBe('corrupts');
    expect(boot({ nodes: pool('p@40000000', reg(0x40000000, 32 * MIB)) }, over).outcome).toBe('hangs');
    // Two that share memory are a BUG, and the later messages are not said.
    const shared = pool('a@50000000', reg(0x50000000, 32 * MIB)) + pool('b@51000000', reg(0x51000000, 16 * MIB));
    const stopped = boot({ nodes: shared }, { architecture: 'arm' });
    expect([stopped.outcome, families(stopped)]).toEqual(['hangs', ['cma-reserved']]);
    expect(boot({ nodes: C }, { architecture: 'arm', kernel: '6.1', commandLine: 'cma=16M' }).outcome).toBe('boots');
    const odd = boot({ nodes: pool('p@50001000', reg(0x50001000, 16 * MIB)) }, { architecture: 'arm' });
    expect([odd.outcome, odd.dangers.map(({ code }) => code)]).toEqual(['unknown', ['remap-of-neighbours']]);
  });
});

describe('nodes that are no pools', () => {
  test.each(ALL)('linux,cma-default without reusable on %s', (kernel) => {
    const nodes = `p { compatible = "shared-dma-pool"; ${size(16 * MIB)} ${DEFAULT} };`;
    expect(fates({ nodes }, { kernel })).toEqual([]);
    // A booted 7.3 on arm refused it too.
    expect(boot({ nodes }, { kernel, architecture: 'arm' }).rejected[0]?.failure).toBe('freed');
  });

  test('size 0 and no size', () => {
    expect(fates({ nodes: pool('p', 'size = <0x0 0x0>;') })).toEqual([['p', 'match-failed', 'freed']]);
    expect(fates({ nodes: pool('p', '') })).toEqual([]);
    expect(fates({ nodes: pool('p@50000000', reg(0x50000000, 0)) })).toEqual([
      ['p@50000000', 'alloc-failed', 'ignored'],
    ]);
  });

  test('too many nodes', () => {
    const nodes = Array.from({ length: 65 }, (_, i) => `f${i} { ${size(4096)} };`).join('');
    for (const kernel of ALL) expect(boot({ nodes }, { kernel }).rejected.map(({ node }) => node)).toEqual(['f64']);
  });
});

describe('heap names', () => {
  test('the two names of 6.17 and 6.18', () => {
    expect(heapNames(boot({ nodes: C }, { kernel: '6.16' }))).toEqual(['linux,cma']);
    const legacy = (value: string) =>
      heapNames(boot({ nodes: C }, { kernel: '6.17', config: configWith({ DMABUF_HEAPS_CMA_LEGACY: value }) }));
    expect(legacy('y')).toEqual(['default_cma_region', 'linux,cma']);
    expect(legacy('n')).toEqual(['default_cma_region']);
  });

  test('a node called system', () => {
    const nodes = pool('system', size(64 * MIB) + DEFAULT);
    expect(boot({ nodes }, { kernel: '6.12' }).heaps).toEqual([
      { name: 'system', area: null, usable: true, aliases: [] },
    ]);
    expect(heapNames(boot({ nodes }, { kernel: '7.3' }))).toEqual(['default_cma_region']);
    const without = configWith({ DMABUF_HEAPS_SYSTEM: 'n' });
    expect(boot({ nodes }, { kernel: '6.12', config: without }).heaps.map(({ name }) => name)).toEqual(['system']);
  });

  test('a node called default_cma_region keeps one heap', () => {
    expect(heapNames(boot({ nodes: pool('default_cma_region', size(64 * MIB) + DEFAULT) }, { kernel: '7.3' }))).toEqual(
      ['default_cma_region'],
    );
  });

  test('a vendor who took a rule from a later kernel', () => {
    const backports = { 'heap.cma-names': version('6.19'), 'heap.default-area-name': version('6.19') };
    expect(heapNames(boot({ nodes: C }, { backports }))).toEqual(['default_cma_region', 'linux,cma']);
  });

  test('names are cut to 63 characters', () => {
    const name = `cma-${'x'.repeat(70)}`;
    expect(heapNames(boot({ nodes: pool(name, size(64 * MIB) + DEFAULT) }))).toEqual([name.slice(0, 63)]);
  });

  test('no heaps, no CMA', () => {
    expect(boot({ nodes: C }, { config: configWith({ DMABUF_HEAPS: 'n' }) }).heaps).toEqual([]);
    const bare = boot({ nodes: C }, { config: configWith({ DMA_CMA: 'n' }) });
    expect([bare.areas, bare.rejected[0]?.failure, heapNames(bare)]).toEqual([[], 'freed', []]);
  });
});

describe('what is not known', () => {
  const unknown = (text: BoardText, run: Run) =>
    boot(text, run).unknown.map(({ field, needs }) => `${field}: ${needs}`);

  test('RAM that nobody states', () => {
    const seen = boot({ memory: '', nodes: C });
    expect(seen.outcome).toBe('unknown');
    expect(seen.unknown.find(({ field }) => field === 'heaps')?.needs).toContain('--memory');
    const given = boot({ memory: '', nodes: C }, { memory: [{ baseAddress: 0x40000000n, sizeBytes: 1n << 29n }] });
    expect([given.outcome, given.unknown]).toEqual(['boots', []]);
  });

  test('without the place of kernel, initrd and tree only addresses are open', () => {
    expect(unknown({ nodes: C }, { occupied: [] })).toEqual([
      'areas[0].baseAddress: the addresses of kernel, initrd, dtb (--boot-log FILE with the lines of the boot loader, or --occupied NAME=BASE+SIZE; 0+0 for none)',
    ]);
    const seen = boot({ nodes: C }, { occupied: [] });
    expect(seen.areas[0]).toMatchObject({ baseAddress: null, likelyBaseAddress: null });
    expect(seen.layouts.map(({ areas }) => areas[0]?.baseAddress)).toContain(0x5c000000n);
  });

  test('no initrd is an answer too', () => {
    const occupied = [
      { name: 'kernel', baseAddress: 0x40200000n, sizeBytes: 0x400000n },
      { name: 'initrd', baseAddress: 0n, sizeBytes: 0n },
      { name: 'dtb', baseAddress: 0x48000000n, sizeBytes: 0x10000n },
    ];
    expect(unknown({ nodes: C }, { occupied })).toEqual([]);
  });

  test('a size that fits only if nothing is in the way', () => {
    const seen = boot({ nodes: pool('linux,cma', size(448 * MIB) + DEFAULT) }, { occupied: [] });
    expect(seen.unknown.map(({ field }) => field)).toContain('heaps');
    expect(seen.cmaTotalBytes).toBeNull();
  });

  test('a base where boot loaders put kernels', () => {
    const seen = boot({ nodes: pool('cma@40000000', reg(0x40000000, 64 * MIB) + DEFAULT) }, { occupied: [] });
    expect(seen.outcome).toBe('unknown');
    expect(seen.unknown.find(({ field }) => field === 'outcome')?.needs).toContain('--occupied');
  });

  test('a configuration that nobody gave: what does not matter stays a claim', () => {
    const { config: _, ...run } = { config: MINIMAL, kernel: '7.3' };
    const input = {
      tree: board({ nodes: C }),
      kernel: version(run.kernel),
      architecture: 'arm64' as const,
      occupied: [
        { name: 'kernel', baseAddress: 0x40200000n, sizeBytes: 0x400000n },
        { name: 'initrd', baseAddress: 0x48000000n, sizeBytes: 0x150000n },
        { name: 'dtb', baseAddress: 0x48200000n, sizeBytes: 0x100000n },
      ],
    };
    const seen = predict(input);
    expect(heapNames(seen)).toEqual(['default_cma_region', 'linux,cma']);
    expect(seen.unknown).toEqual([]);
    expect(seen.minimumAlignmentBytes).toBeNull();
    const odd = predict({ ...input, tree: board({ nodes: pool('linux,cma', size(66 * MIB) + DEFAULT) }) });
    expect(odd.unknown.find(({ field }) => field === 'heaps')?.needs).toContain('HUGETLB_PAGE');
  });

  test('the size of Kconfig', () => {
    const seen = predict({ tree: board({}), kernel: version('6.12'), architecture: 'arm64' });
    expect(seen.cmaTotalBytes).toBeNull();
    expect(seen.unknown.map(({ field }) => field)).toContain('cmaTotalBytes');
    expect(seen.assumed).toContain('CMA_SIZE_MBYTES=16, the default of Kconfig');
  });

  test('a kernel that nobody has read says which of its rules are only dated', () => {
    const about = (kernel: string) => boot({ nodes: C }, { kernel }).assumed;
    for (const kernel of ALL) expect(about(kernel)).toEqual([]);
    expect(about('6.9')).toHaveLength(1);
    expect(about('6.9')[0]).toContain('reserved-memory.static-registration');
    expect(about('6.9')[0]).not.toContain('cma.name-length');
    const newest = formatKernelVersion(NEWEST_KERNEL);
    expect(about('9.9')).toEqual([
      `kernel 9.9 is newer than the known kernels; assuming that it behaves like ${newest}`,
    ]);
  });

  test('a kernel older than the facts is refused', () => {
    expect(() => boot({}, { kernel: '5.4' })).toThrow(RangeError);
  });
});
