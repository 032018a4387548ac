/** Overlays made for a base: what the generator delivers, and what dtc makes of labels. */
import {
  addressCells,
  cellsValue,
  type Fdt,
  findChild,
  findNode,
  makeFdt,
  type NodeSpec,
  phandleOf,
  sizeCells,
  splitCells,
  strings,
  stringsValue,
} from '../../../src/fdt/index.js';

/** Three regions under /reserved-memory, whose node and whose `linux,cma` the base may have or not. */
export function byPath(base: Fdt): Fdt {
  const address = addressCells(base.root);
  const size = sizeCells(base.root);
  const sized = (bytes: bigint) => cellsValue(...splitCells(bytes, size));
  const region = (name: string, bytes: bigint, more: Record<string, Uint8Array> = {}): NodeSpec => ({
    name,
    properties: {
      compatible: stringsValue('shared-dma-pool'),
      reusable: new Uint8Array(),
      size: sized(bytes),
      alignment: cellsValue(...splitCells(0x400000n, address)),
      ...more,
    },
  });
  const regions: NodeSpec = {
    name: 'reserved-memory',
    properties: {
      '#address-cells': cellsValue(address),
      '#size-cells': cellsValue(size),
      ranges: new Uint8Array(),
    },
    children: [
      region('camera', 0x4000000n),
      region('linux,cma', 0x10000000n, { 'linux,cma-default': new Uint8Array() }),
      region('display', 0x2000000n),
    ],
  };
  return makeFdt({
    name: '',
    children: [
      {
        name: 'fragment@0',
        properties: { 'target-path': stringsValue('/') },
        children: [{ name: '__overlay__', children: [regions] }],
      },
    ],
  });
}

/** As dtc -@ writes a source with `&label` targets, references both ways and labels of its own. */
export function byLabel(base: Fdt): Fdt | undefined {
  const symbols = findNode(base, '/__symbols__');
  if (symbols === undefined) return undefined;
  const labels = [...symbols.properties.keys()].filter((label) => {
    const path = strings(symbols, label)?.[0];
    const node = path === undefined ? undefined : findNode(base, path);
    return node !== undefined && phandleOf(node) !== undefined;
  });
  const pick = [0.1, 0.5, 0.9].map((part) => labels[Math.floor(part * labels.length)] as string);
  if (labels.length < 3) return undefined;
  const children: NodeSpec[] = pick.map((_, i) => ({
    name: `fragment@${i}`,
    properties: { target: cellsValue(0xffffffff) },
    children: [
      {
        name: '__overlay__',
        properties: { status: stringsValue('okay'), 'x-users': cellsValue(5, 0xffffffff, 1), 'x-own': cellsValue(1) },
        children: [
          { name: 'x-first', properties: { phandle: cellsValue(1 + i), 'x-flag': new Uint8Array() } },
          { name: 'x-second@1', children: [{ name: 'x-third' }] },
        ],
      },
    ],
  }));
  const places = pick.map((_, i) => [`/fragment@${i}:target:0`, `/fragment@${i}/__overlay__:x-users:4`]);
  return makeFdt({
    name: '',
    children: [
      ...children,
      {
        name: '__symbols__',
        properties: Object.fromEntries(
          pick.map((_, i) => [`x_${i}`, stringsValue(`/fragment@${i}/__overlay__/x-first`)]),
        ),
      },
      {
        name: '__fixups__',
        properties: Object.fromEntries(
          [...new Set(pick)].map((label) => [
            label,
            stringsValue(...places.filter((_, i) => pick[i] === label).flat()),
          ]),
        ),
      },
      {
        name: '__local_fixups__',
        children: pick.map((_, i) => ({
          name: `fragment@${i}`,
          children: [{ name: '__overlay__', properties: { 'x-own': cellsValue(0) } }],
        })),
      },
    ],
  });
}

/** Whether a tree can take part with labels. */
export function hasLabels(fdt: Fdt): boolean {
  return findChild(fdt.root, '__symbols__') !== undefined;
}
