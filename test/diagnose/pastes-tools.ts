/** Pastes that are mostly the output of tools and programs: syslog, logcat, strace, inspect, terminals with colours. */
import type { PasteCase } from './cases.js';

const ESC = String.fromCharCode(27);

export const TOOL_PASTES: readonly PasteCase[] = [
  {
    cause: 'IMPORT_REFUSED',
    says: [/contiguous/],
    text: `2026-03-02T10:11:12+01:00 nvr kernel: vb2_dc_map_dmabuf: contiguous chunk is too small 4096/3110400 b
2026-03-02T10:11:12+01:00 nvr gst-launch[811]: ERROR: from element /GstPipeline:pipeline0/v4l2h264enc:enc: Failed to allocate required memory... no, QBUF of fd 31 from dma_heap/system`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/CMA/],
    text: `kmscube on STM32MP135, buffer allocated from /dev/dma_heap/system:
DRM_IOCTL_PRIME_FD_TO_HANDLE failed: Invalid argument
failed to add fb`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/contiguous|reach/],
    text: `[10:02:11.441] libEGL: eglCreateImageKHR failed with EGL_BAD_ALLOC
[10:02:11.441] weston: linux-dmabuf import of 1920x1080 NV12 failed, heap /dev/dma_heap/linux,cma stride 1920 should be 2048`,
  },
  {
    cause: 'LATENCY_EXCEEDED',
    says: [/early|pool/],
    text: `perf trace:
   0.000 (2210.221 ms): cam/901 ioctl(fd: 9, cmd: DMA_HEAP_IOCTL_ALLOC, arg: 0x7ffe) = 0
The first preview takes more than 2 seconds because of this allocation from linux,cma. It always succeeds.`,
  },
  {
    cause: 'LATENCY_EXCEEDED',
    says: [/migrat|borrowed/],
    text: `mtk 4.14. After copying a large file over samba each allocation of 12 MB in the cma heap takes 600-900 ms, directly after boot 3 ms. Never an error.`,
  },
  {
    cause: 'LEAK_CMA',
    says: [/bufinfo|attach/],
    text: `# for i in 1 2 3 4; do ./encoder -n 100; grep CmaFree /proc/meminfo; done
CmaFree:          412672 kB
CmaFree:          372112 kB
CmaFree:          331204 kB
CmaFree:          290108 kB
# lsof | grep dmabuf
#`,
  },
  {
    cause: 'LEAK_CMA',
    says: [/driver|attach/],
    text: `We kill the camera process and its CMA memory is still in use, nobody has a dmabuf fd open any more (checked /proc/*/fd). Only a reboot frees it. rkisp 5.10.`,
  },
  {
    cause: 'LEAK_FD',
    says: [/close/],
    text: `After a few hours ls /proc/771/fd | grep -c dmabuf shows 900 and rising; my Python code calls heap.alloc() per frame and munmaps it.`,
  },
  {
    cause: 'FD_LIMIT',
    says: [/LimitNOFILE|ulimit/],
    text: `E/GraphicBufferAllocator( 412): DMA_HEAP_IOCTL_ALLOC failed: Too many open files
I/init: ulimit -n 1024`,
  },
  {
    cause: 'NOT_ZEROED',
    says: [/vendor|clear/],
    text: `test: alloc 1 MiB from /dev/dma_heap/cma-uncached, mmap, check memory: 1023 of 1024 KiB are non-zero bytes in a new buffer (looks like old video frames of another app).`,
  },
  {
    cause: 'DATA_CORRUPT',
    says: [/reserv|owner/],
    text: `[  91.22] BUG: Bad page state in process kswapd0  pfn:9a044
frames in the dma-buf are overwritten with something; the DSP uses 0x9a000000-0x9affffff according to its linker script, the CMA area is 0x98000000-0x9fffffff`,
  },
  {
    cause: 'NOT_CONTIGUOUS',
    says: [/CMA/],
    text: `The FPGA DMA needs one segment, dma_map_sgtable() of a buffer of heap "reserved" returns 12 segments. Why is CMA memory not physically contiguous?`,
  },
  {
    cause: 'NOT_FROM_CMA',
    says: [/alias|link/],
    text: `cat /sys/kernel/mm/cma/linux,cma/alloc_pages_success
0
I have allocated 20 buffers from /dev/dma_heap/linux,cma and the counter stays 0, CmaFree does not change.`,
  },
  {
    cause: 'COHERENCY_UNTESTED',
    says: [/device/],
    text: `dmaheap-verify says
  WARN buffer.sync COHERENCY_UNTESTED
what should I do about that?`,
  },
  {
    cause: 'COHERENCY_UNTESTED',
    says: [/SYNC/],
    text: `CPU writes the frame into a cached system heap buffer, the display shows random old lines for some ms. When I flush caches by hand it is fine. DMA_BUF_IOCTL_SYNC returns 0.`,
  },
  {
    cause: 'LEN_TRUNCATED',
    says: [/4 GiB/],
    text: `armhf: {len=5368709120, fd_flags=O_RDWR|O_CLOEXEC} -> fd 4, lseek(4, 0, SEEK_END) = 1073741824`,
  },
  {
    cause: 'MEMCG_CHARGED',
    says: [/mem_accounting|MemoryMax/],
    text: `# cat /proc/cmdline
console=ttyS0 root=/dev/vda dma_heap.mem_accounting=1
# systemctl status infer
     Active: failed (Result: oom-kill)
     Memory: 511.9M (max: 512.0M)
infer uses 600 MB of system heap buffers. Works without the unit.`,
  },
  {
    cause: 'MEMORY_EXHAUSTED',
    says: [/system heap|fewer/],
    text: `DMA_HEAP_IOCTL_ALLOC of 268435456 from /dev/dma_heap/system: Cannot allocate memory
$ free -m
               total        used        free      shared  buff/cache   available
Mem:             984         951          11           2          40          12
Swap:              0           0           0`,
  },
  {
    cause: 'CMA_TOTAL_AMBIGUOUS',
    says: [/CMA_SYSFS/],
    text: `verify: WARN cma.total CMA_TOTAL_AMBIGUOUS CmaTotal 417792 kB`,
  },
  {
    cause: 'CMA_TOTAL_AMBIGUOUS',
    says: [/sum/],
    text: `CmaTotal is 384 MB but my area has 256 MB. What is the other 128?
[    0.000000] hugetlb_cma: reserve 128 MiB, up to 128 MiB per node
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000070000000, size 256 MiB`,
  },
  {
    cause: 'CMA_SIZE_MISMATCH',
    says: [/CMA_SIZE_PERCENTAGE|CMA_SIZE/],
    text: `I configured 256 MB of CMA on x86 and get
CmaTotal:         819200 kB
# CONFIG_CMA_SIZE_SEL_MBYTES is not set
CONFIG_CMA_SIZE_SEL_PERCENTAGE=y
CONFIG_CMA_SIZE_PERCENTAGE=10`,
  },
  {
    cause: 'CMA_FALLBACK_KCONFIG',
    says: [/fell back|fallback/i],
    text: `[    0.000000] cma: Reserved 64 MiB at 0x00000000fc000000 on node -1
$ cat /proc/cmdline
console=ttymxc0 root=/dev/mmcblk1p2
In our dts:
	linux,cma {
		compatible = "shared-dma-pool";
		reusable;
		size = <0 0x18000000>;
		linux,cma-default;
	};
The heap is called reserved and only 64 MiB big. CONFIG_CMA_SIZE_MBYTES=64`,
  },
  {
    cause: 'CMA_DT_REJECTED_SLOTS',
    says: [/CMA_AREAS/],
    text: `${ESC}[0;32m[    0.000000]${ESC}[0m cma: Not enough slots for CMA reserved regions!\r
[    0.000000] Reserved memory: unable to setup CMA region\r
[    0.000000] OF: reserved mem: node pool8 compatible matching fail\r`,
  },
  {
    cause: 'CMA_DISABLED_CMDLINE',
    says: [/cma=0/],
    text: `# cat /proc/cmdline
BOOT_IMAGE=/Image root=/dev/sda2 ro cma=0 quiet
# ls /dev/dma_heap
system`,
  },
  {
    cause: 'UDEV_PENDING',
    says: [/settle|wait/],
    text: `Nov 30 10:00:02 board dmaheap-verify[210]: WARN heap.linux,cma.access UDEV_PENDING udev has not handled this node yet`,
  },
  {
    cause: 'RULE_LATE',
    says: [/device/],
    text: `[Unit]
Description=viewer
[Service]
ExecStart=/usr/bin/viewer
User=viewer
ExecStartPre=/bin/sleep 5

Without the sleep 5: "open /dev/dma_heap/linux,cma: Permission denied" at boot, with it it works.
crw-rw---- 1 root video 250, 0 Jan  1 00:00 /dev/dma_heap/linux,cma
uid=800(viewer) gid=800(viewer) groups=800(viewer),44(video)`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/DMABUF_HEAPS_SYSTEM/],
    text: `# CONFIG_DMABUF_HEAPS_SYSTEM is not set
CONFIG_DMABUF_HEAPS_CMA=y
ls /dev/dma_heap
linux,cma
[E] vulkan-wsi: open /dev/dma_heap/system: ENOENT`,
  },
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [/SYMLINK/],
    text: `E  rpicam-apps: open("/dev/dma_heap/vidbuf_cached"): No such file or directory
E  rpicam-apps: failed to allocate capture buffers
$ ls /dev/dma_heap
linux,cma system
(Buildroot on a Pi Zero 2, eudev)`,
  },
  {
    cause: 'PERM_WORLD_ACCESS',
    says: [/group/],
    text: `crw-rw-rw- 1 root root 250, 0 Mar  9 12:00 /dev/dma_heap/system
crw-rw-rw- 1 root root 250, 1 Mar  9 12:00 /dev/dma_heap/linux,cma
everything works. The auditor asks whether that is safe`,
  },
  {
    cause: 'PERM_DIRECTORY_OPEN',
    says: [/0755/],
    text: `rc.local of the image: chmod 777 /dev/dma_heap
works. ok?`,
  },
  {
    cause: 'USER_MISSING',
    says: [/user/],
    text: `systemd-udevd[144]: /etc/udev/rules.d/70-dmaheap.rules:1 Failed to resolve user 'camera', ignoring: Unknown user
crw-rw---- 1 root video 247, 0 May 1 10:00 /dev/dma_heap/system`,
  },
  {
    cause: 'CMA_DT_NOT_REUSABLE',
    says: [/reusable/],
    text: `$ ls /proc/device-tree/reserved-memory/video-pool@a0000000/
alignment  compatible  name  phandle  reg
$ tr -d '\\0' < /proc/device-tree/reserved-memory/video-pool@a0000000/compatible
shared-dma-pool
No heap video-pool@a0000000 on 6.18`,
  },
  {
    cause: 'CMA_AREA_NOT_ACTIVATED',
    says: [/zone|border/],
    text: `<3>[    0.118911] cma: CMA area cma@f8000000 could not be activated
<6>[    0.000000]   DMA32    [mem 0x0000000080000000-0x00000000ffffffff]
<6>[    0.000000]   Normal   [mem 0x0000000100000000-0x000000017fffffff]
<6>[    0.000000] OF: reserved mem: 0x00000000f8000000..0x0000000107ffffff (262144 KiB) map reusable cma@f8000000
ioctl(DMA_HEAP_IOCTL_ALLOC): Cannot allocate memory`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/reserved/],
    text: `gst-launch-1.0 v4l2src ! ... ! waylandsink
0:00:01.1 ERROR dmaheap gstdmaheap.c: open(/dev/dma_heap/linux,cma): No such file or directory
root@imx93:~# ls -1 /dev/dma_heap/
reserved
system
root@imx93:~# uname -r
6.1.36`,
  },
  {
    cause: 'container-node-missing',
    says: [/AddDevice|--device/],
    text: `[Container]
Image=docker.io/blakeblackshear/frigate:stable
AddDevice=/dev/dri/renderD128
# podman exec systemd-frigate ls /dev/dma_heap
ls: cannot access '/dev/dma_heap': No such file or directory
# ls /dev/dma_heap
linux,cma system`,
  },
  {
    cause: 'container-node-missing',
    says: [/flatpak/],
    text: `$ flatpak run org.gnome.Snapshot
** (snapshot:2): WARNING: libcamera: DmaBufAllocator: Could not open any dma-buf provider
$ ls -l /dev/dma_heap
crw-rw----+ 1 root video 250, 0 Nov 2 10:00 system`,
  },
  {
    cause: 'container-node-missing',
    says: [/BindPaths|DeviceAllow|PrivateDevices/],
    text: `systemd unit with PrivateDevices=yes
camsvc[912]: /dev/dma_heap/system: No such file or directory
on the shell: ls /dev/dma_heap -> linux,cma system`,
    also: ['CGROUP_DEVICE_DENIED', 'CONTAINER_DEVICE_MISSING'],
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [/device/],
    text: `$ docker inspect frigate | jq '.[0].HostConfig | {Binds,Devices}'
{
  "Binds": [ "/dev/dma_heap:/dev/dma_heap:rw", "/opt/frigate:/config:rw" ],
  "Devices": [ { "PathOnHost": "/dev/dri", "PathInContainer": "/dev/dri", "CgroupPermissions": "rwm" } ]
}
frigate | mpp_dma_heap: open /dev/dma_heap/system failed: Operation not permitted`,
  },
  {
    cause: 'MAC_DENIED',
    says: [/seccomp|filter/],
    text: `audit: type=1326 audit(1700000000.1:44): auid=4294967295 uid=1000 pid=998 comm="ThreadPoolForeg" exe="/usr/lib/chromium/chromium" sig=31 arch=c00000b7 syscall=29 compat=0 ip=0x7f code=0x80000000
chromium: the video decoder process dies when it calls ioctl on /dev/dma_heap/system`,
  },
  {
    cause: 'healthy',
    says: [],
    text: `Nov 30 09:01:00 board kernel: OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
Nov 30 09:01:00 board kernel: Reserved memory: created CMA memory pool at 0x00000000b0000000, size 256 MiB
Nov 30 09:01:09 board systemd[1]: Started Camera.
Nov 30 09:01:11 board camera[410]: capturing 1920x1080 at 30 fps
Is there anything to improve?`,
  },
  {
    cause: 'healthy',
    says: [],
    text: `# cma: alloc test on the new board
cma: Reserved 64 MiB at 0xf8000000
CmaTotal:          65536 kB
CmaFree:           61440 kB
4 buffers of 3 MiB allocated: ok: fd 3, 4, 5, 6
all 120 frames captured, no errors`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `gst-launch-1.0 libcamerasrc ! x264enc ! fakesink
WARNING: erroneous pipeline: no element "libcamerasrc"
$ ls /dev/dma_heap
linux,cma  system`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `[    3.11] ov5647 10-0036: ov5647_read: i2c write error, reg: 300a
[    3.12] ov5647: probe of 10-0036 failed with error -5
[0:00:32.1] ERROR: *** no cameras available ***
crw-rw---- 1 root video 250, 1 Nov 20 12:00 /dev/dma_heap/linux,cma`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `vlc: [0000aaaad8] main decoder error: buffer deadlock prevented
[   55.2] v3d fec00000.gpu: MMU error from client L2T (0) at 0xc41000, pte invalid
CmaFree:          400112 kB of 524288`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `npu: rknn_init failed, ret=-6, Invalid RKNN model version 6
driver version: 0.9.8
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 249, 0 Nov 20 12:00 system`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `[  100.4] mmc0: error -110 whilst initialising SD card
[  101.1] EXT4-fs (mmcblk1p2): I/O error while writing superblock
[  101.2] EXT4-fs (mmcblk1p2): Remounting filesystem read-only
camera recording stops`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `ffmpeg -f v4l2 -i /dev/video0 out.mp4
[video4linux2,v4l2 @ 0x55] Cannot open video device /dev/video0: No such file or directory
/dev/video0: No such file or directory
$ ls /dev/dma_heap
default_cma_region  system`,
  },
  {
    cause: 'undecided',
    says: [/dmesg/],
    text: `OF: reserved mem: node vpu compatible matching`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `Cannot allocate memory when I start the second camera, what now?`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `[    0.000000] cma: Failed to reserve 320 MiB`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `libcamera: ERROR DmaBufAllocator dma_buf_allocator.cpp:120 Could not open any dma-buf provider`,
  },
];
