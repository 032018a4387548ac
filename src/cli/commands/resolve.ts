/** dmaheap resolve: the smallest fragment that a configuration needs to reach its goals, or what prevents it. */
import { existsSync } from 'node:fs';
import {
  blockedText,
  type Change,
  type GoalText,
  goalText,
  linkText,
  oversizedNumbers,
  parseGoal,
  type Solution,
  Solver,
} from '../../kconfig/index.js';
import { planGoals } from '../../plan/close.js';
import type { Plan } from '../../plan/index.js';
import { confirmByConf } from '../confirm.js';
import type { Context } from '../context.js';
import { declare, flag, text } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import {
  type KernelTreeOptions,
  noteAssumptions,
  openKernelTree,
  readBase,
  requireTree,
  treeTitle,
} from '../kernel-tree.js';
import { KERNEL_TREE } from '../options.js';
import { requirePlan } from '../profile.js';
import { Refusal } from '../refusal.js';
import { archOfBoard, holdTree } from '../release.js';
import { writeOutput } from '../write-file.js';

export const command = declare({
  name: 'resolve',
  about: 'find the smallest fragment that reaches the goals on a kernel tree, or show what prevents it',
  arguments: [['<goals...>', 'a profile, or SYMBOL=y, SYMBOL>=m, SYMBOL=256, SYMBOL=n']],
  profile: ([goals]) => ((goals as readonly string[]).length === 1 ? (goals as readonly string[])[0] : undefined),
  options: {
    ...KERNEL_TREE,
    output: text('-o, --output <file>', 'write the fragment'),
    allowChange: flag('--allow-change', 'permit lines that change what the base configuration sets'),
    confirm: flag('--confirm', "confirm the answer with the tree's own conf, which is built and run"),
  },
  examples: [
    'resolve DMABUF_HEAPS_CMA=y CMA_SIZE_MBYTES=256 --kernel-tree linux-6.12 --arch arm64 --base-config .config',
  ],
  run: resolve,
});

interface ResolveOptions extends Partial<KernelTreeOptions> {
  readonly baseConfig?: string;
  readonly output?: string;
  readonly allowChange: boolean;
  readonly confirm: boolean;
}

interface Asked {
  readonly goals: readonly GoalText[];
  readonly plan?: Plan;
}

/**
 * Goals on the command line, or a profile's.
 * @throws {@link Refusal}
 */
function readAsked(context: Context, words: readonly string[]): Asked {
  const goals = words.map(parseGoal);
  if (goals.every((goal) => goal !== undefined)) return { goals };
  const [word = ''] = words;
  const isSymbol = /^[A-Z][A-Z0-9_]*$/.test(word) && !existsSync(context.resolve(word));
  const isOneFile = words.length === 1 && !word.includes('=') && !isSymbol;
  if (!isOneFile) {
    const wrong = words.find((_, i) => goals[i] === undefined);
    throw new Refusal(
      `"${wrong}" is not a goal`,
      EXIT.usage,
      isSymbol
        ? `write ${word}=y, ${word}>=m or ${word}=n`
        : 'write goals as SYMBOL=y, SYMBOL>=m, SYMBOL=256, SYMBOL=n, or give one profile',
    );
  }
  const { plan, diagnostics, sources } = requirePlan(context, word);
  context.findings(diagnostics, sources);
  return { goals: planGoals(plan), plan };
}

/** The fragment as a file: where it holds, then its lines. */
export function fragmentText(solution: Solution, about: readonly string[]): string {
  return [...about.map((line) => `# ${line}`), ...solution.lines].map((line) => `${line}\n`).join('');
}

/** What a program reads; diagnostics of the tree are not part of it. */
export function solutionJson(solution: Solution) {
  return {
    goals: solution.goals.map(goalText),
    lines: solution.lines,
    delta: solution.delta,
    blocked: solution.blocked.map(({ goal, leaf, needed, reason, chain }) => ({
      goal,
      leaf,
      needed,
      reason,
      chain: chain.map(linkText),
    })),
    smallest: solution.isProvenSmallest,
  };
}

async function resolve(context: Context, words: readonly string[], options: ResolveOptions): Promise<Exit> {
  const asked = readAsked(context, words);
  const { plan } = asked;
  const arch = plan === undefined ? options.arch : archOfBoard(options.arch, plan.board.arch);
  const needed = requireTree(context, ['resolve', ...words], {
    ...options,
    ...(arch === undefined ? {} : { arch }),
  });
  const open = await openKernelTree(context, { ...options, ...needed });
  const base = readBase(context, open, options.baseConfig);
  if (plan !== undefined && context.options.format === 'human')
    context.findings(holdTree(context, needed.kernelTree, plan.kernel));
  const oversized = oversizedNumbers(open.tree, asked.goals);
  // The shape that programs read has no findings.
  if (context.options.format === 'human') context.findings(oversized);
  else for (const { message, fix } of oversized) context.complain(message, fix);
  const { allowChange } = options;
  const solution = await context.during('searching for the smallest fragment', () =>
    new Solver(open.tree, base.text).solve(asked.goals, { allowChange }),
  );
  const assumptions = noteAssumptions(context, open, [...solution.goals, ...solution.delta]);

  let refuted: readonly string[] = [];
  if (options.confirm && solution.blocked.length === 0) {
    const verdict = await confirmByConf(context, open, base.text, solution);
    if ('error' in verdict) throw new Refusal(`--confirm: ${verdict.error}`, EXIT.environment);
    refuted = verdict.refuted;
    if (refuted.length === 0) context.note(`confirmed by the conf of ${treeTitle(open)}`);
  }
  const isGood = solution.blocked.length === 0 && refuted.length === 0;
  if (options.output !== undefined && isGood) {
    const about = [`${asked.goals.map(goalText).join(' ')}`, `on ${treeTitle(open)}, base ${base.name}`];
    writeOutput(context, options.output, fragmentText(solution, about));
    context.note(`wrote ${options.output}`);
  }
  if (context.options.format === 'json')
    context.printJson({
      schemaVersion: 1,
      ...solutionJson(solution),
      ...(options.confirm ? { confirmed: isGood, refuted } : {}),
      ...assumptions,
    });
  else print(context, solution, options.output !== undefined);
  for (const line of refuted) context.complain(`the tree's own conf does not agree: ${line}`);
  return isGood ? EXIT.good : EXIT.findings;
}

function print(context: Context, { lines, delta, blocked, isProvenSmallest }: Solution, isWritten: boolean): void {
  for (const one of blocked)
    context.print(`${blockedText(one)}:\n${one.chain.map((link) => `    ${linkText(link)}\n`).join('')}`);
  if (blocked.length > 0) return;
  if (!isWritten)
    context.print(
      lines.length === 0
        ? '# no lines needed: the base configuration reaches the goals\n'
        : lines.map((line) => `${line}\n`).join(''),
    );
  if (!isProvenSmallest) context.note('note: the search stopped before it could exclude a smaller set');
  if (context.options.quiet) return;
  context.print(`\n${describeDelta(delta)}`);
}

/** Everything that changes, as comments. */
export function describeDelta(delta: readonly Change[]): string {
  const shown = (value: string | null) => value ?? '-';
  return [
    `${delta.length} lines of .config change:`,
    ...delta.map(({ symbol, from, to, why }) => `  ${symbol}: ${shown(from)} -> ${shown(to)}, ${why}`),
  ]
    .map((line) => `# ${line}\n`)
    .join('');
}
