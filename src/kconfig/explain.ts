/** Everything there is to say about one symbol in one configuration. */
import { groupOf } from './choice.js';
import type { Configuration } from './evaluate.js';
import { originOf, originText, selectorsOf, selectorValue } from './explain-origin.js';
import { AND, type Expression, forEachSymbol, MOD, NO, type SymbolId, YES } from './expression.js';
import { BOOLEAN, isLogical, TYPE_NAMES, UNKNOWN } from './symbol.js';
import {
  definitionsOf,
  describeProperties,
  expressionText,
  IMPLY,
  type KconfigTree,
  menuPath,
  type NodeId,
  nodeSpan,
  propertySpan,
  SELECT,
  symbolText,
} from './tree.js';

type Letter = 'n' | 'm' | 'y';

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** An expression with its value now, and the operands of its && that keep it down. */
export interface Condition {
  readonly text: string;
  readonly value: Letter;
  readonly inTheWay: readonly {
    readonly text: string;
    readonly value: Letter;
    readonly symbols: Readonly<Record<string, string>>;
  }[];
}

export interface SelectorView extends Place {
  readonly symbol: string;
  readonly condition: string;
  /** How strongly it selects or implies now. */
  readonly value: Letter;
}

export interface Explanation {
  readonly symbol: string;
  readonly type: string;
  readonly value: string;
  /** Whether `.config` has a line for it. */
  readonly written: boolean;
  readonly origin: 'user' | 'default' | 'select' | 'imply' | 'choice' | 'none';
  readonly why: string;
  /** Values a line can give it now; empty when no line can. */
  readonly assignable: readonly string[];
  readonly visibility: Letter;
  readonly prompts: readonly (Place & { readonly text: string; readonly condition: Condition })[];
  readonly definitions: readonly (Place & { readonly menus: readonly string[] })[];
  readonly dependsOn: Condition;
  readonly defaults: readonly (Place & {
    readonly value: string;
    readonly condition: Condition;
    readonly active: boolean;
  })[];
  readonly ranges: readonly (Place & { readonly range: string; readonly active: boolean })[];
  readonly selectedBy: readonly SelectorView[];
  readonly impliedBy: readonly SelectorView[];
  readonly selects: readonly SelectorView[];
  readonly implies: readonly SelectorView[];
  /** The members of the choice it belongs to, with the one that is y. */
  readonly choice?: { readonly members: readonly string[]; readonly chosen: string | null };
}

const letter = (value: number) => 'nmy'[value] as Letter;

export function explainSymbol(config: Configuration, symbol: SymbolId): Explanation {
  const { tree } = config;
  const { symbols } = tree;
  config.computeAll();
  const origin = originOf(config, symbol);
  const properties = describeProperties(tree, symbol);
  const place = (span: { file: string; line: number }): Place => ({ file: span.file, line: span.line });
  const activeDefault = config.activeDefault(symbol);
  const activeRange = config.activeRange(symbol);
  const views = (kind: typeof SELECT | typeof IMPLY) =>
    selectorsOf(tree, symbol, kind).map((selector) => ({
      ...place(propertySpan(tree, selector.property)),
      symbol: symbolText(tree, selector.symbol),
      condition: expressionText(tree, tree.properties.condition[selector.property] as number),
      value: letter(selectorValue(config, selector)),
    }));
  const own = (kind: 'select' | 'imply') =>
    properties
      .filter((property) => property.kind === kind)
      .map((property) => ({
        ...place(property.span),
        symbol: expressionText(tree, property.value),
        condition: expressionText(tree, property.condition),
        value: letter(Math.min(config.tristate(symbol), config.evaluate(property.condition))),
      }));
  const members = (symbols.choice[symbol] as number) < 0 ? undefined : groupOf(config, symbol)?.members;
  const chosen = members?.find((member) => config.tristate(member) === YES);
  return {
    symbol: symbolText(tree, symbol),
    type: TYPE_NAMES[symbols.type[symbol] as number] as string,
    value: config.value(symbol),
    written: config.written[symbol] === 1,
    origin: origin.kind,
    why: originText(tree, origin),
    assignable: assignable(config, symbol),
    visibility: letter(config.visible[symbol] as number),
    prompts: properties
      .filter((property) => property.kind === 'prompt' || property.kind === 'menu')
      .map((property) => ({
        ...place(property.span),
        text: property.text,
        condition: conditionOf(config, property.condition),
      })),
    definitions: definitionsOf(tree, symbol).map((node: NodeId) => ({
      ...place(nodeSpan(tree, node)),
      menus: menuPath(tree, node),
    })),
    dependsOn: conditionOf(config, symbols.directDependency[symbol] as number),
    defaults: properties
      .filter((property) => property.kind === 'default')
      .map((property) => ({
        ...place(property.span),
        value: expressionText(tree, property.value),
        condition: conditionOf(config, property.condition),
        active: property.id === activeDefault,
      })),
    ranges: properties
      .filter((property) => property.kind === 'range')
      .map((property) => ({
        ...place(property.span),
        range: expressionText(tree, property.value),
        active: property.id === activeRange,
      })),
    selectedBy: views(SELECT),
    impliedBy: views(IMPLY),
    selects: own('select'),
    implies: own('imply'),
    ...(members === undefined
      ? {}
      : {
          choice: {
            members: members.map((member) => symbolText(tree, member)),
            chosen: chosen === undefined ? null : symbolText(tree, chosen),
          },
        }),
  };
}

function assignable(config: Configuration, symbol: SymbolId): string[] {
  const type = config.tree.symbols.type[symbol] as number;
  const visible = config.visible[symbol] as number;
  if (type === UNKNOWN || visible === NO) return [];
  if (!isLogical(type)) return [`any ${TYPE_NAMES[type]}`];
  if ((config.tree.symbols.choice[symbol] as number) >= 0) return ['y'];
  const floor = config.reverse[symbol] as number;
  if (visible <= floor) return [];
  const isBool = config.effectiveType(symbol) === BOOLEAN;
  return [NO, MOD, YES].filter((v) => v >= floor && v <= visible && !(isBool && v === MOD)).map(letter);
}

/** The symbol's tree at one expression: its value, and what keeps it from y. */
function conditionOf(config: Configuration, expression: Expression): Condition {
  const { tree } = config;
  const value = letter(config.evaluate(expression));
  const inTheWay: Condition['inTheWay'][number][] = [];
  if (value !== 'y')
    for (const operand of operandsOf(tree, expression)) {
      const operandValue = config.evaluate(operand);
      if (operandValue === YES) continue;
      const symbols: Record<string, string> = {};
      forEachSymbol(tree.expressions, operand, (one) => {
        const type = tree.symbols.type[one];
        if (one > YES && (type !== UNKNOWN || tree.byName.get(symbolText(tree, one)) === one))
          symbols[symbolText(tree, one)] = type === UNKNOWN ? 'undefined' : config.value(one);
      });
      inTheWay.push({ text: expressionText(tree, operand), value: letter(operandValue), symbols });
    }
  return { text: expressionText(tree, expression), value, inTheWay };
}

function operandsOf(tree: KconfigTree, expression: Expression): Expression[] {
  const { kind, left, right } = tree.expressions;
  const operands: Expression[] = [];
  const pending = expression === 0 ? [] : [expression];
  for (let e = pending.pop(); e !== undefined; e = pending.pop())
    if (kind[e] === AND) pending.push(right[e] as number, left[e] as number);
    else operands.push(e);
  return operands;
}
