/** A grub.cfg: which entry boots, and the arguments that it gives the kernel. */
import { Branches, oneOf, type Reading } from './alternatives.js';

interface Item {
  readonly title: string;
  readonly id: string | undefined;
  /** Its lines, for an entry; its items, for a submenu, which counts as one item of the menu that it is in. */
  readonly lines: string[];
  readonly items: Item[] | undefined;
}

const HEAD = /^\s*(menuentry|submenu)\s+(?:'([^']*)'|"([^"]*)"|(\S+))(.*)$/;
const ID = /(?:--id[\s=]+|\$\{?menuentry_id_option\}?\s+)(?:'([^']*)'|"([^"]*)"|(\S+))/;
const SET = /^\s*(?:set\s+)?([A-Za-z_]\w*)=(?:"([^"]*)"|'([^']*)'|(\S*))/;

/** @returns undefined when the text has no menu */
export function grubReading(lines: readonly string[]): Reading | undefined {
  const values = new Branches();
  const menu: Item[] = [];
  const open: Item[] = [];
  for (const line of lines) {
    const [, kind, single, double, bare = '', rest = ''] = HEAD.exec(line) ?? [];
    const inside = open.at(-1);
    if (kind !== undefined) {
      const id = ID.exec(rest)
        ?.slice(1)
        .find((one) => one !== undefined);
      const item = { title: single ?? double ?? bare, id, lines: [], items: kind === 'submenu' ? [] : undefined };
      (inside?.items ?? menu).push(item);
      open.push(item);
    } else if (inside !== undefined && /^\s*\}/.test(line)) open.pop();
    else if (inside === undefined) follow(line, values);
    else inside.lines.push(line);
  }
  const entries = entriesOf(menu);
  if (entries.length === 0) return undefined;
  // The entry that grub-reboot asks for is for one boot.
  const names = (values.get('default') ?? ['0']).filter((name) => !name.includes('next_entry'));
  const named = names.map((name) => itemAt(menu, name));
  const isKnown = named.length > 0 && named.every((one) => one?.items === undefined && one !== undefined);
  const chosen = entries.filter((one) => !isKnown || named.includes(one));
  const texts = chosen.flatMap((one) => textsOf(one, values));
  const unused = entries
    .filter((one) => !chosen.includes(one))
    .flatMap((one) => textsOf(one, values).map((text) => ({ name: one.title, text })));
  const cause = isKnown
    ? 'GRUB evaluates a condition of the file at boot'
    : `the default entry (${names.join(' or ')}) is not an entry of the file, or GRUB chooses it at boot`;
  return { ...oneOf(texts, cause), unused };
}

const entriesOf = (items: readonly Item[]): Item[] =>
  items.flatMap((one) => (one.items === undefined ? [one] : entriesOf(one.items)));

/** By index, title or id; `1>2` leads into a submenu, and `>>` is the character. */
function itemAt(menu: readonly Item[], name: string): Item | undefined {
  let items: readonly Item[] | undefined = menu;
  let found: Item | undefined;
  for (const part of (name === '' ? '0' : name).split(/(?<!>)>(?!>)/)) {
    const plain = part.replace(/>>/g, '>');
    found = items?.find(({ title, id }, i) => plain === String(i) || plain === title || plain === id);
    items = found?.items;
  }
  return found;
}

/** One command line for every `linux` that may be the one. */
function textsOf({ lines }: Item, globals: Branches): string[] {
  const values = globals.copy();
  const found = lines.flatMap((line) => {
    follow(line, values);
    const text = /^\s*linux(?:16|efi)?\s+\S+\s*(.*)$/.exec(line)?.[1];
    return text === undefined ? [] : values.expand(text);
  });
  return [...new Set(found)];
}

function follow(line: string, values: Branches): void {
  for (const part of line.split(/;(?=(?:[^"]*"[^"]*")*[^"]*$)/)) {
    const [, word, rest = ''] = /^\s*(if|elif|else|fi|then)?\b(.*)$/s.exec(part) ?? [];
    if (word === 'if') values.begin();
    else if (word === 'elif' || word === 'else') values.next(word === 'else');
    else if (word === 'fi') values.end();
    const [, name, double, single, bare = ''] = SET.exec(word === undefined ? part : rest) ?? [];
    if (name !== undefined) values.set(name, single === undefined ? values.expand(double ?? bare) : [single]);
  }
}
