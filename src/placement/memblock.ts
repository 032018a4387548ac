/** The kernel's early allocator as far as reserved-memory uses it (mm/memblock.c): which address a request gets. */
import { higher, type Interval, IntervalSet, interval, lower } from './interval-set.js';

export interface AllocationRequest {
  readonly sizeBytes: bigint;
  readonly alignmentBytes: bigint;
  /** Lower bound of the search. */
  readonly start: bigint;
  /** Exclusive upper bound; undefined: anywhere (MEMBLOCK_ALLOC_ANYWHERE). */
  readonly end?: bigint;
  readonly bottomUp?: boolean;
}

export class Memblock {
  readonly memory: IntervalSet;
  readonly nomap = new IntervalSet();
  readonly reserved = new IntervalSet();
  /** Addresses on which the results of the searches rest: a reservation anywhere else changes none of them. */
  readonly searched = new IntervalSet();
  readonly #pageSizeBytes: bigint;

  constructor(banks: Iterable<Interval>, pageSizeBytes: bigint) {
    this.memory = new IntervalSet(banks);
    this.#pageSizeBytes = pageSizeBytes;
  }

  get start(): bigint {
    return this.memory.ranges[0]?.start ?? 0n;
  }

  get end(): bigint {
    return this.memory.ranges.at(-1)?.end ?? 0n;
  }

  free(): IntervalSet {
    return this.memory.without(this.nomap, this.reserved);
  }

  /** memblock_find_in_range_node(): never the first page, top-down unless asked; undefined when nothing fits. */
  find(request: AllocationRequest): bigint | undefined {
    const { sizeBytes } = request;
    const start = higher(request.start, this.#pageSizeBytes);
    const end = higher(request.end ?? 1n << 64n, start);
    const found = this.#search(start, end, request);
    const { bottomUp } = request;
    this.searched.add({
      start: bottomUp === true || found === undefined ? start : found,
      end: bottomUp === true && found !== undefined ? found + sizeBytes : end,
    });
    return found;
  }

  #search(start: bigint, end: bigint, request: AllocationRequest): bigint | undefined {
    const { sizeBytes, alignmentBytes } = request;
    const free = this.free().ranges;
    for (const range of request.bottomUp === true ? free : [...free].reverse()) {
      const low = clamp(range.start, start, end);
      const high = clamp(range.end, start, end);
      if (request.bottomUp === true) {
        const candidate = roundUp(low, alignmentBytes);
        if (candidate < high && high - candidate >= sizeBytes) return candidate;
      } else if (high >= sizeBytes) {
        const candidate = roundDown(high - sizeBytes, alignmentBytes);
        if (candidate >= low) return candidate;
      }
    }
    return undefined;
  }

  /** memblock_phys_alloc_range() */
  allocate(request: AllocationRequest): bigint | undefined {
    const base = this.find(request);
    if (base !== undefined) this.reserved.add(interval(base, request.sizeBytes));
    return base;
  }
}

/**
 * The kernel's round_down() and round_up(), which mask with the alignment less one: for an alignment that is not a power
 * of two, the result is not a multiple of it.
 */
function roundDown(value: bigint, alignment: bigint): bigint {
  const mask = alignment - 1n;
  return value - (value & mask);
}

function roundUp(value: bigint, alignment: bigint): bigint {
  return value === 0n ? 0n : ((value - 1n) | (alignment - 1n)) + 1n;
}

function clamp(value: bigint, low: bigint, high: bigint): bigint {
  return lower(higher(value, low), high);
}
