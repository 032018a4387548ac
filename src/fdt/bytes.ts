/** Bytes of a blob. */

/** The next multiple of 4: everything in a structure block takes whole cells. */
export function alignCell(offset: number): number {
  return (offset + 3) & ~3;
}

/** One character per byte: names and strings of a blob as they stand. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** A NUL-terminated string: the value up to its first NUL. */
export function firstString(value: Uint8Array): string {
  const end = value.indexOf(0);
  return latin1(end < 0 ? value : value.subarray(0, end));
}
