/** What a file, a line or a heap needs of a configuration, as a Boolean expression over Kconfig symbols. */

/** `set`: y or m. `y`, `m`: exactly that. `unknown` carries the text of what could not be read. */
export type Condition =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  | { readonly kind: 'symbol'; readonly symbol: string; readonly is: 'set' | 'y' | 'm' }
  | { readonly kind: 'unknown'; readonly text: string }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] };

/** The value of a symbol without CONFIG_: `y`, `m`, `n`; undefined when it is not known. */
export type SymbolValue = (symbol: string) => string | undefined;

export const ALWAYS: Condition = { kind: 'always' };
export const NEVER: Condition = { kind: 'never' };

export function symbolIs(symbol: string, is: 'set' | 'y' | 'm' = 'set'): Condition {
  return { kind: 'symbol', symbol, is };
}

export function not(of: Condition): Condition {
  if (of.kind === 'always') return NEVER;
  if (of.kind === 'never') return ALWAYS;
  return of.kind === 'not' ? of.of : { kind: 'not', of };
}

export function and(...of: readonly Condition[]): Condition {
  return combine('and', of);
}

export function or(...of: readonly Condition[]): Condition {
  return combine('or', of);
}

function combine(kind: 'and' | 'or', of: readonly Condition[]): Condition {
  const [neutral, absorbing] = kind === 'and' ? (['always', 'never'] as const) : (['never', 'always'] as const);
  const parts = new Map<string, Condition>();
  for (const one of of.flatMap((part) => (part.kind === kind ? part.of : [part]))) {
    if (one.kind === absorbing) return one;
    if (one.kind !== neutral) parts.set(conditionText(one), one);
  }
  // Of a condition and its opposite only one holds.
  for (const one of parts.values()) if (parts.has(conditionText(not(one)))) return { kind: absorbing };
  const [first, ...more] = parts.values();
  if (first === undefined) return kind === 'and' ? ALWAYS : NEVER;
  return more.length === 0 ? first : { kind, of: [first, ...more] };
}

/** @returns undefined when the values that are known do not decide it */
export function holds(condition: Condition, value: SymbolValue): boolean | undefined {
  switch (condition.kind) {
    case 'always':
      return true;
    case 'never':
      return false;
    case 'unknown':
      return undefined;
    case 'symbol': {
      const got = value(condition.symbol);
      if (got === undefined) return undefined;
      return condition.is === 'set' ? got !== 'n' && got !== '' : got === condition.is;
    }
    case 'not': {
      const inner = holds(condition.of, value);
      return inner === undefined ? undefined : !inner;
    }
    default: {
      const decided = condition.kind === 'or';
      const parts = condition.of.map((part) => holds(part, value));
      if (parts.includes(decided)) return decided;
      return parts.includes(undefined) ? undefined : !decided;
    }
  }
}

/** Every symbol of a condition, once, in the order in which it is read. */
export function symbolsOf(condition: Condition): readonly string[] {
  if (condition.kind === 'symbol') return [condition.symbol];
  if (condition.kind === 'not') return symbolsOf(condition.of);
  if (condition.kind === 'and' || condition.kind === 'or') return [...new Set(condition.of.flatMap(symbolsOf))];
  return [];
}

/** The symbols that must be set for the condition to hold whatever else is: the conjuncts of its top. */
export function neededSymbols(condition: Condition): readonly string[] {
  if (condition.kind === 'symbol') return [condition.symbol];
  return condition.kind === 'and' ? [...new Set(condition.of.flatMap(neededSymbols))] : [];
}

/** `DMABUF_HEAPS && (A || !B)`, `X=m`, `{defined(Y)}` for what could not be read. {@link parseCondition} reads it. */
export function conditionText(condition: Condition): string {
  switch (condition.kind) {
    case 'always':
      return '1';
    case 'never':
      return '0';
    case 'unknown':
      return `{${condition.text.replace(/[{}]/g, '')}}`;
    case 'symbol':
      return condition.is === 'set' ? condition.symbol : `${condition.symbol}=${condition.is}`;
    case 'not':
      return `!${inner(condition.of)}`;
    default:
      return condition.of.map(inner).join(condition.kind === 'and' ? ' && ' : ' || ');
  }
}

const inner = (condition: Condition) =>
  condition.kind === 'and' || condition.kind === 'or' ? `(${conditionText(condition)})` : conditionText(condition);

/** @returns undefined when the text is not a condition */
export function parseCondition(text: string): Condition | undefined {
  const tokens = text.match(/\{[^{}]*\}|&&|\|\||[!()]|[A-Za-z0-9_]+(?:=[ym])?|\S/g) ?? [];
  let at = 0;
  const unary = (): Condition | undefined => {
    const token = tokens[at++];
    if (token === '!') {
      const of = unary();
      return of && not(of);
    }
    if (token === '(') {
      const of = either();
      return tokens[at++] === ')' ? of : undefined;
    }
    if (token === '0') return NEVER;
    if (token === '1') return ALWAYS;
    if (token?.startsWith('{')) return { kind: 'unknown', text: token.slice(1, -1) };
    const match = /^(\w+?)(?:=([ym]))?$/.exec(token ?? '');
    return match ? symbolIs(match[1] as string, (match[2] as 'y' | 'm' | undefined) ?? 'set') : undefined;
  };
  const chain =
    (operator: string, next: () => Condition | undefined, join: typeof and) => (): Condition | undefined => {
      const parts = [next()];
      while (tokens[at] === operator) {
        at++;
        parts.push(next());
      }
      return parts.includes(undefined) ? undefined : join(...(parts as Condition[]));
    };
  const both = chain('&&', unary, and);
  const either: () => Condition | undefined = chain('||', both, or);
  const result = either();
  return at === tokens.length ? result : undefined;
}
