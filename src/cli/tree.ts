/** A generated tree: its manifest, what a person changed in it, and what writing it anew would change. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import path from 'node:path';
import { filesDigest } from '../check/lock.js';
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { artifactPath } from '../render/index.js';
import { cannot, interruptedTrees, standingOutput, type TreeChange, type TreeFile } from './output/write.js';

export const MANIFEST = 'dmaheap.manifest.json';
const MANIFEST_VERSION = 1;

export const GENERATE_CODES = defineCodes({
  'generate/edited': {
    severity: 'error',
    title: 'generated file was edited',
    explain:
      'A generated file differs from what dmaheap wrote. dmaheap does not overwrite it. Move the change into the profile, or give --force.',
  },
  'generate/foreign': {
    severity: 'error',
    title: 'file not written by dmaheap',
    explain:
      'The output directory has a file, directory or link at a path that dmaheap must write, but the manifest does not list it.',
  },
  'generate/lost': {
    severity: 'warning',
    title: '--force overwrites a file',
    explain: 'With --force, dmaheap overwrites a file that it did not write or that was edited.',
  },
  'generate/manifest': {
    severity: 'error',
    title: 'manifest unreadable',
    explain:
      'dmaheap.manifest.json lists the files that dmaheap wrote. It is not valid, so dmaheap cannot distinguish edited files from generated ones.',
  },
});
const report = reporter(GENERATE_CODES);

export const TREE_CODES = defineCodes({
  'tree/edited': {
    severity: 'error',
    title: 'generated file was edited',
    explain:
      'A file differs from what dmaheap wrote. The next dmaheap generate refuses to overwrite it, and the profile no longer describes the board. With --allow-edited, this is a warning.',
  },
  'tree/missing': {
    severity: 'error',
    title: 'generated file missing',
    explain: 'The manifest lists a file that does not exist, so the tree is not complete.',
  },
  'tree/interrupted': {
    severity: 'error',
    title: 'tree of two runs',
    explain:
      'dmaheap generate was killed while it replaced the files of a directory that cannot be replaced as a whole, so some files are new and the others are old. Running it again completes the tree.',
  },
  'tree/extra': {
    severity: 'note',
    title: 'file not written by dmaheap',
    explain: 'The manifest does not list a file in the tree. The file is kept and is checked like the others.',
  },
});
const reportTree = reporter(TREE_CODES);

/**
 * An input: its path from the output directory, or its value where it is not a file; and the SHA-256 of what it held.
 */
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
  /** What the tree was made from; trees of older releases do not name the profile. */
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
  /** A kernel without it is not a fault. */
  readonly optional?: boolean;
  readonly nodes: readonly {
    readonly name: string;
    readonly since?: string;
    readonly until?: string;
    readonly optional?: boolean;
  }[];
}

const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');

/** @returns undefined when there is nothing; a link is not followed */
function lookAt(file: string): Stats | undefined {
  try {
    return lstatSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** A path that is not a file although a file is written there, or not a directory although one is needed. */
interface Obstacle {
  readonly obstacle: string;
  /** When it is a file. */
  readonly text: string | undefined;
}

type Standing = string | Obstacle | undefined;

/**
 * Looks what exists at paths of files in a directory: the text, nothing, or an object that prevents writing it. No link
 * is followed. Each directory is asked for once: a fleet has a hundred thousand files.
 */
function standingIn(directory: string): (relative: string) => Standing {
  const seen = new Map<string, 'directory' | Obstacle | undefined>();
  if (!existsSync(directory)) return () => undefined;
  const look = (at: string): 'directory' | 'file' | Obstacle | undefined => {
    const parent = path.posix.dirname(at);
    const above = parent === '.' ? 'directory' : directoryAt(parent);
    if (above !== 'directory') return above;
    const stat = lookAt(path.join(directory, at));
    if (stat === undefined) return undefined;
    return stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : { obstacle: at, text: undefined };
  };
  const textOf = (at: string) => readFileSync(path.join(directory, at), 'utf8');
  const directoryAt = (at: string) => {
    if (!seen.has(at)) {
      const found = look(at);
      seen.set(at, found === 'file' ? { obstacle: at, text: textOf(at) } : found);
    }
    return seen.get(at);
  };
  return (relative) => {
    const found = look(relative);
    if (found === 'file') return textOf(relative);
    return found === 'directory' ? { obstacle: relative, text: undefined } : found;
  };
}

function kindOf(file: string): string {
  const stat = lstatSync(file);
  if (stat.isSymbolicLink()) return `a symbolic link to ${readlinkSync(file)}`;
  if (!stat.isDirectory()) return stat.isFile() ? 'a file' : 'not a file or directory';
  const { length } = readdirSync(file);
  return length === 0 ? 'an empty directory' : `a directory with ${length === 1 ? '1 entry' : `${length} entries`}`;
}

/** What is in the place of a file that is not there, or of a directory above it. */
function otherKind(directory: string, file: string): string {
  const parts = file.split('/');
  for (const [i] of parts.entries()) {
    const above = parts.slice(0, i + 1).join('/');
    const stat = lookAt(path.join(directory, above));
    if (stat === undefined) break;
    if (stat.isSymbolicLink() || i === parts.length - 1) return `${above} is ${kindOf(path.join(directory, above))}`;
  }
  return 'it does not exist';
}

/** @returns undefined when there is none; 'bad' when it cannot be understood */
export function readManifest(directory: string): Manifest | 'bad' | undefined {
  const text = standingIn(directory)(MANIFEST);
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

const DIGESTS = new Map<string, string>();

/** Every tree of a fleet has the same sources of the verifier. */
function digestOf(text: string): string {
  const known = DIGESTS.get(text);
  if (known !== undefined) return known;
  const digest = sha256(text);
  if (DIGESTS.size >= 1000) DIGESTS.clear();
  DIGESTS.set(text, digest);
  return digest;
}

export function makeManifest(about: Omit<Manifest, 'schemaVersion' | 'files'>, files: readonly TreeFile[]): Manifest {
  return {
    schemaVersion: MANIFEST_VERSION,
    ...about,
    files: Object.fromEntries(files.map((f) => [f.path, digestOf(f.text)])),
  };
}

export function manifestFile(manifest: Manifest): TreeFile {
  return { path: MANIFEST, text: `${JSON.stringify(manifest, null, 2)}\n` };
}

/** Over what was generated, and nothing about how. */
export function manifestDigest({ files }: Manifest): string {
  return filesDigest(files);
}

/** A build leaves files by the dozen: they are one finding for each folder at the top. */
function byFolder(files: readonly string[]): readonly (readonly [folder: string, files: readonly string[]])[] {
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const folder = file.includes('/') ? file.slice(0, file.indexOf('/')) : '.';
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return [...folders];
}

function listed(files: readonly string[], folder: string): string {
  const names = files.slice(0, 3).map((file) => (folder === '.' ? file : file.slice(folder.length + 1)));
  return `${names.join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`;
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
  const hashOf = (file: string) => sha256(readFileSync(path.join(directory, file)));
  const differing = known.filter((file) => present.includes(file) && hashOf(file) !== manifest.files[file]);
  const written = writtenHere(directory, undefined);
  const isNew = (file: string) => written.get(file)?.has(hashOf(file)) === true;
  const edited = differing.filter((file) => !isNew(file));
  const extra = present.filter((file) => file !== MANIFEST && !Object.hasOwn(manifest.files, file));
  return [
    ...[...differing, ...extra].filter(isNew).map((file) =>
      reportTree('tree/interrupted', {
        message: `${shown(file)} is of a later run than the manifest`,
        cause: 'dmaheap generate was killed while it wrote the tree',
        fix: 'run dmaheap generate again',
        span: at(file),
      }),
    ),
    ...missing.map((file) =>
      reportTree('tree/missing', {
        message: `${shown(file)} was generated, but ${otherKind(directory, file)}`,
        fix: 'run dmaheap generate again',
        span: at(MANIFEST),
      }),
    ),
    ...edited.map((file) =>
      reportTree('tree/edited', {
        severity: allowEdited ? 'warning' : 'error',
        message: `${shown(file)} was edited since it was generated`,
        cause: 'it no longer follows from the profile',
        fix: 'move the change into the profile (dmaheap generate --diff shows it, --force drops it), or give --allow-edited',
        span: at(file),
      }),
    ),
    ...byFolder(extra.filter((file) => !isNew(file))).map(([folder, [first = '', ...more]]) =>
      reportTree('tree/extra', {
        message:
          more.length === 0
            ? `${shown(first)} was not written by dmaheap`
            : `${more.length + 1} files in ${shown(folder)} were not written by dmaheap: ${listed([first, ...more], folder)}`,
        span: at(first),
      }),
    ),
  ];
}

/**
 * SHA-256 of what dmaheap wrote, by path. A run that was killed may have left some files as they were and others new.
 */
function writtenHere(directory: string, manifest: Manifest | 'bad' | undefined): Map<string, Set<string>> {
  const manifests = [manifest, ...interruptedTrees(directory).map(readManifest)];
  const written = new Map<string, Set<string>>();
  for (const one of manifests)
    for (const [file, hash] of Object.entries(typeof one === 'object' ? one.files : {}))
      written.set(file, (written.get(file) ?? new Set()).add(hash));
  return written;
}

interface Comparison {
  readonly changes: TreeChange[];
  readonly diagnostics: Diagnostic[];
}

/**
 * What writing the files would change, and what prevents it.
 * @param diff how to see the difference, for a command that can show it
 */
export function compareTree(directory: string, files: readonly TreeFile[], force: boolean, diff = ''): Comparison {
  try {
    return compare(directory, standingOutput(directory), files, force, diff);
  } catch (error) {
    const { path: file } = error as NodeJS.ErrnoException;
    if (file === undefined) throw error;
    return { changes: [], diagnostics: [cannot(`read ${file}`, error)] };
  }
}

/** @param from the directory with the existing output; findings name `directory`, its final place */
function compare(
  directory: string,
  from: string,
  files: readonly TreeFile[],
  force: boolean,
  diff: string,
): Comparison {
  const manifest = readManifest(from);
  const diagnostics: Diagnostic[] = [];
  if (manifest === 'bad' && !force)
    diagnostics.push(
      report('generate/manifest', {
        message: `${path.join(directory, MANIFEST)} is not a manifest of this version`,
        fix: 'generate into an empty directory, or give --force to overwrite',
      }),
    );
  const known = writtenHere(from, manifest);
  /** Refuses the loss of what exists there; with --force reports it. `before`: the text, when it is a file. */
  const object = (relative: string, before: string | undefined) => {
    const file = path.join(directory, relative);
    const hashes = known.get(relative);
    if (before !== undefined && hashes?.has(sha256(before)) === true) return;
    const isEdited = before !== undefined && hashes !== undefined;
    if (force)
      diagnostics.push(
        report('generate/lost', {
          message: isEdited
            ? `${file} was edited since it was generated; the edit is lost`
            : `${file}, ${kindOf(path.join(from, relative))} that dmaheap did not write, is lost`,
        }),
      );
    else
      diagnostics.push(
        isEdited
          ? report('generate/edited', {
              message: `${file} was edited since it was generated`,
              cause: 'the edit would be lost',
              fix: `move the change into the profile${diff}, or give --force to overwrite it`,
            })
          : report('generate/foreign', {
              message: `${file} is ${kindOf(path.join(from, relative))} and was not written by dmaheap`,
              cause: `dmaheap must write a ${wanted.has(relative) ? 'file' : 'directory'} there`,
              fix: 'choose another output directory, move it, or give --force to replace it',
            }),
      );
  };
  const wanted = new Set(files.map((f) => f.path));
  const standing = standingIn(from);
  const obstacles = new Set<string>();
  const changes: TreeChange[] = [];
  for (const file of files) {
    const found = standing(file.path);
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
  for (const old of known.keys()) {
    if (wanted.has(old) || obstacles.has(old)) continue;
    const before = standing(old);
    if (typeof before !== 'string') continue;
    object(old, before);
    changes.push({ path: old, action: 'remove', before, after: undefined });
  }
  return { changes: changes.sort((a, b) => (a.path < b.path ? -1 : 1)), diagnostics };
}
