/**
 * Builds the native parts with the machine's own compilers: no node-gyp, no download. Without a compiler everything but
 * `dmaheap verify` still works, so a missing one is a sentence, not a failure. `--all` builds for the four architectures
 * with Debian's cross compilers: static programs on musl, addons on glibc.
 */

import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { type Architecture, debianPackage, withLock } from './fetch/index.js';
import { packTexts } from './pack.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);

/** Node's name of an architecture. */
export type NativeArch = 'x64' | 'arm64' | 'arm' | 'riscv64';
export type Libc = 'glibc' | 'musl';

interface CrossTarget {
  readonly arch: NativeArch;
  /** The name in `dist/native/NAME-linux-musl`. */
  readonly name: string;
  readonly debian: Architecture;
  /** Prefix of Debian's cross compiler. */
  readonly gnu: string;
  /** Debian's directory of musl. */
  readonly musl: string;
  readonly flags: readonly string[];
}

export const CROSS_TARGETS: readonly CrossTarget[] = [
  {
    arch: 'arm64',
    name: 'aarch64',
    debian: 'arm64',
    gnu: 'aarch64-linux-gnu',
    musl: 'aarch64-linux-musl',
    // libgcc's out-of-line atomics ask glibc for the processor's features when the program starts; addresses within 1 MiB
    // take one instruction; without floating point, functions with variable arguments save half as many registers;
    // Debian's compiler keeps frame pointers unless told otherwise
    flags: [
      '-mno-outline-atomics',
      '-mcmodel=tiny',
      '-mgeneral-regs-only',
      '-fomit-frame-pointer',
      '-fno-tree-sra',
      '-fno-code-hoisting',
    ],
  },
  { arch: 'arm', name: 'armhf', debian: 'armhf', gnu: 'arm-linux-gnueabihf', musl: 'arm-linux-musleabihf', flags: [] },
  {
    arch: 'riscv64',
    name: 'riscv64',
    debian: 'riscv64',
    gnu: 'riscv64-linux-gnu',
    musl: 'riscv64-linux-musl',
    flags: [],
  },
  { arch: 'x64', name: 'x86_64', debian: 'amd64', gnu: 'x86_64-linux-gnu', musl: 'x86_64-linux-musl', flags: [] },
];

export interface NativeBuild {
  /** Files made, relative to the package. */
  readonly files: readonly string[];
  /** What could not be made, one sentence each. */
  readonly missing: readonly string[];
}

/** The file name node-gyp-build looks for: Node-API, so one file for every Node release. */
export function addonFile(arch: NativeArch, libc: Libc): string {
  const variant = arch === 'arm' ? '.armv7' : '';
  return `dist/prebuilds/linux-${arch}/dmaheap.napi${variant}.${libc}.node`;
}

export function staticProgram(name: string): string {
  return `dist/native/${name}-linux-musl/dmaheap-verify`;
}

async function works(command: string): Promise<boolean> {
  const { failed } = await execa(command, ['--version'], { reject: false });
  return !failed;
}

/** One make at a time: two suites that build at once would link each other's half-written objects. */
async function make(args: readonly string[]): Promise<void> {
  await withLock(path.join(ROOT, 'dist/native.lock'), async () => {
    await execa('make', ['-s', '-C', 'native', ...args], { cwd: ROOT });
  });
}

/** What the Makefile cannot know: where npm put the two header packages. Relative: make splits words at blanks. */
async function buildAddon(arch: NativeArch, libc: Libc, cc: string, cxx: string): Promise<string> {
  const output = addonFile(arch, libc);
  const headers = (name: string) =>
    path.relative(path.join(ROOT, 'native'), path.dirname(require.resolve(`${name}/package.json`)));
  await make([
    ...['addon', `CC=${cc}`, `CXX=${cxx}`, `ADDON=../${output}`, `BUILD=../dist/native/addon-${arch}-${libc}`],
    `NODE_ADDON_API=${headers('node-addon-api')}`,
    `NODE_API_HEADERS=${path.join(headers('node-api-headers'), 'include')}`,
  ]);
  return output;
}

/** The preprocessed sources with their texts packed, laid out as native/ is. */
async function packedTree(directory: string, cc: string, flags: readonly string[]): Promise<void> {
  const native = path.join(ROOT, 'native');
  const core = (await readdir(path.join(native, 'core'))).filter((name) => name.endsWith('.c'));
  const files = [...core.map((name) => `core/${name}`), 'cli/main.c'];
  const preprocessed = await Promise.all(
    files.map(async (file) => {
      const { stdout } = await execa(cc, [...flags, '-DDH_PACKED', '-Icore', '-E', file], { cwd: native });
      return stdout;
    }),
  );
  const { sources, pool } = packTexts(preprocessed, (file) => file.startsWith('core/') || file.startsWith('cli/'));
  const write = async (file: string, text: string) => {
    const output = path.join(directory, file);
    const old = await readFile(output, 'utf8').catch(() => undefined);
    await mkdir(path.dirname(output), { recursive: true });
    if (old !== text) await writeFile(output, text); // make builds what is newer
  };
  await Promise.all([...files.map((file, i) => write(file, sources[i] ?? '')), write('core/pool.c', pool)]);
}

/** Without the table of sections, which is at the end and which only debuggers read. */
export function withoutSections(elf: Uint8Array): Uint8Array {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const wide = view.getUint8(4) === 2;
  const [programs, size, count, table, entries] = wide ? [32, 54, 56, 40, 58] : [28, 42, 44, 32, 46];
  const number = (at: number) => (wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  let end = 0;
  for (let i = 0; i < view.getUint16(count, true); i++) {
    const at = number(programs) + i * view.getUint16(size, true);
    end = Math.max(end, number(at + (wide ? 8 : 4)) + number(at + (wide ? 32 : 16)));
  }
  const kept = elf.slice(0, end);
  // e_shoff, then e_shentsize, e_shnum and e_shstrndx
  kept.fill(0, table, table + (wide ? 8 : 4));
  kept.fill(0, entries, entries + 6);
  return kept;
}

/** Debian's cross gcc with Debian's musl of the target, which is only unpacked: the host's packages stay as they are. */
async function buildStatic(target: CrossTarget): Promise<string> {
  const output = staticProgram(target.name);
  const cc = `${target.gnu}-gcc`;
  const root = await debianPackage('trixie', target.debian, 'musl-dev');
  const { stdout: libgcc } = await execa(cc, ['-print-libgcc-file-name']);
  const size = [
    '-Os',
    '-flto',
    '-fno-pie',
    '-fno-ident',
    '-fno-asynchronous-unwind-tables',
    '-fno-unwind-tables',
    '-fno-stack-protector',
  ];
  // data begins right behind the code in the file: pages need not be filled up, they are mapped twice
  const link = ['-Wl,-z,noseparate-code', '-Wl,-z,norelro', '-Wl,--build-id=none', '-Wl,-z,common-page-size=16'];
  const headersIn = (libc: string) => [
    '-nostdinc',
    '-isystem',
    `${libc}/usr/include/${target.musl}`,
    '-isystem',
    `${path.dirname(libgcc)}/include`,
  ];
  const packed = path.join(ROOT, 'dist/native/packed', target.name);
  // A link beside the sources: make splits words at blanks, and the cache may lie below a path that has one.
  const lib = `libc/usr/lib/${target.musl}`;
  await withLock(path.join(ROOT, `dist/native.lock.${target.name}`), async () => {
    await packedTree(packed, cc, ['-std=c11', '-D_DEFAULT_SOURCE', '-D_FILE_OFFSET_BITS=64', ...headersIn(root)]);
    await rm(path.join(packed, 'libc'), { force: true });
    await symlink(root, path.join(packed, 'libc'));
    await execa(
      'make',
      [
        ...['-s', '-f', path.join(ROOT, 'native/Makefile'), '-C', packed],
        ...[`CC=${cc}`, 'BUILD=objects', 'PROGRAM=dmaheap-verify', `CFLAGS=${[...size, ...target.flags].join(' ')}`],
        `CPPFLAGS=${headersIn('libc').join(' ')}`,
        `LDFLAGS=-nostdlib -static -no-pie -s ${link.join(' ')} ${lib}/crt1.o ${lib}/crti.o -L${lib}`,
        `LDLIBS=-Wl,--start-group -lc ${libgcc} -Wl,--end-group ${lib}/crtn.o`,
      ],
      { cwd: ROOT },
    );
    const program = withoutSections(await readFile(path.join(packed, 'dmaheap-verify')));
    await mkdir(path.dirname(path.join(ROOT, output)), { recursive: true });
    // replaced whole: a guest may be packing the old one
    await writeFile(path.join(ROOT, `${output}.new`), program, { mode: 0o755 });
    await rename(path.join(ROOT, `${output}.new`), path.join(ROOT, output));
  });
  return output;
}

/** Builds for this machine: the addon, and `dmaheap-verify` beside it. */
export async function buildNative(): Promise<NativeBuild> {
  if (process.platform !== 'linux')
    return { files: [], missing: ['the verifier is for Linux: `dmaheap verify` is not built'] };
  const cc = process.env.CC ?? 'cc';
  const cxx = process.env.CXX ?? 'c++';
  for (const tool of [cc, cxx, 'make'])
    if (!(await works(tool)))
      return { files: [], missing: [`no ${tool}: \`dmaheap verify\` is not built, all else works`] };
  const addon = await buildAddon(process.arch as NativeArch, hostLibc(), cc, cxx);
  // not every machine has a static libc, and this program stays on it
  await make(['STATIC=', `CC=${cc}`, 'BUILD=../dist/native/host']);
  return { files: [addon, 'dist/native/host/dmaheap-verify'], missing: [] };
}

/** Builds the static program of one architecture, for guests and for release. */
export async function buildStaticFor(arch: NativeArch): Promise<string> {
  const target = CROSS_TARGETS.find((one) => one.arch === arch);
  if (target === undefined) throw new Error(`no target ${arch}`);
  return path.join(ROOT, await buildStatic(target));
}

/** Builds the addon of one architecture with Debian's cross compiler. */
export async function buildAddonFor(arch: NativeArch): Promise<string> {
  const target = CROSS_TARGETS.find((one) => one.arch === arch);
  if (target === undefined) throw new Error(`no target ${arch}`);
  return path.join(ROOT, await buildAddon(arch, 'glibc', `${target.gnu}-gcc`, `${target.gnu}-g++`));
}

/** Builds for every architecture. A compiler that is not installed is named; the others are still used. */
export async function buildAll(): Promise<NativeBuild> {
  const files: string[] = [];
  const missing: string[] = [];
  for (const target of CROSS_TARGETS)
    for (const [compiler, build] of [
      [`${target.gnu}-gcc`, () => buildStatic(target)],
      [`${target.gnu}-g++`, () => buildAddon(target.arch, 'glibc', `${target.gnu}-gcc`, `${target.gnu}-g++`)],
    ] as const) {
      if (await works(compiler)) files.push(await build());
      else missing.push(`no ${compiler}: nothing is built with it for ${target.name}`);
    }
  return { files, missing };
}

function hostLibc(): Libc {
  const header = (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header;
  return header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = process.argv.includes('--all');
  const { files, missing } = await (all ? buildAll() : buildNative());
  for (const file of files) console.log(file);
  for (const sentence of missing) console.error(sentence);
  // a release is whole or not at all; a developer's machine may lack a compiler
  if (all && missing.length > 0) process.exitCode = 3;
}
