/** What arm64 and others take for themselves before they make the default area, as far as it can be told without booting. */
import { alignDown, alignUp } from '../quantity/index.js';
import { higher, type Interval, IntervalSet, interval } from './interval-set.js';
import type { Memblock } from './memblock.js';
import type { EarlyAllocation, Situation } from './situation.js';

const MIB = 1n << 20n;
const DESCRIPTOR = 64n;
const TABLE_ENTRY = 8n;

/** One allocation of a size that the situation's pages divide. */
export const earlyPages = (
  sizeBytes: bigint,
  { pageSizeBytes }: Pick<Situation, 'pageSizeBytes'>,
): EarlyAllocation => ({
  sizeBytes,
  alignmentBytes: pageSizeBytes,
  keptBytes: sizeBytes,
});

/**
 * More than any kernel was seen to take, and its page descriptors (sparse_init() comes before dma_contiguous_reserve());
 * where that does not reach, nothing depends on the real figure.
 */
export function earlyBytes({ banks, pageSizeBytes }: Pick<Situation, 'banks' | 'pageSizeBytes'>): bigint {
  return alignDown((lengthOf(banks) / pageSizeBytes) * DESCRIPTOR, pageSizeBytes) + 4n * MIB;
}

const lengthOf = (ranges: readonly Interval[]) => ranges.reduce((sum, { start, end }) => sum + (end - start), 0n);

/** Sections of RAM whose page descriptors are made before the default area, and the bytes of those of one section. */
function descriptorsOf({ rules, architecture, pageSizeBytes }: Situation, ram: readonly Interval[]) {
  const bits = rules.descriptorSections?.[String(pageSizeBytes)];
  if (architecture !== 'arm64' || bits === undefined) return undefined;
  const sectionBytes = 1n << BigInt(bits);
  let sections = 0n;
  let counted = 0n;
  for (const { start, end } of ram) {
    const first = higher(alignDown(start, sectionBytes), counted);
    counted = higher(alignUp(end, sectionBytes), first);
    sections += (counted - first) / sectionBytes;
  }
  return { sections, usedBytes: (sectionBytes / pageSizeBytes) * DESCRIPTOR };
}

/** What a page table of the last level maps. */
const blockBytes = (pageSizeBytes: bigint) => (pageSizeBytes / TABLE_ENTRY) * pageSizeBytes;

/**
 * The one piece in which sparse_init() takes the memory for all page descriptors: whole blocks of the page table for each
 * section of RAM, aligned to what a section takes, so that it lands far below the top. Absent where that comes later.
 */
export function descriptorBuffer(situation: Situation): EarlyAllocation | undefined {
  const { pageSizeBytes, banks } = situation;
  const needed = descriptorsOf(situation, new IntervalSet(banks).ranges);
  if (needed === undefined) return undefined;
  const mapBytes = alignUp(needed.usedBytes, blockBytes(pageSizeBytes));
  // Only with 4K pages are the descriptors themselves mapped in blocks.
  const keptBytes = needed.sections * (pageSizeBytes === 4096n ? mapBytes : needed.usedBytes);
  return { sizeBytes: needed.sections * mapBytes, alignmentBytes: mapBytes, keptBytes };
}

/** Whether the kernel finds room for itself: surely, only if it takes little, or surely not. */
export type OwnRoom = 'ample' | 'doubtful' | 'none';

/**
 * Before the default area is made: room for the page descriptors, in pieces that are aligned to their size, beside page
 * tables (every page of RAM may have its own entry).
 */
export function descriptorRoom(memblock: Memblock, situation: Situation): OwnRoom {
  const { descriptorPieces, rules, pageSizeBytes } = situation;
  const ram = memblock.memory.ranges;
  const needed = descriptorsOf(situation, ram);
  if (needed === undefined) return 'ample';
  const { sections, usedBytes } = needed;
  const mappedBytes =
    rules.descriptorPieces === 'configured' && pageSizeBytes === 4096n ? blockBytes(pageSizeBytes) : pageSizeBytes;
  const pieceBytes = alignUp(descriptorPieces === 'n' ? mappedBytes : usedBytes, pageSizeBytes);
  const wanted = sections * (alignUp(usedBytes, pieceBytes) / pieceBytes);
  const free = memblock.free().ranges;
  const fits = (takenBytes: bigint) =>
    free.reduce((found, { start, end }) => {
      const room = alignDown(higher(end - takenBytes, start), pieceBytes) - alignUp(start, pieceBytes);
      return room > 0n ? found + room / pieceBytes : found;
    }, 0n) >= wanted;
  if (fits(otherBytes(ram, pageSizeBytes))) return 'ample';
  // Where they are mapped, a section without descriptors is left out, and what then happens is open.
  return fits(0n) || descriptorPieces !== 'y' ? 'doubtful' : 'none';
}

const otherBytes = (ram: readonly Interval[], pageSizeBytes: bigint) =>
  (lengthOf(ram) / pageSizeBytes) * TABLE_ENTRY + 4n * MIB;

/** The free memory that a kernel may need: page descriptors, page tables, and its other early allocations. */
export function ownBytes(ram: readonly Interval[], pageSizeBytes: bigint): bigint {
  return (lengthOf(ram) / pageSizeBytes) * DESCRIPTOR + otherBytes(ram, pageSizeBytes);
}

/** Takes them in their order; one that finds no room is done without. @returns gives all of it back */
export function takeEarly(memblock: Memblock, allocations: readonly EarlyAllocation[]): () => void {
  const kept = allocations.flatMap(({ sizeBytes, alignmentBytes, keptBytes }) => {
    const base = sizeBytes > 0n ? memblock.allocate({ sizeBytes, alignmentBytes, start: 0n }) : undefined;
    if (base === undefined) return [];
    memblock.reserved.remove(interval(base + keptBytes, sizeBytes - keptBytes));
    return [interval(base, keptBytes)];
  });
  return () => {
    for (const range of kept) memblock.reserved.remove(range);
  };
}
