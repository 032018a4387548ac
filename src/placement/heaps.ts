/** Names under /dev/dma_heap. */
import { registeredHeaps } from '../facts/heap-names.js';
import type { Boot } from './boot.js';
import type { PredictedHeap } from './prediction.js';

/**
 * The heaps of a booted kernel with its CMA heap loaded, in the order in which they are registered: a second heap of
 * a name is refused, with a message where the kernel goes on. Sources: drivers/dma-buf/dma-heap.c, drivers/dma-buf/heaps/.
 */
export function heapsOf(boot: Boot, onRefused: (name: string) => void = () => undefined): PredictedHeap[] {
  const { rules, heaps: config } = boot.situation;
  const isOn: Readonly<Record<string, boolean>> = {
    DMABUF_HEAPS_SYSTEM: config.system,
    DMABUF_HEAPS_CMA: config.cma,
    DMABUF_HEAPS_CMA_LEGACY: config.legacyName,
  };
  const areas = boot.areas.map((area) => ({ name: area.name, isDefault: area === boot.defaultArea, area }));
  const heaps = registeredHeaps(
    rules.inventory,
    areas,
    (symbol) => isOn[symbol] ?? true,
    (name, backing) => backing === 'every-area' && onRefused(name),
  );
  return heaps.map(({ name, area }) => ({
    name,
    area: area?.name ?? null,
    usable: area === undefined || area.area.active,
    aliases:
      area === undefined ? [] : heaps.filter((other) => other.area === area && other.name !== name).map((h) => h.name),
  }));
}
