/**
 * All values in one pass, each after what it needs. {@link Evaluation.compute} comes to the same values by asking
 * for what is missing; for the symbols of a whole tree that takes several times as long. Symbols with
 * other rules (choices, texts and numbers, symbols without a declaration) are left to it.
 */
import type { Evaluation } from './evaluation.js';
import { AND, MOD, NO, NOT, OR, SYMBOL, type Tristate, YES } from './expression.js';
import { TRISTATE, UNKNOWN } from './symbol.js';
import { CHOICE, DEFAULT, MEMBER, MENU, NO_WRITE, TRANSITIONAL } from './tree.js';

/** Computes every symbol. Only for dialects with shared expressions and choices that are menus. */
export function computeInOrder(config: Evaluation): void {
  const { tree, valid, written, tristates, texts, visible, promptVisible, userSet, userTristate } = config;
  const { expressionEpoch, expressionValue, epoch, collectWarnings } = config;
  const { steps, modules } = tree;
  const { kind, left, right } = tree.expressions;
  const { type: types, flags, choice, firstProperty, directDependency, reverseDependency, implied } = tree.symbols;
  const { kind: propertyKind, condition, value: values, next } = tree.properties;
  // What is absent reads as y, but as n where reasons are meant.
  expressionValue[0] = YES;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] as number;
    if (step < 0) {
      const e = ~step;
      const operation = kind[e] as number;
      const a = left[e] as number;
      let value: number;
      if (operation === SYMBOL && valid[a] === 1) value = tristates[a] as number;
      else if (operation <= AND) {
        value = expressionValue[a] as number;
        const other = expressionValue[right[e] as number] as number;
        if (operation === OR ? other > value : other < value) value = other;
      } else if (operation === NOT) value = YES - (expressionValue[a] as number);
      else value = config.evaluate(e);
      expressionEpoch[e] = epoch;
      expressionValue[e] = value;
      continue;
    }
    const symbol = step;
    if (valid[symbol] === 1) continue;
    const type = types[symbol] as number;
    const flag = flags[symbol] as number;
    if (
      type > TRISTATE ||
      type === UNKNOWN ||
      (flag & (CHOICE | MEMBER | TRANSITIONAL)) !== 0 ||
      (choice[symbol] as number) >= 0 ||
      symbol === modules
    ) {
      config.compute(symbol);
      continue;
    }
    valid[symbol] = 1;
    const isBool = type !== TRISTATE || config.modulesValue === NO;
    let shown: number = NO;
    let used = 0;
    let usedCondition: number = NO;
    for (let p = firstProperty[symbol] as number; p !== 0; p = next[p] as number) {
      const property = propertyKind[p] as number;
      if (property <= MENU) {
        const value = expressionValue[condition[p] as number] as number;
        promptVisible[p] = value;
        if (value > shown) shown = value;
      } else if (property === DEFAULT && used === 0) {
        usedCondition = expressionValue[condition[p] as number] as number;
        if (usedCondition !== NO) used = p;
      }
    }
    if (shown === MOD && isBool) shown = YES;
    visible[symbol] = shown;
    let direct = expressionValue[directDependency[symbol] as number] as number;
    const selects = reverseDependency[symbol] as number;
    let reverse: number = selects === 0 ? NO : (expressionValue[selects] as number);
    const implies = implied[symbol] as number;
    let wished: number = implies === 0 ? NO : (expressionValue[implies] as number);
    if (isBool) {
      if (direct === MOD) direct = YES;
      if (reverse === MOD) reverse = YES;
      if (wished === MOD) wished = YES;
    }
    config.direct[symbol] = direct;
    config.reverse[symbol] = reverse;
    config.implied[symbol] = wished;
    let value: number = NO;
    let writes = shown !== NO;
    if (shown !== NO && userSet[symbol] === 1) {
      value = userTristate[symbol] as number;
      if (value > shown) value = shown;
      used = 0;
    } else {
      if (reverse !== NO) writes = true;
      if (used !== 0) {
        value = expressionValue[values[used] as number] as number;
        if (value > usedCondition) value = usedCondition;
        if (value !== NO) writes = true;
      }
      if (wished !== NO) {
        writes = true;
        if (wished > value) value = wished;
        if (value > direct) value = direct;
      }
    }
    texts[symbol] = 'n';
    if (direct < reverse && collectWarnings) {
      tristates[symbol] = NO;
      config.warnUnmet(symbol);
    }
    if (reverse > value) value = reverse;
    if (value === MOD && isBool) value = YES;
    if (used !== 0 && userSet[symbol] === 0) config.inheritTransition(symbol, used, value as Tristate, 'n');
    tristates[symbol] = value;
    written[symbol] = writes && (flag & NO_WRITE) === 0 ? 1 : 0;
  }
}
