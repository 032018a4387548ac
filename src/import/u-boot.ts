/** Scripts and environments of U-Boot: what they set as bootargs. Its shell is the old hush of BusyBox. */
import { Branches } from './alternatives.js';

/** Every text that bootargs may have in the end; undefined: the file does not set it. */
export function uBootArguments(lines: readonly string[]): readonly string[] | undefined {
  if (!lines.some((line) => SETS_BOOTARGS.test(line))) return undefined;
  const values = new Branches();
  const entries: string[] = [];
  for (const line of lines) {
    const [, name, text = ''] = ENTRY.exec(line) ?? [];
    if (name === undefined) runLines(line, values, 0);
    else {
      values.set(name, [text]);
      if (SETS_BOOTARGS.test(text)) entries.push(text);
    }
  }
  // An environment does nothing until something runs it: bootcmd, or a command that the file does not show.
  if (values.get('bootargs') === undefined) runEntry('bootcmd', values, 0);
  if (values.get('bootargs') === undefined) runOneOf(entries, values, 0);
  return values.get('bootargs') ?? [''];
}

const SETS_BOOTARGS = /\b(?:setenv|env set)\s+(?:-f\s+)?bootargs\b/;
/** A word with its quotes, a separator, or what stands between. */
const PIECE = /"((?:\\.|[^"\\])*)"|'([^']*)'|(&&|\|\||[;&|])|((?:\\.|[^\s;&|"'\\])+)|(\s+)|(.)/gs;
/** `mmcargs=setenv bootargs ...`, also as a string of a C header. */
const ENTRY = /^\s*"?([A-Za-z_]\w*)=(.*?)(?:\\0"?)?\s*$/;
const DEPTH = 8;

interface Word {
  readonly text: string;
  /** In single quotes: variables are left for the command that runs it. */
  readonly isLiteral: boolean;
}
interface Statement {
  readonly words: readonly Word[];
  /** After && or ||. */
  readonly isConditional: boolean;
}

function statements(line: string): Statement[] {
  const found: { words: Word[]; isConditional: boolean }[] = [{ words: [], isConditional: false }];
  let isOpen = false;
  for (const [, double, single, separator, bare, blank] of line.matchAll(PIECE)) {
    const words: Word[] = found.at(-1)?.words ?? [];
    const text = double?.replace(/\\(["\\])/g, '$1') ?? single ?? bare?.replace(/\\(.)/g, '$1');
    if (bare?.startsWith('#') && !isOpen) break;
    if (separator !== undefined) found.push({ words: [], isConditional: separator.length === 2 });
    else if (text !== undefined) {
      const last = isOpen ? words.pop() : undefined;
      words.push({ text: (last?.text ?? '') + text, isLiteral: single !== undefined && last?.isLiteral !== false });
    }
    isOpen = separator === undefined && blank === undefined;
  }
  return found.filter(({ words }) => words.length > 0);
}

function runStatement({ words, isConditional }: Statement, values: Branches, depth: number): void {
  let rest = [...words];
  for (let first = rest[0]?.text; first !== undefined; first = rest[0]?.text) {
    if (first === 'if' || first === 'do') values.begin();
    else if (first === 'else' || first === 'elif') values.next(first === 'else');
    else if (first === 'fi' || first === 'done') values.end();
    else if (first !== 'then' && first !== '!') break;
    rest = rest.slice(1);
  }
  if (isConditional) values.begin();
  if (rest[0]?.text === 'env' && rest[1]?.text === 'set') rest = rest.slice(1);
  const [command, ...given] = rest;
  const [name, ...parts] = given.filter(({ text }) => text !== '-f');
  if (command?.text === 'run') for (const one of given) runEntry(one.text, values, depth);
  else if (name !== undefined && (command?.text === 'setenv' || command?.text === 'set')) {
    const texts = parts.reduce<string[]>(
      (before, { text, isLiteral }) =>
        before.flatMap((start) => (isLiteral ? [text] : values.expand(text)).map((one) => `${start} ${one}`)),
      [''],
    );
    values.set(
      name.text,
      texts.map((text) => text.slice(1)),
    );
  }
  if (isConditional) values.end();
}

function runEntry(name: string, values: Branches, depth: number): void {
  if (depth < DEPTH) runOneOf(values.get(name) ?? [], values, depth + 1);
}

/** Which of the texts is run depends on the board. */
function runOneOf(texts: readonly string[], values: Branches, depth: number): void {
  if (texts.length > 1) values.begin();
  texts.forEach((text, i) => {
    if (i > 0) values.next(i === texts.length - 1);
    runLines(text, values, depth);
  });
  if (texts.length > 1) values.end();
}

function runLines(text: string, values: Branches, depth: number): void {
  for (const line of text.split('\n')) for (const statement of statements(line)) runStatement(statement, values, depth);
}
