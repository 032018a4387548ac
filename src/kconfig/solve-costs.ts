/**
 * How many lines a requirement takes at least and at most, as far as one can tell without trying: every way counts its
 * line and its needs, and nothing that is asked for undoes anything else. What has no way even so is impossible, which
 * is a proof; what has one is a guess that directs the search.
 */

import type { SymbolId } from './expression.js';
import { isMet, type Requirement } from './solve-goal.js';
import type { Need, Problem, Way } from './solve-ways.js';

/** A way around a prompt costs more than any number of lines. */
export const DETOUR = 1000;

interface Cell {
  readonly symbol: SymbolId;
  readonly requirement: Requirement;
  readonly ways: readonly Way[];
  /** Lower bound: of needs that must all hold the dearest counts. */
  least: number;
  /** Upper guess: needs that must all hold add up, however much they share. */
  sum: number;
}

export class Costs {
  readonly #problem: Problem;
  readonly #cells = new Map<number, Cell>();

  readonly #detour: number;

  /** @param withDetours whether ways around a prompt count at all */
  constructor(problem: Problem, withDetours = true) {
    this.#problem = problem;
    this.#detour = withDetours ? DETOUR : Number.POSITIVE_INFINITY;
  }

  /** The lower bound of lines for a need that the base does not meet; Infinity when nothing can meet it. */
  least(need: Need): number {
    this.#prepare(need);
    return this.#needCost(need, 'least');
  }

  sum(need: Need): number {
    this.#prepare(need);
    return this.#needCost(need, 'sum');
  }

  wayCost(way: Way, measure: 'least' | 'sum'): number {
    for (const need of way.needs) this.#prepare(need);
    return this.#wayCost(way, measure);
  }

  #wayCost(way: Way, measure: 'least' | 'sum'): number {
    if (way.refused) return Number.POSITIVE_INFINITY;
    let cost = 0;
    for (const need of way.needs) {
      const one = this.#needCost(need, measure);
      cost = measure === 'sum' ? cost + one : Math.max(cost, one);
    }
    return cost + (way.line ? 1 : 0) + (way.isDetour ? this.#detour : 0);
  }

  #needCost(need: Need, measure: 'least' | 'sum'): number {
    const problem = this.#problem;
    if (need.kind === 'symbol') {
      if (problem.isMetInBase(need.symbol, need.requirement)) return 0;
      return this.#cells.get(need.symbol * 4 + need.requirement)?.[measure] ?? Number.POSITIVE_INFINITY;
    }
    if (need.kind === 'text') {
      if (need.accepts(problem.baseText[need.symbol] as string)) return 0;
      let cost = Number.POSITIVE_INFINITY;
      for (const way of problem.textWays(need)) cost = Math.min(cost, this.#wayCost(way, measure));
      return cost;
    }
    const unfolded = problem.unfold(need);
    if (!unfolded) return 0;
    let cost = unfolded.join === 'all' ? 0 : Number.POSITIVE_INFINITY;
    for (const part of unfolded.parts) {
      const one = this.#needCost(part, measure);
      if (unfolded.join === 'any') cost = Math.min(cost, one);
      else cost = measure === 'sum' ? cost + one : Math.max(cost, one);
      if (unfolded.join === 'any' ? cost === 0 : cost === Number.POSITIVE_INFINITY) break;
    }
    return cost;
  }

  /** Makes the cells of everything the need can lead to, and brings their costs to rest. */
  #prepare(need: Need): void {
    const fresh: Cell[] = [];
    const pending: Need[] = [need];
    const problem = this.#problem;
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next.kind === 'text') {
        for (const way of problem.textWays(next)) pending.push(...way.needs);
        continue;
      }
      if (next.kind !== 'symbol') {
        for (const part of problem.unfold(next)?.parts ?? []) pending.push(part);
        continue;
      }
      const { symbol, requirement } = next;
      const key = symbol * 4 + requirement;
      if (this.#cells.has(key) || problem.isMetInBase(symbol, requirement)) continue;
      const ways = problem.ways(symbol, requirement);
      const cell = { symbol, requirement, ways, least: Number.POSITIVE_INFINITY, sum: Number.POSITIVE_INFINITY };
      this.#cells.set(key, cell);
      fresh.push(cell);
      for (const way of ways) if (!way.refused) pending.push(...way.needs);
    }
    // Discovered from the goal outwards, so the far end first.
    fresh.reverse();
    for (let isMoving = fresh.length > 0; isMoving; ) {
      isMoving = false;
      for (const cell of fresh)
        for (const way of cell.ways) {
          const least = this.#wayCost(way, 'least');
          const sum = this.#wayCost(way, 'sum');
          if (least < cell.least) {
            cell.least = least;
            isMoving = true;
          }
          if (sum < cell.sum) {
            cell.sum = sum;
            isMoving = true;
          }
        }
    }
  }
}

/** Whether a need is met by the values of the trial at hand. */
export function isNeedMet(problem: Problem, need: Need): boolean {
  const { config } = problem.trial;
  switch (need.kind) {
    case 'symbol':
      return isMet(config.tristate(need.symbol), need.requirement);
    case 'expression':
      return isMet(config.evaluate(need.expression), need.requirement);
    case 'both':
      return isMet(Math.min(config.evaluate(need.a), config.evaluate(need.b)), need.requirement);
    default:
      return need.accepts(config.value(need.symbol));
  }
}
