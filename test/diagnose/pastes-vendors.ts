/** Pastes of single boards that mix causes: vendors' names, cut logs, answers in two languages. */
import type { PasteCase } from './cases.js';

export const VENDOR_PASTES: readonly PasteCase[] = [
  {
    cause: 'HEAP_RENAMED',
    says: [/reserved|linux,cma/],
    text: `kria kr260, ubuntu 22.04 (5.15.0-1027-xilinx-zynqmp)
ubuntu@kria:~$ cat /proc/cmdline
 earlycon console=ttyPS1,115200 root=LABEL=writable rootwait cma=1000M uio_pdrv_genirq.of_id=generic-uio
ubuntu@kria:~$ sudo xlnx_app
[ERR] cannot open dma heap /dev/dma_heap/linux,cma (errno 2)
ubuntu@kria:~$ ls -l /dev/dma_heap/
total 0
crw------- 1 root root 248, 0 Mar  1 10:10 reserved`,
    never: [/mknod/],
  },
  {
    cause: 'CMA_DT_REJECTED_SPACE',
    says: [/alloc-ranges/],
    text: `[    0.000000] Machine model: Khadas VIM3
[    0.000000] efi: UEFI not found.
[    0.000000] OF: reserved mem: failed to allocate memory for node 'linux,cma'
[    0.000000] OF: reserved mem: 0x0000000005300000..0x00000000072fffff (32768 KiB) nomap non-reusable secmon@5300000
[    0.000000] cma: Reserved 64 MiB at 0x00000000f0000000
[    0.000000]   node   0: [mem 0x0000000000000000-0x00000000f4e5afff]
alloc-ranges is <0x0 0x05000000 0x0 0x05000000>, size 896M`,
  },
  {
    cause: 'DATA_CORRUPT',
    says: [/overlap|move|room/],
    text: `[    0.000000] OF: reserved mem: OVERLAP DETECTED!
               ramoops@110000 (0x0000000000110000--0x0000000000200000) overlaps with cma@100000 (0x0000000000100000--0x0000000004100000)
no heap for cma@100000`,
  },
  {
    cause: 'CMA_AREA_NOT_ACTIVATED',
    says: [/zone|RAM/],
    text: `riscv JH7110
[    0.000000] Reserved memory: created CMA memory pool at 0x00000000f0000000, size 512 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
[    0.000000] Zone ranges:
[    0.000000]   DMA32    [mem 0x0000000040000000-0x00000000ffffffff]
[    0.000000]   Normal   [mem 0x0000000100000000-0x000000023fffffff]
[    0.271170] cma: CMA area linux,cma could not be activated
CmaTotal: 0 kB? but heap linux,cma is there`,
  },
  {
    cause: 'area-across-numa',
    says: [/node/],
    text: `Kunpeng server, cma=4G@30G
[    0.000000]   node   0: [mem 0x0000000000000000-0x00000007ffffffff]
[    0.000000]   node   1: [mem 0x0000000800000000-0x0000000fffffffff]
[    0.000000] cma: Reserved 4096 MiB at 0x0000000780000000
[    0.40] cma: CMA area reserved could not be activated`,
  },
  {
    cause: 'gpu-mem-takes-low-ram',
    says: [/gpu_mem/],
    text: `Pi 3B, config.txt: 
gpu_mem=512
dtoverlay=vc4-kms-v3d,cma-384
[    0.000000] OF: reserved mem: failed to allocate memory for node 'linux,cma'
[    0.000000] Memory: 486412K/507904K available`,
  },
  {
    cause: 'holder-suspended',
    says: [/fg|CONT|kill/],
    text: `$ rpicam-vid -t 0 -o a.h264
^Z
[1]+  Stopped                 rpicam-vid -t 0 -o a.h264
$ rpicam-hello
[0:1:2] ERROR V4L2 v4l2_videodevice.cpp:1248 /dev/video0[16:cap]: Unable to request 4 buffers: Cannot allocate memory
CmaFree: 2104 kB`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [/free/],
    text: `# cat /sys/kernel/debug/dma_buf/bufinfo | tail -12
00008294400	00080002	00000007	00000002	vc4-drm	00012001	<none>
	Attached Devices:
Total 0 devices attached
Total 31 objects, 257126400 bytes
CmaTotal:         262144 kB
CmaFree:            4120 kB
new app: DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory`,
  },
  {
    cause: 'CMA_TOO_SMALL_FOR_BUDGET',
    says: [/enlarge/],
    text: `v4l2-ctl -d0 --set-fmt-video=width=4056,height=3040,pixelformat=RG12 --stream-mmap=8
VIDIOC_REQBUFS returned -1 (Cannot allocate memory)
CmaTotal:          65536 kB
CmaFree:           63112 kB`,
  },
  {
    cause: 'CMA_FRAGMENTED',
    says: [/contiguous/],
    text: `[72011.1] cma: __cma_alloc: default_cma_region: alloc failed, req-size: 8100 pages, ret: -12
[72011.1] cma: number of available pages: 1@3+44@100+6000@1000+7000@9000+5000@20000=> 18045 free of 65536 total pages
after 20 hours of start/stop cycles. 6.18`,
  },
  {
    cause: 'MEMORY_EXHAUSTED',
    says: [/system/],
    text: `[ 3021.2] python3: page allocation failure: order:4, mode:0x40dc0(GFP_KERNEL|__GFP_COMP|__GFP_ZERO)
[ 3021.2]  system_heap_allocate+0x11c/0x3a0
[ 3021.2] MemAvailable:       11020 kB`,
  },
  {
    cause: 'FD_LIMIT',
    says: [/LimitNOFILE/],
    text: `nvr.service: 32 cameras, after start:
[rkmpp] mpp_buffer_import: dup() failed: EMFILE
Max open files            1024                 524288               files
CmaFree:          801220 kB`,
  },
  {
    cause: 'FD_LIMIT',
    says: [/LimitNOFILE|ulimit/],
    text: `OSError: [Errno 24] Too many open files: '/dev/dma_heap/linux,cma'`,
  },
  {
    cause: 'UDMABUF_UNUSABLE',
    says: [/udmabuf|UDMABUF/],
    text: `QEMU virtio-gpu blob=true:
qemu-system-aarch64: -device virtio-gpu-gl,blob=true: cannot enable blob resources without udmabuf
ls: cannot access '/dev/udmabuf': No such file or directory`,
  },
  {
    cause: 'UDMABUF_UNUSABLE',
    says: [/seal|size_limit/],
    text: `ioctl(5, UDMABUF_CREATE, {memfd=4, flags=UDMABUF_FLAGS_CLOEXEC, offset=0, size=134217728}) = -1 EINVAL (Invalid argument)`,
  },
  {
    cause: 'PERM_OWNER_WRONG',
    says: [/owner/i],
    text: `crw------- 1 weston root 250, 0 Jul 2 12:00 /dev/dma_heap/linux,cma
gst (user kiosk): Failed to open /dev/dma_heap/linux,cma: Permission denied`,
  },
  {
    cause: 'PERM_GROUP_WRONG',
    says: [/GROUP/],
    text: `The profile says group video, but after the update:
crw-rw---- 1 root input 250, 0 Jul 2 12:00 /dev/dma_heap/linux,cma
uid=1000(kiosk) gid=1000(kiosk) groups=1000(kiosk),44(video)
kiosk: /dev/dma_heap/linux,cma: Permission denied`,
  },
  {
    cause: 'RULE_LATE',
    says: [/After=|device/],
    text: `journalctl -b -u frame-grabber
Nov 30 08:00:03 ipc frame-grabber[388]: [heap] open('/dev/dma_heap/linux,cma') -> EACCES
Nov 30 08:00:03 ipc systemd[1]: frame-grabber.service: Failed with result 'exit-code'.
Nov 30 08:00:08 ipc systemd[1]: frame-grabber.service: Scheduled restart job, restart counter is at 1.
Nov 30 08:00:08 ipc frame-grabber[455]: streaming
User=grab, in group video. crw-rw---- 1 root video 249, 1 Nov 30 08:00 /dev/dma_heap/linux,cma`,
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [/cdi|device plugin|CDI/],
    text: `apiVersion: v1
kind: Pod
spec:
  containers:
  - name: det
    volumeMounts:
    - { name: heap, mountPath: /dev/dma_heap }
  volumes:
  - name: heap
    hostPath: { path: /dev/dma_heap }
det: open /dev/dma_heap/system: operation not permitted`,
  },
  {
    cause: 'container-node-missing',
    says: [/--device|devices/],
    text: `docker run -it --rm --device /dev/video0 --device /dev/dri ghcr.io/x/gst:latest
root@4f1f2a9e9a01:/# gst-launch-1.0 ...
could not open /dev/dma_heap/linux,cma: No such file or directory
root@4f1f2a9e9a01:/# exit
pi@raspberrypi:~ $ ls /dev/dma_heap
linux,cma  system  vidbuf_cached`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `docker: Error response from daemon: error gathering device information while adding custom device "/dev/video10": no such file or directory.
ls /dev/dma_heap
linux,cma  system`,
  },
  {
    cause: 'HEAP_SUPPORT_MISSING',
    says: [/DMABUF_HEAPS/],
    text: `Ubuntu 22.04, kernel 5.15.0-91-generic arm64 on a Jetson Nano clone
$ ls /dev | grep dma
$ grep HEAP /boot/config-5.15.0-91-generic
# CONFIG_DMABUF_HEAPS is not set
rpicam: DmaBufAllocator: Could not open any dma-buf provider`,
  },
  {
    cause: 'HEAP_SUPPORT_MISSING',
    says: [/DMABUF_HEAPS/],
    text: `Hi, on mainline 6.1 with rock64:
/proc/config.gz says
CONFIG_DMABUF_HEAPS=y
# CONFIG_DMABUF_HEAPS_SYSTEM is not set
# CONFIG_DMABUF_HEAPS_CMA is not set
but there's no /dev/dma_heap directory. ls: cannot access '/dev/dma_heap': No such file or directory`,
  },
  {
    cause: 'MAC_DENIED',
    says: [/SELinux/],
    text: `type=AVC msg=audit(1732960000.123:551): avc:  denied  { read write } for  pid=2201 comm="gst-launch-1.0" name="linux,cma" dev="devtmpfs" ino=310 scontext=system_u:system_r:container_t:s0:c1,c2 tcontext=system_u:object_r:device_t:s0 tclass=chr_file permissive=0
podman run --device /dev/dma_heap/linux,cma ... -> Permission denied`,
    never: [/label=disable/],
  },
  {
    cause: 'CMA_NOT_CONFIGURED',
    says: [/CONFIG_CMA/],
    text: `$ zgrep -w -E 'CONFIG_(CMA|DMA_CMA|DMABUF_HEAPS_CMA)' /proc/config.gz
# CONFIG_CMA is not set
$ grep -i cma /proc/meminfo
$ ls /dev/dma_heap
system
GStreamer wants linux,cma`,
  },
  {
    cause: 'CMA_DISABLED_CMDLINE',
    says: [/cma=0/],
    text: `[    0.000000] Kernel command line: console=tty1 root=/dev/nvme0n1p2 cma=0M
[    0.000000] OF: reserved mem: bypass linux,cma node, using cmdline CMA params instead
CmaTotal:              0 kB`,
  },
  {
    cause: 'CMA_SIZE_MISMATCH',
    says: [/size/],
    text: `Profile: 256 MiB. On the board
CmaTotal:         327680 kB
What sets 320? dts of the vendor:
&{/reserved-memory/linux,cma} { size = <0x0 0x14000000>; };`,
  },
  {
    cause: 'CMA_DT_NODE_MISSING',
    says: [/overlay/],
    text: `armbianEnv.txt: user_overlays=cma-512
U-Boot:
Found U-Boot script /boot/boot.scr
** File not found /boot/overlay-user/cma-512.dtbo **
libfdt fdt_check_header(): FDT_ERR_BADMAGIC
Starting kernel ...`,
  },
  {
    cause: 'CMA_DT_NODE_MISSING',
    says: [/overlay/],
    text: `Raspberry Pi: sudo vclog --msg
001801.011: dtoverlay: 'cma-big' not found? Failed to load overlay 'cma-big'
002011.100: Loaded overlay 'vc4-kms-v3d'
CmaTotal: 65536 kB instead of 512M`,
  },
  {
    cause: 'healthy',
    says: [],
    text: `verifier output, is this fine?
dmaheap-verify 0.1.0 on 6.12.20 arm64
  PASS heap.linux,cma.node
  PASS heap.linux,cma.alloc
verdict: PASS (22 checks, 0 skipped)`,
  },
  {
    cause: 'healthy',
    says: [],
    text: `pi5 bookworm:
crw-rw---- 1 root video 252, 1 Nov 20 /dev/dma_heap/linux,cma
crw-rw---- 1 root video 252, 0 Nov 20 /dev/dma_heap/system
lrwxrwxrwx 1 root root 6 Nov 20 /dev/dma_heap/vidbuf_cached -> system
rpicam-vid runs with 50 fps, CmaTotal: 65536 kB CmaFree: 41012 kB. Just curious if 64 MB is enough`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `[   20.41] rockchip-dw-hdmi: EDID checksum invalid
screen stays black, decode works
CmaFree:          212044 kB
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Nov 20 12:00 system`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `python: ModuleNotFoundError: No module named 'libcamera'
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Nov 20 12:00 linux,cma`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `ffmpeg: [hevc_rkmpp @ 0x] Unknown encoder 'hevc_rkmpp'... Error selecting an encoder
ls /dev/dma_heap => cma system`,
  },
  { cause: 'undecided', says: [], text: `mpp_buffer_get failed, ret -1` },
  { cause: 'undecided', says: [], text: `DMA_HEAP_IOCTL_ALLOC failed: Invalid argument` },
  {
    cause: 'KERNEL_OUT_OF_RANGE',
    says: [/kernel/],
    text: `The expectation was generated for kernels 6.1..6.6 and the board runs 6.12; is a new profile needed?`,
  },
  {
    cause: 'ARCHITECTURE_DIFFERS',
    says: [/verify\.expect|expect/],
    text: `I copied verify.expect of the arm64 board to the armhf one; can the verifier tell? It runs on armv7l but the expectation has arch=arm64`,
  },
  { cause: 'PAGE_SIZE_DIFFERS', says: [/pageSize/], text: `verify: FAIL machine.page PAGE_SIZE_DIFFERS` },
  {
    cause: 'HEAP_UNEXPECTED',
    says: [/profile/],
    text: `After switching to 6.18 there is one more heap "camera-pool@60000000" that must not exist according to our profile`,
  },
  {
    cause: 'SYMLINK_WRONG_TARGET',
    says: [/alias|link/],
    text: `lrwxrwxrwx 1 root root 6 Apr 4 10:00 /dev/dma_heap/linux,cma -> system
[drm:drm_gem_cma_prime_import_sg_table] *ERROR* buffer is not contiguous`,
  },
  {
    cause: 'FOLKLORE_DMA_BUF_NODE',
    says: [/dma_heap/],
    text: `I followed a blog: sudo mknod /dev/dma_buf c 10 59 && chmod 666 /dev/dma_buf
libcamera: Could not open any dma-buf provider`,
  },
  {
    cause: 'kernel-too-old-ion',
    says: [/5\.6/],
    text: `Allwinner H3, 3.4.113 legacy kernel. ls /dev/dma_heap: No such file or directory. Is it possible to enable dma heaps there?`,
  },
  {
    cause: 'CMA_CMDLINE_FAILED',
    says: [/cma=/],
    text: `[    0.000000] cma: Failed to reserve 768 MiB
[    0.000000] Kernel command line: console=ttySTM0,115200 cma=768M root=/dev/mmcblk0p6
512 MB board`,
  },
  {
    cause: 'CMA_CMDLINE_FAILED',
    says: [/cma=/],
    text: `kernel: cma: Failed to reserve 2048 MiB on node -1
$ cat /proc/cmdline
root=/dev/sda1 cma=2G console=ttyS0
$ grep Cma /proc/meminfo
CmaTotal:              0 kB`,
  },
  {
    cause: 'LEAK_FD',
    says: [/close/],
    text: `lsof -p 812 | grep -c dmabuf  -> 312, one minute later 421, then 530. CmaFree shrinks too.`,
  },
  {
    cause: 'LATENCY_EXCEEDED',
    says: [/early|pool/],
    text: `ioctl(6, DMA_HEAP_IOCTL_ALLOC, {len=16588800}) = 0 <0.842113>`,
  },
  {
    cause: 'COHERENCY_UNTESTED',
    says: [/SYNC/],
    text: `花屏：CPU 写 dma-buf（system heap，cached），显示端偶尔看到旧数据，没有做 cache flush / sync`,
  },
  {
    cause: 'CMA_TRANSIENT_BUSY',
    says: [/retry/],
    text: `偶尔分配失败，重试就成功：
cma: cma_alloc: reserved: alloc failed, req-size: 506 pages, ret: -16`,
  },
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [/video/],
    text: `普通用户运行报错 /dev/dma_heap/system: 权限不够
crw-rw---- 1 root video 249, 0 8月 3 09:40 /dev/dma_heap/system
$ id
uid=1000(li) gid=1000(li) 组=1000(li),27(sudo)`,
  },
  {
    cause: 'CMA_DT_REJECTED_ALIGN',
    says: [/4 MiB|32 MiB/],
    text: `Pi 5 16K pages kernel, my overlay: size = <0x6000000>; alignment...
[    0.000000] OF: reserved mem: node linux,cma: Reserved memory: incorrect alignment of CMA region
getconf PAGESIZE
16384`,
  },
];
