/**
 * A kernel source tree from the disk: its Kconfig, read once and kept until a file, a tool or the environment changes.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { type Diagnostic, hasErrors, type Outcome } from '../../diagnostic/index.js';
import {
  assumedAnswer,
  detectDialect,
  type KconfigTree,
  OUTSIDE_THE_TREE,
  parseTree,
  type ReadBytes,
  type ReadFile,
} from '../../kconfig/index.js';
import { readBytes } from '../files.js';
import { EXTERNAL_PREFIXES, kbuildEnvironment, type ToolChoice } from './environment.js';
import { type ProbeMode, Probes, type ProbeWorld } from './probes.js';
import { userCacheDirectory } from './store.js';
import { contentsOf, TreeCache } from './tree-cache.js';

export interface LoadOptions {
  /** Top of the kernel source tree. */
  readonly directory: string;
  /** By any of its names. */
  readonly arch: string;
  /** `deny` when absent. */
  readonly probes?: ProbeMode;
  readonly tools?: ToolChoice;
  /** The environment of the process. */
  readonly host: NodeJS.ProcessEnv;
  /** Where parsed trees and probe answers are kept; the user's cache when absent, nowhere when null. */
  readonly cacheDirectory?: string | null;
  /** Write the answers that were used to this file, for `replay`. */
  readonly record?: string;
  /** Gets every command before it runs. */
  readonly show?: (command: readonly string[]) => void;
}

export interface KernelTree {
  readonly tree: KconfigTree;
  /** Reads below the top of the tree, one character per byte as `.config` has to be read and written. */
  readonly readFile: ReadFile;
  /** Name of the directory below arch/. */
  readonly sourceArch: string;
  readonly fromCache: boolean;
  /** Of the contents of its files. */
  readonly digest: () => string;
}

/** Reads a kernel's Kconfig. The value is absent when a diagnostic says why. */
export async function loadKernelTree(options: LoadOptions): Promise<Outcome<KernelTree>> {
  const directory = path.resolve(options.directory);
  const world = kbuildEnvironment(directory, options.arch, options.host, options.tools);
  if (!world) return failure(`'${options.arch}' is not a supported architecture`, 'Use arm64, arm, riscv64 or x86_64.');
  const mode = options.probes ?? { mode: 'deny' };
  const cacheDirectory =
    options.cacheDirectory === undefined ? userCacheDirectory(options.host) : (options.cacheDirectory ?? undefined);
  const readFile = fileReader(directory);
  const { variables } = world;
  const probeWorld: ProbeWorld = {
    directory,
    variables,
    toolIdentity: world.toolIdentity,
    host: options.host,
    cacheDirectory,
    ...(options.show === undefined ? {} : { show: options.show }),
  };
  const probes = openProbes(mode, probeWorld);
  if (typeof probes === 'string') return failure(probes, 'Record one with --record-probes.');
  const questions = probes ? await describeTools(probes, variables, mode) : [];
  for (const { variable } of SELF_DESCRIPTIONS) variables[variable] ??= '';

  const key = [mode.mode, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
  const cache = cacheDirectory === undefined ? undefined : new TreeCache(cacheDirectory, directory, key);
  const known = cache?.read(variables, probes?.answer);
  const value = (tree: KconfigTree, fromCache: boolean, contents: string | undefined): KernelTree => ({
    tree,
    digest: () => contents ?? contentsOf(directory, tree.files) ?? '',
    readFile,
    sourceArch: variables['SRCARCH'] as string,
    fromCache,
  });
  if (known) {
    if (options.record !== undefined) probes?.record(options.record, [...questions, ...known.tree.probes.keys()]);
    return { value: value(known.tree, true, known.contents), diagnostics: known.diagnostics };
  }
  const dialect = detectDialect(readFile);
  if (!dialect.value) return { diagnostics: dialect.diagnostics };
  const input = {
    readFile,
    readBytes: bytesReader(directory, variables),
    environment: variables,
    dialect: dialect.value,
  };
  if (mode.mode === 'run') await probes?.runMissing(input);
  const { value: tree, diagnostics } = parseTree({ ...input, probe: probes ? probes.answer : assumedAnswer });
  if (!tree) return { diagnostics };
  if (options.record !== undefined) probes?.record(options.record, [...questions, ...tree.probes.keys()]);
  const contents = hasErrors(diagnostics) ? undefined : cache?.write(tree, diagnostics);
  return { value: value(tree, false, contents), diagnostics };
}

function failure(message: string, fix: string): { diagnostics: Diagnostic[] } {
  return { diagnostics: [{ code: 'kconfig/dialect', severity: 'error', message, fix }] };
}

function fileReader(directory: string): ReadFile {
  return (name) => {
    const got = readBytes(path.resolve(directory, name));
    return 'bytes' in got ? Buffer.from(got.bytes).toString('latin1') : undefined;
  };
}

/** Sources stay in the tree: a tree from elsewhere must not quote the user's other files in its messages. */
function bytesReader(directory: string, variables: Variables): ReadBytes {
  const external = EXTERNAL_PREFIXES.flatMap((name) => variables[name] || []);
  const roots = [directory, ...external].map((root) => `${path.resolve(directory, root)}${path.sep}`);
  const isOutside = (name: string) =>
    (path.isAbsolute(name) || name.includes('..')) &&
    !roots.some((root) => path.resolve(directory, name).startsWith(root));
  return (name, into, at) => {
    let descriptor: number;
    if (isOutside(name)) return OUTSIDE_THE_TREE;
    try {
      // A pipe would be waited for.
      const flags = constants.O_RDONLY | constants.O_NONBLOCK;
      descriptor = openSync(path.isAbsolute(name) ? name : `${directory}/${name}`, flags);
    } catch {
      return -1;
    }
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) return -1;
      const room = into.length - at;
      const size = room > 0 ? readSync(descriptor, into, at, room, null) : 0;
      // A short read of a regular file is its end.
      return size < room ? size : stat.size;
    } catch {
      return -1;
    } finally {
      closeSync(descriptor);
    }
  };
}

function openProbes(mode: ProbeMode, world: ProbeWorld): Probes | string | undefined {
  if (mode.mode === 'deny') return undefined;
  return mode.mode === 'run' ? Probes.cached(world) : Probes.recorded(world, mode.file);
}

/** Variables that kbuild fills by asking the tools, with the question. */
const SELF_DESCRIPTIONS = [
  {
    variable: 'CC_VERSION_TEXT',
    command: (v: Variables) => `${v['CC']} --version 2>/dev/null | head -n 1 | tr -d '#'`,
  },
  { variable: 'RUSTC_VERSION_TEXT', command: (v: Variables) => `${v['RUSTC']} --version 2>/dev/null | tr -d '#'` },
  {
    variable: 'PAHOLE_VERSION',
    command: (v: Variables) => `${v['srctree']}/scripts/pahole-version.sh ${v['PAHOLE']} 2>/dev/null`,
  },
] as const;
type Variables = Readonly<Record<string, string>>;

/** @returns the questions that were asked */
async function describeTools(
  probes: Probes,
  variables: Record<string, string>,
  mode: ProbeMode,
): Promise<readonly string[]> {
  const questions: string[] = [];
  for (const { variable, command } of SELF_DESCRIPTIONS) {
    if (variables[variable] !== undefined) continue;
    const question = command(variables);
    questions.push(question);
    variables[variable] = (mode.mode === 'run' ? await probes.ask(question) : probes.answer(question)) ?? '';
  }
  return questions;
}
