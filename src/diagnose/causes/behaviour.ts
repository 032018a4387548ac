/** Buffers are made, and something is wrong with them, with their device or with their end. */
import { formatKernelVersion, OLDEST_KERNEL } from '../../facts/index.js';
import type { Board } from '../board.js';
import { errnoOf } from '../errno.js';
import type { Cause } from './cause.js';
import { REACH } from './reach.js';

const said = (id: string, pattern: RegExp, text: string, fix: string, unless?: (board: Board) => boolean): Cause => ({
  id,
  when(board) {
    const line = board.reported(pattern);
    if (line === undefined || unless?.(board) === true) return undefined;
    return { text, evidence: [line], fix };
  },
});

const OLDEST = formatKernelVersion(OLDEST_KERNEL);

/** The heap of a process, of which memory checkers and language runtimes speak, is another one. */
const PROCESS_HEAP = String.raw`HEAP SUMMARY|==\d+==|heap (?:space|dump|size|usage|block)|heap-(?:buffer|use)|(?:java|jvm) heap|Sanitizer`;
const OF_BUFFERS = new RegExp(
  String.raw`^(?!.*(?:${PROCESS_HEAP})).*(?:dma[-_ ]?(?:buf|heap)|\bheap\b|\bcma\b|Cma(?:Free|Total)|prime|V4L2_MEMORY_DMABUF|dmabuf|缓冲)`,
  'i',
);
const isAboutBuffers = (board: Board) => board.line(OF_BUFFERS) !== undefined;
const unlessOther = (board: Board) => !isAboutBuffers(board);

const SLOW =
  /(?:alloc\w*|ioctl|heap)\b.{0,80}\b(?:takes?|took|needs?|lasts?|耗时)\b.{0,30}\d+ ?(?:ms|s|seconds?|毫秒)|(?:slow|latency|stall|hitch|delay)\w*.{0,60}(?:alloc|heap|cma)|(?:alloc|heap|cma)\w*.{0,60}(?:slow|latency|stall|delay)|分配(?:很|太)?慢/i;
/** What no allocation of a frame takes while nothing has to move. */
const LONG_MS = 100;
const PER_UNIT: Readonly<Record<string, number>> = { us: 0.001, ms: 1, msec: 1, s: 1000, sec: 1000, seconds: 1000 };

/** A call that succeeded, with its duration as strace -T, perf trace and ftrace print it. */
function isLong(line: string): boolean {
  if (!/DMA_HEAP_IOCTL_ALLOC|dma_heap_(?:ioctl|buffer_alloc)|cma_alloc\b/.test(line) || /= -1|fail|ret: -/.test(line))
    return false;
  const [, seconds] = /=\s*0\s*<([\d.]+)>/.exec(line) ?? [];
  const [, amount, unit = ''] = /\(?\s*([\d.]+) ?(us|ms|msec|s|sec|seconds)\b/.exec(line) ?? [];
  const duration = seconds === undefined ? Number(amount ?? 0) * (PER_UNIT[unit] ?? 0) : Number(seconds) * 1000;
  return duration >= LONG_MS;
}

/** What of the arguments of DMA_HEAP_IOCTL_ALLOC the kernel refuses, as strace shows it. */
function refusedArgument(line: string): string | undefined {
  const value = (name: string) => new RegExp(String.raw`\b${name}\s*=\s*(0x[0-9a-f]+|\d+)\b`, 'i').exec(line)?.[1];
  if (Number(value('len') ?? 1) === 0) return 'the length is 0';
  if (Number(value('heap_flags') ?? 0) !== 0) return 'heap_flags is not 0, and no heap of mainline has a flag';
  if (Number(value('fd') ?? 0) !== 0) return 'fd is not 0 on entry';
  return undefined;
}

/** A run, a stream or a program that ended before the next reading. */
const ENDED =
  /\b(?:each|every|per|after|between)\b.{0,40}\b(?:run|start|restart|stop|stream|clip|frame|capture|video|call|open|close|exit|iteration|round|time|job)s?\b|\b(?:run|round|start|pass|iteration) ?#?\d|\b(?:exit(?:ed|s)?|closed?|killed|stopped|restarted|ended|terminated)\b|\bdo\s+(?!sleep|grep|cat)[^;]+;.*CmaFree|每次|退出|关闭|第\s*\S\s*次/i;

export const BEHAVIOUR: readonly Cause[] = [
  {
    id: 'not-ours',
    when(board) {
      const call = board
        .all('allocation')
        .find(({ errno, line }) => errno === 'EINVAL' && /= -1 EINVAL|failed: Invalid argument/.test(line));
      const why = call && refusedArgument(call.line);
      if (call === undefined || why === undefined) return undefined;
      return {
        text: `this is not a fault of heaps or CMA: the kernel refuses the arguments of the program with EINVAL before it allocates: ${why}.`,
        evidence: [call.line],
        fix: 'correct struct dma_heap_allocation_data in the program: clear it first, len of at least 1, fd = 0, fd_flags only O_CLOEXEC with O_RDONLY, O_WRONLY or O_RDWR, heap_flags = 0 (flags of ION do not exist here)',
      };
    },
  },
  {
    id: 'UDMABUF_UNUSABLE',
    when(board) {
      const line = board.line(
        /^(?!.*(?:u-dma-buf|udmabuf[\d@-])).*(?:\/dev\/udmabuf\b.*(?:No such|denied|not permitted|Invalid|fail|cannot|= -1|不存在|没有)|UDMABUF_CREATE\w*.*(?:= -1|fail|Invalid|EINVAL|error|denied|ENOTTY|allocate)|udmabuf.*(?:fail|error|unavailable|not available))/i,
      );
      if (line === undefined) return undefined;
      const isMissing = /No such|没有|ENOENT/.test(line);
      const isDenied = /denied|EACCES|not permitted/.test(line);
      const reason = isMissing
        ? 'the node does not exist: the kernel does not have CONFIG_UDMABUF, or its module is not loaded'
        : isDenied
          ? "the node has the kernel's default mode, and no rule gives access to it"
          : 'the memfd lacks F_SEAL_SHRINK, has a wrong size (not whole pages), or the request is above the limits size_limit_mb and list_limit of the module';
      return {
        text: `/dev/udmabuf cannot make buffers here: ${reason}. It is not a heap; libraries use it as a fallback.`,
        evidence: [line],
        fix: isMissing
          ? 'build the kernel with CONFIG_UDMABUF=y and CONFIG_MEMFD_CREATE=y, or let the program use a heap under /dev/dma_heap'
          : isDenied
            ? 'add a rule that lets the program open it: KERNEL=="udmabuf", GROUP="video", MODE="0660" (its subsystem is misc, not dma_heap)'
            : 'seal the memfd with F_SEAL_SHRINK (and not F_SEAL_WRITE), pass offset and size in whole pages, and raise /sys/module/udmabuf/parameters/size_limit_mb if the buffer is larger',
      };
    },
  },
  ...REACH,
  {
    id: 'IMPORT_REFUSED',
    when(board) {
      const line = board.line(
        /contiguous (?:chunk|mapping) is too small|buffer chunks must be mapped contiguously|PRIME_FD_TO_HANDLE.*(?:= -1|fail|Invalid|error|EINVAL)|drmPrimeFDToHandle.*(?:fail|Invalid|error|-1)|(?:failed|cannot|could not|unable) to (?:import|attach|map) (?:the )?(?:dma-?buf|prime|buffer|fd)|dma-?buf.{0,20}import.{0,40}(?:fail|refus|error|denied|EINVAL)|import(?:ing)? (?:of )?(?:the )?dma-?buf.*(?:fail|error)|VIDIOC_QBUF.*(?:dmabuf|DMABUF).*(?:Invalid|EINVAL|fail|= -1)|VIDIOC_QBUF.*(?:Bad address|EFAULT|Invalid argument)|eglCreateImage\w*.*(?:fail|BAD_)|EGL_BAD_(?:ALLOC|MATCH|PARAMETER)|invalid dmabuf (?:fd|length)|failed to (?:map|attach|get) dmabuf|drmModeAddFB2?.*(?:Invalid|fail)|swiotlb buffer is full|vkAllocateMemory.*dma|DMA_BUF.*attach.*fail|DMA address.*(?:out of range|overflow)|rga.*(?:mmu|4G|over)|导入失败/i,
      );
      if (line === undefined || !(isAboutBuffers(board) || /\brga/i.test(line))) return undefined;
      const isHeap = board.line(/dma[-_ ]?heap|\bheap\b|\bcma\b|\brga/i) !== undefined;
      // Where no buffer of a heap is shown, memory that ran out is not a refusal.
      if (errnoOf(line) === 'ENOMEM' || (/BAD_ALLOC/.test(line) && !isHeap)) return undefined;
      const isChunk = /chunk|contiguous|swiotlb|4G/.test(line);
      return {
        text: `the device refuses ${isHeap ? 'a buffer of this heap' : 'this dma-buf (the text does not show whether a heap made it)'}: ${isChunk ? 'it has no IOMMU and accepts only contiguous memory within its reach, but the buffer has scattered pages (the system heap) or too high an address' : 'a device without an IOMMU accepts only contiguous buffers within its reach, with the announced size, stride and modifier'}.`,
        evidence: [line, board.line(/dma_heap\/\S+/)],
        fix: 'allocate this buffer from a CMA heap (linux,cma, reserved or default_cma_region) whose area the device can reach (alloc-ranges below its limit, 4 GiB or less), and compare size, stride and offset of the import with the buffer',
      };
    },
  },
  said(
    'LEAK_FD',
    /(?:fd|descriptor|\/proc\/\S+\/fd)s?\b.{0,60}(?:leak|gr[eo]w|increas|ris(?:es?|ing)|climb|go(?:es)? up|accumulat|more and more|never closed|left open)|leak\w*.{0,40}(?:fd|descriptor)|(?:\blsof\b|\/fd\b).*(?:dmabuf|wc -l|grep -c).*?\d+.*\b(?:later|then|after|now)\b.*?\d+|描述符.{0,10}泄/i,
    `descriptors stay open. ${OLDEST} itself leaks one when it cannot write back the result of an allocation (EFAULT); on other kernels, the program does not close them.`,
    `update the kernel if it is ${OLDEST} and the number grows with failed allocations; otherwise close every dma-buf descriptor, also its duplicates in other processes (ls -l /proc/PID/fd shows them)`,
    unlessOther,
  ),
  {
    id: 'LEAK_CMA',
    when(board) {
      const line = board.reported(
        /(?:cma|buffer|memory|CmaFree|heap)\b.{0,80}(?:leak|not (?:given back|returned|released|freed)|never (?:comes back|freed|released|returns)|does(?:n't| not) (?:come back|recover|return)|goes down (?:each|every|with)|shrinks|less (?:each|every|after))|leak\w*.{0,40}(?:cma|buffer|dma)|(?:after|even though).{0,60}(?:exit|closed|killed|stopped).{0,60}(?:still|remain|used|gone)|(?:kill|exit|close|stop|crash)\w*.{0,80}still (?:in use|used|allocated|held|taken)|only a reboot (?:frees|helps|returns|gives)|泄[漏露]|不释放|没有释放/i,
      );
      const free = board.freeKib;
      const falling =
        free.length >= 3 &&
        free.every((one, i) => i === 0 || one < (free[i - 1] ?? 0)) &&
        (free[0] ?? 0) - (free.at(-1) ?? 0) > 4096 &&
        // Page cache and programs borrow the area as well: only what stays after the end of a run is a leak.
        board.reported(ENDED) !== undefined;
      if ((line === undefined && !falling) || (board.has('allocFailed') && line === undefined)) return undefined;
      if (unlessOther(board)) return undefined;
      return {
        text: 'CMA memory stays in use after the buffers were closed: a driver with an attachment, another process with a duplicate of the descriptor, or the kernel itself keeps a reference.',
        evidence: [line, ...board.all('cmaFree').map((one) => one.line)],
        fix: 'compare /sys/kernel/debug/dma_buf/bufinfo before and after, which names the attached devices and the exporter; look for the descriptors in /proc/*/fd, then report it to the vendor of the driver that holds the attachment',
      };
    },
  },
  said(
    'NOT_ZEROED',
    /(?:old|previous|stale|foreign|someone|other|last|secret)\w* (?:data|frames?|pictures?|images?|contents?|pixels?|bytes).{0,60}(?:new|fresh|allocat|buffer|heap)|(?:new|fresh|newly)\w* (?:allocated )?(?:buffer|memory).{0,60}(?:not (?:zero|clear|empty)|contains?|holds?|garbage|old|non-?zero)|not (?:zeroed|cleared|zero-?filled)|uninitiali[sz]ed|non-?zero byte|(?:non-?zero|garbage|old|previous|other|foreign)\b.{0,80}\b(?:new|fresh|freshly|newly) (?:allocated )?buffer|未清零|没有清零|旧数据/i,
    'a new buffer contains old data: a process can read what another process left there. Mainline heaps clear every page.',
    'do not ship this kernel: the heap of the vendor does not clear pages. Report this to the vendor, and let the program use a mainline heap. A program that clears its own buffers does not protect the data of others',
    (board) => unlessOther(board) || board.line(/\bcache|\bsync|stripe|DMA_BUF_IOCTL_SYNC/i) !== undefined,
  ),
  said(
    'COHERENCY_UNTESTED',
    /(?:stripes?|streaks?|lines of|blocks? of|cache ?lines?|stale|artefacts?|artifacts?|glitch\w*|条纹|花屏|缓存).{0,90}(?:cache|sync|old|buffer|frame|heap|一致)|(?:without|missing|no|forgot\w*) (?:DMA_BUF_IOCTL_)?SYNC|cache.{0,30}(?:coheren|flush|invalidat)|sync.{0,40}(?:success|ok|returns 0|proves)/i,
    'the CPU and the device see different contents: the caches are not synchronised around the CPU access. A successful DMA_BUF_IOCTL_SYNC without an attached device proves nothing about caches, so only a test with the device can decide.',
    'bracket every CPU access with DMA_BUF_IOCTL_SYNC (START and END, with READ or WRITE as used) while the device is attached, and test with the device that will use the buffer; if the contents are still wrong, the exporter or the driver of the vendor does not maintain the cache',
    unlessOther,
  ),
  said(
    'DATA_CORRUPT',
    /(?:pattern|data|memory|content)\w*.{0,40}(?:mismatch|corrupt\w*|overwritten|destroyed|differs?|changed)|corrupt\w* (?:frames?|images?|data|memory|buffers?)|read back.{0,40}(?:differ|wrong|not)|changed bytes|expected 0x[0-9a-f]+\W+(?:but )?(?:got|read|found|is) 0x[0-9a-f]+|bit flips?|Bad page (?:state|map)|数据损坏|被覆盖/i,
    'the data that is read differs from the data that was written: the memory has a second owner (firmware, another processor or a carveout), or the mapping is wrong.',
    'compare the place of the area with the regions of firmware, DSP, remoteproc and initrd in the boot log and in /proc/iomem: regions that others use must be reserved in the device tree (no-map), and the area must not overlap them; then run dmaheap-verify again',
    unlessOther,
  ),
  said(
    'NOT_CONTIGUOUS',
    /(?:not|non|isn't|are not|nicht)[- ]?(?:physically )?contiguous|nents ?[=:>] ?(?:[2-9]|\d{2,})|(?:more than one|several|many|multiple|\d{2,}) (?:sg |scatter\w* )?(?:entries|segments|chunks)|pages?.{0,30}do not follow|物理不连续/i,
    'the pages of a buffer from a CMA heap are not contiguous: CMA does not back the heap with this name.',
    'check which heap the name leads to (ls -l /dev/dma_heap shows an alias to system), and report it to the vendor of the kernel if the name is a node. A device without an IOMMU needs a heap that CMA backs',
    unlessOther,
  ),
  said(
    'NOT_FROM_CMA',
    /CmaFree.{0,60}(?:does(?:n't| not) (?:change|move|drop)|unchanged|stays|same|constant)|cma_alloc_success.{0,40}(?:unchanged|same|stays|does not)|(?:not|never) (?:taken )?from (?:the )?CMA|CmaFree 不变/i,
    'a buffer of this heap did not come from CMA: neither CmaFree nor the counters of CMA change with the allocation. The name leads to another heap.',
    'check aliases (ls -l /dev/dma_heap, readlink) and the version of the kernel: the heap of the CMA area is linux,cma, reserved or default_cma_region, and a link of that name to system gives ordinary pages',
    unlessOther,
  ),
  {
    id: 'LATENCY_EXCEEDED',
    when(board) {
      const line = board.reported(SLOW) ?? board.text.split('\n').find(isLong)?.trim();
      if (line === undefined || unlessOther(board)) return undefined;
      return {
        text: 'the allocation takes a long time: CMA must first migrate the borrowed pages out of the area. The more pages are borrowed, the longer it takes. The allocation does not fail.',
        evidence: [line],
        fix: 'allocate the buffers early and keep them in a pool instead of allocating for each frame, or give this user a separate area. The system heap is faster if the device has an IOMMU',
      };
    },
  },
  said(
    'ABI_DEVIATION',
    /(?:heap_flags|fd_flags|unknown ioctl|DMA_HEAP_IOCTL\w*)\b.{0,60}(?:accept|other than|differently|unexpected|mainline|instead of EINVAL|not EINVAL)|ENOTTY.{0,40}(?:instead|mainline|expected)|(?:expected|should be) EINVAL/i,
    'this kernel does not behave like mainline: the vendor has probably patched dma-heap.',
    'do not rely on this behaviour: write the program for mainline (heap_flags 0, fd_flags O_RDWR | O_CLOEXEC, fd 0), and report it to the vendor of the kernel',
    unlessOther,
  ),
  said(
    'PAGE_SIZE_DIFFERS',
    /(?:16|64) ?K(?:i?B)? pages?.{0,80}(?:4 ?K|profile|computed|expect|generated)|page ?size.{0,60}(?:differ|mismatch|not match|computed|expect)/i,
    'the sizes were computed for a page size that differs from that of the kernel. Buffers are rounded to whole pages, and the granule of CMA grows with the page size.',
    'set board.pageSize in the profile to the page size of the kernel (getconf PAGESIZE), and generate again',
    (board) => board.has('misaligned') || board.has('failed'),
  ),
  said(
    'KERNEL_OUT_OF_RANGE',
    /(?:expectation|profile|generated)\b.{0,60}(?:generated for (?:Linux|kernels?)\b|other kernels?|another kernel|kernel.{0,20}(?:range|version))|outside (?:the )?(?:profile's )?(?:range|kernels)|kernel.{0,30}out of range/i,
    'the expectation was generated for other kernels than the running one.',
    'generate it again with --kernel of the release that uname -r shows, and put the new files on the board',
  ),
  said(
    'ARCHITECTURE_DIFFERS',
    /(?:expect\w*|profile|generated)\b.{0,80}(?:(?:another|other|different|wrong) arch\w*|arch=\w+)/i,
    'the expectation was generated for another architecture than that of this board.',
    'copy the verify.expect that was generated for this board (its profile states board.arch)',
  ),
  said(
    'HEAP_UNEXPECTED',
    /(?:unexpected|additional|extra|one more|second|new)\b.{0,30}\bheap\b.{0,60}(?:appear|exist|must not|not in|why|profile|where)|heap\b.{0,60}(?:must not|should not|shouldn't) (?:exist|be)|多(?:了|出)一个.{0,20}heap/i,
    'a heap exists that the profile excludes: the kernel makes a heap for each reusable pool, or the option of the heap is on.',
    'remove its region from the device tree or its kernel option, or add the heap to the profile',
  ),
  {
    id: 'CONFIG_DIFFERS',
    when(board) {
      const line = board.line(
        /(?:running kernel|kernel)\b.{0,60}(?:built without|lacks|differs?|other (?:config|options))|config(?:uration)?\.?(?:gz)?.{0,40}(?:differ|not the same|mismatch|lost|dropped)|(?:fragment|option|CONFIG_\w+).{0,60}(?:not applied|lost|dropped|ignored|disappear\w*|gone)|requested.{0,60}not in final|(?:values?|options?|symbols?).{0,30}did not make it into/i,
      );
      if (line === undefined) return undefined;
      const symbols = [...new Set([...board.text.matchAll(/\bCONFIG_(\w+)/g)].map(([name]) => name))].slice(0, 3);
      const needs = board.line(/^\s*(?:\[INFO\]:?\s*)?depends on /i)?.replace(/^.*?depends on /i, '');
      return {
        text: `the running kernel was built without an option of the generated fragment${symbols.length === 0 ? '' : ` (${symbols.join(', ')})`}: the fragment was not merged, or the build dropped one of its lines${needs === undefined ? '' : `, which it does if an option that the line depends on is off (${needs})`}.`,
        evidence: [line, board.line(/\blast val\b|CONFIG_\w+ : n/)],
        fix: `${needs === undefined ? '' : `set the options that it depends on as well (${needs}); `}merge the generated fragment (scripts/kconfig/merge_config.sh, or the mechanism of the build system), rebuild, and compare with \`dmaheap check PROFILE --config .config\`: it names the line and what blocks it`,
      };
    },
  },
];
