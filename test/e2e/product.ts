/** The program that users run, as they run it: nothing of it is imported. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

const ROOT = new URL('../../', import.meta.url).pathname;
const PROGRAM = path.join(ROOT, 'dist/dmaheap.mjs');

/** A file of the repository by its path from the root; words that name no file stay what they are. */
export const fromRoot = (word: string): string => (word.endsWith('.json') ? path.resolve(ROOT, word) : word);

/** @throws when it fails, with what it said */
export async function dmaheap(...args: readonly string[]): Promise<string> {
  if (!existsSync(PROGRAM)) throw new Error('lab: dist/dmaheap.mjs is not built; run npm run build');
  const { stdout } = await execa('node', [PROGRAM, ...args], { stdin: 'ignore' });
  return stdout;
}

/**
 * The tree that `dmaheap generate` writes for a profile.
 * @param kernel the options that say which kernel it is for
 */
export async function generate(profile: string, kernel: readonly string[], directory: string): Promise<string> {
  await rm(directory, { recursive: true, force: true });
  await dmaheap('generate', fromRoot(profile), '-o', directory, ...kernel, '--quiet');
  return directory;
}
