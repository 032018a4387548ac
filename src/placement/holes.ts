/** Free memory that a CMA area could have. */
import { type AddressRange, alignDown, alignUp } from '../quantity/index.js';
import { Boot } from './boot.js';
import { type Interval, IntervalSet, interval } from './interval-set.js';
import type { ReservedNode } from './reserved-nodes.js';
import type { Situation } from './situation.js';

/**
 * What is free when everything but some nodes and the kernel's own area has its place, cut at zone boundaries and
 * aligned to the granule; ascending.
 */
export function holesWithout(situation: Situation, left: readonly ReservedNode[] = []): Interval[] {
  const boot = new Boot({
    ...situation,
    parameter: undefined,
    kconfigSize: { mebibytes: 0n, percentage: 0n, choice: 'MBYTES' },
    reservedMemory: {
      ...situation.reservedMemory,
      nodes: situation.reservedMemory.nodes.filter((node) => !left.includes(node)),
    },
  });
  return alignedHoles(boot.memblock.free(), situation);
}

function alignedHoles(free: IntervalSet, situation: Situation): Interval[] {
  const granule = situation.minimumAlignmentBytes;
  return free.ranges.flatMap((range) => {
    const inside = situation.zones.boundaries.filter((at) => range.start < at && at < range.end);
    const edges = [range.start, ...inside, range.end];
    return edges.slice(0, -1).flatMap((start, i) => {
      const hole = { start: alignUp(start, granule), end: alignDown(edges[i + 1] as bigint, granule) };
      return hole.start < hole.end ? [hole] : [];
    });
  });
}

/** The parts of holes that lie in ranges, aligned again. */
export function holesIn(holes: readonly Interval[], ranges: readonly Interval[], granule: bigint): Interval[] {
  const set = new IntervalSet(holes);
  return ranges.flatMap((range) =>
    set.within(range).flatMap((part) => {
      const hole = { start: alignUp(part.start, granule), end: alignDown(part.end, granule) };
      return hole.start < hole.end ? [hole] : [];
    }),
  );
}

export function largest(holes: readonly Interval[]): Interval | undefined {
  return holes.reduce<Interval | undefined>(
    (best, hole) => (best === undefined || hole.end - hole.start > best.end - best.start ? hole : best),
    undefined,
  );
}

/** Ranges are tried in their order, each from its top. */
export function firstFit(
  holes: readonly Interval[],
  ranges: readonly AddressRange[],
  fits: (hole: Interval) => boolean,
): Interval | undefined {
  for (const range of ranges) {
    const hole = new IntervalSet(holes).within(interval(range.baseAddress, range.sizeBytes)).findLast(fits);
    if (hole !== undefined) return hole;
  }
  return holes.findLast(fits);
}
