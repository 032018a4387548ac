/** Finds the kernel command line in the files that boot loaders keep it in. */
import type { SourceText } from '../source/index.js';
import { oneOf, type Reading } from './alternatives.js';
import { grubReading } from './grub.js';
import { uBootArguments } from './u-boot.js';

export interface KernelArguments extends Reading {
  /** As which kind of file it was read. */
  readonly as: string;
}

/** A reader knows its files by their lines. @returns undefined when the text is not of its kind */
type Reader = (lines: readonly string[], text: string) => Reading | string | undefined;

const certain = (text: string): Reading => ({ text, others: [], cause: '' });
const unquoted = (value: string) => value.trim().replace(/^(["'])(.*)\1$/s, '$2');
const isComment = (line: string) => /^\s*(?:#|;)/.test(line);

/** `KEY=value` of a shell-like file, later ones over earlier ones; `$KEY` and `+=` keep what was there. */
function assignments(lines: readonly string[], keys: RegExp): Map<string, string> | undefined {
  const found = new Map<string, string>();
  for (const line of lines) {
    const [, key = '', operator, raw = ''] = /^\s*(?:export\s+)?([A-Za-z_][\w.:-]*?)\s*([+:]?=)(.*)$/.exec(line) ?? [];
    if (!keys.test(key)) continue;
    const before = found.get(key) ?? '';
    const value = unquoted(raw).replace(new RegExp(`\\$\\{?${key}\\}?`, 'g'), before);
    found.set(key, operator === '+=' ? `${before} ${value}` : value);
  }
  return found.size === 0 ? undefined : found;
}

const joined = (values: Map<string, string> | undefined) =>
  values === undefined ? undefined : [...values.values()].join(' ').trim();

/** grub-mkconfig writes GRUB_CMDLINE_LINUX first and the part of the default entry after it. */
const grubDefault: Reader = (lines) => {
  const found = assignments(lines, /^GRUB_CMDLINE_LINUX(?:_DEFAULT)?$/);
  return found && [found.get('GRUB_CMDLINE_LINUX'), found.get('GRUB_CMDLINE_LINUX_DEFAULT')].join(' ').trim();
};

/** armbianEnv.txt, orangepiEnv.txt, dietpiEnv.txt: their boot script appends these words. */
const environmentFile: Reader = (lines) => joined(assignments(lines, /^extra(?:board)?args$/));

/** uEnv.txt of BeagleBone and others. */
const uEnv: Reader = (lines) => joined(assignments(lines, /^(?:cmdline|optargs|bootargs|kernel_args|bootargs_extra)$/));

/** BoardConfig.mk, a Yocto machine, systemd's UKI and Debian's flash-kernel. */
const buildVariables: Reader = (lines) =>
  joined(
    assignments(
      lines,
      /^(?:BOARD_KERNEL_CMDLINE|APPEND|KERNEL_EXTRA_ARGS|UBOOT_EXTLINUX_KERNEL_ARGS|Cmdline|LINUX_KERNEL_CMDLINE(?:_DEFAULTS)?|U_BOOT_PARAMETERS|CMDLINE_LINUX(?:_DEFAULT)?)(?:[:_](?:append|prepend)\S*)?$/,
    ),
  );

/** extlinux.conf: the label that DEFAULT names, or the first. */
const extlinux: Reader = (lines) => {
  const labels: { name: string; append: string | undefined }[] = [{ name: '', append: undefined }];
  let wanted: string | undefined;
  let isSeen = false;
  for (const line of lines) {
    const [, word = '', rest = ''] = /^\s*([A-Za-z]+)\s+(.*?)\s*$/.exec(line) ?? [];
    const key = word.toLowerCase();
    if (key === 'default') wanted = rest;
    if (key === 'label') labels.push({ name: rest, append: undefined });
    const last = labels.at(-1);
    if (key === 'append' && last !== undefined) {
      last.append = rest;
      isSeen = true;
    }
  }
  if (!isSeen) return undefined;
  const [common, ...entries] = labels;
  const chosen = entries.find(({ name }) => name === wanted) ?? entries[0];
  return chosen?.append ?? common?.append ?? '';
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
  ['a loader entry of systemd-boot', loaderEntry],
  ['a NixOS configuration', nix],
  ['uEnv.txt', uEnv],
  ['variables of a build', buildVariables],
];

/** The arguments that a boot loader's file gives the kernel; a text of no such kind is the command line itself. */
export function kernelArguments({ text }: SourceText): KernelArguments {
  // A continued line is one; a comment is skipped.
  const lines = text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .filter((line) => !isComment(line));
  for (const [as, read] of READERS) {
    const found = read(lines, lines.join('\n'));
    if (found !== undefined) return { ...(typeof found === 'string' ? certain(found) : found), as };
  }
  return { ...certain(lines.join(' ')), as: 'a kernel command line' };
}
