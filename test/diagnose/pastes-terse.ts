/** Terse pastes of the kind that forums get: little context, often one line, in two languages. */
import type { PasteCase } from './cases.js';

export const TERSE_PASTES: readonly PasteCase[] = [
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [],
    text: `Jellyfin in docker, user: 1000:1000, devices /dev/dma_heap passed.
$ docker exec jellyfin ls -l /dev/dma_heap
crw-rw---- 1 root 44 241, 0 Aug 26 13:20 system
$ docker exec jellyfin id
uid=1000 gid=1000 groups=1000
mpp[55]: mpp_dma_heap: dma-heap open /dev/dma_heap/system Permission denied`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [],
    text: `[  575.5] rga: 468 518 : RGA_MMU unsupported memory larger than 4G!
[  575.5] rga: 468 518 : buffer[0] mm import buffer failed! memory = 0x17, type = dma_fd(0x0)
buffers come from dma_heap system`,
  },
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `gstimxdmaheapallocator.c:252:gst_imx_dma_heap_allocator_activate: could not create dma-heap allocator: Permission denied (13)
# ls -l /dev/dma_heap/
total 0
crw------- 1 root root 250, 1 Aug 11 05:12 linux,cma
crw------- 1 root root 250, 0 Aug 11 05:12 system`,
  },
  {
    cause: 'PERM_DIRECTORY_OPEN',
    says: [],
    text: `# ls -l /dev | grep -E "mpp|dma_heap"
drwxrwxrwx  2 root root          80 Jan  1  1970 dma_heap
crw-rw----  1 root video   241,   0 Aug 26 13:20 mpp_service
is that normal?`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [],
    text: `[ 9102.1] cma: cma_alloc: alloc failed, req-size: 1846 pages, ret: -12
[ 9102.1] sun6i-csi 1cb0000.csi: dma_alloc_coherent of size 7561216 failed
CmaTotal:          16384 kB
CmaFree:            2100 kB`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [],
    text: `[   81.7] vc4-drm soc:gpu: failed to allocate buffer with size 8355840
[   81.7] [drm:vc4_bo_create] *ERROR* Failed to allocate from CMA:
[   81.7] [drm] num bos allocated: 64
[   81.7] [drm] size bos allocated: 255328kb
CmaTotal:         262144 kB
CmaFree:            3800 kB`,
  },
  {
    cause: 'CMA_DISABLED_CMDLINE',
    says: [],
    text: `[    0.000000] Kernel command line: console=ttyS0 root=/dev/nfs cma=0M ip=dhcp
[    0.000000] Memory: 1000000K/1048576K available (0K cma-reserved)
why is there no linux,cma heap`,
  },
  { cause: 'CMA_DT_REJECTED_SLOTS', says: [], text: `cma: Not enough slots for CMA reserved regions!` },
  {
    cause: 'CMA_DT_REJECTED_NOMAP',
    says: [],
    text: `ls /proc/device-tree/reserved-memory/vpu_cma@58000000
$ ls /proc/device-tree/reserved-memory/vpu_cma@58000000
compatible  name  no-map  phandle  reg  reusable
CmaTotal does not include it`,
  },
  {
    cause: 'CMA_DT_NODE_DISABLED',
    says: [],
    text: `# cat /proc/device-tree/reserved-memory/linux,cma/status
disabled
# grep Cma /proc/meminfo
CmaTotal:          16384 kB`,
  },
  {
    cause: 'DEVTMPFS_MISSING',
    says: [],
    text: `CONFIG_DEVTMPFS is not set in this kernel, mdev only. /sys/class/dma_heap/system/dev says 251:0 but there's no node
# ls /dev/dma_heap
ls: /dev/dma_heap: No such file or directory
# ls /sys/class/dma_heap
system`,
  },
  {
    cause: 'HEAP_NODE_REMOVED',
    says: [],
    text: `$ ls /dev/dma_heap; ls /sys/class/dma_heap
system
linux,cma  system`,
  },
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [],
    text: `weston: could not open /dev/dma_heap/scanout: No such file or directory
# ls /dev/dma_heap
linux,cma  system`,
  },
  {
    cause: 'SYMLINK_WRONG_TARGET',
    says: [],
    text: `vidbuf_cached goes to the wrong heap on my Pi 4:
lrwxrwxrwx 1 root root 6 Jan 3 10:00 /dev/dma_heap/vidbuf_cached -> system
crw-rw---- 1 root video 252, 1 Jan 3 10:00 /dev/dma_heap/linux,cma
crw-rw---- 1 root video 252, 0 Jan 3 10:00 /dev/dma_heap/system
V4L2 says contiguous chunk is too small`,
  },
  {
    cause: 'RULE_LATE',
    says: [],
    text: `systemd[1]: camera.service: Scheduled restart job, restart counter is at 1.
camd[400]: /dev/dma_heap/linux,cma: Permission denied
camd[455]: opened heap
$ ls -l /dev/dma_heap/linux,cma
crw-rw---- 1 root video 252, 1 Jan 3 10:00 /dev/dma_heap/linux,cma`,
  },
  {
    cause: 'PERM_MODE_WRONG',
    says: [],
    text: `crw-rw---- expected by our test, we have
crw--w---- 1 root video 252, 1 Jan 3 10:00 /dev/dma_heap/linux,cma
uid=1000(a) gid=1000(a) groups=1000(a),44(video)
open /dev/dma_heap/linux,cma: Permission denied`,
  },
  {
    cause: 'PERM_WORLD_ACCESS',
    says: [],
    text: `KERNEL=="system", SUBSYSTEM=="dma_heap", MODE="0666"
auditor asks whether anybody can exhaust memory with it
crw-rw-rw- 1 root root 252, 0 Jan 3 10:00 /dev/dma_heap/system`,
  },
  {
    cause: 'USER_MISSING',
    says: [],
    text: `systemd-udevd[140]: /etc/udev/rules.d/70-x.rules:2 Unknown user 'vision', ignoring.
SUBSYSTEM=="dma_heap", OWNER="vision"`,
  },
  {
    cause: 'MEMCG_CHARGED',
    says: [],
    text: `k8s pod limit 256Mi. kernel 7.3 cat /sys/module/dma_heap/parameters/mem_accounting -> Y
oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,oom_memcg=/kubepods,task=gst`,
  },
  {
    cause: 'MEMORY_EXHAUSTED',
    says: [],
    text: `gst: DMA_HEAP_IOCTL_ALLOC on /dev/dma_heap/system: Cannot allocate memory
gst: page allocation failure: order:4, mode:0x140dc0
MemFree: 9000 kB
MemAvailable:    12000 kB`,
  },
  { cause: 'FD_LIMIT', says: [], text: `dma-buf export: errno 24 (EMFILE)` },
  { cause: 'LEN_TRUNCATED', says: [], text: `On 32-bit ARM: asked heap for 0x100001000 bytes, got 4096` },
  { cause: 'NOT_ZEROED', says: [], text: `每次新分配的 buffer 里都有上一个进程的旧数据，dma_heap 没有清零？` },
  {
    cause: 'DATA_CORRUPT',
    says: [],
    text: `Bad page state in process kworker, and camera frames in cma buffers get overwritten`,
  },
  {
    cause: 'LEAK_CMA',
    says: [],
    text: `bufinfo after the player exited still lists 12 objects attached to 30000000.vpu; the memory is never freed
CmaFree: 10000 kB`,
  },
  {
    cause: 'LEAK_FD',
    says: [],
    text: `ls /proc/$(pidof app)/fd | wc -l grows by one each time the ioctl fails with EFAULT (Bad address), 5.10.61 dma heap`,
  },
  { cause: 'UDMABUF_UNUSABLE', says: [], text: `UDMABUF_CREATE_LIST: Invalid argument, memfd of 128 MiB` },
  {
    cause: 'UDMABUF_UNUSABLE',
    says: [],
    text: `crw------- 1 root root 10, 125 /dev/udmabuf
cannot open /dev/udmabuf: Permission denied (user in video)`,
  },
  {
    cause: 'LATENCY_EXCEEDED',
    says: [],
    text: `ioctl(4, DMA_HEAP_IOCTL_ALLOC, {len=12441600, fd_flags=O_RDWR|O_CLOEXEC, heap_flags=0} => {fd=7}) = 0 <1.302113>`,
  },
  {
    cause: 'COHERENCY_UNTESTED',
    says: [],
    text: `ISP output buffer read by CPU has garbage cachelines unless I memcpy twice. we never call DMA_BUF_SYNC`,
  },
  { cause: 'NOT_CONTIGUOUS', says: [], text: `vendor test: buffer from 'cma' heap: sg_table nents: 17, expected 1` },
  {
    cause: 'NOT_FROM_CMA',
    says: [],
    text: `cma_alloc_success in /proc/vmstat unchanged after allocating from linux,cma`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [],
    text: `eglCreateImageKHR failed: EGL_BAD_ALLOC when importing dma-buf from /dev/dma_heap/system into vivante GPU`,
  },
  {
    cause: 'holder-suspended',
    says: [],
    text: `$ ps aux | grep cam
root 812 0.0 1.0 20000 9000 pts/0 T 10:01 0:00 camapp
cma: cma_alloc: linux,cma: alloc failed, req-size: 2025 pages, ret: -12
CmaTotal: 65536 kB
CmaFree: 400 kB`,
  },
  {
    cause: 'gpu-mem-takes-low-ram',
    says: [],
    text: `config.txt: gpu_mem=512 for the old camera
gpu_mem=512
dtoverlay=vc4-fkms-v3d
[    0.000000] cma: Failed to reserve 256 MiB`,
  },
  {
    cause: 'area-across-numa',
    says: [],
    text: `[    0.000000]   node   0: [mem 0x0000000080000000-0x00000000ffffffff]
[    0.000000]   node   1: [mem 0x0000000880000000-0x00000008ffffffff]
[    0.1] cma: CMA area reserved could not be activated`,
  },
  {
    cause: 'CMA_TOTAL_AMBIGUOUS',
    says: [],
    text: `kernel args: hugetlb_cma=1G cma=64M
CmaTotal: 1114112 kB why is it so much more?`,
  },
  {
    cause: 'CMA_SIZE_MISMATCH',
    says: [],
    text: `dtoverlay=cma,cma-192 in config.txt, but CmaTotal:         524288 kB. I expected 192 MB
also dtoverlay=vc4-kms-v3d,cma-512`,
  },
  {
    cause: 'CMA_FALLBACK_KCONFIG',
    says: [],
    text: `dts has linux,cma of 512M. boot says only
[    0.000000] cma: Reserved 16 MiB at 0xbf000000
and the heap is called reserved:
# ls /dev/dma_heap
reserved
system`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [],
    text: `my pool isn't a heap:
# ls /proc/device-tree/reserved-memory
linux,cma  isp_pool@90000000  name  ranges
# ls /dev/dma_heap
linux,cma  system
open("/dev/dma_heap/isp_pool@90000000") = -1 ENOENT (No such file or directory)
# uname -r
6.1.80`,
  },
  {
    cause: 'NODE_NOT_A_HEAP',
    says: [],
    text: `crw-rw-rw- 1 root root 10, 57 Jan 1 00:00 /dev/dma_heap/linux,cma
DMA_HEAP_IOCTL_ALLOC: Inappropriate ioctl for device`,
  },
  {
    cause: 'MAC_DENIED',
    says: [],
    text: `audit: type=1400 apparmor="DENIED" operation="open" profile="docker-default" name="/dev/dma_heap/linux,cma" pid=9 comm="x" requested_mask="wr"`,
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [],
    text: `kubectl exec pod -- python cam.py
PermissionError: [Errno 1] Operation not permitted: '/dev/dma_heap/linux,cma'
hostPath volume /dev/dma_heap`,
  },
  {
    cause: 'container-node-missing',
    says: [],
    text: `podman run --rm -it --device /dev/video0 cam
FileNotFoundError: [Errno 2] No such file or directory: '/dev/dma_heap/linux,cma'
host: ls /dev/dma_heap -> linux,cma system`,
  },
  {
    cause: 'HEAP_SUPPORT_MISSING',
    says: [],
    text: `CONFIG_DMABUF_HEAPS=y
# CONFIG_DMABUF_HEAPS_SYSTEM is not set
# CONFIG_DMABUF_HEAPS_CMA is not set
ls: cannot access '/dev/dma_heap': No such file or directory`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `gst: error while loading shared libraries: librockchip_mpp.so.1: cannot open shared object file: No such file or directory`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `[ 12.3] mmc1: error -110 whilst initialising SD card
CMA related?`,
  },
  { cause: 'not-ours', says: [], text: `modetest: failed to open device: Permission denied /dev/dri/card0` },
  {
    cause: 'not-ours',
    says: [],
    text: `[  3.1] imx-sdma 20ec000.dma: Direct firmware load for imx/sdma/sdma-imx6q.bin failed with error -2
is this dma heap problem`,
  },
  {
    cause: 'healthy',
    says: [],
    text: `verdict: PASS
ok 1 heap.system
ok 2 heap.linux_cma`,
  },
  {
    cause: 'healthy',
    says: [],
    text: `[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
[    0.000000] Reserved memory: created CMA memory pool at 0x20000000, size 64 MiB
just want to know if that is OK`,
  },
  { cause: 'undecided', says: [], text: `DMA heap does not work` },
  {
    cause: 'undecided',
    says: [],
    text: `[ 11.1] cma: cma_alloc: linux,cma: alloc failed, req-size: 2025 pages, ret: -12`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `crw-rw---- 1 root video 252, 1 Jan 3 10:00 /dev/dma_heap/linux,cma
ioctl DMA_HEAP_IOCTL_ALLOC failed: Cannot allocate memory`,
  },
  {
    cause: 'KERNEL_OUT_OF_RANGE',
    says: [],
    text: `dmaheap-verify: the expectation was made for 6.1 to 6.12, this is 6.18 (KERNEL_OUT_OF_RANGE)`,
  },
  {
    cause: 'CONFIG_DIFFERS',
    says: [],
    text: `not ok 1 config CONFIG_CMA_SYSFS # CONFIG_DIFFERS
KTAP version 1`,
  },
  { cause: 'HEAP_UNEXPECTED', says: [], text: `FAIL heap.absent.reserved HEAP_UNEXPECTED` },
  {
    cause: 'HEAP_RENAMED',
    says: [],
    text: `虚拟机 6.18 内核: 找不到 /dev/dma_heap/linux,cma: 没有那个文件或目录
# ls /dev/dma_heap
default_cma_region  system`,
  },
  {
    cause: 'CMA_CMDLINE_FAILED',
    says: [],
    text: `[    0.000000] cma: Failed to reserve 1024 MiB
[    0.000000] Kernel command line: root=/dev/mmcblk0p2 cma=1G
Pi Zero 2 W`,
  },
  {
    cause: 'DATA_CORRUPT',
    says: [],
    text: `[    0.000000] OF: reserved mem: OVERLAP DETECTED!
               linux,cma@70000000 (0x70000000--0x80000000) overlaps with tee@7e000000`,
  },
  {
    cause: 'CMA_DT_REJECTED_ALIGN',
    says: [],
    text: `Reserved memory: incorrect alignment of CMA region
linux,cma { size = <0x5f5e100>; ...`,
  },
];
