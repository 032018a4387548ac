/** The one writer of a CMA area's node: what templates/dt-overlay says as text, as a tree. */
import { cellsValue, type Fdt, makeFdt, type NodeSpec, splitCells, stringsValue } from '../fdt/index.js';
import type { MemoryRange } from './input.js';

export interface PoolNode {
  readonly nodeName: string;
  readonly isDefault: boolean;
  readonly sizeBytes: bigint;
  /** `reg`; undefined: the kernel places it (`size`). */
  readonly baseAddress: bigint | undefined;
  readonly allocRanges: readonly MemoryRange[];
  readonly alignmentBytes: bigint | undefined;
}

export interface RootCells {
  readonly address: number;
  readonly size: number;
}

const EMPTY = new Uint8Array();

function poolNode(pool: PoolNode, { address, size }: RootCells): NodeSpec {
  const range = (r: MemoryRange) => [...splitCells(r.baseAddress, address), ...splitCells(r.sizeBytes, size)];
  const properties: Record<string, Uint8Array> = { compatible: stringsValue('shared-dma-pool'), reusable: EMPTY };
  if (pool.baseAddress !== undefined)
    properties['reg'] = cellsValue(...range({ baseAddress: pool.baseAddress, sizeBytes: pool.sizeBytes }));
  else {
    properties['size'] = cellsValue(...splitCells(pool.sizeBytes, size));
    // The kernel reads alignment with as many cells as an address has.
    if (pool.alignmentBytes !== undefined)
      properties['alignment'] = cellsValue(...splitCells(pool.alignmentBytes, address));
    if (pool.allocRanges.length > 0) properties['alloc-ranges'] = cellsValue(...pool.allocRanges.flatMap(range));
  }
  if (pool.isDefault) properties['linux,cma-default'] = EMPTY;
  return { name: pool.nodeName, properties };
}

function fragment(index: number, target: string, content: NodeSpec): NodeSpec {
  return { name: `fragment@${index}`, properties: { 'target-path': stringsValue(target) }, children: [content] };
}

/**
 * An overlay that adds areas, or changes those that the base has under the same name.
 * @param cells of the root, which /reserved-memory must share
 */
export function poolOverlay(pools: readonly PoolNode[], cells: RootCells): Fdt {
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
        children: pools.map((pool) => poolNode(pool, cells)),
      }),
    ],
  });
}
