/**
 * How many pictures a decoder keeps. Sources: ITU-T H.264 (table A-1, A.3.1), H.265 (table A.8, A.4.2), the VP8, VP9 and AV1
 * bitstream specifications (reference slots), ISO/IEC 13818-2 (two references). What decoders store beside each picture is
 * what mainline's drivers add to a capture buffer: hantro_hw.h (verisilicon) and rkvdec.c.
 */

export interface DecoderNeeds {
  /** `H.264 level 5.1`; without a level where the codec has none here. */
  readonly title: string;
  /** Pictures that are kept for reference or output, and the one that is decoded. */
  readonly pictures: number;
  /** Motion vectors and the like of one picture, in bytes; 0: none. */
  readonly metadataBytes: number;
}

interface Codec {
  readonly title: string;
  readonly spellings: RegExp;
  /** Level -> the largest picture, in macroblocks (H.264) or luma samples (H.265), and the bound of the picture buffer. */
  readonly levels?: Readonly<Record<string, readonly [largest: number, buffer: number]>>;
  readonly pictures: (size: Size, level: readonly [number, number] | undefined) => number;
  readonly metadataOfBlock: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const MOST_PICTURES = 16;
const blocks = ({ width, height }: Size) => Math.ceil(width / 16) * Math.ceil(height / 16);

/** maxDpbPicBuf of H.265, which counts the picture that is decoded. */
const H265_PICTURES = 6;

function h265Pictures({ width, height }: Size, largest: number): number {
  const samples = width * height;
  if (samples <= largest / 4) return Math.min(4 * H265_PICTURES, MOST_PICTURES);
  if (samples <= largest / 2) return Math.min(2 * H265_PICTURES, MOST_PICTURES);
  return samples <= (3 * largest) / 4 ? Math.min((4 * H265_PICTURES) / 3, MOST_PICTURES) : H265_PICTURES;
}

const CODECS: readonly Codec[] = [
  {
    title: 'H.264',
    spellings: /^(?:h\.?264|avc)$/i,
    levels: {
      ...{ '1': [99, 396], '1b': [99, 396], '1.1': [396, 900], '1.2': [396, 2376], '1.3': [396, 2376] },
      ...{ '2': [396, 2376], '2.1': [792, 4752], '2.2': [1620, 8100] },
      ...{ '3': [1620, 8100], '3.1': [3600, 18_000], '3.2': [5120, 20_480] },
      ...{ '4': [8192, 32_768], '4.1': [8192, 32_768], '4.2': [8704, 34_816] },
      ...{ '5': [22_080, 110_400], '5.1': [36_864, 184_320], '5.2': [36_864, 184_320] },
      ...{ '6': [139_264, 696_320], '6.1': [139_264, 696_320], '6.2': [139_264, 696_320] },
    },
    pictures: (size, level) => Math.min(Math.floor((level?.[1] ?? 0) / blocks(size)), MOST_PICTURES) + 1,
    metadataOfBlock: 128,
  },
  {
    title: 'H.265',
    spellings: /^(?:h\.?265|hevc)$/i,
    levels: {
      ...{ '1': [36_864, 0], '2': [122_880, 0], '2.1': [245_760, 0], '3': [552_960, 0], '3.1': [983_040, 0] },
      ...{ '4': [2_228_224, 0], '4.1': [2_228_224, 0] },
      ...{ '5': [8_912_896, 0], '5.1': [8_912_896, 0], '5.2': [8_912_896, 0] },
      ...{ '6': [35_651_584, 0], '6.1': [35_651_584, 0], '6.2': [35_651_584, 0] },
    },
    pictures: (size, level) => h265Pictures(size, level?.[0] ?? 0),
    metadataOfBlock: 128,
  },
  { title: 'VP9', spellings: /^vp9$/i, pictures: () => 8 + 1, metadataOfBlock: 128 },
  { title: 'AV1', spellings: /^av1$/i, pictures: () => 8 + 1, metadataOfBlock: 64 },
  { title: 'VP8', spellings: /^vp8$/i, pictures: () => 3 + 1, metadataOfBlock: 0 },
  { title: 'MPEG-2', spellings: /^mpeg-?2$/i, pictures: () => 2 + 1, metadataOfBlock: 0 },
];

export const isCodec = (word: string): boolean => CODECS.some(({ spellings }) => spellings.test(word));

/** Of a level the largest picture is known: a picture of this size has at least this level. */
function levelFor(codec: Codec, size: Size): string | undefined {
  const amount = codec.title === 'H.264' ? blocks(size) : size.width * size.height;
  return Object.entries(codec.levels ?? {})
    .sort(([, [a]], [, [b]]) => a - b)
    .find(([, [largest]]) => amount <= largest)?.[0];
}

/**
 * @param word of {@link isCodec}
 * @param level absent: the lowest that has pictures of this size
 * @returns why there is no answer, as the end of a sentence
 */
export function decoderNeeds(word: string, size: Size, level?: string): DecoderNeeds | { readonly error: string } {
  const codec = CODECS.find(({ spellings }) => spellings.test(word));
  if (codec === undefined) return { error: `${word} is not a known codec` };
  const { title, levels } = codec;
  const metadataBytes = codec.metadataOfBlock * blocks(size);
  if (levels === undefined) return { title, pictures: codec.pictures(size, undefined), metadataBytes };
  const lowest = levelFor(codec, size);
  const chosen = level ?? lowest;
  const known = chosen === undefined ? undefined : levels[chosen];
  const picture = `${size.width} x ${size.height}`;
  if (chosen === undefined) return { error: `no level of ${title} has pictures of ${picture}` };
  if (known === undefined)
    return { error: `${title} does not have a level ${chosen}: ${Object.keys(levels).join(', ')}` };
  const amount = title === 'H.264' ? blocks(size) : size.width * size.height;
  if (amount > known[0])
    return { error: `level ${chosen} of ${title} does not have pictures of ${picture}: that needs level ${lowest}` };
  return { title: `${title} level ${chosen}`, pictures: codec.pictures(size, known), metadataBytes };
}
