/** Pixel formats by their usual name or FourCC: bits of one sample of each plane and its subsampling. */
import data from './pixel-format.json' with { type: 'json' };

export interface PixelPlane {
  readonly bitsPerSample: number;
  /** One sample for this many pixels of a line, and lines of the picture. */
  readonly horizontal: number;
  readonly vertical: number;
}

export interface PixelFormat {
  readonly name: string;
  readonly title: string;
  readonly planes: readonly PixelPlane[];
}

const byName = new Map<string, PixelFormat>();
for (const [name, { aliases, planes, title }] of Object.entries(data.formats)) {
  const format: PixelFormat = {
    name,
    title,
    planes: planes.map(([bits = 8, horizontal = 1, vertical = 1]) => ({ bitsPerSample: bits, horizontal, vertical })),
  };
  for (const spelling of [name, ...aliases]) byName.set(spelling, format);
}

/** Case counts in FourCCs (pRAA, pgAA), so an exact spelling wins over one that differs in case. */
export function pixelFormat(name: string): PixelFormat | undefined {
  return byName.get(name) ?? byName.get(name.toUpperCase());
}

export function pixelFormatNames(): string[] {
  return [...byName.keys()];
}
