/** Nothing is wrong with heaps: something else is broken, or all is well. */
import type { Board } from '../board.js';
import { errnoOf } from '../errno.js';
import { isUsedUp } from './amounts.js';
import type { Cause, Found } from './cause.js';

/** What else breaks on these boards: lines, what it is, and where to look. */
const OTHERS: readonly (readonly [pattern: RegExp, what: string, fix: string, unless?: RegExp])[] = [
  [
    /gpu (?:sched )?timeout|GPU HANG|gpu fault|\[drm:amdgpu\w*\].*(?:timeout|reset|\*ERROR\*)|amdgpu.*ring \w+ timeout|(?:panfrost|panthor|lima|v3d|etnaviv|msm|i915|nouveau|vc4)\b.*\b(?:timeout|timed out|resets?|hang|hung|fault|lockup)|gpu soft reset|Resetting GPU/i,
    'the GPU or its driver hangs and is reset',
    'look at the driver of the GPU: versions of kernel, firmware and mesa, clocks, supply and temperature; report the hang to the driver with the lines of the log',
  ],
  [
    /failed to read chip id|probe (?:with driver|of) \S+ failed with error -(?:5|121|6|110)|i2c (?:read|write) error|i2c\S*: .*(?:timed? ?out|transfer failed|NACK|arbitration)|error -121|Remote I\/O error|sensor\b.*(?:not found|not detected|no response)|chip id\b.*(?:mismatch|read)|i2c.*(?:no ack|nack)/i,
    'the sensor does not answer on i2c',
    'check cable, connector, supply, address and the overlay of the sensor (i2cdetect shows whether it answers); no camera is registered before its sensor is found',
  ],
  [
    /(?:^|[\]\s])mmc\d+: (?!.*SDIO).*(?:error|timeout)|mmcblk\d.*(?:error|timeout)|blk_update_request|I\/O error, dev|EXT4-fs error|EXT4-fs \(\S+\): (?:error|warning)|nvme\S*:? .*(?:timeout|error|abort)|squashfs error|Buffer I\/O error/i,
    'the storage or the file system fails',
    'check the card or disk (dmesg, fsck, smartctl), and replace it',
  ],
  [
    /error while loading shared libraries|cannot open shared object file|undefined symbol|version `GLIBC\S*' not found/i,
    'a shared library of the program is missing or has another version',
    'install the library that the line names, or build the program for this system',
  ],
  [
    /no element "\S+"|WARNING: erroneous pipeline|missing (?:a )?plug-?in|No such element or plugin/i,
    'a plug-in of GStreamer is missing',
    'install the package with the element that the line names, and look with gst-inspect-1.0',
  ],
  [
    /not-negotiated|Internal data stream error.*not negotiat|could not link|incompatible caps/i,
    'the elements of the pipeline do not agree on a format',
    'state caps that both sides support (gst-inspect-1.0 of each element shows them)',
  ],
  [
    /\/dev\/(?:video|media)\d*\S*.*(?:No such file|Permission denied|busy|resource busy)|Pipeline handler in use by another process|Camera is in use|failed to acquire camera|VIDIOC_S_FMT.*busy|Device '?\/dev\/video\d+'? is busy/i,
    'the video device itself is missing, denied, or in use by another program',
    'find the program that has it open (fuser -v /dev/video*) and stop it, or correct the device and its group',
  ],
  [
    /\/dev\/(?:mpp_service|rga|vpu_service|mali0?|kgsl\S*|dri\/\S+)\b.*(?:No such file|denied|fail|open)|(?:failed|cannot|unable|could not) (?:to )?(?:open|acquire|become|get) (?:the )?(?:DRM|drm|\/dev\/dri|render)|drmSetMaster|not DRM master|(?:denied|No such file|fail\w*)\b.*\/dev\/(?:mpp_service|rga|mali0?|dri\/\S+)|DRM_IOCTL_MODE\S*.*denied/i,
    'the device of the codec or of the GPU is missing or denied',
    'give the program access to that device (its driver in the kernel, its group, or the devices of the container)',
  ],
  [
    /CSI.*\b(?:timeout|CRC|ECC|overflow|sync)\b|frame (?:timeout|sync error|start without)|Camera frontend has timed out|Dequeue timer|csi.*no frames?|unicam.*timeout|stream.*timed out/i,
    'frames do not arrive from the sensor (CSI receiver)',
    'check the ribbon cable, the number of lanes and the link frequency in the device tree',
  ],
  [
    /ModuleNotFoundError|ImportError|command not found|Unknown (?:encoder|decoder)|No such (?:filter|element)|E: Unable to locate package|未找到命令/i,
    'a program, a module or a codec is not installed',
    'install the package with what the line names, or use a build of the program that has it',
  ],
  [
    /segfault at|Segmentation fault|core dumped|stack smashing|free\(\): invalid|double free/i,
    'the program crashes in its own code or in that of a library',
    'get a backtrace (coredumpctl gdb, gdb -batch -ex bt) and report it to the program',
  ],
  [
    /Kernel panic|Unable to handle kernel|Oops:|BUG: (?:kernel|unable|soft)|rcu.*(?:self-detected stall|detected stalls)|watchdog: BUG|hung task|blocked for more than \d+ seconds/i,
    'the kernel crashes or hangs in another place',
    'look at the call trace: its first functions name the driver',
  ],
  [
    /iommu.*\bfault|smmu.*\bfault|Unhandled context fault|translation fault|page fault.*(?:iova|iommu)/i,
    'the IOMMU stops a device that accesses memory outside its mappings',
    'look at the driver of the device that the line names (stream id), and at its iommus property',
  ],
  [
    /page allocation failure: order:[1-9]/,
    'a driver asks the page allocator for several contiguous pages, and memory is in pieces',
    'look at the function below "Call trace" that allocates; vm.min_free_kbytes or a smaller buffer in that driver helps',
    // The fallback of a driver that wants memory of CMA.
    /vb2_|dma_(?:direct_)?alloc|\bcma|dma_heap|system_heap|dmabuf/i,
  ],
  [
    /Memory cgroup out of memory|constraint=CONSTRAINT_MEMCG/,
    'the kernel ended a process because its memory cgroup was at its limit (MemoryMax=, or the limit of the container). Buffers of heaps count there only with dma_heap.mem_accounting=1, which the text does not show',
    'look at the limit (systemctl show -p MemoryMax UNIT, docker inspect) and at what the process uses (anon-rss in the line "Killed process"): raise the limit, or let the process use less. If /sys/module/dma_heap/parameters/mem_accounting is Y, buffers of the system heap count as well',
  ],
  [
    /Out of memory: Killed process/,
    'the machine has no memory left, and the kernel ended the process with the most ordinary memory (anon-rss)',
    'look for the process that grows (ps, smem), limit it with MemoryMax= of its unit, or add memory',
  ],
  [
    /\/dev\/(?:u-dma-buf|udmabuf)-?\d+\b.*(?:No such|denied|not permitted|fail|cannot)/i,
    'the node is one of u-dma-buf, a driver outside the kernel tree, and neither a heap nor /dev/udmabuf of the kernel',
    'look at lsmod and at the log for u-dma-buf: its module must be built for this kernel, and a node of the device tree (or a parameter of the module) states each buffer; a udev rule for SUBSYSTEM=="u-dma-buf" gives the access',
  ],
  [
    /modifier 0x[0-9a-f]+.*not supported|(?:unsupported|invalid) modifier|libva error: .*init failed|vaInitialize failed|Failed to initialise VAAPI/i,
    'the graphics or video driver does not support this format, or is not for this device',
    'look at the versions of mesa and of the driver, and at the formats and modifiers that producer and consumer announce (vainfo, modetest -p)',
  ],
  [
    /^(?!.*dma[-_]heap).*(?:\/dev\/(?:dri\/\w+|video\d+|media\d+|mpp_service|rga)\b.*(?:Permission denied|not permitted)|devices failed to suspend)/i,
    'another device or its node refuses',
    'look at the mode and group of the node that the line names (ls -l), or at the driver that it names',
  ],
  [
    /\/dev\/shm\b.*(?:Bus error|No space)|\bshm[-_]size\b/i,
    'the shared memory of the container (/dev/shm) is too small',
    'enlarge it: shm_size in compose, --shm-size for docker and podman run',
  ],
  [
    /\/sys\/kernel\/debug\S*: (?:Permission denied|No such file)/,
    'debugfs is only for root, and only there when it is mounted',
    'run the command as root, after mount -t debugfs none /sys/kernel/debug; dmaheap-verify --owners shows the holders of buffers without it',
  ],
];

/** Lines that logs of healthy boards have too: they answer only if nothing shows that the board works. */
const USUAL: typeof OTHERS = [
  [
    /under-?voltage|Undervoltage|throttled=0x[0-9a-f]*[1-9]/i,
    'the board has too little supply voltage',
    'use a stronger power supply and a shorter cable',
  ],
  [
    /Direct firmware load for \S+ failed|firmware: failed to load|Unable to load firmware/i,
    'the firmware file of another device is missing',
    'install the firmware package with the file that the line names',
  ],
  [
    /usb \d.*(?:error|disconnect|unable|reset)|device descriptor read|xhci.*(?:died|error|halt)|uvcvideo.*(?:error|fail)/i,
    'a USB device fails',
    'check cable, port and supply of the USB device',
  ],
  [
    /link (?:training|is not ready|down)|EDID.*(?:invalid|error|fail|corrupt)|no (?:EDID|monitor)|hdmi.*(?:timeout|fail|no signal)|\bdsi.*(?:timeout|error)|panel.*(?:not found|probe|fail)/i,
    'the display link or its EDID fails',
    'check cable, panel and its overlay or its entry in the device tree',
  ],
  [
    /(?:wlan\d|brcmf|ath\d+k|mt76|rtw|rtl8\d|iwl)\w*\b.*(?:fail|error|timed? ?out)|bluetooth.*(?:fail|timed? ?out)|(?:eth|end|enp)\d\S*.*(?:fail|reset|timed? ?out|link is down)/i,
    'a network device fails',
    'look at the driver and firmware of that device',
  ],
  [
    /thermal.*(?:critical|throttl|trip)|temperature.*(?:critical|above)|cpu clock throttled/i,
    'the board is too hot',
    'improve cooling',
  ],
  [
    /(?:pulse\w*|pipewire).*(?:fail|error)|alsa.*(?:fail|error|underrun)|snd_\w+.*(?:fail|error)/i,
    'the sound system fails',
    'look at the sound device and its server',
  ],
];

/**
 * Parts of lines that report no failure: options and names with such a word, counters, what the kernel says it passes over, and
 * -EPROBE_DEFER, after which the kernel probes again.
 */
const HARMLESS =
  /\berrors?=[\w-]+|\b(?:error|fault|timeout|fail)[-_]\w+|\w[-_](?:errors?|faults?|timeouts?|fail(?:ed|ures?)?)\b|\b(?:error|fault|failure) (?:report\w*|handl\w*|correct\w*|counters?|injection|detection|recovery|isolation|toleran\w*|log\w*)|\bno (?:known |\w+ )?(?:errors?|faults?|failures?)\b|\b(?:0|zero) (?:errors?|faults?|failures?|failed|timeouts?)\b|\b(?:errors?|faults?|fail(?:ed|ures?)?|timeouts?)\s*[:=]\s*(?:0\b|\d+ ?(?:ms|s|sec\w*|us)\b)|\b(?:errors?|faults?|failures?)\s*[:=]\s*(?:no|none|off|disabled|ignore)\b|\berrors?\s+(?:dropped|overrun)|\btimeout(?: value)?:? (?:is |set to |of |after )?\d+ ?(?:ms|s|sec\w*)?\b|\b(?:recovered|recovering) from \w+/gi;
/** The kernel goes on, in its own words. */
const GOES_ON =
  /,? ?\b(?:ignor(?:ed|ing)|deferr?(?:ed|ing)|defer probe|probe defer\w*|will retry|retrying|using (?:dummy|default|fallback)|falling back|fall ?back to|not (?:critical|fatal)|optional|skipp(?:ed|ing)|disabling)\b|\b(?:error|err|ret|failed)\W{0,4}-517\b|-EPROBE_DEFER|: -517\b/i;
/** A line without its harmless parts; empty if the kernel goes on. */
const seriously = (line: string) => (GOES_ON.test(line) ? '' : line.replace(HARMLESS, ''));

/** What ran out when a call ends with ENOSPC: rarely a disk. Of a line that is none of these, it is not known. */
const NO_SPACE: readonly (readonly [of: RegExp, what: string, fix: string])[] = [
  [
    /STREAMON|\buvc|turning on stream|submit(?:ting)? URB|usb_set_interface|\busb\b/i,
    'the USB bus has no bandwidth left for this stream of the camera',
    'use a compressed format (MJPG), a smaller size or a lower frame rate, or connect the camera to another USB controller (lsusb -t)',
  ],
  [
    /\bmmal|vchiq|vcsm|bcm2835[-_]v4l2/i,
    'the firmware has no GPU memory left for this component, or another program uses the camera',
    'stop the other program that uses the camera, and raise gpu_mem= in config.txt (128 or more for the legacy camera)',
  ],
  [
    /inotify|\badd\w* (?:a )?watch|file watch/i,
    'the user has no inotify watches left',
    'raise fs.inotify.max_user_watches (sysctl)',
  ],
  [
    /\/dev\/shm|\bshm_?\w*|\bsemget|\bsem_open|\bmsgget/i,
    'the shared memory is full (/dev/shm, or the limits of System V)',
    'enlarge it: shm_size in compose, --shm-size for docker and podman run, kernel.shmmni and kernel.sem (sysctl)',
  ],
  [
    /\/sys\/fs\/cgroup|cpuset/i,
    'the cgroup has no processors or memory nodes yet',
    'write cpuset.cpus and cpuset.mems of the cgroup first',
  ],
  [
    /\b(?:drm|gem|iova|iommu|gtt|mmu|vram)\b|DRM_IOCTL/i,
    'the address space of the GPU or of an IOMMU has no free range of that size',
    'look which program maps so many buffers, and let it close those that it does not use',
  ],
  [
    /^[>\s]*(?:\S+: )?(?:\S*\/)?(?:cp|dd|mv|tar|mkdir|touch|rsync|install|gzip|xz|zstd|unzip|tee|sed|ln|scp|wget|curl|git|dpkg|apt|opkg|rpm|ld|cc1|make|depmod|update-initramfs|mkinitramfs|dracut|dtc|(?:ba|da)?sh|-bash|vim?|nano)\b|writ(?:e|ing)\b|cannot create|could not create|can't create|['"\s]\/(?:boot|var|tmp|home|mnt|media|root|data|usr|opt|etc)\//i,
    'the file system is full',
    'free space on the file system of the file that the message names (df -h)',
  ],
];

/** As df shows it. */
const isDiskFull = (board: Board) => board.line(/\s(?:100|99)%\s+\//) !== undefined;

function noSpace(board: Board): Found | undefined {
  const lines = [...board.linesOf('others'), ...board.linesOf('kernel')].map((line) => line.trim());
  for (const line of lines) {
    if (errnoOf(line) !== 'ENOSPC' && !/uvcvideo.*\(-28\)|not enough bandwidth/i.test(line)) continue;
    const known = NO_SPACE.find(([of]) => of.test(line)) ?? (isDiskFull(board) ? NO_SPACE.at(-1) : undefined);
    if (known !== undefined) return elsewhere(board, line, known[1], known[2]);
  }
  return undefined;
}

const hasNodes = (board: Board) =>
  board.nodes().some(({ type }) => type === 'c') || (board.heapNames() ?? []).length > 0;

/** The paste asks about heaps, or about what needs them and does not say what failed. */
const isAboutHeaps = (board: Board) =>
  board.line(/\bheaps?\b|\bcma\b|reserved mem|camera|mpp|buffer|allocate memory/i) !== undefined;

/** So few lines that the person means each of them. */
const isShort = (board: Board) => board.linesOf('kernel').length < 4;

/** The line names a crash, and its trace shows where. */
const HAS_TRACE = /\+0x[0-9a-f]+\/0x|\bpc : |\bRIP: |Call [Tt]race|PC is at/;

function knownFault(board: Board, faults: typeof OTHERS): Found | undefined {
  for (const [pattern, what, fix, unless] of faults) {
    if (unless !== undefined && board.anyLine(unless) !== undefined) continue;
    const line = [...board.linesOf('others'), ...board.linesOf('kernel')].find((one) => pattern.test(seriously(one)));
    // A program that does not check a failed allocation ends so as well.
    if (line !== undefined && /^\s*(?:\S+ ){0,4}(?:Segmentation fault|core dumped)/.test(line) && !isHeapShown(board))
      continue;
    if (
      line !== undefined &&
      /Unable to handle kernel|Oops:|BUG: /.test(line) &&
      board.anyLine(HAS_TRACE) === undefined
    )
      continue;
    if (line !== undefined && !OURS.test(line)) return elsewhere(board, line.trim(), what, fix);
  }
  return undefined;
}

/** What a heap, an area or an access to them has against it. */
const isAccused = (board: Board) =>
  board.has('allocFailed') ||
  board.has('allocation') ||
  board.has('failed') ||
  board.has('nodeFailed') ||
  board.has('notActivated') ||
  board.has('noProvider') ||
  board.isAbsent() ||
  (board.refused.length > 0 && !board.has('works') && !isHarmless(board) && !isPassedOver(board));

/** Names that do not exist, where the program opens another heap in the end. */
const isPassedOver = (board: Board) =>
  board.opensHeap !== undefined && board.refused.every(({ errno }) => errno === 'ENOENT');

const OURS = /dma[-_ ]?heap|\bdma-?buf|cma_alloc|\bcma\b|reserved[ -]mem|contiguous/i;

const elsewhere = (board: Board, line: string, what: string, fix: string): Found => ({
  text: `this is not a fault of heaps or CMA: ${what}. The text does not show a problem with a heap${hasNodes(board) ? '; the nodes exist with their group' : ''}${board.cmaKib === undefined ? '' : `, and CMA has ${board.cmaKib} kB`}.`,
  evidence: [line, board.nodes()[0]?.line, board.last('cmaFree')?.line],
  fix,
});

export const NOT_OURS: Cause = {
  id: 'not-ours',
  when(board) {
    if (isAccused(board)) return undefined;
    const known = noSpace(board) ?? knownFault(board, OTHERS);
    if (known !== undefined) return known;
    const line = isUsedUp(board)
      ? undefined
      : failure(
          board.linesOf('answers').filter((one) => !OF_A_DRIVER.test(one) && !SENTENCE.test(one) && isSpecific(one)),
          board,
        );
    return line === undefined ? undefined : elsewhere(board, line, ANOTHER, ANOTHER_FIX);
  },
};

/** A driver's complaint alone: many logs of healthy boards have one, so that a board that is seen to work comes first. */
export const NOT_OURS_IN_LOG: Cause = {
  id: 'not-ours',
  when(board) {
    if (isAccused(board)) return undefined;
    const unclocked = board.linesOf('answers').filter((one) => OF_A_DRIVER.test(one));
    const line = failure([...board.linesOf('kernel'), ...unclocked], board);
    return (
      (isShort(board) || (isComplaint(board) && (isHeapShown(board) || !isAboutHeaps(board)))
        ? knownFault(board, USUAL)
        : undefined) ?? (line === undefined ? undefined : elsewhere(board, line, ANOTHER, ANOTHER_FIX))
    );
  },
};

const ANOTHER = 'the line that reports a failure does not concern memory of a heap';
const ANOTHER_FIX =
  'look for the driver or program that the line names, with the lines around it in the log; the heaps need no change';

/**
 * Words of failures that do not name their reason, and of the parts that work with buffers of heaps: with these alone, a heap may be
 * behind the failure.
 */
const VAGUE =
  /^(?:fail\w*|errors?|err|cannot|could|not|unable|to|the|a|an|in|on|of|at|for|with|and|is|was|be|it|fatal|critical|warn\w*|info|invalid|state|status|code|exit\w*|return\w*|ret|result|reason|internal|unknown|general|start\w*|init\w*|open\w*|creat\w*|setup|set|get|run\w*|load\w*|stop\w*|process\w*|apps?|program|main|service|daemon|pipeline|preroll|element|streams?|streaming|cameras?|cam|decoder?s?|encoder?s?|dec|enc|codec|video|image|capture|frames?|player?|display|kms|drm|atomic|commit|modeset|plane|surface|texture|scanout|import|egl|gl|vulkan|gst|gstreamer|v4l2?|device|timeout|timed|out|crash\w*|doesn|t|want|component|module)$/i;
/** It names a thing that is neither of them. */
const isSpecific = (line: string) =>
  (line.replace(/^\s*\S+:\s/, '').match(/\p{L}[\p{L}\d_]+/gu) ?? []).filter((word) => !VAGUE.test(word)).length > 1;

/** The error number as drivers print it: a line of the kernel's log without its clock. */
const OF_A_DRIVER = /^(?!\W*(?:error|err|ret\w*)\W).*(?::|error|err|ret\w*)[ =(]*-\d{1,3}\)?\s*$/i;
const FAILS =
  /\b(?:fail(?:s|ed|ure)?|errors?|timed? ?out|cannot|could not|unable to|invalid|fault|crash(?:ed|es)|deadlock)\b|失败|错误/i;
/** A row of /proc/PID/limits, one of which is a timeout. */
const LIMIT = /^\s*Max [a-z]/;
/** Of these a heap may be the cause, whatever the line names. */
const MAY_BE_MEMORY =
  /alloc|memory|buffer|status=\d|Failed with result|Failed to start|ENOMEM|ENOSPC|No space left|设备上没有空间|EACCES|EPERM|denied|not permitted|No such file|no errors?\b|0 errors|"?(?:fail|error)(?:ed|s|ures?)?"?\s*[:=]\s*0\b|内存/i;

const isHeapShown = (board: Board) =>
  hasNodes(board) ||
  (board.cmaKib ?? 0) > 0 ||
  board.freeKib.some((free) => free > 0) ||
  board.has('pool') ||
  board.has('poolNode');

/** A line that reports a failure of something else, where the paste shows heaps or CMA that nothing is said against. */
function failure(lines: readonly string[], board: Board): string | undefined {
  if (!isHeapShown(board)) return undefined;
  return lines
    .find(
      (line) =>
        FAILS.test(seriously(line)) &&
        !LIMIT.test(line) &&
        !OURS.test(line) &&
        !MAY_BE_MEMORY.test(line) &&
        !USUAL.some(([pattern]) => pattern.test(line)),
    )
    ?.trim();
}

/** What a program or a person says of a run that went well. */
const GOES =
  /Registered camera|capturing|captured|image received|\bworks\b(?! (?:with sudo|as root|after|only|on))|frames? (?:done|captured|rendered)|Setting pipeline to PLAYING|\d ?fps\b|streaming (?:ok|on|started)|preview (?:ok|works|window)|(?<!不)正常/i;
const NEGATED = /\b(?:not|never|no(?:body|thing|ne| longer)|n't|but|should|nicht|nichts|kein\w*|pas)\b|n't\b|不|没/i;
const goes = (board: Board, pattern: RegExp) => {
  const line = board.line(pattern);
  return line !== undefined && !NEGATED.test(line) ? line : undefined;
};

/** A heap that a library tries first and does without: it does not exist. One that exists and refuses is a fault. */
const isHarmless = (board: Board) =>
  board.refused.every(
    ({ name, errno }) =>
      /^(?:vidbuf_cached|linux,cma|reserved|system|default_cma_region)$/.test(name) &&
      errno !== 'EACCES' &&
      errno !== 'EPERM',
  ) && goes(board, GOES) !== undefined;

/** An error number, or a failure of buffers or heaps: a board of which the text shows one is not known to be healthy. */
function unexplained(board: Board): string | undefined {
  if (board.has('allocFailed') || board.has('failed') || board.has('nodeFailed')) return 'refused';
  const harmless = new Set(isHarmless(board) ? board.refused.map(({ line }) => line) : []);
  const isNotPassedOver = (line: string) =>
    !harmless.has(line.trim()) &&
    !LIMIT.test(line) &&
    !NO_ERRORS.test(line) &&
    !OF_A_DRIVER.test(line) &&
    !USUAL.some(([pattern]) => pattern.test(line));
  const isBad = (line: string) =>
    !harmless.has(line.trim()) &&
    !NO_ERRORS.test(line) &&
    !USUAL.some(([pattern]) => pattern.test(line)) &&
    (errnoOf(line.replace(NUMBER, '')) !== undefined || (FAILS.test(line) && ABOUT_BUFFERS.test(line)));
  return (
    board.linesOf('others').find(isBad) ??
    // A failure that is not known to be of something else.
    board
      .linesOf('answers')
      .find((line) => isNotPassedOver(line) && (FAILS.test(seriously(line)) || REFUSES.test(line))) ??
    board.linesOf('kernel').find((line) => isBad(line) && (OURS.test(line) || ALLOCATES.test(line)))
  );
}
/** Drivers of healthy boards print numbers of errors. */
const NUMBER = /[\s=(]-\d+\b/g;
const REFUSES = /\b(?:doesn|couldn|won|can|didn)['\u2019]t\b/i;
const NO_ERRORS = /\bno errors?\b|\b0 errors\b|"?(?:fail|error)(?:ed|s|ures?)?"?\s*[:=]\s*0\b|\b0 fail/i;
/** A driver that gets no memory for its buffers. */
const ALLOCATES = /\balloc\w*\b.*\b(?:buffers?|dma|memory|frames?|contig\w*)\b|\b(?:buffers?|dma|frames?)\b.*\balloc/i;
const ABOUT_BUFFERS = /\bheaps?\b|dma[-_]?(?:buf|heap)|\bcma\b|alloc|\bbuffers?\b|memory|内存|缓冲/i;

/** The person says what does not work. */
const COMPLAINT =
  /\b(?:stays? (?:black|dark|empty)|is (?:black|green|gone|broken|missing|wrong|distorted)|freez\w+|hangs|breaks|stutter\w*|flicker\w*|glitch\w*|artefacts?|artifacts?|(?:colou?red|green|black) (?:bars|lines|stripes|screen)|nothing works|no longer|any ?more|no (?:picture|image|video|sound|preview)|used to work|worked (?:before|until|with|on)|(?:does|do|did|is|was)(?:n't| not) (?:work|start|show|appear|play|display))\b|\b(?:nicht|kein\w*|schwarz|kaputt|ruckelt|hängt|ne (?:marche|fonctionne) pas|no funciona)\b|黑屏|不工作|无法|不正常|卡顿|花屏|条纹|不行|异常|闪烁/i;
const isComplaint = (board: Board) => board.linesOf('others').some((line) => COMPLAINT.test(line));

/** What a person writes: words, without the marks of a program's message, a listing or a table of the kernel. */
const SENTENCE =
  /^(?!.*(?:[^.!?\s] {2,}|\S\t)\S)(?!\s*(?:[\da-f]{4,}-[\da-f]{4,} :|(?!(?:problem|issue|symptom|question|note|edit|update)s?\b)\S+(?:\s\S+){0,4}?[\])\w]:\s|total\b|\d|[-+*#/$]))(?=.*(?:\p{L}+[\s,.!?]+\p{L}+|[^\p{ASCII}]{2}|\bhelp\b))[^=|{}<>[\]@\\]*$/iu;
/** It asks whether all is well, names what follows, or says that it works. */
const IS_NEUTRAL =
  /\b(?:ok(?:ay)?|fine|right|correct(?:ly)?|improve|healthy|good|great|well|normal|safe|expected|worr(?:y|ied)|check(?:s|ed|ing)?|review|sanity|thanks?|thank you|works?|working|running|runs|output|below|above|following|here(?: is|'s)?|log|listing|just|harmless|dangerous|means?|says|should)\b|正常|[:：]\s*$/i;

/** Something is said that this program does not understand: it may be the complaint, in any words and any language. */
function isTold(board: Board): boolean {
  const known = new Set(board.clues.map(({ line }) => line));
  return board
    .linesOf('answers')
    .some(
      (line) => !known.has(line.trim()) && SENTENCE.test(line) && !IS_NEUTRAL.test(line) && goesIn(line) === undefined,
    );
}
const goesIn = (line: string) => (GOES.test(line) && !NEGATED.test(line) ? line : undefined);

export const HEALTHY: Cause = {
  id: 'healthy',
  when(board) {
    const good = goes(
      board,
      /Registered camera|image received|mapped and written|captured \d+|\bok: fd\b|all (?:is|was) (?:well|fine)|\bworks\b(?! (?:with sudo|as root|after|only|on))|Setting pipeline to PLAYING|\b\d+(?:\.\d+)? ?fps\b|verdict\W+PASS|no errors?|\bpassed\b|(?<!不)正常/i,
    );
    if (isHarmless(board) && board.refused.length > 0 && hasNodes(board))
      return {
        text: `nothing is wrong: the program looks for ${board.refused[0]?.name} first and then uses another heap. The warning is harmless; the rest of the text shows that the program works.`,
        evidence: [board.refused[0]?.line, good],
        fix:
          board.refused[0]?.name === 'vidbuf_cached'
            ? 'nothing needs to change. A link with that name from a udev rule (SYMLINK+=), as some distributions have it, avoids the warning'
            : 'nothing needs to change: do not link this name to a heap of another kind',
      };
    if (
      board.refused.length > 0 ||
      board.has('noProvider') ||
      board.has('allocation') ||
      board.has('allocFailed') ||
      board.has('failed') ||
      board.has('nodeFailed') ||
      board.has('notActivated') ||
      board.isAbsent()
    )
      return undefined;
    const nodes = board.nodes().filter(({ type }) => type === 'c');
    const isOpen = nodes.length > 0 && nodes.every(({ group, mode }) => group !== 'root' && (mode & 0o060) === 0o060);
    const hasArea = (board.cmaKib ?? 0) > 0 || board.all('pool').some(({ isCma }) => isCma) || board.has('reserved');
    const verified = board.line(/verdict\W+pass\b|^\s*PASS: \d/i);
    const identity = board.last('identity');
    const isMember = identity === undefined || nodes.length === 0 || identity.groups.includes(nodes[0]?.group ?? '');
    // A good line of the boot, and a question without a complaint.
    const asked = board.cmaArgument?.sizeBytes;
    const isQuiet =
      (board.all('pool').some(({ isCma }) => isCma) ||
        board.all('reserved').some(({ mebibytes }) => BigInt(mebibytes) * 1048576n === asked)) &&
      !/fail|error|\bnot\b|n't|wrong|problem|\bwhy\b|cannot|missing|为什么|失败|问题/i.test(
        board
          .linesOf('others')
          .filter((line) => !USUAL.some(([pattern]) => pattern.test(line)))
          .join('\n'),
      );
    if (
      verified === undefined &&
      (isComplaint(board) || isTold(board) || isUsedUp(board) || unexplained(board) !== undefined)
    )
      return undefined;
    if (
      verified === undefined &&
      !isQuiet &&
      !(isOpen && isMember && (hasArea || good !== undefined)) &&
      !(hasArea && good !== undefined)
    )
      return undefined;
    return {
      text: `the text does not show a fault: ${[hasArea ? 'the CMA area is made' : undefined, isOpen ? `the nodes have their group (${nodes[0]?.group}) and mode` : undefined, good === undefined ? undefined : 'and the buffers can be used'].filter((one) => one !== undefined).join(', ')}.`,
      evidence: [
        nodes[0]?.line,
        board.last('cmaTotal')?.line,
        board.all('pool').find(({ isCma }) => isCma)?.line ?? board.first('reserved')?.line,
        good,
        verified,
      ],
      fix:
        verified !== undefined || isOpen
          ? 'nothing needs to change'
          : 'nothing needs to change in what the text shows; ls -lL /dev/dma_heap and id show whether the user can open the heap',
    };
  },
};
