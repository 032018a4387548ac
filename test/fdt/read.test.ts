import { describe, expect, test } from 'vitest';
import { FDT_CODES, type FdtNode, readFdt, writeFdt } from '../../src/fdt/index.js';
import { begin, blob, cells, end, endNode, nop, property } from './assemble.js';

const ROOT = [begin(''), endNode, end];

/** The whole text of the only finding: code, message, cause, fix. */
function finding(bytes: Uint8Array): string[] {
  const { value, diagnostics } = readFdt(bytes, 'board.dtb');
  expect(diagnostics.map((d) => d.code)).toHaveLength(1);
  const [{ code, severity, message, cause = '', fix = '', span } = diagnostics[0] as never] = diagnostics;
  expect(value === undefined).toBe(severity === 'error');
  expect(severity).toBe(FDT_CODES[code as keyof typeof FDT_CODES].severity);
  expect(span?.file).toBe('board.dtb');
  return [code, message, cause, fix];
}

const AGAIN = 'build or copy the file again';
const COPY = 'copy or build the file again';
const SHOWS = 'build or copy the file again; dtc -I dtb -O dts FILE shows how far dtc can read it';

describe('what is no blob is named for what it is', () => {
  test.each([
    ['', 'nothing', 'the file is empty', AGAIN],
    [
      '\xed\xfe\x0d\xd0....',
      'edfe0dd0',
      'the byte order is swapped',
      'write the blob in big-endian order, as dtc does',
    ],
    ['\x1f\x8b\x08\x00', '1f8b0800', 'this is a gzip file', 'unpack it first: gzip -d'],
    [
      '\xd7\xb7\xab\x1e',
      'd7b7ab1e',
      'this is an Android DTBO partition image',
      'unpack it first: mkdtboimg dump IMAGE -b OUT',
    ],
    [
      '/dts-v1/;\n/ { };\n',
      '2f647473',
      'this is text',
      'compile it first: dtc -I dts -O dtb -@ SOURCE -o BLOB (after cpp, if it has #include)',
    ],
    ['\x7fELF', '7f454c46', 'this is not a flattened device tree', 'give a .dtb or .dtbo file'],
  ])('%j', (text, start, cause, fix) => {
    expect(finding(Buffer.from(text, 'latin1'))).toEqual([
      'fdt/not-a-blob',
      `begins with ${start} instead of d00dfeed`,
      cause,
      fix,
    ]);
  });
});

describe('every fault of a blob has place, cause and fix', () => {
  const good = blob({ structure: ROOT });
  test.each<[string, Uint8Array, string[]]>([
    [
      'cut inside the header',
      good.subarray(0, 20),
      ['fdt/truncated', 'the file has only 20 bytes and ends inside the header', 'the file is incomplete', COPY],
    ],
    [
      'cut behind the header',
      good.subarray(0, 60),
      ['fdt/truncated', 'the file has 60 bytes, but the header states 72 at byte 0x4', 'the file is incomplete', COPY],
    ],
    [
      'a size no kernel takes',
      blob({ structure: ROOT, header: { 1: 0x7fffffff } }),
      [
        'fdt/too-large',
        'the header states 2147483647 bytes at byte 0x4, more than 8388608',
        'no kernel accepts a device tree of that size',
        'check that the file is a device tree and not an image that contains one',
      ],
    ],
    [
      'an old version',
      blob({ structure: ROOT, header: { 5: 3, 6: 1 } }),
      [
        'fdt/unsupported-version',
        'format version 3, readable as 1, at byte 0x14; versions 16 and 17 are supported',
        'Linux reads no other version',
        'convert it: dtc -I dtb -O dtb -V 17 OLD.dtb -o NEW.dtb',
      ],
    ],
    [
      'a block outside the blob',
      blob({ structure: ROOT, header: { 3: 0x1000 } }),
      [
        'fdt/bad-header',
        'the strings block spans bytes 0x1000 to 0x1000 (stated at byte 0xc), outside 0x28 to 0x48',
        'the file is damaged, or not written by a device tree compiler',
        AGAIN,
      ],
    ],
    [
      'a block of a huge size',
      blob({ structure: ROOT, header: { 9: 0xfffffff0 } }),
      [
        'fdt/bad-header',
        'the structure block spans bytes 0x38 to 0x100000028 (stated at byte 0x8), outside 0x28 to 0x48',
        'the file is damaged, or not written by a device tree compiler',
        AGAIN,
      ],
    ],
    [
      'reservations without an end',
      blob({ structure: ROOT, reservations: [], strings: 'x'.repeat(16), header: { 4: 0x38 } }),
      [
        'fdt/bad-reservations',
        'the memory reservation block at byte 0x38 has no final entry of size 0',
        'the list continues to the end of the blob',
        AGAIN,
      ],
    ],
    [
      'an unknown tag',
      blob({ structure: [begin(''), begin('soc'), cells(7), endNode, endNode, end] }),
      [
        'fdt/bad-structure',
        'an unknown tag 0x7 at byte 0x48, in /soc',
        'tags are 1 (begin node), 2 (end node), 3 (property), 4 (no-op) and 9 (end)',
        SHOWS,
      ],
    ],
    [
      'no end',
      blob({ structure: [begin(''), endNode] }),
      [
        'fdt/bad-structure',
        'the structure block ends without FDT_END at byte 0x44, outside the root node',
        'the structure block ends at byte 0x44',
        SHOWS,
      ],
    ],
    [
      'an end inside a node',
      blob({ structure: [begin(''), end] }),
      ['fdt/bad-structure', 'FDT_END at byte 0x40, in /', 'a node is still open', SHOWS],
    ],
    [
      'no root',
      blob({ structure: [end] }),
      ['fdt/bad-structure', 'FDT_END at byte 0x38, outside the root node', 'there is no root node', SHOWS],
    ],
    [
      'two roots',
      blob({ structure: [begin(''), endNode, begin(''), endNode, end] }),
      [
        'fdt/bad-structure',
        'a second root node at byte 0x44, outside the root node',
        'a device tree has one root',
        SHOWS,
      ],
    ],
    [
      'one FDT_END_NODE too many',
      blob({ structure: [begin(''), endNode, endNode, end] }),
      ['fdt/bad-structure', 'FDT_END_NODE at byte 0x44, outside the root node', 'no node is open', SHOWS],
    ],
    [
      'a property outside a node',
      blob({ structure: [property(0, cells(1)), end], strings: 'reg\0' }),
      [
        'fdt/bad-structure',
        'a property at byte 0x38, outside the root node',
        'a property is outside the root node',
        SHOWS,
      ],
    ],
    [
      'a property tag at the end of the block',
      blob({ structure: [begin(''), cells(3, 0)], strings: 'reg\0' }),
      ['fdt/bad-structure', 'a property is cut off at byte 0x40, in /', 'the structure block ends at byte 0x48', SHOWS],
    ],
    [
      'a value that reaches past the block',
      blob({ structure: [begin(''), cells(3, 0xffffffff, 0), endNode, end], strings: 'reg\0' }),
      [
        'fdt/bad-structure',
        'a property of 4294967295 bytes at byte 0x40, in /',
        'it extends past its block: the structure block ends at byte 0x54',
        SHOWS,
      ],
    ],
    [
      'a node name without an end',
      blob({ structure: [cells(1, 0x61616161)] }),
      [
        'fdt/bad-structure',
        'a node name without an end at byte 0x38, outside the root node',
        'the structure block ends at byte 0x40',
        SHOWS,
      ],
    ],
    [
      'a name outside the strings block',
      blob({ structure: [begin(''), property(9, cells(1)), endNode, end], strings: 'reg\0size' }),
      [
        'fdt/bad-name',
        'a property with its name at 0x9 of the strings block at byte 0x40, in /',
        'the last name there ends at 0x3',
        SHOWS,
      ],
    ],
    [
      'too deep',
      blob({ structure: [...Array.from({ length: 65 }, () => begin('')), end] }),
      [
        'fdt/too-deep',
        `more than 64 levels of nodes at byte 0x238, in ${'/'.repeat(63)}`,
        'Linux does not unflatten a deeper tree',
        'nest the nodes less deeply',
      ],
    ],
    [
      'a property twice',
      blob({ structure: [begin(''), property(0, cells(1)), property(0, cells(2)), endNode, end], strings: 'reg\0' }),
      [
        'fdt/duplicate-property',
        'the node has the property "reg" twice, the second time at byte 0x50, in /',
        'readers use the first one',
        'remove one of the two; dtc refuses such a source',
      ],
    ],
    [
      'a property after a subnode',
      blob({ structure: [begin(''), begin('a'), endNode, property(0, cells(1)), endNode, end], strings: 'reg\0' }),
      [
        'fdt/property-after-subnode',
        'property "reg" at byte 0x4c is after a subnode, in /',
        'libfdt and Linux read the properties of a node up to its first subnode, so they do not see this one',
        'build the file again with dtc, which puts properties first',
      ],
    ],
  ])('%s', (_, bytes, expected) => {
    expect(finding(bytes)).toEqual(expected);
  });
});

function root(bytes: Uint8Array): FdtNode {
  const { value } = readFdt(bytes);
  if (value === undefined) throw new Error('refused');
  return value.root;
}

test('of two properties of one name the first one counts, also under two spellings of the name', () => {
  const twice = (first: number, second: number) =>
    blob({
      structure: [begin(''), property(first, cells(1)), property(second, cells(2)), endNode, end],
      strings: 'reg\0x-reg\0',
    });
  for (const bytes of [twice(0, 0), twice(0, 6), twice(6, 0)]) {
    const { properties } = root(bytes);
    expect([...properties].map(([name, value]) => [name, [...value]])).toEqual([['reg', [0, 0, 0, 1]]]);
    expect(properties.size).toBe(1);
    expect(properties.get('reg')?.[3]).toBe(1);
  }
});

test('version 16, no-ops, padding that is not zero and bytes behind the blob are all read', () => {
  const name = begin('a');
  name[7] = 0x80;
  const bytes = blob({
    version: 16,
    structure: [nop, begin(''), nop, property(0, Buffer.from('ab')), nop, name, nop, endNode, endNode, nop, end],
    strings: 'reg\0',
  });
  const node = root(Buffer.concat([bytes, Buffer.from('more')]));
  expect([...node.properties].map(([key, value]) => [key, `${Buffer.from(value)}`])).toEqual([['reg', 'ab']]);
  expect(node.children.map((child) => child.name)).toEqual(['a']);
});

test('writing gives the layout of dtc', () => {
  const bytes = blob({
    structure: [begin(''), property(0, cells(1)), property(2, cells(2)), begin('a@1'), endNode, endNode, end],
    strings: 'x-reg\0',
    reservations: [0, 0x1000, 0, 0x2000, 0, 0, 0, 0],
  });
  const { value } = readFdt(bytes);
  expect(value && Buffer.from(writeFdt(value))).toEqual(bytes);
});
