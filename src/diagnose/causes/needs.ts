/** What else would decide: the pieces that the paste does not have. */
import type { Board } from '../board.js';
import { errnoOf } from '../errno.js';
import { IS_RUNTIME } from '../read/nodes.js';
import type { Need } from './cause.js';

const PIECES: readonly (Need & {
  readonly isThere: (board: Board) => boolean;
  readonly when: (board: Board) => boolean;
})[] = [
  {
    what: 'the heaps of the host',
    why: 'the text shows only what the container has: if the host has the heaps, the runtime does not pass them in',
    how: 'on the host: ls -lL /dev/dma_heap /sys/class/dma_heap',
    isThere: (board) =>
      board.nodes('host').length > 0 || board.has('classNames') || (board.heapNames('host') ?? []).length > 0,
    when: (board) => board.container !== undefined && !isOnHost(board),
  },
  {
    what: 'whether the kernel has heaps',
    why: 'the class exists if it has, and the options show why it has none (in a container, on the host)',
    how: 'ls -d /sys/class/dma_heap; zgrep DMABUF_HEAPS /proc/config.gz || grep DMABUF_HEAPS /boot/config-$(uname -r)',
    isThere: (board) => board.has('classNames') || (board.has('noClass') && board.has('config')),
    when: (board) => board.isAbsent() || isOnHost(board),
  },
  {
    what: 'the nodes and their modes, and the groups of the user',
    why: 'the node exists and was refused: owner, group and mode show who may open it, and id (run by the user that is refused) shows the groups of that user',
    how: 'ls -lL /dev/dma_heap; id',
    isThere: (board) => board.nodes().length > 0 && board.has('identity'),
    when: (board) => isAboutAccess(board),
  },
  {
    what: 'which heap the program opens, and the error number',
    why: 'the text shows neither: a name that is not listed is missing, and a name that is listed was refused',
    how: 'strace -f -e trace=openat PROGRAM 2>&1 | grep dma_heap; ls -lL /dev/dma_heap; id',
    isThere: () => false,
    when: (board) => isUnnamed(board),
  },
  {
    what: 'what else can refuse',
    why: 'if owner, group and mode allow the access, a unit, a container or a security module denies it',
    how: "dmesg | grep -iE 'avc|apparmor|audit'; systemctl show -p User,SupplementaryGroups,DevicePolicy,DeviceAllow,PrivateDevices UNIT",
    isThere: (board) => board.has('avc') || board.has('apparmor'),
    when: (board) => isAboutAccess(board) || isUnnamed(board),
  },
  {
    what: 'whether the memory cgroup counts buffers of heaps',
    why: 'the kernel ended a process at the limit of its cgroup: buffers of heaps count there only if this prints Y',
    how: 'cat /sys/module/dma_heap/parameters/mem_accounting',
    isThere: () => false,
    when: (board) => board.all('outOfMemory').some(({ isCgroup }) => isCgroup),
  },
  {
    what: 'CmaTotal and CmaFree',
    why: 'they distinguish an area that was never made, an area that is in use, and a fragmented area',
    how: 'grep Cma /proc/meminfo (once after the boot, once while it fails)',
    isThere: (board) => board.has('cmaTotal'),
    when: (board) => isAboutMemory(board) && !isNarrow(board),
  },
  {
    what: 'what was free when the request failed',
    why: 'CmaFree is the value at the moment of reading, and the buffers were probably freed since: the line of the kernel below "alloc failed" lists the free pieces at the failure, and a request that fails again with the area empty is too large for it or the area is in pieces',
    how: `dmesg | grep -A1 'alloc failed'; while it fails: while sleep 0.1; do grep CmaFree /proc/meminfo; done`,
    isThere: (board) => board.has('holes'),
    when: (board) => board.has('cmaFree') && isAboutShortage(board),
  },
  {
    what: 'the kernel log (dmesg) from its first line on',
    why: 'it shows what requested the area, the memory ranges, and why an area was refused ("reserved mem", "cma", "could not be activated", "alloc failed")',
    how: "dmesg | grep -iE 'cma|reserved mem|command line|node ranges|zone|mem 0x'",
    isThere: (board) => board.has('bank') && board.has('commandLine'),
    when: (board) => !isNarrow(board),
  },
  {
    what: 'the kernel command line',
    why: 'a cma= in it replaces the area of the device tree',
    how: 'cat /proc/cmdline',
    isThere: (board) => board.has('commandLine'),
    when: (board) => isAboutMemory(board) && !isNarrow(board),
  },
  {
    what: 'the memory map',
    why: 'it shows what is at the place of the area',
    how: 'sudo cat /proc/iomem',
    isThere: (board) => board.has('bank'),
    when: (board) => board.has('failed') || board.has('nodeFailed'),
  },
  {
    what: 'the nodes and their modes',
    why: 'they show the heaps, their names and who may open them',
    how: 'ls -lL /dev/dma_heap /sys/class/dma_heap; id',
    isThere: (board) => board.nodes().length > 0,
    when: (board) => isAboutNames(board) || (!board.has('failed') && !isNarrow(board)),
  },
  {
    what: 'the kernel and its options',
    why: 'names and rules of heaps differ between kernels',
    how: "uname -r; zcat /proc/config.gz | grep -E 'DMABUF|CMA' (or /boot/config-$(uname -r))",
    isThere: (board) => board.release !== undefined && board.has('config'),
    when: (board) => isAboutNames(board) || !isNarrow(board),
  },
  {
    what: 'the first message of the program that fails',
    why: 'the path, the size and the error number distinguish a missing heap, a denied heap and an area that is too small',
    how: 'strace -f -e trace=openat,ioctl,mmap PROGRAM 2>&1 | grep -A3 dma_heap',
    isThere: (board) => board.has('open') || board.has('allocFailed'),
    when: (board) => !board.has('failed') && !board.has('nodeFailed') && !isNarrow(board),
  },
];

/** Memory is not in question: the heap was refused. */
const isAboutAccess = (board: Board) =>
  !board.isAbsent() &&
  !isAboutShortage(board) &&
  (board.refused.some(({ errno }) => errno === 'EACCES' || errno === 'EPERM') ||
    (board.line(/heap|dma-?buf/i) !== undefined &&
      board.linesOf('others').some((line) => /^E(?:ACCES|PERM)$/.test(errnoOf(line) ?? ''))));
const isOnHost = (board: Board) => board.line(IS_RUNTIME)?.includes('dma_heap') === true;
/** Nothing lists the heaps of which one, or all, could not be opened. */
const isAboutNames = (board: Board) =>
  board.heapNames() === undefined &&
  !isOnHost(board) &&
  !isAboutAccess(board) &&
  !isAboutShortage(board) &&
  (board.has('noProvider') || board.refused.length > 0);
/** Heaps are listed, and the message names none of them. */
const isUnnamed = (board: Board) =>
  board.has('noProvider') &&
  board.refused.length === 0 &&
  (board.heapNames() ?? []).length > 0 &&
  !isAboutAccess(board) &&
  !isAboutShortage(board);
const isNarrow = (board: Board) =>
  isAboutAccess(board) ||
  isUnnamed(board) ||
  isAboutNames(board) ||
  ((board.isAbsent() || isOnHost(board)) && !isAboutShortage(board));
const isAboutShortage = (board: Board) =>
  board.all('allocation').some(({ errno }) => errno !== 'EACCES' && errno !== 'EPERM') ||
  board.has('allocFailed') ||
  board.has('failed') ||
  board.has('nodeFailed') ||
  board.has('deviceAlloc');

const isAboutMemory = (board: Board) =>
  board.has('allocation') ||
  board.has('failed') ||
  board.has('reserved') ||
  board.has('allocFailed') ||
  board.has('deviceAlloc') ||
  !board.has('open');

export function needsOf(board: Board): Need[] {
  if (board.text.trim() === '' && board.clues.length === 0 && board.linesOf('kernel').length === 0)
    return [
      {
        what: 'a text: the input is empty',
        why: 'the input is a log, a listing, or the output of a program that fails',
        how: '(ls -lL /dev/dma_heap /sys/class/dma_heap; id; grep Cma /proc/meminfo; dmesg) 2>&1 | dmaheap diagnose',
      },
    ];
  const pieces = PIECES.filter(({ isThere, when }) => when(board) && !isThere(board)).map(({ what, why, how }) => ({
    what,
    why,
    how,
  }));
  return [...asRoot(board), ...pieces];
}

/** What was denied to the user who collected. */
const asRoot = ({ denied }: Board): Need[] =>
  denied.length === 0
    ? []
    : [
        {
          what: `what the capture was denied: ${denied.join(', ')}`,
          why: 'only root reads them, and they show what the kernel refused and where memory is',
          how: 'sudo dmaheap-verify --collect >board.tar',
        },
      ];
