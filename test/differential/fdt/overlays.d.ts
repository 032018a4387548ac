/** Overlays made for a base: what the generator delivers, and what dtc makes of labels. */
import { type Fdt } from '../../../src/fdt/index.js';
/** Three regions under /reserved-memory, whose node and whose `linux,cma` the base may have or not. */
export declare function byPath(base: Fdt): Fdt;
/** As dtc -@ writes a source with `&label` targets, references both ways and labels of its own. */
export declare function byLabel(base: Fdt): Fdt | undefined;
/** Whether a tree can take part with labels. */
export declare function hasLabels(fdt: Fdt): boolean;
