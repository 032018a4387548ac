/** The one door from a value to the text of a language. */
import { type Diagnostic, defineCodes, type Outcome, reporter } from '../diagnostic/index.js';
import { DOMAIN, type Kind, type KindValues, type Leaf } from './kinds.js';
import { mdev, sepolicy, sysusers, udev, ueventd } from './languages/access.js';
import { configtxt, extlinux, uboot } from './languages/boot.js';
import { bitbake, debcontrol, ini, make, nix, python } from './languages/build.js';
import { expect, json, xml, yaml } from './languages/data.js';
import { dts } from './languages/devicetree.js';
import { cmdline, kconfig } from './languages/kernel.js';
import { markdown, plain } from './languages/notes.js';
import { bash, sh } from './languages/shell.js';
import { prose, Refusal, type Spelling, type Table } from './table.js';
import { type Language, spell, type Text } from './text.js';

const TABLES: { readonly [L in Language]: Table } = {
  dts,
  kconfig,
  udev,
  sh,
  bash,
  sysusers,
  mdev,
  ueventd,
  sepolicy,
  cmdline,
  extlinux,
  uboot,
  configtxt,
  expect,
  json,
  markdown,
  plain,
  make,
  bitbake,
  nix,
  yaml,
  ini,
  debcontrol,
  python,
  xml,
};

export const LANG_CODES = defineCodes({
  'lang/not-valid': {
    severity: 'error',
    title: 'a value is not valid in its place',
    explain: 'Every output has rules for the name of a group, a node or a device. Use a name that follows them.',
  },
  'lang/no-spelling': {
    severity: 'error',
    title: 'an output language cannot write a value',
    explain:
      'Some languages cannot express some characters. For example, a udev rule cannot contain a line end. A replacement would change the meaning, so dmaheap refuses the value.',
  },
});
const report = reporter(LANG_CODES);

const KIND_TITLES: { readonly [K in Kind]?: string } = {
  word: 'word',
  nodeName: 'devicetree node name',
  label: 'devicetree label',
  compatibles: 'list of compatible strings',
  deviceName: 'device name',
  deviceNames: 'list of device names',
  group: 'group name',
  groups: 'list of group names',
  user: 'user name',
  mode: 'file mode',
  bytes: 'number of bytes',
  address: 'address',
  cells: 'cell list',
  symbol: 'Kconfig symbol',
  option: 'Kconfig option',
};

/** Writes a value in a language: its text, or the diagnostic that says why the language cannot hold it. */
export function write<L extends Language, K extends Kind>(language: L, leaf: Leaf<K>): Outcome<Text<L>> {
  const table = TABLES[language];
  const writer = table.writers[leaf.kind] as ((value: KindValues[K]) => Spelling) | undefined;
  if (writer === undefined) throw new Error(`${table.title} has no writer for the kind ${leaf.kind}`);
  const refused = refusal(leaf, table);
  if (refused !== undefined) return { diagnostics: [refused] };
  const spelling = writer(leaf.value);
  if (spelling instanceof Refusal) return { diagnostics: [noSpelling(leaf, table, spelling.reason)] };
  return { value: spell(language, spelling), diagnostics: [] };
}

/** Whether the language can write the kind at all: a template that asks for another is a defect of the template. */
export function hasKind(language: Language, kind: string): kind is Kind {
  return Object.hasOwn(TABLES[language].writers, kind);
}

/** A comment of whole lines, or undefined in a language that has none. */
export function commentLines<L extends Language>(language: L, lines: readonly string[]): Text<L> | undefined {
  const { line } = TABLES[language];
  return line && spell(language, lines.map((text) => `${line(prose(text)).trimEnd()}\n`).join(''));
}

function refusal(leaf: Leaf, table: Table): Diagnostic | undefined {
  const broken = (DOMAIN[leaf.kind] as ((value: unknown) => string | undefined) | undefined)?.(leaf.value);
  if (broken !== undefined) {
    const title = KIND_TITLES[leaf.kind] ?? leaf.kind;
    return report('lang/not-valid', {
      ...leaf.at,
      message: `${show(leaf.value)} is not a valid ${title}`,
      cause: `a ${title} consists of ${broken}`,
      fix: 'use a value that follows this rule',
    });
  }
  if (leaf.kind === 'comment') return undefined;
  const texts = strings(leaf.value);
  if (texts.some((text) => text.includes('\0')))
    return noSpelling(leaf, table, 'no file format can express a NUL character');
  if (texts.some((text) => /\p{Surrogate}/u.test(text)))
    return noSpelling(leaf, table, 'half of a surrogate pair is not a character, so UTF-8 cannot express it');
  return undefined;
}

function noSpelling(leaf: Leaf, table: Table, reason: string): Diagnostic {
  return report('lang/no-spelling', {
    ...leaf.at,
    message: `${show(leaf.value)} cannot be written in ${table.title}`,
    cause: reason,
    fix: 'use a value without it',
  });
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(strings);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : [];
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? v.toString() : v)) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
