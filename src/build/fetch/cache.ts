import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { userCacheDirectory } from '../../cli/kernel/store.js';

/** Where everything fetched or built from fetched input is kept: `${XDG_CACHE_HOME:-$HOME/.cache}/dmaheap`. */
export const cacheRoot = (): string => {
  const directory = userCacheDirectory(process.env);
  if (directory === undefined) throw new Error('neither XDG_CACHE_HOME nor HOME names an absolute directory');
  return directory;
};

/** A short key for a directory name; collisions would need about 2^32 entries. */
export const shortHash = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);

/**
 * Runs `body` while no other process holds the lock file. A lock left by a process that died is taken over.
 */
export async function withLock<T>(file: string, body: () => Promise<T>): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(`${process.pid}`);
      await handle.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isAbandoned(file)) await unlink(file).catch(() => undefined);
      else await sleep(200);
    }
  }
  try {
    return await body();
  } finally {
    await unlink(file).catch(() => undefined);
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  try {
    const owner = Number(await readFile(file, 'utf8'));
    // An empty file is one whose owner has not written its number yet, or died in between.
    if (!owner) return Date.now() - (await stat(file)).mtimeMs > 10_000;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/**
 * The directory `target`, filled at most once: `fill` works in a directory beside it that is renamed when complete, so
 * that no reader sees half of it.
 */
export async function filledOnce(target: string, fill: (work: string) => Promise<void>): Promise<string> {
  if (existsSync(target)) return target;
  await mkdir(path.dirname(target), { recursive: true });
  return withLock(`${target}.lock`, async () => {
    if (existsSync(target)) return target;
    const work = await mkdtemp(`${target}.part-`);
    try {
      await fill(work);
      await rename(work, target);
    } catch (error) {
      await rm(work, { recursive: true, force: true });
      throw error;
    }
    return target;
  });
}

/** The newest complete directory in `parent`, or undefined: a cached version is used until a refresh is asked for. */
export async function newestIn(parent: string): Promise<string | undefined> {
  const names = existsSync(parent) ? await readdir(parent) : [];
  const complete = names.filter((name) => !/\.lock$|\.part-/.test(name)).map((name) => path.join(parent, name));
  const dated = await Promise.all(complete.map(async (dir) => ({ dir, at: (await stat(dir)).ctimeMs })));
  return dated.sort((a, b) => b.at - a.at)[0]?.dir;
}
