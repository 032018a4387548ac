/** The memory map: whatever the RAM and its regions are, everything is drawn once, in order, labelled, and no guess as a fact. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemoryMap, MemoryRegion } from '../../src/placement/index.js';
import { type LabelItem, type Layout, layOut, type Measures } from '../../src/report/layout.js';
import { drawMap } from '../../src/report/map.js';
import { endOf, notesOf, overlap, roughSize, type ShownMap, shownMap } from '../../src/report/model.js';
import { formatMap } from '../../src/report/text.js';

const MIB = 1n << 20n;
const GIB = 1n << 30n;
const hex = (value: bigint) => `0x${value.toString(16)}`;

const region = (name: string, base: bigint, size: bigint, rest: Partial<MemoryRegion> = {}): MemoryRegion => ({
  name,
  kind: 'reserved',
  certainty: 'certain',
  notes: [],
  baseAddress: base,
  sizeBytes: size,
  ...rest,
});

const memory = (
  banks: readonly (readonly [bigint, bigint])[],
  regions: readonly MemoryRegion[],
  rest: Partial<MemoryMap> = {},
): MemoryMap => ({
  banks: banks.map(([baseAddress, sizeBytes]) => ({ baseAddress, sizeBytes, segments: [] })),
  outside: [],
  regions,
  zoneBoundaries: [],
  reaches: [],
  isRamKnown: true,
  notStated: [],
  refused: [],
  ...rest,
});
const one = (map: MemoryMap) => shownMap([{ kernel: '6.12', map }]);

const PICTURE: Measures = {
  least: [5, 8, 11, 14, 18, 22, 30, 38],
  farthest: 40,
  most: 130,
  leastFree: 4,
  mostFree: 34,
  target: 220,
  isBesideRegion: false,
  heightOf: (item) => (item.kind === 'region' ? 38 : 22),
};

/** 64 MiB to 64 GiB in one to three banks, and 1 to 40 regions anywhere in them, from a page to a quarter of the bank. */
const anyMap: fc.Arbitrary<ShownMap> = fc
  .record({
    start: fc.constantFrom(0n, 0x20_0000n, 0x4000_0000n, 0x8000_0000n),
    ram: fc.bigInt({ min: 64n * MIB, max: 64n * GIB }),
    parts: fc.integer({ min: 1, max: 3 }),
    regions: fc.array(
      fc.record({
        at: fc.bigInt({ min: 0n, max: 9999n }),
        shift: fc.integer({ min: 12, max: 34 }),
        kind: fc.constantFrom('area', 'reserved', 'kernel'),
        certainty: fc.constantFrom('certain', 'probable', 'open'),
        notes: fc.constantFrom([], ['not mapped'], ['default', 'heap linux,cma']),
        name: fc.constantFrom('linux,cma', 'optee@9e800000', 'r5f-dma-memory@a0000000', 'x'.repeat(60)),
      }),
      { minLength: 1, maxLength: 40 },
    ),
    limits: fc.array(fc.bigInt({ min: 1n, max: 70n * GIB }), { maxLength: 3 }),
  })
  .map(({ start, ram, parts, regions, limits }) => {
    const page = 4096n;
    const each = (ram / BigInt(parts) / page) * page;
    const banks = Array.from({ length: parts }, (_, i) => [start + BigInt(i) * (each + 256n * MIB), each] as const);
    return one(
      memory(
        banks,
        regions.map(({ at, shift, kind, certainty, notes, name }, i): MemoryRegion => {
          const [base, size] = banks[i % parts] ?? [0n, each];
          const length = [1n << BigInt(shift), size / 4n].reduce((a, b) => (a < b ? a : b));
          const from = base + (((size - length) * at) / 10000n / page) * page;
          return {
            name: `n${i}-${name}`,
            kind: kind as MemoryRegion['kind'],
            certainty: certainty as MemoryRegion['certainty'],
            notes,
            baseAddress: from,
            sizeBytes: (length / page) * page,
          };
        }),
        { zoneBoundaries: limits, reaches: limits.map((end) => ({ end, who: 'a device' })) },
      ),
    );
  });

const regionsIn = (layout: Layout) => layout.banks.flatMap(({ boxes }) => boxes.map((box) => box.region));

describe('the layout of any memory', () => {
  test('every region has a box and a label in its bank, and no label covers another', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const layout = layOut(map, PICTURE);
        expect(new Set(regionsIn(layout))).toEqual(new Set(map.regions));
        for (const { labels, boxes, height } of layout.banks) {
          const named = labels.flatMap(({ item }) => (item.kind === 'region' ? [item.region] : []));
          expect(new Set(named)).toEqual(new Set(boxes.map((box) => box.region)));
          expect(named).toHaveLength(boxes.length);
          for (const [i, { y, height: own }] of labels.entries()) {
            expect(y).toBeGreaterThanOrEqual(0);
            expect(y + own).toBeLessThanOrEqual(labels[i + 1]?.y ?? height);
          }
        }
      }),
    );
  });

  test('boxes are in the order of their addresses, sizes keep their order, and boxes side by side do not meet', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        for (const { bands, boxes } of layOut(map, PICTURE).banks) {
          let y = 0;
          for (const band of bands) {
            expect(band.y).toBe(y);
            y += band.height;
            for (const other of bands)
              if (band.isFree === other.isFree && band.sizeBytes > other.sizeBytes && other.sizeBytes > 0n)
                expect(band.height).toBeGreaterThanOrEqual(other.height);
          }
          for (const a of boxes)
            for (const b of boxes) {
              if (a.region.baseAddress < b.region.baseAddress) expect(a.y).toBeLessThanOrEqual(b.y);
              if (a !== b && a.y < b.y + b.height && b.y < a.y + a.height) {
                expect(a.lanes).toBe(b.lanes);
                expect(a.lane).not.toBe(b.lane);
              }
              expect(a.height).toBeGreaterThanOrEqual(5);
            }
        }
      }),
    );
  });

  test('one scale holds for all banks: a range that is not to scale is marked', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const { banks, unitBytes } = layOut(map, PICTURE);
        for (const band of banks.flatMap(({ bands }) => bands)) {
          const exact = Number(band.sizeBytes) / Number(unitBytes);
          if (!band.isBroken && !band.isRaised) expect(Math.abs(band.height - exact)).toBeLessThanOrEqual(1);
          if (band.isBroken) expect(exact).toBeGreaterThan(band.height);
        }
      }),
    );
  });

  test('the picture and the text name every region with its size, and mark each guess', () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const picture = drawMap(map).markup;
        const text = formatMap(map);
        for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
        const rows = text.split('\n').filter((line) => line.includes('x'));
        for (const shown of map.regions) {
          const row = rows.find((line) => line.includes(`${roughSize(shown.sizeBytes)}  ${shown.name}`.slice(0, 40)));
          expect(row, text).toContain(`${hex(shown.baseAddress)} `);
          expect(picture).toContain(`<title>${shown.name}, ${roughSize(shown.sizeBytes)}, ${hex(shown.baseAddress)}-`);
          if (shown.certainty !== 'certain') expect(notesOf(shown)[0]).toMatch(/^(?:probably|possibly) here/);
        }
        for (const box of picture.match(/<rect class="box [^>]*>/g) ?? [])
          expect(box.includes('url(#hatch-'), box).toBe(!box.includes(' certain'));
        expect(text.replaceAll('\n', ' ').includes('? not certain')).toBe(
          map.regions.some(({ certainty }) => certainty !== 'certain'),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('several kernels', () => {
  const cma = (base: bigint, rest: Partial<MemoryRegion> = {}) =>
    region('linux,cma', base, 64n * MIB, { kind: 'area', notes: ['default', 'heap linux,cma'], ...rest });
  const map = shownMap([
    { kernel: '5.15', map: memory([[0n, GIB]], [cma(0x3000_0000n), region('tee', 0n, MIB)]) },
    {
      kernel: '7.3',
      map: memory([[0n, GIB]], [cma(0x3c00_0000n, { certainty: 'probable' }), region('tee', 0n, MIB)]),
    },
  ]);

  test('what moves is there once for each place, with its kernels; what stays is there once', () => {
    expect(map.regions.map(({ name, baseAddress, kernels }) => [name, hex(baseAddress), kernels])).toEqual([
      ['tee', '0x0', undefined],
      ['linux,cma', '0x30000000', ['5.15']],
      ['linux,cma', '0x3c000000', ['7.3']],
    ]);
    expect(map.regions.map(notesOf)).toEqual([
      [],
      ['only on Linux 5.15', 'default', 'heap linux,cma'],
      ['probably here', 'only on Linux 7.3', 'default', 'heap linux,cma'],
    ]);
    expect(drawMap(map).markup).toContain('<rect class="box area certain moves"');
  });

  test('the least certain kernel decides, notes hold on all, and two kernels do not conflict', () => {
    const both = shownMap([
      { kernel: '5.15', map: memory([[0n, GIB]], [cma(0n, { certainty: 'open' })]) },
      {
        kernel: '7.3',
        map: memory([[0n, GIB]], [cma(0n, { notes: ['heap linux,cma', 'heap default_cma_region'] })]),
      },
    ]);
    expect(both.regions).toMatchObject([{ certainty: 'open', notes: ['heap linux,cma'], kernels: undefined }]);
    const apart = shownMap([
      { kernel: '5.15', map: memory([[0n, GIB]], [cma(0n)]) },
      { kernel: '7.3', map: memory([[0n, GIB]], [cma(MIB)]) },
    ]);
    expect(apart.regions.map(({ isConflict }) => isConflict)).toEqual([false, false]);
  });
});

test('memory that has two owners is marked, unless both only reserve it', () => {
  const map = one(
    memory(
      [[0n, GIB]],
      [
        region('tee', 0n, 2n * MIB),
        region('vpu', MIB, 4n * MIB, { kind: 'area' }),
        region('a', 64n * MIB, MIB),
        region('b', 64n * MIB, MIB),
      ],
    ),
  );
  expect(map.regions.map((shown) => [shown.name, shown.isConflict, notesOf(shown)[0]])).toEqual([
    ['tee', true, 'OWNED TWICE: also by vpu'],
    ['vpu', true, 'OWNED TWICE: also by tee'],
    ['a', false, 'overlaps b'],
    ['b', false, 'overlaps a'],
  ]);
});

test('as text', () => {
  const map = one(
    memory(
      [
        [0x4000_0000n, GIB],
        [0x1_0000_0000n, 2n * GIB],
      ],
      [
        region('kernel', 0x4020_0000n, 4n * MIB, { kind: 'kernel' }),
        region('vpu@50000000', 0x5000_0000n, 16n * MIB, { kind: 'area', notes: ['heap vpu@50000000'] }),
        region('tee@50000000', 0x5000_0000n, 2n * MIB, { notes: ['not mapped'] }),
        region('linux,cma', 0x7000_0000n, 256n * MIB, { kind: 'area', certainty: 'probable', notes: ['default'] }),
        region('far@900000000', 0x9_0000_0000n, 16n * MIB, { kind: 'area' }),
      ],
      {
        zoneBoundaries: [0x1_0000_0000n],
        reaches: [{ end: 0x6000_0000n, who: 'the bus /soc, by its dma-ranges,' }],
        notStated: ['initrd', 'dtb'],
        refused: [{ name: 'bad@1', reason: 'it is not aligned' }],
      },
    ),
  );
  expect(`\n${formatMap(map)}`).toMatchInlineSnapshot(`
    "
     0x40000000 +------+ RAM, 1 GiB
     0x40000000 |      |     2 MiB  not reserved
     0x40200000 |kkkkkk|     4 MiB  kernel
     0x40600000 ~      ~   250 MiB  not reserved
     0x50000000 |##|xxx|    16 MiB  vpu@50000000 (OWNED TWICE: also by
                |##|xxx|              tee@50000000, heap vpu@50000000)
     0x50000000 |##|xxx|     2 MiB  tee@50000000 (OWNED TWICE: also by
                |##|xxx|              vpu@50000000, not mapped)
                |##|   |
     0x51000000 ~      ~   240 MiB  not reserved
                |------|            DMA limit of the bus /soc, by its dma-ranges
                |------|            (0x60000000)
     0x60000000 ~      ~   256 MiB  not reserved
     0x70000000 |#?#?#?|   256 MiB  linux,cma (probably here, default)
                |#?#?#?|
                |#?#?#?|
                |#?#?#?|
                |------|            end of a memory zone, which an area must not
                |------|            cross (0x100000000)
     0x80000000 +------+
    0x100000000 +------+ RAM, 2 GiB, above the DMA limit at 0x60000000
    0x100000000 ~      ~     2 GiB  not reserved
    0x180000000 +------+
    not RAM:
      far@900000000, 0x900000000-0x901000000, 16 MiB
    refused, so without a place:
      bad@1: it is not aligned
    not drawn, because no input states the place: initrd, dtb
    one row is 64 MiB or less, # CMA area, x reserved, k kernel, initrd, device
    tree, ? not certain, ~ longer than drawn
    probably: every known layout of boot loaders leads to this place
    "
  `);
});

test('memory in which nothing is reserved, and memory that is not known', () => {
  const text = formatMap(one(memory([[0n, 4n * GIB]], [], { isRamKnown: false })));
  expect(text).toContain('The RAM is not known');
  expect(text).toContain('RAM, 4 GiB, assumed');
  expect(text).toContain('4 GiB  not reserved');
  expect(endOf({ baseAddress: 1n, sizeBytes: 2n })).toBe(3n);
  expect(overlap({ baseAddress: 0n, sizeBytes: 1n }, { baseAddress: 1n, sizeBytes: 1n })).toBe(false);
});

test('sizes for people', () => {
  const sizes = [512n, 4096n, 1344n << 10n, 64n * MIB, 1023n * MIB, (31n * GIB) / 2n, 64n * GIB];
  expect(sizes.map(roughSize)).toEqual(['512 bytes', '4 KiB', '1.3 MiB', '64 MiB', '1023 MiB', '15.5 GiB', '64 GiB']);
});

test('labels at one place move apart evenly', () => {
  const regions = [0n, 1n, 2n].map((i) => region(`r${i}`, 512n * MIB + i * 4096n, 4096n));
  const heightOf = (_: LabelItem) => 38;
  const [bank] = layOut(one(memory([[0n, GIB]], regions)), { ...PICTURE, least: [5], heightOf }).banks;
  const tops = bank?.labels.map(({ y }) => y) ?? [];
  expect(tops.map((y) => y - (tops[0] ?? 0))).toEqual([0, 38, 76]);
});
