/** The heaps of a plan by name, on the kernels that it is for. */
import { type HeapNaming, heapNames } from '../facts/heap-names.js';
import { compareKernelVersions, type KernelVersion, kernelsText } from '../facts/index.js';
import type { HeapNode, Plan, PlannedArea } from './types.js';

/** The nodes under /dev/dma_heap that lead to a CMA area. */
export function areaHeapNodes(naming: HeapNaming, area: PlannedArea, cached: boolean): HeapNode[] {
  return heapNames(
    naming,
    area.delivery === 'device-tree' ? { name: area.areaName, isDefault: area.isDefault } : { kind: 'kernel-area' },
    cached,
  );
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

/**
 * On which kernels of the plan a node exists, as a text to follow its name.
 * @returns empty for all of them; undefined for none
 */
export function nodeKernels(node: HeapNode, { min, max }: Plan['kernel']): string | undefined {
  const missing = missingOn([node], min, max);
  if (missing === 'all') return undefined;
  const notes = [...(missing === 'none' ? [] : [kernelsText(node)]), ...(node.optional ? ['if configured'] : [])];
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}
