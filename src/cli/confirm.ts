/** The last word on a fragment: the tree's own conf. */
import { buildConfig } from '../check/conf.js';
import { type GoalText, goalText, optionsOf, type Solution, withLines } from '../kconfig/index.js';
import type { Context } from './context.js';
import type { OpenTree } from './kernel-tree.js';
import { openTools } from './tools.js';

const isMet = ({ value, atLeast }: GoalText, actual: string): boolean => {
  if (atLeast) return actual === 'm' || actual === 'y';
  if (/^0[xX]/.test(value) || /^0[xX]/.test(actual)) return Number(actual) === Number(value);
  return actual === value;
};

/** Builds the tree's conf outside the tree and asks it. */
export async function confirmByConf(
  context: Context,
  open: OpenTree,
  base: string,
  solution: Solution,
): Promise<{ readonly refuted: readonly string[] } | { readonly error: string }> {
  const { tools, close } = openTools(context.environment, context.showCommand);
  try {
    for (const tool of ['make', 'flex', 'bison'])
      if ((await tools.which(tool)) === undefined) return { error: `${tool} is not installed` };
    const directory = await tools.scratch();
    const compiler = open.variables['CC'] ?? '';
    await tools.writeText(`${directory}/base`, base);
    const ask = buildConfig({
      tree: { directory, files: [] },
      tools,
      inputs: {
        kernelTree: open.directory,
        arch: open.variables['ARCH'] as string,
        baseConfig: `${directory}/base`,
        ...(compiler.endsWith('gcc') ? { crossCompile: compiler.slice(0, -3) } : {}),
      },
    });
    const made = await context.during("building and running the tree's conf", () => ask(withLines('', solution.lines)));
    if ('failure' in made) return { error: `${made.failure}\n${made.output}` };
    const refuted = solution.goals
      .filter((goal) => !isMet(goal, made.lines.get(goal.symbol)?.value ?? 'n'))
      .map((goal) => `${goalText(goal)} ends as ${made.lines.get(goal.symbol)?.value ?? 'absent'}`);
    for (const { symbol, value, text } of optionsOf(solution.lines.join('\n')).values())
      if ((made.lines.get(symbol)?.value ?? 'n') !== value)
        refuted.push(`${text} ends as ${made.lines.get(symbol)?.value ?? 'absent'}`);
    return { refuted };
  } finally {
    await close();
  }
}
