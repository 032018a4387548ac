import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { cacheRoot, debianPackage, filledOnce, shortHash } from '../../src/build/fetch/index.js';
import { type Member, newcArchive } from './cpio.js';
import type { Machine } from './machine.js';

const GUEST = new URL('guest/', import.meta.url).pathname;

/** What goes into a guest beside the shell and the lab's own init. */
export interface GuestFiles {
  /** Path in the guest -> file on this machine. */
  readonly files?: Readonly<Record<string, string>>;
  /** Path in the guest -> content. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Path in the guest -> where a symbolic link points. */
  readonly links?: Readonly<Record<string, string>>;
  /** Shell text that init runs after it has shown the heaps. */
  readonly run?: string;
  /** End in a shell instead of powering off. */
  readonly shell?: boolean;
  readonly modules?: readonly string[];
}

/** An initramfs: Debian's static busybox of that architecture, the lab's init, the allocation judge, and `more`. */
export async function initramfs(machine: Machine, more: GuestFiles = {}): Promise<string> {
  const members: Member[] = ['dev', 'proc', 'sys', 'bin', 'etc', 'tmp', 'run', 'modules'].map((directory) => ({
    path: directory,
    directory: true,
  }));
  const busybox = path.join(await debianPackage('trixie', machine.debianArchitecture, 'busybox-static'), 'usr/bin');
  members.push(
    { path: 'dev/console', character: [5, 1] },
    await file('bin/busybox', path.join(busybox, 'busybox')),
    ...APPLETS.map((name) => ({ path: `bin/${name}`, link: 'busybox' })),
    await file('bin/allocate', await allocateProgram(machine)),
    await file('init', path.join(GUEST, 'init.sh')),
  );
  if (more.run) members.push({ path: 'run.sh', mode: 0o755, content: Buffer.from(more.run) });
  if (more.shell) members.push({ path: 'shell', mode: 0o644, content: Buffer.alloc(0) });
  for (const module of more.modules ?? []) members.push(await file(`modules/${path.basename(module)}`, module));
  const added: Member[] = [
    ...(await Promise.all(Object.entries(more.files ?? {}).map(([inside, outside]) => file(inside, outside)))),
    ...Object.entries(more.texts ?? {}).map(([path, text]) => ({ path, mode: 0o644, content: Buffer.from(text) })),
    ...Object.entries(more.links ?? {}).map(([path, link]) => ({ path, link })),
  ];
  const known = new Set(members.map((member) => member.path));
  for (const member of added) {
    for (const parent of parentsOf(member.path).filter((name) => !known.has(name))) {
      members.push({ path: parent, directory: true });
      known.add(parent);
    }
    members.push(member);
  }
  const archive = newcArchive(members);
  const directory = await filledOnce(
    path.join(cacheRoot(), 'initramfs', shortHash(Buffer.from(archive).toString('latin1'))),
    (work) => writeFile(path.join(work, 'initrd'), archive),
  );
  return path.join(directory, 'initrd');
}

/** busybox links the guests use; `sh` and `[` among them because scripts start through them. */
const APPLETS = (
  'sh cat chmod chown cp cttyhack dmesg echo env false grep head id insmod ln ls mdev mkdir mknod mount poweroff ' +
  'printf ps readlink rm sed setsid sleep sort stat su sync tail test touch true uname umount wc ['
).split(' ');

const file = async (inside: string, outside: string): Promise<Member> => ({
  path: inside,
  mode: 0o755,
  content: await readFile(outside),
});

function parentsOf(inside: string): readonly string[] {
  const parts = inside.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function allocateProgram(machine: Machine): Promise<string> {
  const source = path.join(GUEST, 'allocate.c');
  const compiler = `${machine.kbuild.crossCompile}gcc`;
  const key = shortHash(await readFile(source, 'utf8'), compiler);
  const directory = path.join(cacheRoot(), 'guest', `allocate-${machine.arch}-${key}`);
  await filledOnce(directory, (work) =>
    execa(compiler, ['-Os', '-static', '-s', '-Wall', '-Werror', '-o', path.join(work, 'allocate'), source]).then(
      () => undefined,
    ),
  );
  return path.join(directory, 'allocate');
}
