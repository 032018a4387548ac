/** A CMA area's node: which properties it has is decided here, for trees and for the templates that write source. */
import { cellsValue, type Fdt, makeFdt, type NodeSpec, splitCells, stringsValue } from '../fdt/index.js';
import type { Cell } from '../lang/kinds.js';
import type { AddressRange } from '../quantity/index.js';

export interface PoolNode {
  readonly nodeName: string;
  readonly isDefault: boolean;
  readonly sizeBytes: bigint;
  /** `reg`; undefined: the kernel places it (`size`). */
  readonly baseAddress: bigint | undefined;
  readonly allocRanges: readonly AddressRange[];
  readonly alignmentBytes: bigint | undefined;
}

export interface RootCells {
  readonly address: number;
  readonly size: number;
}

/** One property: a flag without a value, a string, or numbers with the cells that each takes. */
export interface PoolProperty {
  readonly name: string;
  readonly value?: string | readonly Cell[];
}

/** @param cells of the root, which /reserved-memory must share */
export function poolProperties(pool: Omit<PoolNode, 'nodeName'>, { address, size }: RootCells): PoolProperty[] {
  const range = ({ baseAddress, sizeBytes }: AddressRange): Cell[] => [
    { value: baseAddress, cells: address },
    { value: sizeBytes, cells: size },
  ];
  const { baseAddress, sizeBytes, alignmentBytes, allocRanges } = pool;
  const place: PoolProperty[] =
    baseAddress !== undefined
      ? [{ name: 'reg', value: range({ baseAddress, sizeBytes }) }]
      : [
          { name: 'size', value: [{ value: sizeBytes, cells: size }] },
          ...(allocRanges.length === 0 ? [] : [{ name: 'alloc-ranges', value: allocRanges.flatMap(range) }]),
          // As many cells as an address: the kernel reads it so, whatever the binding's prose says.
          ...(alignmentBytes === undefined
            ? []
            : [{ name: 'alignment', value: [{ value: alignmentBytes, cells: address }] }]),
        ];
  return [
    { name: 'compatible', value: 'shared-dma-pool' },
    { name: 'reusable' },
    ...place,
    ...(pool.isDefault ? [{ name: 'linux,cma-default' }] : []),
  ];
}

const EMPTY = new Uint8Array();

function bytesOf({ value }: PoolProperty): Uint8Array {
  if (value === undefined) return EMPTY;
  if (typeof value === 'string') return stringsValue(value);
  return cellsValue(...value.flatMap((cell) => splitCells(cell.value, cell.cells)));
}

function poolNode(pool: PoolNode, cells: RootCells): NodeSpec {
  const properties = poolProperties(pool, cells).map((one) => [one.name, bytesOf(one)] as const);
  return { name: pool.nodeName, properties: Object.fromEntries(properties) };
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
