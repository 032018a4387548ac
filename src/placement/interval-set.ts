/** Sets of addresses as sorted, disjoint ranges [start, end). */

export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

export function lower(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function higher(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function overlaps(a: Interval, b: Interval): boolean {
  return a.start < b.end && b.start < a.end;
}

export function intersection(a: Interval, b: Interval): Interval | undefined {
  const start = higher(a.start, b.start);
  const end = lower(a.end, b.end);
  return start < end ? { start, end } : undefined;
}

/** An interval from the pair that device trees write. */
export function interval(baseAddress: bigint, sizeBytes: bigint): Interval {
  return { start: baseAddress, end: baseAddress + sizeBytes };
}

export class IntervalSet {
  #ranges: Interval[] = [];

  constructor(ranges: Iterable<Interval> = []) {
    for (const range of ranges) this.add(range);
  }

  get ranges(): readonly Interval[] {
    return this.#ranges;
  }

  add({ start, end }: Interval): void {
    if (start >= end) return;
    const ranges = this.#ranges;
    const first = this.#firstEndingFrom(start);
    let last = first;
    let [low, high] = [start, end];
    for (let range = ranges[last]; range !== undefined && range.start <= end; range = ranges[last]) {
      low = lower(low, range.start);
      high = higher(high, range.end);
      last += 1;
    }
    ranges.splice(first, last - first, { start: low, end: high });
  }

  remove(removed: Interval): void {
    if (removed.start >= removed.end) return;
    const ranges = this.#ranges;
    const first = this.#firstEndingFrom(removed.start);
    let last = first;
    const rest: Interval[] = [];
    for (let range = ranges[last]; range !== undefined && range.start < removed.end; range = ranges[last]) {
      if (range.start < removed.start) rest.push({ start: range.start, end: lower(range.end, removed.start) });
      if (range.end > removed.end) rest.push({ start: higher(range.start, removed.end), end: range.end });
      last += 1;
    }
    ranges.splice(first, last - first, ...rest);
  }

  overlaps(range: Interval): boolean {
    if (range.start >= range.end) return false;
    const found = this.#ranges[this.#firstEndingFrom(range.start + 1n)];
    return found !== undefined && found.start < range.end;
  }

  /** Whether one range holds all of it; adjacent ranges have been joined by {@link add}. */
  contains(range: Interval): boolean {
    const found = this.#ranges[this.#firstEndingFrom(range.end)];
    return found !== undefined && found.start <= range.start;
  }

  /** Index of the first range whose end is at or after an address. */
  #firstEndingFrom(address: bigint): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle] as Interval).end < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The ranges of this set that lie in none of the others. */
  without(...others: readonly IntervalSet[]): IntervalSet {
    const holes = others.flatMap((other) => other.#ranges).sort((a, b) => (a.start < b.start ? -1 : 1));
    const rest: Interval[] = [];
    for (const range of this.#ranges) {
      let { start } = range;
      for (const hole of holes) {
        if (hole.end <= start) continue;
        if (hole.start >= range.end) break;
        if (hole.start > start) rest.push({ start, end: hole.start });
        start = hole.end;
      }
      if (start < range.end) rest.push({ start, end: range.end });
    }
    const set = new IntervalSet();
    set.#ranges = rest;
    return set;
  }

  /** The parts of one range that lie in this set. */
  within(range: Interval): Interval[] {
    return this.#ranges.flatMap((r) => intersection(r, range) ?? []);
  }
}
