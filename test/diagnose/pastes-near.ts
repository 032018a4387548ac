/** What breaks near heaps, and what builds and boards say of options, names and arguments. */
import type { PasteCase } from './cases.js';

export const NEAR_PASTES: readonly PasteCase[] = [
  {
    cause: 'HEAP_RENAMED',
    says: [/KERNEL=="reserved", OPTIONS\+="string_escape=none", SYMLINK\+="dma_heap\/linux,cma"/, /or from cma=/],
    text: `crw-rw---- 1 root video 252, 0 Jan  1 00:00 reserved
open /dev/dma_heap/linux,cma failed: No such file or directory`,
  },
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [/udev made linux_cma/, /OPTIONS\+="string_escape=none", SYMLINK/],
    text: `# ls -l /dev/dma_heap
crw-rw---- 1 root video 252, 0 Jan  1 00:00 reserved
lrwxrwxrwx 1 root root       8 Jan  1 00:00 linux_cma -> reserved
# v4l2-player
cannot open /dev/dma_heap/linux,cma: No such file or directory`,
  },
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [/udev made npu_0/],
    text: `/dev/dma_heap:
total 0
crw-rw---- 1 root video 251, 0 Dec  1 09:00 default_cma_region
lrwxrwxrwx 1 root root      18 Dec  1 09:00 npu_0 -> default_cma_region
rknn_init: open("/dev/dma_heap/npu,0") = -1 ENOENT (No such file or directory)`,
  },
  {
    cause: 'CMA_NOT_CONFIGURED',
    says: [/DMA_CMA/],
    text: `.config:4471:warning: override: reassigning to symbol DMABUF_HEAPS
WARNING: unmet direct dependencies detected for DMABUF_HEAPS_CMA
  Depends on [n]: DMABUF_HEAPS [=y] && DMA_CMA [=n]
the heap is missing on the board`,
  },
  {
    cause: 'CONFIG_DIFFERS',
    says: [/DMABUF_HEAPS && DMA_CMA/],
    text: `WARNING: linux-yocto-6.12.30+git-r0 do_kernel_configcheck: [kernel config]: specified values did not make it into the kernel's final configuration:
[NOTE]: 'CONFIG_DMABUF_HEAPS_CMA' last val (y) and .config val (n) do not match
[INFO]: CONFIG_DMABUF_HEAPS_CMA : n
[INFO]: raw config text:
        config DMABUF_HEAPS_CMA
                bool "DMA-BUF CMA Heap"
                depends on DMABUF_HEAPS && DMA_CMA`,
  },
  {
    cause: 'CONFIG_DIFFERS',
    says: [],
    text: `NOTE: Kernel fragment: requested CONFIG_DMABUF_HEAPS_CMA=y not in final .config
Actual value: `,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `[   77.231] mmc0: swiotlb buffer is full (sz: 262144 bytes), total 32768 (slots), used 144 (slots)
[   77.231] sdhci-esdhc 30b50000.mmc: swiotlb buffer is full`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `[ 3391.0] kworker/u8:2: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null),cpuset=/,mems_allowed=0
[ 3391.0] brcmfmac: brcmf_sdiod_sgtable_alloc
[ 3391.0] Mem-Info:`,
  },
  {
    cause: 'MEMORY_EXHAUSTED',
    says: [],
    text: `[ 901.1] gst-launch-1.0 invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP), order=0
[ 901.1]  dma_heap_buffer_alloc+0x44/0x90
[ 901.1]  system_heap_allocate+0x110/0x3a0
[ 901.1] Out of memory: Killed process 733 (gst-launch-1.0)`,
  },
  {
    cause: 'not-ours',
    says: [/anon-rss/],
    text: `[ 77001.1] Out of memory: Killed process 4122 (node) total-vm:22000000kB, anon-rss:3100000kB
my web app dies every night`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [],
    text: `rga_mm: RGA_MMU unsupported memory larger than 4G!
rga_job: src0 channel map job buffer failed`,
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [],
    text: `mpp[1022]: mpp_dma_heap: open dma_heap system-uncached failed!
mpp[1022]: mpp_allocator: os_allocator_open failed
$ uname -r
6.12.10-edge-rockchip64
$ ls /dev/dma_heap
default_cma_region  system`,
  },
  {
    cause: 'CMA_TOO_SMALL_FOR_BUDGET',
    says: [],
    text: `[  55.2] cma: cma_alloc: linux,cma: alloc failed, req-size: 8910 pages, ret: -12
ERROR: *** failed to allocate capture buffers ***
CmaTotal: 65536 kB
CmaFree: 61200 kB
rpicam-still with IMX708 64MP`,
  },
  {
    cause: 'CMA_FRAGMENTED',
    says: [],
    text: `[ 455.0] cma: cma_alloc: linux,cma: alloc failed, req-size: 2025 pages, ret: -12
[ 455.0] cma: number of available pages: 1600@13+1200@4244+1700@11000+1100@19000=> 5600 free of 65536 total pages
CmaTotal: 262144 kB`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `libva error: /usr/lib/dri/rockchip_drv_video.so init failed
eglCreateImageKHR: EGL_BAD_MATCH, modifier 0x0800000000000021 not supported`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `ffmpeg: /dev/shm/frame: Bus error
shm size 64M in docker frigate, increase shm_size`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `$ cat /sys/kernel/debug/dma_buf/bufinfo
cat: /sys/kernel/debug/dma_buf/bufinfo: Permission denied`,
  },
  {
    cause: 'kernel-too-old-ion',
    says: [],
    text: `I cannot find DMA-BUF heaps in menuconfig. kernel 4.19.193 rockchip`,
  },
  {
    cause: 'not-ours',
    says: [/length is 0/],
    text: `openat(AT_FDCWD, "/dev/dma_heap/system", O_RDONLY) = 5
ioctl(5, DMA_HEAP_IOCTL_ALLOC, {len=0, fd_flags=O_RDWR|O_CLOEXEC}) = -1 EINVAL (Invalid argument)`,
  },
  {
    cause: 'not-ours',
    says: [/heap_flags/],
    text: `ioctl(5, DMA_HEAP_IOCTL_ALLOC, {len=4096, fd_flags=O_RDWR|O_CLOEXEC, heap_flags=0x1}) = -1 EINVAL (Invalid argument)
our port from ION passes ION_FLAG_CACHED`,
  },
  {
    cause: 'CMA_SIZE_MISMATCH',
    says: [/512 MiB/, /last one wins/],
    text: `config.txt:
dtoverlay=vc4-kms-v3d,cma-512
dtoverlay=vc4-kms-v3d
$ grep Cma /proc/meminfo
CmaTotal:         262144 kB
why not 512?`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `mpp[61]: mpp_serivce_dev: open mpp_service failed
/dev/mpp_service: Permission denied
$ ls -l /dev/dma_heap /dev/mpp_service
/dev/mpp_service: crw------- 1 root root 241, 0 mpp_service
/dev/dma_heap:
crw-rw-rw- 1 root video 249, 0 system`,
  },
  {
    cause: 'undecided',
    says: [],
    never: [/retry/],
    text: `Is there a kernel parameter to enlarge /dev/dma_heap/system? I get ENOMEM sometimes.`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `ffmpeg: Failed to initialise VAAPI connection: -1 (unknown libva error).
Device creation failed: -5.
/dev/dri/renderD128 permission ok`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `ffmpeg[22]: /dev/dri/renderD128: Permission denied
jellyfin in docker
ls -l /dev/dma_heap: crw-rw---- 1 root video 250,0 system`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [],
    text: `[  33.1] imx-pxp 20e4000.pxp: overflow 0x0000000140000000+8294400 of DMA mask ffffffff bus limit 0
[  33.1] failed to map dmabuf from /dev/dma_heap/system`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `type=AVC msg=audit(1700000000.1:22): avc:  denied  { open } for  pid=900 comm="cam" path="/dev/dma_heap/system" dev="devtmpfs" ino=12 scontext=system_u:system_r:cam_t:s0 tcontext=system_u:object_r:device_t:s0 tclass=chr_file permissive=1
captured 100 frames
$ getenforce
Permissive`,
  },
  {
    cause: 'CMA_DT_NODE_MISSING',
    says: [],
    text: `failed on fdt_overlay_apply(): FDT_ERR_NOSPACE
Starting kernel ...
# ls /proc/device-tree/reserved-memory
optee@be000000`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `dbus: Failed to connect to bus: No medium found
pipewire: error
CmaTotal: 262144 kB
CmaFree: 255000 kB
crw-rw---- 1 root video 250, 1 Jan 1 00:00 /dev/dma_heap/linux,cma`,
  },
  {
    cause: 'RULE_NOT_APPLIED',
    says: [],
    text: `systemd-udevd[201]: /etc/udev/rules.d/99-heap.rules:1 Invalid key/value pair, ignoring.
$ cat /etc/udev/rules.d/99-heap.rules
SUBSYSTEM=="dma_heap" GROUP="video" MODE="0660
$ ls -l /dev/dma_heap
crw------- 1 root root 250, 0 Jan  1 1970 system`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `recvmsg: MSG_CTRUNC, passing 254 dmabuf fds: Too many references: cannot splice (ETOOMANYREFS)`,
  },
  {
    cause: 'undecided',
    says: [/denied: dmesg\.txt, \/proc\/iomem/, /sudo dmaheap-verify --collect/],
    text: `taken /proc/meminfo
denied dmesg.txt
denied /proc/iomem
taken ls-dev-dma_heap.txt
the second camera does not get its memory`,
  },
  // The heap of a pool has the name of its node, with the unit address.
  {
    cause: 'HEAP_RENAMED',
    says: [/KERNEL=="isp@88000000", SYMLINK\+="dma_heap\/isp"/],
    never: [/default_cma_region/],
    text: `$ ./isp
isp: cannot open /dev/dma_heap/isp: No such file or directory
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Mar  9 12:00 default_cma_region
crw-rw---- 1 root video 250, 1 Mar  9 12:00 isp@88000000
crw-rw---- 1 root video 250, 2 Mar  9 12:00 system`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/npu@a0000000 or npu@b0000000/],
    never: [/KERNEL==/],
    text: `open("/dev/dma_heap/npu", O_RDWR) = -1 ENOENT (No such file or directory)
# ls /dev/dma_heap
default_cma_region  npu@a0000000  npu@b0000000  system`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/frames@48000000/],
    text: `Linux version 7.0.4
OF: reserved mem: 0x0000000048000000..0x000000004bffffff (65536 KiB) map reusable frames@48000000
grabber: open /dev/dma_heap/frames: No such file or directory`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/for the default area only/, /from 6\.19 on/],
    text: `# uname -r
6.6.40
# ls /dev/dma_heap
linux,cma  system
# ls /proc/device-tree/reserved-memory
linux,cma  radar@48000000
radar: open /dev/dma_heap/radar: No such file or directory`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/for every reusable pool that it can use/],
    never: [/newer kernel|linux,cma-default/],
    text: `# ls /dev/dma_heap
camera@50000000  default_cma_region  system
# ls /proc/device-tree/reserved-memory
camera@50000000  linux,cma  radar@48000000
radar: open /dev/dma_heap/radar: No such file or directory`,
  },
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [/does not show which heap the name means/],
    never: [/KERNEL=="(?!HEAP)/],
    text: `# ls /dev/dma_heap
camera@50000000  default_cma_region  system
radar: open /dev/dma_heap/radar: No such file or directory`,
  },
  // Words behind "dma heap" that are not names.
  ...[
    'ERROR: cannot open dma-heap node for the encoder',
    'failed to open the dma_heap backend: No such file or directory',
    'mpp_dma_heap: os_allocator_dma_heap_open open dma heap type 5 failed!',
    'camd: could not find dma heap support in this image',
    'unable to open dma_heap while the pool was created',
  ].map((line) => ({
    cause: 'undecided',
    says: [/strace/],
    text: `${line}\n$ ls /dev/dma_heap\nlinux,cma  system`,
  })),
  {
    cause: 'HEAP_ABSENT',
    says: [/makes only linux,cma\b(?!,)/],
    text: `$ ls -l /dev/dma_heap
total 0
crw-rw---- 1 root video 251, 0 Jun 25 05:41 linux,cma
my board runs buildroot
open /dev/dma_heap/system: No such file or directory
# CONFIG_DMABUF_HEAPS_SYSTEM is not set`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/CONFIG_DMABUF_HEAPS_SYSTEM/, /modprobe system_heap/],
    never: [/reserved-memory/],
    text: `weston[410]: open /dev/dma_heap/system: No such file or directory
# ls /dev/dma_heap
default_cma_region  linux,cma`,
  },
  // What is free after a failure was not free at it.
  {
    cause: 'undecided',
    says: [/buffers were probably freed since/, /grep -A1 'alloc failed'/],
    text: `[ 812.4] cma: cma_alloc: linux,cma: alloc failed, req-size: 2025 pages, ret: -12
[ 812.4] encoder0: frame buffer allocation failed
$ grep Cma /proc/meminfo
CmaTotal: 131072 kB
CmaFree: 128400 kB`,
  },
  {
    cause: 'undecided',
    says: [/moment of reading/],
    text: `[ 91.2] cma: cma_alloc: reserved: alloc failed, req-size: 6000 pages, ret: -12
CmaTotal: 327680 kB
CmaFree: 100000 kB`,
  },
  {
    cause: 'CMA_FRAGMENTED',
    says: [],
    text: `[ 91.2] cma: cma_alloc: reserved: alloc failed, req-size: 6000 pages, ret: -12
CmaTotal: 327680 kB
CmaFree: 100000 kB
every later attempt fails with the same line`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [/9000 kB/],
    never: [/several/],
    text: `[ 22.7] cma: cma_alloc: linux,cma: alloc failed, req-size: 3600 pages, ret: -12
CmaTotal: 32768 kB
CmaFree: 9000 kB`,
  },
  {
    cause: 'undecided',
    says: [/borrowed/, /not a fault/],
    text: `MemTotal: 1926412 kB
MemAvailable: 1400000 kB
CmaTotal: 196608 kB
CmaFree: 120 kB
two cameras stream all day, is this value ok`,
  },
  // Numbers of groups, and groups that do not count in a container.
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [/not a member of render/],
    text: `# ls -ln /dev/dma_heap
crw-rw---- 1 0 105 250, 0 Jan  5 09:00 linux,cma
$ getent group render
render:x:105:
$ id
uid=1000(kai) gid=1000(kai) groups=1000(kai),44(video)
kai: open /dev/dma_heap/linux,cma: Permission denied`,
  },
  {
    cause: 'undecided',
    says: [/what else can refuse/],
    text: `$ ls -ln /dev/dma_heap
crw-rw---- 1 0 27 250, 0 Jan  5 09:00 system
$ id
uid=1001(op) gid=1001(op) groups=1001(op),27(plugdev)
op: open /dev/dma_heap/system: Permission denied`,
  },
  {
    cause: 'PERM_DEFAULT_0600',
    says: [/GROUP="video"/],
    text: `$ ls -ln /dev/dma_heap
crw------- 1 0 0 250, 0 Jan  5 09:00 system
$ ./app
open /dev/dma_heap/system: Permission denied`,
  },
  {
    cause: 'PERM_GROUP_WRONG',
    says: [/mtk_mm belongs to root root with mode 0660/],
    text: `MtkAllocator: failed to open mtk_mm: Permission denied
$ ls -l /dev/dma_heap/
crw-rw---- 1 root root 240, 1 Jan  1 00:00 mtk_mm
crw-rw---- 1 root root 240, 0 Jan  1 00:00 system
$ id
uid=1005(cam) gid=1005(cam) groups=1005(cam),24(cdrom)`,
  },
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [/--group-add 109/, /do not count in the container/],
    never: [/usermod/],
    text: `services:
  nvr:
    image: nvr
    user: "1000:1000"
    devices:
      - /dev/dma_heap:/dev/dma_heap
nvr | open /dev/dma_heap/system: Permission denied
$ getent group video
video:x:109:pi
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Jan  5 09:00 system`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `$ docker run --user 1000:44 --device /dev/dma_heap/system app
app: open /dev/dma_heap/system: Permission denied
$ ls -ln /dev/dma_heap
crw-rw---- 1 0 44 250, 0 Jan  5 09:00 system`,
  },
  // A list of names, of which one is found.
  ...[
    'app: opened /dev/dma_heap/system',
    'libheap: falling back to heap "system"',
    'INFO selected /dev/dma_heap/default_cma_region',
    'stats: 29.97 fps',
  ].map((line) => ({
    cause: 'undecided',
    also: ['healthy'],
    says: [],
    text: `app: cannot open /dev/dma_heap/frames@80000000: No such file or directory
${line}
$ ls /dev/dma_heap
default_cma_region  system`,
  })),
  {
    cause: 'healthy',
    says: [/do not link this name/],
    text: `libcamera: Failed to open /dev/dma_heap/reserved: No such file or directory
libcamera: Using /dev/dma_heap/system
cam1: 59.94 fps
$ ls /dev/dma_heap
system`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [],
    text: `app: using heap linux,cma failed: open /dev/dma_heap/linux,cma: No such file or directory
we need 30.0 fps
$ ls /dev/dma_heap
system`,
  },
  // The kernel of the vendor runs, without this heap; or that of another vendor.
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/Such a kernel runs here \(system-dma32\)/],
    never: [/run Rockchip/],
    text: `mpp: open /dev/dma_heap/cma-uncached: No such file or directory
# ls /dev/dma_heap
system  system-dma32`,
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/no node for this carveout/, /ls \/proc\/device-tree\/reserved-memory/],
    never: [/run TI/],
    text: `$ ls -l /dev/dma_heap
crw------- 1 root root 245, 2 Jan  1 00:00 carveout_edgeai_shared-memories
crw------- 1 root root 245, 0 Jan  1 00:00 linux,cma
ERROR: can't open /dev/dma_heap/carveout_radar_memory: No such file or directory`,
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/build of the program for this board/],
    never: [/run MediaTek/],
    text: `open /dev/dma_heap/mtk_mm: No such file or directory
# ls /dev/dma_heap
qcom,display  qcom,system  system`,
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/Android's common kernels/],
    never: [/Rockchip/],
    text: `# uname -r
6.1.75-android14-11-g1a2b3c
camera-hal: open /dev/dma_heap/system-uncached: No such file or directory
# ls /dev/dma_heap
system`,
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/Rockchip/],
    text: `rkmpp: open /dev/dma_heap/system-uncached: No such file or directory
# uname -r
6.12.20
# ls /dev/dma_heap
default_cma_region  system`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/above 4 GiB/, /system-uncached-dma32, which this board lists/],
    never: [/\breserved\b/],
    text: `[  12.4] rga_mm: RGA_MMU unsupported memory larger than 4G!
[  12.4] rga_job: submit failed!
# ls /dev/dma_heap
cma  system  system-uncached  system-uncached-dma32`,
  },
];
