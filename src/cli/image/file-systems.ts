/** Images of file systems, by the tools that people have. */
import type { Tools } from '../../check/index.js';
import type { ImageSource } from '../../image/index.js';
import type { OpenFile } from './directory.js';

/** @returns undefined for what is not a file system that is known */
export async function readFileSystem(_tools: Tools, _file: string, _open: OpenFile): Promise<ImageSource | undefined> {
  return undefined;
}
