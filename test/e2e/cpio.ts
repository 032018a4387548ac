/** One member of an initramfs. Owner and group are 0 for all of them. */
export type Member =
  | { readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly directory: true }
  | { readonly path: string; readonly character: readonly [major: number, minor: number] };

const TYPE = { file: 0o100000, directory: 0o040000, link: 0o120000, character: 0o020000 };

/** A cpio archive in the kernel's "newc" form (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function newcArchive(members: readonly Member[]): Uint8Array {
  const parts: Buffer[] = [];
  let inode = 1;
  for (const member of members) parts.push(entry(member, inode++));
  parts.push(record({ path: 'TRAILER!!!', mode: 0, content: Buffer.alloc(0), inode: 0, device: [0, 0] }));
  return Buffer.concat(parts);
}

function entry(member: Member, inode: number): Buffer {
  const { path } = member;
  const empty = Buffer.alloc(0);
  const none = [0, 0] as const;
  if ('directory' in member) return record({ path, mode: TYPE.directory | 0o755, content: empty, inode, device: none });
  if ('link' in member)
    return record({ path, mode: TYPE.link | 0o777, content: Buffer.from(member.link), inode, device: none });
  if ('character' in member)
    return record({ path, mode: TYPE.character | 0o600, content: empty, inode, device: member.character });
  return record({ path, mode: TYPE.file | member.mode, content: Buffer.from(member.content), inode, device: none });
}

interface NewcRecord {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
  readonly inode: number;
  readonly device: readonly [number, number];
}

function record({ path, mode, content, inode, device }: NewcRecord): Buffer {
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(content)]);
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
