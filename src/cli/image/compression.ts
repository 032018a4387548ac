/** Archives and images that are compressed: unpacked into a file, which is then read where it matters. */
import { closeSync, createReadStream, createWriteStream, openSync, readSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { execa } from 'execa';
import type { Tools } from '../../check/index.js';
import { EXIT } from '../exit.js';
import { reasonOf } from '../files.js';
import { Refusal } from '../refusal.js';

interface Compression {
  readonly name: string;
  readonly magic: readonly number[];
  /** Program that writes the plain content with -dc, and Debian's package; absent: done here. */
  readonly program?: string;
  readonly package?: string;
}

const COMPRESSIONS: readonly Compression[] = [
  { name: 'gzip', magic: [0x1f, 0x8b] },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], program: 'xz', package: 'xz-utils' },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], program: 'zstd', package: 'zstd' },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], program: 'bzip2', package: 'bzip2' },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18], program: 'lz4', package: 'lz4' },
];

/**
 * @returns the file itself when it is not compressed
 * @throws {@link Refusal} naming the program that is missing, or with what it said
 */
export async function decompress(tools: Tools, file: string): Promise<string> {
  const head = new Uint8Array(8);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, head, 0, head.length, 0);
  closeSync(descriptor);
  const found = COMPRESSIONS.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
  if (found === undefined) return file;
  const target = `${await tools.scratch()}/plain`;
  const broken = (reason: string) =>
    new Refusal(`${found.name} cannot unpack it: ${reason}`, EXIT.environment, 'copy or build it again');
  if (found.program === undefined) {
    try {
      await pipeline(createReadStream(file), createGunzip(), createWriteStream(target));
    } catch (error) {
      throw broken(reasonOf(error));
    }
    return target;
  }
  const program = await tools.which(found.program);
  if (program === undefined)
    throw new Refusal(
      `it is compressed with ${found.name}, and ${found.program} is not installed`,
      EXIT.environment,
      `install the Debian package ${found.package}, or decompress it first`,
    );
  const ran = await execa(program, ['-dc', '--', file], { stdout: { file: target }, stdin: 'ignore', reject: false });
  if (ran.exitCode !== 0) throw broken(ran.stderr.trim().split('\n')[0] ?? `status ${ran.exitCode}`);
  return target;
}
