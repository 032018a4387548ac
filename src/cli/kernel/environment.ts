/** The environment that a kernel's Makefile gives to its Kconfig files. */
import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { profileArch } from '../arch.js';

/** What the user can say about the tools. Variables of the same names in the environment count when absent here. */
export interface ToolChoice {
  readonly crossCompile?: string;
  /** Values as for make: CC, LD, LLVM, RUSTC, ... */
  readonly variables?: Readonly<Record<string, string>>;
}

/** ARCH for make, the directory below arch/, and the usual prefix of Debian's cross compiler. */
const ARCHITECTURES = {
  arm64: { arch: 'arm64', directory: 'arm64', prefix: 'aarch64-linux-gnu-', machine: 'arm64' },
  arm: { arch: 'arm', directory: 'arm', prefix: 'arm-linux-gnueabihf-', machine: 'arm' },
  riscv64: { arch: 'riscv', directory: 'riscv', prefix: 'riscv64-linux-gnu-', machine: 'riscv64' },
  x86_64: { arch: 'x86_64', directory: 'x86', prefix: 'x86_64-linux-gnu-', machine: 'x64' },
} as const;

const TOOLS = ['CC', 'LD', 'AR', 'NM', 'OBJCOPY', 'OBJDUMP', 'READELF', 'STRIP'] as const;
const PLAIN_TOOLS: Readonly<Record<string, string>> = {
  HOSTCC: 'gcc',
  HOSTCXX: 'g++',
  RUSTC: 'rustc',
  BINDGEN: 'bindgen',
  PAHOLE: 'pahole',
  PYTHON3: 'python3',
  AWK: 'awk',
};
const LLVM_TOOLS: Readonly<Record<string, string>> = {
  CC: 'clang',
  LD: 'ld.lld',
  AR: 'llvm-ar',
  NM: 'llvm-nm',
  OBJCOPY: 'llvm-objcopy',
  OBJDUMP: 'llvm-objdump',
  READELF: 'llvm-readelf',
  STRIP: 'llvm-strip',
  HOSTCC: 'clang',
  HOSTCXX: 'clang++',
};

const OPTIONAL = ['USERCFLAGS', 'USERLDFLAGS', 'CROSS_COMPILE_COMPAT', 'KBUILD_DEFCONFIG', 'PAHOLE_VERSION'];
/** Android's kernels read Kconfig files of modules outside the tree below these. */
export const EXTERNAL_PREFIXES = ['KCONFIG_EXT_PREFIX', 'KCONFIG_EXT_MODULES_PREFIX'];

export interface KbuildEnvironment {
  /** ARCH, SRCARCH, srctree, KERNELVERSION and the tools, not yet what they say about themselves. */
  readonly variables: Record<string, string>;
  /** Looks up which file each tool is; the answer changes when a tool is replaced, appears or vanishes. */
  readonly toolIdentity: () => readonly string[];
}

/** @returns undefined for an architecture that is not among the four */
export function kbuildEnvironment(
  directory: string,
  arch: string,
  host: NodeJS.ProcessEnv,
  choice: ToolChoice = {},
): KbuildEnvironment | undefined {
  const name = profileArch(arch);
  if (!name) return undefined;
  const given = (variable: string) => choice.variables?.[variable] ?? host[variable];
  const { arch: makeArch, directory: srcarch, prefix, machine } = ARCHITECTURES[name];
  const searchPath = host.PATH ?? '';
  const usual = process.arch !== machine && which(`${prefix}gcc`, searchPath) ? prefix : '';
  const cross = choice.crossCompile ?? given('CROSS_COMPILE') ?? usual;
  const llvm = Boolean(given('LLVM'));
  const variables: Record<string, string> = {
    ARCH: makeArch,
    SRCARCH: srcarch,
    srctree: directory,
    KERNELVERSION: kernelVersion(directory),
    CLANG_FLAGS: llvm ? `--target=${prefix.replace(/-$/, '')} -fintegrated-as` : '',
  };
  for (const tool of TOOLS)
    variables[tool] =
      given(tool) ?? (llvm ? (LLVM_TOOLS[tool] as string) : `${cross}${tool === 'CC' ? 'gcc' : tool.toLowerCase()}`);
  for (const [tool, program] of Object.entries(PLAIN_TOOLS))
    variables[tool] = given(tool) ?? ((llvm && LLVM_TOOLS[tool]) || program);
  for (const optional of [...OPTIONAL, ...EXTERNAL_PREFIXES])
    if (given(optional) !== undefined) variables[optional] = given(optional) as string;
  const assembler = (variables['LD'] as string).replace(/ld(\.\w+)?$/, 'as');
  const programs = [...TOOLS, ...Object.keys(PLAIN_TOOLS)].map((tool) => variables[tool] as string);
  return {
    variables,
    toolIdentity: () => [...new Set([...programs, assembler, 'sh'])].map((program) => identity(program, searchPath)),
  };
}

/** VERSION.PATCHLEVEL.SUBLEVEL and EXTRAVERSION of the Makefile; empty without one. */
function kernelVersion(directory: string): string {
  let makefile: string;
  try {
    // The version is in its first lines.
    makefile = readFileSync(path.join(directory, 'Makefile'), 'latin1').slice(0, 4096);
  } catch {
    return '';
  }
  const value = (name: string) => new RegExp(`^${name} *= *(.*?) *$`, 'm').exec(makefile)?.[1] ?? '';
  const numbers = [value('VERSION'), value('PATCHLEVEL'), value('SUBLEVEL')].filter(Boolean).join('.');
  return `${numbers}${value('EXTRAVERSION')}`;
}

function which(program: string, searchPath: string): string | undefined {
  const candidates = program.includes('/')
    ? [program]
    : searchPath.split(path.delimiter).map((directory) => path.join(directory, program));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function identity(command: string, searchPath: string): string {
  // CC may be `ccache gcc`: the last word without a dash is the compiler.
  const words = command.split(/\s+/).filter((word) => word !== '' && !word.startsWith('-'));
  const parts = words.map((program) => {
    const file = which(program, searchPath);
    if (!file) return `${program}: none`;
    const real = realpathSync(file);
    const { size, mtimeMs } = statSync(real);
    return `${program}: ${real} ${size} ${mtimeMs}`;
  });
  return parts.join(', ');
}
