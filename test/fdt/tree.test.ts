import { describe, expect, test } from 'vitest';
import {
  addressCells,
  applyOverlay,
  busMapping,
  cellsValue,
  type DeviceTreeListing,
  dmaWindows,
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
  translateOnce,
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

test('a listing deeper than a device tree can be is refused', () => {
  let listing: DeviceTreeListing = {};
  for (let i = 0; i < 70; i += 1) listing = { a: listing };
  const { value, diagnostics } = readLiveTree(listing);
  expect(value).toBeUndefined();
  expect(diagnostics.map(({ code, message, cause, fix }) => [code, message, cause, fix])).toEqual([
    [
      'fdt/bad-listing',
      'the listing has more than 64 levels of directories',
      'no device tree is that deep; a symbolic link may lead back to a parent',
      'read /proc/device-tree itself and do not follow links below it',
    ],
  ]);
});

describe('buses', () => {
  /** A Raspberry Pi 4 in small: soc with an alias of RAM for DMA, and PCIe with three address cells. */
  const fdt = reread(
    makeFdt({
      name: '',
      properties: { '#address-cells': cellsValue(2), '#size-cells': cellsValue(1) },
      children: [
        {
          name: 'soc',
          properties: {
            '#address-cells': cellsValue(1),
            '#size-cells': cellsValue(1),
            ranges: cellsValue(0x7e000000, 0, 0xfe000000, 0x1800000, 0x7c000000, 0, 0xfc000000, 0x2000000),
            'dma-ranges': cellsValue(0xc0000000, 0, 0, 0x40000000),
          },
          children: [
            { name: 'serial@7e201000', properties: { reg: cellsValue(0x7e201000, 0x200) } },
            { name: 'bridge', properties: { ranges: new Uint8Array() }, children: [{ name: 'device' }] },
            { name: 'hidden', children: [{ name: 'device' }] },
          ],
        },
        { name: 'odd', properties: { ranges: cellsValue(1, 2, 3) } },
        {
          name: 'scb',
          properties: {
            '#address-cells': cellsValue(2),
            '#size-cells': cellsValue(2),
            ranges: cellsValue(6, 0, 6, 0, 0x40000000, 0),
            'dma-ranges': cellsValue(0, 0, 0, 0, 4, 0),
          },
          children: [
            {
              name: 'pcie',
              properties: {
                '#address-cells': cellsValue(3),
                '#size-cells': cellsValue(2),
                ranges: cellsValue(0x02000000, 0, 0xc0000000, 6, 0, 0, 0x40000000),
                'dma-ranges': cellsValue(0x02000000, 4, 0, 0, 0, 0, 0x80000000),
              },
              children: [{ name: 'nvme' }],
            },
          ],
        },
      ],
    }),
  );
  const at = (path: string) => findNode(fdt, path) ?? fdt.root;

  test('ranges lead from a device to the CPU', () => {
    expect(translateToRoot(at('/soc/serial'), 0x7e201000n, 0x200n)).toBe(0xfe201000n);
    expect(translateToRoot(at('/soc/serial'), 0x7c000000n)).toBe(0xfc000000n);
    expect(translateToRoot(at('/soc/bridge/device'), 0x7e000000n)).toBe(0xfe000000n);
    expect(translateToRoot(at('/soc/hidden/device'), 0x7e000000n)).toBeUndefined();
  });

  test('a mapping is a list, the same addresses, none, or of a wrong length', () => {
    expect(busMapping(at('/scb/pcie'))).toHaveLength(1);
    expect(busMapping(at('/soc/bridge'))).toBe('identity');
    expect(busMapping(at('/soc/hidden'))).toBe('missing');
    expect(busMapping(at('/soc'), 'dma-ranges')).toHaveLength(1);
    expect(busMapping(at('/odd'))).toBe('malformed');
  });

  test('the flags of a PCI address choose the range and are no part of the address', () => {
    expect(translateOnce(at('/scb/pcie'), (0x02000000n << 64n) | 0xc0001000n)).toBe(0x6_0000_1000n);
    expect(translateOnce(at('/scb/pcie'), (0x42000000n << 64n) | 0xc0001000n)).toBe(0x6_0000_1000n);
    expect(translateOnce(at('/scb/pcie'), (0x01000000n << 64n) | 0xc0001000n)).toBeUndefined();
  });

  test('dma-ranges of the nearest bus that has them say what a device reaches', () => {
    const windows = (path: string) =>
      dmaWindows(at(path))?.map((w) => [w.busAddress, w.cpuAddress, w.sizeBytes].map((n) => `0x${n.toString(16)}`));
    expect(windows('/soc/serial')).toEqual([['0xc0000000', '0x0', '0x40000000']]);
    expect(windows('/soc/bridge/device')).toEqual([['0xc0000000', '0x0', '0x40000000']]);
    expect(windows('/scb/pcie/nvme')).toEqual([['0x400000000', '0x0', '0x80000000']]);
    expect(dmaWindows(at('/soc'))).toBeUndefined();
  });
});
