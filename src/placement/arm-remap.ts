/**
 * arm32 maps pools anew as soon as its page tables stand: dma_contiguous_remap() in arch/arm/mm/dma-mapping.c unmaps
 * each range of its table in blocks of 2 MiB and maps it again, with page tables from the top of free memory. That the
 * table holds pools that were refused and freed since is what stops the machine, before it can say a word.
 */
import { alignDown } from '../quantity/index.js';
import { higher, type Interval, lower, overlaps } from './interval-set.js';
import type { Memblock } from './memblock.js';

export interface TableEntry {
  readonly name: string;
  readonly range: Interval;
}

export interface RemapStop {
  readonly names: readonly string[];
  readonly reason: string;
}

/** What one entry of the first page table level maps (PMD_SIZE). */
export const ARM_BLOCK = 0x20_0000n;
const PAGE = 4096n;

/**
 * Where the walk over the table ends the boot; undefined when it comes through.
 * @param memblock as it is after the default area was made
 * @param lowMemoryEnd undefined: all memory is low
 * @param kernel where its image lies, when that is known
 */
export function remapStop(
  table: readonly TableEntry[],
  memblock: Memblock,
  lowMemoryEnd: bigint | undefined,
  kernel: Interval | undefined,
): RemapStop | undefined {
  const low = table
    .map(({ name, range }) => ({
      name,
      range: { start: range.start, end: lower(range.end, lowMemoryEnd ?? range.end) },
    }))
    .filter(({ range }) => range.start < range.end);
  const pages = pagesFromTop(memblock, lowMemoryEnd);
  // What the entries of the list of mappings need fits into one page.
  const list = pages.next().value;
  for (const [i, { name, range }] of low.entries()) {
    if (kernel !== undefined && overlaps(range, kernel))
      return { names: [name, 'kernel'], reason: `arm32 unmaps ${name}, and with it the running kernel` };
    const own = (page: bigint | undefined, mapped: bigint) =>
      page === undefined || (page >= mapped && page < range.end);
    let isOwn = own(list, alignDown(range.start, ARM_BLOCK));
    for (let at = alignDown(range.start, ARM_BLOCK); at < range.end && !isOwn; at += ARM_BLOCK)
      isOwn = own(pages.next().value, at);
    if (isOwn)
      return {
        names: [name],
        reason: `the memory of ${name} is free again; arm32 unmaps it and then allocates page tables from it`,
      };
    // vm_area_add_early(): BUG_ON
    const other = low.slice(0, i).find((one) => overlaps(one.range, range));
    if (other !== undefined)
      return {
        names: [other.name, name],
        reason: `${other.name} and ${name} share memory, and arm32 maps it twice: a BUG before the kernel can print a message`,
      };
  }
  return undefined;
}

/** Free pages of low memory, from the top: what memblock hands out one after the other. */
function* pagesFromTop(memblock: Memblock, lowMemoryEnd: bigint | undefined): Generator<bigint, undefined> {
  for (const range of [...memblock.free().ranges].reverse()) {
    const end = lower(range.end, lowMemoryEnd ?? range.end);
    for (let page = alignDown(end, PAGE) - PAGE; page >= higher(range.start, PAGE); page -= PAGE) yield page;
  }
}
