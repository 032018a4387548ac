/** Logs of boots that came to their end, kept in the cache: the same inputs make the same boot. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheRoot, filledOnce } from '../../src/build/fetch/index.js';
import { type BootResult, bootResult, type GuestWithInputs, runCommand } from './qemu.js';

export interface KeptResult extends BootResult {
  /** The log is that of an earlier boot. */
  readonly isKept: boolean;
}

/** Boots a guest, unless the log of a boot with the same inputs is kept. */
export async function bootOrKept(guest: GuestWithInputs, bootAgain: boolean): Promise<KeptResult> {
  const directory = path.join(cacheRoot(), 'boot-log', await guestKey(guest));
  if (!bootAgain && existsSync(directory)) {
    const { seconds } = JSON.parse(await readFile(path.join(directory, 'boot.json'), 'utf8'));
    const output = await readFile(path.join(directory, 'console'), 'utf8');
    return { ...bootResult(output, false, seconds), isKept: true };
  }
  if (bootAgain) await rm(directory, { recursive: true, force: true });
  const result = await runCommand(guest);
  if (isWorthKeeping(result))
    await filledOnce(directory, async (work) => {
      await writeFile(path.join(work, 'console'), result.output);
      await writeFile(path.join(work, 'boot.json'), JSON.stringify({ seconds: result.seconds }));
    });
  return { ...result, isKept: false };
}

/** A guest that panicked, reset or fell silent may do better the next time. */
export const isWorthKeeping = ({ ending }: BootResult): boolean => ending === 'ended';

/**
 * A digest of everything that can change the log: the words of the command and of the environment, with the content in
 * place of the path of each file, and the content of the files that no word names.
 * @throws when a word names a file that is not among the inputs
 */
export async function guestKey({ command, environment = {}, inputs }: GuestWithInputs): Promise<string> {
  const digests = new Map<string, string>();
  for (const file of [...inputs].sort((a, b) => b.length - a.length)) digests.set(file, await digestOf(file));
  const words = [...command, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)].map((word) => {
    const keyed = [...digests].reduce((text, [file, digest]) => text.replaceAll(file, digest), word);
    const left = /(?:^|[=:,])(\/[^,:]+)/.exec(keyed)?.[1];
    if (left !== undefined && existsSync(left))
      throw new Error(`lab: ${left} is not among the inputs of ${command[0]}: a kept log would not depend on it`);
    return keyed;
  });
  return sha256([...words, ...[...digests.values()].sort()].join('\0')).slice(0, 32);
}

const known = new Map<string, Promise<string>>();

/** Of the content of a file, or of all names and files of a directory. A file that changes meanwhile is read again. */
async function digestOf(file: string): Promise<string> {
  const { size, mtimeMs, ctimeMs, ino } = await stat(file);
  const state = [file, size, mtimeMs, ctimeMs, ino].join(' ');
  const isDirectory = (await stat(file)).isDirectory();
  // A directory does not change with a file inside it.
  if (isDirectory) return digestOfDirectory(file);
  const found = known.get(state) ?? digestOfFile(file);
  known.set(state, found);
  return found;
}

async function digestOfDirectory(directory: string): Promise<string> {
  const parts: string[] = [];
  for (const name of (await readdir(directory)).sort()) {
    const file = path.join(directory, name);
    // Packages have links to what they do not bring along.
    parts.push(name, existsSync(file) ? await digestOf(file) : 'nothing');
  }
  return sha256(parts.join('\0'));
}

async function digestOfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
