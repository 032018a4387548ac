/**
 * Expressions as numbers: every distinct expression exists once and is named by its index, 0 meaning "none", which
 * reads as `y`. Symbols are numbers as well (see tree.ts); the constants n, m and y are the symbols 0, 1 and 2, so a
 * tristate value is also the symbol that spells it.
 */

export type Tristate = 0 | 1 | 2;
export const NO = 0;
export const MOD = 1;
export const YES = 2;

/** An index into {@link ExpressionTable}. */
export type Expression = number;
/** An index into the tree's symbols. */
export type SymbolId = number;

export const OR = 1;
export const AND = 2;
export const NOT = 3;
export const EQUAL = 4;
export const UNEQUAL = 5;
export const LESS = 6;
export const LESS_EQUAL = 7;
export const GREATER = 8;
export const GREATER_EQUAL = 9;
/** A symbol standing alone. */
export const SYMBOL = 10;
/** The two bounds of a `range`; never evaluated as a condition. */
export const RANGE = 11;

const OPERATORS = ['', ' || ', ' && ', '!', '=', '!=', '<', '<=', '>', '>='];

export function isComparison(kind: number): boolean {
  return kind >= EQUAL && kind <= GREATER_EQUAL;
}

/** What a serialised table consists of. */
export interface ExpressionArrays {
  readonly kind: Uint8Array;
  /** An expression under OR, AND and NOT, a symbol otherwise. */
  readonly left: Int32Array;
  readonly right: Int32Array;
}

export class ExpressionTable {
  kind: Uint8Array;
  left: Int32Array;
  right: Int32Array;
  /** Number of expressions, the absent one included. */
  length: number;
  private slots: Int32Array;
  /** One of 32 bits for every symbol an expression mentions: a clear bit means that it does not. */
  private mentioned: Int32Array;

  constructor(from?: ExpressionArrays) {
    if (from) {
      this.kind = from.kind;
      this.left = from.left;
      this.right = from.right;
      this.length = from.kind.length;
      this.slots = new Int32Array(0);
      this.mentioned = new Int32Array(0);
    } else {
      this.kind = new Uint8Array(1 << 16);
      this.left = new Int32Array(1 << 16);
      this.right = new Int32Array(1 << 16);
      this.length = 1;
      this.slots = new Int32Array(1 << 17);
      this.mentioned = new Int32Array(1 << 16);
    }
  }

  /** The arrays without their unused ends. */
  arrays(): ExpressionArrays {
    return {
      kind: this.kind.slice(0, this.length),
      left: this.left.slice(0, this.length),
      right: this.right.slice(0, this.length),
    };
  }

  symbol(symbol: SymbolId): Expression {
    return this.intern(SYMBOL, symbol, 0);
  }

  compare(kind: number, left: SymbolId, right: SymbolId): Expression {
    return this.intern(kind, left, right);
  }

  not(expression: Expression): Expression {
    return this.intern(NOT, expression, 0);
  }

  /** The conjunction, where an absent operand does not count. */
  and(a: Expression, b: Expression): Expression {
    return a === 0 ? b : b === 0 ? a : this.intern(AND, a, b);
  }

  /** The disjunction, where an absent operand does not count. */
  or(a: Expression, b: Expression): Expression {
    return a === 0 ? b : b === 0 ? a : this.intern(OR, a, b);
  }

  intern(kind: number, left: number, right: number): Expression {
    if (this.slots.length < this.length * 2) this.rehash();
    const slots = this.slots;
    const mask = slots.length - 1;
    let at = hash(kind, left, right) & mask;
    for (;;) {
      const found = slots[at] as number;
      if (found === 0) break;
      if (this.left[found] === left && this.right[found] === right && this.kind[found] === kind) return found;
      at = (at + 1) & mask;
    }
    if (this.length === this.kind.length) this.grow();
    const id = this.length++;
    this.kind[id] = kind;
    this.left[id] = left;
    this.right[id] = right;
    slots[at] = id;
    const mentioned = this.mentioned;
    if (kind <= AND) mentioned[id] = (mentioned[left] as number) | (mentioned[right] as number);
    else if (kind === NOT) mentioned[id] = mentioned[left] as number;
    else mentioned[id] = (1 << (left & 31)) | (kind === SYMBOL ? 0 : 1 << (right & 31));
    return id;
  }

  /** False when `expression` certainly does not mention `symbol`. */
  mayMention(expression: Expression, symbol: SymbolId): boolean {
    return ((this.mentioned[expression] as number) & (1 << (symbol & 31))) !== 0;
  }

  /** False when there is certainly no symbol that both mention. */
  mayShareSymbols(a: Expression, b: Expression): boolean {
    return ((this.mentioned[a] as number) & (this.mentioned[b] as number)) !== 0;
  }

  isYes(expression: Expression): boolean {
    return expression === 0 || (this.kind[expression] === SYMBOL && this.left[expression] === YES);
  }

  private grow(): void {
    const kind = new Uint8Array(this.length * 2);
    kind.set(this.kind);
    const left = new Int32Array(this.length * 2);
    left.set(this.left);
    const right = new Int32Array(this.length * 2);
    right.set(this.right);
    const mentioned = new Int32Array(this.length * 2);
    mentioned.set(this.mentioned);
    this.kind = kind;
    this.left = left;
    this.right = right;
    this.mentioned = mentioned;
  }

  private rehash(): void {
    let size = 1 << 17;
    while (size < this.length * 4) size *= 2;
    const slots = new Int32Array(size);
    for (let id = 1; id < this.length; id++) {
      let at = hash(this.kind[id] as number, this.left[id] as number, this.right[id] as number) & (size - 1);
      while (slots[at] !== 0) at = (at + 1) & (size - 1);
      slots[at] = id;
    }
    this.slots = slots;
  }
}

function hash(kind: number, left: number, right: number): number {
  let h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right + kind * 0x1000193, 0x85ebca6b);
  h ^= h >>> 15;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 13);
}

/** Whether `inner` needs parentheses inside `outer`. */
function bindsLooser(outer: number, inner: number): boolean {
  const rank = (kind: number) => (kind === OR ? 1 : kind === AND ? 2 : kind === NOT ? 3 : 4);
  return rank(inner) < rank(outer) && outer !== 0;
}

/**
 * An expression as Kconfig writes it.
 * @param spell the text of one symbol; its name, and whatever the caller wants next to it
 */
export function formatExpression(
  table: ExpressionArrays,
  expression: Expression,
  spell: (symbol: SymbolId) => string,
  outer = 0,
): string {
  if (expression === 0) return 'y';
  const kind = table.kind[expression] as number;
  const left = table.left[expression] as number;
  const right = table.right[expression] as number;
  const inner = (e: Expression) => formatExpression(table, e, spell, kind);
  let text: string;
  if (kind === SYMBOL) text = spell(left);
  else if (kind === NOT) text = `!${inner(left)}`;
  else if (kind === RANGE) text = `[${spell(left)} ${spell(right)}]`;
  else if (kind === OR || kind === AND) text = `${inner(left)}${OPERATORS[kind]}${inner(right)}`;
  else text = `${spell(left)}${OPERATORS[kind]}${spell(right)}`;
  return bindsLooser(outer, kind) ? `(${text})` : text;
}

/** Calls `visit` with every symbol an expression mentions, as often as it does. */
export function forEachSymbol(
  table: ExpressionArrays,
  expression: Expression,
  visit: (symbol: SymbolId) => void,
): void {
  const pending = [expression];
  for (let e = pending.pop(); e !== undefined; e = pending.pop()) {
    if (e === 0) continue;
    const kind = table.kind[e] as number;
    const left = table.left[e] as number;
    const right = table.right[e] as number;
    if (kind === OR || kind === AND) pending.push(right, left);
    else if (kind === NOT) pending.push(left);
    else {
      visit(left);
      if (kind !== SYMBOL) visit(right);
    }
  }
}
