/**
 * The smallest set of lines that brings a configuration to its goals.
 *
 * Lines are requests to prompts. A symbol that has a prompt is asked for by name; that a driver somewhere would select
 * it is used only where its own prompt cannot be reached, because the driver would come along. Of equally small
 * answers the one that changes the fewest symbols wins. Every answer is replayed: the base and the lines are read as
 * text again, as olddefconfig reads them.
 */
import { suggest } from '../source/suggest.js';
import { Configuration } from './evaluate.js';
import { type Origin, originOf, originText } from './explain-origin.js';
import type { SymbolId } from './expression.js';
import { makeConfig } from './modes.js';
import { type Blocked, explainConflict, explainImpossible } from './solve-blocked.js';
import { Costs } from './solve-costs.js';
import { type Goal, type GoalText, goalText, meetsGoal, readGoal, requirementsOf } from './solve-goal.js';
import { DEFAULT_LIMITS, goalNeeds, type SearchLimits, search, searchInSteps } from './solve-search.js';
import { fragmentLine, type Lines, Trial } from './solve-trial.js';
import { Problem } from './solve-ways.js';
import { type KconfigTree, nodeSpan, symbolText } from './tree.js';

export { type Blocked, type ChainLink, type LeafReason, linkText } from './solve-blocked.js';
export { type GoalText, goalText, parseGoal } from './solve-goal.js';

export interface SolveOptions {
  /** Lines may take away what the base decided. */
  readonly allowChange?: boolean;
  readonly limits?: SearchLimits;
}

/** A symbol whose line in `.config` differs; `null` where there is no line. */
export interface Change {
  readonly symbol: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly why: string;
}

/** Why goals are not reached, as a heading: what was not found may exist. */
export const blockedText = ({ goal, reason }: Blocked): string =>
  reason === 'gave-up' ? `${goal}: no solution was found` : `${goal} is not possible`;

export interface Solution {
  readonly goals: readonly GoalText[];
  /** Fragment lines sorted by symbol; empty when the base meets the goals already, or when something is blocked. */
  readonly lines: readonly string[];
  /** Everything that changes, collateral included, sorted by symbol. */
  readonly delta: readonly Change[];
  readonly blocked: readonly Blocked[];
  /** The whole resulting `.config`; absent when blocked. */
  readonly config?: string;
  /** No smaller set exists that asks prompts by name, as far as the ways of solve-ways.ts go. */
  readonly isProvenSmallest: boolean;
  /** Configurations the search evaluated. */
  readonly evaluations: number;
}

/** Answers goals on one tree and one base, as many as wanted. */
export class Solver {
  readonly tree: KconfigTree;
  readonly base: string;
  readonly #trial: Trial;

  /** @param base text of the base `.config` or defconfig */
  constructor(tree: KconfigTree, base: string) {
    this.tree = tree;
    this.base = base;
    this.#trial = new Trial(tree, base);
  }

  solve(wanted: readonly GoalText[], options: SolveOptions = {}): Solution {
    return solveOn(this.#trial, this.base, wanted, options);
  }
}

/** Answers goals once. */
export function solve(
  tree: KconfigTree,
  base: string,
  wanted: readonly GoalText[],
  options: SolveOptions = {},
): Solution {
  return new Solver(tree, base).solve(wanted, options);
}

function solveOn(trial: Trial, base: string, wanted: readonly GoalText[], options: SolveOptions): Solution {
  const { tree } = trial.config;
  const { goals, blocked } = readGoals(tree, wanted);
  const refuse = (reasons: readonly Blocked[], evaluations = 0, isProvenSmallest = true): Solution => ({
    goals: wanted,
    lines: [],
    delta: [],
    blocked: reasons,
    isProvenSmallest,
    evaluations,
  });
  if (blocked.length > 0) return refuse(blocked);
  const problem = new Problem(trial, goals, options.allowChange ?? false);
  const costs = new Costs(problem);
  for (const goal of goals)
    if (goalNeeds(problem, goal).some((need) => costs.least(need) === Number.POSITIVE_INFINITY))
      blocked.push(explainImpossible(problem, costs, goal));
  if (blocked.length > 0) return refuse(blocked);

  const result = search(problem, costs, goals, options.limits ?? DEFAULT_LIMITS);
  const { deadEnd, breaking, isProvenSmallest } = result;
  let { found, evaluations } = result;
  if (!found) {
    if (breaking) return refuse(explainBreaking(problem, goals, breaking), evaluations);
    if (result.isExhausted && deadEnd) return refuse([explainConflict(problem, deadEnd)], evaluations);
    const steps = searchInSteps(problem, costs, goals, options.limits);
    evaluations += steps.evaluations;
    const { open } = steps;
    if (!steps.found)
      return refuse(
        open.map((goal) => gaveUp(goal, evaluations)),
        evaluations,
        false,
      );
    found = steps.found;
  }
  const replayed = replay(tree, base, goals, found.lines);
  if (!replayed)
    return refuse(
      goals.map((goal) => gaveUp(goal, evaluations)),
      evaluations,
      false,
    );
  return {
    goals: wanted,
    lines: replayed.lines,
    delta: compare(problem, replayed.config, found.lines),
    blocked: [],
    config: replayed.text,
    isProvenSmallest,
    evaluations,
  };
}

function readGoals(tree: KconfigTree, wanted: readonly GoalText[]): { goals: Goal[]; blocked: Blocked[] } {
  const goals: Goal[] = [];
  const blocked: Blocked[] = [];
  const block = (text: GoalText, reason: Blocked['reason'], message: string, node = -1) =>
    blocked.push({
      goal: goalText(text),
      leaf: text.symbol,
      needed: goalText(text),
      reason,
      chain: [{ symbol: text.symbol, text: message, ...(node < 0 ? {} : { span: nodeSpan(tree, node) }) }],
    });
  for (const text of wanted) {
    const goal = readGoal(tree, text);
    if (!('kind' in goal)) {
      const other = goals.find((one) => one.id === goal.id);
      if (other && !agree(tree, goal, other)) block(text, 'goal', `the goal ${goalText(other)} requires the opposite`);
      else if (!other) goals.push(goal);
      else if (other.atLeast) goals[goals.indexOf(other)] = goal;
    } else if (goal.kind === 'type') block(text, 'type', goal.message, tree.symbols.firstNode[goal.id] as number);
    // What does not exist is off.
    else if (text.value !== 'n') {
      const near = suggest(text.symbol, tree.byName.keys());
      const hint = near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
      block(text, 'undefined', `${text.symbol} is not defined in this tree for this architecture${hint}`);
    }
  }
  return { goals, blocked };
}

function agree(tree: KconfigTree, a: Goal, b: Goal): boolean {
  if (a.tristate === undefined || b.tristate === undefined) return a.value === b.value;
  const values = (goal: Goal) => (goal.atLeast ? [1, 2] : [goal.tristate as number]);
  return (
    values(a).some((value) => values(b).includes(value)) &&
    requirementsOf(a, tree.symbols.type[a.id] as number).length > 0
  );
}

/** Reads base and lines as one text, which is what the user will do with them. */
function replay(
  tree: KconfigTree,
  base: string,
  goals: readonly Goal[],
  lines: Lines,
): { lines: string[]; text: string; config: Configuration } | undefined {
  const sorted = [...lines].sort(([a], [b]) => (symbolText(tree, a) < symbolText(tree, b) ? -1 : 1));
  const written = sorted.map(([symbol, value]) => fragmentLine(tree, symbol, value));
  const config = new Configuration(tree);
  const { text } = makeConfig(tree, 'olddefconfig', withLines(base, written), {}, config);
  const holds =
    goals.every((goal) => meetsGoal(config, goal)) && sorted.every(([s, value]) => config.value(s) === value);
  return holds ? { lines: written, text, config } : undefined;
}

/** A base with a fragment behind it: the last assignment wins. */
export function withLines(base: string, lines: readonly string[]): string {
  return `${base}${base === '' || base.endsWith('\n') ? '' : '\n'}${lines.map((line) => `${line}\n`).join('')}`;
}

function explainBreaking(
  problem: Problem,
  goals: readonly Goal[],
  { lines, symbols }: { lines: Lines; symbols: readonly SymbolId[] },
): Blocked[] {
  const { tree } = problem;
  const config = problem.trial.apply(lines);
  config.computeAll();
  const first = symbols[0] as SymbolId;
  const asked = [...lines].map(([symbol, value]) => `${symbolText(tree, symbol)}=${value}`).join(', ');
  const isUnmet = (config.reverse[first] as number) > (config.direct[first] as number);
  const shown = symbols.slice(0, 8);
  const harm = (symbol: SymbolId) =>
    (config.reverse[symbol] as number) > (config.direct[symbol] as number)
      ? `but selects ${symbolText(tree, symbol)} against its dependencies`
      : `but changes ${symbolText(tree, symbol)}, which the base configuration sets; --allow-change permits the change`;
  const breaking: Blocked = {
    goal: goals.map(goalText).join(' '),
    leaf: symbolText(tree, first),
    needed: `${symbolText(tree, first)}=${isUnmet ? 'n' : config.value(first)}`,
    reason: isUnmet ? 'unmet' : 'base',
    chain: [
      { symbol: symbolText(tree, first), text: `${asked} would reach the goals` },
      ...shown.map((symbol) => ({
        symbol: symbolText(tree, symbol),
        text: harm(symbol),
        span: nodeSpan(tree, tree.symbols.firstNode[symbol] as number),
      })),
    ],
  };
  if (!isUnmet) return [breaking];
  // Why the way without the select is closed says more than that the select is refused.
  const costs = new Costs(problem, false);
  const closed = goals.filter((goal) => goalNeeds(problem, goal).some((need) => !Number.isFinite(costs.least(need))));
  return closed.length > 0 ? closed.map((goal) => explainImpossible(problem, costs, goal)) : [breaking];
}

function gaveUp(goal: Goal, evaluations: number): Blocked {
  return {
    goal: goalText(goal),
    leaf: goal.symbol,
    needed: goalText(goal),
    reason: 'gave-up',
    chain: [
      {
        symbol: goal.symbol,
        text: `none of ${evaluations} configurations reaches all goals; whether another one does is unknown`,
      },
    ],
  };
}

/** Every symbol whose line changes, with what changed it. */
function compare(problem: Problem, config: Configuration, lines: Lines): Change[] {
  const { tree, baseTristate, baseText, baseWritten } = problem;
  const changes: Change[] = [];
  config.computeAll();
  for (const symbol of tree.order) {
    if (config.isChoice(symbol)) continue;
    const isText = (tree.symbols.type[symbol] as number) > 2;
    const before = isText ? (baseText[symbol] as string) : ('nmy'[baseTristate[symbol] as number] as string);
    const from = baseWritten[symbol] === 1 ? before : null;
    const to = config.written[symbol] === 1 ? config.spelt(symbol) : null;
    if (from === to) continue;
    const why = lines.has(symbol) ? 'requested' : whyChanged(config, symbol, to);
    changes.push({ symbol: symbolText(tree, symbol), from, to, why });
  }
  return changes.sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
}

function whyChanged(config: Configuration, symbol: SymbolId, to: string | null): string {
  if (to === null) return 'its dependencies are no longer met';
  const origin: Origin = originOf(config, symbol);
  if (to === 'n' && origin.kind === 'none') return 'can be set now, and stays off';
  return originText(config.tree, origin);
}
