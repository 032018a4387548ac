/**
 * From statements to menus: dependencies flow from menus, ifs and choices into what they enclose, select and imply
 * reach their targets, entries that depend on the one above become its submenu, ifs dissolve. The order of the steps
 * is conf's, because each one sees what the former left behind.
 */

import { checkTree } from './check.js';
import { report } from './codes.js';
import type { Draft } from './draft.js';
import { EQUAL, type Expression, MOD, NO, SYMBOL, type SymbolId, UNEQUAL, YES } from './expression.js';
import { Refusal } from './macro.js';
import { type Pair, Simplifier } from './simplify.js';
import { HEX, INT, isLogical, isValidText, STRING, TRISTATE, UNKNOWN } from './symbol.js';
import {
  CONSTANT,
  DEFAULT,
  IMPLY,
  MEMBER,
  type NodeId,
  OPTIONAL,
  PROMPT,
  type PropertyId,
  RANGE_PROPERTY,
  SELECT,
} from './tree.js';

const MAX_DEPTH = 500;

export function finalize(draft: Draft): void {
  const finalizer = new Finalizer(draft);
  finalizer.run();
  checkTree(draft);
}

class Finalizer {
  private readonly draft: Draft;
  private readonly simplifier: Simplifier;
  private readonly checked: Uint8Array;
  private readonly modules: SymbolId;
  private readonly oldChoices: boolean;
  private depth = 0;

  constructor(draft: Draft) {
    this.draft = draft;
    this.checked = new Uint8Array(draft.symbolCount);
    this.modules = draft.modules < 0 ? NO : draft.modules;
    this.oldChoices = draft.dialect.choices === 'symbol';
    const { type, flags } = draft.symbols;
    this.simplifier = new Simplifier(
      draft.expressions,
      {
        type: (symbol) => type[symbol] as number,
        isConstant: (symbol) => ((flags[symbol] as number) & CONSTANT) !== 0,
        comparedWithM: (symbol, becomes) =>
          draft.diagnostics.push(
            report('kconfig/parse-note', {
              message: `boolean symbol ${draft.spelling(symbol)} tested for 'm'? test forced to '${becomes}'`,
            }),
          ),
      },
      draft.dialect,
    );
  }

  run(): void {
    this.finalize(0, false);
    if (this.oldChoices) return;
    const { symbols } = this.draft;
    for (let symbol = 3; symbol < this.draft.symbolCount; symbol++)
      symbols.choice[symbol] = this.enclosingChoice(symbol);
  }

  private finalize(parent: NodeId, insideChoice: boolean): void {
    if (++this.depth > MAX_DEPTH)
      throw new Refusal(
        report('kconfig/limit', {
          message: `menus nest more than ${MAX_DEPTH} deep`,
          span: this.draft.nodeSpan(parent),
        }),
      );
    const { nodes, symbols, expressions } = this.draft;
    const symbol = nodes.symbol[parent] as number;
    const isChoice = this.draft.isChoice(symbol);
    if ((nodes.firstChild[parent] as number) >= 0) {
      if (isChoice && this.oldChoices) this.spreadType(parent, symbol);
      const inherited = isChoice && this.oldChoices ? expressions.symbol(symbol) : (nodes.dependency[parent] as number);
      for (let node = nodes.firstChild[parent] as number; node >= 0; node = nodes.next[node] as number)
        this.inherit(node, inherited);
      for (let node = nodes.firstChild[parent] as number; node >= 0; node = nodes.next[node] as number)
        this.finalize(node, isChoice);
    } else if (symbol >= 0 && (this.oldChoices || !insideChoice)) {
      this.makeSubmenu(parent, symbol);
      symbols.directDependency[symbol] = expressions.or(
        symbols.directDependency[symbol] as number,
        nodes.dependency[parent] as number,
      );
    }
    for (let node = nodes.firstChild[parent] as number; node >= 0; node = nodes.next[node] as number) {
      if (isChoice && this.oldChoices) this.addMember(symbol, node);
      this.dissolve(node, parent);
    }
    if (symbol >= 0 && this.checked[symbol] === 0) {
      this.checked[symbol] = 1;
      if (symbols.type[symbol] === UNKNOWN) this.draft.warnNode(parent, 'config symbol defined without type');
      if (isChoice && this.oldChoices && nodes.prompt[parent] === 0)
        this.draft.warnNode(parent, 'choice must have a prompt');
      this.checkProperties(symbol);
    }
    const prompt = nodes.prompt[parent] as number;
    if (this.oldChoices && symbol >= 0 && ((symbols.flags[symbol] as number) & OPTIONAL) === 0 && prompt !== 0) {
      // A visible choice that is not optional cannot be n: as if `y if visible` selected it to m at least.
      const floor = expressions.and(this.draft.properties.condition[prompt] as number, expressions.symbol(MOD));
      symbols.reverseDependency[symbol] = expressions.or(symbols.reverseDependency[symbol] as number, floor);
    }
    this.depth--;
  }

  /** A choice without a type takes its first typed member's; members without one take the choice's. */
  private spreadType(choiceNode: NodeId, choice: SymbolId): void {
    const { nodes, symbols } = this.draft;
    const first = nodes.firstChild[choiceNode] as number;
    const typeOf = (node: NodeId) => {
      const symbol = nodes.symbol[node] as number;
      return symbol < 0 ? UNKNOWN : (symbols.type[symbol] as number);
    };
    if (symbols.type[choice] === UNKNOWN)
      for (let node = first; node >= 0; node = nodes.next[node] as number)
        if (typeOf(node) !== UNKNOWN) {
          this.draft.setType(choiceNode, typeOf(node));
          break;
        }
    for (let node = first; node >= 0; node = nodes.next[node] as number)
      if ((nodes.symbol[node] as number) >= 0 && typeOf(node) === UNKNOWN)
        this.draft.setType(node, symbols.type[choice] as number);
  }

  /** Hands the parent's dependency to a node and the node's to its properties. */
  private inherit(node: NodeId, inherited: Expression): void {
    const { nodes, symbols, properties, expressions } = this.draft;
    const dependency = this.combined(inherited, nodes.dependency[node] as number);
    nodes.dependency[node] = dependency;
    const symbol = nodes.symbol[node] as number;
    let property = symbol >= 0 ? (symbols.firstProperty[symbol] as number) : (nodes.prompt[node] as number);
    for (; property !== 0; property = symbol >= 0 ? (properties.next[property] as number) : 0) {
      if (properties.node[property] !== node) continue;
      const condition = this.combined(dependency, properties.condition[property] as number);
      properties.condition[property] = condition;
      const kind = properties.kind[property] as number;
      if (kind !== SELECT && kind !== IMPLY) continue;
      const target = expressions.left[properties.value[property] as number] as number;
      const reason = expressions.and(expressions.symbol(symbol), condition);
      const reasons = kind === SELECT ? symbols.reverseDependency : symbols.implied;
      reasons[target] = expressions.or(reasons[target] as number, reason);
    }
  }

  private combined(inherited: Expression, own: Expression): Expression {
    const simplifier = this.simplifier;
    if (own === 0) return simplifier.removeDuplicates(inherited);
    const transformed = simplifier.transform(simplifier.rewriteM(own, this.modules));
    return simplifier.removeDuplicates(this.draft.expressions.and(inherited, transformed));
  }

  /** The entries right behind a symbol that depend on it become its children. */
  private makeSubmenu(parent: NodeId, symbol: SymbolId): void {
    const { nodes, properties } = this.draft;
    const simplifier = this.simplifier;
    const prompt = nodes.prompt[parent] as number;
    let base = -1;
    let last = -1;
    for (let node = nodes.next[parent] as number; node >= 0; node = nodes.next[node] as number) {
      const own = nodes.prompt[node] as number;
      const dependency = (own !== 0 ? properties.condition[own] : nodes.dependency[node]) as number;
      if (!simplifier.mentions(dependency, symbol)) break;
      if (!simplifier.requires(dependency, symbol)) {
        if (this.draft.dialect.negationEndsSubmenu && simplifier.mentionsNegated(dependency, symbol)) break;
        if (base < 0) base = this.explicit(prompt !== 0 ? (properties.condition[prompt] as number) : 0);
        // A dependency also counts when it implies all the symbol's own, as '(sym || Q) && R' where sym needs R.
        const pair: Pair = { a: this.explicit(dependency), b: base };
        simplifier.eliminateCommon(pair);
        if (!this.draft.expressions.isYes(pair.b)) break;
      }
      this.finalize(node, false);
      nodes.parent[node] = parent;
      last = node;
    }
    if (last < 0) return;
    nodes.firstChild[parent] = nodes.next[parent] as number;
    nodes.next[parent] = nodes.next[last] as number;
    nodes.next[last] = -1;
  }

  private explicit(e: Expression): Expression {
    const simplifier = this.simplifier;
    return simplifier.removeDuplicates(simplifier.transform(simplifier.compareWith(e, UNEQUAL, NO)));
  }

  /** Old rules: an entry below a choice becomes its member. */
  private addMember(choice: SymbolId, node: NodeId): void {
    const draft = this.draft;
    const { nodes, symbols, properties, expressions } = draft;
    const symbol = nodes.symbol[node] as number;
    if (symbol < 0 || ((symbols.flags[symbol] as number) & MEMBER) !== 0) return;
    symbols.flags[symbol] = (symbols.flags[symbol] as number) | MEMBER;
    if (nodes.prompt[node] === 0) draft.warnNode(node, 'choice value must have a prompt');
    for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number) {
      const elsewhere = properties.node[p] as number;
      if (properties.kind[p] === DEFAULT) draft.warnProperty(p, 'defaults for choice values not supported');
      if (elsewhere === node || properties.kind[p] !== PROMPT) continue;
      if (nodes.symbol[nodes.parent[elsewhere] as number] !== choice)
        draft.warnProperty(p, 'choice value used outside its choice group');
    }
    if (symbols.type[choice] === TRISTATE && symbols.type[symbol] !== TRISTATE) {
      const chosen = expressions.compare(EQUAL, choice, YES);
      nodes.dependency[node] = expressions.and(chosen, nodes.dependency[node] as number);
      for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number)
        if (properties.node[p] === node)
          properties.condition[p] = expressions.and(chosen, properties.condition[p] as number);
    }
    symbols.choice[symbol] = choice;
    draft.choices.get(choice)?.members.push(symbol);
  }

  /** Children of an entry without a prompt move up behind it. */
  private dissolve(node: NodeId, parent: NodeId): void {
    const { nodes } = this.draft;
    const first = nodes.firstChild[node] as number;
    if (first < 0 || nodes.prompt[node] !== 0) return;
    let last = first;
    for (;;) {
      nodes.parent[last] = parent;
      const next = nodes.next[last] as number;
      if (next < 0) break;
      last = next;
    }
    nodes.next[last] = nodes.next[node] as number;
    nodes.next[node] = first;
    nodes.firstChild[node] = -1;
  }

  /** New rules: the choice around the first definition with a prompt; -1 when there is none. */
  private enclosingChoice(symbol: SymbolId): SymbolId {
    const { nodes, symbols } = this.draft;
    let node = symbols.firstNode[symbol] as number;
    while (node >= 0 && nodes.prompt[node] === 0) node = nodes.nextOfSymbol[node] as number;
    if (node < 0) return -1;
    do node = nodes.parent[node] as number;
    while (node >= 0 && (nodes.symbol[node] as number) < 0);
    const around = node < 0 ? -1 : (nodes.symbol[node] as number);
    return this.draft.isChoice(around) ? around : -1;
  }

  private checkProperties(symbol: SymbolId): void {
    const { symbols, properties, expressions } = this.draft;
    for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number) {
      const value = properties.value[p] as number;
      switch (properties.kind[p]) {
        case DEFAULT:
          this.checkDefault(symbol, p, value);
          break;
        case SELECT:
        case IMPLY:
          this.checkTarget(symbol, p, expressions.left[value] as number);
          break;
        case RANGE_PROPERTY: {
          const type = symbols.type[symbol];
          if (type !== INT && type !== HEX) this.draft.warnProperty(p, 'range is only allowed for int or hex symbols');
          if (
            !this.isNumber(symbol, expressions.left[value] as number) ||
            !this.isNumber(symbol, expressions.right[value] as number)
          )
            this.draft.warnProperty(p, 'range is invalid');
        }
      }
    }
  }

  private checkDefault(symbol: SymbolId, property: PropertyId, value: Expression): void {
    const draft = this.draft;
    const type = draft.symbols.type[symbol] as number;
    const isSymbol = draft.expressions.kind[value] === SYMBOL;
    if ((type === STRING || type === INT || type === HEX) && !isSymbol)
      draft.warnProperty(property, `default for config symbol '${draft.spelling(symbol)}' must be a single symbol`);
    if (!isSymbol) return;
    const target = draft.expressions.left[value] as number;
    if ((type === HEX || type === INT) && !this.isNumber(symbol, target))
      draft.warnProperty(property, `'${draft.spelling(symbol)}': number is invalid`);
    if (!draft.isChoice(symbol)) return;
    const around = this.oldChoices ? (draft.symbols.choice[target] as number) : this.enclosingChoice(target);
    if (around !== symbol)
      draft.warnProperty(property, `choice default symbol '${draft.spelling(target)}' is not contained in the choice`);
  }

  private checkTarget(symbol: SymbolId, property: PropertyId, target: SymbolId): void {
    const { symbols, properties } = this.draft;
    const use = properties.kind[property] === SELECT ? 'select' : 'imply';
    const targetType = symbols.type[target] as number;
    if (!isLogical(symbols.type[symbol] as number))
      this.draft.warnProperty(
        property,
        `config symbol '${this.draft.spelling(symbol)}' uses ${use}, but is not bool or tristate`,
      );
    else if (targetType !== UNKNOWN && !isLogical(targetType))
      this.draft.warnProperty(
        property,
        `'${this.draft.spelling(target)}' has wrong type. '${use}' only accept arguments of bool and tristate type`,
      );
  }

  /** Whether `value` can be a number for `symbol`: a numeric symbol or a text of the symbol's own type. */
  private isNumber(symbol: SymbolId, value: SymbolId): boolean {
    const { type } = this.draft.symbols;
    const valueType = type[value] as number;
    if (valueType === INT || valueType === HEX) return true;
    return valueType === UNKNOWN && isValidText(type[symbol] as number, this.draft.spelling(value));
  }
}
