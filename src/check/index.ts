/** Checks a generated tree: our own lints, and the real tools of the kernel, the device tree and udev as judges. */
import { type CodeTable, hasErrors } from '../diagnostic/index.js';
import { TREE_CHECK_CODES } from './board-tree.js';
import { CONFIG_CODES } from './config.js';
import { CONTAINER_CODES } from './container.js';
import { DEVICETREE_CHECKS, DEVICETREE_CODES } from './devicetree.js';
import { CONFIRMING_CHECKS, FRAGMENT_CHECKS, FRAGMENT_CODES } from './fragment.js';
import { IMAGE_CODES } from './image-codes.js';
import { PLACEMENT_CHECKS } from './placement.js';
import { RULE_CHECKS, RULE_CODES } from './rules.js';
import { SHELL_CHECKS, SHELL_CODES } from './shell.js';
import {
  CHECK_CODES,
  type Check,
  type CheckContext,
  type CheckResult,
  INPUT_OPTION,
  PACKAGE_OF,
  report,
} from './types.js';

export type * from './types.js';
export { INPUT_OPTION } from './types.js';

/** Every check, in the order they run and are shown. */
export const CHECKS: readonly Check[] = [
  ...FRAGMENT_CHECKS,
  ...DEVICETREE_CHECKS,
  ...PLACEMENT_CHECKS,
  ...RULE_CHECKS,
  ...SHELL_CHECKS,
];

export const ALL_CHECK_CODES: CodeTable = {
  ...CHECK_CODES,
  ...CONFIG_CODES,
  ...FRAGMENT_CODES,
  ...DEVICETREE_CODES,
  ...RULE_CODES,
  ...SHELL_CODES,
  ...IMAGE_CODES,
  ...CONTAINER_CODES,
  ...TREE_CHECK_CODES,
};

/** Those that run what the kernel tree holds, before the others. */
export const CHECKS_WITH_CONFIRM: readonly Check[] = [...CONFIRMING_CHECKS, ...CHECKS];

/** Runs every check that has something to check; one that lacks a tool or an input is reported as not run. */
export async function runChecks(context: CheckContext, checks: readonly Check[] = CHECKS): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const subjects = check.subjects(context.tree);
    if (subjects.length > 0) results.push(await runCheck(check, subjects, context));
  }
  return results;
}

async function runCheck(
  check: Check,
  subjects: Parameters<Check['run']>[0],
  context: CheckContext,
): Promise<CheckResult> {
  const about = { check: check.id, title: check.title };
  const missingInputs = check.needs.inputs.filter((input) => context.inputs[input] === undefined);
  const missingTools: string[] = [];
  for (const tool of check.needs.tools) if ((await context.tools.which(tool)) === undefined) missingTools.push(tool);
  if (missingInputs.length > 0) {
    const options = missingInputs.map((input) => INPUT_OPTION[input]);
    // Without its inputs the check was not requested, so a missing tool does not matter.
    const diagnostic = report('check/input-missing', { message: `${check.id} was not run: it needs ${list(options)}` });
    return { ...about, status: 'not-run', diagnostics: [diagnostic], missingTools: [] };
  }
  if (missingTools.length > 0) {
    const packages = new Set(missingTools.map((tool) => PACKAGE_OF[tool] ?? tool));
    const diagnostic = report('check/tool-missing', {
      message: `${check.id} was not run: ${list(missingTools)} ${missingTools.length > 1 ? 'are' : 'is'} not installed`,
      fix: `install the Debian package${packages.size > 1 ? 's' : ''} ${list([...packages])}, or your system's equivalent`,
    });
    return { ...about, status: 'not-run', diagnostics: [diagnostic], missingTools };
  }
  const verdict = await check.run(subjects, context);
  if ('status' in verdict)
    return {
      ...about,
      status: verdict.status,
      diagnostics: verdict.diagnostics,
      missingTools: verdict.missingTools ?? [],
    };
  return { ...about, status: hasErrors(verdict) ? 'fail' : 'pass', diagnostics: verdict, missingTools: [] };
}

const list = (words: readonly string[]) =>
  words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : (words[0] ?? '');
