/** What conf checks on a finalised tree: circular dependencies, choices, transitional symbols. */
import type { Span } from '../diagnostic/index.js';
import { report } from './codes.js';
import type { Draft } from './draft.js';
import { AND, type Expression, NOT, OR, SYMBOL, type SymbolId, YES } from './expression.js';
import { Refusal } from './macro.js';
import { CHOICE, DEFAULT, IMPLY, type NodeId, PROMPT, SELECT, TRANSITIONAL } from './tree.js';
import { copyOf } from './words.js';

export function checkTree(draft: Draft): void {
  new CircleCheck(draft).run();
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
  for (let symbol = 3; symbol < draft.symbolCount; symbol++) {
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

/** What is on the stack of {@link CircleCheck}: an index times eight, and what to do with it. */
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
class CircleCheck {
  private readonly draft: Draft;
  private readonly kind: Uint8Array;
  private readonly left: Int32Array;
  private readonly right: Int32Array;
  private readonly symbolState: Uint8Array;
  private readonly expressionDone: Uint8Array;
  /** The longest chain of symbols that starts with a symbol, or below an expression. */
  private readonly symbolChain: Int32Array;
  private readonly expressionChain: Int32Array;
  private stack: Int32Array = new Int32Array(1 << 12);
  private top = 0;
  /** `steps` of the tree. */
  private steps: Int32Array;
  private stepCount = 0;

  constructor(draft: Draft) {
    this.draft = draft;
    const { kind, left, right, length } = draft.expressions;
    this.kind = kind;
    this.left = left;
    this.right = right;
    this.symbolState = new Uint8Array(draft.symbolCount);
    this.symbolState.fill(DONE, 0, YES + 1);
    this.expressionDone = new Uint8Array(length);
    this.symbolChain = new Int32Array(draft.symbolCount);
    this.expressionChain = new Int32Array(length);
    this.steps = new Int32Array(length + draft.symbolCount);
  }

  run(): void {
    const { symbolState, kind, left, right, draft } = this;
    for (let start = YES + 1; start < draft.symbolCount; start++) {
      if (symbolState[start] !== DONE) this.visitSymbol(start);
      while (this.top > 0) {
        const entry = this.stack[--this.top] as number;
        const index = entry >> 3;
        switch (entry & 7) {
          case VISIT_EXPRESSION: {
            if (this.expressionDone[index] === 1) break;
            const k = kind[index] as number;
            this.push(LEAVE_EXPRESSION, index);
            if (k === OR || k === AND) {
              this.visit(right[index] as number);
              this.visit(left[index] as number);
            } else if (k === NOT) this.visit(left[index] as number);
            else {
              if (k !== SYMBOL) this.push(VISIT_SYMBOL, right[index] as number);
              this.push(VISIT_SYMBOL, left[index] as number);
            }
            break;
          }
          case LEAVE_EXPRESSION:
            this.leaveExpression(index, kind[index] as number);
            break;
          case VISIT_SYMBOL:
            if (symbolState[index] !== DONE) this.visitSymbol(index);
            break;
          case LEAVE_SYMBOL:
            symbolState[index] = DONE;
            this.leaveSymbol(index);
            break;
          default:
            symbolState[index] = DONE;
        }
      }
    }
    draft.steps = this.steps.slice(0, this.stepCount);
  }

  private addStep(step: number): void {
    if (this.stepCount === this.steps.length) this.steps = copyOf(this.steps, this.stepCount * 2);
    this.steps[this.stepCount++] = step;
  }

  private push(what: number, index: number): void {
    if (this.top === this.stack.length) this.stack = copyOf(this.stack, this.top * 2);
    this.stack[this.top++] = index * 8 + what;
  }

  /** Sees to an expression: at once when all it mentions is done, else when the stack comes to it. */
  private visit(e: Expression): void {
    if (e === 0 || this.expressionDone[e] === 1) return;
    const kind = this.kind[e] as number;
    if (kind === SYMBOL && this.symbolState[this.left[e] as number] === DONE) this.leaveExpression(e, kind);
    else this.push(VISIT_EXPRESSION, e);
  }

  private leaveExpression(e: Expression, kind: number): void {
    const { expressionChain, symbolChain } = this;
    const left = this.left[e] as number;
    const right = this.right[e] as number;
    let chain: number;
    if (kind <= AND) chain = Math.max(expressionChain[left] as number, expressionChain[right] as number);
    else if (kind === NOT) chain = expressionChain[left] as number;
    else {
      chain = symbolChain[left] as number;
      if (kind !== SYMBOL && (symbolChain[right] as number) > chain) chain = symbolChain[right] as number;
    }
    this.expressionDone[e] = 1;
    expressionChain[e] = chain;
    this.addStep(~e);
  }

  private visitSymbol(mentioned: SymbolId): void {
    const { symbolState, draft } = this;
    if (symbolState[mentioned] === VISITING) throw this.circle(mentioned);
    const choice = draft.symbols.choice[mentioned] as number;
    const symbol = choice >= 0 ? choice : mentioned;
    if (symbolState[symbol] === VISITING) throw this.circle(symbol);
    // A member that is mentioned in a second place may belong to no choice there.
    const members =
      symbolState[symbol] === DONE
        ? [mentioned]
        : draft.isChoice(symbol)
          ? draft.choices.get(symbol)?.members
          : undefined;
    symbolState[symbol] = VISITING;
    this.push(LEAVE_SYMBOL, symbol);
    if (members !== undefined) {
      for (const member of members) {
        symbolState[member] = VISITING;
        this.push(LEAVE_SYMBOL, member);
      }
      for (const member of members) this.dependencies(member, true);
      if (members.length > 0) this.push(RELEASE_CHOICE, symbol);
    }
    this.dependencies(symbol, true);
  }

  private leaveSymbol(symbol: SymbolId): void {
    const chain = this.dependencies(symbol, false);
    this.symbolChain[symbol] = chain + 1;
    this.addStep(symbol);
    if (chain >= MAX_CHAIN)
      throw new Refusal(
        report('kconfig/limit', {
          message: `${this.draft.nameOf(symbol)} is the end of a chain of more than ${MAX_CHAIN} symbols that need each other`,
          ...spanOf(this.draft, [symbol]),
        }),
      );
  }

  /** Goes through what a symbol depends on: to visit it, or to find the longest chain below it. */
  private dependencies(symbol: SymbolId, visits: boolean): number {
    const { expressionChain } = this;
    const { symbols, properties } = this.draft;
    const direct = symbols.directDependency[symbol] as number;
    const reverse = symbols.reverseDependency[symbol] as number;
    const implied = symbols.implied[symbol] as number;
    let chain = 0;
    if (visits) {
      this.visit(direct);
      this.visit(reverse);
      this.visit(implied);
    } else
      chain = Math.max(
        expressionChain[direct] as number,
        expressionChain[reverse] as number,
        expressionChain[implied] as number,
      );
    const isChoice = ((symbols.flags[symbol] as number) & CHOICE) !== 0;
    for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number) {
      const property = properties.kind[p] as number;
      if (property === SELECT || property === IMPLY) continue;
      const condition = properties.condition[p] as number;
      const value = property === DEFAULT && !isChoice ? (properties.value[p] as number) : 0;
      if (visits) {
        this.visit(condition);
        if (value !== 0) this.visit(value);
      } else chain = Math.max(chain, expressionChain[condition] as number, expressionChain[value] as number);
    }
    return chain;
  }

  private circle(again: SymbolId): Refusal {
    const { draft } = this;
    const open: SymbolId[] = [];
    for (const entry of this.stack.subarray(0, this.top)) if ((entry & 7) === LEAVE_SYMBOL) open.push(entry >> 3);
    const path = open.slice(Math.max(open.indexOf(again), 0));
    return new Refusal(
      report('kconfig/recursive-dependency', {
        message: 'recursive dependency detected',
        cause: [...path, again].map((symbol) => draft.nameOf(symbol)).join(' needs '),
        ...spanOf(draft, [again, ...path]),
      }),
    );
  }
}

/** Where the first of the symbols that is defined at all is defined. */
function spanOf(draft: Draft, candidates: readonly SymbolId[]): { span?: Span } {
  for (const symbol of candidates) {
    const node = draft.symbols.firstNode[symbol] as number;
    if (node >= 0) return { span: draft.nodeSpan(node) };
  }
  return {};
}
