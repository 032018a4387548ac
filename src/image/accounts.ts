/**
 * Groups and users of an image: those in /etc, and those that systemd-sysusers makes of sysusers.d before udev starts.
 */
import type { Span } from '../diagnostic/index.js';
import { configFiles, configFolders, type Image } from './tree.js';
import { splitWords, stripped } from './words.js';

export interface Group {
  readonly name: string;
  /** undefined: systemd-sysusers chooses one of the system's. */
  readonly id: number | undefined;
  readonly members: readonly string[];
  /** `file:line` that makes it. */
  readonly from: string;
}

export interface User {
  readonly name: string;
  readonly id: number | undefined;
  /** Name or number of the primary group. */
  readonly group: string | undefined;
  readonly from: string;
}

export interface Accounts {
  readonly groups: ReadonlyMap<string, Group>;
  readonly users: ReadonlyMap<string, User>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Building extends Omit<Mutable<Group>, 'members'> {
  members: string[];
}

interface Item {
  readonly kind: 'u' | 'g';
  readonly name: string;
  readonly id: number | undefined;
  /** The primary group that a `u` line names. */
  readonly group: string | undefined;
  readonly from: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,30}$/;
const place = ({ file, line }: Span) => `${file}:${line}`;
const numberOf = (text: string | undefined) => (text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined);
const given = (text: string | undefined) => (text === undefined || text === '' || text === '-' ? undefined : text);

/** The lines of a colon-separated database. */
function* database(
  image: Image,
  path: string,
): Generator<{ readonly fields: readonly string[]; readonly from: string }> {
  const source = image.text(path);
  for (const [i, line] of (source?.text ?? '').split('\n').entries()) {
    const fields = line.split(':');
    if (line.startsWith('#') || (fields[0] ?? '') === '') continue;
    yield { fields, from: `${source?.file}:${i + 1}` };
  }
}

/** With an entry in nsswitch.conf, the accounts of the system are in /usr/lib. */
const databases = (image: Image, name: string) =>
  /^\s*(?:passwd|group):.*\baltfiles\b/m.test(image.text('etc/nsswitch.conf')?.text ?? '')
    ? [`etc/${name}`, `usr/lib/${name}`]
    : [`etc/${name}`];

/** @param withSysusers false where nothing in the image runs systemd-sysusers */
export function readAccounts(image: Image, withSysusers = true): Accounts {
  const groups = new Map<string, Building>();
  const users = new Map<string, User>();
  for (const file of databases(image, 'group'))
    for (const { fields, from } of database(image, file)) {
      const [name = '', , id, members = ''] = fields;
      if (groups.has(name)) continue;
      groups.set(name, { name, id: numberOf(id), members: members.split(',').filter((one) => one !== ''), from });
    }
  for (const file of databases(image, 'passwd'))
    for (const { fields, from } of database(image, file)) {
      const [name = '', , id, group] = fields;
      if (!users.has(name)) users.set(name, { name, id: numberOf(id), group, from });
    }
  if (withSysusers) applySysusers(image, groups, users);
  return { groups, users };
}

function applySysusers(image: Image, groups: Map<string, Building>, users: Map<string, User>): void {
  const items = { u: new Map<string, Item>(), g: new Map<string, Item>() };
  const members = new Map<string, { readonly users: string[]; readonly from: string }>();
  for (const { source } of configFiles(image, configFolders('sysusers.d'), '.conf')) {
    let offset = 0;
    for (const text of source.text.split('\n')) {
      const from = place(source.span(offset));
      offset += text.length + 1;
      const line = stripped(text);
      if (line !== '' && !line.startsWith('#')) readLine(line, from, items, members);
    }
  }
  // Users and groups of `m` lines are made where no other line names them.
  for (const [group, { users: names, from }] of members) {
    for (const name of names)
      if (!items.u.has(name)) items.u.set(name, { kind: 'u', name, id: undefined, group: undefined, from });
    if (!items.u.has(group) && !items.g.has(group))
      items.g.set(group, { kind: 'g', name: group, id: undefined, group: undefined, from });
  }
  const taken = new Set([...groups.values()].map(({ id }) => id));
  const addGroup = (name: string, id: number | undefined, from: string) => {
    if (groups.has(name)) return;
    const isFree = id !== undefined && !taken.has(id);
    groups.set(name, { name, id: isFree ? id : undefined, members: [], from });
    taken.add(id);
  };
  for (const { name, id, from } of items.g.values()) addGroup(name, id, from);
  for (const { name, id, group, from } of items.u.values()) {
    const isNumber = numberOf(group) !== undefined;
    // A primary group that is named must be there already; a number is used as it is.
    if (group !== undefined && !isNumber && !groups.has(group)) continue;
    if (group === undefined && !users.has(name)) addGroup(name, id, from);
    else if (group === undefined) addGroup(name, undefined, from);
    if (!users.has(name)) users.set(name, { name, id, group: group ?? name, from });
  }
  for (const [group, { users: names }] of members) {
    const into = groups.get(group);
    for (const name of names) if (into !== undefined && !into.members.includes(name)) into.members.push(name);
  }
}

function readLine(
  line: string,
  from: string,
  items: Readonly<Record<'u' | 'g', Map<string, Item>>>,
  members: Map<string, { readonly users: string[]; readonly from: string }>,
): void {
  const split = splitWords(line, 6);
  if (split === undefined || split.rest !== '' || split.words.length < 2) return;
  const [action = '', name, third, ...more] = split.words.map(({ text }) => text);
  const [named, id] = [given(name), given(third)];
  if (named === undefined || !NAME.test(named)) return;
  const hasMore = more.some((one) => given(one) !== undefined);
  if (action === 'm') {
    if (id === undefined || !NAME.test(id) || hasMore) return;
    const list = members.get(id) ?? { users: [], from };
    list.users.push(named);
    members.set(id, list);
  } else if (action === 'g') {
    if (hasMore) return;
    if (id !== undefined && !id.startsWith('/') && numberOf(id) === undefined) return;
    if (!items.g.has(named)) items.g.set(named, { kind: 'g', name: named, id: numberOf(id), group: undefined, from });
  } else if (action === 'u' || action === 'u!') {
    const [uid, group] = (id ?? '-').split(':');
    const isPath = uid?.startsWith('/') ?? false;
    if (!isPath && given(uid) !== undefined && numberOf(uid) === undefined) return;
    if (group !== undefined && numberOf(group) === undefined && !NAME.test(group)) return;
    if (!items.u.has(named))
      items.u.set(named, { kind: 'u', name: named, id: isPath ? undefined : numberOf(uid), group, from });
  }
}

/** Groups of a user: the primary one and those that list the user. */
export function groupsOf({ groups, users }: Accounts, name: string): Set<string> {
  const primary = users.get(name)?.group;
  const found = [...groups.values()].filter(
    ({ name: group, id, members }) =>
      members.includes(name) || (primary !== undefined && (group === primary || String(id) === primary)),
  );
  return new Set(found.map((group) => group.name));
}
