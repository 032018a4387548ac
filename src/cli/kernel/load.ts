/** A kernel source tree from the disk: its Kconfig, read once and kept until a file, a tool or the environment changes. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { deserialize, serialize, setFlagsFromString } from 'node:v8';
import { type Diagnostic, hasErrors, type Outcome } from '../../diagnostic/index.js';
import {
  assumedAnswer,
  detectDialect,
  type KconfigTree,
  type PackedTree,
  packTree,
  parseTree,
  type ReadFile,
  unpackTree,
} from '../../kconfig/index.js';
import { kbuildEnvironment, type ToolChoice } from './environment.js';
import { digest, type ProbeMode, Probes, type ProbeWorld } from './probes.js';

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
}

/**
 * Reading a tree is one long pass through much code. With V8's usual impatience a quarter of the CPU time goes into
 * optimising functions that are done before it pays.
 */
function beSlowToOptimise(): void {
  const version = Number(process.versions.v8.split('.')[0]);
  // Unknown flags are complained about on standard error, so only where the flag is known to exist.
  if (version >= 11 && version <= 13) setFlagsFromString('--interrupt-budget=1200000');
}

/** Reads a kernel's Kconfig. The value is absent when a diagnostic says why. */
export async function loadKernelTree(options: LoadOptions): Promise<Outcome<KernelTree>> {
  beSlowToOptimise();
  const directory = path.resolve(options.directory);
  const world = kbuildEnvironment(directory, options.arch, options.host, options.tools);
  if (!world) return failure(`there is no architecture '${options.arch}'`, 'Use arm64, arm, riscv64 or x86_64.');
  const mode = options.probes ?? { mode: 'deny' };
  const cacheDirectory =
    options.cacheDirectory === undefined
      ? path.join(options.host['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'dmaheap')
      : (options.cacheDirectory ?? undefined);
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
  const probes = await openProbes(mode, probeWorld);
  if (typeof probes === 'string') return failure(probes, 'Record one with --record-probes.');
  const questions = probes ? await describeTools(probes, variables, mode) : [];
  for (const { variable } of SELF_DESCRIPTIONS) variables[variable] ??= '';

  const cached = cacheDirectory === undefined ? undefined : cacheFile(cacheDirectory, directory, variables, mode.mode);
  const known = cached === undefined ? undefined : readCache(cached, directory, variables, probes?.answer);
  const value = (tree: KconfigTree, fromCache: boolean): KernelTree => ({
    tree,
    readFile,
    sourceArch: variables['SRCARCH'] as string,
    fromCache,
  });
  if (known) {
    if (options.record !== undefined) await probes?.record(options.record, [...questions, ...known.tree.probes.keys()]);
    return { value: value(known.tree, true), diagnostics: known.diagnostics };
  }
  const dialect = detectDialect(readFile);
  if (!dialect.value) return { diagnostics: dialect.diagnostics };
  const input = { readFile, environment: variables, dialect: dialect.value };
  if (mode.mode === 'run') await probes?.runMissing(input);
  const { value: tree, diagnostics } = parseTree({ ...input, probe: probes ? probes.answer : assumedAnswer });
  if (!tree) return { diagnostics };
  if (options.record !== undefined) await probes?.record(options.record, [...questions, ...tree.probes.keys()]);
  if (cached !== undefined && !hasErrors(diagnostics)) writeCache(cached, directory, tree, diagnostics);
  return { value: value(tree, false), diagnostics };
}

function failure(message: string, fix: string): { diagnostics: Diagnostic[] } {
  return { diagnostics: [{ code: 'kconfig/dialect', severity: 'error', message, fix }] };
}

/** A tree has two thousand files: one buffer for all saves asking for each one's size. */
let shared = Buffer.allocUnsafe(1 << 18);

/** The bytes of a file, valid until the next call; undefined when it cannot be read. */
function bytesOf(directory: string, name: string): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path.isAbsolute(name) ? name : `${directory}/${name}`, 'r');
  } catch {
    return undefined;
  }
  try {
    let length = 0;
    for (;;) {
      if (length === shared.length) shared = Buffer.concat([shared, Buffer.allocUnsafe(shared.length)]);
      const read = readSync(descriptor, shared, length, shared.length - length, null);
      length += read;
      // A short read of a regular file is its end.
      if (read === 0 || length < shared.length) return shared.subarray(0, length);
    }
  } catch {
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

function fileReader(directory: string): ReadFile {
  return (name) => bytesOf(directory, name)?.toString('latin1');
}

async function openProbes(mode: ProbeMode, world: ProbeWorld): Promise<Probes | string | undefined> {
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

interface CachedTree {
  /** Digest over the contents of all files, in order. */
  readonly contents: string;
  readonly packed: PackedTree;
  readonly diagnostics: readonly Diagnostic[];
}

/** Files that decide the dialect count like the Kconfig files. */
const DIALECT_FILES = [
  'lexer.l',
  'parser.y',
  'menu.c',
  'symbol.c',
  'expr.c',
  'expr.h',
  'internal.h',
  'confdata.c',
  'conf.c',
];

function cacheFile(root: string, directory: string, variables: Variables, mode: string): string {
  const key = [directory, mode, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
  return path.join(root, 'kconfig', `${digest(key.join('\n'))}.bin`);
}

/** Digest of the files a tree was read from; undefined when one is gone. */
export function contentsOf(directory: string, files: readonly string[]): string | undefined {
  const hash: Hash = createHash('sha256');
  for (const file of files) {
    const bytes = bytesOf(directory, file);
    if (!bytes) return undefined;
    hash.update(`${bytes.length}\n`);
    hash.update(bytes);
  }
  for (const file of DIALECT_FILES) hash.update(bytesOf(directory, `scripts/kconfig/${file}`) ?? 'absent');
  return hash.digest('hex');
}

function readCache(
  file: string,
  directory: string,
  variables: Variables,
  answer: ((command: string) => string | undefined) | undefined,
): { tree: KconfigTree; diagnostics: readonly Diagnostic[] } | undefined {
  let cached: CachedTree;
  try {
    cached = deserialize(readFileSync(file)) as CachedTree;
    const tree = unpackTree(cached.packed);
    if (!tree) return undefined;
    for (const [name, value] of tree.environment) if (variables[name] !== value) return undefined;
    if (answer) for (const [command, known] of tree.probes) if (answer(command) !== known) return undefined;
    if (contentsOf(directory, tree.files) !== cached.contents) return undefined;
    return { tree, diagnostics: cached.diagnostics };
  } catch {
    // Missing, of an older version, or broken off: the tree is read again and the file replaced.
    return undefined;
  }
}

function writeCache(file: string, directory: string, tree: KconfigTree, diagnostics: readonly Diagnostic[]): void {
  const contents = contentsOf(directory, tree.files);
  if (contents === undefined) return;
  const cached: CachedTree = { contents, packed: packTree(tree), diagnostics };
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, serialize(cached));
    renameSync(partial, file);
  } catch {
    // A cache that cannot be written costs time, nothing else.
  }
}
