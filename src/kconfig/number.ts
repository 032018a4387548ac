/** Numbers as C reads them: 64 bits, saturating, up to the first character that does not fit. */
import { BOOLEAN, HEX, INT, TRISTATE } from './symbol.js';

const MAX_SIGNED = 2n ** 63n - 1n;
const MIN_SIGNED = -(2n ** 63n);
const MAX_UNSIGNED = 2n ** 64n - 1n;

/** A number of C's long long. Small ones are plain, large ones bigint; the two compare with each other. */
export type Integer = number | bigint;

interface Scanned {
  readonly value: Integer;
  /** Whether the whole text is the number and it fits. */
  readonly whole: boolean;
}

function scan(text: string, base: 0 | 10 | 16, unsigned: boolean): Scanned {
  const pattern =
    base === 10
      ? /^[ \t-\r]*([+-]?)([0-9]+)/
      : base === 16
        ? /^[ \t-\r]*([+-]?)(?:0[xX](?=[0-9a-fA-F]))?([0-9a-fA-F]+)/
        : /^[ \t-\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/;
  const match = pattern.exec(text);
  if (!match) return { value: 0, whole: false };
  const digits = match[2] as string;
  const spelt = base === 16 ? `0x${digits}` : base === 0 && /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const negative = match[1] === '-';
  const whole = match[0].length === text.length;
  if (digits.length <= 12) {
    const value = Number(spelt);
    if (!negative) return { value, whole };
    if (!unsigned || value === 0) return { value: value === 0 ? 0 : -value, whole };
  }
  let value = BigInt(spelt);
  if (unsigned) {
    if (value > MAX_UNSIGNED) return { value: MAX_UNSIGNED, whole: false };
    return { value: negative ? BigInt.asUintN(64, -value) : value, whole };
  }
  if (negative) value = -value;
  if (value > MAX_SIGNED) return { value: MAX_SIGNED, whole: false };
  if (value < MIN_SIGNED) return { value: MIN_SIGNED, whole: false };
  return { value, whole };
}

/** The number a text begins with, 0 when it begins with none. */
export function leadingInteger(text: string, base: 0 | 10 | 16): Integer {
  return scan(text, base, false).value;
}

/** Whether C's 64 bits cannot hold a number that an int or hex symbol is to have: conf keeps it, a compiler cuts it off. */
export function exceedsInteger(text: string, type: number): boolean {
  return (type === INT || type === HEX) && !scan(text, type === INT ? 10 : 16, type === HEX).whole;
}

interface Comparable {
  readonly kind: 'text' | 'signed' | 'unsigned';
  readonly value: Integer;
}

function comparable(text: string, type: number): Comparable {
  if (type === BOOLEAN || type === TRISTATE)
    return { kind: 'signed', value: text === 'n' ? 0 : text === 'm' ? 1 : text === 'y' ? 2 : -1 };
  const { value, whole } = scan(text, type === INT ? 10 : type === HEX ? 16 : 0, type === HEX);
  if (!whole) return { kind: 'text', value: 0 };
  return { kind: type === HEX ? 'unsigned' : 'signed', value };
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Compares two values as an expression does: as numbers when both read as numbers, else as texts.
 * @param bothStrings both symbols are of type string: never as numbers
 * @returns negative, 0 or positive
 */
export function compareValues(
  left: string,
  leftType: number,
  right: string,
  rightType: number,
  bothStrings: boolean,
): number {
  if (bothStrings) return compareTexts(left, right);
  const a = comparable(left, leftType);
  const b = comparable(right, rightType);
  if (a.kind === 'text' || b.kind === 'text') return compareTexts(left, right);
  if ((a.kind === 'unsigned' || b.kind === 'unsigned') && (a.value < 0 || b.value < 0)) {
    const unsigned = (value: Integer) => BigInt.asUintN(64, BigInt(value));
    return unsigned(a.value) < unsigned(b.value) ? -1 : unsigned(a.value) > unsigned(b.value) ? 1 : 0;
  }
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}
