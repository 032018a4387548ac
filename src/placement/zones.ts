/** Where one memory zone ends and the next begins: a CMA area may not cross such an address. */
import type { Fdt } from '../fdt/index.js';
import { alignDown } from '../quantity/index.js';
import { lower } from './interval-set.js';
import type { Memblock } from './memblock.js';
import { narrowestBus } from './reach.js';
import type { Architecture, KernelRules } from './rules.js';

const GIB4 = 1n << 32n;

export interface ZoneConfig {
  readonly zoneDma: boolean;
  /** arm32: what the machine says of its DMA zone, from the start of RAM; undefined: nothing. */
  readonly machineDmaBytes: bigint | undefined;
  /** Where another NUMA node begins. */
  readonly numaBoundaries: readonly bigint[];
  readonly zoneDma32: boolean;
  /** arm32: end of low memory; undefined on other architectures. */
  readonly lowMemoryEnd: bigint | undefined;
}

export interface Zones {
  /** Addresses at which a zone ends and another begins, ascending. */
  readonly boundaries: readonly bigint[];
  /** Those of them at which memory of another NUMA node begins. */
  readonly numa: readonly bigint[];
  /** Upper limit of the default area that the kernel makes itself; 0: none. */
  readonly dmaLimit: bigint;
}

/** Sources: arch/{arm64,arm,riscv,x86}/mm/init.c. */
export function zonesOf(...known: Parameters<typeof zonesByArchitecture>): Zones {
  const { boundaries, dmaLimit } = zonesByArchitecture(...known);
  const [, , , ram, { numaBoundaries: numa }] = known;
  return {
    // Where RAM ends no other zone begins: an area across that place dies of the missing pages instead.
    boundaries: sorted([...boundaries, ...numa].filter((at) => ram.start < at && at < ram.end)),
    numa,
    dmaLimit,
  };
}

const reached = new WeakMap<Fdt, { readonly last: bigint | undefined }>();

/** Walking the tree takes longer than a boot. */
function lastDmaAddress(tree: Fdt): bigint | undefined {
  const known = reached.get(tree) ?? { last: narrowestBus(tree)?.last };
  reached.set(tree, known);
  return known.last;
}

function zonesByArchitecture(
  rules: KernelRules,
  architecture: Architecture,
  tree: Fdt,
  ram: { readonly start: bigint; readonly end: bigint },
  config: ZoneConfig,
): Pick<Zones, 'boundaries' | 'dmaLimit'> {
  const end32 = ram.end < GIB4 ? ram.end : GIB4;
  switch (architecture) {
    case 'arm64': {
      const dma = config.zoneDma ? arm64DmaEnd(rules, lastDmaAddress(tree), ram) : undefined;
      const dma32 = config.zoneDma32 ? (ram.start >= GIB4 ? ram.end : end32) : undefined;
      const boundaries = [dma, dma32].filter((b) => b !== undefined);
      return { boundaries: sorted(boundaries), dmaLimit: dma ?? dma32 ?? 0n };
    }
    case 'riscv64':
      return { boundaries: config.zoneDma32 ? [GIB4] : [], dmaLimit: end32 };
    case 'x86_64':
      return { boundaries: [0x100_0000n, GIB4], dmaLimit: ram.end };
    case 'arm':
      return armZones(ram, config);
  }
}

/** setup_dma_zone(): the limit is the last address, and the zone ends a page before it. */
function armZones(ram: { readonly start: bigint }, config: ZoneConfig): Pick<Zones, 'boundaries' | 'dmaLimit'> {
  const low = config.lowMemoryEnd;
  if (!config.zoneDma) return { boundaries: low === undefined ? [] : [low], dmaLimit: 0n };
  const dmaLimit = config.machineDmaBytes === undefined ? GIB4 - 1n : ram.start + config.machineDmaBytes - 1n;
  const dmaEnd = config.machineDmaBytes === undefined ? undefined : alignDown(dmaLimit, 4096n);
  const boundaries = [low, dmaEnd === undefined || (low !== undefined && low < dmaEnd) ? undefined : dmaEnd];
  return { boundaries: boundaries.filter((at) => at !== undefined), dmaLimit };
}

function arm64DmaEnd(
  rules: KernelRules,
  max: bigint | undefined,
  ram: { readonly start: bigint; readonly end: bigint },
): bigint {
  const last32 = GIB4 - 1n;
  let last = max ?? (1n << 64n) - 1n;
  if (rules.dmaZone === 'power-of-two') {
    last = (1n << BigInt(last.toString(2).length)) - 1n;
    if (last > last32) last = last32;
    if (ram.start > last32) last = (1n << 64n) - 1n;
    else if (ram.start > last) last = last32;
  } else if (ram.start < last32 && last > last32) last = last32;
  return (last < ram.end - 1n ? last : ram.end - 1n) + 1n;
}

function sorted(values: readonly bigint[]): bigint[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
}

/** End of low memory on arm32 with the usual vmalloc area (240 MiB) below 0xff800000. */
export function armLowMemoryEnd(ramStart: bigint, pageOffset: bigint, vmallocBytes: bigint): bigint {
  return 0xff80_0000n - vmallocBytes - 0x80_0000n - pageOffset + ramStart;
}

/** adjust_lowmem_bounds(): arm32's low memory ends with the last that is mapped; what lies above counts as high. */
export function mappedLowMemoryEnd({ memory, nomap }: Memblock, limit: bigint | undefined): bigint | undefined {
  if (limit === undefined) return undefined;
  const mapped = memory.without(nomap).ranges.filter(({ start }) => start < limit);
  return lower(mapped.at(-1)?.end ?? limit, limit);
}
