import { expect, test } from 'vitest';
import {
  addressCells,
  applyOverlay,
  cellsValue,
  type Fdt,
  findByPhandle,
  findNode,
  makeFdt,
  memoryBanks,
  type NodeSpec,
  nodePath,
  readFdt,
  readLiveTree,
  regEntries,
  stringsValue,
  translateToRoot,
  writeFdt,
} from '../../src/fdt/index.js';

const BOARD: NodeSpec = {
  name: '',
  properties: {
    '#address-cells': cellsValue(2),
    '#size-cells': cellsValue(1),
    compatible: stringsValue('x,board', 'x'),
  },
  children: [
    { name: 'aliases', properties: { serial0: stringsValue('/soc/serial@1000') } },
    {
      name: 'memory@80000000',
      properties: { device_type: stringsValue('memory'), reg: cellsValue(1, 0x80000000, 0x100) },
    },
    {
      name: 'soc',
      properties: {
        '#address-cells': cellsValue(1),
        '#size-cells': cellsValue(1),
        ranges: cellsValue(0x0, 0x8, 0x40000000, 0x10000),
      },
      children: [{ name: 'serial@1000', properties: { reg: cellsValue(0x1000, 0x10), phandle: cellsValue(7) } }],
    },
  ],
};

function reread(fdt: Fdt): Fdt {
  const { value, diagnostics } = readFdt(writeFdt(fdt));
  expect(diagnostics).toEqual([]);
  return value as Fdt;
}

test('what was made is read back, with its reservations', () => {
  const made = makeFdt(BOARD, { memoryReservations: [{ baseAddress: 0x1000n, sizeBytes: 0x2000n }], bootCpuId: 3 });
  const read = reread(made);
  expect(read.memoryReservations).toEqual(made.memoryReservations);
  expect(read.bootCpuId).toBe(3);
  expect(read.root.children.map(nodePath)).toEqual(['/aliases', '/memory@80000000', '/soc']);
  expect(writeFdt(read)).toEqual(writeFdt(made));
});

test('nodes are found by path, without unit address, by alias and by phandle', () => {
  const fdt = reread(makeFdt(BOARD));
  for (const path of ['/soc/serial@1000', '/soc/serial', 'serial0'])
    expect(nodePath(findNode(fdt, path) ?? fdt.root), path).toBe('/soc/serial@1000');
  expect(findByPhandle(fdt, 7)?.name).toBe('serial@1000');
  expect(findNode(fdt, '/soc/seria')).toBeUndefined();
});

test('addresses are read in the cells of the parent and translated up', () => {
  const fdt = reread(makeFdt(BOARD));
  expect(addressCells(fdt.root)).toBe(2);
  expect(memoryBanks(fdt).map(({ baseAddress, sizeBytes }) => [baseAddress, sizeBytes])).toEqual([
    [0x1_8000_0000n, 0x100n],
  ]);
  const serial = findNode(fdt, 'serial0');
  expect(serial && regEntries(serial)).toEqual([{ baseAddress: 0x1000n, sizeBytes: 0x10n }]);
  expect(serial && translateToRoot(serial, 0x1000n, 0x10n)).toBe(0x8_4000_1000n);
  expect(serial && translateToRoot(serial, 0xfff8n, 0x10n)).toBeUndefined();
});

test('an overlay adds subnodes in reverse order, before those of the base', () => {
  const base = reread(makeFdt(BOARD));
  const overlay = makeFdt({
    name: '',
    children: [
      {
        name: 'fragment@0',
        properties: { 'target-path': stringsValue('/soc') },
        children: [{ name: '__overlay__', children: [{ name: 'a' }, { name: 'b' }, { name: 'serial' }] }],
      },
    ],
  });
  const { value, diagnostics } = applyOverlay(base, overlay);
  expect(diagnostics).toEqual([]);
  const soc = value && findNode(reread(value), '/soc');
  expect(soc?.children.map((node) => node.name)).toEqual(['b', 'a', 'serial@1000']);
});

test('a listing of /proc/device-tree loses the names that the kernel adds', () => {
  const { value } = readLiveTree({
    name: stringsValue(''),
    compatible: stringsValue('x'),
    'memory@0': { name: stringsValue('memory'), device_type: stringsValue('memory') },
  });
  expect([...(value?.root.properties.keys() ?? [])]).toEqual(['compatible']);
  expect([...(value?.root.children[0]?.properties.keys() ?? [])]).toEqual(['device_type']);
});
