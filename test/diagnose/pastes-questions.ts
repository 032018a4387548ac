/** Pastes that ask, quote or deny, beside those that report the same fault. */
import type { PasteCase } from './cases.js';

export const QUESTION_PASTES: readonly PasteCase[] = [
  // Healthy capture with docker mention.
  {
    cause: 'healthy',
    says: [],
    text: `Running natively, not in docker.
crw-rw---- 1 root video 251, 0 Jan  5 10:00 /dev/dma_heap/linux,cma
uid=1000(u) gid=1000(u) groups=1000(u),44(video)
CmaTotal:          65536 kB
CmaFree:           60000 kB
capture works: 30.01 fps`,
  },
  // Heap works, person asks about kernel taint.
  {
    cause: 'healthy',
    says: [],
    text: `[    5.0] rga: loading out-of-tree module taints kernel.
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000010000000, size 128 MiB
all good: captured 100 frames`,
  },
  // Dma_alloc failed, CMA big, size small, boot time coherent pool.
  {
    cause: 'undecided',
    says: [],
    text: `[    3.1] dwc2 3f980000.usb: dma alloc of size 8192 failed
CmaTotal:         262144 kB
CmaFree:          255000 kB`,
  },
  // Atomic pool.
  {
    cause: 'not-ours',
    says: [],
    text: `[    0.5] DMA: failed to allocate 128 KiB GFP_KERNEL|GFP_DMA pool for atomic allocation
[    0.5] swapper/0: page allocation failure: order:5, mode:0xcc1(GFP_KERNEL|GFP_DMA), nodemask=(null)`,
  },
  // Dmabuf fd leak by count.
  {
    cause: 'LEAK_FD',
    says: [],
    text: `$ ls /proc/771/fd | wc -l
118
$ sleep 60; ls /proc/771/fd | wc -l
402
dma-buf heap user`,
  },
  // EMFILE.
  { cause: 'FD_LIMIT', says: [], text: `gst-launch-1.0: DMA_HEAP_IOCTL_ALLOC: Too many open files` },
  // Not multiple of 4M with MiB.
  {
    cause: 'CMA_DT_REJECTED_ALIGN',
    says: [],
    text: `[    0.000000] OF: reserved mem: incorrect alignment of CMA region
        linux,cma { compatible = "shared-dma-pool"; reusable; size = <0x0 0x6500000>; linux,cma-default; };`,
  },
  // No-map.
  {
    cause: 'CMA_DT_REJECTED_NOMAP',
    says: [],
    text: `reserved-memory {
	#address-cells = <2>;
	#size-cells = <2>;
	ranges;
	vpu_pool: vpu@60000000 {
		compatible = "shared-dma-pool";
		reg = <0x0 0x60000000 0x0 0x8000000>;
		reusable;
		no-map;
	};
};`,
  },
  // Overlay failed FDT_ERR_NOTFOUND.
  {
    cause: 'CMA_DT_NODE_MISSING',
    says: [],
    text: `Loading overlay cma-heap.dtbo
failed on fdt_overlay_apply(): FDT_ERR_NOTFOUND`,
  },
  // Overlay for hat fails, heaps fine.
  {
    cause: 'not-ours',
    says: [],
    text: `failed on fdt_overlay_apply(): FDT_ERR_NOTFOUND
Error applying DT overlay: sx1301-hat.dtbo
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 251, 0 Jan  5 10:00 linux,cma`,
  },
  // Overlay i2c-rtc not found.
  {
    cause: 'undecided',
    says: [],
    text: `** File not found /boot/overlays/i2c-rtc.dtbo **
Starting kernel ...`,
  },
  // Ubuntu core snap connected.
  {
    cause: 'MAC_DENIED',
    says: [],
    text: `audit: type=1400 audit(1712.1:77): apparmor="DENIED" operation="open" class="file" profile="snap.mycam.daemon" name="/dev/dma_heap/linux,cma" pid=1022 comm="mycam" requested_mask="wr" denied_mask="wr" fsuid=0 ouid=0`,
  },
  // Apparmor denied other file.
  {
    cause: 'undecided',
    says: [],
    text: `audit: type=1400 audit(1712.1:77): apparmor="DENIED" operation="open" profile="snap.mycam.daemon" name="/proc/1/environ" pid=1022 comm="mycam" requested_mask="r" denied_mask="r" fsuid=0 ouid=0
mycam: failed to open heap`,
  },
  // Container has it but user.
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [],
    text: `$ docker exec -it cam sh
# ls -l /dev/dma_heap
crw-rw---- 1 root 44 250, 0 Apr  1 10:00 system
# id
uid=1000 gid=1000 groups=1000
# cat /dev/dma_heap/system
cat: can't open '/dev/dma_heap/system': Permission denied`,
  },
  // Rootless podman keep-groups fix.
  {
    cause: 'GROUP_NOT_MAPPED',
    says: [],
    text: `$ podman run --device /dev/dma_heap/system -it cam ls -l /dev/dma_heap
crw-rw---- 1 nobody nogroup 250, 0 Apr  1 10:00 system`,
  },
  // X86 desktop debian.
  {
    cause: 'CMA_NOT_CONFIGURED',
    says: [],
    text: `$ ls /dev/dma_heap
system
$ grep -E 'CONFIG_(DMA_)?CMA|DMABUF_HEAPS' /boot/config-6.1.0-18-amd64
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
CONFIG_DMABUF_HEAPS_CMA=y
# CONFIG_DMA_CMA is not set
app: /dev/dma_heap/linux,cma: No such file or directory`,
  },
  // Mediatek.
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [],
    text: `E VDEC: open /dev/dma_heap/mtk_mm-uncached failed: No such file or directory
# ls /dev/dma_heap
linux,cma  system
# uname -r
6.6.32-mainline`,
  },
  // Python picamera2 perm.
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [],
    text: `PermissionError: [Errno 13] Permission denied: '/dev/dma_heap/linux,cma'
$ ls -la /dev/dma_heap
total 0
drwxr-xr-x  2 root root      80 Jan  5 10:00 .
drwxr-xr-x 18 root root    4000 Jan  5 10:00 ..
crw-rw----  1 root video 251, 1 Jan  5 10:00 linux,cma
crw-rw----  1 root video 251, 0 Jan  5 10:00 system
$ groups
www-data`,
  },
  // Rust os error.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `thread 'main' panicked at src/main.rs:10: called \`Result::unwrap()\` on an \`Err\` value: Os { code: 13, kind: PermissionDenied, message: "Permission denied" }: /dev/dma_heap/system
crw------- 1 root root 251, 0 Jan  5 10:00 /dev/dma_heap/system`,
  },
  // Openrc mdev.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `alpine:~# cat /etc/mdev.conf | grep heap
alpine:~# ls -l /dev/dma_heap
crw-------    1 root     root      249,   0 Jan  5 10:00 system
alpine:~$ app
/dev/dma_heap/system: Permission denied`,
  },
  // RK3588 >4G rga.
  {
    cause: 'IMPORT_REFUSED',
    says: [],
    text: `rga_mmu: RGA_MMU unsupported memory larger than 4G!
rga_dma_buf: rga map dma buffer failed, using /dev/dma_heap/system`,
  },
  // Drm prime import fail with system heap.
  {
    cause: 'IMPORT_REFUSED',
    says: [],
    text: `drmPrimeFDToHandle failed: Invalid argument
buffers are from /dev/dma_heap/system, display is imx-drm lcdif`,
  },
  // Console spam i2c then heap fine.
  {
    cause: 'not-ours',
    says: [],
    text: `[    5.5] ov5640 1-003c: ov5640_read_reg: error: reg=300a
[    5.5] ov5640 1-003c: ov5640_check_chip_id: failed to read chip identifier
[    5.5] ov5640: probe of 1-003c failed with error -121
$ v4l2-ctl --list-devices
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 251, 0 Jan  5 10:00 linux,cma`,
  },
  // Cma=256M and node ignored, 5.15.
  {
    cause: 'CMA_CMDLINE_OVERRIDES_DT',
    says: [],
    text: `[    0.000000] OF: reserved mem: bypass linux,cma node, using cmdline CMA params instead
[    0.000000] OF: reserved mem: node linux,cma compatible matching fail
[    0.000000] Kernel command line: root=/dev/mmcblk1p2 cma=256M rootwait
[    0.000000] cma: Reserved 256 MiB at 0x00000000b0000000
why is my heap only 256M, dts says 640M`,
  },
  // Riscv no heaps class.
  {
    cause: 'HEAP_SUPPORT_MISSING',
    says: [],
    text: `jh7110# ls /sys/class/dma_heap
ls: cannot access '/sys/class/dma_heap': No such file or directory
jh7110# ls /dev/dma_heap
ls: cannot access '/dev/dma_heap': No such file or directory
jh7110# uname -r
6.12.5`,
  },
  // Dma_heap dir ENOENT only.
  { cause: 'undecided', says: [], text: `ls: cannot access '/dev/dma_heap': No such file or directory` },
  // Question about zeroing.
  {
    cause: 'undecided',
    says: [],
    text: `Does the system heap clear memory, or can a new buffer contain old data of another process?`,
  },
  // Question contiguous.
  {
    cause: 'undecided',
    says: [],
    text: `Are buffers of /dev/dma_heap/system not contiguous? My device needs contiguous memory.`,
  },
  // Question leak.
  {
    cause: 'undecided',
    says: [],
    text: `How do I find out whether a dma-buf fd leaks in my program? I read that leaking descriptors exhausts CMA.`,
  },
  // Memory of a doc.
  {
    cause: 'undecided',
    says: [],
    text: `From the docs: "If CmaFree does not change while a heap allocates, the heap is not backed by CMA."`,
  },
  // Slow compile.
  {
    cause: 'undecided',
    says: [],
    text: `The compile of the kernel with CONFIG_CMA takes 40 s longer, is that normal?`,
  },
  // Negated corruption.
  {
    cause: 'undecided',
    says: [],
    text: `We tested the dma heap for a week: no data corruption, no leaks, CmaFree comes back each time.`,
  },
  // Fixed problem.
  {
    cause: 'undecided',
    says: [],
    text: `After the upgrade to 6.12 the cma leak is gone, and buffers are freed. Thanks!`,
  },
  // Cache question.
  { cause: 'undecided', says: [], text: `Do I need DMA_BUF_IOCTL_SYNC when my heap is uncached?` },
  // Hypothetical EMFILE.
  {
    cause: 'undecided',
    says: [],
    text: `What happens if a process has too many open files with dma-bufs? Will it get EMFILE?`,
  },
  // Permission question.
  {
    cause: 'undecided',
    says: [],
    text: `Which group should own /dev/dma_heap/system? Is 0660 root:video ok or will apps get Permission denied?`,
  },
  // Hypothetical mknod.
  {
    cause: 'FOLKLORE_DMA_BUF_NODE',
    says: [],
    text: `Someone on IRC said I should mknod /dev/dma-buf c 10 60. Is that right?`,
  },
  // Hypothetical cma=0.
  { cause: 'undecided', says: [], text: `What would cma=0 on the command line do?` },
  // Quoting fix.
  {
    cause: 'undecided',
    says: [],
    text: `The wiki says: if you see "cma: Failed to reserve", lower the size. I do not see it.`,
  },
  // No problem list.
  {
    cause: 'undecided',
    says: [],
    text: `$ dmesg | grep -i -E 'cma|heap|reserved mem'
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
[    0.000000] Memory: 1900000K/2097152K available (16384K kernel code, 262144K cma-reserved)`,
  },
  // Docs example ls.
  {
    cause: 'undecided',
    says: [],
    text: `Example from the manual: "open /dev/dma_heap/linux,cma: No such file or directory" means that the heap is missing.`,
  },
  // OOM other machine, heap question.
  {
    cause: 'undecided',
    says: [],
    text: `Unrelated: my build server prints "Out of memory: Killed process 12 (cc1plus)". How large should the CMA area be for two 4K streams?`,
  },
  // NOT leak: cache grows.
  {
    cause: 'undecided',
    says: [],
    text: `CmaFree goes down while I copy files, and nothing uses a camera
CmaTotal:         262144 kB
CmaFree:          120000 kB
CmaFree:          100000 kB
CmaFree:           80000 kB`,
  },
];
