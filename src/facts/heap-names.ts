/** What kernels call their heaps: the one table that plan, simulator, checks and links read. */
import { type Backports, factWith } from './backport.js';
import {
  compareKernelVersions,
  FACTS,
  type Facts,
  type KernelVersion,
  OLDEST_KERNEL,
  parseKernelVersion,
} from './index.js';

/** The facts that the names of mainline rest on. */
export const NAMING_FACTS = {
  areas: 'heap.cma-names',
  defaultArea: 'heap.default-area-name',
  kernelArea: 'heap.kernel-area-name',
  system: 'heap.system-name',
} as const;

/** One call of dma_heap_add() or the like, in the order in which a booting kernel makes them. */
export interface HeapRegistration {
  /** The format string of the driver: `%s` is the name of the area. */
  readonly name: string;
  /** `every-area` includes the default area. */
  readonly backing: 'system' | 'default-area' | 'every-area';
  /** Symbol that compiles the driver, without CONFIG_. */
  readonly driver: string;
  /** False: the uncached twin, a separate heap on the same memory. Absent: cached. */
  readonly cached?: boolean;
  /** A further symbol that the driver asks for before it registers this heap. */
  readonly needs?: string;
  /** The driver gives up when the name is taken: it registers nothing after it. */
  readonly isVital?: boolean;
  /** A further heap of the driver, such as one of memory below 4 GiB: user space has it, and no profile means it. */
  readonly isVariant?: boolean;
}

/** A heap whose memory the simulator does not know, such as a carve-out of a device. */
export interface OtherHeap {
  readonly name: string;
  /** Of the node that the driver binds to; absent: no node is known. */
  readonly compatible?: string;
  /** Symbol that compiles the driver; absent: always compiled. */
  readonly driver?: string;
  readonly file: string;
}

/** The heaps of one kernel. */
export interface HeapInventory {
  /** Name of the area that cma= or the configuration makes, which has no node. */
  readonly kernelAreaName: string;
  readonly registrations: readonly HeapRegistration[];
  readonly others?: readonly OtherHeap[];
}

/** The heaps of several kernels. Knowledge of one tree has no boundaries. */
export interface HeapNaming {
  /** Releases at which the inventory may change, ascending. */
  readonly boundaries: readonly KernelVersion[];
  /** What the naming speaks of, both ends included; absent: every kernel. */
  readonly kernels?: KernelRange;
  inventoryAt(kernel: KernelVersion): HeapInventory;
}

interface KernelRange {
  readonly min: KernelVersion;
  readonly max: KernelVersion;
}

export interface NamedArea {
  readonly name: string;
  readonly isDefault: boolean;
}

/** What a heap lies on: an area with a node, an area that the kernel makes itself, or the system heap. */
export type HeapBacking = NamedArea | { readonly kind: 'kernel-area' | 'system' };

/** A name under /dev/dma_heap on some kernels. */
export interface HeapName {
  readonly name: string;
  readonly since: KernelVersion | undefined;
  /** Exclusive. */
  readonly until: KernelVersion | undefined;
  /** Present only under a symbol that the driver alone does not imply. */
  readonly optional: boolean;
}

/** Mainline's inventory: drivers/dma-buf/heaps/system_heap.c and cma_heap.c. */
export function mainlineInventory(
  kernel: KernelVersion,
  backports: Backports = {},
  facts: Facts = FACTS,
): HeapInventory {
  const at = (id: string) => factWith(id, kernel, backports, facts) as string | null;
  const cma = { driver: 'DMABUF_HEAPS_CMA' } as const;
  const areas = at(NAMING_FACTS.areas);
  return {
    kernelAreaName: at(NAMING_FACTS.kernelArea) ?? '',
    registrations: [
      { name: at(NAMING_FACTS.system) ?? '', backing: 'system', driver: 'DMABUF_HEAPS_SYSTEM' },
      { name: at(NAMING_FACTS.defaultArea) ?? '%s', backing: 'default-area', ...cma, isVital: true },
      ...(areas === 'default-area-and-legacy-name'
        ? [{ name: '%s', backing: 'default-area', ...cma, needs: 'DMABUF_HEAPS_CMA_LEGACY' } as const]
        : []),
      ...(areas === 'default-area-and-all' ? [{ name: '%s', backing: 'every-area', ...cma } as const] : []),
    ],
  };
}

/**
 * Mainline over its releases.
 * @param backports with any, the names hold for `kernels` only: a vendor's other releases are not mainline's
 */
export function mainlineNaming(backports: Backports = {}, kernels?: KernelRange, facts: Facts = FACTS): HeapNaming {
  const changes = Object.values(NAMING_FACTS).flatMap((id) =>
    (facts.get(id)?.ranges ?? []).slice(1).flatMap((range) => parseKernelVersion(range.since) ?? []),
  );
  const sorted = changes.sort(compareKernelVersions);
  const isVendor = Object.keys(backports).length > 0;
  return {
    boundaries: sorted.filter((one, i) => i === 0 || compareKernelVersions(one, sorted[i - 1] ?? one) !== 0),
    ...(isVendor && kernels !== undefined ? { kernels } : {}),
    inventoryAt: (kernel) => mainlineInventory(kernel, backports, facts),
  };
}

/**
 * The heaps that a boot registers, in its order: a second heap of a name is refused.
 * @param areas in the order in which the kernel has them; at most one is the default
 * @param isOn whether a symbol is y, or m and loaded
 * @param onTaken what to do with a name that the kernel refuses and goes on
 */
export function registeredHeaps<Area extends NamedArea>(
  { registrations }: HeapInventory,
  areas: readonly Area[],
  isOn: (symbol: string) => boolean,
  onTaken: (name: string, backing: HeapInventory['registrations'][number]['backing']) => void = () => undefined,
): { readonly name: string; readonly area: Area | undefined }[] {
  const heaps: { name: string; area: Area | undefined }[] = [];
  const ended = new Set<string>();
  for (const { name: format, backing, driver, needs, isVital } of registrations) {
    if (ended.has(driver) || !isOn(driver) || (needs !== undefined && !isOn(needs))) continue;
    for (const area of backing === 'system' ? [undefined] : areas) {
      if (backing === 'default-area' && area?.isDefault !== true) continue;
      const name = format.replace('%s', () => area?.name ?? '');
      if (!heaps.some((heap) => heap.name === name)) heaps.push({ name, area });
      else if (isVital === true) ended.add(driver);
      else onTaken(name, backing);
    }
  }
  return heaps;
}

/**
 * The names that lead to one heap on one kernel; the first is the one that its authors mean to keep.
 * @param cached false: of its uncached twin
 */
export function heapNamesOn(
  inventory: HeapInventory,
  backing: HeapBacking,
  cached = true,
): { readonly name: string; readonly optional: boolean }[] {
  const area = areaOf(inventory, backing);
  const registrations = inventory.registrations.filter(
    (one) => (one.cached ?? true) === cached && one.isVariant !== true,
  );
  const ofTwin = { ...inventory, registrations };
  const names = (isOn: (symbol: string) => boolean) =>
    registeredHeaps(ofTwin, area === undefined ? [] : [area], isOn)
      .filter((heap) => heap.area === area)
      .map((heap) => heap.name);
  const extras = new Set(registrations.map(({ needs }) => needs));
  const sure = names((symbol) => !extras.has(symbol));
  return names(() => true).map((name) => ({ name, optional: !sure.includes(name) }));
}

function areaOf({ kernelAreaName }: HeapInventory, backing: HeapBacking): NamedArea | undefined {
  if (!('kind' in backing)) return backing;
  return backing.kind === 'system' ? undefined : { name: kernelAreaName, isDefault: true };
}

/** The names of a heap over all kernels of a naming, oldest first; a name that stays is one entry. */
export function heapNames(naming: HeapNaming, backing: HeapBacking, cached = true): HeapName[] {
  const names: HeapName[] = [];
  for (const { since, until } of stretches(naming))
    for (const { name, optional } of heapNamesOn(
      naming.inventoryAt(since ?? naming.kernels?.min ?? OLDEST_KERNEL),
      backing,
      cached,
    )) {
      const before = names.findIndex(
        (one) => one.name === name && one.optional === optional && isSame(one.until, since),
      );
      const known = names[before];
      if (known === undefined || since === undefined) names.push({ name, since, until, optional });
      else names[before] = { ...known, until };
    }
  return names;
}

const isSame = (a: KernelVersion | undefined, b: KernelVersion | undefined) =>
  a !== undefined && b !== undefined && compareKernelVersions(a, b) === 0;

/** Between two boundaries nothing changes; the first and the last stretch are open. */
function stretches({ boundaries, kernels }: HeapNaming): Pick<HeapName, 'since' | 'until'>[] {
  const inside = boundaries.filter(
    (at) =>
      kernels === undefined ||
      (compareKernelVersions(kernels.min, at) < 0 && compareKernelVersions(at, kernels.max) <= 0),
  );
  return [undefined, ...inside].map((since, i) => ({ since, until: inside[i] }));
}

/** Every name that does not come from a node, by what the heap lies on, whatever the kernel. */
export function givenHeapNames(naming: HeapNaming = mainlineNaming()): {
  readonly system: readonly string[];
  readonly defaultArea: readonly string[];
  readonly kernelArea: readonly string[];
} {
  const inventories = stretches(naming).map(({ since }) =>
    naming.inventoryAt(since ?? naming.kernels?.min ?? OLDEST_KERNEL),
  );
  const literal = (wanted: HeapRegistration['backing']) =>
    inventories
      .flatMap(({ registrations }) => registrations)
      .filter(({ name, backing }) => backing === wanted && !name.includes('%s'))
      .map(({ name }) => name);
  return {
    system: [...new Set(literal('system'))],
    defaultArea: [...new Set(literal('default-area'))],
    kernelArea: [...new Set(inventories.map(({ kernelAreaName }) => kernelAreaName))],
  };
}
