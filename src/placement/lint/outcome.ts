/** What the boot comes to: dangers and refused nodes that no other lint names. */
import type { Prediction } from '../prediction.js';
import type { Finding, LintContext } from './context.js';

interface Told {
  /** Nodes that findings of other lints are about. */
  readonly told: ReadonlySet<string>;
  /** Another lint has found an error that is not the base's own. */
  readonly hasErrors: boolean;
  /** What the base alone comes to; undefined: there is none. */
  readonly base: () => Prediction | undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  corrupts: 'boots, but memory has two owners',
  panics: 'panics',
  hangs: 'hangs before it can print a message',
};

export function outcome(context: LintContext, { told, hasErrors, base }: Told): Finding[] {
  const { prediction, input } = context;
  const { dangers, possibleOutcomes, rejected } = prediction;
  const isBad = !possibleOutcomes.includes('boots');
  const found: Finding[] = [];
  if (isBad && !hasErrors) {
    const isOld = base()?.possibleOutcomes.includes('boots') === false;
    found.push(
      ...dangers.map(
        ({ nodes, reason, facts }): Finding => ({
          severity: isOld ? 'warning' : 'error',
          nodes,
          message: `${isOld ? 'also with the base device tree, ' : ''}the kernel ${possibleOutcomes.map((one) => WORDS[one] ?? one).join(', or ')}: ${nodes.join(', ')}`,
          cause: reason,
          fix: 'move or remove the region; dmaheap place shows a map of the memory',
          facts,
        }),
      ),
    );
  }
  const isOwn = (family: string | null) => family === 'default-bypassed' && input.ownParameter === true;
  for (const { node, reason, facts, family } of rejected)
    if (!told.has(node) && !isOwn(family) && !hasErrors)
      found.push({
        severity: base()?.rejected.some((one) => one.node === node) === true ? 'warning' : 'error',
        nodes: [node],
        message: `the kernel refuses ${node}`,
        cause: reason,
        fix: 'correct the node; dmaheap place shows the message of the kernel',
        facts,
      });
  return found;
}

/** It judges what the other lints have left unsaid, so it is none of their table. */
export const OUTCOME = {
  id: 'outcome',
  severity: 'error',
  title: 'a boot that goes wrong',
  explain:
    'The simulated boot refuses a node, gives memory two owners, panics or hangs. If this holds for every possible value of the unknown inputs, the boot fails in every case.',
} as const;
