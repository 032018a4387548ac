/** Lines that a terminal, a serial console or a mail program broke at its width. */

/** The widths that terminals and consoles have. */
const WIDTHS = new Set([80, 100, 120, 132, 160]);
/** A mail breaks its lines between words, at most here. */
const LONGEST_OF_MAIL = 80;
const SHORTEST_OF_MAIL = 60;
/** Of broken lines: a single one may be what a person wrote below a log. */
const SURE = 2;

/** What begins a line: the clock of a log, a prompt, a row of a listing, a key with its value. */
const CLOCK =
  /^\s*(?:<\d+>)?\[\s*\d+\.\d+\]|^[A-Z][a-z]{2}\s+\d+\s[\d:]{8}|^\d{4}-\d\d-\d\d[T ][\d:]{8}|^\[[A-Z][a-z]{2} [A-Z]/;
const BEGINS = new RegExp(
  String.raw`${CLOCK.source}|^\s*(?:[\w:~/@.-]*[$#%>]\s|[-cdlbsp][-rwxsStT]{9}|\w+:\s+\d+ kB|CONFIG_|# CONFIG_|total \d|[-*+|]\s|\S+@\S+:)`,
);

/** @returns the text with each broken line in one piece; the text itself where no line is as long as a width */
export function unwrapped(text: string): string {
  const lines = text.split('\n');
  const widest = lines.reduce((most, line) => Math.max(most, line.length), 0);
  const isHard = WIDTHS.has(widest);
  if (!isHard && !isMail(lines, widest)) return text;
  const full = lines.filter((line) => line.length === widest).length;
  const isLog = lines.filter((line) => CLOCK.test(line)).length > 1;
  const joined: string[] = [];
  // Of the piece that was added last, and whether the line began with a clock.
  let last = '';
  let isClocked = false;
  for (const line of lines) {
    const isNew = joined.length === 0 || last.trim() === '' || line.trim() === '' || BEGINS.test(line);
    const glue = isNew ? undefined : glueOf(last, line, { widest, isHard, full, isClocked: isLog && isClocked });
    if (glue === undefined) {
      joined.push(line);
      isClocked = CLOCK.test(line);
    } else joined.push(`${joined.pop()}${glue}${line}`);
    last = line;
  }
  return joined.join('\n');
}

/** Whether the first word of the line had no room in the line above. */
const isBrokenWord = (above: string, line: string, widest: number) =>
  !BEGINS.test(line) && line.trim() !== '' && above.length + 1 + (/^\S+/.exec(line)?.[0].length ?? 0) > widest;

function isMail(lines: readonly string[], widest: number): boolean {
  if (widest < SHORTEST_OF_MAIL || widest >= LONGEST_OF_MAIL) return false;
  let broken = 0;
  let isInside = false;
  let isCertain = false;
  for (const [i, line] of lines.entries()) {
    const isPiece: boolean =
      i > 0 && (isInside || CLOCK.test(lines[i - 1] ?? '')) && isBrokenWord(lines[i - 1] ?? '', line, widest);
    if (isPiece && !isInside) broken += 1;
    if (isInside && CLOCK.test(line)) isCertain = true;
    isInside = isPiece;
  }
  return isCertain && broken >= SURE;
}

/** What stood between two pieces; undefined: they are two lines. */
function glueOf(
  last: string,
  line: string,
  of: { readonly widest: number; readonly isHard: boolean; readonly full: number; readonly isClocked: boolean },
): string | undefined {
  // A line without a clock after one that is full to the last column; without clocks, one full line may be chance.
  if (of.isHard && last.length === of.widest && (of.isClocked || of.full > 1)) return '';
  if (!of.isClocked) return undefined;
  // A copy drops the blank in the last column.
  if (of.isHard) return last.length === of.widest - 1 ? ' ' : undefined;
  return isBrokenWord(last, line, of.widest) ? ' ' : undefined;
}
