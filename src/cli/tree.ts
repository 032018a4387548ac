/**
 * Writes a generated tree so that a crash leaves the old one or the new one, and nothing a person edited is lost.
 *
 * The new tree is made beside the old one, files of others included, and takes its place by rename. Between the two
 * renames nothing of ours can interrupt; should the power fail there, the next run finds the old tree and puts it back.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { artifactPath } from '../render/index.js';
import { reasonOf } from './files.js';
import { uninterrupted } from './interrupt.js';

export const MANIFEST = 'dmaheap.manifest.json';
const MANIFEST_VERSION = 1;

export const GENERATE_CODES = defineCodes({
  'generate/edited': {
    severity: 'error',
    title: 'file edited since it was generated',
    explain:
      'A generated file differs from what dmaheap wrote. It is not overwritten: move the change into the profile, or give --force.',
  },
  'generate/foreign': {
    severity: 'error',
    title: 'file not written by dmaheap',
    explain:
      'A file, a directory or a link that is not listed in the manifest stands in the output directory where a file is to be written, or a directory for it.',
  },
  'generate/lost': {
    severity: 'warning',
    title: 'something is lost by --force',
    explain:
      'What dmaheap did not write, or what was edited since, stood where a file is to be written, and --force was given.',
  },
  'generate/manifest': {
    severity: 'error',
    title: 'manifest unreadable',
    explain:
      'dmaheap.manifest.json, which says what dmaheap wrote, cannot be understood, so edits cannot be told from output.',
  },
  'generate/cannot-write': {
    severity: 'error',
    title: 'output cannot be written',
    explain: 'The output directory cannot be created or written. Nothing was changed.',
  },
});
const report = reporter(GENERATE_CODES);

export const TREE_CODES = defineCodes({
  'tree/edited': {
    severity: 'error',
    title: 'file edited since it was generated',
    explain:
      'A file differs from what dmaheap wrote: the next dmaheap generate refuses to overwrite it, and the profile no longer says what the board gets. --allow-edited makes it a warning.',
  },
  'tree/missing': {
    severity: 'error',
    title: 'generated file gone',
    explain: 'The manifest lists a file that is no longer there, so the tree is not whole.',
  },
  'tree/extra': {
    severity: 'note',
    title: 'file not written by dmaheap',
    explain: 'A file in the tree is not listed in its manifest. It is left alone, and was checked like the others.',
  },
});
const reportTree = reporter(TREE_CODES);

export interface TreeFile {
  /** Relative to the output directory, checked by {@link artifactPath}. */
  readonly path: string;
  readonly text: string;
  readonly mode?: number;
}

/** An input: its path from the output directory, or its value where it is not a file; and the SHA-256 of what it held. */
export interface RecordedInput {
  readonly file?: string;
  readonly value?: string | readonly string[];
  readonly sha256: string;
}
export type RecordedInputs = Readonly<Record<string, RecordedInput>>;

export interface Manifest {
  readonly schemaVersion: number;
  readonly generator: string;
  readonly profile: { readonly name: string; readonly sha256: string };
  readonly board: {
    readonly arch: string;
    readonly dtb?: string;
    /** Absent in trees of older releases. */
    readonly pageSizeBytes?: number;
    /** Banks; addresses and sizes in hexadecimal. */
    readonly memory?: readonly { readonly base: string; readonly size: string }[];
    readonly addressBits?: Readonly<Record<string, number>>;
  };
  readonly commandLine?: string;
  readonly kernel: { readonly min: string; readonly max: string };
  /** The heaps that the tree is about, under their names by kernel. */
  readonly heaps?: readonly ManifestHeap[];
  /** What the tree was made from, beside the profile. */
  readonly inputs?: RecordedInputs;
  /** SHA-256 of every file, by path. */
  readonly files: Readonly<Record<string, string>>;
}

export interface ManifestHeap {
  readonly name: string;
  readonly kind: 'region' | 'system' | 'vendor';
  readonly area?: string;
  readonly isDefault?: boolean;
  readonly cached?: boolean;
  /** A kernel without it is no fault. */
  readonly optional?: boolean;
  readonly nodes: readonly {
    readonly name: string;
    readonly since?: string;
    readonly until?: string;
    readonly optional?: boolean;
  }[];
}

export type Action = 'add' | 'change' | 'remove' | 'keep';

export interface TreeChange {
  readonly path: string;
  readonly action: Action;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** It is removed because another kind of thing is to be there. */
  readonly isInTheWay?: true;
}

const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');

/**
 * As mkdir -p. Not Node's recursive mkdir, which asks for ever where the parent answers ENOENT to every name, as /proc
 * does.
 */
function makeDirectories(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectories(path.dirname(directory));
  mkdirSync(directory);
}

/** @returns undefined when there is nothing; a link is not followed */
function lookAt(file: string): Stats | undefined {
  try {
    return lstatSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** What is no file where one is to be, or no directory where one is to be. */
interface Obstacle {
  readonly obstacle: string;
  /** When it is a file. */
  readonly text: string | undefined;
}

/** What stands where a file is to be: its text, nothing, or what is in the way of it. No link is followed. */
function standing(directory: string, relative: string): string | Obstacle | undefined {
  const parts = relative.split('/');
  for (const [i] of parts.entries()) {
    const at = parts.slice(0, i + 1).join('/');
    const file = path.join(directory, at);
    const stat = lookAt(file);
    if (stat === undefined) return undefined;
    if (i < parts.length - 1 ? !stat.isDirectory() : !stat.isFile())
      return { obstacle: at, text: stat.isFile() ? readFileSync(file, 'utf8') : undefined };
  }
  return readFileSync(path.join(directory, relative), 'utf8');
}

function kindOf(file: string): string {
  const stat = lstatSync(file);
  if (stat.isSymbolicLink()) return `a symbolic link to ${readlinkSync(file)}`;
  if (!stat.isDirectory()) return stat.isFile() ? 'a file' : 'neither file nor directory';
  const { length } = readdirSync(file);
  return length === 0 ? 'an empty directory' : `a directory with ${length === 1 ? '1 entry' : `${length} entries`}`;
}

/** @returns undefined when there is none; 'bad' when it cannot be understood */
export function readManifest(directory: string): Manifest | 'bad' | undefined {
  const text = standing(directory, MANIFEST);
  if (typeof text !== 'string') return undefined;
  try {
    const manifest = JSON.parse(text) as Manifest;
    const files = Object.entries(manifest.files);
    const sound =
      manifest.schemaVersion === MANIFEST_VERSION &&
      files.every(([p, hash]) => artifactPath(p) !== undefined && typeof hash === 'string');
    return sound ? manifest : 'bad';
  } catch {
    return 'bad';
  }
}

export function makeManifest(about: Omit<Manifest, 'schemaVersion' | 'files'>, files: readonly TreeFile[]): Manifest {
  return {
    schemaVersion: MANIFEST_VERSION,
    ...about,
    files: Object.fromEntries(files.map((f) => [f.path, sha256(f.text)])),
  };
}

export function manifestFile(manifest: Manifest): TreeFile {
  return { path: MANIFEST, text: `${JSON.stringify(manifest, null, 2)}\n` };
}

/** Over what was generated, and nothing about how. */
export function manifestDigest({ files }: Manifest): string {
  return sha256(JSON.stringify(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/**
 * What became of a generated tree since it was written.
 * @param present every file there is, relative to the directory
 * @param shown how a file is named in findings
 */
export function compareWithManifest(
  directory: string,
  manifest: Manifest,
  present: readonly string[],
  shown: (file: string) => string,
  allowEdited = false,
): Diagnostic[] {
  const known = Object.keys(manifest.files);
  const at = (file: string) => ({ file: shown(file), line: 1, column: 1, endLine: 1, endColumn: 1 });
  const missing = known.filter((file) => !present.includes(file));
  const edited = known.filter(
    (file) => present.includes(file) && sha256(readFileSync(path.join(directory, file))) !== manifest.files[file],
  );
  const extra = present.filter((file) => file !== MANIFEST && !Object.hasOwn(manifest.files, file));
  return [
    ...missing.map((file) =>
      reportTree('tree/missing', {
        message: `${shown(file)} was generated and is gone`,
        fix: 'dmaheap generate writes it again',
        span: at(MANIFEST),
      }),
    ),
    ...edited.map((file) =>
      reportTree('tree/edited', {
        severity: allowEdited ? 'warning' : 'error',
        message: `${shown(file)} was edited since it was generated`,
        cause: 'it is no longer what the profile says',
        fix: 'move the change into the profile (dmaheap generate --diff shows it, --force drops it), or give --allow-edited',
        span: at(file),
      }),
    ),
    ...extra.map((file) =>
      reportTree('tree/extra', { message: `${shown(file)} was not written by dmaheap`, span: at(file) }),
    ),
  ];
}

interface Comparison {
  readonly changes: TreeChange[];
  readonly diagnostics: Diagnostic[];
}

const cannot = (what: string, error: unknown) =>
  report('generate/cannot-write', {
    message: `cannot ${what}`,
    cause: reasonOf(error),
    fix: 'give a directory that you may write with -o; nothing was changed',
  });

/** What writing the files would change, and what stands in the way of it. */
export function compareTree(directory: string, files: readonly TreeFile[], force: boolean): Comparison {
  try {
    return compare(directory, files, force);
  } catch (error) {
    const { path: file } = error as NodeJS.ErrnoException;
    if (file === undefined) throw error;
    return { changes: [], diagnostics: [cannot(`read ${file}`, error)] };
  }
}

function compare(directory: string, files: readonly TreeFile[], force: boolean): Comparison {
  const manifest = readManifest(directory);
  const diagnostics: Diagnostic[] = [];
  if (manifest === 'bad' && !force)
    diagnostics.push(
      report('generate/manifest', {
        message: `${path.join(directory, MANIFEST)} is not a manifest of this version`,
        fix: 'generate into an empty directory, or give --force to overwrite',
      }),
    );
  const known = typeof manifest === 'object' ? manifest.files : {};
  /** Objects to the loss of what stands there; with --force says what it is. `before`: the text, when it is a file. */
  const object = (relative: string, before: string | undefined) => {
    const file = path.join(directory, relative);
    const hash = Object.hasOwn(known, relative) ? known[relative] : undefined;
    if (before !== undefined && hash === sha256(before)) return;
    const isEdited = before !== undefined && hash !== undefined;
    if (force)
      diagnostics.push(
        report('generate/lost', {
          message: isEdited
            ? `${file} was edited since it was generated: the edit is lost`
            : `${file}, ${kindOf(file)} that dmaheap did not write, is lost`,
        }),
      );
    else
      diagnostics.push(
        isEdited
          ? report('generate/edited', {
              message: `${file} was edited since it was generated`,
              cause: 'overwriting it would lose the edit',
              fix: 'move the change into the profile (--diff shows the difference), or give --force to overwrite it',
            })
          : report('generate/foreign', {
              message: `${file} is ${kindOf(file)} and was not written by dmaheap`,
              cause: `a ${wanted.has(relative) ? 'file' : 'directory'} is to be written there`,
              fix: 'generate elsewhere, move it away, or give --force to replace it',
            }),
      );
  };
  const wanted = new Set(files.map((f) => f.path));
  const obstacles = new Set<string>();
  const changes: TreeChange[] = [];
  for (const file of files) {
    const found = standing(directory, file.path);
    if (typeof found === 'object' && !obstacles.has(found.obstacle)) {
      const { obstacle, text } = found;
      obstacles.add(obstacle);
      object(obstacle, text);
      changes.push({ path: obstacle, action: 'remove', before: text, after: undefined, isInTheWay: true });
    }
    const before = typeof found === 'string' ? found : undefined;
    const action = before === undefined ? 'add' : before === file.text ? 'keep' : 'change';
    if (action === 'change' && file.path !== MANIFEST) object(file.path, before);
    changes.push({ path: file.path, action, before, after: file.text });
  }
  for (const old of Object.keys(known)) {
    if (wanted.has(old) || obstacles.has(old)) continue;
    const before = standing(directory, old);
    if (typeof before !== 'string') continue;
    object(old, before);
    changes.push({ path: old, action: 'remove', before, after: undefined });
  }
  return { changes: changes.sort((a, b) => (a.path < b.path ? -1 : 1)), diagnostics };
}

/** The owner stays who it was, where we may say so. */
function keepOwner(target: string, { uid, gid }: Stats): void {
  try {
    chownSync(target, uid, gid);
  } catch {
    // Only root gives files away.
  }
}

/** Brings what others put into the old tree over into the new one. */
function adopt(from: string, to: string, skip: ReadonlySet<string>, below = ''): void {
  for (const entry of readdirSync(path.join(from, below), { withFileTypes: true })) {
    const relative = path.posix.join(below, entry.name);
    const target = path.join(to, relative);
    const source = path.join(from, relative);
    if (skip.has(relative)) continue;
    if (entry.isDirectory()) {
      makeDirectories(target);
      adopt(from, to, skip, relative);
      const stat = statSync(source);
      keepOwner(target, stat);
      chmodSync(target, stat.mode & 0o7777);
    } else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else {
      try {
        linkSync(source, target);
      } catch {
        copyFileSync(source, target, constants.COPYFILE_EXCL);
        keepOwner(target, statSync(source));
      }
    }
  }
}

function writeFiles(directory: string, files: readonly TreeFile[]): void {
  for (const file of files) {
    const target = path.join(directory, file.path);
    makeDirectories(path.dirname(target));
    writeFileSync(target, file.text, { mode: file.mode ?? 0o644, flush: true });
    chmodSync(target, file.mode ?? 0o644);
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A directory that cannot be exchanged for another: our own working directory, one above it, a mount point, one whose
 * parent we may not write, one of an owner to whom we may not give another.
 * @param beside where another would be made
 */
function isPinned(directory: string, beside: string): boolean {
  if (!existsSync(directory)) return false;
  const real = path.resolve(directory);
  const cwd = process.cwd();
  const { dev, uid } = statSync(real);
  const user = process.geteuid?.();
  if (cwd === real || cwd.startsWith(`${real}${path.sep}`) || dev !== statSync(path.dirname(real)).dev) return true;
  return (user !== 0 && user !== uid) || !canMake(beside);
}

/** Whether a directory can be made there; it is not kept. */
function canMake(directory: string): boolean {
  try {
    mkdirSync(directory);
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes what runs that were killed began. In a container every run may have the same process id. */
function removeStale(directory: string, prefix: string): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const pid = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (!/^\d+$/.test(pid) || (Number(pid) !== process.pid && isRunning(Number(pid)))) continue;
    try {
      rmSync(path.join(directory, name), { recursive: true, force: true });
    } catch {
      // Another user's, in a directory of all.
    }
  }
}

/** Writes the files. @returns a finding when that is not possible; the directory is then as it was. */
export function writeTree(
  output: string,
  files: readonly TreeFile[],
  changes: readonly TreeChange[],
): Diagnostic | undefined {
  return uninterrupted(() => exchange(output, files, changes));
}

function exchange(output: string, files: readonly TreeFile[], changes: readonly TreeChange[]): Diagnostic | undefined {
  // Through a link to the output directory it is the directory that is exchanged, not the link.
  const directory = existsSync(output) ? realpathSync(output) : output;
  const parent = path.dirname(directory);
  const base = path.basename(directory);
  const backup = path.join(parent, `.${base}.dmaheap-old`);
  try {
    if (existsSync(backup)) {
      if (existsSync(directory)) rmSync(backup, { recursive: true, force: true });
      else renameSync(backup, directory);
    }
    makeDirectories(parent);
    removeStale(parent, `.${base}.dmaheap-new-`);
    removeStale(directory, '.dmaheap-new-');
    const beside = path.join(parent, `.${base}.dmaheap-new-${process.pid}`);
    const inPlace = isPinned(directory, beside);
    const stage = inPlace ? path.join(directory, `.dmaheap-new-${process.pid}`) : beside;
    try {
      makeDirectories(stage);
      writeFiles(stage, files);
      if (inPlace) replaceEach(stage, directory, files, changes);
      else {
        if (existsSync(directory)) {
          const removed = changes.filter((c) => c.action === 'remove').map((c) => c.path);
          adopt(directory, stage, new Set([...removed, ...files.map((f) => f.path)]));
          dropEmptied(stage, removed);
          const stat = statSync(directory);
          keepOwner(stage, stat);
          chmodSync(stage, stat.mode & 0o7777);
        }
        syncDirectory(stage);
        if (existsSync(directory)) renameSync(directory, backup);
        renameSync(stage, directory);
        syncDirectory(parent);
        rmSync(backup, { recursive: true, force: true });
      }
    } finally {
      rmSync(stage, { recursive: true, force: true });
    }
    return undefined;
  } catch (error) {
    if (existsSync(backup) && !existsSync(directory)) renameSync(backup, directory);
    return cannot(`write ${directory}`, error);
  }
}

/** Where the directory itself cannot be exchanged, each file is; the manifest comes last, so a rerun completes it. */
function replaceEach(
  stage: string,
  directory: string,
  files: readonly TreeFile[],
  changes: readonly TreeChange[],
): void {
  for (const { path: obstacle, isInTheWay } of changes)
    if (isInTheWay) rmSync(path.join(directory, obstacle), { recursive: true, force: true });
  for (const file of files) makeDirectories(path.join(directory, path.dirname(file.path)));
  const ordered = [...files].sort((a, b) => Number(a.path === MANIFEST) - Number(b.path === MANIFEST));
  for (const file of ordered) renameSync(path.join(stage, file.path), path.join(directory, file.path));
  const removed = changes.filter((c) => c.action === 'remove' && !c.isInTheWay).map((c) => c.path);
  for (const old of removed) rmSync(path.join(directory, old), { force: true });
  dropEmptied(directory, removed);
}

/** Removes the directories in which nothing but removed files was. */
function dropEmptied(directory: string, removed: readonly string[]): void {
  for (const old of removed)
    for (let at = path.posix.dirname(old); at !== '.'; at = path.posix.dirname(at)) {
      const parent = path.join(directory, at);
      if (!existsSync(parent)) continue;
      if (readdirSync(parent).length > 0) break;
      rmdirSync(parent);
    }
}
