/** Opens a root file system for the checks, whatever it is stored in. */
import { createReadStream, createWriteStream, statSync, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Tools } from '../../check/index.js';
import { BrokenArchive, Image, type ImageSource, type MemberTree, readCpio, readTar } from '../../image/index.js';
import { EXIT } from '../exit.js';
import { Refusal } from '../refusal.js';
import { decompress } from './compression.js';
import { directorySource, openFile } from './directory.js';
import { readFileSystem } from './file-systems.js';
import { readContainer } from './oci.js';

export interface OpenImage {
  readonly image: Image;
  /** USER of a container image; undefined: it is not one. */
  readonly containerUser: string | undefined;
  /** It has the form of a container image: an OCI layout, or what `docker save` writes. */
  readonly isContainerImage: boolean;
  readonly close: () => void;
}

/**
 * @param shown how the image is called in findings
 * @throws {@link Refusal}
 */
export async function openImage(tools: Tools, file: string, shown: string): Promise<OpenImage> {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw new Refusal('there is no such file or directory', EXIT.environment, KINDS);
  const open: (() => void)[] = [];
  const close = () => {
    for (const one of open.splice(0)) one();
  };
  const layer = async (bytes: Uint8Array) => {
    const copy = `${await tools.scratch()}/layer`;
    writeFileSync(copy, bytes);
    return openArchive(tools, await decompress(tools, copy), open);
  };
  try {
    const source = stat.isDirectory()
      ? directorySource(file)
      : await openPlain(tools, await decompress(tools, file), open);
    if (source === undefined)
      throw new Refusal('it is not a root file system in a known format', EXIT.environment, KINDS);
    const container = await readContainer(source, layer);
    const image = new Image(container?.source ?? source, shown);
    const isExported = image.isFile('.dockerenv') || image.isFile('run/.containerenv');
    return {
      image,
      containerUser: container?.user ?? (isExported ? '' : undefined),
      isContainerImage: container !== undefined,
      close,
    };
  } catch (error) {
    close();
    if (error instanceof BrokenArchive) throw new Refusal(error.message, EXIT.environment, error.fix);
    throw error;
  }
}

async function openArchive(tools: Tools, file: string, open: (() => void)[]): Promise<MemberTree | undefined> {
  const { read, sizeBytes, close } = openFile(file);
  open.push(close);
  return readTar(read, sizeBytes) ?? openCpio(tools, file, open);
}

/** A compressed archive may follow a plain one: boot images begin with microcode for the processor. */
async function openCpio(
  tools: Tools,
  file: string,
  open: (() => void)[],
  below?: MemberTree,
): Promise<MemberTree | undefined> {
  const { read, sizeBytes, close } = openFile(file);
  open.push(close);
  const cpio = readCpio(read, sizeBytes, below);
  if (cpio?.rest === undefined) return cpio?.tree;
  const rest = `${await tools.scratch()}/rest`;
  await pipeline(createReadStream(file, { start: cpio.rest }), createWriteStream(rest));
  const plain = await decompress(tools, rest);
  const whole = plain === rest ? undefined : await openCpio(tools, plain, open, cpio.tree);
  if (whole === undefined)
    throw new BrokenArchive(
      `after the cpio archive, byte ${cpio.rest} begins something that is not another one`,
      'copy or build it again',
    );
  return whole;
}

async function openPlain(tools: Tools, file: string, open: (() => void)[]): Promise<ImageSource | undefined> {
  const archive = await openArchive(tools, file, open);
  if (archive !== undefined) return archive;
  const plain = openFile(file);
  open.push(plain.close);
  return readFileSystem(tools, file, plain);
}

const KINDS =
  'give a directory, a tar or cpio archive (also .gz, .xz, .zst), an image of ext4, squashfs, erofs, btrfs or a whole disk, or a container image';
