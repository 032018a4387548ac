/** What a heap is for, as a name and as people write it. */

/** The name of the heap in a profile. */
export const HEAP_OF_PURPOSE = {
  camera: 'camera',
  decode: 'decoder',
  encode: 'encoder',
  display: 'display',
  npu: 'npu',
  share: 'shared',
} as const;
export type Purpose = keyof typeof HEAP_OF_PURPOSE;

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
