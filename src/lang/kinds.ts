/**
 * The kinds of value that our outputs are made of. A kind says what a value *is*; how it is spelled is the language's
 * affair (write.ts). What is not a group name, a node name, ... in any language is refused here, once.
 */
import type { Span } from '../diagnostic/index.js';

export interface KindValues {
  /** Free text as a string literal, quotes included where the language quotes. */
  string: string;
  /** Free text for a human, inside a comment or a paragraph. Control characters become spaces: the one lossy kind. */
  comment: string;
  /** A line inside a code block of a note. */
  verbatim: string;
  /** A bare token: version, hash, file name, unit name. */
  word: string;
  /** An identifier of C, sh, Python ... */
  identifier: string;
  /** A devicetree node name, unit address included. */
  nodeName: string;
  /** A devicetree label. */
  label: string;
  /** The root's compatible strings, `vendor,device`. */
  compatibles: readonly string[];
  /** A file name under /dev, or a path of such names; no `..`. */
  deviceName: string;
  /** Device names of which any one matches. */
  deviceNames: readonly string[];
  /** An absolute or relative file path. */
  path: string;
  group: string;
  /** Groups to create, as the language's build system takes them. */
  groups: readonly GroupToCreate[];
  user: string;
  /** File mode bits, 0 to 0o7777. */
  mode: number;
  integer: bigint | number;
  /** A number of bytes in the language's usual notation. */
  bytes: bigint;
  /** A physical address. */
  address: bigint;
  /** Devicetree cells: each value in as many 32-bit cells as its entry says. */
  cells: readonly Cell[];
  /** A Kconfig symbol without CONFIG_. */
  symbol: string;
  /** A whole option line of a .config. */
  option: Option;
  /** A list of free strings, as the language writes lists. */
  strings: readonly string[];
}

export type Kind = keyof KindValues;

export interface GroupToCreate {
  readonly name: string;
  /** Absent: any free number of the system range. */
  readonly gid?: number;
}

export interface Cell {
  readonly value: bigint;
  /** How many 32-bit cells the value takes: 1 or 2. */
  readonly cells: number;
}

/** A symbol and its value as Kconfig has it: `text` only for symbols of type string. */
export type Option =
  | { readonly symbol: string; readonly value: string }
  | { readonly symbol: string; readonly text: string };

/** Where in the profile a value comes from, for the diagnostic when it cannot be written. */
export interface At {
  readonly span?: Span;
  readonly pointer?: string;
}

/** A value of a known kind that has not met a language yet. */
export interface Leaf<K extends Kind = Kind> {
  readonly kind: K;
  readonly value: KindValues[K];
  readonly at?: At;
}

export class LeafValue<K extends Kind = Kind> implements Leaf<K> {
  readonly kind: K;
  readonly value: KindValues[K];
  readonly at?: At;

  constructor(kind: K, value: KindValues[K], at?: At) {
    this.kind = kind;
    this.value = value;
    if (at !== undefined) this.at = at;
  }
}

/** Makes a leaf: `leaf('group', 'video', { pointer: '/access/group' })`. */
export function leaf<K extends Kind>(kind: K, value: KindValues[K], at?: At): LeafValue<K> {
  return new LeafValue(kind, value, at);
}

export const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

const matches = (pattern: RegExp, rule: string) => (value: string) => (pattern.test(value) ? undefined : rule);

// systemd's strict rule (user-util.c, valid_user_group_name without VALID_USER_RELAX); useradd is not stricter.
const account = matches(/^[a-z_][a-z0-9_-]{0,30}$/, 'lower-case letters, digits, _ and -, at most 31, no digit first');
const symbol = matches(/^[A-Za-z0-9_]+$/, 'letters, digits and _');
const U64_MAX = (1n << 64n) - 1n;
const unsigned64 = (value: bigint) => (value >= 0n && value <= U64_MAX ? undefined : 'a number from 0 to 2^64-1');
// udev writes any other character of a name under /dev as `_` or as \xHH; NUL, `/` and `..` would leave the directory.
const DEVICE_NAME = /^[A-Za-z0-9#+\-.:=@_,][A-Za-z0-9#+\-.:=@_,]*(\/[A-Za-z0-9#+\-.:=@_,]+)*$/;
const DEVICE_NAME_RULE = 'letters, digits and # + - . : = @ _ , without . or .. as a component';
const device = (value: string) =>
  DEVICE_NAME.test(value) && !value.split('/').some((part) => part === '.' || part === '..')
    ? undefined
    : DEVICE_NAME_RULE;

/** What a value of a kind must be in every language: undefined when it is, else the rule it breaks. */
export const DOMAIN: { readonly [K in Kind]?: (value: KindValues[K]) => string | undefined } = {
  word: matches(/^[A-Za-z0-9_.,+:@%=/-]+$/, 'letters, digits and . , + : @ % = / _ -'),
  identifier: matches(IDENTIFIER, 'letters, digits and _, no digit first'),
  // The characters of the Devicetree Specification, 2.2.1, and the `#` that dtc also takes in property names only.
  nodeName: matches(
    /^[A-Za-z][A-Za-z0-9,._+-]*(@[A-Za-z0-9,._+-]+)?$/,
    'a letter, then letters, digits and , . _ + -, with at most one @',
  ),
  // Devicetree Specification, 2.3.1, with the characters that upstream trees use.
  compatibles: (values) =>
    values
      .map(matches(/^[A-Za-z0-9][A-Za-z0-9,+._-]{0,99}$/, 'letters, digits and , + . _ -'))
      .find((broken) => broken !== undefined),
  label: matches(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and _, no digit first'),
  deviceName: device,
  deviceNames: (values) =>
    values.length === 0 ? 'at least one name' : values.map(device).find((broken) => broken !== undefined),
  group: account,
  groups: (values) => values.map(({ name }) => account(name)).find((broken) => broken !== undefined),
  user: account,
  mode: (value) => (Number.isInteger(value) && value >= 0 && value <= 0o7777 ? undefined : 'a mode from 0 to 7777'),
  integer: (value) =>
    typeof value === 'bigint' || Number.isSafeInteger(value) ? undefined : 'an integer that a number holds exactly',
  bytes: unsigned64,
  address: unsigned64,
  cells: (values) =>
    values.every(
      ({ value, cells }) => (cells === 1 || cells === 2) && value >= 0n && value >> BigInt(32 * cells) === 0n,
    )
      ? undefined
      : "numbers that fit the one or two 32-bit cells of the board's root node",
  symbol,
  option: (option) =>
    symbol(option.symbol) ??
    ('text' in option || /^(y|m|n|-?[0-9]+|0[xX][0-9A-Fa-f]+)$/.test(option.value)
      ? undefined
      : 'y, m, n, a decimal or a 0x number'),
};
