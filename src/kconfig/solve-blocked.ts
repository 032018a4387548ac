/** Why there is no answer: from a goal down to the symbol that prevents it, with the place of every step. */
import type { Span } from '../diagnostic/index.js';
import { MOD, type SymbolId, YES } from './expression.js';
import { type Costs, isNeedMet } from './solve-costs.js';
import type { Goal } from './solve-goal.js';
import { AT_LEAST_Y, goalText, isRaise, OFF, type Requirement } from './solve-goal.js';
import { type DeadEnd, goalNeeds } from './solve-search.js';
import type { Need, Problem, Way } from './solve-ways.js';
import { isLogical, TRISTATE, UNKNOWN } from './symbol.js';
import { expressionText, type KconfigTree, nodeSpan, propertySpan, symbolText } from './tree.js';

export interface ChainLink {
  readonly symbol: string;
  readonly text: string;
  readonly span?: Span;
}

export type LeafReason = 'goal' | 'base' | 'undefined' | 'no-way' | 'type' | 'conflict' | 'unmet' | 'gave-up';

export interface Blocked {
  readonly goal: string;
  /** The symbol that prevents the goal. */
  readonly leaf: string;
  /** What the leaf would have to be: `MMU>=m`, `SMP=n`. */
  readonly needed: string;
  readonly reason: LeafReason;
  /** From the goal to the leaf. */
  readonly chain: readonly ChainLink[];
}

/** A link as one line: `mm/Kconfig:892: CMA depends on MMU`. */
export function linkText({ span, text }: ChainLink): string {
  return span === undefined ? text : `${span.file}:${span.line}: ${text}`;
}

export function requirementText(tree: KconfigTree, symbol: SymbolId, requirement: Requirement): string {
  const name = symbolText(tree, symbol);
  if (requirement === OFF) return `${name}=n`;
  if (requirement === AT_LEAST_Y || tree.symbols.type[symbol] !== TRISTATE)
    return `${name}=${isRaise(requirement) ? 'y' : 'n'}`;
  return isRaise(requirement) ? `${name}>=m` : `${name}<=m`;
}

interface Trace {
  readonly links: readonly ChainLink[];
  readonly leaf: string;
  readonly needed: string;
  readonly reason: LeafReason;
}

/** Reasons by how much they tell: what the user can change comes first. */
const RANK: readonly LeafReason[] = ['goal', 'base', 'type', 'no-way', 'undefined', 'conflict', 'unmet', 'gave-up'];
const better = (a: Trace, b: Trace | undefined) =>
  b === undefined ||
  RANK.indexOf(a.reason) < RANK.indexOf(b.reason) ||
  (a.reason === b.reason && a.links.length < b.links.length);
const MAX_VISITS = 4000;

/** The chain of a goal that no line can reach. */
export function explainImpossible(problem: Problem, costs: Costs, goal: Goal): Blocked {
  const tracer = new Tracer(problem, (need) => costs.least(need) === Number.POSITIVE_INFINITY);
  let best: Trace | undefined;
  for (const need of goalNeeds(problem, goal)) {
    if (costs.least(need) !== Number.POSITIVE_INFINITY) continue;
    const trace = tracer.trace(need);
    if (trace && better(trace, best)) best = trace;
  }
  return blocked(goal, best ?? tracer.leafOf(goal.id, goalText(goal), 'no-way'));
}

/** The chain of a goal whose ways shut each other out. */
export function explainConflict(problem: Problem, { goal, path, lines }: DeadEnd): Blocked {
  const config = problem.trial.apply(lines);
  const tracer = new Tracer(problem, (need) => !isNeedMet(problem, need));
  const links: ChainLink[] = [];
  let last: Need | undefined;
  for (const { need, way } of path) {
    // y and n hold nothing: what has no choice but to be y is the end of the chain.
    if ((need.kind === 'symbol' || need.kind === 'text') && need.symbol > YES) {
      last = need;
      const closed = way?.needs.find((one) => !isNeedMet(problem, one));
      if (way && closed) links.push(tracer.link(need.symbol, way, closed));
    }
  }
  const symbol = last && 'symbol' in last ? last.symbol : goal.id;
  const refused = last?.kind === 'symbol' ? tracer.refusal(last) : undefined;
  if (refused) return blocked(goal, { ...refused, links: [...links, ...refused.links] });
  const end = path.at(-1)?.need;
  if (last?.kind === 'symbol' && end !== undefined && 'symbol' in end && end.symbol <= YES)
    return {
      goal: goalText(goal),
      leaf: symbolText(problem.tree, symbol),
      needed: requirementText(problem.tree, symbol, last.requirement),
      reason: 'conflict',
      chain: links,
    };
  const asked = [...lines].map(([one, value]) => `${symbolText(problem.tree, one)}=${value}`);
  const together = asked.length === 0 ? '' : ` together with ${asked.join(', ')}`;
  const name = symbolText(problem.tree, symbol);
  const needed = last?.kind === 'symbol' ? requirementText(problem.tree, symbol, last.requirement) : goalText(goal);
  const text = `${needed} is not possible${together}: ${name} is ${config.value(symbol) || 'absent'}`;
  links.push({ symbol: name, text, ...tracer.spanOf(symbol) });
  return { goal: goalText(goal), leaf: name, needed, reason: 'conflict', chain: links };
}

function blocked(goal: Goal, { links, leaf, needed, reason }: Trace): Blocked {
  return { goal: goalText(goal), leaf, needed, reason, chain: links };
}

class Tracer {
  readonly #problem: Problem;
  readonly #isClosed: (need: Need) => boolean;
  readonly #visited = new Set<number>();
  #visits = 0;

  constructor(problem: Problem, isClosed: (need: Need) => boolean) {
    this.#problem = problem;
    this.#isClosed = isClosed;
  }

  /** The most telling chain below a need; undefined when it only leads back to itself. */
  trace(need: Need): Trace | undefined {
    if (++this.#visits > MAX_VISITS) return undefined;
    if (need.kind === 'symbol') return this.#symbol(need.symbol, need.requirement);
    if (need.kind === 'text') return this.#text(need);
    const unfolded = this.#problem.unfold(need);
    let best: Trace | undefined;
    for (const part of unfolded?.parts ?? []) {
      if (!this.#isClosed(part)) continue;
      const trace = this.trace(part);
      if (trace && better(trace, best)) best = trace;
      if (unfolded?.join === 'all' && best) break;
      if (best?.reason === 'goal') break;
    }
    return best;
  }

  #symbol(symbol: SymbolId, requirement: Requirement): Trace | undefined {
    const { tree } = this.#problem;
    const needed = requirementText(tree, symbol, requirement);
    const name = symbolText(tree, symbol);
    if (symbol <= YES) {
      const text = symbol === MOD ? 'm allows a module, but not y' : `${name} is a constant`;
      return { links: [{ symbol: name, text }], leaf: name, needed, reason: 'no-way' };
    }
    if (tree.symbols.type[symbol] === UNKNOWN) {
      const text = `${name} is not defined for this architecture`;
      return { links: [{ symbol: name, text }], leaf: name, needed, reason: 'undefined' };
    }
    const key = symbol * 4 + requirement;
    if (this.#visited.has(key)) return undefined;
    this.#visited.add(key);
    return this.#ways(symbol, this.#problem.ways(symbol, requirement), needed);
  }

  #text(need: Need & { kind: 'text' }): Trace | undefined {
    const needed = `${symbolText(this.#problem.tree, need.symbol)}=${need.wish ?? '?'}`;
    return this.#ways(need.symbol, [...this.#problem.textWays(need)], needed);
  }

  /** The goal or the base that closes a need; undefined when neither does. */
  refusal({ symbol, requirement }: Need & { kind: 'symbol' }): Trace | undefined {
    const refused = this.#problem.ways(symbol, requirement).find((way) => way.refused)?.refused;
    return refused && this.#refused(symbol, refused, requirementText(this.#problem.tree, symbol, requirement));
  }

  #ways(symbol: SymbolId, ways: readonly Way[], needed: string): Trace | undefined {
    const refusal = ways.find((way) => way.refused)?.refused;
    if (refusal) return this.#refused(symbol, refusal, needed);
    let best: Trace | undefined;
    for (const way of ways) {
      // A way around the prompt explains nothing where the prompt has its own reason.
      if (best && way.isDetour) continue;
      const need = way.needs.find(this.#isClosed);
      const below = need && this.trace(need);
      if (!need || !below) continue;
      const trace = { ...below, links: [this.link(symbol, way, need), ...below.links] };
      if (better(trace, best)) best = trace;
    }
    return best ?? this.leafOf(symbol, needed, 'no-way');
  }

  #refused(symbol: SymbolId, refusal: NonNullable<Way['refused']>, needed: string): Trace {
    const { tree, goals, baseTristate, baseText } = this.#problem;
    const name = symbolText(tree, refusal.symbol);
    const goal = goals.get(refusal.symbol);
    const value = isLogical(tree.symbols.type[refusal.symbol] as number)
      ? 'nmy'[baseTristate[refusal.symbol] as number]
      : baseText[refusal.symbol];
    const text =
      refusal.by === 'goal' && goal
        ? `${name} is ${goal.value} because the goal ${goalText(goal)} requires it`
        : `${name} is ${value} because the base configuration sets it; --allow-change permits another value`;
    const other =
      refusal.symbol === symbol
        ? []
        : [
            {
              symbol: symbolText(tree, symbol),
              text: `${symbolText(tree, symbol)} and ${name} are members of one choice`,
              ...this.spanOf(symbol),
            },
          ];
    return {
      links: [...other, { symbol: name, text, ...this.spanOf(refusal.symbol) }],
      leaf: name,
      needed: refusal.symbol === symbol ? needed : `${name}=n`,
      reason: refusal.by,
    };
  }

  /** `CMA depends on MMU`. */
  link(symbol: SymbolId, way: Way, need: Need): ChainLink {
    const { tree } = this.#problem;
    const name = symbolText(tree, symbol);
    const span = way.property === undefined ? this.spanOf(symbol) : { span: propertySpan(tree, way.property) };
    const hasPrompt = this.#problem.prompts(symbol).length > 0;
    const promptless = hasPrompt ? 'cannot be set here and' : 'has no prompt and';
    const verb = {
      prompt: need.kind === 'expression' && way.line && !isRaise(need.requirement) ? 'is selected by' : 'depends on',
      dependency: 'stays on because of',
      default: `${promptless} defaults to`,
      select: `${promptless} is selected only by`,
      imply: `${promptless} is implied only by`,
      sibling: 'is left only for',
    }[way.kind];
    const because = this.#needText(need);
    const text =
      way.kind === 'dependency' && because === 'y'
        ? `${name} is always y: ${hasPrompt ? 'its prompt cannot be reached' : 'it has no prompt'}, and its default is y`
        : `${name} ${verb} ${because}`;
    return { symbol: name, text, ...span };
  }

  #needText(need: Need): string {
    const { tree } = this.#problem;
    switch (need.kind) {
      case 'symbol':
        return symbolText(tree, need.symbol);
      case 'text':
        return symbolText(tree, need.symbol);
      case 'both':
        return this.#closedPart([need.a, need.b], need.requirement);
      default:
        return this.#closedPart([need.expression], need.requirement);
    }
  }

  /** Of the terms that && joins, only those that prevent it. */
  #closedPart(expressions: readonly number[], requirement: Requirement): string {
    const { tree } = this.#problem;
    const parts: string[] = [];
    for (const expression of expressions) {
      const need: Need = { kind: 'expression', expression, requirement };
      const unfolded = this.#problem.unfold(need);
      const operands = unfolded?.join === 'all' && unfolded.parts.length > 1 ? unfolded.parts : [need];
      for (const part of operands)
        if (part.kind === 'expression' && this.#isClosed(part)) parts.push(expressionText(tree, part.expression));
    }
    // Beside a symbol a constant explains nothing.
    const telling = [...new Set(parts)].filter((part, _, all) => part !== 'y' || all.length === 1);
    const text = telling.join(isRaise(requirement) ? ' && ' : ' || ') || 'a condition that is not met';
    return text.length > 300 ? `${text.slice(0, 300).replace(/ [^ ]*$/, '')} ...` : text;
  }

  leafOf(symbol: SymbolId, needed: string, reason: LeafReason): Trace {
    const { tree, baseTristate, baseText } = this.#problem;
    const name = symbolText(tree, symbol);
    const value = isLogical(tree.symbols.type[symbol] as number)
      ? 'nmy'[baseTristate[symbol] as number]
      : baseText[symbol] || 'absent';
    const why = [
      this.#problem.prompts(symbol).length === 0 ? 'it has no prompt' : 'its prompt cannot be reached',
      this.#problem.defaults(symbol).length === 0 ? 'no default' : 'no default whose condition can be met',
      tree.symbols.reverseDependency[symbol] === 0
        ? 'and nothing selects it'
        : 'and the symbols that select it cannot be on',
    ];
    return {
      links: [{ symbol: name, text: `${name} is ${value} because ${why.join(', ')}`, ...this.spanOf(symbol) }],
      leaf: name,
      needed,
      reason,
    };
  }

  spanOf(symbol: SymbolId): { span?: Span } {
    const node = this.#problem.tree.symbols.firstNode[symbol] as number;
    return node < 0 ? {} : { span: nodeSpan(this.#problem.tree, node) };
  }
}
