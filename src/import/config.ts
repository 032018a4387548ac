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
  'CMA_AREAS CMA_SYSFS CMA_DEBUGFS CMA_DEBUG CMA_ALIGNMENT DMABUF_HEAPS_CMA_LEGACY DMABUF_SYSFS_STATS DMABUF_DEBUG UDMABUF'.split(
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
const ABOUT_HEAPS = /^(?:DMABUF_HEAPS_|CMA_|DMA_CMA|DMABUF_|DMA_PERNUMA_CMA|UDMABUF)/;

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
    if (OWN.has(symbol) || !ABOUT_HEAPS.test(symbol)) continue;
    if (CARRIED.has(symbol) && /^(?:[ymn]|\d{1,9}|0x[0-9a-fA-F]{1,8})$/.test(value)) {
      if (!isWhole || value === 'y') symbols[symbol] = value;
    } else if (value !== 'n' && !isWhole)
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
  const size = sizeOf(lines, diagnostics);
  const others = isWhole ? [] : [...lines.keys()].filter((symbol) => !OWN.has(symbol) && !ABOUT_HEAPS.test(symbol));
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
  if (line === undefined || !/^\d{1,8}$/.test(line.value) || Number(line.value) === 0) return undefined;
  return { sizeBytes: BigInt(line.value) * MEBIBYTE, at: { span: line.span } };
}
