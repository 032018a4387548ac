/**
 * Regions that the board's own device tree has already: which wish is about which, and what it leaves of their limits.
 */

import type { Diagnostic } from '../diagnostic/index.js';
import type { AddressRange } from '../quantity/index.js';
import { formatAddress, formatBytes } from '../quantity/index.js';
import { higher, type Interval, IntervalSet, interval } from './interval-set.js';
import { report } from './planner-codes.js';
import type { Reach } from './reach.js';
import { isInTree, type PlannedRegion, type RegionWish } from './region.js';
import { firstEntry, isPool, type ReservedNode } from './reserved-nodes.js';
import type { Situation } from './situation.js';

/** Without the unit address. */
export const bareName = (name: string) => name.replace(/@.*$/, '');

/** The default area is the board's default, whatever it is called; another region is the pool of its name. */
export function boardRegions(
  nodes: readonly ReservedNode[],
  wishes: readonly RegionWish[],
): ReadonlyMap<RegionWish, ReservedNode> {
  const pools = nodes.filter(isPool);
  const found = new Map<RegionWish, ReservedNode>();
  const isFree = (node: ReservedNode) => ![...found.values()].includes(node);
  for (const wish of [...wishes].sort((a, b) => Number(b.isDefault ?? false) - Number(a.isDefault ?? false))) {
    const named = pools.filter((node) => isFree(node) && bareName(node.name) === wish.name);
    const byName = named.find((node) => node.name === wish.name) ?? (named.length === 1 ? named[0] : undefined);
    const node = wish.isDefault === true ? (pools.find((pool) => pool.isDefault) ?? byName) : byName;
    if (node !== undefined) found.set(wish, node);
  }
  return found;
}

/** The node that an overlay would change instead of adding the region: libfdt finds a name with any unit address. */
export function mergedInto(wish: RegionWish, nodes: readonly ReservedNode[]): Diagnostic | undefined {
  const node = nodes.find(({ name }) => bareName(name) === wish.name);
  if (node === undefined) return undefined;
  return report('placement/name-taken', {
    ...(wish.pointer === undefined ? {} : { pointer: wish.pointer }),
    message: `an overlay would merge ${wish.name} into ${node.name} of the board, which is not a CMA area`,
    cause: 'a name without a unit address selects the first node of that name with any address',
    fix: 'give the region another name',
  });
}

/**
 * The board's default area, whose place an area without a node takes: cma= wins over it, the configuration does not.
 */
export function displacedBy(wish: RegionWish, nodes: readonly ReservedNode[]): ReservedNode | undefined {
  return isInTree(wish) || wish.isDefault !== true ? undefined : nodes.find((node) => isPool(node) && node.isDefault);
}

/** An area of the configuration on a board whose device tree has a default area. */
export function nodeDecides(wish: RegionWish, node: ReservedNode): Diagnostic {
  return report('placement/node-decides', {
    ...(wish.pointer === undefined ? {} : { pointer: `${wish.pointer}/delivery` }),
    message: `CMA_SIZE_MBYTES has no effect: ${node.name} of the board's device tree is the default area`,
    cause: 'the kernel makes an area of its configured size only where the device tree has no default area',
    fix: 'deliver the region by the device tree, which changes that node, or by the command line',
    facts: ['cma.default-winner'],
  });
}

/** What a planned region leaves of the limits that the board gave it, and why they were there. */
export function limitsLeft(
  region: PlannedRegion,
  old: ReservedNode,
  board: { readonly situation: Situation; readonly isRamKnown: boolean; readonly ofTree: Reach | undefined },
): Diagnostic[] {
  const { situation, isRamKnown, ofTree } = board;
  const { wish, baseAddress } = region;
  const found: Diagnostic[] = [];
  const hasNode = isInTree(wish);
  const at = (key: string) =>
    wish.pointer === undefined ? {} : { pointer: `${wish.pointer}/${hasNode || key === 'base' ? key : 'delivery'}` };
  const left = (key: string, message: string, cause: string, fix: string) =>
    found.push(
      report('placement/board-limit-left', {
        ...at(key),
        message,
        cause,
        fix,
        facts: ['reserved-memory.alloc-ranges'],
      }),
    );
  const fixed = firstEntry(old);
  if (fixed !== undefined && baseAddress !== fixed.baseAddress)
    left(
      wish.baseAddress === undefined ? 'size' : 'base',
      `${old.name} moves from ${formatAddress(fixed.baseAddress)} to ${baseAddress === undefined ? "the kernel's choice" : formatAddress(baseAddress)}`,
      "the board's device tree gives it a fixed address, which the boot loader or another processor may use",
      'keep the base, or check that nothing else uses it',
    );
  const ranges = Array.isArray(old.allocRanges) ? (old.allocRanges as readonly AddressRange[]) : [];
  const place = placesOf(region, situation);
  const limit = new IntervalSet(ranges.map((r) => interval(r.baseAddress, r.sizeBytes)));
  // Where there is no RAM nothing is left.
  const ram = new IntervalSet(situation.banks);
  const beyond = place.flatMap((one) => (isRamKnown ? ram.within(one) : [one])).find((one) => !limit.contains(one));
  if (fixed === undefined && ranges.length > 0 && beyond !== undefined)
    left(
      wish.baseAddress === undefined ? 'allocRanges' : 'base',
      `${hasNode ? old.name : 'the area of cma='} may lie from ${formatAddress(beyond.start)} to ${formatAddress(beyond.end)}, but the board's device tree limits ${hasNode ? 'it' : old.name} to ${spell(ranges)}`,
      whyLimited(situation, ranges, ofTree),
      `${hasNode ? 'state ranges' : baseAddress === undefined ? 'deliver the region by the device tree, or state a base' : 'state a base'} within that limit, or check that every device that uses the region reaches the other addresses`,
    );
  if (
    baseAddress === undefined &&
    typeof old.alignment === 'bigint' &&
    wish.alignmentBytes !== undefined &&
    wish.alignmentBytes < old.alignment
  )
    left(
      'alignment',
      `the alignment of ${old.name} decreases from ${formatBytes(old.alignment)} to ${formatBytes(wish.alignmentBytes)}`,
      "the board's device tree states the larger one",
      `state ${formatBytes(old.alignment)}, or omit the alignment`,
    );
  const before = typeof old.size === 'bigint' && fixed === undefined ? old.size : fixed?.sizeBytes;
  if (before !== undefined && region.sizeBytes < before)
    found.push(
      report('placement/smaller-than-board', {
        ...at('size'),
        message: `${old.name} shrinks from ${formatBytes(before)} to ${formatBytes(region.sizeBytes)}`,
        cause: "the board's device tree gives it more memory, and drivers of the board may need it",
        fix: `request at least ${formatBytes(before)}, or check what the board's drivers need`,
        facts: ['cma.default-winner'],
      }),
    );
  return found;
}

/** Where a region may come to lie. */
function placesOf({ wish, baseAddress, sizeBytes, allocRanges }: PlannedRegion, situation: Situation): Interval[] {
  if (baseAddress !== undefined) return [interval(baseAddress, sizeBytes)];
  if (isInTree(wish)) return allocRanges.map((r) => interval(r.baseAddress, r.sizeBytes));
  // Without a node the kernel takes what it finds below its limit for DMA.
  const { dmaLimit } = situation.zones;
  return [{ start: 0n, end: dmaLimit === 0n ? situation.banks.map(({ end }) => end).reduce(higher, 0n) : dmaLimit }];
}

function whyLimited(situation: Situation, ranges: readonly AddressRange[], ofTree: Reach | undefined): string {
  const ends = ranges.map((r) => r.baseAddress + r.sizeBytes);
  const end = ends.reduce((a, b) => (a > b ? a : b), 0n);
  if (ofTree !== undefined && ofTree.end <= end) return `${ofTree.who} reaches only ${formatAddress(ofTree.end)}`;
  const zone = situation.zones.boundaries.find((boundary) => ends.includes(boundary));
  if (zone !== undefined) return `a memory zone ends at ${formatAddress(zone)}`;
  return 'the device tree does not state the reason; devices of the SoC may not reach other addresses';
}

const spell = (ranges: readonly AddressRange[]) =>
  ranges.map((r) => `${formatAddress(r.baseAddress)} to ${formatAddress(r.baseAddress + r.sizeBytes)}`).join(' or ');
