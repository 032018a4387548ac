/** Words that state a total and not buffers: `400 MiB for a video decoder`. */
import type { Purpose } from './board.js';

/** `4K` alone is the size of a picture. */
const TOTAL = /(?<![\w.])(\d+)\s*([mgt])(?:i?b)?(?!\w)/i;

const PURPOSE_WORDS: readonly (readonly [RegExp, Purpose])[] = [
  [/\b(?:video )?decod/i, 'decode'],
  [/\b(?:video )?encod/i, 'encode'],
  [/\b(?:camera|capture|isp|sensor)/i, 'camera'],
  [/\b(?:display|screen|compositor|panel)/i, 'display'],
  [/\b(?:npu|neural|inference)/i, 'npu'],
  [/\bshar(?:e|ing)/i, 'share'],
];

export const purposeInWords = (words: string): Purpose | undefined =>
  PURPOSE_WORDS.find(([pattern]) => pattern.test(words))?.[1];

/** @returns the values of `--size` and `--purpose`; undefined for words without a total */
export function totalInWords(words: string): { readonly size: string; readonly purpose?: Purpose } | undefined {
  const [, number, unit] = TOTAL.exec(words) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  const purpose = purposeInWords(words);
  return { size: `${number}${unit.toUpperCase()}`, ...(purpose === undefined ? {} : { purpose }) };
}
