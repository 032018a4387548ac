/** Who may open a node: udev rules, sysusers.d, BusyBox mdev.conf, Android ueventd.rc. */
import { BARE, CONTROL, NEWLINE, octal, refuseIf, SPACE, type Spelling, type Table } from '../table.js';

// src/udev/udev-rules.c, udev_rule_parse_value(): in plain quotes only \" is an escape, every other backslash stays.
function quoted(value: string): Spelling {
  return (
    refuseIf(value, [
      NEWLINE,
      CONTROL,
      [/\\("|$)/, 'a backslash before a quote or at the end would escape the quote'],
    ]) ?? `"${value.replaceAll('"', '\\"')}"`
  );
}

/** An assigned value: udev replaces $name and %k there. */
const assigned = (value: string) => quoted(value.replace(/[$%]/g, '$&$&'));

/** A matched name: udev splits at `|` and globs the rest, and only brackets take the meaning from a character. */
const pattern = (names: readonly string[]): Spelling =>
  quoted(names.map((name) => name.replace(/[*?[]/g, '[$&]')).join('|'));

export const udev: Table = {
  title: 'udev rules',
  line: (text) => `# ${text}`,
  writers: {
    ...BARE,
    string: assigned,
    group: assigned,
    user: assigned,
    mode: (value) => `"${octal(value)}"`,
    // deviceName has no character that udev would replace or glob, so one spelling serves KERNEL== and SYMLINK+=.
    deviceName: quoted,
    deviceNames: pattern,
    path: (value) => refuseIf(value, [SPACE]) ?? assigned(value),
  },
};

export const sysusers: Table = {
  title: 'sysusers.d',
  line: (text) => `# ${text}`,
  writers: BARE,
};

// busybox util-linux/mdev.c: an extended regular expression that must match the whole name; `#` begins a comment
// anywhere.
const mdevName = (name: string): Spelling =>
  refuseIf(name, [[/#/, 'mdev.conf reads # as a comment'], SPACE]) ?? name.replace(/[.+]/g, '\\$&');

export const mdev: Table = {
  title: 'mdev.conf',
  line: (text) => `# ${text}`,
  writers: {
    ...BARE,
    mode: (value) => value.toString(8),
    deviceName: mdevName,
    /** Inside the shell command of a line, where the name is not a regular expression. */
    path: (name) => refuseIf(name, [[/[^A-Za-z0-9/._,:=@+-]/, 'mdev.conf cannot quote it for the shell']]) ?? name,
  },
};

// system/core/init/tokenizer.cpp: white space separates, `#` begins a comment, quotes and backslashes are special.
const ueventdName = (name: string): Spelling =>
  refuseIf(name, [[/[#"\\*]/, 'ueventd.rc gives it a special meaning'], CONTROL, SPACE]) ?? name;

export const ueventd: Table = {
  title: 'ueventd.rc',
  line: (text) => `# ${text}`,
  writers: { ...BARE, deviceName: ueventdName, path: ueventdName },
};

// Type enforcement statements, and file_contexts, whose paths are PCRE2 expressions that must match the whole path.
const contextPath = (path: string): Spelling =>
  refuseIf(path, [[/["\\#]/, 'file_contexts gives it a special meaning'], CONTROL, SPACE]) ??
  path.replace(/[.+*?^$()[\]{}|]/g, '\\$&');

export const sepolicy: Table = {
  title: 'an SELinux policy',
  line: (text) => `# ${text}`,
  writers: { ...BARE, deviceName: contextPath, path: contextPath },
};
