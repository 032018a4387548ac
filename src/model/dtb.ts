/** The board's DTB compared with the profile: whether it is of this board at all. */

import type { Diagnostic } from '../diagnostic/index.js';
import { type Fdt, strings, text, walk } from '../fdt/index.js';
import type { Board } from '../profile/types.gen.js';
import type { AddressRange } from '../quantity/index.js';
import { formatAddress, formatBytes, joinRanges, rangeEnd } from '../quantity/index.js';
import { report } from './codes.js';

export interface Cells {
  readonly address: 1 | 2;
  readonly size: 1 | 2;
}

/** What a DTB says about the board, read by the caller. */
export interface DtbFacts {
  readonly file: string;
  readonly cells: Cells;
  /** Memory banks of a size above zero. */
  readonly memory: readonly AddressRange[];
  readonly tree: Fdt;
}

/** The architecture a tree's processors are of; undefined when they do not say. */
export function archOfTree(tree: Fdt): Board['arch'] | undefined {
  for (const node of walk(tree.root)) {
    if (text(node, 'device_type') !== 'cpu') continue;
    const compatible = (strings(node, 'compatible') ?? []).join(' ');
    if (/riscv/.test(compatible) || node.properties.has('riscv,isa')) return 'riscv64';
    if (/arm,cortex-a(5|7|8|9|12|15|17|32)\b|arm,arm(9|11)|marvell,(pj4|sheeva)|qcom,(krait|scorpion)/.test(compatible))
      return 'arm';
    if (/arm,|apple,|qcom,|nvidia,|cavium,|brcm,|marvell,/.test(compatible)) return 'arm64';
  }
  return undefined;
}

/** The architecture of a tree that cannot run a kernel of `arch`; 64-bit processors of Arm may run 32-bit ones. */
export function otherArchitecture(arch: Board['arch'], tree: Fdt): Board['arch'] | undefined {
  const found = archOfTree(tree);
  return found === arch || (found === 'arm64' && arch === 'arm') ? undefined : found;
}

type Finding = Diagnostic & { readonly pointer: string };

/** @param memory RAM that the profile states */
export function holdDtb(board: Board, memory: readonly AddressRange[] | undefined, dtb: DtbFacts): Finding[] {
  const found: Finding[] = [];
  const other = otherArchitecture(board.arch, dtb.tree);
  if (other !== undefined)
    found.push({
      ...report('model/other-architecture', {
        message: `the profile is for ${board.arch}, but the processors in ${dtb.file} are ${other}`,
        fix: 'give the DTB of this board, or correct board.arch',
      }),
      pointer: '/board/arch',
    });
  const compatible = strings(dtb.tree.root, 'compatible') ?? [];
  if (
    board.compatible !== undefined &&
    compatible.length > 0 &&
    !board.compatible.some((one) => compatible.includes(one))
  )
    found.push({
      ...report('model/other-board', {
        message: `${dtb.file} is the DTB of ${compatible.join(', ')}, but the profile is for ${board.compatible.join(', ')}`,
        cause: 'they have no string in common, so a proof with this DTB is a proof for another board',
        fix: 'give the DTB of this board, or correct board.compatible',
      }),
      pointer: '/board/compatible',
    });
  if (memory !== undefined && dtb.memory.length > 0 && !isSameMemory(memory, dtb.memory))
    found.push({
      ...report('model/memory-differs', {
        message: `the profile states ${ramText(memory)} of RAM, but ${dtb.file} states ${ramText(dtb.memory)}`,
        cause: 'dmaheap uses the RAM of the profile; this is correct if the boot loader corrects the memory node',
        fix: 'compare with the "System RAM" lines of /proc/iomem on the board; without board.memory, dmaheap uses the DTB',
      }),
      pointer: '/board/memory',
    });
  return found;
}

const total = (ranges: readonly AddressRange[]) => ranges.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0n);

/**
 * /proc/iomem lacks what firmware keeps for itself, which is little: RAM that lies within the DTB's is the same then.
 */
function isSameMemory(stated: readonly AddressRange[], dtb: readonly AddressRange[]): boolean {
  const [ours, theirs] = [joinRanges(stated), joinRanges(dtb)];
  const isWithin = ours.every((one) =>
    theirs.some((other) => other.baseAddress <= one.baseAddress && rangeEnd(one) <= rangeEnd(other)),
  );
  return isWithin && total(ours) * 8n >= total(theirs) * 7n;
}

const ramText = (ranges: readonly AddressRange[]) =>
  joinRanges(ranges)
    .map(({ baseAddress, sizeBytes }) => `${formatBytes(sizeBytes)} at ${formatAddress(baseAddress)}`)
    .join(' and ');
