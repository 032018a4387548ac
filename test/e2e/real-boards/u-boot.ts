/** The disk that U-Boot boots from: kernel, initrd, device tree and a boot script. */
import { copyFile, link, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Board, Environment } from './board.js';

export interface BootFiles {
  readonly image: string;
  readonly initrd: string;
  readonly dtb: string;
  readonly commandLine: string;
}

/** @param disk the directory that becomes the disk */
export async function writeBootDisk(
  board: Board,
  files: BootFiles,
  environment: Environment,
  disk: string,
): Promise<void> {
  await rm(disk, { recursive: true, force: true });
  await mkdir(disk, { recursive: true });
  for (const [name, file] of Object.entries({ Image: files.image, initrd: files.initrd, 'board.dtb': files.dtb }))
    await link(file, path.join(disk, name)).catch(() => copyFile(file, path.join(disk, name)));
  await writeFile(path.join(disk, 'boot.scr'), scriptImage(scriptFor(board, files.commandLine, environment)));
}

export const diskOptions = (disk: string): readonly string[] => [
  ...['-drive', `if=none,id=boot,format=raw,readonly=on,file=fat:${disk}`],
  ...['-device', 'virtio-blk-device,drive=boot'],
];

/** MiB above the start of RAM where U-Boot loads the files, before it moves them. */
const LOADED_AT = { Image: 4, 'board.dtb': 124, initrd: 128 };

function scriptFor(board: Board, commandLine: string, environment: Environment): string {
  const ram = BigInt(board.banks[0]?.split('+')[0] ?? 0);
  const address = (file: keyof typeof LOADED_AT) => `0x${(ram + (BigInt(LOADED_AT[file]) << 20n)).toString(16)}`;
  const boot = board.arch === 'arm' ? 'bootz' : 'booti';
  return [
    ...Object.entries(environment).map(([name, value]) => `setenv ${name} ${value}`),
    `setenv bootargs '${commandLine}'`,
    ...(['Image', 'board.dtb', 'initrd'] as const).map((file) => `load virtio 0:1 ${address(file)} /${file}`),
    `${boot} ${address('Image')} ${address('initrd')}:\${filesize} ${address('board.dtb')}`,
    '',
  ].join('\n');
}

/** A script with the header of U-Boot's legacy images (include/image.h, struct legacy_img_hdr). */
function scriptImage(text: string): Uint8Array {
  const script = Buffer.from(text);
  const data = Buffer.alloc(8 + script.length);
  data.writeUInt32BE(script.length, 0);
  script.copy(data, 8);
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x27051956, 0);
  header.writeUInt32BE(data.length, 12);
  header.writeUInt32BE(crc32(data), 24);
  // Linux, any of its architectures, a script, not compressed.
  header.set([5, 22, 6, 0], 28);
  header.writeUInt32BE(crc32(header), 4);
  return Buffer.concat([header, data]);
}
