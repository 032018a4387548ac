/** Pastes from boards of many kinds: vendors' kernels, other page sizes, other init systems, with noise around. */
import type { PasteCase } from './cases.js';

export const BOARD_PASTES: readonly PasteCase[] = [
  {
    cause: 'DEVTMPFS_MISSING',
    says: [/devtmpfs|mdev/],
    never: [/DMABUF_HEAPS/, /chmod/],
    text: `Buildroot 2023.02, STM32MP157, kernel 5.15.67, BR2_ROOTFS_DEVICE_CREATION_STATIC
# ls -l /sys/class/dma_heap/
total 0
lrwxrwxrwx    1 root     root             0 Jan  1 00:00 linux,cma -> ../../devices/virtual/dma_heap/linux,cma
lrwxrwxrwx    1 root     root             0 Jan  1 00:00 system -> ../../devices/virtual/dma_heap/system
# ls /dev
console  full     kmsg     mem      null     ptmx     pts      random   tty      tty0     ttySTM0  urandom  zero
# mount | grep dev
devpts on /dev/pts type devpts (rw,relatime,gid=5,mode=620)
# ./dmabuf_test
open /dev/dma_heap/system: No such file or directory`,
  },
  {
    cause: 'DEVTMPFS_MISSING',
    says: [/devtmpfs/],
    never: [/modprobe/],
    text: `[    1.812233] VFS: Mounted root (squashfs filesystem) readonly on device 179:2.
[    1.820114] devtmpfs: error mounting -2
[    1.824410] Freeing unused kernel memory: 1024K
can't open /dev/dma_heap/linux,cma: No such file or directory
camera: no heap
$ ls /sys/class/dma_heap
linux,cma  system`,
  },
  {
    cause: 'HEAP_NODE_REMOVED',
    says: [/removes|removed|hides/],
    never: [/mknod/, /DMABUF_HEAPS_CMA=y/],
    text: `imx8mp 6.1.55-lf, after our init scripts ran:
root@imx8mp:~# ls /sys/class/dma_heap/
linux,cma  linux,cma-uncached  system
root@imx8mp:~# ls -l /dev/dma_heap/
total 0
crw-rw---- 1 root video 249, 2 Nov 12 10:01 system
root@imx8mp:~# dmesg | grep -i cma
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000084000000, size 960 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
root@imx8mp:~# gst-launch-1.0 -q v4l2src ! vpuenc_h264 ! fakesink
GBM_DRM: open /dev/dma_heap/linux,cma failed: No such file or directory`,
  },
  {
    cause: 'HEAP_NODE_REMOVED',
    says: [/rm|tmpfs|hides|removes/],
    text: `On my AM62 (6.6.32-ti) the heap disappears some seconds after boot.

$ ls /sys/devices/virtual/dma_heap
carveout_vpu  linux,cma  system
$ ls /dev/dma_heap
linux,cma  system
$ grep -rn dma_heap /etc/init.d
/etc/init.d/S20vpu:14:rm -f /dev/dma_heap/carveout_vpu`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/DMABUF_HEAPS_CMA/],
    never: [/mknod/, /chmod/],
    text: `rk3568 with Armbian 6.6.16-edge
user@nas:~$ ls /dev/dma_heap/
system
user@nas:~$ zgrep -E 'DMABUF_HEAPS|DMA_CMA' /proc/config.gz
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
# CONFIG_DMABUF_HEAPS_CMA is not set
CONFIG_DMA_CMA=y
user@nas:~$ grep Cma /proc/meminfo
CmaTotal:         262144 kB
CmaFree:          255876 kB
user@nas:~$ strace -e openat ./v4l2-test 2>&1 | grep heap
openat(AT_FDCWD, "/dev/dma_heap/linux,cma", O_RDWR|O_CLOEXEC) = -1 ENOENT (No such file or directory)`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/default|every reusable pool/],
    text: `Verdin iMX8M Plus, kernel 6.6.36. I added a second pool to the dts:

	camera_pool: camera-pool@60000000 {
		compatible = "shared-dma-pool";
		reg = <0 0x60000000 0 0x8000000>;
		reusable;
	};

[    0.000000] Reserved memory: created CMA memory pool at 0x0000000060000000, size 128 MiB
[    0.000000] OF: reserved mem: initialized node camera-pool@60000000, compatible id shared-dma-pool
[    0.000000] OF: reserved mem: 0x0000000060000000..0x0000000067ffffff (131072 KiB) map reusable camera-pool@60000000
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000088000000, size 320 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool

root@verdin:~# ls /dev/dma_heap/
linux,cma  system
root@verdin:~# myapp
open("/dev/dma_heap/camera-pool"): No such file or directory`,
  },
  {
    cause: 'HEAP_UNEXPECTED',
    says: [/profile/],
    text: `$ dmaheap-verify --format tap verify.expect
TAP version 13
1..6
ok 1 kernel.range
ok 2 heap.linux,cma.node
ok 3 heap.linux,cma.open
not ok 4 heap.absent.system
  ---
  diagnosis: HEAP_UNEXPECTED
  ...
ok 5 heap.linux,cma.alloc
ok 6 heap.linux,cma.size`,
  },
  {
    cause: 'NODE_NOT_A_HEAP',
    says: [/delete|remove/, /dynamic/],
    never: [/mknod/],
    text: `We create the nodes in our rcS because the old BSP did:
mkdir -p /dev/dma_heap; mknod /dev/dma_heap/system c 252 0
# ls -l /dev/dma_heap
crw-r--r--    1 root     root      252,   0 Jan  1 00:00 system
# cat /proc/devices | grep dma_heap
247 dma_heap
# ./alloc
open: No such device or address`,
  },
  {
    cause: 'NODE_NOT_A_HEAP',
    says: [/delete|remove/],
    text: `root@orangepi5:/# ls -la /dev/dma_heap/
total 0
drwxr-xr-x  2 root root       80 Nov  3 08:11 .
drwxr-xr-x 17 root root     4380 Nov  3 08:11 ..
-rw-r--r--  1 root root        0 Nov  3 08:11 cma
crw-rw----  1 root video 248,  0 Nov  3 08:11 system
root@orangepi5:/# mpi_dec_test -t 7 -i a.h264
mpp_dma_heap: open dma heap type 1 /dev/dma_heap/cma OK
mpp_dma_heap: ioctl DMA_HEAP_IOCTL_ALLOC failed: Inappropriate ioctl for device`,
  },
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [/SYMLINK/],
    never: [/mknod/, /\bln -s/],
    text: `Ubuntu 24.04 on a Pi 5, our app (built on Raspberry Pi OS) prints
[ERROR] dma_heap: could not open /dev/dma_heap/vidbuf_cached: No such file or directory
and exits.
$ ls -l /dev/dma_heap
total 0
crw-rw---- 1 root video 252, 1 Oct  9 15:40 linux,cma
crw-rw---- 1 root video 252, 0 Oct  9 15:40 system
$ uname -r
6.8.0-1013-raspi`,
  },
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [/SYMLINK/],
    text: `openat(AT_FDCWD, "/dev/dma_heap/camera", O_RDWR|O_CLOEXEC) = -1 ENOENT (No such file or directory)
write(2, "camera heap missing\\n", 20)   = 20
~ # ls -l /dev/dma_heap/
total 0
crw-rw----    1 root     video     251,   1 Jan  1 00:00 default_cma_region
crw-rw----    1 root     video     251,   0 Jan  1 00:00 system`,
  },
  {
    cause: 'SYMLINK_WRONG_TARGET',
    says: [/SYMLINK|link/],
    text: `$ ls -l /dev/dma_heap
total 0
crw-rw---- 1 root video 250, 1 May  2 09:00 default_cma_region
lrwxrwxrwx 1 root root      18 May  2 09:00 linux,cma -> /dev/dma_heap/system
crw-rw---- 1 root video 250, 0 May  2 09:00 system
Since the distribution upgrade the display controller rejects the frames:
[  66.120001] rockchip-drm display-subsystem: [drm] *ERROR* contiguous mapping is too small 4096/8294400`,
  },
  {
    cause: 'SYMLINK_WRONG_TARGET',
    says: [/camera/],
    text: `lrwxrwxrwx 1 root root 22 Jul  1 12:12 /dev/dma_heap/camera -> ../dma_heap/linux,cma0
crw-rw---- 1 root video 249, 1 Jul  1 12:12 /dev/dma_heap/linux,cma
crw-rw---- 1 root video 249, 0 Jul  1 12:12 /dev/dma_heap/system
cam: open /dev/dma_heap/camera: No such file or directory`,
  },
  {
    cause: 'PERM_DIRECTORY_OPEN',
    says: [/0755/],
    text: `/etc/udev/rules.d/99-rk-device-permissions.rules:
KERNEL=="mpp_service", MODE="0660", GROUP="video"
SUBSYSTEM=="dma_heap", RUN+="/bin/chmod 0777 /dev/dma_heap"
root@rock5b:~# ls -ld /dev/dma_heap
drwxrwxrwx 2 root root 120 Nov 20 18:02 /dev/dma_heap
Our security scan complains about this line. Why?`,
  },
  {
    cause: 'PERM_MODE_WRONG',
    says: [/0660/],
    text: `pi@cam3:~ $ ls -l /dev/dma_heap/
total 0
crw-r----- 1 root video 253, 1 Jan 20 22:05 linux,cma
crw-r----- 1 root video 253, 0 Jan 20 22:05 system
pi@cam3:~ $ id
uid=1000(pi) gid=1000(pi) groups=1000(pi),4(adm),27(sudo),44(video),993(gpio)
pi@cam3:~ $ libcamera-hello
[0:03:11.118276093] [1502] ERROR DmaBufAllocator dma_buf_allocator.cpp:148 Could not open any dma-buf provider`,
  },
  {
    cause: 'PERM_MODE_WRONG',
    says: [/MODE/],
    text: `open("/dev/dma_heap/reserved", O_RDWR|O_CLOEXEC) = -1 EACCES (Permission denied)
# stat -c '%A %U %G %n' /dev/dma_heap/reserved
crw------- root render /dev/dma_heap/reserved
# id weston
uid=998(weston) gid=998(weston) groups=998(weston),44(video),105(render)`,
  },
  {
    cause: 'PERM_GROUP_WRONG',
    says: [/GROUP/],
    text: `The udev rule:
SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
kernel 6.12.20 on i.MX93
$ ls -l /dev/dma_heap
total 0
crw-rw---- 1 root audio 247, 1 Mar 30 10:12 default_cma_region
crw-rw---- 1 root audio 247, 0 Mar 30 10:12 system
$ ffmpeg -hwaccel v4l2request -i in.mp4 out.yuv
[v4l2] Failed to open /dev/dma_heap/default_cma_region: Permission denied`,
  },
  {
    cause: 'PERM_OWNER_WRONG',
    says: [/OWNER/],
    text: `crw------- 1 media media 249, 0 Feb  2 02:02 /dev/dma_heap/system
kodi@libreelec: /dev/dma_heap/system: Permission denied
SUBSYSTEM=="dma_heap", OWNER="kodi", MODE="0600"`,
  },
  {
    cause: 'PERM_WORLD_ACCESS',
    says: [/group/i, /0660/],
    text: `is it a security problem that the rules from the Rockchip forum do this
KERNEL=="dma_heap/*", MODE="0666"
and /etc/rc.local runs "chmod 666 /dev/dma_heap/system"?`,
  },
  {
    cause: 'USER_MISSING',
    says: [/sysusers|useradd/],
    text: `-- Journal begins --
Nov 03 10:11:14 dart systemd[1]: Starting Camera streaming...
Nov 03 10:11:14 dart systemd[611]: camstream.service: Failed to determine user credentials: No such process
Nov 03 10:11:14 dart systemd[611]: camstream.service: Failed at step USER spawning /usr/bin/camstream: No such process
Nov 03 10:11:14 dart systemd[1]: camstream.service: Main process exited, code=exited, status=217/USER
# systemctl cat camstream | grep User
User=cam
# ls -l /dev/dma_heap/system
crw-rw---- 1 root video 248, 0 Nov  3 10:11 /dev/dma_heap/system`,
  },
  {
    cause: 'RULE_LATE',
    says: [/After=|device/],
    never: [/usermod/],
    text: `camera.service fails at boot only. A manual "systemctl restart camera" is fine.
Jan 08 07:00:04.112 kria camera[402]: open /dev/dma_heap/linux,cma: Permission denied
Jan 08 07:00:05.390 kria systemd[1]: Finished Coldplug All udev Devices.
$ ls -l /dev/dma_heap/linux,cma
crw-rw---- 1 root video 246, 0 Jan  8 07:00 /dev/dma_heap/linux,cma
$ id camera
uid=990(camera) gid=990(camera) groups=990(camera),44(video)`,
  },
  {
    cause: 'CMA_DISABLED_CMDLINE',
    says: [/remove/],
    text: `U-Boot 2022.04 (Apr 03 2023 - 10:12:22 +0000)
CPU:   i.MX8MM[8] rev1.0 1600 MHz (running at 1200 MHz)
=> printenv mmcargs
mmcargs=setenv bootargs console=ttymxc1,115200 cma=0 root=/dev/mmcblk2p2 rootwait rw
Starting kernel ...
[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd034]
[    0.000000] Linux version 5.15.71-imx (oe-user@oe-host) (aarch64-poky-linux-gcc (GCC) 11.3.0)
[    0.000000] Machine model: NXP i.MX8MM EVK board
[    0.000000] OF: reserved mem: bypass linux,cma node, using cmdline CMA params instead
[    0.000000] OF: reserved mem: node linux,cma compatible matching fail
[    0.000000] Kernel command line: console=ttymxc1,115200 cma=0 root=/dev/mmcblk2p2 rootwait rw
[    0.000000] Memory: 1965512K/2097152K available (13568K kernel code, 131640K reserved, 0K cma-reserved)
# ls /dev/dma_heap
system`,
  },
  {
    cause: 'CMA_DT_NODE_DISABLED',
    says: [/status/],
    text: `I don't get CMA from the DT on my Odroid-C4 (6.6.30).
$ for f in compatible size status; do echo -n "$f: "; tr -d '\\0' < /proc/device-tree/reserved-memory/linux,cma/$f; echo; done
compatible: shared-dma-pool
status: disabled
$ grep Cma /proc/meminfo
CmaTotal:              0 kB
CmaFree:               0 kB`,
  },
  {
    cause: 'CMA_DT_NODE_DISABLED',
    says: [/status/],
    text: `# dtc -I fs /proc/device-tree | sed -n '/reserved-memory {/,/^	};/p'
	reserved-memory {
		#address-cells = <0x02>;
		#size-cells = <0x02>;
		ranges;

		vpu_cma: vpu-cma {
			compatible = "shared-dma-pool";
			reusable;
			size = <0x00 0x10000000>;
			alignment = <0x00 0x400000>;
			status = "disabled";
			linux,cma-default;
		};
	};
# dmesg | grep -i reserved
[    0.000000] cma: Reserved 32 MiB at 0x00000000fa000000 on node -1
why only 32?`,
  },
  {
    cause: 'CMA_DT_REJECTED_NOMAP',
    says: [/no-map/],
    text: `[    0.000000] OF: reserved mem: 0x0000000050000000..0x000000005fffffff (262144 KiB) nomap reusable vpu-pool@50000000
[    0.000000] OF: reserved mem: node vpu-pool@50000000 compatible matching fail
[    0.000000] NUMA: No NUMA configuration found`,
  },
  {
    cause: 'CMA_DT_REJECTED_NOMAP',
    says: [/no-map/],
    never: [/remove reusable/],
    text: `MediaTek Genio 700, 5.15.47-mtk. dts:
    vdec_cma: vdec@70000000 {
        compatible = "shared-dma-pool";
        no-map;
        reusable;
        reg = <0 0x70000000 0 0x4000000>;
    };
The area is not in /sys/kernel/debug/cma and no heap. What did I miss?`,
  },
  {
    cause: 'CMA_DT_REJECTED_SLOTS',
    says: [/CMA_AREAS/],
    text: `[    0.000000] Reserved memory: created CMA memory pool at 0x0000000098000000, size 32 MiB
[    0.000000] OF: reserved mem: initialized node isp0@98000000, compatible id shared-dma-pool
[    0.000000] cma: Not enough slots for CMA reserved regions!
[    0.000000] Reserved memory: unable to setup CMA region
[    0.000000] OF: reserved mem: node isp1@9a000000 compatible matching fail
CONFIG_CMA_AREAS=7`,
  },
  {
    cause: 'CMA_DT_REJECTED',
    says: [/place|reserved mem/],
    text: `BeagleV-Ahead, 6.6 vendor. Our node
  cma_pool: cma { compatible = "shared-dma-pol"; reusable; size = <0x0 0x8000000>; linux,cma-default; };
[    0.000000] OF: reserved mem: node cma compatible matching fail
[    0.000000] cma: Reserved 16 MiB at 0x00000000fd000000 on node -1`,
  },
  {
    cause: 'CMA_FALLBACK_KCONFIG',
    says: [/fell back|fallback/i],
    text: `jetson orin nano 5.15.136-tegra
my dts overlay asks for 512 MiB of linux,cma but only get this:
[    0.000000] cma: Reserved 32 MiB at 0x00000000fe000000
$ ls /dev/dma_heap/
reserved  system
$ cat /proc/cmdline
root=PARTUUID=abc rw rootwait console=ttyTCU0,115200
$ zcat /proc/config.gz | grep CMA_SIZE
CONFIG_CMA_SIZE_MBYTES=32
CONFIG_CMA_SIZE_SEL_MBYTES=y
$ ls /proc/device-tree/reserved-memory/
linux,cma  name  '#address-cells'  '#size-cells'  ranges`,
  },
  {
    cause: 'CMA_SIZE_MISMATCH',
    says: [/config\.txt|overlay/],
    text: `config.txt of my CM4:
dtoverlay=vc4-kms-v3d,cma-128
dtoverlay=my-cma-256
I want 256 MiB.
$ grep CmaTotal /proc/meminfo
CmaTotal:         131072 kB`,
  },
  {
    cause: 'CMA_TOTAL_AMBIGUOUS',
    says: [/CMA_SYSFS|debug/],
    text: `Which area is the heap? There are two lines
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000078000000, size 128 MiB
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000068000000, size 256 MiB
CmaTotal:         393216 kB
CmaFree:          301188 kB
no /sys/kernel/mm/cma on this 5.10`,
  },
  {
    cause: 'CMA_TRANSIENT_BUSY',
    says: [/retry/],
    text: `[ 5233.901134] alloc_contig_range: [8a800, 8aff0) PFNs busy
[ 5233.907561] alloc_contig_range: [8aa00, 8b1f0) PFNs busy
[ 5233.913999] cma: cma_alloc: linux,cma: alloc failed, req-size: 2025 pages, ret: -16
CmaTotal:         524288 kB
CmaFree:          401220 kB`,
  },
  {
    cause: 'CMA_TRANSIENT_BUSY',
    says: [/retry/],
    text: `About once in 500 runs our camera app on a 4.19 Allwinner H616 gets
DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory
from linux,cma, the next attempt succeeds. CmaFree is 200 MB of 256 then, with a lot of page cache.`,
  },
  {
    cause: 'MEMORY_EXHAUSTED',
    says: [/system/],
    never: [/(enlarge|raise|increase).{0,20}(CMA|cma)/],
    text: `[  912.201133] dma_heap_test: page allocation failure: order:0, mode:0x140dc2(GFP_HIGHUSER|__GFP_COMP|__GFP_ZERO), nodemask=(null)
[  912.212290] CPU: 2 PID: 1811 Comm: dma_heap_test Not tainted 6.1.75 #1
[  912.221000] Call trace:
[  912.223500]  system_heap_allocate+0x150/0x4b0
[  912.228011]  dma_heap_ioctl+0x1cc/0x2d0
[  912.240000] Mem-Info:
MemAvailable:      18204 kB
DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory`,
  },
  {
    cause: 'MEMORY_EXHAUSTED',
    says: [/free memory|fewer/],
    text: `1 GB board, chromium with 4 videos
[ 3321.22] chrome invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, oom_score_adj=300
[ 3321.30] Out of memory: Killed process 2211 (chrome) total-vm:33912312kB, anon-rss:112812kB
MemAvailable:       9044 kB
ERROR:dmabuf allocate from /dev/dma_heap/system: Cannot allocate memory`,
  },
  {
    cause: 'MEMCG_CHARGED',
    says: [/MemoryMax|memory\.max/],
    text: `Linux 7.1, Kubernetes pod with limits.memory: 256Mi
[  811.5] Memory cgroup out of memory: Killed process 5123 (inference) total-vm:2201232kB, anon-rss:40112kB, file-rss:9012kB
[  811.5] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=kubepods,oom_memcg=/kubepods/pod1,task_memcg=/kubepods/pod1/c1,task=inference
$ cat /sys/module/dma_heap/parameters/mem_accounting
Y`,
  },
  {
    cause: 'FD_LIMIT',
    says: [/LimitNOFILE|ulimit/],
    text: `gstreamer on imx8mp, after 10 minutes:
ioctl(9, DMA_HEAP_IOCTL_ALLOC, {len=3110400, fd=0, fd_flags=O_RDWR|O_CLOEXEC, heap_flags=0}) = -1 EMFILE (Too many open files)
CmaFree:          612044 kB
$ ls /proc/2210/fd | wc -l
1024`,
  },
  {
    cause: 'LEN_TRUNCATED',
    says: [/32/],
    text: `32-bit userland and kernel (armv7l, 6.1.38). I ask for len = 4294975488 and get a buffer of 8192 bytes, no error at all.`,
  },
  {
    cause: 'ABI_DEVIATION',
    says: [/mainline|vendor/],
    text: `our conformance test on a BSP 5.10: DMA_HEAP_IOCTL_ALLOC with heap_flags = 0xffff is accepted, expected EINVAL`,
  },
  {
    cause: 'NOT_ZEROED',
    says: [/vendor/],
    text: `Privacy question. With Amlogic 5.4 vendor heap "codecmm", a freshly allocated buffer contains pixels of the previous video (from another process!). Is that normal?`,
  },
  {
    cause: 'DATA_CORRUPT',
    says: [/reserved|owner|firmware/],
    text: `$ ./pattern /dev/dma_heap/linux,cma
pattern mismatch at offset 0x1f4000: wrote a5a5a5a5 read 00000000
pattern mismatch at offset 0x1f4040: wrote a5a5a5a5 read 00000000
The area is at 0x94000000, and the M7 firmware (remoteproc) is loaded to 0x94100000`,
  },
  {
    cause: 'NOT_CONTIGUOUS',
    says: [/CMA/],
    text: `kernel module test: buffer from /dev/dma_heap/cma, dma_buf_map_attachment returns sgt->nents = 37. A buffer from CMA should be one entry. The pages are not contiguous.`,
  },
  {
    cause: 'NOT_FROM_CMA',
    says: [/alias|link/],
    text: `# grep CmaFree /proc/meminfo; ./alloc /dev/dma_heap/linux,cma 64M & sleep 1; grep CmaFree /proc/meminfo
CmaFree:          260044 kB
CmaFree:          260044 kB
I allocate 64 MiB from linux,cma and CmaFree stays the same`,
  },
  {
    cause: 'LEAK_CMA',
    says: [/bufinfo|attach/],
    text: `sun50i-h6 5.10: each time I start and stop the player CmaFree goes down, also after the process is gone:
CmaFree:          120044 kB
CmaFree:          104120 kB
CmaFree:           88196 kB
CmaFree:           72004 kB`,
  },
  {
    cause: 'LEAK_FD',
    says: [/close/],
    text: `$ while sleep 60; do ls /proc/$(pidof recorder)/fd | wc -l; done
118
240
361
483
All of them are "anon_inode:dmabuf" / "/dmabuf:"`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/CMA heap|linux,cma/],
    text: `weston[532]: gbm: buffer import failed
rockchip-vop ff900000.vop: [drm:drm_gem_prime_import] contiguous chunk is too small 262144/8294400 b
using /dev/dma_heap/system on rk3288 5.10.110`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/CMA|contiguous/],
    text: `[  101.554321] ti-sci-vpu 4300000.vpu: DMA address out of range
v4l2: VIDIOC_QBUF failed: Invalid argument (V4L2_MEMORY_DMABUF, fd from /dev/dma_heap/system)`,
  },
  {
    cause: 'UDMABUF_UNUSABLE',
    says: [/UDMABUF|udmabuf/],
    text: `ERROR DmaBufAllocator: Failed to open /dev/udmabuf: Permission denied
$ ls -l /dev/udmabuf
crw------- 1 root root 10, 125 Nov 20 10:20 /dev/udmabuf
x86 laptop, Fedora, software ISP`,
  },
  {
    cause: 'LATENCY_EXCEEDED',
    says: [/early|pool|separate/],
    text: `strace -T:
ioctl(14, DMA_HEAP_IOCTL_ALLOC, {len=33177600, fd=15, fd_flags=O_RDWR|O_CLOEXEC, heap_flags=0}) = 0 <1.734520>
ioctl(14, DMA_HEAP_IOCTL_ALLOC, {len=33177600, fd=16, fd_flags=O_RDWR|O_CLOEXEC, heap_flags=0}) = 0 <0.912201>
drop of 40 frames each time. 4.19 vendor, heap linux,cma`,
  },
  {
    cause: 'COHERENCY_UNTESTED',
    says: [/DMA_BUF_IOCTL_SYNC/],
    text: `OpenCV reads the frames of a dma-buf from the system heap; there are small horizontal stripes of the previous frame in the picture, 64 bytes long. No sync calls, mmap only.`,
  },
  {
    cause: 'KERNEL_OUT_OF_RANGE',
    says: [/range|generate/],
    text: `dmaheap-verify 0.1.0
WARN kernel.range KERNEL_OUT_OF_RANGE the expectation is for 6.6..6.12, this is 6.18.2
PASS heap.default_cma_region.node
verdict: FAIL`,
  },
  {
    cause: 'ARCHITECTURE_DIFFERS',
    says: [/expect/],
    text: `$ dmaheap-verify verify.expect
FAIL kernel.arch ARCHITECTURE_DIFFERS: this machine is arm, the expectation arm64
verdict FAIL`,
  },
  {
    cause: 'PAGE_SIZE_DIFFERS',
    says: [/pageSize|page size/],
    text: `Pi 5 with the default kernel_2712.img: getconf PAGESIZE says 16384, the sizes in our profile were computed for 4K pages. The verifier says the budget does not fit.`,
  },
  {
    cause: 'CONFIG_DIFFERS',
    says: [/fragment|merge/],
    text: `WARNING: [kernel config]: specified values did not make it into the kernel's final configuration:
    CONFIG_DMABUF_HEAPS_CMA
WARNING: Value requested for CONFIG_DMABUF_HEAPS_CMA not in final .config
Requested value:  CONFIG_DMABUF_HEAPS_CMA=y
Actual value:`,
  },
  {
    cause: 'UDEV_PENDING',
    says: [/settle/],
    text: `dmaheap-verify --format json (in our early unit)
{"check":"heap.linux,cma.mode","status":"warn","diagnosis":"UDEV_PENDING"}
dmaheap-verify: 1 warning`,
  },
];
