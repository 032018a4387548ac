/** Kconfig files to tokens: sourced files are entered and left on the way, macros are expanded. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { report } from './codes.js';
import type { Dialect, ReadFile } from './dialect.js';
import { AND, EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, NOT, OR, UNEQUAL } from './expression.js';
import { type Macros, Refusal } from './macro.js';

/** Token kinds; operators have the numbers of the expressions they make. */
export const END = 0;
export const OPEN = 12;
export const CLOSE = 13;
export const ASSIGN_SIMPLE = 14;
export const ASSIGN_APPEND = 15;
export const LINE_END = 16;
export const WORD = 17;
export const QUOTED = 18;
export const KEYWORD = 19;

const MAX_INCLUDE_DEPTH = 100;

interface OpenFile {
  readonly file: string;
  readonly text: string;
  readonly pos: number;
  readonly line: number;
  /** Line of the source statement. */
  readonly sourceLine: number;
}

const WORD_CHARACTER = new Uint8Array(128);
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-') WORD_CHARACTER[c.charCodeAt(0)] = 1;

export class Lexer {
  /** Kind of the current token. */
  kind: number = LINE_END;
  /** Text of the current word, quoted string or keyword. */
  value = '';
  /** File and line of the current statement's first token. */
  file = '';
  statementLine = 0;
  /** The physical line being read. */
  line = 0;
  /** Whether the statement directly follows a help text. */
  afterHelp = false;
  readonly diagnostics: Diagnostic[] = [];
  /** Every file that was read, in order, as it was spelt. */
  readonly files = new Map<string, { text: string; file: string; line: number }>();
  readonly #readFile: ReadFile;
  readonly #macros: Macros;
  readonly #dialect: Dialect;
  readonly #stack: OpenFile[] = [];
  #text = '';
  #pos = 0;
  #helpEnded = false;

  constructor(readFile: ReadFile, macros: Macros, dialect: Dialect) {
    this.#readFile = readFile;
    this.#macros = macros;
    this.#dialect = dialect;
  }

  /** Enters a file; it is left by itself at its end. */
  enter(name: string): void {
    const known = this.files.get(name);
    const text = known?.text ?? this.#readFile(name);
    const from = { file: this.file, line: this.statementLine };
    if (text === undefined)
      throw this.#refuseSource(`can't open file "${name}"`, 'Check the path and the variables in it.');
    if (this.#stack.some((open) => open.file === name) || this.file === name) {
      const path = [...this.#stack.slice(1).map((open) => open.file), this.file].join(' > ');
      throw this.#refuseSource(`recursive inclusion of ${name}`, undefined, `inclusion path: ${path}`);
    }
    if (known && this.#dialect.singleInclusion)
      throw this.#refuseSource(
        `repeated inclusion of ${name}`,
        undefined,
        `first included from ${known.file}:${known.line}`,
      );
    if (this.#stack.length >= MAX_INCLUDE_DEPTH)
      throw this.#refuseSource(`files include each other more than ${MAX_INCLUDE_DEPTH} deep`);
    this.#stack.push({
      file: this.file,
      text: this.#text,
      pos: this.#pos,
      line: this.line,
      sourceLine: this.statementLine,
    });
    if (!known) this.files.set(name, { text, ...from });
    this.file = name;
    this.#text = text;
    this.#pos = 0;
    this.line = 1;
  }

  #refuseSource(message: string, fix?: string, cause?: string): Refusal {
    return new Refusal(
      report('kconfig/source', { message, span: this.span(), ...(fix ? { fix } : {}), ...(cause ? { cause } : {}) }),
    );
  }

  span(line = this.statementLine): Span {
    return { file: this.file, line, column: 1, endLine: line, endColumn: 1 };
  }

  warn(
    message: string,
    line = this.line,
    code: 'kconfig/parse-warning' | 'kconfig/statement' = 'kconfig/parse-warning',
  ): void {
    this.diagnostics.push(report(code, { message, span: this.span(line) }));
  }

  /** Moves to the first token of the next statement. */
  nextStatement(): number {
    this.afterHelp = this.#helpEnded;
    this.#helpEnded = false;
    do this.next();
    while (this.kind === LINE_END);
    this.statementLine = this.line;
    return this.kind;
  }

  /** Moves to the next token. */
  next(): number {
    const previous = this.kind;
    this.kind = this.#scan(previous);
    return this.kind;
  }

  /** Skips what is left of the line. */
  skipLine(): void {
    if (this.kind === LINE_END || this.kind === END) return;
    const end = this.#text.indexOf('\n', this.#pos);
    this.#pos = end < 0 ? this.#text.length : end;
    this.kind = LINE_END;
  }

  /** The right side of an assignment, to the end of the line. */
  restOfLine(): string {
    const text = this.#text;
    let start = this.#pos;
    while (text.charCodeAt(start) === 32 || text.charCodeAt(start) === 9) start++;
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    this.#pos = end;
    this.next();
    return text.slice(start, end);
  }

  #scan(previous: number): number {
    for (;;) {
      const text = this.#text;
      const c = text.charCodeAt(this.#pos);
      if (c < 128 && WORD_CHARACTER[c] === 1) {
        const word = this.#word();
        if (word !== 0) return word;
        continue;
      }
      switch (c) {
        case 32:
        case 9:
          this.#pos++;
          continue;
        case 10:
          this.#pos++;
          this.line++;
          return LINE_END;
        case 35: {
          const end = text.indexOf('\n', this.#pos);
          this.#pos = end < 0 ? text.length : end;
          continue;
        }
        case 34:
        case 39:
          return this.#quoted(c);
        case 36: {
          if (this.#expandedWord(this.#pos)) return WORD;
          continue;
        }
        default: {
          if (Number.isNaN(c)) {
            const left = this.#leave(previous);
            if (left >= 0) return left;
            continue;
          }
          const kind = this.#operator(c);
          if (kind !== 0) return kind;
        }
      }
    }
  }

  /** At the end of a file: back to the file that sourced it. */
  #leave(previous: number): number {
    if (previous !== LINE_END) this.warn('no new line at end of file');
    const open = this.#stack.pop();
    if (!open || open.file === '') {
      if (open) this.#stack.push(open);
      return END;
    }
    this.file = open.file;
    this.#text = open.text;
    this.#pos = open.pos;
    this.line = open.line;
    return LINE_END;
  }

  #word(): number {
    const text = this.#text;
    const start = this.#pos;
    let end = start + 1;
    let c = text.charCodeAt(end);
    while (c < 128 && WORD_CHARACTER[c] === 1) c = text.charCodeAt(++end);
    if (c === 36) return this.#expandedWord(start) ? WORD : 0;
    this.#pos = end;
    this.value = text.slice(start, end);
    // Keywords are lower case; most words are symbols.
    const first = text.charCodeAt(start);
    return first >= 97 && first <= 122 && this.#dialect.keywords.has(this.value) ? KEYWORD : WORD;
  }

  /** A word with macros in it; one that expands to nothing is no word. */
  #expandedWord(start: number): boolean {
    const word = this.#macros.word(this.#text, start, this);
    this.#pos = word.end;
    this.value = word.text;
    return word.text !== '';
  }

  #quoted(quote: number): number {
    const text = this.#text;
    let out = '';
    let from = this.#pos + 1;
    let i = from;
    for (;;) {
      const c = text.charCodeAt(i);
      if (c === quote) {
        this.value = out + text.slice(from, i);
        this.#pos = i + 1;
        return QUOTED;
      }
      if (c === 92) {
        out += text.slice(from, i);
        const escaped = text.charCodeAt(i + 1);
        from = i + 1;
        i += Number.isNaN(escaped) || escaped === 10 ? 1 : 2;
      } else if (c === 36) {
        const reference = this.#macros.reference(text, i, this);
        out += text.slice(from, i) + reference.text;
        from = i = reference.end;
      } else if (c === 10 || Number.isNaN(c)) {
        if (c === 10) this.warn('multi-line strings not supported', this.statementLine);
        this.value = out + text.slice(from, i);
        this.#pos = i;
        return QUOTED;
      } else i++;
    }
  }

  #operator(c: number): number {
    const text = this.#text;
    const following = text.charCodeAt(this.#pos + 1);
    const take = (length: number, kind: number) => {
      this.#pos += length;
      return kind;
    };
    switch (c) {
      case 61:
        return take(1, EQUAL);
      case 33:
        return following === 61 ? take(2, UNEQUAL) : take(1, NOT);
      case 60:
        return following === 61 ? take(2, LESS_EQUAL) : take(1, LESS);
      case 62:
        return following === 61 ? take(2, GREATER_EQUAL) : take(1, GREATER);
      case 40:
        return take(1, OPEN);
      case 41:
        return take(1, CLOSE);
      case 124:
        if (following === 124) return take(2, OR);
        break;
      case 38:
        if (following === 38) return take(2, AND);
        break;
      case 58:
        if (following === 61) return take(2, ASSIGN_SIMPLE);
        break;
      case 43:
        if (following === 61) return take(2, ASSIGN_APPEND);
        break;
      case 92:
        if (following === 10) {
          this.line++;
          return take(2, 0);
        }
        break;
    }
    this.warn(`ignoring unsupported character '${text[this.#pos]}'`);
    return take(1, 0);
  }

  /**
   * Reads a help text, from behind the line end of its keyword. It ends at a line indented less than its first one.
   * @returns whether there is any text
   */
  help(): boolean {
    const text = this.#text;
    let first = 0;
    let found = false;
    let lineStart = this.#pos;
    for (;;) {
      let i = lineStart;
      let indent = 0;
      let c = text.charCodeAt(i);
      while (c === 32 || c === 9) {
        indent = c === 9 ? (indent & ~7) + 8 : indent + 1;
        c = text.charCodeAt(++i);
      }
      if (Number.isNaN(c)) {
        this.#pos = i;
        break;
      }
      if (c !== 10) {
        if (first > 0 && indent < first) {
          this.#pos = i;
          break;
        }
        if (first === 0) first = indent;
        const end = text.indexOf('\n', i);
        if (!found) found = text.slice(i, end < 0 ? text.length : end).trim() !== '';
        if (end < 0) {
          this.#pos = text.length;
          break;
        }
        i = end;
      }
      lineStart = i + 1;
      this.line++;
      const following = text.charCodeAt(lineStart);
      if (following !== 32 && following !== 9 && following !== 10) {
        this.#pos = lineStart;
        break;
      }
    }
    this.kind = LINE_END;
    this.#helpEnded = true;
    return found;
  }
}
