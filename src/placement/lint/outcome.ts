/** What the boot comes to: dangers and refused nodes that no other lint names. */
import type { Prediction } from '../prediction.js';
import type { Finding, LintContext } from './context.js';

interface Told {
  /** Nodes that findings of other lints are about. */
  readonly told: ReadonlySet<string>;
  /** Another lint has found an error that is not the base's own. */
  readonly hasErrors: boolean;
  /** What the base alone comes to; undefined: there is none. */
  readonly base: Prediction | undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  corrupts: 'boots, and memory gets two owners',
  panics: 'panics',
  hangs: 'hangs before it can say why',
};

export function outcome(context: LintContext, { told, hasErrors, base }: Told): Finding[] {
  const { prediction, input } = context;
  const { dangers, possibleOutcomes, rejected } = prediction;
  const isBad = !possibleOutcomes.includes('boots');
  const isOld = base !== undefined && !base.possibleOutcomes.includes('boots');
  const found: Finding[] = [];
  if (isBad && !hasErrors)
    found.push(
      ...dangers.map(
        ({ nodes, reason, facts }): Finding => ({
          severity: isOld ? 'warning' : 'error',
          nodes,
          message: `${isOld ? 'already with the base device tree ' : ''}the kernel ${possibleOutcomes.map((one) => WORDS[one] ?? one).join(', or ')}: ${nodes.join(', ')}`,
          cause: reason,
          fix: 'move or remove the region; place draws the memory',
          facts,
        }),
      ),
    );
  const isOwn = (family: string | null) => family === 'default-bypassed' && input.ownParameter === true;
  for (const { node, reason, facts, family } of rejected)
    if (!told.has(node) && !isOwn(family) && !hasErrors)
      found.push({
        severity: base?.rejected.some((one) => one.node === node) === true ? 'warning' : 'error',
        nodes: [node],
        message: `the kernel refuses ${node}`,
        cause: reason,
        fix: 'correct the node; place shows what the kernel says about it',
        facts,
      });
  return found;
}
