/** Builds and asks judge.c: libfdt's own answer, without a process per question. */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheRoot, filledOnce, shortHash } from '../../../src/build/fetch/index.js';

/** The path of the compiled judge. Needs a C compiler and libfdt-dev. */
export async function buildJudge(): Promise<string> {
  const source = new URL('judge.c', import.meta.url).pathname;
  const target = path.join(cacheRoot(), 'fdt-judge', shortHash(await readFile(source, 'utf8')));
  const directory = await filledOnce(target, async (work) => {
    run('cc', ['-O2', '-o', path.join(work, 'judge'), source, '-lfdt']);
  });
  return path.join(directory, 'judge');
}

/** Runs a tool that must succeed; its standard output. */
export function run(command: string, args: readonly string[], input?: string | Buffer): Buffer {
  const result = spawnSync(command, args, { ...(input !== undefined && { input }), maxBuffer: 1 << 30 });
  if (result.error) throw new Error(`${command}: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.status}: ${result.stderr}`);
  return result.stdout;
}

/** The merged blob, or libfdt's error number (negative). */
export type Verdict = Buffer | number;

/** What libfdt makes of each overlay on its base. */
export function applyByLibfdt(judge: string, pairs: readonly (readonly [base: string, overlay: string])[]): Verdict[] {
  const verdicts: Verdict[] = [];
  // Batches: a packed blob is about 60 kB, and all answers of a batch are held at once.
  for (let from = 0; from < pairs.length; from += 1000) {
    const batch = pairs.slice(from, from + 1000);
    const answer = run(judge, ['apply'], batch.map(([base, overlay]) => `${base}\t${overlay}\n`).join(''));
    let at = 0;
    for (const _ of batch) {
      const error = answer.readInt32LE(at);
      const length = answer.readUInt32LE(at + 4);
      verdicts.push(error < 0 ? error : answer.subarray(at + 8, at + 8 + length));
      at += 8 + length;
    }
  }
  return verdicts;
}

/** What libfdt accepts, as text; its error number (negative) for what it refuses. */
export function readByLibfdt(judge: string, blobs: readonly Uint8Array[]): (Buffer | number)[] {
  const input = Buffer.concat(
    blobs.flatMap((blob) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(blob.length);
      return [length, blob];
    }),
  );
  const answer = run(judge, ['dump'], input);
  let at = 0;
  return blobs.map(() => {
    const error = answer.readInt32LE(at);
    const length = answer.readUInt32LE(at + 4);
    at += 8 + length;
    return error < 0 ? error : answer.subarray(at - length, at);
  });
}

/**
 * Zeroes the padding behind property values, in place: libfdt leaves the end of an old value there when the new one is
 * shorter, and dtc writes zeros. A walk of its own, so that src/fdt is not asked about itself.
 */
export function zeroPadding(blob: Buffer): Buffer {
  for (let at = blob.readUInt32BE(8); ; ) {
    const token = blob.readUInt32BE(at);
    if (token === 9) return blob;
    at += 4;
    if (token === 1) at = (blob.indexOf(0, at) + 4) & ~3;
    if (token !== 3) continue;
    const end = at + 8 + blob.readUInt32BE(at);
    at = (end + 3) & ~3;
    blob.fill(0, end, at);
  }
}
