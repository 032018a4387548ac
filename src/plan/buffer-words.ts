/** A budget as a person says it: `4 cameras 4K NV12, 6 buffers each; 1 decoder H.264 4K level 5.1`. */
import { type DecoderNeeds, decoderNeeds, isCodec } from '../facts/codec.js';
import { pixelFormat } from '../facts/pixel-format.js';
import { type VideoDriver, videoDriver } from '../facts/video-driver.js';
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
    buffers.push(...one.buffers);
  }
  return { buffers };
}

/** What a display or a compositor holds beside the decoder: the picture on the screen, the next one, and one that waits. */
const HELD_BY_OTHERS = 3;
/** Decoders write this where nothing else is stated. */
const DECODED_FORMAT = 'NV12';

interface Words {
  streams?: number;
  count?: number;
  picture?: readonly [number, number];
  format?: string;
  codec?: string;
  level?: string;
  driver?: VideoDriver;
  readonly purpose: string[];
}

function readWords(part: string): Words {
  const found: Words = { purpose: [] };
  let number: number | undefined;
  let isLevel = false;
  for (const word of part.split(/[\s,]+/).filter((one) => one !== '')) {
    const lower = word.toLowerCase();
    const size = /^(\d+)[x×](\d+)$/.exec(lower);
    if (isLevel) {
      found.level = lower;
      isLevel = false;
    } else if (lower === 'level') isLevel = true;
    else if (size !== null) found.picture = [Number(size[1]), Number(size[2])];
    else if (PICTURES[lower] !== undefined) found.picture = PICTURES[lower];
    else if (isCodec(word)) found.codec = word;
    else if (/^\d+$/.test(word)) number = Number(word);
    else if (/^buffers?$/.test(lower)) [found.count, number] = [number ?? 0, undefined];
    else if (/[A-Z0-9]/.test(word) && pixelFormat(word) !== undefined) found.format = word;
    else if (videoDriver(word) !== undefined) found.driver = videoDriver(word) as VideoDriver;
    else if (!FILLERS.has(lower)) {
      found.purpose.push(word);
      if (number !== undefined) [found.streams, number] = [number, undefined];
    }
  }
  return found;
}

function parsePart(part: string): { readonly buffers: Buffer[] } | { readonly error: string } {
  const found = readWords(part);
  if (found.picture === undefined)
    return { error: `"${part}" does not state the size of a picture: 4K, 1080p, 1920x1080` };
  const [width, height] = found.picture;
  const decoder = found.codec === undefined ? undefined : decoderNeeds(found.codec, { width, height }, found.level);
  if (decoder !== undefined && 'error' in decoder) return { error: `"${part}": ${decoder.error}` };
  if (found.level !== undefined && decoder === undefined)
    return { error: `"${part}" has a level and does not state the codec, such as H.264` };
  const format = found.format ?? (decoder === undefined ? undefined : DECODED_FORMAT);
  if (format === undefined) return { error: `"${part}" does not state the pixel format, such as NV12` };
  const count = found.count ?? (decoder === undefined ? 0 : decoder.pictures + HELD_BY_OTHERS);
  if (count === 0) return { error: `"${part}" does not state the number of buffers: 6 buffers each` };
  if (decoder !== undefined && count < decoder.pictures)
    return {
      error: `"${part}" has too few buffers: ${decoder.title} keeps ${decoder.pictures - 1} pictures of ${width} x ${height} and decodes into one more`,
    };
  const streams = found.streams === undefined || found.streams === 1 ? {} : { streams: found.streams };
  const { driver } = found;
  const purpose = [...found.purpose, ...[decoder?.title, driver?.title].filter((one) => one !== undefined)].join(' ');
  const alignment = driver === undefined ? {} : { strideAlignment: driver.stride, heightAlignment: driver.height };
  const pictures = {
    ...(purpose === '' ? {} : { purpose }),
    ...{ width, height, format, ...alignment, count },
    ...streams,
  } as Buffer;
  return { buffers: [pictures, ...metadataOf(decoder, purpose, count, streams)] };
}

function metadataOf(
  decoder: DecoderNeeds | undefined,
  purpose: string,
  count: number,
  streams: Pick<Buffer, 'streams'>,
): Buffer[] {
  if (decoder === undefined || decoder.metadataBytes === 0) return [];
  const size = `${Math.ceil(decoder.metadataBytes / 1024)}K`;
  return [{ purpose: `${purpose}, motion vectors`, size, count, ...streams }];
}
