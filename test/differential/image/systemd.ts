/** systemd-sysusers, systemd-tmpfiles and systemd-analyze on a root directory. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  applyTmpfiles,
  Image,
  isYes,
  KERNEL_DIRECTORY,
  KERNEL_NODE,
  lastOf,
  listOf,
  type Nodes,
  readAccounts,
  UnitFiles,
} from '../../../src/image/index.js';
import { HEAPS } from './dice.js';
import { type Answers, forEachImage, type Judge, numberOf, sorted, spellNode } from './judge.js';

const database = (root: string, file: string) => {
  const target = path.join(root, file);
  return (existsSync(target) ? readFileSync(target, 'utf8') : '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
};

/** Groups with their members, users with their primary group. */
export const sysusers: Judge = {
  name: 'systemd-sysusers',
  async theirs(images, work) {
    await forEachImage(images, work, 'cp -a "$root" "$work" && systemd-sysusers --root="$work/$seed" || true');
    return images.map(({ seed }) => {
      const copy = path.join(work, String(seed));
      const groups = database(copy, 'etc/group');
      return new Map([
        ...groups.map(
          ([name, , , members = '']) =>
            [`group ${name}`, sorted(members.split(',').filter((one) => one !== ''))] as const,
        ),
        ...database(copy, 'etc/passwd').map(
          ([name, , , gid]) => [`user ${name}`, groups.find(([, , id]) => id === gid)?.[0] ?? `${gid}`] as const,
        ),
      ]);
    });
  },
  ours(_, source) {
    const { groups, users } = readAccounts(new Image(source, ''));
    return new Map([
      ...[...groups.values()].map(({ name, members }) => [`group ${name}`, sorted(members)] as const),
      ...[...users.values()].map(({ name, group = '?' }) => {
        const known = [...groups.values()].find((one) => one.name === group || String(one.id) === group);
        return [`user ${name}`, known?.name ?? group] as const;
      }),
    ]);
  },
};

const NODES = ['dev/dma_heap', ...HEAPS.map((heap) => `dev/dma_heap/${heap}`)];

/** Owner, group and mode of the heaps and their directory. */
export const tmpfiles: Judge = {
  name: 'systemd-tmpfiles',
  async theirs(images, work) {
    await forEachImage(
      images,
      work,
      'cp -a "$root" "$work" && systemd-tmpfiles --create --boot --prefix=/dev --root="$work/$seed" || true',
    );
    return images.map(
      ({ seed }) =>
        new Map(
          NODES.map((node) => {
            const { uid, gid, mode } = lstatSync(path.join(work, String(seed), node));
            return [node, spellNode(uid, gid, mode)];
          }),
        ),
    );
  },
  ours(_, source) {
    const image = new Image(source, '');
    const accounts = readAccounts(image, false);
    const nodes: Nodes = new Map(NODES.map((node, i) => [node, i === 0 ? KERNEL_DIRECTORY : KERNEL_NODE]));
    applyTmpfiles(image, nodes, accounts);
    return new Map(
      [...nodes].map(([node, { owner, group, mode }]) => [
        node,
        spellNode(numberOf(accounts, 'users', owner), numberOf(accounts, 'groups', group), mode),
      ]),
    );
  },
};

interface Row {
  readonly json_field: string;
  readonly set: boolean | null;
  readonly description: string;
}

function assessment(output: string, service: string): Answers {
  const start = output.indexOf('[{');
  if (start < 0) return new Map([[service, 'not loaded']]);
  const rows = JSON.parse(output.slice(start, output.lastIndexOf(']') + 1)) as readonly Row[];
  const row = (field: string) => rows.find((one) => one.json_field === field);
  const devices = (row('DeviceAllow')?.description ?? '')
    .replace(/^Service has (?:a |no )?/, '')
    .replace(/^device ACL with some special devices: /, '');
  return new Map([
    [`${service} PrivateDevices`, String(row('PrivateDevices')?.set === true)],
    [`${service} DeviceAllow`, sorted(devices.split(' '))],
    [`${service} RootDirectory`, String(row('RootDirectoryOrRootImage')?.set === true)],
    [`${service} runs as root`, String(row('UserOrDynamicUser')?.set === false)],
    [`${service} SupplementaryGroups`, String(row('SupplementaryGroups')?.set === false)],
  ]);
}

/** The settings that systemd composes of a unit and its drop-ins, as far as its assessment tells them. */
export const units: Judge = {
  name: 'systemd-analyze',
  async theirs(images, work) {
    const options = '--offline=yes --root="$root" --json=short --no-pager';
    await forEachImage(
      images,
      work,
      `unit=$(cat "$root.unit"); systemd-analyze security ${options} "$unit" >"$work/$seed" 2>&1 || true`,
    );
    return images.map(({ seed, service }) => assessment(readFileSync(path.join(work, String(seed)), 'utf8'), service));
  },
  ours({ service }, source): Answers {
    const unit = new UnitFiles(new Image(source, '')).load(service);
    if (unit === undefined) return new Map([[service, 'not loaded']]);
    const isPrivate = isYes(lastOf(unit, 'PrivateDevices')?.value);
    const policy = lastOf(unit, 'DevicePolicy')?.value;
    const allowed = listOf(unit, 'DeviceAllow').map(({ value }) => {
      const [what, rights = 'rwm'] = value.split(/\s+/);
      return `${what}:${rights}`;
    });
    const isOpen = policy !== 'closed' && policy !== 'strict' && !isPrivate;
    const acl = isOpen ? 'device ACL' : allowed.length === 0 ? 'minimal device ACL' : allowed.join(' ');
    const user = lastOf(unit, 'User')?.value ?? '';
    const isDynamic = isYes(lastOf(unit, 'DynamicUser')?.value);
    return new Map([
      [`${service} PrivateDevices`, String(isPrivate)],
      [`${service} DeviceAllow`, sorted(acl.split(' '))],
      [`${service} RootDirectory`, String((lastOf(unit, 'RootDirectory')?.value ?? '') !== '')],
      [`${service} runs as root`, String(!isDynamic && (user === '' || user === 'root'))],
      [`${service} SupplementaryGroups`, String(listOf(unit, 'SupplementaryGroups').length > 0)],
    ]);
  },
};
