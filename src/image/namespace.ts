/** What the mount namespace of a service hides. Sources: systemd.exec(5); the order of mounts is that of namespace.c. */
import type { Setting, Unit } from './unit-files.js';
import { flagOf, isYes, lastOf, listOf, type Obstacle, withSpecifiers, wordsOf } from './unit-settings.js';
import { splitWords } from './words.js';

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

const clean = (path: string) =>
  path
    .replace(/^[-+]*/, '')
    .replace(/\/+/g, '/')
    .replace(/(.)\/$/, '$1');
const covers = (above: string, path: string) => above === '/' || path === above || path.startsWith(`${above}/`);

/** Of mounts on one path systemd makes the first in this order, and drops the others. Source: MountMode of namespace.c. */
const MODES = [
  'inaccessible',
  'bind',
  'rbind',
  'private-dev',
  'host-dev',
  'read-only',
  'read-write',
  'no-exec',
  'exec',
  'empty',
] as const;

interface Entry {
  readonly mode: (typeof MODES)[number];
  readonly path: string;
  /** What a bind mount shows there. */
  readonly from?: string;
  readonly setting: Setting;
}

const PATH_LISTS: readonly (readonly [Entry['mode'], readonly string[]])[] = [
  ['inaccessible', ['InaccessiblePaths', 'InaccessibleDirectories']],
  ['read-only', ['ReadOnlyPaths', 'ReadOnlyDirectories']],
  ['read-write', ['ReadWritePaths', 'ReadWriteDirectories']],
  ['no-exec', ['NoExecPaths']],
  ['exec', ['ExecPaths']],
];

/** Filled while the machine runs, so the image does not show what is there. */
const VOLATILE = ['/dev', '/proc', '/run', '/sys', '/tmp', '/var'];

function bindEntries(unit: Unit, { isDirectory, isFile }: RootFacts): Entry[] {
  return wordsOf(unit, listOf(unit, 'BindPaths', 'BindReadOnlyPaths')).flatMap(({ text, setting }) => {
    const [first = '', second = '', option = 'rbind'] = text.split(':');
    const from = clean(first);
    if (!from.startsWith('/') || !/^n?o?rbind$/.test(option)) return [];
    const isGone = !VOLATILE.some((top) => covers(top, from)) && !isDirectory(from.slice(1)) && !isFile(from.slice(1));
    // With "-" a source that does not exist is left out, after it took the place of other mounts on the path.
    const source = first.startsWith('-') && isGone ? {} : { from };
    const path = second === '' ? from : clean(second);
    return [{ mode: option === 'rbind' ? 'rbind' : 'bind', path, ...source, setting }];
  });
}

/** Settings with which systemd mounts /proc, /sys and the host's /dev itself. Source: namespace.c, namespace_info_mount_apivfs(). */
function apiMounts(unit: Unit): Entry[] {
  const flags = ['MountAPIVFS', 'ProtectControlGroups', 'ProtectKernelTunables'].map((key) => flagOf(unit, key));
  const setting = flags.find((flag) => flag?.isSet === true)?.setting ?? procSetting(unit);
  return setting === undefined ? [] : [{ mode: 'host-dev', path: '/dev', from: '/dev', setting }];
}

function procSetting(unit: Unit): Setting | undefined {
  const isOn = ({ key, value }: Setting) =>
    (key === 'ProtectProc' && /^(?:noaccess|invisible|ptraceable)$/.test(value)) ||
    (key === 'ProcSubset' && value === 'pid');
  return ['ProtectProc', 'ProcSubset'].map((key) => lastOf(unit, key)).find((one) => one !== undefined && isOn(one));
}

/** The mounts of a service in the order in which they are made. */
function mountsOf(unit: Unit, root: RootFacts): Entry[] {
  const hidden = flagOf(unit, 'PrivateDevices');
  const entries: Entry[] = [
    ...PATH_LISTS.flatMap(([mode, keys]) =>
      wordsOf(unit, listOf(unit, ...keys)).map(({ text, setting }): Entry => ({ mode, path: clean(text), setting })),
    ),
    ...bindEntries(unit, root),
    ...(hidden?.isSet === true ? [{ mode: 'private-dev' as const, path: '/dev', setting: hidden.setting }] : []),
    ...apiMounts(unit),
    ...wordsOf(unit, listOf(unit, 'TemporaryFileSystem')).map(
      ({ text, setting }): Entry => ({ mode: 'empty', path: clean(text.replace(/:.*/, '')), setting }),
    ),
  ].filter(({ path }) => path.startsWith('/'));
  const depth = ({ path }: Entry) => (path === '/' ? 0 : path.split('/').length);
  entries.sort((a, b) => depth(a) - depth(b) || MODES.indexOf(a.mode) - MODES.indexOf(b.mode));
  const first = entries.filter((entry, i) => entries.findIndex(({ path }) => path === entry.path) === i);
  const closed = first.filter(({ mode }) => mode === 'inaccessible').map(({ path }) => path);
  return first.filter(({ path }) => !closed.some((above) => above !== path && covers(above, path)));
}

/** The mount that decides what is at a path. */
const decisive = (mounts: readonly Entry[], path: string): Entry | undefined =>
  mounts.findLast(
    (one) =>
      covers(one.path, path) &&
      (one.mode === 'inaccessible' || one.mode === 'private-dev' || one.mode === 'empty' || one.from !== undefined),
  );

/** Why the mount namespace of a service hides a node. */
export function mountObstacle(unit: Unit, node: string, root: RootFacts): Obstacle | undefined {
  const mounts = mountsOf(unit, root);
  const last = decisive(mounts, node);
  const add = `add BindPaths=${node.replace(/\/[^/]*$/, '')}`;
  const hides = (cause: string, fix: string): Obstacle | undefined =>
    last === undefined ? undefined : { setting: last.setting, cause, fix };
  if (last?.mode === 'inaccessible')
    return hides(`it makes ${last.path} inaccessible`, `remove ${last.path} from ${last.setting.key}=`);
  if (last?.mode === 'empty') return hides(`it mounts an empty file system over ${last.path}`, add);
  if (last?.mode === 'private-dev')
    return hides(
      'PrivateDevices= gives the service a private /dev without the heaps; DeviceAllow= does not add them',
      'set PrivateDevices=no, DevicePolicy=closed and DeviceAllow=char-dma_heap rw',
    );
  if (last?.from !== undefined && last.from !== last.path)
    return hides(`it mounts ${last.from} over ${last.path}`, `remove it, or ${add}`);
  const missing = missingTarget(unit, mounts);
  if (missing !== undefined) return missing;
  return rootObstacle(unit, last?.from !== undefined, root);
}

/** A path that an earlier mount has hidden, and without which the service does not start. */
function missingTarget(unit: Unit, mounts: readonly Entry[]): Obstacle | undefined {
  for (const { text, setting } of wordsOf(unit, listOf(unit, ...PATH_LISTS.flatMap(([, keys]) => keys)))) {
    const path = clean(text);
    const index = mounts.findIndex((one) => one.path === path);
    if (/^\+?-/.test(text) || index < 0) continue;
    const above = decisive(mounts.slice(0, index), path);
    if (above?.mode === 'empty' || above?.mode === 'private-dev')
      return {
        setting,
        cause: `${above.setting.key}= hides ${path}, which ${setting.key}= needs, so the service does not start`,
        fix: `write ${setting.key}=-${path}`,
      };
  }
  return undefined;
}

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
