/** Listings of whole files: /proc/iomem and the debugfs files of memblock. */
import type { AddressRange } from '../quantity/index.js';
import type { ReservedRange } from './log.js';

export interface IomemLine extends AddressRange {
  readonly depth: number;
  readonly label: string;
}

const IOMEM = /^(\s*)([0-9a-f]{8,16})-([0-9a-f]{8,16}) : (\S.*?)\s*$/;
/** `   0: 0x0000000040000000..0x000000005fffffff    0 NONE` */
const MEMBLOCK =
  /^\s*(\d+): 0x([0-9a-f]{8,16})\.\.0x([0-9a-f]{8,16})(?:\s+(?:\d+\s+)?(NONE|NOMAP|HOTPLUG|MIRROR|DRV_MNG|\S.*))?\s*$/;

export function range(first: string, last: string): AddressRange | undefined {
  const [start, end] = [BigInt(`0x${first}`), BigInt(`0x${last}`)];
  return end >= start ? { baseAddress: start, sizeBytes: end - start + 1n } : undefined;
}

export function iomemLine(text: string): IomemLine | undefined {
  const [, indent = '', first = '', last = '', label = ''] = IOMEM.exec(text) ?? [];
  const found = label === '' ? undefined : range(first, last);
  return found && { ...found, depth: indent.length, label };
}

export interface MemblockLine extends AddressRange {
  readonly index: number;
  readonly noMap: boolean;
}

export function memblockLine(text: string): MemblockLine | undefined {
  const [, index, first = '', last = '', flags = ''] = MEMBLOCK.exec(text) ?? [];
  const found = index === undefined ? undefined : range(first, last);
  return found && { ...found, index: Number(index), noMap: flags.includes('NOMAP') };
}

/** Which of memblock's files a line announces: a shell prompt, head's title, or the file's own name. */
export function memblockFile(text: string): 'memory' | 'reserved' | undefined {
  const found = /\bmemblock\/(memory|reserved|physmem)\b/.exec(text)?.[1];
  return found === 'memory' || found === 'reserved' ? found : undefined;
}

export interface IomemFacts {
  readonly ram: readonly (AddressRange & { readonly line: number })[];
  readonly kernel: (AddressRange & { readonly line: number }) | undefined;
  readonly reserved: readonly (ReservedRange & { readonly line: number })[];
  readonly isMasked: boolean;
}

/**
 * /proc/iomem: `System RAM` and the unmapped regions between its parts, which stand as `reserved` beside it; the kernel's
 * image; and what was reserved inside RAM when the kernel made the list.
 */
export function readIomem(lines: readonly { readonly line: number; readonly text: IomemLine }[]): IomemFacts {
  const top = Math.min(...lines.map(({ text }) => text.depth));
  const plain = ({ line, text }: { line: number; text: IomemLine }) => ({
    baseAddress: text.baseAddress,
    sizeBytes: text.sizeBytes,
    line,
  });
  const ram = lines.filter(({ text }) => /^System RAM\b/.test(text.label));
  const reserved = lines.filter(({ text }) => text.label === 'reserved');
  // The list of x86 has reserved ranges of the firmware's map, which are not RAM, on the same level.
  const besides = (one: AddressRange) =>
    ram.some(
      ({ text }) =>
        text.baseAddress + text.sizeBytes === one.baseAddress || one.baseAddress + one.sizeBytes === text.baseAddress,
    );
  const unmapped = reserved.filter(({ text }) => text.depth === top && besides(text));
  const image = lines.filter(({ text }) => /^Kernel (?:image|code|rodata|data|bss)$/.test(text.label));
  const [first] = image;
  const start = image.reduce((low, { text }) => (text.baseAddress < low ? text.baseAddress : low), 1n << 64n);
  const end = image.reduce((high, { text }) => {
    const at = text.baseAddress + text.sizeBytes;
    return at > high ? at : high;
  }, 0n);
  return {
    ram: [...ram, ...unmapped].map(plain),
    kernel: first && { baseAddress: start, sizeBytes: end - start, line: first.line },
    reserved: reserved
      .filter(({ text }) => text.depth > top || unmapped.some((other) => other.text === text))
      .map((one) => ({ ...plain(one), name: undefined, noMap: one.text.depth === top, reusable: false })),
    // Without the capability every address reads as zero.
    isMasked: lines.length > 1 && lines.every(({ text }) => text.baseAddress === 0n && text.sizeBytes === 1n),
  };
}
