/**
 * The ways to a value: a prompt that takes a line, a default, a symbol that selects or implies. Each way has separate
 * needs, so that the ways of all symbols form the and-or graph that the search walks and the explanation prints.
 */
import { groupOf } from './choice.js';
import {
  AND,
  EQUAL,
  type Expression,
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
  UNEQUAL,
  YES,
} from './expression.js';
import { compareValues, leadingInteger } from './number.js';
import {
  AT_LEAST_M,
  AT_LEAST_Y,
  AT_MOST_M,
  type Goal,
  isMet,
  isRaise,
  negated,
  OFF,
  type Requirement,
  sameText,
} from './solve-goal.js';
import type { Trial } from './solve-trial.js';
import { INT, isLogical, STRING, TRISTATE, UNKNOWN } from './symbol.js';
import { CHOICE, DEFAULT, type KconfigTree, MENU, type PropertyId } from './tree.js';

export type Need =
  | { readonly kind: 'symbol'; readonly symbol: SymbolId; readonly requirement: Requirement }
  | { readonly kind: 'expression'; readonly expression: Expression; readonly requirement: Requirement }
  /** Two expressions joined by &&, which the tree does not hold as one. */
  | { readonly kind: 'both'; readonly a: Expression; readonly b: Expression; readonly requirement: Requirement }
  /** A value that is not a tristate. */
  | {
      readonly kind: 'text';
      readonly symbol: SymbolId;
      readonly wish: string | undefined;
      readonly accepts: (text: string) => boolean;
    };

export interface Way {
  readonly kind: 'prompt' | 'default' | 'select' | 'imply' | 'sibling' | 'dependency';
  /** The line that goes this way, when it takes one. */
  readonly line?: { readonly symbol: SymbolId; readonly value: string };
  readonly needs: readonly Need[];
  /** The prompt or default. */
  readonly property?: PropertyId;
  /** The symbol has a prompt, but this way avoids it: used only if there is no other way. */
  readonly isDetour?: boolean;
  /** Why the way is closed before anything is tried. */
  readonly refused?: { readonly by: 'goal' | 'base'; readonly symbol: SymbolId };
}

export class Problem {
  readonly tree: KconfigTree;
  readonly trial: Trial;
  readonly allowChange: boolean;
  readonly goals: ReadonlyMap<SymbolId, Goal>;
  readonly #ways = new Map<number, readonly Way[]>();
  /** Values of the base, before anything is asked. */
  readonly baseTristate: Uint8Array;
  readonly baseText: readonly string[];
  readonly baseWritten: Uint8Array;
  readonly baseVisible: Uint8Array;

  constructor(trial: Trial, goals: readonly Goal[], allowChange: boolean) {
    this.trial = trial;
    this.tree = trial.config.tree;
    this.goals = new Map(goals.map((goal) => [goal.id, goal]));
    this.allowChange = allowChange;
    this.baseTristate = trial.base.tristate;
    this.baseText = trial.base.text;
    this.baseWritten = trial.base.written;
    this.baseVisible = trial.base.visible;
  }

  /** Whether a value takes away what the base decided: on to off, built in to module, a number to another. */
  breaksBase(symbol: SymbolId, value: string): boolean {
    if (this.allowChange || this.goals.has(symbol) || this.#isSiblingOfGoal(symbol)) return false;
    const type = this.tree.symbols.type[symbol] as number;
    const isLess = isLogical(type)
      ? 'nmy'.indexOf(value) < (this.baseTristate[symbol] as number)
      : this.baseWritten[symbol] === 1 && !sameText(value, this.baseText[symbol] as string, type);
    return isLess && this.trial.isDecision(symbol);
  }

  #isSiblingOfGoal(symbol: SymbolId): boolean {
    return this.siblings(symbol).some((sibling) => this.goals.get(sibling)?.tristate === YES);
  }

  /** The other members of the symbol's choice. */
  siblings(symbol: SymbolId): SymbolId[] {
    if ((this.tree.symbols.choice[symbol] as number) < 0) return [];
    return (groupOf(this.trial.config, symbol)?.members ?? []).filter((member) => member !== symbol);
  }

  /** Whether the base meets a requirement and no goal takes that away. */
  isMetInBase(symbol: SymbolId, requirement: Requirement): boolean {
    return (
      isMet(this.baseTristate[symbol] as number, requirement) && this.#contradiction(symbol, requirement) === undefined
    );
  }

  /** The goal that rules a requirement out: on the symbol, or on another member of its choice. */
  #contradiction(symbol: SymbolId, requirement: Requirement): SymbolId | undefined {
    const goal = this.goals.get(symbol);
    if (goal?.tristate !== undefined) {
      const values = goal.atLeast ? [MOD, YES] : [goal.tristate];
      return values.some((value) => isMet(value, requirement)) ? undefined : symbol;
    }
    if (!isRaise(requirement)) return undefined;
    return this.siblings(symbol).find((sibling) => this.goals.get(sibling)?.tristate === YES);
  }

  /** The ways to a requirement, those that goals or the base close included. */
  ways(symbol: SymbolId, requirement: Requirement): readonly Way[] {
    const key = symbol * 4 + requirement;
    let ways = this.#ways.get(key);
    if (ways === undefined) {
      const contradiction = this.#contradiction(symbol, requirement);
      if (contradiction !== undefined)
        ways = [{ kind: 'prompt', needs: [], refused: { by: 'goal', symbol: contradiction } }];
      else ways = isRaise(requirement) ? [...this.#raise(symbol, requirement)] : [...this.#lower(symbol, requirement)];
      this.#ways.set(key, ways);
    }
    return ways;
  }

  *#raise(symbol: SymbolId, requirement: Requirement): Generator<Way> {
    const { symbols, properties } = this.tree;
    const type = symbols.type[symbol] as number;
    if (!isLogical(type)) return;
    // A bool rounds m up.
    const need = type === TRISTATE ? requirement : AT_LEAST_M;
    const isChoice = ((symbols.flags[symbol] as number) & CHOICE) !== 0;
    const prompts = this.prompts(symbol);
    const line = { symbol, value: this.lineValue(symbol, requirement) };
    for (const property of prompts) {
      const needs: Need[] = [
        { kind: 'expression', expression: properties.condition[property] as number, requirement: need },
      ];
      if (isChoice) yield { kind: 'prompt', property, needs };
      else yield { kind: 'prompt', property, line, needs, ...this.#refusal(symbol, line.value, requirement) };
    }
    if (isChoice) return;
    const decidedByUser = prompts.length > 0 && this.trial.isSetByBase(symbol);
    if (!decidedByUser && (symbols.choice[symbol] as number) < 0)
      for (const property of this.defaults(symbol))
        yield {
          kind: 'default',
          property,
          needs: [
            {
              kind: 'both',
              a: properties.value[property] as number,
              b: properties.condition[property] as number,
              requirement: need,
            },
          ],
        };
    const isDetour = prompts.length > 0;
    const reverse = symbols.reverseDependency[symbol] as number;
    if (reverse !== 0)
      yield { kind: 'select', isDetour, needs: [{ kind: 'expression', expression: reverse, requirement: need }] };
    const implied = symbols.implied[symbol] as number;
    if (implied !== 0 && !decidedByUser)
      yield {
        kind: 'imply',
        isDetour,
        needs: [implied, symbols.directDependency[symbol] as number].map((expression) => ({
          kind: 'expression',
          expression,
          requirement: need,
        })),
      };
  }

  *#lower(symbol: SymbolId, requirement: Requirement): Generator<Way> {
    const { symbols, properties } = this.tree;
    const type = symbols.type[symbol] as number;
    if (!isLogical(type)) return;
    const need = type === TRISTATE ? requirement : OFF;
    const expressionNeed = (expression: Expression): Need => ({ kind: 'expression', expression, requirement: need });
    const prompts = this.prompts(symbol);
    const reverse = symbols.reverseDependency[symbol] as number;
    const unselected = reverse === 0 ? [] : [expressionNeed(reverse)];
    const isChoice = ((symbols.flags[symbol] as number) & CHOICE) !== 0;
    const siblings = this.siblings(symbol);
    // A value the base gives counts while its prompt is visible; without one the default decides anyway.
    const isHideable = isChoice || siblings.length > 0 || this.trial.isSetByBase(symbol);
    const hidden = (isHideable ? prompts : []).map((property) =>
      expressionNeed(properties.condition[property] as number),
    );
    if (isChoice) {
      yield { kind: 'dependency', needs: hidden };
      return;
    }
    const value = this.lineValue(symbol, requirement);
    const refused = this.#refusal(symbol, value, requirement);
    for (const sibling of siblings)
      yield { kind: 'sibling', needs: [{ kind: 'symbol', symbol: sibling, requirement: AT_LEAST_Y }], ...refused };
    if (prompts.length > 0 && siblings.length === 0)
      yield { kind: 'prompt', property: prompts[0] as number, line: { symbol, value }, needs: unselected, ...refused };
    const implied = symbols.implied[symbol] as number;
    yield {
      kind: 'dependency',
      needs: [
        ...unselected,
        ...hidden,
        ...(implied === 0 ? [] : [expressionNeed(implied)]),
        ...this.defaults(symbol).map(
          (property): Need => ({
            kind: 'both',
            a: properties.value[property] as number,
            b: properties.condition[property] as number,
            requirement: need,
          }),
        ),
      ],
      ...refused,
    };
  }

  /** Closes a way that takes away what the base decided. */
  #refusal(symbol: SymbolId, value: string, requirement: Requirement): Pick<Way, 'refused'> {
    const siblings = isRaise(requirement) ? this.siblings(symbol) : [];
    const broken = siblings.find((one) => this.breaksBase(one, 'n'));
    if (broken !== undefined) return { refused: { by: 'base', symbol: broken } };
    return this.breaksBase(symbol, value) ? { refused: { by: 'base', symbol } } : {};
  }

  /** What a line for the requirement says. */
  lineValue(symbol: SymbolId, requirement: Requirement): string {
    const goal = this.goals.get(symbol);
    const isTristate =
      this.tree.symbols.type[symbol] === TRISTATE &&
      this.baseTristate[this.tree.modules] !== NO &&
      (this.tree.symbols.choice[symbol] as number) < 0;
    if (goal?.tristate !== undefined)
      return goal.tristate === MOD && goal.atLeast && !isTristate ? 'y' : ('nmy'[goal.tristate] as string);
    switch (requirement) {
      case AT_LEAST_M:
        return isTristate ? 'm' : 'y';
      case AT_LEAST_Y:
        return 'y';
      case AT_MOST_M:
        return isTristate ? 'm' : 'n';
      default:
        return 'n';
    }
  }

  /** The ways to a value that is not a tristate. */
  *textWays(need: Need & { kind: 'text' }): Generator<Way> {
    const { symbol, wish, accepts } = need;
    const { properties, symbols } = this.tree;
    if (isLogical(symbols.type[symbol] as number)) return;
    const refused =
      wish !== undefined && this.breaksBase(symbol, wish) ? { refused: { by: 'base' as const, symbol } } : {};
    for (const property of wish === undefined ? [] : this.prompts(symbol))
      yield {
        kind: 'prompt',
        property,
        line: { symbol, value: wish as string },
        needs: [{ kind: 'expression', expression: properties.condition[property] as number, requirement: AT_LEAST_M }],
        ...refused,
      };
    if (this.prompts(symbol).length > 0 && this.trial.isSetByBase(symbol)) return;
    for (const property of this.defaults(symbol)) {
      const source = this.trial.config.defaultSymbol(property);
      if (source < 0 || symbols.type[source] !== UNKNOWN || !accepts(symbols.name[source] as string)) continue;
      const expression = properties.condition[property] as number;
      yield { kind: 'default', property, needs: [{ kind: 'expression', expression, requirement: AT_LEAST_M }] };
    }
  }

  prompts(symbol: SymbolId): PropertyId[] {
    return this.#properties(symbol, (kind) => kind <= MENU);
  }

  defaults(symbol: SymbolId): PropertyId[] {
    return this.#properties(symbol, (kind) => kind === DEFAULT);
  }

  #properties(symbol: SymbolId, wanted: (kind: number) => boolean): PropertyId[] {
    const { properties, symbols } = this.tree;
    const found: PropertyId[] = [];
    for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number)
      if (wanted(properties.kind[p] as number)) found.push(p);
    return found;
  }

  /** A need as needs one level down that must all hold (`all`) or of which one suffices (`any`); a symbol stays. */
  unfold(need: Need): { readonly join: 'all' | 'any'; readonly parts: readonly Need[] } | undefined {
    if (need.kind === 'symbol' || need.kind === 'text') return undefined;
    const { requirement } = need;
    const whole = isRaise(requirement) ? 'all' : 'any';
    const part = (expression: Expression): Need => ({ kind: 'expression', expression, requirement });
    if (need.kind === 'both') return { join: whole, parts: [part(need.a), part(need.b)] };
    const { expression } = need;
    // The absent expression is y.
    if (expression === 0) return { join: isRaise(requirement) ? 'all' : 'any', parts: [] };
    const { kind, left, right } = this.tree.expressions;
    const l = left[expression] as number;
    const r = right[expression] as number;
    switch (kind[expression]) {
      case SYMBOL:
        return { join: 'all', parts: [{ kind: 'symbol', symbol: l, requirement }] };
      case NOT:
        return { join: 'all', parts: [{ kind: 'expression', expression: l, requirement: negated(requirement) }] };
      case AND:
      case OR: {
        const same = kind[expression] as number;
        return {
          join: (same === AND) === isRaise(requirement) ? 'all' : 'any',
          parts: this.#chain(expression, same).map(part),
        };
      }
      default:
        return { join: 'any', parts: this.#comparison(kind[expression] as number, l, r, isRaise(requirement)) };
    }
  }

  /** The operands of a chain of one operator. */
  #chain(expression: Expression, operator: number): Expression[] {
    const { kind, left, right } = this.tree.expressions;
    const operands: Expression[] = [];
    const pending = [expression];
    for (let e = pending.pop(); e !== undefined; e = pending.pop())
      if (e !== 0 && kind[e] === operator) pending.push(right[e] as number, left[e] as number);
      else operands.push(e);
    return operands;
  }

  /** Needs of which one makes a comparison come out as wanted. */
  #comparison(kind: number, left: SymbolId, right: SymbolId, wanted: boolean): Need[] {
    const { type, name } = this.tree.symbols;
    const isTristate = (symbol: SymbolId) => symbol <= YES || isLogical(type[symbol] as number);
    const need = (symbol: SymbolId, requirement: Requirement): Need => ({ kind: 'symbol', symbol, requirement });
    if (isTristate(left) && right <= YES && (kind === EQUAL || kind === UNEQUAL)) {
      const isEqual = (kind === EQUAL) === wanted;
      if (right === NO) return [need(left, isEqual ? OFF : AT_LEAST_M)];
      if (right === YES) return [need(left, isEqual ? AT_LEAST_Y : AT_MOST_M)];
      return isEqual
        ? [{ kind: 'symbol', symbol: left, requirement: AT_LEAST_M }]
        : [need(left, OFF), need(left, AT_LEAST_Y)];
    }
    if (isTristate(left) && isTristate(right)) {
      const least = wanted === (kind === EQUAL || kind === GREATER_EQUAL || kind === GREATER);
      if (kind === EQUAL || kind === UNEQUAL)
        return least ? [need(left, AT_LEAST_Y), need(right, AT_LEAST_Y)] : [need(left, OFF)];
      return least ? [need(left, AT_LEAST_Y), need(right, OFF)] : [need(left, OFF), need(right, AT_LEAST_Y)];
    }
    const holds = (a: string, b: string) => this.#compares(kind, a, left, b, right) === wanted;
    const textOf = (symbol: SymbolId) =>
      type[symbol] === UNKNOWN ? (name[symbol] as string) : (this.baseText[symbol] as string);
    const found: Need[] = [];
    for (const [symbol, other, isLeft] of [
      [left, right, true],
      [right, left, false],
    ] as const) {
      if (type[symbol] === UNKNOWN || isLogical(type[symbol] as number)) continue;
      const fixed = textOf(other);
      const accepts = (text: string) => (isLeft ? holds(text, fixed) : holds(fixed, text));
      const number = Number(leadingInteger(fixed, type[symbol] === INT ? 10 : 16));
      const spell = (n: number) => (type[symbol] === INT ? String(n) : `0x${n.toString(16)}`);
      const wish = (type[symbol] === STRING ? [fixed] : [fixed, spell(number + 1), spell(number - 1)]).find(accepts);
      // Without a wish a default can still bring it.
      found.push({ kind: 'text', symbol, wish, accepts });
    }
    return found;
  }

  #compares(kind: number, a: string, left: SymbolId, b: string, right: SymbolId): boolean {
    const { type } = this.tree.symbols;
    const leftType = type[left] as number;
    const rightType = type[right] as number;
    const order = compareValues(a, leftType, b, rightType, leftType === STRING && rightType === STRING);
    switch (kind) {
      case EQUAL:
        return order === 0;
      case UNEQUAL:
        return order !== 0;
      case LESS:
        return order < 0;
      case LESS_EQUAL:
        return order <= 0;
      case GREATER:
        return order > 0;
      default:
        return order >= 0;
    }
  }
}
