/**
 * Images of file systems and whole disks, by the tools that people have. Each is unpacked where it matters: names,
 * modes, owners and links of everything, content of what the checks read.
 */
import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execaSync } from 'execa';
import type { Tools } from '../../check/index.js';
import { type Entry, type EntryKind, type ImageSource, MemberTree, type ReadAt } from '../../image/index.js';
import { EXIT } from '../exit.js';
import { Refusal } from '../refusal.js';
import { directorySource } from './directory.js';

/** Where a file system begins in a file, and how long it is. */
interface Place {
  readonly offset: number;
  readonly sizeBytes: number;
}

interface FileSystem {
  readonly name: string;
  readonly magic: { readonly offset: number; readonly bytes: readonly number[] };
  readonly program: string;
  readonly package: string;
  readonly open: (tools: Tools, file: string, place: Place) => Promise<ImageSource>;
}

const FILE_SYSTEMS: readonly FileSystem[] = [
  {
    name: 'ext4',
    magic: { offset: 1080, bytes: [0x53, 0xef] },
    program: 'debugfs',
    package: 'e2fsprogs',
    open: openExt4,
  },
  {
    name: 'squashfs',
    magic: { offset: 0, bytes: [0x68, 0x73, 0x71, 0x73] },
    program: 'unsquashfs',
    package: 'squashfs-tools',
    open: openSquashfs,
  },
  {
    name: 'erofs',
    magic: { offset: 1024, bytes: [0xe2, 0xe1, 0xf5, 0xe0] },
    program: 'fsck.erofs',
    package: 'erofs-utils',
    open: openErofs,
  },
  {
    name: 'btrfs',
    magic: { offset: 0x10040, bytes: [0x5f, 0x42, 0x48, 0x52, 0x66, 0x53, 0x5f, 0x4d] },
    program: 'btrfs',
    package: 'btrfs-progs',
    open: openBtrfs,
  },
  { name: 'FAT', magic: { offset: 510, bytes: [0x55, 0xaa] }, program: 'mcopy', package: 'mtools', open: openFat },
];

const broken = (program: string, said: string) =>
  new Refusal(
    `${program} cannot read it: ${said.trim().split('\n')[0] ?? ''}`,
    EXIT.environment,
    'copy or build it again',
  );

function fileSystemAt(read: ReadAt, { offset }: Place): FileSystem | undefined {
  return FILE_SYSTEMS.find(({ name, magic }) => {
    const bytes = read(offset + magic.offset, magic.bytes.length);
    if (!magic.bytes.every((byte, i) => bytes[i] === byte)) return false;
    // The last two bytes of a sector are those of a partition table as well.
    return (
      name !== 'FAT' ||
      /^FAT/.test(Buffer.from(read(offset + 54, 3)).toString('latin1')) ||
      /^FAT32/.test(Buffer.from(read(offset + 82, 5)).toString('latin1'))
    );
  });
}

/** @returns undefined for what is neither a file system nor a disk that is known */
export async function readFileSystem(
  tools: Tools,
  file: string,
  { read, sizeBytes }: { readonly read: ReadAt; readonly sizeBytes: number },
): Promise<ImageSource | undefined> {
  const whole = { offset: 0, sizeBytes };
  const found = fileSystemAt(read, whole);
  if (found !== undefined) return open(tools, found, file, whole);
  const partitions = partitionsOf(read);
  const mounted = partitions.flatMap((place) => {
    const system = fileSystemAt(read, place);
    return system === undefined ? [] : [{ place, system }];
  });
  if (mounted.length === 0) return undefined;
  const sources: ImageSource[] = [];
  for (const { place, system } of mounted) sources.push(await open(tools, system, file, place));
  return assemble(sources);
}

async function open(tools: Tools, system: FileSystem, file: string, place: Place): Promise<ImageSource> {
  if ((await tools.which(system.program)) === undefined)
    throw new Refusal(
      `it contains a file system of the kind ${system.name}, and ${system.program} is not installed`,
      EXIT.environment,
      `install the Debian package ${system.package}, or give the directory or archive from which it was made`,
    );
  return system.open(tools, file, place);
}

const SECTOR = 512;

/**
 * Partitions of a GPT, or the primary and logical ones of an MBR. Sources: UEFI specification 5.3; the MBR's layout.
 */
function partitionsOf(read: ReadAt): Place[] {
  const view = (offset: number, length: number) => {
    const bytes = read(offset, length);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  for (const sector of [SECTOR, 4096]) {
    const header = view(sector, 92);
    if (header.byteLength < 92 || header.getBigUint64(0, true) !== 0x5452415020494645n) continue;
    const start = Number(header.getBigUint64(72, true)) * sector;
    const [count, size] = [Math.min(header.getUint32(80, true), 256), header.getUint32(84, true)];
    return Array.from({ length: count }, (_, i) => view(start + i * size, 48)).flatMap((entry) => {
      if (entry.byteLength < 48 || entry.getBigUint64(0, true) === 0n) return [];
      const [first, last] = [Number(entry.getBigUint64(32, true)), Number(entry.getBigUint64(40, true))];
      return [{ offset: first * sector, sizeBytes: (last - first + 1) * sector }];
    });
  }
  const table = (at: number) => {
    const sector = view(at, SECTOR);
    if (sector.byteLength < SECTOR || sector.getUint16(510, true) !== 0xaa55) return [];
    return [0, 1, 2, 3].map((i) => ({
      type: sector.getUint8(446 + i * 16 + 4),
      first: sector.getUint32(446 + i * 16 + 8, true),
      count: sector.getUint32(446 + i * 16 + 12, true),
    }));
  };
  const isExtended = (type: number) => [0x05, 0x0f, 0x85].includes(type);
  const found: Place[] = [];
  for (const { type, first, count } of table(0)) {
    if (count === 0) continue;
    if (!isExtended(type)) {
      found.push({ offset: first * SECTOR, sizeBytes: count * SECTOR });
      continue;
    }
    let at = first;
    for (let links = 0; links < 64; links += 1) {
      const [own, next] = table(at * SECTOR);
      if (own === undefined) break;
      if (own.count > 0) found.push({ offset: (at + own.first) * SECTOR, sizeBytes: own.count * SECTOR });
      if (next === undefined || next.count === 0) break;
      at = first + next.first;
    }
  }
  return found;
}

/**
 * The partition with /etc is the root; one with boot files, or for /boot of the root, goes where fstab usually has it.
 */
function assemble(sources: readonly ImageSource[]): ImageSource {
  const root =
    sources.find((source) =>
      ['etc', 'usr', 'system'].some(
        (name) => source.entry(name)?.kind === 'directory' || source.entry(name)?.kind === 'link',
      ),
    ) ?? (sources[0] as ImageSource);
  const tree = new MemberTree();
  copy(root, tree, '', '');
  for (const source of sources) {
    if (source === root) continue;
    const names = source.list('');
    const isBoot = names.some((name) =>
      /^(?:extlinux|loader|grub|overlays|config\.txt|boot\.scr|uEnv\.txt|armbianEnv\.txt|EFI)$|\.dtb$|^(?:Image|zImage|vmlinu)/.test(
        name,
      ),
    );
    if (!isBoot) continue;
    const firmware = tree.entry('boot/firmware')?.kind === 'directory' || names.includes('config.txt');
    copy(
      source,
      tree,
      '',
      firmware
        ? 'boot/firmware'
        : names.some((name) => /^EFI$/i.test(name)) && tree.list('boot').length > 1
          ? 'boot/efi'
          : 'boot',
    );
  }
  return tree;
}

function copy(source: ImageSource, tree: MemberTree, from: string, to: string): void {
  for (const name of source.list(from)) {
    const path = from === '' ? name : `${from}/${name}`;
    const entry = source.entry(path);
    if (entry === undefined) continue;
    const target = to === '' ? name : `${to}/${name}`;
    tree.add(target, { ...entry, ...(entry.kind === 'file' ? { content: () => source.bytes(path) } : {}) });
    if (entry.kind === 'directory') copy(source, tree, path, target);
  }
}

const EXT4_KINDS: Readonly<Record<string, EntryKind>> = {
  '04': 'directory',
  '10': 'file',
  '12': 'link',
  '02': 'character',
  '06': 'block',
};

/** Folders whose content no check reads; their names alone can be many. */
const SKIPPED =
  /^(?:usr\/share\/(?:doc|man|locale|icons|fonts|zoneinfo)|usr\/include|var\/(?:lib\/(?:dpkg|apt)|cache)|lost\+found|proc|sys)$/;

/** debugfs lists a level of folders at a time; files are dumped when they are read. */
async function openExt4(tools: Tools, file: string, { offset }: Place): Promise<ImageSource> {
  const image = offset === 0 ? file : `${file}?offset=${offset}`;
  const work = await tools.scratch();
  const ask = async (commands: readonly string[]): Promise<string> => {
    await tools.writeText(`${work}/commands`, commands.map((line) => `${line}\n`).join(''));
    const { exitCode, stdout, stderr } = await tools.run('debugfs', ['-f', `${work}/commands`, image]);
    if (exitCode !== 0) throw broken('debugfs', stderr);
    return stdout;
  };
  const quoted = (name: string) => `"/${name.replaceAll('"', '""')}"`;
  const tree = new MemberTree();
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  const found = new Map<string, Entry>();
  for (let level = ['']; level.length > 0; ) {
    const answer = await ask(level.map((folder) => `ls -p ${quoted(folder)}`));
    const parts = answer.split(/^debugfs: {1,2}ls -p .*$/m).slice(1);
    const next: string[] = [];
    for (const [i, part] of parts.entries())
      for (const line of part.split('\n')) {
        const [, inode = '', mode = '', uid, gid, name = '', size] = line.split('/');
        if (name === '' || name === '.' || name === '..' || inode === '0') continue;
        const folder = level[i] as string;
        const at = folder === '' ? name : `${folder}/${name}`;
        const kind = EXT4_KINDS[mode.slice(0, 2)] ?? 'other';
        const bits = Number.parseInt(mode.slice(2), 8) & 0o7777;
        found.set(at, { kind, mode: bits, uid: Number(uid), gid: Number(gid), sizeBytes: Number(size || 0) });
        if (kind === 'directory' && !SKIPPED.test(at)) next.push(at);
        if (kind === 'link') links.set(at, inode);
        if (kind === 'file') files.set(at, inode);
      }
    level = next;
  }
  const targets = await linkTargets(ask, [...new Set(links.values())]);
  // One run of debugfs for everything that is surely read; the rest when it is asked for.
  const early = [...files].filter(([at]) => READ_EARLY.test(at) && (found.get(at)?.sizeBytes ?? 0) < MAX_EARLY_BYTES);
  await ask(early.map(([, inode]) => `dump <${inode}> ${work}/${inode}`));
  const content = (inode: string) => () => {
    const copy = path.join(work, inode);
    if (!existsSync(copy)) execaSync('debugfs', ['-R', `dump <${inode}> ${copy}`, image], { reject: false });
    return existsSync(copy) ? readFileSync(copy) : undefined;
  };
  for (const [at, entry] of found) {
    const inode = files.get(at);
    const link = links.get(at);
    const target = link === undefined ? undefined : targets.get(link);
    tree.add(at, {
      ...entry,
      ...(target === undefined ? {} : { target }),
      ...(inode === undefined ? {} : { content: content(inode) }),
    });
  }
  return tree;
}

const READ_EARLY =
  /^(?:etc|boot|run|usr\/local)\/|^(?:usr\/)?lib\/(?:systemd\/system|udev|tmpfiles\.d|sysusers\.d|modules-load\.d)\//;
const MAX_EARLY_BYTES = 1 << 20;

/** Targets of links by inode: short ones are in the inode, longer ones are its content. */
async function linkTargets(
  ask: (commands: readonly string[]) => Promise<string>,
  inodes: readonly string[],
): Promise<Map<string, string>> {
  if (inodes.length === 0) return new Map();
  const answer = await ask(inodes.map((inode) => `stat <${inode}>`));
  const parts = answer.split(/^debugfs: {1,2}stat .*$/m).slice(1);
  const targets = new Map<string, string>();
  const long: string[] = [];
  for (const [i, part] of parts.entries()) {
    const target = /^Fast link dest: "(.*)"$/m.exec(part)?.[1];
    if (target === undefined) long.push(inodes[i] as string);
    else targets.set(inodes[i] as string, target);
  }
  for (const inode of long)
    targets.set(inode, (await ask([`cat <${inode}>`])).replace(/^debugfs: {1,2}cat .*\n/, '').replace(/\n$/, ''));
  return targets;
}

/** Unpacks everything into a folder, by a program that can do no less. */
async function unpacked(
  tools: Tools,
  program: string,
  args: (target: string) => readonly string[],
): Promise<ImageSource> {
  const target = path.join(await tools.scratch(), 'root');
  const { stderr, stdout } = await tools.run(program, args(target));
  // Without root, it cannot make device nodes, and its exit status shows this.
  if (!existsSync(target)) throw broken(program, stderr || stdout);
  return directorySource(target);
}

function openSquashfs(tools: Tools, file: string, { offset }: Place): Promise<ImageSource> {
  return unpacked(tools, 'unsquashfs', (target) => [
    '-no-xattrs',
    '-quiet',
    '-no-progress',
    ...(offset === 0 ? [] : ['-offset', String(offset)]),
    '-dest',
    target,
    file,
  ]);
}

function openErofs(tools: Tools, file: string, { offset }: Place): Promise<ImageSource> {
  return unpacked(tools, 'fsck.erofs', (target) => [
    `--extract=${target}`,
    '--no-preserve',
    ...(offset === 0 ? [] : [`--offset=${offset}`]),
    file,
  ]);
}

async function openBtrfs(tools: Tools, file: string, { offset, sizeBytes }: Place): Promise<ImageSource> {
  const plain = offset === 0 ? file : await partition(tools, file, offset, sizeBytes);
  const target = path.join(await tools.scratch(), 'root');
  await tools.writeText(path.join(target, '.keep'), '');
  const { exitCode, stderr } = await tools.run('btrfs', [
    'restore',
    '--symlinks',
    '--metadata',
    '--ignore-errors',
    plain,
    target,
  ]);
  if (exitCode !== 0) throw broken('btrfs', stderr);
  return directorySource(target);
}

/** The part of a disk that one file system has, for programs that know no offset. */
async function partition(tools: Tools, file: string, offset: number, sizeBytes: number): Promise<string> {
  const target = path.join(await tools.scratch(), 'partition');
  await pipeline(createReadStream(file, { start: offset, end: offset + sizeBytes - 1 }), createWriteStream(target));
  return target;
}

async function openFat(tools: Tools, file: string, { offset }: Place): Promise<ImageSource> {
  const target = path.join(await tools.scratch(), 'root');
  await tools.writeText(path.join(target, '.keep'), '');
  const { exitCode, stderr } = await tools.run('mcopy', ['-s', '-n', '-m', '-i', `${file}@@${offset}`, '::*', target], {
    environment: { MTOOLS_SKIP_CHECK: '1' },
  });
  if (exitCode !== 0) throw broken('mcopy', stderr);
  return directorySource(target);
}
