/** Where the kernel puts CMA areas, what it calls them, and what goes wrong: predicted before the boot. */
export { bareName } from './board-regions.js';
export { cmaParameter, effectiveCommandLine, parameters } from './command-line.js';
export { type Change, changesForUserSpace } from './compare.js';
export { type Explanation, explainHeap, explainRegion, type Reason } from './explain.js';
export { BOOT_LOG_CODES, type FromLog, fromLog } from './from-log.js';
export * from './input.js';
export { cellsMismatch, malformedProperties, NO_RANGES } from './lint/format.js';
export {
  findingsOf,
  type LintId,
  type LintInput,
  type LintResult,
  lintPlacement,
  PLACEMENT_CODES,
} from './lint/index.js';
export { RAM_UNKNOWN } from './lint/skip.js';
export * from './memory-map.js';
export { planRegions, type RegionPlan } from './planner.js';
export { PLANNER_CODES } from './planner-codes.js';
export { type PoolNode, type PoolProperty, poolOverlay, poolProperties } from './pool-node.js';
export { predict } from './predict.js';
export * from './prediction.js';
export { RASPBERRY_PI_CODES, withParameters } from './raspberry-pi.js';
export type { Reach } from './reach.js';
export type { PlannedRegion, RegionWish } from './region.js';
export { firstEntry, isPool, type ReservedNode, readReservedMemory, readReservedNode } from './reserved-nodes.js';
export type { Architecture } from './rules.js';
export { areaWords, isOpen, layoutWords, openWords } from './words.js';
