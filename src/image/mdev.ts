/** What BusyBox mdev makes of a node by /etc/mdev.conf: the first line that matches decides. */
import type { SourceText } from '../source/index.js';
import type { Accounts } from './accounts.js';
import { nameOf } from './node.js';

export interface MdevAnswer {
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
  /** `file:line`; undefined: mdev's own default, root:root 0660. */
  readonly from: string | undefined;
  /** The line makes no node, or moves it to another name. */
  readonly isGone: boolean;
}

interface Line {
  readonly from: string;
  readonly goesOn: boolean;
  readonly conditions: readonly { readonly name: string; readonly pattern: RegExp }[];
  readonly pattern: RegExp | undefined;
  readonly owner: string;
  readonly group: string;
  readonly mode: number;
  readonly movedTo: string | undefined;
  readonly isRemoved: boolean;
}

/** POSIX extended regular expressions differ from ours in the classes of brackets. */
function expression(text: string): RegExp | undefined {
  const classes: Readonly<Record<string, string>> = {
    alnum: 'A-Za-z0-9',
    alpha: 'A-Za-z',
    digit: '0-9',
    lower: 'a-z',
    upper: 'A-Z',
    space: '\\s',
    xdigit: '0-9A-Fa-f',
  };
  try {
    return new RegExp(`^(?:${text.replace(/\[:(\w+):\]/g, (_, name: string) => classes[name] ?? '')})$`, 's');
  } catch {
    return undefined;
  }
}

function readLine(text: string, from: string, accounts: Accounts): Line | undefined {
  const words = text.trim().split(/[ \t]+/);
  const [head = '', ids = '', mode = ''] = words;
  const rest = words.slice(3).join(' ');
  if (words.length < 3 || !/^[0-7]{1,5}$/.test(mode)) return undefined;
  const goesOn = head.startsWith('-');
  const parts = (goesOn ? head.slice(1) : head).split(';');
  const last = parts.pop() as string;
  const conditions: { name: string; pattern: RegExp }[] = [];
  const add = (part: string): boolean => {
    const [, name, value] = /^\$?(\w+)=(.*)$/.exec(part) ?? [];
    const pattern = value === undefined ? undefined : expression(value);
    if (name === undefined || pattern === undefined) return false;
    conditions.push({ name, pattern });
    return true;
  };
  for (const part of parts) if (!add(part)) return undefined;
  let pattern: RegExp | undefined;
  // Of numbers of devices, those of heaps are not known before the boot; other lines are for other devices.
  if (last.startsWith('@')) return undefined;
  if (last.startsWith('$')) {
    if (!add(last)) return undefined;
  } else {
    pattern = expression(last);
    if (pattern === undefined) return undefined;
  }
  // Without a group it is that of the user. Source: get_uidgid() of libpwdgrp.
  const [user = '', members] = ids.split(/:(.*)/s);
  const owner = nameOf(accounts, 'users', user);
  const own = accounts.users.get(owner ?? '')?.group ?? (/^\d+$/.test(user) ? user : '0');
  const group = nameOf(accounts, 'groups', members ?? own);
  if (owner === undefined || group === undefined) return undefined;
  const moved = /^[=>]\s*(\S+)/.exec(rest)?.[1];
  return {
    from,
    goesOn,
    conditions,
    pattern,
    owner,
    group,
    mode: Number.parseInt(mode, 8),
    movedTo: moved,
    isRemoved: rest.startsWith('!'),
  };
}

/** @param device name below /dev, as DEVNAME has it */
export function mdevNode(
  source: SourceText | undefined,
  device: string,
  subsystem: string,
  accounts: Accounts,
): MdevAnswer {
  const environment: Readonly<Record<string, string>> = {
    ACTION: 'add',
    SUBSYSTEM: subsystem,
    DEVNAME: device,
    DEVPATH: `/devices/virtual/${subsystem}/${device.replace(/^.*\//, '')}`,
  };
  for (const [i, text] of (source?.text ?? '').split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(text)) continue;
    const line = readLine(text, `${source?.file}:${i + 1}`, accounts);
    // A line with a dash lets mdev read on, and whatever matches later overrules it: the default at the latest.
    if (line === undefined || line.goesOn) continue;
    const holds = line.conditions.every(({ name, pattern }) => pattern.test(environment[name] ?? ''));
    if (!holds || (line.pattern !== undefined && !line.pattern.test(device))) continue;
    const { owner, group, mode, from, movedTo, isRemoved } = line;
    const moved = movedTo?.endsWith('/') ? `${movedTo}${device.replace(/^.*\//, '')}` : movedTo;
    return { owner, group, mode, from, isGone: isRemoved || (moved !== undefined && moved !== device) };
  }
  return { owner: 'root', group: 'root', mode: 0o660, from: undefined, isGone: false };
}
