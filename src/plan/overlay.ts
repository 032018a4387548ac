/** The plan's reserved-memory overlay as a tree: what templates/dt-overlay writes as text, for predicting without dtc. */
import { cellsValue, type Fdt, makeFdt, type NodeSpec, splitCells, stringsValue } from '../fdt/index.js';
import type { AddressRange, Plan, PlannedArea } from './types.js';

const EMPTY = new Uint8Array();

function areaNode(area: PlannedArea, { address, size }: Pick<Plan['board']['cells'], 'address' | 'size'>): NodeSpec {
  const range = (r: AddressRange) => [...splitCells(r.baseAddress, address), ...splitCells(r.sizeBytes, size)];
  const properties: Record<string, Uint8Array> = { compatible: stringsValue('shared-dma-pool'), reusable: EMPTY };
  if (area.baseAddress !== undefined)
    properties['reg'] = cellsValue(...range({ baseAddress: area.baseAddress, sizeBytes: area.sizeBytes }));
  else {
    properties['size'] = cellsValue(...splitCells(area.sizeBytes, size));
    // The kernel reads alignment with as many cells as an address has.
    if (area.alignmentBytes !== undefined)
      properties['alignment'] = cellsValue(...splitCells(area.alignmentBytes, address));
    if (area.allocRanges.length > 0) properties['alloc-ranges'] = cellsValue(...area.allocRanges.flatMap(range));
  }
  if (area.isDefault) properties['linux,cma-default'] = EMPTY;
  return { name: area.nodeName, properties };
}

function fragment(index: number, target: string, content: NodeSpec): NodeSpec {
  return { name: `fragment@${index}`, properties: { 'target-path': stringsValue(target) }, children: [content] };
}

/** @returns undefined when nothing is delivered by the device tree */
export function overlayOf(
  planned: Plan['areas'],
  cells: Pick<Plan['board']['cells'], 'address' | 'size'>,
): Fdt | undefined {
  const areas = planned.filter((area) => area.delivery === 'device-tree');
  if (areas.length === 0) return undefined;
  const own = {
    '#address-cells': cellsValue(cells.address),
    '#size-cells': cellsValue(cells.size),
    ranges: EMPTY,
  };
  return makeFdt({
    name: '',
    children: [
      fragment(0, '/', { name: '__overlay__', children: [{ name: 'reserved-memory' }] }),
      fragment(1, '/reserved-memory', {
        name: '__overlay__',
        properties: own,
        children: areas.map((area) => areaNode(area, cells)),
      }),
    ],
  });
}
