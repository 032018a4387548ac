/** What each kernel calls the heap of an area: names come from facts, not from version checks. */
import {
  compareKernelVersions,
  FACTS,
  type FactRange,
  formatKernelVersion,
  type KernelVersion,
  parseKernelVersion,
} from '../facts/index.js';
import type { Kernel } from '../profile/types.gen.js';
import type { HeapNode } from './types.js';

type Backports = NonNullable<Kernel['backports']>;

interface Range {
  readonly value: string | null;
  readonly since: KernelVersion | undefined;
  readonly until: KernelVersion | undefined;
}

function rangesOf(id: string): Range[] {
  const fact = FACTS.get(id);
  if (fact === undefined) throw new Error(`no fact ${id}`);
  return fact.ranges.map((range: FactRange, i) => ({
    value: range.value as string | null,
    // The oldest range reaches back as far as a kernel has heaps at all.
    since: i === 0 ? undefined : parseKernelVersion(range.since),
    until: range.until === undefined ? undefined : parseKernelVersion(range.until),
  }));
}

const later = (a: KernelVersion | undefined, b: KernelVersion | undefined) =>
  a === undefined ? b : b === undefined ? a : compareKernelVersions(a, b) >= 0 ? a : b;
const earlier = (a: KernelVersion | undefined, b: KernelVersion | undefined) =>
  a === undefined ? b : b === undefined ? a : compareKernelVersions(a, b) <= 0 ? a : b;

/** The stretches on which two facts are both constant. */
function combine(
  left: readonly Range[],
  right: readonly Range[],
): { left: string | null; right: string | null; since: KernelVersion | undefined; until: KernelVersion | undefined }[] {
  return left.flatMap((l) =>
    right.flatMap((r) => {
      const since = later(l.since, r.since);
      const until = earlier(l.until, r.until);
      const empty = since !== undefined && until !== undefined && compareKernelVersions(since, until) >= 0;
      return empty ? [] : [{ left: l.value, right: r.value, since, until }];
    }),
  );
}

/** Joins neighbouring ranges of one name, so that a name that never changed is one entry. */
function joined(nodes: readonly HeapNode[]): HeapNode[] {
  const result: HeapNode[] = [];
  for (const node of nodes) {
    const i = result.findIndex(
      (r) =>
        r.name === node.name &&
        r.optional === node.optional &&
        r.until !== undefined &&
        node.since !== undefined &&
        compareKernelVersions(r.until, node.since) === 0,
    );
    const before = result[i];
    if (before === undefined) result.push(node);
    else result[i] = { ...before, until: node.until };
  }
  return result;
}

/**
 * The nodes under /dev/dma_heap that lead to a CMA area, oldest first; on a kernel with several, the first is the one
 * its authors mean to keep.
 */
export function areaHeapNodes(areaName: string, isDefault: boolean, backports: Backports): HeapNode[] {
  const nodes: HeapNode[] = [];
  for (const { left, right, since, until } of combine(rangesOf('heap.cma-names'), rangesOf('heap.default-area-name'))) {
    const every = left === 'default-area-and-all' || backports.includes('heap-per-area');
    if (!isDefault) {
      if (every) nodes.push({ name: areaName, since, until, optional: false });
      continue;
    }
    const renamed = right ?? (backports.includes('default-heap-name') ? newestDefaultName() : null);
    if (renamed === null) nodes.push({ name: areaName, since, until, optional: false });
    else {
      nodes.push({ name: renamed, since, until, optional: false });
      nodes.push({ name: areaName, since, until, optional: !every });
    }
  }
  return joined(nodes);
}

function newestDefaultName(): string | null {
  return rangesOf('heap.default-area-name').at(-1)?.value ?? null;
}

export function systemHeapNodes(): HeapNode[] {
  return joined(
    rangesOf('heap.system-name').map(({ value, since, until }) => ({
      name: value ?? '',
      since,
      until,
      optional: false,
    })),
  );
}

/** Name of the area made by cma= or CMA_SIZE_MBYTES, which has no node. */
export function kernelAreaName(): string {
  return rangesOf('heap.kernel-area-name').at(-1)?.value ?? '';
}

/** Whether some kernel of the closed range [min, max] is not covered by any of the nodes. */
export function missingOn(nodes: readonly HeapNode[], min: KernelVersion, max: KernelVersion): 'all' | 'some' | 'none' {
  const covers = (version: KernelVersion) =>
    nodes.some(
      (n) =>
        (n.since === undefined || compareKernelVersions(n.since, version) <= 0) &&
        (n.until === undefined || compareKernelVersions(version, n.until) < 0),
    );
  // Coverage only ever starts or stops at a boundary of a node, so the ends and the boundaries decide.
  const points = [min, max, ...nodes.flatMap((n) => [n.since, n.until])].filter(
    (v): v is KernelVersion =>
      v !== undefined && compareKernelVersions(min, v) <= 0 && compareKernelVersions(v, max) <= 0,
  );
  const covered = points.filter(covers).length;
  return covered === points.length ? 'none' : covered === 0 ? 'all' : 'some';
}

/** `before 6.17`, `from 6.17`, `every kernel`. */
export function kernelsOf({ since, until }: Pick<HeapNode, 'since' | 'until'>): string {
  if (since === undefined) return until === undefined ? 'every kernel' : `before ${formatKernelVersion(until)}`;
  const from = `from ${formatKernelVersion(since)}`;
  return until === undefined ? from : `${from}, before ${formatKernelVersion(until)}`;
}
