/**
 * What a service may do with device nodes. Sources: systemd.exec(5), systemd.resource-control(5); systemd's
 * bpf-devices.c and namespace.c where the manuals are silent.
 */
import { type Accounts, groupsOf } from './accounts.js';
import { globPattern } from './glob.js';
import type { Setting, Unit, UnitFiles } from './unit-files.js';
import { splitWords } from './words.js';

/** Why a service does not reach a node. */
export interface Obstacle {
  readonly setting: Setting;
  readonly cause: string;
  readonly fix: string;
}

export interface Service {
  readonly unit: Unit;
  readonly user: string;
  /** Groups of its processes, by name. */
  readonly groups: ReadonlySet<string>;
  /** Groups that the unit itself gives. */
  readonly ownGroups: ReadonlySet<string>;
  /** Programs it starts. */
  readonly programs: readonly string[];
}

export const lastOf = (unit: Unit, key: string): Setting | undefined =>
  unit.settings.findLast((one) => one.key === key && /^(?:Service|Slice|Socket|Mount|Swap)$/.test(one.section));

export const isYes = (value: string | undefined): boolean => /^(?:1|yes|y|true|t|on)$/i.test(value ?? '');

/** The entries of a list setting; an empty assignment takes back those before it. */
export function listOf(unit: Unit, ...keys: readonly string[]): Setting[] {
  let list: Setting[] = [];
  for (const one of unit.settings) if (keys.includes(one.key)) list = one.value === '' ? [] : [...list, one];
  return list;
}

/** `%i`, `%n` and the like; others stay as they are. */
export function withSpecifiers(name: string, text: string): string {
  const [, prefix = '', instance = ''] = /^([^@]*)(?:@(.*))?\.[^.]+$/.exec(name) ?? [];
  const plain = (escaped: string) =>
    escaped
      .replaceAll('-', '/')
      .replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    i: instance,
    I: plain(instance),
    j: prefix.replace(/^.*-/, ''),
    J: plain(prefix.replace(/^.*-/, '')),
    n: name,
    N: name.replace(/\.[^.]+$/, ''),
    p: prefix,
    P: plain(prefix),
  };
  return text.replace(/%(.)/g, (all, letter: string) => values[letter] ?? all);
}

const words = (unit: Unit, settings: readonly Setting[]) =>
  settings.flatMap((setting) =>
    (splitWords(withSpecifiers(unit.name, setting.value))?.words ?? []).map(({ text }) => ({ text, setting })),
  );

const named = (accounts: Accounts['groups' | 'users'], text: string) => {
  if (!/^\d+$/.test(text)) return text;
  for (const { name, id } of accounts.values()) if (id === Number(text)) return name;
  return text;
};

/** The program of a command line, and those that it hands to a shell. */
function programsOf(line: string): string[] {
  const [program, option, script] = (splitWords(line, 3)?.words ?? []).map(({ text }) => text);
  if (program === undefined) return [];
  if (!/(?:^|\/)(?:ba|da|a)?sh$/.test(program) || !/^-[a-z]*c$/.test(option ?? '')) return [program];
  return [program, ...(script ?? '').split(/[\s;&|()]+/).filter((word) => /^\/[\w./-]+$/.test(word))];
}

export function readService(unit: Unit, accounts: Accounts): Service {
  const isDynamic = isYes(lastOf(unit, 'DynamicUser')?.value);
  const given = withSpecifiers(unit.name, lastOf(unit, 'User')?.value ?? '');
  const ownName = unit.name.replace(/[@.].*$/, '');
  const user = given !== '' ? named(accounts.users, given) : isDynamic ? ownName : 'root';
  const ownGroups = new Set(
    [
      ...words(
        unit,
        [lastOf(unit, 'Group')].filter((one) => one !== undefined),
      ),
      ...words(unit, listOf(unit, 'SupplementaryGroups')),
    ].map(({ text }) => named(accounts.groups, text)),
  );
  const groups = new Set([...groupsOf(accounts, user), ...ownGroups]);
  // Group= replaces the primary group, which then counts only if the user is listed in it.
  if (lastOf(unit, 'Group')?.value) {
    const primary = accounts.users.get(user)?.group;
    for (const { name, id, members } of accounts.groups.values())
      if ((name === primary || String(id) === primary) && !members.includes(user) && !ownGroups.has(name))
        groups.delete(name);
  }
  const programs = unit.settings
    .filter(
      ({ key, section }) => section === 'Service' && /^Exec(?:Start(?:Pre|Post)?|Condition|Reload|Stop)$/.test(key),
    )
    .flatMap(({ value }) => programsOf(value.replace(/^[-@:+!|]*/, '')));
  return { unit, user, groups, ownGroups, programs };
}

/** An entry of DeviceAllow=. */
interface Allowed {
  readonly what: string;
  readonly rights: string;
  readonly setting: Setting;
}

function allowedBy(unit: Unit): Allowed[] {
  return listOf(unit, 'DeviceAllow').map((setting) => {
    const [what = '', rights = 'rwm'] = withSpecifiers(unit.name, setting.value).split(/\s+/);
    return { what, rights, setting };
  });
}

/** @param nodes paths by which the device is found: `/dev/dma_heap/system` and links to it */
const names = ({ what }: Allowed, nodes: readonly string[], driver: string) =>
  what.startsWith('char-')
    ? globPattern(what.slice('char-'.length)).test(driver)
    : nodes.includes(what.replace(/\/+/g, '/'));

/** Why the device controller of a unit (a service or a slice) keeps processes from a node. */
function deviceObstacle(unit: Unit, nodes: readonly string[], driver: string): Obstacle | undefined {
  const policy = lastOf(unit, 'DevicePolicy');
  const isPrivate = lastOf(unit, 'PrivateDevices');
  const allowed = allowedBy(unit);
  const mode = policy?.value === 'closed' || policy?.value === 'strict' ? policy : undefined;
  const hidden = isYes(isPrivate?.value) ? isPrivate : undefined;
  const because = mode ?? hidden ?? allowed.at(-1)?.setting;
  if (because === undefined) return undefined;
  const about = allowed.filter((one) => names(one, nodes, driver));
  if (about.some(({ rights }) => rights.includes('r') && rights.includes('w'))) return undefined;
  const near = about[0];
  const fix = `add DeviceAllow=char-${driver} rw`;
  if (near !== undefined)
    return {
      setting: near.setting,
      cause: `DeviceAllow=${near.setting.value} does not give ${near.rights.includes('r') ? 'write' : 'read'} access, so opening the node for reading and writing fails with EPERM`,
      fix: `write DeviceAllow=char-${driver} rw`,
    };
  const others = allowed.map(({ what }) => what).join(', ');
  return {
    setting: because,
    cause:
      because.key === 'DeviceAllow'
        ? `with any DeviceAllow=, a device that is not listed is closed, and the lists have only ${others}`
        : `${because.key}=${because.value} closes every device that DeviceAllow= does not list${others === '' ? '' : `, and the lists have only ${others}`}`,
    fix,
  };
}

const clean = (path: string) =>
  path
    .replace(/^[-+]*/, '')
    .replace(/\/+/g, '/')
    .replace(/(.)\/$/, '$1');
const covers = (above: string, path: string) => above === '/' || path === above || path.startsWith(`${above}/`);

/** Why the mount namespace of a service hides a node. */
function mountObstacle(unit: Unit, node: string, root: RootFacts): Obstacle | undefined {
  const bound = words(unit, listOf(unit, 'BindPaths', 'BindReadOnlyPaths', 'BindDirectories')).map(
    ({ text, setting }) => {
      const [from = '', to] = clean(text).split(':');
      return { from: clean(from), to: clean(to === undefined || to === '' ? from : to), setting };
    },
  );
  const isBound = bound.some(({ from, to }) => covers(to, node) && from === to);
  const hides = (setting: Setting, cause: string, fix: string): Obstacle => ({ setting, cause, fix });
  for (const { text, setting } of words(unit, listOf(unit, 'InaccessiblePaths', 'InaccessibleDirectories')))
    if (covers(clean(text), node))
      return hides(setting, `it makes ${clean(text)} inaccessible`, `remove ${clean(text)} from ${setting.key}=`);
  const empty = words(unit, listOf(unit, 'TemporaryFileSystem')).find(({ text }) =>
    covers(clean(text).split(':')[0] as string, node),
  );
  if (empty !== undefined && !isBound)
    return hides(
      empty.setting,
      `it mounts an empty file system over ${clean(empty.text).split(':')[0]}`,
      `add BindPaths=${node.replace(/\/[^/]*$/, '')}`,
    );
  const other = bound.findLast(({ from, to }) => covers(to, node) && from !== to);
  if (other !== undefined)
    return hides(
      other.setting,
      `it mounts ${other.from} over ${other.to}`,
      `remove it, or add BindPaths=${node.replace(/\/[^/]*$/, '')}`,
    );
  const hidden = lastOf(unit, 'PrivateDevices');
  if (hidden !== undefined && isYes(hidden.value) && !isBound)
    return hides(
      hidden,
      'PrivateDevices= gives the service a private /dev without the heaps; DeviceAllow= does not add them',
      'set PrivateDevices=no, DevicePolicy=closed and DeviceAllow=char-dma_heap rw',
    );
  return rootObstacle(unit, isBound, root);
}

/** What is known of the root directories that units name. */
export interface RootFacts {
  readonly isDirectory: (path: string) => boolean;
  readonly isFile: (path: string) => boolean;
  /** Release of systemd in the image. */
  readonly systemd: number | undefined;
}

/**
 * From this release of systemd on RootDirectory= and RootImage= bring /dev of the host with them, unless MountAPIVFS= is
 * off. Source: NEWS of the release; systemd.exec(5).
 */
const API_MOUNTS_BY_DEFAULT = 248;

function rootObstacle(unit: Unit, isBound: boolean, { isDirectory, isFile, systemd }: RootFacts): Obstacle | undefined {
  const root = [lastOf(unit, 'RootDirectory'), lastOf(unit, 'RootImage')].find(
    (one) => one !== undefined && one.value !== '',
  );
  if (root === undefined || clean(root.value) === '/') return undefined;
  const api = lastOf(unit, 'MountAPIVFS');
  const fix = 'set MountAPIVFS=yes, which brings /dev of the host into the root directory';
  if (!isBound && api !== undefined && api.value !== '' && !isYes(api.value))
    return { setting: api, cause: `${root.key}=${root.value} does not have /dev, because MountAPIVFS= is off`, fix };
  if (!isBound && api === undefined && systemd !== undefined && systemd < API_MOUNTS_BY_DEFAULT)
    return {
      setting: root,
      cause: `systemd ${systemd} does not mount /dev in ${root.value} unless MountAPIVFS= is on`,
      fix,
    };
  const path = withSpecifiers(unit.name, clean(root.value)).replace(/^\//, '');
  if (root.key === 'RootImage') return undefined;
  if (!isDirectory(path))
    return {
      setting: root,
      cause: `the image has no directory ${root.value}, so the service does not start`,
      fix: 'create it, or correct RootDirectory=',
    };
  const program = splitWords((lastOf(unit, 'ExecStart')?.value ?? '').replace(/^[-@:!+|]*/, ''), 1)?.words[0]?.text;
  if (program?.startsWith('/') && !isBound && !isFile(`${path}${program}`))
    return {
      setting: root,
      cause: `${root.value} has no ${program}, so the service does not start`,
      fix: 'install the program there, or correct RootDirectory=',
    };
  return undefined;
}

/** The slices a service runs in, from its own up. */
function slicesOf(unit: Unit, files: UnitFiles): Unit[] {
  const name = lastOf(unit, 'Slice')?.value || 'system.slice';
  const stem = name.replace(/\.slice$/, '');
  const found = stem.split('-').map((_, i, parts) => `${parts.slice(0, i + 1).join('-')}.slice`);
  return [...found.reverse(), '-.slice'].flatMap((one) => files.load(one) ?? []);
}

/**
 * Why a service does not reach a node, for any user; undefined: it does.
 * @param nodes paths that lead to the device, the node itself first
 * @param driver its name in /proc/devices
 */
export function obstacleTo(
  service: Service,
  nodes: readonly string[],
  driver: string,
  files: UnitFiles,
  root: RootFacts,
): Obstacle | undefined {
  const { unit } = service;
  const [node = ''] = nodes;
  const byMount = mountObstacle(unit, node, root);
  if (byMount !== undefined) return byMount;
  const byDevice = deviceObstacle(unit, nodes, driver);
  if (byDevice !== undefined) return byDevice;
  for (const slice of slicesOf(unit, files)) {
    const found = deviceObstacle(slice, nodes, driver);
    if (found !== undefined) return { ...found, cause: `${slice.name}: ${found.cause}` };
  }
  return undefined;
}
