/** Settings of a unit as systemd reads them. */
import type { Setting, Unit } from './unit-files.js';
import { splitWords } from './words.js';

/** Why a service does not reach a node. */
export interface Obstacle {
  readonly setting: Setting;
  readonly cause: string;
  readonly fix: string;
}

/** Settings of the section that is named as the type of the unit; systemd ignores these keys in any other section. */
const ownSettings = ({ name, settings }: Unit): Setting[] => {
  const type = name.slice(name.lastIndexOf('.') + 1);
  return settings.filter(({ section }) => section.toLowerCase() === type && section !== type);
};

export const lastOf = (unit: Unit, key: string): Setting | undefined =>
  ownSettings(unit).findLast((one) => one.key === key);

const isNo = (value: string): boolean => /^(?:0|no|n|false|f|off)$/i.test(value);
export const isYes = (value: string | undefined): boolean => /^(?:1|yes|y|true|t|on)$/i.test(value ?? '');

/** The last setting that is a truth value; systemd ignores others. */
export function flagOf(unit: Unit, key: string): { readonly setting: Setting; readonly isSet: boolean } | undefined {
  const setting = ownSettings(unit).findLast((one) => one.key === key && (isYes(one.value) || isNo(one.value)));
  return setting && { setting, isSet: isYes(setting.value) };
}

/** The last of the values that a setting can have; systemd ignores others. */
export const choiceOf = (unit: Unit, key: string, values: RegExp): Setting | undefined =>
  ownSettings(unit).findLast((one) => one.key === key && values.test(one.value));

/** The entries of a list setting; an empty assignment takes back those before it. */
export function listOf(unit: Unit, ...keys: readonly string[]): Setting[] {
  let list: Setting[] = [];
  for (const one of ownSettings(unit)) if (keys.includes(one.key)) list = one.value === '' ? [] : [...list, one];
  return list;
}

/** `%i`, `%n` and the like; others stay as they are. */
export function withSpecifiers(name: string, text: string): string {
  const [, prefix = '', instance = ''] = /^([^@]*)(?:@(.*))?\.[^.]+$/.exec(name) ?? [];
  const plain = (escaped: string) =>
    escaped
      .replaceAll('-', '/')
      .replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    i: instance,
    I: plain(instance),
    j: prefix.replace(/^.*-/, ''),
    J: plain(prefix.replace(/^.*-/, '')),
    n: name,
    N: name.replace(/\.[^.]+$/, ''),
    p: prefix,
    P: plain(prefix),
  };
  return text.replace(/%(.)/g, (all, letter: string) => values[letter] ?? all);
}

export const wordsOf = (unit: Unit, settings: readonly Setting[]) =>
  settings.flatMap((setting) =>
    (splitWords(withSpecifiers(unit.name, setting.value))?.words ?? []).map(({ text }) => ({ text, setting })),
  );
