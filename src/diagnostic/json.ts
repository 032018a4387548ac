/** For programs: the findings as they are, in a versioned envelope (schemas/diagnostics.schema.json). */
import type { Diagnostic } from './index.js';
import type { WriteContext } from './write-context.js';

/** Grows when a reader of the old shape would misread the new one. */
export const DIAGNOSTICS_SCHEMA_VERSION = 1;

/**
 * Any data as indented JSON with a final line feed. A bigint is written as a number while that is exact, as a
 * hexadecimal string beyond 2^53; an address is a string always, which its owner sees to.
 */
export function stringifyJson(data: unknown): string {
  return `${JSON.stringify(
    data,
    (_key, value) => {
      if (typeof value !== 'bigint') return value;
      return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(value)
        : `${value < 0n ? '-' : ''}0x${(value < 0n ? -value : value).toString(16)}`;
    },
    2,
  )}\n`;
}

export function writeJson(diagnostics: readonly Diagnostic[], { more }: Pick<WriteContext, 'more'> = {}): string {
  return stringifyJson({ schemaVersion: DIAGNOSTICS_SCHEMA_VERSION, diagnostics, ...more });
}
