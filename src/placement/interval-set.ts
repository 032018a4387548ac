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

  add(added: Interval): void {
    if (added.start >= added.end) return;
    let { start, end } = added;
    const rest: Interval[] = [];
    for (const range of this.#ranges) {
      if (range.end < start || range.start > end) rest.push(range);
      else {
        if (range.start < start) start = range.start;
        if (range.end > end) end = range.end;
      }
    }
    rest.push({ start, end });
    this.#ranges = rest.sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  remove(removed: Interval): void {
    if (removed.start >= removed.end) return;
    this.#ranges = this.#ranges.flatMap((range) => {
      if (!overlaps(range, removed)) return [range];
      const left = range.start < removed.start ? [{ start: range.start, end: removed.start }] : [];
      const right = range.end > removed.end ? [{ start: removed.end, end: range.end }] : [];
      return [...left, ...right];
    });
  }

  overlaps(range: Interval): boolean {
    return range.start < range.end && this.#ranges.some((r) => overlaps(r, range));
  }

  /** Whether one range holds all of it; adjacent ranges have been joined by {@link add}. */
  contains(range: Interval): boolean {
    return this.#ranges.some((r) => r.start <= range.start && range.end <= r.end);
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
