import { describe, expect, test } from 'vitest';
import {
  applyOverlay,
  cells,
  cellsValue,
  type Fdt,
  findNode,
  makeFdt,
  type NodeSpec,
  nodePath,
  readFdt,
  strings,
  stringsValue,
  writeFdt,
} from '../../src/fdt/index.js';

/** Through a blob, as the command line gets it. */
function blobOf(children: readonly NodeSpec[], file: string): Fdt {
  const { value } = readFdt(writeFdt(makeFdt({ name: '', children })), file);
  if (value === undefined) throw new Error('refused');
  return value;
}

const BASE = blobOf(
  [
    {
      name: 'soc',
      properties: { ranges: new Uint8Array() },
      children: [
        { name: 'serial@1000', properties: { status: stringsValue('disabled'), phandle: cellsValue(7) } },
        { name: 'display@2000', properties: { phandle: cellsValue(9), port: cellsValue(7) } },
      ],
    },
    { name: 'aliases', properties: { console: stringsValue('/soc/serial@1000') } },
    {
      name: '__symbols__',
      properties: {
        uart: stringsValue('/soc/serial@1000'),
        lcd: stringsValue('/soc/display@2000'),
        gone: stringsValue('/x'),
      },
    },
  ],
  'board.dtb',
);
const PLAIN = blobOf([{ name: 'soc' }], 'plain.dtb');

const fragment = (target: NodeSpec['properties'], content: Omit<NodeSpec, 'name'>, name = 'fragment@0'): NodeSpec => ({
  name,
  properties: target ?? {},
  children: [{ name: '__overlay__', ...content }],
});
const byPath = (path: string) => ({ 'target-path': stringsValue(path) });
const unresolved = { target: cellsValue(0xffffffff) };
const FIXUP = { name: '__fixups__', properties: { uart: stringsValue('/fragment@0:target:0') } };

function merged(children: readonly NodeSpec[], base = BASE): Fdt {
  const { value, diagnostics } = applyOverlay(base, blobOf(children, 'cma.dtbo'));
  expect(diagnostics).toEqual([]);
  if (value === undefined) throw new Error('refused');
  return value;
}

function cellsAt(fdt: Fdt, path: string, name: string): readonly number[] | undefined {
  const node = findNode(fdt, path);
  return node && cells(node, name);
}

describe('targets', () => {
  test.each([
    ['a path', byPath('/soc/serial@1000'), []],
    ['a path without unit address', byPath('/soc/serial'), []],
    ['an alias', byPath('console'), []],
    ['a label', unresolved, [FIXUP]],
    ['a phandle of the base', { target: cellsValue(7) }, []],
  ])('%s', (_, target, more) => {
    const result = merged([fragment(target, { properties: { status: stringsValue('okay') } }), ...more]);
    const node = findNode(result, '/soc/serial@1000');
    expect(node && strings(node, 'status')).toEqual(['okay']);
  });
});

test('known properties keep their place, new ones go to the front, the last first', () => {
  const result = merged([
    fragment(byPath('/soc/serial'), {
      properties: { a: cellsValue(1), status: stringsValue('okay'), b: cellsValue(2) },
    }),
  ]);
  expect([...(findNode(result, '/soc/serial')?.properties.keys() ?? [])]).toEqual(['b', 'a', 'status', 'phandle']);
});

test('a second fragment sees what the first one added', () => {
  const result = merged([
    fragment(byPath('/soc'), { children: [{ name: 'dma@3000' }] }),
    fragment(byPath('/soc/dma'), { properties: { x: cellsValue(1) } }, 'fragment@1'),
  ]);
  expect(cellsAt(result, '/soc/dma@3000', 'x')).toEqual([1]);
});

test('phandles of the overlay move above those of the base, with all references to them', () => {
  const result = merged([
    fragment(unresolved, {
      properties: { users: cellsValue(3, 0xffffffff, 1) },
      children: [{ name: 'pool', properties: { phandle: cellsValue(1) } }],
    }),
    {
      name: '__fixups__',
      properties: { uart: stringsValue('/fragment@0:target:0'), lcd: stringsValue('/fragment@0/__overlay__:users:4') },
    },
    {
      name: '__local_fixups__',
      children: [{ name: 'fragment@0', children: [{ name: '__overlay__', properties: { users: cellsValue(8) } }] }],
    },
  ]);
  expect(cellsAt(result, '/soc/serial/pool', 'phandle')).toEqual([10]);
  expect(cellsAt(result, '/soc/serial', 'users')).toEqual([3, 9, 10]);
});

test('labels of the overlay join those of the base with their new paths', () => {
  const result = merged([
    fragment(byPath('/soc'), { children: [{ name: 'pool@1' }] }),
    fragment(unresolved, { children: [{ name: 'child' }] }, 'fragment@1'),
    { name: '__fixups__', properties: { uart: stringsValue('/fragment@1:target:0') } },
    {
      name: '__symbols__',
      properties: {
        pool: stringsValue('/fragment@0/__overlay__/pool@1'),
        inner: stringsValue('/fragment@1/__overlay__/child'),
        lost: stringsValue('/fragment@1'),
      },
    },
  ]);
  const symbols = findNode(result, '/__symbols__');
  expect([...(symbols?.properties ?? [])].map(([label, value]) => `${label} ${Buffer.from(value).toString()}`)).toEqual(
    [
      'inner /soc/serial@1000/child\0',
      'pool /soc/pool@1\0',
      'uart /soc/serial@1000\0',
      'lcd /soc/display@2000\0',
      'gone /x\0',
    ],
  );
});

test('the base stays as it was, and parents of the result lead to its own root', () => {
  const before = writeFdt(BASE);
  const result = merged([fragment(byPath('/'), { properties: { x: cellsValue(1) }, children: [{ name: 'new' }] })]);
  expect(writeFdt(BASE)).toEqual(before);
  let node = findNode(result, '/soc/serial');
  expect(node && nodePath(node)).toBe('/soc/serial@1000');
  while (node?.parent !== undefined) node = node.parent;
  expect(node).toBe(result.root);
});

describe('every fault has place, cause and fix', () => {
  const RECOMPILE = 'compile the overlay again: dtc -@ -I dts -O dtb OVERLAY.dtso -o OVERLAY.dtbo';
  const LOCAL = (fixups: NodeSpec): NodeSpec => ({ name: '__local_fixups__', children: [fixups] });
  test.each<[string, readonly NodeSpec[], string[], Fdt?]>([
    [
      'no fragment',
      [{ name: 'soc' }],
      [
        'fdt/overlay-empty',
        'the overlay has no fragment with an __overlay__ node, so it changes nothing',
        'this is a complete device tree, or an overlay without content',
        'give a .dtbo compiled from a source that begins with /dts-v1/; /plugin/;',
      ],
    ],
    [
      'a phandle of two cells',
      [fragment(byPath('/soc'), { properties: { phandle: cellsValue(1, 2) } })],
      [
        'fdt/overlay-phandle',
        '/fragment@0/__overlay__: phandle has 8 bytes, not 4',
        'a phandle is one cell',
        RECOMPILE,
      ],
    ],
    [
      'a phandle too high to move',
      [fragment(byPath('/soc'), { properties: { phandle: cellsValue(0xfffffff6) } })],
      [
        'fdt/overlay-phandle',
        "/fragment@0/__overlay__: phandle 0xfffffff6 cannot be moved above the base's highest, 0x9",
        'the highest phandle is 0xfffffffe',
        'compile base and overlay again with dtc, which numbers from 1',
      ],
    ],
    [
      'a local fixup of no property',
      [fragment(byPath('/soc'), {}), LOCAL({ name: 'fragment@0', properties: { users: cellsValue(0) } })],
      [
        'fdt/overlay-fixup',
        '/__local_fixups__/fragment@0: users does not name a property of /fragment@0',
        'a local fixup lists the byte offsets of the phandles in the property with the same path and name',
        RECOMPILE,
      ],
    ],
    [
      'a local fixup that is no list of cells',
      [fragment(byPath('/soc'), {}), LOCAL({ name: 'fragment@0', properties: { 'target-path': new Uint8Array(3) } })],
      [
        'fdt/overlay-fixup',
        '/__local_fixups__/fragment@0: target-path has 3 bytes, not a list of cells',
        'a local fixup lists the byte offsets of the phandles in the property with the same path and name',
        RECOMPILE,
      ],
    ],
    [
      'a local fixup behind the value',
      [fragment(byPath('/soc'), {}), LOCAL({ name: 'fragment@0', properties: { 'target-path': cellsValue(2) } })],
      [
        'fdt/overlay-fixup',
        '/__local_fixups__/fragment@0: target-path names byte 2, but the property has 5 bytes',
        'a phandle has 4 bytes, and they start at that offset',
        RECOMPILE,
      ],
    ],
    [
      'a local fixup of no node',
      [fragment(byPath('/soc'), {}), LOCAL({ name: 'fragment@9' })],
      [
        'fdt/overlay-fixup',
        '/__local_fixups__/fragment@9: the overlay has no node /fragment@9',
        'local fixups mirror the tree of the overlay',
        RECOMPILE,
      ],
    ],
    [
      'a malformed fixup',
      [fragment(unresolved, {}), { name: '__fixups__', properties: { uart: stringsValue('/fragment@0:target') } }],
      [
        'fdt/overlay-fixup',
        '/__fixups__: the entry "/fragment@0:target" of uart is malformed',
        'an entry is "path:property:byte offset" and names 4 bytes of a property of the overlay',
        RECOMPILE,
      ],
    ],
    [
      'labels, and a base without them',
      [fragment(unresolved, {}), FIXUP],
      [
        'fdt/overlay-no-symbols',
        'the overlay refers to &uart, but the base has no /__symbols__',
        'the base was compiled without labels',
        'compile the base with dtc -@ (kernel: make DTC_FLAGS=-@ dtbs), or write target-path = "/path" in the overlay',
      ],
      PLAIN,
    ],
    [
      'a label misspelt',
      [fragment(unresolved, {}), { name: '__fixups__', properties: { urat: stringsValue('/fragment@0:target:0') } }],
      [
        'fdt/overlay-unknown-label',
        'the overlay refers to &urat, which the base does not define',
        'the base has no label of that name',
        'did you mean &uart?',
      ],
    ],
    [
      'a label of a missing node',
      [fragment(unresolved, {}), { name: '__fixups__', properties: { gone: stringsValue('/fragment@0:target:0') } }],
      [
        'fdt/overlay-unknown-label',
        'the overlay refers to &gone, which the base does not define',
        '/__symbols__ of the base gives /x, which does not exist',
        'compile the base again with dtc -@',
      ],
    ],
    [
      'a path misspelt',
      [fragment(byPath('/soc/seriel@1000'), {})],
      [
        'fdt/overlay-no-target',
        '/fragment@0: target-path "/soc/seriel@1000" is not in the base',
        'the base has /soc, which has no child "seriel@1000", but has "serial@1000"',
        'correct the path, or add the missing node with a fragment for its parent',
      ],
    ],
    [
      'an alias that the base lacks',
      [fragment(byPath('serial9'), {})],
      [
        'fdt/overlay-no-target',
        '/fragment@0: target-path "serial9" is not in the base',
        'the base has no alias "serial9"',
        'correct the path, or add the missing node with a fragment for its parent',
      ],
    ],
    [
      'no target',
      [fragment({}, {})],
      [
        'fdt/overlay-no-target',
        '/fragment@0: the fragment has neither target nor target-path',
        'a fragment must name the node of the base that it changes',
        'add target-path = "/path" or target = <&label>',
      ],
    ],
    [
      'a target that no fixup resolves',
      [fragment(unresolved, {})],
      [
        'fdt/overlay-no-target',
        '/fragment@0: target is 0xffffffff',
        'dtc writes this value for a label that /__fixups__ must resolve, but /__fixups__ does not list it',
        RECOMPILE,
      ],
    ],
    [
      'a phandle that the base lacks',
      [fragment({ target: cellsValue(0x55) }, {})],
      [
        'fdt/overlay-no-target',
        '/fragment@0: no node of the base has the phandle 0x55 of target',
        'the overlay was compiled for another base',
        'use target-path = "/path", or a label with dtc -@',
      ],
    ],
    [
      'a symbol that is no path',
      [fragment(byPath('/soc'), {}), { name: '__symbols__', properties: { me: stringsValue('here') } }],
      ['fdt/overlay-bad-symbol', '/__symbols__: me is "here"', 'a symbol is one absolute path', RECOMPILE],
    ],
    [
      'a label on a node that the base already refers to',
      [fragment(byPath('/soc/serial'), { properties: { phandle: cellsValue(1) } })],
      [
        'fdt/overlay-phandle-replaced',
        '/soc/serial@1000 has phandle 0x7 in the base and gets 0xa',
        'the overlay labels a node that other nodes of the base already refer to; their references now lead to no node',
        'do not label that node in the overlay: refer to it by the label of the base (&label) instead',
      ],
    ],
  ])('%s', (_, children, expected, base = BASE) => {
    const { value, diagnostics } = applyOverlay(base, blobOf(children, 'cma.dtbo'));
    expect(diagnostics.map(({ code, message, cause, fix }) => [code, message, cause, fix])).toEqual([expected]);
    expect(diagnostics[0]?.span?.file).toBe('cma.dtbo');
    expect(value === undefined).toBe(diagnostics[0]?.severity === 'error');
  });
});
