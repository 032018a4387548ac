/** The default area that the kernel makes itself, from Kconfig or cma=: how large, and where. */
import { alignDown, alignUp, isAligned } from '../quantity/index.js';
import { higher, interval, lower } from './interval-set.js';
import type { Memblock } from './memblock.js';
import type { LogFamily, RefusedDefault } from './prediction.js';
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

export type NoPlace = RefusedDefault['why'];

/** cma_declare_contiguous(): the base, or why there is none. */
export function findDefault(situation: Situation, memblock: Memblock, wish: DefaultWish): bigint | NoPlace {
  const { minimumAlignmentBytes: alignmentBytes, highMemoryStart: high } = situation;
  if (wish.isFixed && !isAligned(wish.baseAddress, alignmentBytes)) return 'misaligned-base';
  const sizeBytes = alignUp(wish.sizeBytes, alignmentBytes);
  const base = alignUp(wish.baseAddress, alignmentBytes);
  const isFixed = wish.isFixed && base !== 0n;
  if (isFixed && high !== undefined && base < high && base + sizeBytes > high) return 'crosses-high-memory';
  let limit = limitOf(wish, memblock, alignmentBytes);
  if (base + sizeBytes > limit) return 'past-limit';
  if (isFixed) return memblock.reserved.overlaps(interval(base, sizeBytes)) ? 'base-taken' : base;
  const request = { sizeBytes, alignmentBytes };
  let found: bigint | undefined;
  // Above 4 GiB from below, so that memory that compaction moves does not land in the area again.
  if (situation.rules.above4g === 'from-below' && memblock.end >= GIB4 + sizeBytes)
    found = memblock.find({ ...request, start: GIB4, end: limit, bottomUp: true });
  if (found === undefined && high !== undefined && base < high && limit > high) {
    found = memblock.find({ ...request, start: high, end: limit });
    limit = high;
  }
  return found ?? memblock.find({ ...request, start: base, end: limit }) ?? 'no-hole';
}

function limitOf(wish: DefaultWish, { end }: Memblock, alignmentBytes: bigint): bigint {
  const limit = alignDown(wish.limitAddress, alignmentBytes);
  return limit === 0n || limit > end ? end : limit;
}

/** The message that names the cause; absent: the kernel prints only that it failed. */
export function causeMessage(
  { architecture, rules, minimumAlignmentBytes: alignmentBytes, highMemoryStart: high }: Situation,
  memblock: Memblock,
  wish: DefaultWish,
  spell: (address: bigint) => string,
) {
  const base = alignUp(wish.baseAddress, alignmentBytes);
  const messages: Readonly<Partial<Record<NoPlace, { readonly family: LogFamily; readonly text: string }>>> = {
    'misaligned-base': {
      family: 'region-misaligned',
      text: rules.messageRegionMisaligned
        .replace('{base}', spell(wish.baseAddress))
        .replace('{alignment}', spell(alignmentBytes)),
    },
    'crosses-high-memory': {
      family: 'high-memory-boundary',
      text: rules.messageHighMemory.replace('{base}', spell(base)).replace('{boundary}', spell(high ?? 0n)),
    },
    'past-limit': {
      family: 'past-limit',
      text: rules.messagePastLimit
        .replace('{size}', spell(alignUp(wish.sizeBytes, alignmentBytes)))
        .replace('{base}', spell(base))
        // Firmware of a PC keeps the end of RAM for itself, so the kernel's limit is somewhat lower.
        .replace('{limit}', architecture === 'x86_64' ? '?' : spell(limitOf(wish, memblock, alignmentBytes))),
    },
  };
  return messages;
}

/** What would have had a place: the largest hole that the kernel looks at. */
export function describeRefusal(
  situation: Situation,
  memblock: Memblock,
  wish: DefaultWish,
  why: NoPlace,
): RefusedDefault {
  const { minimumAlignmentBytes: alignmentBytes, parameter, kconfigSize, highMemoryStart: high } = situation;
  const limitAddress = limitOf(wish, memblock, alignmentBytes);
  const free = memblock.free();
  const from = wish.isFixed ? 0n : wish.baseAddress;
  const windows = [
    { start: from, end: high === undefined ? limitAddress : lower(high, limitAddress) },
    ...(high === undefined || high >= limitAddress ? [] : [{ start: higher(from, high), end: limitAddress }]),
  ];
  const holes = windows.flatMap((window) =>
    free.within(window).map(({ start, end }) => ({
      start: alignUp(higher(start, situation.pageSizeBytes), alignmentBytes),
      end: alignDown(end, alignmentBytes),
    })),
  );
  const best = holes.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a), { start: 0n, end: 0n });
  const isFound = best.end > best.start;
  return {
    source: parameter === undefined ? 'kconfig' : 'command-line',
    text: parameter?.text ?? KCONFIG_TEXT[kconfigSize.choice],
    sizeBytes: alignUp(wish.sizeBytes, alignmentBytes),
    alignmentBytes,
    limitAddress,
    why,
    largestBytes: isFound ? best.end - best.start : 0n,
    largestBaseAddress: isFound ? best.start : null,
  };
}

const KCONFIG_TEXT = {
  MBYTES: 'CONFIG_CMA_SIZE_MBYTES',
  PERCENTAGE: 'CONFIG_CMA_SIZE_PERCENTAGE',
  MIN: 'the smaller of CONFIG_CMA_SIZE_MBYTES and CONFIG_CMA_SIZE_PERCENTAGE',
  MAX: 'the larger of CONFIG_CMA_SIZE_MBYTES and CONFIG_CMA_SIZE_PERCENTAGE',
} as const;
