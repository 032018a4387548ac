/** The programs of docs/using-heaps.md for a guest: those in C, Rust and Go compiled, the one in Python with its interpreter. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { debianPackage } from '../../src/build/fetch/index.js';
import type { Machine } from '../e2e/machine.js';

const PROGRAMS = new URL('../../docs/programs/', import.meta.url).pathname;

async function compiled(
  { kbuild: { crossCompile }, debianArchitecture }: Machine,
  directory: string,
): Promise<Record<string, string>> {
  const sources = readdirSync(PROGRAMS).filter((name) => name.endsWith('.c'));
  const libdrm = path.join(await debianPackage('trixie', debianArchitecture, 'libdrm-dev'), 'usr/include/libdrm');
  const made = sources.map(async (source) => {
    const name = path.basename(source, '.c');
    const program = path.join(directory, `program-${name}`);
    const flags = ['-std=gnu11', '-Os', '-static', '-s', '-Wall', '-Wextra', '-Werror'];
    await execa(`${crossCompile}gcc`, [...flags, '-isystem', libdrm, '-o', program, path.join(PROGRAMS, source)]);
    return [`bin/${name}`, program] as const;
  });
  return Object.fromEntries(await Promise.all(made));
}

const GO_ARCH = { amd64: 'amd64', arm64: 'arm64', armhf: 'arm', riscv64: 'riscv64' } as const;

/** rustc has the standard library of its own machine only; Go compiles for all. */
async function inOtherLanguages({ debianArchitecture }: Machine, directory: string): Promise<Record<string, string>> {
  const [rust, go] = ['rust', 'go'].map((name) => path.join(directory, `program-${name}`)) as [string, string];
  const source = (name: string) => path.join(PROGRAMS, name);
  await execa('go', ['vet', source('heap.go')]);
  await execa('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', go, source('heap.go')], {
    env: { CGO_ENABLED: '0', GOOS: 'linux', GOARCH: GO_ARCH[debianArchitecture], GOTOOLCHAIN: 'local' },
  });
  if (debianArchitecture !== 'amd64') return { 'bin/heap-go': go };
  const target = ['--target', 'x86_64-unknown-linux-gnu', '-C', 'target-feature=+crt-static'];
  await execa('rustc', ['-O', '--edition', '2021', '-D', 'warnings', ...target, '-o', rust, source('heap.rs')]);
  return { 'bin/heap-rust': rust, 'bin/heap-go': go };
}

const PYTHON = 'python3.13';
const PACKAGES = [`${PYTHON}-minimal`, `lib${PYTHON}-minimal`, `lib${PYTHON}-stdlib`, 'libc6', 'zlib1g', 'libexpat1'];

async function python({ debianArchitecture }: Machine): Promise<Record<string, string>> {
  const root = path.join(await debianPackage('trixie', debianArchitecture, PACKAGES), 'usr');
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    // Some links lead to the configuration of the system.
    .filter((file) => existsSync(path.join(root, file)));
  const wanted = files.filter(
    (file) =>
      new RegExp(`^(?:bin/${PYTHON}|lib/${PYTHON}/(?:[^/]+|encodings/[^/]+|collections/[^/]+|re/[^/]+)\\.py)$`).test(
        file,
      ) || /\/lib-dynload\/mmap\.[^/]+\.so$|\/(?:ld-linux[^/]*|lib(?:c|m|z|dl|pthread|expat)\.so[.\d]*)$/.test(file),
  );
  return Object.fromEntries([
    ...wanted.map((file) => [`usr/${file}`, path.join(root, file)] as const),
    // The loader has its place in the program.
    ...wanted.filter((file) => /\/ld-linux/.test(file)).map((file) => [file, path.join(root, file)] as const),
    ['heap_share.py', path.join(PROGRAMS, 'heap_share.py')],
  ]);
}

/** Path in the guest -> file here. @param directory takes the compiled programs */
export async function programFiles(machine: Machine, directory: string): Promise<Record<string, string>> {
  return {
    ...(await compiled(machine, directory)),
    ...(await inOtherLanguages(machine, directory)),
    ...(await python(machine)),
  };
}
