/** Two regions of the device tree that overlap: an area of CMA and one of firmware, or two others. */
import type { Board } from '../board.js';
import type { Clue } from '../clues.js';
import type { Cause } from './cause.js';

type Region = Clue<'overlap'>['regions'][number];

/** Names of regions that firmware, other processors and drivers keep for themselves. */
const OF_OTHERS =
  /ramoops|pstore|hwrng|secmon|\b(?:op)?tee\b|optee|\batf\b|tfa?\b|trust|secure|vring|vdev|rpmsg|rproc|remoteproc|\bdsp|adsp|cdsp|modem|\bmcu|\bm[47]\b|_m[47]|cm[47]|rtos|r5f|splash|framebuffer|simplefb|logo|smem|scmi|psci|\bspl\b|bl31|bl32|mailbox|firmware|crash|log[-_]?buf|debug/i;

const bare = (name: string) => name.replace(/@.*$/, '');

/** The node at an address, as the kernel log names it. */
export const nameAt = (board: Board, base: bigint): string | undefined =>
  [...board.all('range').filter((range) => range.base === base), ...board.all('poolNode')].find(
    (one) => 'base' in one || one.name.endsWith(`@${base.toString(16)}`),
  )?.name;

/** Whether a node may be meant as a heap: the memory of another processor must never be given to the page allocator. */
export const mayBeHeap = (board: Board, name: string | undefined): boolean =>
  name === undefined ||
  board.isDefaultName(bare(name)) ||
  board.refused.some((one) => bare(one.name) === bare(name)) ||
  !OF_OTHERS.test(name);

const isCma = (board: Board, { name, base }: Region) =>
  /cma|shared-dma-pool/i.test(name) ||
  board.all('pool').some((pool) => pool.isCma && pool.base === base) ||
  board.all('range').some((range) => range.isReusable && (range.name === name || range.base === base)) ||
  board
    .all('treeNode')
    .some((node) => node.name === name && /shared-dma-pool/.test(node.properties.get('compatible') ?? ''));
const isOthers = (board: Board, { name }: Region) =>
  OF_OTHERS.test(name) || board.all('range').some((range) => range.name === name && !range.isReusable);

const pairs = (board: Board) => board.all('overlap').filter(({ regions }) => regions.length > 0);

export const OVERLAPS: readonly Cause[] = [
  {
    id: 'DATA_CORRUPT',
    when(board) {
      if (board.has('nodeFailed')) return undefined;
      const pair = pairs(board).find(({ regions }) => regions.some((one) => isCma(board, one)));
      const area = pair?.regions.find((one) => isCma(board, one));
      const other = pair?.regions.find((one) => one !== area);
      if (pair === undefined || area === undefined || other === undefined) return undefined;
      const pool = board.all('pool').find((one) => one.isCma);
      return {
        text: `two regions of the device tree overlap: ${area.name}, which is for CMA, and ${other.name}. ${pool === undefined ? 'If the kernel makes an area of it,' : 'The kernel made a CMA area of it, so'} the memory has two owners: the data in buffers changes, and a CPU access to memory of firmware ends in an abort.`,
        evidence: [board.first('overlap')?.line, pair.line, pool?.line],
        fix: 'move or shrink the CMA area (reg, alloc-ranges and size of its node) so that it does not overlap the other region; the addresses of firmware (TEE, DSP, ramoops) cannot change without the firmware',
      };
    },
  },
  {
    id: 'not-ours',
    when(board) {
      const pair = pairs(board).find(({ regions }) => regions.every((one) => isOthers(board, one)));
      if (pair === undefined || pairs(board).length > 1 || board.has('nodeFailed') || board.has('failed'))
        return undefined;
      return {
        text: `this is not a fault of heaps or CMA: two regions of the device tree overlap, ${pair.regions.map(({ name }) => name).join(' and ')}, and none of them is a CMA area.`,
        evidence: [board.first('overlap')?.line, pair.line],
        fix: 'correct reg of one of the two nodes in /reserved-memory; the addresses that firmware uses are in its documentation',
      };
    },
  },
];
