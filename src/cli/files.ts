/** Reading what the user names, with the reason when it cannot be read. */
import { readFileSync, statSync } from 'node:fs';
import type { ReadText } from '../profile/load.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EMFILE: 'too many open files',
  ERR_INVALID_ARG_VALUE: 'the path holds a character that no path can hold',
};

/** Why a file could not be used, in words. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

/** What to do about a file that is not there or cannot be read. */
export const PATH_FIX =
  'give a file that is there and can be read; a relative path starts from this directory, or from -C';

/** No profile or device tree is larger; a device or a pipe without an end must not fill the memory. */
const MAX_BYTES = 64 << 20;

export function readBytes(file: string): { readonly bytes: Uint8Array } | { readonly error: string } {
  try {
    const stat = statSync(file);
    if (!stat.isFile() && !stat.isFIFO())
      return { error: stat.isDirectory() ? 'it is a directory' : 'it is no regular file' };
    if (stat.size > MAX_BYTES) return { error: `it is larger than ${MAX_BYTES >> 20} MiB` };
    return { bytes: readFileSync(file) };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

/** UTF-8 only: a replacement character would silently change what was written. */
export const readText: ReadText = (file) => {
  const got = readBytes(file);
  if ('error' in got) return got;
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(got.bytes) };
  } catch {
    const [first = 0, second = 0] = got.bytes;
    const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
    if (isUtf16) return { error: 'it is UTF-16 text', fix: `save it as UTF-8: iconv -f UTF-16 -t UTF-8 ${file}` };
    return { error: 'it is not UTF-8 text', fix: 'save it as UTF-8' };
  }
};
