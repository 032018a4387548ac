/** Reading what the user names, with the reason when it cannot be read. */
import { accessSync, closeSync, constants, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ReadText } from '../profile/load.js';
import { kindOfBytes, kindOfFile } from './file-kind.js';
import { isTerminal, waitForPipe } from './standard-streams.js';

export const NO_FILE = 'the file does not exist';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: NO_FILE,
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EEXIST: 'something else has this name',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EMFILE: 'too many open files',
  ERR_INVALID_ARG_VALUE: 'the path contains a character that is not allowed in a path',
};

/** Why a file could not be used, in words. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

/**
 * Why a file could not be written. A file that does not exist can be written, so that is never the reason.
 * @param file default: what the error names
 */
export function reasonNotWritten(error: unknown, file?: string): string {
  const { code, path: named, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const target = file ?? dest ?? named;
  if (code !== 'ENOENT' || target === undefined) return reasonOf(error);
  return existsSync(path.dirname(target)) ? 'no file can be created in its directory' : 'its directory does not exist';
}

/** Why a file cannot be read, without reading what may come only once; undefined: it can. */
export function whyUnreadable(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isDirectory() ? 'it is a directory' : undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Why a directory cannot be used; undefined: it can. One that may not be entered is not one that does not exist. */
export function whyNoDirectory(directory: string): string | undefined {
  try {
    return statSync(directory).isDirectory() ? undefined : 'it is not a directory';
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing ? 'the directory does not exist' : reasonOf(error);
  }
}

/** What to do about a file that is not there or cannot be read. */
export const PATH_FIX =
  'give a file that exists and can be read; a relative path starts in the current directory or in the one of -C';

/** No log or device tree is larger; a device or a pipe without an end must not fill the memory. */
const MAX_BYTES = 64 << 20;
/** The limit of JSON is in characters, of at most four bytes; to read more of an endless input only takes time. */
const MAX_PROFILE_BYTES = 4 << 20;
const CHUNK_BYTES = 1 << 16;

type Read = { readonly bytes: Uint8Array } | { readonly error: string; readonly fix?: string };

/** What a shell hands over: standard input, and the pipe of `<(command)`. */
const HANDED_OVER = /^\/(?:dev|proc\/self)\/(?:stdin|fd\/\d+)$/;
/** It comes once, and a command may look at the same input twice. */
const handedOver = new Map<string, Read>();

/** The path that `-` means. */
export const STANDARD_INPUT = '/dev/stdin';

/** Reads a file, standard input or a pipe of the shell; nothing that waits for ever or has no end. */
export function readBytes(file: string, maxBytes = MAX_BYTES): Read {
  if (!HANDED_OVER.test(file)) return readFile(file, false, maxBytes);
  const known = handedOver.get(file) ?? readFile(file, true, maxBytes);
  handedOver.set(file, known);
  return known;
}

function readFile(file: string, isPipeWanted: boolean, maxBytes: number): Read {
  let descriptor: number | undefined;
  try {
    const stat = statSync(file);
    const isPipe = stat.isFIFO() || stat.isSocket();
    if (isPipe && !isPipeWanted)
      return { error: 'it is a pipe, which may not end', fix: 'give - and send the data to standard input' };
    if (!stat.isFile() && !isPipe && !(file === STANDARD_INPUT && isTerminal(0)))
      return { error: stat.isDirectory() ? 'it is a directory' : 'it is not a regular file' };
    if (stat.size > maxBytes) {
      const kind = stat.isFile() ? kindOfFile(file) : undefined;
      const tooLarge = `it is larger than ${maxBytes >> 20} MiB`;
      return kind === undefined
        ? { error: tooLarge }
        : { error: `it is ${kind.title}, and ${tooLarge}`, fix: kind.fix };
    }
    // A socket cannot be opened by its path, and a parent may hand one over.
    if (file === STANDARD_INPUT) return readToEnd(0, maxBytes);
    descriptor = openSync(file, 'r');
    return readToEnd(descriptor, maxBytes);
  } catch (error) {
    return { error: reasonOf(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** A size of zero has no meaning in /proc and for a pipe, so the end is where nothing comes any more. */
function readToEnd(descriptor: number, maxBytes: number): Read {
  const chunks: Buffer[] = [];
  const { size } = fstatSync(descriptor);
  // One byte more than the file has shows its end without a second buffer.
  let chunk = Buffer.allocUnsafe(size > 0 && size <= maxBytes ? size + 1 : CHUNK_BYTES);
  let filled = 0;
  for (let total = 0; total <= maxBytes; ) {
    const count = readPart(descriptor, chunk, filled);
    if (count === 0) {
      chunks.push(chunk.subarray(0, filled));
      return { bytes: Buffer.concat(chunks) };
    }
    total += count;
    filled += count;
    if (filled < chunk.length) continue;
    chunks.push(chunk);
    chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    filled = 0;
  }
  return { error: `it is larger than ${maxBytes >> 20} MiB` };
}

/** A pipe can be non-blocking, and what writes may still be at work. */
function readPart(descriptor: number, chunk: Buffer, offset: number): number {
  for (;;)
    try {
      return readSync(descriptor, chunk, offset, chunk.length - offset, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      waitForPipe();
    }
}

export const readText: ReadText = (file) => textOf(file, readBytes(file));

export const readProfileText: ReadText = (file) => textOf(file, readBytes(file, MAX_PROFILE_BYTES));

/** UTF-8 only: a replacement character would silently change what was written. */
function textOf(file: string, got: Read): ReturnType<ReadText> {
  if ('error' in got) return got;
  const kind = kindOfBytes(got.bytes);
  if (kind !== undefined) return { error: `it is ${kind.title}, not text`, fix: kind.fix };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(got.bytes) };
  } catch {
    const [first = 0, second = 0] = got.bytes;
    const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
    if (isUtf16) return { error: 'it is UTF-16 text', fix: `save it as UTF-8: iconv -f UTF-16 -t UTF-8 ${file}` };
    if (got.bytes.includes(0)) return { error: 'it is a binary file, not text', fix: 'give a text file' };
    return { error: 'it is not UTF-8 text', fix: 'save it as UTF-8' };
  }
}
