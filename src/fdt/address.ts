/** Addresses: `reg`, `ranges`, `dma-ranges`, and the walk from a bus up to the CPU's address space. */
import type { AddressRange } from '../quantity/index.js';
import { cell, cells, isAvailable, joinCells, text } from './property.js';
import type { Fdt, FdtNode } from './tree.js';

/** More than PCI's 3 cells are not an address; a damaged tree may say 4 billion. */
const MAX_CELLS = 4;

/**
 * Cells of an address in the `reg` of this node's children.
 * @param fallback when the node does not say: 2 in the specification, 1 in Linux' early scan of the root
 */
export function addressCells(node: FdtNode, fallback = 2): number {
  return cell(node, '#address-cells') ?? fallback;
}

/** Cells of a size in the `reg` of this node's children; the specification's default is 1. */
export function sizeCells(node: FdtNode, fallback = 1): number {
  return cell(node, '#size-cells') ?? fallback;
}

/**
 * The entries of a property that lists addresses and sizes in the cells of the node's parent.
 * @param name `reg`, or another property of that shape (`alloc-ranges`, `assigned-addresses`)
 * @returns undefined when the property is missing, or its length is not a multiple of an entry
 */
export function regEntries(node: FdtNode, name = 'reg'): readonly AddressRange[] | undefined {
  const values = cells(node, name);
  if (values === undefined || node.parent === undefined) return undefined;
  const address = addressCells(node.parent);
  const size = sizeCells(node.parent);
  const entry = address + size;
  if (entry === 0 || address > MAX_CELLS || size > MAX_CELLS || values.length % entry !== 0) return undefined;
  const entries: AddressRange[] = [];
  for (let at = 0; at < values.length; at += entry)
    entries.push({ baseAddress: joinCells(values, at, address), sizeBytes: joinCells(values, at + address, size) });
  return entries;
}

export interface BusRange {
  /** On the node's own bus. */
  readonly childAddress: bigint;
  /** On the bus of the node's parent. */
  readonly parentAddress: bigint;
  readonly sizeBytes: bigint;
}

/**
 * `missing`: the bus is not mapped; `identity` (empty value): addresses are the parent's; `malformed`: wrong length.
 */
export type BusMapping = 'missing' | 'identity' | 'malformed' | readonly BusRange[];

/**
 * How addresses on the node's bus map to its parent's, by `ranges` (CPU to device) or `dma-ranges` (device to memory).
 */
export function busMapping(node: FdtNode, name: 'ranges' | 'dma-ranges' = 'ranges'): BusMapping {
  if (!node.properties.has(name)) return 'missing';
  const values = cells(node, name);
  if (values?.length === 0) return 'identity';
  if (values === undefined || node.parent === undefined) return 'malformed';
  const child = addressCells(node);
  const parent = addressCells(node.parent);
  const size = sizeCells(node);
  const entry = child + parent + size;
  if (child > MAX_CELLS || parent > MAX_CELLS || size > MAX_CELLS || entry === 0 || values.length % entry !== 0)
    return 'malformed';
  const ranges: BusRange[] = [];
  for (let at = 0; at < values.length; at += entry)
    ranges.push({
      childAddress: joinCells(values, at, child),
      parentAddress: joinCells(values, at + child, parent),
      sizeBytes: joinCells(values, at + child + parent, size),
    });
  return ranges;
}

/** A PCI address carries flags in its first cell; the other two are the address. */
function withoutFlags(node: FdtNode, address: bigint): bigint {
  return addressCells(node) === 3 ? address & 0xffff_ffff_ffff_ffffn : address;
}

/** Space code of a PCI address (configuration, I/O, memory; 32-bit and 64-bit memory are one); 0 for other buses. */
function space(node: FdtNode, address: bigint): bigint {
  if (addressCells(node) !== 3) return 0n;
  const code = (address >> 88n) & 3n;
  return code === 3n ? 2n : code;
}

/**
 * One step up: an address on the bus of `bus` as an address on the bus of its parent.
 * @returns undefined when no range holds all of [address, address + sizeBytes)
 */
export function translateOnce(
  bus: FdtNode,
  address: bigint,
  sizeBytes = 1n,
  name: 'ranges' | 'dma-ranges' = 'ranges',
): bigint | undefined {
  const mapping = busMapping(bus, name);
  // Linux treats a missing dma-ranges as identity; a missing ranges means that the bus is not mapped.
  if (mapping === 'identity' || (mapping === 'missing' && name === 'dma-ranges')) return address;
  if (mapping === 'missing' || mapping === 'malformed') return undefined;
  for (const range of mapping) {
    if (space(bus, range.childAddress) !== space(bus, address)) continue;
    const offset = withoutFlags(bus, address) - withoutFlags(bus, range.childAddress);
    if (offset < 0n || offset + sizeBytes > range.sizeBytes) continue;
    // The parent may be a PCI bridge too: its flags stay, the offset goes to the address part.
    return range.parentAddress + offset;
  }
  return undefined;
}

/** An address in the `reg` of `node` as the CPU sees it; undefined when a bus on the way does not map it. */
export function translateToRoot(node: FdtNode, address: bigint, sizeBytes = 1n): bigint | undefined {
  let at: bigint | undefined = address;
  for (let bus = node.parent; bus?.parent !== undefined && at !== undefined; bus = bus.parent)
    at = translateOnce(bus, at, sizeBytes);
  return at;
}

/** Memory that a device may reach, as the CPU sees it. */
export interface DmaWindow {
  /** What the device puts on its bus. */
  readonly busAddress: bigint;
  readonly cpuAddress: bigint;
  readonly sizeBytes: bigint;
}

/**
 * The windows of a device on a bus: every `dma-ranges` entry of the nearest bus that has one, taken to the root.
 * @returns undefined when no bus above limits DMA: the device's own mask decides. An entry that the buses above do not
 * map is left out.
 */
export function dmaWindows(device: FdtNode): readonly DmaWindow[] | undefined {
  for (let bus = device.parent; bus?.parent !== undefined; bus = bus.parent) {
    const mapping = busMapping(bus, 'dma-ranges');
    if (mapping === 'missing' || mapping === 'identity') continue;
    if (mapping === 'malformed') return [];
    const windows: DmaWindow[] = [];
    for (const range of mapping) {
      let at: bigint | undefined = range.parentAddress;
      for (let above = bus.parent; above?.parent !== undefined && at !== undefined; above = above.parent)
        at = translateOnce(above, at, range.sizeBytes, 'dma-ranges');
      if (at !== undefined)
        windows.push({
          busAddress: withoutFlags(bus, range.childAddress),
          cpuAddress: at,
          sizeBytes: range.sizeBytes,
        });
    }
    return windows;
  }
  return undefined;
}

export interface MemoryBank extends AddressRange {
  readonly node: FdtNode;
}

/** Entries of the root's `device_type = "memory"` nodes, in blob order. Size 0: the boot loader fills it in. */
export function memoryBanks(fdt: Fdt): readonly MemoryBank[] {
  return fdt.root.children
    .filter((node) => text(node, 'device_type') === 'memory' && isAvailable(node))
    .flatMap((node) => (regEntries(node) ?? []).map((range) => ({ node, ...range })));
}
