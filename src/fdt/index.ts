/**
 * Flattened device trees: read, write, apply overlays, walk addresses. Also published alone as `dmaheap/fdt`:
 *
 *     const base = readFdt(await readFile('board.dtb'), 'board.dtb');
 *     const overlay = readFdt(await readFile('cma.dtbo'), 'cma.dtbo');
 *     if (base.value && overlay.value) {
 *       const { value, diagnostics } = applyOverlay(base.value, overlay.value);
 *       if (value) await writeFile('merged.dtb', writeFdt(value));
 *     }
 *
 * Nothing here throws for what a file holds: a result without `value` has the reasons in `diagnostics`.
 */
export type { AddressRange } from '../quantity/index.js';
export * from './address.js';
export { FDT_CODES } from './codes.js';
export { childrenWith, nodesWith } from './flat.js';
export * from './live.js';
export { applyOverlay } from './overlay.js';
export { findByPhandle, phandleOf } from './phandle.js';
export * from './property.js';
export { readFdt } from './read.js';
export * from './tree.js';
export { writeFdt } from './write.js';
