/** What changes for user space from one kernel to another. */
import { formatBytes } from '../quantity/index.js';
import type { PredictedHeap, Prediction } from './prediction.js';

export interface Change {
  readonly kind: 'outcome' | 'heap-gone' | 'heap-new' | 'heap-area' | 'heap-usable' | 'area-size' | 'cma-total';
  /** The heap or area; absent for the whole machine. */
  readonly name?: string;
  readonly text: string;
}

/** Differences that a program can see: names, what is behind them, sizes, whether it boots. */
export function changesForUserSpace(from: Prediction, to: Prediction): Change[] {
  const changes: Change[] = [];
  if (from.outcome !== to.outcome)
    changes.push({ kind: 'outcome', text: `the machine ${verb(to)}; before, it ${verb(from)}` });
  const now = new Map(to.heaps.map((heap) => [heap.name, heap]));
  const then = new Map(from.heaps.map((heap) => [heap.name, heap]));
  for (const heap of from.heaps) {
    const next = now.get(heap.name);
    if (next === undefined) changes.push({ kind: 'heap-gone', name: heap.name, text: gone(heap, to) });
    else if (next.area !== heap.area)
      changes.push({
        kind: 'heap-area',
        name: heap.name,
        text: `${heap.name} uses ${next.area ?? 'no CMA area'} instead of ${heap.area ?? 'no CMA area'}`,
      });
    else if (next.usable !== heap.usable)
      changes.push({
        kind: 'heap-usable',
        name: heap.name,
        text: next.usable ? `${heap.name} can be allocated from` : `every allocation from ${heap.name} fails`,
      });
  }
  for (const heap of to.heaps)
    if (!then.has(heap.name)) changes.push({ kind: 'heap-new', name: heap.name, text: appeared(heap) });
  for (const area of from.areas) {
    const next = to.areas.find((one) => one.name === area.name);
    if (next !== undefined && next.sizeBytes !== area.sizeBytes)
      changes.push({
        kind: 'area-size',
        name: area.name,
        text: `area ${area.name} has ${formatBytes(next.sizeBytes)} instead of ${formatBytes(area.sizeBytes)}`,
      });
  }
  if (from.cmaTotalBytes !== to.cmaTotalBytes)
    changes.push({ kind: 'cma-total', text: `CmaTotal is ${total(to)} instead of ${total(from)}` });
  return changes;
}

function verb(prediction: Prediction): string {
  return prediction.outcome === 'unknown' ? 'may or may not boot' : prediction.outcome;
}

function total(prediction: Prediction): string {
  return prediction.cmaTotalBytes === null ? 'unknown' : formatBytes(prediction.cmaTotalBytes);
}

function gone(heap: PredictedHeap, to: Prediction): string {
  const others = to.heaps.filter((one) => one.area !== null && one.area === heap.area).map((one) => one.name);
  return others.length === 0
    ? `${heap.name} no longer exists`
    : `${heap.name} no longer exists; its area is ${others.join(' and ')}`;
}

function appeared(heap: PredictedHeap): string {
  return heap.aliases.length === 0
    ? `${heap.name} is new`
    : `${heap.name} is new, another name of ${heap.aliases.join(' and ')}`;
}
