/** Kernel configuration fragments: their lines, and whether each is in the .config that the kernel's conf makes. */

import { type CodeTable, type Diagnostic, defineCodes, reporter, type Span } from '../diagnostic/index.js';
import { hasOptionLine, type OptionLookup, readOptionLines, type SetOption } from '../kconfig/option-line.js';
import type { SourceText } from '../source/index.js';
import { suggest } from '../source/suggest.js';
import { buildConfig } from './conf.js';
import { type Definition, definitions, symbolNames } from './kconfig-text.js';
import type { Check, CheckContext, CheckedTree, KernelConfig, Verdict } from './types.js';

export const FRAGMENT_CODES = defineCodes({
  'fragment/bad-line': {
    severity: 'error',
    title: 'a line that is not an option line',
    explain:
      'A fragment has CONFIG_X=value lines, "# CONFIG_X is not set" lines, other comments and blank lines. conf skips all other lines.',
  },
  'fragment/contradiction': {
    severity: 'error',
    title: 'two lines for one symbol',
    explain: 'conf uses the last line, which may not be the intended one.',
  },
  'fragment/requests-selected': {
    severity: 'warning',
    title: 'a symbol that cannot be requested',
    explain: 'The symbol has no prompt: only a default or a select of another symbol sets it. The line has no effect.',
  },
  'fragment/unknown-symbol': {
    severity: 'error',
    title: 'the kernel does not have the symbol',
    explain: 'conf silently drops unknown symbols: the option is not in the built kernel.',
  },
  'fragment/line-dropped': {
    severity: 'error',
    title: 'a fragment line that does not survive',
    explain:
      'After conf has resolved all dependencies, the final .config differs from the fragment. The usual cause is a dependency that is n, a value the type does not have (m for a bool), or a symbol without a prompt.',
  },
  'fragment/not-judged': {
    severity: 'error',
    title: "the kernel's own tools did not make a .config",
    explain: 'merge_config.sh or conf exited with an error, so the fragment was not checked.',
  },
  'fragment/foreign-compiler': {
    severity: 'note',
    title: 'checked with the compiler of another architecture',
    explain:
      'No cross compiler for the architecture was found. Kconfig probes the compiler, so symbols that depend on the probes may have other values. The symbols of the heaps do not depend on the probes.',
  },
} satisfies CodeTable);

const report = reporter(FRAGMENT_CODES);

/** Symbols without a prompt in every kernel known, by their fact. */
const SELECTED: Readonly<Record<string, string>> = {
  CONTIG_ALLOC: 'kconfig.contig-alloc-default',
  DMA_SHARED_BUFFER: 'kconfig.dma-shared-buffer-prompt',
  HAVE_DMA_CONTIGUOUS: 'kconfig.have-dma-contiguous-prompt',
  MEMORY_ISOLATION: 'kconfig.memory-isolation-prompt',
  OF_RESERVED_MEM: 'kconfig.of-reserved-mem',
};

/** Facts that explain why a value did not last. */
const TYPE_FACT: Readonly<Record<string, string>> = {
  DMABUF_HEAPS: 'kconfig.dmabuf-heaps-type',
  DMABUF_HEAPS_CMA: 'kconfig.dmabuf-heaps-cma-type',
  DMABUF_HEAPS_SYSTEM: 'kconfig.dmabuf-heaps-system-type',
};
const DEPENDS_FACT: Readonly<Record<string, string>> = {
  CMA: 'kconfig.cma-depends',
  CMA_DEBUGFS: 'kconfig.cma-debugfs-depends',
  CMA_SIZE_MBYTES: 'kconfig.cma-size-mbytes-depends',
  CMA_SIZE_PERCENTAGE: 'kconfig.cma-size-percentage-depends',
  CMA_SYSFS: 'kconfig.cma-sysfs',
  DMA_CMA: 'kconfig.dma-cma-depends',
  DMABUF_HEAPS_CMA: 'kconfig.dmabuf-heaps-cma-depends',
  DMABUF_HEAPS_SYSTEM: 'kconfig.dmabuf-heaps-system-depends',
};

/** One option line of a fragment. */
export interface FragmentLine extends SetOption {
  readonly span: Span;
}

export function readFragment(source: SourceText): { lines: FragmentLine[]; diagnostics: Diagnostic[] } {
  const { options, unexpected } = readOptionLines(source.text);
  const refused = options.filter(({ value }) => value === undefined);
  const diagnostics = [...unexpected, ...refused].map(({ text, offset }) =>
    report('fragment/bad-line', {
      message: `"${text}" is not an option line`,
      fix: 'write CONFIG_X=y, "# CONFIG_X is not set", or begin a comment with #',
      span: source.span(offset, text.length),
    }),
  );
  const lines = options.flatMap((option): FragmentLine[] =>
    option.value === undefined
      ? []
      : [{ ...option, value: option.value, span: source.span(option.offset, option.text.length) }],
  );
  const seen = new Map<string, FragmentLine>();
  for (const line of lines) {
    const { symbol, text, span } = line;
    const first = seen.get(symbol);
    if (first !== undefined)
      diagnostics.push(
        report('fragment/contradiction', {
          severity: isSame(first, line) ? 'warning' : 'error',
          message: `${symbol} has two lines: "${first.text}" and "${text}"`,
          cause: 'conf uses the last one',
          fix: 'remove one of them',
          span,
          related: [{ message: 'the first line', span: first.span }],
        }),
      );
    seen.set(symbol, line);
  }
  return { lines, diagnostics };
}

const isSame = (a: SetOption, b: SetOption) => a.value === b.value && a.isString === b.isString;

/** Files named like a fragment that speak of CONFIG_ symbols: other programs have .cfg files too. */
export const fragments = ({ files }: CheckedTree) =>
  files.filter(({ file, text }) => /\.(?:cfg|config|fragment)$/.test(file) && hasOptionLine(text));

const syntax: Check = {
  id: 'fragment-lines',
  title: 'Kernel fragment: every line is an option line that can be requested',
  subjects: fragments,
  needs: { tools: [], inputs: [] },
  run: (subjects) =>
    subjects.flatMap((source) => {
      const { lines, diagnostics } = readFragment(source);
      const selected = lines.flatMap(({ symbol, span }) => {
        const fact = SELECTED[symbol];
        return fact === undefined
          ? []
          : [
              report('fragment/requests-selected', {
                message: `${symbol} cannot be requested`,
                cause: 'it has no prompt: only a select or a default sets it',
                fix: 'remove the line and request a symbol that selects it',
                span,
                facts: [fact],
              }),
            ];
      });
      return [...diagnostics, ...selected];
    }),
};

const final: Check = {
  id: 'fragment-config',
  title: 'Kernel fragment: every line is in the final .config of the kernel tree',
  subjects: fragments,
  needs: { tools: [], inputs: ['kernelTree', 'arch'] },
  run: (subjects, context) =>
    judgeFragments(
      subjects,
      context,
      context.finalConfig ?? (() => ({ failure: 'the tree was not read', output: '' })),
    ),
};

const confirmed: Check = {
  id: 'fragment-conf',
  title: "Kernel fragment: the tree's own merge_config.sh and conf agree",
  subjects: fragments,
  needs: { tools: ['sh', 'make', 'gcc', 'flex', 'bison'], inputs: ['kernelTree', 'arch', 'baseConfig'] },
  run: (subjects, context) => judgeFragments(subjects, context, buildConfig(context)),
};

async function judgeFragments(
  subjects: readonly SourceText[],
  context: CheckContext,
  build: NonNullable<CheckContext['finalConfig']>,
): Promise<Verdict> {
  const diagnostics: Diagnostic[] = [];
  const judged = new Map<string, KernelConfig>();
  for (const source of subjects) {
    const { lines } = readFragment(source);
    // Targets repeat one fragment under several names; the same option lines are judged once.
    const key = lines.map((line) => line.text).join('\n');
    const config = judged.get(key) ?? (await build(key));
    judged.set(key, config);
    if ('failure' in config) {
      const span = source.span(0);
      return {
        status: 'unknown',
        diagnostics: [
          report('fragment/not-judged', {
            message: `the final .config cannot be made: ${config.failure}`,
            ...(config.output === '' ? {} : { cause: config.output }),
            span,
          }),
        ],
      };
    }
    if (config.foreignCompiler !== undefined && diagnostics.length === 0)
      diagnostics.push(report('fragment/foreign-compiler', { message: config.foreignCompiler }));
    for (const line of lines) if (!stands(line, config.lines)) diagnostics.push(await dropped(line, config, context));
  }
  return diagnostics;
}

/** A line stands when the final .config has it; "is not set" also when the symbol has no line there at all. */
function stands(line: FragmentLine, final: OptionLookup): boolean {
  const found = final.get(line.symbol);
  return found === undefined ? line.value === 'n' : isSame(found, line);
}

async function dropped(
  line: FragmentLine,
  config: { lines: OptionLookup; warnings: readonly string[] },
  context: CheckContext,
) {
  const { symbol, text, span } = line;
  const found = await definitions(symbol, context);
  if (found.length === 0) {
    const near = suggest(symbol, await symbolNames(context));
    return report('fragment/unknown-symbol', {
      message: `"${text}": this kernel does not have the symbol ${symbol} for ${context.inputs.arch}`,
      cause: 'conf silently drops a symbol that no Kconfig file defines',
      ...(near.length > 0 ? { fix: `did you mean ${near.map((n) => `CONFIG_${n}`).join(', ')}?` } : {}),
      span,
    });
  }
  const finalText = config.lines.get(symbol)?.text;
  const why = reason(line, found, config.lines);
  const said = config.warnings.filter((warning) => new RegExp(`\\b${symbol}\\b`).test(warning));
  return report('fragment/line-dropped', {
    message: `"${text}" does not survive: the final .config has ${finalText === undefined ? `no line for ${symbol}` : `"${finalText}"`}`,
    cause: [why.cause, ...said.map((warning) => `conf prints: ${warning}`)].join('; '),
    ...(why.fix === undefined ? {} : { fix: why.fix }),
    ...(why.facts === undefined ? {} : { facts: why.facts }),
    span,
  });
}

/** What of the symbol's definition stands against the value: its type, its dependency, its lack of a prompt. */
function reason(
  { symbol, value }: FragmentLine,
  found: readonly Definition[],
  lines: OptionLookup,
): { cause: string; fix?: string; facts?: readonly string[] } {
  const fact = (table: Readonly<Record<string, string>>) =>
    table[symbol] === undefined ? {} : { facts: [table[symbol]] };
  const valueIn = (name: string) => lines.get(name)?.value ?? 'n';
  const first = found[0] as Definition;
  const place = `${first.file}:${first.line}`;
  const type = found.find((d) => d.type !== undefined)?.type;
  if (type === 'bool' && value === 'm')
    return {
      cause: `${symbol} is a bool (${place}): conf reads m as n`,
      fix: `write CONFIG_${symbol}=y`,
      ...fact(TYPE_FACT),
    };
  if (value !== 'n')
    for (const definition of found.filter((d) => d.depends.length > 0)) {
      const depends = definition.depends.join(' && ');
      const off = [...new Set(depends.match(/[A-Z_][A-Z0-9_]*/g) ?? [])].filter((s) => valueIn(s) === 'n');
      const positive = off.filter((s) => !new RegExp(`!\\s*${s}\\b`).test(depends));
      const on = (depends.match(/!\s*[A-Z_][A-Z0-9_]*/g) ?? [])
        .map((s) => s.replace(/!\s*/, ''))
        .filter((s) => valueIn(s) !== 'n');
      if (positive.length > 0 || on.length > 0)
        return {
          cause: `it depends on ${depends} (${definition.file}:${definition.line}), but the final .config has ${[
            ...positive.map((s) => `${s}=n`),
            ...on.map((s) => `${s}=${valueIn(s)}`),
          ].join(', ')}`,
          fix: [
            ...(positive.length > 0 ? [`request ${positive.map((s) => `CONFIG_${s}=y`).join(' and ')} too`] : []),
            ...(on.length > 0 ? [`turn ${on.map((s) => `CONFIG_${s}`).join(' and ')} off`] : []),
          ].join(', '),
          ...fact(DEPENDS_FACT),
        };
    }
  if (!found.some((d) => d.hasPrompt))
    return {
      cause: `it has no prompt (${place}): other symbols select it or a default sets it`,
      fix: 'remove the line and request the symbol that sets it',
      ...fact(SELECTED),
    };
  if (valueIn(symbol) === 'y' && (value === 'm' || value === 'n'))
    return {
      cause: `another line or symbol of the configuration sets it to y, such as a select (it is defined at ${place})`,
      fix: `write CONFIG_${symbol}=y`,
    };
  return { cause: `its definition at ${place}, or a menu or choice around it, does not allow the value` };
}

export const FRAGMENT_CHECKS: readonly Check[] = [syntax, final];

/** Runs what the kernel tree holds, so only when it is asked for. */
export const CONFIRMING_CHECKS: readonly Check[] = [confirmed];
