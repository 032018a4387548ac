/** The heap is there and gives nothing: too small, in use, in pieces, or the machine has no memory left. */
import type { Board } from '../board.js';
import { type Cause, kib, mib } from './cause.js';

const USUAL_PAGE = 4096;
const pageOf = (board: Board) => board.last('pageSize')?.bytes ?? USUAL_PAGE;
/** Sizes of the kernel's log are in pages. */
const assumed = (board: Board) =>
  (board.has('allocFailed') || board.has('areaCount')) && board.last('pageSize') === undefined
    ? ' (assuming 4K pages; getconf PAGESIZE shows the size)'
    : '';

/** Bytes of the request that failed; undefined: nothing says. */
function requestOf(board: Board): number | undefined {
  const failed = board.last('allocFailed');
  if (failed !== undefined) return failed.pages * pageOf(board);
  return (
    board.last('deviceAlloc')?.bytes ?? board.all('allocation').findLast(({ bytes }) => bytes !== undefined)?.bytes
  );
}

/** Bytes of the area when the request failed, as the kernel printed them below it. */
function listed(board: Board) {
  const holes = board.last('holes');
  if (holes === undefined) return undefined;
  const page = pageOf(board);
  return {
    line: holes.line,
    free: holes.free * page,
    largest: holes.largest * page,
    total: holes.total === undefined ? undefined : holes.total * page,
  };
}

/** Bytes of the largest area that the log shows; of several, only the largest bounds a request. */
function areaBytes(board: Board): { readonly bytes: number; readonly line: string } | undefined {
  const areas = [...board.all('pool').filter(({ isCma }) => isCma), ...board.all('reserved')].map(
    ({ mebibytes, line }) => ({ bytes: mebibytes * 1048576, line }),
  );
  return areas.toSorted((a, b) => b.bytes - a.bytes)[0];
}

const isShort = (board: Board) =>
  board.has('allocFailed') ||
  board.has('deviceAlloc') ||
  board.all('allocation').some(({ errno }) => errno === 'ENOMEM' || errno === undefined);

/** The largest buffer that /sys/kernel/debug/dma_buf/bufinfo lists, in bytes: what the next one will ask for. */
function largestHeld(board: Board): number | undefined {
  const sizes = [...board.text.matchAll(/^\s*0*(\d{5,})\s+[0-9a-f]{8}\s+[0-9a-f]{8}\s+\d/gm)].map(([, size]) =>
    Number(size),
  );
  return sizes.length === 0 ? undefined : Math.max(...sizes);
}

/** Lines that name who holds buffers. */
const holder = (board: Board) =>
  board.line(
    /Total \d+ objects, \d+ bytes|\/proc\/\d+\/(?:fd|fdinfo)|exp_name:|--owners|\bheld by\b|\bholds?\b.{0,40}\b(?:buffers?|MiB|MB|kB)|\bpid[ :=]\d+.*(?:buffers?|dmabuf)|占用/i,
  );
const pidOf = (board: Board) => /\/proc\/(\d+)\//.exec(board.text)?.[1] ?? /\bpid[ :=]?(\d+)/i.exec(board.text)?.[1];

const count = (board: Board) =>
  Number(
    /\b(\d{1,3}) (?:buffers|frames|of (?:them|these|those))\b|(?:buffer[-_ ]count|--stream-mmap|\bcount)\W{1,3}(\d{1,3})\b|(\d{1,3}) ?(?:个|块)(?:缓冲|buffer)/i
      .exec(board.text)
      ?.slice(1)
      .find((one) => one !== undefined) ?? Number.NaN,
  );

const HOLDERS =
  '/sys/kernel/debug/dma_buf/bufinfo (as root), /proc/PID/fdinfo and dmaheap-verify --owners name the holders. If all buffers are needed at once, enlarge the area';
const EXHAUSTED_FIX = `find the owner of the buffers, and let it free them; ${HOLDERS}`;
const ENLARGE =
  'enlarge the area to more than the sum of the buffers, which `dmaheap init --budget` computes: change its size in the device tree (on a Raspberry Pi dtoverlay=vc4-kms-v3d,cma-256 or larger in config.txt), or CONFIG_CMA_SIZE_MBYTES if no node states the size. Or use fewer buffers or a smaller resolution';

/** Less than one frame of a camera, and little of the area. */
const NOTHING_KIB = 4096;
export function isUsedUp(board: Board): boolean {
  const total = board.cmaKib ?? 0;
  const free = board.freeKib.at(-1);
  return free !== undefined && free < NOTHING_KIB && free * 16 < total;
}

/** The size of the request is not shown; hardly any can succeed. */
const usedUp = (board: Board, total: number) => ({
  text: `the area is in use: only ${kib(board.freeKib.at(-1) ?? 0)} of ${kib(total)} is free. The next buffer fits only if part of the area is borrowed (by page cache or by programs), which the kernel moves away then; buffers that are held it cannot move.`,
  evidence: [board.first('allocation')?.line, board.last('cmaTotal')?.line, board.last('cmaFree')?.line, holder(board)],
  fix: EXHAUSTED_FIX,
});

const COMPRESSED = /pixelformat=\s*['"]?(?:M?JPE?G|H26[345]|HEVC|S26[45]|VP[89]0?|AV1|MPG\d)/i;

/** A frame of the format that v4l2-ctl was given, at one byte for each pixel. */
function frameOf(board: Board): { readonly bytes: number; readonly size: string; readonly line: string } | undefined {
  const line = board.line(/\bwidth=\d+,\s*height=\d+/);
  const [, width, height] = /\bwidth=(\d+),\s*height=(\d+)/.exec(line ?? '') ?? [];
  if (line === undefined || COMPRESSED.test(line)) return undefined;
  return { bytes: Number(width) * Number(height), size: `${width}x${height}`, line };
}

/** A driver was asked for a set of buffers. */
const isSetRefused = (board: Board) => board.line(/VIDIOC_(?:REQBUFS|CREATE_BUFS)|request \d+ buffers/i) !== undefined;

/** The area was nearly empty before the program started, and is not while it fails: the program itself fills it. */
const isEmptyAtFirst = (board: Board) =>
  board.freeKib.length > 1 && Math.max(...board.freeKib) > (board.cmaKib ?? Infinity) * 0.8;

/** More than one buffer is shown to be needed: one request that failed is not a set. */
const isSeveral = (board: Board) =>
  !Number.isNaN(count(board)) ||
  isSetRefused(board) ||
  isEmptyAtFirst(board) ||
  board.line(
    /failed to allocate (?:\w+ ){0,2}buffers\b|Failed to allocate required memory|Buffer pool activation failed|无法分配所需的内存/i,
  ) !== undefined;

/** What is free now was not free then, unless a later attempt fails as well. */
const failsAgain = (board: Board) =>
  board.line(
    /\b(?:fails?|failed) (?:again|every time|each time|always)|\b(?:every|each|any|all) (?:later |further )?(?:retry|attempts?|tries|try|time)\b.{0,30}\bfail|\bretr(?:y|ies|ied|ying)\b.{0,40}\b(?:fail|same error)|\b(?:still|always) fails\b|until (?:I |we |a |the )?(?:next )?reboot|without (?:a )?reboot|\bkeeps? (?:occurring|failing)/i,
  ) !== undefined;

/** The machine had no memory left. Of a cgroup at its limit, the kernel prints the headline of the killer as well. */
const outOfMemory = (board: Board) =>
  board
    .all('outOfMemory')
    .find(
      ({ isCgroup, line }) =>
        !isCgroup && (/Out of memory: Kill/.test(line) || !board.all('outOfMemory').some((one) => one.isCgroup)),
    )?.line;

/** What shows that the kernel charges the buffers of heaps to the cgroup of the process. */
function accountingOf(board: Board): string | undefined {
  const line = board.line(/mem_accounting\s*(?:[=:]|->|=>|is|says?|shows?)?\s*(?:1|Y|on|enabled)\b/i);
  if (line !== undefined) return line;
  const [value] = board.printedBy(/mem_accounting$/);
  return value !== undefined && /^\s*(?:Y|1)\s*$/.test(value) ? board.line(/mem_accounting$/) : undefined;
}

export const AMOUNTS: readonly Cause[] = [
  {
    id: 'MEMCG_CHARGED',
    when(board) {
      const line = board.all('outOfMemory').find(({ isCgroup }) => isCgroup)?.line;
      const accounting = accountingOf(board);
      const events = board.line(
        /^\s*oom(?:_kill)? [1-9]|memory\.max|MemoryMax=|oom_kill [1-9]|Result: oom-kill|'oom-kill'|OOMKilled|Memory: .*\(.*max: /,
      );
      // Without the parameter, buffers do not count: the process has used its limit for other memory.
      if (accounting === undefined || (line === undefined && events === undefined && !isShort(board))) return undefined;
      return {
        text: 'the memory cgroup of the service is at its limit (MemoryMax=), and dma_heap.mem_accounting=1 charges the buffers of the system heap to it. The limit is that of the service; the machine may have free memory.',
        evidence: [line, accounting, events],
        fix: 'raise MemoryMax= (memory.max) of the unit or of the container by the size of the buffers, or boot with dma_heap.mem_accounting=0, so that heap buffers are not charged',
      };
    },
  },
  {
    id: 'holder-suspended',
    when(board) {
      const line = board.line(
        /^\s*\[\d+\][+-]?\s+(?:Stopped|已停止|Angehalten)|^\s*\S*\s*\d+\s+.*\s[T]\w?\s+.*|State:\s+T \(stopped\)|\bSIGSTOP\b|\bCtrl[- ]?Z\b|\b(?:process|job|program) (?:is|was) suspended\b|^\S*: suspended\b|\^Z|kill -(?:STOP|19)|paused in gdb|\bt \(tracing stop\)/i,
      );
      const isStopped =
        line !== undefined &&
        /Stopped|已停止|Angehalten|\sT[sl+<N]{0,3}\s|T \(stopped\)|SIGSTOP|Ctrl|suspended|\^Z|STOP|gdb|tracing/.test(
          line,
        );
      // Only where the area is in use can a process that does not run be what holds it.
      if (!isStopped || !board.freeKib.some((free) => free < 8192)) return undefined;
      const held = holder(board);
      return {
        text: `the area is in use, and a process is stopped (suspended): it does not run, but it still holds every buffer that it has open. A buffer exists as long as its descriptors.${held === undefined ? ' The text does not list its buffers.' : ''}`,
        evidence: [line, held, board.last('cmaFree')?.line, board.last('allocFailed')?.line],
        fix: 'continue the stopped process (fg, kill -CONT PID), or end it (kill %1, kill PID); /proc/PID/fdinfo and dmaheap-verify --owners show who holds buffers',
      };
    },
  },
  {
    id: 'CMA_TRANSIENT_BUSY',
    when(board) {
      // A busy range alone is not a failure: the kernel then tries the next one.
      const busy =
        board.all('allocFailed').find(({ result }) => result === -16) ??
        (isShort(board) ? board.first('busyPages') : undefined);
      const retry = board.reported(
        /(?:second|next|another|third|later) (?:try|attempt|time|run)|\bretr(?:y|ies|ied|ying)\b|again (?:works|ok)|works again|(?:sometimes|occasionally|once in a while|sporadic|偶尔|有时|重试)/i,
      );
      if (
        busy === undefined &&
        !(
          retry !== undefined &&
          isShort(board) &&
          !failsAgain(board) &&
          (board.has('works') || /succeed|works|ok/i.test(retry))
        )
      )
        return undefined;
      // Ordinary pages are not busy.
      if (
        busy === undefined &&
        board.line(/\bsystem(?:[- ]heap|\b.*\bheap)|dma_heap\/system\b/i) !== undefined &&
        board.line(/\bcma\b/i) === undefined
      )
        return undefined;
      const free = Math.min(...board.freeKib);
      const need = requestOf(board);
      if (busy === undefined && need !== undefined && Number.isFinite(free) && free * 1024 < need) return undefined;
      // The kernel listed the holes when it failed, and none is large enough: a second attempt fails as well.
      const hole = listed(board)?.largest;
      if (need !== undefined && hole !== undefined && hole < need) return undefined;
      const isRetried = retry !== undefined;
      return {
        text: `pages of the area were busy${busy === undefined ? ' for a moment' : ' (EBUSY, ret: -16)'}: other users have borrowed them, or pages were pinned, and the kernel could not move them in time. ${isRetried ? 'A later attempt succeeds.' : 'The text does not show whether a later attempt succeeds: if it does, the pages were busy for a moment; if it never does, they are pinned.'}`,
        evidence: [busy?.line, retry, board.last('cmaFree')?.line],
        fix: `retry in the program (three times, after 10, 50 and 200 ms), allocate the buffers early and keep them, or give the program an area that no other user borrows from${isRetried ? '' : '. If every retry fails, look for what pins the pages: "PFNs busy" in the kernel log names their range, and dmaheap-verify --owners names the holders of buffers'}`,
      };
    },
  },
  {
    id: 'CMA_FRAGMENTED',
    when(board) {
      const need = requestOf(board);
      const area = listed(board);
      const free = area === undefined ? board.freeKib.at(-1) : area.free / 1024;
      if (need === undefined || free === undefined || !isShort(board)) return undefined;
      const chunk =
        board.all('areaCount').findLast(({ what }) => what === 'maxchunk')?.pages ??
        /maxchunk\D{0,6}(\d+)/i.exec(board.text)?.[1];
      const largest =
        area !== undefined ? area.largest : chunk === undefined ? undefined : Number(chunk) * pageOf(board);
      // What was free when it failed is not known: the buffers may have been freed since.
      if (largest === undefined && !failsAgain(board)) return undefined;
      // Of so large buffers the area has room for one; what is free was looked up when nothing held it.
      if (largest === undefined && need * 2 > (board.cmaKib ?? Infinity) * 1024) return undefined;
      if (free * 1024 < need * (area === undefined ? 1.2 : 1) || (largest !== undefined && largest >= need))
        return undefined;
      // A lowest value shown with others is what was free while it failed.
      if (board.freeKib.length > 1 && Math.min(...board.freeKib) * 1024 < need) return undefined;
      return {
        text: `the area is fragmented: ${kib(free)} is free, but the request of ${mib(need)} must be contiguous${largest === undefined ? '' : `, and the largest hole has ${mib(largest)}`}${assumed(board)}.`,
        evidence: [board.last('allocFailed')?.line, area?.line, board.last('cmaFree')?.line],
        fix: 'allocate the buffers early and keep them, give this user a separate region (another reserved-memory node), or enlarge the area; a restart of the programs that use it helps only for a time',
      };
    },
  },
  {
    id: 'CMA_EXHAUSTED',
    when(board) {
      const area = listed(board);
      const asked = requestOf(board);
      if (area?.total !== undefined && asked !== undefined && area.free < asked && asked <= area.total)
        return {
          text: `the area is in use: ${kib(area.free / 1024)} of ${kib(area.total / 1024)} was free, but ${mib(asked)} was requested${assumed(board)}.`,
          evidence: [board.last('allocFailed')?.line, area.line, holder(board)],
          fix: EXHAUSTED_FIX,
        };
      const total = board.cmaKib;
      const free = board.freeKib.length === 0 ? undefined : Math.min(...board.freeKib);
      const need = requestOf(board) ?? largestHeld(board) ?? 4096;
      const held = holder(board);
      if (total === undefined || free === undefined || total === 0) return undefined;
      if (!isShort(board)) return undefined;
      if (asked === undefined && largestHeld(board) === undefined && isUsedUp(board)) return usedUp(board, total);
      const isWhole = need <= total * 1024 && (need * 4 <= total * 1024 || !isSeveral(board));
      if (free * 1024 >= need || (held === undefined && (!isWhole || isEmptyAtFirst(board)))) return undefined;
      const pid = pidOf(board);
      return {
        text: `the area is in use: only ${kib(free)} of ${kib(total)} is free, but ${mib(need)} was requested.${pid === undefined ? '' : ` Process ${pid} holds buffers.`}`,
        evidence: [board.last('cmaFree')?.line, held, board.last('allocFailed')?.line],
        fix: `${pid === undefined ? 'find the owner of the buffers' : `let process ${pid} free its buffers, or end the process`}; ${HOLDERS}`,
      };
    },
  },
  {
    id: 'CMA_TOO_SMALL_FOR_BUDGET',
    when(board) {
      const need = requestOf(board);
      const whole = listed(board)?.total ?? areaBytes(board)?.bytes;
      if (need !== undefined && whole !== undefined && need > whole && isShort(board))
        return {
          text: `the request is larger than the area: ${mib(need)} was requested, and the whole area has ${mib(whole)}${assumed(board)}. It does not fit even when no other program uses the area.`,
          evidence: [
            board.last('allocFailed')?.line ?? board.last('deviceAlloc')?.line ?? board.first('allocation')?.line,
            listed(board)?.line ?? areaBytes(board)?.line,
          ],
          fix: ENLARGE,
        };
      const total =
        board.cmaKib ??
        (board.last('reserved') === undefined ? undefined : (board.last('reserved')?.mebibytes ?? 0) * 1024);
      if (!isShort(board) || total === undefined || total === 0) return undefined;
      const buffers = count(board);
      const frame = frameOf(board);
      const least = need ?? frame?.bytes;
      if (least === undefined) return undefined;
      const sum = least * (Number.isNaN(buffers) ? 1 : buffers);
      const free = Math.min(...board.freeKib);
      const isTooSmall =
        sum > total * 1024 ||
        (isSeveral(board) && (least * 2 > total * 1024 || (isEmptyAtFirst(board) && free * 1024 < least)));
      if (!isTooSmall) return undefined;
      return {
        text:
          need === undefined
            ? `the CMA area is too small for this: it has ${kib(total)} in all, and ${Number.isNaN(buffers) ? 'several buffers' : `${buffers} buffers`} of ${frame?.size} are needed at once: at one byte for each pixel, which is the least without compression, ${Number.isNaN(buffers) ? `one is ${mib(least)}` : `they are ${mib(sum)}`}.`
            : `the CMA area is too small for this: it has ${kib(total)} in all, ${
                need > total * 1024
                  ? `and ${mib(need)} was requested. This does not fit even when no other program uses the area.`
                  : `one buffer takes ${mib(need)}, and several are needed at once${Number.isNaN(buffers) ? '' : ` (${buffers} buffers are ${mib(sum)})`}.${sum > total * 1024 || (Number.isNaN(buffers) && need * 2 > total * 1024) ? ' They do not fit even when no other program uses the area.' : ''}`
              }`,
        evidence: [
          board.last('allocFailed')?.line ?? board.last('deviceAlloc')?.line ?? frame?.line,
          board.last('cmaTotal')?.line,
          board.first('reserved')?.line,
        ],
        fix: ENLARGE,
      };
    },
  },
  {
    id: 'MEMORY_EXHAUSTED',
    when(board) {
      const line =
        outOfMemory(board) ??
        // The system heap falls back to single pages, so that it fails only when none is left.
        (board.anyLine(/system_heap_\w+\+0x/) === undefined ? undefined : board.anyLine(/page allocation failure/));
      const available = board.last('available');
      const isSystem =
        board.all('allocation').some(({ heap }) => heap === undefined || heap.startsWith('system')) ||
        board.line(/dma_heap\/system|system heap|heap.*system/i) !== undefined;
      // A listing of heaps beside it does not show who used the memory.
      const isAbout =
        isShort(board) ||
        board.anyLine(/^(?!.*(?:\bls\b|^[-cdl][-rwx]{9})).*(?:dma[-_]?heap|dmabuf|system_heap|dma_buf)/i) !== undefined;
      if (
        !(line !== undefined && isAbout) &&
        !(available !== undefined && available.kib < 65536 && isShort(board) && isSystem)
      )
        return undefined;
      return {
        text: `the system has not enough free memory for the buffers${available === undefined ? '' : ` (MemAvailable is ${kib(available.kib)})`}: the system heap allocates ordinary pages, and the kernel has none left. The CMA area is not the cause.`,
        evidence: [line, available?.line, board.line(/dma_heap|system_heap/)],
        fix: 'free memory, or use fewer and smaller buffers. /proc/PID/fdinfo and dmaheap-verify --owners show which processes hold dma-bufs, which are not charged to a process. Swap does not help, because heap pages cannot be swapped out',
      };
    },
  },
];
