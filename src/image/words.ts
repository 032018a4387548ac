/** Splits a line into words as systemd's extract_first_word does with EXTRACT_UNQUOTE. */
export interface Word {
  readonly text: string;
  readonly offset: number;
  readonly length: number;
}

/** Without blanks at its ends; a byte order mark, which trim() takes away as well, is none for systemd. */
export const stripped = (line: string): string => line.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, '');

/** @returns undefined for a quote that is not closed, which spoils the whole line */
export function splitWords(line: string, most = Number.POSITIVE_INFINITY): { words: Word[]; rest: string } | undefined {
  const words: Word[] = [];
  let at = 0;
  const blank = (character: string | undefined) => character !== undefined && /[ \t\n\r]/.test(character);
  while (words.length < most) {
    while (blank(line[at])) at += 1;
    if (at >= line.length) break;
    const start = at;
    let text = '';
    for (let quote = ''; ; at += 1) {
      const character = line[at];
      if (character === undefined) {
        if (quote !== '') return undefined;
        break;
      }
      if (character === '\\' && line[at + 1] !== undefined) {
        at += 1;
        text += line[at];
      } else if (quote !== '') {
        if (character === quote) quote = '';
        else text += character;
      } else if (character === '"' || character === "'") quote = character;
      else if (blank(character)) break;
      else text += character;
    }
    words.push({ text, offset: start, length: at - start });
  }
  return { words, rest: line.slice(at).trim() };
}
