/** Commands in scripts that set owner, group and mode of device nodes: what a system without a device manager does. */
import type { SourceText } from '../source/index.js';
import type { Accounts } from './accounts.js';
import { expandBraces, globPattern } from './glob.js';
import { changed, type NodeState, type Nodes, nameOf, withAccessEntry } from './node.js';

export interface ScriptCommand {
  readonly text: string;
  readonly offset: number;
  readonly length: number;
  /** Nodes that it names, by pattern, below the root. */
  readonly targets: readonly string[];
  readonly apply: (state: NodeState, accounts: Accounts, from: string) => NodeState;
}

const COMMAND =
  /(?<![\w.-])(?:\/?(?:usr\/)?s?bin\/)?(?:busybox\s+)?(chmod|chown|chgrp|setfacl|rm|unlink|mv)\s+([^\n;&|)]*)/g;

const unquote = (word: string) => word.replace(/^(["'])(.*)\1$/s, '$2');

/** Values that variables can have: those of assignments and of for loops. */
function variables(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const add = (name: string, values: readonly string[]) => found.set(name, [...(found.get(name) ?? []), ...values]);
  for (const [, name = '', list = ''] of text.matchAll(/\bfor\s+(\w+)\s+in\s+([^;\n]*)/g))
    add(name, list.trim().split(/\s+/).map(unquote));
  for (const [, name = '', value = ''] of text.matchAll(/^[ \t]*(?:export\s+)?(\w+)=("[^"\n]*"|'[^'\n]*'|[^\s;]+)/gm))
    add(name, [unquote(value)]);
  return found;
}

const MOST_VALUES = 64;

function expand(word: string, values: ReadonlyMap<string, readonly string[]>, depth = 0): string[] {
  const match = /\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/.exec(word);
  if (match === null || depth > 4) return [word];
  const known = [...(values.get(match[1] ?? match[3] ?? '') ?? []), ...(match[2] === undefined ? [] : [match[2]])];
  return known
    .flatMap((value) =>
      expand(
        word.replace(match[0], () => value),
        values,
        depth + 1,
      ),
    )
    .slice(0, MOST_VALUES);
}

/** A mode by chmod, of a node that has one. */
export function modeAfter(text: string, current: number): number | undefined {
  if (/^[0-7]{1,5}$/.test(text)) return Number.parseInt(text, 8) & 0o7777;
  let mode = current;
  for (const clause of text.split(',')) {
    const [, who = '', operator = '', rights = ''] = /^([ugoa]*)([-+=])([rwxX]*)$/.exec(clause) ?? [];
    if (operator === '') return undefined;
    const digit = [...rights].reduce((sum, letter) => sum | ({ r: 4, w: 2, x: 1, X: 0 }[letter] ?? 0), 0);
    const shifts = { u: 6, g: 3, o: 0 };
    for (const [letter, shift] of Object.entries(shifts)) {
      if (who !== '' && !who.includes('a') && !who.includes(letter)) continue;
      const bits = digit << shift;
      mode = operator === '+' ? mode | bits : operator === '-' ? mode & ~bits : (mode & ~(7 << shift)) | bits;
    }
  }
  return mode;
}

function readCommand(name: string, words: readonly string[]): ScriptCommand['apply'] | undefined {
  const [first = ''] = words;
  if (/^(?:rm|unlink|mv)$/.test(name)) return (state, _, from) => ({ ...state, goneBy: from });
  if (name === 'chmod') return (state, _, from) => changed(state, { mode: modeAfter(first, state.mode) }, from);
  if (name === 'setfacl')
    return (state, accounts, from) => {
      const entries = words.flatMap((word) => (word.startsWith('/') ? [] : word.split(',')));
      return entries.reduce((now, entry) => withAccessEntry(now, entry, accounts, from), state);
    };
  const [owner = '', group] = name === 'chgrp' ? ['', first] : first.split(/[:.]/);
  return (state, accounts, from) =>
    changed(
      state,
      {
        owner: owner === '' ? undefined : nameOf(accounts, 'users', owner),
        group: group === undefined || group === '' ? undefined : nameOf(accounts, 'groups', group),
      },
      from,
    );
}

/** Whether a text names a folder, or may descend into it from above. */
export const mentions = (text: string, folder: string): boolean =>
  text.includes(folder.replace(/^.*\//, '')) || /\s(?:-\w*R\w*|--recursive)\s[^\n]*\/dev\/?(?:\s|\*|$)/m.test(text);

/** `find /dev/dma_heap ... -exec COMMAND {}` as the recursive command that it amounts to, of the same length. */
const withoutFind = (text: string) =>
  text.replace(
    /\bfind(\s+)(\/dev\/dma_heap\S*)([^\n;|&]*?\s-exec\s+)((?:\S*\/)?(?:chmod|chown|chgrp)\s+\S+)(\s+)["']?\{\}["']?/g,
    (all, _, from: string, __, command: string) => {
      const [name = '', ...rest] = command.split(/\s+/);
      return `${name.replace(/^.*\//, '')} -R ${rest.join(' ')} ${from}`.padEnd(all.length);
    },
  );

/** What an init script or a unit does to stop: an arm of a case, a function, a setting. */
const STOPPING = [
  /^[ \t]*\(?["']?stop["']?\)[\s\S]*?;;/gm,
  /^[ \t]*(?:function[ \t]+)?(?:do_)?stop(?:_service)?[ \t]*\(\)\s*\{[\s\S]*?^[ \t]*\}/gm,
  /^[ \t]*Exec(?:Stop(?:Post)?|Reload)[ \t]*=.*$/gm,
];

/** The text with that blanked: it is not done at boot. */
const withoutStop = (text: string) =>
  STOPPING.reduce((rest, part) => rest.replace(part, (all) => all.replace(/[^\n]/g, ' ')), text);

/** Whether the last change of directory before a place in a text is to the folder. */
function isInside(folder: string, before: string): boolean {
  const last = [...before.matchAll(/(?:^|[\s;&|(])cd[ \t]+["']?([^\s"';&|)]+)/g)].at(-1)?.[1];
  return last?.replace(/\/+/g, '/').replace(/\/$/, '') === `/${folder}`;
}

/** The text with the bodies of here-documents blanked: they are input of a command, and commands only for a shell. */
function withoutHereDocuments(text: string): string {
  let end: { readonly word: string; readonly isIndented: boolean; readonly isKept: boolean } | undefined;
  const lines = text.split('\n').map((line) => {
    if (end !== undefined) {
      const { word, isIndented, isKept } = end;
      if ((isIndented ? line.replace(/^\t+/, '') : line) === word) end = undefined;
      return isKept ? line : ' '.repeat(line.length);
    }
    const [, dash, , word] = /(?<!<)<<(-?)[ \t]*(["']?|\\)(\w+)/.exec(line) ?? [];
    if (word !== undefined && !/^\s*#/.test(line))
      end = { word, isIndented: dash === '-', isKept: /(?:^|[\s;|&/])(?:ba|da|a)?sh\b[^<]*<</.test(line) };
    return line;
  });
  return lines.join('\n');
}

/** Commands of a text that are about nodes below `folder` (`dev/dma_heap`), in their order. */
export function permissionCommands(source: Pick<SourceText, 'text'>, folder: string): ScriptCommand[] {
  const text = withoutFind(withoutStop(withoutHereDocuments(source.text)));
  if (!mentions(text, folder)) return [];
  const values = variables(text);
  const called = callsOf(text).flatMap(({ body, offset, length }) =>
    commandsIn(withoutFind(body), values, folder).map((one) => ({ ...one, offset, length })),
  );
  return [...commandsIn(text, values, folder), ...called].sort((a, b) => a.offset - b.offset);
}

interface Call {
  /** Of the function, with the arguments of this call in it. */
  readonly body: string;
  readonly offset: number;
  readonly length: number;
}

/** Calls of the text's own functions that use their arguments. */
function callsOf(text: string): Call[] {
  const definitions = [...text.matchAll(/^[ \t]*(?:function[ \t]+)?([\w-]+)[ \t]*\(\)\s*\{([\s\S]*?)^[ \t]*\}/gm)];
  return definitions.flatMap(([whole, name = '', body = ''], i) => {
    if (!/\$(?:\{)?[1-9@*]/.test(body)) return [];
    const start = definitions[i]?.index ?? 0;
    const call = new RegExp(`^[ \\t]*${name.replaceAll('-', '\\-')}[ \\t]+([^\\n;&|#]+)`, 'gm');
    return [...text.matchAll(call)].flatMap((found) => {
      if (found.index > start && found.index < start + whole.length) return [];
      const words = (found[1] ?? '').trim().split(/\s+/).map(unquote);
      return [{ body: withArguments(body, words), offset: found.index, length: found[0].trimEnd().length }];
    });
  });
}

/** The text of a script or function with its arguments in their places. */
export const withArguments = (body: string, words: readonly string[]): string =>
  body
    .replace(
      /\$(?:([1-9])|\{([1-9])\})/g,
      (_, plain?: string, braced?: string) => words[Number(plain ?? braced) - 1] ?? '',
    )
    .replace(/"?\$[@*]"?/g, () => words.join(' '));

function commandsIn(text: string, values: ReadonlyMap<string, readonly string[]>, folder: string): ScriptCommand[] {
  const found: ScriptCommand[] = [];
  const above = folder.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/'));
  for (const match of text.matchAll(COMMAND)) {
    const [whole, name = '', rest = ''] = match;
    const line = text.slice(text.lastIndexOf('\n', match.index) + 1, match.index);
    if (/^\s*#/.test(line)) continue;
    const words = rest
      .trim()
      .split(/\s+/)
      .map(unquote)
      .filter((word) => word !== '' && !/^\d?>/.test(word));
    const isRemoval = /^(?:rm|unlink|mv)$/.test(name);
    const isRecursive = words.some(
      (word) => /^-\w*R/.test(word) || word === '--recursive' || (isRemoval && /^-\w*r/.test(word)),
    );
    const given = words
      .filter((word) => !/^-[a-zA-Z]+$/.test(word) || (name === 'chmod' && /^-[rwx]+$/.test(word)))
      .filter((word) => !word.startsWith('--'));
    const apply = readCommand(
      name,
      given.flatMap((word) => expand(word, values)),
    );
    // What mv names last is where it puts the others.
    const named = name === 'mv' ? given.slice(0, -1) : isRemoval ? given : given.slice(1);
    const isHere = isInside(folder, text.slice(0, match.index));
    const targets = named
      .flatMap((word) => expand(word, values))
      .map((target) => (isHere && !target.startsWith('/') ? `/${folder}/${target}` : target))
      .map((target) => target.replace(/\/+/g, '/').replace(/^\//, '').replace(/\/$/, ''))
      .flatMap((target) => {
        const isAbove = isRecursive && above.some((one) => globPattern(target, { isPath: true }).test(one));
        if (isAbove) return [target, folder, `${folder}/*`];
        return !target.startsWith(folder) ? [] : isRecursive ? [target, `${target}/*`] : [target];
      });
    if (apply !== undefined && targets.length > 0)
      found.push({ text: whole.trim(), offset: match.index, length: whole.trimEnd().length, targets, apply });
  }
  return found;
}

/** Whether a command is about a node. */
export const isAbout = ({ targets }: ScriptCommand, node: string): boolean =>
  targets.flatMap(expandBraces).some((target) => globPattern(target, { isPath: true }).test(node));

export function applyCommands(
  commands: readonly ScriptCommand[],
  source: SourceText,
  nodes: Nodes,
  accounts: Accounts,
): void {
  for (const command of commands)
    for (const [path, state] of nodes)
      if (isAbout(command, path))
        nodes.set(path, command.apply(state, accounts, `${source.file}:${source.span(command.offset).line}`));
}
