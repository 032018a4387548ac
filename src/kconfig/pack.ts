/** A tree as bytes for a cache, without what is derived quickly. Reading them back makes views, no copies. */
import { probeDependents, rememberDependents } from './probed.js';
import { CHOICE, CONSTANT, type KconfigTree } from './tree.js';

/** Changes whenever a packed tree of an older version cannot be used any more. */
const PACK_VERSION = 6;
const ALIGNMENT = 8;

/** What precedes the arrays. */
interface Header {
  readonly version: number;
  readonly meta: unknown;
  readonly tree: Pick<KconfigTree, 'title' | 'files' | 'choices' | 'modules' | 'defconfigList'>;
  readonly dialect: Omit<KconfigTree['dialect'], 'keywords'>;
  readonly keywords: readonly string[];
  readonly environment: readonly (readonly [string, string | null])[];
  readonly probes: readonly (readonly [string, string | null])[];
  /** Name, bytes of an element, and length of each array. */
  readonly arrays: readonly (readonly [string, 1 | 4, number])[];
}

type Group = 'symbols' | 'properties' | 'nodes' | 'expressions' | 'order' | 'steps' | 'dependents' | 'texts';

/** @param meta what the caller wants to keep with the tree, as JSON can hold it */
export function packTree(tree: KconfigTree, meta: unknown): Buffer {
  const { dialect, title, files, choices, modules, defconfigList } = tree;
  const { keywords, ...rules } = dialect;
  const arrays: (readonly [string, Uint8Array | Int32Array])[] = [
    ['order', tree.order],
    ['steps', tree.steps],
    ['dependents', probeDependents(tree)],
    // Names hold no line ends.
    ['texts.names', Buffer.from(tree.symbols.name.join('\n'), 'latin1')],
    ['texts.prompts', Buffer.from(tree.texts, 'latin1')],
  ];
  for (const group of ['symbols', 'properties', 'nodes', 'expressions'] as const)
    for (const [name, array] of Object.entries(tree[group]))
      if (ArrayBuffer.isView(array)) arrays.push([`${group}.${name}`, array as Uint8Array | Int32Array]);
  const header: Header = {
    version: PACK_VERSION,
    meta,
    tree: { title, files, choices, modules, defconfigList },
    dialect: rules,
    keywords: [...keywords],
    environment: [...tree.environment].map(([name, value]) => [name, value ?? null]),
    probes: [...tree.probes].map(([command, answer]) => [command, answer ?? null]),
    arrays: arrays.map(([name, array]) => [name, array.BYTES_PER_ELEMENT as 1 | 4, array.length]),
  };
  const parts: Uint8Array[] = [];
  const add = (bytes: Uint8Array) => {
    parts.push(bytes, new Uint8Array(aligned(bytes.length) - bytes.length));
  };
  const text = Buffer.from(JSON.stringify(header));
  add(new Uint8Array(new Float64Array([text.length]).buffer));
  add(text);
  for (const [, { buffer, byteOffset, byteLength }] of arrays) add(new Uint8Array(buffer, byteOffset, byteLength));
  return Buffer.concat(parts);
}

/** @returns undefined for anything but what this version has packed */
export function unpackTree(bytes: Uint8Array): { tree: KconfigTree; meta: unknown } | undefined {
  const { buffer, byteOffset } = bytes;
  if (byteOffset % ALIGNMENT !== 0 || bytes.length < ALIGNMENT) return undefined;
  const headerLength = new Float64Array(buffer, byteOffset, 1)[0] as number;
  if (!(headerLength > 0 && headerLength <= bytes.length - ALIGNMENT)) return undefined;
  let at = byteOffset + ALIGNMENT;
  const latin1 = (start: number, length: number) => Buffer.from(buffer, start, length).toString('latin1');
  const header = JSON.parse(Buffer.from(buffer, at, headerLength).toString()) as Header;
  if (header.version !== PACK_VERSION) return undefined;
  at += aligned(headerLength);
  const size = header.arrays.reduce((sum, [, bytes, length]) => sum + aligned(bytes * length), 0);
  if (at + size > byteOffset + bytes.length) return undefined;
  const groups: Record<string, Record<string, unknown>> = {};
  for (const [name, bytesEach, length] of header.arrays) {
    const [group = '', member = ''] = name.split('.') as [Group, string?];
    let value: unknown;
    if (group === 'texts') value = latin1(at, length);
    else value = bytesEach === 1 ? new Uint8Array(buffer, at, length) : new Int32Array(buffer, at, length);
    groups[group] ??= {};
    (groups[group] as Record<string, unknown>)[member] = value;
    at += aligned(bytesEach * length);
  }
  const { symbols, properties, nodes, expressions, order, steps, dependents, texts } = groups as Record<Group, never>;
  const { names, prompts } = texts as { names: string; prompts: string };
  const { flags } = symbols as KconfigTree['symbols'];
  const name = names.split('\n');
  const byName = new Map<string, number>();
  // The constants n, m and y come first and are found by their names, quoted texts are not.
  for (let symbol = 0; symbol < name.length; symbol++)
    if (symbol < 3 || ((flags[symbol] as number) & (CONSTANT | CHOICE)) === 0)
      byName.set(name[symbol] as string, symbol);
  const known = (entries: Header['probes']) => new Map(entries.map(([name, value]) => [name, value ?? undefined]));
  const tree: KconfigTree = {
    ...header.tree,
    dialect: { ...header.dialect, keywords: new Set(header.keywords) },
    environment: known(header.environment),
    probes: known(header.probes),
    symbols: { ...(symbols as KconfigTree['symbols']), name },
    properties,
    texts: prompts,
    nodes,
    expressions,
    order: (order as { '': Int32Array })[''],
    steps: (steps as { '': Int32Array })[''],
    byName,
  };
  rememberDependents(tree, (dependents as { '': Uint8Array })['']);
  return { tree, meta: header.meta };
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
