/** What is judged of a profile by planning it, as checks that a verdict closes. */
import type { CheckResult } from '../check/index.js';
import type { Diagnostic } from '../diagnostic/index.js';
import type { Plan } from '../plan/index.js';
import { row } from './check-results.js';
import { lackingOptions, placementChecks } from './placement.js';

export interface PlanChecks {
  readonly checks: readonly CheckResult[];
  /** Options, or keys of the profile, that would have led to more checks. */
  readonly notGiven: readonly string[];
}

interface PlanJudgement {
  /** Absent: the profile was refused. */
  readonly plan: Plan | undefined;
  /** What the placement came to on each kernel. */
  readonly proof: Parameters<typeof placementChecks>[0] | undefined;
  /** Every finding about the profile. */
  readonly found: readonly Diagnostic[];
  readonly dtb: string | undefined;
  /** Whether the lines of the fragment were proven on a tree; absent: the command writes none. */
  readonly isProven?: boolean;
  /** The options of the command, of those that a lint may name. */
  readonly options?: readonly string[];
}

/** Where an option of place is stated in a command that does not have it. */
const INSTEAD: Readonly<Record<string, string>> = {
  '--cmdline': 'inputs.commandLine',
  '--memory': 'board.memory',
  '--config': 'place --config',
};

export function planChecks({ plan, proof = [], found, dtb, isProven, options = [] }: PlanJudgement): PlanChecks {
  const placement = placementChecks(proof, found);
  const profile = placement.some(({ check }) => check === 'findings') ? [] : [row('profile', 'pass')];
  // Other architectures get the RAM, the reservations and the cells of the board from its DTB.
  const lacksBoard = dtb === undefined && plan !== undefined && plan.areas.length > 0 && plan.board.arch !== 'x86_64';
  const hasLines = plan !== undefined && isProven !== undefined;
  return {
    checks: [
      ...profile,
      ...placement,
      ...(lacksBoard ? [row('board', 'not-run')] : []),
      ...(hasLines ? [row('fragment', isProven ? 'pass' : 'not-run')] : []),
    ],
    notGiven: [
      ...(lacksBoard ? ['--dtb'] : []),
      ...(hasLines && !isProven ? ['--kernel-tree'] : []),
      ...lackingOptions(proof).map((option) => (options.includes(option) ? option : (INSTEAD[option] ?? option))),
    ],
  };
}
