/** A device node or a directory of /dev, and who has had a hand in it. */
import type { Accounts } from './accounts.js';

export interface NodeState {
  readonly owner: string;
  readonly group: string;
  /** Permission bits. */
  readonly mode: number;
  /** `file:line` of what set owner, group or mode last. */
  readonly by: Readonly<Partial<Record<'owner' | 'group' | 'mode', string>>>;
  /** Users and groups with an entry in the access list. */
  /** `file:line` of what takes the node away or puts something else in its place. */
  readonly goneBy?: string;
  readonly extra: readonly { readonly who: string; readonly from: string }[];
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
