/**
 * A finished `.config` against what a board needs, without booting it and without the kernel's sources: what is
 * missing, which is a module that is not loaded, and which another line of the configuration removes.
 */

import { type Diagnostic, defineCodes, reporter } from '../diagnostic/index.js';
import { optionsOf, type SetOption } from '../kconfig/option-line.js';
import type { SourceText } from '../source/index.js';
import { suggest } from '../source/suggest.js';

export const CONFIG_CODES = defineCodes({
  'config/missing': {
    severity: 'error',
    title: 'a needed symbol is off',
    explain:
      'The final .config does not have the symbol. Kconfig silently drops a line whose dependencies are not met. dmaheap resolve names the missing lines.',
  },
  'config/present': {
    severity: 'error',
    title: 'a symbol that must be off is on',
    explain: 'The profile requires the symbol to be off, but the final .config has it. Another symbol may select it.',
  },
  'config/demoted': {
    severity: 'error',
    title: 'a symbol became a module',
    explain:
      'The symbol is m, but y is required. A dependency is a module, or a later line of the configuration sets m.',
  },
  'config/no-devtmpfs': {
    severity: 'error',
    title: 'the kernel makes no device nodes',
    explain:
      'devtmpfs makes the nodes below /dev, and udev only changes them. Without it, the heaps have nodes only if a program such as mdev -s or ueventd makes them.',
  },
  'config/value': {
    severity: 'error',
    title: 'a value differs from the required one',
    explain: 'A later line, a range or a choice gives the symbol another value than the profile requires.',
  },
  'config/module-not-loaded': {
    severity: 'error',
    title: 'heaps are modules that are not loaded',
    explain:
      'A heap is not a device that the kernel detects, so no event loads its module. Name the module in modules-load.d or in the initramfs, or build the heap into the kernel.',
  },
  'config/module-blocked': {
    severity: 'error',
    title: 'modprobe.d prevents the loading of a heap module',
    explain:
      'systemd-modules-load and modprobe do not load a module that a blacklist line names. With an install line, modprobe runs the command of the line and does not load the module. The heap then does not exist on the board.',
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
    title: 'the stated size is not used',
    explain:
      'A choice decides whether the kernel uses the size in MiB or the percentage. Kconfig silently drops the line for the other symbol.',
  },
  'config/unknown-symbol': {
    severity: 'error',
    title: 'the tree does not have the symbol',
    explain: 'conf silently drops a line for a symbol that no Kconfig file defines.',
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
  /** The device manager is udev, which makes no nodes. */
  readonly hasUdev?: boolean;
  /** Modules that something loads, with - or _. Absent: nothing is known to load any. */
  readonly loadedModules?: readonly string[];
  /** Why the image does not load a module that is listed, as a cause; undefined: nothing keeps it out. */
  readonly blockOf?: (module: string) => string | undefined;
  /** What resolve and explain need to judge this configuration: the tree, its architecture, the file. */
  readonly treeOptions?: string;
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
    ...goals.flatMap((goal) => lintGoal(config, lines, goal, facts)),
    ...lintNodes(config, lines, facts),
    ...lintModules(config, lines, facts),
    ...lintCommandLine(config, lines, facts),
    ...lintSize(config, lines, goals, facts),
  ];
}

function spanOf(config: SourceText, line: SetOption | undefined) {
  return line === undefined ? {} : { span: config.span(line.offset, line.text.length) };
}

function lintGoal(
  config: SourceText,
  lines: ReadonlyMap<string, SetOption>,
  goal: ConfigGoal,
  { treeOptions = `--kernel-tree DIR --arch ARCH --base-config ${config.file}` }: ConfigFacts,
): Diagnostic[] {
  const { symbol, value, atLeast } = goal;
  const line = lines.get(symbol);
  const actual = line?.value ?? 'n';
  const place = spanOf(config, line);
  if (isSame(actual, value) || (atLeast && (actual === 'y' || actual === 'm'))) return [];
  if (value === 'n')
    return [
      report('config/present', {
        message: `${symbol} is ${actual}, but the board needs it off`,
        fix: `run dmaheap explain ${symbol} ${treeOptions}, which shows what sets it`,
        ...place,
      }),
    ];
  if (value === 'y' && actual === 'm')
    return [
      report('config/demoted', {
        message: `${symbol} is m, but the board needs y`,
        cause: 'a dependency is a module, or the base configuration sets m',
        fix: `write CONFIG_${symbol}=y; run dmaheap resolve ${symbol}=y ${treeOptions}, which names the other lines that are needed`,
        ...place,
      }),
    ];
  if (line === undefined || actual === 'n')
    return [
      report('config/missing', {
        message: `${symbol} is ${line === undefined ? 'absent' : 'not set'}, but the board needs ${value}`,
        cause:
          line === undefined ? 'its dependencies are not met, or this kernel does not have the symbol' : 'it is off',
        fix: `run dmaheap resolve ${quoted(`${symbol}${atLeast ? '>=' : '='}${value}`)} ${treeOptions}, which names the lines that are needed`,
        ...place,
      }),
    ];
  return [report('config/value', { message: `${symbol} is ${actual}, but the board needs ${value}`, ...place })];
}

/** A whole configuration has a line for the symbol; a fragment may lack it. */
function lintNodes(config: SourceText, lines: ReadonlyMap<string, SetOption>, { hasUdev }: ConfigFacts): Diagnostic[] {
  const line = lines.get('DEVTMPFS');
  if (line?.value !== 'n') return [];
  return [
    report('config/no-devtmpfs', {
      ...(hasUdev === true ? {} : { severity: 'warning' as const }),
      message: 'DEVTMPFS is not set, so the kernel makes no node below /dev',
      cause: hasUdev === true ? 'udev does not make nodes' : 'only some device managers make nodes',
      fix: 'write CONFIG_DEVTMPFS=y',
      ...spanOf(config, line),
    }),
  ];
}

/** A shell takes > for a redirection. */
const quoted = (wish: string) => (wish.includes('>') ? `'${wish}'` : wish);

/** Equal as texts or as numbers. */
function isSame(a: string, b: string): boolean {
  if (a === b) return true;
  return /^-?(\d+|0[xX][0-9a-fA-F]+)$/.test(a) && /^-?(\d+|0[xX][0-9a-fA-F]+)$/.test(b) && Number(a) === Number(b);
}

function lintModules(config: SourceText, lines: ReadonlyMap<string, SetOption>, facts: ConfigFacts): Diagnostic[] {
  const loaded = new Set((facts.loadedModules ?? []).map((name) => name.replaceAll('-', '_')));
  return Object.entries(HEAP_MODULES).flatMap(([symbol, module]) => {
    const line = lines.get(symbol);
    if (line?.value !== 'm') return [];
    const block = facts.blockOf?.(module);
    if (block !== undefined)
      return [
        report('config/module-blocked', {
          message: `${symbol} is m, but the image prevents the loading of ${module}`,
          cause: block,
          fix: 'remove that line',
          ...spanOf(config, line),
        }),
      ];
    if (loaded.has(module)) return [];
    return [
      report('config/module-not-loaded', {
        message: `${symbol} is m, but ${module} is not loaded at boot`,
        ...(facts.loadedModules === undefined ? { severity: 'warning' as const } : {}),
        cause: 'no device event loads a heap',
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
  const force = isForced ? '; it replaces the command line of the boot loader' : '';
  const { defaultArea } = facts;
  const place = spanOf(config, line);
  if (argument.sizeBytes === 0n)
    return [
      report('config/command-line', {
        message: `CONFIG_CMDLINE has ${argument.text}: the kernel has no default area${force}`,
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
      ? 'then the linux,cma-default node is not the default area'
      : `the profile states ${defaultArea.sizeBytes / MEBIBYTE} MiB`;
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
        message: `with ${by}=y, the kernel does not use ${size}`,
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
      message: `${shown} is 0: the kernel does not make a default area, so there is no CMA heap`,
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
        message: `this kernel does not have the symbol ${line.symbol}`,
        ...(line.value === 'n' ? { severity: 'note' as const } : {}),
        cause: 'conf silently drops a line for a symbol that no Kconfig file defines',
        ...(near.length === 0 ? {} : { fix: `did you mean ${near.map((name) => `CONFIG_${name}`).join(', ')}?` }),
        ...spanOf(config, line),
      }),
    );
  }
  return found;
}
