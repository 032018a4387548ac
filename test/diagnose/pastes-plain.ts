/** Pastes of tools that check a system, and of people who name a heap without its path. */
import type { PasteCase } from './cases.js';

export const PLAIN_PASTES: readonly PasteCase[] = [
  {
    cause: 'PERM_DIRECTORY_OPEN',
    says: [/0755/],
    text: `pentest finding: "World-writable directory"
# find /dev -type d -perm -0002 -ls
      310      0 drwxrwxrwx   2 root     root           80 Nov 29 10:00 /dev/dma_heap`,
  },
  {
    cause: 'PERM_WORLD_ACCESS',
    says: [/group/],
    text: `lynis: world accessible device node
crw-rw-rw-    1 root     video     251,   0 Jan  1  1970 /dev/dma_heap/system`,
  },
  {
    cause: 'HEAP_UNEXPECTED',
    says: [/profile/],
    text: `{"id":"heap.absent","heap":"system","status":"fail","diagnosis":"HEAP_UNEXPECTED"}`,
  },
  {
    cause: 'CMA_TRANSIENT_BUSY',
    says: [/retry/],
    text: `[  812.5] alloc_contig_range: 14 callbacks suppressed
[  812.5] alloc_contig_range: [a8000, a87e9) PFNs busy
[  812.6] cma: __cma_alloc: linux,cma: alloc failed, req-size: 2025 pages, ret: -16
CmaFree:          189000 kB`,
  },
  {
    cause: 'CMA_DT_REJECTED_SLOTS',
    says: [/CMA_AREAS/],
    text: `9 camera pools in the dts. The last two have no /dev/dma_heap entry
cma: Not enough slots for CMA reserved regions!
cma: Not enough slots for CMA reserved regions!`,
  },
  {
    cause: 'CMA_DT_REJECTED_NOMAP',
    says: [/no-map/],
    text: `$ ls /proc/device-tree/reserved-memory/isp@80000000/
compatible  name  no-map  phandle  reg  reusable
but no heap`,
  },
  {
    cause: 'CMA_DT_NODE_DISABLED',
    says: [/status/],
    text: `	linux,cma {
		compatible = "shared-dma-pool";
		reusable;
		size = <0x0 0x8000000>;
		linux,cma-default;
		status = "disabled";
	};
CmaTotal: 0 kB`,
  },
  {
    cause: 'CMA_SIZE_MISMATCH',
    says: [/size|CMA_SIZE/],
    text: `I set size = <0x0 0x20000000> for linux,cma in the dts but
CmaTotal:         262144 kB
dmesg: OF: reserved mem: 0x00000000d0000000..0x00000000dfffffff (262144 KiB) map reusable linux,cma`,
  },
  {
    cause: 'DEVTMPFS_MISSING',
    says: [/devtmpfs/],
    text: `initramfs with a static /dev, kernel has CONFIG_DMABUF_HEAPS_SYSTEM=y
/ # ls /sys/class/dma_heap
system
/ # ls /dev/dma_heap
ls: /dev/dma_heap: No such file or directory`,
  },
  {
    cause: 'NODE_NOT_A_HEAP',
    says: [/dynamic|delete/],
    text: `crw-rw-rw- 1 root root  10, 61 Nov 1 10:10 /dev/dma_heap/system
crw------- 1 root root 252,  1 Nov 1 10:10 /dev/dma_heap/linux,cma
ioctl(3, DMA_HEAP_IOCTL_ALLOC, {len=4096, ...}) = -1 ENOTTY (Inappropriate ioctl for device)`,
  },
  {
    cause: 'USER_MISSING',
    says: [/user/],
    text: `chown: invalid user: 'camera:video'
id: 'camera': no such user
cam.service: Main process exited, code=exited, status=217/USER`,
  },
  {
    cause: 'GROUP_MISSING',
    says: [/group/],
    text: `$ getent group heapusers
$ cat /etc/udev/rules.d/70-heap.rules
SUBSYSTEM=="dma_heap", GROUP="heapusers", MODE="0660"
systemd-udevd[212]: /etc/udev/rules.d/70-heap.rules:1 Unknown group 'heapusers', ignoring`,
  },
  {
    cause: 'FD_LIMIT',
    says: [/LimitNOFILE|ulimit/],
    text: `weston: failed to import dmabuf: dup: Too many open files
$ cat /proc/$(pidof weston)/limits | grep files
Max open files            1024                 4096                 files`,
  },
  {
    cause: 'MEMCG_CHARGED',
    says: [/memory|limit/i],
    text: `docker run --memory 200m --device /dev/dma_heap/system detector
[ 301.1] detector invoked oom-killer: gfp_mask=0x140dca, order=0
[ 301.1] Memory cgroup out of memory: Killed process 901 (detector)
boot args: dma_heap.mem_accounting=1`,
  },
  {
    cause: 'NOT_ZEROED',
    says: [/vendor|kernel/],
    text: `Fresh buffers of the cma heap are not cleared: hexdump of a new buffer shows pieces of /etc/passwd`,
  },
  {
    cause: 'DATA_CORRUPT',
    says: [/owner|reserved/],
    text: `After some minutes the NPU results are garbage and memtest over the CMA buffer reports changed bytes: expected 0x5a got 0x00 at 0x9c012340. The DSP image is linked to 0x9c000000.`,
  },
  {
    cause: 'LATENCY_EXCEEDED',
    says: [/early|pool/],
    text: `frame drops: heap alloc took 312 ms, 287 ms, 401 ms (8 MB each, linux,cma)`,
  },
  {
    cause: 'LEAK_CMA',
    says: [/attach|bufinfo/],
    text: `I stop weston and CmaFree never comes back to the value after boot: 58 MB missing, no process has dmabuf fds.`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/contiguous/],
    text: `g2d/dpu: "imx-drm display-subsystem: buffer is not contiguous", memory from /dev/dma_heap/system, drmPrimeFDToHandle fails with EINVAL`,
  },
  {
    cause: 'UDMABUF_UNUSABLE',
    says: [/UDMABUF/],
    text: `# ls -l /dev/udmabuf
ls: cannot access '/dev/udmabuf': No such file or directory
libcamera softisp falls back and fails: Could not open /dev/udmabuf`,
  },
  {
    cause: 'ABI_DEVIATION',
    says: [/vendor|mainline/],
    text: `On this BSP DMA_HEAP_IOCTL_ALLOC with fd_flags=0xffffffff returns 0 instead of EINVAL`,
  },
  {
    cause: 'SYMLINK_WRONG_TARGET',
    says: [/link/],
    text: `$ readlink /dev/dma_heap/linux,cma
system
$ ls -l /dev/dma_heap/linux,cma
lrwxrwxrwx 1 root root 6 Jan 5 10:00 /dev/dma_heap/linux,cma -> system
kmssink: drmModeAddFB2 failed, contiguous mapping is too small`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/DMABUF_HEAPS_CMA|area/],
    text: `ls /dev/dma_heap: system
opens linux,cma: No such file or directory
zcat /proc/config.gz: # CONFIG_DMABUF_HEAPS_CMA is not set`,
  },
  {
    cause: 'RULE_LATE',
    says: [/device|After/],
    text: `First start after power on: "Failed to open /dev/dma_heap/linux,cma: Permission denied", systemd restarts it and the second start works.
crw-rw---- 1 root video 249, 1 Nov 30 08:00 /dev/dma_heap/linux,cma
Nov 30 08:00:02 systemd[1]: Finished Coldplug All udev Devices.`,
  },
  {
    cause: 'CMA_DISABLED_CMDLINE',
    says: [/cma=0/],
    text: `extlinux.conf: append root=/dev/mmcblk0p1 rootwait cma=0 console=ttyS2
CmaTotal:              0 kB
why no CMA? node is in DT`,
  },
  {
    cause: 'CONFIG_DIFFERS',
    says: [/fragment|merge/],
    text: `Fragment has CONFIG_DMABUF_HEAPS_CMA=y, but after bitbake the .config says "# CONFIG_DMABUF_HEAPS_CMA is not set". The option is dropped silently.`,
    also: ['HEAP_SUPPORT_MISSING', 'HEAP_ABSENT'],
  },
  {
    cause: 'healthy',
    says: [],
    text: `[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
[    0.000000] Reserved memory: created CMA memory pool at 0x00000000a8000000, size 128 MiB
[    5.112200] brcmfmac: brcmf_c_process_clm_blob: no clm_blob available (err=-2), device may have limited channels available
[    6.001122] Bluetooth: hci0: BCM: failed to write update baudrate (-110)
Is my CMA set up correctly?`,
  },
  {
    cause: 'not-ours',
    says: [],
    text: `Failed to start camera: no space left on device
$ df -h /
/dev/root  29G  29G  0 100% /
$ ls /dev/dma_heap
linux,cma system`,
  },
  { cause: 'undecided', says: [], text: `Frames are black` },
];
