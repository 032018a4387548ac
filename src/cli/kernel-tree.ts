/** A kernel source tree on disk, read the way kbuild would have conf read it. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../diagnostic/index.js';
import { formatKernelVersion, type KernelVersion, parseKernelVersion } from '../facts/index.js';
import { type KconfigTree, parseTree } from '../kconfig/index.js';
import { kernelArch, type ProfileArch, profileArch } from './arch.js';
import type { Context } from './context.js';
import { EXIT, type Exit } from './exit.js';
import { openProbes, PROBE_MODES, type ProbeMode } from './probes.js';

export interface KernelTreeOptions {
  readonly kernelTree: string;
  readonly arch: string;
  readonly probes?: string;
  readonly probeFile?: string;
}

export interface OpenTree {
  readonly directory: string;
  readonly arch: ProfileArch;
  readonly srcArch: string;
  readonly version: KernelVersion | undefined;
  readonly tree: KconfigTree;
  readonly diagnostics: readonly Diagnostic[];
  /** What was said to the tree: ARCH, CC, ... */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Number of probes whose answer was assumed; the result is then not proven for a real toolchain. */
  readonly assumedProbes: number;
  /** A file of the tree; undefined when there is none. */
  readonly readFile: (file: string) => string | undefined;
}

const PREFIXES: Readonly<Record<ProfileArch, readonly string[]>> = {
  arm64: ['aarch64-linux-gnu-'],
  arm: ['arm-linux-gnueabihf-', 'arm-linux-gnueabi-', 'arm-none-eabi-'],
  riscv64: ['riscv64-linux-gnu-'],
  x86_64: ['x86_64-linux-gnu-'],
};
const HOSTS: Readonly<Record<string, ProfileArch>> = { x64: 'x86_64', arm64: 'arm64', arm: 'arm', riscv64: 'riscv64' };

function which(tool: string, searchPath: string | undefined): boolean {
  return (searchPath ?? '').split(path.delimiter).some((directory) => existsSync(path.join(directory, tool)));
}

/** CROSS_COMPILE as the user set it, else the compiler of the distribution. */
function toolPrefix(arch: ProfileArch, environment: NodeJS.ProcessEnv): string {
  const given = environment['CROSS_COMPILE'];
  if (given !== undefined) return given;
  const found = PREFIXES[arch].find((prefix) => which(`${prefix}gcc`, environment['PATH']));
  return HOSTS[process.arch] === arch ? '' : (found ?? '');
}

/** Reads below the tree and nowhere else. */
export function treeReader(directory: string): (file: string) => string | undefined {
  const top = `${directory}${path.sep}`;
  return (file) => {
    const absolute = path.resolve(directory, file);
    if (!absolute.startsWith(top)) return undefined;
    try {
      return readFileSync(absolute, 'latin1');
    } catch {
      return undefined;
    }
  };
}

/** The variables kbuild exports to conf. */
export function kbuildEnvironment(
  directory: string,
  arch: ProfileArch,
  makefile: string,
  environment: NodeJS.ProcessEnv,
): Record<string, string | undefined> {
  const prefix = toolPrefix(arch, environment);
  const llvm = environment['LLVM'];
  const isLlvm = llvm !== undefined && llvm !== '' && llvm !== '0';
  const suffix = isLlvm && llvm.startsWith('-') ? llvm : '';
  const tool = (name: string, gnu: string, clang: string) =>
    environment[name] ?? (isLlvm ? `${clang}${suffix}` : `${prefix}${gnu}`);
  const field = (name: string) => new RegExp(`^${name}\\s*=[ \\t]*(.*?)\\s*$`, 'm').exec(makefile)?.[1] ?? '';
  const srcArch = kernelArch(arch) as string;
  return {
    PATH: environment['PATH'],
    HOME: environment['HOME'],
    TMPDIR: environment['TMPDIR'],
    XDG_CACHE_HOME: environment['XDG_CACHE_HOME'],
    LC_ALL: 'C',
    ARCH: arch === 'x86_64' ? 'x86_64' : srcArch,
    SRCARCH: srcArch,
    SUBARCH: srcArch,
    srctree: directory,
    objtree: '.',
    KERNELVERSION: `${field('VERSION')}.${field('PATCHLEVEL')}.${field('SUBLEVEL')}${field('EXTRAVERSION')}`,
    CC: tool('CC', 'gcc', 'clang'),
    LD: tool('LD', 'ld', 'ld.lld'),
    AR: tool('AR', 'ar', 'llvm-ar'),
    NM: tool('NM', 'nm', 'llvm-nm'),
    OBJCOPY: tool('OBJCOPY', 'objcopy', 'llvm-objcopy'),
    OBJDUMP: tool('OBJDUMP', 'objdump', 'llvm-objdump'),
    READELF: tool('READELF', 'readelf', 'llvm-readelf'),
    STRIP: tool('STRIP', 'strip', 'llvm-strip'),
    HOSTCC: environment['HOSTCC'] ?? 'gcc',
    HOSTCXX: environment['HOSTCXX'] ?? 'g++',
    RUSTC: environment['RUSTC'] ?? 'rustc',
    BINDGEN: environment['BINDGEN'] ?? 'bindgen',
    PAHOLE: environment['PAHOLE'] ?? 'pahole',
    CONFIG_SHELL: 'sh',
    CROSS_COMPILE: prefix,
    CLANG_FLAGS: '',
    RUSTC_BOOTSTRAP: '1',
  };
}

/** @returns the tree, or the exit status after complaining */
export function openKernelTree(context: Context, options: KernelTreeOptions): OpenTree | Exit {
  const arch = profileArch(options.arch);
  if (arch === undefined) {
    context.complain(`--arch ${options.arch}: not an architecture dmaheap knows`, 'use arm64, arm, riscv64 or x86_64');
    return EXIT.usage;
  }
  const mode = options.probes ?? (options.probeFile === undefined ? 'deny' : 'replay');
  if (!(PROBE_MODES as readonly string[]).includes(mode)) {
    context.complain(`--probes ${mode}: not a way to answer probes`, `use ${PROBE_MODES.join(', ')}`);
    return EXIT.usage;
  }
  if (mode === 'replay' && options.probeFile === undefined) {
    context.complain('--probes replay needs a recording', 'give --probe-file; --probes run --probe-file F records one');
    return EXIT.usage;
  }
  const given = context.resolve(options.kernelTree);
  if (!existsSync(given) || !statSync(given).isDirectory()) {
    context.complain(`--kernel-tree ${options.kernelTree}: there is no such directory`);
    return EXIT.environment;
  }
  const directory = realpathSync(given);
  const readFile = treeReader(directory);
  const makefile = readFile('Makefile');
  if (makefile === undefined || readFile('Kconfig') === undefined) {
    context.complain(
      `--kernel-tree ${options.kernelTree}: no kernel source tree`,
      'give the directory that holds the kernel’s top Makefile and Kconfig; linux-headers do not have all Kconfig files',
    );
    return EXIT.environment;
  }
  const environment = kbuildEnvironment(directory, arch, makefile, context.environment);
  const probes = openProbes(
    mode as ProbeMode,
    directory,
    environment,
    toolsOf(environment),
    options.probeFile === undefined ? undefined : context.resolve(options.probeFile),
  );
  if ('error' in probes) {
    context.complain(`--probe-file: ${probes.error}`, 'record one with --probes run --probe-file F');
    return EXIT.environment;
  }
  // Three texts that the Makefile asks for before conf runs.
  const ask = (command: string) => probes.probe(command) ?? '';
  environment['CC_VERSION_TEXT'] = ask(`LC_ALL=C ${environment['CC']} --version 2>/dev/null | head -n 1`).replaceAll(
    '#',
    '',
  );
  environment['RUSTC_VERSION_TEXT'] = ask(`${environment['RUSTC']} --version 2>/dev/null`).replaceAll('#', '');
  environment['PAHOLE_VERSION'] =
    readFile('scripts/pahole-version.sh') === undefined
      ? '0'
      : ask(`${directory}/scripts/pahole-version.sh ${environment['PAHOLE']}`);
  const parsed = parseTree({ readFile, environment, probe: probes.probe });
  probes.close();
  if (parsed.value === undefined) {
    context.findings(parsed.diagnostics);
    if (probes.missing.length > 0)
      context.complain(
        `${probes.missing.length} probes are not in ${options.probeFile}`,
        'record again with --probes run --probe-file',
      );
    return EXIT.environment;
  }
  return {
    directory,
    arch,
    srcArch: kernelArch(arch) as string,
    version: parseKernelVersion((environment['KERNELVERSION'] ?? '').split('.').slice(0, 2).join('.')),
    tree: parsed.value,
    diagnostics: parsed.diagnostics,
    environment,
    assumedProbes: probes.assumed.length,
    readFile,
  };
}

function toolsOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  return ['CC', 'LD', 'AR', 'NM', 'OBJCOPY', 'RUSTC', 'BINDGEN', 'PAHOLE'].map((name) => environment[name] ?? '');
}

/** The defconfig that kbuild takes when nobody names one. */
export function defaultDefconfig({
  readFile,
  srcArch,
  arch,
}: OpenTree): { readonly name: string; readonly text: string } | undefined {
  const makefile = readFile(`arch/${srcArch}/Makefile`) ?? '';
  const named = [...makefile.matchAll(/^\s*KBUILD_DEFCONFIG\s*:=\s*(\w+)\s*$/gm)].map((match) => match[1] as string);
  const name = named.find((one) => one.startsWith(arch)) ?? named[0] ?? 'defconfig';
  const text = readFile(`arch/${srcArch}/configs/${name}`);
  return text === undefined ? undefined : { name, text };
}

/** `6.12 arm64`. */
export function treeTitle({ version, arch }: OpenTree): string {
  return `${version === undefined ? 'kernel' : formatKernelVersion(version)} ${arch}`;
}
