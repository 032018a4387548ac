/** Pastes in the words of forums and trackers: the symptom beside much that does not matter, other formats of time. */
import type { PasteCase } from './cases.js';

export const FORUM_PASTES: readonly PasteCase[] = [
  // No heap at all.
  {
    cause: 'HEAP_SUPPORT_MISSING',
    says: [/DMABUF_HEAPS/],
    never: [/mknod|modprobe|udevadm/],
    text: `OpenWrt 23.05 on a BPI-R4, kernel 5.15.137, trying to run an AI demo
root@OpenWrt:~# ls /dev/dma_heap
ls: /dev/dma_heap: No such file or directory
root@OpenWrt:~# zcat /proc/config.gz | grep DMABUF
# CONFIG_DMABUF_HEAPS is not set
# CONFIG_DMABUF_MOVE_NOTIFY is not set`,
  },
  {
    cause: 'HEAP_SUPPORT_MISSING',
    says: [/DMABUF_HEAPS/],
    text: `user@vf2:~$ uname -a
Linux vf2 5.15.0-starfive #1 SMP Thu Nov 10 2022 riscv64 GNU/Linux
user@vf2:~$ libcamera-hello
[0:11:02.9] [1022] ERROR DmaBufAllocator: Could not open any dma-buf provider
user@vf2:~$ ls /dev/dma_heap /sys/class/dma_heap
ls: cannot access '/dev/dma_heap': No such file or directory
ls: cannot access '/sys/class/dma_heap': No such file or directory`,
  },
  {
    cause: 'HEAP_SUPPORT_MISSING',
    says: [/DMABUF_HEAPS/],
    text: `Our Yocto build (kirkstone, linux-yocto 5.15) has in the .config

CONFIG_DMA_SHARED_BUFFER=y
CONFIG_SYNC_FILE=y
# CONFIG_UDMABUF is not set
# CONFIG_DMABUF_HEAPS is not set

and on target: FileNotFoundError: [Errno 2] No such file or directory: '/dev/dma_heap/linux,cma'`,
  },
  {
    cause: 'HEAP_MODULE_NOT_LOADED',
    says: [/modprobe|modules-load/],
    never: [/mknod/, /rebuild/],
    text: `Fedora rawhide 7.4 rc, aarch64
$ grep DMABUF_HEAPS /boot/config-$(uname -r)
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=m
CONFIG_DMABUF_HEAPS_CMA=m
$ lsmod | grep heap
$ ls /dev/dma_heap
ls: cannot access '/dev/dma_heap': No such file or directory`,
  },
  {
    cause: 'HEAP_MODULE_NOT_LOADED',
    says: [/cma_heap/],
    never: [/mknod/],
    text: `CONFIG_DMABUF_HEAPS_SYSTEM=y
CONFIG_DMABUF_HEAPS_CMA=m
root@board:~# ls /dev/dma_heap
system
root@board:~# ls /lib/modules/7.3.1/kernel/drivers/dma-buf/heaps/
cma_heap.ko
weston-simple-dmabuf: open /dev/dma_heap/default_cma_region: No such file or directory`,
  },
  {
    cause: 'module-wrong-name',
    says: [/module/],
    text: `root@rpi4:~# modprobe dma-heap
modprobe: FATAL: Module dma-heap not found in directory /lib/modules/6.1.21-v8+
root@rpi4:~# depmod -a; modprobe dma_heap
modprobe: FATAL: Module dma_heap not found in directory /lib/modules/6.1.21-v8+`,
  },
  {
    cause: 'kernel-too-old-ion',
    says: [/5\.6/, /ION/i],
    text: `Allwinner V853, Tina Linux, kernel 4.9.191
# ls -l /dev/ion /dev/dma_heap
ls: /dev/dma_heap: No such file or directory
crw-------    1 root     root       10,  62 Jan  1 00:00 /dev/ion
ffmpeg: dma heap: failed to open /dev/dma_heap/system`,
  },
  {
    cause: 'kernel-too-old-ion',
    says: [/5\.6/],
    text: `rk3399 BSP, Linux version 4.4.194 (gcc version 6.3.1). menuconfig has no "DMA-BUF Userland Memory Heaps". Where do I find CONFIG_DMABUF_HEAPS in this version?`,
  },
  // Names.
  {
    cause: 'HEAP_RENAMED',
    says: [/SYMLINK|open/, /default_cma_region/],
    text: `Updated Arch Linux ARM from 6.16 to 6.18. rkmpp in jellyfin-ffmpeg now says
[h264_rkmpp @ 0xaaab] mpp_dma_heap: open dma heap type cma linux,cma fail! No such file or directory
$ ls /dev/dma_heap/
default_cma_region  system`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/linux,cma/],
    text: `Script of our old board (cma= on cmdline there) opens "reserved":
open("/dev/dma_heap/reserved", O_RDWR) = -1 ENOENT (No such file or directory)
New board, 6.6, memory node in DT:
crw-rw---- 1 root video 248, 1 Sep  9 09:09 /dev/dma_heap/linux,cma
crw-rw---- 1 root video 248, 0 Sep  9 09:09 /dev/dma_heap/system`,
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/vendor|Rockchip/],
    never: [/SYMLINK/, /ln -s/],
    text: `mpp[1203]: mpp_dma_heap: open dma heap type 3 system-uncached-dma32 fail!
mpp[1203]: mpp_dma_heap: open dma heap type 2 system-dma32 fail!
mpp[1203]: mpp_buffer: mpp_buffer_create failed
root@rock3a:/# uname -r
6.12.9-bookworm-edge
root@rock3a:/# ls /dev/dma_heap/
default_cma_region  linux,cma  system`,
  },
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [/Qualcomm/],
    text: `RB5 with Debian and mainline 6.9. camera hal (from the vendor image):
E CamX: open("/dev/dma_heap/qcom,system-uncached") failed: No such file or directory
$ ls /dev/dma_heap
linux,cma system`,
  },
  // Access.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [/udev|rule/],
    never: [/chmod/],
    text: `picamera2 in a venv, works with sudo only:
Traceback (most recent call last):
  File "/home/tom/cam.py", line 9, in <module>
    heap = DmaHeap()
  File "/usr/lib/python3/dist-packages/picamera2/dma_heap.py", line 98, in __init__
    raise RuntimeError("Could not open any dmaHeap device")
RuntimeError: Could not open any dmaHeap device
tom@pi:~$ ls -la /dev/dma_heap/
total 0
drwxr-xr-x  2 root root     80 Oct 28 19:00 .
drwxr-xr-x 16 root root   4000 Oct 28 19:00 ..
crw-------  1 root root 251, 1 Oct 28 19:00 linux,cma
crw-------  1 root root 251, 0 Oct 28 19:00 system`,
  },
  {
    cause: 'PERM_DEFAULT_0600',
    says: [/mdev|udev/],
    text: `busybox mdev system, Alpine 3.20
$ ls -l /dev/dma_heap
total 0
crw-------    1 root     root      247,   0 Jan  1 00:00 system
$ cat /etc/mdev.conf | grep heap
$ v4l2-relay
open heap: Permission denied`,
  },
  {
    cause: 'RULE_NOT_APPLIED',
    says: [/SUBSYSTEM|reload|trigger/],
    text: `cat /etc/udev/rules.d/85-heap.rules
SUBSYSTEM=="dma-heap", GROUP="video", MODE="0660"
udevadm control --reload && udevadm trigger
ls -l /dev/dma_heap
crw------- 1 root root 249, 0 Dec  4 10:00 system
What is wrong with the rule?`,
  },
  {
    cause: 'RULE_NOT_APPLIED',
    says: [/reload|trigger|initramfs/],
    text: `root@sl1680:~# cat /usr/lib/udev/rules.d/60-heaps.rules
SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
root@sl1680:~# ls -l /dev/dma_heap/
total 0
crw------- 1 root root 243, 1 Apr 28 2023 CMA-CUST
crw------- 1 root root 243, 0 Apr 28 2023 system
gst: GStreamer-CRITICAL: could not open /dev/dma_heap/system: Permission denied (as user weston, groups video)`,
  },
  {
    cause: 'rule-file-order',
    says: [/after|later/i],
    text: `$ udevadm test /sys/class/dma_heap/linux,cma 2>&1 | grep -E 'GROUP|MODE'
linux,cma: /usr/lib/udev/rules.d/70-dmaheap.rules:2 GROUP 44
linux,cma: /usr/lib/udev/rules.d/70-dmaheap.rules:2 MODE 0660
linux,cma: /etc/udev/rules.d/99-zz-secure.rules:7 MODE 0600
$ ls -l /dev/dma_heap/linux,cma
crw------- 1 root video 250, 1 Aug  1 08:00 /dev/dma_heap/linux,cma`,
  },
  {
    cause: 'GROUP_MISSING',
    says: [/sysusers|groupadd/],
    text: `Oct 21 04:12:09 am64 systemd-udevd[181]: /usr/lib/udev/rules.d/70-heap.rules:3 Failed to resolve group 'dmaheap', ignoring: Unknown group
crw------- 1 root root 245, 0 Oct 21 04:12 /dev/dma_heap/linux,cma
vision[509]: open heap: Permission denied`,
  },
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [/render/],
    text: `Home Assistant OS add-on no, plain Debian. go2rtc as user go2rtc.
go2rtc[812]: [hw] rkmpp: /dev/dma_heap/system: Permission denied
$ ls -l /dev/dma_heap
crw-rw---- 1 root render 241, 0 Nov 11 11:11 system
$ id go2rtc
uid=996(go2rtc) gid=996(go2rtc) groups=996(go2rtc),44(video)`,
  },
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [/SupplementaryGroups|usermod/],
    text: `[Service]
User=detector
ExecStart=/usr/bin/detector
# journalctl -u detector
detector[430]: std::runtime_error: /dev/dma_heap/linux,cma: Permission denied
# ls -l /dev/dma_heap/linux,cma
crw-rw---- 1 root video 249, 0 Nov 30 12:00 /dev/dma_heap/linux,cma`,
  },
  {
    cause: 'LOGIN_STALE',
    says: [/log (?:in|out)|newgrp|restart/i],
    text: `$ sudo adduser me video
Adding user \`me' to group \`video' ...
Done.
$ groups
me adm sudo plugdev
$ gst-launch-1.0 v4l2src ! kmssink
Failed to open DMA heap /dev/dma_heap/linux,cma: Permission denied
$ ls -l /dev/dma_heap/linux,cma
crw-rw---- 1 root video 250, 1 Nov  3 03:03 /dev/dma_heap/linux,cma`,
  },
  // Containers and sandboxes.
  {
    cause: 'container-node-missing',
    says: [/--device|devices/],
    text: `services:
  jellyfin:
    image: jellyfin/jellyfin
    devices:
      - /dev/dri:/dev/dri
      - /dev/mpp_service:/dev/mpp_service
      - /dev/rga:/dev/rga

ffmpeg log: mpp_dma_heap: dma-heap open /dev/dma_heap/system failed: No such file or directory
host$ ls /dev/dma_heap
cma  cma-uncached  reserved  system  system-dma32  system-uncached`,
  },
  {
    cause: 'container-node-missing',
    says: [/device plugin|CDI/],
    text: `k3s on 4x rk3588. In the pod:
$ kubectl exec -it vlm-7f8 -- ls /dev/dma_heap
ls: cannot access '/dev/dma_heap': No such file or directory
$ kubectl exec -it vlm-7f8 -- ls /sys/class/dma_heap
cma  reserved  system`,
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [/devices\.allow|device/],
    text: `Proxmox-like LXC on Orange Pi 5:
lxc.mount.entry: /dev/dma_heap dev/dma_heap none bind,optional,create=dir
root@ct101:~# ls -l /dev/dma_heap/system
crw-rw---- 1 nobody nogroup 249, 0 Jan  5 12:00 /dev/dma_heap/system
root@ct101:~# head -c0 /dev/dma_heap/system
head: cannot open '/dev/dma_heap/system' for reading: Operation not permitted`,
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [/DeviceAllow/],
    text: `PrivateDevices=yes in our unit.
motion[733]: /dev/dma_heap/system: Operation not permitted
$ systemctl show motion -p DevicePolicy -p DeviceAllow
DevicePolicy=closed
DeviceAllow=char-video4linux rw`,
  },
  {
    cause: 'MAC_DENIED',
    says: [/policy/],
    text: `11-12 09:30:11.482   517   517 W camera.provider: type=1400 audit(0.0:21): avc: denied { read } for name="system" dev="tmpfs" ino=519 scontext=u:r:hal_camera_default:s0 tcontext=u:object_r:dmabuf_system_heap_device:s0 tclass=chr_file permissive=0
11-12 09:30:11.486   517   517 E DmaBufAllocator: Unable to open DMA-BUF heap: system: Permission denied`,
  },
  {
    cause: 'MAC_DENIED',
    says: [/AppArmor/],
    text: `Nov 09 14:22:01 ubuntu kernel: audit: type=1400 audit(1731162121.221:310): apparmor="DENIED" operation="open" class="file" profile="docker-default" name="/dev/dma_heap/linux,cma" pid=8012 comm="ffmpeg" requested_mask="wr" denied_mask="wr" fsuid=0 ouid=0`,
  },
  // Device trees and the command line.
  {
    cause: 'CMA_DT_REJECTED_SPACE',
    says: [/alloc-ranges|smaller|move/],
    text: `[    0.000000] Machine model: Toradex Colibri iMX8QXP
[    0.000000] OF: reserved mem: failed to allocate memory for node 'linux,cma': size 960 MiB
[    0.000000] OF: reserved mem: 0x0000000084000000..0x0000000085ffffff (32768 KiB) nomap non-reusable decoder-boot@84000000
[    0.000000]   node   0: [mem 0x0000000080020000-0x00000000bfffffff]`,
  },
  {
    cause: 'CMA_DT_REJECTED_SPACE',
    says: [/initrd|move|smaller/],
    text: `## Loading init Ramdisk from FIT Image at 90000000 ...
   Loading Ramdisk to 5a3c2000, end 5ffff7f1 ... OK
   Loading Device Tree to 0000000059f00000, end 0000000059f1ffff ... OK
Starting kernel ...
[    0.000000] Linux version 5.10.160 (builder@ci) (aarch64-none-linux-gnu-gcc 10.3.1)
[    0.000000] OF: fdt: Reserved memory: failed to reserve memory for node 'cma@58000000': base 0x0000000058000000, size 128 MiB`,
  },
  {
    cause: 'CMA_DT_REJECTED_ALIGN',
    says: [/512 MiB/],
    text: `openEuler aarch64 with 64K pages
[    0.000000] Reserved memory: incorrect alignment of CMA region
[    0.000000] OF: reserved mem: node linux,cma compatible matching fail
# getconf PAGESIZE
65536
size = <0x0 0x10000000>;`,
  },
  {
    cause: 'CMA_DT_REJECTED_ALIGN',
    says: [/4 MiB/],
    text: `reg = <0x0 0x7c100000 0x0 0x4000000>;
[    0.000000] Reserved memory: incorrect alignment of CMA region
[    0.000000] OF: reserved mem: node cam_cma@7c100000 compatible matching fail
kernel 5.4.161, imx6ull`,
  },
  {
    cause: 'cma-granule-order',
    says: [/ORDER/],
    text: `i.MX6 board 512 MB, CONFIG_FORCE_MAX_ZONEORDER=14 in the defconfig of the BSP (needed for big kmallocs)
[    0.000000] Reserved memory: incorrect alignment of CMA region
[    0.000000] cma: Failed to reserve 20 MiB
Linux version 5.4.70`,
  },
  {
    cause: 'CMA_CMDLINE_OVERRIDES_DT',
    says: [/cma=/],
    text: `[    0.000000] OF: reserved mem: bypass linux,cma node, using cmdline CMA params instead
[    0.000000] OF: reserved mem: node linux,cma compatible matching fail
[    0.000000] cma: Reserved 128 MiB at 0x00000000e8000000
[    0.000000] Kernel command line: root=LABEL=root rw console=ttyS0 cma=128MB
The node in the dts is 512M, why do I get 128?`,
  },
  {
    cause: 'CMA_CMDLINE_FAILED',
    says: [/cma=/],
    text: `armbianEnv.txt: extraargs=cma=1536M
dmesg:
[    0.000000] cma: Failed to reserve 1536 MiB
[    0.000000]   node   0: [mem 0x0000000040000000-0x000000007fffffff]
[    0.000000] Kernel command line: root=UUID=1 rootwait console=ttyS0 cma=1536M`,
  },
  {
    cause: 'CMA_DT_REJECTED_CELLS',
    says: [/cells/],
    text: `[    0.000000] OF: fdt: Reserved memory: unsupported node format, ignoring
[    0.000000] cma: Reserved 16 MiB at 0x3f000000
BCM2711 32 bit, overlay written by hand:
reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; };`,
  },
  {
    cause: 'CMA_DT_REJECTED_CELLS',
    says: [/cells/],
    text: `[    0.000000] OF: fdt: Reserved memory: invalid reg property in 'frame-pool@a0000000', skipping node.`,
  },
  {
    cause: 'CMA_DT_NOT_REUSABLE',
    says: [/reusable/],
    text: `zynqmp, petalinux 2022.2 (5.15.36)
[    0.000000] Reserved memory: created DMA memory pool at 0x0000000060000000, size 256 MiB
[    0.000000] OF: reserved mem: initialized node buffer@60000000, compatible id shared-dma-pool
We expected /dev/dma_heap/buffer but only "reserved" and "system" are there`,
  },
  {
    cause: 'CMA_AREA_NOT_ACTIVATED',
    says: [/zone/],
    text: `[    0.000000] Reserved memory: created CMA memory pool at 0x2f000000, size 64 MiB
[    0.000000] OF: reserved mem: initialized node gpu_cma@2f000000, compatible id shared-dma-pool
[    0.000000] Zone ranges:
[    0.000000]   Normal   [mem 0x0000000010000000-0x000000002fffffff]
[    0.000000]   HighMem  [mem 0x0000000030000000-0x000000004fffffff]
[    0.321455] cma: CMA area gpu_cma@2f000000 could not be activated`,
  },
  {
    cause: 'CMA_DT_NODE_MISSING',
    says: [/overlay/],
    text: `Retrieving file: /boot/dtb/overlay/rockchip-cma256.dtbo
Failed to load '/boot/dtb/overlay/rockchip-cma256.dtbo'
Failed loading overlay /boot/dtb/overlay/rockchip-cma256.dtbo
Moving Image from 0x2080000 to 0x2200000, end=4a80000
## Flattened Device Tree blob at 0a100000
Starting kernel ...`,
  },
  {
    cause: 'CMA_DT_NODE_MISSING',
    says: [/overlay/],
    text: `Applying kernel provided DT overlay sun50i-cma.dtbo
failed on fdt_overlay_apply(): FDT_ERR_BADMAGIC
Error applying DT overlays, restoring original DT`,
  },
  // Amounts.
  {
    cause: 'CMA_TOO_SMALL_FOR_BUDGET',
    says: [/enlarge|size/],
    text: `[  244.114] cma: cma_alloc: linux,cma: alloc failed, req-size: 4860 pages, ret: -12
[  244.115] rkisp_hw fdcb0000.rkisp: dma_alloc_coherent of size 19906560 failed
CmaTotal:          16384 kB
CmaFree:            9112 kB`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [/holders|hold|free/],
    text: `CmaTotal:         327680 kB
CmaFree:            1204 kB
ioctl(8, DMA_HEAP_IOCTL_ALLOC, {len=3133440, ...}) = -1 ENOMEM (Cannot allocate memory)
# grep -l dmabuf /proc/*/fdinfo/* 2>/dev/null | cut -d/ -f3 | sort | uniq -c
     96 1410
# ps -o pid,comm 1410
 1410 old-recorder`,
  },
  {
    cause: 'CMA_FRAGMENTED',
    says: [/contiguous|hole/],
    text: `Sep  3 22:10:44 cam kernel: [81012.114] cma: cma_alloc: linux,cma: alloc failed, req-size: 3038 pages, ret: -12
Sep  3 22:10:44 cam kernel: [81012.114] cma: number of available pages: 12@244+96@800+1024@4096+1800@9000+2200@14000=> 5132 free of 32768 total pages
CmaTotal:         131072 kB
CmaFree:           20528 kB`,
  },
  {
    cause: 'FD_READONLY',
    says: [/O_RDWR/],
    text: `Rust:
thread 'main' panicked at src/heap.rs:41: mmap(PROT_READ|PROT_WRITE): Os { code: 13, kind: PermissionDenied, message: "Permission denied" }
struct dma_heap_allocation_data data = { .len = SZ, .fd_flags = O_CLOEXEC };
The allocation itself is fine, and I am in group video.`,
  },
  {
    cause: 'CMA_NOT_CONFIGURED',
    says: [/CONFIG_(?:DMA_)?CMA/],
    text: `[    0.044402] Unknown kernel command line parameters "cma=256M splash", will be passed to user space.
qemu x86 with our test image, no linux,cma`,
  },
  // Nothing wrong, or not with heaps.
  {
    cause: 'healthy',
    says: [],
    text: `just checking my config before the field trial:
$ ls -l /dev/dma_heap; id cam; grep Cma /proc/meminfo
total 0
crw-rw---- 1 root video 252, 1 Nov 29 18:20 default_cma_region
lrwxrwxrwx 1 root root       18 Nov 29 18:20 linux,cma -> default_cma_region
crw-rw---- 1 root video 252, 0 Nov 29 18:20 system
uid=1001(cam) gid=1001(cam) groups=1001(cam),44(video)
CmaTotal:         262144 kB
CmaFree:          201216 kB`,
  },
  {
    cause: 'healthy',
    says: [],
    text: `[    0.000000] OF: reserved mem: 0x0000000078000000..0x000000007fffffff (131072 KiB) map reusable linux,cma
[    0.000000] Memory: 1832176K/2097152K available (14848K kernel code, 131072K cma-reserved)
dmaheap-verify: 23 checks
verdict: PASS`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `[   12.331] imx219 10-0010: Error reading reg 0x0000: -6
[   12.340] imx219 10-0010: failed to read chip id 219
[   12.346] imx219: probe of 10-0010 failed with error -5
CmaTotal:         262144 kB
$ ls /dev/dma_heap
linux,cma system`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `Nov 28 11:02:14 rpi kernel: brcmfmac: brcmf_sdio_htclk: HT Avail timeout (1000000): clkctl 0x50
Nov 28 11:02:15 rpi kernel: OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
camera works, wifi is gone`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `mpv --hwdec=drm video.mkv
[vo/gpu/drm] Failed to acquire DRM master: Permission denied
[vo/gpu] Failed initializing any suitable GPU context!
ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Nov  1 10:00 system`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `[ 1811.200311] rkvdec2 fdc38100.video-codec: timeout waiting for frame
[ 1811.210442] rk_iommu fdc38700.iommu: Page fault at 0x00000000f8f00000 of type read
[ 1811.210455] rk_iommu fdc38700.iommu: iova = 0x00000000f8f00000: dte_index: 0x3e3
CmaTotal:         262144 kB
CmaFree:          240112 kB`,
  },
  {
    cause: 'undecided',
    says: [/Cma/],
    text: `[ 99.1] DMA_HEAP_IOCTL_ALLOC failed: Cannot allocate memory`,
  },
  {
    cause: 'undecided',
    says: [],
    text: `My camera worked yesterday. Today after the update it is black. Raspberry Pi 4.`,
  },
];
