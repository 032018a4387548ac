/** The one pass over the tags of a structure block: checks every offset and makes the node table. */
import type { Diagnostic } from '../diagnostic/index.js';
import { alignCell, firstString, latin1 } from './bytes.js';
import { atByte, finding } from './codes.js';
import { COLUMN, COLUMNS, FlatBlob, TOKEN } from './flat.js';

/** Where the parts of a blob lie, as its header says. */
export interface Header {
  readonly structure: number;
  readonly structureEnd: number;
  readonly strings: number;
  readonly stringsSize: number;
  readonly reservations: number;
  readonly totalSize: number;
  readonly bootCpuId: number;
}

/** FDT_MAX_DEPTH in drivers/of/fdt.c. */
const MAX_DEPTH = 64;
/** Enough to see a pattern; a hostile blob could have a warning every 12 bytes. */
const MAX_WARNINGS = 20;
/** Not a row, and not -1 - row either. */
const UNSEEN_PHANDLE = -0x80000000;

/**
 * Work space kept between calls: two large arrays per blob would cost more than the walk. Nothing in it outlives a
 * call;
 * a hostile blob's larger one is not kept.
 */
const KEPT_LENGTH = 1 << 16;
const kept = { holder: new Int32Array(KEPT_LENGTH), nodes: new Int32Array(KEPT_LENGTH) };

const PHANDLE = Buffer.from('phandle\0');
const LINUX = 'linux,';

/** The offsets in a strings block at which the name `phandle` or `linux,phandle` begins. */
function phandleNames(strings: Uint8Array): number[] {
  const bytes = Buffer.from(strings.buffer, strings.byteOffset, strings.byteLength);
  const offsets: number[] = [];
  for (let at = bytes.indexOf(PHANDLE); at >= 0; at = bytes.indexOf(PHANDLE, at + 1)) {
    offsets.push(at);
    const start = at - LINUX.length;
    if (start >= 0 && bytes.toString('latin1', start, at) === LINUX) offsets.push(start);
  }
  return offsets;
}

/** Walks every tag once; the result is the node table and the names in use, or an error. */
export function indexStructure(
  bytes: Uint8Array,
  view: DataView,
  header: Header,
  file: string | undefined,
  diagnostics: Diagnostic[],
): FlatBlob | undefined {
  const { structure, structureEnd: end } = header;
  const strings = bytes.subarray(header.strings, header.strings + header.stringsSize);
  // A name that begins at or before the last NUL has an end.
  const lastName = strings.lastIndexOf(0);
  /**
   * By offset in the strings block: 1 + row of the last node with that property, to find duplicates. Negative where the
   * name is that of a phandle: these properties are listed, because every overlay needs the highest.
   */
  const holder =
    header.stringsSize <= KEPT_LENGTH ? kept.holder.fill(0, 0, header.stringsSize) : new Int32Array(header.stringsSize);
  const phandles: number[] = [];
  for (const offset of phandleNames(strings)) holder[offset] = UNSEEN_PHANDLE;
  let hasDuplicates = false;
  let nodes = kept.nodes;
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
  const nameAt = (offset: number) => firstString(strings.subarray(offset));
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
            : 'build or copy the file again; dtc -I dtb -O dts FILE shows how far dtc can read it',
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
      if (depth === 0) return fail('fdt/bad-structure', tag, 'a property', 'a property is outside the root node');
      if (tag + 12 > end) return fail('fdt/bad-structure', tag, 'a property is cut off', pastEnd);
      const length = view.getUint32(at + 4);
      const nameOffset = view.getUint32(at + 8);
      if (length > end - at - 12)
        return fail('fdt/bad-structure', tag, `a property of ${length} bytes`, `it extends past its block: ${pastEnd}`);
      if (nameOffset > lastName)
        return fail(
          'fdt/bad-name',
          tag,
          `a property with its name at 0x${nameOffset.toString(16)} of the strings block`,
          `the last name there ends at 0x${Math.max(lastName, 0).toString(16)}`,
        );
      const seen = holder[nameOffset] as number;
      if (propertiesOver) {
        warn('fdt/property-after-subnode', {
          message: `property "${nameAt(nameOffset)}" ${atByte(tag)} is after a subnode, ${pathHere()}`,
          cause: 'libfdt and Linux read the properties of a node up to its first subnode, so they do not see this one',
          fix: 'build the file again with dtc, which puts properties first',
        });
      } else {
        if (seen === count || seen === -count) {
          hasDuplicates = true;
          warn('fdt/duplicate-property', {
            message: `the node has the property "${nameAt(nameOffset)}" twice, the second time ${atByte(tag)}, ${pathHere()}`,
            cause: 'readers use the first one',
            fix: 'remove one of the two; dtc refuses such a source',
          });
        }
        if (seen >= 0) holder[nameOffset] = count;
        else {
          holder[nameOffset] = -count;
          phandles.push(count - 1, tag);
        }
      }
      at += 12 + alignCell(length);
    } else if (token === TOKEN.beginNode) {
      if (depth === 0 && count > 0)
        return fail('fdt/bad-structure', tag, 'a second root node', 'a device tree has one root');
      if (depth === MAX_DEPTH)
        return fail(
          'fdt/too-deep',
          tag,
          `more than ${MAX_DEPTH} levels of nodes`,
          'Linux does not unflatten a deeper tree',
        );
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
  const { strings: stringsOffset, stringsSize } = header;
  return new FlatBlob(bytes, view, {
    strings: stringsOffset,
    stringsSize,
    nodes: nodes.slice(0, count * COLUMNS),
    phandles,
    hasDuplicates,
  });
}
