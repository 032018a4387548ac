/** A budget as a person says it: `4 cameras 4K NV12, 6 buffers each; 1 decoder H.264 4K level 5.1`. */
import { type DecoderNeeds, decoderNeeds, isCodec } from '../facts/codec.js';
import { pixelFormat } from '../facts/pixel-format.js';
import { VIDEO_DRIVERS, type VideoDriver, videoDriver } from '../facts/video-driver.js';
import type { Buffer } from '../profile/types.gen.js';
import { suggest } from '../source/suggest.js';

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
  '576p': [720, 576],
  '480p': [854, 480],
  vga: [640, 480],
};

/** Words that do not state a size. */
const FILLERS = new Set(['of', 'at', 'in', 'with', 'each', 'per', 'stream', 'and', 'a', 'an', 'the']);

const NUMBERS = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ');
/** `3 x 720p`. */
const TIMES = /^[x×]$/;
/** Users of whom the text does not say how many would be counted as one. */
const SEVERAL = /[^s]s$/i;

export const BUFFER_EXAMPLE = '4 cameras 4K NV12, 6 buffers each';
const DECODER_EXAMPLE = '1 decoder H.264 4K level 5.1 rkvdec';
const KINDS_EXAMPLE = `${BUFFER_EXAMPLE}; 1 display 1080p XRGB8888, 3 buffers`;

/** Why words are not a budget, as the end of a sentence, and words of the same kind that are one. */
export interface BudgetRefusal {
  readonly error: string;
  readonly example: string;
}

type Parsed = { readonly buffers: Buffer[] } | BudgetRefusal;

export function parseBuffers(text: string): Parsed {
  const parts = text.split(/[;+\n]/).filter((part) => part.trim() !== '');
  if (parts.length === 0) return { error: 'it does not name buffers', example: BUFFER_EXAMPLE };
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

/** What one kind of buffers has once. */
const TITLES = {
  ...{ streams: 'number of users', count: 'number of buffers', picture: 'size of a picture', format: 'pixel format' },
  ...{ codec: 'codec', level: 'level', driver: 'driver' },
} as const;

/** A longer word that differs little from a driver's name is not what buffers are for. */
const SHORTEST_DRIVER = 5;

/** @returns why the words cannot be read, as the end of a sentence */
function readWords(part: string): Words | (Pick<BudgetRefusal, 'error'> & { readonly isSeveral?: true }) {
  const found: Words = { purpose: [] };
  const twice: string[] = [];
  const state = <K extends keyof typeof TITLES>(key: K, value: Words[K], word: string) => {
    if (found[key] !== undefined) twice.push(`a second ${TITLES[key]}, "${word}"`);
    found[key] = value;
  };
  let number: string | undefined;
  let isLevel = false;
  for (const word of part.split(/[\s,]+/).filter((one) => one !== '')) {
    const lower = word.toLowerCase();
    const size = /^(\d+)[x×](\d+)$/.exec(lower);
    if (isLevel) {
      state('level', lower, word);
      isLevel = false;
    } else if (lower === 'level') isLevel = true;
    else if (size !== null) state('picture', [Number(size[1]), Number(size[2])], word);
    else if (PICTURES[lower] !== undefined) state('picture', PICTURES[lower], word);
    else if (isCodec(word)) state('codec', word, word);
    else if (/^\d+$/.test(word) || NUMBERS.includes(lower)) {
      if (number !== undefined) return { error: `does not say what ${number} is the number of` };
      number = /^\d/.test(word) ? word : `${NUMBERS.indexOf(lower)}`;
    } else if (/^buffers?$/.test(lower)) {
      state('count', Number(number ?? 0), `${number ?? ''} ${word}`.trim());
      number = undefined;
    } else if (/[A-Z0-9]/.test(word) && pixelFormat(word) !== undefined) state('format', word, word);
    else if (videoDriver(word) !== undefined) state('driver', videoDriver(word) as VideoDriver, word);
    else if (!FILLERS.has(lower)) {
      if (/^\d+p$|^[\d.]+$/.test(lower)) return { error: `has "${word}", which dmaheap cannot read` };
      const near =
        word.length < SHORTEST_DRIVER
          ? []
          : suggest(
              word,
              VIDEO_DRIVERS.map(({ title }) => title),
            );
      if (near[0] !== undefined) return { error: `has "${word}": did you mean the driver ${near[0]}?` };
      if (number === undefined && found.streams === undefined && SEVERAL.test(word))
        return { error: `does not say how many ${word}` };
      if (!TIMES.test(word)) found.purpose.push(word);
      if (number !== undefined) state('streams', Number(number), `${number} ${word}`);
      number = undefined;
    }
  }
  if (twice[0] !== undefined)
    return { error: `has ${twice[0]}: write ; between two kinds of buffers`, isSeveral: true };
  if (number !== undefined) return { error: `does not say what ${number} is the number of` };
  return isLevel ? { error: 'has the word level without a number' } : found;
}

function parsePart(part: string): Parsed {
  const found = readWords(part);
  const isDecoder = part.split(/[\s,]+/).some((word) => isCodec(word) || /^(?:decod|level)/i.test(word));
  const refused = (error: string, example = isDecoder ? DECODER_EXAMPLE : BUFFER_EXAMPLE) => ({
    error: `"${part}" ${error}`,
    example,
  });
  if ('error' in found) return refused(found.error, found.isSeveral === true ? KINDS_EXAMPLE : undefined);
  if (found.picture === undefined) return refused('does not state the size of a picture: 4K, 1080p, 1920x1080');
  const [width, height] = found.picture;
  const decoder = found.codec === undefined ? undefined : decoderNeeds(found.codec, { width, height }, found.level);
  if (decoder !== undefined && 'error' in decoder) return refused(`cannot be decoded: ${decoder.error}`);
  if (found.level !== undefined && decoder === undefined)
    return refused('has a level and does not state the codec, such as H.264');
  const format = found.format ?? (decoder === undefined ? undefined : DECODED_FORMAT);
  if (format === undefined) return refused('does not state the pixel format, such as NV12');
  const count = found.count ?? (decoder === undefined ? 0 : decoder.pictures + HELD_BY_OTHERS);
  if (count === 0) return refused('does not state the number of buffers: 6 buffers each');
  if (found.streams === 0) return refused('is for no user: give a number above zero, or leave it out');
  if (decoder !== undefined && count < decoder.pictures)
    return refused(
      `has too few buffers: ${decoder.title} keeps ${decoder.pictures - 1} pictures of ${width} x ${height} and decodes into one more`,
    );
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
