/** Blobs put together by hand, so that the reader is not tested with the writer's opinions. */

const BEGIN = 1;
const END_NODE = 2;
const PROPERTY = 3;
const NOP = 4;
const END = 9;

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

export function cells(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeUInt32BE(value, i * 4);
  });
  return bytes;
}

export const begin = (name: string) => Buffer.concat([cells(BEGIN), padded(Buffer.from(`${name}\0`))]);
export const endNode = cells(END_NODE);
export const nop = cells(NOP);
export const end = cells(END);
export const property = (nameOffset: number, value: Uint8Array) =>
  Buffer.concat([cells(PROPERTY, value.length, nameOffset), padded(value)]);

export interface Parts {
  readonly structure: readonly Uint8Array[];
  readonly strings?: string;
  /** Cells of the reservation block, its end included. */
  readonly reservations?: readonly number[];
  /** Header cells that lie, by number (1 is the total size). */
  readonly header?: Readonly<Record<number, number>>;
  readonly version?: 16 | 17;
}

/** Header (40 bytes), reservations, structure, strings. */
export function blob({
  structure,
  strings = '',
  reservations = [0, 0, 0, 0],
  header = {},
  version = 17,
}: Parts): Buffer {
  const headerSize = version === 17 ? 40 : 36;
  const tree = Buffer.concat(structure);
  const reserved = cells(...reservations);
  const names = Buffer.from(strings, 'latin1');
  const treeAt = headerSize + reserved.length;
  const namesAt = treeAt + tree.length;
  const values = [0xd00dfeed, namesAt + names.length, treeAt, namesAt, headerSize, version, 16, 0, names.length];
  if (version === 17) values.push(tree.length);
  for (const [field, value] of Object.entries(header)) values[Number(field)] = value;
  return Buffer.concat([cells(...values), reserved, tree, names]);
}
