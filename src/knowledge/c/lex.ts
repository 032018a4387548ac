/** Tokens of a C file with what the preprocessor asks of each. No compiler: macros are recorded, not expanded. */
import { ALWAYS, and, type Condition, NEVER, not, or, symbolIs } from '../condition.js';

export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'mark';
  /** Of a string, what lies between its quotes, escapes as written. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** Whether it begins its line. */
  readonly first: boolean;
  readonly condition: Condition;
}

export interface Macro {
  readonly name: string;
  /** Of a macro with parameters. */
  readonly parameters: readonly string[] | undefined;
  readonly body: readonly Token[];
  readonly condition: Condition;
}

export interface Lexed {
  readonly tokens: readonly Token[];
  readonly macros: readonly Macro[];
  /** Names between quotes of #include lines. */
  readonly includes: readonly string[];
}

const TOKEN =
  /\/\*[\s\S]*?(?:\*\/|$)|\/\/(?:\\\r?\n|[^\n])*|\\\r?\n|[\t\v\f\r ]+|\n|(?:L|u8|u|U)?"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|[A-Za-z_$][\w$]*|\.?\d(?:[eEpP][+-]|[\w.])*|->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\.\.\.|##|[-+*/%&|^]=|[^\s]/y;

/** @param text a C file; other text gives tokens that no reader recognises, and no error */
export function lexC(text: string): Lexed {
  const all = scan(text);
  const macros: Macro[] = [];
  const includes: string[] = [];
  const tokens: Token[] = [];
  /** Of each open #if: the branch's own condition, and what none of its earlier branches had. */
  const open: { here: Condition; rest: Condition }[] = [];
  const conditionHere = () => and(...open.map(({ here }) => here));
  let condition: Condition = ALWAYS;
  for (let at = 0; at < all.length; ) {
    const token = all[at] as Scanned;
    if (token.text !== '#' || !token.first || token.kind !== 'mark') {
      tokens.push({ kind: token.kind, text: token.text, line: token.line, first: token.first, condition });
      at++;
      continue;
    }
    let end = at + 1;
    while (end < all.length && (all[end] as Scanned).logical === token.logical) end++;
    const words = all.slice(at + 1, end);
    at = end;
    const [directive, ...rest] = words;
    const top = open.at(-1);
    switch (directive?.text) {
      case 'ifdef':
      case 'ifndef': {
        const defined = isDefined(rest[0]?.text ?? '', macros);
        // The guard of a header, which its next line defines.
        const next = all.slice(at, at + 3).map((one) => one.text);
        const guards = directive.text === 'ifndef' && next[1] === 'define' && next[2] === rest[0]?.text;
        const here = directive.text === 'ifdef' ? defined : guards ? ALWAYS : not(defined);
        open.push({ here, rest: not(here) });
        break;
      }
      case 'if': {
        const here = readCondition(rest, macros);
        open.push({ here, rest: not(here) });
        break;
      }
      case 'elif':
        if (top) {
          const asked = readCondition(rest, macros);
          top.here = and(top.rest, asked);
          top.rest = and(top.rest, not(asked));
        }
        break;
      case 'else':
        if (top) {
          top.here = top.rest;
          top.rest = NEVER;
        }
        break;
      case 'endif':
        open.pop();
        break;
      case 'define':
        addMacro(rest, condition, macros);
        break;
      case 'undef': {
        const known = macros.findIndex((macro) => macro.name === rest[0]?.text);
        if (known >= 0) macros.splice(known, 1);
        break;
      }
      case 'include':
        if (rest[0]?.kind === 'string') includes.push(rest[0].text);
        break;
    }
    condition = conditionHere();
  }
  return { tokens, macros, includes };
}

interface Scanned {
  readonly kind: Token['kind'];
  readonly text: string;
  readonly line: number;
  readonly first: boolean;
  /** Number of the logical line: lines joined by a backslash are one. */
  readonly logical: number;
  /** Whether blanks precede it, which tells the parameters of a macro from its body. */
  readonly spaced: boolean;
}

function scan(text: string): Scanned[] {
  const found: Scanned[] = [];
  let line = 1;
  let logical = 1;
  let first = true;
  let spaced = false;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [piece] = match;
    const head = piece[0] as string;
    if (piece === '\n') {
      line++;
      logical++;
      first = true;
      spaced = false;
      continue;
    }
    const isBlank = head === ' ' || head === '\t' || head === '\r' || head === '\v' || head === '\f';
    const isComment = piece.startsWith('/*') || piece.startsWith('//');
    const isJoin = head === '\\' && piece.length > 1;
    if (isBlank || isComment || isJoin) {
      // A comment that spans lines does not end a directive, and neither does a joined line.
      for (const one of piece) if (one === '\n') line++;
      spaced = true;
      continue;
    }
    const quoted = /^(?:L|u8|u|U)?"/.exec(piece);
    const kind = quoted
      ? 'string'
      : /^[A-Za-z_$]/.test(head)
        ? 'name'
        : /^\.?\d/.test(piece) || head === "'"
          ? 'number'
          : 'mark';
    found.push({ kind, text: quoted ? piece.slice(quoted[0].length, -1) : piece, line, first, logical, spaced });
    first = false;
    spaced = false;
  }
  return found;
}

function addMacro(words: readonly Scanned[], condition: Condition, macros: Macro[]): void {
  const [name, ...rest] = words;
  if (name?.kind !== 'name') return;
  let parameters: string[] | undefined;
  let body = rest;
  if (rest[0]?.text === '(' && !rest[0].spaced) {
    const close = rest.findIndex((one) => one.text === ')');
    if (close < 0) return;
    parameters = rest.slice(1, close).flatMap((one) => (one.text === ',' ? [] : [one.text]));
    body = rest.slice(close + 1);
  }
  macros.push({
    name: name.text,
    parameters,
    body: body.map(({ kind, text, line }) => ({ kind, text, line, first: false, condition })),
    condition,
  });
}

/** Macros that the build or a header may define, of which a file alone does not tell. */
function isDefined(name: string, macros: readonly Macro[]): Condition {
  if (name.startsWith('CONFIG_')) {
    const module = /^CONFIG_(\w+)_MODULE$/.exec(name);
    return module ? symbolIs(module[1] as string, 'm') : symbolIs(name.slice('CONFIG_'.length), 'y');
  }
  const own = macros.find((macro) => macro.name === name);
  if (own) return own.condition;
  return name === '__KERNEL__' ? ALWAYS : { kind: 'unknown', text: `defined(${name})` };
}

/** The expression of an #if; what asks for anything but symbols and constants is unknown. */
function readCondition(words: readonly Scanned[], macros: readonly Macro[]): Condition {
  return readConditionTokens(
    words.map(({ kind, text }) => ({ kind, text })),
    (name) => isDefined(name, macros),
  );
}

interface Word {
  readonly kind: Token['kind'];
  readonly text: string;
}

/** Also for `if (IS_ENABLED(CONFIG_X))` in code. */
export function readConditionTokens(words: readonly Word[], defined: (name: string) => Condition): Condition {
  let at = 0;
  const unknown: Condition = { kind: 'unknown', text: words.map(({ text }) => text).join(' ') };
  const primary = (): Condition => {
    const word = words[at++];
    if (word === undefined) return unknown;
    if (word.text === '!') return not(primary());
    if (word.text === '(') {
      const inner = either();
      if (words[at]?.text === ')') at++;
      return inner;
    }
    if (word.text === 'defined') {
      const isCall = words[at]?.text === '(';
      const name = words[at + (isCall ? 1 : 0)]?.text ?? '';
      at += isCall ? 3 : 1;
      return defined(name);
    }
    const test = SYMBOL_TESTS[word.text];
    if (test !== undefined && words[at]?.text === '(') {
      const name = words[at + 1]?.text ?? '';
      at += 3;
      return name.startsWith('CONFIG_') ? symbolIs(name.slice('CONFIG_'.length), test) : unknown;
    }
    if (/^\d+[uUlL]*$/.test(word.text)) return Number.parseInt(word.text, 10) === 0 ? NEVER : ALWAYS;
    return unknown;
  };
  const comparison = (): Condition => {
    const from = at;
    const left = primary();
    if (!/^(?:==|!=|<|>|<=|>=|[-+*/%&|^]|<<|>>)$/.test(words[at]?.text ?? '')) return left;
    while (at < words.length && !/^(?:&&|\|\||\)|\?)$/.test(words[at]?.text ?? '')) {
      if (words[at]?.text === '(') {
        let depth = 0;
        do {
          depth += words[at]?.text === '(' ? 1 : words[at]?.text === ')' ? -1 : 0;
          at++;
        } while (depth > 0 && at < words.length);
      } else at++;
    }
    return {
      kind: 'unknown',
      text: words
        .slice(from, at)
        .map(({ text }) => text)
        .join(' '),
    };
  };
  const both = (): Condition => {
    const parts = [comparison()];
    while (words[at]?.text === '&&') {
      at++;
      parts.push(comparison());
    }
    return and(...parts);
  };
  const either = (): Condition => {
    const parts = [both()];
    while (words[at]?.text === '||') {
      at++;
      parts.push(both());
    }
    return or(...parts);
  };
  const result = either();
  return at >= words.length ? result : unknown;
}

const SYMBOL_TESTS: Readonly<Record<string, 'set' | 'y' | 'm'>> = {
  IS_ENABLED: 'set',
  IS_REACHABLE: 'set',
  IS_BUILTIN: 'y',
  IS_MODULE: 'm',
};
