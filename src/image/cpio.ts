/** Reads cpio archives of the "new ASCII" format, which initramfs images and rpm use. Source: cpio(5). */
import { MemberTree } from './members.js';
import { BrokenArchive, type ReadAt } from './tar.js';
import type { EntryKind } from './tree.js';

const HEADER = 110;
const decoder = new TextDecoder();
const FORMAT = 0o170000;
const KINDS: ReadonlyMap<number, EntryKind> = new Map([
  [0o040000, 'directory'],
  [0o100000, 'file'],
  [0o120000, 'link'],
  [0o020000, 'character'],
  [0o060000, 'block'],
]);
const align = (offset: number) => Math.ceil(offset / 4) * 4;

/**
 * @returns undefined when it is not a cpio archive of this format
 * @throws {@link BrokenArchive}
 */
export function readCpio(read: ReadAt, sizeBytes: number): MemberTree | undefined {
  const tree = new MemberTree();
  /** Of several links to one file only the last member has the content. */
  const links = new Map<string, string[]>();
  for (let offset = 0; ; ) {
    const head = decoder.decode(read(offset, HEADER));
    if (!/^07070[12]/.test(head)) {
      if (offset === 0) return undefined;
      throw new BrokenArchive(`it is damaged or ends at byte ${offset}`, 'copy or build it again');
    }
    const field = (index: number) => Number.parseInt(head.slice(6 + index * 8, 14 + index * 8), 16);
    const [inode, mode, uid, gid, count, , size, major, minor, , , nameSize] = Array.from({ length: 12 }, (_, i) =>
      field(i),
    ) as [number, number, number, number, number, number, number, number, number, number, number, number];
    const name = decoder.decode(read(offset + HEADER, nameSize - 1));
    const start = align(offset + HEADER + nameSize);
    offset = align(start + size);
    if (name === 'TRAILER!!!') return tree;
    if (start + size > sizeBytes) throw new BrokenArchive(`it ends inside "${name}"`, 'copy or build it again');
    const kind = KINDS.get(mode & FORMAT) ?? 'other';
    const member = {
      kind,
      mode: mode & 0o7777,
      uid,
      gid,
      sizeBytes: size,
      ...(kind === 'link' ? { target: decoder.decode(read(start, size)) } : {}),
      ...(kind === 'file' ? { content: () => read(start, size) } : {}),
    };
    tree.add(name, member);
    if (kind !== 'file' || count < 2) continue;
    const key = `${major}:${minor}:${inode}`;
    const names = [...(links.get(key) ?? []), name];
    links.set(key, names);
    if (size > 0) for (const other of names) tree.add(other, member);
  }
}
