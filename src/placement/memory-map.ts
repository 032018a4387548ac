/** The memory of a board after the kernel has placed everything: as data, and as text for a terminal. */
import { formatBytes } from '../quantity/index.js';
import { Boot } from './boot.js';
import { firmwareMemory } from './dangers.js';
import { heapsOf } from './heaps.js';
import type { PlacementInput } from './input.js';
import { type Interval, IntervalSet, interval } from './interval-set.js';
import { withDescriptors } from './predict.js';
import { isPool } from './reserved-nodes.js';
import { situationOf } from './settle.js';
import { OWN_MEMORY } from './situation.js';

export type MemoryKind =
  /** A CMA area. */
  | 'area'
  /** Kept from the kernel: firmware, other nodes of /reserved-memory, the reservation block. */
  | 'reserved'
  /** Kernel image, initrd, device tree. */
  | 'kernel'
  | 'free';

export interface MemoryOwner {
  readonly name: string;
  readonly kind: Exclude<MemoryKind, 'free'>;
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

export interface MemoryMap {
  readonly banks: readonly {
    readonly baseAddress: bigint;
    readonly sizeBytes: bigint;
    readonly segments: readonly MemorySegment[];
  }[];
  /** Areas and reservations that are not RAM. */
  readonly outside: readonly (MemoryOwner & { readonly baseAddress: bigint; readonly sizeBytes: bigint })[];
  /** Addresses at which a memory zone ends inside RAM. */
  readonly zoneBoundaries: readonly bigint[];
  /** False: the banks are a guess, because no input states them. */
  readonly isRamKnown: boolean;
}

interface Owned extends Interval, MemoryOwner {}

/**
 * The likely picture: an area whose address is not certain is drawn where the kernel places it if no unknown memory occupies that range.
 * @throws RangeError for a kernel before {@link OLDEST_KERNEL}
 */
export function memoryMap(input: PlacementInput): MemoryMap {
  const { situation, questions } = situationOf(input);
  const boot = new Boot(withDescriptors(situation));
  const owned = ownersOf(boot);
  const banks = new IntervalSet(situation.banks).ranges;
  return {
    banks: banks.map((bank) => ({
      baseAddress: bank.start,
      sizeBytes: bank.end - bank.start,
      segments: segmentsOf(bank, owned, situation.zones.boundaries),
    })),
    outside: owned
      .filter((owner) => !banks.some((bank) => bank.start < owner.end && owner.start < bank.end))
      .map(({ start, end, ...owner }) => ({ ...owner, baseAddress: start, sizeBytes: end - start })),
    zoneBoundaries: situation.zones.boundaries,
    isRamKnown: !questions.some(({ about }) => about === 'memory'),
  };
}

function ownersOf(boot: Boot): Owned[] {
  const heaps = heapsOf(boot);
  const areas = boot.areas.map((area): Owned => {
    const names = heaps.filter((heap) => heap.area === area.name).map((heap) => heap.name);
    return {
      start: area.start,
      end: area.end,
      name: area.name,
      kind: 'area',
      notes: [
        ...(area === boot.defaultArea ? ['default'] : []),
        ...(area.active ? [] : ['not activated']),
        ...(names.length === 0 ? [] : [`heap ${names.join(' = ')}`]),
      ],
    };
  });
  const { reservedMemory, occupied } = boot.situation;
  const dynamic = boot.placed
    .filter(({ node }) => !boot.areas.some((area) => area.node === node) && !boot.isGivenBack(node))
    .map(
      ({ node, range }): Owned => ({
        ...range,
        name: node.name,
        kind: 'reserved',
        notes: node.noMap ? ['not mapped'] : [],
      }),
    );
  const nodes = reservedMemory.nodes.flatMap((node) =>
    isPool(node) || !Array.isArray(node.reg)
      ? []
      : node.reg.map(
          (entry): Owned => ({
            ...interval(entry.baseAddress, entry.sizeBytes),
            name: node.name,
            kind: 'reserved',
            notes: node.noMap ? ['not mapped'] : [],
          }),
        ),
  );
  const rest = firmwareMemory(boot)
    .filter(({ name }) => !nodes.some((node) => node.name === name))
    .map(({ name, range }): Owned => ({ ...range, name, kind: 'reserved', notes: [] }));
  const own = occupied
    .filter(({ name }) => OWN_MEMORY.includes(name))
    .map(({ name, start, end }): Owned => ({ name, start, end, kind: 'kernel', notes: [] }));
  return [...areas, ...dynamic, ...nodes, ...rest, ...own];
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
      .map(({ name, kind, notes }) => ({ name, kind, notes }));
    return { baseAddress: start, sizeBytes: end - start, kind: owners[0]?.kind ?? 'free', owners };
  });
}

const LETTERS: Readonly<Record<MemoryKind, string>> = { area: '#', reserved: 'x', kernel: 'k', free: '.' };

/** The map for a terminal of `width` columns; every line ends in a newline. */
export function formatMemoryMap(map: MemoryMap, width = 80): string {
  const lines: string[] = [];
  if (!map.isRamKnown) lines.push('the RAM is not stated; the map assumes 4 GiB at 0');
  for (const bank of map.banks) {
    const bar = barOf(bank, Math.max(16, Math.min(64, width - 14)));
    lines.push(`${hex(bank.baseAddress)} ${bar}`);
    for (const segment of bank.segments) {
      if (segment.baseAddress > bank.baseAddress && map.zoneBoundaries.includes(segment.baseAddress))
        lines.push(`${hex(segment.baseAddress)} ---------  a memory zone ends here, another begins`);
      lines.push(segmentLine(segment));
    }
    lines.push(`${hex(bank.baseAddress + bank.sizeBytes)} end of ${formatBytes(bank.sizeBytes)} of RAM`);
  }
  for (const owner of map.outside)
    lines.push(`${hex(owner.baseAddress)} ${size(owner.sizeBytes)}  ${describe(owner)}, NOT RAM`);
  lines.push('# CMA area  x reserved  k kernel, initrd, device tree  . free');
  return `${lines.join('\n')}\n`;
}

function segmentLine(segment: MemorySegment): string {
  const [first, ...others] = segment.owners;
  const text = first === undefined ? 'free' : describe(first);
  const twice = others.length === 0 ? '' : `  OWNED TWICE: ${others.map(describe).join(' and ')}`;
  return `${hex(segment.baseAddress)} ${size(segment.sizeBytes)}  ${LETTERS[segment.kind]} ${text}${twice}`;
}

function describe(owner: MemoryOwner): string {
  return owner.notes.length === 0 ? owner.name : `${owner.name} (${owner.notes.join(', ')})`;
}

/** One character per equal share of the bank; the most telling owner of a share wins. */
function barOf(bank: MemoryMap['banks'][number], columns: number): string {
  const order: readonly MemoryKind[] = ['area', 'kernel', 'reserved', 'free'];
  const share = Array.from({ length: columns }, (_, i) => {
    const start = bank.baseAddress + (bank.sizeBytes * BigInt(i)) / BigInt(columns);
    const end = bank.baseAddress + (bank.sizeBytes * BigInt(i + 1)) / BigInt(columns);
    const kinds = bank.segments
      .filter((segment) => segment.baseAddress < end && start < segment.baseAddress + segment.sizeBytes)
      .map((segment) => segment.kind);
    return LETTERS[order.find((kind) => kinds.includes(kind)) ?? 'free'];
  });
  return `[${share.join('')}]`;
}

const hex = (value: bigint) => `0x${value.toString(16).padStart(9, '0')}`;
const size = (value: bigint) => formatBytes(value).padStart(9);
