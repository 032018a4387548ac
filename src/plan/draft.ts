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
import { firstEntry, isPool, type ReservedNode, readReservedMemory } from '../placement/index.js';
import type { Board, Buffer } from '../profile/types.gen.js';
import type { AddressRange } from '../quantity/index.js';
import { formatAddress } from '../quantity/index.js';

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
  /** Path of the DTB as it was given. */
  readonly dtbPath?: string;
  /** The size that `cma=` on the running command line gives the default area; 0: there is none. */
  readonly argumentBytes?: bigint;
  /** CmaTotal of the running kernel: the sum of all areas. */
  readonly cmaTotalBytes?: bigint;
  /** What a person has decided. */
  readonly decided?: Decisions;
}

export interface Decisions {
  readonly name?: string;
  readonly arch?: Arch;
  readonly memory?: readonly AddressRange[];
  readonly kernel?: { readonly min: string; readonly max: string };
  readonly buffers?: readonly Buffer[];
  readonly group?: string;
  /** Of the default area. */
  readonly sizeBytes?: bigint;
}

const ARCH_SYMBOLS: readonly (readonly [string, Arch])[] = [
  ['ARM64', 'arm64'],
  ['ARM', 'arm'],
  ['RISCV', 'riscv64'],
  ['X86_64', 'x86_64'],
];
const DEFAULT_SIZE = 128n << 20n;

export function archOf(found: BoardFindings): Arch | undefined {
  if (found.decided?.arch !== undefined) return found.decided.arch;
  const configured = ARCH_SYMBOLS.find(([symbol]) => found.config?.get(symbol) === 'y')?.[1];
  return configured ?? (found.tree === undefined ? undefined : archOfTree(found.tree));
}

function pageSizeOf(config: BoardFindings['config']): '16K' | '64K' | undefined {
  if (config?.get('ARM64_64K_PAGES') === 'y') return '64K';
  return config?.get('ARM64_16K_PAGES') === 'y' ? '16K' : undefined;
}

function mebibytes(bytes: bigint): string {
  if (bytes !== 0n && bytes % (1n << 30n) === 0n) return `${bytes >> 30n}G`;
  return bytes % (1n << 20n) === 0n ? `${bytes >> 20n}M` : formatAddress(bytes);
}

const range = (r: AddressRange) => ({ base: formatAddress(r.baseAddress), size: mebibytes(r.sizeBytes) });

/** The board's own default area, which the profile changes rather than doubles. */
function defaultArea(tree: Fdt | undefined): ReservedNode | undefined {
  if (tree === undefined) return undefined;
  return readReservedMemory(tree).nodes.find((node) => isPool(node) && node.isDefault && isAvailable(node.node));
}

/** One line of the draft: a key with its value, or a comment. */
type Line = readonly [key: string, value: unknown] | string;

/** On one line, with room around brackets, unless that gets long. */
function valueText(value: unknown, indent: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const isList = Array.isArray(value);
  const items = isList
    ? value.map((one) => valueText(one, `${indent}  `))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${valueText(one, `${indent}  `)}`);
  const line = isList ? `[${items.join(', ')}]` : `{ ${items.join(', ')} }`;
  if (!isList || line.length + indent.length <= 110) return line;
  return `[\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}]`;
}

function objectText(lines: readonly Line[], indent: string): string {
  const inner = `${indent}  `;
  const members = lines.filter((line) => typeof line !== 'string').length;
  let written = 0;
  const body = lines.map((line) => {
    if (typeof line === 'string') return `${inner}// ${line}`;
    const [key, value] = line;
    written += 1;
    const shown = isLines(value) ? objectText(value, inner) : valueText(value, inner);
    return `${inner}${JSON.stringify(key)}: ${shown}${written < members ? ',' : ''}`;
  });
  return `{\n${body.join('\n')}\n${indent}}`;
}

/** Marks a nested object, which is written member by member. */
const NESTED = Symbol('nested');
function nested(lines: readonly Line[]): unknown {
  return Object.assign([...lines], { [NESTED]: true });
}
function isLines(value: unknown): value is readonly Line[] {
  return Array.isArray(value) && NESTED in value;
}

/** RAM by what knows it best; empty: nothing does. */
export function statedMemory({ decided, memory, tree }: BoardFindings): readonly AddressRange[] {
  const ofTree = () => (tree === undefined ? [] : memoryBanks(tree).filter((bank) => bank.sizeBytes > 0n));
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

function boardLines(found: BoardFindings, arch: Arch | undefined): Line[] {
  const { tree } = found;
  const compatible = tree === undefined ? undefined : strings(tree.root, 'compatible');
  const model = tree === undefined ? undefined : text(tree.root, 'model');
  const stated = statedMemory(found);
  const dtb = dtbNameBelowDts(found.dtbPath);
  const pageSize = pageSizeOf(found.config);
  const lines: Line[] = [];
  if (model !== undefined && model !== '') lines.push(['title', model.slice(0, 200)]);
  if (compatible !== undefined && compatible.length > 0) lines.push(['compatible', compatible.slice(0, 16)]);
  // Before a member that is always there, so that taking the slashes away leaves JSON.
  if (stated.length === 0)
    lines.push(
      'DECIDE: RAM is not stated by the device tree. "System RAM" in /proc/iomem on the board:',
      '"memory": [{ "base": "0x40000000", "size": "1G" }],',
    );
  if (arch === undefined) lines.push('DECIDE: nothing says which architecture: arm64, arm, riscv64 or x86_64');
  lines.push(['arch', arch ?? 'arm64']);
  if (pageSize !== undefined && pageSizes(arch ?? 'arm64').includes(pageSize)) lines.push(['pageSize', pageSize]);
  if (tree !== undefined) lines.push(['cells', { address: addressCells(tree.root), size: sizeCells(tree.root) }]);
  if (dtb !== undefined)
    lines.push(
      ...(dtb.includes('/')
        ? []
        : [
            `DECIDE: its path below ${arch === 'arm' ? 'arch/arm' : arch === 'riscv64' ? 'arch/riscv' : 'arch/arm64'}/boot/dts of the kernel, such as vendor/${dtb}`,
          ]),
      ['dtb', dtb],
    );
  if (stated.length > 0)
    lines.push(
      ...(found.memory === undefined && found.decided?.memory === undefined
        ? ['DECIDE: RAM as the device tree states it; a boot loader may know better']
        : []),
      ['memory', stated.map(range)],
    );
  return lines;
}

function regionLines(found: BoardFindings, arch: Arch | undefined): Line[] {
  const old = defaultArea(found.tree);
  const fixed = old === undefined ? undefined : firstEntry(old);
  const size = typeof old?.size === 'bigint' ? old.size : (fixed?.sizeBytes ?? DEFAULT_SIZE);
  const name = old?.name.replace(/@.*$/, '') ?? 'linux,cma';
  const ranges = Array.isArray(old?.allocRanges) ? (old.allocRanges as readonly AddressRange[]) : [];
  const buffers = found.decided?.buffers;
  const lines: Line[] = [];
  if (buffers !== undefined) {
    if (old !== undefined)
      lines.push(
        `DECIDE: the board's own device tree gives this area ${mebibytes(size)}, and drivers may count on it: "min" keeps that much`,
      );
    lines.push([
      'budget',
      nested([['buffers', buffers], ...(old === undefined ? [] : [['min', mebibytes(size)] as const])]),
    ]);
  } else if (found.decided?.sizeBytes !== undefined) {
    const { sizeBytes } = found.decided;
    if (old !== undefined && sizeBytes < size)
      lines.push(
        `DECIDE: this is less than the ${mebibytes(size)} of the board's own device tree; drivers may count on it`,
      );
    lines.push(['size', mebibytes(sizeBytes)]);
  } else if (found.argumentBytes !== undefined && found.argumentBytes > 0n)
    lines.push(
      `cma= on the running command line gives the area this size, whatever the device tree says; DECIDE and remove cma=`,
      ['size', mebibytes(found.argumentBytes)],
    );
  else if (old === undefined && found.cmaTotalBytes !== undefined && found.cmaTotalBytes > 0n)
    lines.push('CmaTotal of the running kernel, the sum of all areas; DECIDE whether it is large enough', [
      'size',
      mebibytes(found.cmaTotalBytes),
    ]);
  else
    lines.push(
      old === undefined
        ? `DECIDE the size. Or say what must fit, and the size follows: "budget": { "buffers": [{ "width": 3840, "height": 2160, "format": "NV12", "count": 6, "streams": 4 }] }`
        : `the board's device tree already has this area; DECIDE whether it is large enough`,
      ['size', mebibytes(size)],
    );
  lines.push(['default', true]);
  if (fixed !== undefined) lines.push(['base', formatAddress(fixed.baseAddress)]);
  // The node would lose it: an overlay writes only what the profile says.
  if (typeof old?.alignment === 'bigint' && fixed === undefined) lines.push(['alignment', mebibytes(old.alignment)]);
  if (ranges.length > 0) lines.push(['allocRanges', ranges.map(range)]);
  else if (fixed === undefined && arch !== 'x86_64' && arch !== 'arm')
    lines.push('DECIDE: how many address bits the weakest device that uses the area has', ['addressBits', 32]);
  if (arch === 'x86_64') lines.push(['delivery', 'kconfig']);
  return [[name, nested(lines)]];
}

/** The group that may allocate, and why it is that one; `undefined`: nothing says. */
function groupOf({ decided, groups, distribution }: BoardFindings): { readonly group: string; readonly why?: string } {
  if (decided?.group !== undefined) return { group: decided.group };
  if (groups?.includes('video') === true) return { group: 'video', why: 'the group exists on this system' };
  if (distribution !== undefined)
    return { group: distribution.group, why: `what ${distribution.title} gives its video devices to` };
  return groups === undefined ? { group: 'video' } : { group: 'dmaheap', why: 'this system has no group video' };
}

/** `/[^a-z0-9._-]/` and other characters of file names do not belong into a profile's name. */
function nameOf(found: BoardFindings): string {
  const compatible = found.tree === undefined ? undefined : strings(found.tree.root, 'compatible')?.[0];
  const wish = found.decided?.name ?? found.dtbName ?? compatible?.replace(/^.*,/, '') ?? 'my-board';
  const name = wish
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
  return name === '' ? 'my-board' : name;
}

/** The text of a commented, valid profile; what must be decided is marked DECIDE. */
export function draftProfile(found: BoardFindings): string {
  const arch = archOf(found);
  const old = defaultArea(found.tree);
  const region = old?.name.replace(/@.*$/, '') ?? 'linux,cma';
  const { group, why } = groupOf(found);
  const chosen = found.decided?.kernel;
  const version =
    chosen !== undefined
      ? chosen.min === chosen.max
        ? chosen.min
        : chosen
      : found.kernel === undefined
        ? DRAFT_KERNELS
        : compareKernelVersions(found.kernel, OLDEST_KERNEL) >= 0
          ? formatKernelVersion(found.kernel)
          : formatKernelVersion(OLDEST_KERNEL);
  const known =
    found.heaps === undefined || found.heaps.length === 0
      ? []
      : [`found under /dev/dma_heap: ${found.heaps.join(', ')}`];
  const lines: Line[] = [
    ['version', 1],
    ['name', nameOf(found)],
    ['board', nested(boardLines(found, arch))],
    ...(found.kernel === undefined && chosen === undefined ? ['DECIDE: the kernels this must work on'] : []),
    ['kernel', { version }],
    ['regions', nested(regionLines(found, arch))],
    ...known,
    'names of your own, which no kernel update changes; aliases are symlinks for programs that look for a fixed name',
    [
      'heaps',
      nested([
        ['camera', { region, aliases: ['linux,cma'] }],
        ['system', { kind: 'system' }],
      ]),
    ],
    ...(found.decided?.group === undefined
      ? [
          `DECIDE who may allocate: heap memory is not charged to cgroups${why === undefined ? '' : `. ${group}: ${why}`}`,
        ]
      : []),
    [
      'access',
      nested([
        ['camera', { group, mode: '0660' }],
        ['system', { group, mode: '0660' }],
      ]),
    ],
  ];
  return `// Written by dmaheap init. Lines marked DECIDE hold a guess.\n${objectText(lines, '')}\n`;
}
