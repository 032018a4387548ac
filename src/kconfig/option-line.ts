/**
 * The lines of `.config` files and fragments: the one reader and the one writer. A line means what conf reads in it;
 * what needs the type of the symbol is left to those who have a tree (config-read.ts).
 */
import { HEX, INT, isValidText } from './symbol.js';

const PREFIX = 'CONFIG_';
const NOT_SET = 'is not set';

/** How a release of conf reads lines; a Dialect has it. */
export interface LineRules {
  /** `# CONFIG_X is not set` needs its first blank. */
  readonly notSetIsAssignment: boolean;
  /** The comment must be exactly `is not set`; lines without `=` are reported. */
  readonly strictConfigLines: boolean;
}

/** Recent releases; older ones read some malformed lines too. */
const RECENT: LineRules = { notSetIsAssignment: true, strictConfigLines: true };

/** One line as conf takes it apart. */
export type ConfigLine =
  | {
      readonly kind: 'option';
      readonly symbol: string;
      /** The text after the `=`; `n` for "is not set". */
      readonly spelling: string;
      readonly isUnset: boolean;
    }
  /** Neither a comment nor an option line. */
  | { readonly kind: 'unexpected'; readonly text: string };

/** Calls `visit` for each line of a text that is not blank and not a comment, with its number from 1 and its place. */
export function forEachLine(
  text: string,
  rules: LineRules,
  visit: (line: ConfigLine, number: number, start: number, end: number) => void,
): void {
  const zeros = zeroBytes(text);
  let zero = 0;
  for (let start = 0, number = 1; start < text.length; number++) {
    const newline = text.indexOf('\n', start);
    const stop = newline < 0 ? text.length : newline;
    let end = stop;
    // A zero byte ends a line for conf; one CR before the LF is not part of it.
    while (zero < zeros.length && (zeros[zero] as number) < start) zero++;
    if (zero < zeros.length && (zeros[zero] as number) < stop) end = zeros[zero] as number;
    else if (newline >= 0 && end > start && text.charCodeAt(end - 1) === 13) end--;
    const line = parseLine(text, start, end, rules);
    if (line !== undefined) visit(line, number, start, end);
    start = stop + 1;
  }
}

/**
 * Where a text has zero bytes. The search comes before the loop over the lines: V8 assumes that a search has no effects and
 * moved it into the loop, where each line searched the whole text.
 */
function zeroBytes(text: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf('\0'); at >= 0; at = text.indexOf('\0', at + 1)) places.push(at);
  return places;
}

function parseLine(text: string, start: number, end: number, rules: LineRules): ConfigLine | undefined {
  if (end === start) return undefined;
  if (text.charCodeAt(start) === 35) {
    if (rules.notSetIsAssignment && text.charCodeAt(start + 1) !== 32) return undefined;
    if (!text.startsWith(PREFIX, start + 2)) return undefined;
    const name = start + 2 + PREFIX.length;
    const blank = text.indexOf(' ', name);
    const length = blank + 1 + NOT_SET.length;
    if (blank < 0 || length > end || !text.startsWith(NOT_SET, blank + 1)) return undefined;
    if (rules.strictConfigLines && length !== end) return undefined;
    return { kind: 'option', symbol: text.slice(name, blank), spelling: 'n', isUnset: true };
  }
  const isSymbol = text.startsWith(PREFIX, start);
  const equals = isSymbol ? text.indexOf('=', start + PREFIX.length) : -1;
  if (equals >= 0 && equals < end)
    return {
      kind: 'option',
      symbol: text.slice(start + PREFIX.length, equals),
      spelling: text.slice(equals + 1, end),
      isUnset: false,
    };
  return rules.strictConfigLines || !isSymbol ? { kind: 'unexpected', text: text.slice(start, end) } : undefined;
}

/** The text of a string value; undefined when conf finds no closing quote. What follows the closing quote is ignored. */
export function unquoteString(spelling: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(spelling)?.[1];
  return quoted?.includes('\\') ? quoted.replace(/\\(.)/gs, '$1') : quoted;
}

/** A string value as a line spells it. conf ends it at a line break, so a value has none. */
export function quoteString(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** One option line of a text. */
export interface OptionLine {
  readonly symbol: string;
  /** y, m or n, a number as it is written, or the text of a string; undefined when conf takes the line for no type. */
  readonly value: string | undefined;
  readonly isString: boolean;
  /** The whole line unchanged, without its end. */
  readonly text: string;
  /** Where the line begins, in characters of the text. */
  readonly offset: number;
}

/** A line that conf takes. */
export type SetOption = OptionLine & { readonly value: string };

/** What a right side means without the type of its symbol: no two types read one spelling differently. */
function meaningOf(spelling: string): string | undefined {
  if (spelling.startsWith('"')) return unquoteString(spelling);
  // conf looks at the first letter alone.
  const letter = /^[ymn]/.exec(spelling)?.[0];
  if (letter !== undefined) return letter;
  return isValidText(INT, spelling) || isValidText(HEX, spelling) ? spelling : undefined;
}

/** A text's lines as conf of a recent release takes them, in order, and those that it would complain about. */
export function readOptionLines(text: string): {
  readonly options: readonly OptionLine[];
  readonly unexpected: readonly { readonly text: string; readonly offset: number }[];
} {
  const options: OptionLine[] = [];
  const unexpected: { text: string; offset: number }[] = [];
  forEachLine(text, RECENT, (line, _, start, end) => {
    if (line.kind === 'unexpected') unexpected.push({ text: line.text, offset: start });
    else
      options.push({
        symbol: line.symbol,
        value: meaningOf(line.spelling),
        isString: line.spelling.startsWith('"'),
        text: text.slice(start, end),
        offset: start,
      });
  });
  return { options, unexpected };
}

/** The lines that count, by symbol: the last that conf takes. "is not set" is n; a symbol without a line is missing. */
export function optionsOf(text: string): Map<string, SetOption> {
  const options = new Map<string, SetOption>();
  for (const line of readOptionLines(text).options)
    if (line.value !== undefined) options.set(line.symbol, line as SetOption);
  return options;
}

/** Some of the lines of {@link optionsOf}, without reading the others: a `.config` has 15,000. */
export type OptionLookup = Pick<ReadonlyMap<string, SetOption>, 'get'>;

/** {@link optionsOf} for those who ask for a few symbols; offsets are not those in the text. */
export function lookupOptions(text: string): OptionLookup {
  return {
    get: (symbol) => {
      const lines = /^\w+$/.test(symbol) ? text.match(new RegExp(`^.*CONFIG_${symbol}\\b.*$`, 'gm')) : null;
      return lines === null ? undefined : optionsOf(lines.join('\n')).get(symbol);
    },
  };
}

/** Values by symbol, strings without quotes. */
export function optionValues(text: string): Map<string, string> {
  return new Map([...optionsOf(text)].map(([symbol, { value }]) => [symbol, value]));
}

/** The symbol of one line; undefined when it is not an option line. */
export function symbolOfLine(line: string): string | undefined {
  return readOptionLines(line).options[0]?.symbol;
}

/** The line of a value: `# CONFIG_X is not set` for n. */
export function writeOption(symbol: string, value: string, isString = false): string {
  if (isString) return `${PREFIX}${symbol}=${quoteString(value)}`;
  return value === 'n' ? `# ${PREFIX}${symbol} ${NOT_SET}` : `${PREFIX}${symbol}=${value}`;
}

/** An option line anywhere in a pasted text, where nothing says where lines begin: `symbol` with `value`, or `unset`. */
export const PASTED_OPTION = /(?:^|[\s:])CONFIG_(?<symbol>\w+)=(?<value>"[^"]*"|\S+)|# CONFIG_(?<unset>\w+) is not set/;

/** A comment that conf would take for an option line; the caller puts something into it that keeps it prose. */
export const COMMENT_AS_OPTION = /CONFIG_(?=\w+ is not set)/g;

/** Whether a text has an option line: another program's files do not. */
export function hasOptionLine(text: string): boolean {
  return /^(?:CONFIG_\w+=|# CONFIG_\w+ is not set\r?$)/m.test(text);
}
