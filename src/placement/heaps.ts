/** Names under /dev/dma_heap. */
import type { Area, Boot } from './boot.js';
import type { PredictedHeap } from './prediction.js';

/**
 * The heaps of a booted kernel with its CMA heap loaded, in the order in which they are registered: a second heap of
 * a name is refused. Sources: drivers/dma-buf/dma-heap.c, drivers/dma-buf/heaps/.
 */
export function heapsOf(boot: Boot): PredictedHeap[] {
  const { rules, heaps: config } = boot.situation;
  const heaps: { name: string; area: Area | null }[] = [];
  const register = (name: string, area: Area | null): boolean => {
    if (heaps.some((heap) => heap.name === name)) return false;
    heaps.push({ name, area });
    return true;
  };
  if (config.system) register(rules.systemHeapName, null);
  if (config.cma) registerCma(boot, register);
  return heaps.map(({ name, area }) => ({
    name,
    area: area?.name ?? null,
    usable: area === null || area.active,
    aliases:
      area === null ? [] : heaps.filter((other) => other.area === area && other.name !== name).map((h) => h.name),
  }));
}

function registerCma(boot: Boot, register: (name: string, area: Area) => boolean): void {
  const { rules, heaps: config } = boot.situation;
  const main = boot.defaultArea;
  if (main !== undefined && !register(rules.defaultHeapName ?? main.name, main)) return;
  switch (rules.heapNames) {
    case 'default-area':
      return;
    case 'default-area-and-legacy-name':
      if (main !== undefined && config.legacyName) register(main.name, main);
      return;
    case 'default-area-and-all':
      for (const area of boot.areas) register(area.name, area);
  }
}
