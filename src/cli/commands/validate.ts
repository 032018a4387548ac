/** dmaheap validate PROFILE... */
import type { CheckResult } from '../../check/index.js';
import type { Diagnostic } from '../../diagnostic/index.js';
import { hasErrors } from '../../diagnostic/index.js';
import { checkTargets, render } from '../../render/index.js';
import type { SourceText } from '../../source/index.js';
import { countChecks, exitOf, printVerdict } from '../check-results.js';
import type { Context } from '../context.js';
import { declare, flag } from '../declaration.js';
import { EXIT, type Exit } from '../exit.js';
import { withInputs } from '../inputs.js';
import { DTB, ONE_KERNEL, STRICT } from '../options.js';
import { planChecks } from '../plan-verdict.js';
import { type PlanOptions, planProfile, shownPath } from '../profile.js';
import { exitOfRendering, located } from '../rendered.js';
import { VERSION } from '../version.js';
import type { Judged } from './watch.js';

export const command = declare({
  name: 'validate',
  about: 'check profiles: keys, values, sizes, names, access',
  arguments: [['<profile...>', 'profiles (JSON, comments allowed)']],
  options: {
    kernel: ONE_KERNEL,
    dtb: DTB,
    strict: STRICT,
    watch: flag('--watch', 'check again when a file or a profile that it extends changes; Ctrl-C stops'),
  },
  examples: ['validate my-board.jsonc other-board.json', 'validate my-board.jsonc --watch'],
  run: validate,
});

interface ValidateOptions extends PlanOptions {
  readonly strict: boolean;
  readonly watch?: boolean;
}

async function validate(context: Context, files: readonly string[], options: ValidateOptions): Promise<Exit> {
  if (options.watch === true)
    return (await import('./watch.js')).watchFiles(context, () => judge(context, files, options));
  return judge(context, files, options).exit;
}

function judge(context: Context, files: readonly string[], options: ValidateOptions): Judged {
  const diagnostics: Diagnostic[] = [];
  const sources = new Map<string, SourceText>();
  const exits: Exit[] = [];
  const inputs: string[] = [];
  const checks: CheckResult[] = [];
  const notGiven: string[] = [];
  for (const file of files) {
    const own = withInputs(context, file, options, { dtb: 'dtb' });
    const planning = planProfile(context, file, own);
    for (const [name, source] of planning.sources) sources.set(name, source);
    const found = [...planning.diagnostics];
    let { exit } = planning;
    if (planning.planned !== undefined) {
      // A value that some output language cannot spell is found by writing it.
      const rendered = render(planning.planned.plan, { version: VERSION });
      const { spanOf } = planning.planned.loaded;
      found.push(...rendered.diagnostics.map((d) => located(d, spanOf)));
      if (hasErrors(rendered.diagnostics)) exit = exitOfRendering(rendered.diagnostics);
    } else if (planning.loaded !== undefined) {
      const { profile, spanOf } = planning.loaded;
      const wrong = checkTargets(profile.targets ?? {}).map((d) => located(d, spanOf));
      found.push(...wrong);
      if (hasErrors(wrong)) exit = exitOfRendering(wrong);
    }
    diagnostics.push(...found);
    const judged = planChecks({ plan: planning.planned?.plan, proof: planning.proof, found, dtb: own.dtb });
    checks.push(...judged.checks);
    notGiven.push(...judged.notGiven);
    if (own.dtb !== undefined) inputs.push(own.dtb);
    exits.push(exit);
    if (exit === EXIT.good && context.options.format === 'human' && !context.options.quiet)
      context.print(`${shownPath(context, file)}: good\n`);
  }
  context.findings(diagnostics, sources, { verdict: countChecks(checks, { notGiven, strict: options.strict }) });
  if (context.options.format === 'human') printVerdict(context, checks, { notGiven, strict: options.strict });
  exits.push(exitOf(checks, { strict: options.strict, requireTools: false, unknown: EXIT.good }));
  // The most basic mistake decides: usage before environment before findings.
  const exit = [EXIT.usage, EXIT.environment, EXIT.findings].find((one) => exits.includes(one)) ?? EXIT.good;
  const read = [...files, ...sources.keys(), ...inputs];
  return { exit, read: [...new Set(read.map((file) => context.resolve(file)))] };
}
