/** Files that set variables, of which some are the kernel's arguments: of a shell, of make, of an environment, of Yocto. */
import { Branches, combine, expand, MOST, oneOf, type Reading } from './alternatives.js';

type Lines = readonly string[];
type Found = Reading | undefined;

/** How a kind of file is written. */
interface Syntax {
  /** What the text after `=` is, without its quotes and comment. */
  readonly value: (raw: string) => string;
  /** `shell`: a line may have several statements, and a case its arms. Make and BitBake expand what is used last. */
  readonly kind: 'shell' | 'make' | 'bitbake' | 'plain';
}

const unquoted = (raw: string) => raw.trim().replace(/^(["'])(.*)\1$/s, '$2');
const PLAIN: Syntax = { kind: 'plain', value: unquoted };
const BITBAKE: Syntax = { kind: 'bitbake', value: unquoted };
const MAKE: Syntax = { kind: 'make', value: (raw) => withoutCalls(unquoted(raw.replace(/(?<!\\)#.*$/, ''))) };
const SHELL: Syntax = {
  kind: 'shell',
  value: (raw) =>
    withoutCalls(
      [...withoutCalls(raw.trim()).matchAll(/"((?:\\.|[^"\\])*)"|'([^']*)'|((?:\\.|[^\s"'\\;&|])+)/gsy)]
        .map(([, double, single, bare]) => single ?? (double ?? bare ?? '').replace(/\\(.)/gs, '$1'))
        .join(''),
    ),
};

/** Functions of make and commands of a shell become one word, `$(name...)`: nothing here runs them. */
function withoutCalls(text: string): string {
  const plain = text.replace(/`\s*([\w./-]+)[^`]*`/g, '$($1...)');
  const start = /\$\(([\w./-]+)\s/.exec(plain);
  if (start === null) return plain;
  let depth = 0;
  let end = start.index + 1;
  do {
    if (plain[end] === '(') depth += 1;
    if (plain[end] === ')') depth -= 1;
    end += 1;
  } while (depth > 0 && end < plain.length);
  return `${plain.slice(0, start.index)}$(${start[1]}...)${withoutCalls(plain.slice(end))}`;
}

/** A string may go over several lines. */
function closed(lines: Lines): string[] {
  const whole: string[] = [];
  let open: string | undefined;
  for (const line of lines) {
    const text = open === undefined ? line : `${open}\n${line}`;
    const rest = text.replace(/\\.|"(?:\\.|[^"\\])*"|'[^']*'|(?:^|\s)#.*/gs, '');
    const isOpen = /["']/.test(rest) && text.length < LONGEST;
    if (!isOpen) whole.push(text);
    open = isOpen ? text : undefined;
  }
  return open === undefined ? whole : [...whole, ...open.split('\n')];
}
const LONGEST = 4096;

const BEGIN = /^\s*(?:ifn?eq|ifn?def|if|case)\b/;
const NEXT = /^\s*(?:else\b(.*)|elif\b)/;
const END = /^\s*(?:endif|fi|esac)\b/;
const ARM = /^\s*\(?([^\s()="']+)\)\s*/;
/** Outside of quotes. */
const STATEMENT_END = /(?<!;);(?!;)(?=(?:[^"']*["'][^"']*["'])*[^"']*$)/;
const ASSIGNMENT = /^\s*(?:(?:export|override)\s+)?([A-Za-z_][\w:-]*?)\s*([+.:]|\?\??)?=(?!=)(.*)$/s;
/** What precedes the value that is there: `=+` with a blank, `=.` without. */
const BEFORE = /^([+.])(?=\s*["'])/;
/** Values that hold only if nothing else is set, by their names with this mark. */
const WEAK = '??';
/** Variables of make that are not expanded late, by their names with this mark. */
const AT_ONCE = ':=';

/** `KEY=value`, later ones over earlier ones, through all branches of the conditions. */
function assignments(lines: Lines, syntax: Syntax): Branches {
  const values = new Branches();
  const isShell = syntax.kind === 'shell';
  let isArmOver = false;
  for (const line of isShell ? closed(lines).flatMap((one) => one.split(STATEMENT_END)) : lines) {
    const next = NEXT.exec(line);
    if (END.test(line)) values.end();
    else if (next !== null) values.next(next[1] !== undefined && (isShell || next[1].trim() === ''));
    else if (isArmOver) values.next(ARM.exec(line)?.[1] === '*');
    else if (BEGIN.test(line)) values.begin();
    isArmOver = isShell && /;;\s*$/.test(line);
    const statement = isShell ? line.replace(/^\s*(?:then|else)\s/, '').replace(ARM, '') : line;
    const [, condition, rest = ''] =
      (isShell && /^([^"'=]*(?:"[^"]*"[^"'=]*)*(?:&&|\|\|))(.*)$/s.exec(statement)) || [];
    if (condition !== undefined) values.begin();
    assign(condition === undefined ? statement : rest, values, syntax);
    if (condition !== undefined) values.end();
  }
  return values;
}

function assign(statement: string, values: Branches, { kind, value }: Syntax): void {
  const [, key, operator = '', raw = ''] = ASSIGNMENT.exec(statement) ?? [];
  if (key === undefined) return;
  const isBitBake = kind === 'bitbake';
  if (isBitBake && operator === '??') {
    values.set(`${WEAK}${key}`, [value(raw)]);
    return;
  }
  const old = values.get(key);
  if (operator.startsWith('?') && old !== undefined) return;
  const [, front] = (isBitBake && operator === '' && BEFORE.exec(raw)) || [];
  const text = value(front === undefined ? raw : raw.slice(1));
  // Make expands what is added to a variable of := at once.
  const atOnce = `${AT_ONCE}${key}`;
  if (operator === ':' || operator === '') values.set(atOnce, operator === '' ? [] : ['']);
  const isLate = isBitBake ? operator !== ':' : kind === 'make' && (values.get(atOnce) ?? []).length === 0;
  const texts = isLate ? [text] : values.expand(text);
  const [, place] = (isBitBake && /[:_](append|prepend)(?=[:_]|$)/.exec(key)) || [];
  const isAdded = operator === '+' || operator === '.' || front !== undefined || place !== undefined;
  const between = front === '+' || (operator === '+' && kind !== 'shell') ? ' ' : '';
  const isFirst = front !== undefined || place === 'prepend';
  values.set(
    key,
    (isAdded ? (old ?? ['']) : ['']).flatMap((start) =>
      texts.map((one) => (isFirst ? `${one}${between}${start}` : `${start}${between}${one}`)),
    ),
  );
}

/** How deep variables may name others. */
const DEPTH = 8;

/** With the values that variables have in the end. */
function settled(texts: readonly string[], values: Branches, own: string): string[] {
  // In a branch that does not set it, it is empty.
  let now = texts.map((text) => text.replaceAll(`\${${own}}`, ''));
  for (let i = 0; i < DEPTH; i += 1) {
    const next = [
      ...new Set(now.flatMap((text) => expand(text, (name) => values.get(name) ?? values.get(`${WEAK}${name}`)))),
    ];
    if (next.join('\n') === now.join('\n')) break;
    now = next.slice(0, MOST);
  }
  return now.map((text) => text.trim());
}

const BY_CONDITION = 'the file has conditions that import does not evaluate';

/** The texts of several keys one after the other. */
function together(lines: Lines, syntax: Syntax, keys: readonly string[]): Found {
  const values = assignments(lines, syntax);
  const known = keys.flatMap((key) => {
    const texts = values.get(key);
    return texts === undefined ? [] : [settled(texts, values, key)];
  });
  return known.length === 0 ? undefined : oneOf(combine(known), BY_CONDITION);
}

/** grub-mkconfig writes GRUB_CMDLINE_LINUX first and the part of the default entry after it. */
export const grubDefault = (lines: Lines): Found =>
  together(lines, SHELL, ['GRUB_CMDLINE_LINUX', 'GRUB_CMDLINE_LINUX_DEFAULT']);

/** Debian's flash-kernel, which puts the arguments of the boot loader between the two, and u-boot-menu. */
export const debianDefaults = (lines: Lines): Found =>
  together(lines, SHELL, ['LINUX_KERNEL_CMDLINE_DEFAULTS', 'LINUX_KERNEL_CMDLINE', 'U_BOOT_PARAMETERS']);

/** armbianEnv.txt, orangepiEnv.txt, dietpiEnv.txt: their boot script appends these words. */
export const environmentFile = (lines: Lines): Found => together(lines, PLAIN, ['extraargs', 'extraboardargs']);

/** uEnv.txt of BeagleBone and others. */
export const uEnv = (lines: Lines): Found =>
  together(lines, PLAIN, ['bootargs', 'cmdline', 'optargs', 'kernel_args', 'bootargs_extra']);

/** BoardConfig.mk, and systemd's UKI. */
export const boardConfig = (lines: Lines): Found => together(lines, MAKE, ['BOARD_KERNEL_CMDLINE', 'Cmdline']);

const MACHINE_KEY =
  /^(?:\?\?)?(APPEND|KERNEL_(?:EXTRA_)?ARGS|(?:UBOOT_EXTLINUX|OSTREE|SYSLINUX)_KERNEL_ARGS|QB_KERNEL_CMDLINE_APPEND|CMDLINE(?:_LINUX(?:_DEFAULT)?)?)(?:[:_](append|prepend|remove))?(?:[:_]([a-z][\w:-]*))?$/;

interface Part {
  readonly variable: string;
  readonly order: string | undefined;
  readonly machine: string | undefined;
  readonly texts: readonly string[];
}

/** What a variable is for a machine: its value, which one for the machine replaces, what is added, what is taken out. */
function forMachine(parts: readonly Part[], machine: string | undefined): string[] {
  const mine = parts.filter((part) => part.machine === undefined || part.machine === machine);
  const of = (order: string | undefined) => mine.filter((part) => part.order === order);
  const value = of(undefined).findLast((part) => part.machine === machine) ?? of(undefined).at(0);
  const lists = [...of('prepend'), ...(value === undefined ? [] : [value]), ...of('append')];
  const removed = new Set(of('remove').flatMap(({ texts }) => texts.flatMap((text) => text.split(/\s+/))));
  return lists
    .reduce<string[]>((starts, { texts }) => starts.flatMap((start) => texts.map((one) => start + one)), [''])
    .map((text) =>
      text
        .split(/\s+/)
        .filter((word) => !removed.has(word))
        .join(' ')
        .trim(),
    );
}

/** A machine or recipe of Yocto, where an assignment may be for one machine. */
export function yoctoMachine(lines: Lines): Found {
  const values = assignments(lines, BITBAKE);
  const parts = [...values.entries()].flatMap(([key, texts]): Part[] => {
    const [, variable, order, machine] = MACHINE_KEY.exec(key) ?? [];
    const isWeak = key.startsWith(WEAK) && values.get(key.slice(WEAK.length)) !== undefined;
    if (variable === undefined || isWeak) return [];
    // The blank that begins what is added counts.
    const kept = order === undefined ? settled(texts, values, variable) : texts.flatMap((text) => values.expand(text));
    return [{ variable, order, machine, texts: kept }];
  });
  if (parts.length === 0) return undefined;
  const variables = [...new Set(parts.map(({ variable }) => variable))];
  const machines = [...new Set(parts.flatMap(({ machine }) => machine ?? []))];
  const texts = [undefined, ...machines].flatMap((one) =>
    combine(
      variables.map((variable) =>
        forMachine(
          parts.filter((part) => part.variable === variable),
          one,
        ),
      ),
    ),
  );
  const cause = `the file has lines for single machines or other overrides: ${machines.join(', ')}`;
  return oneOf([...new Set(texts)], machines.length === 0 ? BY_CONDITION : cause);
}
