/** The lock file and what it pins, read from the disk. */
import { existsSync } from 'node:fs';
import { factsDigest, type Lock, lockedPlan, lockText, parseLock } from '../check/lock.js';
import type { Diagnostic } from '../diagnostic/index.js';
import { formatKernelVersion } from '../facts/index.js';
import type { Plan } from '../plan/index.js';
import { sha256 } from '../source/digest.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { readBytes, readText } from './files.js';
import type { OpenTree } from './kernel-tree.js';
import { Refusal } from './refusal.js';
import { type Manifest, manifestDigest } from './tree.js';
import { VERSION } from './version.js';
import { writeOutput } from './write-file.js';

export const GENERATOR = `dmaheap ${VERSION}`;

/**
 * @returns undefined when there is no such file; a finding when it is not a lock
 * @throws {@link Refusal}
 */
export function readLock(context: Context, file: string): Lock | Diagnostic | undefined {
  if (!existsSync(context.resolve(file))) return undefined;
  const got = readText(context.resolve(file));
  if ('text' in got) return parseLock(file, got.text);
  throw new Refusal(`--lock ${file}: ${got.error}`, EXIT.environment, 'give another file');
}

/** Inputs that decide the output. */
export interface Inputs {
  readonly open?: OpenTree;
  /** The base configuration's text, one character per byte. */
  readonly base?: string;
  /** Path of the DTB. */
  readonly dtb?: string;
}

export function inputPins(
  context: Context,
  { open, base, dtb }: Inputs,
): Pick<Lock, 'kernelTree' | 'baseConfig' | 'dtb'> {
  const blob = dtb === undefined ? undefined : readBytes(context.resolve(dtb));
  return {
    kernelTree:
      open === undefined ? null : { version: open.variables['KERNELVERSION'] ?? 'unknown', sha256: open.digest },
    baseConfig: base === undefined ? null : sha256(Buffer.from(base, 'latin1')),
    dtb: blob !== undefined && 'bytes' in blob ? sha256(blob.bytes) : null,
  };
}

export function makeLock(
  context: Context,
  plan: Plan,
  manifest: Manifest,
  inputs: Inputs,
): Omit<Lock, 'schemaVersion'> {
  return {
    generator: GENERATOR,
    facts: factsDigest(),
    profile: plan.profile,
    kernel: { min: formatKernelVersion(plan.kernel.min), max: formatKernelVersion(plan.kernel.max) },
    ...inputPins(context, inputs),
    output: manifestDigest(manifest),
    files: manifest.files,
    plan: lockedPlan(plan),
  };
}

/** @throws {@link Refusal} */
export function writeLock(context: Context, file: string, lock: Omit<Lock, 'schemaVersion'>): void {
  writeOutput(context, file, lockText(lock));
}
