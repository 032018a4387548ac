/** What a language is to us: how it writes a comment line and each kind of value it has. */
import type { Kind, KindValues } from './kinds.js';

/** The language has no way to write the value. */
export class Refusal {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export type Spelling = string | Refusal;
export type Writers = { readonly [K in Kind]?: (value: KindValues[K]) => Spelling };

export interface Table {
  /** The language in words, for messages: "udev rules". */
  readonly title: string;
  /** One line of comment around prose; absent: the language has no comments. */
  readonly line?: (prose: string) => string;
  readonly writers: Writers;
}

/** Characters that move the cursor or reorder what a reader sees: line ends, controls, bidirectional overrides. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** One line of text for humans. A trailing backslash would continue the comment in sh, make, udev and C alike. */
export function prose(value: string): string {
  return value
    .replace(CONTROLS, ' ')
    .replace(/ +/g, ' ')
    .replace(/[\s\\]+$/, '')
    .trimStart();
}

export const octal = (mode: number) => mode.toString(8).padStart(4, '0');
export const hex = (value: bigint) => `0x${value.toString(16)}`;
export const decimal = (value: bigint | number) => value.toString();

/** The spelling of kinds whose domain (kinds.ts) leaves nothing to escape. */
export const BARE = {
  comment: prose,
  word: (value: string) => value,
  identifier: (value: string) => value,
  symbol: (value: string) => value,
  group: (value: string) => value,
  user: (value: string) => value,
  mode: octal,
  integer: decimal,
  bytes: decimal,
  address: hex,
} satisfies Writers;

/** Languages of data and programs, where a string literal can hold anything a name can. */
export function quotedBy(string: (value: string) => Spelling, list: (items: string[]) => string): Writers {
  return {
    ...BARE,
    string,
    word: string,
    group: string,
    user: string,
    path: string,
    deviceName: string,
    nodeName: string,
    symbol: string,
    mode: (value) => string(octal(value)),
    address: (value) => string(hex(value)),
    strings: (values) => all(values.map(string), list),
    deviceNames: (values) => all(values.map(string), list),
  };
}

function all(spellings: readonly Spelling[], join: (items: string[]) => string): Spelling {
  const refused = spellings.find((s) => s instanceof Refusal);
  return refused ?? join(spellings as string[]);
}

/** Checks in order; the first pattern found is the reason to refuse. */
export function refuseIf(value: string, rules: readonly (readonly [RegExp, string])[]): Refusal | undefined {
  const broken = rules.find(([pattern]) => pattern.test(value));
  return broken && new Refusal(broken[1]);
}

export const NEWLINE = [/[\n\r]/, 'a line end cannot be written inside a value'] as const;
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is the point
export const CONTROL = [/[\x00-\x1f\x7f]/, 'control characters cannot be written'] as const;
export const EDGE_SPACE = [/^\s|\s$/, 'white space at the beginning or end would be lost'] as const;
export const FINAL_BACKSLASH = [/\\$/, 'a backslash at the end would join the next line'] as const;
export const SPACE = [/\s/, 'white space would end the value'] as const;
