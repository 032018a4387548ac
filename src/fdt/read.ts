/** Reads a flattened device tree blob: every offset is checked once, here; nodes are made later, on use. */
import { type Diagnostic, hasErrors, type Outcome } from '../diagnostic/index.js';
import type { AddressRange } from '../quantity/index.js';
import { atByte, finding } from './codes.js';
import { FlatNode } from './flat.js';
import { type Header, indexStructure } from './structure.js';
import type { Fdt } from './tree.js';

const MAGIC = 0xd00dfeed;
const HEADER_SIZE = { 16: 36, 17: 40 } as const;
/** Four times what arm64 maps (MAX_FDT_SIZE), so that a hostile file cannot make us hold gigabytes. */
const MAX_BYTES = 8 << 20;

/**
 * Reads a blob (.dtb, .dtbo, /sys/firmware/fdt), format version 16 or 17. Bytes after the blob's own end are ignored.
 * The blob is referred to, not copied: do not change `bytes` afterwards.
 * @param file name for messages
 */
export function readFdt(bytes: Uint8Array, file?: string): Outcome<Fdt> {
  const diagnostics: Diagnostic[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(bytes, view, file, diagnostics);
  if (header === undefined) return { diagnostics };
  const memoryReservations = readReservations(view, header, file, diagnostics);
  const blob = indexStructure(bytes.subarray(0, header.totalSize), view, header, file, diagnostics);
  if (blob === undefined || hasErrors(diagnostics)) return { diagnostics };
  return {
    value: { root: new FlatNode(blob, 0, undefined), memoryReservations, bootCpuId: header.bootCpuId, file },
    diagnostics,
  };
}

function readHeader(
  bytes: Uint8Array,
  view: DataView,
  file: string | undefined,
  diagnostics: Diagnostic[],
): Header | undefined {
  const fail = (code: Parameters<typeof finding>[1], message: string, cause: string, fix: string) => {
    diagnostics.push(finding(file, code, { message, cause, fix }));
    return undefined;
  };
  if (bytes.length < 4 || view.getUint32(0) !== MAGIC) {
    const [cause, fix] = whatElse(bytes);
    return fail(
      'fdt/not-a-blob',
      `begins with ${hex(bytes.subarray(0, 4)) || 'nothing'} instead of d00dfeed`,
      cause,
      fix,
    );
  }
  const copyAgain = 'copy or build the file again';
  if (bytes.length < HEADER_SIZE[16])
    return fail(
      'fdt/truncated',
      `the file has only ${bytes.length} bytes and ends inside the header`,
      'the file is incomplete',
      copyAgain,
    );
  const totalSize = view.getUint32(4);
  if (totalSize > MAX_BYTES)
    return fail(
      'fdt/too-large',
      `the header states ${totalSize} bytes ${atByte(4)}, more than ${MAX_BYTES}`,
      'no kernel accepts a device tree of that size',
      'check that the file is a device tree and not an image that contains one',
    );
  if (totalSize > bytes.length)
    return fail(
      'fdt/truncated',
      `the file has ${bytes.length} bytes, but the header states ${totalSize} ${atByte(4)}`,
      'the file is incomplete',
      copyAgain,
    );
  const version = view.getUint32(20);
  const compatibleVersion = view.getUint32(24);
  if (version < 16 || compatibleVersion > 17 || compatibleVersion > version)
    return fail(
      'fdt/unsupported-version',
      `format version ${version}, readable as ${compatibleVersion}, ${atByte(20)}; versions 16 and 17 are supported`,
      'Linux reads no other version',
      'convert it: dtc -I dtb -O dtb -V 17 OLD.dtb -o NEW.dtb',
    );
  const headerSize = version === 16 ? HEADER_SIZE[16] : HEADER_SIZE[17];
  const structure = view.getUint32(8);
  const strings = view.getUint32(12);
  const reservations = view.getUint32(16);
  const stringsSize = view.getUint32(32);
  const places: [string, number, number, number][] = [
    ['structure block', 8, structure, version === 16 || totalSize < headerSize ? 0 : view.getUint32(36)],
    ['strings block', 12, strings, stringsSize],
    ['memory reservation block', 16, reservations, 0],
  ];
  for (const [what, field, offset, size] of places)
    if (offset < headerSize || offset + size > totalSize)
      return fail(
        'fdt/bad-header',
        `the ${what} spans bytes 0x${offset.toString(16)} to 0x${(offset + size).toString(16)} (stated ${atByte(field)}), ` +
          `outside 0x${headerSize.toString(16)} to 0x${totalSize.toString(16)}`,
        'the file is damaged, or not written by a device tree compiler',
        'build or copy the file again',
      );
  return {
    structure,
    structureEnd: version === 16 ? totalSize : structure + view.getUint32(36),
    strings,
    stringsSize,
    reservations,
    totalSize,
    bootCpuId: view.getUint32(28),
  };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What people pass by mistake: cause and fix. */
function whatElse(bytes: Uint8Array): [string, string] {
  const start = hex(bytes.subarray(0, 4));
  if (bytes.length === 0) return ['the file is empty', 'build or copy the file again'];
  if (start === 'edfe0dd0') return ['the byte order is swapped', 'write the blob in big-endian order, as dtc does'];
  if (start.startsWith('1f8b')) return ['this is a gzip file', 'unpack it first: gzip -d'];
  if (start === 'd7b7ab1e')
    return ['this is an Android DTBO partition image', 'unpack it first: mkdtboimg dump IMAGE -b OUT'];
  if (bytes.subarray(0, 64).every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127)))
    return ['this is text', 'compile it first: dtc -I dts -O dtb -@ SOURCE -o BLOB (after cpp, if it has #include)'];
  return ['this is not a flattened device tree', 'give a .dtb or .dtbo file'];
}

function readReservations(
  view: DataView,
  header: Header,
  file: string | undefined,
  diagnostics: Diagnostic[],
): AddressRange[] {
  const reservations: AddressRange[] = [];
  for (let at = header.reservations; at + 16 <= header.totalSize; at += 16) {
    const sizeBytes = view.getBigUint64(at + 8);
    // Size 0 ends the list whatever the address, as for libfdt and the kernel.
    if (sizeBytes === 0n) return reservations;
    reservations.push({ baseAddress: view.getBigUint64(at), sizeBytes });
  }
  diagnostics.push(
    finding(file, 'fdt/bad-reservations', {
      message: `the memory reservation block ${atByte(header.reservations)} has no final entry of size 0`,
      cause: 'the list continues to the end of the blob',
      fix: 'build or copy the file again',
    }),
  );
  return [];
}
