/** Letters of other scripts in a word that is meant to be Latin: on the screen nothing tells them apart. */

const SCRIPTS = ['Cyrillic', 'Greek', 'Armenian', 'Cherokee'] as const;

/**
 * @returns for `hеaps` with a Cyrillic letter: `"е" in it is U+0435, a Cyrillic letter, not a Latin one`; undefined
 * where there is none
 */
export function lookalike(text: string): string | undefined {
  for (const letter of text) {
    const point = `U+${(letter.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`;
    const script = SCRIPTS.find((name) => new RegExp(`\\p{Script=${name}}`, 'u').test(letter));
    if (script !== undefined) return `its "${letter}" is ${point}, a ${script} letter and not a Latin letter`;
    if (/[\uff01-\uff5e]/.test(letter)) return `its "${letter}" is ${point}, a full-width character`;
  }
  return undefined;
}
