/** Reads udev rules files: lines, tokens, operators and values, with their places. Semantics are in rules.ts. */
import type { Span } from '../diagnostic/index.js';
import { globPattern, isGlob } from '../image/index.js';
import type { SourceText } from '../source/index.js';

/** `KEY{attribute} operator "value"` */
export interface Token {
  readonly key: string;
  readonly attribute: string | undefined;
  readonly operator: string;
  readonly value: string;
  /** The prefix of the quote: `i` ignores case, `e` reads escapes. */
  readonly prefix: string;
  readonly span: Span;
  /** Span of the value without its quotes. */
  readonly valueSpan: Span;
  /** Whether a comma precedes it; true for the first one of a line. */
  readonly afterComma: boolean;
}

export interface Rule {
  readonly tokens: readonly Token[];
  readonly span: Span;
  /** The comments of the paragraph (lines up to a blank one) with the rule. */
  readonly comments: readonly string[];
}

export interface RulesFile {
  readonly rules: readonly Rule[];
  /** Parts that are not tokens. */
  readonly garbage: readonly { readonly text: string; readonly span: Span }[];
}

/** Keys that only compare, and keys that only set; udev ignores a line that uses one the other way. */
export const MATCH_ONLY = new Set(
  'ACTION DEVPATH KERNEL KERNELS SUBSYSTEM SUBSYSTEMS DRIVER DRIVERS ATTRS TAGS TEST RESULT CONST'.split(' '),
);
/**
 * Keys that must have an attribute in braces, and those that may have one; with any other key udev ignores the line.
 */
export const WITH_ATTRIBUTE = new Set('ATTR ATTRS ENV CONST SYSCTL IMPORT SECLABEL'.split(' '));
export const MAY_HAVE_ATTRIBUTE = new Set([...WITH_ATTRIBUTE, 'TEST', 'RUN']);
/** Properties that the kernel and udev set; a line that sets one is ignored. */
export const FIXED_PROPERTIES = new Set(
  'ACTION SUBSYSTEM DEVTYPE DRIVER DEVNAME DEVPATH IFINDEX MAJOR MINOR SEQNUM USEC_INITIALIZED TAGS CURRENT_TAGS DEVLINKS'.split(
    ' ',
  ),
);
export const ASSIGN_ONLY = new Set('OWNER GROUP MODE RUN LABEL GOTO OPTIONS SECLABEL'.split(' '));

/** Every key there is: udev(7). */
export const KEYS = new Set([
  ...MATCH_ONLY,
  ...ASSIGN_ONLY,
  ...'ATTR ENV IMPORT NAME PROGRAM SYMLINK SYSCTL TAG'.split(' '),
]);

const TOKEN = /([A-Z][A-Z0-9_]*)(?:\{([^}]*)\})?\s*(==|!=|\+=|-=|:=|=)\s*([ei]*)"((?:\\.|[^"\\])*)"/y;

export function readRules(source: SourceText): RulesFile {
  const rules: (Omit<Rule, 'comments'> & { paragraph: number })[] = [];
  const garbage: { text: string; span: Span }[] = [];
  const comments: string[][] = [[]];
  for (const { offset, text, isCut } of logicalLines(source.text)) {
    const trimmed = text.trim();
    if (trimmed === '') comments.push([]);
    else if (trimmed.startsWith('#')) comments.at(-1)?.push(trimmed.slice(1).trim());
    else {
      const tokens = readLine(source, offset, text, garbage);
      const start = offset + text.search(/\S/);
      // udev drops a line that is to go on where the file ends.
      if (isCut) garbage.push({ text: '\\', span: source.span(source.text.lastIndexOf('\\'), 1) });
      rules.push({ tokens, span: source.span(start, trimmed.length), paragraph: comments.length - 1 });
    }
  }
  return {
    rules: rules.map(({ paragraph, ...rule }) => ({ ...rule, comments: comments[paragraph] ?? [] })),
    garbage,
  };
}

/**
 * Lines with their continuations; the text keeps its length, so that offsets stay true. A comment neither goes on in the
 * next line nor ends the line that it is in. Source: udev_rules_parse_file() of udev-rules.c.
 */
function* logicalLines(text: string): Generator<{ offset: number; text: string; isCut: boolean }> {
  let offset = 0;
  let open: { offset: number; text: string } | undefined;
  for (const [raw] of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    const start = offset;
    offset += raw.length;
    const body = raw.replace(/\r?\n$/, '');
    if (/^[ \t\r]*#/.test(body)) {
      if (open === undefined) yield { offset: start, text: raw, isCut: false };
      else open.text += ' '.repeat(raw.length);
      continue;
    }
    const goesOn = body.endsWith('\\');
    const kept = goesOn ? body.slice(0, -1).padEnd(raw.length) : raw;
    open = open === undefined ? { offset: start, text: kept } : { ...open, text: open.text + kept };
    if (goesOn) continue;
    yield { ...open, isCut: false };
    open = undefined;
  }
  if (open !== undefined) yield { ...open, isCut: true };
}

function readLine(source: SourceText, offset: number, line: string, garbage: { text: string; span: Span }[]): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let afterComma = true;
  while (at < line.length) {
    // Not \s, which takes a byte order mark for a blank; udev does not.
    const separator = /^[ \t\n\v\f\r,]*/.exec(line.slice(at))?.[0] ?? '';
    at += separator.length;
    afterComma ||= separator.includes(',');
    if (at >= line.length) break;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(line);
    if (match === null) {
      const text = /^[^,\n]*/.exec(line.slice(at))?.[0].trimEnd() ?? '';
      garbage.push({ text, span: source.span(offset + at, text.length) });
      at += Math.max(1, text.length);
      continue;
    }
    const [whole, key, attribute, operator, prefix, value] = match as unknown as [
      string,
      string,
      string | undefined,
      string,
      string,
      string,
    ];
    const valueStart = offset + at + whole.length - value.length - 1;
    tokens.push({
      key,
      attribute,
      operator,
      value,
      prefix,
      span: source.span(offset + at, whole.length),
      valueSpan: source.span(valueStart, value.length),
      afterComma,
    });
    afterComma = false;
    at += whole.length;
  }
  return tokens;
}

/**
 * Whether a udev pattern matches a name: alternatives with |, each a plain text or a glob of fnmatch(3). Only a value
 * with `*`, `?` or `[` is a glob; anywhere else a backslash is a character.
 */
export function matchesPattern(pattern: string, name: string, ignoreCase = false): boolean {
  const isPattern = isGlob(pattern);
  return pattern.split('|').some((one) => {
    if (isPattern) return globPattern(one, { ignoreCase }).test(name);
    return ignoreCase ? one.toLowerCase() === name.toLowerCase() : one === name;
  });
}
