/** Faults of other parts, and lines that do not show whose fault it is. */
import type { PasteCase } from './cases.js';

const NO_SPACE = 'No space left on device';

/** What runs out with ENOSPC. */
const SPACE: readonly PasteCase[] = [
  { cause: 'not-ours', says: [/USB bus/, /MJPG/], text: `VIDIOC_STREAMON returned -1 (${NO_SPACE})` },
  { cause: 'not-ours', says: [/USB/], text: `libv4l2: error turning on stream: ${NO_SPACE}` },
  { cause: 'not-ours', says: [/USB/], text: '[  88.1] uvcvideo 1-1.2:1.1: Failed to submit URB 0 (-28).' },
  {
    cause: 'not-ours',
    says: [/GPU memory/, /gpu_mem/],
    never: [/free space/],
    text: 'mmal: mmal_vc_component_enable: failed to enable component: ENOSPC',
  },
  { cause: 'not-ours', says: [/inotify/], text: `inotify_add_watch(5, "/home/pi") failed: ${NO_SPACE}` },
  { cause: 'not-ours', says: [/shared memory/], text: `shm_open: /frames: ${NO_SPACE}` },
  {
    cause: 'not-ours',
    says: [/file system/],
    text: `cp: error writing '/boot/dmaheap.dtbo': ${NO_SPACE}`,
  },
  { cause: 'not-ours', says: [/file system/], text: `dd: error writing '/mnt/linux,cma.img': ${NO_SPACE}` },
  {
    cause: 'not-ours',
    says: [/file system/],
    text: 'cp: Fehler beim Schreiben von „/boot/firmware/overlays/cma.dtbo“: Auf dem Gerät ist kein Speicherplatz mehr verfügbar',
  },
  { cause: 'undecided', says: [], text: `camera start: ${NO_SPACE}` },
];

/** Whose fault it is. */
const WHOSE: readonly PasteCase[] = [
  {
    cause: 'not-ours',
    says: [/firmware/],
    never: [/card|disk|fsck/],
    text: '[   12.345678] brcmfmac mmc1:0001:1: Direct firmware load for brcm/brcmfmac43455-sdio.pine64,rockpro64-v2.1.bin failed with error -2',
  },
  {
    cause: 'not-ours',
    says: [/firmware/],
    never: [/card|disk|fsck/],
    text: '[    9.1] btsdio mmc2:0001:2: firmware: failed to load BCM4345C0.hcd (-2)',
  },
  {
    cause: 'not-ours',
    says: [/storage/],
    text: '[   12.3] mmc0: Timeout waiting for hardware interrupt.\n[   22.3] mmcblk0: error -110 transferring data',
  },
  {
    cause: 'undecided',
    says: [],
    text: `CONFIG_CMA=y
CONFIG_DMA_CMA=y
CONFIG_CMA_SIZE_MBYTES=0
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
CONFIG_DMABUF_HEAPS_CMA=y`,
  },
  {
    cause: 'CMA_NOT_CONFIGURED',
    says: [/configured size is 0/],
    text: `$ zcat /proc/config.gz | grep CMA
CONFIG_CMA=y
CONFIG_DMA_CMA=y
CONFIG_CMA_SIZE_MBYTES=0
$ grep Cma /proc/meminfo
CmaTotal:              0 kB
CmaFree:               0 kB`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `[10:15:23.456] failed to create gbm surface: Cannot allocate memory
[10:15:23.457] dmabuf import failed: EGL_BAD_ALLOC`,
  },
  { cause: 'undecided', says: [], text: 'gst_gl_memory: eglCreateImage failed: EGL_BAD_ALLOC' },
  {
    cause: 'not-ours',
    says: [/not a dma-buf|closed/, /descriptor/],
    text: '[   20.112400] dma-buf: mpp_dma_import_fd:  dma_buf_get fd 41 failed',
  },
  {
    cause: 'not-ours',
    says: [/closed/],
    text: 'VIDIOC_QBUF (V4L2_MEMORY_DMABUF): Bad file descriptor',
  },
  {
    cause: 'not-ours',
    says: [/not a dma-buf/],
    text: 'ioctl(12, DMA_BUF_IOCTL_SYNC, 0x7ffd) = -1 ENOTTY (Inappropriate ioctl for device)',
  },
  { cause: 'not-ours', says: [/closed/], text: 'drmPrimeFDToHandle: Mauvais descripteur de fichier (EBADF)' },
  { cause: 'undecided', says: [], text: 'ERROR: *** no cameras available ***' },
  { cause: 'undecided', says: [], text: 'Segmentation fault (core dumped)' },
  {
    cause: 'undecided',
    says: [],
    text: '[    3.2] Unable to handle kernel paging request at virtual address ffff800012345000',
  },
];

/** Heaps of processes, and pages that are not those of a heap. */
const OTHER_HEAPS: readonly PasteCase[] = [
  {
    cause: 'undecided',
    says: [],
    text: '==12==HEAP SUMMARY:\n==12==    in use at exit: 72,704 bytes in 1 blocks\n==12== LEAK SUMMARY: memory leak of 72,704 bytes',
  },
  { cause: 'undecided', says: [], text: 'ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000014' },
  {
    cause: 'undecided',
    says: [],
    text: 'java.lang.OutOfMemoryError: Java heap space, the old data stays in a new buffer',
  },
  {
    cause: 'undecided',
    says: [],
    text: `[ 44.0] vb2-dma: page allocation failure: order:9, mode:0x14000c0(GFP_KERNEL)
[ 44.0]  __alloc_from_contiguous+0x54/0x144
[ 44.0] cma: cma_alloc: linux,cma: alloc failed, req-size: 2048 pages, ret: -12`,
  },
];

/** Good lines with the letters of a fault in them. */
const LETTERS: readonly PasteCase[] = [
  'iommu: Default domain type: Translated',
  'rkcif-mipi-csi fdf10000.csi: async notifier registered',
  'vc4-drm gpu: bound fe400000.hvs (ops vc4_hvs_ops), default plane',
  'wlan0: associated',
  'input: impulse keyboard as /devices/platform/keys/input/input3',
].map((line, i) => ({
  cause: 'healthy',
  says: [/CMA area is made/],
  text: `[    0.000000] Reserved memory: created CMA memory pool at 0x0000000070000000, size 256 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
[    0.000000] Kernel command line: console=ttyS2,1500000n8 rcupdate.rcu_cpu_stall_timeout=21 root=/dev/mmcblk0p2
[    ${i + 1}.012345] ${line}`,
}));

export const ELSEWHERE_PASTES: readonly PasteCase[] = [...SPACE, ...WHOSE, ...OTHER_HEAPS, ...LETTERS];
