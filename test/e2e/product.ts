/** The program that users run, as they run it: nothing of it is imported. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

const ROOT = new URL('../../', import.meta.url).pathname;
const PROGRAM = path.join(ROOT, 'dist/dmaheap.mjs');

/** A file of the repository by its path from the root; words that name no file stay what they are. */
export const fromRoot = (word: string): string => (word.endsWith('.json') ? path.resolve(ROOT, word) : word);

interface Answer {
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws when it fails, with what it said */
export const dmaheap = async (...args: readonly string[]): Promise<string> => (await answerOf(args, [0])).stdout;

/** The same, where findings are an answer too. */
export const dmaheapAnswer = (...args: readonly string[]): Promise<Answer> => answerOf(args, [0, 1]);

async function answerOf(args: readonly string[], good: readonly number[]): Promise<Answer> {
  if (!existsSync(PROGRAM)) throw new Error('lab: dist/dmaheap.mjs is not built; run npm run build');
  const { stdout, stderr, exitCode } = await execa('node', [PROGRAM, ...args], { stdin: 'ignore', reject: false });
  if (!good.includes(exitCode ?? -1))
    throw new Error(`lab: dmaheap ${args.join(' ')}: exit status ${exitCode}\n${stdout}${stderr}`);
  return { stdout, stderr };
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
