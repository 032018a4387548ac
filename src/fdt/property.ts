/** Property values: what the bytes mean is the caller's knowledge, so every reading has its own function. */
import { latin1 } from './bytes.js';
import type { FdtNode } from './tree.js';

/** The value as 32-bit cells; undefined when the property is missing or its length is not a multiple of 4. */
export function cells(node: FdtNode, name: string): readonly number[] | undefined {
  const value = node.properties.get(name);
  if (value === undefined || value.length % 4 !== 0) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return Array.from({ length: value.length / 4 }, (_, i) => view.getUint32(i * 4));
}

/** The value as one cell; undefined when the property is missing or of another length. */
export function cell(node: FdtNode, name: string): number | undefined {
  const value = cells(node, name);
  return value?.length === 1 ? value[0] : undefined;
}

/** `count` cells from `from` on as one big-endian number (0 cells: 0). The caller knows that they are there. */
export function joinCells(values: readonly number[], from: number, count: number): bigint {
  let joined = 0n;
  for (let i = from; i < from + count; i += 1) joined = (joined << 32n) | BigInt(values[i] as number);
  return joined;
}

/** A string list (`compatible`); undefined when the property is missing, empty or not NUL-terminated. */
export function strings(node: FdtNode, name: string): readonly string[] | undefined {
  const value = node.properties.get(name);
  if (value === undefined || value.length === 0 || value[value.length - 1] !== 0) return undefined;
  return latin1(value.subarray(0, -1)).split('\0');
}

/** The first string of a value (`status`, `device_type`). */
export function text(node: FdtNode, name: string): string | undefined {
  return strings(node, name)?.[0];
}

/** Whether the node is in use: no `status`, or `okay`, or `ok`. */
export function isAvailable(node: FdtNode): boolean {
  if (!node.properties.has('status')) return true;
  const status = text(node, 'status');
  return status === 'okay' || status === 'ok';
}

/** Values for {@link makeFdt}. */
export function cellsValue(...values: readonly number[]): Uint8Array {
  const value = new Uint8Array(values.length * 4);
  const view = new DataView(value.buffer);
  values.forEach((number, i) => {
    view.setUint32(i * 4, number);
  });
  return value;
}

/** A number as `count` cells, the highest first. */
export function splitCells(number: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((number >> BigInt(32 * (count - 1 - i))) & 0xffffffffn));
}

export function stringsValue(...values: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(`${values.join('\0')}\0`, 'latin1'));
}
