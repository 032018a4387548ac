/** A flattened device tree, read into memory. Knows FDT (devicetree specification v0.4, chapter 5), nothing of CMA. */
import type { AddressRange } from '../quantity/index.js';
import { firstString } from './bytes.js';

/** What a node is made of; an {@link FdtNode} is one too, so subtrees of one tree can be put into another. */
export interface NodeSpec {
  /** Name with unit address, as in the blob (`memory@80000000`); the root's is empty. */
  readonly name: string;
  readonly properties?: ReadonlyMap<string, Uint8Array> | Readonly<Record<string, Uint8Array>>;
  readonly children?: readonly NodeSpec[];
}

/** Trees are values: {@link applyOverlay} and {@link makeFdt} make new ones, nothing changes an old one. */
export interface FdtNode {
  /** Name with unit address, as in the blob (`memory@80000000`); the root's is empty. */
  readonly name: string;
  readonly parent: FdtNode | undefined;
  /** In blob order. Of properties with the same name the first one counts, as for libfdt and the kernel. */
  readonly properties: ReadonlyMap<string, Uint8Array>;
  /** In blob order, which decides the order in which the kernel sees siblings. */
  readonly children: readonly FdtNode[];
}

export interface Fdt {
  readonly root: FdtNode;
  /** The blob's memory reservation block (`/memreserve/`), not `/reserved-memory`. */
  readonly memoryReservations: readonly AddressRange[];
  readonly bootCpuId: number;
  /** Where it was read from, for messages. */
  readonly file: string | undefined;
}

class MadeNode implements FdtNode {
  readonly name: string;
  readonly parent: FdtNode | undefined;
  readonly properties: ReadonlyMap<string, Uint8Array>;
  readonly children: readonly FdtNode[];

  constructor(spec: NodeSpec, parent: FdtNode | undefined) {
    this.name = spec.name;
    this.parent = parent;
    const given = spec.properties ?? {};
    this.properties = new Map(isMap(given) ? given : Object.entries(given));
    this.children = (spec.children ?? []).map((child) => new MadeNode(child, this));
  }
}

function isMap(given: NonNullable<NodeSpec['properties']>): given is ReadonlyMap<string, Uint8Array> {
  return typeof (given as ReadonlyMap<string, Uint8Array>)[Symbol.iterator] === 'function';
}

/** Makes a tree from plain data. */
export function makeFdt(
  root: NodeSpec,
  rest: Partial<Omit<Fdt, 'root' | 'file'>> & { readonly file?: string | undefined } = {},
): Fdt {
  return {
    root: new MadeNode(root, undefined),
    memoryReservations: rest.memoryReservations ?? [],
    bootCpuId: rest.bootCpuId ?? 0,
    file: rest.file,
  };
}

/** `/soc/serial@40001000`; `/` for the root. */
export function nodePath(node: FdtNode): string {
  const names: string[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) names.push(at.name);
  return `/${names.reverse().join('/')}`;
}

/** Every node from `node` on, itself first, in blob order. */
export function* walk(node: FdtNode): Generator<FdtNode, void, undefined> {
  const left = [node];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    yield at;
    for (let i = at.children.length - 1; i >= 0; i -= 1) left.push(at.children[i] as FdtNode);
  }
}

/** The name without its unit address. */
export function baseName(name: string): string {
  const at = name.indexOf('@');
  return at < 0 ? name : name.slice(0, at);
}

/**
 * The first child of that name. A name without a unit address also finds `name@...`, as in libfdt; the exact name does
 * not win over an earlier `name@...`.
 */
export function findChild(node: FdtNode, name: string): FdtNode | undefined {
  if (name.includes('@')) return node.children.find((child) => child.name === name);
  return node.children.find(
    ({ name: other }) => other.startsWith(name) && (other.length === name.length || other[name.length] === '@'),
  );
}

/**
 * The node at a path (`/soc/serial`, unit addresses optional) or behind an alias (`serial0`, `serial0/child`).
 */
export function findNode(fdt: Fdt, path: string): FdtNode | undefined {
  const names = path.split('/').filter((name) => name !== '');
  let node: FdtNode | undefined = fdt.root;
  if (!path.startsWith('/')) {
    const alias = names.shift();
    const target = alias === undefined ? undefined : findChild(fdt.root, 'aliases')?.properties.get(alias);
    if (target === undefined) return undefined;
    const text = firstString(target);
    // An alias that names an alias is a loop waiting to happen; libfdt follows it, the specification wants a full path.
    if (!text.startsWith('/')) return undefined;
    node = findNode(fdt, text);
  }
  for (const name of names) {
    if (node === undefined) return undefined;
    node = findChild(node, name);
  }
  return node;
}
