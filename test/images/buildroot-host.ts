/**
 * What Buildroot gets from this machine: Debian's cross compiler as an external toolchain, and programs of Debian for those
 * that Buildroot would build from sources that Debian does not have.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import {
  cacheRoot,
  debianPackage,
  debianSource,
  filledOnce,
  kernelTree,
  shortHash,
} from '../../src/build/fetch/index.js';

export interface Toolchain {
  readonly directory: string;
  readonly tuple: string;
  /** Major version of GCC. */
  readonly gcc: string;
  /** Version of the kernel's headers, for example `6.1`. */
  readonly headers: string;
}

/**
 * Buildroot refuses a compiler whose system root is `/`. Debian's compiler finds its files relative to its own place, so a
 * copy in a directory of its own is one that Buildroot takes.
 */
export async function debianToolchain(tuple: string): Promise<Toolchain> {
  const { stdout: version } = await execa(`${tuple}-gcc`, ['-dumpfullversion']);
  const gcc = version.split('.')[0] ?? '';
  const header = await readFile(`/usr/${tuple}/include/linux/version.h`, 'utf8');
  const number = (name: string) => new RegExp(`#define LINUX_VERSION_${name} (\\d+)`).exec(header)?.[1];
  const headers = `${number('MAJOR')}.${number('PATCHLEVEL')}`;
  const wrapper = wrapperOf(tuple);
  const key = `toolchain-${tuple}-${shortHash(version, header, wrapper)}`;
  const directory = await filledOnce(path.join(cacheRoot(), 'buildroot', key), async (work) => {
    const usr = path.join(work, 'usr');
    const root = path.join(usr, tuple);
    await mkdir(path.join(usr, 'bin'), { recursive: true });
    // Without C++, Buildroot need not be told of it.
    const programs = (await readdir('/usr/bin')).filter((name) => name.startsWith(`${tuple}-`) && !name.includes('++'));
    await copy([...programs.map((name) => `/usr/bin/${name}`), path.join(usr, 'bin')]);
    await mkdir(path.join(usr, 'lib/gcc-cross'), { recursive: true });
    await copy([`/usr/lib/gcc-cross/${tuple}`, path.join(usr, 'lib/gcc-cross')]);
    await mkdir(path.join(root, 'usr'), { recursive: true });
    await copy([`/usr/${tuple}/bin`, `/usr/${tuple}/lib`, root]);
    await copy([`/usr/${tuple}/include`, path.join(root, 'usr')]);
    await symlink('usr/include', path.join(root, 'include'));
    // The linker finds libraries that its scripts name without a directory.
    for (const name of (await readdir(path.join(root, 'lib'))).filter((one) => one.endsWith('.so'))) {
      const file = path.join(root, 'lib', name);
      const text = await readFile(file, 'latin1');
      if (text.startsWith('/* GNU ld script'))
        await writeFile(file, text.replaceAll(`/usr/${tuple}/lib/`, ''), 'latin1');
    }
    const compiler = path.join(usr, 'bin', `${tuple}-gcc`);
    await rm(compiler);
    await rename(`${compiler}-${gcc}`, path.join(usr, 'bin', `.${tuple}-gcc`));
    await writeFile(compiler, wrapper);
    await chmod(compiler, 0o755);
  });
  return { directory: path.join(directory, 'usr'), tuple, gcc, headers };
}

/** It says where its system root is now; `gcc -v` only repeats how it was configured. */
const wrapperOf = (tuple: string) => `#!/bin/sh
bin=\${0%/*}
if [ "$*" = -v ]; then
	"$bin/.${tuple}-gcc" -v 2>&1 | sed "s,--with-sysroot=/ ,--with-sysroot=$bin/../${tuple} ," >&2
	exit
fi
CCACHE_DIR=${path.join(cacheRoot(), 'ccache')} exec ccache "$bin/.${tuple}-gcc" "$@"
`;

const copy = (args: readonly string[]) => execa('cp', ['-a', ...args]);

/** Buildroot's name of a package of the host, what is used in its place, and where it belongs. */
const STAND_INS: readonly (readonly [name: string, program: string, place: string])[] = [
  ['kmod', '/sbin/depmod', 'sbin/depmod'],
  ['fakeroot', '/usr/bin/fakeroot', 'bin/fakeroot'],
  ['bison', '/usr/bin/bison', 'bin/bison'],
  ['flex', '/usr/bin/flex', 'bin/flex'],
  ['gperf', '/usr/bin/gperf', 'bin/gperf'],
  ['pkgconf', '/usr/bin/pkgconf', 'bin/pkgconf'],
  // It makes run paths of the host's programs relative; nothing moves them.
  ['patchelf', '/bin/true', 'bin/patchelf'],
];

/** What the suite prints: which programs are not those that Buildroot builds. */
export const STOOD_IN_FOR = [
  ...STAND_INS.map(([name, program]) => `host-${name}: ${program}`),
  'host-libxcrypt: libcrypt-dev of this machine',
  "host-tar: a tar of at least 1.35 in PATH, Debian 13's if this machine's is older",
  'the sources of busybox, linux and util-linux: those of Debian 12 and 13, with *_OVERRIDE_SRCDIR',
].join('\n     ');

/** Buildroot's file of overrides, which it reads before its packages. */
export async function overrides(empty: string, isWithEudev: boolean): Promise<string> {
  const kernel = await kernelTree(KERNEL_VERSION);
  const stoodIn = STAND_INS.flatMap(([name, program, place]) => {
    const variable = `HOST_${name.toUpperCase()}`;
    const target = `$(HOST_DIR)/${place}`;
    return [
      `${variable}_OVERRIDE_SRCDIR = ${empty}`,
      `override ${variable}_DEPENDENCIES = host-skeleton`,
      `${variable}_AUTORECONF = NO`,
      `${variable}_CONFIGURE_CMDS = :`,
      `${variable}_BUILD_CMDS = :`,
      `${variable}_INSTALL_CMDS = mkdir -p $(dir ${target}) && ln -sf ${program} ${target}`,
    ];
  });
  const lines = [
    `LINUX_OVERRIDE_SRCDIR = ${kernel}`,
    `BUSYBOX_OVERRIDE_SRCDIR = ${await debianSource('trixie', 'busybox')}`,
    ...(isWithEudev ? await eudevOverrides() : []),
    ...stoodIn,
    'override HOST_MKPASSWD_DEPENDENCIES = host-skeleton',
  ];
  return `${lines.join('\n')}\n`;
}

/** eudev and what it is built with; as their makers release them, their sources have configure. */
async function eudevOverrides(): Promise<string[]> {
  const utilLinux = await filledOnce(path.join(cacheRoot(), 'buildroot/util-linux'), async (work) => {
    await execa('cp', ['-a', `${await debianSource('trixie', 'util-linux')}/.`, work]);
    // Debian's patches are newer than what autotools made, and make would ask for these tools.
    const made = ['aclocal.m4', 'config.h.in', 'configure', 'Makefile.in'].flatMap((name) => ['-o', '-name', name]);
    await execa('find', [work, '(', ...made.slice(1), ')', '-exec', 'touch', '-r', work, '{}', '+']);
  });
  const eudev = await filledOnce(path.join(cacheRoot(), 'buildroot/eudev'), async (work) => {
    await execa('cp', ['-a', `${eudevTree()}/.`, work]);
    await execa('autoreconf', ['--force', '--install', '--symlink'], { cwd: work });
  });
  return [
    `EUDEV_OVERRIDE_SRCDIR = ${eudev}`,
    ...['UTIL_LINUX', 'UTIL_LINUX_LIBS'].flatMap((name) => [
      `${name}_OVERRIDE_SRCDIR = ${utilLinux}`,
      `override ${name}_AUTORECONF = NO`,
    ]),
  ];
}

/** The source that a user has put into the cache. */
const eudevTree = (): string => path.join(cacheRoot(), 'trees', 'eudev');

/** Why it cannot be built here. */
export const missingEudev = (): string | undefined =>
  existsSync(path.join(eudevTree(), 'configure.ac'))
    ? undefined
    : `neither Debian nor npm has eudev; a checkout in ${eudevTree()} is used`;

/** Of the kernel whose source Debian has, as the lab boots it. */
export const KERNEL_VERSION = '6.12';

/** A directory for PATH with the tar that Buildroot asks for; Debian 12's is older. */
export async function programsFor(tree: string, directory: string): Promise<string> {
  const check = path.join(tree, 'support/dependencies/check-host-tar.sh');
  const { stdout } = await execa(check, ['tar'], { reject: false });
  await mkdir(directory, { recursive: true });
  if (stdout !== '') return directory;
  const root = await debianPackage('trixie', 'amd64', 'tar', { withDependencies: true });
  const library = path.join(root, 'usr/lib/x86_64-linux-gnu');
  const start = `${library}/ld-linux-x86-64.so.2 --library-path ${library}`;
  await writeFile(path.join(directory, 'tar'), `#!/bin/sh\nexec ${start} ${root}/usr/bin/tar "$@"\n`, { mode: 0o755 });
  return directory;
}

const CHECKER = [
  'python3-magic',
  'flake8',
  'python3-flake8',
  'python3-pycodestyle',
  'python3-pyflakes',
  'python3-mccabe',
];

/** What Buildroot's own program finds to object to in an external tree. */
export async function checkPackage(tree: string, external: string): Promise<string> {
  const modules = path.join(await debianPackage('bookworm', 'amd64', CHECKER), 'usr/lib/python3/dist-packages');
  const names = (await readdir(external, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const files = names.filter((name) => !name.startsWith(path.join(external, 'native/')));
  const { exitCode, all } = await execa('/usr/bin/python3', ['utils/check-package', '-b', ...files], {
    cwd: tree,
    env: { PYTHONPATH: modules },
    all: true,
    reject: false,
  });
  return exitCode === 0 ? '' : all;
}

/** The tree of Buildroot that a user has put into the cache. */
export const buildrootTree = (): string => path.join(cacheRoot(), 'trees', 'buildroot');

/** Why it cannot be built here. */
export const missingBuildroot = (): string | undefined =>
  existsSync(path.join(buildrootTree(), 'Makefile'))
    ? undefined
    : `neither Debian nor npm has Buildroot; a checkout in ${buildrootTree()} is used`;
