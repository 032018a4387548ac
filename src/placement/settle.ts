/** From what the caller knows to a situation that can be booted, with the questions that stay open. */
import type { OtherHeap } from '../facts/heap-names.js';
import {
  compareKernelVersions,
  formatKernelVersion,
  type KernelVersion,
  NEWEST_KERNEL,
  OLDEST_KERNEL,
} from '../facts/index.js';
import { strings, walk } from '../fdt/index.js';
import { cmaParameter, effectiveCommandLine, memparse, parameterValue } from './command-line.js';
import {
  type Assumption,
  Config,
  granules,
  heapConfig,
  inPieces,
  kconfigSize,
  pageSizeOf,
  slotCounts,
} from './config.js';
import { descriptorBuffer, earlyBytes, earlyPages } from './early-memory.js';
import type { PlacementInput } from './input.js';
import { higher, interval, lower } from './interval-set.js';
import { possibleLayouts } from './layouts.js';
import { armBanksWithin32Bits, capMemory, limitMemory, numaBoundaries, readChosen } from './ram.js';
import { isPool, memoryOfTree, memoryReservationsOf, type ReservedNode, readReservedMemory } from './reserved-nodes.js';
import { datedFacts, earlierRules, type KernelRules, kernelRules, otherRules } from './rules.js';
import { OWN_MEMORY, type Situation } from './situation.js';
import { armLowMemoryEnd, zonesOf } from './zones.js';

export interface OpenQuestion {
  readonly about:
    | 'tree'
    | 'memory'
    | 'granule'
    | 'layout'
    | 'slots'
    | 'size'
    | 'high-memory'
    | 'parameter'
    | 'early'
    | 'numa'
    | 'machine'
    | 'driver'
    | 'kernel';
  /** The fact that answers it, and how to give it. */
  readonly needs: string;
  readonly answers: readonly Situation[];
  /** What each answer is called, where the reader is shown the outcome of each. */
  readonly names?: readonly string[];
  /** Fields that stay unknown whatever the answers agree on. */
  readonly always?: readonly string[];
}

export interface Settled {
  readonly situation: Situation;
  readonly questions: readonly OpenQuestion[];
  readonly assumed: readonly Assumption[];
  readonly commandLine: string;
}

const EVERYTHING = ['outcome', 'heaps', 'areas', 'cmaTotalBytes', 'log', 'rejected'];
/** What an area is, once it is known that it exists. */
const ACTIVATION = ['heaps', 'cmaTotalBytes', 'log', 'rejected'];
const GIB = 1n << 30n;

/** @throws RangeError for a kernel before {@link OLDEST_KERNEL} */
export function situationOf(input: PlacementInput): Settled {
  if (compareKernelVersions(input.kernel, OLDEST_KERNEL) < 0)
    throw new RangeError(
      `kernel ${input.kernel.major}.${input.kernel.minor} is older than ${formatKernelVersion(OLDEST_KERNEL)}`,
    );
  const shipped = kernelRules(input.kernel, input.backports, input.facts);
  const rules = input.inventory === undefined ? shipped : { ...shipped, inventory: input.inventory };
  const config = new Config(input);
  const commandLine = effectiveCommandLine(input.tree, input.commandLine, input.config);
  const reservedMemory = readReservedMemory(input.tree);
  const chosen = readChosen(input.tree, reservedMemory.rootCells);
  const assumed: Assumption[] = releaseAssumptions(input);
  const questions: OpenQuestion[] = [];
  if (input.isSkeleton === true && input.architecture !== 'x86_64')
    assumed.push({ text: "the board's device tree, which is not given, reserves no memory", matters: 'areas' });
  const pageSizeBytes = input.pageSizeBytes ?? pageSizeOf(config);
  if (input.pageSizeBytes === undefined && input.architecture === 'arm64' && !config.complete)
    assumed.push({ text: '4 KiB pages', matters: 'areas' });

  const occupied = (input.occupied ?? []).map((range) => ({
    name: range.name,
    ...interval(range.baseAddress, range.sizeBytes),
  }));
  if (chosen.initrd !== undefined && !occupied.some(({ name }) => name === 'initrd'))
    occupied.push({ name: 'initrd', ...chosen.initrd });
  const stated = (input.memory ?? memoryOfTree(input.tree, reservedMemory.rootCells)).map((bank) =>
    interval(bank.baseAddress, bank.sizeBytes),
  );
  const own = occupied.filter(({ name, start, end }) => OWN_MEMORY.includes(name) && start < end);
  const known = stated.length > 0 ? stated : [{ start: 0n, end: 4n * GIB }];
  const limited = limitMemory(known, commandLine, { rules, architecture: input.architecture, own });
  const isCapped = chosen.usable !== undefined && rules.usableRange.includes(input.architecture);
  const banks = isCapped ? capMemory(limited.banks, (chosen.usable ?? []).slice(0, rules.usableRanges)) : limited.banks;
  const parameter = cmaParameter(commandLine);
  const size = kconfigSize(config, input.architecture, assumed);
  const [granule, ...otherGranules] = granules(rules, input.architecture, config, pageSizeBytes);
  const [slots, ...otherSlots] = slotCounts(rules, config);
  const restricted = config.tristate('DMA_RESTRICTED_POOL');
  const situation: Situation = {
    rules,
    architecture: input.architecture,
    pageSizeBytes,
    minimumAlignmentBytes: granule.bytes,
    lpae: granule.lpae,
    slots,
    atomicPools: atomicPoolsOf(input, commandLine, banks, pageSizeBytes),
    dmaCma: config.tristate('DMA_CMA') !== 'n',
    restrictedPool: rules.restrictedPool && restricted === 'y',
    flatMemory: config.tristate('SPARSEMEM') !== 'y',
    kconfigSize: size,
    parameter,
    banks,
    occupied,
    reservedMemory,
    memoryReservations: memoryReservationsOf(input.tree),
    zones: { boundaries: [], numa: [], dmaLimit: 0n },
    highMemoryStart: undefined,
    lowMemoryLimit: undefined,
    descriptorPieces: inPieces(rules, config),
    // A page table at least, where the default area is not the first thing of all.
    ...(rules.defaultBeforeStatic.includes(input.architecture)
      ? {}
      : { early: [earlyPages(pageSizeBytes, { pageSizeBytes })] }),
    heaps: heapConfig(config, assumed),
  };
  const isNuma = config.tristate('NUMA');
  const nodes =
    isNuma === 'n' || input.architecture === 'arm' || parameterValue(commandLine, 'numa') === 'off'
      ? []
      : numaBoundaries(input.tree, reservedMemory.rootCells);
  const numa = stated.length < 2 ? [] : nodes;
  const withRam = applyRam(situation, { input, config, commandLine, numa });
  const pools = reservedMemory.nodes.filter(isPool);
  const makesDefault = situation.dmaCma && (parameter !== undefined || size.mebibytes > 0n);
  const isEfi = input.efi ?? (chosen.isEfi ? true : config.tristate('EFI') === 'n' ? false : undefined);
  const usesCma = situation.dmaCma && (pools.length > 0 || makesDefault);

  for (const [fact, file] of input.unknownFacts ?? []) {
    const answers = otherRules(rules, fact).map((other): Situation => ({ ...withRam, rules: other }));
    if (answers.length > 0)
      questions.push({
        about: 'kernel',
        needs: `${fact} of this kernel, whose ${file} does not look like a known kernel`,
        answers,
      });
  }
  // What was read in this very source does not depend on its number.
  const earlier = input.inventory === undefined ? earlierRules(rules, input.backports, input.facts) : undefined;
  if (earlier !== undefined)
    questions.push({
      about: 'kernel',
      needs: `the source of this kernel (--kernel-tree DIR): within the stable releases of ${formatKernelVersion(input.kernel)} these facts changed: ${earlier.facts.join(', ')}`,
      answers: [{ ...withRam, rules: earlier.rules }],
    });
  const others = otherHeaps(input, config);
  if (others.length > 0)
    questions.push({
      about: 'driver',
      needs: `a boot of this kernel: ${[...new Set(others.map(({ file }) => file))].join(' and ')} may register ${others.map(({ name }) => name).join(', ')}`,
      answers: [],
      always: ['heaps'],
    });
  if (reservedMemory.isCut)
    questions.push({
      about: 'tree',
      needs: 'a device tree with at most 1024 reservations',
      answers: [],
      always: EVERYTHING,
    });
  if (stated.length === 0 && usesCma)
    questions.push({
      about: 'memory',
      needs: `the RAM banks${input.architecture === 'x86_64' ? '' : ': the device tree states none'} (--memory BASE+SIZE, --boot-log FILE, or board.memory in the profile)`,
      answers: [],
      always: EVERYTHING,
    });
  // The caller's banks count as what the kernel has in the end.
  if (chosen.isEfi && input.memory === undefined && usesCma)
    questions.push({
      about: 'memory',
      needs:
        'the memory map of EFI: /chosen has linux,uefi-system-table, and the kernel then ignores the memory nodes (--boot-log FILE, or --memory BASE+SIZE)',
      answers: [],
      always: EVERYTHING,
    });
  for (const text of usesCma ? limited.open : [])
    questions.push({
      about: 'memory',
      needs: `the RAM that ${text} on the command line leaves: not simulated (--boot-log FILE, or --memory BASE+SIZE)`,
      answers: [],
      always: EVERYTHING,
    });
  if (usesCma && otherGranules.length > 0)
    questions.push({
      about: 'granule',
      needs: `${input.architecture === 'arm' ? 'ARM_LPAE, ' : ''}HUGETLB_PAGE and TRANSPARENT_HUGEPAGE of the kernel, which decide the alignment of CMA (--config FILE)`,
      answers: otherGranules.map(({ bytes, lpae }) =>
        // 64-bit addresses change what of RAM the kernel takes.
        lpae === withRam.lpae
          ? { ...withRam, minimumAlignmentBytes: bytes }
          : applyRam({ ...situation, minimumAlignmentBytes: bytes, lpae }, { input, config, commandLine, numa }),
      ),
    });
  if (pools.length + 1 > Math.min(withRam.slots, ...otherSlots) && otherSlots.length > 0)
    questions.push({
      about: 'slots',
      needs: 'CMA_AREAS of the kernel (--config FILE)',
      answers: otherSlots.map((count) => ({ ...withRam, slots: count })),
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
      answers: [applyRam(situation, { input, config, commandLine, numa, highMemory: false })],
    });
  if (numa.length > 0 && isNuma === 'unknown' && usesCma)
    questions.push({
      about: 'numa',
      needs: 'NUMA of the kernel: the memory nodes belong to several NUMA nodes (--config FILE)',
      answers: [applyRam(situation, { input, config, commandLine, numa: [] })],
    });
  if (nodes.length > 0 && usesCma && mayHaveAreaPerNode(input.kernel, config))
    questions.push({
      about: 'numa',
      needs:
        'CMA_SIZE_PERNUMA of the kernel (--config FILE), with which each NUMA node gets an area of the size of the default area; these areas are not simulated',
      answers: [],
      always: ['areas', 'cmaTotalBytes', 'log'],
    });
  if (rules.restrictedPool && restricted === 'unknown' && hasRestrictedPool(situation))
    questions.push({
      about: 'driver',
      needs: 'DMA_RESTRICTED_POOL of the kernel (--config FILE)',
      answers: [{ ...withRam, restrictedPool: true }],
    });
  // Without a region and without a default area, nothing depends on the layout. A kernel without CMA takes the memory of
  // a region too, and gives it back when no driver wants it.
  if (stated.length > 0 && (situation.reservedMemory.nodes.some(isMovable) || makesDefault)) {
    if (isEfi === undefined && !occupied.some(({ name }) => name === 'kernel') && pools.some(({ reg }) => reg))
      assumed.push({
        text: 'the boot loader, perhaps EFI, loads no image into a region with a base',
        matters: 'areas',
      });
    const layouts = possibleLayouts(withRam, input.tree, isEfi);
    const given = new Set(occupied.map(({ name }) => name));
    const missing = OWN_MEMORY.filter((name) => !given.has(name));
    if (layouts.length > 0)
      questions.push({
        about: 'layout',
        needs: `the addresses of ${missing.join(', ')} (${isEfi === true ? 'EFI does not print them: ' : '--boot-log FILE with the lines of the boot loader, or '}--occupied NAME=BASE+SIZE; 0+0 for none)`,
        names: layouts.map(({ name }) => name),
        answers: layouts.map((layout) => ({ ...withRam, occupied: [...occupied, ...layout.occupied] })),
      });
  }
  // Page tables and the unflattened tree come from the top of free memory, before cma=SIZE@BASE is looked at.
  if (makesDefault && situation.early !== undefined) {
    const buffer = descriptorBuffer(withRam);
    questions.push({
      about: 'early',
      needs: `the kernel's own early allocations: only a boot shows whether they leave room for ${parameter?.text ?? 'the area of Kconfig'}`,
      answers: [
        { ...withRam, early: [earlyPages(earlyBytes(withRam), withRam)] },
        ...(buffer === undefined ? [] : [{ ...withRam, early: [...(withRam.early ?? []), buffer] }]),
      ],
    });
  }
  questions.push(...parameterQuestions(commandLine, situation, pools.length > 0 || makesDefault));
  return { situation: withRam, questions, assumed, commandLine };
}

/** The symbol was read in the newest kernel, where it is on by default. */
function mayHaveAreaPerNode(kernel: KernelVersion, config: Config): boolean {
  const value = config.tristate('CMA_SIZE_PERNUMA');
  return value === 'y' || (value === 'unknown' && compareKernelVersions(kernel, NEWEST_KERNEL) >= 0);
}

/** Parameters that add areas, take memory or part it, and are not simulated: what they decide is unknown by name. */
const OPEN_PARAMETERS: readonly (readonly [name: string, what: string, fields: readonly string[]])[] = [
  ['hugetlb_cma', 'adds', ['areas', 'cmaTotalBytes']],
  ['numa_cma', 'adds', ['areas', 'cmaTotalBytes']],
  ['cma_pernuma', 'adds', ['areas', 'cmaTotalBytes']],
  // The crash kernel's memory is taken after the regions of the tree, and before or after the default area.
  ['crashkernel', 'takes', ['areas[0].baseAddress']],
];

function parameterQuestions(commandLine: string, situation: Situation, usesCma: boolean): OpenQuestion[] {
  if (!situation.dmaCma || !usesCma) return [];
  const found = OPEN_PARAMETERS.filter(([name]) => parameterValue(commandLine, name) !== undefined).map(
    ([name, what, always]): OpenQuestion => ({
      about: 'parameter',
      needs: `the memory that ${name}= on the command line ${what}, which is not simulated`,
      answers: [],
      always,
    }),
  );
  const numa = parameterValue(commandLine, 'numa');
  const movable = ['movablecore', 'kernelcore'].find((name) => parameterValue(commandLine, name) !== undefined);
  if (numa?.startsWith('fake=') === true)
    found.push({
      about: 'numa',
      needs: `the addresses at which numa=${numa} divides the memory, which are not simulated; the kernel does not activate an area across two nodes`,
      answers: [],
      always: ACTIVATION,
    });
  if (movable !== undefined)
    found.push({
      about: 'parameter',
      needs: `the start of the movable zone, which ${movable}= on the command line sets and which is not simulated`,
      answers: [],
      always: ACTIVATION,
    });
  return found;
}

/** Whether its place, or what its refusal gives back, depends on what else is in memory. */
const isMovable = (node: ReservedNode) => isPool(node) || (typeof node.size === 'bigint' && node.reg === undefined);

function hasRestrictedPool({ reservedMemory }: Situation): boolean {
  return reservedMemory.nodes.some(({ compatible }) => compatible.includes('restricted-dma-pool'));
}

/** One pool for each zone that the kernel has. */
const ATOMIC_POOLS = 3n;
const ATOMIC_POOL_FACT = 'memory.atomic-pool';

/** kernel/dma/pool.c: a pool is at most the largest block of the buddy allocator. */
function atomicPoolsOf(
  { unknownFacts }: PlacementInput,
  commandLine: string,
  banks: Situation['banks'],
  pageSizeBytes: bigint,
): Situation['atomicPools'] {
  const largest = pageSizeBytes << 10n;
  const stated = parameterValue(commandLine, 'coherent_pool');
  const file = unknownFacts?.get(ATOMIC_POOL_FACT);
  const ram = banks.reduce((sum, { start, end }) => sum + (end - start), 0n);
  const part = ram >> 13n;
  const each =
    stated !== undefined
      ? memparse(stated).value
      : file !== undefined
        ? largest
        : part > 128n << 10n
          ? part
          : 128n << 10n;
  const why =
    stated !== undefined || file === undefined
      ? ''
      : `: ${file} does not look like a known kernel (${ATOMIC_POOL_FACT})`;
  return {
    mostBytes: ATOMIC_POOLS * (each > largest ? largest : each),
    needs: `a boot of this kernel: its pools for atomic allocations may take the whole default area${why}`,
  };
}

/** Heaps on memory that is not simulated: those whose driver may be there, and whose node is, where one is known. */
function otherHeaps({ inventory, tree }: PlacementInput, config: Config): readonly OtherHeap[] {
  const others = (inventory?.others ?? []).filter(
    ({ driver }) => driver === undefined || config.tristate(driver) !== 'n',
  );
  if (others.length === 0) return [];
  const there = new Set([...walk(tree.root)].flatMap((node) => strings(node, 'compatible') ?? []));
  return others.filter(({ compatible }) => compatible === undefined || there.has(compatible));
}

/** What is assumed because the release was not seen itself. */
function releaseAssumptions(input: PlacementInput): Assumption[] {
  // What was read in this very source does not rest on dates.
  const dated =
    input.inventory !== undefined
      ? []
      : datedFacts(input.kernel, input.facts).filter((fact) => input.backports?.[fact] === undefined);
  const release = `kernel ${formatKernelVersion(input.kernel)}`;
  const assumed: Assumption[] = [];
  if (dated.length > 0)
    assumed.push({
      text: `${release} was not read or booted; ${dated.join(', ')} ${dated.length > 1 ? 'are' : 'is'} assumed from the dates of commits`,
      matters: 'areas',
    });
  if (compareKernelVersions(input.kernel, NEWEST_KERNEL) > 0)
    assumed.push({
      text: `${release} is newer than the known kernels; assuming that it behaves like ${formatKernelVersion(NEWEST_KERNEL)}`,
      matters: 'areas',
    });
  return assumed;
}

interface RamInput {
  readonly input: PlacementInput;
  readonly config: Config;
  readonly commandLine: string;
  readonly numa: readonly bigint[];
  /** Default: what the configuration says, or on. */
  readonly highMemory?: boolean;
}

/** Banks, zones and high memory; arm32 without HIGHMEM drops what the kernel cannot map. */
function applyRam(given: Situation, { input, config, commandLine, numa, highMemory }: RamInput): Situation {
  const isArm = input.architecture === 'arm';
  const situation = isArm && !given.lpae ? { ...given, banks: armBanksWithin32Bits(given.banks) } : given;
  const start = situation.banks.map((bank) => bank.start).reduce(lower, situation.banks[0]?.start ?? 0n);
  const low = isArm
    ? armLowMemoryEnd(
        start,
        config.number('PAGE_OFFSET') ?? 0xc000_0000n,
        memparse(parameterValue(commandLine, 'vmalloc') ?? '240M').value,
      )
    : undefined;
  const dropHigh = low !== undefined && !(highMemory ?? config.tristate('HIGHMEM') !== 'n');
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
        machineDmaBytes: isArm ? machineDmaBytes(situation.rules, input, config, situation.lpae) : undefined,
        numaBoundaries: numa,
      },
    ),
    highMemoryStart: dropHigh || low === undefined || low >= end ? undefined : low,
    lowMemoryLimit: dropHigh ? undefined : low,
  };
}

/** of_flat_dt_match_machine(): the machine that has the first of the root's names decides. */
function machineDmaBytes(rules: KernelRules, input: PlacementInput, config: Config, lpae: boolean): bigint | undefined {
  const names = strings(input.tree.root, 'compatible') ?? [];
  const machine = names
    .map((name) => rules.armMachines.find(({ compatible }) => compatible.includes(name)))
    .find((found) => found !== undefined);
  if (machine === undefined || (machine.lpaeOnly && !lpae) || config.tristate(machine.symbol) === 'n') return undefined;
  return BigInt(machine.mebibytes) << 20n;
}
