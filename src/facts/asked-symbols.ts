/** Kconfig symbols that plans ask for on every kernel; a heap of a vendor may need more. */
export const ASKED_SYMBOLS = [
  'CMA',
  'DMA_CMA',
  'DMABUF_HEAPS',
  'DMABUF_HEAPS_CMA',
  'DMABUF_HEAPS_SYSTEM',
  'CMA_SIZE_SEL_MBYTES',
  'CMA_DEBUGFS',
] as const;
/** The one with a number: the size of the default area. */
export const ASKED_SIZE = 'CMA_SIZE_MBYTES';
