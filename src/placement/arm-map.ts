/**
 * arm32 without LPAE maps low memory in blocks of 2 MiB, each a pair of sections: alloc_init_pmd() in arch/arm/mm/mmu.c
 * writes a section where a whole MiB is mapped, and asks for a table of pages for a part of one. arm_pte_alloc() looks at
 * the first half of the pair only; when that is a section already, the kernel stops at a BUG before it has a console.
 */
import { alignDown, isAligned } from '../quantity/index.js';
import { ARM_BLOCK } from './arm-remap.js';
import { type Interval, lower } from './interval-set.js';

const SECTION = 1n << 20n;

/**
 * @param mapped ranges that the kernel maps one after the other, ascending
 * @param lowMemoryEnd undefined: all memory is low
 * @returns the address from which the mapping stops the boot
 */
export function sectionPairStop(mapped: readonly Interval[], lowMemoryEnd: bigint | undefined): bigint | undefined {
  /** Block of which the first half is a section. */
  let withSection: bigint | undefined;
  for (const { start, end: whole } of mapped) {
    const end = lower(whole, lowMemoryEnd ?? whole);
    // Only the first and the last block of a range can be mapped in part.
    for (const at of [start, alignDown(end, ARM_BLOCK)]) {
      if (at < start || at >= end) continue;
      const block = alignDown(at, ARM_BLOCK);
      const stop = lower(block + ARM_BLOCK, end);
      const isSection = isAligned(at, SECTION) && isAligned(stop, SECTION);
      if (!isSection && withSection === block) return at;
      if (isSection && at === block) withSection = block;
    }
  }
  return undefined;
}
