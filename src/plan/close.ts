/**
 * The wishes of a plan become lines that hold: with a kernel tree by solving, without one from what is known of the
 * four kernels that were solved beforehand.
 */
import type { Diagnostic } from '../diagnostic/index.js';
import { type Closure, closuresFor } from '../facts/closure.js';
import { formatKernelVersion } from '../facts/index.js';
import {
  blockedText,
  type Change,
  findSymbol,
  type GoalText,
  type KconfigTree,
  linkText,
  makeConfig,
  optionsOf,
  type Solution,
  Solver,
  symbolHasPrompt,
  withLines,
  writeOption,
} from '../kconfig/index.js';
import type { KernelKnowledge } from '../knowledge/index.js';
import { report } from './codes.js';
import type { Plan, SymbolRequest } from './types.js';

export interface ClosedPlan {
  /** The plan whose symbols are the fragment's lines; absent if a goal is blocked. */
  readonly plan?: Plan;
  /** The fragment's lines, sorted by symbol. */
  readonly lines: readonly string[];
  /** Every line of `.config` that changes with the fragment, collateral included. Empty without a tree. */
  readonly delta: readonly Change[];
  /** The final configuration; absent without a tree. */
  readonly config?: string;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Base {
  /** `.config` or defconfig. */
  readonly text: string;
  /** How the user knows it. */
  readonly name: string;
}

/** What a plan asks of a kernel's configuration. */
export function planGoals(plan: Plan): GoalText[] {
  return plan.symbols.map(({ symbol, value, atLeast }) => ({ symbol, value, ...(atLeast ? { atLeast } : {}) }));
}

/**
 * Closes the plan's wishes on a kernel tree.
 * @param title the tree in words, for findings: `6.12 arm64`
 */
export function closeFragment(
  plan: Plan,
  tree: KconfigTree,
  base: Base,
  title: string,
  options: { readonly allowChange?: boolean } = {},
): ClosedPlan {
  const solution = new Solver(tree, base.text).solve(planGoals(plan), options);
  if (solution.blocked.length > 0)
    return {
      lines: [],
      delta: [],
      diagnostics: solution.blocked.map((blocked) => {
        const pointer = [blocked.leaf, blocked.goal.replace(/>?=.*$/s, '')]
          .map((name) => plan.symbols.find(({ symbol }) => symbol === name)?.because.pointer)
          .find((one) => one !== undefined);
        return report('plan/blocked', {
          message:
            blocked.reason === 'gave-up'
              ? `${blockedText(blocked)} on ${title} with ${base.name}`
              : `${blockedText(blocked)} on ${title} with ${base.name}: ${blocked.leaf} prevents it`,
          cause: blocked.chain.map(linkText).join('\n'),
          fix: FIXES[blocked.reason] ?? 'use another base configuration or another kernel',
          ...(pointer === undefined ? {} : { pointer }),
        });
      }),
    };
  const asked = keptRequests(plan, tree, base, solution);
  const symbols = merge(plan.symbols, asked, addedRequests(solution, title, base.name));
  const config = solution.config === undefined ? {} : { config: solution.config };
  return { plan: { ...plan, symbols }, lines: linesOf(symbols), delta: solution.delta, ...config, diagnostics: [] };
}

const FIXES: Readonly<Record<string, string>> = {
  goal: 'two requests of the profile exclude each other: remove one of them',
  base: 'allow the change with --allow-change, or use another base configuration',
  type: 'write "y"',
  undefined: 'use a kernel that has the symbol, or remove it from the profile',
};

/**
 * The plan's own wishes as lines, those left out that no line can express: a symbol that is only selected, or not
 * visible, would be a line the kernel drops. What remains must give the very configuration that was solved.
 */
function keptRequests(plan: Plan, tree: KconfigTree, base: Base, solution: Solution): SymbolRequest[] {
  const needed = optionsOf(solution.lines.join('\n'));
  const final = solution.config ?? '';
  const finalLines = optionsOf(final);
  const candidates = plan.symbols
    .filter(({ symbol }) => !needed.has(symbol) && symbolHasPrompt(tree, findSymbol(tree, symbol) ?? 0))
    .flatMap((request) => {
      const line = finalLines.get(request.symbol);
      return line === undefined
        ? []
        : [{ request: { ...request, value: line.value, atLeast: false }, line: line.text }];
    });
  const holds = (lines: readonly string[]) =>
    makeConfig(tree, 'olddefconfig', withLines(base.text, [...lines, ...solution.lines])).text === final;
  const kept = holds(candidates.map(({ line }) => line)) ? candidates : candidates.filter(({ line }) => holds([line]));
  return kept.map(({ request }) => request);
}

function requestsOf(lines: readonly string[], text: string): SymbolRequest[] {
  return [...optionsOf(lines.join('\n')).values()].map(({ symbol, value, isString }) => ({
    symbol,
    value,
    isString,
    atLeast: false,
    because: { text },
  }));
}

function addedRequests(solution: Solution, title: string, baseName: string): SymbolRequest[] {
  return requestsOf(solution.lines, `other symbols depend on it on ${title} with ${baseName}`);
}

/** One request a symbol: the value that was solved, the reason of the first request. */
function merge(
  wishes: readonly SymbolRequest[],
  asked: readonly SymbolRequest[],
  added: readonly SymbolRequest[],
): SymbolRequest[] {
  const merged = new Map<string, SymbolRequest>();
  for (const request of [...asked, ...added]) {
    const wish = wishes.find(({ symbol }) => symbol === request.symbol);
    if (!merged.has(request.symbol)) merged.set(request.symbol, wish ? { ...request, because: wish.because } : request);
  }
  return [...merged.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
}

function linesOf(symbols: readonly SymbolRequest[]): string[] {
  return symbols.map(({ symbol, value, isString }) => writeOption(symbol, value, isString));
}

/**
 * Adds what the kernels solved beforehand needed for the same wishes, from allnoconfig as well as from defconfig. The
 * user's tree is not read, and the finding reports this.
 */
export function closeFromKnowledge(plan: Plan, knowledge?: KernelKnowledge): ClosedPlan {
  const own = knowledge === undefined || knowledge.closures.length === 0 ? undefined : knowledge;
  const { closures, kernels } =
    own === undefined
      ? closuresFor(plan.board.arch, plan.kernel)
      : { closures: own.closures.map((one) => ({ ...one, kernel: own.version })), kernels: [own.version] };
  const added: SymbolRequest[] = [];
  const unknown: string[] = [];
  for (const { symbol, value } of plan.symbols) {
    if (value === 'n') continue;
    const known = closures.filter((closure) => closure.symbol === symbol);
    if (known.length === 0) unknown.push(symbol);
    for (const closure of known) added.push(...requestsOf(closure.needs, reasonOf(closure)));
  }
  const refused = plan.symbols.flatMap((wish) => {
    const needed = added.find(({ symbol, value }) => symbol === wish.symbol && wish.value === 'n' && value !== 'n');
    if (needed === undefined) return [];
    const { pointer } = wish.because;
    return report('plan/blocked', {
      message: `the profile sets ${wish.symbol} to n, but the board needs ${wish.symbol}=${needed.value}`,
      cause: needed.because.text,
      fix: `remove ${wish.symbol} from the profile`,
      ...(pointer === undefined ? {} : { pointer }),
    });
  });
  if (refused.length > 0) return { lines: [], delta: [], diagnostics: refused };
  const symbols = merge(plan.symbols, plan.symbols, added);
  const shown = own === undefined ? kernels.map(formatKernelVersion).join(', ') : own.origin;
  const message =
    kernels.length === 0
      ? "the fragment may be incomplete: dmaheap has no solution for a kernel near the profile's range"
      : `the fragment is complete for ${shown} ${plan.board.arch} with defconfig and allnoconfig; it is not proven for your tree`;
  const cause = unknown.length === 0 ? {} : { cause: `the dependencies of ${unknown.join(', ')} are not known` };
  return {
    plan: { ...plan, symbols },
    lines: linesOf(symbols),
    delta: [],
    diagnostics: [
      report('plan/not-proven', { message, ...cause, fix: 'give --kernel-tree and --base-config to prove every line' }),
    ],
  };
}

function reasonOf({ symbol, kernel }: Closure): string {
  return `${symbol} depends on it on ${formatKernelVersion(kernel)}`;
}
