/** Writes a tree as a blob of version 17, in the layout of dtc and of libfdt after fdt_pack(). */

import { latin1 } from './bytes.js';
import { blobOf, EditedNode, unchangedOrigin } from './edit.js';
import { COLUMN, type FlatBlob, TOKEN } from './flat.js';
import type { Fdt, FdtNode } from './tree.js';

const HEADER_SIZE = 40;

/**
 * Packs a tree: header, memory reservations, structure, strings, nothing between and behind. What came from a blob and
 * was not changed is copied as it stands, so writing what was read gives the packed blob that was read. Names must be
 * of one byte per character and without NUL (the specification allows far less).
 */
export function writeFdt(fdt: Fdt): Uint8Array {
  const out = new Writer(blobOf(fdt.root));
  // libfdt adds names as properties come, and not in tree order: the same order gives the same bytes.
  if (fdt.root instanceof EditedNode) for (const name of fdt.root.newNames) out.stringOffset(name);
  out.node(fdt.root);
  out.cell(TOKEN.end);
  const structure = out.bytes();
  const strings = Buffer.from(out.strings, 'latin1');
  const reservationsSize = (fdt.memoryReservations.length + 1) * 16;
  const structureAt = HEADER_SIZE + reservationsSize;
  const stringsAt = structureAt + structure.length;
  const blob = new Uint8Array(stringsAt + strings.length);
  const view = new DataView(blob.buffer);
  [
    0xd00dfeed,
    blob.length,
    structureAt,
    stringsAt,
    HEADER_SIZE,
    17,
    16,
    fdt.bootCpuId,
    strings.length,
    structure.length,
  ].forEach((value, i) => {
    view.setUint32(i * 4, value);
  });
  fdt.memoryReservations.forEach(({ baseAddress, sizeBytes }, i) => {
    view.setBigUint64(HEADER_SIZE + i * 16, baseAddress);
    view.setBigUint64(HEADER_SIZE + i * 16 + 8, sizeBytes);
  });
  blob.set(structure, structureAt);
  blob.set(strings, stringsAt);
  return blob;
}

/** Grows a structure block and the strings that go with it. */
class Writer {
  /** The blob whose strings block ours continues, so that its subtrees can be copied without change. */
  readonly #donor: FlatBlob | undefined;
  readonly #offsets = new Map<string, number>();
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;
  strings: string;

  constructor(donor: FlatBlob | undefined) {
    this.#donor = donor;
    this.strings =
      donor === undefined ? '' : latin1(donor.bytes.subarray(donor.strings, donor.strings + donor.stringsSize));
    this.#bytes = new Uint8Array((donor?.bytes.length ?? 0) + 4096);
    this.#view = new DataView(this.#bytes.buffer);
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  cell(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  node(node: FdtNode): void {
    const origin = unchangedOrigin(node);
    if (origin !== undefined && origin.blob === this.#donor) {
      const { blob, row } = origin;
      this.#put(blob.bytes.subarray(blob.at(row, COLUMN.begin), blob.at(row, COLUMN.end)));
      return;
    }
    this.cell(TOKEN.beginNode);
    this.#put(Buffer.from(`${node.name}\0`, 'latin1'));
    for (const [name, value] of node.properties) {
      this.cell(TOKEN.property);
      this.cell(value.length);
      this.cell(this.stringOffset(name));
      this.#put(value);
    }
    for (const child of node.children) this.node(child);
    this.cell(TOKEN.endNode);
  }

  /** Bytes and padding to a whole cell. */
  #put(bytes: Uint8Array): void {
    const padded = (bytes.length + 3) & ~3;
    this.#reserve(padded);
    this.#bytes.set(bytes, this.#length);
    this.#length += padded;
  }

  /** Shares the end of a longer name, as dtc and libfdt do. */
  stringOffset(name: string): number {
    let offset = this.#offsets.get(name);
    if (offset === undefined) {
      offset = this.strings.indexOf(`${name}\0`);
      if (offset < 0) {
        offset = this.strings.length;
        this.strings += `${name}\0`;
      }
      this.#offsets.set(name, offset);
    }
    return offset;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.bytes());
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
