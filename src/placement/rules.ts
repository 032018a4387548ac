/** The facts that decide placement, looked up once for a kernel. */
import { type Backports, factWith } from '../facts/backport.js';
import { type HeapInventory, mainlineInventory, NAMING_FACTS } from '../facts/heap-names.js';
import {
  compareKernelVersions,
  earlierInSeries,
  FACTS,
  type Facts,
  factAt,
  type KernelVersion,
  READ_KERNELS,
} from '../facts/index.js';

export type Architecture = 'arm64' | 'arm' | 'riscv64' | 'x86_64';

export interface KernelRules {
  readonly version: KernelVersion;
  readonly order: 'heap-sorted' | 'node-sorted' | 'tree';
  readonly staticRegistration: 'early' | 'late';
  readonly memreserveOrder: 'first' | 'last';
  readonly staticEntries: 'all' | 'first';
  readonly malformedList: 'refused' | 'absent';
  readonly direction: 'top-down' | 'bottom-up-beside-region';
  readonly noMapSize: 'removed' | 'marked';
  readonly noMapOverReserved: 'always' | 'when-ram' | 'never';
  readonly refusedNode: 'freed-and-added' | 'freed-or-unmarked';
  readonly refusedNodeListed: boolean;
  readonly unwantedPool: 'refused' | 'kept';
  readonly nodeLimit: { readonly nodes: number; readonly counted: 'all' | 'size-only' };
  readonly messageAllocFailed: string;
  readonly messagePrefix: string;
  readonly messageEntries: string | null;
  readonly messageRegionMisaligned: string;
  readonly messageHighMemory: string;
  readonly messagePastLimit: string;
  readonly messageNotSetUp: string;
  readonly messageHeapRefused: string | null;
  readonly minimumAlignment: 'largest-block' | 'page-block';
  readonly pageBlockThp: boolean;
  readonly largestOrder: 'exclusive' | 'inclusive';
  readonly pageBlockCap: boolean;
  readonly extraSlots: number;
  readonly nameLength: number;
  readonly inactiveCounted: boolean;
  readonly parameterAndDefaultNode: 'refused' | 'skipped';
  readonly messageParameter: string;
  readonly parameterLimit: 'lower' | 'parameter';
  readonly above4g: 'from-above' | 'from-below';
  readonly messageReserved: string;
  readonly messageReserveFailed: string;
  readonly reports: 'inside' | 'outside';
  readonly remapTable: 'after-setup' | 'every-pool' | 'valid-flags';
  readonly defaultBeforeStatic: readonly Architecture[];
  readonly dmaZone: 'power-of-two' | 'address';
  /** By page size, as a power of two; null: the default area is made before the page descriptors. */
  readonly descriptorSections: Readonly<Record<string, number>> | null;
  readonly descriptorPieces: 'configured' | 'mapped';
  readonly sharedPage: 'mapped' | 'unmapped';
  /** What becomes a heap, and under which name. */
  readonly inventory: HeapInventory;
  readonly armMachines: readonly ArmMachine[];
  readonly zoneCheck: 'pages' | 'spans';
  readonly memoryParameter: Readonly<Record<Architecture, 'last' | 'smallest' | 'banks' | 'ignored'>>;
  readonly usableRange: readonly Architecture[];
  readonly usableRanges: number;
  readonly restrictedPool: boolean;
}

/** A machine of arm32 that says how far DMA reaches from the start of RAM. */
export interface ArmMachine {
  /** Of the root node. */
  readonly compatible: readonly string[];
  readonly mebibytes: number;
  /** Kconfig symbol with which the machine is built. */
  readonly symbol: string;
  readonly lpaeOnly: boolean;
}

/** Which fact each rule is. */
export const RULE_FACTS = {
  order: 'reserved-memory.order',
  staticRegistration: 'reserved-memory.static-registration',
  memreserveOrder: 'reserved-memory.memreserve-order',
  staticEntries: 'reserved-memory.static-entries',
  malformedList: 'reserved-memory.malformed-list',
  direction: 'reserved-memory.direction',
  noMapSize: 'reserved-memory.no-map-size',
  noMapOverReserved: 'reserved-memory.no-map-over-reserved',
  refusedNode: 'reserved-memory.refused-node',
  refusedNodeListed: 'reserved-memory.refused-node-listed',
  unwantedPool: 'reserved-memory.unwanted-pool',
  nodeLimit: 'reserved-memory.node-limit',
  messageAllocFailed: 'reserved-memory.message-alloc-failed',
  messagePrefix: 'reserved-memory.message-prefix',
  messageEntries: 'reserved-memory.message-entries',
  messageRegionMisaligned: 'cma.message-region-misaligned',
  messageHighMemory: 'cma.message-high-memory',
  messagePastLimit: 'cma.message-past-limit',
  messageNotSetUp: 'cma.message-not-set-up',
  messageHeapRefused: 'heap.message-add-failed',
  minimumAlignment: 'cma.minimum-alignment',
  pageBlockThp: 'cma.page-block-thp',
  largestOrder: 'cma.largest-order',
  pageBlockCap: 'cma.page-block-cap',
  extraSlots: 'cma.slots',
  nameLength: 'cma.name-length',
  inactiveCounted: 'cma.inactive-counted',
  parameterAndDefaultNode: 'cma.parameter-and-default-node',
  messageParameter: 'cma.message-parameter',
  parameterLimit: 'cma.parameter-limit',
  above4g: 'cma.above-4g',
  messageReserved: 'cma.message-reserved',
  messageReserveFailed: 'cma.message-reserve-failed',
  reports: 'cma.reports',
  remapTable: 'cma.remap-table',
  defaultBeforeStatic: 'cma.default-before-static',
  dmaZone: 'cma.dma-zone',
  descriptorSections: 'cma.page-descriptors',
  descriptorPieces: 'cma.descriptor-pieces',
  sharedPage: 'reserved-memory.shared-page',
  armMachines: 'cma.arm-machines',
  zoneCheck: 'cma.zone-check',
  memoryParameter: 'memory.parameter',
  usableRange: 'memory.usable-range',
  usableRanges: 'memory.usable-ranges',
  restrictedPool: 'reserved-memory.restricted-pool',
} as const satisfies Record<Exclude<keyof KernelRules, 'version' | 'inventory'>, string>;

const known = new WeakMap<Facts, Map<string, KernelRules>>();

/** @throws when the version is older than the data: the caller checks {@link OLDEST_KERNEL} first */
export function kernelRules(version: KernelVersion, backports: Backports = {}, facts: Facts = FACTS): KernelRules {
  const ofFacts = known.get(facts) ?? new Map<string, KernelRules>();
  known.set(facts, ofFacts);
  const key = JSON.stringify([version, backports]);
  const cached = ofFacts.get(key);
  if (cached !== undefined) return cached;
  const looked: Record<string, unknown> = { version, inventory: mainlineInventory(version, backports, facts) };
  for (const [rule, fact] of Object.entries(RULE_FACTS)) looked[rule] = factWith(fact, version, backports, facts);
  const rules = looked as unknown as KernelRules;
  ofFacts.set(key, rules);
  return rules;
}

/** The rules with every other value that a fact has on some kernel. */
export function otherRules(rules: KernelRules, fact: string): KernelRules[] {
  const rule = Object.entries(RULE_FACTS).find(([, id]) => id === fact)?.[0] as keyof KernelRules | undefined;
  if (rule === undefined) return [];
  const own = JSON.stringify(rules[rule]);
  const values = new Map((FACTS.get(fact)?.ranges ?? []).map(({ value }) => [JSON.stringify(value), value]));
  return [...values].flatMap(([text, value]) => (text === own ? [] : [{ ...rules, [rule]: value } as KernelRules]));
}

interface EarlierRules {
  readonly rules: KernelRules;
  /** Which of them differ. */
  readonly facts: readonly string[];
}

const knownEarlier = new WeakMap<KernelRules, { readonly found: EarlierRules | undefined }>();

/**
 * The rules of earlier stable releases of the series, where the version may be one of them; undefined: it is none.
 * @param rules of {@link kernelRules} with the same backports and facts
 */
export function earlierRules(
  rules: KernelRules,
  backports: Backports = {},
  facts: Facts = FACTS,
): EarlierRules | undefined {
  const cached = knownEarlier.get(rules);
  if (cached !== undefined) return cached.found;
  const changed = Object.entries(RULE_FACTS).flatMap(([rule, id]) => {
    const fact = facts.get(id);
    const value = fact === undefined || backports[id] !== undefined ? undefined : earlierInSeries(fact, rules.version);
    return value === undefined ? [] : [{ rule, id, value }];
  });
  const other = { ...rules, ...Object.fromEntries(changed.map(({ rule, value }) => [rule, value])) } as KernelRules;
  const found = changed.length === 0 ? undefined : { rules: other, facts: changed.map(({ id }) => id) };
  knownEarlier.set(rules, { found });
  return found;
}

/** Facts about a kernel that rest on the date of a commit, because it was neither read nor booted. */
export function datedFacts(version: KernelVersion, facts: Facts = FACTS): readonly string[] {
  const before = READ_KERNELS.findLast((read) => compareKernelVersions(read, version) <= 0);
  const after = READ_KERNELS.find((read) => compareKernelVersions(read, version) >= 0);
  if (before === undefined || after === undefined || before === after) return [];
  return [...Object.values(RULE_FACTS), ...Object.values(NAMING_FACTS)].filter(
    (fact) => JSON.stringify(factAt(fact, before, facts)) !== JSON.stringify(factAt(fact, after, facts)),
  );
}
