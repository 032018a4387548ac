/**
 * A finished `.config` against what a board needs, without booting it and without the kernel's sources: what is
 * missing, what became a module nobody loads, what another line of the configuration takes away again.
 */

import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { optionsOf, type SetOption } from '../kconfig/index.js';
import type { SourceText } from '../source/index.js';
import { suggest } from '../source/suggest.js';

export const CONFIG_CODES = defineCodes({
  'config/missing': {
    severity: 'error',
    title: 'a needed symbol is off',
    explain:
      'The final .config does not have the symbol. A fragment line is dropped without a word when its dependencies are not met: dmaheap resolve names the lines that are missing.',
  },
  'config/present': {
    severity: 'error',
    title: 'a symbol that must be off is on',
    explain: 'The profile asks for the symbol to be off, and the final .config has it; something else may select it.',
  },
  'config/demoted': {
    severity: 'error',
    title: 'a symbol became a module',
    explain:
      'The symbol is m where y was asked for: something it depends on is a module, or a later line of the configuration says m.',
  },
  'config/value': {
    severity: 'error',
    title: 'a value differs from the one asked for',
    explain: 'A later line, a range or a choice gave the symbol another value than the profile asks for.',
  },
  'config/module-not-loaded': {
    severity: 'error',
    title: 'heaps are modules and nothing loads them',
    explain:
      'A heap is no device, so no event loads its module. As a module it must be named in modules-load.d or in the initramfs; built in it is simply there.',
  },
  'config/command-line': {
    severity: 'error',
    title: 'CONFIG_CMDLINE contradicts the board',
    explain:
      'A cma= in the built-in command line decides the default area: it overrides the configured size and the linux,cma-default node of the device tree.',
  },
  'config/cma-size-zero': {
    severity: 'error',
    title: 'the default CMA area has no size',
    explain:
      'With a size of 0 (the default on x86) the kernel makes no default area, so there is no CMA heap, unless cma= on the command line or a reserved-memory node makes one.',
  },
  'config/size-shadowed': {
    severity: 'error',
    title: 'the size is stated and not used',
    explain:
      'The choice of how the size is stated decides which value counts. With the percentage selected CMA_SIZE_MBYTES vanishes without a word, and the other way round.',
  },
  'config/unknown-symbol': {
    severity: 'error',
    title: 'no such symbol in this tree',
    explain: 'conf drops a line for a symbol that no Kconfig file defines, without a word.',
  },
});

const report = reporter(CONFIG_CODES);

/** One wish: a symbol without CONFIG_ and its value as a fragment spells it, strings without quotes. */
export interface ConfigGoal {
  readonly symbol: string;
  readonly value: string;
  /** `>=m`: a module is enough. */
  readonly atLeast?: boolean;
}

/** What is known beside the configuration itself. */
export interface ConfigFacts {
  /** Where the board's default area comes from; undefined when it has none, or nothing is known of the board. */
  readonly defaultArea?: {
    readonly delivery: 'device-tree' | 'command-line' | 'kconfig';
    readonly sizeBytes: bigint;
  };
  /** Modules that something loads, with - or _. Absent: nothing is known to load any. */
  readonly loadedModules?: readonly string[];
  /** Every symbol of the kernel tree, to tell a misspelt one. */
  readonly symbols?: Iterable<string>;
}

const MEBIBYTE = 1n << 20n;
/** Module of each heap, from drivers/dma-buf/heaps/Makefile. */
const HEAP_MODULES: Readonly<Record<string, string>> = {
  DMABUF_HEAPS_SYSTEM: 'system_heap',
  DMABUF_HEAPS_CMA: 'cma_heap',
};
const SELECTORS = ['CMA_SIZE_SEL_MBYTES', 'CMA_SIZE_SEL_PERCENTAGE', 'CMA_SIZE_SEL_MIN', 'CMA_SIZE_SEL_MAX'] as const;

/** Holds a configuration against the goals of a board. Pure: every finding names its line. */
export function lintConfig(config: SourceText, goals: readonly ConfigGoal[], facts: ConfigFacts = {}): Diagnostic[] {
  const lines = optionsOf(config.text);
  return [
    ...unknownSymbols(config, lines, facts),
    ...goals.flatMap((goal) => lintGoal(config, lines, goal)),
    ...lintModules(config, lines, facts),
    ...lintCommandLine(config, lines, facts),
    ...lintSize(config, lines, goals, facts),
  ];
}

function spanOf(config: SourceText, line: SetOption | undefined) {
  return line === undefined ? {} : { span: config.span(line.offset, line.text.length) };
}

function lintGoal(config: SourceText, lines: ReadonlyMap<string, SetOption>, goal: ConfigGoal): Diagnostic[] {
  const { symbol, value, atLeast } = goal;
  const line = lines.get(symbol);
  const actual = line?.value ?? 'n';
  const place = spanOf(config, line);
  if (isSame(actual, value) || (atLeast && (actual === 'y' || actual === 'm'))) return [];
  if (value === 'n')
    return [
      report('config/present', {
        message: `${symbol} is ${actual}, and the board needs it off`,
        fix: `dmaheap explain ${symbol} says what turns it on`,
        ...place,
      }),
    ];
  if (value === 'y' && actual === 'm')
    return [
      report('config/demoted', {
        message: `${symbol} is m, and the board needs y`,
        cause: 'something it depends on is a module, or the base configuration says m',
        fix: `write CONFIG_${symbol}=y; dmaheap resolve ${symbol}=y names what else it takes`,
        ...place,
      }),
    ];
  if (line === undefined || actual === 'n')
    return [
      report('config/missing', {
        message: `${symbol} is ${line === undefined ? 'absent' : 'not set'}, and the board needs ${value}`,
        cause: line === undefined ? 'its dependencies are not met, or this kernel has no such symbol' : 'it is off',
        fix: `dmaheap resolve ${symbol}${atLeast ? '>=' : '='}${value} --kernel-tree DIR names the lines it takes`,
        ...place,
      }),
    ];
  return [report('config/value', { message: `${symbol} is ${actual}, and the board needs ${value}`, ...place })];
}

/** Equal as texts or as numbers. */
function isSame(a: string, b: string): boolean {
  if (a === b) return true;
  return /^-?(\d+|0[xX][0-9a-fA-F]+)$/.test(a) && /^-?(\d+|0[xX][0-9a-fA-F]+)$/.test(b) && Number(a) === Number(b);
}

function lintModules(config: SourceText, lines: ReadonlyMap<string, SetOption>, facts: ConfigFacts): Diagnostic[] {
  const loaded = new Set((facts.loadedModules ?? []).map((name) => name.replaceAll('-', '_')));
  return Object.entries(HEAP_MODULES).flatMap(([symbol, module]) => {
    const line = lines.get(symbol);
    if (line?.value !== 'm' || loaded.has(module)) return [];
    return [
      report('config/module-not-loaded', {
        message: `${symbol} is m, and nothing loads ${module}`,
        ...(facts.loadedModules === undefined ? { severity: 'warning' as const } : {}),
        cause: 'no device event asks for a heap',
        fix: `write CONFIG_${symbol}=y, or put ${module} into /etc/modules-load.d/dma-heap.conf`,
        ...spanOf(config, line),
      }),
    ];
  });
}

/** The first `cma=` of a kernel command line, in bytes; undefined without one. */
export function cmaArgument(commandLine: string): { readonly text: string; readonly sizeBytes: bigint } | undefined {
  const match = /(?:^|\s)"?(cma=(0[xX][0-9a-fA-F]+|\d+)([kKmMgGtTpPeE]?)\S*)/.exec(commandLine);
  if (!match) return undefined;
  const shift = BigInt('kmgtpe'.indexOf((match[3] ?? '').toLowerCase() || '-') + 1) * 10n;
  return { text: match[1] as string, sizeBytes: BigInt(match[2] as string) << shift };
}

function lintCommandLine(config: SourceText, lines: ReadonlyMap<string, SetOption>, facts: ConfigFacts): Diagnostic[] {
  const line = lines.get('CMDLINE');
  const argument = line && cmaArgument(line.value);
  if (!line || !argument) return [];
  const isForced = lines.get('CMDLINE_FORCE')?.value === 'y' || lines.get('CMDLINE_OVERRIDE')?.value === 'y';
  const force = isForced ? '; it replaces what the boot loader passes' : '';
  const { defaultArea } = facts;
  const place = spanOf(config, line);
  if (argument.sizeBytes === 0n)
    return [
      report('config/command-line', {
        message: `CONFIG_CMDLINE has ${argument.text}: there is no default area${force}`,
        fix: `remove ${argument.text}`,
        facts: ['cma.parameter-and-default-node'],
        ...place,
      }),
    ];
  if (
    defaultArea === undefined ||
    (defaultArea.delivery !== 'device-tree' && defaultArea.sizeBytes === argument.sizeBytes)
  )
    return [];
  const instead =
    defaultArea.delivery === 'device-tree'
      ? 'the linux,cma-default node is not the default area then'
      : `the area is to have ${defaultArea.sizeBytes / MEBIBYTE} MiB`;
  return [
    report('config/command-line', {
      message: `CONFIG_CMDLINE has ${argument.text}: ${instead}${force}`,
      fix: `remove ${argument.text} from CONFIG_CMDLINE`,
      facts: ['cma.parameter-and-default-node'],
      ...place,
    }),
  ];
}

function lintSize(
  config: SourceText,
  lines: ReadonlyMap<string, SetOption>,
  goals: readonly ConfigGoal[],
  facts: ConfigFacts,
): Diagnostic[] {
  const selector = SELECTORS.find((one) => lines.get(one)?.value === 'y');
  const line = lines.get(selector ?? '');
  const found: Diagnostic[] = [];
  const wanted = goals.map((goal) => goal.symbol);
  const shadow = (size: 'CMA_SIZE_MBYTES' | 'CMA_SIZE_PERCENTAGE', by: string) => {
    if (!wanted.includes(size) && !lines.has(size)) return;
    found.push(
      report('config/size-shadowed', {
        message: `${by}=y, so ${size} does not count`,
        cause: `${size} depends on !${by}`,
        fix: `write CONFIG_${size === 'CMA_SIZE_MBYTES' ? 'CMA_SIZE_SEL_MBYTES' : 'CMA_SIZE_SEL_PERCENTAGE'}=y`,
        facts: [size === 'CMA_SIZE_MBYTES' ? 'kconfig.cma-size-mbytes-depends' : 'kconfig.cma-size-percentage-depends'],
        ...spanOf(config, line),
      }),
    );
  };
  if (selector === 'CMA_SIZE_SEL_PERCENTAGE') shadow('CMA_SIZE_MBYTES', selector);
  if (selector === 'CMA_SIZE_SEL_MBYTES') shadow('CMA_SIZE_PERCENTAGE', selector);
  if (lines.get('DMA_CMA')?.value !== 'y' || selector === undefined) return found;
  const size = (symbol: string) => lines.get(symbol)?.value ?? '';
  const isZero = (symbol: string) => /^0+$/.test(size(symbol));
  const zero = {
    CMA_SIZE_SEL_MBYTES: isZero('CMA_SIZE_MBYTES'),
    CMA_SIZE_SEL_PERCENTAGE: isZero('CMA_SIZE_PERCENTAGE'),
    CMA_SIZE_SEL_MIN: isZero('CMA_SIZE_MBYTES') || isZero('CMA_SIZE_PERCENTAGE'),
    CMA_SIZE_SEL_MAX: isZero('CMA_SIZE_MBYTES') && isZero('CMA_SIZE_PERCENTAGE'),
  }[selector];
  const argument = cmaArgument(size('CMDLINE'));
  const isElsewhere = facts.defaultArea !== undefined && facts.defaultArea.delivery !== 'kconfig';
  if (!zero || isElsewhere || (argument && argument.sizeBytes > 0n)) return found;
  const shown = selector === 'CMA_SIZE_SEL_PERCENTAGE' ? 'CMA_SIZE_PERCENTAGE' : 'CMA_SIZE_MBYTES';
  found.push(
    report('config/cma-size-zero', {
      message: `${shown} is 0: the kernel makes no default area, and there is no CMA heap`,
      fix: 'write CONFIG_CMA_SIZE_MBYTES=<MiB>, pass cma=<size>, or reserve an area in the device tree',
      facts: ['kconfig.cma-size-mbytes-default'],
      ...spanOf(config, lines.get(shown)),
    }),
  );
  return found;
}

/** Lines of a fragment or `.config` whose symbol no Kconfig file of the tree defines. */
export function unknownSymbols(
  config: SourceText,
  lines: ReadonlyMap<string, SetOption>,
  { symbols }: ConfigFacts,
): Diagnostic[] {
  if (symbols === undefined) return [];
  const known = new Set(symbols);
  const found: Diagnostic[] = [];
  for (const line of lines.values()) {
    if (known.has(line.symbol)) continue;
    const near = suggest(line.symbol, known);
    found.push(
      report('config/unknown-symbol', {
        message: `this kernel has no symbol ${line.symbol}`,
        ...(line.value === 'n' ? { severity: 'note' as const } : {}),
        cause: 'conf drops a line for a symbol that no Kconfig file defines, without a word',
        ...(near.length === 0 ? {} : { fix: `did you mean ${near.map((name) => `CONFIG_${name}`).join(', ')}?` }),
        ...spanOf(config, line),
      }),
    );
  }
  return found;
}
