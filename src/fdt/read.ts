/** Reads a flattened device tree blob: every offset is checked once, here; nodes are made later, on use. */
import { type Diagnostic, hasErrors, type Outcome } from '../diagnostic/index.js';
import { alignCell, latin1 } from './bytes.js';
import { atByte, finding } from './codes.js';
import { COLUMN, COLUMNS, FlatBlob, FlatNode, TOKEN } from './flat.js';
import type { Fdt, MemoryReservation } from './tree.js';

const MAGIC = 0xd00dfeed;
const HEADER_SIZE = { 16: 36, 17: 40 } as const;
/** Four times what arm64 maps (MAX_FDT_SIZE), so that a hostile file cannot make us hold gigabytes. */
const MAX_BYTES = 8 << 20;
/** FDT_MAX_DEPTH in drivers/of/fdt.c. */
const MAX_DEPTH = 64;
/** Enough to see a pattern; a hostile blob could have a warning every 12 bytes. */
const MAX_WARNINGS = 20;

interface Header {
  readonly structure: number;
  readonly structureEnd: number;
  readonly strings: number;
  readonly stringsSize: number;
  readonly reservations: number;
  readonly totalSize: number;
  readonly bootCpuId: number;
}

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
  const blob = readStructure(bytes.subarray(0, header.totalSize), view, header, file, diagnostics);
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
      `the file ends after ${bytes.length} bytes, inside the header`,
      'the file is cut off',
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
      `the file has ${bytes.length} bytes, the header states ${totalSize} ${atByte(4)}`,
      'the file is cut off',
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
  return ['this is no flattened device tree', 'give a .dtb or .dtbo file'];
}

function readReservations(
  view: DataView,
  header: Header,
  file: string | undefined,
  diagnostics: Diagnostic[],
): MemoryReservation[] {
  const reservations: MemoryReservation[] = [];
  for (let at = header.reservations; at + 16 <= header.totalSize; at += 16) {
    const sizeBytes = view.getBigUint64(at + 8);
    // Size 0 ends the list whatever the address, as for libfdt and the kernel.
    if (sizeBytes === 0n) return reservations;
    reservations.push({ baseAddress: view.getBigUint64(at), sizeBytes });
  }
  diagnostics.push(
    finding(file, 'fdt/bad-reservations', {
      message: `the memory reservation block ${atByte(header.reservations)} has no final entry of size 0`,
      cause: 'the list runs to the end of the blob',
      fix: 'build or copy the file again',
    }),
  );
  return [];
}

/** Walks every tag once; the result is the node table and the names in use, or an error. */
function readStructure(
  bytes: Uint8Array,
  view: DataView,
  header: Header,
  file: string | undefined,
  diagnostics: Diagnostic[],
): FlatBlob | undefined {
  const { structure, structureEnd: end } = header;
  const strings = latin1(bytes.subarray(header.strings, header.strings + header.stringsSize));
  // A name that begins at or before the last NUL has an end.
  const lastName = strings.lastIndexOf('\0');
  const names = new Map<number, string>();
  /** By offset in the strings block: 1 + number of the name, 0 when not yet seen. */
  const numbers = new Int32Array(header.stringsSize);
  const numberOf = new Map<string, number>();
  /** By number of the name: 1 + row of the node that has it, to find duplicates. */
  const holder: number[] = [0];
  let nodes = new Int32Array(COLUMNS * Math.max(16, (end - structure) >> 6));
  let count = 0;
  const open = new Int32Array(MAX_DEPTH);
  let depth = 0;
  /** Row whose subnodes have begun: its later properties are not seen. */
  let propertiesOver = false;

  const pathHere = (): string => {
    const path: string[] = [];
    for (let i = 1; i < depth; i += 1) {
      const begin = (nodes[(open[i] as number) * COLUMNS + COLUMN.begin] as number) + 4;
      path.push(latin1(bytes.subarray(begin, bytes.indexOf(0, begin))));
    }
    return depth === 0 ? 'outside the root node' : `in /${path.join('/')}`;
  };
  const warn = (code: 'fdt/duplicate-property' | 'fdt/property-after-subnode', text: Parameters<typeof finding>[2]) => {
    if (diagnostics.length < MAX_WARNINGS) diagnostics.push(finding(file, code, text));
  };
  const fail = (
    code: 'fdt/bad-structure' | 'fdt/bad-name' | 'fdt/too-deep',
    at: number,
    what: string,
    cause: string,
  ) => {
    diagnostics.push(
      finding(file, code, {
        message: `${what} ${atByte(at)}, ${pathHere()}`,
        cause,
        fix:
          code === 'fdt/too-deep'
            ? 'nest the nodes less deeply'
            : 'build or copy the file again; dtc -I dtb -O dts FILE shows how far others can read it',
      }),
    );
    return undefined;
  };
  const pastEnd = `the structure block ends at byte 0x${end.toString(16)}`;

  let at = structure;
  for (;;) {
    if (at + 4 > end) return fail('fdt/bad-structure', at, 'the structure block ends without FDT_END', pastEnd);
    const tag = at;
    const token = view.getUint32(at);
    if (token === TOKEN.property) {
      if (depth === 0)
        return fail('fdt/bad-structure', tag, 'a property', 'properties stand in nodes, and the root node is not open');
      if (tag + 12 > end) return fail('fdt/bad-structure', tag, 'a property is cut off', pastEnd);
      const length = view.getUint32(at + 4);
      const nameOffset = view.getUint32(at + 8);
      if (length > end - at - 12)
        return fail('fdt/bad-structure', tag, `a property of ${length} bytes`, `it reaches past its block: ${pastEnd}`);
      if (nameOffset > lastName)
        return fail(
          'fdt/bad-name',
          tag,
          `a property with its name at 0x${nameOffset.toString(16)} of the strings block`,
          `the last name there ends at 0x${Math.max(lastName, 0).toString(16)}`,
        );
      let number = numbers[nameOffset] as number;
      if (number === 0) {
        const name = strings.slice(nameOffset, strings.indexOf('\0', nameOffset));
        names.set(nameOffset, name);
        number = numberOf.get(name) ?? holder.push(0) - 1;
        numberOf.set(name, number);
        numbers[nameOffset] = number;
      }
      if (propertiesOver) {
        warn('fdt/property-after-subnode', {
          message: `property "${names.get(nameOffset)}" ${atByte(tag)} stands after a subnode, ${pathHere()}`,
          cause: 'libfdt and Linux read the properties of a node up to its first subnode, so this one is not seen',
          fix: 'build the file again with dtc, which puts properties first',
        });
      } else {
        if (holder[number] === count)
          warn('fdt/duplicate-property', {
            message: `property "${names.get(nameOffset)}" stands twice, the second time ${atByte(tag)}, ${pathHere()}`,
            cause: 'readers take the first one',
            fix: 'remove one of the two; dtc refuses such a source',
          });
        holder[number] = count;
      }
      at += 12 + alignCell(length);
    } else if (token === TOKEN.beginNode) {
      if (depth === 0 && count > 0)
        return fail('fdt/bad-structure', tag, 'a second root node', 'a device tree has one root');
      if (depth === MAX_DEPTH)
        return fail('fdt/too-deep', tag, `more than ${MAX_DEPTH} levels of nodes`, 'Linux unflattens no deeper tree');
      at += 4;
      while (at < end && bytes[at] !== 0) at += 1;
      if (at >= end) return fail('fdt/bad-structure', tag, 'a node name without an end', pastEnd);
      at = tag + alignCell(at + 1 - tag);
      const cell = count * COLUMNS;
      if (cell === nodes.length) {
        const larger = new Int32Array(nodes.length * 2);
        larger.set(nodes);
        nodes = larger;
      }
      nodes[cell + COLUMN.begin] = tag;
      nodes[cell + COLUMN.content] = at;
      open[depth] = count;
      depth += 1;
      count += 1;
      propertiesOver = false;
    } else if (token === TOKEN.endNode) {
      if (depth === 0) return fail('fdt/bad-structure', tag, 'FDT_END_NODE', 'no node is open');
      at += 4;
      depth -= 1;
      const cell = (open[depth] as number) * COLUMNS;
      nodes[cell + COLUMN.next] = count;
      nodes[cell + COLUMN.end] = at;
      propertiesOver = true;
    } else if (token === TOKEN.nop) {
      at += 4;
    } else if (token === TOKEN.end) {
      if (depth > 0) return fail('fdt/bad-structure', tag, 'FDT_END', 'a node is still open');
      if (count === 0) return fail('fdt/bad-structure', tag, 'FDT_END', 'there is no root node');
      break;
    } else {
      return fail(
        'fdt/bad-structure',
        tag,
        `an unknown tag 0x${token.toString(16)}`,
        'tags are 1 (begin node), 2 (end node), 3 (property), 4 (no-op) and 9 (end)',
      );
    }
  }
  return new FlatBlob(bytes, view, header, names, nodes);
}
