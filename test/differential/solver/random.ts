/** Symbols drawn from those that allyesconfig has on, each asked for on top of the defconfig, judged by conf. */
import {
  type Blocked,
  blockedText,
  type GoalText,
  linkText,
  type Solution,
  Solver,
  withLines,
} from '../../../src/kconfig/index.js';
import { randomFrom } from '../kconfig/mutate.js';
import { type JudgedTree, valuesOf } from './judged.js';

export interface Tally {
  readonly asked: number;
  /** The defconfig has it already. */
  already: number;
  solved: number;
  /** Solved with --allow-change only, because the base has decided what the symbol rules out. */
  freed: string[];
  /** Answers that conf refutes. */
  refuted: string[];
  /** Refusals whose leaf an allyesconfig or allmodconfig bears out. */
  blocked: string[];
  /** Refusals whose leaf they contradict. */
  wrongLeaf: string[];
  gaveUp: string[];
  /** Answers of which conf reaches the goal without one of the lines. */
  needless: string[];
  notProven: number;
  /** What came of asking for all solved symbols at once, and what conf objects to it. */
  together: { readonly text: string; readonly objections: readonly string[] };
  mostLines: number;
  milliseconds: number[];
}

/** Symbols of which each line is left out in turn; conf is asked once per line. */
const NEEDLESS_SAMPLE = 50;

export async function askRandomly(judged: JudgedTree, count: number, seed: number): Promise<Tally> {
  const everything = [
    valuesOf(await judged.conf('allyesconfig')),
    valuesOf(await judged.conf('allmodconfig')),
  ] as const;
  const [allYes] = everything;
  const names = [...allYes].filter(([, value]) => value === 'y' || value === 'm').map(([name]) => name);
  const targets = draw(names.sort(), count, seed);
  const base = await judged.defconfig();
  const solver = new Solver(judged.tree, base);
  const tally: Tally = {
    asked: targets.length,
    already: 0,
    solved: 0,
    freed: [],
    refuted: [],
    blocked: [],
    wrongLeaf: [],
    gaveUp: [],
    needless: [],
    notProven: 0,
    together: { text: '', objections: [] },
    mostLines: 0,
    milliseconds: [],
  };
  const solved: GoalText[] = [];
  for (const [index, symbol] of targets.entries()) {
    const value = allYes.get(symbol) as string;
    const started = performance.now();
    const solution = solver.solve([{ symbol, value }]);
    tally.milliseconds.push(performance.now() - started);
    const first = solution.blocked[0];
    if (first === undefined) {
      await judgeSolved(judged, base, symbol, solution, tally);
      solved.push({ symbol, value });
      if (index < NEEDLESS_SAMPLE) tally.needless.push(...(await needlessLines(judged, base, symbol, value, solution)));
    } else if (first.reason === 'gave-up') tally.gaveUp.push(symbol);
    else {
      const text = `${symbol}=${value}: ${first.needed} (${first.reason})`;
      const objection = await leafObjection(judged, base, solver, symbol, value, first, everything);
      if (objection === undefined) (first.reason === 'base' ? tally.freed : tally.blocked).push(text);
      else tally.wrongLeaf.push(`${text}: ${objection}\n        ${first.chain.map(linkText).join('\n        ')}`);
    }
  }
  tally.together = await askTogether(judged, base, solver, solved);
  return tally;
}

/** Lists of goals are solved in another way than single ones. */
async function askTogether(
  judged: JudgedTree,
  base: string,
  solver: Solver,
  goals: readonly GoalText[],
): Promise<Tally['together']> {
  const solution = solver.solve(goals);
  const { blocked, lines, isProvenSmallest } = solution;
  if (blocked.length > 0)
    return { text: `${goals.length} goals: ${blocked.map(blockedText).join('; ')}`, objections: [] };
  return {
    text: `${goals.length} goals by ${lines.length} lines${isProvenSmallest ? '' : ', not proven smallest'}`,
    objections: await judged.objections(base, solution),
  };
}

async function judgeSolved(
  judged: JudgedTree,
  base: string,
  symbol: string,
  solution: Solution,
  tally: Tally,
): Promise<void> {
  const objections = await judged.objections(base, solution);
  if (objections.length > 0) {
    tally.refuted.push(`${symbol} with ${solution.lines.join(' ')}: ${objections.join('; ')}`);
    return;
  }
  tally.solved++;
  if (solution.lines.length === 0) tally.already++;
  if (!solution.isProvenSmallest) tally.notProven++;
  tally.mostLines = Math.max(tally.mostLines, solution.lines.length);
}

async function needlessLines(
  judged: JudgedTree,
  base: string,
  symbol: string,
  value: string,
  { lines }: Solution,
): Promise<string[]> {
  const needless: string[] = [];
  for (const line of lines) {
    const without = lines.filter((one) => one !== line);
    const made = valuesOf(await judged.conf('olddefconfig', withLines(base, without)));
    if (made.get(symbol) === value) needless.push(`${symbol} does without ${line}`);
  }
  return needless;
}

/**
 * Where allyesconfig or allmodconfig has the target, it must have what the leaf says is needed. A leaf that is the
 * base's must also give way with --allow-change, and conf must agree with that answer.
 */
async function leafObjection(
  judged: JudgedTree,
  base: string,
  solver: Solver,
  symbol: string,
  value: string,
  { needed, reason }: Blocked,
  everything: readonly ReadonlyMap<string, string>[],
): Promise<string | undefined> {
  const [, leaf = '', operator = '=', wanted = ''] = /^(\w+)([<>]?=)(.*)$/s.exec(needed) ?? [];
  const rank = (text: string) => 'nmy'.indexOf(text);
  for (const config of everything) {
    if ((config.get(symbol) ?? 'n') !== value) continue;
    const got = config.get(leaf) ?? 'n';
    const holds =
      operator === '=' ? got === wanted : operator === '>=' ? rank(got) >= rank(wanted) : rank(got) <= rank(wanted);
    if (!holds) return `a configuration with ${symbol}=${value} has ${leaf}=${got}`;
  }
  if (reason !== 'base') return undefined;
  const freed = solver.solve([{ symbol, value }], { allowChange: true });
  if (freed.blocked.length > 0) return 'blocked with --allow-change too';
  const objections = await judged.objections(base, freed);
  return objections.length === 0 ? undefined : `with --allow-change: ${objections.join('; ')}`;
}

function draw(names: readonly string[], count: number, seed: number): string[] {
  const random = randomFrom(seed);
  const left = [...names];
  const drawn: string[] = [];
  while (drawn.length < count && left.length > 0) {
    const at = random(left.length);
    drawn.push(left[at] as string);
    left[at] = left.at(-1) as string;
    left.pop();
  }
  return drawn;
}
