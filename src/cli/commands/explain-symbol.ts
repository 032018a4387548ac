/** dmaheap explain SYMBOL: why a symbol has its value, and what would give it another. */
import {
  blockedText,
  type Condition,
  Configuration,
  type Explanation,
  explainSymbol,
  goalText,
  linkText,
  loadConfig,
  parseGoal,
  Solver,
} from '../../kconfig/index.js';
import { suggest } from '../../source/suggest.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import {
  type KernelTreeOptions,
  noteAssumptions,
  openKernelTree,
  readBase,
  requireTree,
  treeTitle,
} from '../kernel-tree.js';
import { Refusal } from '../refusal.js';
import { solutionJson } from './resolve.js';

export interface ExplainSymbolOptions extends Partial<KernelTreeOptions> {
  readonly baseConfig?: string;
  /** A goal: what prevents it, or what it needs. */
  readonly whyNot?: string;
}

export async function explainSymbolCommand(
  context: Context,
  word: string,
  options: ExplainSymbolOptions,
): Promise<Exit> {
  const { kernelTree, arch } = requireTree(context, ['explain', word], options);
  const name = word.replace(/^CONFIG_/, '').replace(/>?=.*$/s, '');
  const goal =
    options.whyNot === undefined
      ? undefined
      : parseGoal(options.whyNot.includes('=') ? options.whyNot : `${name}=${options.whyNot}`);
  if (options.whyNot !== undefined && goal === undefined)
    throw new Refusal(`--why-not ${options.whyNot}: not a goal`, EXIT.usage, `write it as --why-not ${name}=y`);
  const open = await openKernelTree(context, { ...options, kernelTree, arch });
  const base = readBase(context, open, options.baseConfig);
  const symbol = open.tree.byName.get(name);
  if (symbol === undefined || (open.tree.symbols.firstNode[symbol] as number) < 0) {
    const near = suggest(name, open.tree.byName.keys());
    throw new Refusal(
      `${treeTitle(open)} does not define the symbol ${name}`,
      EXIT.findings,
      near.length === 0
        ? `another architecture may have it: grep -rnw 'config ${name}' --include='Kconfig*' ${kernelTree}`
        : `did you mean ${near.join(' or ')}?`,
    );
  }
  const config = new Configuration(open.tree);
  loadConfig(config, base.text);
  const explanation = explainSymbol(config, symbol);
  const answer = goal === undefined ? undefined : new Solver(open.tree, base.text).solve([goal], { allowChange: true });
  const assumptions = noteAssumptions(context, open, [{ symbol: name }]);
  if (context.options.format === 'json')
    context.printJson({
      schemaVersion: 1,
      kernel: treeTitle(open),
      base: base.name,
      ...explanation,
      ...(answer === undefined ? {} : { whyNot: solutionJson(answer) }),
      ...assumptions,
    });
  else {
    context.print(`${describe(explanation)}\n`);
    if (answer !== undefined && goal !== undefined) {
      if (answer.blocked.length > 0)
        for (const blocked of answer.blocked)
          context.print(
            `\n${blockedText(blocked)}:\n${blocked.chain.map((link) => `    ${linkText(link)}\n`).join('')}`,
          );
      else if (answer.lines.length === 0) context.print(`\n${goalText(goal)} already holds\n`);
      else context.print(`\n${goalText(goal)} takes:\n${answer.lines.map((line) => `    ${line}\n`).join('')}`);
    }
  }
  return answer !== undefined && answer.blocked.length > 0 ? EXIT.findings : EXIT.good;
}

const IDLE = {
  'selected by': 'could be selected by',
  'implied by': 'could be implied by',
  selects: 'would select',
  implies: 'would imply',
} as const;

const at = ({ file, line }: { file: string; line: number }) => `${file}:${line}`;

/** The explanation for a person. */
function describe(e: Explanation): string {
  const out = [`${e.symbol} is ${e.value === '' ? 'empty' : e.value} (${e.type}): ${e.why}`];
  if (!e.written) out.push('    .config has no line for it');
  for (const definition of e.definitions)
    out.push(
      `    defined at ${at(definition)}${definition.menus.length === 0 ? '' : `, in ${definition.menus.join(' > ')}`}`,
    );
  if (e.prompts.length === 0) out.push('    no prompt: conf silently drops a line for it');
  for (const prompt of e.prompts) {
    out.push(
      `    prompt "${prompt.text}" (${at(prompt)})${prompt.condition.value === 'y' ? ', visible' : `, visible up to ${prompt.condition.value}`}`,
    );
    out.push(...inTheWay(prompt.condition));
  }
  out.push(
    `    values that a line can set: ${e.assignable.length === 0 ? 'no other value now' : e.assignable.join(', ')}`,
  );
  if (e.dependsOn.text !== 'y') {
    out.push(`    depends on ${e.dependsOn.text} (${e.dependsOn.value})`);
    if (e.prompts.length === 0) out.push(...inTheWay(e.dependsOn));
  }
  for (const one of e.defaults)
    out.push(
      `    default ${one.value}${one.condition.text === 'y' ? '' : ` if ${one.condition.text}`} (${at(one)})${one.active ? ', in force' : ''}`,
    );
  for (const one of e.ranges) out.push(`    range ${one.range} (${at(one)})${one.active ? ', in force' : ''}`);
  if (e.choice !== undefined)
    out.push(`    one of ${e.choice.members.join(', ')}; the choice takes ${e.choice.chosen ?? 'none'}`);
  for (const [title, list] of [
    ['selected by', e.selectedBy],
    ['implied by', e.impliedBy],
    ['selects', e.selects],
    ['implies', e.implies],
  ] as const) {
    const active = list.filter((one) => one.value !== 'n');
    for (const one of active) out.push(`    ${title} ${one.symbol} at ${one.value} (${at(one)})`);
    const idle = list.filter((one) => one.value === 'n');
    if (idle.length > 0)
      out.push(
        `    ${IDLE[title]} ${idle
          .slice(0, 6)
          .map((one) => one.symbol)
          .join(', ')}${idle.length > 6 ? ` and ${idle.length - 6} more` : ''}`,
      );
  }
  return out.join('\n');
}

function inTheWay(condition: Condition): string[] {
  return condition.inTheWay.map(({ text, value, symbols }) => {
    const now = Object.entries(symbols).map(([name, v]) => `${name}=${v}`);
    return `        ${text} is ${value}${now.length === 0 || text === now[0]?.split('=')[0] ? '' : ` (${now.slice(0, 8).join(', ')})`}`;
  });
}
