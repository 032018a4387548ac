/** A budget as a person says it: `4 cameras 4K NV12, 6 buffers each; 1 decoder 1080p NV12, 8 buffers`. */
import { pixelFormat } from '../facts/pixel-format.js';
import type { Buffer } from '../profile/types.gen.js';

const PICTURES: Readonly<Record<string, readonly [width: number, height: number]>> = {
  '8k': [7680, 4320],
  '5k': [5120, 2880],
  '4k': [3840, 2160],
  uhd: [3840, 2160],
  '2160p': [3840, 2160],
  '1440p': [2560, 1440],
  qhd: [2560, 1440],
  '1080p': [1920, 1080],
  fhd: [1920, 1080],
  '720p': [1280, 720],
  hd: [1280, 720],
  '480p': [854, 480],
  vga: [640, 480],
};

/** Words that do not state a size. */
const FILLERS = new Set(['of', 'at', 'in', 'with', 'each', 'per', 'stream', 'and', 'a', 'an', 'the']);

export const BUFFER_EXAMPLE = '4 cameras 4K NV12, 6 buffers each';

/** @returns why the words are not a budget, as the end of a sentence */
export function parseBuffers(text: string): { readonly buffers: Buffer[] } | { readonly error: string } {
  const parts = text.split(/[;+\n]/).filter((part) => part.trim() !== '');
  if (parts.length === 0) return { error: 'it does not name buffers' };
  const buffers: Buffer[] = [];
  for (const part of parts) {
    const one = parsePart(part.trim());
    if ('error' in one) return one;
    buffers.push(one.buffer);
  }
  return { buffers };
}

function parsePart(part: string): { readonly buffer: Buffer } | { readonly error: string } {
  const found: { streams?: number; count?: number; picture?: readonly [number, number]; format?: string } = {};
  const purpose: string[] = [];
  let number: number | undefined;
  for (const word of part.split(/[\s,]+/).filter((one) => one !== '')) {
    const lower = word.toLowerCase();
    const size = /^(\d+)[x×](\d+)$/.exec(lower);
    if (size !== null) found.picture = [Number(size[1]), Number(size[2])];
    else if (PICTURES[lower] !== undefined) found.picture = PICTURES[lower];
    else if (/^\d+$/.test(word)) number = Number(word);
    else if (/^buffers?$/.test(lower)) [found.count, number] = [number ?? 0, undefined];
    else if (/[A-Z0-9]/.test(word) && pixelFormat(word) !== undefined) found.format = word;
    else if (!FILLERS.has(lower)) {
      purpose.push(word);
      if (number !== undefined) [found.streams, number] = [number, undefined];
    }
  }
  if (found.picture === undefined)
    return { error: `"${part}" does not state the size of a picture: 4K, 1080p, 1920x1080` };
  if (found.format === undefined) return { error: `"${part}" does not state the pixel format, such as NV12` };
  if (found.count === undefined || found.count === 0)
    return { error: `"${part}" does not state the number of buffers: 6 buffers each` };
  const [width, height] = found.picture;
  return {
    buffer: {
      ...(purpose.length === 0 ? {} : { purpose: purpose.join(' ') }),
      width,
      height,
      format: found.format,
      count: found.count,
      ...(found.streams === undefined || found.streams === 1 ? {} : { streams: found.streams }),
    } as Buffer,
  };
}
