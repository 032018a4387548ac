/**
 * `npm run test:image`: random root file systems, read by src/image and by systemd-sysusers, systemd-tmpfiles, systemd-analyze and
 * BusyBox mdev on the same tree; then the same with faults in what our readers see, each of which must be caught.
 */
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { directorySource } from '../../../src/cli/image/directory.js';
import {
  applyTmpfiles,
  Image,
  type ImageSource,
  KERNEL_DIRECTORY,
  KERNEL_NODE,
  lastOf,
  listOf,
  mdevNode,
  type Nodes,
  octal,
  readAccounts,
  UnitFiles,
} from '../../../src/image/index.js';
import { HEAPS, type RandomImage, randomImage } from './random.js';

const run = (command: string, ...args: string[]) =>
  execaSync(command, args, { reject: false, all: true, env: { LC_ALL: 'C' } });
const database = (root: string, file: string) => {
  const target = path.join(root, file);
  return new Map(
    (existsSync(target) ? readFileSync(target, 'utf8') : '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.split(':')[0] as string, line.split(':')]),
  );
};
const sorted = (list: Iterable<string>) => [...list].sort().join(' ');

interface Judge {
  readonly name: string;
  /** What the real tool says, and what we say of the tree as `source` shows it. */
  readonly both: (image: RandomImage, source: ImageSource) => readonly (readonly [string, string])[];
}

const sysusers: Judge = {
  name: 'systemd-sysusers',
  both({ root }, source) {
    const copy = `${root}.sysusers`;
    cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
    run('systemd-sysusers', `--root=${copy}`);
    const [groups, users] = [database(copy, 'etc/group'), database(copy, 'etc/passwd')];
    rmSync(copy, { recursive: true });
    const ours = readAccounts(new Image(source, ''));
    return [
      [sorted(groups.keys()), sorted(ours.groups.keys())],
      [sorted(users.keys()), sorted(ours.users.keys())],
      ...[...groups].map(
        ([name, fields]) =>
          [
            `${name}: ${sorted((fields[3] ?? '').split(',').filter((one) => one !== ''))}`,
            `${name}: ${sorted(ours.groups.get(name)?.members ?? [])}`,
          ] as const,
      ),
      ...[...users].map(([name, fields]) => {
        const group = [...groups.values()].find((one) => one[2] === fields[3])?.[0] ?? fields[3];
        const own = ours.users.get(name)?.group ?? '?';
        const known =
          [...ours.groups.values()].find(({ id, name: one }) => one === own || String(id) === own)?.name ?? own;
        return [`${name} in ${group}`, `${name} in ${known}`] as const;
      }),
    ];
  },
};

const tmpfiles: Judge = {
  name: 'systemd-tmpfiles',
  both({ root }, source) {
    const copy = `${root}.tmpfiles`;
    cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
    chmodSync(path.join(copy, 'dev/dma_heap'), 0o755);
    for (const heap of HEAPS) {
      chmodSync(path.join(copy, 'dev/dma_heap', heap), 0o600);
      chownSync(path.join(copy, 'dev/dma_heap', heap), 0, 0);
    }
    run('systemd-tmpfiles', '--create', '--boot', '--prefix=/dev', `--root=${copy}`);
    const image = new Image(source, '');
    const accounts = readAccounts(image, false);
    const nodes: Nodes = new Map([
      ['dev/dma_heap', KERNEL_DIRECTORY],
      ...HEAPS.map((heap) => [`dev/dma_heap/${heap}`, KERNEL_NODE] as const),
    ]);
    applyTmpfiles(image, nodes, accounts);
    const number = (kind: 'users' | 'groups', name: string) =>
      name === 'root' ? 0 : (accounts[kind].get(name)?.id ?? Number(name));
    const pairs = [...nodes].map(([file, { owner, group, mode }]) => {
      const stat = lstatSync(path.join(copy, file));
      return [
        `${file} ${stat.uid}:${stat.gid} ${octal(stat.mode & 0o7777)}`,
        `${file} ${number('users', owner)}:${number('groups', group)} ${octal(mode)}`,
      ] as const;
    });
    rmSync(copy, { recursive: true });
    return pairs;
  },
};

const mdev: Judge = {
  name: 'busybox mdev',
  both({ root }, source) {
    const copy = `${root}.mdev`;
    cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
    const program = run('sh', '-c', 'command -v busybox').stdout;
    mkdirSync(path.join(copy, 'bin'), { recursive: true });
    cpSync(program, path.join(copy, 'bin/busybox'), { dereference: true });
    // Debian's is linked with the C library.
    for (const [library] of run('ldd', program).stdout.matchAll(/\/\S+\.so\S*/g)) {
      mkdirSync(path.join(copy, path.dirname(library)), { recursive: true });
      cpSync(library, path.join(copy, library), { dereference: true });
    }
    const image = new Image(source, '');
    const accounts = readAccounts(image, false);
    const pairs = HEAPS.map((heap) => {
      const device = `/devices/virtual/dma_heap/${heap}`;
      mkdirSync(path.join(copy, 'sys', device), { recursive: true });
      writeFileSync(path.join(copy, 'sys', device, 'dev'), '250:0\n');
      rmSync(path.join(copy, 'dev/dma_heap', heap), { force: true });
      writeFileSync(path.join(copy, 'dev/dma_heap', heap), '', { mode: 0o600 });
      execaSync(run('sh', '-c', 'command -v chroot').stdout, [copy, '/bin/busybox', 'mdev'], {
        reject: false,
        extendEnv: false,
        env: { ACTION: 'add', DEVPATH: device, SUBSYSTEM: 'dma_heap', DEVNAME: `dma_heap/${heap}`, PATH: '/bin' },
      });
      const stat = lstatSync(path.join(copy, 'dev/dma_heap', heap));
      const ours = mdevNode(image.text('etc/mdev.conf'), `dma_heap/${heap}`, 'dma_heap', accounts);
      const number = (kind: 'users' | 'groups', name: string) =>
        name === 'root' ? 0 : (accounts[kind].get(name)?.id ?? Number(name));
      return [
        `${heap} ${stat.uid}:${stat.gid} ${octal(stat.mode & 0o7777)}`,
        `${heap} ${number('users', ours.owner)}:${number('groups', ours.group)} ${octal(ours.mode)}`,
      ] as const;
    });
    rmSync(copy, { recursive: true });
    return pairs;
  },
};

/** systemd-analyze shows the settings that it composed of a unit and its drop-ins, in the words of its assessment. */
const units: Judge = {
  name: 'systemd-analyze',
  both({ root, service }, source) {
    const files = new UnitFiles(new Image(source, ''));
    return [service].map((name) => {
      const said = run(
        'systemd-analyze',
        'security',
        '--offline=yes',
        `--root=${root}`,
        '--json=short',
        '--no-pager',
        name,
      ).stdout;
      const start = said.indexOf('[{');
      const rows =
        start < 0
          ? []
          : (JSON.parse(said.slice(start)) as { json_field: string; set: boolean | null; description: string }[]);
      const row = (field: string) => rows.find((one) => one.json_field === field);
      const theirs =
        rows.length === 0
          ? 'not loaded'
          : [
              row('PrivateDevices')?.set === true,
              sorted(
                (row('DeviceAllow')?.description ?? '')
                  .replace(/^Service has (?:a |no )?/, '')
                  .replace(/^device ACL with some special devices: /, '')
                  .split(' '),
              ),
              row('RootDirectoryOrRootImage')?.set === true,
              row('UserOrDynamicUser')?.set === false,
            ].join(' | ');
      const unit = files.load(name);
      if (unit === undefined) return [`${name} ${theirs}`, `${name} not loaded`] as const;
      const isPrivate = /^(?:1|yes|y|true|t|on)$/i.test(lastOf(unit, 'PrivateDevices')?.value ?? '');
      const policy = lastOf(unit, 'DevicePolicy')?.value;
      const allowed = listOf(unit, 'DeviceAllow').map(({ value }) => {
        const [what, rights = 'rwm'] = value.split(/\s+/);
        return `${what}:${rights}`;
      });
      const acl =
        policy !== 'closed' && policy !== 'strict' && !isPrivate
          ? 'device ACL'
          : allowed.length === 0
            ? 'minimal device ACL'
            : allowed.join(' ');
      const user = lastOf(unit, 'User')?.value ?? '';
      const ours = [
        isPrivate,
        sorted(acl.split(' ')),
        (lastOf(unit, 'RootDirectory')?.value ?? '') !== '',
        user === '' || user === 'root',
      ].join(' | ');
      return [`${name} ${theirs}`, `${name} ${ours}`] as const;
    });
  },
};

const JUDGES: readonly Judge[] = [sysusers, tmpfiles, mdev, units];

/** Faults in what our readers see. */
const FAULTS: Readonly<Record<string, (source: ImageSource) => ImageSource>> = {
  'masks are not seen': (source) => ({
    ...source,
    list: (folder) => source.list(folder).filter((name) => source.entry(`${folder}/${name}`)?.target !== '/dev/null'),
  }),
  'the directory with the least precedence wins': (source) => {
    const swap = (file: string) =>
      file.replace(/^(etc|usr\/lib)(?=\/(?:sysusers|tmpfiles)\.d|\/systemd)/, (top) =>
        top === 'etc' ? 'usr/lib' : 'etc',
      );
    return {
      entry: (file) => source.entry(swap(file)),
      list: (file) => source.list(swap(file)),
      bytes: (file) => source.bytes(swap(file)),
    };
  },
  'drop-ins for all units are not read': (source) => ({
    ...source,
    list: (folder) => (folder.endsWith('/service.d') ? [] : source.list(folder)),
  }),
  'the last line of mdev.conf wins': (source) => ({
    ...source,
    bytes: (file) => {
      const bytes = source.bytes(file);
      return file === 'etc/mdev.conf' && bytes !== undefined
        ? Buffer.from(Buffer.from(bytes).toString().split('\n').reverse().join('\n'))
        : bytes;
    },
  }),
  'lines that cannot be read are read as far as they go': (source) => ({
    ...source,
    bytes: (file) => {
      const bytes = source.bytes(file);
      return /\.d\/.*\.conf$/.test(file) && bytes !== undefined
        ? Buffer.from(Buffer.from(bytes).toString().replaceAll('ghosts', 'video').replaceAll('89', '0644'))
        : bytes;
    },
  }),
};

const count = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? 300);
const work = mkdtempSync(path.join(tmpdir(), 'dmaheap-images-'));
const missing = ['systemd-sysusers', 'systemd-tmpfiles', 'systemd-analyze', 'busybox', 'chroot'].filter(
  (name) => run('sh', '-c', `command -v ${name}`).exitCode !== 0,
);
if (missing.length > 0 || process.getuid?.() !== 0) {
  console.log(
    `NOT RUN: ${missing.length > 0 ? `${missing.join(', ')} not installed` : 'root is needed, for owners of files'}`,
  );
  process.exit(0);
}
let compared = 0;
const different: string[] = [];
const caught = new Map<string, number>(Object.keys(FAULTS).map((name) => [name, 0]));
try {
  for (let seed = 1; seed <= count; seed += 1) {
    const image = randomImage(path.join(work, String(seed)), seed);
    const source = directorySource(image.root);
    for (const judge of JUDGES)
      for (const [theirs, ours] of judge.both(image, source)) {
        compared += 1;
        if (theirs !== ours) different.push(`seed ${seed}, ${judge.name}: we say "${ours}", it says "${theirs}"`);
      }
    // The faults need a few images each, not all.
    if (seed <= 40)
      for (const [name, fault] of Object.entries(FAULTS))
        if ((caught.get(name) ?? 0) === 0)
          for (const judge of JUDGES)
            caught.set(
              name,
              (caught.get(name) ?? 0) +
                judge.both(image, fault(source)).filter(([theirs, ours]) => theirs !== ours).length,
            );
    rmSync(image.root, { recursive: true });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const line of different.slice(0, 40)) console.error(line);
for (const [name, differences] of caught)
  console.log(`control: ${name}: ${differences > 0 ? `caught (${differences} differences)` : 'NOT CAUGHT'}`);
console.log(
  `${count} random images, ${compared} answers compared with ${JUDGES.map(({ name }) => name).join(', ')}: ${different.length} differences`,
);
process.exitCode = different.length === 0 && [...caught.values()].every((one) => one > 0) ? 0 : 1;
