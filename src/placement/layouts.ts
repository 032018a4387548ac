/** Where boot loaders put kernel, initrd and device tree, if no input states it. */

import { type Fdt, strings } from '../fdt/index.js';
import type { AddressRange } from '../quantity/index.js';
import { alignDown } from '../quantity/index.js';
import { efiInRanges, efiLayouts } from './efi-layouts.js';
import { type Interval, IntervalSet, interval, lower } from './interval-set.js';
import data from './layouts.json' with { type: 'json' };
import { isPool, type ReservedNode } from './reserved-nodes.js';
import { type NamedInterval, OWN_MEMORY, type Situation } from './situation.js';

/** One image of a layout; offsets are MiB from the start of the first bank. */
interface LayoutImage {
  /** `boot loader`: in the allocator's way, and moved aside for a region with a base. */
  readonly as: string;
  readonly mebibytes: number;
  /** Of little RAM the image takes at most this part: one over it. */
  readonly share: number;
  readonly above?: number;
  /** Its end. */
  readonly below?: number;
  readonly top?: boolean;
  /** With `top`: the address in MiB that its end does not pass; default: 4 GiB. */
  readonly under?: number;
  /** At the end of the last bank. */
  readonly last?: boolean;
}

interface Layout {
  readonly id: string;
  readonly name: string;
  readonly architectures: readonly string[];
  /** Regular expression over the compatible of the root; absent: any board. */
  readonly compatible?: string;
  /** Of boots through EFI only. */
  readonly efi?: boolean;
  readonly source: string;
  readonly images: readonly LayoutImage[];
}

/** A layout that the board may have. */
export interface PossibleLayout {
  readonly name: string;
  readonly occupied: readonly NamedInterval[];
}

const MIB = 1n << 20n;
const LAYOUTS: readonly (Layout & { readonly board: RegExp | undefined })[] = (data.layouts as readonly Layout[]).map(
  (layout) => ({ ...layout, board: layout.compatible === undefined ? undefined : new RegExp(layout.compatible) }),
);
const GIB4 = 1n << 32n;

/**
 * The layouts that are left when the caller has said where some of the images lie; empty when all three are known.
 * Nothing is loaded over memory that the tree keeps for the firmware.
 */
export function possibleLayouts(situation: Situation, tree: Fdt, isEfi?: boolean): PossibleLayout[] {
  const given = new Set(situation.occupied.map((range) => range.name));
  const loads = ['initrd', 'dtb'].filter((name) => !given.has(name));
  // A list of the kernel is cut where a region is not mapped; a loader knows the whole bank.
  const whole = new IntervalSet(situation.banks).ranges;
  const [first] = whole;
  const last = whole.at(-1);
  if (first === undefined || last === undefined || OWN_MEMORY.every((name) => given.has(name))) return [];
  const taken = new IntervalSet([...firmwareRanges(situation), ...situation.occupied]);
  const names = strings(tree.root, 'compatible') ?? [];
  const seen = new Set<string>();
  const isFor = ({ architectures, board: pattern, efi }: (typeof LAYOUTS)[number]) =>
    architectures.includes(situation.architecture) &&
    !(efi === true && isEfi === false) &&
    (pattern === undefined || names.some((word) => pattern.test(word)));
  const usual = LAYOUTS.filter(isFor).flatMap(({ name, images }) => {
    const occupied = images.flatMap((image): NamedInterval[] => {
      if (image.as === 'kernel' ? given.has('kernel') : loads.length === 0) return [];
      const place = image.last === true ? topOf(image, last, undefined) : placeOf(image, first);
      if (place === undefined) return [];
      const as = image.as === 'initrd' ? (loads[0] as string) : image.as;
      const rest = new IntervalSet([place]).without(taken).ranges;
      return rest.map((range) => ({ name: as, ...range, ...(as === 'boot loader' ? { guessed: true } : {}) }));
    });
    const key = occupied.map((range) => `${range.name} ${range.start} ${range.end}`).join();
    if (occupied.length === 0 || seen.has(key)) return [];
    seen.add(key);
    return [{ name, occupied }];
  });
  const asked = isEfi === true ? efiInRanges(situation) : undefined;
  const more = isEfi === false ? [] : [...efiLayouts(situation, whole), ...(asked === undefined ? [] : [asked])];
  return [
    ...usual,
    ...more.map(({ name, images, inRegions = [] }) => ({
      name,
      occupied: [
        ...new IntervalSet(images).without(taken).ranges.map((range) => ({ ...range, ...IN_THE_WAY })),
        ...inRegions.map((range) => ({ name: given.has('kernel') ? (loads[0] ?? '') : 'kernel', ...range })),
      ],
    })),
    ...(loads.length === 0 ? [] : insideWindows(situation, taken)),
  ];
}

const IN_THE_WAY = { name: 'boot loader', guessed: true } as const;

/** A pool that fills its window whole is refused by whatever a loader leaves in it: load addresses are the board's. */
function insideWindows(situation: Situation, taken: IntervalSet): PossibleLayout[] {
  return windowsWithoutSlack(situation).flatMap(({ node, window }) => {
    const image = { ...IN_THE_WAY, start: window.start, end: window.start + situation.pageSizeBytes };
    return taken.overlaps(image)
      ? []
      : [{ name: `a boot loader that loads an image into the range of ${node.name}`, occupied: [image] }];
  });
}

/** Pools without a base of which the widest part of alloc-ranges in RAM is as large as they are. */
export function windowsWithoutSlack({ banks, reservedMemory }: Situation): { node: ReservedNode; window: Interval }[] {
  const ram = new IntervalSet(banks);
  return reservedMemory.nodes.filter(isPool).flatMap((node) => {
    const { size, allocRanges, reg } = node;
    if (typeof size !== 'bigint' || size === 0n || reg !== undefined || !Array.isArray(allocRanges)) return [];
    const windows = allocRanges.flatMap((entry) => ram.within(interval(entry.baseAddress, entry.sizeBytes)));
    const widest = windows.reduce<Interval | undefined>(
      (best, one) => (best === undefined || one.end - one.start > best.end - best.start ? one : best),
      undefined,
    );
    return widest !== undefined && widest.end - widest.start === size ? [{ node, window: widest }] : [];
  });
}

/** undefined: the first bank ends before that place, so that another layout covers it. */
function placeOf(image: LayoutImage, bank: { readonly start: bigint; readonly end: bigint }) {
  const length = bank.end - bank.start;
  const size = lower(BigInt(image.mebibytes) * MIB, length / BigInt(image.share));
  // Below 4 GiB, for what the loader itself can address.
  if (image.top === true) return topOf(image, bank, image.under === undefined ? GIB4 : BigInt(image.under) * MIB);
  if (image.below !== undefined) {
    const end = bank.start + BigInt(image.below) * MIB;
    return end < bank.end ? { start: end - size, end } : undefined;
  }
  // In little RAM, the middle replaces an offset that does not fit.
  const above = lower(BigInt(image.above ?? 0) * MIB, alignDown(length / 2n, 2n * MIB));
  return interval(bank.start + above, size);
}

function topOf(image: LayoutImage, bank: Interval, limit: bigint | undefined): Interval {
  const end = limit !== undefined && bank.start < limit ? lower(bank.end, limit) : bank.end;
  const size = lower(BigInt(image.mebibytes) * MIB, (bank.end - bank.start) / BigInt(image.share));
  return { start: end - size, end };
}

function firmwareRanges(situation: Situation): readonly NamedInterval[] {
  const named = (ranges: readonly AddressRange[]) =>
    ranges.map((range) => ({ name: '', ...interval(range.baseAddress, range.sizeBytes) }));
  return [
    ...situation.reservedMemory.nodes
      .filter((node) => !isPool(node) && Array.isArray(node.reg))
      .flatMap((node) => named(node.reg as readonly AddressRange[])),
    ...named(situation.memoryReservations),
  ];
}
