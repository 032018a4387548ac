/**
 * Writes a generated tree so that a crash leaves the old one or the new one, and nothing a person edited is lost.
 *
 * The new tree is made beside the old one, files of others included, and takes its place by rename. Between the two
 * renames nothing of ours can interrupt; should the power fail there, the next run finds the old tree and puts it back.
 */
import { randomUUID } from 'node:crypto';
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
import { type Diagnostic, defineCodes, reporter } from '../../diagnostic/index.js';
import { reasonNotWritten } from '../files.js';
import { uninterrupted } from '../interrupt.js';
import { type Holder, isRunning, untilFree, WAIT_SECONDS, withLock } from './lock.js';

export const OUTPUT_CODES = defineCodes({
  'generate/cannot-write': {
    severity: 'error',
    title: 'output cannot be written',
    explain: 'The output directory cannot be created, read or written. Nothing was changed.',
  },
  'generate/busy': {
    severity: 'error',
    title: 'another process writes the output',
    explain:
      'Only one process at a time writes an output directory. The finding names the process that holds the lock. Nothing was changed.',
  },
});
const report = reporter(OUTPUT_CODES);

export const cannot = (what: string, error: unknown): Diagnostic =>
  report('generate/cannot-write', {
    message: `cannot ${what}`,
    cause: reasonNotWritten(error),
    fix: 'give a writable directory with -o; no file was changed',
  });

export interface TreeFile {
  /** Relative to the output directory, checked by `artifactPath`. */
  readonly path: string;
  readonly text: string;
  readonly mode?: number;
}

export type Action = 'add' | 'change' | 'remove' | 'keep';

export interface TreeChange {
  readonly path: string;
  readonly action: Action;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** It is removed because an object of another kind replaces it. */
  readonly isInTheWay?: true;
}

/**
 * As mkdir -p. Not Node's recursive mkdir, which asks for ever where the parent answers ENOENT to every name, as /proc
 * does.
 */
function makeDirectories(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectories(path.dirname(directory));
  mkdirSync(directory);
}

/** A place that cannot be reached is none; who uses it says why it cannot be. */
function isLink(file: string): boolean {
  try {
    return lstatSync(file).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Through a link to the output directory it is the directory that is written, even while a writer exchanges it. */
function realOutput(output: string): string {
  try {
    return realpathSync(output);
  } catch (error) {
    // Links that lead to each other lead nowhere.
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return output;
    if (isLink(output)) return realOutput(path.resolve(path.dirname(output), readlinkSync(output)));
    const parent = path.dirname(output);
    return parent === output ? output : path.join(realOutput(parent), path.basename(output));
  }
}

/** The places around an output directory. */
interface Places {
  readonly directory: string;
  readonly parent: string;
  /** Where the old tree is while the new one takes its place. */
  readonly backup: string;
  /** Beginnings of names of new trees, beside the directory and in it. */
  readonly beside: string;
  readonly inside: string;
}

const INSIDE = '.dmaheap-new-';
const LOCK = '.dmaheap-lock';

/** Whether a writer keeps something under this name in an output directory while it writes. */
export const isOwnPlace = (name: string): boolean => name.startsWith(INSIDE) || name.startsWith(LOCK);

function placesOf(output: string): Places {
  const directory = realOutput(output);
  const parent = path.dirname(directory);
  const base = path.basename(directory);
  return {
    directory,
    parent,
    backup: path.join(parent, `.${base}.dmaheap-old`),
    beside: path.join(parent, `.${base}.dmaheap-new-`),
    inside: path.join(directory, INSIDE),
  };
}

/**
 * The directory whose files count as the output: after a crash in the middle of an exchange, the one that was moved
 * away.
 */
export function standingOutput(output: string): string {
  const { directory, backup } = placesOf(output);
  return !existsSync(directory) && existsSync(backup) ? backup : output;
}

/** Trees that killed runs began to move into a directory that cannot be exchanged. */
export function interruptedTrees(directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => name.startsWith(INSIDE));
    return names.map((name) => path.join(directory, name, NEW));
  } catch {
    return [];
  }
}

/**
 * Where the lock of a directory is: beside it, because the directory itself is exchanged. In it where it cannot be
 * exchanged, so that all who see the directory see the lock.
 */
function lockOf({ directory, parent }: Places): string {
  const beside = path.join(parent, `.${path.basename(directory)}${LOCK}`);
  const inside = path.join(directory, LOCK);
  const own = statSync(directory, { throwIfNoEntry: false });
  if (own !== undefined && own.dev !== statSync(parent).dev) return inside;
  return own === undefined || canMake(`${beside}-${randomUUID()}`) ? beside : inside;
}

const nameOf = ({ pid, host, since }: Holder) =>
  pid === 0 ? 'an unknown process' : `process ${pid} on ${host}, since ${since},`;

/**
 * Lets one process at a time compare and write an output directory.
 * @param note says that, and for whom, it waits
 * @param isWriting false for what only reads: it waits for a writer and excludes no other process
 * @returns a finding when another process does not let go of the directory
 */
export async function oneAtATime<T>(
  output: string,
  isWriting: boolean,
  note: (text: string) => void,
  body: () => T,
): Promise<{ readonly value: T } | { readonly problem: Diagnostic }> {
  const onWait = (holder: Holder) =>
    note(`${nameOf(holder)} writes ${output}: waiting for it, at most ${WAIT_SECONDS} s`);
  let file: string;
  try {
    const places = placesOf(output);
    if (isWriting) makeDirectories(places.parent);
    file = lockOf(places);
    if (!isWriting) {
      await untilFree(file, onWait);
      return { value: body() };
    }
    const got = await withLock(file, onWait, async () => {
      // What a crash in the middle of an exchange moved away comes back.
      const { directory, backup } = placesOf(output);
      if (existsSync(backup) && !existsSync(directory)) renameSync(backup, directory);
      return body();
    });
    if ('value' in got) return got;
    return {
      problem: report('generate/busy', {
        message: `${nameOf(got.holder)} writes ${output}, and did not end within ${WAIT_SECONDS} s`,
        cause: 'two processes that write one directory at once would mix their files',
        fix: `wait for it or end it, or generate elsewhere with -o; if there is no such process, remove ${file}`,
      }),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).path === undefined) throw error;
    return { problem: cannot(`write ${output}`, error) };
  }
}

/** The owner stays the same, where we may set it. */
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
    else keep(source, target);
  }
}

function writeFiles(directory: string, files: readonly TreeFile[], isDurable: boolean): void {
  const targets = files.map((file) => path.join(directory, file.path));
  const made = new Set<string>();
  const mask = process.umask();
  for (const [i, { text, mode = 0o644 }] of files.entries()) {
    const target = targets[i] as string;
    const parent = path.dirname(target);
    if (!made.has(parent)) makeDirectories(parent);
    made.add(parent);
    writeFileSync(target, text, { mode });
    if ((mode & mask) !== 0) chmodSync(target, mode);
  }
  // Written first, they reach the disk together: one by one, each would wait for the journal.
  if (isDurable) for (const target of targets) sync(target);
}

/** Waits until a file or a directory is on the disk. */
function sync(file: string): void {
  const descriptor = openSync(file, 'r');
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

/** Removes what runs that were killed began. In a container every run may have the same process id. */
function removeStale(prefix: string): void {
  const directory = path.dirname(prefix);
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const rest = name.startsWith(path.basename(prefix)) ? name.slice(path.basename(prefix).length) : '';
    const [, pid] = /^(\d+)(?:-[\da-f-]+)?$/.exec(rest) ?? [];
    if (pid === undefined || (Number(pid) !== process.pid && isRunning(Number(pid)))) continue;
    try {
      rmSync(path.join(directory, name), { recursive: true, force: true });
    } catch {
      // Another user's, in a directory of all.
    }
  }
}

/**
 * Drafts of locks, and rights to take one over, of processes that were killed meanwhile. Only the holder calls this.
 */
function removeLeftovers(directory: string, lock: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(lock) || !/^[-.][\da-f-]{36}$/.test(name.slice(lock.length))) continue;
    const file = path.join(directory, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > 1000 * WAIT_SECONDS) rmSync(file, { force: true });
  }
}

/**
 * Writes the files; inside {@link oneAtATime}.
 * @param isDurable whether it waits until the files are on the disk: for a thousand trees that takes minutes, and a power
 *   failure leaves nothing that the same command would not make again
 * @returns a finding when that is not possible; the directory is then as it was
 */
export function writeTree(
  output: string,
  files: readonly TreeFile[],
  changes: readonly TreeChange[],
  last: string,
  isDurable = true,
): Diagnostic | undefined {
  return uninterrupted(() => {
    const places = placesOf(output);
    if (changes.some(({ action }) => action !== 'keep')) return exchange(places, files, changes, last, isDurable);
    removeRemains(places);
    return undefined;
  });
}

/** What killed runs left, once the directory is whole: until then it tells which of its files they wrote. */
function removeRemains({ directory, parent, backup, beside, inside }: Places): void {
  try {
    if (existsSync(directory)) rmSync(backup, { recursive: true, force: true });
    removeStale(beside);
    removeStale(inside);
    removeLeftovers(parent, `.${path.basename(directory)}${LOCK}`);
    removeLeftovers(directory, LOCK);
  } catch {
    // The next run tries again.
  }
}

function exchange(
  places: Places,
  files: readonly TreeFile[],
  changes: readonly TreeChange[],
  last: string,
  isDurable: boolean,
): Diagnostic | undefined {
  const { directory, parent, backup, beside, inside } = places;
  try {
    rmSync(backup, { recursive: true, force: true });
    makeDirectories(parent);
    const unique = `${process.pid}-${randomUUID()}`;
    const inPlace = isPinned(directory, beside + unique);
    const stage = inPlace ? inside + unique : beside + unique;
    try {
      if (inPlace) {
        writeFiles(path.join(stage, NEW), files, isDurable);
        replaceEach(stage, directory, files, changes, last);
      } else {
        makeDirectories(stage);
        writeFiles(stage, files, isDurable);
        if (existsSync(directory)) {
          const removed = changes.filter((c) => c.action === 'remove').map((c) => c.path);
          adopt(directory, stage, new Set([...removed, ...files.map((f) => f.path)]));
          dropEmptied(stage, removed);
          const stat = statSync(directory);
          keepOwner(stage, stat);
          chmodSync(stage, stat.mode & 0o7777);
        }
        if (isDurable) sync(stage);
        if (existsSync(directory)) renameSync(directory, backup);
        renameSync(stage, directory);
        if (isDurable) sync(parent);
        rmSync(backup, { recursive: true, force: true });
      }
    } finally {
      rmSync(stage, { recursive: true, force: true });
    }
    removeRemains(places);
    return undefined;
  } catch (error) {
    if (existsSync(backup) && !existsSync(directory)) renameSync(backup, directory);
    return cannot(`write ${directory}`, error);
  }
}

/** Below a stage in the directory itself: what comes in, and what goes out. */
const NEW = 'new';
const OLD = 'old';

/**
 * Where the directory itself cannot be exchanged, each file is. The manifest comes last, so that until then the stage
 * tells which files are new. What went before is put back when one file cannot be replaced.
 */
function replaceEach(
  stage: string,
  directory: string,
  files: readonly TreeFile[],
  changes: readonly TreeChange[],
  last: string,
): void {
  const undo: (() => void)[] = [];
  let count = 0;
  makeDirectories(path.join(stage, OLD));
  const moveOut = (relative: string) => {
    const from = path.join(directory, relative);
    if (lstatSync(from, { throwIfNoEntry: false }) === undefined) return;
    count += 1;
    const to = path.join(stage, OLD, `${count}`);
    renameSync(from, to);
    undo.push(() => renameSync(to, from));
  };
  const moveIn = (relative: string) => {
    const target = path.join(directory, relative);
    const from = path.join(stage, NEW, relative);
    count += 1;
    const old = path.join(stage, OLD, `${count}`);
    if (existsSync(target)) {
      keep(target, old);
      undo.push(() => renameSync(old, target));
    } else undo.push(() => rmSync(target, { force: true }));
    renameSync(from, target);
  };
  try {
    for (const { path: obstacle, isInTheWay } of changes) if (isInTheWay) moveOut(obstacle);
    for (const file of files) makeDirectories(path.join(directory, path.dirname(file.path)));
    for (const file of files) if (file.path !== last) moveIn(file.path);
    const removed = changes.filter((c) => c.action === 'remove' && !c.isInTheWay).map((c) => c.path);
    for (const old of removed) moveOut(old);
    for (const file of files) if (file.path === last) moveIn(file.path);
    dropEmptied(directory, removed);
  } catch (error) {
    for (const back of undo.reverse()) back();
    throw error;
  }
}

/** The same file under a second name, or a copy of it. */
function keep(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch {
    copyFileSync(file, name, constants.COPYFILE_EXCL);
    keepOwner(name, statSync(file));
  }
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
