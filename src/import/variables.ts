/** Files that set variables, of which some are the kernel's arguments: of a shell, of make, of an environment, of Yocto. */
import { Branches, combine, oneOf, type Reading } from './alternatives.js';

type Lines = readonly string[];
type Found = Reading | undefined;

/** How a kind of file is written. */
interface Syntax {
  /** What the text after `=` is, without its quotes and comment. */
  readonly value: (raw: string) => string;
  /** Whether a line may have several statements, and a case its arms. */
  readonly isShell?: boolean;
}

const unquoted = (raw: string) => raw.trim().replace(/^(["'])(.*)\1$/s, '$2');
const PLAIN: Syntax = { value: unquoted };
const MAKE: Syntax = { value: (raw) => unquoted(raw.replace(/(?<!\\)#.*$/, '')) };
const SHELL: Syntax = {
  isShell: true,
  value: (raw) =>
    [...raw.trim().matchAll(/"((?:\\.|[^"\\])*)"|'([^']*)'|((?:\\.|[^\s"'\\;&|])+)/gy)]
      .map(([, double, single, bare]) => single ?? (double ?? bare ?? '').replace(/\\(.)/g, '$1'))
      .join(''),
};

const BEGIN = /^\s*(?:ifn?eq|ifn?def|if|case)\b/;
const NEXT = /^\s*(?:else\b(.*)|elif\b)/;
const END = /^\s*(?:endif|fi|esac)\b/;
const ARM = /^\s*\(?([^\s()="']+)\)\s*/;
/** Outside of quotes. */
const STATEMENT_END = /(?<!;);(?!;)(?=(?:[^"']*["'][^"']*["'])*[^"']*$)/;
const ASSIGNMENT = /^\s*(?:(?:export|override)\s+)?([A-Za-z_][\w:-]*?)\s*([+.:]|\?\??)?=(?!=)(.*)$/;

/** `KEY=value`, later ones over earlier ones, through all branches of the conditions. */
function assignments(lines: Lines, { value, isShell = false }: Syntax): Branches {
  const values = new Branches();
  let isArmOver = false;
  for (const line of isShell ? lines.flatMap((one) => one.split(STATEMENT_END)) : lines) {
    const next = NEXT.exec(line);
    if (END.test(line)) values.end();
    else if (next !== null) values.next(next[1] !== undefined && (isShell || next[1].trim() === ''));
    else if (isArmOver) values.next(ARM.exec(line)?.[1] === '*');
    else if (BEGIN.test(line)) values.begin();
    isArmOver = isShell && /;;\s*$/.test(line);
    const statement = isShell ? line.replace(/^\s*(?:then|else)\s/, '').replace(ARM, '') : line;
    const [, condition, rest = ''] = (isShell && /^([^"'=]*(?:"[^"]*"[^"'=]*)*(?:&&|\|\|))(.*)$/.exec(statement)) || [];
    if (condition !== undefined) values.begin();
    assign(condition === undefined ? statement : rest, values, value);
    if (condition !== undefined) values.end();
  }
  return values;
}

function assign(statement: string, values: Branches, value: Syntax['value']): void {
  const [, key, operator = '', raw = ''] = ASSIGNMENT.exec(statement) ?? [];
  if (key === undefined || (operator.startsWith('?') && values.get(key) !== undefined)) return;
  const texts = values.expand(value(raw));
  const before = operator === '+' || operator === '.' ? (values.get(key) ?? ['']) : [''];
  const between = operator === '+' ? ' ' : '';
  values.set(
    key,
    before.flatMap((start) => texts.map((text) => `${start}${between}${text}`)),
  );
}

const BY_CONDITION = 'the file has conditions that import does not evaluate';

/** The texts of several keys one after the other. */
function together(lines: Lines, syntax: Syntax, keys: readonly string[]): Found {
  const values = assignments(lines, syntax);
  const known = keys.flatMap((key) => {
    const texts = values.get(key);
    // In a branch that does not set it, it is empty.
    return texts === undefined ? [] : [texts.map((text) => text.replace(`\${${key}}`, '').trim())];
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
  /^(?:APPEND|KERNEL_EXTRA_ARGS|UBOOT_EXTLINUX_KERNEL_ARGS|CMDLINE_LINUX(?:_DEFAULT)?)(?:[:_](append|prepend))?(?:[:_](?!remove)([a-z][\w:-]*))?$/;

/** A machine or recipe of Yocto, where an assignment may be for one machine. */
export function yoctoMachine(lines: Lines): Found {
  const parts = [...assignments(lines, PLAIN).entries()].flatMap(([key, texts]) => {
    const [whole, order, machine] = MACHINE_KEY.exec(key) ?? [];
    return whole === undefined ? [] : [{ texts, order: ['prepend', undefined, 'append'].indexOf(order), machine }];
  });
  if (parts.length === 0) return undefined;
  parts.sort((a, b) => a.order - b.order);
  const machines = [...new Set(parts.flatMap(({ machine }) => machine ?? []))];
  const texts = [undefined, ...machines].flatMap((one) =>
    combine(parts.filter(({ machine }) => machine === undefined || machine === one).map((part) => part.texts)),
  );
  const cause = `the file has lines for single machines or other overrides: ${machines.join(', ')}`;
  return oneOf([...new Set(texts)], machines.length === 0 ? BY_CONDITION : cause);
}
