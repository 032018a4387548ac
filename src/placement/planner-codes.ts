/** Every finding of the planner. */
import { defineCodes, reporter } from '../diagnostic/index.js';

export const PLANNER_CODES = defineCodes({
  'placement/no-room': {
    severity: 'error',
    title: 'no room for a region',
    explain: "No free, aligned hole within the ranges and the reach of the region's users is large enough.",
  },
  'placement/little-left': {
    severity: 'warning',
    title: 'little memory left for the kernel',
    explain: 'Every region fits, but the memory outside of them may not be enough for the kernel to boot.',
  },
  'placement/base-taken': {
    severity: 'error',
    title: 'an invalid base',
    explain:
      'The base is not a multiple of the granule, is not RAM, or is in use, or the region crosses the end of a memory zone. The kernel refuses such a region, or accepts it and panics or corrupts memory later.',
  },
  'placement/name-taken': {
    severity: 'error',
    title: 'a region with the name of another node of the board',
    explain:
      'An overlay selects a node by its name, and a name without a unit address selects the first node of that name with any address. The properties of the region would be merged into a reservation of firmware.',
  },
  'placement/cells-unusable': {
    severity: 'error',
    title: 'cells that cannot express the region',
    explain:
      'The root has no usable #address-cells and #size-cells (1 or 2), or an address or a size does not fit into one cell.',
  },
  'placement/ranges-narrowed': {
    severity: 'warning',
    title: 'the stated ranges are narrowed',
    explain:
      'The kernel uses the top of the first range with room. If that is out of reach or crosses the end of a memory zone, dmaheap writes only the part of the ranges that works.',
  },
  'placement/board-limit-left': {
    severity: 'warning',
    title: "a limit of the board's device tree is exceeded",
    explain:
      "The board's device tree limits the region by alloc-ranges, alignment, reg or the dma-ranges of a bus. The profile states other values, and devices that need the limit may not reach the region.",
  },
  'placement/node-decides': {
    severity: 'error',
    title: "the board's device tree decides the default area",
    explain:
      'The kernel makes an area of CMA_SIZE_MBYTES only where the device tree has no default area. On this board the size that the profile states has no effect, and the heap has another name.',
  },
  'placement/smaller-than-board': {
    severity: 'warning',
    title: "the region is smaller than in the board's device tree",
    explain:
      "The board's device tree gives the region more memory than the profile does. Drivers of the board may need it.",
  },
});

export const report = reporter(PLANNER_CODES);
