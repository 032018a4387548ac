/** A first profile for a board, from what its device tree, configuration and running system say. */

import type { Distribution } from '../facts/distribution.js';
import {
  compareKernelVersions,
  DRAFT_KERNELS,
  formatKernelVersion,
  type KernelVersion,
  OLDEST_KERNEL,
} from '../facts/index.js';
import { pageSizes } from '../facts/page-size.js';
import { addressCells, type Fdt, isAvailable, memoryBanks, sizeCells, strings, text } from '../fdt/index.js';
import { archOfTree } from '../model/index.js';
import {
  bareName,
  cmaParameter,
  effectiveCommandLine,
  firstEntry,
  isPool,
  type ReservedNode,
  readReservedMemory,
} from '../placement/index.js';
import { FIRST_TARGETS } from '../plan/index.js';
import type { Board, Budget, Buffer, Profile, Region } from '../profile/types.gen.js';
import { type AddressRange, joinRanges } from '../quantity/index.js';
import { childPointer } from '../source/pointer.js';
import { HEAP_OF_PURPOSE, type Purpose, purposeInWords } from './purpose.js';
import {
  archOfConfig,
  identityOf,
  Notes,
  noteMissingMemory,
  pageSizeOfConfig,
  profileName,
  profileText,
  type RegionWords,
  rangesOf,
  regionOf,
  sizeText,
} from './write.js';

type Arch = Board['arch'];

/** What was found out; everything may be missing. */
export interface BoardFindings {
  readonly tree?: Fdt;
  /** Name of the DTB file without folder and suffix. */
  readonly dtbName?: string;
  /** Values of the .config. */
  readonly config?: ReadonlyMap<string, string>;
  readonly kernel?: KernelVersion;
  /** RAM as the running kernel sees it. */
  readonly memory?: readonly AddressRange[];
  /** Names under /dev/dma_heap. */
  readonly heaps?: readonly string[];
  /** Groups that exist on the system. */
  readonly groups?: readonly string[];
  readonly distribution?: Distribution;
  /** Generated besides what every board needs: the target of the distribution that a person named. */
  readonly target?: string;
  /** Path of the DTB as it was given. */
  readonly dtbPath?: string;
  /** The size that `cma=` on the running command line gives the default area; 0: there is none. */
  readonly argumentBytes?: bigint;
  /** CmaTotal of the running kernel: the sum of all areas. */
  readonly cmaTotalBytes?: bigint;
  /** Inputs that the profile states. */
  readonly inputs?: NonNullable<Profile['inputs']>;
  /** What a person has decided. */
  readonly decided?: Decisions;
}

export interface Decisions {
  readonly purpose?: Purpose;
  readonly name?: string;
  readonly arch?: Arch;
  readonly memory?: readonly AddressRange[];
  readonly kernel?: { readonly min: string; readonly max: string };
  readonly buffers?: readonly Buffer[];
  readonly group?: string;
  /** Of the default area. */
  readonly sizeBytes?: bigint;
}

/** Of the default area, if nothing states a size. */
export const DEFAULT_SIZE = 128n << 20n;

export function archOf(found: BoardFindings): Arch | undefined {
  if (found.decided?.arch !== undefined) return found.decided.arch;
  const configured = found.config === undefined ? undefined : archOfConfig((symbol) => found.config?.get(symbol));
  return configured ?? (found.tree === undefined ? undefined : archOfTree(found.tree));
}

/** The board's own default area, which the profile changes rather than doubles. */
function defaultArea(tree: Fdt | undefined): ReservedNode | undefined {
  if (tree === undefined) return undefined;
  return readReservedMemory(tree).nodes.find(
    (node) => isPool(node) && !node.noMap && node.isDefault && isAvailable(node.node),
  );
}

/** A name that an overlay does not merge into a node of the board, which may be memory of another kind. */
function freeName(tree: Fdt | undefined): string {
  const { nodes = [], disabled = [] } = tree === undefined ? {} : readReservedMemory(tree);
  // An overlay cannot take no-map away.
  const others = nodes.filter((node) => !isPool(node) || node.noMap).map(({ name }) => name);
  const taken = new Set([...others, ...disabled].map(bareName));
  return ['linux,cma', 'default-cma'].find((name) => !taken.has(name)) ?? 'heap-cma';
}

/** RAM by what knows it best; empty: nothing does. */
export function statedMemory({ decided, memory, tree }: BoardFindings): readonly AddressRange[] {
  const ofTree = () =>
    tree === undefined ? [] : joinRanges(memoryBanks(tree).filter(({ sizeBytes }) => sizeBytes > 0n));
  return decided?.memory ?? memory ?? ofTree();
}

/** `rockchip/rk3399-rockpro64.dtb` where the path shows it: below dts, dtb, dtbs or the version of a kernel. */
function dtbNameBelowDts(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const vendor = /(?:^|\/)(?:dts|dtbs?|dtbs?-[^/]+|linux-image-[^/]+|\d+\.\d+[^/]*)\/([a-z0-9]+\/[^/]+)$/.exec(
    file,
  )?.[1];
  const name = vendor ?? file.replace(/^.*\//, '');
  return /^[A-Za-z0-9][A-Za-z0-9_.,+/-]*\.dtb$/.test(name) ? name : undefined;
}

function boardOf(found: BoardFindings, arch: Arch | undefined, notes: Notes): Board {
  const { tree } = found;
  const identity: Pick<Board, 'title' | 'compatible'> =
    tree === undefined ? {} : identityOf(text(tree.root, 'model'), strings(tree.root, 'compatible') ?? []);
  const stated = statedMemory(found);
  const memory = rangesOf(stated);
  const dtb = dtbNameBelowDts(found.dtbPath);
  const pageSize = pageSizeOfConfig((symbol) => found.config?.get(symbol));
  if (memory === undefined) noteMissingMemory(notes, 'the device tree', identity.compatible);
  else if (found.memory === undefined && found.decided?.memory === undefined)
    notes.decide('/board/memory', 'the RAM of the device tree; the boot loader may change it');
  if (arch === undefined)
    notes.decide('/board/arch', 'no input states the architecture: arm64, arm, riscv64 or x86_64');
  if (dtb !== undefined && !dtb.includes('/')) {
    const folder = arch === 'arm' ? 'arch/arm' : arch === 'riscv64' ? 'arch/riscv' : 'arch/arm64';
    notes.decide('/board/dtb', `its path below ${folder}/boot/dts of the kernel, such as vendor/${dtb}`);
  }
  return {
    ...identity,
    arch: arch ?? 'arm64',
    ...(pageSize === undefined || !pageSizes(arch ?? 'arm64').includes(pageSize) ? {} : { pageSize }),
    ...(tree === undefined
      ? {}
      : { cells: { address: addressCells(tree.root), size: sizeCells(tree.root) } as NonNullable<Board['cells']> }),
    ...(dtb === undefined ? {} : { dtb }),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** The default area that the board's kernel makes without the profile. */
interface AreaToday {
  readonly sizeBytes: bigint;
  /** What gives it that size, as the subject of a sentence. */
  readonly by: string;
  /** To decide, where no size was asked for. */
  readonly question: string;
}

/** By what wins in the kernel: cma=, the node, the configuration. */
function areaToday(found: BoardFindings, old: bigint | undefined): AreaToday | undefined {
  const { argumentBytes, cmaTotalBytes, config } = found;
  if (argumentBytes !== undefined && argumentBytes > 0n)
    return {
      sizeBytes: argumentBytes,
      by: 'cma= on the running command line',
      question:
        'cma= on the running command line sets this size and overrides the device tree. Remove cma= to use the profile',
    };
  const passed = cmaParameter(effectiveCommandLine(found.tree, undefined, config))?.sizeBytes ?? 0n;
  if (argumentBytes === undefined && passed > 0n)
    return {
      sizeBytes: passed,
      by: 'cma= in bootargs of /chosen or in CMDLINE',
      question:
        'cma= in bootargs of /chosen or in CMDLINE sets this size and overrides the device tree, unless the boot loader passes other arguments. Remove cma= to use the profile',
    };
  if (old !== undefined)
    return {
      sizeBytes: old,
      by: "the board's own device tree",
      question: "whether it is large enough: the board's device tree already has this area",
    };
  if (cmaTotalBytes !== undefined && cmaTotalBytes > 0n)
    return {
      sizeBytes: cmaTotalBytes,
      by: 'the running kernel',
      question: 'whether it is large enough: this is CmaTotal of the running kernel, the sum of all areas',
    };
  const isInMebibytes = config?.get('DMA_CMA') === 'y' && config.get('CMA_SIZE_SEL_MBYTES') === 'y';
  const configured = isInMebibytes ? Number(config.get('CMA_SIZE_MBYTES')) : 0;
  return Number.isInteger(configured) && configured > 0
    ? {
        sizeBytes: BigInt(configured) << 20n,
        by: 'CMA_SIZE_MBYTES of the kernel configuration',
        question: 'whether it is large enough: CMA_SIZE_MBYTES of the kernel configuration gives the area this size',
      }
    : undefined;
}

/** Size of the default area, from the best source, with a note above what it is written as. */
function sizeOf(
  { decided }: BoardFindings,
  today: AreaToday | undefined,
  at: (member: string) => string,
  notes: Notes,
): Pick<RegionWords, 'sizeBytes' | 'budget'> {
  if (decided?.buffers !== undefined) {
    const buffers = decided.buffers as Budget['buffers'];
    if (today === undefined) return { budget: { buffers } };
    const min = sizeText(today.sizeBytes);
    notes.decide(at('budget'), `${today.by} gives this area ${min}, and drivers may need it: "min" keeps this size`);
    return { budget: { buffers, min } };
  }
  if (decided?.sizeBytes !== undefined) {
    if (today !== undefined && decided.sizeBytes < today.sizeBytes)
      notes.decide(
        at('size'),
        `this is less than the ${sizeText(today.sizeBytes)} that ${today.by} gives the area; drivers may need it`,
      );
    return { sizeBytes: decided.sizeBytes };
  }
  notes.decide(
    at('size'),
    today?.question ??
      `the size. Or list the buffers, from which dmaheap computes the size: "budget": { "buffers": [{ "width": 3840, "height": 2160, "format": "NV12", "count": 6, "streams": 4 }] }`,
  );
  return { sizeBytes: today?.sizeBytes ?? DEFAULT_SIZE };
}

/** A profile states powers of two only, as the kernel rounds to nothing else. */
const usableAlignment = (bytes: ReservedNode['alignment'] | undefined): bigint | undefined =>
  typeof bytes === 'bigint' && bytes > 0n && (bytes & (bytes - 1n)) === 0n ? bytes : undefined;

function defaultRegion(found: BoardFindings, name: string, arch: Arch | undefined, notes: Notes): Region {
  const at = (member: string) => childPointer(childPointer('/regions', name), member);
  const old = defaultArea(found.tree);
  const fixed = old === undefined ? undefined : firstEntry(old);
  const sizeBytes = typeof old?.size === 'bigint' ? old.size : (fixed?.sizeBytes ?? DEFAULT_SIZE);
  const ranges = Array.isArray(old?.allocRanges) ? (old.allocRanges as readonly AddressRange[]) : [];
  // Where all RAM is above 4 GiB, no device that needs it has an address of 32 bits.
  const memory = statedMemory(found);
  const hasLow = memory.length === 0 || memory.some(({ baseAddress }) => baseAddress < 1n << 32n);
  const isOpen = hasLow && ranges.length === 0 && fixed === undefined && arch !== 'x86_64' && arch !== 'arm';
  if (isOpen) notes.decide(at('addressBits'), 'the smallest number of address bits of the devices that use the area');
  return regionOf({
    ...sizeOf(found, areaToday(found, old === undefined ? undefined : sizeBytes), at, notes),
    isDefault: true,
    delivery: arch === 'x86_64' ? 'kconfig' : 'device-tree',
    baseAddress: fixed?.baseAddress,
    // The node would lose it: an overlay writes only what the profile says.
    alignmentBytes: fixed === undefined ? usableAlignment(old?.alignment) : undefined,
    allocRanges: ranges,
    ...(isOpen ? { addressBits: 32 } : {}),
  });
}

/** The group that may allocate, and why it is that one; `undefined`: nothing says. */
function groupOf({ decided, groups, distribution }: BoardFindings): { readonly group: string; readonly why?: string } {
  if (decided?.group !== undefined) return { group: decided.group };
  if (groups?.includes('video') === true) return { group: 'video', why: 'the group exists on this system' };
  if (distribution !== undefined)
    return { group: distribution.group, why: `the group of video devices on ${distribution.title}` };
  return groups === undefined
    ? { group: 'video' }
    : { group: 'dmaheap', why: 'this system does not have the group video' };
}

function versionOf(found: BoardFindings, notes: Notes): Profile['kernel']['version'] {
  const chosen = found.decided?.kernel;
  if (chosen !== undefined) return chosen.min === chosen.max ? chosen.min : chosen;
  if (found.kernel !== undefined)
    return formatKernelVersion(compareKernelVersions(found.kernel, OLDEST_KERNEL) >= 0 ? found.kernel : OLDEST_KERNEL);
  notes.decide('/kernel', 'the kernels that the profile is for');
  return { ...DRAFT_KERNELS };
}

/** The text of a commented, valid profile; what must be decided is marked DECIDE. */
export function draftProfile(found: BoardFindings): string {
  const notes = new Notes();
  const arch = archOf(found);
  const area = defaultArea(found.tree);
  const name = area === undefined ? freeName(found.tree) : bareName(area.name);
  const { group, why } = groupOf(found);
  const { buffers = [], purpose = purposeInWords(buffers.map((one) => one.purpose).join(' ')) } = found.decided ?? {};
  const heap = HEAP_OF_PURPOSE[purpose ?? 'camera'];
  const compatible = found.tree === undefined ? undefined : strings(found.tree.root, 'compatible')?.[0];
  if (found.heaps !== undefined && found.heaps.length > 0)
    notes.add('/heaps', `found under /dev/dma_heap: ${found.heaps.join(', ')}`);
  notes.add(
    '/heaps',
    'your own names, which do not change with the kernel; aliases are symlinks for programs that open a fixed name',
  );
  if (purpose === undefined)
    notes.decide(childPointer('/heaps', heap), 'the name says what the area is for; no input states it (--purpose)');
  if (found.decided?.group === undefined)
    notes.decide(
      '/access',
      `the group that may allocate; heap memory is not charged to cgroups${why === undefined ? '' : ` (${group}: ${why})`}`,
    );
  const profile: Profile = {
    version: 1,
    name: profileName(found.decided?.name ?? found.dtbName ?? compatible ?? ''),
    board: boardOf(found, arch, notes),
    kernel: { version: versionOf(found, notes) },
    ...(found.inputs === undefined ? {} : { inputs: found.inputs }),
    regions: { [name]: defaultRegion(found, name, arch, notes) },
    heaps: { [heap]: { region: name, aliases: ['linux,cma'] }, system: { kind: 'system' } },
    access: { [heap]: { group, mode: '0660' }, system: { group, mode: '0660' } },
    ...(found.target === undefined
      ? {}
      : { targets: Object.fromEntries([...FIRST_TARGETS, found.target].map((one) => [one, {}])) }),
  };
  return profileText('dmaheap init.', profile, notes);
}
