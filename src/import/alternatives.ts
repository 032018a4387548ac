/** Variables of a file with conditions that are not evaluated here: a name has every value that some branch gives it. */

import { cmaParameter } from '../placement/index.js';

/** What a file gives the kernel. */
export interface Reading {
  /** What to go on with. */
  readonly text: string;
  /** What it may give instead. */
  readonly others: readonly string[];
  /** Why it is open which one applies. */
  readonly cause: string;
  /** Texts of entries that the file has and that do not boot, with their names. */
  readonly unused?: readonly { readonly name: string; readonly text: string }[];
}

/** Of several texts, the last that makes an area: a profile needs one, and no file says which. */
export function oneOf(texts: readonly string[], cause: string): Reading {
  const text = texts.findLast((one) => cmaParameter(one) !== undefined) ?? texts.at(-1) ?? '';
  return { text, others: texts.filter((one) => one !== text), cause };
}

/** The file of a board has fewer. What is beyond is left out, and the reading is open anyway. */
export const MOST = 256;
const VARIABLE = /(\$\{\w+\}|\$\(\w+\)|\$\w+)/;

/** @param values of a name; undefined: the file does not set it, so that it stays as it is written */
export function expand(text: string, values: (name: string) => readonly string[] | undefined): string[] {
  let texts = [''];
  for (const part of text.split(VARIABLE)) {
    const choices = (VARIABLE.test(part) ? values(part.replace(/\W/g, '')) : undefined) ?? [part];
    texts = texts.flatMap((before) => choices.map((choice) => before + choice)).slice(0, MOST);
  }
  return [...new Set(texts)];
}

/** One text of each list after the other, in every combination. */
export function combine(lists: readonly (readonly string[])[]): string[] {
  let texts = [''];
  for (const list of lists)
    texts = texts.flatMap((start) => list.map((one) => `${start} ${one}`.trim())).slice(0, MOST);
  return [...new Set(texts)];
}

type Values = ReadonlyMap<string, readonly string[]>;

/** Runs over a file once, through every branch. */
export class Branches {
  #now: Values = new Map();
  readonly #open: { readonly before: Values; readonly ends: Values[]; isComplete: boolean }[] = [];

  /** What is known here, for a part of the file that is run later or not at all. */
  copy(): Branches {
    const other = new Branches();
    other.#now = this.#now;
    return other;
  }

  entries(): Iterable<readonly [string, readonly string[]]> {
    return this.#now;
  }

  get(name: string): readonly string[] | undefined {
    return this.#now.get(name);
  }

  set(name: string, texts: readonly string[]): void {
    this.#now = new Map(this.#now).set(name, [...new Set(texts)].slice(0, MOST));
  }

  expand(text: string): string[] {
    return expand(text, (name) => this.get(name));
  }

  begin(): void {
    this.#open.push({ before: this.#now, ends: [], isComplete: false });
  }

  /** @param isLast no other branch follows, so that one of them is taken */
  next(isLast: boolean): void {
    const top = this.#open.at(-1);
    if (top === undefined) return;
    top.ends.push(this.#now);
    top.isComplete ||= isLast;
    this.#now = top.before;
  }

  end(): void {
    const top = this.#open.pop();
    if (top === undefined) return;
    const ends = [...(top.isComplete ? [] : [top.before]), ...top.ends, this.#now];
    const names = new Set(ends.flatMap((one) => [...one.keys()]));
    // What no branch sets keeps its reference, as everywhere else.
    this.#now = new Map(
      [...names].map((name) => [name, [...new Set(ends.flatMap((one) => one.get(name) ?? [`\${${name}}`]))]]),
    );
  }
}
