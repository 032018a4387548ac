/** Writes a tree as a blob of version 17, in the layout of dtc and of libfdt after fdt_pack(). */
import { alignCell } from './bytes.js';
import { blobOf, EditedNode, unchangedOrigin } from './edit.js';
import { type FlatBlob, type FlatNode, TOKEN } from './flat.js';
import type { Fdt, FdtNode } from './tree.js';

const HEADER_SIZE = 40;

/**
 * Packs a tree: header, memory reservations, structure, strings, nothing between and behind. What came from a blob and
 * was not changed is copied unchanged, so writing what was read gives the packed blob that was read. Names must be
 * of one byte per character and without NUL (the specification allows far less).
 */
export function writeFdt(fdt: Fdt): Uint8Array {
  const donor = blobOf(fdt.root);
  const names = new NameTable(donor);
  // libfdt adds names as properties come, and not in tree order: the same order gives the same bytes.
  if (fdt.root instanceof EditedNode) for (const name of fdt.root.newNames) names.offset(name);
  const structureSize = measure(fdt.root, donor, names) + 4;
  const structureAt = HEADER_SIZE + (fdt.memoryReservations.length + 1) * 16;
  const stringsAt = structureAt + structureSize;
  const blob = new Uint8Array(stringsAt + names.size);
  const view = new DataView(blob.buffer);
  const header = [0xd00dfeed, blob.length, structureAt, stringsAt, HEADER_SIZE, 17, 16, fdt.bootCpuId, names.size];
  [...header, structureSize].forEach((value, i) => {
    view.setUint32(i * 4, value);
  });
  fdt.memoryReservations.forEach(({ baseAddress, sizeBytes }, i) => {
    view.setBigUint64(HEADER_SIZE + i * 16, baseAddress);
    view.setBigUint64(HEADER_SIZE + i * 16 + 8, sizeBytes);
  });
  const end = put(fdt.root, donor, names, blob, view, structureAt);
  view.setUint32(end, TOKEN.end);
  names.put(blob, stringsAt);
  return blob;
}

/** The blob node to copy instead of writing `node`: its names must be those of the strings block that we continue. */
function copyOf(node: FdtNode, donor: FlatBlob | undefined): FlatNode | undefined {
  const origin = unchangedOrigin(node);
  return origin !== undefined && origin.blob === donor ? origin : undefined;
}

/** Bytes that a node takes; also gives its names their offsets. */
function measure(node: FdtNode, donor: FlatBlob | undefined, names: NameTable): number {
  const copy = copyOf(node, donor);
  if (copy !== undefined) return copy.end - copy.begin;
  let size = 4 + alignCell(node.name.length + 1) + 4;
  for (const [name, value] of node.properties) {
    names.offset(name);
    size += 12 + alignCell(value.length);
  }
  for (const child of node.children) size += measure(child, donor, names);
  return size;
}

/** Writes a node at a byte offset; the offset behind it. */
function put(
  node: FdtNode,
  donor: FlatBlob | undefined,
  names: NameTable,
  blob: Uint8Array,
  view: DataView,
  start: number,
): number {
  const copy = copyOf(node, donor);
  if (copy !== undefined) return putBytes(copy.blob, copy.begin, copy.end, blob, start);
  view.setUint32(start, TOKEN.beginNode);
  putText(node.name, blob, start + 4);
  let at = start + 4 + alignCell(node.name.length + 1);
  for (const [name, value] of node.properties) {
    view.setUint32(at, TOKEN.property);
    view.setUint32(at + 4, value.length);
    view.setUint32(at + 8, names.offset(name));
    blob.set(value, at + 12);
    at += 12 + alignCell(value.length);
  }
  // Neighbours in the donor are copied in one go.
  let begin = 0;
  let end = 0;
  for (const child of node.children) {
    const next = copyOf(child, donor);
    if (next === undefined || next.begin !== end) {
      if (donor !== undefined) at = putBytes(donor, begin, end, blob, at);
      begin = end = 0;
    }
    if (next === undefined) at = put(child, donor, names, blob, view, at);
    else {
      begin = end === 0 ? next.begin : begin;
      end = next.end;
    }
  }
  if (donor !== undefined) at = putBytes(donor, begin, end, blob, at);
  view.setUint32(at, TOKEN.endNode);
  return at + 4;
}

function putBytes(from: FlatBlob, begin: number, end: number, blob: Uint8Array, at: number): number {
  if (end > begin) blob.set(from.bytes.subarray(begin, end), at);
  return at + end - begin;
}

function putText(text: string, blob: Uint8Array, at: number): void {
  for (let i = 0; i < text.length; i += 1) blob[at + i] = text.charCodeAt(i);
}

/** The strings block: that of the donor, continued. */
class NameTable {
  readonly #kept: Uint8Array;
  readonly #offsets = new Map<string, number>();
  #added = '';

  constructor(donor: FlatBlob | undefined) {
    const { strings, stringsSize } = donor?.index ?? { strings: 0, stringsSize: 0 };
    this.#kept = donor?.bytes.subarray(strings, strings + stringsSize) ?? new Uint8Array();
  }

  get size(): number {
    return this.#kept.length + this.#added.length;
  }

  /** Shares the end of a longer name, as dtc and libfdt do. */
  offset(name: string): number {
    let offset = this.#offsets.get(name);
    if (offset === undefined) {
      const wanted = `${name}\0`;
      const { buffer, byteOffset, length } = this.#kept;
      offset = Buffer.from(buffer, byteOffset, length).indexOf(wanted, 0, 'latin1');
      if (offset < 0) {
        const added = this.#added.indexOf(wanted);
        offset = length + (added < 0 ? this.#added.length : added);
        if (added < 0) this.#added += wanted;
      }
      this.#offsets.set(name, offset);
    }
    return offset;
  }

  put(blob: Uint8Array, at: number): void {
    blob.set(this.#kept, at);
    putText(this.#added, blob, at + this.#kept.length);
  }
}
