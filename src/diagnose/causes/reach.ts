/** A buffer that a device cannot take: its descriptor is not one of a buffer, or the device cannot reach the memory of a buffer, and the bounce buffers that then replace it. */
import type { Board } from '../board.js';
import type { Cause } from './cause.js';
import { hex, mib } from './cause.js';

const SLOT = 2048;
/** The slots of one mapping must be contiguous within a segment: IO_TLB_SEGSIZE in kernel/dma/swiotlb.c. */
const LARGEST_MAPPING = 128 * SLOT;

/** Of a buffer that lies, in whole or in part, above what the device addresses. */
const outOfReach = (board: Board) =>
  board.all('outOfReach').find(({ address, bytes, mask }) => address + BigInt(bytes) - 1n > mask);

const above = (board: Board) => {
  const far = outOfReach(board);
  return far === undefined ? '' : ` (${hex(far.address)}, and its DMA mask is ${hex(far.mask)})`;
};

const INTO_REACH =
  'allocate this buffer in memory that the device can reach: from a CMA heap whose area lies below its limit (alloc-ranges of the node, below 4 GiB for a 32-bit mask). If the device can address more, correct the DMA mask in its driver or dma-ranges of its bus';

/** Heaps of Rockchip's kernel with memory that 32 bits address. */
const LOW_HEAPS = ['system-dma32', 'system-uncached-dma32', 'linux,cma-uncached-dma32'];

export const REACH: readonly Cause[] = [
  {
    id: 'IMPORT_REFUSED',
    when(board) {
      const line = board.line(/RGA_MMU unsupported memory larger than 4G/i);
      if (line === undefined) return undefined;
      const low = LOW_HEAPS.filter((name) => board.heapNames()?.includes(name));
      return {
        text: 'the device cannot reach the buffer: its memory lies above 4 GiB, and the RGA core that was chosen addresses 32 bits. A buffer of the system heap, or ordinary memory of a process, lies anywhere in RAM.',
        evidence: [line, board.anyLine(/\bMemTotal:/), board.line(/dma_heap\/\S+|dma_heap system/)],
        fix: `allocate the buffer below 4 GiB: from ${low.length > 0 ? `${low.join(' or ')}, which this board lists` : "system-dma32 or cma of Rockchip's kernel (if ls /dev/dma_heap lists them)"}, or from a CMA heap whose node has alloc-ranges below 4 GiB; with MPP, the buffers need MPP_BUFFER_FLAGS_DMA32. On a chip with several RGA cores, a core that addresses more (RGA3) takes the buffer as it is`,
      };
    },
  },
  {
    id: 'not-ours',
    when(board) {
      // dma_buf_get has no other errors than these two.
      const line = board.line(
        /dma_buf_get\b.*\bfail|(?:PRIME_FD_TO_HANDLE|PrimeFDToHandle|VIDIOC_QBUF|DMA_BUF_IOCTL_\w+|dma-?buf|import\w*)\b.*(?:EBADF|Bad file (?:descriptor|number)|错误的文件描述符|Ungültiger Dateideskriptor)|DMA_BUF_IOCTL_(?:SYNC|SET_NAME|EXPORT_SYNC_FILE)\b.*(?:ENOTTY|Inappropriate ioctl)/i,
      );
      if (line === undefined) return undefined;
      return {
        text: 'this is not a fault of heaps or CMA: the program passes a descriptor that is not a dma-buf, or that is closed already.',
        evidence: [line],
        fix: 'look in the program where this descriptor comes from and who closes it (strace -f -e trace=ioctl,close,dup PROGRAM): it must be the fd that DMA_HEAP_IOCTL_ALLOC or an export returned, and it must stay open until the import',
      };
    },
  },
  {
    id: 'IMPORT_REFUSED',
    when(board) {
      const full = board.all('swiotlbFull').find(({ bytes }) => bytes > LARGEST_MAPPING);
      const far = outOfReach(board);
      if (full === undefined && (far === undefined || board.has('swiotlbFull'))) return undefined;
      const used =
        full === undefined || Number.isNaN(full.used) || full.used >= full.total
          ? ''
          : ` The message names them full, but only ${full.used} of ${full.total} slots were in use.`;
      return {
        text:
          full === undefined
            ? `the device cannot reach the buffer${above(board)}, and the kernel has no bounce buffers (swiotlb) for it.`
            : `the device cannot reach the buffer${above(board)}, and the bounce buffers (swiotlb) cannot replace it: one mapping has at most ${LARGEST_MAPPING / 1024} KiB, and this one has ${mib(full.bytes)}.${used}`,
        evidence: [full?.line, far?.line],
        fix: `${INTO_REACH}. A larger swiotlb= does not help`,
      };
    },
  },
  {
    id: 'not-ours',
    when(board) {
      const full = board.first('swiotlbFull');
      // A buffer of a heap that needs them is out of the reach of its device.
      if (full === undefined || board.line(/dma[-_ ]?heap|dma-?buf|prime|\bheap\b/i) !== undefined) return undefined;
      const isFull = Number.isNaN(full.used) || full.used + full.bytes / SLOT > full.total * 0.9;
      return {
        text: `this is not a fault of heaps or CMA: a device that cannot reach all memory needs bounce buffers (swiotlb), and ${isFull ? 'they are in use' : `there is no contiguous run of free slots for ${full.bytes} bytes, although only ${full.used} of ${full.total} are in use`}. The text does not show a problem with a heap.`,
        evidence: [full.line],
        fix: `${isFull ? 'enlarge them with swiotlb= on the kernel command line (a number of slots of 2 KiB)' : 'let the driver map smaller pieces'}, or look in the driver for transfers that it maps and does not unmap`,
      };
    },
  },
];
