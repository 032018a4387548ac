/** Kconfig files to tokens: sourced files are entered and left on the way, macros are expanded. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { report } from './codes.js';
import type { Dialect } from './dialect.js';
import { AND, EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, NOT, OR, UNEQUAL } from './expression.js';
import { type Macros, Refusal } from './macro.js';
import { HASH_FACTOR, HASH_START, KEYWORDS, type Keyword, type Word, type Words } from './words.js';

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

/**
 * Reads a file into `into` from offset `at` on.
 * @returns how many bytes the file has, of which only those that fit are there; -1 when there is no such file,
 * {@link OUTSIDE_THE_TREE} when it may not be read
 */
export type ReadBytes = (name: string, into: Buffer, at: number) => number;

export const OUTSIDE_THE_TREE = -2;

interface OpenFile {
  readonly file: string;
  readonly fileIndex: number;
  readonly start: number;
  readonly end: number;
  readonly text: string | undefined;
  readonly pos: number;
  readonly line: number;
}

const WORD_CHARACTER = new Uint8Array(256);
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-') WORD_CHARACTER[c.charCodeAt(0)] = 1;

/*
 * A cold run is over before V8 has optimised much, so what is done for every byte or word works on numbers, and hot
 * members are `private` instead of `#`, which unoptimised code reads at a multiple of the cost.
 */
export class Lexer {
  /** Kind of the current token. */
  kind: number = LINE_END;
  /** The current word or keyword. */
  word: Word = 0;
  /** File and line of the current statement's first token. */
  file = '';
  /** Number of the file among {@link fileNames}. */
  fileIndex = -1;
  statementLine = 0;
  /** The physical line being read. */
  line = 0;
  /** Whether the statement directly follows a help text. */
  afterHelp = false;
  readonly diagnostics: Diagnostic[] = [];
  /** Every file that was read, in order, as it was spelt. */
  readonly fileNames: string[] = [];
  readonly words: Words;
  /** By the file's name, the place that sourced it first. */
  private readonly files = new Map<string, { index: number; file: string; line: number }>();
  private readonly readBytes: ReadBytes;
  private readonly macros: Macros;
  private readonly dialect: Dialect;
  private readonly stack: OpenFile[] = [];
  /** The open files one behind the other. Behind the last one is a zero. */
  private bytes = Buffer.allocUnsafeSlow(1 << 19);
  /** Where the current file starts and ends. */
  private start = 0;
  private end = 0;
  private pos = 0;
  /** Text of the current file, where macros needed it. */
  private text: string | undefined;
  /** The bytes of the current quoted text, and where in them it stands. */
  quotedBytes: Buffer;
  quotedStart = 0;
  quotedEnd = 0;
  private helpEnded = false;

  constructor(readBytes: ReadBytes, macros: Macros, dialect: Dialect, words: Words) {
    this.readBytes = readBytes;
    this.macros = macros;
    this.dialect = dialect;
    this.words = words;
    this.bytes[0] = 0;
    this.quotedBytes = this.bytes;
  }

  /** The current keyword; undefined when the token is none. */
  get keyword(): Keyword | undefined {
    return this.kind === KEYWORD ? (KEYWORDS[this.word] as Keyword) : undefined;
  }

  /** Text of the current word, keyword or quoted string. */
  get value(): string {
    if (this.kind !== QUOTED) return this.words.text(this.word);
    return this.quotedBytes.toString('latin1', this.quotedStart, this.quotedEnd);
  }

  /** Enters a file; it is left by itself at its end. */
  enter(name: string): void {
    const known = this.files.get(name);
    const size = this.read(name);
    if (size === OUTSIDE_THE_TREE)
      throw this.refuseSource(
        `"${name}" is outside the kernel tree`,
        'set KCONFIG_EXT_PREFIX to the directory of the files outside the tree',
        'a tree may source only its own files',
      );
    if (size < 0) throw this.refuseSource(`can't open file "${name}"`, 'check the path and the variables in it');
    if (this.file === name || this.stack.some((open) => open.file === name)) {
      const path = [...this.stack.slice(1).map((open) => open.file), this.file].join(' > ');
      throw this.refuseSource(`recursive inclusion of ${name}`, undefined, `inclusion path: ${path}`);
    }
    if (known && this.dialect.singleInclusion)
      throw this.refuseSource(
        `repeated inclusion of ${name}`,
        undefined,
        `first included from ${known.file}:${known.line}`,
      );
    if (this.stack.length >= MAX_INCLUDE_DEPTH)
      throw this.refuseSource(`files include each other more than ${MAX_INCLUDE_DEPTH} deep`);
    const { file, fileIndex, start, end, text, pos, line } = this;
    this.stack.push({ file, fileIndex, start, end, text, pos, line });
    const index = known?.index ?? this.fileNames.push(name) - 1;
    if (!known) this.files.set(name, { index, file, line: this.statementLine });
    this.file = name;
    this.fileIndex = index;
    this.start = this.pos = end + 1;
    this.end = this.start + size;
    this.bytes[this.end] = 0;
    this.text = undefined;
    this.line = 1;
  }

  /** Reads a file behind the current one. @returns its size, -1 when there is none */
  private read(name: string): number {
    const at = this.end + 1;
    const size = this.readBytes(name, this.bytes, at);
    if (at + size < this.bytes.length) return size;
    this.bytes = Buffer.concat([this.bytes], Math.max(this.bytes.length, at + size) * 2);
    return this.read(name);
  }

  private refuseSource(message: string, fix?: string, cause?: string): Refusal {
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
    this.afterHelp = this.helpEnded;
    this.helpEnded = false;
    do this.next();
    while (this.kind === LINE_END);
    this.statementLine = this.line;
    return this.kind;
  }

  /** Skips what is left of the line. */
  skipLine(): void {
    if (this.kind === LINE_END || this.kind === END) return;
    this.pos = this.lineEnd(this.pos);
    this.kind = LINE_END;
  }

  /** Offset of the next line end, or of the end of the file. */
  private lineEnd(from: number): number {
    const { bytes, end } = this;
    let i = from;
    while (i < end && bytes[i] !== 10) i++;
    return i;
  }

  /** The right side of an assignment, to the end of the line. */
  restOfLine(): string {
    const { bytes } = this;
    let start = this.pos;
    while (bytes[start] === 32 || bytes[start] === 9) start++;
    const end = this.lineEnd(start);
    this.pos = end;
    this.next();
    return bytes.toString('latin1', start, end);
  }

  /** Moves to the next token. */
  next(): number {
    const previous = this.kind;
    for (;;) {
      const bytes = this.bytes;
      let i = this.pos;
      let c = bytes[i] as number;
      while (c === 32 || c === 9) c = bytes[++i] as number;
      if (WORD_CHARACTER[c] === 1) {
        const start = i;
        let hash = HASH_START;
        do {
          hash = Math.imul(hash ^ c, HASH_FACTOR);
          c = bytes[++i] as number;
        } while (WORD_CHARACTER[c] === 1);
        if (c !== 36) {
          this.pos = i;
          const word = this.words.intern(bytes, start, i, hash);
          this.word = word;
          this.kind = word <= this.words.keywords ? KEYWORD : WORD;
          return this.kind;
        }
        if (this.expandedWord(start)) break;
      } else if (c === 10) {
        this.pos = i + 1;
        this.line++;
        this.kind = LINE_END;
        return LINE_END;
      } else if (c === 35) this.pos = this.lineEnd(i);
      else if (c === 34 || c === 39) {
        this.quoted(i, c);
        this.kind = QUOTED;
        return QUOTED;
      } else if (c === 36) {
        if (this.expandedWord(i)) break;
      } else if (c === 0 && i >= this.end) {
        this.pos = i;
        this.leave(previous);
        return this.kind;
      } else {
        this.pos = i;
        const kind = this.operator(c);
        if (kind !== 0) {
          this.kind = kind;
          return kind;
        }
      }
    }
    this.kind = WORD;
    return WORD;
  }

  /** At the end of a file: back to the file that sourced it. Always the last token of a line. */
  private leave(previous: number): void {
    if (previous !== LINE_END) this.warn('no new line at end of file');
    this.kind = END;
    if (this.stack.length <= 1) return;
    const open = this.stack.pop() as OpenFile;
    this.file = open.file;
    this.fileIndex = open.fileIndex;
    this.start = open.start;
    this.end = open.end;
    this.text = open.text;
    this.pos = open.pos;
    this.line = open.line;
    this.kind = LINE_END;
  }

  /** A word with macros in it; one that expands to nothing is not a word. */
  private expandedWord(start: number): boolean {
    const { text, end } = this.macros.word(this.fileText(), start - this.start, this);
    this.pos = this.start + end;
    if (text === '') return false;
    this.word = this.words.of(text);
    return true;
  }

  private fileText(): string {
    this.text ??= this.bytes.toString('latin1', this.start, this.end);
    return this.text;
  }

  private quoted(at: number, quote: number): void {
    const { bytes, end } = this;
    let i = at + 1;
    for (;;) {
      const c = bytes[i] as number;
      if (c === quote || c === 92 || c === 36 || c === 10 || (c === 0 && i >= end)) break;
      i++;
    }
    this.quotedStart = at + 1;
    this.quotedEnd = i;
    this.quotedBytes = bytes;
    if (bytes[i] === quote) this.pos = i + 1;
    else {
      this.quotedBytes = Buffer.from(this.expandedQuoted(i, quote), 'latin1');
      this.quotedStart = 0;
      this.quotedEnd = this.quotedBytes.length;
    }
  }

  /** The rest of a quoted string that is not spelt as it reads, or does not end on its line. */
  private expandedQuoted(at: number, quote: number): string {
    const text = this.fileText();
    let from = this.quotedStart - this.start;
    let i = at - this.start;
    let out = '';
    for (;;) {
      const c = text.charCodeAt(i);
      if (c === quote) {
        this.pos = this.start + i + 1;
        break;
      }
      if (c === 92) {
        out += text.slice(from, i);
        const escaped = text.charCodeAt(i + 1);
        from = i + 1;
        i += Number.isNaN(escaped) || escaped === 10 ? 1 : 2;
      } else if (c === 36) {
        const reference = this.macros.reference(text, i, this);
        out += text.slice(from, i) + reference.text;
        from = i = reference.end;
      } else if (c === 10 || Number.isNaN(c)) {
        if (c === 10) this.warn('multi-line strings not supported', this.statementLine);
        this.pos = this.start + i;
        break;
      } else i++;
    }
    return out + text.slice(from, i);
  }

  private operator(c: number): number {
    const following = this.bytes[this.pos + 1];
    const take = (length: number, kind: number) => {
      this.pos += length;
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
    this.warn(`ignoring unsupported character '${String.fromCharCode(c)}'`);
    return take(1, 0);
  }

  /**
   * Reads a help text, from behind the line end of its keyword. It ends at a line indented less than its first one.
   * @returns whether there is any text
   */
  help(): boolean {
    const { bytes, end } = this;
    let first = 0;
    let found = false;
    let i = this.pos;
    let lines = 0;
    for (;;) {
      let indent = 0;
      let c = bytes[i] as number;
      while (c === 32 || c === 9) {
        indent = c === 9 ? (indent & ~7) + 8 : indent + 1;
        c = bytes[++i] as number;
      }
      if (c === 0 && i >= end) break;
      if (c !== 10) {
        if (first > 0 && indent < first) break;
        if (first === 0) first = indent;
        const start = i;
        const visible = c > 32 && c < 127;
        do c = bytes[++i] as number;
        while (c !== 10 && !(c === 0 && i >= end));
        if (!found) found = visible || bytes.toString('latin1', start, i).trim() !== '';
        if (c !== 10) break;
      }
      i++;
      lines++;
      c = bytes[i] as number;
      if (c !== 32 && c !== 9 && c !== 10) break;
    }
    this.pos = i;
    this.line += lines;
    this.kind = LINE_END;
    this.helpEnded = true;
    return found;
  }
}
