/**
 * Reads tar archives: POSIX ustar and pax, GNU's long names, hard links. Only headers are read; content when it is
 * asked for. A library would do as well, but for the end of the archive: one that breaks off between two members, or
 * hides another behind its end, must not pass for a whole one. Sources: POSIX pax; tar.h of GNU tar.
 */
import { MemberTree } from './members.js';
import type { EntryKind } from './tree.js';

/** Bytes of the archive; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

/** What is wrong with an archive. */
export class BrokenArchive extends Error {
  readonly fix: string | undefined;

  constructor(message: string, fix?: string) {
    super(message);
    this.fix = fix;
  }
}

const BLOCK = 512;
/** No header is longer; a larger one is damage. */
const MAX_HEADER_BYTES = 1 << 20;
const KINDS: Readonly<Record<string, EntryKind>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'file',
  '2': 'link',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'other',
};

const decoder = new TextDecoder();
const text = (block: Uint8Array, offset: number, length: number) => {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
};

/** An octal number, or a binary one with its first bit set. */
function number(block: Uint8Array, offset: number, length: number): number {
  if (((block[offset] as number) & 0x80) !== 0) {
    let value = (block[offset] as number) & 0x7f;
    for (let i = 1; i < length; i += 1) value = value * 256 + (block[offset + i] as number);
    return value;
  }
  const digits = text(block, offset, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : 0;
}

function isHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  let sum = 0;
  // One pass over every header of the archive: an iterator costs several times as much.
  for (let i = 0; i < BLOCK; i += 1) sum += i >= 148 && i < 156 ? 32 : (block[i] as number);
  return /[0-7]/.test(text(block, 148, 8)) && number(block, 148, 8) === sum;
}

const isZero = (block: Uint8Array) => block.every((byte) => byte === 0);

/** `LENGTH KEY=VALUE\n`, over and over. */
function readPax(data: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(32, at);
    const length = Number(decoder.decode(data.subarray(at, space)));
    if (space < 0 || !(length > 0)) break;
    const record = decoder.decode(data.subarray(space + 1, at + length - 1));
    const cut = record.indexOf('=');
    records.set(record.slice(0, cut), record.slice(cut + 1));
    at += length;
  }
  return records;
}

/**
 * @returns undefined when it is not a tar archive at all
 * @throws {@link BrokenArchive}
 */
export function readTar(read: ReadAt, sizeBytes: number): MemberTree | undefined {
  const tree = new MemberTree();
  let global = new Map<string, string>();
  let next = new Map<string, string>();
  let last: string | undefined;
  const after = (offset: number) => `byte ${offset}${last === undefined ? '' : `, after "${last}"`}`;
  for (let offset = 0; ; ) {
    const block = read(offset, BLOCK);
    if (block.length < BLOCK) {
      if (offset === 0) return undefined;
      throw new BrokenArchive(
        `it ends at ${after(offset)} without the final zero blocks, so members may be missing`,
        'copy or build it again, or give the directory that it was made from',
      );
    }
    if (isZero(block)) {
      // File systems begin with an empty block, and an archive without members is not a root file system.
      if (offset === 0) return undefined;
      refuseHidden(read, offset, sizeBytes, after(offset));
      return tree;
    }
    if (!isHeader(block)) {
      if (offset === 0) return undefined;
      throw new BrokenArchive(`it is damaged at ${after(offset)}`, 'copy or build it again');
    }
    const type = String.fromCharCode(block[156] as number);
    const pax = new Map([...global, ...next]);
    const size = Number(pax.get('size') ?? number(block, 124, 12));
    const start = offset + BLOCK;
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
    if (start + size > sizeBytes)
      throw new BrokenArchive(`it ends inside a member, at ${after(start)}`, 'copy or build it again');
    if ('xgLK'.includes(type)) {
      if (size > MAX_HEADER_BYTES)
        throw new BrokenArchive(`it is damaged at ${after(start)}`, 'copy or build it again');
      const data = read(start, size);
      if (type === 'g') global = new Map([...global, ...readPax(data)]);
      else if (type === 'x') next = new Map([...next, ...readPax(data)]);
      else next.set(type === 'L' ? 'path' : 'linkpath', text(data, 0, data.length));
      continue;
    }
    next = new Map();
    const isUstar = text(block, 257, 5) === 'ustar';
    const prefix = isUstar && block[262] === 0 ? text(block, 345, 155) : '';
    const short = text(block, 0, 100);
    const name = pax.get('path') ?? (prefix === '' ? short : `${prefix}/${short}`);
    last = name;
    const kind = name.endsWith('/') && (type === '0' || type === '\0') ? 'directory' : (KINDS[type] ?? 'other');
    const target = pax.get('linkpath') ?? text(block, 157, 100);
    if (type === '1') {
      const linked = tree.entry(tree.place(target));
      if (linked !== undefined) tree.add(name, linked);
      continue;
    }
    tree.add(name, {
      kind,
      mode: number(block, 100, 8) & 0o7777,
      uid: Number(pax.get('uid') ?? number(block, 108, 8)),
      gid: Number(pax.get('gid') ?? number(block, 116, 8)),
      sizeBytes: size,
      ...(kind === 'link' ? { target } : {}),
      ...(kind === 'file' && type !== 'S' ? { content: () => read(start, size) } : {}),
    });
  }
}

/** What follows the end need not be an archive: padding, or a checksum. */
function refuseHidden(read: ReadAt, end: number, sizeBytes: number, after: string): void {
  for (let offset = end + BLOCK; offset + BLOCK <= sizeBytes; offset += BLOCK) {
    const block = read(offset, BLOCK);
    if (isZero(block) || !isHeader(block)) continue;
    throw new BrokenArchive(
      `it ends at ${after}, but another archive follows with "${text(block, 0, 100)}", and tar unpacks only the first`,
      'unpack it with tar --ignore-zeros and give the directory, or join archives with tar --concatenate',
    );
  }
}
