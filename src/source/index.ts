/** Texts with line and column positions. */
import type { Span } from '../diagnostic/index.js';

/** A text file as read, able to turn offsets (UTF-16 units, from 0) into spans. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  #starts: readonly number[] | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  /** Made on first use: most texts have no finding. */
  get #lineStarts(): readonly number[] {
    if (this.#starts !== undefined) return this.#starts;
    const starts = [0];
    for (let i = this.text.indexOf('\n'); i >= 0; i = this.text.indexOf('\n', i + 1)) starts.push(i + 1);
    this.#starts = starts;
    return starts;
  }

  span(offset: number, length = 0): Span {
    const start = this.#position(offset);
    const end = this.#position(offset + length);
    return {
      file: this.file,
      line: start.line,
      column: start.column,
      endLine: end.line,
      endColumn: end.column,
    };
  }

  /** The text of a line (counted from 1) without its line end; undefined past the end. */
  line(number: number): string | undefined {
    const start = this.#lineStarts[number - 1];
    if (start === undefined) return undefined;
    const end = this.#lineStarts[number];
    return this.text.slice(start, end === undefined ? undefined : end - 1).replace(/\r$/, '');
  }

  #position(offset: number): { line: number; column: number } {
    const at = Math.max(0, Math.min(offset, this.text.length));
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return {
      line: low + 1,
      column: at - (starts[low] as number) + 1,
    };
  }
}

/** Texts by file name, for the writers that show the source line. */
export type SourceLookup = (file: string) => SourceText | undefined;
