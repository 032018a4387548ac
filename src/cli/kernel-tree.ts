/** The kernel tree that a command was given. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { formatKernelVersion, type KernelVersion, parseKernelVersion } from '../facts/index.js';
import { type KconfigTree, probeDependents, probedSymbols } from '../kconfig/index.js';
import { type ProfileArch, profileArch, unknownArch } from './arch.js';
import { readConfig } from './config.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { NO_FILE, readBytes, whyNoDirectory } from './files.js';
import { kbuildEnvironment } from './kernel/environment.js';
import { loadKernelTree } from './kernel/load.js';
import { parseProbeMode } from './kernel/probes.js';
import { refuseOldTree } from './knowledge.js';
import { Refusal } from './refusal.js';

export const TOOLCHAIN_CODES = defineCodes({
  'toolchain/not-asked': {
    severity: 'note',
    title: 'the answers of the toolchain are assumed',
    explain:
      'Kconfig asks the compiler and other tools what they can do. dmaheap does not run code of a kernel tree unless --probes run permits it. Otherwise it assumes the answers of a plain GCC, and symbols that depend on them are not proven for another toolchain.',
  },
});
const report = reporter(TOOLCHAIN_CODES);

export interface KernelTreeOptions {
  readonly kernelTree: string;
  readonly arch: string;
  /** `run`, `replay:FILE` or `deny`. */
  readonly probes?: string;
  readonly recordProbes?: string;
}

/**
 * @param words the command as it was typed, without these options
 * @throws {@link Refusal} that names all that is missing
 */
export function requireTree(
  context: Context,
  words: readonly string[],
  { kernelTree, arch }: Partial<KernelTreeOptions>,
): Pick<KernelTreeOptions, 'kernelTree' | 'arch'> {
  if (kernelTree !== undefined && arch !== undefined) return { kernelTree, arch };
  const missing = [...(kernelTree === undefined ? ['--kernel-tree'] : []), ...(arch === undefined ? ['--arch'] : [])];
  throw new Refusal(
    `${words[0]} needs ${missing.join(' and ')}`,
    EXIT.usage,
    context.nextCommand(...words, '--kernel-tree', kernelTree ?? 'linux', '--arch', arch ?? 'arm64'),
  );
}

export interface OpenTree {
  readonly directory: string;
  readonly arch: ProfileArch;
  readonly sourceArch: string;
  readonly version: KernelVersion | undefined;
  readonly tree: KconfigTree;
  /** What kbuild would say to the tree: ARCH, CC, ... */
  readonly variables: Readonly<Record<string, string>>;
  /** Probes whose answer was assumed; the result is then not proven for a real toolchain. */
  readonly assumedProbes: number;
  /** SHA-256 over everything of the tree that decides what a configuration means. */
  readonly digest: string;
  /** A file of the tree; undefined when there is none. */
  readonly readFile: (file: string) => string | undefined;
}

/** @throws {@link Refusal} where the directory is not the top of a kernel, or may not be read */
function topFile(directory: string, name: string, shown: string): string {
  const got = readBytes(path.join(directory, name));
  if ('bytes' in got) return Buffer.from(got.bytes).toString('latin1');
  throw new Refusal(
    `--kernel-tree ${shown}: ${got.error === NO_FILE ? `not a kernel source tree: there is no ${name}` : `cannot read ${name}: ${got.error}`}`,
    EXIT.environment,
    'give the directory with the top Makefile and Kconfig of the kernel; packages of headers lack most Kconfig files',
  );
}

/** @throws {@link Refusal} */
export async function openKernelTree(context: Context, options: KernelTreeOptions): Promise<OpenTree> {
  const arch = profileArch(options.arch);
  if (arch === undefined) throw unknownArch(options.arch);
  const probes = parseProbeMode(options.probes ?? 'deny');
  if (probes === undefined)
    throw new Refusal(`--probes ${options.probes}: not a valid mode`, EXIT.usage, 'use run, replay:FILE or deny');
  const given = context.resolve(options.kernelTree);
  const why = whyNoDirectory(given);
  if (why !== undefined)
    throw new Refusal(
      `--kernel-tree ${options.kernelTree}: ${why}`,
      EXIT.environment,
      'give the top directory of an unpacked kernel source, which has Makefile and Kconfig and which you may read',
    );
  const directory = realpathSync(given);
  topFile(directory, 'Kconfig', options.kernelTree);
  refuseOldTree(topFile(directory, 'Makefile', options.kernelTree), `--kernel-tree ${options.kernelTree}`);
  const loaded = await context.during(`reading the Kconfig files of ${options.kernelTree}`, () =>
    loadKernelTree({
      directory,
      arch,
      probes: probes.mode === 'replay' ? { ...probes, file: context.resolve(probes.file) } : probes,
      host: context.environment,
      show: context.showCommand,
      ...(options.recordProbes === undefined ? {} : { record: context.resolve(options.recordProbes) }),
    }),
  );
  if (loaded.value === undefined) {
    refuseCarriageReturns(directory, options.kernelTree, loaded.diagnostics);
    throw Refusal.because(EXIT.environment, loaded.diagnostics);
  }
  const { tree, readFile, sourceArch, digest } = loaded.value;
  const variables = kbuildEnvironment(directory, arch, context.environment)?.variables ?? {};
  return {
    directory,
    arch,
    sourceArch,
    version: parseKernelVersion((variables['KERNELVERSION'] ?? '').split('.').slice(0, 2).join('.')),
    tree,
    variables,
    assumedProbes: probes.mode === 'deny' ? tree.probes.size : 0,
    get digest() {
      return digest();
    },
    readFile,
  };
}

/**
 * Every line of a source with converted line ends is an error: this is reported once.
 * @throws {@link Refusal}
 */
function refuseCarriageReturns(directory: string, shown: string, diagnostics: readonly Diagnostic[]): void {
  const files = new Set(diagnostics.flatMap(({ span, severity }) => (severity === 'error' && span ? [span.file] : [])));
  for (const file of files) {
    const name = path.join(directory, file);
    if (!existsSync(name) || !readFileSync(name, 'latin1').includes('\r\n')) continue;
    throw new Refusal(
      `--kernel-tree ${shown}: ${file} has CRLF line ends, which conf of the kernel does not read`,
      EXIT.environment,
      "unpack the source without a conversion of line ends, or remove them: find . -name 'Kconfig*' -exec sed -i 's/\\r$//' {} +",
    );
  }
}

/** The defconfig that kbuild uses by default. */
export function defaultDefconfig(open: OpenTree): { readonly name: string; readonly text: string } | undefined {
  const { readFile, sourceArch, arch } = open;
  const makefile = readFile(`arch/${sourceArch}/Makefile`) ?? '';
  const named = [...makefile.matchAll(/^\s*KBUILD_DEFCONFIG\s*:=\s*(\w+)\s*$/gm)].map((match) => match[1] as string);
  const name = named.find((one) => one.startsWith(arch)) ?? named[0] ?? 'defconfig';
  const text = readFile(`arch/${sourceArch}/configs/${name}`);
  return text === undefined ? undefined : { name, text };
}

/** `6.12 arm64`. */
export function treeTitle({ version, arch }: OpenTree): string {
  return `${version === undefined ? 'kernel' : formatKernelVersion(version)} ${arch}`;
}

/** A configuration to start from: its text, one character per byte, and what it is called. */
export interface Base {
  readonly text: string;
  readonly name: string;
}

/**
 * The base to start from: the file the user names, else the architecture's defconfig.
 * @throws {@link Refusal}
 */
export function readBase(context: Context, open: OpenTree, file: string | undefined): Base {
  if (file !== undefined) return readGivenBase(context, open.arch, file);
  const found = defaultDefconfig(open);
  if (found !== undefined) return found;
  throw new Refusal('the tree has no defconfig for this architecture', EXIT.environment, 'give --base-config');
}

/**
 * The base that the user names.
 * @throws {@link Refusal}
 */
export function readGivenBase(context: Context, arch: ProfileArch | undefined, file: string): Base {
  // One character per byte, as the tree's own files are read.
  const got = readConfig(context.resolve(file), arch, 'latin1');
  if ('text' in got) return { text: got.text, name: file };
  throw new Refusal(`--base-config ${file}: ${got.error}`, got.exit, got.fix);
}

/** What stays unknown because no probe was run. */
export interface Assumptions {
  readonly probesAssumed: number;
  /** Symbols that a probe decides: their values are assumed. */
  readonly unknown: readonly string[];
  /** How many more symbols depend on those. */
  readonly unknownDependents: number;
  /** Of the symbols the answer speaks of, those whose value may be another with a real toolchain. */
  readonly unproven: readonly string[];
}

/**
 * Finds, and says on standard error, what is left unproven where nothing was run. @param spokenOf symbols of the answer
 */
export function noteAssumptions(
  context: Context,
  { assumedProbes, tree }: OpenTree,
  spokenOf: readonly { readonly symbol: string }[],
): Assumptions {
  if (assumedProbes === 0) return { probesAssumed: 0, unknown: [], unknownDependents: 0, unproven: [] };
  const { name: names } = tree.symbols;
  const probed = probedSymbols(tree);
  const reached = probeDependents(tree);
  const unknown = probed.map((symbol) => names[symbol] as string);
  const unproven = [...new Set(spokenOf.map(({ symbol }) => symbol))]
    .filter((name) => reached[tree.byName.get(name) ?? 0] === 1)
    .sort();
  const unknownDependents = reached.reduce((sum, one) => sum + one, 0) - probed.length;
  const listed = (list: readonly string[]) =>
    list.length > SHOWN ? `${list.slice(0, SHOWN).join(', ')} and ${list.length - SHOWN} more` : list.join(', ');
  // In the other formats it is part of the command's own result.
  if (context.options.format === 'human')
    context.findings([
      report('toolchain/not-asked', {
        message: `the toolchain was not asked; assuming the answers of a plain GCC to ${assumedProbes} questions about it`,
        cause: [
          `another toolchain may give other answers for ${listed(unknown)} (--format json lists all) and for the ${unknownDependents} symbols that depend on them;`,
          unproven.length === 0
            ? 'this result contains none of these symbols'
            : `this result contains ${listed(unproven)}`,
        ].join(' '),
        fix: 'give --probes run, which proves the answer for your toolchain',
      }),
    ]);
  return { probesAssumed: assumedProbes, unknown, unknownDependents, unproven };
}

/** Symbols named in a note; a reader of JSON gets them all. */
const SHOWN = 6;
