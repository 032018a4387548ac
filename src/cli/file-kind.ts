/** What a file is, told from its first bytes, and which option takes it: for a file that is given in the wrong place. */
import { closeSync, openSync, readSync } from 'node:fs';

interface FileKind {
  readonly title: string;
  readonly fix: string;
  readonly magic: readonly number[];
  /** Where the magic is. */
  readonly offset?: number;
}

const COMPRESSED = (program: string) => `unpack it with ${program}, or give it to the option that takes this file`;

const KINDS: readonly FileKind[] = [
  {
    title: 'a device tree blob',
    fix: 'give it with --dtb; dmaheap init --dtb FILE -o BOARD.jsonc writes a first profile from it',
    magic: [0xd0, 0x0d, 0xfe, 0xed],
  },
  { title: 'compressed with gzip', fix: COMPRESSED('gunzip'), magic: [0x1f, 0x8b] },
  { title: 'compressed with xz', fix: COMPRESSED('unxz'), magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { title: 'compressed with zstd', fix: COMPRESSED('unzstd'), magic: [0x28, 0xb5, 0x2f, 0xfd] },
  {
    title: 'an ELF file, such as a program or vmlinux',
    fix: 'give a text file; the source of a kernel goes to --kernel-tree',
    magic: [0x7f, 0x45, 0x4c, 0x46],
  },
  {
    title: 'a tar archive',
    fix: 'give a capture of a board to dmaheap diagnose, and a root file system to check --rootfs',
    magic: [0x75, 0x73, 0x74, 0x61, 0x72],
    offset: 257,
  },
  { title: 'a zip archive', fix: 'unpack it with unzip', magic: [0x50, 0x4b, 0x03, 0x04] },
  {
    title: 'an arm64 kernel image',
    fix: 'give a text file; the source of a kernel goes to --kernel-tree',
    magic: [0x41, 0x52, 0x4d, 0x64],
    offset: 56,
  },
];

/** The bytes that tell a kind. */
const HEAD_BYTES = 512;

/** @returns undefined for a file of another kind, which may be text */
export function kindOfBytes(bytes: Uint8Array): Pick<FileKind, 'title' | 'fix'> | undefined {
  return KINDS.find(({ magic, offset = 0 }) => magic.every((byte, i) => bytes[offset + i] === byte));
}

/** The same for a regular file that is too large to read. */
export function kindOfFile(file: string): Pick<FileKind, 'title' | 'fix'> | undefined {
  const head = new Uint8Array(HEAD_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    return kindOfBytes(head.subarray(0, readSync(descriptor, head, 0, head.length, 0)));
  } finally {
    closeSync(descriptor);
  }
}
