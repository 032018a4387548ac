/** Lines that a draft marks as a guess, and that still have the mark. */
import { createScanner } from 'jsonc-parser';
import type { Diagnostic } from '../diagnostic/index.js';
import type { SourceText } from '../source/index.js';
import { report } from './codes.js';

/** Begins the comment above a guess; it ends when the guess is replaced and the comment is removed. */
export const DECIDE = 'DECIDE';

const MARK = new RegExp(String.raw`^/[/*]\s*${DECIDE}\b`);

/** One finding for each file, because each has lines with other numbers. */
export function findUndecided(source: SourceText): Diagnostic[] {
  if (!source.text.includes(DECIDE)) return [];
  const scanner = createScanner(source.text, false);
  const marked: number[] = [];
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan())
    // The value of a comment may begin with the space before it.
    if (MARK.test(source.text.slice(scanner.getTokenOffset()))) marked.push(scanner.getTokenOffset());
  const [first] = marked;
  if (first === undefined) return [];
  const lines = marked.map((offset) => source.span(offset).line).join(', ');
  return [
    report('profile/undecided', {
      message:
        marked.length === 1
          ? `1 line marked ${DECIDE} remains: line ${lines}`
          : `${marked.length} lines marked ${DECIDE} remain: lines ${lines}`,
      cause: 'the value below each of them is a guess',
      fix: 'correct each value, then remove the comment',
      span: source.span(first, DECIDE.length + 3),
    }),
  ];
}
