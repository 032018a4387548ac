/** What a kernel source tree says, as a value that can be written as a description. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { ASKED_SIZE, ASKED_SYMBOLS } from '../facts/asked-symbols.js';
import { makeConfig, parseGoal, Solver, symbolOfLine } from '../kconfig/index.js';
import type { KernelKnowledge, KnownClosure, SymbolValue } from '../knowledge/index.js';
import { symbolsNeeded } from '../knowledge/lookup.js';
import type { Context } from './context.js';
import { type Base, defaultDefconfig, type OpenTree } from './kernel-tree.js';
import { treeKnowledge, valuesOf } from './knowledge.js';

export interface TreeReading {
  readonly knowledge: KernelKnowledge;
  /** Of the files that were read. */
  readonly source: { readonly sha256: string; readonly files: number };
  /** Values of the configuration, where one is given. */
  readonly value?: SymbolValue;
}

export interface ReadingOptions {
  /** The tree as the user named it. */
  readonly shown: string;
  /** The configuration that the kernel is built with. */
  readonly base: Base | undefined;
  /** Whether closures are wanted: solving for them takes a second. */
  readonly isWritten: boolean;
  /** Default: the names of directory and configuration. */
  readonly origin?: string;
}

/** @throws {@link Refusal} for a tree from before the heaps */
export async function readTree(
  context: Context,
  open: OpenTree,
  { shown, base, isWritten, origin }: ReadingOptions,
): Promise<TreeReading> {
  const config = base === undefined ? undefined : makeConfig(open.tree, 'olddefconfig', base.text).text;
  const { knowledge, files } = await context.during(`reading the heaps of ${shown}`, async () =>
    treeKnowledge(open.directory, shown, {
      kconfigFiles: [...open.tree.files],
      arch: open.sourceArch,
      everyFile: true,
      origin: [origin ?? path.basename(open.directory), ...(base === undefined ? [] : [path.basename(base.name)])].join(
        ', ',
      ),
    }),
  );
  const hash = createHash('sha256');
  for (const [file, contents] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${file}\n${contents.length}\n`).update(contents, 'latin1');
  return {
    knowledge: { ...knowledge, closures: isWritten ? closuresOf(open, knowledge, base?.text) : [] },
    source: { sha256: hash.digest('hex'), files: files.size },
    ...(config === undefined ? {} : { value: valuesOf(config) }),
  };
}

/** Lines that reach what profiles can ask for, from the configuration given, else from defconfig and allnoconfig. */
function closuresOf(open: OpenTree, knowledge: KernelKnowledge, config: string | undefined): KnownClosure[] {
  const bases =
    config === undefined ? [defaultDefconfig(open)?.text ?? '', makeConfig(open.tree, 'allnoconfig').text] : [config];
  const solvers = bases.map((text) => new Solver(open.tree, text));
  const heaps = knowledge.inventory.heaps.flatMap(symbolsNeeded);
  const symbols = [...new Set([...ASKED_SYMBOLS, ASKED_SIZE, ...heaps])]
    .filter((symbol) => open.tree.byName.has(symbol))
    .sort();
  return symbols.flatMap((symbol): KnownClosure[] => {
    const goal = parseGoal(symbol === ASKED_SIZE ? `${ASKED_SIZE}=64` : `${symbol}>=m`);
    if (goal === undefined) return [];
    const solved = solvers.map((solver) => solver.solve([goal]));
    if (solved.some(({ blocked }) => blocked.length > 0)) return [];
    return [
      {
        symbol,
        needs: [...new Set(solved.flatMap(({ lines }) => lines))]
          .filter((line) => symbolOfLine(line) !== symbol)
          .sort(),
      },
    ];
  });
}
