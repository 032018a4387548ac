import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filledOnce, withLock } from '../../src/build/fetch/index.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'dmaheap-cache-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('a directory is filled once, however many ask for it at the same time', async () => {
  let fills = 0;
  const ask = () =>
    filledOnce(path.join(directory, 'tree'), async (work) => {
      fills += 1;
      await writeFile(path.join(work, 'file'), 'whole');
    });
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(new Set(answers)).toEqual(new Set([path.join(directory, 'tree')]));
  expect(fills).toBe(1);
});

test('a fill that fails leaves nothing behind and can be tried again', async () => {
  const target = path.join(directory, 'tree');
  await expect(filledOnce(target, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network');
  expect(await readdir(directory)).toEqual([]);
  await filledOnce(target, () => Promise.resolve());
  expect(existsSync(target)).toBe(true);
});

test('a lock left by a process that died is taken over', async () => {
  const lock = path.join(directory, 'lock');
  // No process can have this number: it is above the kernel's limit of 2^22.
  await writeFile(lock, '4194999');
  expect(await withLock(lock, () => Promise.resolve('done'))).toBe('done');
  expect(existsSync(lock)).toBe(false);
});
