/** On random boards: what is planned is what the simulator then finds, with a DTB as without, and no limit is left unsaid. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  applyOverlay,
  cellsValue,
  type Fdt,
  makeFdt,
  type NodeSpec,
  splitCells,
  stringsValue,
} from '../../src/fdt/index.js';
import { resolveModel } from '../../src/model/index.js';
import { lintPlacement, predict } from '../../src/placement/index.js';
import { lintHints, placementInput } from '../../src/plan/board.js';
import { makePlan } from '../../src/plan/index.js';
import { overlayOf } from '../../src/plan/overlay.js';
import { readProfile } from '../../src/profile/load.js';

const MIB = 1n << 20n;
const GIB = 1n << 30n;
const hex = (value: bigint) => `0x${value.toString(16)}`;

interface Range {
  readonly baseAddress: bigint;
  readonly sizeBytes: bigint;
}

interface Board {
  readonly arch: 'arm64' | 'arm' | 'riscv64';
  readonly cells: 1 | 2;
  readonly memory: readonly Range[];
  readonly kernel: { readonly min: string; readonly max: string };
  readonly regions: Readonly<Record<string, object>>;
  readonly pool: Range | undefined;
  readonly bus: bigint | undefined;
}

const board = fc
  .record({
    arch: fc.constantFrom('arm64', 'arm', 'riscv64'),
    start: fc.constantFrom(0n, 0x4000_0000n, 0x8000_0000n, 0x1_0000_0000n),
    first: fc.integer({ min: 2, max: 16 }).map((count) => BigInt(count) * 256n * MIB),
    second: fc.option(fc.integer({ min: 1, max: 16 }).map((count) => BigInt(count) * 256n * MIB)),
    kernel: fc.constantFrom(['5.10', '6.12'], ['6.1', '6.1'], ['6.12', '7.3'], ['7.3', '7.3']),
    size: fc.integer({ min: 1, max: 64 }).map((count) => `${count * 4}M`),
    bits: fc.option(fc.constantFrom(32, 33, 36)),
    range: fc.option(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 2, max: 16 }))),
    other: fc.option(fc.integer({ min: 1, max: 60 }).map((count) => `${count * 4}M`)),
    pool: fc.option(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 2, max: 8 }))),
    bus: fc.option(fc.integer({ min: 3, max: 12 })),
  })
  .map(({ arch, start: wanted, first, second, kernel, size, bits, range, other, pool, bus }): Board => {
    const isNarrow = arch === 'arm';
    const start = isNarrow && wanted >= 4n * GIB ? 0n : wanted;
    const room = isNarrow ? 4n * GIB - 16n * MIB - start : first;
    const memory: Range[] = [{ baseAddress: start, sizeBytes: first < room ? first : room }];
    if (second !== null && !isNarrow) memory.push({ baseAddress: start + 8n * GIB, sizeBytes: second });
    const part = ([at, count]: readonly [number, number]): Range => ({
      baseAddress: start + BigInt(at) * 64n * MIB,
      sizeBytes: BigInt(count) * 64n * MIB,
    });
    return {
      arch: arch as Board['arch'],
      cells: isNarrow ? 1 : 2,
      memory,
      kernel: { min: kernel[0] as string, max: kernel[1] as string },
      regions: {
        'linux,cma': {
          size,
          default: true,
          ...(bits === null ? {} : { addressBits: bits }),
          ...(range === null
            ? {}
            : { allocRanges: [part(range)].map((r) => ({ base: hex(r.baseAddress), size: hex(r.sizeBytes) })) }),
        },
        ...(other === null ? {} : { camera: { size: other } }),
      },
      pool: pool === null ? undefined : part(pool),
      bus: bus === null ? undefined : start + BigInt(bus) * 128n * MIB,
    };
  });

/** The board's DTB: with nothing of its own, or with a default pool that is limited, and a bus that reaches less. */
function dtb({ cells, memory, pool, bus }: Board, hasLimits: boolean): Fdt {
  const range = (r: Range) => [...splitCells(r.baseAddress, cells), ...splitCells(r.sizeBytes, cells)];
  const own = { '#address-cells': cellsValue(cells), '#size-cells': cellsValue(cells) };
  const children: NodeSpec[] = [
    {
      name: `memory@${memory[0]?.baseAddress.toString(16)}`,
      properties: { device_type: stringsValue('memory'), reg: cellsValue(...memory.flatMap(range)) },
    },
  ];
  if (hasLimits && bus !== undefined && (cells === 2 || bus < 4n * GIB))
    children.push({
      name: 'soc',
      properties: {
        ...own,
        'dma-ranges': cellsValue(...splitCells(0n, cells), ...splitCells(0n, cells), ...splitCells(bus, cells)),
      },
    });
  if (hasLimits && pool !== undefined)
    children.push({
      name: 'reserved-memory',
      properties: { ...own, ranges: new Uint8Array() },
      children: [
        {
          name: 'default-pool',
          properties: {
            compatible: stringsValue('shared-dma-pool'),
            reusable: new Uint8Array(),
            size: cellsValue(...splitCells(16n * MIB, cells)),
            'alloc-ranges': cellsValue(...range(pool)),
            'linux,cma-default': new Uint8Array(),
          },
        },
      ],
    });
  return makeFdt({ name: '', properties: own, children });
}

function planned(one: Board, tree: Fdt | undefined, region = 'linux,cma') {
  const text = JSON.stringify({
    version: 1,
    name: 'random',
    board: {
      arch: one.arch,
      cells: { address: one.cells, size: one.cells },
      memory: one.memory.map((r) => ({ base: hex(r.baseAddress), size: hex(r.sizeBytes) })),
    },
    kernel: { version: one.kernel.min === one.kernel.max ? one.kernel.min : one.kernel },
    regions: one.regions,
    heaps: { camera: { region } },
  });
  const { value: loaded } = readProfile('p.json', () => ({ text }));
  if (loaded === undefined) throw new Error('the profile is not read');
  const cells = { address: one.cells, size: one.cells };
  const facts = tree === undefined ? {} : { dtb: { file: 'board.dtb', tree, cells, memory: one.memory } };
  const { value: model } = resolveModel(loaded, facts);
  if (model === undefined) throw new Error('no model');
  const { value: plan, diagnostics } = makePlan(model);
  return { model, plan, diagnostics };
}

const placeOf = ({ plan }: ReturnType<typeof planned>) =>
  plan?.areas.map(({ nodeName, sizeBytes, baseAddress, allocRanges, alignmentBytes }) => ({
    nodeName,
    sizeBytes,
    baseAddress,
    allocRanges,
    alignmentBytes,
  }));

test("a region with the name of the board's default area is the default area, whether the profile says so or not", () => {
  fc.assert(
    fc.property(board, (one) => {
      if (one.pool === undefined) return;
      const { default: _, ...unsaid } = one.regions['linux,cma'] as { default: boolean };
      const plan = (region: object) =>
        planned({ ...one, regions: { 'default-pool': region } }, dtb(one, true), 'default-pool');
      const [said, silent] = [plan({ ...unsaid, default: true }), plan(unsaid)];
      const what = ({ plan: made }: typeof said) => [made?.areas, made?.heaps];
      expect(what(silent)).toEqual(what(said));
      const codes = silent.diagnostics.map(({ code }) => code);
      expect(codes.filter((code) => /^plan\/(?:default-of-board|no-area)$/.test(code))).toEqual([
        'plan/default-of-board',
      ]);
      expect(codes.filter((code) => code !== 'plan/default-of-board')).toEqual(
        said.diagnostics.map(({ code }) => code),
      );
    }),
    { numRuns: 60 },
  );
});

test('a plan without errors is one that the simulator places, on the oldest and the newest kernel', () => {
  const seen = { planned: 0, refused: 0 };
  fc.assert(
    fc.property(board, fc.constantFrom('none', 'bare', 'limits'), (one, kind) => {
      const tree = kind === 'none' ? undefined : dtb(one, kind === 'limits');
      const { model, plan } = planned(one, tree);
      seen[plan === undefined ? 'refused' : 'planned'] += 1;
      if (plan === undefined) return;
      const overlay = overlayOf(plan.areas, model.cells) as Fdt;
      const merged = applyOverlay(model.tree, overlay).value as Fdt;
      for (const kernel of [model.kernel.min, model.kernel.max]) {
        const input = placementInput(model, merged, kernel, plan.areas, plan.symbols);
        const prediction = predict(input);
        expect(prediction.rejected).toEqual([]);
        for (const area of plan.areas)
          expect(prediction.areas.find(({ name }) => name === area.areaName)?.sizeBytes).toBe(area.sizeBytes);
        const lints = lintPlacement({
          ...input,
          base: model.tree,
          overlays: [overlay],
          ...lintHints(model, plan.areas),
        });
        expect(lints.filter(({ status }) => status === 'fail')).toEqual([]);
      }
    }),
    { numRuns: 150 },
  );
  // Boards that have no room say nothing about those that have.
  expect(seen.planned).toBeGreaterThan(seen.refused);
});

test('a DTB that says what the profile says changes nothing', () => {
  fc.assert(
    fc.property(board, (one) => {
      expect(placeOf(planned(one, dtb(one, false)))).toEqual(placeOf(planned(one, undefined)));
    }),
    { numRuns: 100 },
  );
});

test("what lies outside of the board's own limits is said, and only a profile that states ranges gets there", () => {
  fc.assert(
    fc.property(
      board.filter(({ pool }) => pool !== undefined),
      (one) => {
        const { plan, diagnostics } = planned(one, dtb(one, true));
        const area = plan?.areas.find(({ isDefault }) => isDefault);
        if (plan === undefined || area === undefined || one.pool === undefined) return;
        const { baseAddress: start, sizeBytes } = one.pool;
        const place =
          area.baseAddress === undefined
            ? area.allocRanges
            : [{ baseAddress: area.baseAddress, sizeBytes: area.sizeBytes }];
        const parts = place.flatMap((r) =>
          one.memory.flatMap((bank) => {
            const from = r.baseAddress > bank.baseAddress ? r.baseAddress : bank.baseAddress;
            const ends = [r.baseAddress + r.sizeBytes, bank.baseAddress + bank.sizeBytes] as const;
            const to = ends[0] < ends[1] ? ends[0] : ends[1];
            return from < to ? [{ from, to }] : [];
          }),
        );
        const isInside = parts.every(({ from, to }) => start <= from && to <= start + sizeBytes);
        const stated = 'allocRanges' in (one.regions['linux,cma'] ?? {});
        expect(area.nodeName).toBe('default-pool');
        expect(place.length).toBeGreaterThan(0);
        if (!stated) expect(isInside).toBe(true);
        // The reach of a bus is another limit, with another place in the profile.
        const isSaid = diagnostics.some(
          ({ code, pointer }) => code === 'placement/board-limit-left' && pointer?.endsWith('/allocRanges') === true,
        );
        expect(isSaid).toBe(!isInside);
      },
    ),
    { numRuns: 100 },
  );
});

test.each(['command-line', 'kconfig'])(
  'an area by %s has no node, and a node of the board is not silently passed over',
  (delivery) => {
    const seen = { kept: 0, said: 0 };
    fc.assert(
      fc.property(board, fc.integer({ min: 1, max: 16 }), (one, count) => {
        const own = { ...one, regions: { 'linux,cma': { size: `${count * 16}M`, default: true, delivery } } };
        expect(placeOf(planned(own, dtb(own, false)))).toEqual(placeOf(planned(own, undefined)));
        if (one.pool === undefined) return;
        const { plan, diagnostics } = planned(own, dtb({ ...own, bus: undefined }, true));
        const codes = diagnostics.map(({ code }) => code);
        if (delivery === 'kconfig') {
          // The kernel takes the node: neither size nor name of the profile would hold.
          expect([plan, codes.includes('placement/node-decides')]).toEqual([undefined, true]);
          seen.said += 1;
        } else if (plan !== undefined) {
          // Below the limit of the zone for DMA the kernel may take any place that the ranges leave out.
          const { baseAddress: start, sizeBytes } = one.pool;
          const holdsAll = one.memory.every(
            (bank) => start <= bank.baseAddress && bank.baseAddress + bank.sizeBytes <= start + sizeBytes,
          );
          if (codes.includes('placement/board-limit-left')) seen.said += 1;
          else seen.kept += 1;
          if (holdsAll) expect(codes).not.toContain('placement/board-limit-left');
        }
      }),
      { numRuns: 80 },
    );
    expect(seen.said).toBeGreaterThan(seen.kept);
  },
);

test('a base is one place with the DTB and without, and leaves the limits of the board aloud', () => {
  fc.assert(
    fc.property(board, fc.integer({ min: 1, max: 60 }), (one, at) => {
      const bank = one.memory[0] as Range;
      const base = bank.baseAddress + BigInt(at) * 16n * MIB;
      const own = { ...one, regions: { 'linux,cma': { size: '16M', default: true, base: hex(base) } } };
      expect(placeOf(planned(own, dtb(own, false)))).toEqual(placeOf(planned(own, undefined)));
      const { plan, diagnostics } = planned(own, dtb({ ...own, bus: undefined }, true));
      if (plan === undefined || one.pool === undefined) return;
      const { baseAddress: start, sizeBytes } = one.pool;
      const isInside = start <= base && base + 16n * MIB <= start + sizeBytes;
      const isSaid = diagnostics.some(({ code }) => code === 'placement/board-limit-left');
      expect(isSaid).toBe(!isInside);
    }),
    { numRuns: 100 },
  );
});
