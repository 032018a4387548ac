/** Pastes about what the boot made of a device tree, a command line and a kernel configuration. */
import type { PasteCase } from './cases.js';

export const KERNEL_PASTES: readonly PasteCase[] = [
  {
    cause: 'DEVTMPFS_MISSING',
    says: [/devtmpfs/],
    text: `Own init in an initramfs, busybox only. Heaps are in the kernel:
/ # ls /sys/class/dma_heap
reserved  system
/ # ls /dev/dma_heap
ls: /dev/dma_heap: No such file or directory
/ # mount
rootfs on / type rootfs (rw)
proc on /proc type proc (rw,relatime)
sysfs on /sys type sysfs (rw,relatime)
/ # ls /dev
console  null  tty  zero`,
  },
  {
    cause: 'HEAP_NODE_REMOVED',
    says: [/removes|NAME=/],
    text: `Since I installed the vendor's multimedia package one heap has no node any more.
root@panel:~# ls /sys/class/dma_heap/
linux,cma  system
root@panel:~# ls -l /dev/dma_heap/
crw-rw---- 1 root video 247, 0 May 12 11:03 system
root@panel:~# grep -rn dma_heap /usr/lib/udev/rules.d
/usr/lib/udev/rules.d/20-mm.rules:3:SUBSYSTEM=="dma_heap", KERNEL=="linux,cma", NAME="mmheap"`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/default area|linux,cma-default/],
    text: `6.6 kernel, second reusable pool for the NPU. /dev/dma_heap/npu_pool is not there, the log is fine:
[    0.000000] OF: reserved mem: 0x00000000a8000000..0x00000000afffffff (131072 KiB) map reusable npu_pool@a8000000
[    0.000000] Reserved memory: created CMA memory pool at 0x00000000a8000000, size 128 MiB
[    0.000000] OF: reserved mem: initialized node npu_pool@a8000000, compatible id shared-dma-pool
$ ./npu-test
npu: open /dev/dma_heap/npu_pool: No such file or directory
$ ls /dev/dma_heap
linux,cma  system
$ uname -r
6.6.63`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/DMABUF_HEAPS_CMA/],
    text: `camera stack wants linux,cma, I only have the other one
$ ls /dev/dma_heap/
system
$ zcat /proc/config.gz | grep DMABUF_HEAPS
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
# CONFIG_DMABUF_HEAPS_CMA is not set
$ grep Cma /proc/meminfo
CmaTotal:         131072 kB
CmaFree:          130100 kB`,
  },
  {
    cause: 'CMA_DISABLED_CMDLINE',
    says: [/cma=0/, /remove/i],
    never: [/overlay/],
    text: `Yocto image from a colleague. Device tree has linux,cma with 320 MB, but:
root@imx:~# grep Cma /proc/meminfo
CmaTotal:              0 kB
CmaFree:               0 kB
root@imx:~# cat /proc/cmdline
console=ttymxc0,115200 root=/dev/mmcblk2p2 rootwait rw cma=0 loglevel=4
root@imx:~# ls /dev/dma_heap
system`,
  },
  {
    cause: 'CMA_DT_NODE_DISABLED',
    says: [/status/],
    text: `CmaTotal stays 16 MB. The node is there, so why does the kernel not take it?
# dtc -I fs -O dts /proc/device-tree 2>/dev/null | grep -A8 'cam-cma'
		cam-cma {
			compatible = "shared-dma-pool";
			reusable;
			size = <0x00 0x8000000>;
			linux,cma-default;
			status = "disabled";
		};
# grep CmaTotal /proc/meminfo
CmaTotal:          16384 kB`,
  },
  {
    cause: 'CMA_DT_REJECTED_NOMAP',
    says: [/no-map/, /reusable/],
    text: `reserved region does not become CMA:
[    0.000000] OF: reserved mem: 0x0000000090000000..0x0000000097ffffff (131072 KiB) nomap reusable isp@90000000
[    0.000000] cma: Reserved 32 MiB at 0x00000000fdc00000 on node -1
isp@90000000 {
	compatible = "shared-dma-pool";
	reg = <0x0 0x90000000 0x0 0x8000000>;
	no-map;
	reusable;
};`,
  },
  {
    cause: 'CMA_DT_REJECTED_SLOTS',
    says: [/CMA_AREAS/],
    text: `We have a region per camera (9 of them) and the last ones never show up.
[    0.000000] cma: Not enough slots for CMA reserved regions!
[    0.000000] Reserved memory: unable to setup CMA region
$ zcat /proc/config.gz | grep CMA_AREAS
CONFIG_CMA_AREAS=7`,
  },
  {
    cause: 'CMA_DT_REJECTED',
    says: [/reserved mem/i],
    text: `what is the reason for this?
[    0.000000] Reserved memory: unable to setup CMA region
[    0.000000] OF: reserved mem: node vpu-pool compatible matching fail
[    0.000000] cma: Reserved 64 MiB at 0x00000000bc000000 on node -1`,
  },
  {
    cause: 'CMA_FALLBACK_KCONFIG',
    says: [/CMA_SIZE_MBYTES|Kconfig|configured/],
    text: `My overlay asks for 256 MiB, the heap that appears is only 32 and has a strange name
$ ls /dev/dma_heap
reserved  system
$ dmesg | grep -i cma
[    0.000000] cma: Reserved 32 MiB at 0x00000000fc800000 on node -1
[    0.000000] Memory: 1921248K/2064384K available (13440K kernel code, 32768K cma-reserved)
$ zcat /proc/config.gz | grep CMA_SIZE_MB
CONFIG_CMA_SIZE_MBYTES=32
$ cat /proc/cmdline
console=ttyAML0,115200 root=/dev/mmcblk1p2 rw`,
  },
  {
    cause: 'CMA_SIZE_MISMATCH',
    says: [/size/i],
    text: `We expected 192 MiB from the profile:
$ grep Cma /proc/meminfo
CmaTotal:         327680 kB
CmaFree:          326100 kB
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 249, 1 Jan  9 07:20 linux,cma
crw-rw---- 1 root video 249, 0 Jan  9 07:20 system`,
  },
  {
    cause: 'CMA_TOTAL_AMBIGUOUS',
    says: [/CMA_SYSFS|debug/],
    text: `CmaTotal is 384 MB. Which area has which size? It does not match what I set for linux,cma (256).
[    0.000000] Reserved memory: created CMA memory pool at 0x00000000d0000000, size 256 MiB
[    0.000000] Reserved memory: created CMA memory pool at 0x00000000c8000000, size 128 MiB
$ grep CmaTotal /proc/meminfo
CmaTotal:         393216 kB
$ ls /sys/kernel/mm/cma
ls: cannot access '/sys/kernel/mm/cma': No such file or directory`,
  },
  {
    cause: 'area-across-numa',
    says: [/NUMA|memory node/i],
    text: `Two-socket arm64 server board, accelerator pool of 8 GiB:
[    0.000000] Early memory node ranges
[    0.000000]   node   0: [mem 0x0000002000000000-0x0000003fffffffff]
[    0.000000]   node   1: [mem 0x0000004000000000-0x0000005fffffffff]
[    0.000000] OF: reserved mem: 0x0000003f00000000..0x00000040ffffffff (8388608 KiB) map reusable accel@3f00000000
[    0.000000] Initmem setup node 0 [mem 0x0000002000000000-0x0000003fffffffff]
[    0.000000] Initmem setup node 1 [mem 0x0000004000000000-0x0000005fffffffff]
[    0.530122] cma: CMA area accel@3f00000000 could not be activated`,
  },
  {
    cause: 'gpu-mem-takes-low-ram',
    says: [/gpu_mem/],
    text: `Pi 3B, old config from Buster days
$ vcgencmd get_mem gpu
gpu=448M
$ dmesg | grep -i cma
[    0.000000] OF: reserved mem: failed to allocate memory for node 'linux,cma': size 384 MiB
$ grep -v '^#' /boot/firmware/config.txt
gpu_mem=448
dtoverlay=vc4-kms-v3d,cma-384`,
  },
  {
    cause: 'CMA_CMDLINE_OVERRIDES_DT',
    says: [/cma=/],
    never: [/alloc-ranges/],
    text: `开发板 dts 里 linux,cma 写了 512M，但 CmaTotal 只有 96M，为什么？
# cat /proc/cmdline
root=/dev/mmcblk0p7 rw console=ttyFIQ0 cma=96M
# grep Cma /proc/meminfo
CmaTotal:          98304 kB
CmaFree:           97020 kB`,
  },
  {
    cause: 'CMA_DT_REJECTED_ALIGN',
    says: [/32 ?MiB|16K/],
    text: `Pi 5 with kernel_2712 (16K pages), own overlay:
[    0.000000] Reserved memory: incorrect alignment of CMA region
$ getconf PAGE_SIZE
16384
	vision@60000000 { compatible = "shared-dma-pool"; reusable; reg = <0x0 0x60000000 0x0 0x5000000>; };`,
  },
  {
    cause: 'CMA_AREA_NOT_ACTIVATED',
    says: [/zone|HighMem|low/i],
    text: `armv7 board with 2 GiB
[    0.000000] Reserved memory: created CMA memory pool at 0x5a000000, size 256 MiB
[    0.000000] Zone ranges:
[    0.000000]   Normal   [mem 0x0000000040000000-0x000000006fffffff]
[    0.000000]   HighMem  [mem 0x0000000070000000-0x00000000bfffffff]
[    0.000000] Reserved memory: created CMA memory pool at 0x6c000000, size 128 MiB
[    0.000000] OF: reserved mem: initialized node video@6c000000, compatible id shared-dma-pool
[    0.080110] cma: CMA area video@6c000000 could not be activated`,
  },
  {
    cause: 'HEAP_SUPPORT_MISSING',
    says: [/DMABUF_HEAPS/],
    never: [/modprobe/, /udevadm/],
    text: `jo@nuc:~$ rpicam-hello
ERROR DmaBufAllocator dma_buf_allocator.cpp:118 Could not open any dma-buf provider
jo@nuc:~$ ls /dev/dma_heap
ls: Zugriff auf '/dev/dma_heap' nicht möglich: Datei oder Verzeichnis nicht gefunden
jo@nuc:~$ grep HEAPS /boot/config-6.1.0-28-arm64
# CONFIG_DMABUF_HEAPS is not set`,
  },
  {
    cause: 'HEAP_MODULE_NOT_LOADED',
    says: [/cma_heap/],
    text: `Linux 7.3.1, system heap is there, CMA heap is not
$ ls /dev/dma_heap
system
$ zgrep DMABUF_HEAPS /proc/config.gz
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
CONFIG_DMABUF_HEAPS_CMA=m
$ lsmod | grep _heap
$`,
  },
  {
    cause: 'kernel-too-old-ion',
    says: [/5\.6/],
    text: `我在 RK3399 上跑 dma_heap 的例子
# uname -r
4.4.194
# ls /dev/dma_heap
ls: /dev/dma_heap: No such file or directory`,
  },
  {
    cause: 'CMA_NOT_CONFIGURED',
    says: [/CMA/],
    never: [/cma=\d/],
    text: `# zcat /proc/config.gz | grep -w -e CONFIG_CMA -e CONFIG_DMABUF_HEAPS
CONFIG_DMABUF_HEAPS=y
# CONFIG_CMA is not set
# ls /dev/dma_heap
system
# gst-launch-1.0 ...
failed to open /dev/dma_heap/linux,cma: No such file or directory`,
  },
  {
    cause: 'CMA_DT_NODE_MISSING',
    says: [/overlay/],
    text: `U-Boot 2024.01 console:
21504 bytes read in 4 ms
** File not found /boot/overlays/heap-cma.dtbo **
Working FDT set to 4a000000
then linux starts and CmaTotal is 64M as always`,
  },
  {
    cause: 'CMA_DT_NODE_MISSING',
    says: [/fdt resize|room/],
    text: `=> fdt apply \${fdtoverlay_addr_r}
failed on fdt_overlay_apply(): FDT_ERR_NOSPACE
=> booti ...`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/default_cma_region/],
    text: `Arch Linux ARM updated the kernel to 6.18.2 and now
$ ./viewer
viewer: failed to open /dev/dma_heap/reserved: No such file or directory
$ ls -1 /dev/dma_heap
default_cma_region
system`,
  },
  {
    // A reservation of firmware that the board does not use is disabled in many trees, and was never to be an area.
    cause: 'CMA_DT_REJECTED_SPACE',
    says: [/smaller|widen/],
    never: [/status/],
    text: `reserved-memory {
	#address-cells = <0x2>;
	#size-cells = <0x1>;
	ranges;
	linux,cma {
		compatible = "shared-dma-pool";
		size = <0x20000000>;
		reusable;
		linux,cma-default;
		alloc-ranges = <0x0 0x0 0x30000000>;
	};
	settings@0 {
		compatible = "firmware,settings";
		reg = <0x0 0x0 0x0>;
		no-map;
		status = "disabled";
	};
};
[    0.000000] Linux version 6.12.30 (me@desk)
[    0.000000] OF: reserved mem: failed to allocate memory for node 'linux,cma'
`,
  },
];
