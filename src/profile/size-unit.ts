/** Sizes that are valid and probably not what their author means. */
import { parseBytes } from '../quantity/index.js';

/** Without a unit, a number up to this is probably one of MiB. */
const MOST_MEANT_AS_MIB = 16384n;

/**
 * A decimal number without a unit that is too small for what it is the size of.
 * @param least the smallest size that a number of bytes may state
 */
export function sizeWithoutUnit(
  size: string | number,
  least = 1n << 20n,
): { readonly message: string; readonly fix: string } | undefined {
  const text = String(size).trim();
  const bytes = parseBytes(size);
  if (bytes === undefined || bytes === 0n || bytes >= least || !/^\d[\d_]*$/.test(text)) return undefined;
  return {
    message: `the size ${text} does not have a unit, so it is ${text} bytes`,
    fix: bytes <= MOST_MEANT_AS_MIB ? `did you mean "${bytes}M"?` : 'write the unit, such as "400M"',
  };
}
