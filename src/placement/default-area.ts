/** The default area that the kernel makes itself, from Kconfig or cma=: how large, and where. */
import { alignDown, alignUp } from '../quantity/index.js';
import { higher, interval, lower } from './interval-set.js';
import type { Memblock } from './memblock.js';
import type { Situation } from './situation.js';

export interface DefaultWish {
  /** Not rounded yet; 0: none is made. */
  readonly sizeBytes: bigint;
  readonly baseAddress: bigint;
  /** Exclusive; 0: none. */
  readonly limitAddress: bigint;
  /** Exactly at the base, not anywhere from it on. */
  readonly isFixed: boolean;
}

const MIB = 1n << 20n;
const GIB4 = 1n << 32n;

/** dma_contiguous_reserve() */
export function defaultWish(situation: Situation, memblock: Memblock): DefaultWish {
  const { parameter, zones, rules } = situation;
  if (parameter === undefined)
    return {
      sizeBytes: kconfigBytes(situation, memblock),
      baseAddress: 0n,
      limitAddress: zones.dmaLimit,
      isFixed: false,
    };
  const { sizeBytes, baseAddress, limitAddress: stated } = parameter;
  const isStated = stated !== 0n && (rules.parameterLimit === 'parameter' || zones.dmaLimit === 0n);
  const lowest = stated === 0n ? zones.dmaLimit : lower(stated, zones.dmaLimit);
  return {
    sizeBytes,
    baseAddress,
    limitAddress: isStated ? stated : lowest,
    isFixed: baseAddress + sizeBytes === stated,
  };
}

function kconfigBytes({ kconfigSize, pageSizeBytes }: Situation, memblock: Memblock): bigint {
  const total = memblock.memory.ranges.reduce((sum, range) => sum + (range.end - range.start), 0n);
  const percent = (((total / pageSizeBytes) * kconfigSize.percentage) / 100n) * pageSizeBytes;
  const fixed = kconfigSize.mebibytes * MIB;
  switch (kconfigSize.choice) {
    case 'MBYTES':
      return fixed;
    case 'PERCENTAGE':
      return percent;
    case 'MIN':
      return lower(fixed, percent);
    case 'MAX':
      return higher(fixed, percent);
  }
}

/** cma_declare_contiguous(): undefined when the kernel finds no place; a fixed base is aligned already. */
export function findDefault(situation: Situation, memblock: Memblock, wish: DefaultWish): bigint | undefined {
  const { minimumAlignmentBytes: alignmentBytes, highMemoryStart: high } = situation;
  const sizeBytes = alignUp(wish.sizeBytes, alignmentBytes);
  const base = alignUp(wish.baseAddress, alignmentBytes);
  const { end } = memblock;
  let limit = alignDown(wish.limitAddress, alignmentBytes);
  if (limit === 0n || limit > end) limit = end;
  if (base + sizeBytes > limit) return undefined;
  if (wish.isFixed && base !== 0n) {
    const crosses = high !== undefined && base < high && base + sizeBytes > high;
    return crosses || memblock.reserved.overlaps(interval(base, sizeBytes)) ? undefined : base;
  }
  const request = { sizeBytes, alignmentBytes };
  let found: bigint | undefined;
  // Above 4 GiB from below, so that memory that compaction moves does not land in the area again.
  if (end >= GIB4 + sizeBytes) found = memblock.find({ ...request, start: GIB4, end: limit, bottomUp: true });
  if (found === undefined && high !== undefined && base < high && limit > high) {
    found = memblock.find({ ...request, start: high, end: limit });
    limit = high;
  }
  return found ?? memblock.find({ ...request, start: base, end: limit });
}
