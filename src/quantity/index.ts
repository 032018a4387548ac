/** Sizes and addresses. Always bigint: a 64-bit address does not fit a number. */

/** A range of addresses as device trees write it. */
export interface AddressRange {
  readonly baseAddress: bigint;
  readonly sizeBytes: bigint;
}

export const rangeEnd = ({ baseAddress, sizeBytes }: AddressRange): bigint => baseAddress + sizeBytes;

/** By address; ranges that touch or overlap are one, as the kernel keeps RAM. */
export function joinRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const out: AddressRange[] = [];
  for (const { baseAddress, sizeBytes } of [...ranges].sort((a, b) => (a.baseAddress < b.baseAddress ? -1 : 1))) {
    const last = out.at(-1);
    const end = baseAddress + sizeBytes;
    if (last === undefined || rangeEnd(last) < baseAddress) out.push({ baseAddress, sizeBytes });
    else if (end > rangeEnd(last))
      out[out.length - 1] = { baseAddress: last.baseAddress, sizeBytes: end - last.baseAddress };
  }
  return out;
}

const SUFFIX: Readonly<Record<string, bigint>> = {
  '': 0n,
  k: 10n,
  m: 20n,
  g: 30n,
  t: 40n,
};
const U64_MAX = (1n << 64n) - 1n;

/** The texts that {@link parseBytes} reads, unless the number is too large; a schema has no flag for case. */
export const BYTES_PATTERN = String.raw`^\s*(0[xX][0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|[0-9]+(?:_[0-9]+)*)\s*(?:([kKmMgGtT])(?:[iI]?[bB])?|[bB])?\s*$`;
const BYTES = new RegExp(BYTES_PATTERN);

/**
 * Reads a size or address: `4096`, `0x1000`, `0x1000_0000`, `256M`, `1 GiB`. K, M, G, T are powers of 1024, as in the
 * kernel's memparse().
 * @returns undefined when the text is not a quantity or does not fit 64 bits
 */
export function parseBytes(text: string | number): bigint | undefined {
  if (typeof text === 'number') return Number.isSafeInteger(text) && text >= 0 ? BigInt(text) : undefined;
  const match = BYTES.exec(text);
  if (match?.[1] === undefined) return undefined;
  const shift = SUFFIX[(match[2] ?? '').toLowerCase()];
  if (shift === undefined) return undefined;
  const value = BigInt(match[1].replaceAll('_', '')) << shift;
  return value <= U64_MAX ? value : undefined;
}

/** `268435456n` -> `256 MiB`; exact, with the largest binary unit that divides the value. */
export function formatBytes(bytes: bigint): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (unit < units.length - 1 && value !== 0n && value % 1024n === 0n) {
    value /= 1024n;
    unit += 1;
  }
  return `${value} ${units[unit]}`;
}

/** For people, where {@link formatBytes} would print a long count: `171097785n` -> `163.2 MiB (171097785 bytes)`. */
export function readableBytes(bytes: bigint): string {
  const exact = formatBytes(bytes);
  if (!/^\d{5}/.test(exact)) return exact;
  const unit = [...SCALES].reverse().find(({ shift }) => bytes >> shift > 0n) ?? SCALES[0];
  const tenths = ((bytes * 10n + (1n << unit.shift) / 2n) >> unit.shift).toString();
  return `${tenths.slice(0, -1)}.${tenths.slice(-1)} ${unit.name} (${exact})`;
}

const SCALES = [
  { name: 'KiB', shift: 10n },
  { name: 'MiB', shift: 20n },
  { name: 'GiB', shift: 30n },
] as const;

/** `0x40000000n` -> `0x40000000`. */
export function formatAddress(address: bigint): string {
  return `0x${address.toString(16)}`;
}

export function alignUp(value: bigint, alignment: bigint): bigint {
  return ((value + alignment - 1n) / alignment) * alignment;
}

export function alignDown(value: bigint, alignment: bigint): bigint {
  return (value / alignment) * alignment;
}

export function isAligned(value: bigint, alignment: bigint): boolean {
  return value % alignment === 0n;
}
