/** The lock: what a generated tree was made from, so that a later run can tell what has changed and what has not. */

import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { closureData } from '../facts/closure.js';
import { FACTS } from '../facts/index.js';
import { optionValues } from '../kconfig/option-line.js';
import type { Plan } from '../plan/types.js';
import { formatBytes, parseBytes } from '../quantity/index.js';
import { sha256 } from '../source/digest.js';
import { SourceText } from '../source/index.js';
import { deviceEvent, finalGroup, finalMode, heapDevice } from './udev-event.js';

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
  /** Every generated file by its digest; absent in locks of versions that pinned their list alone. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the files said, so that an edit can be named; absent like {@link files}. */
  readonly plan?: LockedPlan;
}

/** The decisions of a plan that edits of its files change. */
export interface LockedPlan {
  /** Bytes by the area's node name. */
  readonly areas: Readonly<Record<string, string>>;
  /** Value by symbol, as the fragment spells it. */
  readonly symbols: Readonly<Record<string, string>>;
  /** `group 0660` by name of a heap's node. */
  readonly access: Readonly<Record<string, string>>;
}

/** What a lock remembers of a plan. */
export function lockedPlan({ areas, symbols, heaps }: Pick<Plan, 'areas' | 'symbols' | 'heaps'>): LockedPlan {
  const access = heaps.flatMap(({ nodes, access: given }) =>
    given === undefined
      ? []
      : nodes.map(({ name }) => [name, `${given.group} 0${given.mode.toString(8).padStart(3, '0')}`] as const),
  );
  return {
    areas: Object.fromEntries(areas.map(({ areaName, sizeBytes }) => [areaName, String(sizeBytes)])),
    symbols: Object.fromEntries(
      symbols.map(({ symbol, value, isString }) => [symbol, isString ? JSON.stringify(value) : value]),
    ),
    access: Object.fromEntries(access),
  };
}

type Pin = Exclude<keyof Lock, 'schemaVersion' | 'files' | 'plan'>;

export const LOCK_CODES = defineCodes({
  'lock/drift': {
    severity: 'error',
    title: 'a file or input differs from the lock',
    explain:
      'The lock records the inputs of a tree (tool, facts, profile, kernel, kernel tree, base configuration, DTB) and the hash of every generated file. One of them has changed, so the earlier proof does not hold for it. If the change is intended, delete the lock and generate again.',
  },
  'lock/unreadable': {
    severity: 'error',
    title: 'the lock is not valid',
    explain: '`dmaheap generate --lock FILE` writes a lock. This file is not a lock, or it has another version.',
  },
  'lock/not-compared': {
    severity: 'note',
    title: 'a locked input was not given',
    explain:
      'The lock records an input that was not given to this command, so it is unknown whether the input has changed.',
  },
});
const report = reporter(LOCK_CODES);

/** Digest of everything this version knows about kernels. */
export function factsDigest(): string {
  return sha256(JSON.stringify([[...FACTS.values()], closureData]));
}

/** Over the paths and digests of generated files, whatever their order. */
export function filesDigest(files: Readonly<Record<string, string>>): string {
  return sha256(JSON.stringify(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))));
}

export function lockText(lock: Omit<Lock, 'schemaVersion'>): string {
  return `${JSON.stringify({ schemaVersion: LOCK_VERSION, ...lock }, null, 2)}\n`;
}

/** @param file how the finding names it when the text is not a lock of this version */
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
  // The fix must not delete a file that may be anything.
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
 * Compares the generated files with those that a lock pins.
 * @param present text by path below the generated tree, of the files that are there
 * @param shown how findings name a file
 */
export function compareFiles(
  lock: Lock,
  present: ReadonlyMap<string, { readonly sha256: string; readonly text: string | undefined }>,
  shown: (file: string) => string,
): Diagnostic[] {
  return [...changedFiles(lock, present, shown), ...addedFiles(lock, present, shown)];
}

/** Folder and ending: a build that reads all files of a kind in a folder reads one more. */
const kindOf = (file: string) => `${file.replace(/[^/]*$/, '')} ${/[^/](\.[^./]+)$/.exec(file)?.[1]}`;

/** Files that the lock does not have and that a build may read with those that it has; text for people is none. */
function addedFiles({ files = {} }: Lock, present: ReadonlyMap<string, unknown>, shown: (file: string) => string) {
  const kinds = new Set(Object.keys(files).map(kindOf));
  const isAdded = (file: string) =>
    !Object.hasOwn(files, file) && kinds.has(kindOf(file)) && !/(?:^|\/)\.[^/]*$|\.md$/.test(file);
  return [...present.keys()].filter(isAdded).map((file) =>
    report('lock/drift', {
      message: `${shown(file)} is not in the lock, and a build may read it with the locked files beside it`,
      cause: 'the proof of the lock does not hold for this file',
      fix: 'move the file out of the generated tree',
    }),
  );
}

function changedFiles(lock: Lock, present: Parameters<typeof compareFiles>[1], shown: (file: string) => string) {
  return Object.entries(lock.files ?? {}).flatMap(([file, digest]) => {
    const now = present.get(file);
    if (now?.sha256 === digest) return [];
    const span = { file: shown(file), line: 1, column: 1, endLine: 1, endColumn: 1 };
    if (now === undefined)
      return [
        report('lock/drift', {
          message: `${shown(file)} is not there as a file, but the lock records it`,
          fix: 'run dmaheap generate, which writes it again',
        }),
      ];
    const changes = now.text === undefined || lock.plan === undefined ? [] : describeEdit(file, now.text, lock.plan);
    return [
      report('lock/drift', {
        message: `${shown(file)} is not the locked file${changes.length === 0 ? '' : `: ${changes.join('; ')}`}`,
        cause: 'the proof of the lock does not hold for this file',
        fix: 'move the change into the profile, delete the lock and generate again; or generate again to discard the change',
        span,
      }),
    ];
  });
}

/** What an edit of a generated file means for the board, in words; empty when it changes none of the decisions. */
function describeEdit(file: string, text: string, { areas, symbols, access }: LockedPlan): string[] {
  if (/\.dtsi?$|\.dtso$/.test(file))
    return Object.entries(areas).flatMap(([name, bytes]) => areaEdit(name, BigInt(bytes), text));
  if (/\.(?:cfg|config|fragment)$|kernel-config$/.test(file)) {
    const values = optionValues(text);
    return Object.entries(symbols).flatMap(([symbol, was]) => {
      const now = values.get(symbol) ?? 'not there';
      return now === was ? [] : [`${symbol} is ${now}, was ${was}`];
    });
  }
  if (file.endsWith('.rules'))
    return Object.entries(access).flatMap(([name, was]) => {
      const event = deviceEvent([new SourceText(file, text)], heapDevice(name));
      const now = `${finalGroup(event)} 0${finalMode(event).toString(8).padStart(3, '0')}`;
      return now === was ? [] : [`${name} is ${now}, was ${was}`];
    });
  return [];
}

function areaEdit(name: string, was: bigint, text: string): string[] {
  const start = text.search(new RegExp(`(?:^|[\\s:])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*\\{`, 'm'));
  if (start < 0) return [`the node ${name} does not exist`];
  const body = text.slice(start, text.indexOf('}', start));
  const cells = /\bsize\s*=\s*<([^>]*)>/.exec(body)?.[1] ?? /\breg\s*=\s*<([^>]*)>/.exec(body)?.[1];
  const numbers = (cells ?? '')
    .trim()
    .split(/\s+/)
    .map((word) => parseBytes(word));
  // Of reg the size is the second half.
  const own = /\bsize\s*=/.test(body) ? numbers : numbers.slice(numbers.length / 2);
  const now = own.some((one) => one === undefined)
    ? undefined
    : own.reduce<bigint>((sum, cell) => (sum << 32n) | (cell ?? 0n), 0n);
  const lost = ['shared-dma-pool', 'reusable']
    .filter((word) => !body.includes(word))
    .map((word) => `area ${name} lacks ${word}`);
  if (cells === undefined || now === undefined) return [`the size of area ${name} cannot be read`, ...lost];
  return now === was ? lost : [`area ${name} ${formatBytes(now)}, was ${formatBytes(was)}`, ...lost];
}

/** JSON with sorted keys: a program that formats JSON may move them. */
const inOrder = (value: unknown): string =>
  JSON.stringify(
    typeof value === 'object' && value !== null ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value,
  );

/**
 * Compares what there is now with a lock.
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
    if (inOrder(locked) === inOrder(found))
      return pin !== 'output' || lock.files === undefined || filesDigest(lock.files) === locked
        ? []
        : [
            report('lock/unreadable', {
              message: `the list of files in ${file} does not have the digest that the lock records for it`,
              cause: 'the lock was edited',
              fix: 'restore the lock, or delete it and write it again with dmaheap generate --lock',
            }),
          ];
    return [
      report('lock/drift', {
        message: `${TITLES[pin]} differs from the lock: ${words(found)}, and the lock has ${words(locked)}`,
        cause: 'the proof of the lock does not hold for it',
        fix: `use the input of ${file}, or delete the lock and generate again if the change is intended`,
      }),
    ];
  });
}
