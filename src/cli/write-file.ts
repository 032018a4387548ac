/** Files that a command writes: whole, or as they were. */
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  lstatSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Context } from './context.js';
import { EXIT } from './exit.js';
import { reasonNotWritten } from './files.js';
import { Refusal } from './refusal.js';

/**
 * Writes a file of the user.
 * @param isNew whether a file that exists is an error, with the code EEXIST
 * @throws {@link Refusal}
 */
export function writeOutput(context: Context, output: string, text: string, isNew = false): void {
  orRefuse(output, () => writeWhole(context.resolve(output), text, isNew));
}

/** @throws {@link Refusal} */
export function orRefuse(output: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new Refusal(`${output} exists`, EXIT.usage, 'give another file with -o');
    throw new Refusal(
      `cannot write ${output}: ${reasonNotWritten(error)}`,
      EXIT.environment,
      code === 'ENOSPC' || code === 'EDQUOT'
        ? 'free space there, or give a file on another file system'
        : 'give a file in an existing directory that you may write to',
    );
  }
}

/** A failed write leaves what was there before, and never a part. @throws what the system says */
export function writeWhole(file: string, text: string, isNew = false): void {
  const target = targetOf(file);
  const before = target === undefined ? undefined : statSync(target, { throwIfNoEntry: false });
  if (isNew && (target === undefined || before !== undefined || target !== file))
    throw Object.assign(new Error('the file exists'), { code: 'EEXIST' });
  // A device, a pipe, or what the shell has opened under this name.
  if (target === undefined || (before !== undefined && !before.isFile())) {
    writeFileSync(file, text);
    return;
  }
  // A file that one may not write stays, even where its directory would let it be replaced.
  if (before !== undefined) accessSync(target, constants.W_OK);
  const partial = path.join(path.dirname(target), `.dmaheap-${process.pid}.part`);
  try {
    rmSync(partial, { force: true });
    writeFileSync(partial, text, { flag: 'wx' });
    if (before !== undefined) keepOwner(partial, before);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    const { code = '' } = error as NodeJS.ErrnoException;
    if (before === undefined || !['EACCES', 'EPERM', 'EBUSY'].includes(code)) throw error;
    writeInPlace(target, text);
  }
}

/** In a directory that takes no new file, or where the file is a mount: what was there comes back if it fails. */
function writeInPlace(file: string, text: string): void {
  const old = readFileSync(file);
  try {
    writeFileSync(file, text);
  } catch (error) {
    writeFileSync(file, old);
    throw error;
  }
}

/** Throws where the owner cannot be kept, as in a directory of another user's files. */
function keepOwner(partial: string, { mode, uid, gid }: Stats): void {
  const own = statSync(partial);
  if (own.uid !== uid || own.gid !== gid) chownSync(partial, uid, gid);
  chmodSync(partial, mode & 0o7777);
}

/** Where links lead, also to no file; undefined: to a descriptor that is open, which a rename would not reach. */
function targetOf(file: string): string | undefined {
  let target = file;
  for (let links = 0; links < 40; links += 1) {
    if (/^\/(?:dev\/(?:stdin|stdout|stderr|fd\/\d+)|proc\/[^/]+\/fd\/\d+)$/.test(target)) return undefined;
    if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() !== true) break;
    target = path.resolve(path.dirname(target), readlinkSync(target));
  }
  return target;
}
