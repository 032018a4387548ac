/** Listings of /dev/dma_heap and /sys/class/dma_heap, and who the users and groups are. */
import { type Clue, clue, type Listed, type Reader, type Row, tableReader } from '../clues.js';
import { errnoOf } from '../errno.js';
import type { PastedLine } from '../paste.js';

/** `drwxr-sr-x` as a number. */
function modeOf(letters: string): number {
  let mode = 0;
  for (let i = 0; i < 9; i += 1) {
    const letter = letters.charAt(i);
    if (letter !== '-' && letter !== 'S' && letter !== 'T') mode |= 1 << (8 - i);
  }
  return mode;
}

const LISTED =
  /(?<mode>[-bcdlps][-rwxsStT]{9})[.+@]?\s+(?:\d+\s+)?(?<owner>[\w.+$-]+)\s+(?<group>[\w.+$-]+)\s+(?:\w+:\w+:\w+(?::\S+)?\s+)?(?:(?<major>\d+),\s*(?<minor>\d+)|\d+)\s+(?:(?:(?!->).)*\s)?(?<name>[^\s]+?)(?:\s+->\s+(?<target>\S+))?\s*$/;
/** `stat -c "%A %U %G %n"` and the like, and lines of which the rest was left out. */
const SHORT =
  /^\s*(?<mode>[-cdl][-rwxsStT]{9})[.+@]?\s+(?:0?[0-7]{3,4}\s+)?(?<owner>[a-z_][\w.-]*)[\s:]+(?<group>[a-z_][\w.-]*)\s+(?<name>\/dev\/dma_heap\S*)(?:\s+->\s+(?<target>\S+))?\s*$/;

function listedOf(text: string): Listed | undefined {
  const found = (LISTED.exec(text) ?? SHORT.exec(text))?.groups;
  if (found === undefined) return undefined;
  const { mode = '', owner = '', group = '', major, minor, name = '', target } = found;
  const number = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits));
  return {
    name: name.replace(/^['"]|['"]$/g, ''),
    type: mode.charAt(0),
    mode: modeOf(mode.slice(1)),
    owner,
    group,
    major: number(major),
    minor: number(minor),
    target,
  };
}

/** The verifier's listing: a file, without the command. */
const LISTING_OF_CAPTURE = /(?:^|\/)ls-dev-dma_heap\.txt$/;

/** The directory that a line of a listing is in: the heading above it, or what the command lists. */
function directoryOf(lines: readonly PastedLine[], at: number): string | undefined {
  const line = lines[at];
  if (LISTING_OF_CAPTURE.test(line?.file ?? '')) return '/dev/dma_heap';
  for (let i = at - 1; i >= 0 && at - i < 80; i -= 1) {
    const above = lines[i];
    if (above === undefined || above.isCommand) break;
    const heading = /^\s*(\/[\w/,.@-]+):\s*$/.exec(above.text)?.[1];
    if (heading !== undefined) return heading;
  }
  // With several arguments, ls prints the files by the names that it was given, and a heading before each directory.
  if (/^(?:sudo )?ls(?:\s+-\w+)*(?:\s+\/[^\s;&|*]+){2,}\s*(?:[;&|]|$)/.test(line?.command ?? '')) return undefined;
  const listed = (line?.command ?? '')
    .split(/;|&&/)
    .flatMap((part) => /\bls\b.*?\s(\/[\w/,.@*-]+)/.exec(part)?.[1] ?? []);
  if (listed.length < 2) return listed[0];
  // Several commands in one line, each of which printed one line.
  let first = at;
  while (lines[first - 1]?.isCommand === false) first -= 1;
  let end = at;
  while (lines[end]?.isCommand === false && lines[end]?.text.trim() !== '') end += 1;
  return end - first === listed.length ? listed[at - first] : undefined;
}

const isHeaps = (directory: string | undefined) => directory !== undefined && /^\/dev\/dma_heap\/?\*?$/.test(directory);
const isClass = (directory: string | undefined) =>
  directory !== undefined && /^\/sys\/(?:class|devices\/virtual)\/dma_heap\/?\*?$/.test(directory);
/** Names that heaps and their usual aliases have. */
export const HEAP_NAME =
  /^(?:system(?:[-_][\w-]+)?|linux[,_]cma\S*|reserved|default_cma_region|cma(?:-\w+)*|vidbuf_cached|\S*carveout\S*)$/;

const listing: Reader = {
  as: 'a listing of nodes',
  read(lines, at) {
    const line = lines[at];
    if (line === undefined || line.isCommand) return [];
    const listed = listedOf(line.text);
    if (listed !== undefined) return listedClues(line, listed, directoryOf(lines, at));
    return namesOf(lines, at, line);
  },
};

function listedClues(line: PastedLine, listed: Listed, directory: string | undefined): Clue[] {
  const { name, type } = listed;
  // A class directory lists its devices as links.
  if (type === 'l' && (isClass(directory) || /\/devices\/virtual\/dma_heap\//.test(listed.target ?? '')))
    return [clue(line, 'classNames', { names: [name.replace(/^.*\//, '')] })];
  if (/\/dev\/dma[-_]?buf$/.test(name) || (name.match(/^dma[-_]buf$/) && /\/dev\/?$/.test(directory ?? '')))
    return [clue(line, 'mknod', { path: name })];
  if (/(?:^|\/)ion$/.test(name)) return [clue(line, 'ion', {})];
  const isAbsolute = name.startsWith('/');
  if (
    type === 'd' &&
    (/^\/dev\/dma_heap\/?$/.test(name) || name === 'dma_heap' || (name === '.' && isHeaps(directory)))
  )
    return [clue(line, 'directory', listed)];
  const below = isAbsolute ? /^\/dev\/dma_heap\/(.+)$/.exec(name)?.[1] : name;
  if (below === undefined || name === '.' || name === '..') return [];
  const isSure =
    isAbsolute ||
    isHeaps(directory) ||
    (directory === undefined && HEAP_NAME.test(below)) ||
    (/dma_heap/.test(line.command) && HEAP_NAME.test(below));
  if (!isSure) return [];
  const node = { ...listed, name: below };
  if (type === 'l') return [clue(line, 'link', node)];
  return [clue(line, type === 'c' ? 'node' : 'handMade', node)];
}

/** A line of any program that looked for the directory of the heaps and did not find it. */
export const missesHeaps = (text: string) => isHeapsDirectory(PATH.exec(text)?.[0] ?? '') && isNotFound(text);
const isHeapsDirectory = (path: string) => /^\/dev\/dma(?:_heap\/?\*?|\*|_heap\*)?$/.test(path);

/** A comma ends a path only before a space. */
const PATH =
  /\/(?:dev|sys\/class|sys\/devices\/virtual|proc\/device-tree|sys\/firmware\/devicetree)(?:[^\s'"`\u2018-\u201d«»\u300c\u300d:\uff1a,\uff0c)\]]|,(?=\w))*/u;
/** Runtimes look for a device on the host before the container starts. */
export const IS_RUNTIME =
  /error gathering device information|crun: error stat'ing file|bind source path does not exist|hostPath type check failed|^\s*Error: statf?s? |Failed to stat\b/i;

/** `ls` names its path in every language; what it says after the path may be one that is not known here. */
const isNotFound = (text: string) =>
  errnoOf(text) === 'ENOENT' ||
  /zsh: no matches found|(?:mount|bind) source path does not exist|hostPath type check failed/.test(text) ||
  (errnoOf(text) === undefined && /^\s*ls: /.test(text) && /[^\p{ASCII}\u2018-\u201d«»]/u.test(text));

/** Names alone, as `ls` without -l prints them, and "cannot access". */
function namesOf(lines: readonly PastedLine[], at: number, line: PastedLine): Clue[] {
  const text = line.text.trim();
  const command = line.command;
  const path = PATH.exec(text)?.[0] ?? '';
  const isHeapsPath = isHeapsDirectory(path);
  if (path !== '' && (isHeapsPath || /\bls: |^(?:find|stat|cat|ll|dir|readlink):? /.test(text)) && isNotFound(text)) {
    if (isHeapsPath) return [clue(IS_RUNTIME.test(text) ? { ...line, view: 'host' } : line, 'noDirectory', {})];
    if (/^\/sys\/(?:class|devices\/virtual)\/dma_heap\/?\*?$/.test(path)) return [clue(line, 'noClass', {})];
    if (/^\/dev\/dma_heap\/[\w,.+@-]+$/.test(path))
      return [clue(line, 'open', { path, flags: undefined, errno: 'ENOENT' })];
    if (/device-?tree/.test(path)) return [clue(line, 'noTreeNode', { path })];
    return [];
  }
  if (/\bls\s+(?:-\w+\s+)*\/dev\/dma_heap\/?\s*(?:->|=>|:|\u2192)/.test(text) && errnoOf(text) === 'ENOENT')
    return [clue(line, 'noDirectory', {})];
  const told =
    /\bls\s+(?:-\w+\s+)*\/dev\/dma_heap\/?\s*(?:->|=>|\u2192|:|shows?|gives?|says?|prints?|lists?)\s+(.+)$/.exec(
      text,
    )?.[1];
  if (told?.split(/[\s,]+/).some((one) => HEAP_NAME.test(one)))
    return [clue(line, 'names', { names: told.split(/\s+/).filter((one) => HEAP_NAME.test(one)) })];
  // A capture names what it did not find.
  if (text === 'absent ls-dev-dma_heap.txt') return [clue(line, 'noDirectory', {})];
  if (!/\bls\b|\bfind\b/.test(command)) return [];
  if (/^ls\s+(?:-\w+\s+)*\/dev\/?$/.test(command)) return wholeDev(lines, at, line);
  const directory = directoryOf(lines, at);
  const absolute = /^\/dev\/dma_heap\/(\S+)$/.exec(text)?.[1];
  if (absolute !== undefined) return [clue(line, 'names', { names: [absolute] })];
  if (text === '' || text.startsWith('/') || /^total\b|^总用量|:$/.test(text)) return [];
  const names = text.split(/\s+/).filter((one) => /^[\w#][\w,.@+#-]*$/.test(one));
  if (names.length !== text.split(/\s+/).length || isBelowRows(lines, at) || isProse(text)) return [];
  if (isHeaps(directory)) return [clue(line, 'names', { names })];
  if (isClass(directory)) return [clue(line, 'classNames', { names })];
  const tree = /^\/(?:proc\/device-tree|sys\/firmware\/devicetree\/base)\/reserved-memory(?:\/([\w,.@+-]+))?\/?$/.exec(
    directory ?? '',
  );
  return tree === null ? [] : [clue(line, 'treeNames', { names, of: tree[1] ?? '' })];
}

/** `ls -l` prints rows: a line without a mode is not of it. */
function isBelowRows(lines: readonly PastedLine[], at: number): boolean {
  for (let i = at - 1; i >= 0 && lines[i]?.isCommand === false; i -= 1)
    if (listedOf(lines[i]?.text ?? '') !== undefined) return true;
  return false;
}

/** Columns are further apart than words, unless they are few; a sentence has words that no heap is named. */
const isProse = (text: string) => {
  const words = text.split(/ (?! )/);
  return words.length > 2 && !/ {2}/.test(text) && !words.some((one) => HEAP_NAME.test(one) || /[@,]/.test(one));
};

/** A whole listing of /dev without the directory of heaps; its first line shows it. */
function wholeDev(lines: readonly PastedLine[], at: number, line: PastedLine): Clue[] {
  if (lines[at - 1]?.isCommand !== true) return [];
  const end = lines.findIndex(({ isCommand }, i) => i > at && isCommand);
  const names = lines
    .slice(at, end < 0 ? undefined : end)
    .flatMap(({ text }) => text.split(/\s+/))
    .map((one) => one.replace(/[/@]$/, ''));
  return names.includes('dma_heap') || !names.includes('null') ? [] : [clue(line, 'noDirectory', {})];
}

/** `id USER` and `groups USER` look the user up; without a name they print the credentials of the shell. */
const asksForUser = ({ command }: PastedLine) =>
  /(?:^|[;&|]\s*)(?:sudo\s+)?(?:id|groups)(?:\s+-\w+)*\s+[a-z_][\w-]*/.test(command);

const PEOPLE: readonly Row[] = [
  [/^\s*0\s+0\s+4294967295\s*$/, (_match, line) => clue(line, 'wholeIdMap', {})],
  // In a container without names.
  [
    /^\s*uid=(\d+) gid=\d+ groups=([\d,]+)\s*$/,
    ([, user = '', list = ''], line) => clue(line, 'identity', { user, groups: list.split(','), isDatabase: false }),
  ],
  [
    /^\s*(?:id \S+: )?(?:uid|用户id|使用者id|ユーザid|identifikator użytkownika)=\d+\((\S+?)\).*?[\s(](?:groups|Gruppen|groupes|grupos|gruppi|groepen|grupy|组|群組|グループ|그룹들|группы)=(\S+)/i,
    ([, user = '', list = ''], line) => [
      clue(line, 'identity', {
        user,
        groups: [...list.matchAll(/\(([^)]*)\)/g)].map(([, one]) => one ?? ''),
        isDatabase: asksForUser(line) || /^\s*id \S+: /.test(line.text),
      }),
      ...[...list.matchAll(/(\d+)\(([^)]+)\)/g)].map(([, number = '', group = '']) =>
        clue(line, 'groupNumber', { number, group }),
      ),
    ],
  ],
  [
    /^\s*([\w-]+(?: [\w-]+)*)\s*$/,
    ([, list = ''], line) => {
      const asked = /^(?:id -nG|id -Gn|groups)\b\s*(\S*)/.exec(line.command);
      return asked === null || line.isCommand
        ? undefined
        : clue(line, 'identity', { user: asked[1] ?? '', groups: list.split(' '), isDatabase: asksForUser(line) });
    },
  ],
  [
    /^\s*(\S+) : ([\w-]+(?: [\w-]+)*)\s*$/,
    ([, user = '', list = ''], line) =>
      /(?:^|[;&|]\s*)groups\b/.test(line.command)
        ? clue(line, 'identity', { user, groups: list.split(' '), isDatabase: true })
        : undefined,
  ],
  [
    /^\s*([a-z_][\w-]*):[x*!]?:(\d+):([\w,-]*)\s*$/,
    ([, group = '', number = '', members = ''], line) => [
      clue(line, 'groupEntry', { group, members: members.split(',').filter((one) => one !== '') }),
      clue(line, 'groupNumber', { number, group }),
    ],
  ],
  [
    /\b(?:usermod\s+-\w*[aG]\w*\s+(?:-G\s+)?(\S+)\s+(\S+)|adduser\s+(\S+)\s+(\S+)|gpasswd\s+-a\s+(\S+)\s+(\S+))/,
    ([, g1, u1, u2, g2, u3, g3], line) =>
      clue(line, 'groupAdded', { group: g1 ?? g2 ?? g3 ?? '', user: u1 ?? u2 ?? u3 ?? '' }),
  ],
  [
    /Unknown group ['"]?([\w-]+)|Failed to resolve group ['"]?([\w-]+)|specified group ['"]([\w-]+)['"] unknown|group ['"\u2018]?([\w-]+)['"\u2019]? does not exist|chgrp: invalid group:? ['"\u2018]?([\w-]+)|unknown group(?: name)?:? ['"]?([\w-]+)|Failed to determine (?:supplementary groups|group credentials)|status=216\/GROUP/i,
    (match, line) => clue(line, 'unknownGroup', { group: match.slice(1).find((one) => one !== undefined) ?? '' }),
  ],
  [
    /^(?!\s*user(?:add|mod|del):).*?(?:Unknown user ['"]?([\w-]+)|Failed to resolve user ['"]?([\w-]+)|specified user ['"]([\w-]+)['"] unknown|(?:user|用户) ?['"\u2018\u201c]?([\w-]+)['"\u2019\u201d]? (?:does not exist|不存在)|id: ['"\u2018\u201c]?([\w-]+)['"\u2019\u201d]?: (?:no such user|无此用户)|status=217\/USER|Failed to determine user credentials)/i,
    (match, line) => clue(line, 'unknownUser', { user: match.slice(1).find((one) => one !== undefined) ?? '' }),
  ],
];

/** `getfacl`: the rights of the owner and of others are those of the mode. */
const ACL: readonly Row[] = [
  [
    /^\s*(user|group|mask):([\w.-]*):([r-][w-][x-])(?:\s+#effective:([r-][w-][x-]))?\s*$/,
    ([, tag, name = '', rights = '', effective], line) =>
      tag === 'user' && name === ''
        ? undefined
        : clue(line, 'acl', { tag: tag as 'user' | 'group' | 'mask', name, rights: effective ?? rights }),
  ],
];

export const NODE_READERS: readonly Reader[] = [
  listing,
  tableReader('users and groups', PEOPLE),
  tableReader('an access list', ACL),
];
