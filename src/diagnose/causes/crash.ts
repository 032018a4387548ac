/** The kernel crashes or hangs in the code of a heap. */
import type { Board } from '../board.js';
import type { Cause } from './cause.js';

const CRASH =
  /Unable to handle kernel|Internal error: |\bOops\b|BUG: (?:kernel|unable|soft|KASAN|spinlock|sleeping)|kernel BUG at|general protection fault|Kernel panic|Unhandled fault|Synchronous External Abort|SError Interrupt|UBSAN:|KASAN:|refcount_t: |list_(?:add|del) corruption/;
const HANG = /blocked for more than \d+ seconds|soft lockup|rcu.*detected stalls|hung task|watchdog: BUG/i;
/** Functions of dma-heap.c, of the heaps of mainline and of vendors, and of CMA, with an offset as traces print them. */
const IN_HEAP =
  /\b(?:(?:cma|system|dma|carveout|secure|uncached|sys|codecmm|\w*(?:rk|mtk|qcom|samsung|ti|imx)\w*)_heap_\w+|dma_heap_\w+|cma_(?:alloc|release|heap)\w*)(?:\.\w+)*\+0x[0-9a-f]+\/0x[0-9a-f]+/;
const CLEARS = /\b(?:__)?(?:pi_)?(?:memset|memzero|clear_page|dcache_\w+|arch_sync_dma\w*)\w*\+0x/;

const lineOf = (board: Board, pattern: RegExp) => board.anyLine(pattern);

export const CRASHES: readonly Cause[] = [
  {
    id: 'kernel-crash-in-heap',
    when(board) {
      const where = lineOf(board, IN_HEAP);
      const crash = lineOf(board, CRASH);
      const hang = crash === undefined ? lineOf(board, HANG) : undefined;
      const first = crash ?? hang;
      if (where === undefined || first === undefined) return undefined;
      const name = IN_HEAP.exec(where)?.[0].replace(/\+0x.*$/, '') ?? 'a heap';
      const clears = crash === undefined ? undefined : lineOf(board, CLEARS);
      const said =
        clears !== undefined && /cma_heap/.test(name)
          ? ' It writes to the memory of the buffer there: usual causes are an area that the kernel does not map (a region with no-map, or outside RAM), and memory that firmware protects. A bug of the kernel is possible as well.'
          : ' The text does not show the reason: a bug of this kernel or of a driver that uses the buffer, or memory of the area that is not usable (no-map, protected by firmware).';
      return {
        text: `the kernel ${crash === undefined ? 'hangs' : 'crashes'} in the code of a heap: ${name} is in the call trace.${crash === undefined ? ' It waits there for pages or for a lock.' : said}`,
        evidence: [first, clears, where],
        fix:
          crash === undefined
            ? 'collect the whole report with the call traces of all blocked tasks (echo w >/proc/sysrq-trigger), and look which other task is in cma_alloc or holds the lock; report it to the vendor of the kernel with uname -r'
            : 'collect the whole report (from "Unable to handle" to "end trace"), uname -r, the lines of the log with "reserved mem" and "cma", and the node of the area in /reserved-memory. Compare the address with the area: if the node has no-map or lies outside RAM, correct it; otherwise report it to the vendor of the kernel, and try a newer kernel',
      };
    },
  },
];
