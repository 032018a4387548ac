/**
 * The one way to the terminal and to a CI log. Texts of profiles, device trees and file names come by here, and must
 * not move the cursor, ring the bell, end the line or turn the direction of what is printed.
 */

/** What the commands print to. */
export interface Streams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Asks the person at the terminal; undefined when the input ends. Absent: there is no terminal. */
  readonly ask?: (question: string) => Promise<string | undefined>;
  /** Where progress is drawn; absent: standard error is not a terminal. */
  readonly terminal?: NodeJS.WriteStream;
}

/** Controls but the end of a line and a tab, halves of characters, line separators, and what turns the direction. */
const UNPRINTABLE = /[^\P{Cc}\n\t]|[\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The colours that dmaheap writes: `ESC [ 1 ; 31 m`. */
const COLOR = /(\p{Cc}\[[\d;]*m)/u;

/** Text with the characters that a terminal obeys as `\uXXXX`, which JSON reads as the same text. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As {@link printable}, for text whose colours we have put there ourselves. */
export function printableStyled(text: string): string {
  return text
    .split(COLOR)
    .map((part, i) => (i % 2 === 1 && part.startsWith('\u001b') ? part : printable(part)))
    .join('');
}
