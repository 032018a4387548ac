/** The lints of /reserved-memory as findings. */
import { defineCodes } from '../../diagnostic/index.js';
import { firstRelease } from '../../facts/index.js';

export const PLACEMENT_CODES = defineCodes({
  'placement/cells-match-root': {
    severity: 'error',
    title: 'cells of /reserved-memory differ from the root',
    explain:
      'When #address-cells or #size-cells of /reserved-memory differ from those of the root, the kernel prints "unsupported node format, ignoring" and ignores every reservation in the tree, those of the firmware included. Overlay tools apply such an overlay without complaint.',
  },
  'placement/ranges-present': {
    severity: 'error',
    title: '/reserved-memory has no ranges',
    explain: 'Without an (empty) ranges property the kernel ignores every reservation, as for wrong cells.',
  },
  'placement/property-lengths': {
    severity: 'error',
    title: 'a property of the wrong length',
    explain:
      'reg and alloc-ranges are pairs in the cells of the root, size has as many cells as #size-cells says, alignment as many as #address-cells says (the kernel; the schema says #size-cells, which differs on 2/1 roots).',
  },
  'placement/base-aligned': {
    severity: 'error',
    title: 'a pool with a base that is no multiple of the granule',
    explain:
      'Base and size of a CMA area must be multiples of the page block (2, 4, 32 or 512 MiB, by page size and configuration). The kernel does not round reg: it refuses the node and its memory goes back to the page allocator.',
  },
  'placement/size-multiple': {
    severity: 'error',
    title: 'a size that is no multiple of the granule',
    explain:
      'For a node with size the kernel raises the alignment of the base, but it does not round the size: a size that is no multiple is refused.',
  },
  'placement/inside-ram': {
    severity: 'error',
    title: 'a pool outside RAM',
    explain:
      'The kernel accepts a region outside RAM, logs a success, and arm64 panics a moment later. A region must lie inside the banks, without a gap.',
  },
  'placement/no-overlap': {
    severity: 'error',
    title: 'memory with two owners',
    explain:
      'A CMA area over another area, over memory of the firmware, the kernel, the initrd or the device tree is accepted by the kernel, silently by newer ones, and corrupts memory; arm32 hangs.',
  },
  'placement/one-zone': {
    severity: 'error',
    title: 'a pool that crosses a memory zone',
    explain:
      'An area must lie in one zone (arm64: below 4 GiB, below the end of dma-ranges; arm32: low or high memory). Another one is created but never activated: its heap exists, and every allocation fails.',
  },
  'placement/pool-flags': {
    severity: 'error',
    title: 'flags that make no CMA area',
    explain:
      'A CMA area needs compatible = "shared-dma-pool" and reusable, and must not have no-map. What the kernel does with other combinations differs by version: it frees the memory, loses it, or panics later.',
  },
  'placement/command-line': {
    severity: 'error',
    title: 'cma= on the command line',
    explain:
      'cma= replaces the linux,cma-default node of the device tree, also as cma=0. With a base it may lie over memory of the firmware, which the kernel accepts in silence.',
  },
  'placement/one-default': {
    severity: 'error',
    title: 'more than one linux,cma-default',
    explain: 'The kernel creates all of them and takes the one initialised last as the default area, without a word.',
  },
  'placement/default-too-late': {
    severity: 'warning',
    title: 'a default with a base that comes too late',
    explain:
      'On some kernels of arm32 and riscv, nodes with a base are registered after the kernel has made its own default area: CONFIG_CMA_SIZE_MBYTES is spent for nothing. A node with size is in time.',
  },
  'placement/fits': {
    severity: 'error',
    title: 'no room for a pool',
    explain:
      'A node with size needs one free, aligned hole of that size, inside alloc-ranges when it has them; there is no fallback outside. The kernel then makes its own area from CONFIG_CMA_SIZE_MBYTES, under another name.',
  },
  'placement/dma-reach': {
    severity: 'warning',
    title: 'a pool that its users may not reach',
    explain:
      'Without alloc-ranges the kernel takes the top of RAM, above 4 GiB when there is any. Devices with fewer address bits, or behind a bus with dma-ranges, cannot reach it.',
  },
  'placement/heap-name': {
    severity: 'error',
    title: 'a heap name that is taken or cut',
    explain:
      'The second heap of a name is refused: "system" belongs to the system heap, and the kernel also names the heap of the default area and the area from Kconfig. Names of areas are cut to 63 characters.',
  },
  'placement/heap-visible': {
    severity: 'warning',
    title: 'a pool without a heap',
    explain: `Before ${firstRelease('heap.cma-names', 'default-area-and-all')} only the default area is a heap. Other reusable nodes serve drivers through memory-region only.`,
  },
  'placement/slots': {
    severity: 'error',
    title: 'more areas than the kernel has room for',
    explain:
      'CMA_AREAS limits the areas, the default one included; older kernels have one more. Older kernels have room for 64 nodes, newer ones for 64 without a base. When the slots are full even the default area fails; arm32 overruns a table and hangs.',
  },
  'placement/overlay-safety': {
    severity: 'error',
    title: 'an overlay that will not do what it says',
    explain:
      'Labels need a base that was compiled with them (dtc -@); an overlay cannot delete, so reg stays beside size and wins; and reserved memory exists only when the boot loader applies the overlay before the kernel starts.',
  },
  'placement/kernel-config': {
    severity: 'error',
    title: 'a kernel without what the pools need',
    explain:
      'CMA areas need CMA and DMA_CMA; heaps need DMABUF_HEAPS and DMABUF_HEAPS_CMA. Stock Debian kernels for arm64, armhf and riscv64 have no heaps.',
  },
  'placement/outcome': {
    severity: 'error',
    title: 'a boot that goes wrong',
    explain:
      'The simulated boot refuses a node, gives memory two owners, panics or hangs. Where every answer to an open question is one of these, the boot goes wrong whatever the answer is.',
  },
  'placement/budget': {
    severity: 'warning',
    title: 'details that cost memory or time later',
    explain:
      'CMA that takes most of the RAM leaves too little for what cannot be moved. The unit address should equal reg, reg should have one entry, and a disabled node reserves nothing.',
  },
});

export type LintId = keyof typeof PLACEMENT_CODES extends `placement/${infer Id}` ? Id : never;
