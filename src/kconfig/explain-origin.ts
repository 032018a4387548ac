/** What gave a symbol its value. */

import { groupOf } from './choice.js';
import type { Configuration } from './evaluate.js';
import { type Expression, forEachSymbol, MOD, NO, SYMBOL, type SymbolId, YES } from './expression.js';
import { isLogical } from './symbol.js';
import { expressionText, IMPLY, type KconfigTree, type PropertyId, propertySpan, SELECT, symbolText } from './tree.js';

export type Origin =
  | { readonly kind: 'user' }
  | { readonly kind: 'select' | 'imply'; readonly by: readonly Selector[] }
  | { readonly kind: 'default'; readonly property: PropertyId }
  /** A choice decided among its members. */
  | { readonly kind: 'choice'; readonly chosen: SymbolId }
  /** Nothing speaks for a value. */
  | { readonly kind: 'none' };

/** A symbol that selects or implies another, and the statement that does. */
export interface Selector {
  readonly symbol: SymbolId;
  readonly property: PropertyId;
}

/** Who selects or implies a symbol, whether or not it does now. */
export function selectorsOf(tree: KconfigTree, symbol: SymbolId, kind: typeof SELECT | typeof IMPLY): Selector[] {
  const { properties, nodes, expressions } = tree;
  const expression = (kind === SELECT ? tree.symbols.reverseDependency : tree.symbols.implied)[symbol] as Expression;
  if (expression === 0) return [];
  const found: Selector[] = [];
  // Only symbols that the dependency mentions can be behind it.
  const mentioned = new Set<SymbolId>();
  forEachSymbol(expressions, expression, (one) => mentioned.add(one));
  for (const one of mentioned)
    for (let p = tree.symbols.firstProperty[one] as number; p !== 0; p = properties.next[p] as number) {
      if (properties.kind[p] !== kind) continue;
      const value = properties.value[p] as number;
      if (expressions.kind[value] !== SYMBOL || expressions.left[value] !== symbol) continue;
      found.push({ symbol: nodes.symbol[properties.node[p] as number] as number, property: p });
    }
  return found;
}

/** How strongly a selector selects now. */
export function selectorValue(config: Configuration, { symbol, property }: Selector): number {
  return Math.min(config.tristate(symbol), config.evaluate(config.tree.properties.condition[property] as number));
}

export function originOf(config: Configuration, symbol: SymbolId): Origin {
  const { tree } = config;
  config.compute(symbol);
  const isLogic = isLogical(tree.symbols.type[symbol] as number);
  const value = config.tristates[symbol] as number;
  const isByUser = config.visible[symbol] !== NO && config.userSet[symbol] === 1;
  if ((tree.symbols.choice[symbol] as number) >= 0 && config.visible[symbol] !== NO) {
    const chosen = (groupOf(config, symbol)?.members ?? []).find((member) => config.tristate(member) === YES);
    if (isByUser && (chosen === symbol || chosen === undefined) && config.userTristate[symbol] === value)
      return { kind: 'user' };
    if (chosen !== undefined) return { kind: 'choice', chosen };
  }
  if (isLogic) {
    const reverse = config.reverse[symbol] as number;
    // What is selected stays so whatever the user says.
    if (reverse !== NO && reverse >= value) return { kind: 'select', by: active(config, symbol, SELECT) };
    if (isByUser) return { kind: 'user' };
    const property = config.activeDefault(symbol);
    const byDefault =
      property === 0
        ? NO
        : Math.min(
            config.evaluate(tree.properties.value[property] as number),
            config.evaluate(tree.properties.condition[property] as number),
          );
    if ((config.implied[symbol] as number) > byDefault && value !== NO)
      return { kind: 'imply', by: active(config, symbol, IMPLY) };
    return property === 0 ? { kind: 'none' } : { kind: 'default', property };
  }
  if (isByUser) return { kind: 'user' };
  const property = config.activeDefault(symbol);
  return property === 0 ? { kind: 'none' } : { kind: 'default', property };
}

function active(config: Configuration, symbol: SymbolId, kind: typeof SELECT | typeof IMPLY): Selector[] {
  return selectorsOf(config.tree, symbol, kind).filter((selector) => selectorValue(config, selector) >= MOD);
}

/** An origin in words: `selected by CMA (mm/Kconfig:893)`. */
export function originText(tree: KconfigTree, origin: Origin): string {
  const at = (property: PropertyId) => {
    const { file, line } = propertySpan(tree, property);
    return `${file}:${line}`;
  };
  switch (origin.kind) {
    case 'user':
      return 'set in the configuration';
    case 'select':
    case 'imply': {
      const verb = origin.kind === 'select' ? 'selected' : 'implied';
      const by = origin.by.slice(0, 3).map((one) => `${symbolText(tree, one.symbol)} (${at(one.property)})`);
      const more = origin.by.length > 3 ? ` and ${origin.by.length - 3} more` : '';
      return `${verb} by ${by.join(', ')}${more}`;
    }
    case 'default': {
      const value = expressionText(tree, tree.properties.value[origin.property] as number);
      return `default ${value} (${at(origin.property)})`;
    }
    case 'choice':
      return `the choice takes ${symbolText(tree, origin.chosen)}`;
    default:
      return 'nothing requests it';
  }
}
