/**
 * The lazy side of a blob that was read: one table of node positions, from which nodes are made when asked for. Every
 * offset in it was checked by read.ts, so nothing here can run out of the blob.
 */
import { alignCell, latin1 } from './bytes.js';
import { type FdtNode, walk } from './tree.js';

export const TOKEN = { beginNode: 1, endNode: 2, property: 3, nop: 4, end: 9 } as const;

/** Columns of the node table; a row is a node, in blob order. */
export const COLUMN = {
  /** Byte offset of the node's first tag after its name. */
  content: 0,
  /** Row of the first node that is not a descendant of this one. */
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
  /** Row and byte offset of the tag of every `phandle` and `linux,phandle`, one after the other. */
  readonly phandles: readonly number[];
  /** Some node has two properties of one name. */
  readonly hasDuplicates: boolean;
}

export interface PhandleTable {
  /** 0 when no node has one. */
  readonly highest: number;
  /** The first node with that phandle, in blob order. */
  find(phandle: number): FdtNode | undefined;
}

/** One checked blob. */
export class FlatBlob {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly index: FlatIndex;
  /** The node table, also in `index`: it is read most. */
  readonly nodes: Int32Array;
  /** Made by the first who asks. */
  phandleTable: PhandleTable | undefined;
  #text: string | undefined;
  #strings: string | undefined;
  #decoded = 0;
  /** Property names by their offset in the strings block: a map while they are few, then an array. */
  readonly #few = new Map<number, string>();
  #many: (string | undefined)[] | undefined;
  readonly #distinct = new Set<string>();
  #isAmbiguous: boolean;

  constructor(bytes: Uint8Array, view: DataView, index: FlatIndex) {
    this.bytes = bytes;
    this.view = view;
    this.index = index;
    this.nodes = index.nodes;
    this.#isAmbiguous = index.hasDuplicates;
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
    return (this.#many === undefined ? this.#few.get(offset) : this.#many[offset]) ?? this.#addName(offset);
  }

  #addName(offset: number): string {
    const { strings, stringsSize } = this.index;
    this.#strings ??= latin1(this.bytes.subarray(strings, strings + stringsSize));
    const name = this.#strings.slice(offset, this.#strings.indexOf('\0', offset));
    if (this.#many !== undefined) this.#many[offset] = name;
    else this.#few.set(offset, name);
    if (this.#few.size === MANY_NAMES && this.#many === undefined) {
      // Beyond this length the array of a hostile blob grows by itself.
      this.#many = new Array(Math.min(stringsSize, 1 << 16));
      for (const [known, text] of this.#few) this.#many[known] = text;
    }
    if (this.#distinct.has(name)) this.#isAmbiguous = true;
    this.#distinct.add(name);
    return name;
  }

  /** The offset of a name in the strings block. It may be the end of a longer name, and it may occur twice. */
  offsetsOf(name: string): readonly number[] {
    const { strings, stringsSize } = this.index;
    const block = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + strings, stringsSize);
    const wanted = Buffer.from(`${name}\0`, 'latin1');
    const offsets: number[] = [];
    for (let at = block.indexOf(wanted); at >= 0; at = block.indexOf(wanted, at + 1)) offsets.push(at);
    return offsets;
  }

  /** Whether the node of a row has a property with its name at one of these offsets. */
  has(row: number, offsets: readonly number[]): boolean {
    const { view } = this;
    for (let at = propertyAt(view, this.at(row, COLUMN.content)); at >= 0; at = propertyAt(view, behind(view, at)))
      if (offsets.includes(view.getUint32(at + 8))) return true;
    return false;
  }

  /** Bytes as characters. */
  text(start: number, end: number): string {
    if (this.#text !== undefined) return this.#text.slice(start, end);
    this.#decoded += 1;
    // Slices of one long string are cheaper than decoding each name, and a waste for a few names.
    if (this.#decoded === MANY_NAMES) this.#text = latin1(this.bytes);
    return latin1(this.bytes.subarray(start, end));
  }
}

/** The children of a node that have a property, in tree order. Of a blob only these become nodes. */
export function childrenWith(node: FdtNode, name: string): readonly FdtNode[] {
  if (!(node instanceof FlatNode)) return node.children.filter((child) => child.properties.has(name));
  const { blob } = node;
  const offsets = blob.offsetsOf(name);
  return node
    .rowsOfChildren()
    .flatMap((row, index) => (blob.has(row, offsets) ? [node.children[index] as FdtNode] : []));
}

/**
 * A node and all below it that have a property, in tree order. Of a blob only these and what is above them become
 * nodes.
 */
export function nodesWith(root: FdtNode, name: string): readonly FdtNode[] {
  if (!(root instanceof FlatNode)) return [...walk(root)].filter((node) => node.properties.has(name));
  const { blob } = root;
  const offsets = blob.offsetsOf(name);
  const found: FdtNode[] = [];
  if (offsets.length === 0) return found;
  for (let row = root.row; row < blob.at(root.row, COLUMN.next); row += 1)
    if (blob.has(row, offsets)) found.push(nodeAtRow(root, row));
  return found;
}

/** From so many names on it pays to be quick about all of them. */
const MANY_NAMES = 64;

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

  /** Byte offset of the node's first tag. */
  get begin(): number {
    return this.blob.at(this.row, COLUMN.begin);
  }

  /** Byte offset behind the node's last tag. */
  get end(): number {
    return this.blob.at(this.row, COLUMN.end);
  }

  get name(): string {
    if (this.#name === undefined) {
      const { bytes } = this.blob;
      const start = this.begin + 4;
      // The NUL is in the last cell; what pads it may be anything.
      let end = Math.max(start, this.blob.at(this.row, COLUMN.content) - 4);
      while (bytes[end] !== 0) end += 1;
      this.#name = this.blob.text(start, end);
    }
    return this.#name;
  }

  get properties(): ReadonlyMap<string, Uint8Array> {
    this.#properties ??= new FlatProperties(this.blob, this.blob.at(this.row, COLUMN.content));
    return this.#properties;
  }

  get children(): readonly FlatNode[] {
    this.#children ??= this.rowsOfChildren().map((row) => new FlatNode(this.blob, row, this));
    return this.#children;
  }

  rowsOfChildren(): readonly number[] {
    const rows: number[] = [];
    const end = this.blob.at(this.row, COLUMN.next);
    for (let row = this.row + 1; row < end; row = this.blob.at(row, COLUMN.next)) rows.push(row);
    return rows;
  }
}

/** Above so many properties a lookup is worth a hash table (`__symbols__` has thousands). */
const MANY_PROPERTIES = 24;

/** The properties of a node in the blob. Values are views of it, which are made on request. */
class FlatProperties implements ReadonlyMap<string, Uint8Array> {
  readonly #blob: FlatBlob;
  /** Byte offset of the node's first tag after its name. */
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
    const { view } = this.#blob;
    let passed = 0;
    for (let at = propertyAt(view, this.#content); at >= 0; at = propertyAt(view, behind(view, at))) {
      if (this.#blob.propertyName(view.getUint32(at + 8)) === name) return valueAt(this.#blob, at);
      passed += 1;
      if (passed === MANY_PROPERTIES) {
        this.#table = new Map(this);
        return this.#table.get(name);
      }
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  [Symbol.iterator](): MapIterator<[string, Uint8Array]> {
    return new PropertyIterator(this.#blob, this.#content);
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

/** A class and no generator: trees have ten million properties, and a generator costs more than the view. */
class PropertyIterator implements MapIterator<[string, Uint8Array]> {
  readonly #blob: FlatBlob;
  readonly #content: number;
  #at: number;
  /** Names so far, in an ambiguous blob. */
  #seen: Set<string> | undefined;

  constructor(blob: FlatBlob, content: number) {
    this.#blob = blob;
    this.#content = content;
    this.#at = content;
  }

  next(): IteratorResult<[string, Uint8Array], undefined> {
    const blob = this.#blob;
    const { view } = blob;
    let at = this.#at;
    for (let token = view.getUint32(at); token === TOKEN.property || token === TOKEN.nop; token = view.getUint32(at)) {
      if (token === TOKEN.nop) {
        at += 4;
        continue;
      }
      const tag = at;
      const start = at + 12;
      const length = view.getUint32(at + 4);
      const name = blob.propertyName(view.getUint32(at + 8));
      at = start + alignCell(length);
      if (blob.isAmbiguous && !this.#isFirst(tag, name)) continue;
      this.#at = at;
      return { done: false, value: [name, blob.bytes.subarray(start, start + length)] };
    }
    this.#at = at;
    return { done: true, value: undefined };
  }

  /**
   * Whether no property before this one has the name. The blob may turn ambiguous on the way: earlier names are looked
   * up.
   */
  #isFirst(tag: number, name: string): boolean {
    if (this.#seen === undefined) {
      this.#seen = new Set();
      const { view } = this.#blob;
      for (let at = propertyAt(view, this.#content); at < tag; at = propertyAt(view, behind(view, at)))
        this.#seen.add(this.#blob.propertyName(view.getUint32(at + 8)));
    }
    if (this.#seen.has(name)) return false;
    this.#seen.add(name);
    return true;
  }

  [Symbol.iterator](): MapIterator<[string, Uint8Array]> {
    return this;
  }
}

function valueAt(blob: FlatBlob, tag: number): Uint8Array {
  return blob.bytes.subarray(tag + 12, tag + 12 + blob.view.getUint32(tag + 4));
}

/** Byte offset behind the property at a tag. */
function behind(view: DataView, tag: number): number {
  return tag + 12 + alignCell(view.getUint32(tag + 4));
}

/** The property tag at or after `at` in the same node, over no-ops; -1 when there is none. */
function propertyAt(view: DataView, at: number): number {
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
