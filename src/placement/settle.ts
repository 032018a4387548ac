/** From what the caller knows to a situation that can be booted, with the questions that stay open. */
import { compareKernelVersions, formatKernelVersion, NEWEST_KERNEL, OLDEST_KERNEL } from '../facts/index.js';
import { alignDown } from '../quantity/index.js';
import { minimumAlignment } from './alignment.js';
import { cmaParameter, effectiveCommandLine, memparse, parameterValue } from './command-line.js';
import { descriptorBuffer, earlyBytes, earlyPages } from './early-memory.js';
import type { MemoryRange, PlacementInput } from './input.js';
import { higher, type Interval, IntervalSet, interval, lower } from './interval-set.js';
import { isPool, memoryOfTree, memoryReservationsOf, readReservedMemory } from './reserved-nodes.js';
import { datedFacts, type KernelRules, kernelRules } from './rules.js';
import { type KconfigSize, type NamedInterval, OWN_MEMORY, type Situation } from './situation.js';
import { armLowMemoryEnd, zonesOf } from './zones.js';

export interface OpenQuestion {
  readonly about: 'tree' | 'memory' | 'granule' | 'layout' | 'slots' | 'size' | 'high-memory' | 'parameter' | 'early';
  /** The fact that answers it, and how to give it. */
  readonly needs: string;
  readonly answers: readonly Situation[];
  /** Fields that stay unknown whatever the answers agree on. */
  readonly always?: readonly string[];
}

export interface Assumption {
  readonly text: string;
  readonly matters: 'always' | 'areas' | 'kconfig-area';
}

export interface Settled {
  readonly situation: Situation;
  readonly questions: readonly OpenQuestion[];
  readonly assumed: readonly Assumption[];
  readonly commandLine: string;
}

const EVERYTHING = ['outcome', 'heaps', 'areas', 'cmaTotalBytes', 'log', 'rejected'];
const MIB = 1n << 20n;
const GIB = 1n << 30n;

/** A symbol of the kernel's configuration; `unknown` when neither a complete .config nor a fragment says. */
type Tristate = 'y' | 'm' | 'n' | 'unknown';

class Config {
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

/** @throws RangeError for a kernel before 5.10 */
export function situationOf(input: PlacementInput): Settled {
  if (compareKernelVersions(input.kernel, OLDEST_KERNEL) < 0)
    throw new RangeError(
      `kernel ${input.kernel.major}.${input.kernel.minor} is older than ${formatKernelVersion(OLDEST_KERNEL)}`,
    );
  const rules = kernelRules(input.kernel, input.backports, input.facts);
  const config = new Config(input);
  const commandLine = effectiveCommandLine(input.tree, input.commandLine, input.config);
  const reservedMemory = readReservedMemory(input.tree);
  const assumed: Assumption[] = [];
  const questions: OpenQuestion[] = [];
  const dated = datedFacts(input.kernel, input.facts).filter((fact) => input.backports?.[fact] === undefined);
  const release = `kernel ${formatKernelVersion(input.kernel)}`;
  if (dated.length > 0)
    assumed.push({
      text: `${release} was neither read nor booted; the dates of commits decide ${dated.join(', ')}`,
      matters: 'areas',
    });
  if (compareKernelVersions(input.kernel, NEWEST_KERNEL) > 0)
    assumed.push({
      text: `${release} is newer than any that was read, and behaves like ${formatKernelVersion(NEWEST_KERNEL)}`,
      matters: 'areas',
    });
  if (input.isSkeleton === true && input.architecture !== 'x86_64')
    assumed.push({ text: "the board's own device tree, which is not given, reserves nothing", matters: 'areas' });
  const pageSizeBytes = input.pageSizeBytes ?? pageSizeOf(config);
  if (input.pageSizeBytes === undefined && input.architecture === 'arm64' && !config.complete)
    assumed.push({ text: '4 KiB pages', matters: 'areas' });

  const stated = (input.memory ?? memoryOfTree(input.tree, reservedMemory.rootCells)).map((bank) =>
    interval(bank.baseAddress, bank.sizeBytes),
  );
  const banks = limitMemory(stated.length > 0 ? stated : [{ start: 0n, end: 4n * GIB }], commandLine);
  const parameter = cmaParameter(commandLine);
  const size = kconfigSize(config, input.architecture, assumed);
  const situation: Situation = {
    rules,
    architecture: input.architecture,
    pageSizeBytes,
    minimumAlignmentBytes: granules(rules, input, config, pageSizeBytes)[0] as bigint,
    slots: slotCounts(rules, config)[0] as number,
    dmaCma: config.tristate('DMA_CMA') !== 'n',
    kconfigSize: size,
    parameter,
    banks,
    occupied: (input.occupied ?? []).map((range) => ({
      name: range.name,
      ...interval(range.baseAddress, range.sizeBytes),
    })),
    reservedMemory,
    memoryReservations: memoryReservationsOf(input.tree),
    zones: { boundaries: [], dmaLimit: 0n },
    highMemoryStart: undefined,
    lowMemoryLimit: undefined,
    descriptorPieces: inPieces(rules, config),
    // A page table at least, where the default area is not the first thing of all.
    ...(rules.defaultBeforeStatic.includes(input.architecture)
      ? {}
      : { early: [earlyPages(pageSizeBytes, { pageSizeBytes })] }),
    heaps: heapConfig(config, assumed),
  };
  const withRam = applyRam(situation, input, config, config.tristate('HIGHMEM') !== 'n', commandLine);
  const pools = reservedMemory.nodes.filter(isPool);
  const usesCma = situation.dmaCma && (pools.length > 0 || parameter !== undefined || size.mebibytes > 0n);

  if (reservedMemory.isCut)
    questions.push({
      about: 'tree',
      needs: 'a device tree of a board: this one has more than 1024 reservations',
      answers: [],
      always: EVERYTHING,
    });
  if (stated.length === 0 && usesCma)
    questions.push({
      about: 'memory',
      needs: `the RAM banks${input.architecture === 'x86_64' ? '' : ': the device tree states none'} (--memory BASE+SIZE, or board.memory in the profile)`,
      answers: [],
      always: pools.length > 0 ? EVERYTHING : ['outcome'],
    });
  const [, ...otherGranules] = granules(rules, input, config, pageSizeBytes);
  if (usesCma && otherGranules.length > 0)
    questions.push({
      about: 'granule',
      needs: 'HUGETLB_PAGE and TRANSPARENT_HUGEPAGE of the kernel: they decide the alignment of CMA (--config FILE)',
      answers: otherGranules.map((minimumAlignmentBytes) => ({ ...withRam, minimumAlignmentBytes })),
    });
  const [, ...otherSlots] = slotCounts(rules, config);
  if (pools.length + 1 > Math.min(withRam.slots, ...otherSlots) && otherSlots.length > 0)
    questions.push({
      about: 'slots',
      needs: 'CMA_AREAS of the kernel (--config FILE)',
      answers: otherSlots.map((slots) => ({ ...withRam, slots })),
    });
  if (config.number('CMA_SIZE_MBYTES') === undefined && !config.complete && parameter === undefined)
    questions.push({
      about: 'size',
      needs: 'CMA_SIZE_MBYTES of the kernel (--config FILE)',
      // Alone on the board the area differs in nothing else.
      ...(pools.length === 0
        ? { answers: [], always: ['cmaTotalBytes', 'areas[0].sizeBytes'] }
        : { answers: [{ ...withRam, kconfigSize: { ...size, mebibytes: size.mebibytes + 48n } }] }),
    });
  if (input.architecture === 'arm' && config.tristate('HIGHMEM') === 'unknown' && usesCma)
    questions.push({
      about: 'high-memory',
      needs: 'HIGHMEM of the kernel (--config FILE)',
      answers: [applyRam(situation, input, config, false, commandLine)],
    });
  // Without a region of its own nothing depends on the layout but the base of Kconfig's area, which is open anyway.
  if (stated.length > 0 && situation.dmaCma && (pools.length > 0 || parameter !== undefined))
    questions.push(...layoutQuestions(withRam));
  // Page tables and the unflattened tree come from the top of free memory, before cma=SIZE@BASE is looked at.
  if (situation.dmaCma && (parameter !== undefined || size.mebibytes > 0n) && situation.early !== undefined) {
    const buffer = descriptorBuffer(withRam);
    questions.push({
      about: 'early',
      needs: `the kernel's own early allocations: only a booted kernel shows whether they leave room for ${parameter?.text ?? 'the area of Kconfig'}`,
      answers: [
        { ...withRam, early: [earlyPages(earlyBytes(withRam), withRam)] },
        ...(buffer === undefined ? [] : [{ ...withRam, early: [...(withRam.early ?? []), buffer] }]),
      ],
    });
  }
  for (const name of ['hugetlb_cma', 'numa_cma', 'cma_pernuma'])
    if (situation.dmaCma && parameterValue(commandLine, name) !== undefined)
      questions.push({
        about: 'parameter',
        needs: `what ${name}= on the command line adds: not simulated`,
        answers: [],
        always: ['areas', 'cmaTotalBytes'],
      });
  return { situation: withRam, questions, assumed, commandLine };
}

function pageSizeOf(config: Config): bigint {
  if (config.tristate('ARM64_64K_PAGES') === 'y') return 65536n;
  return config.tristate('ARM64_16K_PAGES') === 'y' ? 16384n : 4096n;
}

/** Banks, zones and high memory; arm32 without HIGHMEM drops what the kernel cannot map. */
function applyRam(
  situation: Situation,
  input: PlacementInput,
  config: Config,
  highMemory: boolean,
  commandLine: string,
): Situation {
  const start = situation.banks.map((bank) => bank.start).reduce(lower, situation.banks[0]?.start ?? 0n);
  const low =
    input.architecture === 'arm'
      ? armLowMemoryEnd(
          start,
          config.number('PAGE_OFFSET') ?? 0xc000_0000n,
          memparse(parameterValue(commandLine, 'vmalloc') ?? '240M').value,
        )
      : undefined;
  const dropHigh = low !== undefined && !highMemory;
  const banks = dropHigh
    ? situation.banks.flatMap((b) => (b.start >= low ? [] : [{ start: b.start, end: lower(b.end, low) }]))
    : situation.banks;
  const end = banks.map((bank) => bank.end).reduce(higher, 0n);
  return {
    ...situation,
    banks,
    zones: zonesOf(
      situation.rules,
      input.architecture,
      input.tree,
      { start, end },
      {
        zoneDma: config.tristate('ZONE_DMA') !== 'n',
        zoneDma32: config.tristate('ZONE_DMA32') !== 'n',
        lowMemoryEnd: dropHigh ? undefined : low,
      },
    ),
    highMemoryStart: dropHigh || low === undefined || low >= end ? undefined : low,
    lowMemoryLimit: dropHigh ? undefined : low,
  };
}

/** `mem=SIZE`: the kernel keeps that much from the bottom. */
function limitMemory(banks: readonly Interval[], commandLine: string): Interval[] {
  const value = parameterValue(commandLine, 'mem');
  const sorted = [...banks].sort((a, b) => (a.start < b.start ? -1 : 1));
  if (value === undefined || value.includes('@')) return sorted;
  let left = memparse(value).value;
  if (left === 0n) return sorted;
  return sorted.flatMap((bank) => {
    const size = lower(bank.end - bank.start, left);
    left -= size;
    return size > 0n ? [{ start: bank.start, end: bank.start + size }] : [];
  });
}

/** Granules that the known part of the configuration allows; the first is the likeliest. */
function granules(rules: KernelRules, input: PlacementInput, config: Config, pageSizeBytes: bigint): bigint[] {
  const order = config.number('ARCH_FORCE_MAX_ORDER') ?? config.number('FORCE_MAX_ZONEORDER');
  const block = config.number('PAGE_BLOCK_MAX_ORDER');
  const both = (symbol: string): boolean[] => {
    const value = config.tristate(symbol);
    return value === 'unknown' ? [true, false] : [value === 'y'];
  };
  const lpae = input.architecture === 'arm' ? both('ARM_LPAE').reverse() : [false];
  const found = both('HUGETLB_PAGE').flatMap((hugetlb) =>
    both('TRANSPARENT_HUGEPAGE').flatMap((transparentHugepage) =>
      lpae.map((withLpae) =>
        minimumAlignment(rules, input.architecture, pageSizeBytes, {
          hugetlb,
          transparentHugepage,
          lpae: withLpae,
          forceMaxOrder: order === undefined ? undefined : Number(order),
          pageBlockMaxOrder: block === undefined ? undefined : Number(block),
        }),
      ),
    ),
  );
  return [...new Set(found)];
}

/** Descriptors of 64 bytes, which only SLUB makes sure of, in one piece for each section. */
function inPieces({ descriptorPieces }: KernelRules, config: Config): Situation['descriptorPieces'] {
  const mapped = config.tristate('SPARSEMEM_VMEMMAP');
  if (descriptorPieces === 'mapped' || mapped === 'y' || config.tristate('SPARSEMEM') === 'n') return 'n';
  return mapped === 'n' && config.tristate('SLUB') === 'y' ? 'y' : 'unknown';
}

function slotCounts(rules: KernelRules, config: Config): number[] {
  const written = config.number('CMA_AREAS');
  if (written !== undefined) return [Number(written) + rules.extraSlots];
  // Kconfig defaults: 7 + 1 or 8 without NUMA, 19 + 1 or 20 with it.
  return [8, 20];
}

function kconfigSize(config: Config, architecture: string, assumed: Assumption[]): KconfigSize {
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

function heapConfig(config: Config, assumed: Assumption[]): Situation['heaps'] {
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

/**
 * Kernel, initrd and device tree are somewhere. Where the caller does not say, boot loaders put the kernel at the start
 * of RAM, and initrd and tree 128 MiB above it (or in the middle of less) or at the top.
 */
function layoutQuestions(situation: Situation): OpenQuestion[] {
  const given = new Set(situation.occupied.map((range) => range.name));
  const first = situation.banks[0];
  if (first === undefined) return [];
  const length = first.end - first.start;
  const at = (name: string, start: bigint, size: bigint): NamedInterval => ({
    name,
    start,
    end: lower(start + size, first.end),
  });
  const low: NamedInterval[] = [];
  // No boot loader loads anything over memory that the tree keeps for the firmware.
  const taken = firmwareRanges(situation);
  const free = (ranges: readonly NamedInterval[]) =>
    ranges.flatMap((range) => new IntervalSet([range]).without(taken).ranges.map((rest) => ({ ...range, ...rest })));
  if (!given.has('kernel')) low.push(at('kernel', first.start, lower(32n * MIB, length / 4n)));
  const loads = ['initrd', 'dtb'].filter((name) => !given.has(name));
  const offset = lower(128n * MIB, alignDown(length / 2n, 2n * MIB));
  if (loads[0] !== undefined) low.push(at(loads[0], first.start + offset, lower(32n * MIB, length / 8n)));
  if (low.length === 0) return [];
  const missing = OWN_MEMORY.filter((name) => !given.has(name));
  const needs = `where ${missing.join(', ')} ${missing.length > 1 ? 'lie' : 'lies'}: --occupied NAME=BASE+SIZE (0+0 for none)`;
  const answers: Situation[] = [{ ...situation, occupied: [...situation.occupied, ...free(low)] }];
  if (loads[0] !== undefined) {
    const top = at(loads[0], first.end - lower(32n * MIB, length / 8n), 32n * MIB);
    // A region with a base at the top is the board's own choice; only what the allocator picks is in question.
    answers.push({
      ...situation,
      occupied: [...situation.occupied, ...free([{ ...top, name: 'boot loader', guessed: true }])],
    });
  }
  return [{ about: 'layout', needs, answers }];
}

function firmwareRanges(situation: Situation): IntervalSet {
  return new IntervalSet([
    ...situation.reservedMemory.nodes
      .filter((node) => !isPool(node) && Array.isArray(node.reg))
      .flatMap((node) => (node.reg as readonly MemoryRange[]).map((r) => interval(r.baseAddress, r.sizeBytes))),
    ...situation.memoryReservations.map((r) => interval(r.baseAddress, r.sizeBytes)),
  ]);
}
