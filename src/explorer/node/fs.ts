/** `node:fs` on files that exist only in the page: @jspm/core's, completed by what it lacks. */
import * as fs from '@jspm/core/nodelibs/fs';

export * from '@jspm/core/nodelibs/fs';

export function readSync(descriptor: number, buffer: Uint8Array, offset = 0, length = buffer.length, position = null) {
  return fs.readSync(descriptor, buffer, offset, length, position);
}

export function opendirSync(directory: string) {
  const names = fs.readdirSync(directory);
  return { readSync: () => (names.length > 0 ? { name: names.shift() } : null), closeSync: () => undefined };
}

export function rmSync(file: string, { recursive = false, force = false } = {}): void {
  if (force && !fs.existsSync(file)) return;
  if (!fs.lstatSync(file).isDirectory()) fs.unlinkSync(file);
  else {
    if (recursive) for (const name of fs.readdirSync(file)) rmSync(`${file}/${name}`, { recursive, force });
    fs.rmdirSync(file);
  }
}
