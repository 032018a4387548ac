/** Flattened device trees: read, write, apply overlays, walk addresses. */
export * from './address.js';
export { FDT_CODES } from './codes.js';
export { mayHaveProperty } from './flat.js';
export * from './live.js';
export { applyOverlay } from './overlay.js';
export { findByPhandle, phandleOf } from './phandle.js';
export * from './property.js';
export { readFdt } from './read.js';
export * from './tree.js';
export { writeFdt } from './write.js';
