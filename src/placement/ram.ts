/** The RAM that the kernel has when it reads /reserved-memory: what the tree states, and what cuts it. */

import {
  cell,
  cells,
  childrenWith,
  type Fdt,
  type FdtNode,
  findChild,
  isAvailable,
  strings,
  walk,
} from '../fdt/index.js';
import type { AddressRange } from '../quantity/index.js';
import { alignDown, alignUp } from '../quantity/index.js';
import { memparse, parameters } from './command-line.js';
import { type Interval, IntervalSet, interval, lower } from './interval-set.js';
import { memoryOfNode, rangesOf } from './reserved-nodes.js';
import type { Architecture, KernelRules } from './rules.js';

const GIB4 = 1n << 32n;
const PAGE = 4096n;

/** What /chosen tells a kernel about its own memory, and about where RAM is. */
export interface Chosen {
  readonly initrd: Interval | undefined;
  /** The kernel takes RAM from the map of EFI, not from the memory nodes. */
  readonly isEfi: boolean;
  /** The only memory that the kernel may use; undefined: all. */
  readonly usable: readonly Interval[] | undefined;
}

export function readChosen(tree: Fdt, root: { readonly address: number; readonly size: number }): Chosen {
  const node = findChild(tree.root, 'chosen') ?? findChild(tree.root, 'chosen@0');
  if (node === undefined) return { initrd: undefined, isEfi: false, usable: undefined };
  const number = (name: string) => {
    const values = cells(node, name);
    if (values === undefined || values.length === 0 || values.length > 2) return undefined;
    return values.reduce((sum, value) => (sum << 32n) | BigInt(value), 0n);
  };
  const [start, end] = [number('linux,initrd-start'), number('linux,initrd-end')];
  const usable = rangesOf(node, 'linux,usable-memory-range', root);
  return {
    initrd: start !== undefined && end !== undefined && start < end ? { start, end } : undefined,
    isEfi: node.properties.has('linux,uefi-system-table'),
    usable:
      usable === undefined || usable === 'malformed' || usable.length === 0
        ? undefined
        : usable.map((range) => interval(range.baseAddress, range.sizeBytes)),
  };
}

/** Whether words on the command line decide how much RAM there is. */
export interface MemoryWords {
  readonly banks: readonly Interval[];
  /** Parameters that the kernel reads and that are not computed here. */
  readonly open: readonly string[];
}

/** Sources: early_mem() in arch/{arm64,riscv}/mm/init.c and arch/arm/kernel/setup.c. */
export function limitMemory(
  banks: readonly Interval[],
  commandLine: string,
  { rules, architecture, own }: { rules: KernelRules; architecture: Architecture; own: readonly Interval[] },
): MemoryWords {
  const sorted = [...banks].sort((a, b) => (a.start < b.start ? -1 : 1));
  const words = parameters(commandLine);
  const given = words.flatMap(({ name, value }) => (name === 'mem' && value !== undefined ? [value] : []));
  const open = words.flatMap(({ name, value }) =>
    name === 'memmap' && architecture === 'x86_64' && value !== undefined ? [`memmap=${value}`] : [],
  );
  const effect = rules.memoryParameter[architecture];
  const last = given.at(-1);
  if (last === undefined || effect === 'ignored') return { banks: sorted, open };
  if (effect === 'banks') return { banks: armBanks(given, sorted[0]?.start ?? 0n), open };
  const sizes = given.map((text) => alignDown(memparse(text).value, PAGE));
  const limit = effect === 'smallest' ? sizes.reduce(lower) : (sizes.at(-1) as bigint);
  if (limit === 0n) return { banks: sorted, open: [...open, `mem=${last}`] };
  const kept = new IntervalSet(firstBytes(sorted, limit));
  // arm64 takes back what it runs from, wherever that lies.
  if (architecture === 'arm64') for (const range of own) kept.add(range);
  return { banks: kept.ranges, open };
}

function firstBytes(banks: readonly Interval[], bytes: bigint): Interval[] {
  let left = bytes;
  return banks.flatMap((bank) => {
    const size = lower(bank.end - bank.start, left);
    left -= size;
    return size > 0n ? [{ start: bank.start, end: bank.start + size }] : [];
  });
}

/** arm32: the first mem= takes away all banks, and each one adds its own. */
function armBanks(given: readonly string[], ramStart: bigint): readonly Interval[] {
  const set = new IntervalSet();
  for (const text of given) {
    const size = memparse(text);
    const base = size.rest.startsWith('@') ? memparse(size.rest.slice(1)).value : ramStart;
    const start = alignUp(base, PAGE);
    // arm_add_memory(): what lies below the memory that the kernel runs from is left out.
    const end = start + alignDown(size.value - (start - base), PAGE);
    set.add({ start: start < ramStart ? ramStart : start, end });
  }
  return set.ranges;
}

/**
 * memblock_cap_memory_range(): the first range caps, unless it is empty; further ones, up to one that is empty, are added
 * as they are.
 * @param usable the ranges that the kernel reads
 */
export function capMemory(banks: readonly Interval[], usable: readonly Interval[]): readonly Interval[] {
  const [first, ...more] = usable;
  if (first === undefined) return banks;
  const set = new IntervalSet(first.start < first.end ? new IntervalSet(banks).within(first) : banks);
  const end = more.findIndex((range) => range.start === range.end);
  for (const range of end < 0 ? more : more.slice(0, end)) set.add(range);
  return set.ranges;
}

/** arm_add_memory(): without 64-bit addresses a bank ends a page below 4 GiB, and one above does not count. */
export function armBanksWithin32Bits(banks: readonly Interval[]): readonly Interval[] {
  return banks.flatMap(({ start, end }) => {
    const cut = end >= GIB4 ? GIB4 - PAGE : end;
    return start < cut ? [{ start, end: cut }] : [];
  });
}

/** The distance of a node to itself in numa-distance-map-v1; to another node it is more. */
const LOCAL_DISTANCE = 10;

/** of_numa_parse_distance_map_v1(): three cells for each pair of nodes, of which the last may be incomplete. */
function isRefusedDistanceMap(node: FdtNode): boolean {
  if (strings(node, 'compatible')?.includes('numa-distance-map-v1') !== true) return false;
  const matrix = cells(node, 'distance-matrix') ?? [];
  if (matrix.length === 0) return true;
  return matrix.some((from, i) => {
    const [to, distance] = [matrix[i + 1], matrix[i + 2]];
    if (i % 3 !== 0 || to === undefined || distance === undefined) return false;
    return from === to ? distance !== LOCAL_DISTANCE : distance <= LOCAL_DISTANCE;
  });
}

/** Where memory of one NUMA node ends and that of another begins; empty when the tree has one node only. */
export function numaBoundaries(tree: Fdt, root: { readonly address: number; readonly size: number }): bigint[] {
  const banks: { readonly range: AddressRange; readonly node: number | undefined }[] = [];
  for (const node of childrenWith(tree.root, 'device_type')) {
    if (strings(node, 'device_type')?.[0] !== 'memory' || !isAvailable(node)) continue;
    const id = cell(node, 'numa-node-id');
    for (const range of memoryOfNode(node, root)) banks.push({ range, node: id });
  }
  // With a map that of_numa_init() refuses, everything is one node.
  if ([...walk(tree.root)].some(isRefusedDistanceMap)) return [];
  // numa_register_nodes(): one bank without a node, and everything is one node.
  if (banks.some(({ node }) => node === undefined)) return [];
  banks.sort((a, b) => (a.range.baseAddress < b.range.baseAddress ? -1 : 1));
  return banks.flatMap(({ range, node }, i) => {
    const before = banks[i - 1];
    return before !== undefined && before.node !== node ? [range.baseAddress] : [];
  });
}
