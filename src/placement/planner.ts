/** Chooses how regions are written into a board's tree, so that its kernel places them where their users reach them. */
import { type Diagnostic, defineCodes, type Outcome, reporter } from '../diagnostic/index.js';
import { cellsValue, type Fdt, makeFdt, type NodeSpec, splitCells, stringsValue } from '../fdt/index.js';
import { alignDown, alignUp, formatAddress, formatBytes, isAligned } from '../quantity/index.js';
import { holesIn, holesWithout, largest } from './holes.js';
import type { MemoryRange, PlacementInput } from './input.js';
import { higher, type Interval, IntervalSet, interval, lower } from './interval-set.js';
import { predict } from './predict.js';
import type { Prediction } from './prediction.js';
import { isPool, type ReservedNode, readReservedMemory } from './reserved-nodes.js';
import { situationOf } from './settle.js';
import type { Situation } from './situation.js';

/** What a region is to be. */
export interface RegionWish {
  /** Node name without a unit address. */
  readonly name: string;
  readonly sizeBytes: bigint;
  readonly isDefault?: boolean;
  /** Address bits of the weakest user; absent: 32 for a default area, else any RAM. */
  readonly addressBits?: number;
  readonly allocRanges?: readonly MemoryRange[];
  readonly alignmentBytes?: bigint;
  /** A base that must be kept. */
  readonly baseAddress?: bigint;
  /** A base that is the same at every boot; the planner picks it. */
  readonly isFixed?: boolean;
  /** JSON pointer of the wish in the profile, for findings. */
  readonly pointer?: string;
}

export interface PlannedRegion {
  /** With unit address when the base is fixed; the name of the node that is changed when the board has one. */
  readonly nodeName: string;
  readonly wish: RegionWish;
  readonly sizeBytes: bigint;
  /** `reg`; undefined: the kernel places it (`size`). */
  readonly baseAddress: bigint | undefined;
  /** Best first; empty: anywhere. */
  readonly allocRanges: readonly MemoryRange[];
  readonly alignmentBytes: bigint | undefined;
  /** A node of the board that is changed instead of adding a second default. */
  readonly changes: string | undefined;
  readonly because: readonly { readonly text: string; readonly facts: readonly string[] }[];
}

export interface RegionPlan {
  readonly regions: readonly PlannedRegion[];
  /** The tree with the regions in it, in the order that fdtoverlay leaves. */
  readonly tree: Fdt;
  readonly prediction: Prediction;
}

export const PLANNER_CODES = defineCodes({
  'placement/no-room': {
    severity: 'error',
    title: 'no room for a region',
    explain: "No free, aligned hole within the ranges and the reach of the region's users is large enough.",
  },
  'placement/little-left': {
    severity: 'warning',
    title: 'little memory left for the kernel',
    explain: 'Every region finds its place, and outside of them the kernel may not find enough to boot with.',
  },
  'placement/base-taken': {
    severity: 'error',
    title: 'a base that cannot be used',
    explain: 'The wanted base is misaligned, not RAM, in use, or crosses a memory zone.',
  },
  'placement/cells-unusable': {
    severity: 'error',
    title: 'cells in which no region can be written',
    explain:
      'The root has no usable #address-cells and #size-cells (1 or 2), or the addresses do not fit into one cell.',
  },
  'placement/ram-unknown': {
    severity: 'error',
    title: 'RAM banks are not known',
    explain: 'About half of all device trees state no RAM: the boot loader fills it in. State the banks.',
  },
});

const report = reporter(PLANNER_CODES);

interface Segment extends Interval {
  /** Aligned free memory in it. */
  readonly holes: readonly Interval[];
}

/**
 * Chooses `size` or `reg`, ranges and bases for regions that must exist together.
 * @param input the board without the regions
 * @returns a plan and what the simulator makes of it, or why there is none and the most that would fit. Every region has
 * its place; what else may go wrong (a full table of areas, cma= on the command line) is in the prediction.
 */
export function planRegions(input: PlacementInput, wishes: readonly RegionWish[]): Outcome<RegionPlan> {
  const { situation, questions } = situationOf(input);
  if (questions.some(({ about }) => about === 'memory') || situation.banks.length === 0)
    return { diagnostics: [ramUnknown()] };
  const { rootCells } = situation.reservedMemory;
  if (![rootCells.address, rootCells.size].every((count) => count === 1 || count === 2))
    return {
      diagnostics: [
        report('placement/cells-unusable', {
          message: `the root has #address-cells <${rootCells.address}> and #size-cells <${rootCells.size}>`,
          cause: 'the kernel reads reservations in these cells, and reads only 1 or 2 of them',
          fix: 'repair the root of the base device tree',
          facts: ['reserved-memory.cells'],
        }),
      ],
    };
  const granule = questions
    .flatMap(({ about, answers }) => (about === 'granule' ? answers : []))
    .map((answer) => answer.minimumAlignmentBytes)
    .reduce(higher, situation.minimumAlignmentBytes);
  const settled = { ...situation, minimumAlignmentBytes: granule };
  const pinned = new Set<RegionWish>();
  for (;;) {
    const planner = new Planner(settled, wishes, pinned);
    // Bases that are given leave no choice; the largest of the others has the least.
    const ordered = [...wishes].sort(
      (a, b) => rank(a, pinned) - rank(b, pinned) || (a.sizeBytes > b.sizeBytes ? -1 : 1),
    );
    for (const wish of ordered) planner.plan(wish);
    if (planner.diagnostics.length > 0) return { diagnostics: planner.diagnostics };
    const regions = wishes.flatMap((wish) => planner.regions.find((region) => region.wish === wish) ?? []);
    const tree = treeWithRegions(input.tree, regions);
    const prediction = predict({ ...input, tree });
    const refused = regions.filter(
      ({ nodeName, baseAddress }) =>
        baseAddress === undefined &&
        prediction.rejected.some(
          ({ node, family }) => node === nodeName && (family === 'alloc-failed' || family === 'not-activated'),
        ),
    );
    // The kernel's order can leave no hole where ours does: such a region gets a base.
    if (refused.length === 0) return { value: { regions, tree, prediction }, diagnostics: littleLeft(prediction) };
    for (const { wish } of refused) pinned.add(wish);
  }
}

function rank(wish: RegionWish, pinned: ReadonlySet<RegionWish>): number {
  if (wish.baseAddress !== undefined) return 0;
  return wish.isFixed === true || pinned.has(wish) ? 1 : 2;
}

class Planner {
  readonly diagnostics: Diagnostic[] = [];
  readonly regions: PlannedRegion[] = [];
  readonly #situation: Situation;
  readonly #free: IntervalSet;
  readonly #oldDefault: ReservedNode | undefined;

  readonly #pinned: ReadonlySet<RegionWish>;

  constructor(situation: Situation, wishes: readonly RegionWish[], pinned: ReadonlySet<RegionWish>) {
    this.#situation = situation;
    this.#pinned = pinned;
    const old = situation.reservedMemory.nodes.filter((node) => isPool(node) && node.isDefault);
    this.#oldDefault = wishes.some((wish) => wish.isDefault === true) ? old[0] : undefined;
    this.#free = new IntervalSet(holesWithout(situation, this.#oldDefault === undefined ? [] : [this.#oldDefault]));
  }

  plan(wish: RegionWish): void {
    const granule = this.#situation.minimumAlignmentBytes;
    const because: PlannedRegion['because'][number][] = [];
    const sizeBytes = alignUp(wish.sizeBytes, granule);
    because.push({
      text:
        sizeBytes === wish.sizeBytes
          ? `${formatBytes(sizeBytes)} is a multiple of ${formatBytes(granule)}`
          : `${formatBytes(wish.sizeBytes)} rounded up to a multiple of ${formatBytes(granule)}: the kernel does not round`,
      facts: ['cma.minimum-alignment', 'reserved-memory.size-rounding'],
    });
    const old = wish.isDefault === true ? this.#oldDefault : undefined;
    if (old !== undefined)
      because.push({
        text: `the board has ${old.name} as its default: it is changed, a second default would fight it`,
        facts: ['cma.default-winner'],
      });
    const mustFix = wish.isFixed === true || this.#pinned.has(wish) || old?.reg !== undefined;
    if (old?.reg !== undefined && wish.isFixed !== true)
      because.push({
        text: `${old.name} has reg, which an overlay cannot delete and which wins over size`,
        facts: ['reserved-memory.alloc-ranges'],
      });
    if (this.#pinned.has(wish))
      because.push({
        text: 'a base, because the order in which the kernel places regions without one leaves no room for all',
        facts: ['reserved-memory.order'],
      });
    const granularity = higher(granule, wish.alignmentBytes ?? 0n);
    if (wish.baseAddress !== undefined) {
      this.#planBase(wish, interval(wish.baseAddress, sizeBytes), because, old);
      return;
    }
    const end = reachEnd(wish);
    if (end !== undefined)
      because.push({
        text: `users reach ${formatAddress(end)}${wish.addressBits === undefined ? ' (32 address bits, unless stated)' : ''}`,
        facts: ['cma.dma-zone'],
      });
    const segments = this.#segments(wish, end);
    const holes = segments.flatMap((segment) => holesIn(segment.holes, [segment], granularity));
    const hole = holes.findLast((one) => one.end - one.start >= sizeBytes);
    if (hole === undefined) {
      this.diagnostics.push(this.#noRoom(wish, sizeBytes, holes));
      return;
    }
    const base = alignDown(hole.end - sizeBytes, granularity);
    const range = interval(base, sizeBytes);
    this.#free.remove(range);
    if (mustFix) {
      because.push({
        text: `the top of the largest reachable hole, ${formatBytes(hole.end - hole.start)} at ${formatAddress(hole.start)}`,
        facts: [],
      });
      this.#add(wish, range, { baseAddress: base, allocRanges: [], because, old });
      return;
    }
    because.push({ text: 'size, so that the kernel finds the place around whatever the firmware took', facts: [] });
    const allocRanges = this.#ranges(wish, segments, sizeBytes, end, because, old);
    this.#add(wish, range, { baseAddress: undefined, allocRanges, because, old });
  }

  #planBase(
    wish: RegionWish,
    range: Interval,
    because: PlannedRegion['because'][number][],
    old: ReservedNode | undefined,
  ): void {
    const granule = this.#situation.minimumAlignmentBytes;
    const edge = this.#situation.zones.boundaries.find((at) => range.start < at && at < range.end);
    const banks = new IntervalSet(this.#situation.banks);
    const wrong = !isAligned(range.start, granule)
      ? `is no multiple of ${formatBytes(granule)}`
      : !banks.contains(range)
        ? 'is not inside one stretch of RAM'
        : edge !== undefined
          ? `crosses ${formatAddress(edge)}, where a memory zone ends`
          : !this.#free.contains(range)
            ? 'is in use'
            : undefined;
    if (wrong !== undefined) {
      const best = largest(this.#free.ranges);
      this.diagnostics.push(
        report('placement/base-taken', {
          ...pointerOf(wish, '/base'),
          message: `${formatBytes(range.end - range.start)} at ${formatAddress(range.start)} for ${wish.name} ${wrong}`,
          cause: 'the kernel would refuse the region, or accept it and corrupt memory',
          fix:
            best === undefined
              ? 'no memory is free'
              : `choose a base in ${formatBytes(best.end - best.start)} at ${formatAddress(best.start)}, or leave the base out`,
          facts: ['cma.overlap', 'cma.outside-ram', 'cma.zone'],
        }),
      );
      return;
    }
    because.push({ text: `the base ${formatAddress(range.start)} is free`, facts: [] });
    this.#free.remove(range);
    this.#add(wish, range, { baseAddress: range.start, allocRanges: [], because, old });
  }

  /** Zones of banks within the wish's ranges and reach, ascending, with what is free in them. */
  #segments(wish: RegionWish, end: bigint | undefined): Segment[] {
    const { banks, zones, minimumAlignmentBytes } = this.#situation;
    const allowed = wish.allocRanges?.map((range) => interval(range.baseAddress, range.sizeBytes));
    return new IntervalSet(banks).ranges
      .flatMap((bank) => {
        const inside = zones.boundaries.filter((at) => bank.start < at && at < bank.end);
        const edges = [bank.start, ...inside, bank.end];
        return edges.slice(0, -1).map((start, i) => ({ start, end: edges[i + 1] as bigint }));
      })
      .flatMap((zone) => {
        const top = end === undefined ? zone.end : lower(zone.end, end);
        const reachable = new IntervalSet([{ start: zone.start, end: top }]);
        return allowed === undefined ? reachable.ranges : allowed.flatMap((range) => reachable.within(range));
      })
      .map((range) => ({ ...range, holes: holesIn(this.#free.ranges, [range], minimumAlignmentBytes) }));
  }

  /** Ranges to write; none when the kernel's own choice, the highest hole of all RAM, is right already. */
  #ranges(
    wish: RegionWish,
    segments: readonly Segment[],
    sizeBytes: bigint,
    end: bigint | undefined,
    because: PlannedRegion['because'][number][],
    old: ReservedNode | undefined,
  ): MemoryRange[] {
    const top = this.#situation.banks.map((bank) => bank.end).reduce(higher, 0n);
    const ram = new IntervalSet(this.#situation.banks).ranges;
    const isCut = this.#situation.zones.boundaries.some((at) => ram.some((bank) => bank.start < at && at < bank.end));
    const isStated = wish.allocRanges !== undefined;
    if (!isStated && !isCut && (end === undefined || end >= top) && old?.allocRanges === undefined) return [];
    const rooms = segments.filter((segment) => segment.holes.some((hole) => hole.end - hole.start >= sizeBytes));
    because.push({
      text: isStated
        ? 'alloc-ranges as stated, cut to RAM, zones and reach'
        : old?.allocRanges !== undefined
          ? `${old.name} has alloc-ranges, which an overlay cannot delete: it is set to what is right`
          : isCut
            ? 'alloc-ranges, because RAM has zones and a region must lie in one of them'
            : 'alloc-ranges, because the kernel would otherwise take the top of RAM',
      facts: ['reserved-memory.alloc-ranges', 'cma.zone'],
    });
    return rooms
      .toReversed()
      .map((segment) => ({ baseAddress: segment.start, sizeBytes: segment.end - segment.start }));
  }

  #noRoom(wish: RegionWish, sizeBytes: bigint, holes: readonly Interval[]): Diagnostic {
    const best = largest(holes);
    const most = best === undefined ? 0n : best.end - best.start;
    const wanted = wish.addressBits === undefined ? '' : ` within ${wish.addressBits} address bits`;
    return report('placement/no-room', {
      ...pointerOf(wish, wish.allocRanges === undefined ? '' : '/allocRanges'),
      message: `${formatBytes(sizeBytes)} for ${wish.name} fit nowhere${wanted}`,
      cause:
        best === undefined
          ? 'nothing is free there'
          : `the largest hole is ${formatBytes(most)} at ${formatAddress(best.start)}`,
      fix:
        best === undefined
          ? 'widen alloc-ranges or addressBits, or reserve less elsewhere'
          : `ask for at most ${formatBytes(most)}`,
      facts: ['reserved-memory.alloc-ranges'],
    });
  }

  #add(
    wish: RegionWish,
    range: Interval,
    rest: Pick<PlannedRegion, 'baseAddress' | 'allocRanges' | 'because'> & { readonly old: ReservedNode | undefined },
  ): void {
    const { old, ...place } = rest;
    const nodeName =
      old?.name ?? (place.baseAddress === undefined ? wish.name : `${wish.name}@${range.start.toString(16)}`);
    this.regions.push({
      nodeName,
      wish,
      sizeBytes: range.end - range.start,
      alignmentBytes: wish.alignmentBytes,
      changes: old?.name,
      ...place,
    });
  }
}

/** First address that the users of a region do not reach; undefined: they reach all. */
function reachEnd(wish: RegionWish): bigint | undefined {
  if (wish.addressBits !== undefined) return 1n << BigInt(wish.addressBits);
  return wish.isDefault === true ? 1n << 32n : undefined;
}

const pointerOf = ({ pointer }: RegionWish, below = '') => (pointer === undefined ? {} : { pointer: pointer + below });

function littleLeft({ dangers }: Prediction): Diagnostic[] {
  return dangers
    .filter(({ code }) => code === 'no-room-for-kernel')
    .map(({ reason, facts }) =>
      report('placement/little-left', {
        message: 'every region finds a place, and the kernel may find none for itself',
        cause: reason,
        fix: 'ask for smaller regions, or reserve less elsewhere',
        facts,
      }),
    );
}

function ramUnknown(): Diagnostic {
  return report('placement/ram-unknown', {
    message: 'the RAM of the board is not known',
    cause: 'the device tree has no memory node with a size; the boot loader fills it in',
    fix: 'state the banks: --memory BASE+SIZE, or board.memory in the profile',
  });
}

/** The tree after an overlay with these regions: new nodes come first, the last one added before the others. */
export function treeWithRegions(tree: Fdt, regions: readonly PlannedRegion[]): Fdt {
  const { rootCells: cells, node: old } = readReservedMemory(tree);
  const number = (value: bigint, of: 'address' | 'size') => splitCells(value, cells[of]);
  const write = (region: PlannedRegion): NodeSpec => ({
    name: region.nodeName,
    properties: {
      compatible: stringsValue('shared-dma-pool'),
      reusable: new Uint8Array(),
      ...(region.wish.isDefault === true ? { 'linux,cma-default': new Uint8Array() } : {}),
      ...(region.baseAddress === undefined
        ? { size: cellsValue(...number(region.sizeBytes, 'size')) }
        : { reg: cellsValue(...number(region.baseAddress, 'address'), ...number(region.sizeBytes, 'size')) }),
      ...(region.alignmentBytes === undefined
        ? {}
        : { alignment: cellsValue(...number(region.alignmentBytes, 'address')) }),
      ...(region.allocRanges.length === 0
        ? {}
        : {
            'alloc-ranges': cellsValue(
              ...region.allocRanges.flatMap((range) => [
                ...number(range.baseAddress, 'address'),
                ...number(range.sizeBytes, 'size'),
              ]),
            ),
          }),
    },
  });
  const changed = new Map(regions.map((region) => [region.changes, write(region)]));
  const added = regions
    .filter((region) => region.changes === undefined)
    .map(write)
    .toReversed();
  const kept = (old?.children ?? []).map((child): NodeSpec => {
    const change = changed.get(child.name);
    return change === undefined
      ? child
      : {
          ...change,
          properties: new Map([...child.properties, ...Object.entries(change.properties ?? {})]),
          children: child.children,
        };
  });
  const reserved: NodeSpec = {
    name: 'reserved-memory',
    properties: old?.properties ?? {
      '#address-cells': cellsValue(cells.address),
      '#size-cells': cellsValue(cells.size),
      ranges: new Uint8Array(),
    },
    children: [...added, ...kept],
  };
  const others = tree.root.children.filter((child) => child !== old);
  const { root, ...rest } = tree;
  return makeFdt({ name: '', properties: root.properties, children: [reserved, ...others] }, rest);
}
