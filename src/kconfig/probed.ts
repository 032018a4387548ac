/** What the answers of probes decide: where they were assumed, it is not known for a real toolchain. */
import { type SymbolId, YES } from './expression.js';
import { UNKNOWN } from './symbol.js';
import { type KconfigTree, PROBED } from './tree.js';
import { forEachInput } from './what-if.js';

/** Symbols with a definition that holds the answer of a probe, in the order of the files. */
export function probedSymbols(tree: KconfigTree): SymbolId[] {
  const { flags } = tree.symbols;
  return [...flags.keys()].filter((symbol) => ((flags[symbol] as number) & PROBED) !== 0);
}

/**
 * Symbols whose value may depend on one of these, through any number of others.
 * @returns by symbol whether it is among them; the given ones are
 */
export function dependents(tree: KconfigTree, symbols: readonly SymbolId[]): Uint8Array {
  const count = tree.symbols.name.length;
  const readers: SymbolId[][] = Array.from({ length: count }, () => []);
  for (let symbol = YES + 1; symbol < count; symbol++) {
    if (tree.symbols.type[symbol] === UNKNOWN) continue;
    forEachInput(tree, symbol, (input) => readers[input]?.push(symbol));
    // A choice and its members decide each other.
    const choice = tree.symbols.choice[symbol] as number;
    if (choice >= 0) {
      readers[choice]?.push(symbol);
      readers[symbol]?.push(choice);
    }
  }
  const reached = new Uint8Array(count);
  const pending = [...symbols];
  for (let symbol = pending.pop(); symbol !== undefined; symbol = pending.pop()) {
    if (reached[symbol] === 1) continue;
    reached[symbol] = 1;
    pending.push(...(readers[symbol] as SymbolId[]));
  }
  return reached;
}
