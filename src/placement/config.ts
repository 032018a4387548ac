/** What a kernel configuration, whole or in part, says about placement. */

import { minimumAlignment } from './alignment.js';
import type { PlacementInput } from './input.js';
import type { Architecture, KernelRules } from './rules.js';
import type { KconfigSize, Situation } from './situation.js';

export interface Assumption {
  readonly text: string;
  readonly matters: 'always' | 'areas' | 'kconfig-area';
}

/** A symbol of the kernel's configuration; `unknown` when neither a complete .config nor a fragment says. */
export type Tristate = 'y' | 'm' | 'n' | 'unknown';

export class Config {
  readonly #values: ReadonlyMap<string, string> | undefined;
  readonly #complete: boolean;

  constructor(input: PlacementInput) {
    this.#values = input.config;
    this.#complete = input.config !== undefined && input.configComplete !== false;
  }

  get complete(): boolean {
    return this.#complete;
  }

  tristate(symbol: string): Tristate {
    const value = this.#values?.get(symbol);
    if (value === 'y' || value === 'm') return value;
    return value !== undefined || this.#complete ? 'n' : 'unknown';
  }

  number(symbol: string): bigint | undefined {
    const value = this.#values?.get(symbol);
    return value !== undefined && /^(?:0x[0-9a-f]+|[0-9]+)$/i.test(value) ? BigInt(value) : undefined;
  }
}

export function pageSizeOf(config: Config): bigint {
  if (config.tristate('ARM64_64K_PAGES') === 'y') return 65536n;
  return config.tristate('ARM64_16K_PAGES') === 'y' ? 16384n : 4096n;
}

/** A granule, and whether the kernel that has it has 64-bit page tables (arm32). */
export interface Granule {
  readonly bytes: bigint;
  readonly lpae: boolean;
}

/** Granules that the known part of the configuration allows; the first is the likeliest. */
export function granules(
  rules: KernelRules,
  architecture: Architecture,
  config: Config,
  pageSizeBytes: bigint,
): [Granule, ...Granule[]] {
  const order = config.number('ARCH_FORCE_MAX_ORDER') ?? config.number('FORCE_MAX_ZONEORDER');
  const block = config.number('PAGE_BLOCK_MAX_ORDER');
  const both = (symbol: string): boolean[] => {
    const value = config.tristate(symbol);
    return value === 'unknown' ? [true, false] : [value === 'y'];
  };
  const found = new Map<string, Granule>();
  for (const hugetlb of both('HUGETLB_PAGE'))
    for (const transparentHugepage of both('TRANSPARENT_HUGEPAGE'))
      for (const lpae of architecture === 'arm' ? both('ARM_LPAE').reverse() : [false]) {
        const bytes = minimumAlignment(rules, architecture, pageSizeBytes, {
          hugetlb,
          transparentHugepage,
          lpae,
          forceMaxOrder: order === undefined ? undefined : Number(order),
          pageBlockMaxOrder: block === undefined ? undefined : Number(block),
        });
        found.set(`${bytes} ${lpae}`, { bytes, lpae });
      }
  return [...found.values()] as [Granule, ...Granule[]];
}

/** Descriptors of 64 bytes, which only SLUB makes sure of, in one piece for each section. */
export function inPieces({ descriptorPieces }: KernelRules, config: Config): Situation['descriptorPieces'] {
  const mapped = config.tristate('SPARSEMEM_VMEMMAP');
  if (descriptorPieces === 'mapped' || mapped === 'y' || config.tristate('SPARSEMEM') === 'n') return 'n';
  return mapped === 'n' && config.tristate('SLUB') === 'y' ? 'y' : 'unknown';
}

export function slotCounts(rules: KernelRules, config: Config): [number, ...number[]] {
  const written = config.number('CMA_AREAS');
  if (written !== undefined) return [Number(written) + rules.extraSlots];
  // Kconfig defaults: 7 + 1 or 8 without NUMA, 19 + 1 or 20 with it.
  return [8, 20];
}

export function kconfigSize(config: Config, architecture: string, assumed: Assumption[]): KconfigSize {
  const choice = (['PERCENTAGE', 'MIN', 'MAX'] as const).find((c) => config.tristate(`CMA_SIZE_SEL_${c}`) === 'y');
  const written = config.number('CMA_SIZE_MBYTES');
  const fallback = config.complete || architecture === 'x86_64' ? 0n : 16n;
  if (written === undefined && !config.complete)
    assumed.push({ text: `CMA_SIZE_MBYTES=${fallback}, the default of Kconfig`, matters: 'kconfig-area' });
  return {
    mebibytes: written ?? fallback,
    percentage: config.number('CMA_SIZE_PERCENTAGE') ?? 0n,
    choice: choice ?? 'MBYTES',
  };
}

export function heapConfig(config: Config, assumed: Assumption[]): Situation['heaps'] {
  const on = (symbol: string) => config.tristate(symbol) !== 'n';
  const asked = ['DMABUF_HEAPS', 'DMABUF_HEAPS_SYSTEM', 'DMABUF_HEAPS_CMA'].filter(
    (symbol) => config.tristate(symbol) === 'unknown',
  );
  if (asked.length > 0) assumed.push({ text: `${asked.join(', ')}: on`, matters: 'always' });
  return {
    system: on('DMABUF_HEAPS') && on('DMABUF_HEAPS_SYSTEM'),
    cma: on('DMABUF_HEAPS') && on('DMABUF_HEAPS_CMA') && on('DMA_CMA'),
    legacyName: on('DMABUF_HEAPS_CMA_LEGACY'),
  };
}
