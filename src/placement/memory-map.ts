/** The memory of a board after the kernel has placed everything, as data. */
import type { AddressRange } from '../quantity/index.js';
import { Boot } from './boot.js';
import type { Area } from './boot-record.js';
import { firmwareMemory } from './dangers.js';
import { heapsOf } from './heaps.js';
import type { PlacementInput } from './input.js';
import { type Interval, IntervalSet, interval } from './interval-set.js';
import type { LintInput } from './lint/index.js';
import { predict, withDescriptors } from './predict.js';
import type { Prediction } from './prediction.js';
import { type Reach, reachOf, regionUsers, treeReach } from './reach.js';
import { isPool, memoryOfTree, type ReservedNode } from './reserved-nodes.js';
import { type Settled, situationOf } from './settle.js';
import { OWN_MEMORY } from './situation.js';

export type MemoryKind =
  /** A CMA area. */
  | 'area'
  /** Kept from the kernel: firmware, other nodes of /reserved-memory, the reservation block. */
  | 'reserved'
  /** Kernel image, initrd, device tree. */
  | 'kernel'
  | 'free';

/**
 * How certain a place is. `probable`: every layout that boot loaders make leads to it. `open`: only a boot shows the place, and the
 * range is one of those that are possible.
 */
export type Certainty = 'certain' | 'probable' | 'open';

export interface MemoryOwner {
  readonly name: string;
  readonly kind: Exclude<MemoryKind, 'free'>;
  readonly certainty: Certainty;
  /** What to say beside the name: `default`, names of heaps, `not mapped`. */
  readonly notes: readonly string[];
}

export interface MemorySegment {
  readonly baseAddress: bigint;
  readonly sizeBytes: bigint;
  /** The kind of the first owner; `free` without one. */
  readonly kind: MemoryKind;
  /** More than one: the memory is owned twice. */
  readonly owners: readonly MemoryOwner[];
}

export interface MemoryRegion extends MemoryOwner, AddressRange {}

export interface MemoryMap {
  readonly banks: readonly {
    readonly baseAddress: bigint;
    readonly sizeBytes: bigint;
    readonly segments: readonly MemorySegment[];
  }[];
  /** Areas and reservations that are not RAM. */
  readonly outside: readonly MemoryRegion[];
  /** Areas and reservations, each whole, in the order of their addresses. */
  readonly regions: readonly MemoryRegion[];
  /** Addresses at which a memory zone ends inside RAM. */
  readonly zoneBoundaries: readonly bigint[];
  /** How far the users of areas reach: the first address that is out of reach, and who it is. */
  readonly reaches: readonly Reach[];
  /** False: the banks are a guess, because no input states them. */
  readonly isRamKnown: boolean;
  /** What the kernel reserves for itself at addresses that no input states: `kernel`, `initrd`, `dtb`. */
  readonly notStated: readonly string[];
  /** Nodes that the kernel refuses: they have no place. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

interface Owned extends Interval, MemoryOwner {}

/**
 * The likely picture: an area whose address is not certain is drawn where the kernel places it if no unknown memory occupies that
 * range, and its `certainty` states this.
 * @throws RangeError for a kernel before {@link OLDEST_KERNEL}
 */
export function memoryMap(input: PlacementInput & Pick<LintInput, 'addressBits'>, prediction?: Prediction): MemoryMap {
  const settled = situationOf(input);
  const { situation, questions } = settled;
  const boot = new Boot(withDescriptors(situation));
  const predicted = prediction ?? predict(input);
  const owned = ownersOf(boot, settled, predicted);
  const banks = new IntervalSet(situation.banks).ranges;
  const isInRam = (owner: Interval) => banks.some((bank) => bank.start < owner.end && owner.start < bank.end);
  const isStated = (input.memory ?? memoryOfTree(input.tree, situation.reservedMemory.rootCells)).length > 0;
  return {
    banks: banks.map((bank) => ({
      baseAddress: bank.start,
      sizeBytes: bank.end - bank.start,
      segments: segmentsOf(bank, owned, situation.zones.boundaries),
    })),
    outside: owned.filter((owner) => !isInRam(owner)).map(regionOf),
    regions: owned.map(regionOf).sort((a, b) => (a.baseAddress < b.baseAddress ? -1 : 1)),
    zoneBoundaries: situation.zones.boundaries,
    reaches: reachesOf(boot, input),
    isRamKnown: isStated && !questions.some(({ about }) => about === 'memory'),
    notStated: OWN_MEMORY.filter((name) => !situation.occupied.some((range) => range.name === name)),
    refused: predicted.rejected
      .filter(({ node }) => !boot.areas.some((area) => area.name === node))
      .map(({ node, reason }) => ({ name: node, reason })),
  };
}

const regionOf = ({ start, end, ...owner }: Owned): MemoryRegion => ({
  ...owner,
  baseAddress: start,
  sizeBytes: end - start,
});

function reachesOf({ areas, defaultArea, situation }: Boot, input: Parameters<typeof memoryMap>[0]): Reach[] {
  const users = regionUsers(input.tree);
  const ramStart = situation.banks[0]?.start ?? 0n;
  const found = areas.flatMap((area) => {
    const isDefault = area === defaultArea && !area.fixed;
    const ofTree = treeReach(input.tree, users, { isDefault, node: area.node });
    const reach = reachOf(input.addressBits?.get(area.name), ofTree, isDefault, ramStart);
    return reach === undefined ? [] : [{ ...reach, who: reach.who.replace(/^its user/, `the user of ${area.name},`) }];
  });
  return [...new Map(found.map((reach) => [`${reach.end} ${reach.who}`, reach])).values()];
}

function certaintyOf(area: Area, { areas, unknown }: Prediction): Certainty {
  const i = areas.findIndex(({ name, source }) => name === area.name && source === area.source);
  const same = areas[i];
  const isOpen = unknown.some(({ field }) => field === 'areas' || field === `areas[${i}].sizeBytes`);
  if (same === undefined || isOpen) return 'open';
  if (same.baseAddress === area.start) return 'certain';
  return same.likelyBaseAddress === area.start ? 'probable' : 'open';
}

/** The allocator avoids what a boot loader has put into memory: the boot is simulated for each layout. */
function certaintyOfPlaces(questions: Settled['questions']): (node: ReservedNode, range: Interval) => Certainty {
  const isRamOpen = questions.some(({ about }) => about === 'memory' || about === 'tree');
  const layouts = questions.filter(({ about }) => about === 'layout').flatMap(({ answers }) => answers);
  const boots = isRamOpen ? [] : layouts.map((layout) => new Boot(layout));
  return (node, range) => {
    if (isRamOpen) return 'open';
    const isSame = (boot: Boot) =>
      boot.placed.some((one) => one.node === node && one.range.start === range.start && one.range.end === range.end);
    return !boots.every(isSame) ? 'open' : boots.length > 0 ? 'probable' : 'certain';
  };
}

function ownersOf(boot: Boot, { questions }: Settled, prediction: Prediction): Owned[] {
  const heaps = heapsOf(boot);
  const areas = boot.areas.map((area): Owned => {
    const names = heaps.filter((heap) => heap.area === area.name).map((heap) => heap.name);
    return {
      start: area.start,
      end: area.end,
      name: area.name,
      kind: 'area',
      certainty: certaintyOf(area, prediction),
      notes: [
        ...(area === boot.defaultArea ? ['default'] : []),
        ...(area.active ? [] : ['not activated']),
        ...names.map((name) => `heap ${name}`),
      ],
    };
  });
  const { reservedMemory, occupied } = boot.situation;
  const isArea = (node: Area['node']) => boot.areas.some((area) => area.node === node);
  const placed = boot.placed.filter(({ node }) => !isArea(node) && !boot.isGivenBack(node));
  const certainty = placed.length === 0 ? () => 'certain' as const : certaintyOfPlaces(questions);
  const dynamic = placed.map(
    ({ node, range }): Owned => ({
      ...range,
      name: node.name,
      kind: 'reserved',
      certainty: certainty(node, range),
      notes: node.noMap ? ['not mapped'] : [],
    }),
  );
  const stated = { kind: 'reserved', certainty: 'certain' } as const;
  const lost = boot.refusals.flatMap(({ node, range, released, failure }): Owned[] =>
    range === undefined || released || failure !== 'lost' || isArea(node) || !isPool(node) || !Array.isArray(node.reg)
      ? []
      : [{ ...range, name: node.name, ...stated, notes: ['refused as an area, still reserved'] }],
  );
  const nodes = reservedMemory.nodes.flatMap((node) =>
    isPool(node) || !Array.isArray(node.reg)
      ? []
      : node.reg.map(
          (entry): Owned => ({
            ...interval(entry.baseAddress, entry.sizeBytes),
            name: node.name,
            ...stated,
            notes: node.noMap ? ['not mapped'] : [],
          }),
        ),
  );
  const known = [...nodes, ...lost];
  const rest = firmwareMemory(boot)
    .filter(({ name }) => !known.some((node) => node.name === name))
    .map(({ name, range }): Owned => ({ ...range, name, ...stated, notes: [] }));
  const own = occupied
    .filter(({ name }) => OWN_MEMORY.includes(name))
    .map(({ name, start, end }): Owned => ({ ...stated, name, start, end, kind: 'kernel', notes: [] }));
  return [...areas, ...dynamic, ...known, ...rest, ...own].filter(({ start, end }) => start < end);
}

function segmentsOf(bank: Interval, owned: readonly Owned[], boundaries: readonly bigint[]): MemorySegment[] {
  const inside = owned.filter((owner) => owner.start < bank.end && bank.start < owner.end);
  const zones = boundaries.filter((at) => bank.start < at && at < bank.end);
  const cuts = new Set([bank.start, bank.end, ...zones]);
  for (const { start, end } of inside) {
    if (start > bank.start) cuts.add(start);
    if (end < bank.end) cuts.add(end);
  }
  const edges = [...cuts].sort((a, b) => (a < b ? -1 : 1));
  return edges.slice(0, -1).map((start, i) => {
    const end = edges[i + 1] as bigint;
    const owners = inside
      .filter((owner) => owner.start < end && start < owner.end)
      .map(({ name, kind, certainty, notes }) => ({ name, kind, certainty, notes }));
    return { baseAddress: start, sizeBytes: end - start, kind: owners[0]?.kind ?? 'free', owners };
  });
}
