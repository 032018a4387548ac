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
    explain: 'The kernel refuses areas whose size is no multiple of its granule, so the size was rounded up.',
  },
  'plan/no-heap-on-kernel': {
    severity: 'error',
    title: 'region has no heap on this kernel',
    explain: `Before ${HEAP_PER_AREA} only the default area is a heap. Other reusable regions are memory without a name under /dev/dma_heap.`,
  },
  'plan/module-on-bool': {
    severity: 'warning',
    title: 'module asked of a symbol that cannot be one',
    explain: `The heaps are bool before ${firstRelease('kconfig.dmabuf-heaps-cma-type', 'tristate')}: m is refused and counts as n, so the heap is missing.`,
  },
  'plan/selected-symbol': {
    severity: 'warning',
    title: 'symbol that cannot be requested',
    explain: 'The symbol has no prompt: a fragment line for it is dropped without a word. Others select it.',
  },
  'plan/blocked': {
    severity: 'error',
    title: 'a wish that this kernel and base cannot have',
    explain:
      'No set of fragment lines reaches the wish on this tree with this base configuration. The chain leads from the wish to the symbol that is in the way; dmaheap explain SYMBOL --why-not says more.',
  },
  'plan/not-proven': {
    severity: 'note',
    title: 'fragment not proven for the kernel at hand',
    explain:
      'Without a kernel tree the lines come from kernels that were solved beforehand. A vendor tree or another base configuration may need more, or drop some.',
  },
  'plan/no-area': {
    severity: 'warning',
    title: 'profile without a default area',
    explain: 'Without a default region the kernel makes one of its configured size, which is 0 on x86.',
  },
});

export const report = reporter(PLAN_CODES);
