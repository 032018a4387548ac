/** How far the users of a region reach: the one answer that planner and lints share. */
import {
  busMapping,
  cells,
  dmaWindows,
  type Fdt,
  type FdtNode,
  isAvailable,
  nodesWith,
  phandleOf,
  translateOnce,
} from '../fdt/index.js';
import { higher } from './interval-set.js';
import type { ReservedNode } from './reserved-nodes.js';

const GIB4 = 1n << 32n;

export interface Reach {
  /** First address that is out of reach. */
  readonly end: bigint;
  /** `its user with 31 address bits`, `the bus /soc by its dma-ranges`. */
  readonly who: string;
}

/**
 * The bus that reaches least, and the highest address that it reaches; undefined when no bus limits DMA.
 * Source: drivers/of/address.c, of_dma_get_max_cpu_address().
 */
export function narrowestBus(tree: Fdt): { readonly bus: FdtNode; readonly last: bigint } | undefined {
  let lowest: { bus: FdtNode; last: bigint } | undefined;
  for (const node of nodesWith(tree.root, 'dma-ranges')) {
    const mapping = busMapping(node, 'dma-ranges');
    if (!Array.isArray(mapping) || mapping.length === 0 || !isReached(node)) continue;
    let last = 0n;
    for (const range of mapping) {
      let at: bigint | undefined = range.parentAddress;
      for (let bus = node.parent; bus?.parent !== undefined && at !== undefined; bus = bus.parent)
        at = translateOnce(bus, at, 1n, 'dma-ranges');
      if (at !== undefined && at + range.sizeBytes > last) last = at + range.sizeBytes - 1n;
    }
    if (last > 0n && (lowest === undefined || last < lowest.last)) lowest = { bus: node, last };
  }
  return lowest;
}

/** The kernel descends into nodes in use only, and does not ask the root. */
function isReached(node: FdtNode): boolean {
  return node.parent === undefined || (isAvailable(node) && isReached(node.parent));
}

/** Devices whose memory-region names a node, by the node's phandle. */
export function regionUsers(tree: Fdt): ReadonlyMap<number, readonly FdtNode[]> {
  const users = new Map<number, FdtNode[]>();
  for (const device of nodesWith(tree.root, 'memory-region'))
    for (const phandle of cells(device, 'memory-region') ?? []) {
      const known = users.get(phandle);
      if (known === undefined) users.set(phandle, [device]);
      else known.push(device);
    }
  return users;
}

/** What the tree says: `dma-ranges` above the devices that name the region; for a default area, above every device. */
export function treeReach(
  tree: Fdt,
  users: ReadonlyMap<number, readonly FdtNode[]>,
  region: { readonly isDefault: boolean; readonly node?: ReservedNode | undefined },
): Reach | undefined {
  const phandle = region.node && phandleOf(region.node.node);
  let found: Reach | undefined;
  for (const device of phandle === undefined ? [] : (users.get(phandle) ?? [])) {
    const windows = dmaWindows(device);
    if (windows === undefined || windows.length === 0) continue;
    const end = windows.map((window) => window.cpuAddress + window.sizeBytes).reduce(higher, 0n);
    if (found === undefined || end < found.end) found = { end, who: `${device.name}, by the dma-ranges of its bus,` };
  }
  if (found !== undefined || !region.isDefault) return found;
  const narrowest = narrowestBus(tree);
  return narrowest && { end: narrowest.last + 1n, who: `the bus ${pathOf(narrowest.bus)}, by its dma-ranges,` };
}

/**
 * How far a region's users reach: as stated, else as the tree says; a default area also serves devices with 32 address
 * bits. A limit below all RAM has no effect: the kernel then uses any RAM.
 * @param ramStart first address of RAM
 */
export function reachOf(
  stated: number | undefined,
  ofTree: Reach | undefined,
  isDefault: boolean,
  ramStart: bigint,
): Reach | undefined {
  if (stated !== undefined) return { end: 1n << BigInt(stated), who: `its user with ${stated} address bits` };
  const usual = isDefault ? { end: GIB4, who: 'a device with 32 address bits' } : undefined;
  const reach = ofTree !== undefined && (usual === undefined || ofTree.end < usual.end) ? ofTree : usual;
  return reach !== undefined && reach.end > ramStart ? reach : undefined;
}

function pathOf(node: FdtNode): string {
  const above = node.parent === undefined || node.parent.parent === undefined ? '' : pathOf(node.parent);
  return node.parent === undefined ? '/' : `${above}/${node.name}`;
}
