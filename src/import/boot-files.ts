/** Finds the kernel command line in the files that boot loaders keep it in. */
import type { SourceText } from '../source/index.js';
import { oneOf, type Reading } from './alternatives.js';
import { grubReading } from './grub.js';
import { uBootArguments } from './u-boot.js';
import { boardConfig, debianDefaults, environmentFile, grubDefault, uEnv, yoctoMachine } from './variables.js';

export interface KernelArguments extends Reading {
  /** As which kind of file it was read. */
  readonly as: string;
}

/** A reader knows its files by their lines. @returns undefined when the text is not of its kind */
type Reader = (lines: readonly string[], text: string) => Reading | string | undefined;

const certain = (text: string): Reading => ({ text, others: [], cause: '' });
const isComment = (line: string) => /^\s*(?:#|;(?!;))/.test(line);

/** extlinux.conf: the label that DEFAULT names, or that has MENU DEFAULT, or the first. */
const extlinux: Reader = (lines) => {
  const labels: { name: string; append: string | undefined }[] = [{ name: '', append: undefined }];
  let wanted: string | undefined;
  let ofMenu: string | undefined;
  let isSeen = false;
  for (const line of lines) {
    const [, word = '', rest = ''] = /^\s*([A-Za-z]+)\s+(.*?)\s*$/.exec(line) ?? [];
    const key = word.toLowerCase();
    if (key === 'default') wanted = rest;
    if (key === 'label') labels.push({ name: rest, append: undefined });
    const last = labels.at(-1);
    if (key === 'menu' && /^default$/i.test(rest)) ofMenu ??= last?.name;
    // `APPEND = "…"` is a variable of Yocto.
    if (key === 'append' && last !== undefined && !/^[.+?:]*=/.test(rest)) {
      last.append = rest;
      isSeen = true;
    }
  }
  if (!isSeen) return undefined;
  const [common, ...entries] = labels;
  const name = wanted ?? ofMenu;
  const named = entries.find((one) => one.name === name);
  const chosen = named ?? entries[0];
  const textOf = (one: typeof chosen) => one?.append ?? common?.append ?? '';
  const rest = entries.filter((one) => one !== chosen);
  const isLost = name !== undefined && named === undefined;
  return {
    text: textOf(chosen),
    others: isLost ? rest.map(textOf) : [],
    cause: `the default entry (${name}) is not an entry of the file`,
    unused: isLost ? [] : rest.map((one) => ({ name: one.name, text: textOf(one) })),
  };
};

/** `bootloader --append="..."` of wic and of kickstart files. */
const kickstart: Reader = (lines) => {
  const line = lines.findLast((one) => /^\s*bootloader\s/.test(one));
  if (line === undefined) return undefined;
  const [, double, single, bare] = /\s--append[=\s]\s*(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(line) ?? [];
  return double ?? single ?? bare ?? '';
};

/** A loader entry of systemd-boot; several lines are one command line. */
const loaderEntry: Reader = (lines) => {
  if (!lines.some((line) => /^\s*(?:linux|title|efi|version)\s+\S/.test(line))) return undefined;
  const found = lines.flatMap((line) => /^\s*options\s+(.*)$/.exec(line)?.[1] ?? []);
  return found.length === 0 ? undefined : found.join(' ');
};

/** boot.cmd and what a U-Boot environment holds. */
const uBootScript: Reader = (lines) => {
  const texts = uBootArguments(lines);
  return texts && oneOf(texts, 'bootargs depends on conditions that only U-Boot on the board evaluates');
};

/** boot.kernelParams of a NixOS configuration. */
const nix: Reader = (_lines, text) => {
  const found = [...text.matchAll(/\bkernelParams\s*=\s*(?:lib\.\w+\s*)?\[([^\]]*)\]/g)].map(([, list = '']) =>
    [...list.matchAll(/"([^"]*)"/g)].map(([, word]) => word).join(' '),
  );
  return found.length === 0 ? undefined : found.join(' ');
};

const READERS: readonly (readonly [string, Reader])[] = [
  ['the defaults of GRUB', grubDefault],
  ['a menu of GRUB', grubReading],
  ['the environment file of a boot script', environmentFile],
  ['a script of U-Boot', uBootScript],
  ['extlinux.conf', extlinux],
  ['a kickstart file of wic', kickstart],
  ['a loader entry of systemd-boot', loaderEntry],
  ['a NixOS configuration', nix],
  ['uEnv.txt', uEnv],
  ["Debian's defaults for the kernel", debianDefaults],
  ['variables of a board', boardConfig],
  ['a machine of Yocto', yoctoMachine],
];

/** mkimage puts a header with a table of lengths before a script, which ends in zeros. */
const HEADER = "'\u0005\u0019V";
const withoutHeader = (text: string) =>
  text.startsWith(HEADER) ? text.slice(text.slice(0, 160).lastIndexOf('\0') + 1) : text;

/** The arguments that a boot loader's file gives the kernel; a text of no such kind is the command line itself. */
export function kernelArguments({ text: file }: SourceText): KernelArguments {
  const text = withoutHeader(file);
  // A continued line is one; a comment is skipped.
  const lines = text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .filter((line) => !isComment(line));
  for (const [as, read] of READERS) {
    const found = read(lines, lines.join('\n'));
    if (found !== undefined) return { ...(typeof found === 'string' ? certain(found) : found), as };
  }
  const [first = '', ...more] = lines.filter((line) => line.trim() !== '');
  return {
    text: [first, ...more].join(' '),
    others: more.length === 0 ? [] : [first],
    cause: 'the file has several lines, and boot loaders such as that of Raspberry Pi read only the first',
    as: 'a kernel command line',
  };
}
