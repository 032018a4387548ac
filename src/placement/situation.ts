/** Everything that decides a boot, with no question left open. */
import type { AddressRange } from '../quantity/index.js';
import type { CmaParameter } from './command-line.js';
import type { Interval } from './interval-set.js';
import type { ReservedMemory } from './reserved-nodes.js';
import type { Architecture, KernelRules } from './rules.js';
import type { Zones } from './zones.js';

export interface EarlyAllocation {
  readonly sizeBytes: bigint;
  readonly alignmentBytes: bigint;
  /** What of it is not given back before the default area is made, from its start. */
  readonly keptBytes: bigint;
}

export interface KconfigSize {
  readonly mebibytes: bigint;
  readonly percentage: bigint;
  readonly choice: 'MBYTES' | 'PERCENTAGE' | 'MIN' | 'MAX';
}

export interface NamedInterval extends Interval {
  readonly name: string;
  /** Only a guess at what may be in the allocator's way. */
  readonly guessed?: boolean;
}

export interface Situation {
  readonly rules: KernelRules;
  readonly architecture: Architecture;
  readonly pageSizeBytes: bigint;
  readonly minimumAlignmentBytes: bigint;
  readonly slots: number;
  /** Pools for atomic allocations lie in the default area: at most so much of it, and what would decide how much. */
  readonly atomicPools: { readonly mostBytes: bigint; readonly needs: string };
  /** CMA and DMA_CMA are on; otherwise no pool becomes an area. */
  readonly dmaCma: boolean;
  readonly kconfigSize: KconfigSize;
  readonly parameter: CmaParameter | undefined;
  readonly banks: readonly Interval[];
  readonly occupied: readonly NamedInterval[];
  readonly reservedMemory: ReservedMemory;
  readonly memoryReservations: readonly AddressRange[];
  readonly zones: Zones;
  /** arm32 with HIGHMEM: where high memory starts. */
  readonly highMemoryStart: bigint | undefined;
  readonly heaps: HeapConfig;
  /** arm32 with HIGHMEM: low memory ends here at the latest. */
  readonly lowMemoryLimit: bigint | undefined;
  /** arm32 with 64-bit page tables and addresses. */
  readonly lpae: boolean;
  /** restricted-dma-pool has its driver. */
  readonly restrictedPool: boolean;
  /** arm32 without SPARSEMEM: descriptors of pages that are not memory belong to the lowest zone. */
  readonly flatMemory: boolean;
  /** Page descriptors lie in one piece for each section of RAM: SPARSEMEM without SPARSEMEM_VMEMMAP. */
  readonly descriptorPieces: 'y' | 'n' | 'unknown';
  /** What the kernel itself has taken of free memory, at least, before it makes the default area; absent: nothing. */
  readonly early?: readonly EarlyAllocation[];
}

export interface HeapConfig {
  readonly system: boolean;
  readonly cma: boolean;
  /** DMABUF_HEAPS_CMA_LEGACY, where the kernel has it. */
  readonly legacyName: boolean;
}

/** Occupied ranges that the kernel reserves itself. */
export const OWN_MEMORY: readonly string[] = ['kernel', 'initrd', 'dtb'];
