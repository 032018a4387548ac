/**
 * The simplifications conf applies to dependencies before it builds menus. They decide more than looks: which entries
 * become a submenu of which symbol, hence the order of `.config`, and how an unmet dependency is printed. So each one
 * does what scripts/kconfig/expr.c does, neither less nor more.
 */
import type { Dialect } from './dialect.js';
import {
  AND,
  EQUAL,
  type Expression,
  type ExpressionTable,
  GREATER,
  GREATER_EQUAL,
  isComparison,
  LESS,
  LESS_EQUAL,
  MOD,
  NO,
  NOT,
  OR,
  SYMBOL,
  type SymbolId,
  UNEQUAL,
  YES,
} from './expression.js';
import { joinInPlace } from './simplify-in-place.js';
import { BOOLEAN, TRISTATE } from './symbol.js';
import { copyOf } from './words.js';

/** What the simplifications need to know of the symbols. */
export interface SymbolFacts {
  type(symbol: SymbolId): number;
  /** Written between quotes, or one of n, m, y. */
  isConstant(symbol: SymbolId): boolean;
  /** Called when a bool is compared with m. */
  comparedWithM(symbol: SymbolId, becomes: 'n' | 'y'): void;
}

/** Two operands being reduced against each other. */
export interface Pair {
  a: Expression;
  b: Expression;
}

export class Simplifier {
  readonly table: ExpressionTable;
  private readonly facts: SymbolFacts;
  private readonly inPlace: boolean;
  private readonly yes: Expression;
  private readonly no: Expression;
  private readonly transformed = new Results();
  private readonly deduplicated = new Results();
  private readonly dropped = new Results();
  private joins = 0;

  constructor(table: ExpressionTable, facts: SymbolFacts, dialect: Pick<Dialect, 'sharedExpressions'>) {
    this.table = table;
    this.facts = facts;
    this.inPlace = !dialect.sharedExpressions;
    this.yes = table.symbol(YES);
    this.no = table.symbol(NO);
  }

  /** `m` alone means `m && MODULES`. */
  rewriteM(e: Expression, modules: SymbolId): Expression {
    const { kind, left, right } = this.table;
    switch (kind[e]) {
      case NOT:
        return this.table.not(this.rewriteM(left[e] as number, modules));
      case OR:
      case AND:
        return this.table.intern(
          kind[e] as number,
          this.rewriteM(left[e] as number, modules),
          this.rewriteM(right[e] as number, modules),
        );
      case SYMBOL:
        return left[e] === MOD ? this.table.and(e, this.table.symbol(modules)) : e;
      default:
        return e;
    }
  }

  /** Negations pushed down to comparisons, comparisons of bools turned into the symbol or its negation. */
  transform(e: Expression): Expression {
    if (e === 0) return 0;
    const known = this.transformed.of(e);
    return known >= 0 ? known : this.transformed.keep(e, this.transformAnew(e));
  }

  private transformAnew(original: Expression): Expression {
    const table = this.table;
    let e = original;
    const kind = table.kind[e] as number;
    if (kind === OR || kind === AND || kind === NOT)
      e = table.intern(kind, this.transform(table.left[e] as number), this.transform(table.right[e] as number));
    const left = table.left[e] as number;
    const right = table.right[e] as number;
    switch (kind) {
      case EQUAL:
        if (this.facts.type(left) !== BOOLEAN) return e;
        if (right === NO) return table.not(table.symbol(left));
        if (right === YES) return table.symbol(left);
        if (right !== MOD) return e;
        this.facts.comparedWithM(left, 'n');
        return this.no;
      case UNEQUAL:
        if (this.facts.type(left) !== BOOLEAN) return e;
        if (right === NO) return table.symbol(left);
        if (right === YES) return table.not(table.symbol(left));
        if (right !== MOD) return e;
        this.facts.comparedWithM(left, 'y');
        return this.yes;
      case NOT:
        return this.transformNot(e, left);
      default:
        return e;
    }
  }

  private transformNot(e: Expression, operand: Expression): Expression {
    const table = this.table;
    const left = table.left[operand] as number;
    const right = table.right[operand] as number;
    switch (table.kind[operand]) {
      case NOT:
        return left;
      case EQUAL:
        return table.compare(UNEQUAL, left, right);
      case UNEQUAL:
        return table.compare(EQUAL, left, right);
      case LESS_EQUAL:
        return table.compare(GREATER, left, right);
      case GREATER_EQUAL:
        return table.compare(LESS, left, right);
      case LESS:
        return table.compare(GREATER_EQUAL, left, right);
      case GREATER:
        return table.compare(LESS_EQUAL, left, right);
      case OR:
        return this.transform(table.and(table.not(left), table.not(right)));
      case AND:
        return this.transform(table.or(table.not(left), table.not(right)));
      case SYMBOL:
        if (left === YES) return this.no;
        if (left === MOD) return table.symbol(MOD);
        return left === NO ? this.yes : e;
      default:
        return e;
    }
  }

  /** Operands that say the same, or that one comparison can say, become one. */
  removeDuplicates(e: Expression): Expression {
    if (e === 0) return 0;
    const known = this.deduplicated.of(e);
    if (known >= 0) return known;
    const before = this.joins;
    const result = this.inPlace ? joinInPlace(this, e) : this.removeDuplicatesAnew(e);
    this.joins = before;
    return this.deduplicated.keep(e, result);
  }

  private removeDuplicatesAnew(start: Expression): Expression {
    const table = this.table;
    let e = start;
    do {
      this.joins = 0;
      const kind = table.kind[e];
      if (kind === OR || kind === AND) {
        const a = this.removeDuplicates(table.left[e] as number);
        const b = this.removeDuplicates(table.right[e] as number);
        if (table.mayShareSymbols(a, b)) {
          const pair = { a, b };
          this.joinLeaves(kind, pair);
          e = table.intern(kind, pair.a, pair.b);
        } else if (a !== table.left[e] || b !== table.right[e]) e = table.intern(kind, a, b);
      }
      e = this.dropConstants(e);
    } while (this.joins > 0);
    return e;
  }

  /** Joins every leaf of one side with every leaf of the other. */
  private joinLeaves(kind: number, pair: Pair): void {
    const table = this.table;
    // What speaks of different symbols cannot be joined.
    if (!table.mayShareSymbols(pair.a, pair.b)) return;
    if (table.kind[pair.a] === kind) {
      const l = { a: table.left[pair.a] as number, b: pair.b };
      const right = table.right[pair.a] as number;
      this.joinLeaves(kind, l);
      const r = { a: right, b: l.b };
      this.joinLeaves(kind, r);
      pair.a = table.intern(kind, l.a, r.a);
      pair.b = r.b;
      return;
    }
    if (table.kind[pair.b] === kind) {
      const l = { a: pair.a, b: table.left[pair.b] as number };
      const right = table.right[pair.b] as number;
      this.joinLeaves(kind, l);
      const r = { a: l.a, b: right };
      this.joinLeaves(kind, r);
      pair.a = r.a;
      pair.b = table.intern(kind, l.b, r.b);
      return;
    }
    const joined = kind === OR ? this.joinOr(pair.a, pair.b) : this.joinAnd(pair.a, pair.b);
    if (joined === 0) return;
    pair.a = kind === OR ? this.no : this.yes;
    pair.b = joined;
    this.joins++;
  }

  /** Removes `&& y`, `|| n` and what they absorb. Operands are looked at, never rewritten, as conf does. */
  dropConstants(e: Expression): Expression {
    const table = this.table;
    const kind = table.kind[e];
    if (kind !== AND && kind !== OR) return e;
    const known = this.dropped.of(e);
    if (known >= 0) return known;
    const l = this.dropConstants(table.left[e] as number);
    const r = this.dropConstants(table.right[e] as number);
    const absorbing = kind === AND ? this.no : this.yes;
    const neutral = kind === AND ? this.yes : this.no;
    let result = e;
    if (l === absorbing) result = l;
    else if (l === neutral || r === absorbing) result = r;
    else if (r === neutral) result = l;
    return this.dropped.keep(e, result);
  }

  /** Replaces operands common to both sides by the neutral constant and drops it. */
  eliminateCommon(pair: Pair): void {
    if (pair.a === 0 || pair.b === 0) return;
    const table = this.table;
    const kindA = table.kind[pair.a] as number;
    if (kindA === OR || kindA === AND) this.eliminateLeaves(kindA, pair);
    const kindB = table.kind[pair.b] as number;
    if (table.kind[pair.a] !== kindB && (kindB === OR || kindB === AND)) this.eliminateLeaves(kindB, pair);
    pair.a = this.dropConstants(pair.a);
    pair.b = this.dropConstants(pair.b);
  }

  private eliminateLeaves(kind: number, pair: Pair): void {
    const table = this.table;
    if (table.kind[pair.a] === kind) {
      const right = table.right[pair.a] as number;
      const l = { a: table.left[pair.a] as number, b: pair.b };
      this.eliminateLeaves(kind, l);
      const r = { a: right, b: l.b };
      this.eliminateLeaves(kind, r);
      pair.a = table.intern(kind, l.a, r.a);
      pair.b = r.b;
      return;
    }
    if (table.kind[pair.b] === kind) {
      const right = table.right[pair.b] as number;
      const l = { a: pair.a, b: table.left[pair.b] as number };
      this.eliminateLeaves(kind, l);
      const r = { a: l.a, b: right };
      this.eliminateLeaves(kind, r);
      pair.a = r.a;
      pair.b = table.intern(kind, l.b, r.b);
      return;
    }
    if (pair.a === pair.b && (pair.a === this.yes || pair.a === this.no)) return;
    if (!this.equal(pair.a, pair.b)) return;
    pair.a = pair.b = kind === OR ? this.no : this.yes;
  }

  /** Equality up to the order of operands. */
  equal(a: Expression, b: Expression): boolean {
    const table = this.table;
    if (a === 0 || b === 0) return table.isYes(a) && table.isYes(b);
    const kind = table.kind[a] as number;
    if (kind !== table.kind[b]) return false;
    if (kind === NOT) return this.equal(table.left[a] as number, table.left[b] as number);
    if (kind !== AND && kind !== OR) return a === b;
    const pair = { a, b };
    this.eliminateCommon(pair);
    return pair.a === pair.b && table.kind[pair.a] === SYMBOL;
  }

  /** One expression for `a || b`, or 0 where there is none. */
  joinOr(a: Expression, b: Expression): Expression {
    if (this.equal(a, b)) return a;
    const symbol = this.commonSymbol(a, b);
    if (symbol < 0) return 0;
    const table = this.table;
    const kindA = table.kind[a] as number;
    const kindB = table.kind[b] as number;
    if (this.facts.type(symbol) === TRISTATE && kindA === EQUAL && kindB === EQUAL) {
      const third = thirdValue(table.right[a] as number, table.right[b] as number);
      if (third >= 0) return table.compare(UNEQUAL, symbol, third);
    }
    if (this.facts.type(symbol) === BOOLEAN) {
      const negated = (x: Expression) => table.kind[x] === NOT && table.kind[table.left[x] as number] === SYMBOL;
      if ((negated(a) && kindB === SYMBOL) || (negated(b) && kindA === SYMBOL)) return this.yes;
    }
    return 0;
  }

  /** One expression for `a && b`, or 0 where there is none. */
  joinAnd(a: Expression, b: Expression): Expression {
    if (this.equal(a, b)) return a;
    const symbol = this.commonSymbol(a, b);
    if (symbol < 0) return 0;
    const table = this.table;
    const kindA = table.kind[a] as number;
    const kindB = table.kind[b] as number;
    const valueA = table.right[a] as number;
    const valueB = table.right[b] as number;
    const alongside = (kind: number, value: number) =>
      (kindA === SYMBOL && kindB === kind && valueB === value) ||
      (kindB === SYMBOL && kindA === kind && valueA === value);
    if (alongside(EQUAL, YES)) return table.compare(EQUAL, symbol, YES);
    if (alongside(UNEQUAL, NO)) return table.symbol(symbol);
    if (alongside(UNEQUAL, MOD)) return table.compare(EQUAL, symbol, YES);
    if (this.facts.type(symbol) !== TRISTATE) return 0;
    const constants = () => this.facts.isConstant(valueA) && this.facts.isConstant(valueB);
    if (kindA === EQUAL && kindB === UNEQUAL && constants())
      return valueA !== valueB ? table.compare(EQUAL, symbol, valueA) : this.no;
    if (kindA === UNEQUAL && kindB === EQUAL && constants())
      return valueA !== valueB ? table.compare(EQUAL, symbol, valueB) : this.no;
    if (kindA === UNEQUAL && kindB === UNEQUAL) {
      const third = thirdValue(valueA, valueB);
      if (third >= 0) return table.compare(EQUAL, symbol, third);
    }
    return 0;
  }

  /** The bool or tristate that both speak of, as far as conf looks; -1 where there is none. */
  private commonSymbol(a: Expression, b: Expression): SymbolId {
    const table = this.table;
    const simple = (kind: number) => kind === EQUAL || kind === UNEQUAL || kind === SYMBOL;
    let symbolA: number;
    if (table.kind[a] === NOT) {
      const inner = table.left[a] as number;
      if (!simple(table.kind[inner] as number)) return -1;
      symbolA = table.left[inner] as number;
    } else if (simple(table.kind[a] as number)) symbolA = table.left[a] as number;
    else return -1;
    let symbolB: number;
    if (table.kind[b] === NOT) {
      const inner = table.left[b] as number;
      if (table.kind[inner] !== SYMBOL) return -1;
      symbolB = table.left[inner] as number;
    } else if (simple(table.kind[b] as number)) symbolB = table.left[b] as number;
    else return -1;
    if (symbolA !== symbolB) return -1;
    const type = this.facts.type(symbolA);
    return type === BOOLEAN || type === TRISTATE ? symbolA : -1;
  }

  /** `e` rewritten so that it compares with `value` explicitly: A becomes A!=n, A && B becomes !(A=n || B=n). */
  compareWith(e: Expression, kind: typeof EQUAL | typeof UNEQUAL, value: SymbolId): Expression {
    const table = this.table;
    if (e === 0) {
      const constant = table.symbol(value);
      return kind === UNEQUAL ? table.not(constant) : constant;
    }
    const own = table.kind[e] as number;
    if (own === AND || own === OR) {
      const l = this.compareWith(table.left[e] as number, EQUAL, value);
      const r = this.compareWith(table.right[e] as number, EQUAL, value);
      const dual = own === AND ? OR : AND;
      const both = table.intern(value === NO ? dual : own, l, r);
      return kind === UNEQUAL ? table.not(both) : both;
    }
    if (own === NOT) return this.compareWith(table.left[e] as number, kind === EQUAL ? UNEQUAL : EQUAL, value);
    if (own === SYMBOL) return table.compare(kind, table.left[e] as number, value);
    if (value === MOD) return kind === EQUAL ? this.no : this.yes;
    return (value === YES) === (kind === EQUAL) ? e : table.not(e);
  }

  /** Whether `symbol` occurs in `e`. */
  mentions(e: Expression, symbol: SymbolId): boolean {
    if (!this.table.mayMention(e, symbol)) return false;
    const { kind, left, right } = this.table;
    switch (kind[e]) {
      case AND:
      case OR:
        return this.mentions(left[e] as number, symbol) || this.mentions(right[e] as number, symbol);
      case NOT:
        return this.mentions(left[e] as number, symbol);
      case SYMBOL:
        return left[e] === symbol;
      default:
        return isComparison(kind[e] as number) && (left[e] === symbol || right[e] === symbol);
    }
  }

  /** Whether `e` is n whenever `symbol` is, as far as conf looks. */
  requires(e: Expression, symbol: SymbolId): boolean {
    if (!this.table.mayMention(e, symbol)) return false;
    const { kind, left, right } = this.table;
    switch (kind[e]) {
      case AND:
        return this.requires(left[e] as number, symbol) || this.requires(right[e] as number, symbol);
      case SYMBOL:
        return left[e] === symbol;
      case EQUAL:
        return left[e] === symbol && (right[e] === YES || right[e] === MOD);
      case UNEQUAL:
        return left[e] === symbol && right[e] === NO;
      default:
        return false;
    }
  }

  /** Whether `e` mentions `symbol` in a way that holds while it is off, such as `symbol!=y`. */
  mentionsNegated(e: Expression, symbol: SymbolId): boolean {
    const { kind, left, right } = this.table;
    switch (kind[e]) {
      case AND:
      case OR:
        return this.mentionsNegated(left[e] as number, symbol) || this.mentionsNegated(right[e] as number, symbol);
      case NOT:
        return kind[left[e] as number] === SYMBOL && left[left[e] as number] === symbol;
      case EQUAL:
        return left[e] === symbol && right[e] === NO;
      case UNEQUAL:
        return left[e] === symbol && (right[e] === YES || right[e] === MOD);
      default:
        return false;
    }
  }
}

/** What has been found for an expression. */
class Results {
  /** By expression, one more than the result. */
  private results: Int32Array = new Int32Array(1 << 16);

  /** -1 when there is none yet. */
  of(e: Expression): number {
    return e < this.results.length ? (this.results[e] as number) - 1 : -1;
  }

  keep(e: Expression, result: Expression): Expression {
    if (e >= this.results.length) this.results = copyOf(this.results, Math.max(e, this.results.length) * 2);
    this.results[e] = result + 1;
    return result;
  }
}

/** The tristate value that is neither of two different ones; -1 unless both are such values. */
function thirdValue(a: SymbolId, b: SymbolId): SymbolId {
  return a <= YES && b <= YES && a !== b ? NO + MOD + YES - a - b : -1;
}
