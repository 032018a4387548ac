/** For a person at a terminal: the place, the line with a caret, why, and what to do. */
import type { Diagnostic, Severity, Span } from './index.js';
import type { Lines, WriteContext } from './write-context.js';

/** Columns of source text shown at most: one line of a minified file may be megabytes long. */
const WINDOW = 120;

const COLOR: Readonly<Record<Severity | 'bold' | 'dim', string>> = {
  error: '1;31',
  warning: '1;35',
  note: '1;36',
  bold: '1',
  dim: '2',
};

type Paint = (style: keyof typeof COLOR, text: string) => string;

export function writeHuman(diagnostics: readonly Diagnostic[], context: WriteContext): string {
  const paint: Paint = (style, text) => (context.color === true ? `\x1b[${COLOR[style]}m${text}\x1b[0m` : text);
  return diagnostics.map((d) => `${[...describe(d, context, paint)].join('\n')}\n`).join('');
}

/** `2 errors, 1 warning`; empty when there is nothing to count. */
export function countFindings(diagnostics: readonly Diagnostic[]): string {
  return (['error', 'warning', 'note'] as const)
    .map((severity) => ({ severity, count: diagnostics.filter((d) => d.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}${count === 1 ? '' : 's'}`)
    .join(', ');
}

function* describe(d: Diagnostic, context: WriteContext, paint: Paint): Generator<string> {
  const place = d.span ? paint('bold', `${placeOf(d.span)}:`) : d.pointer ? `${visible(d.pointer)}:` : '';
  yield `${place}${place ? ' ' : ''}${paint(d.severity, `${d.severity}[${d.code}]:`)} ${visible(d.message)}`;
  if (d.span) yield* excerpt(d, d.span, context.sources(d.span.file), paint);
  const facts = d.facts?.length
    ? paint('dim', `  [${d.facts.length > 1 ? 'facts' : 'fact'} ${d.facts.join(', ')}]`)
    : '';
  if (d.cause !== undefined) yield `  cause: ${paragraph(d.cause)}${facts}`;
  else if (facts) yield `  cause:${facts}`;
  if (d.fix !== undefined) yield `  fix: ${paragraph(d.fix)}`;
  for (const { message, span } of d.related ?? []) yield `  see ${placeOf(span)}: ${visible(message)}`;
}

const placeOf = (span: Span) => `${visible(span.file)}:${span.line}:${span.column}`;

/**
 * Control, format and surrogate characters as escapes: a profile must not move the cursor of who reads about it, nor
 * reverse the direction of the text.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (c) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[c];
    return short ?? `\\u${(c.codePointAt(0) as number).toString(16).padStart(4, '0')}`;
  });
}

/** A cause or a fix may be several lines, such as a file to write; they stay lines, indented. */
const paragraph = (text: string) => text.split('\n').map(visible).join('\n    ');

function* excerpt(d: Diagnostic, span: Span, source: Lines | undefined, paint: Paint): Generator<string> {
  const line = source?.line(span.line);
  if (line === undefined) return;
  const from = Math.min(span.column - 1, line.length);
  const until = Math.max(
    from + 1,
    span.endLine === span.line ? Math.min(span.endColumn - 1, line.length) : line.length,
  );
  const start = from > WINDOW / 2 && line.length > WINDOW ? from - WINDOW / 2 : 0;
  const end = Math.min(line.length, start + WINDOW);
  const cut = { before: start > 0 ? '…' : '', after: end < line.length ? '…' : '' };
  const shown = (a: number, b: number) => visible(line.slice(a, Math.min(b, end)).replaceAll('\t', ' '));
  const number = String(span.line).padStart(5);
  const text = `${number} | ${cut.before}${shown(start, end)}${cut.after}${d.pointer ? paint('dim', `   (${visible(d.pointer)})`) : ''}`;
  yield text.trimEnd();
  const indent = ' '.repeat(width(cut.before + shown(start, from)));
  yield `${' '.repeat(number.length)} | ${indent}${paint(d.severity, '^'.repeat(Math.max(1, width(shown(from, until)))))}`;
}

/** Terminal columns: East Asian wide characters and emoji take two, combining marks none. */
function width(text: string): number {
  let columns = 0;
  for (const c of text) {
    if (/\p{M}/u.test(c)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u.test(
        c,
      )
        ? 2
        : 1;
  }
  return columns;
}
