/** Words that state a total and not buffers: `400 MiB for a video decoder`. */
import { type Purpose, purposeInWords } from './purpose.js';

/** `4K` alone is the size of a picture. */
const TOTAL = /(?<![\w.])(\d+)\s*([mgt])(?:i?b)?(?!\w)/i;

/** @returns the values of `--size` and `--purpose`; undefined for words without a total */
export function totalInWords(words: string): { readonly size: string; readonly purpose?: Purpose } | undefined {
  const [, number, unit] = TOTAL.exec(words) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  const purpose = purposeInWords(words);
  return { size: `${number}${unit.toUpperCase()}`, ...(purpose === undefined ? {} : { purpose }) };
}
