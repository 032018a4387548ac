/**
 * Change one user value and recompute only what it reaches: symbols are visited in the order of their dependencies,
 * and a symbol whose value stays the same stops the wave. The result is what loading the changed configuration
 * afresh would give.
 */
import { defaultOrder, groupOf } from './choice.js';
import { noteMember, type ReadOptions, readConfig, setFromText } from './config-read.js';
import { Configuration } from './evaluate.js';
import { type Expression, forEachSymbol, type SymbolId } from './expression.js';
import { forgetOutOfRange } from './modes.js';
import { UNKNOWN } from './symbol.js';
import { DEFAULT, IMPLY, type KconfigTree, RANGE_PROPERTY, SELECT } from './tree.js';

/** A user value as it was before a change, for {@link WhatIf.restore}. */
export interface UserValue {
  readonly symbol: SymbolId;
  readonly isSet: boolean;
  readonly tristate: number;
  readonly text: string | undefined;
  readonly turn: number;
}

export class WhatIf {
  readonly config: Configuration;
  readonly #graph: Graph;
  readonly #dirty: Uint8Array;
  readonly #heap: SymbolId[] = [];
  /** When each user value was given; among the members of a choice the latest counts. */
  readonly #turn: Float64Array;
  #turns = 0;

  /** Loads a configuration and computes everything once. */
  constructor(tree: KconfigTree, text: string, options: ReadOptions = {}) {
    this.config = new Configuration(tree);
    this.#graph = graphOf(tree);
    const count = tree.symbols.name.length;
    this.#dirty = new Uint8Array(count);
    this.#turn = new Float64Array(count);
    this.load(text, options);
  }

  /** Starts over from another configuration. */
  load(text: string, options: ReadOptions = {}): void {
    const { config } = this;
    this.#turn.fill(0);
    readConfig(config, text, { ...options, assigned: (symbol) => this.#note(symbol) });
    config.computeAll();
    if (config.tree.dialect.forgetsOutOfRange) forgetOutOfRange(config);
    config.computeAll();
  }

  #note(symbol: SymbolId): void {
    this.#turn[symbol] = ++this.#turns;
  }

  /** What the user has given for a symbol. */
  userValue(symbol: SymbolId): UserValue {
    const { config } = this;
    return {
      symbol,
      isSet: config.userSet[symbol] === 1 && !config.inherited.includes(symbol),
      tristate: config.userTristate[symbol] as number,
      text: config.userText[symbol],
      turn: this.#turn[symbol] as number,
    };
  }

  /**
   * Gives a symbol a user value, as a `.config` line at the end would. Takes effect with {@link update}.
   * @param value the right side of the line; a string in double quotes
   * @returns why the value does not fit the symbol's type; undefined when it does
   */
  set(symbol: SymbolId, value: string): string | undefined {
    const problem = setFromText(this.config, symbol, value);
    if (problem !== undefined) return problem;
    this.#note(symbol);
    this.#push(symbol);
    return undefined;
  }

  /** Takes back the user value of a symbol. Takes effect with {@link update}. */
  unset(symbol: SymbolId): void {
    const { config } = this;
    config.userSet[symbol] = 0;
    config.userTristate[symbol] = 0;
    config.userText[symbol] = undefined;
    this.#push(symbol);
  }

  /** Gives back what {@link userValue} returned. Takes effect with {@link update}. */
  restore(value: UserValue): void {
    const { config } = this;
    config.userSet[value.symbol] = value.isSet ? 1 : 0;
    config.userTristate[value.symbol] = value.tristate;
    config.userText[value.symbol] = value.text;
    this.#turn[value.symbol] = value.turn;
    this.#push(value.symbol);
  }

  /** Recomputes what the changes reach. @returns the symbols whose value is another now */
  update(): SymbolId[] {
    const { config } = this;
    const { tree } = config;
    const changed: SymbolId[] = [];
    config.invalidateExpressions();
    const modules = config.modulesValue;
    for (let unit = this.#pop(); unit >= 0; unit = this.#pop()) {
      this.#recompute(unit, changed);
      if (config.modulesValue !== modules) return this.#recomputeAll(changed);
    }
    if (tree.dialect.forgetsOutOfRange && forgetOutOfRange(config)) config.computeAll();
    return changed;
  }

  #recompute(unit: SymbolId, changed: SymbolId[]): void {
    const { config } = this;
    const group = this.#graph.groups.get(unit);
    const symbols = group ?? [unit];
    const before = symbols.map((symbol) => config.spelt(symbol));
    for (const symbol of symbols) {
      config.valid[symbol] = 0;
      const inherited = config.inherited.indexOf(symbol);
      if (inherited >= 0) {
        config.inherited.splice(inherited, 1);
        config.userSet[symbol] = 0;
      }
      if (group) config.visible[symbol] = 0;
    }
    if (group) this.#replayChoice(unit);
    for (const symbol of symbols) config.compute(symbol);
    for (let i = 0; i < symbols.length; i++) {
      const symbol = symbols[i] as number;
      if (config.spelt(symbol) === before[i]) continue;
      changed.push(symbol);
      this.#pushDependents(symbol);
    }
  }

  /** Without modules every tristate is a bool: nothing is as it was. */
  #recomputeAll(changed: SymbolId[]): SymbolId[] {
    const { config } = this;
    for (let unit = this.#pop(); unit >= 0; unit = this.#pop());
    const count = config.tree.symbols.name.length;
    const before = Array.from({ length: count }, (_, symbol) => config.spelt(symbol));
    const known = new Set(changed);
    for (const choice of this.#graph.groups.keys()) this.#replayChoice(choice);
    for (const symbol of config.inherited.splice(0)) config.userSet[symbol] = 0;
    config.visible.fill(0);
    config.invalidate();
    config.computeAll();
    for (let symbol = 3; symbol < count; symbol++)
      if (config.spelt(symbol) !== before[symbol] && !known.has(symbol)) changed.push(symbol);
    return changed;
  }

  /** Tells a choice anew, in order, what the user gave to its members. */
  #replayChoice(choice: SymbolId): void {
    const { config } = this;
    const group = groupOf(config, choice);
    if (!group) return;
    defaultOrder(config, group);
    if (config.tree.dialect.choices === 'symbol') {
      config.userSet[choice] = 1;
      config.userTristate[choice] = 0;
      group.userMember = -1;
    }
    const given = group.members.filter((member) => config.userSet[member] === 1 && !config.inherited.includes(member));
    given.sort((a, b) => (this.#turn[a] as number) - (this.#turn[b] as number));
    for (const member of given) noteMember(config, member);
  }

  #pushDependents(symbol: SymbolId): void {
    const { start, units } = this.#graph;
    for (let i = start[symbol] as number; i < (start[symbol + 1] as number); i++) this.#push(units[i] as number);
  }

  /** Adds the unit of a symbol to the heap, which yields the least rank first. */
  #push(symbol: SymbolId): void {
    const { rank, unitOf } = this.#graph;
    const unit = unitOf[symbol] as number;
    if (this.#dirty[unit] === 1) return;
    this.#dirty[unit] = 1;
    const heap = this.#heap;
    let at = heap.push(unit) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((rank[heap[parent] as number] as number) <= (rank[unit] as number)) break;
      heap[at] = heap[parent] as number;
      at = parent;
    }
    heap[at] = unit;
  }

  #pop(): SymbolId {
    const { rank } = this.#graph;
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined) return -1;
    this.#dirty[top] = 0;
    const last = heap.pop() as number;
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && (rank[heap[right] as number] as number) < (rank[heap[child] as number] as number))
        child = right;
      if ((rank[last] as number) <= (rank[heap[child] as number] as number)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

/** Who needs whom. A choice and everything in it are one unit, named by the choice's symbol. */
interface Graph {
  readonly unitOf: Int32Array;
  readonly groups: ReadonlyMap<SymbolId, readonly SymbolId[]>;
  /** Units that read symbol s: `units[start[s]]` to `units[start[s + 1] - 1]`. */
  readonly start: Int32Array;
  readonly units: Int32Array;
  /** Every unit comes after all it needs. */
  readonly rank: Int32Array;
}

const graphs = new WeakMap<KconfigTree, Graph>();

function graphOf(tree: KconfigTree): Graph {
  const known = graphs.get(tree);
  if (known) return known;
  const graph = buildGraph(tree);
  graphs.set(tree, graph);
  return graph;
}

/** Calls `visit` with every symbol whose value the computation of one symbol may read. */
export function forEachInput(tree: KconfigTree, symbol: SymbolId, visit: (input: SymbolId) => void): void {
  const { symbols, properties, expressions } = tree;
  const add = (e: Expression) => forEachSymbol(expressions, e, visit);
  add(symbols.directDependency[symbol] as number);
  add(symbols.reverseDependency[symbol] as number);
  add(symbols.implied[symbol] as number);
  for (let p = symbols.firstProperty[symbol] as number; p !== 0; p = properties.next[p] as number) {
    const kind = properties.kind[p] as number;
    if (kind === SELECT || kind === IMPLY) continue;
    add(properties.condition[p] as number);
    if (kind === DEFAULT || kind === RANGE_PROPERTY) add(properties.value[p] as number);
  }
}

function buildGraph(tree: KconfigTree): Graph {
  const count = tree.symbols.name.length;
  const unitOf = Int32Array.from({ length: count }, (_, symbol) => symbol);
  const groups = new Map<SymbolId, SymbolId[]>();
  const { groups: states } = new Configuration(tree).choiceState;
  for (const { choice, members, entries } of states) {
    const all = [...new Set([choice, ...members, ...entries])];
    groups.set(choice, all);
    for (const symbol of all) unitOf[symbol] = choice;
  }
  const from: SymbolId[] = [];
  const to: SymbolId[] = [];
  const lastReader = new Int32Array(count).fill(-1);
  const needs = new Int32Array(count);
  for (let symbol = 3; symbol < count; symbol++) {
    if (tree.symbols.type[symbol] === UNKNOWN) continue;
    const unit = unitOf[symbol] as number;
    forEachInput(tree, symbol, (input) => {
      if (input < 3 || unitOf[input] === unit || lastReader[input] === unit) return;
      lastReader[input] = unit;
      from.push(input);
      to.push(unit);
      needs[unit] = (needs[unit] as number) + 1;
    });
  }
  const start = new Int32Array(count + 1);
  for (const input of from) start[input + 1] = (start[input + 1] as number) + 1;
  for (let s = 0; s < count; s++) start[s + 1] = (start[s + 1] as number) + (start[s] as number);
  const units = new Int32Array(from.length);
  const filled = start.slice();
  from.forEach((input, i) => {
    units[filled[input] as number] = to[i] as number;
    filled[input] = (filled[input] as number) + 1;
  });
  return { unitOf, groups, start, units, rank: rankUnits(unitOf, groups, start, units, needs) };
}

function rankUnits(
  unitOf: Int32Array,
  groups: ReadonlyMap<SymbolId, readonly SymbolId[]>,
  start: Int32Array,
  units: Int32Array,
  needs: Int32Array,
): Int32Array {
  // What stays in a circle (ranges may, conf does not check them) keeps the last rank.
  const rank = new Int32Array(unitOf.length).fill(unitOf.length);
  const ready: SymbolId[] = [];
  for (let s = 0; s < unitOf.length; s++) if (unitOf[s] === s && needs[s] === 0) ready.push(s);
  for (let at = 0; at < ready.length; at++) {
    const unit = ready[at] as number;
    rank[unit] = at;
    for (const symbol of groups.get(unit) ?? [unit])
      for (let i = start[symbol] as number; i < (start[symbol + 1] as number); i++) {
        const reader = units[i] as number;
        needs[reader] = (needs[reader] as number) - 1;
        if (needs[reader] === 0) ready.push(reader);
      }
  }
  return rank;
}
