/** The lints of /reserved-memory as findings. */
import { defineCodes } from '../../diagnostic/index.js';
import { firstRelease } from '../../facts/index.js';

export const PLACEMENT_CODES = defineCodes({
  'placement/cells-match-root': {
    severity: 'error',
    title: 'cells of /reserved-memory differ from the root',
    explain:
      'When #address-cells or #size-cells of /reserved-memory differ from those of the root, the kernel prints "unsupported node format, ignoring" and ignores every reservation in the tree, also those of the firmware. Overlay tools apply such an overlay without an error.',
  },
  'placement/ranges-present': {
    severity: 'error',
    title: '/reserved-memory has no ranges',
    explain: 'Without an empty ranges property, the kernel ignores every reservation, as with wrong cells.',
  },
  'placement/property-lengths': {
    severity: 'error',
    title: 'a property of the wrong length',
    explain:
      'reg and alloc-ranges are pairs in the cells of the root. size has #size-cells cells. alignment has #address-cells cells for the kernel; the schema requires #size-cells, which differs on roots with 2 and 1 cells.',
  },
  'placement/base-aligned': {
    severity: 'error',
    title: 'a pool with a base that is not a multiple of the granule',
    explain:
      'Base and size of a CMA area must be multiples of the page block (2, 4, 32 or 512 MiB, by page size and configuration). The kernel does not round reg: it refuses the node and frees its memory.',
  },
  'placement/size-multiple': {
    severity: 'error',
    title: 'a size that is not a multiple of the granule',
    explain:
      'For a node with size, the kernel raises the alignment of the base but does not round the size. It refuses a size that is not a multiple.',
  },
  'placement/inside-ram': {
    severity: 'error',
    title: 'a pool outside RAM',
    explain:
      'The kernel accepts a region outside RAM and logs a success; arm64 then panics. A region must be inside the banks, without a gap.',
  },
  'placement/no-overlap': {
    severity: 'error',
    title: 'memory with two owners',
    explain:
      'The kernel accepts a CMA area that overlaps another area, memory of the firmware, the kernel, the initrd or the device tree; newer kernels do so silently. This corrupts memory; arm32 hangs.',
  },
  'placement/one-zone': {
    severity: 'error',
    title: 'a pool that crosses a memory zone',
    explain:
      'An area must be in one zone (arm64: below 4 GiB and below the end of dma-ranges; arm32: in low or in high memory). The kernel creates another area but does not activate it: its heap exists, but every allocation fails.',
  },
  'placement/pool-flags': {
    severity: 'error',
    title: 'flags that make no CMA area',
    explain:
      'A CMA area needs compatible = "shared-dma-pool" and reusable, and must not have no-map. With other combinations, the kernel frees the memory, keeps it unused, or panics later, depending on its version.',
  },
  'placement/command-line': {
    severity: 'error',
    title: 'cma= on the command line',
    explain:
      'cma=, also cma=0, replaces the linux,cma-default node of the device tree. With a base, it may overlap memory of the firmware, which the kernel accepts silently.',
  },
  'placement/one-default': {
    severity: 'error',
    title: 'more than one linux,cma-default',
    explain: 'The kernel creates all of them and silently uses the one that it initialises last as the default area.',
  },
  'placement/default-too-late': {
    severity: 'warning',
    title: 'a default with a base that comes too late',
    explain:
      'On some kernels of arm32 and riscv, nodes with a base are registered after the kernel has made its own default area: the memory of CONFIG_CMA_SIZE_MBYTES is wasted. A node with size does not have this problem.',
  },
  'placement/fits': {
    severity: 'error',
    title: 'no room for a pool',
    explain:
      'A node with size needs one free, aligned hole of that size, inside its alloc-ranges if it has them. Without such a hole, the kernel makes an area from CONFIG_CMA_SIZE_MBYTES with another name.',
  },
  'placement/dma-reach': {
    severity: 'warning',
    title: 'a pool that its users may not reach',
    explain:
      'Without alloc-ranges, the kernel uses the top of RAM, which may be above 4 GiB. Devices with fewer address bits or behind a bus with dma-ranges cannot reach it.',
  },
  'placement/heap-name': {
    severity: 'error',
    title: 'a heap name that is in use or too long',
    explain:
      'The kernel refuses the second heap with the same name. It uses "system" for the system heap, and other names for the heap of the default area and for the area from Kconfig. It cuts names of areas to 63 characters.',
  },
  'placement/heap-visible': {
    severity: 'warning',
    title: 'a pool without a heap',
    explain: `Before ${firstRelease('heap.cma-names', 'default-area-and-all')} only the default area is a heap. Only drivers use other reusable nodes, through memory-region.`,
  },
  'placement/slots': {
    severity: 'error',
    title: 'more areas than the kernel has room for',
    explain:
      'CMA_AREAS limits the number of areas, including the default one; older kernels have one more. Older kernels handle 64 nodes, newer ones 64 nodes without a base. If all slots are in use, the default area fails too; arm32 writes past the end of a table and hangs.',
  },
  'placement/overlay-safety': {
    severity: 'error',
    title: 'an overlay that does not have the intended effect',
    explain:
      'Labels need a base that was compiled with them (dtc -@). An overlay cannot delete a property, so reg stays beside size and overrides it. Reserved memory exists only if the boot loader applies the overlay before the kernel starts.',
  },
  'placement/kernel-config': {
    severity: 'error',
    title: 'a kernel without the symbols that the pools need',
    explain:
      'CMA areas need CMA and DMA_CMA; heaps need DMABUF_HEAPS and DMABUF_HEAPS_CMA. Stock Debian kernels for arm64, armhf and riscv64 have no heaps.',
  },
  'placement/outcome': {
    severity: 'error',
    title: 'a boot that goes wrong',
    explain:
      'The simulated boot refuses a node, gives memory two owners, panics or hangs. If this holds for every possible value of the unknown inputs, the boot fails in every case.',
  },
  'placement/budget': {
    severity: 'warning',
    title: 'details that cost memory or time later',
    explain:
      'If CMA has most of the RAM, too little is left for memory that cannot be moved. The unit address should equal reg, reg should have one entry, and a disabled node reserves no memory.',
  },
});

export type LintId = keyof typeof PLACEMENT_CODES extends `placement/${infer Id}` ? Id : never;
