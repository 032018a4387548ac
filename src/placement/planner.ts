/** Chooses how regions are written into a board's tree, so that its kernel places them where their users reach them. */

import { type Diagnostic, hasErrors, type Outcome } from '../diagnostic/index.js';
import type { KernelVersion } from '../facts/index.js';
import { applyOverlay, type Fdt, type FdtNode } from '../fdt/index.js';
import type { AddressRange } from '../quantity/index.js';
import { alignDown, alignUp, formatAddress, formatBytes, isAligned } from '../quantity/index.js';
import { boardRegions, displacedBy, limitsLeft, mergedInto, nodeDecides } from './board-regions.js';
import { firstFit, holesIn, holesWithout, largest } from './holes.js';
import type { PlacementInput } from './input.js';
import { higher, type Interval, IntervalSet, interval, lower } from './interval-set.js';
import { report } from './planner-codes.js';
import { poolOverlay } from './pool-node.js';
import { predict } from './predict.js';
import { basesOf, type Prediction } from './prediction.js';
import { type Reach, reachOf, regionUsers, treeReach } from './reach.js';
import { type Because, isInTree, type PlannedRegion, type RegionWish } from './region.js';
import { firstEntry, memoryOfTree, type ReservedNode } from './reserved-nodes.js';
import { situationOf } from './settle.js';
import type { Situation } from './situation.js';

export interface RegionPlan {
  readonly regions: readonly PlannedRegion[];
  /** The tree with the regions in it, as fdtoverlay leaves it. */
  readonly tree: Fdt;
  /** On the newest of the kernels. */
  readonly prediction: Prediction;
}

/** How much of its freedom a region without a base has lost: its ranges as they are, cut to what holds, a base. */
type Freedom = 'ranges' | 'cut' | 'base';

interface Segment extends Interval {
  /** Aligned free memory in it. */
  readonly holes: readonly Interval[];
}

/** What all boots under consideration agree on. */
interface Ground {
  /** One of them; the rest differ in what follows. */
  readonly situation: Situation;
  readonly situations: readonly Situation[];
  /** With kernel, initrd and device tree where boot loaders are known to put them, as far as that is open. */
  readonly layouts: readonly Situation[];
  readonly granule: bigint;
  /** Where a zone ends in any of them. */
  readonly boundaries: readonly bigint[];
  readonly isRamKnown: boolean;
  readonly tree: Fdt;
  readonly users: ReadonlyMap<number, readonly FdtNode[]>;
}

/**
 * Chooses `size` or `reg`, ranges and bases for regions that must exist together.
 * @param input the board without the regions
 * @param kernels every kernel that must place them right; the newest last
 * @returns a plan and what the simulator makes of it, or why there is none and the most that would fit. Every region
 * has its place; what else may go wrong (a full table of areas, cma= on the command line) is in the prediction. Where
 * RAM is not known nothing is proven: regions are limited as stated, and the prediction names what it needs.
 */
export function planRegions(
  input: PlacementInput,
  wishes: readonly RegionWish[],
  kernels: readonly KernelVersion[] = [input.kernel],
): Outcome<RegionPlan> {
  const inputs = kernels.map((kernel) => ({ ...input, kernel }));
  const ground = groundOf(inputs);
  const unwritable = checkCells(ground.situation, wishes);
  if (unwritable.length > 0) return { diagnostics: unwritable };
  const freedom = new Map<RegionWish, Freedom>();
  for (;;) {
    const planner = new Planner(ground, wishes, freedom);
    planner.planAll();
    if (hasErrors(planner.diagnostics)) return { diagnostics: planner.diagnostics };
    const regions = wishes.flatMap((wish) => planner.regions.find((region) => region.wish === wish) ?? []);
    const { value: tree, diagnostics: refusals } = treeWith(input.tree, regions, ground.situation);
    if (tree === undefined) return { diagnostics: refusals };
    const predictions = inputs.map((one) => predict({ ...one, tree }));
    const prediction = predictions.at(-1) as Prediction;
    // The kernel's order can leave no hole where ours does, and its choice within ranges can be a wrong one.
    const misplaced = ground.isRamKnown
      ? planner.regions.filter((region) => predictions.some((one) => planner.isMisplaced(region, one)))
      : [];
    const next = misplaced.filter(({ wish }) => freedom.get(wish) !== 'base');
    if (next.length === 0)
      return {
        value: { regions, tree, prediction },
        diagnostics: [
          ...planner.diagnostics,
          ...planner.narrowed(),
          ...(ground.isRamKnown ? planner.unmade(predictions) : []),
          ...littleLeft(prediction),
        ],
      };
    for (const { wish } of next) freedom.set(wish, planner.lessThan(wish));
  }
}

function groundOf(inputs: readonly PlacementInput[]): Ground {
  const settled = inputs.map((input) => situationOf(input));
  const situations = settled.map(({ situation }) => situation);
  const situation = situations.at(-1) as Situation;
  const granule = settled
    .flatMap(({ questions }) => questions)
    .flatMap(({ about, answers }) => (about === 'granule' ? answers : []))
    .concat(situations)
    .map((one) => one.minimumAlignmentBytes)
    .reduce(higher, 0n);
  const isOpen = settled.some(({ questions }) => questions.some(({ about }) => about === 'memory'));
  const { tree } = inputs[0] as PlacementInput;
  const layouts = settled
    .flatMap(({ questions }) => questions)
    .flatMap(({ about, answers }) => (about === 'layout' ? answers : []));
  return {
    situation: { ...situation, minimumAlignmentBytes: granule },
    situations: situations.map((one) => ({ ...one, minimumAlignmentBytes: granule })),
    layouts: layouts.map((one) => ({ ...one, minimumAlignmentBytes: granule })),
    granule,
    boundaries: [...new Set(situations.flatMap(({ zones }) => zones.boundaries))],
    isRamKnown: !isOpen && hasRam(inputs[0] as PlacementInput, situation),
    tree,
    users: regionUsers(tree),
  };
}

/** Without any region the simulator does not ask for RAM; it then shows a guess. */
function hasRam(input: PlacementInput, { reservedMemory }: Situation): boolean {
  return (input.memory ?? memoryOfTree(input.tree, reservedMemory.rootCells)).length > 0;
}

function checkCells({ reservedMemory }: Situation, wishes: readonly RegionWish[]): Diagnostic[] {
  const inTree = wishes.filter(isInTree);
  const { address, size } = reservedMemory.rootCells;
  if (inTree.length === 0) return [];
  if (![address, size].every((count) => count === 1 || count === 2))
    return [
      report('placement/cells-unusable', {
        message: `the root has #address-cells <${address}> and #size-cells <${size}>`,
        cause: 'the kernel reads reservations in these cells, and supports only 1 or 2 cells',
        fix: 'repair the root of the base device tree',
        facts: ['reserved-memory.cells'],
      }),
    ];
  const beyond = (value: bigint, cells: number) => cells === 1 && value >= GIB4;
  return inTree.flatMap((wish) => {
    const { name, baseAddress = 0n, allocRanges = [], sizeBytes } = wish;
    const isFar = [baseAddress, ...allocRanges.map((r) => r.baseAddress)].some((value) => beyond(value, address));
    const isLong = [sizeBytes, ...allocRanges.map((r) => r.sizeBytes)].some((value) => beyond(value, size));
    if (!isFar && !isLong) return [];
    return [
      report('placement/cells-unusable', {
        ...pointerOf(wish),
        message: `${isFar ? 'an address' : 'a size'} of ${name} does not fit in one cell, which the board's root has`,
        cause: 'one cell holds 32 bits',
        fix: 'stay below 4 GiB',
        facts: ['reserved-memory.cells'],
      }),
    ];
  });
}

class Planner {
  readonly diagnostics: Diagnostic[] = [];
  readonly regions: PlannedRegion[] = [];
  readonly #ground: Ground;
  readonly #wishes: readonly RegionWish[];
  readonly #freedom: ReadonlyMap<RegionWish, Freedom>;
  readonly #old: ReadonlyMap<RegionWish, ReservedNode>;
  readonly #free: IntervalSet;
  /** What is free without the nodes that are changed. */
  readonly #holesOf: (situation: Situation) => readonly Interval[];
  readonly #reach = new Map<RegionWish, Reach | undefined>();

  constructor(ground: Ground, wishes: readonly RegionWish[], freedom: ReadonlyMap<RegionWish, Freedom>) {
    this.#ground = ground;
    this.#wishes = wishes;
    this.#freedom = freedom;
    this.#old = boardRegions(ground.situation.reservedMemory.nodes, wishes.filter(isInTree));
    const left = [...this.#old.values()].map(({ name }) => name);
    this.#holesOf = (situation) =>
      holesWithout(
        situation,
        situation.reservedMemory.nodes.filter((node) => left.includes(node.name)),
      );
    const free = ground.situations.map(this.#holesOf);
    this.#free = new IntervalSet(
      free.reduce((all, holes) => {
        const set = new IntervalSet(holes);
        return all.flatMap((hole) => set.within(hole));
      }),
    );
  }

  planAll(): void {
    // Bases that are given leave no choice; the largest of the others has the least.
    const rank = (wish: RegionWish) =>
      wish.baseAddress !== undefined ? 0 : wish.isFixed === true || this.#freedom.get(wish) === 'base' ? 1 : 2;
    const ordered = [...this.#wishes].sort((a, b) => rank(a) - rank(b) || (a.sizeBytes > b.sizeBytes ? -1 : 1));
    for (const wish of ordered) this.#plan(wish);
    const { situation, isRamKnown } = this.#ground;
    for (const region of this.regions) {
      const displaced = displacedBy(region.wish, situation.reservedMemory.nodes);
      const old = this.#old.get(region.wish) ?? displaced;
      if (displaced !== undefined && region.wish.delivery === 'kconfig')
        this.diagnostics.push(nodeDecides(region.wish, displaced));
      else if (old !== undefined)
        this.diagnostics.push(...limitsLeft(region, old, { situation, isRamKnown, ofTree: this.#ofTree(region.wish) }));
    }
  }

  #plan(wish: RegionWish): void {
    const { granule, isRamKnown } = this.#ground;
    const because: Because[] = [];
    const sizeBytes = alignUp(wish.sizeBytes, granule);
    because.push({
      text:
        sizeBytes === wish.sizeBytes
          ? `${formatBytes(sizeBytes)} is a multiple of ${formatBytes(granule)}`
          : `${formatBytes(wish.sizeBytes)} rounded up to a multiple of ${formatBytes(granule)}: the kernel does not round`,
      facts: ['cma.minimum-alignment', 'reserved-memory.size-rounding'],
    });
    const old = this.#old.get(wish);
    const merged =
      old === undefined && isInTree(wish) && wish.baseAddress === undefined
        ? mergedInto(wish, this.#ground.situation.reservedMemory.nodes)
        : undefined;
    if (merged !== undefined) {
      this.diagnostics.push(merged);
      return;
    }
    if (old !== undefined)
      because.push({
        text: old.isDefault
          ? `the board has ${old.name} as its default area, so the properties go into that node: two default areas conflict`
          : `the board has ${old.name}, so the properties go into that node`,
        facts: ['cma.default-winner'],
      });
    if (wish.baseAddress !== undefined) {
      this.#planBase(wish, interval(wish.baseAddress, sizeBytes), because);
      return;
    }
    if (!isInTree(wish)) {
      this.regions.push({
        ...this.#named(wish, undefined),
        sizeBytes,
        allocRanges: [],
        alignmentBytes: undefined,
        because,
      });
      return;
    }
    if (isRamKnown) this.#planInRam(wish, sizeBytes, because);
    else this.#planBlind(wish, sizeBytes, because);
  }

  /** With nothing known of RAM: what is stated, by the profile or by the board. */
  #planBlind(wish: RegionWish, sizeBytes: bigint, because: Because[]): void {
    const old = this.#old.get(wish);
    const base = old && firstEntry(old)?.baseAddress;
    const ranges = this.#ranges(wish) ?? [];
    const reach = wish.addressBits === undefined ? this.#ofTree(wish) : this.#reachOf(wish);
    const { address, size } = this.#ground.situation.reservedMemory.rootCells;
    const most = size === 1 || address === 1 ? GIB4 - this.#ground.granule : undefined;
    const below =
      reach === undefined || ranges.length > 0
        ? []
        : [{ baseAddress: 0n, sizeBytes: most === undefined ? reach.end : lower(reach.end, most) }];
    because.push({ text: 'as stated: the RAM is not known, so no place can be proven', facts: [] });
    this.regions.push({
      ...this.#named(wish, base),
      sizeBytes,
      allocRanges: base === undefined ? [...ranges, ...below] : [],
      alignmentBytes: this.#alignment(wish),
      because,
    });
  }

  #planInRam(wish: RegionWish, sizeBytes: bigint, because: Because[]): void {
    const old = this.#old.get(wish);
    const isPinned = this.#freedom.get(wish) === 'base';
    const fixed = old && firstEntry(old);
    if (fixed !== undefined)
      because.push({
        text: `${old?.name} has reg, which an overlay cannot delete and which overrides size`,
        facts: ['reserved-memory.alloc-ranges'],
      });
    if (isPinned)
      because.push({
        text: 'a base: without it, the kernel places the regions in an order in which not all of them fit',
        facts: ['reserved-memory.order'],
      });
    const kept = fixed && interval(fixed.baseAddress, sizeBytes);
    if (kept !== undefined && wish.allocRanges === undefined && this.#objection(kept) === undefined) {
      because.push({ text: `the base ${formatAddress(kept.start)} is that of the board`, facts: [] });
      this.#addFixed(wish, kept, because);
      return;
    }
    const granularity = higher(this.#ground.granule, this.#alignment(wish) ?? 0n);
    const found = this.#findRoom(wish, sizeBytes, granularity, because);
    if (found === undefined) return;
    const { hole, segments } = found;
    const range = interval(alignDown(hole.end - sizeBytes, granularity), sizeBytes);
    if (wish.isFixed === true || isPinned || fixed !== undefined) {
      because.push({
        text: `the top of the largest reachable hole, ${formatBytes(hole.end - hole.start)} at ${formatAddress(hole.start)}`,
        facts: [],
      });
      this.#addFixed(wish, range, because);
      return;
    }
    because.push({ text: 'size without a base, so that the kernel avoids the memory of the firmware', facts: [] });
    this.#free.remove(range);
    this.regions.push({
      ...this.#named(wish, undefined),
      sizeBytes,
      allocRanges: this.#written(wish, segments, sizeBytes, because),
      alignmentBytes: this.#alignment(wish),
      because,
    });
  }

  /** The hole that the kernel would take, within the least reach that leaves one. */
  #findRoom(
    wish: RegionWish,
    sizeBytes: bigint,
    granularity: bigint,
    because: Because[],
  ): { readonly hole: Interval; readonly segments: readonly Segment[] } | undefined {
    const stated = this.#reachOf(wish);
    const ofTree = this.#ofTree(wish);
    // What is stated speaks of the devices; the buses between them and memory may reach less.
    const reaches =
      ofTree !== undefined && stated !== undefined && ofTree.end < stated.end ? [ofTree, stated] : [stated];
    let holes: readonly Interval[] = [];
    for (const reach of wish.allocRanges === undefined ? reaches : [this.#statedReach(wish)]) {
      const segments = this.#segments(wish, reach?.end);
      holes = segments.flatMap((segment) => holesIn(segment.holes, [segment], granularity));
      const isInOrder = this.#keepsRanges(wish, reach);
      const fits = (one: Interval) => one.end - one.start >= sizeBytes;
      const hole = isInOrder ? firstFit(holes, this.#ranges(wish) ?? [], fits) : holes.findLast(fits);
      if (hole === undefined) continue;
      this.#reach.set(wish, reach);
      if (reach !== undefined)
        because.push({ text: `${reach.who} reaches ${formatAddress(reach.end)}`, facts: ['cma.dma-zone'] });
      if (reach !== undefined && ofTree !== undefined && ofTree.end < reach.end)
        this.diagnostics.push(
          report('placement/board-limit-left', {
            ...pointerOf(wish, '/addressBits'),
            message: `${wish.name} is placed below ${formatAddress(reach.end)}, but ${ofTree.who} reaches only ${formatAddress(ofTree.end)}`,
            cause: `there is no room for ${formatBytes(sizeBytes)} below ${formatAddress(ofTree.end)}`,
            fix: 'make the region smaller, or check that no device behind that bus uses it',
            facts: ['cma.dma-zone'],
          }),
        );
      return { hole, segments };
    }
    this.diagnostics.push(this.#noRoom(wish, sizeBytes, holes));
    return undefined;
  }

  #planBase(wish: RegionWish, range: Interval, because: Because[]): void {
    const wrong = this.#objection(range);
    if (wrong !== undefined) {
      const best = largest(this.#free.ranges);
      this.diagnostics.push(
        report('placement/base-taken', {
          ...pointerOf(wish, '/base'),
          message: `${formatBytes(range.end - range.start)} at ${formatAddress(range.start)} for ${wish.name} ${wrong}`,
          cause: 'the kernel refuses the region, or accepts it and corrupts memory',
          fix: !this.#ground.isRamKnown
            ? 'choose another base, or omit the base'
            : best === undefined
              ? 'reserve less memory: none is free'
              : `choose a base in ${formatBytes(best.end - best.start)} at ${formatAddress(best.start)}, or omit the base`,
          facts: ['cma.overlap', 'cma.outside-ram', 'cma.zone'],
        }),
      );
      return;
    }
    because.push({ text: `the base ${formatAddress(range.start)} is free`, facts: [] });
    this.#addFixed(wish, range, because);
  }

  /** Why an area cannot lie there; undefined: it can. */
  #objection(range: Interval): string | undefined {
    const { granule, boundaries, situation, isRamKnown } = this.#ground;
    if (!isAligned(range.start, granule)) return `is not a multiple of ${formatBytes(granule)}`;
    if (!isRamKnown) {
      const other = this.regions.find(
        ({ baseAddress, sizeBytes }) =>
          baseAddress !== undefined && baseAddress < range.end && range.start < baseAddress + sizeBytes,
      );
      return other && `overlaps ${other.nodeName}`;
    }
    if (!new IntervalSet(situation.banks).contains(range)) return 'is not inside one range of RAM';
    const edge = boundaries.find((at) => range.start < at && at < range.end);
    if (edge !== undefined) return `crosses ${formatAddress(edge)}, where a memory zone ends`;
    const other = this.regions.find(
      ({ baseAddress, sizeBytes }) =>
        baseAddress !== undefined && baseAddress < range.end && range.start < baseAddress + sizeBytes,
    );
    if (other !== undefined) return `overlaps ${other.nodeName}`;
    return this.#free.contains(range) ? undefined : 'is in use';
  }

  /** Zones of banks within the wish's ranges and reach, ascending, with what is free in them. */
  #segments(wish: RegionWish, end: bigint | undefined): Segment[] {
    const { situation, boundaries, granule } = this.#ground;
    const { address } = situation.reservedMemory.rootCells;
    const top = address === 1 ? GIB4 : undefined;
    const limit = end === undefined ? top : top === undefined ? end : lower(end, top);
    const allowed = this.#ranges(wish)?.map((range) => interval(range.baseAddress, range.sizeBytes));
    return new IntervalSet(situation.banks).ranges
      .flatMap((bank) => {
        const inside = boundaries.filter((at) => bank.start < at && at < bank.end).sort((a, b) => (a < b ? -1 : 1));
        const edges = [bank.start, ...inside, bank.end];
        return edges.slice(0, -1).map((start, i) => ({ start, end: edges[i + 1] as bigint }));
      })
      .flatMap((zone) => {
        const reachable = new IntervalSet([
          { start: zone.start, end: limit === undefined ? zone.end : lower(zone.end, limit) },
        ]);
        return allowed === undefined
          ? reachable.ranges
          : new IntervalSet(allowed).ranges.flatMap((r) => reachable.within(r));
      })
      .map((range) => ({ ...range, holes: holesIn(this.#free.ranges, [range], granule) }));
  }

  /** Ranges to write; none when the kernel's own choice, the highest hole of all RAM, is right already. */
  #written(wish: RegionWish, segments: readonly Segment[], sizeBytes: bigint, because: Because[]): AddressRange[] {
    const { situation, boundaries, granule } = this.#ground;
    const reach = this.#reach.get(wish);
    const ranges = this.#ranges(wish);
    const facts = ['reserved-memory.alloc-ranges', 'cma.zone'];
    if (ranges !== undefined && this.#keepsRanges(wish, reach)) {
      const text =
        wish.allocRanges === undefined
          ? `within the alloc-ranges of ${this.#old.get(wish)?.name}, the limit of the board`
          : 'within the stated alloc-ranges';
      because.push({ text, facts });
      return [...ranges];
    }
    const top = situation.banks.map((bank) => bank.end).reduce(higher, 0n);
    const ram = new IntervalSet(situation.banks).ranges;
    const isCut = boundaries.some((at) => ram.some((bank) => bank.start < at && at < bank.end));
    if (ranges === undefined && !isCut && (reach === undefined || reach.end >= top)) return [];
    because.push({
      text:
        ranges !== undefined
          ? 'alloc-ranges reduced to RAM, zones and reach, because with the stated ones the kernel places the region wrongly'
          : isCut
            ? 'alloc-ranges, because RAM has zones and a region must lie in one of them'
            : 'alloc-ranges, because without them the kernel uses the top of RAM',
      facts,
    });
    // One cell cannot say 4 GiB; without its lowest granule the range means the same.
    const most = situation.reservedMemory.rootCells.size === 1 ? GIB4 - granule : undefined;
    return segments
      .filter((segment) => segment.holes.some((hole) => hole.end - hole.start >= sizeBytes))
      .toReversed()
      .map(({ start, end }) => {
        const length = most === undefined ? end - start : lower(end - start, most);
        return { baseAddress: end - length, sizeBytes: length };
      });
  }

  /** Ranges stay as they are while all of them are within reach and no boot has shown a wrong choice. */
  #keepsRanges(wish: RegionWish, reach: Reach | undefined): boolean {
    const ranges = this.#ranges(wish);
    if (ranges === undefined || this.#freedom.has(wish)) return false;
    if (reach === undefined) return true;
    const ram = new IntervalSet(this.#ground.situation.banks);
    return ranges
      .flatMap((range) => ram.within(interval(range.baseAddress, range.sizeBytes)))
      .every((part) => part.end <= reach.end);
  }

  /** What the profile states, else what the board's own node does. */
  #ranges(wish: RegionWish): readonly AddressRange[] | undefined {
    if (wish.allocRanges !== undefined) return wish.allocRanges;
    const ranges = this.#old.get(wish)?.allocRanges;
    return Array.isArray(ranges) && ranges.length > 0 ? ranges : undefined;
  }

  #alignment(wish: RegionWish): bigint | undefined {
    const ofBoard = this.#old.get(wish)?.alignment;
    return wish.alignmentBytes ?? (typeof ofBoard === 'bigint' && ofBoard > 0n ? ofBoard : undefined);
  }

  #ofTree(wish: RegionWish): Reach | undefined {
    const { tree, users, situation } = this.#ground;
    const reach = treeReach(tree, users, { isDefault: wish.isDefault === true, node: this.#old.get(wish) });
    return reachOf(undefined, reach, false, this.#ground.isRamKnown ? (situation.banks[0]?.start ?? 0n) : 0n);
  }

  #reachOf(wish: RegionWish): Reach | undefined {
    const { situation } = this.#ground;
    return reachOf(wish.addressBits, this.#ofTree(wish), wish.isDefault === true, situation.banks[0]?.start ?? 0n);
  }

  /** Stated ranges are a statement about reach; only stated address bits can contradict them. */
  #statedReach(wish: RegionWish): Reach | undefined {
    return wish.addressBits === undefined ? undefined : this.#reachOf(wish);
  }

  /** Whether a boot places a region where it must not lie, or not at all. */
  isMisplaced({ wish, nodeName, baseAddress, sizeBytes }: PlannedRegion, prediction: Prediction): boolean {
    if (!isInTree(wish) || baseAddress !== undefined) return false;
    const isRefused = prediction.rejected.some(
      ({ node, family }) => node === nodeName && (family === 'alloc-failed' || family === 'not-activated'),
    );
    const reach = this.#reach.get(wish);
    return isRefused || (reach !== undefined && basesOf(prediction, nodeName).some((at) => at + sizeBytes > reach.end));
  }

  lessThan(wish: RegionWish): Freedom {
    return this.#ranges(wish) !== undefined && !this.#freedom.has(wish) ? 'cut' : 'base';
  }

  /** Areas without a node that the kernel finds no room for. */
  unmade(predictions: readonly Prediction[]): Diagnostic[] {
    const wish = this.#wishes.find((one) => !isInTree(one));
    if (wish === undefined || wish.sizeBytes === 0n) return [];
    const isMade = predictions.every(({ areas }) =>
      areas.some((area) => area.source !== 'node' && area.sizeBytes > 0n),
    );
    const isRefused = predictions.some(({ log }) => log.some(({ family }) => family === 'alloc-failed'));
    if (isMade || !isRefused) return [];
    const { dmaLimit } = this.#ground.situation.zones;
    const reachable =
      dmaLimit === 0n
        ? this.#free.ranges
        : holesIn(this.#free.ranges, [{ start: 0n, end: dmaLimit }], this.#ground.granule);
    return [this.#noRoom(wish, wish.sizeBytes, reachable)];
  }

  /** Stated ranges that are not written as they were stated. */
  narrowed(): Diagnostic[] {
    return this.regions
      .filter(({ wish }) => wish.allocRanges !== undefined && !this.#keepsRanges(wish, this.#reach.get(wish)))
      .map(({ wish, allocRanges, baseAddress }) =>
        report('placement/ranges-narrowed', {
          ...pointerOf(wish, '/allocRanges'),
          message: `the ranges stated for ${wish.name} are narrowed to ${baseAddress === undefined ? spellRanges(allocRanges) : formatAddress(baseAddress)}`,
          cause:
            'within the stated ranges, the kernel places the region out of reach, across the end of a memory zone, or not at all',
          fix: 'state the narrower ranges',
          facts: ['reserved-memory.alloc-ranges', 'cma.zone'],
        }),
      );
  }

  #noRoom(wish: RegionWish, sizeBytes: bigint, holes: readonly Interval[]): Diagnostic {
    const best = largest(holes);
    const most = best === undefined ? 0n : best.end - best.start;
    const step = higher(this.#ground.granule, wish.sizeGranuleBytes ?? 0n);
    const rounded = alignDown(most, step);
    const wanted = wish.addressBits === undefined ? '' : ` within ${wish.addressBits} address bits`;
    const old = this.#old.get(wish);
    const isBoards = wish.allocRanges === undefined && this.#ranges(wish) !== undefined;
    const where = isBoards ? ` within the alloc-ranges that the board gives ${old?.name}` : '';
    return report('placement/no-room', {
      ...pointerOf(wish, wish.allocRanges === undefined ? '' : '/allocRanges'),
      message: `there is no room of ${formatBytes(sizeBytes)} for ${wish.name}${wanted}${where}`,
      cause:
        best === undefined
          ? 'no memory is free there'
          : `the largest hole is ${formatBytes(most)} at ${formatAddress(best.start)}`,
      fix:
        rounded === 0n
          ? 'widen allocRanges or addressBits, or reserve less elsewhere'
          : `request at most ${this.#spellMost(rounded, this.#freeInEveryLayout(holes, step))}${isBoards ? ', or state allocRanges that all users of the region reach' : ''}`,
      facts: ['reserved-memory.alloc-ranges'],
    });
  }

  /** The largest size that has room wherever the boot loader puts its images; undefined: that is not open, or none has. */
  #freeInEveryLayout(holes: readonly Interval[], step: bigint): bigint | undefined {
    const { layouts, granule } = this.#ground;
    const sizes = layouts.map((layout) => {
      const hole = largest(holesIn(this.#holesOf(layout), holes, granule));
      return hole === undefined ? 0n : alignDown(hole.end - hole.start, step);
    });
    const least = sizes.length === 0 ? 0n : sizes.reduce(lower);
    return least > 0n ? least : undefined;
  }

  #spellMost(most: bigint, everywhere: bigint | undefined): string {
    if (everywhere !== undefined && everywhere < most)
      return `${formatBytes(everywhere)}, which is free in every case; --boot-log FILE shows whether more is free`;
    return `${formatBytes(most)}${this.#isMostOfRam(most) ? ', minus the memory that the kernel itself needs' : ''}`;
  }

  #isMostOfRam(bytes: bigint): boolean {
    const ram = this.#ground.situation.banks.reduce((sum, { start, end }) => sum + end - start, 0n);
    return bytes * 8n > ram * 7n;
  }

  #addFixed(wish: RegionWish, range: Interval, because: readonly Because[]): void {
    this.#free.remove(range);
    const sizeBytes = range.end - range.start;
    const region = { ...this.#named(wish, range.start), sizeBytes, alignmentBytes: wish.alignmentBytes };
    const old = this.#old.get(wish);
    // An overlay cannot delete the size of the board's node, nor give its name an address, so one range fixes the base.
    const isSized = old !== undefined && old.reg === undefined && old.size !== undefined;
    this.regions.push(
      isSized
        ? { ...region, baseAddress: undefined, allocRanges: [{ baseAddress: range.start, sizeBytes }], because }
        : { ...region, allocRanges: [], because },
    );
  }

  #named(wish: RegionWish, baseAddress: bigint | undefined) {
    const old = this.#old.get(wish);
    const own = baseAddress === undefined ? wish.name : `${wish.name}@${baseAddress.toString(16)}`;
    return { nodeName: old?.name ?? own, wish, baseAddress, changes: old?.name };
  }
}

const GIB4 = 1n << 32n;

const pointerOf = ({ pointer }: RegionWish, below = '') => (pointer === undefined ? {} : { pointer: pointer + below });

const spellRanges = (ranges: readonly AddressRange[]) =>
  ranges.map((r) => `${formatAddress(r.baseAddress)} to ${formatAddress(r.baseAddress + r.sizeBytes)}`).join(' or ');

function littleLeft({ dangers }: Prediction): Diagnostic[] {
  return dangers
    .filter(({ code }) => code === 'no-room-for-kernel')
    .map(({ reason, facts }) =>
      report('placement/little-left', {
        message: 'every region fits, but the kernel itself may not',
        cause: reason,
        fix: 'request smaller regions, or reserve less elsewhere',
        facts,
      }),
    );
}

function treeWith(tree: Fdt, regions: readonly PlannedRegion[], { reservedMemory }: Situation): Outcome<Fdt> {
  const pools = regions
    .filter(({ wish }) => isInTree(wish))
    .map((region) => ({ ...region, isDefault: region.wish.isDefault === true }));
  if (pools.length === 0) return { value: tree, diagnostics: [] };
  return applyOverlay(tree, poolOverlay(pools, reservedMemory.rootCells));
}
