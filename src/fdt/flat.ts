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

/** What the one pass over the tags found. */
export interface FlatIndex {
  /** Byte offset and size of the strings block. */
  readonly strings: number;
  readonly stringsSize: number;
  readonly nodes: Int32Array;
  /** Row and byte offset of the tag of every property whose name ends in `phandle`, one after the other. */
  readonly phandles: readonly number[];
  /** Some node has two properties of one name. */
  readonly hasDuplicates: boolean;
}

/** One checked blob. */
export class FlatBlob {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly index: FlatIndex;
  /** The node table, also in `index`: it is read most. */
  readonly nodes: Int32Array;
  #text: string | undefined;
  /** Property names by their offset in the strings block, and the offset that each name was first seen at. */
  readonly #names = new Map<number, string>();
  readonly #firstOffset = new Map<string, number>();
  #isAmbiguous: boolean;

  constructor(bytes: Uint8Array, view: DataView, index: FlatIndex) {
    this.bytes = bytes;
    this.view = view;
    this.index = index;
    this.nodes = index.nodes;
    this.#isAmbiguous = index.hasDuplicates;
  }

  /** The blob with one character per byte: slices of it are cheaper than decoding names one by one. */
  get text(): string {
    this.#text ??= latin1(this.bytes);
    return this.#text;
  }

  /**
   * Whether a node may have two properties of one name, judged by the names asked for so far: a damaged or hostile blob
   * can hold the same name at two offsets.
   */
  get isAmbiguous(): boolean {
    return this.#isAmbiguous;
  }

  at(row: number, column: number): number {
    return this.nodes[row * COLUMNS + column] as number;
  }

  /** The name at an offset of the strings block. */
  propertyName(offset: number): string {
    return this.#names.get(offset) ?? this.#addName(offset);
  }

  #addName(offset: number): string {
    const start = this.index.strings + offset;
    const name = this.text.slice(start, this.text.indexOf('\0', start));
    this.#names.set(offset, name);
    if (this.#firstOffset.has(name)) this.#isAmbiguous = true;
    else this.#firstOffset.set(name, offset);
    return name;
  }
}

/** A node of a blob; name, properties and children are made on first use. */
export class FlatNode implements FdtNode {
  readonly blob: FlatBlob;
  readonly row: number;
  readonly parent: FlatNode | undefined;
  #name: string | undefined;
  #properties: FlatProperties | undefined;
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
    this.#properties ??= new FlatProperties(this.blob, this.blob.at(this.row, COLUMN.content));
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

/** Above so many properties a lookup is worth a hash table (`__symbols__` has thousands). */
const MANY = 24;

/** The properties of a node where they stand in the blob. */
class FlatProperties implements ReadonlyMap<string, Uint8Array> {
  readonly #blob: FlatBlob;
  readonly #content: number;
  #table: Map<string, Uint8Array> | undefined;

  constructor(blob: FlatBlob, content: number) {
    this.#blob = blob;
    this.#content = content;
  }

  get size(): number {
    let size = 0;
    for (const _ of this) size += 1;
    return size;
  }

  get(name: string): Uint8Array | undefined {
    if (this.#table !== undefined) return this.#table.get(name);
    const at = this.#find(name);
    return at === undefined
      ? undefined
      : this.#blob.bytes.subarray(at + 12, at + 12 + this.#blob.view.getUint32(at + 4));
  }

  has(name: string): boolean {
    return this.#table === undefined ? this.#find(name) !== undefined : this.#table.has(name);
  }

  /** Byte offset of the tag of the first property of that name. */
  #find(name: string): number | undefined {
    const { view } = this.#blob;
    let passed = 0;
    for (let at = nextProperty(view, this.#content); at >= 0; ) {
      if (this.#blob.propertyName(view.getUint32(at + 8)) === name) return at;
      passed += 1;
      if (passed === MANY) this.#table = new Map(this);
      at = nextProperty(view, at + 12 + alignCell(view.getUint32(at + 4)));
    }
    return undefined;
  }

  /** Whether the property at `at` is the first of its name. */
  #isFirst(at: number, name: string): boolean {
    return !this.#blob.isAmbiguous || this.#find(name) === at;
  }

  *[Symbol.iterator](): MapIterator<[string, Uint8Array]> {
    const { bytes, view } = this.#blob;
    for (let at = nextProperty(view, this.#content); at >= 0; ) {
      const length = view.getUint32(at + 4);
      const name = this.#blob.propertyName(view.getUint32(at + 8));
      if (this.#isFirst(at, name)) yield [name, bytes.subarray(at + 12, at + 12 + length)];
      at = nextProperty(view, at + 12 + alignCell(length));
    }
  }

  entries(): MapIterator<[string, Uint8Array]> {
    return this[Symbol.iterator]();
  }

  *keys(): MapIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): MapIterator<Uint8Array> {
    for (const [, value] of this) yield value;
  }

  forEach(body: (value: Uint8Array, name: string, map: ReadonlyMap<string, Uint8Array>) => void): void {
    for (const [name, value] of this) body(value, name, this);
  }
}

/** The property tag at or after `at` in the same node, over no-ops; -1 when there is none. */
function nextProperty(view: DataView, at: number): number {
  let here = at;
  for (;;) {
    const token = view.getUint32(here);
    if (token === TOKEN.property) return here;
    if (token !== TOKEN.nop) return -1;
    here += 4;
  }
}

/** The node of a row, found by descending from `root`. */
export function nodeAtRow(root: FlatNode, row: number): FlatNode {
  let node = root;
  while (node.row !== row)
    node = node.children.find((child) => row >= child.row && row < child.blob.at(child.row, COLUMN.next)) as FlatNode;
  return node;
}
