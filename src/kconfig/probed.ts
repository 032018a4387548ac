/** What the answers of probes decide: where they were assumed, it is not known for a real toolchain. */
import { NOT, SYMBOL, type SymbolId, YES } from './expression.js';
import { UNKNOWN } from './symbol.js';
import { DEFAULT, IMPLY, type KconfigTree, PROBED, RANGE_PROPERTY, SELECT } from './tree.js';

/** Symbols with a definition that holds the answer of a probe, in the order of the files. */
export function probedSymbols(tree: KconfigTree): SymbolId[] {
  const { flags } = tree.symbols;
  const found: SymbolId[] = [];
  for (let symbol = 0; symbol < flags.length; symbol++)
    if (((flags[symbol] as number) & PROBED) !== 0) found.push(symbol);
  return found;
}

const known = new WeakMap<KconfigTree, Uint8Array>();

/**
 * Symbols whose value may depend on the answer of a probe, through any number of others.
 * @returns by symbol whether it is among them; those of {@link probedSymbols} are
 */
export function probeDependents(tree: KconfigTree): Uint8Array {
  const reached = known.get(tree) ?? dependents(tree, probedSymbols(tree));
  known.set(tree, reached);
  return reached;
}

/** For a tree that was kept with its dependents: a quarter of a warm answer finds them. */
export function rememberDependents(tree: KconfigTree, reached: Uint8Array): void {
  known.set(tree, reached);
}

function dependents(tree: KconfigTree, symbols: readonly SymbolId[]): Uint8Array {
  const reached = new Uint8Array(tree.symbols.name.length);
  for (const symbol of symbols) reached[symbol] = 1;
  const mentions = new Uint8Array(tree.expressions.kind.length);
  const isReached = readerOf(tree, reached, mentions);
  // In the order of the steps nearly all is found at once; what only menus need, and circles, take rounds.
  for (const step of tree.steps)
    if (step < 0) markExpression(tree, ~step, reached, mentions);
    else if (isReached(step)) reached[step] = 1;
  for (let isMore = true; isMore; ) {
    isMore = false;
    // An expression comes after its operands.
    for (let e = 1; e < mentions.length; e++) if (mentions[e] === 0) markExpression(tree, e, reached, mentions);
    for (let symbol = YES + 1; symbol < reached.length; symbol++) {
      if (reached[symbol] === 0 && isReached(symbol)) {
        reached[symbol] = 1;
        isMore = true;
      }
      const group = tree.symbols.choice[symbol] as number;
      if (group >= 0 && reached[symbol] === 1 && reached[group] === 0) {
        reached[group] = 1;
        isMore = true;
      }
    }
  }
  return reached;
}

/** Whether an expression mentions a reached symbol. */
function markExpression(
  { expressions: { kind, left, right } }: KconfigTree,
  e: number,
  reached: Uint8Array,
  mentions: Uint8Array,
): void {
  const of = kind[e] as number;
  const marks = of <= NOT ? mentions : reached;
  let mark = marks[left[e] as number] as number;
  if (of !== NOT && of !== SYMBOL) mark |= marks[right[e] as number] as number;
  mentions[e] = mark;
}

/** Whether a symbol's value may depend on a reached one, by one step. */
function readerOf(
  { symbols, properties }: KconfigTree,
  reached: Uint8Array,
  mentions: Uint8Array,
): (symbol: SymbolId) => boolean {
  const { directDependency, reverseDependency, implied, firstProperty, type, choice } = symbols;
  const { kind, condition, value, next } = properties;
  return (symbol) => {
    if (type[symbol] === UNKNOWN) return false;
    if (
      mentions[directDependency[symbol] as number] === 1 ||
      mentions[reverseDependency[symbol] as number] === 1 ||
      mentions[implied[symbol] as number] === 1
    )
      return true;
    for (let p = firstProperty[symbol] as number; p !== 0; p = next[p] as number) {
      const of = kind[p] as number;
      if (of === SELECT || of === IMPLY) continue;
      if (mentions[condition[p] as number] === 1) return true;
      if ((of === DEFAULT || of === RANGE_PROPERTY) && mentions[value[p] as number] === 1) return true;
    }
    // A choice and its members decide each other.
    const group = choice[symbol] as number;
    return group >= 0 && reached[group] === 1;
  };
}
