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
    explain: 'Every region finds its place, but the kernel may not find enough memory outside of them to boot with.',
  },
  'placement/base-taken': {
    severity: 'error',
    title: 'a base that cannot be used',
    explain:
      'The base is not a multiple of the granule, not RAM, in use, or crosses a memory zone. The kernel refuses such a region, or accepts it and panics or corrupts memory later.',
  },
  'placement/name-taken': {
    severity: 'error',
    title: 'a region with the name of another node of the board',
    explain:
      'An overlay selects a node by its name, and a name without a unit address selects the first node that has it with any address. The properties of the region would be merged into a reservation of firmware.',
  },
  'placement/cells-unusable': {
    severity: 'error',
    title: 'cells in which no region can be written',
    explain:
      'The root has no usable #address-cells and #size-cells (1 or 2), or an address or a size does not fit into one cell.',
  },
  'placement/ranges-narrowed': {
    severity: 'warning',
    title: 'stated ranges are narrowed',
    explain:
      'The kernel takes the top of the first range with room. Where that lies out of reach or across the end of a memory zone, only the part of the ranges that works is written.',
  },
  'placement/board-limit-left': {
    severity: 'warning',
    title: "a limit of the board's device tree is left",
    explain:
      "The board's own device tree limits the region, by alloc-ranges, alignment, reg or the dma-ranges of a bus. The profile states something else, and devices that rely on the limit may not reach the region.",
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
      "The board's device tree gives the region more memory than the profile does. Drivers of the board may count on it.",
  },
});

export const report = reporter(PLANNER_CODES);
