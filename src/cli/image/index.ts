/** Opens a root file system for the checks, whatever it is stored in. */
import { statSync } from 'node:fs';
import type { Tools } from '../../check/index.js';
import { BrokenArchive, Image, readCpio, readTar } from '../../image/index.js';
import { EXIT } from '../exit.js';
import { Refusal } from '../refusal.js';
import { decompress } from './compression.js';
import { directorySource, openFile } from './directory.js';
import { readFileSystem } from './file-systems.js';

export interface OpenImage {
  readonly image: Image;
  readonly close: () => void;
}

/**
 * @param shown how the image is called in findings
 * @throws {@link Refusal}
 */
export async function openImage(tools: Tools, file: string, shown: string): Promise<OpenImage> {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw new Refusal('there is no such file or directory', EXIT.environment, KINDS);
  if (stat.isDirectory()) return { image: new Image(directorySource(file), shown), close: () => undefined };
  const plain = await decompress(tools, file);
  const open = openFile(plain);
  let isKept = false;
  try {
    const archive = readTar(open.read, open.sizeBytes) ?? readCpio(open.read, open.sizeBytes);
    if (archive !== undefined) {
      isKept = true;
      return { image: new Image(archive, shown), close: open.close };
    }
    const source = await readFileSystem(tools, plain, open);
    if (source === undefined)
      throw new Refusal('it is not a root file system of a kind that is known', EXIT.environment, KINDS);
    return { image: new Image(source, shown), close: () => undefined };
  } catch (error) {
    if (error instanceof BrokenArchive) throw new Refusal(error.message, EXIT.environment, error.fix);
    throw error;
  } finally {
    if (!isKept) open.close();
  }
}

const KINDS =
  'give a directory, a tar or cpio archive (also .gz, .xz, .zst), or an image of ext4, squashfs, erofs or a whole disk';
