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

export interface Cpio {
  readonly tree: MemberTree;
  /** Where something follows that is not such an archive; the kernel takes it for a compressed one. */
  readonly rest?: number;
}

/**
 * Reads archives that follow each other, as the kernel reads an initramfs: a later member replaces an earlier one.
 * Source: init/initramfs.c.
 * @param tree what is already there
 * @returns undefined when it is not a cpio archive of this format
 * @throws {@link BrokenArchive}
 */
export function readCpio(read: ReadAt, sizeBytes: number, tree = new MemberTree()): Cpio | undefined {
  for (let offset = 0; ; ) {
    if (!isHeader(read, offset)) return offset === 0 ? undefined : { tree, rest: offset };
    offset = afterZeros(read, readOne(read, offset, sizeBytes, tree), sizeBytes);
    if (offset >= sizeBytes) return { tree };
  }
}

const isHeader = (read: ReadAt, offset: number) => /^07070[12]/.test(decoder.decode(read(offset, 6)));

const CHUNK = 1 << 16;

/** Zeros fill the last block of an archive. */
function afterZeros(read: ReadAt, from: number, sizeBytes: number): number {
  for (let offset = from; offset < sizeBytes; offset += CHUNK) {
    const found = read(offset, Math.min(CHUNK, sizeBytes - offset)).findIndex((byte) => byte !== 0);
    if (found >= 0) return offset + found;
  }
  return sizeBytes;
}

/** @returns where the archive ends */
function readOne(read: ReadAt, from: number, sizeBytes: number, tree: MemberTree): number {
  /** Of several links to one file only the last member has the content. */
  const links = new Map<string, string[]>();
  for (let offset = from; ; ) {
    if (!isHeader(read, offset))
      throw new BrokenArchive(`it is damaged or ends at byte ${offset}`, 'copy or build it again');
    const head = decoder.decode(read(offset, HEADER));
    const field = (index: number) => Number.parseInt(head.slice(6 + index * 8, 14 + index * 8), 16);
    const [inode, mode, uid, gid, count, , size, major, minor, , , nameSize] = Array.from({ length: 12 }, (_, i) =>
      field(i),
    ) as [number, number, number, number, number, number, number, number, number, number, number, number];
    const name = decoder.decode(read(offset + HEADER, nameSize - 1));
    const start = align(offset + HEADER + nameSize);
    offset = align(start + size);
    if (name === 'TRAILER!!!') return offset;
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
