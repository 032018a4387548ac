/** A tree as plain data for a cache, without what can be derived. */
import { CHOICE, CONSTANT, type KconfigTree } from './tree.js';

/** Changes whenever a packed tree of an older version cannot be used any more. */
export const PACK_VERSION = 1;

export interface PackedTree {
  readonly version: number;
  readonly tree: Omit<KconfigTree, 'byName' | 'symbols' | 'properties'>;
  readonly symbols: Omit<KconfigTree['symbols'], 'name'>;
  readonly properties: Omit<KconfigTree['properties'], 'text'>;
  /** Names and texts hold no line ends, so one text holds them all. */
  readonly names: string;
  readonly texts: string;
}

export function packTree(tree: KconfigTree): PackedTree {
  const { byName: _, symbols, properties, ...rest } = tree;
  const { name, ...symbolArrays } = symbols;
  const { text, ...propertyArrays } = properties;
  return {
    version: PACK_VERSION,
    tree: rest,
    symbols: symbolArrays,
    properties: propertyArrays,
    names: name.join('\n'),
    texts: text.join('\n'),
  };
}

/** @returns undefined for data of another version */
export function unpackTree(packed: PackedTree): KconfigTree | undefined {
  if (packed.version !== PACK_VERSION) return undefined;
  const name = packed.names.split('\n');
  const { flags } = packed.symbols;
  const byName = new Map<string, number>();
  // The constants n, m and y come first and are found by their names, quoted texts are not.
  for (let symbol = 0; symbol < name.length; symbol++)
    if (symbol < 3 || ((flags[symbol] as number) & (CONSTANT | CHOICE)) === 0)
      byName.set(name[symbol] as string, symbol);
  return {
    ...packed.tree,
    symbols: { ...packed.symbols, name },
    properties: { ...packed.properties, text: packed.texts.split('\n') },
    byName,
  };
}
