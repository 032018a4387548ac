/**
 * What EFI leaves in memory. The firmware allocates from the top of RAM, page by page: its own runtime code and data, the
 * device tree, the initrd, and the kernel where LoadImage or the stub's KASLR puts it. So free memory is in pieces, and
 * no input but the map of that boot says which.
 *
 * Sources: EDK II MdeModulePkg/Core/Dxe/Mem/Page.c CoreFindFreePagesI; the kernel's drivers/firmware/efi/libstub
 * (efi_random_alloc, efi_kaslr_relocate_kernel, efi_load_initrd) and efi-init.c reserve_regions.
 */
import { alignDown, alignUp } from '../quantity/index.js';
import type { CmaParameter } from './command-line.js';
import { higher, type Interval, IntervalSet, interval, lower } from './interval-set.js';
import { isPool, type ReservedNode } from './reserved-nodes.js';
import type { Situation } from './situation.js';

export interface EfiLayout {
  readonly name: string;
  /** In the way of what is placed by size. */
  readonly images: readonly Interval[];
  /** In the ranges of regions with a base: not every firmware reads /reserved-memory before it loads the kernel. */
  readonly inRegions?: readonly Interval[];
}

const MIB = 1n << 20n;
/** The firmware's own memory, initrd and device tree; and the kernel. */
const TOP_BYTES = 32n * MIB;
const KERNEL_BYTES = 32n * MIB;
/** Of little RAM an image takes at most this part: one over it. */
const SHARE = 8n;

/**
 * Of a board that may boot through EFI: a hole between the images as large as each region without a base, for then one region lies in it and the next one
 * does not; and an image that parts the largest bank, as KASLR may.
 * @param banks sorted, not empty
 */
export function efiLayouts(situation: Situation, banks: readonly Interval[]): EfiLayout[] {
  const last = banks.at(-1) as Interval;
  const largest = banks.reduce((best, one) => (one.end - one.start > best.end - best.start ? one : best));
  return [
    ...holes(situation).flatMap((bytes) => {
      const images = besideHole(last, bytes, situation.pageSizeBytes);
      return images === undefined ? [] : [{ name: `EFI, with a hole of ${bytes / MIB} MiB above the kernel`, images }];
    }),
    { name: 'EFI, with the kernel in the middle of RAM', images: [middleOf(largest)] },
  ];
}

/**
 * Of a board that does boot through EFI: images in each range that a region, or the command line, states. Addresses at
 * random (KASLR) can be anywhere.
 */
export function efiInRanges({ banks, reservedMemory, parameter }: Situation): EfiLayout | undefined {
  const ram = new IntervalSet(banks);
  const pools = reservedMemory.nodes.filter(isPool);
  const first = (range: Interval) => {
    const [part] = ram.within(range);
    return part === undefined ? [] : [interval(part.start, lower(part.end - part.start, 2n * MIB))];
  };
  const entries = (list: ReservedNode['reg']) =>
    Array.isArray(list) ? list.map(({ baseAddress, sizeBytes }) => interval(baseAddress, sizeBytes)) : [];
  const inRegions = pools.flatMap(({ reg }) => entries(reg).flatMap(first));
  const windows = pools.flatMap(({ reg, allocRanges }) => (reg === undefined ? entries(allocRanges) : []));
  const images = [
    ...[...windows, ...windowOf(parameter)].flatMap((window) => ram.within(window).map(middleOf)),
    ...fixedOf(parameter).flatMap(first),
  ];
  return inRegions.length + images.length === 0
    ? undefined
    : { name: 'EFI, with images in the ranges that are asked for', images, inRegions };
}

/** The range of `cma=SIZE@BASE`. */
const fixedOf = (parameter: CmaParameter | undefined) =>
  parameter !== undefined && parameter.limitAddress === parameter.baseAddress + parameter.sizeBytes
    ? [{ start: parameter.baseAddress, end: parameter.limitAddress }]
    : [];

/** That of `cma=SIZE@BASE-END`. */
const windowOf = (parameter: CmaParameter | undefined) =>
  parameter !== undefined && parameter.limitAddress > parameter.baseAddress + parameter.sizeBytes
    ? [{ start: parameter.baseAddress, end: parameter.limitAddress }]
    : [];

/** Bytes with which each region without a base has a place, in any alignment. */
function holes({ reservedMemory, minimumAlignmentBytes }: Situation): readonly bigint[] {
  const sizes = reservedMemory.nodes.flatMap(({ size, reg, alignment }) =>
    typeof size === 'bigint' && size > 0n && reg === undefined
      ? [size + higher(minimumAlignmentBytes, typeof alignment === 'bigint' ? alignment : 0n)]
      : [],
  );
  return [...new Set(sizes)];
}

function besideHole(bank: Interval, bytes: bigint, pageSizeBytes: bigint): readonly Interval[] | undefined {
  const most = (bank.end - bank.start) / SHARE;
  const top = { start: alignUp(bank.end - lower(TOP_BYTES, most), pageSizeBytes), end: bank.end };
  const size = alignDown(lower(KERNEL_BYTES, most), pageSizeBytes);
  const start = alignDown(top.start - bytes - size, pageSizeBytes);
  return start < bank.start ? undefined : [top, interval(start, size)];
}

function middleOf({ start, end }: Interval): Interval {
  const size = lower(KERNEL_BYTES, (end - start) / SHARE);
  return interval(start + alignDown((end - start - size) / 2n, 2n * MIB), size);
}
