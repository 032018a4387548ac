/** The boards of a matrix on several threads. Each thread runs the program on a shard. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Judged } from './judge.js';
import type { Shard } from './read.js';

/** A thread costs a start of the program, which pays from about here on. */
const BOARDS_A_THREAD = 40;

/** What a thread is to do; undefined in the program itself. */
export const SHARE: Shard | undefined = isMainThread ? undefined : (workerData as { shard?: Shard } | undefined)?.shard;

/** @param given with `--jobs` */
export function threadsFor(boards: number, given: number | undefined): number {
  // The program as it is bundled starts itself; its sources need a loader that a thread does not have.
  if (SHARE !== undefined || !fileURLToPath(import.meta.url).endsWith('.mjs')) return 1;
  return Math.max(1, Math.min(given ?? Math.min(availableParallelism(), Math.floor(boards / BOARDS_A_THREAD)), boards));
}

/**
 * Deals the boards out to several threads. This one judges the first shard; each other thread runs this command line on its
 * shard and prints nothing.
 * @returns what they found, in the order of their shards; undefined when one could not go on; the same work without threads
 *   then shows why
 */
export async function onThreads(
  count: number,
  judge: (shard: Shard) => Promise<Judged>,
): Promise<readonly Judged[] | undefined> {
  const others = Array.from({ length: count - 1 }, (_, i) => judgeElsewhere({ index: i + 2, count }));
  const done = [await judge({ index: 1, count }), ...(await Promise.all(others))];
  const judged = done.filter((one) => one !== undefined);
  return judged.length === count ? judged : undefined;
}

function judgeElsewhere(shard: Shard): Promise<Judged | undefined> {
  const options = { argv: process.argv.slice(2), workerData: { shard }, stdout: true, stderr: true };
  const worker = new Worker(fileURLToPath(import.meta.url), options);
  return new Promise<Judged | undefined>((resolve) => {
    worker.once('message', resolve);
    worker.once('error', () => resolve(undefined));
    worker.once('exit', () => resolve(undefined));
  });
}

/** From a thread to the program that started it. */
export function hand(judged: Judged): void {
  parentPort?.postMessage(judged);
}
