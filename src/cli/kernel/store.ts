/**
 * What is kept between runs, below the user's cache directory: files that only their owner may write, each with a check
 * sum behind its content. Anything else is as good as no file.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** 4 bytes CRC-32 and 4 bytes length of the content, both little endian, keep the content aligned. */
const TRAILER_BYTES = 8;
const WRITABLE_BY_OTHERS = 0o022;
/** A kept tree has about 4 MiB. */
const MAX_STORE_BYTES = 256 * 1024 * 1024;

/**
 * The user's cache directory of this program, by the XDG Base Directory Specification: an XDG_CACHE_HOME that is empty or
 * relative counts as not set.
 * @returns undefined where no absolute directory is named
 */
export function userCacheDirectory(environment: NodeJS.ProcessEnv): string | undefined {
  const named = environment['XDG_CACHE_HOME'] ?? '';
  const home = environment['HOME'] ?? '';
  const base = path.isAbsolute(named) ? named : path.join(path.isAbsolute(home) ? home : homedir(), '.cache');
  return path.isAbsolute(base) ? path.join(base, 'dmaheap') : undefined;
}

function isOnlyOurs({ uid, mode }: { uid: number; mode: number }): boolean {
  return uid === process.geteuid?.() && (mode & WRITABLE_BY_OTHERS) === 0;
}

export class Store {
  readonly #directory: string;

  readonly #maxBytes: number;

  /**
   * @param directory holds the files of one kind; made on the first write
   * @param maxBytes of all files together
   */
  constructor(directory: string, maxBytes = MAX_STORE_BYTES) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  /** @returns undefined for a file that is missing, damaged, or that others may write */
  read(name: string): Buffer | undefined {
    let descriptor: number | undefined;
    try {
      if (!this.#isTrusted()) return undefined;
      // Not through a link, and without waiting for the other end of a FIFO.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      descriptor = openSync(path.join(this.#directory, name), flags);
      const status = fstatSync(descriptor);
      if (!status.isFile() || !isOnlyOurs(status) || status.size > MAX_STORE_BYTES) return undefined;
      return contentOf(readFileSync(descriptor));
    } catch {
      return undefined;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  /** Replaces a file whole, or leaves everything as it is: a cache that cannot be written costs time, nothing else. */
  write(name: string, content: Uint8Array): void {
    const file = path.join(this.#directory, name);
    const partial = `${file}.${process.pid}`;
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      if (!this.#isTrusted()) return;
      writeFileSync(partial, Buffer.concat([content, trailerOf(content)]), { mode: 0o600, flag: 'wx' });
      renameSync(partial, file);
      this.#shrink(name);
    } catch {
      discard(partial);
    }
  }

  #isTrusted(): boolean {
    const status = lstatSync(this.#directory);
    return status.isDirectory() && isOnlyOurs(status);
  }

  /** The oldest files go until the rest fits; so do files that a killed writer left behind. */
  #shrink(newest: string): void {
    const files = readdirSync(this.#directory)
      .filter((name) => name !== newest)
      .flatMap((name) => {
        const status = statSync(path.join(this.#directory, name), { throwIfNoEntry: false });
        return status === undefined ? [] : [{ name, size: status.size, used: status.mtimeMs }];
      })
      .sort((a, b) => b.used - a.used);
    let total = statSync(path.join(this.#directory, newest)).size;
    for (const { name, size } of files) {
      total += size;
      if (total > this.#maxBytes) rmSync(path.join(this.#directory, name), { force: true });
    }
  }
}

/** Where a directory may not even be entered, there is nothing to remove. */
function discard(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {}
}

function trailerOf(content: Uint8Array): Buffer {
  const { crc32 } = process.getBuiltinModule('node:zlib');
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  return trailer;
}

function contentOf(bytes: Buffer): Buffer | undefined {
  if (bytes.length < TRAILER_BYTES) return undefined;
  const content = bytes.subarray(0, -TRAILER_BYTES);
  return trailerOf(content).equals(bytes.subarray(-TRAILER_BYTES)) ? content : undefined;
}
