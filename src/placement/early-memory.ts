/** What arm64 and others take for themselves before they make the default area, as far as it can be told without booting. */
import { alignDown, alignUp } from '../quantity/index.js';
import { higher, IntervalSet, interval } from './interval-set.js';
import type { Memblock } from './memblock.js';
import type { Situation } from './situation.js';

export interface EarlyAllocation {
  readonly sizeBytes: bigint;
  readonly alignmentBytes: bigint;
  /** What of it is not given back before the default area is made, from its start. */
  readonly keptBytes: bigint;
}

/** Page tables and what else comes before the page descriptors: more than any kernel was seen to take. */
const OTHER_EARLY_BYTES = 4n << 20n;
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
 * At least what any kernel takes, with its page descriptors (sparse_init() comes before dma_contiguous_reserve()); where
 * that does not reach, nothing depends on the real figure.
 */
export function earlyBytes({ banks, pageSizeBytes }: Pick<Situation, 'banks' | 'pageSizeBytes'>): bigint {
  const ram = banks.reduce((sum, bank) => sum + (bank.end - bank.start), 0n);
  return alignDown((ram / pageSizeBytes) * DESCRIPTOR, pageSizeBytes) + OTHER_EARLY_BYTES;
}

/** Sections of RAM whose page descriptors are made before the default area, and what each of them takes. */
function descriptorsOf({ rules, architecture, banks, pageSizeBytes, descriptorPieces }: Situation) {
  const bits = rules.descriptorSections?.[String(pageSizeBytes)];
  if (architecture !== 'arm64' || bits === undefined) return undefined;
  const sectionBytes = 1n << BigInt(bits);
  let sections = 0n;
  let counted = 0n;
  for (const { start, end } of new IntervalSet(banks).ranges) {
    const first = higher(alignDown(start, sectionBytes), counted);
    counted = higher(alignUp(end, sectionBytes), first);
    sections += (counted - first) / sectionBytes;
  }
  const usedBytes = (sectionBytes / pageSizeBytes) * DESCRIPTOR;
  const blockBytes = descriptorPieces === 'y' ? pageSizeBytes : (pageSizeBytes / TABLE_ENTRY) * pageSizeBytes;
  return { sections, usedBytes, mapBytes: alignUp(usedBytes, blockBytes) };
}

/**
 * The one piece in which sparse_init() takes the memory for all page descriptors: whole blocks of the page table for each
 * section of RAM, aligned to such a block, so that it lands far below the top. Absent where that comes later.
 */
export function descriptorBuffer(situation: Situation): EarlyAllocation | undefined {
  const needed = descriptorsOf(situation);
  if (needed === undefined) return undefined;
  const { sections, usedBytes, mapBytes } = needed;
  // Only with 4K pages are the descriptors themselves mapped in blocks.
  const keptBytes = sections * (situation.pageSizeBytes === 4096n ? mapBytes : usedBytes);
  return { sizeBytes: sections * mapBytes, alignmentBytes: mapBytes, keptBytes };
}

/** Whether the page descriptors find their place: surely, only if the kernel has taken little else, or surely not. */
export type DescriptorRoom = 'ample' | 'doubtful' | 'none';

/** Without SPARSEMEM_VMEMMAP the descriptors of a section of RAM lie in one piece; where one finds no place, the kernel stops. */
export function descriptorRoom(memblock: Memblock, situation: Situation): DescriptorRoom {
  const needed = situation.descriptorPieces === 'n' ? undefined : descriptorsOf(situation);
  if (needed === undefined) return 'ample';
  const free = memblock.free().ranges;
  const fits = (takenBytes: bigint) =>
    free.reduce((pieces, { start, end }) => {
      const left = end - start - takenBytes;
      return left > 0n ? pieces + left / needed.mapBytes : pieces;
    }, 0n) >= needed.sections;
  if (fits(OTHER_EARLY_BYTES)) return 'ample';
  return fits(0n) || situation.descriptorPieces === 'unknown' ? 'doubtful' : 'none';
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
