/** Pastes with other prefixes, boards and programs than those of the other files. */
import type { PasteCase } from './cases.js';

export const PREFIXED_PASTES: readonly PasteCase[] = [
  {
    cause: 'CMA_CMDLINE_FAILED',
    says: [/cma=512M/],
    text: `[    0.000000] OF: reserved mem: initialized node vpr-carveout, compatible id nvidia,vpr-carveout
[    0.000000] cma: Failed to reserve 512 MiB on node -1
[    0.000000] Memory: 3911204K/4193280K available (14592K kernel code, 0K cma-reserved)
$ ls /dev/dma_heap
system
$ cat /proc/cmdline
console=ttyTCU0,115200 cma=512M@0-1G root=/dev/mmcblk0p1`,
  },
  {
    cause: 'CMA_TOO_SMALL_FOR_BUDGET',
    says: [/64 MiB/, /4 buffers/],
    text: `On Tue, Lena wrote:
> > Hi, after the update my cam does not start.
> > 
> > Nov 12 09:14:02 kiosk kernel: cma: Reserved 64 MiB at 0x000000007c000000 on node -1
> > Nov 12 09:14:31 kiosk kernel: cma: cma_alloc: linux,cma: alloc failed, req-size: 8192 pages, ret: -12
> > Nov 12 09:14:31 kiosk cam-service[811]: DMA_HEAP_IOCTL_ALLOC failed: Cannot allocate memory
> 
> How big is a frame?
32 MB, and I use 4 of them.`,
  },
  {
    cause: 'PERM_DEFAULT_0600',
    says: [/GROUP=/],
    text: `   1	crw------- 1 root root 252, 0 Jan  1 00:00 /dev/dma_heap/linux,cma
   2	crw------- 1 root root 252, 1 Jan  1 00:00 /dev/dma_heap/system
   3	$ id
   4	uid=1000(pi) gid=1000(pi) groups=1000(pi),44(video)
   5	$ libcamera-hello
   6	ERROR DmaBufAllocator dma_buf_allocator.cpp:120 Could not open any dma-buf provider`,
  },
  {
    cause: 'CMA_DT_REJECTED_CELLS',
    says: [/#size-cells/],
    text: `-- Boot 3c0c5e4 --
2026-03-02T08:01:11.220114+01:00 edge7 kernel: Reserved memory: unsupported node format, ignoring
2026-03-02T08:01:11.220201+01:00 edge7 kernel: cma: Reserved 16 MiB at 0x00000000bf000000
2026-03-02T08:01:13.998123+01:00 edge7 isp[402]: open /dev/dma_heap/isp-pool: No such file or directory`,
  },
  {
    cause: 'FD_READONLY',
    says: [/O_RDWR/],
    text: `openat(AT_FDCWD, "/dev/dma_heap/system", O_RDWR|O_CLOEXEC) = 3
ioctl(3, DMA_HEAP_IOCTL_ALLOC, {len=8294400, fd_flags=O_CLOEXEC, heap_flags=0}) = 0
mmap(NULL, 8294400, PROT_READ|PROT_WRITE, MAP_SHARED, 4, 0) = -1 EACCES (Permission denied)`,
  },
  {
    cause: 'DATA_CORRUPT',
    says: [/overlap/, /two owners/],
    text: `[    0.000000] OF: reserved mem: OVERLAP DETECTED!
               cma@70000000 (0x0000000070000000--0x0000000080000000) overlaps with optee@7e000000 (0x000000007e000000--0x0000000080000000)
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000070000000, size 256 MiB
[   12.332211] Internal error: synchronous external abort: 0000000096000210 [#1] PREEMPT SMP`,
  },
  {
    cause: 'container-node-missing',
    says: [/device plugin|CDI/],
    text: `$ kubectl exec -it inference-0 -- ls -l /dev/dma_heap
ls: cannot access '/dev/dma_heap': No such file or directory
$ kubectl exec -it inference-0 -- ls /sys/class/dma_heap
default_cma_region  system
$ ls -l /dev/dma_heap        # on the node
crw-rw---- 1 root video 248, 0 Feb  2 11:00 default_cma_region
crw-rw---- 1 root video 248, 1 Feb  2 11:00 system`,
  },
  {
    cause: 'CMA_AREA_NOT_ACTIVATED',
    says: [/zone/],
    text: `[    0.000000] Zone ranges:
[    0.000000]   DMA32    [mem 0x0000000040000000-0x00000000ffffffff]
[    0.000000]   Normal   [mem 0x0000000100000000-0x000000023fffffff]
[    0.318733] cma: CMA area linux,cma could not be activated
$ ls /dev/dma_heap
linux,cma  system
$ ./v4l2test
DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory`,
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [/DeviceAllow/],
    text: `mediad.service: [Service] DevicePolicy=closed
Mar 03 12:00:01 box mediad[312]: open("/dev/dma_heap/system"): Operation not permitted
$ ls -l /dev/dma_heap/system
crw-rw-rw- 1 root video 250, 1 Mar  3 11:59 /dev/dma_heap/system`,
  },
  {
    cause: 'MAC_DENIED',
    says: [/camerad/],
    text: `type=AVC msg=audit(1700000.1:99): avc:  denied  { ioctl } for  pid=900 comm="camerad" path="/dev/dma_heap/system" dev="tmpfs" ino=12 ioctlcmd=0x4800 scontext=u:r:camerad:s0 tcontext=u:object_r:dmabuf_heap_device:s0 tclass=chr_file permissive=0`,
  },
  {
    cause: 'kernel-too-old-ion',
    says: [/5\.6/],
    text: `$ uname -r
5.4.129-yocto-standard
$ zcat /proc/config.gz | grep -E 'DMABUF|ION'
# CONFIG_ION is not set
$ ls /dev/dma_heap
ls: cannot access '/dev/dma_heap': No such file or directory`,
  },
  {
    cause: 'CMA_FRAGMENTED',
    says: [/largest hole/],
    text: `[ 7211.100000] cma: cma_alloc: reserved: alloc failed, req-size: 2025 pages, ret: -16
[ 7211.100100] cma: number of available pages: 3@125+40@984+900@1500+1800@4096+1900@8192=>4643 free of 16384 total pages`,
  },
  {
    cause: 'PERM_DIRECTORY_OPEN',
    says: [/0755/],
    text: `$ ls -ld /dev/dma_heap
drwxrwxrwx 2 root root 80 Jan  1  1970 /dev/dma_heap
$ cat /etc/udev/rules.d/99-rockchip-permissions.rules
KERNEL=="dma_heap", MODE="0777"
RUN+="/bin/chmod -R a+rw /dev/dma_heap"`,
  },
  {
    cause: 'CMA_TOO_SMALL_FOR_BUDGET',
    says: [/79\.1 MiB/],
    text: `[    5.012345] cma: cma_alloc: linux,cma: alloc failed, req-size: 20250 pages, ret: -12
[    5.012351] rockchip-vop2 fe040000.vop: [drm] *ERROR* failed to alloc buffer
root@box:~# grep -i cma /proc/meminfo
CmaTotal:          65536 kB
CmaFree:           60012 kB`,
  },
];
