/** A device node or a directory of /dev, and who has had a hand in it. */
import type { Accounts } from './accounts.js';

/** An entry of an access list that names a user or a group. */
export interface AccessEntry {
  /** `user player`, `group video` */
  readonly who: string;
  readonly canRead: boolean;
  readonly canWrite: boolean;
  readonly from: string;
}

export interface NodeState {
  readonly owner: string;
  readonly group: string;
  /** Permission bits. */
  readonly mode: number;
  /** `file:line` of what set owner, group or mode last. */
  readonly by: Readonly<Partial<Record<'owner' | 'group' | 'mode', string>>>;
  /** `file:line` of what takes the node away or puts something else in its place. */
  readonly goneBy?: string;
  /** Users and groups with an entry in the access list. */
  readonly extra: readonly AccessEntry[];
}

/** As devtmpfs makes the node of a device whose driver asks for nothing. */
export const KERNEL_NODE: NodeState = { owner: 'root', group: 'root', mode: 0o600, by: {}, extra: [] };
export const KERNEL_DIRECTORY: NodeState = { ...KERNEL_NODE, mode: 0o755 };

/** Nodes and directories by path below the root: `dev/dma_heap/system`. */
export type Nodes = Map<string, NodeState>;

export const octal = (mode: number): string => `0${mode.toString(8).padStart(3, '0')}`;

/** The name of a user or group that is given by name or number; undefined for a name that the image does not have. */
export function nameOf(accounts: Accounts, kind: 'users' | 'groups', text: string): string | undefined {
  const known = accounts[kind];
  if (text === 'root' || text === '0') return 'root';
  if (known.has(text)) return text;
  if (!/^\d+$/.test(text)) return undefined;
  for (const { name, id } of known.values()) if (id === Number(text)) return name;
  return text;
}

const SHIFTS: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/**
 * The state after an entry of an access list, such as `u:player:rw`, `g::r` or `other::rw`. Entries without a name are
 * the bits of the mode; the mask limits the group and all that are named.
 */
export function withAccessEntry(state: NodeState, entry: string, accounts: Accounts, from: string): NodeState {
  const parts = entry.trim().split(':');
  const [kind = ''] = parts[0] ?? '';
  const rights = parts.at(-1) ?? '';
  const name = parts.length > 2 ? (parts[1] ?? '').trim() : '';
  if (!/^(?:u|user|g|group|o|other|m|mask)$/.test(parts[0] ?? '') || !/^(?:[r-][w-][x-]|[rwxX]*|-|[0-7])$/.test(rights))
    return state;
  const has = (letter: string, bit: number) =>
    /^[0-7]$/.test(rights) ? (Number(rights) & bit) !== 0 : rights.includes(letter);
  const bits = (has('r', 4) ? 4 : 0) | (has('w', 2) ? 2 : 0) | (has('x', 1) ? 1 : 0);
  if (name === '' && kind === 'm') return changed(state, { mode: state.mode & (0o7707 | (bits << 3)) }, from);
  const shift = SHIFTS[kind] ?? 0;
  if (name === '') return changed(state, { mode: (state.mode & ~(7 << shift)) | (bits << shift) }, from);
  const known = nameOf(accounts, kind === 'g' ? 'groups' : 'users', name);
  if (known === undefined || !/^[ug]$/.test(kind)) return state;
  const who = `${kind === 'g' ? 'group' : 'user'} ${known}`;
  const others = state.extra.filter((one) => one.who !== who);
  return { ...state, extra: [...others, { who, canRead: has('r', 4), canWrite: has('w', 2), from }] };
}

export interface Change {
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly mode?: number | undefined;
}

export function changed(state: NodeState, change: Change, from: string): NodeState {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  return {
    ...state,
    ...Object.fromEntries(given),
    by: { ...state.by, ...Object.fromEntries(given.map(([key]) => [key, from])) },
  };
}
