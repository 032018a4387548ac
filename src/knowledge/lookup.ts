/** Questions to what is known of a kernel. */
import {
  type HeapNaming,
  type HeapRegistration,
  mainlineInventory,
  NAMING_FACTS,
  type OtherHeap,
} from '../facts/heap-names.js';
import { FACTS, type Fact, type Facts, factAt, type KernelVersion, rangeAt } from '../facts/index.js';
import { type Condition, holds, neededSymbols, type SymbolValue } from './condition.js';
import type { HeapEntry } from './inventory.js';
import type { KernelKnowledge, KnownFact } from './types.js';

/**
 * The facts as placement and plan look them up: one value each, whatever the version. An older description lacks facts
 * that were added since; those follow from its release.
 */
export function factsOf(knowledge: KernelKnowledge): Facts {
  return new Map([
    ...FACTS,
    ...[...knowledge.facts].flatMap(([id, { value }]): [string, Fact][] => {
      const fact = FACTS.get(id);
      const range = fact && (rangeAt(fact, knowledge.version) ?? fact.ranges[0]);
      if (fact === undefined || range === undefined) return [];
      const { until: _, ...kept } = range;
      return [[id, { ...fact, ranges: [{ ...kept, since: '0.0', value }] }]];
    }),
  ]);
}

/** Facts that this kernel's source does not show, with the file to look at. */
export function unknownFacts(knowledge: KernelKnowledge): ReadonlyMap<string, string> {
  return new Map(
    [...knowledge.facts].flatMap(([id, { known }]) => (known.by === 'unknown' ? [[id, known.file] as const] : [])),
  );
}

const DIRECTORY = '/dev/dma_heap';

/** The heaps of a kind in the order of the source, those that cannot exist with these values left out. */
export function possibleHeaps(knowledge: KernelKnowledge, value: SymbolValue = () => undefined): HeapEntry[] {
  return knowledge.inventory.heaps.filter(({ needs }) => holds(needs, value) !== false);
}

/** The registration behind a name under /dev/dma_heap; a name with a part of the kernel's own fits its pattern. */
export function vendorHeap(knowledge: KernelKnowledge, name: string): HeapEntry | undefined {
  return knowledge.inventory.heaps.find((heap) => heap.directory === DIRECTORY && namePattern(heap.name).test(name));
}

const namePattern = (name: string) =>
  new RegExp(
    `^${name
      .split(/\{[^{}]*\}/)
      .map((part) => part.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&'))
      .join('.+')}$`,
  );

/**
 * Whether the kernel behaves as what ships for its version: then a profile's range of kernels stays what it is.
 */
export function isMainline(knowledge: KernelKnowledge): boolean {
  const shipped = shippedKnowledge(knowledge.version);
  const names = (one: KernelKnowledge) =>
    JSON.stringify(
      [registrationsOf(one, () => undefined), othersOf(one, () => undefined)]
        .flat()
        .map((heap) => ('backing' in heap ? [heap.name, heap.backing, heap.cached ?? true] : [heap.name])),
    );
  if (names(knowledge) !== names(shipped)) return false;
  return [...knowledge.facts].every(([id, { value, known }]) => {
    if (id.startsWith('kconfig.') || known.by === 'assumed') return true;
    return known.by !== 'unknown' && JSON.stringify(value) === JSON.stringify(shipped.facts.get(id)?.value);
  });
}

/** Symbols that a heap needs to be set, without those that every heap needs. */
export function symbolsNeeded({ needs, symbol }: HeapEntry): string[] {
  const all = [...new Set([...neededSymbols(needs), ...(symbol === undefined ? [] : [symbol])])];
  return all.filter((one) => one !== 'DMA_SHARED_BUFFER').sort();
}

/**
 * What the kernel calls its heaps, for plan and simulator.
 * @param value the final configuration, where it is known: of drivers that exclude each other only one is there
 */
export function namingOf(knowledge: KernelKnowledge, value: SymbolValue = () => undefined): HeapNaming {
  const registrations = registrationsOf(knowledge, value);
  const kernelAreaName = String(knowledge.facts.get(NAMING_FACTS.kernelArea)?.value ?? 'reserved');
  const others = othersOf(knowledge, value);
  const inventory = { kernelAreaName, registrations, ...(others.length === 0 ? {} : { others }) };
  return { boundaries: [], kernels: { min: knowledge.version, max: knowledge.version }, inventoryAt: () => inventory };
}

/** The memory of these heaps comes from what every kernel has. */
const isCommon = ({ name, backing: { kind }, sometimes }: HeapEntry) =>
  (kind === 'default-area' || kind === 'every-area' || kind === 'system') &&
  !/\{(?!area\})/.test(name) &&
  sometimes === undefined;

function registrationsOf(knowledge: KernelKnowledge, value: SymbolValue): HeapRegistration[] {
  const heaps = possibleHeaps(knowledge, value).filter((heap) => heap.directory === DIRECTORY && isCommon(heap));
  const found = heaps.map((heap): HeapRegistration => {
    const driver = heap.symbol ?? 'DMABUF_HEAPS';
    const [needs] = symbolsNeeded(heap).filter(
      (symbol) => symbol !== driver && symbol !== 'DMABUF_HEAPS' && value(symbol) === undefined,
    );
    return {
      name: heap.name.replaceAll('{area}', '%s'),
      backing: heap.backing.kind as HeapRegistration['backing'],
      driver,
      cached: heap.cached,
      ...(needs === undefined ? {} : { needs }),
    };
  });
  // Of the variants of the system heap, such as one below 4 GiB, the first of a driver is the one that others vary.
  const isFirst = ({ cached }: HeapRegistration, i: number) =>
    found.findIndex((other) => other.backing === 'system' && other.cached === cached) === i;
  // The system heap is registered first, the default area's heap before those of all areas.
  const rank = { system: 0, 'default-area': 1, 'every-area': 2 } as const;
  return found
    .map((one, i) => (one.backing === 'system' && !isFirst(one, i) ? { ...one, isVariant: true } : one))
    .sort((a, b) => rank[a.backing] - rank[b.backing]);
}

function othersOf(knowledge: KernelKnowledge, value: SymbolValue): OtherHeap[] {
  return possibleHeaps(knowledge, value)
    .filter((heap) => heap.directory === DIRECTORY && !isCommon(heap))
    .map(({ name, backing, symbol, file }) => ({
      name,
      ...('compatible' in backing && backing.compatible !== undefined ? { compatible: backing.compatible } : {}),
      ...(symbol === undefined ? {} : { driver: symbol }),
      file,
    }));
}

/** What ships for a version of mainline. */
export function shippedKnowledge(version: KernelVersion): KernelKnowledge {
  const facts = new Map<string, KnownFact>();
  for (const [id, fact] of FACTS) {
    const range = rangeAt(fact, version);
    if (range !== undefined)
      facts.set(id, { value: factAt(id, version), known: { by: 'shipped', booted: range.evidence === 'booted' } });
  }
  const release = `${version.major}.${version.minor}`;
  const { registrations } = mainlineInventory(version);
  const heaps = registrations.map(
    ({ name, backing, driver, needs }): HeapEntry => ({
      name: name.replace('%s', '{area}'),
      directory: DIRECTORY,
      backing: { kind: backing },
      cached: true,
      needs: needsOf([driver, ...(needs === undefined ? [] : [needs])]),
      symbol: driver,
      file: backing === 'system' ? 'drivers/dma-buf/heaps/system_heap.c' : 'drivers/dma-buf/heaps/cma_heap.c',
      line: 0,
    }),
  );
  return {
    version,
    release,
    arch: undefined,
    facts,
    inventory: { heaps, unread: [], scope: 'led-to' },
    closures: [],
    origin: `mainline ${release}`,
  };
}

function needsOf(symbols: readonly string[]): Condition {
  return {
    kind: 'and',
    of: ['DMABUF_HEAPS', ...symbols].map((symbol) => ({ kind: 'symbol', symbol, is: 'set' }) as const),
  };
}
