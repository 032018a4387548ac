/** Pastes that look like a known answer and lack a part of its evidence, or contradict it. */
import type { PasteCase } from './cases.js';

const GOOD_NODES = `$ ls -l /dev/dma_heap
total 0
crw-rw---- 1 root render 250, 1 Jun  1 10:00 linux,cma
crw-rw---- 1 root render 250, 0 Jun  1 10:00 system
$ id
uid=1000(user) gid=1000(user) groups=1000(user),44(video),105(render)
`;
const LINK_TO_SYSTEM = [/KERNEL=="system", SYMLINK/];

/** Good nodes, and a failure beside them. */
const NOT_HEALTHY: readonly PasteCase[] = [
  {
    cause: 'CMA_EXHAUSTED',
    says: [/484 kB/, /owner|holds/],
    text: `${GOOD_NODES}$ rpicam-hello
[0:00:55.1] [900] ERROR RPI vc4.cpp:201 Failed to allocate shared memory: Cannot allocate memory
$ grep Cma /proc/meminfo
CmaTotal:          65536 kB
CmaFree:             484 kB`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [/1.?020 kB/],
    text: `${GOOD_NODES}$ ./decoder
无法分配内存
$ grep Cma /proc/meminfo
CmaTotal:         262144 kB
CmaFree:            1020 kB`,
  },
  { cause: 'undecided', says: [/borrowed/], text: 'CmaTotal:         131072 kB\nCmaFree:            2048 kB' },
  {
    cause: 'undecided',
    says: [],
    text: `${GOOD_NODES}$ ./app
Could not open heap: Permission denied
$ grep Cma /proc/meminfo
CmaTotal:          65536 kB
CmaFree:           60000 kB`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `${GOOD_NODES}$ ./app
app: buffer pool: Nicht genügend Hauptspeicher verfügbar
$ grep Cma /proc/meminfo
CmaTotal:         524288 kB
CmaFree:          510000 kB`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `${GOOD_NODES}$ grep Cma /proc/meminfo
CmaTotal:          65536 kB
CmaFree:           60000 kB
$ ./app
E: heap allocator returned an error`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `[    0.000000] Reserved memory: created CMA memory pool at 0x00000000e7000000, size 400 MiB
[    9.000000] vpu b1000000.vpu: failed to allocate dma buffer`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `[    0.000000] Reserved memory: created CMA memory pool at 0x0000000060000000, size 256 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
vpu-daemon: ioctl: Operation not permitted`,
  },
];

/** A name with a comma, and no contiguous heap that it could lead to. */
const CMA_NAMES: readonly PasteCase[] = [
  {
    cause: 'HEAP_ABSENT',
    says: [/no heap linux,cma/, /DMABUF_HEAPS_CMA/, /CmaTotal|grep Cma/],
    never: LINK_TO_SYSTEM,
    text: `$ ls /dev/dma_heap
system
$ ls -l /dev/dma_heap/linux,cma
ls: cannot access '/dev/dma_heap/linux,cma': No such file or directory`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/CmaTotal is 0/],
    never: LINK_TO_SYSTEM,
    text: `$ ls /dev/dma_heap
system
$ stat /dev/dma_heap/linux,cma
stat: cannot statx '/dev/dma_heap/linux,cma': No such file or directory
$ grep Cma /proc/meminfo
CmaTotal:              0 kB
CmaFree:               0 kB`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/modprobe cma_heap/],
    never: LINK_TO_SYSTEM,
    text: `$ ls /dev/dma_heap
system
$ cam
open /dev/dma_heap/linux,cma: No such file or directory
$ grep Cma /proc/meminfo
CmaTotal:         262144 kB
CmaFree:          261000 kB`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/no heap cma/],
    never: LINK_TO_SYSTEM,
    text: `# ls -1 /dev/dma_heap
system
# ls /dev/dma_heap/cma
ls: /dev/dma_heap/cma: No such file or directory`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/linux,cma/],
    never: LINK_TO_SYSTEM,
    text: `$ ls /dev/dma_heap
system
$ ls /dev/dma_heap/linux,cma
ls: 无法访问 '/dev/dma_heap/linux,cma': 没有那个文件或目录`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/linux,cma@58000000/],
    text: `$ ls /dev/dma_heap
linux,cma@58000000  system
$ app
open("/dev/dma_heap/linux,cma"): No such file or directory`,
  },
  {
    cause: 'container-node-missing',
    says: [/only the heaps that it was given \(system\)/, /\/dev\/dma_heap\/linux,cma/, /host/],
    text: `$ docker run --rm -it --device /dev/dma_heap/system debian:12 sh -c 'ls -l /dev/dma_heap; cat /dev/dma_heap/linux,cma'
total 0
crw-rw---- 1 root 44 251, 0 Jun  1 10:00 system
cat: /dev/dma_heap/linux,cma: No such file or directory`,
  },
  {
    cause: 'container-node-missing',
    says: [/linux,cma is not one of them/],
    text: `services:
  frigate:
    devices:
      - /dev/dma_heap/system:/dev/dma_heap/system
      - /dev/dri/renderD128
frigate  | open /dev/dma_heap/linux,cma: No such file or directory`,
  },
  {
    cause: 'container-node-missing',
    says: [/although the host has it/],
    text: `user@host:~$ ls /dev/dma_heap
linux,cma  system
user@host:~$ podman run --device /dev/dma_heap/system fedora ls -l /dev/dma_heap/linux,cma
ls: cannot access '/dev/dma_heap/linux,cma': No such file or directory`,
  },
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [/IOMMU/],
    text: `$ ls /dev/dma_heap
system
$ app
open /dev/dma_heap/frames: No such file or directory`,
  },
];

const FAILED_4096 = (pages: number) => `cma: cma_alloc: linux,cma: alloc failed, req-size: ${pages} pages, ret: -12`;
const FREE = 'cma: number of available pages: ';

/** Enough is free only if the numbers say it. */
const NUMBERS: readonly PasteCase[] = [
  {
    cause: 'CMA_EXHAUSTED',
    says: [/7\.9 MiB/, /4K pages/],
    text: `[  321.456789] ${FAILED_4096(2025)}
[  321.456801] ${FREE}511@1+1024@4096+96@9000=> 1631 free of 16384 total pages`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [/32 MiB/],
    text: `[  511.111111] cma: cma_alloc: reserved: alloc failed, req-size: 8192 pages, ret: -12
[  511.111112] ${FREE}12@500+256@3840=> 268 free of 16384 total pages`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [/0 kB|0 MiB/],
    text: `Mar  3 11:00:00 nvr kernel: ${FAILED_4096(1020)}
Mar  3 11:00:00 nvr kernel: ${FREE}=> 0 free of 32768 total pages`,
  },
  {
    cause: 'CMA_FRAGMENTED',
    says: [/request of 7\.9 MiB/, /largest hole has 4\.7 MiB/],
    text: `Linux pi5 6.6.51+rpt-rpi-2712 #1 SMP PREEMPT Debian aarch64 GNU/Linux
[  321.4] ${FAILED_4096(507)}
[  321.4] ${FREE}300@0+300@1000=> 600 free of 4096 total pages`,
  },
  {
    cause: 'CMA_FRAGMENTED',
    says: [/2025|7\.9 MiB/, /largest hole has 4 MiB/],
    text: `[  321.4] ${FAILED_4096(2025)}
[  321.4] ${FREE}511@1+1024@4096+1024@9000=> 2559 free of 16384 total pages`,
  },
  {
    cause: 'CMA_TOO_SMALL_FOR_BUDGET',
    says: [/80 MiB/, /whole area has 64 MiB/],
    text: `[    0.000000] Reserved memory: created CMA memory pool at 0x0000000078000000, size 64 MiB
[   31.200000] ${FAILED_4096(20480)}`,
  },
  {
    cause: 'CMA_TOO_SMALL_FOR_BUDGET',
    says: [/whole area has 16 MiB/],
    text: `[    0.000000] cma: Reserved 16 MiB at 0x000000003f000000
[   12.1] cma: cma_alloc: reserved: alloc failed, req-size: 8100 pages, ret: -12`,
  },
  {
    cause: 'CMA_TOO_SMALL_FOR_BUDGET',
    says: [/whole area has 64 MiB/],
    text: `[   12.1] ${FAILED_4096(32768)}
[   12.1] ${FREE}16384@0=> 16384 free of 16384 total pages`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `[    0.000000] Reserved memory: created CMA memory pool at 0x0000000078000000, size 64 MiB
[   31.200000] ${FAILED_4096(2048)}`,
  },
  {
    cause: 'CMA_TRANSIENT_BUSY',
    says: [/does not show whether a later attempt succeeds/, /pinned/],
    never: [/Enough memory/],
    text: '[   44.120033] cma: cma_alloc: alloc failed, req-size: 4096 pages, ret: -16',
  },
];

/** A word inside another word is not said. */
const LATER: readonly PasteCase[] = [
  {
    cause: 'undecided',
    says: [/ls -lL? \/dev\/dma_heap/],
    text: `Traceback (most recent call last):
  File "/opt/app/main.py", line 3, in <module>
    fd = os.open("/dev/dma_heap/linux,cma", os.O_RDWR)
PermissionError: [Errno 13] Permission denied: '/dev/dma_heap/linux,cma'`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `stack trace:
 #0 open_heap heap.c:12
open /dev/dma_heap/system: Permission denied`,
  },
  {
    cause: 'undecided',
    says: [],
    text: 'since the reboot yesterday: open /dev/dma_heap/system: Permission denied',
  },
  {
    cause: 'undecided',
    says: [],
    text: 'open /dev/dma_heap/system: Permission denied\nit works when I run it with sudo',
  },
  {
    cause: 'RULE_LATE',
    says: [/does not show the node/],
    text: `kiosk[412]: open /dev/dma_heap/linux,cma: Permission denied
if I restart the service by hand it works fine`,
  },
];

const OOPS = `[    3.210000] Unable to handle kernel paging request at virtual address ffff800012345000
[    3.210100] Internal error: Oops: 96000047 [#1] PREEMPT SMP
`;

/** The kernel crashes or hangs in a heap. */
const CRASHES: readonly PasteCase[] = [
  {
    cause: 'kernel-crash-in-heap',
    says: [/cma_heap_allocate/, /no-map/, /bug/i],
    text: `${OOPS}[    3.210200] pc : __memset+0x16c/0x188
[    3.210300] lr : cma_heap_allocate+0x1a4/0x2e0`,
  },
  {
    cause: 'kernel-crash-in-heap',
    says: [/cma_heap_dma_buf_release/, /does not show the reason/],
    text: `${OOPS}[    3.210200] pc : dma_release_from_contiguous+0x10/0x80
[    3.210300] Call trace:
[    3.210400]  cma_heap_dma_buf_release+0x58/0xc8
[    3.210500]  dma_buf_release+0x44/0x110`,
  },
  {
    cause: 'kernel-crash-in-heap',
    says: [/system_heap_allocate/],
    text: `BUG: kernel NULL pointer dereference, address: 0000000000000010
RIP: 0010:system_heap_allocate+0x9a/0x2d0
Call Trace:
 dma_heap_ioctl+0x1d8/0x2a0`,
  },
  {
    cause: 'kernel-crash-in-heap',
    says: [/dma_heap_ioctl/],
    text: `[   88.1] kernel BUG at mm/usercopy.c:101!
[   88.1] Call trace:
[   88.1]  usercopy_abort+0x7c/0xa0
[   88.1]  dma_heap_ioctl+0x140/0x2a0`,
  },
  {
    cause: 'kernel-crash-in-heap',
    says: [/hangs/, /cma_alloc/],
    text: `[  242.1] INFO: task kworker/1:2:88 blocked for more than 120 seconds.
[  242.1]  __mutex_lock.constprop.0+0x2c0/0x5a0
[  242.1]  cma_alloc+0x90/0x2f0`,
  },
  {
    cause: 'MEMORY_EXHAUSTED',
    says: [/system heap/],
    text: `[  884.1] gst-launch-1.0 invoked oom-killer: gfp_mask=0xdc0(GFP_KERNEL|__GFP_ZERO), order=0, oom_score_adj=0
[  884.1]  system_heap_allocate+0x1c4/0x3a0
[  884.1]  dma_heap_ioctl+0x1d8/0x2a0
[  884.1] Out of memory: Killed process 901 (gst-launch-1.0) total-vm:512000kB`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `${OOPS}[    3.210200] pc : dwmac_suspend+0x16c/0x188
[    3.210300] lr : dpm_run_callback+0x1a4/0x2e0`,
  },
];

/** Bounce buffers that are named full. */
const REACH: readonly PasteCase[] = [
  {
    cause: 'IMPORT_REFUSED',
    says: [/256 KiB/, /only 120 of 32768/, /below 4 GiB/, /swiotlb= does not help/],
    text: `[   45.678901] rcar_isp fed00000.isp: swiotlb buffer is full (sz: 3110400 bytes), total 32768 (slots), used 120 (slots)
[   45.679012] rcar_isp fed00000.isp: overflow 0x0000000240000000+3110400 of DMA mask ffffffff bus limit 0`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/256 KiB/],
    text: 'mxc-isi 32e00000.isi: swiotlb buffer is full (sz: 8294400 bytes), total 16384 (slots), used 0 (slots)',
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/0x140000000/, /0xffffffff/],
    text: '[   45.6] rockchip-rga ff680000.rga: overflow 0x0000000140000000+12441600 of DMA mask ffffffff bus limit 0',
  },
  {
    cause: 'not-ours',
    says: [/in use/, /swiotlb=/],
    text: '[   45.6] sdhci-pci 0000:00:1a.0: swiotlb buffer is full (sz: 65536 bytes), total 32768 (slots), used 32760 (slots)',
  },
  {
    cause: 'not-ours',
    says: [/contiguous run of free slots/],
    text: '[   45.6] nvme 0000:01:00.0: swiotlb buffer is full (sz: 262144 bytes), total 32768 (slots), used 1200 (slots)',
  },
];

/** What cma= does to the node, without the line that names it. */
const OVERRIDDEN: readonly PasteCase[] = [
  {
    cause: 'CMA_CMDLINE_OVERRIDES_DT',
    says: [/remove cma=64M/],
    text: `[    0.000000] Linux version 6.12.9
[    0.000000] Kernel command line: console=ttymxc1,115200 root=/dev/mmcblk2p2 rootwait rw cma=64M
[    0.000000] cma: Reserved 64 MiB at 0x00000000fc000000
[    0.000000] OF: reserved mem: node linux,cma compatible matching fail`,
  },
  {
    cause: 'CMA_DT_REJECTED',
    says: [],
    text: '[    0.000000] OF: reserved mem: node linux,cma compatible matching fail',
  },
];

const OVERLAP = 'OF: reserved mem: OVERLAP DETECTED!';

/** Two regions overlap, and one of them may be for CMA. */
const OVERLAPS: readonly PasteCase[] = [
  {
    cause: 'DATA_CORRUPT',
    says: [/linux,cma/, /secmon@5300000/, /move or shrink/],
    text: `[Mon Jan 13 10:00:01 2025] ${OVERLAP}
[Mon Jan 13 10:00:01 2025] linux,cma (0x0000000010000000--0x0000000030000000) overlaps with secmon@5300000 (0x0000000005300000--0x0000000015300000)`,
  },
  {
    cause: 'DATA_CORRUPT',
    says: [/isp-buffers/, /made a CMA area/],
    text: `[    0.000000] ${OVERLAP}
[    0.000000] isp-buffers@60000000 (0x0000000060000000--0x0000000064000000) overlaps with vdev0buffer@63000000 (0x0000000063000000--0x0000000063100000)
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000060000000, size 64 MiB`,
  },
  {
    cause: 'not-ours',
    says: [/ramoops@90000000/, /hwrng@90001000/],
    text: `[    0.000000] ${OVERLAP}
[    0.000000] ramoops@90000000 (0x0000000090000000--0x0000000090100000) overlaps with hwrng@90001000 (0x0000000090001000--0x0000000090002000)`,
  },
  {
    cause: 'not-ours',
    says: [/framebuffer@9d400000/],
    text: `<6>[    0.000000] ${OVERLAP}
optee@9d000000 (0x000000009d000000--0x000000009e000000) overlaps with framebuffer@9d400000 (0x000000009d400000--0x000000009dc00000)`,
  },
  { cause: 'undecided', says: [], text: `[    0.000000] ${OVERLAP}` },
  {
    cause: 'undecided',
    says: [],
    text: `[    0.000000] ${OVERLAP}
[    0.000000] vpu@60000000 (0x0000000060000000--0x0000000064000000) overlaps with display@63000000 (0x0000000063000000--0x0000000063100000)`,
  },
];

export const EVIDENCE_PASTES: readonly PasteCase[] = [
  ...NOT_HEALTHY,
  ...CMA_NAMES,
  ...NUMBERS,
  ...LATER,
  ...CRASHES,
  ...REACH,
  ...OVERLAPS,
  ...OVERRIDDEN,
];
