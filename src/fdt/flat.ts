/**
 * The lazy side of a blob that was read: one table of node positions, from which nodes are made when asked for. Every
 * offset in it was checked by read.ts, so nothing here can run out of the blob.
 */
import { alignCell, latin1 } from './bytes.js';
import type { FdtNode } from './tree.js';

export const TOKEN = { beginNode: 1, endNode: 2, property: 3, nop: 4, end: 9 } as const;

/** Columns of the node table; a row is a node, in blob order. */
export const COLUMN = {
  /** Byte offset of the node's first tag after its name. */
  content: 0,
  /** Row of the first node that is no descendant of this one. */
  next: 1,
  /** Byte offset of the node's FDT_BEGIN_NODE tag. */
  begin: 2,
  /** Byte offset behind the node's FDT_END_NODE tag. */
  end: 3,
} as const;
export const COLUMNS = 4;

/** One checked blob. */
export class FlatBlob {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Byte offset and size of the strings block. */
  readonly strings: number;
  readonly stringsSize: number;
  /** Property names by their offset in the strings block. */
  readonly names: ReadonlyMap<number, string>;
  readonly nodes: Int32Array;
  #text: string | undefined;

  constructor(
    bytes: Uint8Array,
    view: DataView,
    places: { strings: number; stringsSize: number },
    names: ReadonlyMap<number, string>,
    nodes: Int32Array,
  ) {
    this.bytes = bytes;
    this.view = view;
    this.strings = places.strings;
    this.stringsSize = places.stringsSize;
    this.names = names;
    this.nodes = nodes;
  }

  /** The blob with one character per byte: slices of it are cheaper than decoding names one by one. */
  get text(): string {
    this.#text ??= latin1(this.bytes);
    return this.#text;
  }

  at(row: number, column: number): number {
    return this.nodes[row * COLUMNS + column] as number;
  }
}

/** A node of a blob; properties and children are made on first use. */
export class FlatNode implements FdtNode {
  readonly blob: FlatBlob;
  readonly row: number;
  readonly parent: FlatNode | undefined;
  #name: string | undefined;
  #properties: ReadonlyMap<string, Uint8Array> | undefined;
  #children: readonly FlatNode[] | undefined;

  constructor(blob: FlatBlob, row: number, parent: FlatNode | undefined) {
    this.blob = blob;
    this.row = row;
    this.parent = parent;
  }

  get name(): string {
    if (this.#name === undefined) {
      const start = this.blob.at(this.row, COLUMN.begin) + 4;
      this.#name = this.blob.text.slice(start, this.blob.text.indexOf('\0', start));
    }
    return this.#name;
  }

  get properties(): ReadonlyMap<string, Uint8Array> {
    this.#properties ??= readProperties(this.blob, this.blob.at(this.row, COLUMN.content));
    return this.#properties;
  }

  get children(): readonly FlatNode[] {
    if (this.#children === undefined) {
      const children: FlatNode[] = [];
      const end = this.blob.at(this.row, COLUMN.next);
      for (let row = this.row + 1; row < end; row = this.blob.at(row, COLUMN.next))
        children.push(new FlatNode(this.blob, row, this));
      this.#children = children;
    }
    return this.#children;
  }
}

function readProperties(blob: FlatBlob, content: number): ReadonlyMap<string, Uint8Array> {
  const { bytes, view, names } = blob;
  const properties = new Map<string, Uint8Array>();
  for (let at = content; ; ) {
    const token = view.getUint32(at);
    if (token === TOKEN.nop) {
      at += 4;
      continue;
    }
    if (token !== TOKEN.property) return properties;
    const length = view.getUint32(at + 4);
    const name = names.get(view.getUint32(at + 8)) as string;
    if (!properties.has(name)) properties.set(name, bytes.subarray(at + 12, at + 12 + length));
    at += 12 + alignCell(length);
  }
}

/** The node of a row, found by descending from `root`. */
export function nodeAtRow(root: FlatNode, row: number): FlatNode {
  let node = root;
  while (node.row !== row)
    node = node.children.find((child) => row >= child.row && row < child.blob.at(child.row, COLUMN.next)) as FlatNode;
  return node;
}
