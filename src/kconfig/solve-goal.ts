/** What a user wants of a configuration: `X=y`, `X>=m`, `X=256`, `X="text"`, `X=n`. */

import type { Diagnostic } from '../diagnostic/index.js';
import { report } from './codes.js';
import type { Configuration } from './evaluate.js';
import { MOD, NO, type SymbolId, type Tristate, YES } from './expression.js';
import { compareValues, exceedsInteger } from './number.js';
import { BOOLEAN, isLogical, isValidText, STRING, TRISTATE, TYPE_NAMES, UNKNOWN } from './symbol.js';
import type { KconfigTree } from './tree.js';

/** A goal as written, the symbol without `CONFIG_`. */
export interface GoalText {
  readonly symbol: string;
  /** `y`, `m`, `n`, a number, or the text of a string without quotes. */
  readonly value: string;
  /** `>=m`: a module is enough. */
  readonly atLeast?: boolean;
}

/** A goal on a symbol the tree has, with a value its type can take. */
export interface Goal extends GoalText {
  readonly id: SymbolId;
  /** Undefined for int, hex and string. */
  readonly tristate: Tristate | undefined;
}

const SHAPE = /^(?:CONFIG_)?([A-Za-z0-9_]+)(>?=)(.*)$/s;

/** @returns undefined when the text is not a goal; `>=` accepts only m or y */
export function parseGoal(text: string): GoalText | undefined {
  const match = SHAPE.exec(text);
  if (!match) return undefined;
  const [, symbol = '', operator, written = ''] = match;
  const quoted = /^"(.*)"$/s.exec(written);
  const value = quoted ? (quoted[1] as string).replace(/\\(.)/gs, '$1') : written;
  if (operator === '=') return value === '' && !quoted ? undefined : { symbol, value };
  if (value !== 'm' && value !== 'y') return undefined;
  return value === 'y' ? { symbol, value } : { symbol, value, atLeast: true };
}

export function goalText({ symbol, value, atLeast }: GoalText): string {
  return `${symbol}${atLeast ? '>=' : '='}${value}`;
}

/** Why a goal cannot be asked of any configuration of the tree. */
export type Impossible =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'type'; readonly id: SymbolId; readonly message: string };

/** Finds the symbol and fits the value to its type. */
export function readGoal(tree: KconfigTree, goal: GoalText): Goal | Impossible {
  const id = tree.byName.get(goal.symbol);
  const type = id === undefined ? UNKNOWN : (tree.symbols.type[id] as number);
  if (id === undefined || type === UNKNOWN) return { kind: 'unknown' };
  if (!isLogical(type)) {
    if (type === STRING || isValidText(type, goal.value)) return { ...goal, id, tristate: undefined };
    return {
      kind: 'type',
      id,
      message: `${goal.symbol} has the type ${TYPE_NAMES[type]}, and ${goal.value} is not a value of that type`,
    };
  }
  const tristate = (['n', 'm', 'y'] as const).indexOf(goal.value as 'n') as Tristate | -1;
  if (tristate < 0)
    return {
      kind: 'type',
      id,
      message: `${goal.symbol} has the type ${TYPE_NAMES[type]}, whose values are y, n${type === TRISTATE ? ' and m' : ''}`,
    };
  if (tristate !== MOD || type === TRISTATE) return { ...goal, id, tristate: tristate as Tristate };
  if (goal.atLeast) return { symbol: goal.symbol, value: 'y', id, tristate: YES };
  return {
    kind: 'type',
    id,
    message: `${goal.symbol} is bool and cannot be m: conf refuses the line, and the symbol ends as n`,
  };
}

/** Goals whose number C cannot hold. */
export function oversizedNumbers(tree: KconfigTree, goals: readonly GoalText[]): Diagnostic[] {
  return goals
    .filter(({ symbol, value }) => exceedsInteger(value, tree.symbols.type[tree.byName.get(symbol) ?? -1] ?? UNKNOWN))
    .map((goal) =>
      report('kconfig/number-too-large', {
        message: `${goalText(goal)} does not fit in 64 bits`,
        cause: 'conf keeps the line, and the compiler truncates the number',
        fix: 'write the intended number; CMA_SIZE_MBYTES counts MiB',
      }),
    );
}

/** Whether a configuration has what the goal asks for. A symbol that is not there counts as n. */
export function meetsGoal(config: Configuration, goal: Goal): boolean {
  if (goal.tristate === undefined) {
    const type = config.tree.symbols.type[goal.id] as number;
    config.compute(goal.id);
    if (config.written[goal.id] === 0) return false;
    return sameText(config.spelt(goal.id), goal.value, type);
  }
  const value = config.tristate(goal.id);
  return goal.atLeast ? value >= goal.tristate : value === goal.tristate;
}

/** Numbers are the same however they are written. */
export function sameText(a: string, b: string, type: number): boolean {
  return a === b || (type !== STRING && compareValues(a, type, b, type, false) === 0);
}

/** Requirements on the tristate value of a symbol or an expression. */
export const AT_LEAST_M = 0;
export const AT_LEAST_Y = 1;
export const AT_MOST_M = 2;
export const OFF = 3;
export type Requirement = typeof AT_LEAST_M | typeof AT_LEAST_Y | typeof AT_MOST_M | typeof OFF;

export function isMet(value: number, requirement: Requirement): boolean {
  switch (requirement) {
    case AT_LEAST_M:
      return value >= MOD;
    case AT_LEAST_Y:
      return value === YES;
    case AT_MOST_M:
      return value <= MOD;
    default:
      return value === NO;
  }
}

export function isRaise(requirement: Requirement): boolean {
  return requirement <= AT_LEAST_Y;
}

/** What the operand of `!` must be. */
export function negated(requirement: Requirement): Requirement {
  return ([AT_MOST_M, OFF, AT_LEAST_M, AT_LEAST_Y] as const)[requirement];
}

/** The requirements that together are a goal's value; none is missing for a bool. */
export function requirementsOf(goal: Goal, type: number): Requirement[] {
  switch (goal.tristate) {
    case YES:
      return [type === BOOLEAN ? AT_LEAST_M : AT_LEAST_Y];
    case MOD:
      return goal.atLeast ? [AT_LEAST_M] : [AT_LEAST_M, AT_MOST_M];
    default:
      return [OFF];
  }
}
