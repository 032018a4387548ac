/** Services: who they run as, what they start, and whether they reach a device node. */
import { type Accounts, groupsOf } from './accounts.js';
import { deviceObstacle } from './device-policy.js';
import { mountObstacle, type RootFacts } from './namespace.js';
import { callObstacle } from './syscall-filter.js';
import type { Unit, UnitFiles } from './unit-files.js';
import { flagOf, lastOf, listOf, type Obstacle, withSpecifiers, wordsOf } from './unit-settings.js';
import { splitWords } from './words.js';

export interface Service {
  readonly unit: Unit;
  readonly user: string;
  /** Groups of its processes, by name. */
  readonly groups: ReadonlySet<string>;
  /** Groups that the unit itself gives. */
  readonly ownGroups: ReadonlySet<string>;
  /** systemd makes the user when the service starts, if the image does not have it. */
  readonly isDynamic: boolean;
  /** Programs it starts. */
  readonly programs: readonly string[];
}

const named = (accounts: Accounts['groups' | 'users'], text: string) => {
  if (!/^\d+$/.test(text)) return text;
  for (const { name, id } of accounts.values()) if (id === Number(text)) return name;
  return text;
};

/** The program of a command line, and those that it hands to a shell. */
function programsOf(line: string): string[] {
  const [program, option, script] = (splitWords(line, 3)?.words ?? []).map(({ text }) => text);
  if (program === undefined) return [];
  if (!/(?:^|\/)(?:ba|da|a)?sh$/.test(program)) return [program];
  if (!/^-[a-z]*c$/.test(option ?? ''))
    return [program, ...[option, script].filter((word) => word?.startsWith('/') === true).slice(0, 1)] as string[];
  return [program, ...(script ?? '').split(/[\s;&|()]+/).filter((word) => /^\/[\w./-]+$/.test(word))];
}

export function readService(unit: Unit, accounts: Accounts): Service {
  const isDynamic = flagOf(unit, 'DynamicUser')?.isSet === true;
  const given = withSpecifiers(unit.name, lastOf(unit, 'User')?.value ?? '');
  const ownName = unit.name.replace(/[@.].*$/, '');
  const user = given !== '' ? named(accounts.users, given) : isDynamic ? ownName : 'root';
  const ownGroups = new Set(
    [
      ...wordsOf(
        unit,
        [lastOf(unit, 'Group')].filter((one) => one !== undefined),
      ),
      ...wordsOf(unit, listOf(unit, 'SupplementaryGroups')),
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
  return { unit, user, groups, ownGroups, isDynamic, programs };
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
  const byDevice = deviceObstacle(unit, unit, nodes, driver, root.systemd);
  if (byDevice !== undefined) return byDevice;
  const byFilter = callObstacle(unit);
  if (byFilter !== undefined) return byFilter;
  for (const slice of slicesOf(unit, files)) {
    const found = deviceObstacle(slice, unit, nodes, driver, root.systemd);
    if (found !== undefined) return { ...found, cause: `${slice.name}: ${found.cause}` };
  }
  return undefined;
}
