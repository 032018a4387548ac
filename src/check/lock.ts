/** The lock: what a generated tree was made from, so that a later run can tell what has changed and what has not. */
import { createHash } from 'node:crypto';
import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { closureData } from '../facts/closure.js';
import { FACTS } from '../facts/index.js';

const LOCK_VERSION = 1;

/** Every input by its digest (SHA-256); null: not given. No path is kept, so the lock is the same on every machine. */
export interface Lock {
  readonly schemaVersion: typeof LOCK_VERSION;
  /** `dmaheap 0.1.0`. */
  readonly generator: string;
  readonly facts: string;
  readonly profile: { readonly name: string; readonly sha256: string };
  /** The kernels it was generated for. */
  readonly kernel: { readonly min: string; readonly max: string };
  /** Over every Kconfig file of the architecture and the files of scripts/kconfig that decide what they mean. */
  readonly kernelTree: { readonly version: string; readonly sha256: string } | null;
  readonly baseConfig: string | null;
  readonly dtb: string | null;
  /** Over the paths and digests of the manifest. */
  readonly output: string;
}

type Pin = Exclude<keyof Lock, 'schemaVersion'>;

export const LOCK_CODES = defineCodes({
  'lock/drift': {
    severity: 'error',
    title: 'something differs from the lock',
    explain:
      'The lock says what a tree was generated from: tool, facts, profile, kernel, kernel tree, base configuration, DTB. One of them is another now, so the proof made then does not hold for it. When the change is meant, delete the lock and generate again.',
  },
  'lock/unreadable': {
    severity: 'error',
    title: 'the lock cannot be understood',
    explain: 'A lock is written by `dmaheap generate --lock FILE`. This file is none, or one of another version.',
  },
  'lock/not-compared': {
    severity: 'note',
    title: 'a locked input was not given',
    explain: 'The lock pins an input that this command was not given, so whether it has changed is not known.',
  },
});
const report = reporter(LOCK_CODES);

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** Digest of everything this version knows about kernels. */
export function factsDigest(): string {
  return sha256(JSON.stringify([[...FACTS.values()], closureData]));
}

export function lockText(lock: Omit<Lock, 'schemaVersion'>): string {
  return `${JSON.stringify({ schemaVersion: LOCK_VERSION, ...lock }, null, 2)}\n`;
}

/** @param file how the finding names it when the text is no lock of this version */
export function parseLock(file: string, text: string): Lock | Diagnostic {
  let lock: Partial<Lock> = {};
  try {
    lock = JSON.parse(text) as Partial<Lock>;
    const digests = [
      lock.facts,
      lock.profile?.sha256,
      lock.output,
      lock.kernelTree?.sha256 ?? '',
      lock.baseConfig ?? '',
      lock.dtb ?? '',
    ];
    const isSound =
      lock.schemaVersion === LOCK_VERSION &&
      typeof lock.generator === 'string' &&
      typeof lock.kernel?.min === 'string' &&
      digests.every((digest) => typeof digest === 'string');
    if (isSound) return lock as Lock;
  } catch {
    // Said below.
  }
  // Nobody is told to delete what may be anything.
  const isOurs = /^dmaheap \d/.test(String(lock?.generator)) && typeof lock?.facts === 'string';
  return report('lock/unreadable', {
    message: `${file} is not a lock of ${isOurs ? 'this version' : 'dmaheap'}`,
    fix: isOurs ? 'delete it and write it again with dmaheap generate --lock' : 'give another file',
  });
}

const TITLES: Readonly<Record<Pin, string>> = {
  generator: 'the tool',
  facts: 'the facts about kernels',
  profile: 'the profile',
  kernel: 'the kernel version',
  kernelTree: 'the kernel tree',
  baseConfig: 'the base configuration',
  dtb: 'the DTB',
  output: 'the set of generated files',
};

const OPTIONS: Partial<Readonly<Record<Pin, string>>> = {
  kernelTree: '--kernel-tree',
  baseConfig: '--base-config',
  dtb: '--dtb',
};

/** A pinned value as a person compares it. */
function words(value: unknown): string {
  if (value === null) return 'not given';
  if (typeof value === 'string') return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value;
  const { version, name, sha256: digest, min, max } = value as Readonly<Record<string, string | undefined>>;
  if (min !== undefined) return min === max ? min : `${min} to ${max}`;
  return `${version ?? name} (${digest?.slice(0, 12)})`;
}

/**
 * Holds what there is now against a lock.
 * @param now what was found; absent: not looked at, null: not given
 */
export function compareLock(file: string, lock: Lock, now: Partial<Omit<Lock, 'schemaVersion'>>): Diagnostic[] {
  return (Object.keys(TITLES) as Pin[]).flatMap((pin) => {
    const [locked, found] = [lock[pin], now[pin]];
    if (found === undefined || (found === null && locked !== null && OPTIONS[pin] !== undefined))
      return locked === null
        ? []
        : [
            report('lock/not-compared', {
              message: `${TITLES[pin]} of ${file}, ${words(locked)}, was not compared`,
              fix: `give ${OPTIONS[pin] ?? 'it'} to compare it`,
            }),
          ];
    if (JSON.stringify(locked) === JSON.stringify(found)) return [];
    return [
      report('lock/drift', {
        message: `${TITLES[pin]} is not the locked one: ${words(found)}, locked was ${words(locked)}`,
        cause: 'what was proven with the lock was not proven with this',
        fix: `use what ${file} pins, or delete it and generate again if the change is meant`,
      }),
    ];
  });
}
