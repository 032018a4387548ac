/** dmaheap check PROFILE --config FILE: a finished .config against what the board needs. */
import { type ConfigFacts, lintConfig } from '../../check/config.js';
import { type Diagnostic, hasErrors } from '../../diagnostic/index.js';
import { SourceText } from '../../source/index.js';
import type { Context } from '../context.js';
import { EXIT, type Exit } from '../exit.js';
import { readText } from '../files.js';
import { type KernelTreeOptions, openKernelTree } from '../kernel-tree.js';
import { planProfile, shownPath } from '../profile.js';

export interface CheckConfigOptions extends Partial<KernelTreeOptions> {
  readonly config: string;
}

/** Findings by the check that made them. */
const CHECK_OF: Readonly<Record<string, string>> = {
  'config/missing': 'config-goals',
  'config/present': 'config-goals',
  'config/demoted': 'config-goals',
  'config/value': 'config-goals',
  'config/module-not-loaded': 'config-modules',
  'config/command-line': 'config-command-line',
  'config/cma-size-zero': 'config-size',
  'config/size-shadowed': 'config-size',
  'config/unknown-symbol': 'config-symbols',
};
const TITLES: Readonly<Record<string, string>> = {
  'config-goals': 'every symbol the board needs has its value',
  'config-modules': 'heaps that are modules are loaded by something',
  'config-command-line': 'the built-in command line leaves the areas alone',
  'config-size': 'the default area has the size that is stated',
  'config-symbols': 'every line is for a symbol the kernel has',
};

export async function checkConfig(context: Context, profile: string, options: CheckConfigOptions): Promise<Exit> {
  const planning = planProfile(context, profile);
  if (planning.planned === undefined) {
    context.findings(planning.diagnostics, planning.sources);
    return planning.exit;
  }
  const { plan } = planning.planned;
  const got = readText(context.resolve(options.config));
  if ('error' in got) {
    context.complain(`cannot read --config ${options.config}: ${got.error}`);
    return EXIT.environment;
  }
  let symbols: Iterable<string> | undefined;
  if (options.kernelTree !== undefined) {
    const open = await openKernelTree(context, {
      ...options,
      kernelTree: options.kernelTree,
      arch: options.arch ?? plan.board.arch,
    });
    if (typeof open === 'number') return open;
    const { tree } = open;
    symbols = [...tree.byName].filter(([, id]) => (tree.symbols.firstNode[id] as number) >= 0).map(([name]) => name);
  }
  const area = plan.areas.find((one) => one.isDefault);
  const facts: ConfigFacts = {
    ...(area === undefined ? {} : { defaultArea: area }),
    ...(symbols === undefined ? {} : { symbols }),
  };
  const source = new SourceText(shownPath(context, options.config), got.text);
  const diagnostics = lintConfig(source, plan.symbols, facts);
  print(context, diagnostics, source, symbols !== undefined);
  return hasErrors(diagnostics) ? EXIT.findings : EXIT.good;
}

function print(context: Context, diagnostics: readonly Diagnostic[], source: SourceText, hasTree: boolean): void {
  const results = Object.keys(TITLES).map((check) => {
    const found = diagnostics.filter((diagnostic) => CHECK_OF[diagnostic.code] === check);
    const isRun = check !== 'config-symbols' || hasTree;
    const status = !isRun ? 'not-run' : hasErrors(found) ? 'fail' : 'pass';
    return { check, status, diagnostics: found };
  });
  if (context.options.format === 'json') {
    context.printJson({ schemaVersion: 1, results });
    return;
  }
  context.findings(diagnostics, new Map([[source.file, source]]));
  if (context.options.format !== 'human' || context.options.quiet) return;
  for (const { check, status } of results)
    context.print(
      `${{ pass: 'pass   ', fail: 'FAIL   ', 'not-run': 'not run' }[status]} ${check}: ${TITLES[check]}${
        status === 'not-run' ? ' (give --kernel-tree)' : ''
      }\n`,
    );
}
