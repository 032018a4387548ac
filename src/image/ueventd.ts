/** What Android's ueventd makes of a node: among the lines that match, the last one decides. */
import { globPattern } from './glob.js';
import type { Image } from './tree.js';

const FILES = [
  'system/etc/ueventd.rc',
  'ueventd.rc',
  'vendor/etc/ueventd.rc',
  'vendor/ueventd.rc',
  'odm/etc/ueventd.rc',
  'odm/ueventd.rc',
];

export interface UeventdAnswer {
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
  readonly from: string;
}

/** @param node below the root: `dev/dma_heap/system` */
export function ueventdNode(image: Image, node: string): UeventdAnswer | undefined {
  const extra = image.list('').filter((name) => /^ueventd\..+\.rc$/.test(name));
  let answer: UeventdAnswer | undefined;
  for (const file of [...FILES, ...extra]) {
    const source = image.text(file);
    for (const [i, line] of (source?.text ?? '').split('\n').entries()) {
      const [path, mode = '', owner, group] = line.trim().split(/\s+/);
      if (path === undefined || owner === undefined || group === undefined) continue;
      if (!path.startsWith('/dev/') || !/^0?[0-7]{3,4}$/.test(mode)) continue;
      // A star at the end matches any rest, including slashes; elsewhere the pattern is one of paths.
      const matches =
        path.endsWith('*') && path.indexOf('*') === path.length - 1
          ? `/${node}`.startsWith(path.slice(0, -1))
          : globPattern(path, { isPath: true }).test(`/${node}`);
      if (matches) answer = { owner, group, mode: Number.parseInt(mode, 8), from: `${source?.file}:${i + 1}` };
    }
  }
  return answer;
}
