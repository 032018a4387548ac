/**
 * Values of all symbols for one set of user values.
 *
 * A value is computed when it is first asked for, after whatever it depends on. conf does the same, and where symbols
 * of a choice need each other the order shows in the result, so the steps of {@link Configuration.compute} and the
 * order of {@link KconfigTree.order} are conf's own.
 */
import type { Diagnostic } from '../diagnostic/index.js';
import {
  beforeMember,
  createChoiceState,
  promptVisibility,
  resetChoices,
  selectMember,
  setAllMembers,
  valueFromChoice,
  writeMembers,
} from './choice.js';
import { report } from './codes.js';
import { computeInOrder } from './evaluate-in-order.js';
import type { ChoiceState, Evaluation } from './evaluation.js';
import {
  AND,
  EQUAL,
  type Expression,
  formatExpression,
  GREATER,
  GREATER_EQUAL,
  LESS,
  LESS_EQUAL,
  MOD,
  NO,
  NOT,
  OR,
  SYMBOL,
  type SymbolId,
  type Tristate,
  UNEQUAL,
  YES,
} from './expression.js';
import { Refusal } from './macro.js';
import { compareValues, type Integer, leadingInteger } from './number.js';
import { BOOLEAN, HEX, INT, isLogical, STRING, TRISTATE, UNKNOWN } from './symbol.js';
import {
  CHOICE,
  DEFAULT,
  type KconfigTree,
  MEMBER,
  MENU,
  NO_WRITE,
  type NodeId,
  nodeSpan,
  type PropertyId,
  RANGE_PROPERTY,
  symbolText,
  TRANSITIONAL,
} from './tree.js';
import { copyOf } from './words.js';

/** Symbols that may wait for each other's values; deeper chains do not occur outside hostile input. */
const MAX_DEPTH = 1500;
const LETTERS = ['n', 'm', 'y'] as const;

export class Configuration implements Evaluation {
  readonly tree: KconfigTree;

  /** Whether the user has given a value. Written by config-read.ts, modes.ts and what-if.ts only. */
  readonly userSet: Uint8Array;
  readonly userTristate: Uint8Array;
  readonly userText: (string | undefined)[];
  readonly choiceState: ChoiceState;

  /** Computed values; {@link value} and {@link tristate} read them. */
  readonly valid: Uint8Array;
  readonly tristates: Uint8Array;
  readonly texts: string[];
  /** Upper bound of what the user can set, from the prompts. */
  readonly visible: Uint8Array;
  readonly direct: Uint8Array;
  readonly reverse: Uint8Array;
  readonly implied: Uint8Array;
  /** Whether `.config` gets a line. */
  readonly written: Uint8Array;
  /** Condition of each prompt, as of the last computation. */
  readonly promptVisible: Uint8Array;

  /** MODULES, as far as it is known while it is being computed itself. */
  modulesValue: Tristate = NO;
  /** Set when a value differs from what was read, as conf tracks it. */
  changed = true;
  /** Unmet dependencies met on the way, when {@link collectWarnings} is set. */
  readonly warnings = new Map<string, Diagnostic>();
  collectWarnings = false;

  /** Symbols whose user value was inherited from a transitional symbol. */
  readonly inherited: SymbolId[] = [];
  private readonly shared: boolean;
  private readonly menuChoices: boolean;
  /** The tree's expressions. */
  private readonly kind: Uint8Array;
  private readonly left: Int32Array;
  private readonly right: Int32Array;
  /** The values of expressions that are shared hold as long as their epoch is this one. */
  epoch = 1;
  readonly expressionEpoch: Int32Array;
  readonly expressionValue: Uint8Array;
  private spine: Int32Array = new Int32Array(1024);
  private spineTop = 0;
  /** Condition of the property that was found active last. */
  private activeCondition: Tristate = NO;
  /** The default that {@link logical} used last; 0 for none. */
  private usedDefault: PropertyId = 0;
  private depth = 0;

  constructor(tree: KconfigTree) {
    this.tree = tree;
    const count = tree.symbols.name.length;
    this.userSet = new Uint8Array(count);
    this.userTristate = new Uint8Array(count);
    this.userText = new Array(count).fill(undefined);
    this.choiceState = createChoiceState(tree);
    this.valid = new Uint8Array(count);
    this.tristates = new Uint8Array(count);
    this.texts = new Array(count).fill('');
    this.visible = new Uint8Array(count);
    this.direct = new Uint8Array(count);
    this.reverse = new Uint8Array(count);
    this.implied = new Uint8Array(count);
    this.written = new Uint8Array(count);
    this.promptVisible = new Uint8Array(tree.properties.kind.length);
    this.shared = tree.dialect.sharedExpressions;
    this.kind = tree.expressions.kind;
    this.left = tree.expressions.left;
    this.right = tree.expressions.right;
    this.menuChoices = tree.dialect.choices === 'menu';
    this.expressionEpoch = new Int32Array(tree.expressions.kind.length);
    this.expressionValue = new Uint8Array(tree.expressions.kind.length);
    for (const constant of [NO, MOD, YES]) {
      this.valid[constant] = 1;
      this.tristates[constant] = constant;
      this.texts[constant] = LETTERS[constant] as string;
    }
  }

  /** The value as `.config` would spell it, without quotes. */
  value(symbol: SymbolId): string {
    this.compute(symbol);
    return this.spelt(symbol);
  }

  /** The tristate value; n for anything that is not bool or tristate. */
  tristate(symbol: SymbolId): Tristate {
    this.compute(symbol);
    return this.tristates[symbol] as Tristate;
  }

  /** The last computed value, be it valid or not. */
  spelt(symbol: SymbolId): string {
    return isLogical(this.tree.symbols.type[symbol] as number)
      ? (LETTERS[this.tristates[symbol] as number] as string)
      : (this.texts[symbol] as string);
  }

  /** The type the symbol acts as: without modules a tristate is a bool. */
  effectiveType(symbol: SymbolId): number {
    const type = this.tree.symbols.type[symbol] as number;
    if (type !== TRISTATE) return type;
    if (this.modulesValue === NO) return BOOLEAN;
    return !this.menuChoices && this.isMember(symbol) && this.visible[symbol] === YES ? BOOLEAN : TRISTATE;
  }

  isMember(symbol: SymbolId): boolean {
    return ((this.tree.symbols.flags[symbol] as number) & MEMBER) !== 0;
  }

  isChoice(symbol: SymbolId): boolean {
    return ((this.tree.symbols.flags[symbol] as number) & CHOICE) !== 0;
  }

  /** Whether the user can change the value: visible above what selects force. */
  isChangeable(symbol: SymbolId): boolean {
    if (this.menuChoices && this.isChoice(symbol)) return false;
    return (this.visible[symbol] as number) > (this.reverse[symbol] as number);
  }

  /** Back to the initial configuration. */
  reset(): void {
    this.userSet.fill(0);
    this.userTristate.fill(NO);
    this.userText.fill(undefined);
    this.inherited.length = 0;
    resetChoices(this);
    for (const array of [this.tristates, this.visible, this.direct, this.reverse, this.implied, this.written])
      array.fill(0);
    this.promptVisible.fill(0);
    for (const constant of [MOD, YES]) this.tristates[constant] = constant;
    this.modulesValue = NO;
    this.changed = false;
    this.invalidate();
  }

  /** Forgets all computed values, but not the user's. */
  invalidate(): void {
    this.valid.fill(0);
    for (const constant of [NO, MOD, YES]) this.valid[constant] = 1;
    this.invalidateExpressions();
  }

  invalidateExpressions(): void {
    this.epoch++;
  }

  /** Forgets all computed values and computes MODULES, on which every type depends. */
  restart(): void {
    this.invalidate();
    this.changed = true;
    this.compute(this.tree.modules);
  }

  /** Computes every symbol. */
  computeAll(): void {
    this.compute(this.tree.modules);
    if (this.shared && this.menuChoices) {
      computeInOrder(this);
      return;
    }
    const { order } = this.tree;
    for (let i = 0; i < order.length; i++) this.compute(order[i] as number);
  }

  /** The value of an expression; the absent one is y. */
  evaluate(expression: Expression): Tristate {
    if (expression === 0) return YES;
    const isShared = this.shared;
    if (isShared && this.expressionEpoch[expression] === this.epoch)
      return this.expressionValue[expression] as Tristate;
    const kind = this.kind[expression] as number;
    let value: number;
    if (kind === SYMBOL) {
      const symbol = this.left[expression] as number;
      if (this.valid[symbol] === 0) this.compute(symbol);
      value = this.tristates[symbol] as number;
    } else if (kind <= AND) value = this.evaluateChain(expression);
    else if (kind === NOT) value = YES - this.evaluate(this.left[expression] as number);
    else value = this.comparison(kind, this.left[expression] as number, this.right[expression] as number);
    if (isShared) {
      this.expressionEpoch[expression] = this.epoch;
      this.expressionValue[expression] = value;
    }
    return value as Tristate;
  }

  /** Long chains of || lean to the left: they are walked in a loop, so that they cost no stack. */
  private evaluateChain(expression: Expression): number {
    const { kind, left, right } = this;
    const bottom = this.spineTop;
    let e = expression;
    do {
      if (this.spineTop === this.spine.length) this.spine = copyOf(this.spine, this.spineTop * 2);
      this.spine[this.spineTop++] = e;
      e = left[e] as number;
    } while ((kind[e] as number) <= AND && !(this.shared && this.expressionEpoch[e] === this.epoch));
    let value: number = this.evaluate(e);
    while (this.spineTop > bottom) {
      e = this.spine[--this.spineTop] as number;
      const other = this.evaluate(right[e] as number);
      if (kind[e] === AND ? other < value : other > value) value = other;
      if (this.shared) {
        this.expressionEpoch[e] = this.epoch;
        this.expressionValue[e] = value;
      }
    }
    return value;
  }

  private comparison(kind: number, left: number, right: number): number {
    if (this.valid[left] === 0) this.compute(left);
    if (this.valid[right] === 0) this.compute(right);
    const { type } = this.tree.symbols;
    const leftType = type[left] as number;
    if (right <= YES && kind <= UNEQUAL && isLogical(leftType))
      return (this.tristates[left] === right) === (kind === EQUAL) ? YES : NO;
    const rightType = type[right] as number;
    const order = compareValues(
      this.spelt(left),
      leftType,
      this.spelt(right),
      rightType,
      leftType === STRING && rightType === STRING,
    );
    switch (kind) {
      case EQUAL:
        return order === 0 ? YES : NO;
      case UNEQUAL:
        return order !== 0 ? YES : NO;
      case LESS:
        return order < 0 ? YES : NO;
      case LESS_EQUAL:
        return order <= 0 ? YES : NO;
      case GREATER:
        return order > 0 ? YES : NO;
      default:
        return kind === GREATER_EQUAL && order >= 0 ? YES : NO;
    }
  }

  /** Computes visibility and the values of all three dependencies. */
  computeVisibility(symbol: SymbolId): void {
    const { symbols, properties } = this.tree;
    if (((symbols.flags[symbol] as number) & TRANSITIONAL) !== 0) {
      this.visible[symbol] = YES;
      return;
    }
    const { kind, condition, next } = properties;
    let visible = NO;
    for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = next[p] as number) {
      if ((kind[p] as number) > MENU) continue;
      let value = this.evaluate(condition[p] as number);
      if (value === MOD && !this.menuChoices) value = promptVisibility(this, symbol, value);
      this.promptVisible[p] = value;
      if (value > visible) visible = value;
    }
    if (visible === MOD && (symbols.type[symbol] !== TRISTATE || this.modulesValue === NO)) visible = YES;
    this.visible[symbol] = visible;
    if (((symbols.flags[symbol] as number) & MEMBER) !== 0) return;
    const direct = symbols.directDependency[symbol] as number;
    const reverse = symbols.reverseDependency[symbol] as number;
    const implied = symbols.implied[symbol] as number;
    this.direct[symbol] = direct === 0 ? YES : this.dependency(symbol, direct);
    this.reverse[symbol] = reverse === 0 ? NO : this.dependency(symbol, reverse);
    this.implied[symbol] = implied === 0 ? NO : this.dependency(symbol, implied);
  }

  private dependency(symbol: SymbolId, expression: Expression): Tristate {
    const value = this.evaluate(expression);
    return value === MOD && this.effectiveType(symbol) === BOOLEAN ? YES : value;
  }

  /** The first default whose condition holds; 0 when none does. */
  activeDefault(symbol: SymbolId): PropertyId {
    return this.firstActive(symbol, DEFAULT);
  }

  /** The first range whose condition holds; 0 when none does. */
  activeRange(symbol: SymbolId): PropertyId {
    return this.firstActive(symbol, RANGE_PROPERTY);
  }

  private firstActive(symbol: SymbolId, kind: number): PropertyId {
    const { symbols, properties } = this.tree;
    const { kind: kinds, next } = properties;
    for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = next[p] as number)
      if (kinds[p] === kind) {
        this.activeCondition = this.evaluate(properties.condition[p] as number);
        if (this.activeCondition !== NO) return p;
      }
    return 0;
  }

  /** The symbol a default names, -1 when its value is an expression. */
  defaultSymbol(property: PropertyId): SymbolId {
    const value = this.tree.properties.value[property] as number;
    return this.tree.expressions.kind[value] === SYMBOL ? (this.tree.expressions.left[value] as number) : -1;
  }

  /** Computes a symbol unless its value is valid. */
  compute(symbol: SymbolId): void {
    if (this.valid[symbol] === 1) return;
    const { symbols } = this.tree;
    const type = symbols.type[symbol] as number;
    if (type === UNKNOWN) {
      this.valid[symbol] = 1;
      this.texts[symbol] = symbols.name[symbol] as string;
      this.tristates[symbol] = NO;
      return;
    }
    if (++this.depth > MAX_DEPTH) this.refuseDepth(symbol);
    if (!this.menuChoices) beforeMember(this, symbol);
    const flags = symbols.flags[symbol] as number;
    const isChoice = (flags & CHOICE) !== 0;
    const isLogicalType = type <= TRISTATE;
    this.valid[symbol] = 1;
    this.written[symbol] = 0;
    this.computeVisibility(symbol);
    if (this.visible[symbol] !== NO) this.written[symbol] = 1;
    const initial = isLogicalType ? 'n' : this.initialText(type);
    // Until the value is known, a symbol that needs it in a circle sees the initial one.
    this.tristates[symbol] = NO;
    this.texts[symbol] = initial;
    let usedDefault: PropertyId = 0;
    let tristate: Tristate = NO;
    let text = initial;
    if (isLogicalType) {
      const chosen = (symbols.choice[symbol] as number) < 0 ? -1 : valueFromChoice(this, symbol);
      if (chosen >= 0) tristate = chosen as Tristate;
      else {
        tristate = this.logical(symbol, isChoice);
        usedDefault = this.usedDefault;
      }
      if (tristate === MOD && this.effectiveType(symbol) === BOOLEAN) tristate = YES;
    } else if (this.visible[symbol] !== NO && this.userSet[symbol] === 1) {
      text = this.userText[symbol] ?? '';
    } else {
      usedDefault = this.activeDefault(symbol);
      const source = usedDefault === 0 ? -1 : this.defaultSymbol(usedDefault);
      if (source >= 0) {
        this.written[symbol] = 1;
        this.compute(source);
        text = this.texts[source] as string;
      }
    }
    if (usedDefault !== 0 && this.userSet[symbol] === 0) this.inheritTransition(symbol, usedDefault, tristate, text);
    this.tristates[symbol] = tristate;
    this.texts[symbol] = text;
    if (isChoice) selectMember(this, symbol);
    if (type === INT || type === HEX) this.clamp(symbol, type);
    if (symbol === this.tree.modules) this.modulesValue = this.tristates[symbol] as Tristate;
    if (isChoice) writeMembers(this, symbol);
    if ((flags & (NO_WRITE | TRANSITIONAL)) !== 0 || (this.menuChoices && isChoice)) this.written[symbol] = 0;
    if (this.choiceState.pending[symbol] === 1) setAllMembers(this, symbol);
    this.depth--;
  }

  /** The value of a bool or tristate that no choice decides; {@link usedDefault} is the default it used. */
  private logical(symbol: SymbolId, isChoice: boolean): Tristate {
    let value: Tristate = NO;
    let usedDefault: PropertyId = 0;
    if (this.visible[symbol] !== NO && this.userSet[symbol] === 1) {
      value = Math.min(this.userTristate[symbol] as number, this.visible[symbol] as number) as Tristate;
    } else {
      if (this.reverse[symbol] !== NO) this.written[symbol] = 1;
      if (!isChoice) {
        usedDefault = this.activeDefault(symbol);
        if (usedDefault !== 0) {
          const condition = this.activeCondition;
          value = Math.min(this.evaluate(this.tree.properties.value[usedDefault] as number), condition) as Tristate;
          if (value !== NO) this.written[symbol] = 1;
        }
        if (this.implied[symbol] !== NO) {
          this.written[symbol] = 1;
          value = Math.max(value, this.implied[symbol] as number) as Tristate;
          value = Math.min(value, this.direct[symbol] as number) as Tristate;
        }
      }
    }
    if ((this.direct[symbol] as number) < (this.reverse[symbol] as number) && this.collectWarnings)
      this.warnUnmet(symbol);
    this.usedDefault = usedDefault;
    return Math.max(value, this.reverse[symbol] as number) as Tristate;
  }

  private initialText(type: number): string {
    if (!this.tree.dialect.numbersDefaultToZero) return '';
    return type === INT ? '0' : type === HEX ? '0x0' : '';
  }

  /** A value that comes from a transitional symbol the user had set counts as the user's. */
  inheritTransition(symbol: SymbolId, property: PropertyId, tristate: Tristate, text: string): void {
    const source = this.defaultSymbol(property);
    if (source < 0 || ((this.tree.symbols.flags[source] as number) & TRANSITIONAL) === 0) return;
    if (this.userSet[source] === 0) return;
    this.userSet[symbol] = 1;
    this.userTristate[symbol] = tristate;
    this.userText[symbol] = text;
    this.inherited.push(symbol);
  }

  private clamp(symbol: SymbolId, type: number): void {
    const range = this.activeRange(symbol);
    if (range === 0) return;
    const base = type === INT ? 10 : 16;
    const { value: values } = this.tree.properties;
    const { left, right } = this.tree.expressions;
    const bounds = values[range] as number;
    const value = leadingInteger(this.texts[symbol] as string, base);
    let bound = left[bounds] as number;
    if (value >= this.boundValue(bound, base)) {
      bound = right[bounds] as number;
      if (value <= this.boundValue(bound, base)) return;
    }
    this.texts[symbol] = this.texts[bound] as string;
  }

  /** The number of a bound of a range. */
  boundValue(bound: SymbolId, base: 10 | 16): Integer {
    this.compute(bound);
    const type = this.tree.symbols.type[bound];
    return leadingInteger(this.texts[bound] as string, type === INT ? 10 : type === HEX ? 16 : base);
  }

  /** Keeps a warning about a symbol that is selected against its dependencies. */
  warnUnmet(symbol: SymbolId): void {
    const { symbols, expressions } = this.tree;
    const spell = (s: SymbolId) =>
      symbols.type[s] === UNKNOWN ? symbolText(this.tree, s) : `${symbolText(this.tree, s)} [=${this.spelt(s)}]`;
    const dependency = formatExpression(expressions, symbols.directDependency[symbol] as number, spell);
    const lines = [`Depends on [${this.direct[symbol] === MOD ? 'm' : 'n'}]: ${dependency}`];
    for (const value of [YES, MOD] as const) {
      const reasons = this.reasons(symbols.reverseDependency[symbol] as number, value);
      if (reasons.length === 0) continue;
      lines.push(`Selected by [${LETTERS[value]}]:`);
      for (const reason of reasons) lines.push(`- ${formatExpression(expressions, reason, spell)}`);
    }
    const diagnostic = report('kconfig/unmet-dependency', {
      message: `unmet direct dependencies detected for ${symbols.name[symbol]}`,
      cause: lines.join('\n'),
      ...((symbols.firstNode[symbol] as number) >= 0
        ? { span: nodeSpan(this.tree, symbols.firstNode[symbol] as NodeId) }
        : {}),
    });
    this.warnings.set(`${symbol} ${diagnostic.cause}`, diagnostic);
  }

  /** The operands of a chain of `||` that have the given value, in order. */
  reasons(expression: Expression, value: Tristate): Expression[] {
    const { kind, left, right } = this.tree.expressions;
    const found: Expression[] = [];
    const pending = expression === 0 ? [] : [expression];
    for (let e = pending.pop(); e !== undefined; e = pending.pop())
      if (kind[e] === OR) pending.push(right[e] as number, left[e] as number);
      else if (this.evaluate(e) === value) found.push(e);
    return found;
  }

  private refuseDepth(symbol: SymbolId): never {
    this.depth = 0;
    this.spineTop = 0;
    throw new Refusal(
      report('kconfig/limit', {
        message: `${this.tree.symbols.name[symbol]} is the end of a chain of more than ${MAX_DEPTH} symbols that need each other`,
      }),
    );
  }
}
