/** What is known of one kernel, with the evidence of each statement. Stages take this value instead of a version. */
export { compareKnowledge, type KnowledgeChange } from './compare.js';
export {
  type Condition,
  conditionText,
  holds,
  parseCondition,
  type SymbolValue,
  symbolsOf,
} from './condition.js';
export { type Description, knowledgeOf, writeDescription } from './description.js';
export { type Backing, type HeapEntry, type Inventory, readInventory } from './inventory.js';
export { Kbuild, type ReadFile } from './kbuild.js';
export { namingOf, shippedKnowledge, vendorHeap } from './lookup.js';
export { heapDirectories, readKnowledge, type TreeSource } from './read.js';
export type * from './types.js';
