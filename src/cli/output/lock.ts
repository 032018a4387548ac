/**
 * One writer at a time for a directory. The lock is a file that names its holder. A holder that was killed leaves it
 * behind, so the next process looks whether the holder still runs.
 *
 * To take over a stale lock, a process first takes the lock `FILE.TOKEN`, TOKEN being that of the stale one, and looks
 * again. So two processes that found the same stale lock cannot both replace it.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { onInterrupt } from '../interrupt.js';

/** As the lock file keeps it. */
export interface Holder {
  readonly pid: number;
  /** When the process started, in the kernel's ticks since boot: a process id is given again. Empty where unknown. */
  readonly started: string;
  readonly host: string;
  /** Tells apart machines, boots and containers, each of which counts processes anew. */
  readonly scope: string;
  /** ISO 8601. */
  readonly since: string;
  readonly token: string;
}

/** How long a writer waits for another one. Writing takes far less than a second. */
export const WAIT_SECONDS = 30;
const POLL_MILLIS = 25;
/** Of a holder on another machine or in another container it cannot be seen whether it runs. */
const FOREIGN_HOLDS_SECONDS = 60;
/** What is not a lock: cut off while it was written, on a file system without links. */
const TORN_HOLDS_SECONDS = 5;

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
};

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Field 22 of proc_pid_stat(5). The name before it may hold spaces and parentheses. */
const startOf = (pid: number | 'self') =>
  read(`/proc/${pid}/stat`)
    .replace(/^.*\)\s+/s, '')
    .split(' ')[19] ?? '';

let scope: string | undefined;
const scopeHere = () => {
  scope ??= `${read('/proc/sys/kernel/random/boot_id')} ${namespace()}`;
  return scope;
};

let started: string | undefined;

function ourselves(): Holder {
  started ??= startOf('self');
  return {
    pid: process.pid,
    started,
    host: hostname(),
    scope: scopeHere(),
    since: new Date().toISOString(),
    token: randomUUID(),
  };
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? '';

/** @returns undefined when there is no lock */
function holderOf(file: string): Holder | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const torn = { pid: 0, started: '', host: '', scope: '', since: stat.mtime.toISOString(), token: `${stat.ino}` };
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder> | null;
    const isWhole = Number.isInteger(holder?.pid) && /^[0-9a-f-]{36}$/.test(holder?.token ?? '');
    return isWhole ? { ...torn, ...holder } : torn;
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : torn;
  }
}

function isStale({ pid, started, scope, since }: Holder): boolean {
  const seconds = (Date.now() - Date.parse(since)) / 1000;
  if (pid === 0) return seconds > TORN_HOLDS_SECONDS;
  if (scope !== scopeHere()) return seconds > FOREIGN_HOLDS_SECONDS;
  return !isRunning(pid) || (started !== '' && startOf(pid) !== started);
}

/** File systems without hard links answer so. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** Makes the file with its content at once. @returns false when there is one */
function create(file: string, { token, ...own }: Holder): boolean {
  const draft = `${file}-${token}`;
  const text = `${JSON.stringify({ ...own, token })}\n`;
  try {
    writeFileSync(draft, text);
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!NO_LINKS.includes(codeOf(error))) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function replace(file: string, own: Holder): void {
  const draft = `${file}-${own.token}`;
  writeFileSync(draft, `${JSON.stringify(own)}\n`);
  renameSync(draft, file);
}

/** @returns who has the lock; undefined when it is ours now */
function attempt(file: string, own: Holder): Holder | undefined {
  for (;;) {
    if (create(file, own)) return undefined;
    const holder = holderOf(file);
    if (holder === undefined) continue;
    if (!isStale(holder)) return holder;
    const right = `${file}.${holder.token}`;
    if (attempt(right, own) !== undefined) return holder;
    try {
      if (holderOf(file)?.token === holder.token) {
        replace(file, own);
        return undefined;
      }
    } finally {
      rmSync(right, { force: true });
    }
  }
}

/**
 * Runs `body` while no other process does so for the same lock file.
 * @param onWait is called once, when another process has the lock
 * @returns the holder when it did not let go within {@link WAIT_SECONDS}
 * @throws what creating the file throws
 */
export async function withLock<T>(
  file: string,
  onWait: (holder: Holder) => void,
  body: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly holder: Holder }> {
  const own = ourselves();
  const last = Date.now() + WAIT_SECONDS * 1000;
  const waited = attempt(file, own);
  if (waited !== undefined) onWait(waited);
  for (let holder = waited; holder !== undefined; ) {
    if (Date.now() > last) return { holder };
    // Not all at the same moment.
    await sleep(POLL_MILLIS * (1 + Math.random()));
    holder = attempt(file, own);
  }
  const release = () => {
    if (holderOf(file)?.token === own.token) rmSync(file, { force: true });
  };
  const forget = onInterrupt(release);
  try {
    return { value: await body() };
  } finally {
    forget();
    release();
  }
}

/** Waits until no process that runs has the lock, for what only reads. Gives up after {@link WAIT_SECONDS}. */
export async function untilFree(file: string, onWait: (holder: Holder) => void): Promise<void> {
  const last = Date.now() + WAIT_SECONDS * 1000;
  for (let isFirst = true; Date.now() < last; isFirst = false) {
    const holder = holderOf(file);
    if (holder === undefined || isStale(holder)) return;
    if (isFirst) onWait(holder);
    await sleep(POLL_MILLIS);
  }
}
