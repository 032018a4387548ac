/** A C file taken apart as far as heap drivers need it: functions, variables with their initialisers, invocations. */
import type { Condition } from '../condition.js';
import { type Lexed, lexC, type Macro, type Token } from './lex.js';

export interface Parameter {
  readonly name: string;
  readonly type: string;
}

export interface CFunction {
  readonly file: string;
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Without its braces. */
  readonly body: readonly Token[];
  readonly line: number;
  readonly condition: Condition;
  readonly isStatic: boolean;
}

export interface CVariable {
  readonly file: string;
  readonly name: string;
  /** Tokens after `=`, or none. */
  readonly value: readonly Token[];
  readonly line: number;
  readonly condition: Condition;
  /** What precedes the name, such as `static const struct heap_desc`. */
  readonly type: string;
}

/** `module_init(add_default_cma_heap);` at the top of a file. */
export interface Invocation {
  readonly name: string;
  readonly arguments: readonly (readonly Token[])[];
  readonly line: number;
  readonly condition: Condition;
}

export interface Unit {
  readonly file: string;
  readonly functions: readonly CFunction[];
  readonly variables: readonly CVariable[];
  readonly invocations: readonly Invocation[];
  readonly macros: readonly Macro[];
  readonly includes: readonly string[];
}

export function readUnit(file: string, text: string): Unit {
  const { tokens, macros, includes }: Lexed = lexC(text);
  const functions: CFunction[] = [];
  const variables: CVariable[] = [];
  const invocations: Invocation[] = [];
  let at = 0;
  while (at < tokens.length) {
    const start = at;
    // One declaration: up to a `;` outside of brackets, or up to the end of a function's body.
    let paren: { open: number; close: number } | undefined;
    let equals: number | undefined;
    for (; at < tokens.length; at++) {
      const { text: word } = tokens[at] as Token;
      if (word === '(') {
        const close = closing(tokens, at);
        if (
          equals === undefined &&
          tokens[at - 1]?.kind === 'name' &&
          !/^__attribute__|^__printf/.test(tokens[at - 1]?.text ?? '')
        )
          paren ??= { open: at, close };
        at = close;
      } else if (word === '=' && tokens[at]?.kind === 'mark') equals ??= at;
      else if (word === '{') {
        const close = closing(tokens, at);
        const isBody = paren !== undefined && equals === undefined;
        if (isBody && paren !== undefined) {
          const name = tokens[paren.open - 1] as Token;
          functions.push({
            file,
            name: name.text,
            parameters: parametersOf(tokens.slice(paren.open + 1, paren.close)),
            body: tokens.slice(at + 1, close),
            line: name.line,
            condition: name.condition,
            isStatic: tokens.slice(start, paren.open).some((one) => one.text === 'static'),
          });
        }
        at = close;
        if (isBody) {
          at++;
          break;
        }
      } else if (word === ';') {
        declaration(
          tokens.slice(start, at),
          paren && { open: paren.open - start, close: paren.close - start },
          equals === undefined ? undefined : equals - start,
        );
        at++;
        break;
      } else if (word === '}') {
        at++;
        break;
      } else if (
        paren !== undefined &&
        at === paren.close + 1 &&
        (tokens[at] as Token).first &&
        tokens[start]?.kind === 'name' &&
        paren.open === start + 1
      ) {
        // `module_init(f)` without a semicolon, on a separate line.
        declaration(tokens.slice(start, at), { open: paren.open - start, close: paren.close - start }, undefined);
        break;
      }
    }
    if (at === start) at++;
  }
  function declaration(
    words: readonly Token[],
    call: { open: number; close: number } | undefined,
    equals: number | undefined,
  ): void {
    const [first] = words;
    if (first === undefined) return;
    if (call !== undefined && equals === undefined) {
      if (call.open === 1)
        invocations.push({
          name: first.text,
          arguments: splitArguments(words.slice(call.open + 1, call.close)),
          line: first.line,
          condition: first.condition,
        });
      return;
    }
    // `struct desc { ... } table[]` defines a type on the way.
    const head: Token[] = [];
    const before = equals ?? words.length;
    for (let i = 0; i < before; i++) {
      if ((words[i] as Token).text === '{') i = closing(words, i);
      else head.push(words[i] as Token);
    }
    if (/^(?:typedef|extern|enum)$/.test(first.text)) return;
    const bracket = head.findIndex((one) => one.text === '[');
    const names = (bracket < 0 ? head : head.slice(0, bracket)).filter(
      (one) => one.kind === 'name' && !/^__\w+$/.test(one.text),
    );
    const name = names.at(-1);
    if (name === undefined || names.length < 2) return;
    variables.push({
      file,
      name: name.text,
      value: equals === undefined ? [] : words.slice(equals + 1),
      line: name.line,
      condition: name.condition,
      type: names
        .slice(0, -1)
        .map((one) => one.text)
        .join(' '),
    });
  }
  return { file, functions, variables, invocations, macros, includes };
}

/**
 * The bracket that closes the one at `open`. Branches of an #if may hold a brace each, so a brace in the first column,
 * which ends a function in the kernel's style, ends every brace.
 */
export function closing(tokens: readonly Token[], open: number): number {
  const opener = (tokens[open] as Token).text;
  const closer = opener === '(' ? ')' : opener === '[' ? ']' : '}';
  let depth = 0;
  let lastAtMargin = -1;
  for (let at = open; at < tokens.length; at++) {
    const { text, first, kind } = tokens[at] as Token;
    if (kind !== 'mark') continue;
    if (text === opener) depth++;
    else if (text === closer) {
      depth--;
      if (depth === 0) return at;
      if (first && opener === '{' && isMargin(tokens, at)) {
        lastAtMargin = at;
        if (followedByDeclaration(tokens, at)) return at;
      }
    }
  }
  return lastAtMargin < 0 ? tokens.length - 1 : lastAtMargin;
}

/** The column is not kept: a brace that is first on its line and before a word that only begins declarations is one. */
const isMargin = (tokens: readonly Token[], at: number) =>
  (tokens[at + 1]?.first ?? true) || tokens[at + 1]?.text === ';';
const followedByDeclaration = (tokens: readonly Token[], at: number) => {
  const next = tokens[at + 1];
  return (
    next === undefined ||
    (next.first &&
      /^(?:static|module_\w+|MODULE_\w+|EXPORT_\w+|\w+_initcall)$/.test(next.text) &&
      tokens[at + 2]?.text !== '=' &&
      tokens[at + 2]?.kind !== undefined &&
      isTopLevel(tokens, at + 1))
  );
};
/** A `static` inside of a function is a variable, one outside mostly a function. */
const isTopLevel = (tokens: readonly Token[], at: number) => {
  if ((tokens[at] as Token).text !== 'static') return true;
  for (let i = at; i < Math.min(at + 12, tokens.length); i++) {
    const { text } = tokens[i] as Token;
    if (text === '(') return true;
    if (text === ';' || text === '=' || text === '[') return false;
  }
  return false;
};

/** Splits at commas that are in no bracket. */
export function splitArguments(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'mark') {
      if (/^[([{]$/.test(token.text)) depth++;
      else if (/^[)\]}]$/.test(token.text)) depth--;
      else if (token.text === ',' && depth === 0) {
        parts.push([]);
        continue;
      }
    }
    (parts.at(-1) as Token[]).push(token);
  }
  return parts.length === 1 && (parts[0] as Token[]).length === 0 ? [] : parts;
}

function parametersOf(tokens: readonly Token[]): Parameter[] {
  return splitArguments(tokens).flatMap((words) => {
    // Of `int (*release)(struct x *)` the name is in the first bracket.
    const pointer = words.findIndex((one, i) => one.text === '(' && words[i + 1]?.text === '*');
    const name = pointer >= 0 ? words[pointer + 2] : words.filter((one) => one.kind === 'name').at(-1);
    if (name === undefined || name.text === 'void') return [];
    return { name: name.text, type: words.map((one) => one.text).join(' ') };
  });
}

/** Calls of a function by name in tokens: the arguments and where. */
export function callsOf(
  tokens: readonly Token[],
  isName: (name: string) => boolean,
): { name: string; at: number; arguments: Token[][]; token: Token }[] {
  const found: { name: string; at: number; arguments: Token[][]; token: Token }[] = [];
  for (let at = 0; at + 1 < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (token.kind !== 'name' || tokens[at + 1]?.text !== '(' || !isName(token.text)) continue;
    const before = tokens[at - 1]?.text;
    if (before === '.' || before === '->') continue;
    const close = closing(tokens, at + 1);
    found.push({ name: token.text, at, arguments: splitArguments(tokens.slice(at + 2, close)), token });
  }
  return found;
}
