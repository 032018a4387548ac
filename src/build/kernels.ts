/**
 * Writes the kernel descriptions that ship, below schemas/kernels/: `npm run kernels [-- NAME...]`. A source that Debian does not
 * have is used if it is in the cache; the others are named, and their descriptions do not change.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Context } from '../cli/context.js';
import { readTree } from '../cli/kernel-reading.js';
import { openKernelTree } from '../cli/kernel-tree.js';
import { writeDescription } from '../knowledge/index.js';
import { cacheRoot, kernelTree } from './fetch/index.js';
import sources from './kernels.json' with { type: 'json' };

/** One description that ships. */
interface Source {
  readonly arch: string;
  /** A series that Debian has the source of; else `tree`. */
  readonly version?: string;
  /** Below `trees/` of the cache. */
  readonly tree?: string;
  /** Where the source comes from. */
  readonly origin: string;
  /** Boots of a kernel of this very source that agreed, by the reality lab. */
  readonly booted?: readonly string[];
}

const context = new Context(
  { format: 'human', quiet: true, verbose: false, color: false, directory: process.cwd() },
  process.env,
  { stdout: (text) => process.stdout.write(text), stderr: (text) => process.stderr.write(text) },
  {},
);

const KERNELS = new URL('../../schemas/kernels/', import.meta.url).pathname;

async function directoryOf({ version, tree }: Source): Promise<string | undefined> {
  if (version !== undefined) return kernelTree(version);
  const directory = path.join(cacheRoot(), 'trees', tree ?? '');
  return existsSync(path.join(directory, 'Makefile')) ? directory : undefined;
}

async function describe(name: string, source: Source): Promise<void> {
  const directory = await directoryOf(source);
  const file = path.join(KERNELS, `${name}.kernel.json`);
  if (directory === undefined) {
    console.error(`${name}: its source ${source.tree} is not in the cache; the description stays as it is`);
    return;
  }
  const open = await openKernelTree(context, { kernelTree: directory, arch: source.arch });
  const reading = await readTree(context, open, {
    shown: name,
    base: undefined,
    isWritten: true,
    origin: source.origin,
  });
  const booted = source.booted === undefined ? {} : { booted: source.booted };
  const text = `${JSON.stringify(writeDescription({ ...reading.knowledge, ...booted }, reading.source), null, 1)}\n`;
  const isNew = !existsSync(file) || readFileSync(file, 'utf8') !== text;
  mkdirSync(KERNELS, { recursive: true });
  if (isNew) writeFileSync(file, text);
  console.log(`${isNew ? 'wrote    ' : 'unchanged'} ${name}.kernel.json ${text.length}`);
}

const wanted = process.argv.slice(2);
for (const [name, source] of Object.entries(sources as Readonly<Record<string, Source>>))
  if (wanted.length === 0 || wanted.includes(name)) await describe(name, source);
