/** Every finding of the planning stage. */
import { defineCodes, reporter } from '../diagnostic/index.js';
import { NAMING_FACTS } from '../facts/heap-names.js';
import { firstRelease } from '../facts/index.js';

/** The release from which on every area is a heap. */
export const HEAP_PER_AREA = firstRelease(NAMING_FACTS.areas, 'default-area-and-all');

export const PLAN_CODES = defineCodes({
  'plan/size-rounded': {
    severity: 'note',
    title: 'size rounded up',
    explain: 'The kernel refuses an area whose size is not a multiple of the granule, so the size is rounded up.',
  },
  'plan/no-heap-on-kernel': {
    severity: 'error',
    title: 'region has no heap on this kernel',
    explain: `Before ${HEAP_PER_AREA} only the default area is a heap. Other reusable regions have no name under /dev/dma_heap.`,
  },
  'plan/module-on-bool': {
    severity: 'warning',
    title: 'm for a symbol that cannot be a module',
    explain: `The heaps are bool before ${firstRelease('kconfig.dmabuf-heaps-cma-type', 'tristate')}: conf refuses m and uses n, so the heap is missing.`,
  },
  'plan/selected-symbol': {
    severity: 'warning',
    title: 'symbol that cannot be requested',
    explain: 'The symbol has no prompt, so conf silently drops a fragment line for it. Other symbols select it.',
  },
  'plan/blocked': {
    severity: 'error',
    title: 'a request that is not possible on this kernel and base configuration',
    explain:
      'No set of fragment lines reaches the requested value on this tree with this base configuration. The chain leads from the request to the symbol that prevents it. dmaheap explain SYMBOL --why-not shows more.',
  },
  'plan/not-proven': {
    severity: 'note',
    title: 'fragment not proven for the given kernel',
    explain:
      'Without a kernel tree, dmaheap uses solutions for known kernels. A vendor tree or another base configuration may need more lines, or drop some.',
  },
  'plan/default-of-board': {
    severity: 'warning',
    title: 'region that is the default area of the board',
    explain:
      "The region has the name of the node that the board's device tree makes the default area. An overlay cannot delete linux,cma-default, so the region stays the default area.",
  },
  'plan/no-area': {
    severity: 'warning',
    title: 'profile without a default area',
    explain: 'Without a default region, the kernel makes a default area of its configured size, which is 0 on x86.',
  },
});

export const report = reporter(PLAN_CODES);
