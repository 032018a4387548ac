/** The notices that the build appends to the one file, behind the program. */

export const NOTICES_BEGIN = '\n/*! THIRD-PARTY-NOTICES\n';
export const NOTICES_END = '*/\n';

/**
 * The notices in the text of the bundled command.
 * @returns undefined for a text without notices, such as the program's sources
 */
export function noticesIn(bundle: string): string | undefined {
  const begin = bundle.lastIndexOf(NOTICES_BEGIN);
  const end = bundle.lastIndexOf(NOTICES_END);
  return begin < 0 || end < begin ? undefined : bundle.slice(begin + NOTICES_BEGIN.length, end);
}
