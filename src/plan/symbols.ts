/** Which Kconfig symbols the plan asks for, and what is known to be wrong with a wish before any tree is asked. */
import type { Diagnostic } from '../diagnostic/index.js';
import { factWith, releasesWith } from '../facts/backport.js';
import { FACTS, type Facts, type FactValue, formatKernelVersion, type KernelVersion } from '../facts/index.js';
import { factsOf, symbolsNeeded, vendorHeap } from '../knowledge/lookup.js';
import type { Model } from '../model/index.js';
import { childPointer } from '../source/pointer.js';
import { report } from './codes.js';
import type { PlannedArea, PlannedHeap, SymbolRequest } from './types.js';

const MEBIBYTE = 1n << 20n;

/** Facts that say whether a symbol has a prompt, by symbol. */
const PROMPT_FACTS: Readonly<Record<string, string>> = {
  MIGRATION: 'kconfig.migration-prompt',
  MEMORY_ISOLATION: 'kconfig.memory-isolation-prompt',
  DMA_SHARED_BUFFER: 'kconfig.dma-shared-buffer-prompt',
  HAVE_DMA_CONTIGUOUS: 'kconfig.have-dma-contiguous-prompt',
};
const TYPE_FACTS: Readonly<Record<string, string>> = {
  DMABUF_HEAPS: 'kconfig.dmabuf-heaps-type',
  DMABUF_HEAPS_SYSTEM: 'kconfig.dmabuf-heaps-system-type',
  DMABUF_HEAPS_CMA: 'kconfig.dmabuf-heaps-cma-type',
};

/** What is known of the kernels: the source that was read, and for the rest what ships. */
function factsOfModel({ knowledge }: Model): Facts {
  return knowledge === undefined ? FACTS : factsOf(knowledge);
}

function needs(id: string, model: Model): string[] {
  return [...(factWith(id, model.kernel.max, model.backports, factsOfModel(model)) as readonly string[])];
}

function firstWith(id: string, value: FactValue, model: Model): KernelVersion | undefined {
  return releasesWith(id, value, model.kernel, model.backports, factsOfModel(model))[0];
}

function checkWish(symbol: string, value: string, model: Model, diagnostics: Diagnostic[]): void {
  const pointer = childPointer('/kernel/symbols', symbol);
  const span = model.loaded.spanOf(pointer);
  const at = { pointer, ...(span === undefined ? {} : { span }) };
  const type = TYPE_FACTS[symbol];
  const bool = type === undefined || value !== 'm' ? undefined : firstWith(type, 'bool', model);
  if (type !== undefined && bool !== undefined)
    diagnostics.push(
      report('plan/module-on-bool', {
        message: `${symbol} cannot be a module on ${formatKernelVersion(bool)}`,
        cause: 'it is bool there: conf refuses the line and sets the symbol to n',
        fix: 'write "y"',
        facts: [type],
        ...at,
      }),
    );
  const prompt = PROMPT_FACTS[symbol];
  if (prompt !== undefined && firstWith(prompt, false, model) !== undefined)
    diagnostics.push(
      report('plan/selected-symbol', {
        message: `${symbol} has no prompt, so the kernel silently drops a line for it`,
        cause: 'only other symbols set it, by select',
        fix: `remove ${symbol}; CMA and the heaps select the symbols that they need`,
        facts: [prompt],
        ...at,
      }),
    );
}

export function planSymbols(
  model: Model,
  areas: readonly PlannedArea[],
  heaps: readonly PlannedHeap[],
): { symbols: SymbolRequest[]; diagnostics: Diagnostic[] } {
  const requests = new Map<string, SymbolRequest>();
  const diagnostics: Diagnostic[] = [];
  const ask = (symbol: string, value: string, text: string, facts: string[]) =>
    requests.set(symbol, { symbol, value, isString: false, atLeast: false, because: { text, facts } });
  if (heaps.some((heap) => heap.kind === 'region') || areas.length > 0)
    for (const symbol of needs('kconfig.cma-heap-needs', model))
      ask(symbol, 'y', 'a CMA area with a heap needs it', ['kconfig.cma-heap-needs']);
  if (heaps.some((heap) => heap.kind === 'system'))
    for (const symbol of needs('kconfig.system-heap-needs', model))
      ask(symbol, 'y', 'the system heap needs it', ['kconfig.system-heap-needs']);
  const configured = areas.find((area) => area.delivery === 'kconfig');
  if (configured !== undefined) {
    const [selector, size] = needs('kconfig.cma-size-needs', model);
    if (selector !== undefined) ask(selector, 'y', 'the size is stated in MiB', ['kconfig.cma-size-needs']);
    if (size !== undefined)
      ask(size, String(configured.sizeBytes / MEBIBYTE), `size of the default area, "${configured.name}"`, [
        'kconfig.cma-size-needs',
      ]);
  }
  for (const heap of heaps) {
    if (heap.kind !== 'vendor' || model.knowledge === undefined) continue;
    const found = vendorHeap(model.knowledge, heap.nodes[0]?.name ?? '');
    for (const symbol of found === undefined ? [] : symbolsNeeded(found))
      if (!requests.has(symbol))
        requests.set(symbol, {
          symbol,
          value: 'y',
          isString: false,
          atLeast: false,
          because: { text: `it compiles the heap "${heap.name}" (${found?.file})` },
        });
  }
  for (const [symbol, wish] of Object.entries(model.loaded.profile.kernel.symbols ?? {})) {
    const text = String(wish);
    const atLeast = text === '>=m';
    const value = atLeast ? 'm' : text;
    const plain = typeof wish === 'number' || /^([ymn]|-?[0-9]+|0[xX][0-9a-fA-F]+)$/.test(value);
    if (!atLeast) checkWish(symbol, value, model, diagnostics);
    requests.set(symbol, {
      symbol,
      value,
      isString: !plain,
      atLeast,
      because: { text: 'requested by the profile', pointer: childPointer('/kernel/symbols', symbol) },
    });
  }
  return { symbols: [...requests.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1)), diagnostics };
}
