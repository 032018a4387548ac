/** A root file system in a directory. */
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import type { Entry, EntryKind, ImageSource, ReadAt } from '../../image/index.js';

function kindOf(stat: Stats): EntryKind {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isCharacterDevice()) return 'character';
  return stat.isBlockDevice() ? 'block' : 'other';
}

/** @param root every path that is asked for is below it, and has no link among its directories */
export function directorySource(root: string): ImageSource {
  const seen = new Map<string, Entry | undefined>();
  const look = (file: string): Entry | undefined => {
    const stat = lstatSync(path.join(root, file), { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const kind = kindOf(stat);
    const { uid, gid, size } = stat;
    return {
      kind,
      mode: stat.mode & 0o7777,
      uid,
      gid,
      sizeBytes: size,
      ...(kind === 'link' ? { target: readlinkSync(path.join(root, file)) } : {}),
    };
  };
  const guarded = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      // What may not be read is not seen; ENOTDIR is a file where a directory was asked for.
      if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
        return undefined;
      throw error;
    }
  };
  return {
    entry(file) {
      if (!seen.has(file))
        seen.set(
          file,
          file === '' ? { kind: 'directory', mode: 0o755, uid: 0, gid: 0, sizeBytes: 0 } : guarded(() => look(file)),
        );
      return seen.get(file);
    },
    list: (file) => guarded(() => readdirSync(path.join(root, file))) ?? [],
    bytes: (file) => guarded(() => readFileSync(path.join(root, file))),
  };
}

/** A file that is read piece by piece. */
export interface OpenFile {
  readonly read: ReadAt;
  readonly sizeBytes: number;
  readonly close: () => void;
}

/** Headers lie far apart or close together; this much is read at once. */
const CHUNK = 1 << 16;

export function openFile(file: string): OpenFile {
  const descriptor = openSync(file, 'r');
  const { size } = fstatSync(descriptor);
  let chunk: { readonly offset: number; readonly bytes: Uint8Array } = { offset: 0, bytes: new Uint8Array() };
  const readExactly = (offset: number, length: number) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
    let done = 0;
    while (done < bytes.length) {
      const got = readSync(descriptor, bytes, done, bytes.length - done, offset + done);
      if (got === 0) break;
      done += got;
    }
    return bytes.subarray(0, done);
  };
  const read: ReadAt = (offset, length) => {
    if (length > CHUNK) return readExactly(offset, length);
    if (offset < chunk.offset || offset + length > chunk.offset + chunk.bytes.length)
      // Content between headers is skipped, not read.
      chunk = { offset, bytes: readExactly(offset, length <= 512 ? 4096 : CHUNK) };
    const at = offset - chunk.offset;
    return chunk.bytes.slice(at, at + length);
  };
  return { read, sizeBytes: size, close: () => closeSync(descriptor) };
}
