/** dmaheap generate PROFILE -o DIR */
import { createTwoFilesPatch } from 'diff';
import { hasErrors } from '../../diagnostic/index.js';
import { formatKernelVersion } from '../../facts/index.js';
import type { Plan } from '../../plan/index.js';
import { render } from '../../render/index.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { planProfile } from '../profile.js';
import { summarise } from '../summary.js';
import { compareTree, makeManifest, type TreeChange, writeTree } from '../tree.js';
import { VERSION } from '../version.js';
import { locate } from './validate.js';

export interface GenerateOptions {
  readonly output: string;
  readonly target?: readonly string[];
  readonly kernel?: string;
  readonly dtb?: string;
  readonly force: boolean;
  readonly diff: boolean;
}

function manifestOf(plan: Plan) {
  return {
    generator: `dmaheap ${VERSION}`,
    profile: plan.profile,
    board: { arch: plan.board.arch, ...(plan.board.dtb === undefined ? {} : { dtb: plan.board.dtb }) },
    kernel: { min: formatKernelVersion(plan.kernel.min), max: formatKernelVersion(plan.kernel.max) },
  };
}

const patchOf = ({ path, before, after }: TreeChange) =>
  createTwoFilesPatch(`a/${path}`, `b/${path}`, before ?? '', after ?? '');

export async function generate(context: Context, file: string, options: GenerateOptions): Promise<Exit> {
  const { planned, diagnostics, sources, exit } = planProfile(context, file, options);
  const fail = (status: Exit): Exit => {
    context.findings(diagnostics, sources);
    return status;
  };
  if (planned === undefined) return fail(exit);
  const rendered = render(planned.plan, {
    version: VERSION,
    ...(options.target === undefined ? {} : { targets: options.target }),
  });
  diagnostics.push(...rendered.diagnostics.map((d) => locate(d, planned.loaded.spanOf)));
  if (rendered.value === undefined || hasErrors(diagnostics)) return fail(EXIT.findings);
  const files = [...rendered.value, makeManifest(manifestOf(planned.plan), rendered.value)];
  const directory = context.resolve(options.output);
  const { changes, diagnostics: objections } = compareTree(directory, files, options.force);
  const changed = changes.filter((change) => change.action !== 'keep');
  if (!options.diff) {
    diagnostics.push(...objections);
    if (hasErrors(objections)) return fail(EXIT.findings);
    const problem = changed.length === 0 ? undefined : writeTree(directory, files, changes);
    if (problem !== undefined) {
      diagnostics.push(problem);
      return fail(EXIT.environment);
    }
  }
  if (context.options.format === 'human') {
    context.findings(diagnostics, sources);
    if (options.diff) for (const change of changed) context.print(patchOf(change));
    else if (!context.options.quiet) {
      context.print(`${summarise(planned.plan)}\n\n`);
      for (const { path, action } of changes)
        context.print(`${MARKS[action]} ${options.output.replace(/\/+$/, '')}/${path}\n`);
    }
  } else if (context.options.format === 'json')
    context.printJson({
      schemaVersion: 1,
      profile: planned.plan.profile,
      files: changes.map(({ path, action }) => ({ path, action })),
      diagnostics,
    });
  else context.findings(diagnostics, sources);
  return options.diff && changed.length > 0 ? EXIT.findings : EXIT.good;
}

const MARKS = { add: 'wrote    ', change: 'rewrote  ', keep: 'unchanged', remove: 'removed  ' } as const;
