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
  const ram = banks.reduce((sum, bank) => sum + (bank.end - bank.start), 0n);
  return alignDown((ram / pageSizeBytes) * DESCRIPTOR, pageSizeBytes) + 4n * MIB;
}

/**
 * The one piece in which sparse_init() takes the memory for all page descriptors: whole blocks of the page table for each
 * section of RAM, aligned to such a block, so that it lands far below the top. Absent where that comes later.
 */
export function descriptorBuffer(situation: Situation): EarlyAllocation | undefined {
  const { rules, architecture, banks, pageSizeBytes } = situation;
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
  const used = (sectionBytes / pageSizeBytes) * DESCRIPTOR;
  const mapBytes = alignUp(used, (pageSizeBytes / TABLE_ENTRY) * pageSizeBytes);
  // Only with 4K pages are the descriptors themselves mapped in blocks.
  const keptBytes = sections * (pageSizeBytes === 4096n ? mapBytes : used);
  return { sizeBytes: sections * mapBytes, alignmentBytes: mapBytes, keptBytes };
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
