/** Reads what `diagnose` is given: texts, compressed configurations, device tree blobs, directories and tar files. */
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Paste, treeText } from '../diagnose/index.js';
import { readFdt } from '../fdt/index.js';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { PATH_FIX, readBytes, reasonOf, STANDARD_INPUT } from './files.js';
import { Refusal } from './refusal.js';
import { openTools } from './tools.js';

export interface Captures {
  readonly pastes: readonly Paste[];
  /** Files that hold no text, with the reason. */
  readonly skipped: readonly string[];
}

/** A log of a serial console is smaller; what is larger is an image by mistake. */
const MAX_BYTES = 16 << 20;
const MAX_FILES = 500;

const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b;
const isBlob = (bytes: Uint8Array) => bytes[0] === 0xd0 && bytes[1] === 0x0d && bytes[2] === 0xfe && bytes[3] === 0xed;
/** POSIX archives have a magic at a fixed place. */
const isTar = (bytes: Uint8Array) => Buffer.from(bytes.subarray(257, 262)).toString('latin1') === 'ustar';

class Collector {
  readonly pastes: Paste[] = [];
  readonly skipped: string[] = [];
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async take(file: string): Promise<void> {
    const absolute = this.#context.resolve(file);
    let isDirectory: boolean;
    let isFile: boolean;
    try {
      const stat = statSync(absolute);
      isDirectory = stat.isDirectory();
      isFile = stat.isFile();
    } catch (error) {
      throw new Refusal(`${file}: ${reasonOf(error)}`, EXIT.environment, PATH_FIX);
    }
    if (isDirectory) this.#directory(absolute, file);
    else if (isFile) await this.#file(absolute, file);
    else {
      // A device has no end, and a pipe may never come to one.
      const got = readBytes(absolute, MAX_BYTES);
      if ('error' in got) throw new Refusal(`${file}: ${got.error}`, EXIT.environment, got.fix ?? PATH_FIX);
      this.bytes(got.bytes, file);
    }
  }

  /** Regular files only: a capture may hold links, FIFOs and nodes. */
  #directory(absolute: string, shown: string, depth = 0): void {
    if (depth > 12) return;
    for (const name of readdirSync(absolute).sort()) {
      const below = path.join(absolute, name);
      const stat = lstatSync(below);
      if (stat.isDirectory()) this.#directory(below, path.posix.join(shown, name), depth + 1);
      else if (stat.isFile() && this.pastes.length < MAX_FILES) this.#read(below, path.posix.join(shown, name));
    }
  }

  async #file(absolute: string, shown: string): Promise<void> {
    const head = readHead(absolute, shown);
    if (isTar(head) || /\.(?:tar|tgz|tar\.\w+)$/.test(shown)) await this.#tar(absolute, shown);
    else this.#read(absolute, shown);
  }

  async #tar(absolute: string, shown: string): Promise<void> {
    const { tools, close } = openTools(this.#context.environment, this.#context.showCommand);
    try {
      const work = await tools.scratch();
      const ran = await tools.run('tar', [
        '--extract',
        '--no-same-owner',
        '--no-same-permissions',
        '--file',
        absolute,
        '--directory',
        work,
      ]);
      this.#directory(work, shown);
      if (ran.exitCode !== 0 && this.pastes.length === 0)
        throw new Refusal(
          `${shown}: ${ran.stderr.trim().split('\n')[0] ?? 'tar cannot read it'}`,
          EXIT.environment,
          PATH_FIX,
        );
    } finally {
      await close();
    }
  }

  #read(absolute: string, shown: string): void {
    if (statSync(absolute).size > MAX_BYTES) {
      this.skipped.push(
        `${shown}: larger than ${MAX_BYTES >> 20} MiB\n  fix: give the part that begins with the boot: head -c ${MAX_BYTES >> 20}M ${shown} | dmaheap diagnose -`,
      );
      return;
    }
    this.bytes(readFileSync(absolute), shown);
  }

  bytes(given: Uint8Array, shown: string): void {
    let bytes: Uint8Array = given;
    try {
      if (isGzip(bytes)) bytes = gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
    } catch (error) {
      this.skipped.push(`${shown}: ${reasonOf(error)}`);
      return;
    }
    if (isBlob(bytes)) {
      const { value } = readFdt(bytes, shown);
      if (value === undefined) this.skipped.push(`${shown}: a device tree blob that is damaged`);
      else this.pastes.push({ file: shown, text: treeText(value), tree: value });
      return;
    }
    const text = Buffer.from(bytes).toString('utf8');
    if (bytes.subarray(0, 4096).includes(0)) {
      // Properties in binary are those of the blob that a capture has, too.
      if (!/\/proc\/device-tree\//.test(shown)) this.skipped.push(`${shown}: not text`);
    } else this.pastes.push({ file: shown, text });
  }
}

function readHead(absolute: string, shown: string): Uint8Array {
  try {
    return readFileSync(absolute).subarray(0, 512);
  } catch (error) {
    throw new Refusal(`${shown}: ${reasonOf(error)}`, EXIT.environment, PATH_FIX);
  }
}

/** @throws {@link Refusal} for a path that cannot be read */
export async function captures(context: Context, files: readonly string[]): Promise<Captures> {
  const collector = new Collector(context);
  for (const file of files.length === 0 ? ['-'] : files)
    if (file !== '-') await collector.take(file);
    else {
      const got = readBytes(STANDARD_INPUT, MAX_BYTES);
      if ('error' in got) throw new Refusal(`standard input: ${got.error}`, EXIT.environment, got.fix ?? PATH_FIX);
      collector.bytes(got.bytes, 'standard input');
    }
  return { pastes: collector.pastes, skipped: collector.skipped };
}
