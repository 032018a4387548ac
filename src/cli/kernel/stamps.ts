/** Size and times of files, which tell a file that changed from one that did not without reading it. */
import { statSync } from 'node:fs';

/** Two changes within a tick of the file system's clock leave the same time, so a file must have rested this long. */
const REST_MILLIS = 2000;

/**
 * Of each file or directory its size, and when its contents and its inode changed; -1 for one that is not there.
 * @param opened when the caller began to read them, in milliseconds
 * @returns undefined when one has changed since, or shortly before
 */
export function stampsOf(paths: readonly string[], opened: number): number[] | undefined {
  const stamps: number[] = [];
  for (const file of paths) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found && found.ctimeMs > opened - REST_MILLIS) return undefined;
    stamps.push(found?.size ?? -1, found?.mtimeMs ?? -1, found?.ctimeMs ?? -1);
  }
  return stamps;
}

export function isAsStamped(paths: readonly string[], stamps: readonly number[]): boolean {
  let at = 0;
  for (const file of paths) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined ? stamps[at] !== -1 : found.size !== stamps[at]) return false;
    if (found && (found.mtimeMs !== stamps[at + 1] || found.ctimeMs !== stamps[at + 2])) return false;
    at += 3;
  }
  return at === stamps.length;
}

/** A name for a file, from a key; that it is the right one is checked in the file. */
export function abridged(key: string): string {
  let [a, b] = [0x811c9dc5, 0x1234567];
  for (let i = 0; i < key.length; i++) {
    a = Math.imul(a ^ key.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ key.charCodeAt(i), 0x85ebca6b) ^ (b >>> 13);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
