/**
 * What systemd-tmpfiles --create does to nodes and directories of /dev. Sources: tmpfiles.d(5); systemd's tmpfiles.c
 * where the manual is silent.
 */
import type { Accounts } from './accounts.js';
import { expandBraces, globPattern } from './glob.js';
import { changed, type NodeState, type Nodes, nameOf, withAccessEntry } from './node.js';
import { configFiles, configFolders, type Image } from './tree.js';
import { splitWords, stripped } from './words.js';

interface Item {
  readonly type: string;
  /** `+`: an existing object of another kind is removed. */
  readonly isForced: boolean;
  /** Without its leading slash. */
  readonly path: string;
  readonly mode: { readonly bits: number; readonly isMasked: boolean; readonly onlyNew: boolean } | undefined;
  readonly owner: { readonly name: string; readonly onlyNew: boolean } | undefined;
  readonly group: { readonly name: string; readonly onlyNew: boolean } | undefined;
  readonly argument: string;
  readonly from: string;
}

const TYPES = 'fFdDvqQpLcbCweRrxXmzZtThHaA';
/** Types whose path is a pattern. */
const PATTERNS = 'wexXrRmzZtThHaA';
const DIRECTORIES = 'dDvqQe';
/** Types that put something in the place of a character device, with `+`. */
const REPLACING = 'Lpb';
/** It leaves a character device as it is, whatever its number, and sets its mode. Source: create_device() of tmpfiles.c. */
const MAKING = 'c';

/** Applies the lines in the order of systemd-tmpfiles: those that create things before those that alter them. */
export function applyTmpfiles(image: Image, nodes: Nodes, accounts: Accounts): void {
  const items = new Map<string, Item[]>();
  const patterns = new Map<string, Item[]>();
  for (const { source } of configFiles(image, configFolders('tmpfiles.d'), '.conf')) {
    let offset = 0;
    for (const text of source.text.split('\n')) {
      const start = offset;
      offset += text.length + 1;
      const line = stripped(text);
      if (line === '' || line.startsWith('#')) continue;
      const item = readLine(line, `${source.file}:${source.span(start).line}`, accounts);
      if (item === undefined || !`${item.path}/`.startsWith('dev/')) continue;
      const into = PATTERNS.includes(item.type) ? patterns : items;
      into.set(item.path, [...(into.get(item.path) ?? []), item]);
    }
  }
  const all = [...items.entries(), ...patterns.entries()];
  const done = new Set<readonly Item[]>();
  const process = (path: string, list: readonly Item[]) => {
    if (done.has(list)) return;
    done.add(list);
    const parent = parentOf(path, items, patterns);
    if (parent !== undefined) process(parent[0], parent[1]);
    // Lines that own the path come first, whatever their order.
    const owning = list.filter(({ type }) => 'dDvqQwerRxXcb'.includes(type));
    const others = list
      .filter((one) => !owning.includes(one))
      .sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
    for (const item of [...owning.slice(0, 1), ...others]) apply(item, nodes, accounts);
  };
  for (const [path, list] of all) process(path, list);
}

/** The nearest parent directory that has lines. */
function parentOf(
  path: string,
  ...maps: readonly ReadonlyMap<string, Item[]>[]
): readonly [string, readonly Item[]] | undefined {
  const parts = path.split('/');
  for (let length = parts.length - 1; length > 0; length -= 1) {
    const above = parts.slice(0, length).join('/');
    for (const map of maps) {
      const list = map.get(above);
      if (list !== undefined) return [above, list];
    }
  }
  return undefined;
}

function readLine(line: string, from: string, accounts: Accounts): Item | undefined {
  const split = splitWords(line, 6);
  if (split === undefined || split.words.length < 2) return undefined;
  const [action = '', path = '', mode, owner, group] = split.words.map(({ text }) => text);
  const type = action[0] ?? '';
  const modifiers = action.slice(1);
  if (!TYPES.includes(type) || !/^[!+\-=~^$]*$/.test(modifiers)) return undefined;
  if (new Set(modifiers).size !== modifiers.length || !path.startsWith('/')) return undefined;
  const read = readMode(mode);
  const [user, members] = [readName(owner, 'users', accounts), readName(group, 'groups', accounts)];
  if (read === 'bad' || user === 'bad' || members === 'bad') return undefined;
  const simple = path.split('/').filter((part) => part !== '' && part !== '.');
  const isForced = modifiers.includes('+');
  return {
    type,
    isForced,
    path: simple.join('/'),
    mode: read,
    owner: user,
    group: members,
    argument: split.rest,
    from,
  };
}

function readMode(text: string | undefined): Item['mode'] | 'bad' {
  if (text === undefined || text === '' || text === '-') return undefined;
  const match = /^([~:]*)([0-7]{1,5})$/.exec(text);
  const bits = Number.parseInt(match?.[2] ?? '', 8);
  if (match === null || bits > 0o7777) return 'bad';
  const prefix = match[1] as string;
  return { bits, isMasked: prefix.includes('~'), onlyNew: prefix.includes(':') };
}

function readName(text: string | undefined, kind: 'users' | 'groups', accounts: Accounts): Item['owner'] | 'bad' {
  if (text === undefined || text === '' || text === '-') return undefined;
  const onlyNew = text.startsWith(':');
  const name = nameOf(accounts, kind, onlyNew ? text.slice(1) : text);
  return name === undefined ? 'bad' : { name, onlyNew };
}

const isDirectory = (nodes: Nodes, path: string) =>
  path === 'dev' || path === 'dev/dma_heap' || [...nodes.keys()].some((one) => one.startsWith(`${path}/`));

function apply(item: Item, nodes: Nodes, accounts: Accounts): void {
  const { type } = item;
  if (REPLACING.includes(type) && item.isForced) {
    const state = nodes.get(item.path);
    if (state !== undefined) nodes.set(item.path, { ...state, goneBy: item.from });
  }
  if (!'zZmaA'.includes(type) && !DIRECTORIES.includes(type) && type !== MAKING) return;
  for (const [path, state] of nodes) {
    const isHere = PATTERNS.includes(type)
      ? expandBraces(item.path).some((one) => globPattern(one, { isPath: true }).test(path))
      : item.path === path;
    const isBelow =
      'ZA'.includes(type) &&
      expandBraces(item.path).some((one) =>
        path.split('/').some((_, i, parts) => globPattern(one, { isPath: true }).test(parts.slice(0, i).join('/'))),
      );
    if ((!isHere && !isBelow) || state.goneBy !== undefined) continue;
    if (DIRECTORIES.includes(type) && !isDirectory(nodes, path)) continue;
    if (type === MAKING && isDirectory(nodes, path)) continue;
    // Those that descend open what they find without a look at what is above it.
    if (!'ZATH'.includes(type) && !isSafe(nodes, path, state)) continue;
    nodes.set(
      path,
      'aA'.includes(type) ? withList(state, item, accounts) : withModes(state, item, isDirectory(nodes, path)),
    );
  }
}

/** It does not follow a path from a directory of a user to something of another one. Source: chase_symlinks, CHASE_SAFE. */
function isSafe(nodes: Nodes, path: string, { owner }: NodeState): boolean {
  const above = nodes.get(path.replace(/\/[^/]*$/, ''));
  return above === undefined || above.owner === 'root' || above.owner === owner;
}

function withModes(state: NodeState, { mode, owner, group, from }: Item, isFolder: boolean): NodeState {
  return changed(
    state,
    {
      owner: owner?.onlyNew === false ? owner.name : undefined,
      group: group?.onlyNew === false ? group.name : undefined,
      mode:
        mode === undefined || mode.onlyNew
          ? undefined
          : mode.isMasked
            ? masked(mode.bits, state.mode, isFolder)
            : mode.bits,
    },
    from,
  );
}

/** `~`: a permission that the file gives to no user is not added. */
function masked(bits: number, current: number, isFolder: boolean): number {
  let mode = bits;
  if ((current & 0o111) === 0) mode &= ~0o111;
  if ((current & 0o222) === 0) mode &= ~0o222;
  if ((current & 0o444) === 0) mode &= ~0o444;
  return isFolder ? mode : mode & ~0o7000;
}

/** An access list: `u:player:rw,g:video:r`. One for new files in a directory changes none that is there. */
function withList(state: NodeState, { argument, from }: Item, accounts: Accounts): NodeState {
  return argument
    .split(/[,\s]+/)
    .filter((entry) => !/^d(?:efault)?:/.test(entry))
    .reduce((now, entry) => withAccessEntry(now, entry, accounts, from), state);
}
