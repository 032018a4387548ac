/** What the product writes for a profile, made by the program that users run. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

const ROOT = new URL('../../', import.meta.url).pathname;
const PROGRAM = path.join(ROOT, 'dist/dmaheap.mjs');

export async function generate(profile: string, kernel: string, directory: string): Promise<string> {
  if (!existsSync(PROGRAM)) throw new Error('lab: dist/dmaheap.mjs is not built; run npm run build');
  await rm(directory, { recursive: true, force: true });
  const args = ['generate', path.join(ROOT, profile), '-o', directory, '--kernel', kernel, '--quiet'];
  await execa('node', [PROGRAM, ...args], { stdin: 'ignore' });
  return directory;
}
