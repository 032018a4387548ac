/** The symlinks below /dev/dma_heap that let a program find a heap whatever its kernel calls it. */
import { givenHeapNames } from '../facts/heap-names.js';
import type { Plan, PlannedHeap } from './types.js';

export interface HeapLink {
  readonly name: string;
  /** The node it leads to, where that node exists. */
  readonly to: string;
  /** udev's link priority: the newest name is preferred as the end of a link. */
  readonly priority: number;
  /** Whether the profile asks for the name; others are what programs written for another kernel open. */
  readonly isStated: boolean;
}

/**
 * A heap answers to its aliases, to every name it has on any kernel and, for the default area, to the names that programs
 * look for. Where the kernel itself provides a name there is no link. Only stated aliases are expected by the verifier.
 */
export function linksOf(plan: Plan, heap: PlannedHeap): HeapLink[] {
  const nodes = [...new Set(heap.nodes.map((node) => node.name))];
  const taken = plan.heaps
    .filter((other) => other !== heap)
    .flatMap((other) => [...other.aliases, ...other.nodes.map((node) => node.name)]);
  const isDefault = plan.areas.some((area) => area.isDefault && area.areaName === heap.areaName);
  // A program that opens the default area's name wants the cached heap.
  const usual = isDefault && heap.cached ? usualNames().filter((name) => !taken.includes(name)) : [];
  return [...new Set([...heap.aliases, ...nodes, ...usual])].flatMap((name) => {
    const isStated = heap.aliases.includes(name);
    return nodes.flatMap((to, i) => (to === name ? [] : [{ name, to, priority: 10 * (i + 1), isStated }]));
  });
}

/** What programs open when they want the default area: the kernel's own names, and what most boards call the node. */
function usualNames(): string[] {
  const { defaultArea, kernelArea } = givenHeapNames();
  return ['linux,cma', ...defaultArea, ...kernelArea];
}
