/**
 * The search for the smallest set of lines: best first over sets of lines, each evaluated by the engine, guided by the
 * lower bounds of {@link Costs}. A state grows by one line for something that is still missing in it.
 */
import { MOD, type SymbolId } from './expression.js';
import { type Costs, DETOUR, isNeedMet } from './solve-costs.js';
import { AT_LEAST_M, AT_LEAST_Y, type Goal, meetsGoal, requirementsOf, sameText } from './solve-goal.js';
import type { Lines } from './solve-trial.js';
import type { Need, Problem, Way } from './solve-ways.js';
import { isLogical } from './symbol.js';

/** Where a state could not go on: the needs that led there, and what closes the last one. */
export interface DeadEnd {
  readonly goal: Goal;
  readonly path: readonly { readonly need: Need; readonly way?: Way }[];
  readonly lines: Lines;
}

export interface Found {
  readonly lines: Lines;
  /** Lines of `.config` that differ from the base's. */
  readonly changed: number;
}

export interface SearchResult {
  readonly found?: Found;
  /** No smaller set exists among the ways of solve-ways.ts. */
  readonly isProvenSmallest: boolean;
  /** Nothing left to try, as opposed to given up. */
  readonly isExhausted: boolean;
  readonly deadEnd?: DeadEnd;
  /** A solution that takes away what the base decided, or selects against dependencies. */
  readonly breaking?: { readonly lines: Lines; readonly symbols: readonly SymbolId[] };
  readonly evaluations: number;
}

export interface SearchLimits {
  /** States that are evaluated before the search gives up. */
  readonly states: number;
  /** Equally small answers that are compared by what they change. */
  readonly answers: number;
}

export const DEFAULT_LIMITS: SearchLimits = { states: 3000, answers: 24 };

interface State {
  readonly lines: Lines;
  /** Lines and detours so far. */
  readonly spent: number;
  readonly bound: number;
  readonly guess: number;
  /** Symbols that the lines select and whose dependencies they therefore meet as well. */
  readonly mended: readonly SymbolId[];
}

interface Step {
  readonly symbol: SymbolId;
  readonly value: string;
  readonly detours: number;
  readonly least: number;
  readonly sum: number;
}

/** The needs that make up a goal. */
export function goalNeeds(problem: Problem, goal: Goal): Need[] {
  const type = problem.tree.symbols.type[goal.id] as number;
  if (goal.tristate !== undefined)
    return [
      ...requirementsOf(goal, type).map((requirement): Need => ({ kind: 'symbol', symbol: goal.id, requirement })),
      // Without modules m counts as y.
      ...(goal.tristate === MOD && !goal.atLeast
        ? [{ kind: 'symbol', symbol: problem.tree.modules, requirement: AT_LEAST_M } as const]
        : []),
    ];
  return [
    {
      kind: 'text',
      symbol: goal.id,
      wish: goal.value,
      accepts: (text) => text !== '' && sameText(text, goal.value, type),
    },
  ];
}

/**
 * One goal after the other, each from the answer to those before it: finds answers to long lists of goals, whose
 * combinations are too many to try. What it finds need not be the smallest set, and what it does not find may exist.
 */
export function searchInSteps(
  problem: Problem,
  costs: Costs,
  goals: readonly Goal[],
  limits: SearchLimits = DEFAULT_LIMITS,
): { readonly found?: Found; readonly open: readonly Goal[]; readonly evaluations: number } {
  let found: Found = { lines: new Map(), changed: 0 };
  let evaluations = 0;
  const reached: Goal[] = [];
  const open: Goal[] = [];
  for (const goal of goals) {
    const step = search(problem, costs, [...reached, goal], limits, found.lines);
    evaluations += step.evaluations;
    if (step.found === undefined) open.push(goal);
    else {
      found = step.found;
      reached.push(goal);
    }
  }
  return open.length > 0 ? { open, evaluations } : { found, open, evaluations };
}

export function search(
  problem: Problem,
  costs: Costs,
  goals: readonly Goal[],
  limits: SearchLimits = DEFAULT_LIMITS,
  start: Lines = new Map(),
): SearchResult {
  const queue = new Queue();
  queue.push({ lines: start, spent: start.size, bound: start.size, guess: start.size, mended: [] });
  const seen = new Set<string>(['']);
  let best: Found | undefined;
  let bestSize = Number.POSITIVE_INFINITY;
  let answers = 0;
  let evaluations = 0;
  let deadEnd: (DeadEnd & { depth: number }) | undefined;
  let breaking: SearchResult['breaking'];
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    if (state.bound > bestSize || answers >= limits.answers)
      return { ...result(), isProvenSmallest: true, isExhausted: false };
    if (evaluations >= limits.states) return { ...result(), isProvenSmallest: false, isExhausted: false };
    evaluations++;
    const config = problem.trial.apply(state.lines);
    const goal = hardest(goals.filter((one) => !meetsGoal(config, one)));
    if (goal === undefined) {
      const minimal = dropNeedless(problem, goals, state);
      const { broken, unmet, changed } = assess(problem, minimal);
      if (broken.length > 0) {
        breaking ??= { lines: minimal, symbols: broken };
        // A module in a dependency makes modules of what was built in; built in itself it may not.
        for (const [symbol, value] of state.lines)
          if (value === 'm' && problem.lineValue(symbol, AT_LEAST_Y) === 'y')
            push({ ...state, lines: new Map(state.lines).set(symbol, 'y') });
        if (unmet !== undefined) mend(state, minimal, unmet);
        continue;
      }
      answers++;
      if (
        best === undefined ||
        minimal.size < best.lines.size ||
        (minimal.size === best.lines.size && changed < best.changed)
      )
        best = { lines: minimal, changed };
      bestSize = Math.min(bestSize, state.spent - (state.lines.size - minimal.size));
      continue;
    }
    const walk = new Walk(problem, costs, state.lines);
    for (const need of goalNeeds(problem, goal)) if (!isNeedMet(problem, need)) walk.need(need, 0);
    if (goal.tristate === undefined && walk.steps.length === 0)
      // The text is right but not written: its prompt is what is missing.
      for (const way of problem.textWays(goalNeeds(problem, goal)[0] as Need & { kind: 'text' })) walk.way(way, 0);
    if (walk.steps.length === 0 && (deadEnd === undefined || state.lines.size > deadEnd.depth))
      deadEnd = { goal, path: walk.deepest, lines: state.lines, depth: state.lines.size };
    follow(state, walk.steps);
  }
  return { ...result(), isProvenSmallest: true, isExhausted: true };

  function follow(state: State, steps: readonly Step[]): void {
    for (const { symbol, value, detours, least, sum } of steps) {
      const lines = new Map(state.lines);
      const spent = state.spent + (lines.has(symbol) ? 0 : 1) + detours;
      lines.delete(symbol);
      lines.set(symbol, value);
      push({ ...state, lines, spent, bound: Math.max(state.bound, spent + least), guess: spent + sum });
    }
  }

  /** What the lines select against its dependencies: these may be had, too. */
  function mend(state: State, lines: Lines, symbol: SymbolId): void {
    const { tree, trial } = problem;
    const config = trial.apply(lines);
    config.compute(symbol);
    const walk = new Walk(problem, costs, lines);
    const requirement = config.reverse[symbol] === MOD ? AT_LEAST_M : AT_LEAST_Y;
    const expression = tree.symbols.directDependency[symbol] as number;
    walk.need({ kind: 'expression', expression, requirement }, 0);
    follow({ ...state, lines, mended: [...new Set([...state.mended, symbol])] }, walk.steps);
  }

  function push(state: State): void {
    const key = [...state.lines]
      .map(([symbol, value]) => `${symbol}=${value}`)
      .sort()
      .join();
    if (seen.has(key)) return;
    seen.add(key);
    queue.push(state);
  }

  function hardest(unmet: readonly Goal[]): Goal | undefined {
    let chosen: Goal | undefined;
    let most = -1;
    for (const one of unmet) {
      const cost = Math.max(...goalNeeds(problem, one).map((need) => costs.sum(need)));
      if (cost > most) {
        most = cost;
        chosen = one;
      }
    }
    return chosen;
  }

  function result() {
    return {
      evaluations,
      ...(best === undefined ? {} : { found: best }),
      ...(deadEnd === undefined ? {} : { deadEnd }),
      ...(breaking === undefined ? {} : { breaking }),
    };
  }
}

/** Collects the lines that bring a state nearer to a need. */
class Walk {
  readonly steps: Step[] = [];
  /** The longest path to something without a way. */
  deepest: { need: Need; way?: Way }[] = [];
  readonly #problem: Problem;
  readonly #costs: Costs;
  readonly #lines: Lines;
  readonly #path: { need: Need; way?: Way }[] = [];
  readonly #onPath = new Set<number>();

  constructor(problem: Problem, costs: Costs, lines: Lines) {
    this.#problem = problem;
    this.#costs = costs;
    this.#lines = lines;
  }

  need(need: Need, detours: number): void {
    const problem = this.#problem;
    const depth = this.#path.length;
    this.#path.push({ need });
    if (need.kind === 'symbol') {
      const key = need.symbol * 4 + need.requirement;
      if (!this.#onPath.has(key)) {
        this.#onPath.add(key);
        for (const way of problem.ways(need.symbol, need.requirement)) {
          this.#path[depth] = { need, way };
          this.way(way, detours);
        }
        this.#onPath.delete(key);
      }
    } else if (need.kind === 'text')
      for (const way of problem.textWays(need)) {
        this.#path[depth] = { need, way };
        this.way(way, detours);
      }
    else {
      const unfolded = problem.unfold(need);
      const unmet = (unfolded?.parts ?? []).filter((part) => !isNeedMet(problem, part));
      if (unfolded?.join === 'any') for (const part of unmet) this.need(part, detours);
      else {
        const part = this.#dearest(unmet);
        if (part) this.need(part, detours);
      }
    }
    if (this.#path.length > this.deepest.length) this.deepest = this.#path.slice();
    this.#path.length = depth;
  }

  way(way: Way, before: number): void {
    const problem = this.#problem;
    if (way.refused) return;
    const detours = before + (way.isDetour ? DETOUR : 0);
    const { line } = way;
    if (line) {
      const asked = this.#lines.get(line.symbol);
      if (asked === undefined || (asked === 'm' && line.value === 'y')) {
        const least = this.#costs.wayCost({ ...way, isDetour: false }, 'least');
        if (least === Number.POSITIVE_INFINITY) return;
        const sum = this.#costs.wayCost({ ...way, isDetour: false }, 'sum');
        this.steps.push({ ...line, detours, least: Math.max(0, least - 1), sum: Math.max(0, sum - 1) });
        return;
      }
      if (asked !== line.value) return;
    }
    const need = this.#dearest(way.needs.filter((one) => !isNeedMet(problem, one)));
    if (need) this.need(need, detours);
  }

  /** Needs that must all hold are met one after the other; the hardest first, so that a hopeless state ends early. */
  #dearest(needs: readonly Need[]): Need | undefined {
    let chosen: Need | undefined;
    let most = -1;
    for (const need of needs) {
      const cost = this.#costs.least(need);
      if (cost > most) {
        most = cost;
        chosen = need;
      }
    }
    return chosen;
  }
}

/** Leaves out every line that the goals and what has been mended for them do without. */
function dropNeedless(problem: Problem, goals: readonly Goal[], { lines, mended }: State): Lines {
  const { trial } = problem;
  let kept = new Map(lines);
  for (const symbol of [...lines.keys()].reverse()) {
    const fewer = new Map(kept);
    fewer.delete(symbol);
    const config = trial.apply(fewer);
    const isMended = (one: SymbolId) => {
      config.compute(one);
      return (config.reverse[one] as number) <= (config.direct[one] as number);
    };
    if (goals.every((goal) => meetsGoal(config, goal)) && mended.every(isMended)) kept = fewer;
  }
  return kept;
}

/**
 * What lines do to the whole configuration.
 * @returns the symbols whose value the base decided and the lines take away, and those that the lines make selected
 *   against their dependencies (the kernel may not build then, whatever its configuration says); and the number of
 *   lines of `.config` that differ from the base's
 */
function assess(problem: Problem, lines: Lines): { broken: SymbolId[]; unmet: SymbolId | undefined; changed: number } {
  const { trial, tree, baseTristate, baseText, baseWritten, baseVisible } = problem;
  const config = trial.apply(lines);
  config.computeAll();
  const { tristates, texts, written, reverse, direct } = config;
  const unmet: SymbolId[] = [];
  const lost: [SymbolId, string][] = [];
  let changed = 0;
  for (const symbol of tree.order) {
    const isOther = tristates[symbol] !== baseTristate[symbol] || texts[symbol] !== baseText[symbol];
    if (written[symbol] !== baseWritten[symbol] || (isOther && written[symbol] === 1)) changed++;
    if (config.isChoice(symbol)) continue;
    if ((reverse[symbol] as number) > (direct[symbol] as number) && trial.base.unmet[symbol] === 0)
      if (!config.isMember(symbol)) unmet.push(symbol);
    if (!isOther || !trial.isSetByBase(symbol) || baseVisible[symbol] === 0) continue;
    const isLost = isLogical(tree.symbols.type[symbol] as number)
      ? (tristates[symbol] as number) < (baseTristate[symbol] as number)
      : texts[symbol] !== baseText[symbol];
    if (isLost) lost.push([symbol, config.spelt(symbol)]);
  }
  // Asked last: it evaluates further configurations.
  const taken = lost.filter(([symbol, value]) => problem.breaksBase(symbol, value)).map(([symbol]) => symbol);
  return { broken: [...unmet, ...taken], unmet: unmet[0], changed };
}

/** States by their lower bound, then by the guess, then by the number of lines. */
class Queue {
  readonly #heap: State[] = [];

  push(state: State): void {
    const heap = this.#heap;
    let at = heap.push(state) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(state, heap[parent] as State)) break;
      heap[at] = heap[parent] as State;
      at = parent;
    }
    heap[at] = state;
  }

  pop(): State | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as State, heap[child] as State)) child++;
      if (!isBefore(heap[child] as State, last)) break;
      heap[at] = heap[child] as State;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function isBefore(a: State, b: State): boolean {
  return a.bound !== b.bound ? a.bound < b.bound : a.guess < b.guess;
}
