/** Least privilege: who may open a heap may exhaust memory that no cgroup accounts for. */
import { childPointer } from '../source/pointer.js';
import { suggest } from '../source/suggest.js';
import { report } from './codes.js';
import type { Finder } from './finder.js';
import type { Access, Profile } from './types.gen.js';

export const DEFAULT_MODE = 0o660;

export function modeOf(access: Access): number {
  return access.mode === undefined ? DEFAULT_MODE : Number.parseInt(access.mode, 8);
}

const octal = (mode: number) => `0${mode.toString(8).padStart(3, '0')}`;

/** Groups that distributions have for devices; a profile seldom means another one of almost the same name. */
const WELL_KNOWN_GROUPS = ['video', 'render'];

function checkGroup(name: string, { group }: Access, f: Finder): void {
  const near = WELL_KNOWN_GROUPS.includes(group) ? undefined : suggest(group, WELL_KNOWN_GROUPS, 1)[0];
  if (near !== undefined)
    f.found.push(
      report('access/near-group', {
        message: `the group "${group}" is not a well-known group`,
        fix: `did you mean "${near}"?`,
        ...f.at(`${childPointer('/access', name)}/group`),
      }),
    );
}

function checkMode(name: string, access: Access, f: Finder): void {
  const pointer = childPointer('/access', name);
  const mode = modeOf(access);
  if ((mode & 0o111) !== 0)
    f.found.push(
      report('access/execute', {
        message: `mode ${octal(mode)} of "${name}" makes a device executable`,
        fix: `write "${octal(mode & 0o666)}"`,
        ...f.at(`${pointer}/mode`),
      }),
    );
  if ((mode & 0o007) !== 0)
    f.found.push(
      access.force === undefined
        ? report('access/world', {
            message: `mode ${octal(mode)} opens "${name}" to every process`,
            cause:
              'a process that opens a heap read-only can allocate from it, and heap memory is not charged to cgroups',
            fix: `write "${octal(mode & 0o660)}" and make the users members of "${access.group}"`,
            facts: ['heap.read-only-allocates'],
            ...f.at(`${pointer}/mode`),
          })
        : report('access/forced', {
            message: `mode ${octal(mode)} of "${name}" is forced: ${access.force}`,
            ...f.at(`${pointer}/force`),
          }),
    );
  if ((mode & 0o040) === 0)
    f.found.push(
      report('access/useless-mode', {
        message: `with mode ${octal(mode)}, the group "${access.group}" cannot open "${name}"`,
        cause: 'opening a heap needs read permission',
        fix: `write "${octal(mode | 0o060)}"`,
        ...f.at(`${pointer}${access.mode === undefined ? '' : '/mode'}`),
      }),
    );
}

/** One group has one number, and one number one group. */
function checkNumbers(profile: Profile, f: Finder): void {
  const stated = Object.entries(profile.access ?? {}).flatMap(([name, { group, gid }]) =>
    gid === undefined ? [] : [{ name, group, gid }],
  );
  for (const [i, { name, group, gid }] of stated.entries()) {
    const other = stated.slice(0, i).find((one) => (one.group === group) !== (one.gid === gid));
    if (other === undefined) continue;
    f.found.push(
      report('access/group-number', {
        message:
          other.group === group
            ? `the group "${group}" has the number ${gid} here and ${other.gid} for "${other.name}"`
            : `the groups "${group}" and "${other.group}" have the same number, ${gid}`,
        fix: 'write the number that `getent group` prints on the board',
        ...f.at(`${childPointer('/access', name)}/gid`),
      }),
    );
  }
}

export function checkAccess(profile: Profile, f: Finder): void {
  const heaps = Object.keys(profile.heaps ?? {});
  for (const [name, access] of Object.entries(profile.access ?? {})) {
    const pointer = childPointer('/access', name);
    if (!heaps.includes(name)) {
      const near = suggest(name, heaps)[0];
      f.found.push(
        report('profile/unknown-heap', {
          message: `there is no heap "${name}"`,
          fix:
            near !== undefined
              ? `did you mean "${near}"?`
              : heaps.length > 0
                ? `use one of ${heaps.join(', ')}`
                : 'add it to heaps',
          ...f.at(pointer, 'key'),
        }),
      );
    }
    checkMode(name, access, f);
    checkGroup(name, access, f);
    if (access.uaccess === true)
      f.found.push(
        access.force === undefined
          ? report('access/uaccess', {
              message: `uaccess gives "${name}" to every user who is logged in at the console`,
              cause: 'heap memory is not charged to cgroups, so a console user could exhaust it for everyone',
              fix: `make the users members of "${access.group}", or state in "force" why it is safe here`,
              ...f.at(`${pointer}/uaccess`),
            })
          : report('access/forced', {
              message: `uaccess of "${name}" is forced: ${access.force}`,
              ...f.at(`${pointer}/force`),
            }),
      );
  }
  checkNumbers(profile, f);
  const members = new Set(Object.values(profile.access ?? {}).flatMap((access) => access.users ?? []));
  for (const [i, user] of (profile.verify?.users ?? []).entries()) {
    if (members.has(user)) continue;
    f.found.push(
      report('access/user-without-access', {
        message: `verify.users names "${user}", who is not a user of any heap`,
        fix: `add "${user}" to the users of a heap in access`,
        ...f.at(`/verify/users/${i}`),
      }),
    );
  }
}
