/** Trees, command lines and configurations that nobody would write: an answer, in time, never an exception. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellsValue, makeFdt, type NodeSpec, stringsValue } from '../../src/fdt/index.js';
import {
  type Architecture,
  type LintInput,
  lintPlacement,
  PLACEMENT_CODES,
  planRegions,
  predict,
  predictionToJson,
} from '../../src/placement/index.js';
import { IntervalSet } from '../../src/placement/interval-set.js';
import { formatMap, mapOf } from '../../src/report/index.js';
import { boot, MIB, MINIMAL, pool, reg, version } from './board.js';

const bytes = fc.uint8Array({ maxLength: 40 });
const address = fc.oneof(
  fc.constantFrom(0, 1, 0x1000, 0x40000000, 0x48000000, 0x5ffff000, 0x60000000, 0xfffff000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }).map((n) => n >>> 0),
);
const list = fc.array(address, { maxLength: 9 }).map((numbers) => cellsValue(...numbers));
const value = fc.oneof(bytes, list, fc.constant(new Uint8Array()));
const flag = fc.constant(new Uint8Array());

const region: fc.Arbitrary<NodeSpec> = fc.record({
  name: fc.oneof(
    fc.constantFrom('linux,cma', 'system', 'reserved', 'default_cma_region', 'a@1', ''),
    fc.string({ maxLength: 80 }),
  ),
  properties: fc.record(
    {
      compatible: fc.oneof(
        fc.constantFrom(stringsValue('shared-dma-pool'), stringsValue('restricted-dma-pool'), stringsValue('x', 'y')),
        bytes,
      ),
      reg: value,
      size: value,
      alignment: value,
      'alloc-ranges': value,
      reusable: flag,
      'no-map': flag,
      'linux,cma-default': flag,
      status: fc.constantFrom(stringsValue('okay'), stringsValue('disabled'), new Uint8Array()),
      phandle: value,
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Record<string, Uint8Array>>,
});

const cellCount = fc.constantFrom(
  cellsValue(1),
  cellsValue(2),
  cellsValue(2),
  cellsValue(0),
  cellsValue(3),
  cellsValue(0xffffffff),
  new Uint8Array(3),
);
const cellsOf = fc.record({ '#address-cells': cellCount, '#size-cells': cellCount }, { requiredKeys: [] });

const tree = fc
  .record({
    root: cellsOf,
    reserved: cellsOf,
    ranges: fc.boolean(),
    regions: fc.array(region, { maxLength: 8 }),
    memory: fc.array(value, { maxLength: 3 }),
    bootargs: fc.string({ maxLength: 40 }),
    dmaRanges: value,
    block: fc.array(
      fc.record({ baseAddress: fc.bigInt(0n, (1n << 64n) - 1n), sizeBytes: fc.bigInt(0n, (1n << 64n) - 1n) }),
      { maxLength: 3 },
    ),
  })
  .map(({ root, reserved, ranges, regions, memory, bootargs, dmaRanges, block }) =>
    makeFdt(
      {
        name: '',
        properties: root as Record<string, Uint8Array>,
        children: [
          ...memory.map((reg, i) => ({
            name: `memory@${i}`,
            properties: { device_type: stringsValue('memory'), reg },
          })),
          { name: 'chosen', properties: { bootargs: stringsValue(bootargs) } },
          { name: 'soc', properties: { 'dma-ranges': dmaRanges } },
          {
            name: 'reserved-memory',
            properties: {
              ...(reserved as Record<string, Uint8Array>),
              ...(ranges ? { ranges: new Uint8Array() } : {}),
            },
            children: regions,
          },
        ],
      },
      { memoryReservations: block },
    ),
  );

const commandLine = fc.oneof(
  fc.constantFrom(
    '',
    'cma=',
    'cma=0',
    'cma=64M',
    'cma=64M@0x50000000',
    'cma=16E@16E-16E',
    'cma=1@-',
    'cma="',
    'mem=1 vmalloc=0 cma=99999999999999999999999',
  ),
  fc.string({ maxLength: 60 }).map((text) => `cma=${text}`),
);
const config = fc
  .dictionary(
    fc.constantFrom(
      'CMA_SIZE_MBYTES',
      'CMA_AREAS',
      'ARCH_FORCE_MAX_ORDER',
      'PAGE_BLOCK_MAX_ORDER',
      'HUGETLB_PAGE',
      'DMA_CMA',
      'PAGE_OFFSET',
      'CMDLINE',
      'CMDLINE_FORCE',
      'CMA_SIZE_SEL_PERCENTAGE',
      'CMA_SIZE_PERCENTAGE',
      'HIGHMEM',
    ),
    fc.constantFrom('y', 'n', 'm', '0', '1', '8', '32', '999999999999', '-1', '0xffffffff', 'text', ''),
  )
  .map((values) => new Map([...MINIMAL, ...Object.entries(values)]));

const input: fc.Arbitrary<LintInput> = fc.record({
  tree,
  kernel: fc.constantFrom('5.10', '6.1', '6.6', '6.12', '6.17', '7.3', '9.99').map(version),
  architecture: fc.constantFrom<Architecture>('arm64', 'arm', 'riscv64', 'x86_64'),
  pageSizeBytes: fc.constantFrom(4096n, 16384n, 65536n),
  config,
  configComplete: fc.boolean(),
  commandLine,
});

test('every tree gets a prediction, lints, a map and a plan', () => {
  fc.assert(
    fc.property(input, (one) => {
      const prediction = predict(one);
      JSON.stringify(predictionToJson(prediction));
      expect(prediction.outcome === 'unknown' && prediction.unknown.length === 0).toBe(false);
      for (const { field } of prediction.unknown) expect(field).not.toBe('');
      const answered = lintPlacement({ ...one, base: one.tree }).map(({ lint }) => `placement/${lint}`);
      expect(answered.sort()).toEqual(Object.keys(PLACEMENT_CODES).sort());
      formatMap(mapOf([{ input: one }]));
      planRegions(one, [{ name: 'p', sizeBytes: 64n << 20n, isDefault: true }]);
    }),
    { numRuns: 400 },
  );
});

test('a tree full of faults is judged within a second', () => {
  const nodes = Array.from({ length: 3000 }, (_, i) =>
    pool(`p${i}@${(0x40000000 + i * 4096).toString(16)}`, reg(0x40000000 + i * 4096, 2 * MIB)),
  );
  boot({});
  const text = { nodes: nodes.join('') };
  boot(text);
  const before = process.cpuUsage();
  const seen = boot(text);
  const { user } = process.cpuUsage(before);
  expect(user / 1e6).toBeLessThan(1);
  expect(seen.outcome).toBe('unknown');
  expect(seen.unknown[0]?.needs).toContain('at most 1024');
});

test('sets of addresses behave like sets of numbers', () => {
  const operation = fc.record({
    isAdd: fc.boolean(),
    start: fc.integer({ min: 0, max: 30 }),
    length: fc.integer({ min: 0, max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 20 }), operation, (operations, probe) => {
      const set = new IntervalSet();
      const model = new Set<number>();
      for (const { isAdd, start, length } of operations) {
        const range = { start: BigInt(start), end: BigInt(start + length) };
        if (isAdd) set.add(range);
        else set.remove(range);
        for (let i = start; i < start + length; i += 1)
          if (isAdd) model.add(i);
          else model.delete(i);
      }
      const members = set.ranges.flatMap(({ start, end }) =>
        Array.from({ length: Number(end - start) }, (_, i) => Number(start) + i),
      );
      expect(members).toEqual([...model].sort((a, b) => a - b));
      const wanted = Array.from({ length: probe.length }, (_, i) => probe.start + i);
      const range = { start: BigInt(probe.start), end: BigInt(probe.start + probe.length) };
      expect(set.overlaps(range)).toBe(wanted.some((i) => model.has(i)));
      if (probe.length > 0) expect(set.contains(range)).toBe(wanted.every((i) => model.has(i)));
      const all = new IntervalSet([{ start: 0n, end: 50n }]);
      const rest = all
        .without(set)
        .ranges.flatMap(({ start, end }) => Array.from({ length: Number(end - start) }, (_, i) => Number(start) + i));
      expect(rest).toEqual(Array.from({ length: 50 }, (_, i) => i).filter((i) => !model.has(i)));
    }),
  );
});
