/** The same truth shown in other ways: memory map, explanations, what an update changes. */
import { describe, expect, test } from 'vitest';
import {
  changesForUserSpace,
  explainHeap,
  explainRegion,
  memoryMap,
  type PlacementInput,
  predictionToJson,
} from '../../src/placement/index.js';
import {
  type BoardText,
  board,
  boot,
  DEFAULT,
  MIB,
  MINIMAL,
  pool,
  reg,
  size,
  VIRT_OCCUPIED,
  version,
} from './board.js';

const C = pool('linux,cma', size(64 * MIB) + DEFAULT);
const input = (text: BoardText, kernel = '7.3', rest: Partial<PlacementInput> = {}): PlacementInput => ({
  tree: board(text),
  kernel: version(kernel),
  architecture: 'arm64',
  pageSizeBytes: 4096n,
  config: MINIMAL,
  commandLine: '',
  occupied: VIRT_OCCUPIED ?? [],
  ...rest,
});

describe('memory map', () => {
  const tee = `tee@50000000 { no-map; ${reg(0x50000000, 2 * MIB)} };`;

  test('every byte of RAM stands in it once', () => {
    const map = memoryMap(input({ nodes: C + tee }));
    const [bank] = map.banks;
    let at = bank?.baseAddress ?? 0n;
    for (const segment of bank?.segments ?? []) {
      expect(segment.baseAddress).toBe(at);
      at += segment.sizeBytes;
    }
    expect(at).toBe(0x60000000n);
    expect(bank?.segments.map(({ kind, owners }) => [kind, ...owners.map(({ name }) => name)])).toEqual([
      ['free'],
      ['kernel', 'kernel'],
      ['free'],
      ['kernel', 'initrd'],
      ['free'],
      ['kernel', 'dtb'],
      ['free'],
      ['reserved', 'tee@50000000'],
      ['free'],
      ['area', 'linux,cma'],
    ]);
  });

  test('what is not certain, the limits, and what no input states', () => {
    const memory = 'memory@0 { device_type = "memory"; reg = <0x0 0x80000000 0x1 0x0>; };';
    const map = memoryMap(input({ memory }, '7.3', { occupied: [] }));
    expect(map.regions.map(({ name, certainty }) => [name, certainty])).toEqual([['reserved', 'open']]);
    expect(map.zoneBoundaries).toEqual([0x1_0000_0000n]);
    expect(map.reaches).toEqual([{ end: 0x1_0000_0000n, who: 'a device with 32 address bits' }]);
    expect(map.notStated).toEqual(['kernel', 'initrd', 'dtb']);
    expect(memoryMap(input({ memory: '' }, '7.3')).isRamKnown).toBe(false);
    expect(map.isRamKnown).toBe(true);
  });

  test('a node without a base that is not an area has its place, and a refused one has none', () => {
    const nodes = `fw { ${size(2 * MIB)} no-map; };${pool('cma@50100000', reg(0x50100000, 16 * MIB))}`;
    const map = memoryMap(input({ nodes }, '6.12'));
    expect(map.regions).toContainEqual(
      expect.objectContaining({ name: 'fw', kind: 'reserved', sizeBytes: 2n << 20n, notes: ['not mapped'] }),
    );
    expect(map.refused.map(({ name }) => name)).toEqual(['cma@50100000']);
    const certaintyOf = (fw: string, occupied = VIRT_OCCUPIED ?? []) =>
      memoryMap(input({ nodes: `${C}${fw}` }, '6.12', { occupied })).regions.find(({ name }) => name === 'fw')
        ?.certainty;
    expect(certaintyOf(nodes)).toBe('certain');
    // Some loaders put an image at the top of RAM, and none of them in this window.
    expect(certaintyOf(nodes, [])).toBe('open');
    const window = 'alloc-ranges = <0x0 0x4c000000 0x0 0x1000000>;';
    expect(certaintyOf(`fw { ${size(2 * MIB)} no-map; ${window} };`, [])).toBe('probable');
  });
});

describe('explain', () => {
  const text = (reasons: readonly { readonly text: string }[] | undefined) => reasons?.map((r) => r.text).join('\n');

  test('a region that becomes the default', () => {
    const explained = explainRegion(input({ nodes: C }), 'linux,cma');
    expect(text(explained?.reasons)).toBe(`\
compatible "shared-dma-pool" with reusable requests a CMA area
size without alloc-ranges: the kernel uses the highest free memory
nodes without a base are placed in the order of the tree; this one is child 1 of /reserved-memory
area linux,cma: 64 MiB at 0x5c000000
it is the default area
under /dev/dma_heap: default_cma_region and linux,cma`);
    expect(explained?.reasons[1]?.source).toBe('drivers/of/of_reserved_mem.c: __reserved_mem_alloc_size');
  });

  test('a region that is refused, found without its unit address', () => {
    const nodes = pool('cma@50100000', reg(0x50100000, 16 * MIB));
    const explained = explainRegion(input({ nodes }, '6.12'), 'cma');
    expect(explained?.title).toBe('region cma@50100000');
    expect(text(explained?.reasons)).toContain('base and size must be multiples of 0x400000: freed');
  });

  test('the area from Kconfig, a disabled node, an unknown one', () => {
    expect(text(explainRegion(input({}), 'reserved')?.reasons)).toContain('the kernel makes it from CONFIG_CMA_SIZE_*');
    const off = { nodes: pool('p', `status = "disabled"; ${size(16 * MIB)}`) };
    expect(text(explainRegion(input(off), 'p')?.reasons)).toContain('the kernel skips it');
    expect(explainRegion(input({}), 'nothing')).toBeUndefined();
  });

  test('heaps', () => {
    expect(text(explainHeap(input({ nodes: C }), 'default_cma_region')?.reasons)).toContain('from 6.17 on');
    expect(text(explainHeap(input({ nodes: C }, '6.12'), 'linux,cma')?.reasons)).toContain(
      'a heap has the name of its area, linux,cma',
    );
    expect(text(explainHeap(input({}), 'system')?.reasons)).toContain('the system heap');
    expect(explainHeap(input({ nodes: C }, '6.12'), 'default_cma_region')).toBeUndefined();
  });
});

describe('from one kernel to another', () => {
  test('names that appear, disappear and move', () => {
    const nodes = C + pool('npu-pool', size(16 * MIB));
    const changes = changesForUserSpace(boot({ nodes }, { kernel: '6.12' }), boot({ nodes }, { kernel: '7.3' }));
    expect(changes.map(({ text }) => text)).toEqual([
      'default_cma_region is new, another name of linux,cma',
      'npu-pool is new',
    ]);
    const back = changesForUserSpace(boot({ nodes }, { kernel: '7.3' }), boot({ nodes }, { kernel: '6.12' }));
    expect(back.map(({ text }) => text)).toEqual([
      'default_cma_region no longer exists; its area is linux,cma',
      'npu-pool no longer exists',
    ]);
    expect(changesForUserSpace(boot({ nodes }), boot({ nodes }))).toEqual([]);
  });

  test('a region that only the new granule takes', () => {
    const nodes = pool('linux,cma', size(66 * MIB) + DEFAULT);
    const config = new Map([...MINIMAL, ['TRANSPARENT_HUGEPAGE', 'y']]);
    const changes = changesForUserSpace(
      boot({ nodes }, { kernel: '6.1', config }),
      boot({ nodes }, { kernel: '6.12', config }),
    );
    expect(changes.map(({ kind, name }) => [kind, name])).toEqual([
      ['heap-gone', 'reserved'],
      ['heap-new', 'linux,cma'],
      ['cma-total', undefined],
    ]);
  });
});

test('JSON has no bigint, addresses are text', () => {
  const json = JSON.parse(JSON.stringify(predictionToJson(boot({ nodes: C }))));
  expect(json).toMatchObject({
    outcome: 'boots',
    areas: [{ name: 'linux,cma', baseAddress: '0x5c000000', sizeBytes: 67108864, isDefault: true }],
    cmaTotalBytes: 67108864,
    heaps: [
      { name: 'system', area: null },
      { name: 'linux,cma', area: 'linux,cma', usable: true },
    ],
    rejected: [],
    unknown: [],
  });
});
