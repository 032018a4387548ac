/** Small kernel trees written for the purpose: enough Makefiles and C for the reader, and nothing else. */
import { conditionText, type Inventory, Kbuild, readInventory } from '../../src/knowledge/index.js';

export type Files = Readonly<Record<string, string>>;

/** Makefiles from the top down to drivers/dma-buf/heaps. */
export const MAKEFILES: Files = {
  Makefile: 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION = -board\n',
  'drivers/Makefile': 'obj-$(CONFIG_DMA_SHARED_BUFFER) += dma-buf/\nobj-y += misc/\n',
  'drivers/dma-buf/Makefile': 'obj-y := dma-buf.o\nobj-$(CONFIG_DMABUF_HEAPS) += dma-heap.o heaps/\n',
};

export const readerOf = (files: Files) => (file: string) => files[file];
export const listerOf = (files: Files) => (directory: string) => {
  const names = Object.keys(files).filter((file) => file.startsWith(`${directory}/`));
  return names.length === 0 ? undefined : names.map((file) => file.slice(directory.length + 1).split('/')[0] as string);
};

export function inventoryOf(files: Files, directories: readonly string[] = []): Inventory {
  const all = { ...MAKEFILES, ...files };
  return readInventory({
    read: readerOf(all),
    list: listerOf(all),
    kbuild: new Kbuild(readerOf(all)),
    directories,
  });
}

/** One driver, compiled by CONFIG_BOARD_HEAP. */
export const driver = (text: string, more: Files = {}): Files => ({
  'drivers/dma-buf/heaps/Makefile': 'obj-$(CONFIG_BOARD_HEAP) += board_heap.o\n',
  'drivers/dma-buf/heaps/board_heap.c': text,
  ...more,
});

/** `name: backing[, uncached][ if CONDITION]`, the conditions that every heap of these trees has left out. */
export function heapLines({ heaps }: Inventory): string[] {
  return heaps.map(({ directory, name, backing, cached, needs, sometimes }) => {
    const memory =
      'compatible' in backing && backing.compatible !== undefined
        ? `${backing.kind} of ${backing.compatible}`
        : backing.kind;
    const condition = conditionText(needs).replace(
      /^DMA_SHARED_BUFFER && DMABUF_HEAPS(?: && BOARD_HEAP)?(?: && )?/,
      '',
    );
    return [
      `${directory === '/dev/dma_heap' ? '' : `${directory}/`}${name}: ${memory}${cached ? '' : ', uncached'}`,
      ...(condition === '' ? [] : [`if ${condition}`]),
      ...(sometimes === undefined ? [] : [`when ${sometimes}`]),
    ].join(' ');
  });
}
