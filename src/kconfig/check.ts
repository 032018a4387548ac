/** What conf checks on a finalised tree: circular dependencies, choices, transitional symbols. */
import type { Span } from '../diagnostic/index.js';
import { report } from './codes.js';
import type { Draft } from './draft.js';
import { AND, type Expression, NOT, OR, SYMBOL, type SymbolId, YES } from './expression.js';
import { Refusal } from './macro.js';
import { CHOICE, DEFAULT, IMPLY, type NodeId, PROMPT, SELECT, TRANSITIONAL } from './tree.js';

export function checkTree(draft: Draft): void {
  checkCircles(draft);
  if (draft.dialect.choices === 'menu') checkMembers(draft);
  checkTransitional(draft);
}

/** Members of a choice are bool with one prompt and no default (new rules; the old ones only warn). */
function checkMembers(draft: Draft): void {
  const { nodes, symbols, properties } = draft;
  for (const { node: choice } of draft.choices.values())
    for (const node of descendants(draft, choice)) {
      const symbol = nodes.symbol[node] as number;
      if (symbol < 0) continue;
      for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number) {
        const elsewhere = properties.node[p] as number;
        const complain = (message: string) =>
          draft.diagnostics.push(report('kconfig/choice', { message, span: draft.propertySpan(p) }));
        if (properties.kind[p] === DEFAULT) complain('defaults for choice values not supported');
        if (elsewhere === node || properties.kind[p] !== PROMPT) continue;
        if (draft.dialect.singleInclusion) complain('choice value must not have a prompt in another entry');
        else if (nodes.parent[elsewhere] !== nodes.parent[node])
          complain('choice value has a prompt outside its choice group');
      }
    }
}

function* descendants(draft: Draft, root: NodeId): Generator<NodeId> {
  const { nodes } = draft;
  for (let node = nodes.firstChild[root] as number; node >= 0; node = nodes.next[node] as number) {
    yield node;
    yield* descendants(draft, node);
  }
}

function checkTransitional(draft: Draft): void {
  const { nodes, symbols, expressions } = draft;
  const complain = (span: ReturnType<Draft['nodeSpan']>) =>
    draft.diagnostics.push(
      report('kconfig/transitional', { message: 'transitional symbols can only have help sections', span }),
    );
  for (let symbol = 3; symbol < symbols.name.length; symbol++) {
    if (((symbols.flags[symbol] as number) & TRANSITIONAL) === 0) continue;
    for (let node = symbols.firstNode[symbol] as number; node >= 0; node = nodes.nextOfSymbol[node] as number)
      if (!expressions.isYes(nodes.dependency[node] as number)) complain(draft.nodeSpan(node));
    const property = symbols.firstProperty[symbol] as number;
    if (property !== 0) complain(draft.propertySpan(property));
  }
}

/** Symbols that need each other in a row. Kernels stay far below; values are computed by recursion. */
const MAX_CHAIN = 500;
const VISITING = 1;
const DONE = 2;

/** What is on the stack of {@link checkCircles}: an index, and what to do with it. */
const VISIT_EXPRESSION = 0;
const LEAVE_EXPRESSION = 1;
const VISIT_SYMBOL = 2;
const LEAVE_SYMBOL = 3;
/** The choice's own dependencies are done: its members may depend on it. */
const RELEASE_CHOICE = 4;

/**
 * Symbols must not depend on themselves through dependencies, select, imply, prompts or defaults. Members of a choice
 * may depend on their choice, neither on each other nor the choice on them.
 */
function checkCircles(draft: Draft): void {
  const { symbols, properties, expressions } = draft;
  const { kind, left, right } = expressions;
  const symbolState = new Uint8Array(symbols.name.length);
  const expressionDone = new Uint8Array(expressions.length);
  /** The longest chain of symbols that starts with a symbol, or below an expression. */
  const symbolChain = new Int32Array(symbols.name.length);
  const expressionChain = new Int32Array(expressions.length);
  const longest = (kindOf: number, l: number, r: number): number => {
    if (kindOf === OR || kindOf === AND) return Math.max(expressionChain[l] as number, expressionChain[r] as number);
    if (kindOf === NOT) return expressionChain[l] as number;
    return Math.max(symbolChain[l] as number, kindOf === SYMBOL ? 0 : (symbolChain[r] as number));
  };
  const stack: number[] = [];
  const push = (what: number, index: number) => {
    stack.push(index * 8 + what);
  };
  const pushExpression = (e: Expression) => {
    if (e !== 0 && expressionDone[e] === 0) push(VISIT_EXPRESSION, e);
  };
  const forEachDependency = (symbol: SymbolId, visit: (e: Expression) => void) => {
    visit(symbols.directDependency[symbol] as number);
    visit(symbols.reverseDependency[symbol] as number);
    visit(symbols.implied[symbol] as number);
    const isChoice = ((symbols.flags[symbol] as number) & CHOICE) !== 0;
    for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number) {
      const property = properties.kind[p];
      if (property === SELECT || property === IMPLY) continue;
      visit(properties.condition[p] as number);
      if (property === DEFAULT && !isChoice) visit(properties.value[p] as number);
    }
  };
  const pushDependencies = (symbol: SymbolId) => forEachDependency(symbol, pushExpression);
  const leaveSymbol = (symbol: SymbolId) => {
    let chain = 0;
    forEachDependency(symbol, (e) => {
      chain = Math.max(chain, expressionChain[e] as number);
    });
    symbolChain[symbol] = chain + 1;
    if (chain >= MAX_CHAIN)
      throw new Refusal(
        report('kconfig/limit', {
          message: `${draft.nameOf(symbol)} is at the end of more than ${MAX_CHAIN} symbols that need each other`,
          ...spanOf(draft, [symbol]),
        }),
      );
  };
  const visitSymbol = (mentioned: SymbolId) => {
    if (mentioned <= YES || symbolState[mentioned] === DONE) return;
    if (symbolState[mentioned] === VISITING) throw circle(draft, stack, mentioned);
    const choice = symbols.choice[mentioned] as number;
    const symbol = choice >= 0 ? choice : mentioned;
    if (symbolState[symbol] === VISITING) throw circle(draft, stack, symbol);
    // A member that is mentioned in a second place may belong to no choice there.
    const members = symbolState[symbol] === DONE ? [mentioned] : (draft.choices.get(symbol)?.members ?? []);
    symbolState[symbol] = VISITING;
    push(LEAVE_SYMBOL, symbol);
    for (const member of members) {
      symbolState[member] = VISITING;
      push(LEAVE_SYMBOL, member);
    }
    for (const member of members) pushDependencies(member);
    if (members.length > 0) push(RELEASE_CHOICE, symbol);
    pushDependencies(symbol);
  };
  for (let start = YES + 1; start < symbols.name.length; start++) {
    visitSymbol(start);
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const index = Math.floor(top / 8);
      switch (top % 8) {
        case VISIT_EXPRESSION: {
          if (expressionDone[index] === 1) break;
          const k = kind[index] as number;
          push(LEAVE_EXPRESSION, index);
          if (k === OR || k === AND) {
            pushExpression(right[index] as number);
            pushExpression(left[index] as number);
          } else if (k === NOT) pushExpression(left[index] as number);
          else {
            if (k !== SYMBOL) push(VISIT_SYMBOL, right[index] as number);
            push(VISIT_SYMBOL, left[index] as number);
          }
          break;
        }
        case LEAVE_EXPRESSION:
          expressionDone[index] = 1;
          expressionChain[index] = longest(kind[index] as number, left[index] as number, right[index] as number);
          break;
        case VISIT_SYMBOL:
          visitSymbol(index);
          break;
        case LEAVE_SYMBOL:
          symbolState[index] = DONE;
          leaveSymbol(index);
          break;
        default:
          symbolState[index] = DONE;
      }
    }
  }
}

function circle(draft: Draft, stack: readonly number[], again: SymbolId): Refusal {
  const open = stack.filter((entry) => entry % 8 === LEAVE_SYMBOL).map((entry) => Math.floor(entry / 8));
  const path = open.slice(Math.max(open.indexOf(again), 0));
  return new Refusal(
    report('kconfig/recursive-dependency', {
      message: 'recursive dependency detected',
      cause: [...path, again].map((symbol) => draft.nameOf(symbol)).join(' needs '),
      ...spanOf(draft, [again, ...path]),
    }),
  );
}

/** Where the first of the symbols that is defined at all is defined. */
function spanOf(draft: Draft, candidates: readonly SymbolId[]): { span?: Span } {
  for (const symbol of candidates) {
    const node = draft.symbols.firstNode[symbol] as number;
    if (node >= 0) return { span: draft.nodeSpan(node) };
  }
  return {};
}
