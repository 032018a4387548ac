/** /reserved-memory as the kernel's early scan reads it: with the root's cells, whatever the node itself says. */

import {
  addressCells,
  cell,
  cells,
  childrenWith,
  type Fdt,
  type FdtNode,
  isAvailable,
  joinCells,
  sizeCells,
  strings,
} from '../fdt/index.js';
import type { AddressRange } from '../quantity/index.js';

export interface ReservedNode {
  readonly name: string;
  readonly node: FdtNode;
  /** undefined: no `reg`; `malformed`: its length is not a multiple of an entry. */
  readonly reg: readonly AddressRange[] | 'malformed' | undefined;
  readonly size: bigint | 'malformed' | undefined;
  readonly alignment: bigint | 'malformed' | undefined;
  readonly allocRanges: readonly AddressRange[] | 'malformed' | undefined;
  readonly noMap: boolean;
  readonly reusable: boolean;
  readonly isDefault: boolean;
  readonly compatible: readonly string[];
  /** Position among its siblings, the kernel's order. */
  readonly index: number;
}

export interface ReservedMemory {
  readonly node: FdtNode | undefined;
  /** The kernel accepts the format: cells equal to the root's, and `ranges`. */
  readonly supported: boolean;
  readonly rootCells: { readonly address: number; readonly size: number };
  readonly ownCells: { readonly address: number | undefined; readonly size: number | undefined };
  readonly hasRanges: boolean;
  /** Nodes in use, in tree order. */
  readonly nodes: readonly ReservedNode[];
  /** Nodes whose status takes them out of use. */
  readonly disabled: readonly string[];
  /** There are more nodes or entries than any board has; only the first are read. */
  readonly isCut: boolean;
}

/** Cells beyond this make no address; the kernel would read past 64 bits. */
const MAX_CELLS = 4;
/** Boards have up to 50 nodes. A blob made to waste time has more. */
const MAX_NODES = 1024;
/** Entries of one list; boards have a handful. */
const MAX_ENTRIES = 256;

export function readReservedMemory(tree: Fdt): ReservedMemory {
  const node = tree.root.children.find((child) => child.name === 'reserved-memory');
  // Linux takes 1 for a root that does not say (OF_ROOT_NODE_*_CELLS_DEFAULT), not the specification's 2.
  const rootCells = { address: addressCells(tree.root, 1), size: sizeCells(tree.root, 1) };
  const ownCells = {
    address: node && cell(node, '#address-cells'),
    size: node && cell(node, '#size-cells'),
  };
  const hasRanges = node?.properties.has('ranges') === true;
  const all = node?.children ?? [];
  const children = all.slice(0, MAX_NODES);
  return {
    node,
    rootCells,
    ownCells,
    hasRanges,
    supported:
      node !== undefined && hasRanges && ownCells.address === rootCells.address && ownCells.size === rootCells.size,
    nodes: children.flatMap((child, index) => (isAvailable(child) ? [readReservedNode(child, rootCells, index)] : [])),
    disabled: children.filter((child) => !isAvailable(child)).map((child) => child.name),
    isCut: all.length > children.length || tree.memoryReservations.length > MAX_NODES,
  };
}

/** @param root the cells to read it in */
export function readReservedNode(node: FdtNode, root: ReservedMemory['rootCells'], index = 0): ReservedNode {
  return {
    name: node.name,
    node,
    index,
    reg: rangesOf(node, 'reg', root),
    size: readNumber(node, 'size', root.size),
    alignment: readNumber(node, 'alignment', root.address),
    allocRanges: rangesOf(node, 'alloc-ranges', root),
    noMap: node.properties.has('no-map'),
    reusable: node.properties.has('reusable'),
    isDefault: node.properties.has('linux,cma-default'),
    compatible: (strings(node, 'compatible') ?? []).map((text) => text.toLowerCase()),
  };
}

/** Pairs of address and size in the root's cells; `malformed`: the length is not a multiple of a pair. */
export function rangesOf(node: FdtNode, name: string, root: ReservedMemory['rootCells']) {
  if (!node.properties.has(name)) return undefined;
  const values = cells(node, name);
  const entry = root.address + root.size;
  if (values === undefined || entry === 0 || entry > 2 * MAX_CELLS || values.length % entry !== 0) return 'malformed';
  const ranges: AddressRange[] = [];
  for (let at = 0; at < values.length && ranges.length < MAX_ENTRIES; at += entry)
    ranges.push({
      baseAddress: wrap(joinCells(values, at, root.address)),
      sizeBytes: wrap(joinCells(values, at + root.address, root.size)),
    });
  return ranges;
}

function readNumber(node: FdtNode, name: string, count: number) {
  if (!node.properties.has(name)) return undefined;
  const values = cells(node, name);
  return values?.length === count && count <= MAX_CELLS ? wrap(joinCells(values, 0, count)) : 'malformed';
}

/** of_read_number() keeps 64 bits. */
function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** The reservation block, as far as boards have one. */
export function memoryReservationsOf(tree: Fdt): readonly AddressRange[] {
  return tree.memoryReservations.slice(0, MAX_NODES);
}

/** A node that asks for a CMA area: `shared-dma-pool` with `reusable`. */
export function isPool(node: ReservedNode): boolean {
  return node.compatible.includes('shared-dma-pool') && node.reusable;
}

/** The range that a node with `reg` occupies; the kernel ignores further entries. */
export function firstEntry(node: ReservedNode): AddressRange | undefined {
  return Array.isArray(node.reg) ? (node.reg[0] as AddressRange | undefined) : undefined;
}

/** Where memory nodes say that RAM is; entries of size 0 wait for the boot loader. */
export function memoryOfTree(tree: Fdt, root: ReservedMemory['rootCells']): AddressRange[] {
  return childrenWith(tree.root, 'device_type').flatMap((node) =>
    strings(node, 'device_type')?.[0] === 'memory' && isAvailable(node) ? memoryOfNode(node, root) : [],
  );
}

export function memoryOfNode(node: FdtNode, root: ReservedMemory['rootCells']): AddressRange[] {
  const name = node.properties.has('linux,usable-memory') ? 'linux,usable-memory' : 'reg';
  const ranges = rangesOf(node, name, root);
  return Array.isArray(ranges) ? ranges.filter((range) => range.sizeBytes > 0n) : [];
}
