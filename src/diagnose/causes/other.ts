/** Nothing is wrong with heaps: something else is broken, or all is well. */
import type { Board } from '../board.js';
import type { Cause } from './cause.js';

/** What else breaks on these boards: lines, what it is, and where to look. */
const OTHERS: readonly (readonly [RegExp, string, string])[] = [
  [
    /gpu (?:sched )?timeout|GPU HANG|gpu fault|\[drm:amdgpu\w*\].*(?:timeout|reset|\*ERROR\*)|amdgpu.*ring \w+ timeout|(?:panfrost|panthor|lima|v3d|etnaviv|msm|i915|nouveau|vc4)\b.*(?:timeout|reset|hang|fault|lockup)|gpu soft reset|Resetting GPU/i,
    'the GPU or its driver hangs and is reset',
    'look at the driver of the GPU: versions of kernel, firmware and mesa, clocks, supply and temperature; report the hang to the driver with the lines of the log',
  ],
  [
    /failed to read chip id|probe with driver \S+ failed with error -(?:5|121|6|110)|i2c\S*: .*(?:timed? ?out|transfer failed|NACK|arbitration)|error -121|Remote I\/O error|sensor\b.*(?:not found|not detected|no response)|chip id\b.*(?:mismatch|read)|i2c.*(?:no ack|nack)/i,
    'the sensor does not answer on i2c',
    'check cable, connector, supply, address and the overlay of the sensor (i2cdetect shows whether it answers); no camera is registered before its sensor is found',
  ],
  [
    /under-?voltage|Undervoltage|throttled=0x[0-9a-f]*[1-9]/i,
    'the board has too little supply voltage',
    'use a stronger power supply and a shorter cable',
  ],
  [
    /mmc\d.*(?:error|timeout)|blk_update_request|I\/O error, dev|EXT4-fs error|EXT4-fs \(\S+\): (?:error|warning)|nvme\S*:? .*(?:timeout|error|abort)|squashfs error|Buffer I\/O error/i,
    'the storage or the file system fails',
    'check the card or disk (dmesg, fsck, smartctl), and replace it',
  ],
  [
    /No space left on device|ENOSPC|设备上没有空间/i,
    'the file system is full',
    'free space on the file system that the message names',
  ],
  [
    /Direct firmware load for \S+ failed|firmware: failed to load|Unable to load firmware/i,
    'the firmware file of another device is missing',
    'install the firmware package with the file that the line names',
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
    /\/dev\/(?:mpp_service|rga|vpu_service|mali0?|kgsl\S*|dri\/\S+)\b.*(?:No such file|denied|fail|open)|(?:failed|cannot|unable) to open (?:DRM|drm|\/dev\/dri|render)|drmSetMaster|(?:denied|No such file|fail\w*)\b.*\/dev\/(?:mpp_service|rga|mali0?|dri\/\S+)|DRM_IOCTL_MODE\S*.*denied/i,
    'the device of the codec or of the GPU is missing or denied',
    'give the program access to that device (its driver in the kernel, its group, or the devices of the container)',
  ],
  [
    /usb \d.*(?:error|disconnect|unable|reset)|device descriptor read|xhci.*(?:died|error|halt)|uvcvideo.*(?:error|fail)/i,
    'a USB device fails',
    'check cable, port and supply of the USB device',
  ],
  [
    /link (?:training|is not ready|down)|EDID.*(?:invalid|error|fail|corrupt)|no (?:EDID|monitor)|hdmi.*(?:timeout|fail|no signal)|dsi.*(?:timeout|error)|panel.*(?:not found|probe|fail)/i,
    'the display link or its EDID fails',
    'check cable, panel and its overlay or its entry in the device tree',
  ],
  [
    /CSI.*(?:timeout|CRC|ECC|overflow|sync)|frame (?:timeout|sync error|start without)|Camera frontend has timed out|Dequeue timer|csi.*no frames?|unicam.*timeout|stream.*timed out/i,
    'frames do not arrive from the sensor (CSI receiver)',
    'check the ribbon cable, the number of lanes and the link frequency in the device tree',
  ],
  [
    /segfault at|Segmentation fault|core dumped|stack smashing|free\(\): invalid|double free/i,
    'the program crashes for another reason',
    'get a backtrace (coredumpctl gdb, gdb -batch -ex bt) and report it to the program',
  ],
  [
    /Kernel panic|Unable to handle kernel|Oops:|BUG: (?:kernel|unable|soft)|rcu.*(?:stall|detected stalls)|watchdog: BUG|hung task|blocked for more than \d+ seconds/i,
    'the kernel crashes or hangs in another place',
    'look at the call trace: its first functions name the driver',
  ],
  [
    /wlan|brcmfmac.*(?:fail|error)|ath\d+k.*(?:fail|error)|bluetooth.*(?:fail|timeout)|eth\d.*(?:fail|reset|down)/i,
    'a network device fails',
    'look at the driver and firmware of that device',
  ],
  [
    /thermal.*(?:critical|throttl|trip)|temperature.*(?:critical|above)|cpu clock throttled/i,
    'the board is too hot',
    'improve cooling',
  ],
  [
    /iommu.*fault|smmu.*fault|Unhandled context fault|translation fault|page fault.*(?:iova|iommu)/i,
    'the IOMMU stops a device that accesses memory outside its mappings',
    'look at the driver of the device that the line names (stream id), and at its iommus property',
  ],
  [
    /pulse|pipewire.*(?:fail|error)|alsa.*(?:fail|error|underrun)|snd_\w+.*(?:fail|error)/i,
    'the sound system fails',
    'look at the sound device and its server',
  ],
];

const hasNodes = (board: Board) =>
  board.nodes().some(({ type }) => type === 'c') || (board.heapNames() ?? []).length > 0;

export const NOT_OURS: Cause = {
  id: 'not-ours',
  when(board) {
    if (
      board.has('allocFailed') ||
      board.has('allocation') ||
      board.has('failed') ||
      board.has('nodeFailed') ||
      board.has('notActivated') ||
      board.isAbsent()
    )
      return undefined;
    if (board.refused.length > 0 && !board.has('works') && !isHarmless(board)) return undefined;
    for (const [pattern, what, fix] of OTHERS) {
      const line = board.line(pattern);
      if (line === undefined || /dma_heap|dma-heap|DMA_HEAP|cma_alloc|cma:/.test(line)) continue;
      return {
        text: `this is not a fault of heaps or CMA: ${what}. The text does not show a problem with a heap${hasNodes(board) ? '; the nodes exist with their group' : ''}${board.cmaKib === undefined ? '' : `, and CMA has ${board.cmaKib} kB`}.`,
        evidence: [line, board.nodes()[0]?.line, board.last('cmaFree')?.line],
        fix,
      };
    }
    return undefined;
  },
};

/** A heap that a library tries first and does without. */
const isHarmless = (board: Board) =>
  board.refused.every(({ name }) => /^(?:vidbuf_cached|linux,cma|reserved|system|default_cma_region)$/.test(name)) &&
  board.line(
    /Registered camera|capturing|captured|image received|works|frames? (?:done|captured|rendered)|Setting pipeline to PLAYING|fps|preview|streaming|正常/i,
  ) !== undefined;

export const HEALTHY: Cause = {
  id: 'healthy',
  when(board) {
    const goes = board.line(
      /Registered camera|image received|mapped and written|captured \d+|\bok: fd\b|all (?:is|was) (?:well|fine)|\bworks\b(?! (?:with sudo|as root|after|only))|Setting pipeline to PLAYING|\b\d+(?:\.\d+)? ?fps\b|verdict\W+PASS|no errors?|\bpassed\b|正常/i,
    );
    if (isHarmless(board) && board.refused.length > 0 && hasNodes(board))
      return {
        text: `nothing is wrong: the program looks for ${board.refused[0]?.name} first and then uses another heap. The warning is harmless; the rest of the text shows that the program works.`,
        evidence: [board.refused[0]?.line, goes],
        fix: 'nothing needs to change. A link with that name from a udev rule (SYMLINK+=), as some distributions have it, avoids the warning',
      };
    if (
      board.refused.length > 0 ||
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
    const verified = board.line(/verdict\W+PASS|^\s*PASS\b/);
    const identity = board.last('identity');
    const isMember = identity === undefined || nodes.length === 0 || identity.groups.includes(nodes[0]?.group ?? '');
    // A good line of the boot, and a question without a complaint.
    const isQuiet =
      board.all('pool').some(({ isCma }) => isCma) &&
      !/fail|error|\bnot\b|n't|wrong|problem|\bwhy\b|cannot|missing|为什么|失败|问题/i.test(board.text);
    if (
      verified === undefined &&
      !isQuiet &&
      !(isOpen && isMember && (hasArea || goes !== undefined)) &&
      !(hasArea && goes !== undefined)
    )
      return undefined;
    return {
      text: `the text does not show a fault: ${[hasArea ? 'the CMA area is made' : undefined, isOpen ? `the nodes have their group (${nodes[0]?.group}) and mode` : undefined, goes === undefined ? undefined : 'and the buffers can be used'].filter((one) => one !== undefined).join(', ')}.`,
      evidence: [nodes[0]?.line, board.last('cmaTotal')?.line, goes, verified],
      fix: 'nothing needs to change',
    };
  },
};
