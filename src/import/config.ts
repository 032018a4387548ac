/** What `.config` files and fragments say of heaps. */
import type { Diagnostic, Span } from '../diagnostic/index.js';
import { FACTS, type KernelVersion, parseKernelVersion } from '../facts/index.js';
import { archOfConfig, pageSizeOfConfig } from '../init/write.js';
import { optionsOf } from '../kconfig/option-line.js';
import type { Board } from '../profile/types.gen.js';
import type { SourceText } from '../source/index.js';
import { report } from './codes.js';
import { MEBIBYTE, type Understood } from './draft.js';

export interface ConfigFindings {
  /** undefined: no configuration was given, so nothing is known. */
  readonly systemHeap: boolean | undefined;
  readonly cmaHeap: boolean | undefined;
  /** CMA_SIZE_MBYTES, when it is what counts; `at` is its line. */
  readonly size: { readonly sizeBytes: bigint; readonly at: { readonly span?: Span } } | undefined;
  /** false: the kernel makes no areas at all. */
  readonly hasCma: boolean;
  /** Symbols beyond those the heaps need. */
  readonly symbols: Readonly<Record<string, string>>;
  readonly arch: Board['arch'] | undefined;
  readonly pageSize: '16K' | '64K' | undefined;
  readonly kernel: KernelVersion | undefined;
  /** Every symbol, strings without quotes. */
  readonly values: ReadonlyMap<string, string>;
  /** Of CMDLINE. */
  readonly commandLineSpan: Span | undefined;
}

/** Symbols about CMA and dma-bufs that a person sets on purpose and a profile carries over. */
const CARRIED = new Set(
  'CMA_AREAS CMA_SYSFS CMA_DEBUGFS CMA_DEBUG CMA_ALIGNMENT DMABUF_HEAPS_CMA_LEGACY DMABUF_SYSFS_STATS DMABUF_DEBUG UDMABUF DMA_PERNUMA_CMA DMA_NUMA_CMA'.split(
    ' ',
  ),
);
/** What the profile decides by itself. */
const OWN = new Set([
  ...['kconfig.cma-heap-needs', 'kconfig.system-heap-needs', 'kconfig.cma-size-needs']
    .flatMap((id) => FACTS.get(id)?.ranges ?? [])
    .flatMap((range) => range.value as readonly string[]),
  ...'CMA_SIZE_SEL_PERCENTAGE CMA_SIZE_SEL_MIN CMA_SIZE_SEL_MAX CMA_SIZE_PERCENTAGE DMA_SHARED_BUFFER'.split(' '),
]);
/** Heaps of vendors, and their predecessor ION. */
const VENDOR_HEAPS = /(?:^|_)DMA_?BUF_HEAPS?(?:_|$)|(?:^|_)DMA_HEAPS?(?:_|$)|^ION(?:_|$)|_HEAPS?$/;
const ABOUT_HEAPS = /^(?:DMABUF_HEAPS_|CMA_|DMA_CMA|DMABUF_|DMA_(?:PER)?NUMA_CMA|UDMABUF)/;
/** In a whole configuration, `_HEAP` may be the end of a name of something else. */
const SURE_HEAPS = /DMA_?BUF_HEAP|^ION(?:_|$)/;

/** Parts of the system heap of Android's kernels, which make no heap. */
const OF_ANDROID = new Set(['DMABUF_HEAPS_DEFERRED_FREE', 'DMABUF_HEAPS_PAGE_POOL']);

interface Line {
  readonly value: string;
  readonly span: Span;
}

function linesOf(sources: readonly SourceText[]): Map<string, Line> {
  const lines = new Map<string, Line>();
  for (const source of sources)
    for (const [symbol, { value, offset, text }] of optionsOf(source.text))
      lines.set(symbol, { value, span: source.span(offset, text.length) });
  return lines;
}

const isOn = (line: Line | undefined) => line?.value === 'y' || line?.value === 'm';

export function readConfigs(sources: readonly SourceText[]): Understood<ConfigFindings> {
  const diagnostics: Diagnostic[] = [];
  const lines = linesOf(sources);
  const isGiven = sources.length > 0;
  const value = (symbol: string) => lines.get(symbol)?.value;
  // A whole configuration also lists defaults; every line of a fragment is a decision.
  const isWhole = lines.size > 1000;
  const symbols: Record<string, string> = {};
  for (const [symbol, { value, span }] of lines) {
    if (OWN.has(symbol) || !(ABOUT_HEAPS.test(symbol) || VENDOR_HEAPS.test(symbol))) continue;
    if (CARRIED.has(symbol) && /^(?:[ymn]|\d{1,9}|0x[0-9a-fA-F]{1,8})$/.test(value)) {
      if (!isWhole || value === 'y') symbols[symbol] = value;
    } else if (value !== 'n' && (!isWhole || (SURE_HEAPS.test(symbol) && !OF_ANDROID.has(symbol))))
      diagnostics.push(
        report('import/not-expressed', {
          ...(CARRIED.has(symbol)
            ? {
                message: `${symbol} is omitted, because its value is not valid`,
                cause: 'its value must be y, n or a number; conf drops this line',
                fix: 'correct the line',
              }
            : {
                message: `${symbol} is not a heap symbol of upstream kernels`,
                cause: 'a vendor kernel may have it; whether a line for it survives depends on that tree',
                fix: `add "${symbol}": "${value}" to kernel.symbols if your tree has it, and its heap with "kind": "vendor"`,
              }),
          span,
        }),
      );
  }
  for (const symbol of ['DMABUF_HEAPS_SYSTEM', 'DMABUF_HEAPS_CMA', 'DMA_CMA', 'CMA', 'DMABUF_HEAPS']) {
    const line = lines.get(symbol);
    if (line?.value === 'm')
      diagnostics.push(
        report('import/changed', {
          message: `${symbol} is m, but the generated fragment has y`,
          cause: 'no device event loads the module of a heap',
          span: line.span,
        }),
      );
  }
  const hasCma = !isGiven || isOff(lines, 'DMA_CMA', isWhole) === undefined;
  const size = hasCma ? sizeOf(lines, diagnostics) : withoutCma(lines, isWhole, diagnostics);
  diagnostics.push(...heapsOff(lines, isWhole));
  const others = isWhole
    ? []
    : [...lines.keys()].filter((symbol) => !OWN.has(symbol) && !ABOUT_HEAPS.test(symbol) && !VENDOR_HEAPS.test(symbol));
  if (others.length > 0)
    diagnostics.push(
      report('import/not-expressed', {
        message: `${others.length} ${others.length === 1 ? 'line is' : 'lines are'} not about heaps: ${others.slice(0, 8).join(', ')}${others.length > 8 ? ', ...' : ''}`,
        fix: 'keep them in a separate fragment',
        ...(lines.get(others[0] as string)?.span === undefined
          ? {}
          : { span: (lines.get(others[0] as string) as Line).span }),
      }),
    );
  const title = sources
    .map(({ text }) => /^# Linux\/\S+ (\S+) Kernel Configuration/m.exec(text)?.[1])
    .find((one) => one !== undefined);
  return {
    value: {
      systemHeap: isGiven ? isOn(lines.get('DMABUF_HEAPS_SYSTEM')) : undefined,
      cmaHeap: isGiven ? isOn(lines.get('DMABUF_HEAPS_CMA')) : undefined,
      size,
      hasCma,
      symbols,
      arch: archOfConfig(value),
      pageSize: pageSizeOfConfig(value),
      kernel: parseKernelVersion(title ?? ''),
      values: new Map([...lines].map(([symbol, line]) => [symbol, line.value])),
      commandLineSpan: lines.get('CMDLINE')?.span,
    },
    diagnostics,
  };
}

/** The line that disables a symbol; `absent`: a whole configuration without it. undefined: it is on, or open. */
function isOff(lines: ReadonlyMap<string, Line>, symbol: string, isWhole: boolean): Line | 'absent' | undefined {
  const line = lines.get(symbol);
  if (line === undefined) return isWhole ? 'absent' : undefined;
  return isOn(line) ? undefined : line;
}

const placeOf = (line: Line | 'absent' | undefined) =>
  line === undefined || line === 'absent' ? {} : { span: line.span };

function withoutCma(lines: ReadonlyMap<string, Line>, isWhole: boolean, diagnostics: Diagnostic[]): undefined {
  const size = lines.get('CMA_SIZE_MBYTES');
  diagnostics.push(
    report('import/no-effect', {
      message: `the kernel of the configuration does not have DMA_CMA${size === undefined ? '' : `, so CMA_SIZE_MBYTES=${size.value} has no effect`}`,
      cause: 'without it, neither the configuration nor nodes of the device tree nor cma= make areas',
      fix: 'set DMA_CMA=y if the board needs areas; the fragment for a profile with a region does so',
      ...placeOf(isOff(lines, 'DMA_CMA', isWhole)),
    }),
  );
  return undefined;
}

/** Heaps that the configuration disables are not in the profile. */
function* heapsOff(lines: ReadonlyMap<string, Line>, isWhole: boolean): Generator<Diagnostic> {
  for (const symbol of ['DMABUF_HEAPS', 'DMABUF_HEAPS_CMA']) {
    const line = isOff(lines, symbol, isWhole);
    if (line === undefined) continue;
    yield report('import/no-effect', {
      severity: 'note',
      message:
        `the configuration does not have ${symbol}, so the profile has no heap ${symbol === 'DMABUF_HEAPS' ? '' : 'for areas'}`.trim(),
      cause: 'an area without this driver is used by drivers only',
      fix: `set ${symbol}=y if programs of the board need the heap`,
      ...placeOf(line),
    });
    return;
  }
}

function sizeOf(lines: ReadonlyMap<string, Line>, diagnostics: Diagnostic[]): ConfigFindings['size'] {
  const line = lines.get('CMA_SIZE_MBYTES');
  const selector = ['CMA_SIZE_SEL_PERCENTAGE', 'CMA_SIZE_SEL_MIN', 'CMA_SIZE_SEL_MAX'].find((one) =>
    isOn(lines.get(one)),
  );
  if (selector !== undefined) {
    const { span } = lines.get(selector) as Line;
    diagnostics.push(
      report('import/not-expressed', {
        message: `${selector}=y: the size is a share of RAM`,
        cause: 'a profile states sizes in bytes',
        fix: 'give the region a "size" or a "budget"',
        span,
      }),
    );
    return undefined;
  }
  if (line !== undefined && !/^\d{1,8}$/.test(line.value))
    diagnostics.push(
      report('import/no-effect', {
        message: `CMA_SIZE_MBYTES=${line.value} is not a decimal number`,
        cause: 'the symbol is of type int; conf drops the line',
        fix: 'write the number of MiB in decimal digits',
        span: line.span,
      }),
    );
  if (line === undefined || !/^\d{1,8}$/.test(line.value)) return undefined;
  return { sizeBytes: BigInt(line.value) * MEBIBYTE, at: { span: line.span } };
}
