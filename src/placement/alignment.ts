/** The granule of CMA: base and size of every area are multiples of it. */
import type { Architecture, KernelRules } from './rules.js';

/** Kconfig values that decide the granule; undefined: unknown. */
export interface GranuleConfig {
  readonly hugetlb: boolean;
  readonly transparentHugepage: boolean;
  /** ARCH_FORCE_MAX_ORDER, or FORCE_MAX_ZONEORDER on older kernels, as written in .config. */
  readonly forceMaxOrder: number | undefined;
  readonly pageBlockMaxOrder: number | undefined;
  /** arm32 with 64-bit page tables. */
  readonly lpae: boolean;
}

/** log2 of what one entry of the second page table level maps. */
function pmdShift(architecture: Architecture, pageShift: number, lpae: boolean): number | undefined {
  if (architecture === 'arm') return lpae ? 21 : undefined;
  if (architecture !== 'arm64') return 21;
  return 2 * pageShift - 3;
}

/** Kconfig default of the order, in the spelling of that kernel (exclusive: one more). */
function defaultMaxOrder(rules: KernelRules, architecture: Architecture, pageShift: number, thp: boolean): number {
  const exclusive = rules.largestOrder === 'exclusive' ? 1 : 0;
  if (architecture !== 'arm64') return 10 + exclusive;
  // Older kernels raise the order of large pages only for transparent huge pages.
  const raised = rules.minimumAlignment === 'page-block' || thp;
  if (pageShift === 16 && raised) return 13 + exclusive;
  if (pageShift === 14 && raised) return 11 + exclusive;
  return 10 + exclusive;
}

/**
 * CMA_MIN_ALIGNMENT_BYTES, or on older kernels the larger of the largest buddy block and a page block.
 * Sources: include/linux/cma.h, include/linux/pageblock-flags.h, the architectures' Kconfig.
 */
export function minimumAlignment(
  rules: KernelRules,
  architecture: Architecture,
  pageSizeBytes: bigint,
  config: GranuleConfig,
): bigint {
  const pageShift = pageSizeBytes.toString(2).length - 1;
  const written = config.forceMaxOrder ?? defaultMaxOrder(rules, architecture, pageShift, config.transparentHugepage);
  const largest = rules.largestOrder === 'exclusive' ? written - 1 : written;
  const cap = rules.pageBlockCap && config.pageBlockMaxOrder !== undefined ? config.pageBlockMaxOrder : largest;
  const pmd = pmdShift(architecture, pageShift, config.lpae);
  const hugeOrder = pmd === undefined ? undefined : pmd - pageShift;
  const huge = config.hugetlb || (rules.pageBlockThp && config.transparentHugepage);
  if (rules.minimumAlignment === 'largest-block') {
    const pageBlock = config.hugetlb && hugeOrder !== undefined ? hugeOrder : largest;
    return block(pageSizeBytes, Math.max(largest, pageBlock));
  }
  const order = huge && hugeOrder !== undefined ? Math.min(hugeOrder, cap) : cap;
  return block(pageSizeBytes, order);
}

/** No kernel builds with an order beyond 20; a .config may say anything. */
function block(pageSizeBytes: bigint, order: number): bigint {
  return pageSizeBytes << BigInt(Math.min(Math.max(order, 0), 20));
}
