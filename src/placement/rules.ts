/** The facts that decide placement, looked up once for a kernel. */
import { compareKernelVersions, factAt, type KernelVersion, NEWEST_KERNEL, OLDEST_KERNEL } from '../facts/index.js';

/** What a vendor's kernel does differently from its version: fact id -> the mainline release it behaves like. */
export type Backports = Readonly<Record<string, KernelVersion>>;

export type Architecture = 'arm64' | 'arm' | 'riscv64' | 'x86_64';

export interface KernelRules {
  readonly version: KernelVersion;
  readonly order: 'heap-sorted' | 'tree';
  readonly staticRegistration: 'early' | 'late';
  readonly memreserveOrder: 'first' | 'last';
  readonly staticEntries: 'all' | 'first';
  readonly malformedList: 'refused' | 'absent';
  readonly direction: 'top-down' | 'bottom-up-beside-region';
  readonly noMapSize: 'removed' | 'marked';
  readonly noMapOverReserved: 'always' | 'when-ram';
  readonly refusedNode: 'freed-and-added' | 'freed-or-unmarked';
  readonly refusedNodeListed: boolean;
  readonly unwantedPool: 'refused' | 'kept';
  readonly nodeLimit: { readonly nodes: number; readonly counted: 'all' | 'size-only' };
  readonly messageAllocFailed: string;
  readonly messagePrefix: string;
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
  readonly heapNames: 'default-area' | 'default-area-and-legacy-name' | 'default-area-and-all';
  readonly defaultHeapName: string | null;
  readonly kernelAreaName: string;
  readonly systemHeapName: string;
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
  messageReserved: 'cma.message-reserved',
  messageReserveFailed: 'cma.message-reserve-failed',
  reports: 'cma.reports',
  remapTable: 'cma.remap-table',
  defaultBeforeStatic: 'cma.default-before-static',
  dmaZone: 'cma.dma-zone',
  descriptorSections: 'cma.page-descriptors',
  descriptorPieces: 'cma.descriptor-pieces',
  sharedPage: 'reserved-memory.shared-page',
  heapNames: 'heap.cma-names',
  defaultHeapName: 'heap.default-area-name',
  kernelAreaName: 'heap.kernel-area-name',
  systemHeapName: 'heap.system-name',
} as const satisfies Record<Exclude<keyof KernelRules, 'version'>, string>;

const known = new Map<string, KernelRules>();

/** @throws when the version is older than the data (5.10): the caller checks {@link OLDEST_KERNEL} first */
export function kernelRules(version: KernelVersion, backports: Backports = {}): KernelRules {
  const key = JSON.stringify([version, backports]);
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  const looked: Record<string, unknown> = { version };
  for (const [rule, fact] of Object.entries(RULE_FACTS)) looked[rule] = factAt(fact, backports[fact] ?? version);
  const rules = looked as unknown as KernelRules;
  known.set(key, rules);
  return rules;
}

/** Kernels whose source was read and which were booted; between them a fact may have changed earlier or later. */
const READ: readonly KernelVersion[] = [OLDEST_KERNEL, { major: 6, minor: 1 }, { major: 6, minor: 12 }, NEWEST_KERNEL];

/** Facts about a kernel that rest on the date of a commit, because it was neither read nor booted. */
export function datedFacts(version: KernelVersion): readonly string[] {
  const before = READ.findLast((read) => compareKernelVersions(read, version) <= 0);
  const after = READ.find((read) => compareKernelVersions(read, version) >= 0);
  if (before === undefined || after === undefined || before === after) return [];
  return Object.values(RULE_FACTS).filter(
    (fact) => JSON.stringify(factAt(fact, before)) !== JSON.stringify(factAt(fact, after)),
  );
}
