import type { Plan, PlannedArea, PlannedHeap } from '../../src/plan/types.js';
/** A plan that exercises every branch of the templates: three deliveries, every heap kind, budget, range, force. */
export declare function samplePlan(change?: Partial<Plan>): Plan;
export declare function sampleArea(change: Partial<PlannedArea>): PlannedArea;
export declare function sampleHeap(change: Partial<PlannedHeap>): PlannedHeap;
