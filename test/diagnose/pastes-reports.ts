/** Pastes after public reports of other boards, kernels, languages and consoles; each answer was decided from the source of the kernel or of systemd. */
import type { PasteCase } from './cases.js';

export const REPORT_PASTES: readonly PasteCase[] = [
  // Imx8mm perm default via gst imx.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `Sep 02 09:14:11 imx8mmevk launcher[1701]: 0:00:06.912110  1701 0xaaab0770 ERROR imxdmaheapallocator gstimxdmaheapallocator.c:252:gst_imx_dma_heap_allocator_activate:<imxdmaheapallocator0> could not create dma-heap allocator: Permission denied (13)
Sep 02 09:14:11 imx8mmevk launcher[1701]: Assertion \`buffer != NULL' failed.
root@imx8mmevk:~# ls -l /dev/dma_heap/
total 0
crw------- 1 root root 250, 1 Sep  2 09:12 linux,cma
crw------- 1 root root 250, 0 Sep  2 09:12 system`,
  },
  // Rk mpp uncached exists, perm default.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `mpp[5510]: mpp_dma_heap: os_allocator_dma_heap_open open dma heap type 0 system-uncached failed!
mpp[5510]: mpp_buffer: MppBufferService get_group failed to get allocater with mode 0 type 3
orangepi@orangepi5:~$ ls -lh /dev/dma_heap/
total 0
crw------- 1 root root 251, 4 Jun 25 05:41 cma
crw------- 1 root root 251, 0 Jun 25 05:41 system
crw------- 1 root root 251, 2 Jun 25 05:41 system-uncached`,
  },
  // Selinux label with perm default, qcom.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `cam-server cannot allocate when it runs as User=camera
qcs6490:~# ls -lZ /dev/dma_heap/system
crw-------. 1 root root system_u:object_r:dma_device_t:s0 251, 0 Feb 20 10:00 /dev/dma_heap/system
cam-server: open /dev/dma_heap/system: Permission denied`,
  },
  // Android mmap denied.
  {
    cause: 'FD_READONLY',
    says: [],
    text: `06-03 15:13:03.880   308   578 I DMABUFHEAPS: Using : Non-legacy ION heaps
06-03 15:13:04.052   308   359 E libcamera: ERROR Buffer mapped_framebuffer.cpp:230 Failed to mmap plane: Permission denied
06-03 15:13:11.282   308   359 E libcamera: ERROR Buffer mapped_framebuffer.cpp:230 Failed to mmap plane: Permission denied`,
  },
  // Old kernel message without name.
  {
    cause: 'undecided',
    says: [],
    text: `[   46.330733] vc4-drm soc:gpu: failed to allocate buffer with size 4194304
[   81.757756] cma: cma_alloc: alloc failed, req-size: 2040 pages, ret: -12
[   81.757790] vc4-drm soc:gpu: failed to allocate buffer with size 8355840`,
  },
  // Same with meminfo.
  {
    cause: 'CMA_EXHAUSTED',
    says: [],
    text: `[   81.757756] cma: cma_alloc: alloc failed, req-size: 2040 pages, ret: -12
[   81.757790] vc4-drm soc:gpu: failed to allocate buffer with size 8355840
pi@raspi3:~ $ grep Cma /proc/meminfo
CmaTotal:         131072 kB
CmaFree:            3012 kB`,
  },
  // PFNs busy many.
  {
    cause: 'CMA_TRANSIENT_BUSY',
    says: [],
    text: `[26060.019904] alloc_contig_range: [2ef00, 2f00a) PFNs busy
[26060.019938] alloc_contig_range: [2f000, 2f10a) PFNs busy
[26060.020482] vc4-drm soc:gpu: failed to allocate buffer with size 1089536`,
  },
  // PFNs busy harmless info and healthy.
  {
    cause: 'undecided',
    says: [],
    text: `[  500.1] alloc_contig_range: [3c800, 3c900) PFNs busy
[  500.2] cma: cma_alloc(): memory range at (ptrval) is busy, retrying
my preview works fine, 30.00 fps. should i worry about the first line?`,
  },
  // French group not member.
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [],
    text: `marie@banc:~$ ls -l /dev/dma_heap
total 0
crw-rw---- 1 root video 248, 0 mars   3 09:10 linux,cma
crw-rw---- 1 root video 248, 1 mars   3 09:10 system
marie@banc:~$ id
uid=1002(marie) gid=1002(marie) groupes=1002(marie),20(dialout)
marie@banc:~$ ./capture
erreur : impossible d'ouvrir /dev/dma_heap/system: Permission non accordée`,
  },
  // German missing heap dir with config.
  {
    cause: 'HEAP_SUPPORT_MISSING',
    says: [],
    text: `karl@bbb:~$ ls /dev/dma_heap
ls: Zugriff auf '/dev/dma_heap' nicht möglich: Datei oder Verzeichnis nicht gefunden
karl@bbb:~$ uname -r
5.10.168-ti-r79
karl@bbb:~$ zgrep DMABUF /proc/config.gz
# CONFIG_DMABUF_HEAPS is not set
# CONFIG_DMABUF_SYSFS_STATS is not set`,
  },
  // 5.4 imx no heaps.
  {
    cause: 'kernel-too-old-ion',
    says: [],
    text: `root@imx8qm:~# uname -a
Linux imx8qm 5.4.70-2.3.0+g4f2631b022d8 #1 SMP PREEMPT Mon Jan 11 09:13:11 UTC 2021 aarch64 GNU/Linux
root@imx8qm:~# ls /dev/dma_heap /dev/ion
ls: cannot access '/dev/dma_heap': No such file or directory
/dev/ion`,
  },
  // Android common 5.4 with heaps (vendor backport).
  {
    cause: 'undecided',
    says: [],
    text: `$ adb shell uname -r
5.4.210-android12-9-00001
$ adb shell ls -lZ /dev/dma_heap
cr--r--r-- 1 system system u:object_r:dmabuf_system_heap_device:s0 249, 0 2024-03-01 10:00 system
E BufferAllocator: Unable to open dma heap`,
  },
  // Cma=64M@0-512M style cmdline ok.
  {
    cause: 'healthy',
    says: [],
    text: `[    0.000000] Kernel command line: console=ttyAMA0,115200 cma=64M@0-512M root=/dev/vda rw
[    0.000000] cma: Reserved 64 MiB at 0x000000001c000000 on node -1
$ grep Cma /proc/meminfo
CmaTotal:          65536 kB
CmaFree:           64000 kB`,
  },
  // Numa cma pernuma question.
  {
    cause: 'CMA_TOTAL_AMBIGUOUS',
    says: [],
    text: `[    0.000000] cma: cma_declare_contiguous_nid: reserve pernuma area
[    0.000000] cma: Reserved 16 MiB at 0x00000000fec00000 on node -1
CmaTotal:         147456 kB
what is the rest for? pernuma? cma_pernuma=64M is on the command line`,
  },
  // Stm32mp1 reserved region for m4 without reusable, not ours.
  {
    cause: 'undecided',
    says: [],
    text: `[    0.000000] Reserved memory: created DMA memory pool at 0x10000000, size 0 MiB
[    0.000000] OF: reserved mem: initialized node mcuram2@10000000, compatible id shared-dma-pool
[    0.000000] Reserved memory: created DMA memory pool at 0x10040000, size 0 MiB
[    0.000000] OF: reserved mem: initialized node vdev0vring0@10040000, compatible id shared-dma-pool
[    0.000000] cma: Reserved 128 MiB at 0xc8000000
[    1.5] remoteproc remoteproc0: m4 is available`,
  },
  // TI k3 created DMA pools healthy.
  {
    cause: 'healthy',
    says: [],
    text: `[    0.000000] Reserved memory: created DMA memory pool at 0x00000000a0000000, size 1 MiB
[    0.000000] OF: reserved mem: initialized node r5f-dma-memory@a0000000, compatible id shared-dma-pool
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000081000000, size 512 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
root@am62a:~# ls -l /dev/dma_heap/
crw-rw---- 1 root video 244, 0 May  4 12:00 linux,cma`,
  },
  // LXC proxmox, unprivileged nobody.
  {
    cause: 'GROUP_NOT_MAPPED',
    says: [],
    text: `root@frigate:~# ls -l /dev/dma_heap
crw-rw---- 1 nobody nogroup 250, 0 Apr  1 10:00 system
root@frigate:~# ffmpeg -hwaccel rkmpp -i x.mp4
open /dev/dma_heap/system: Permission denied
/etc/pve/lxc/104.conf: unprivileged: 1`,
  },
  // Docker --user with host listing.
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [],
    text: `docker run --rm --user 1000:1000 --device /dev/dma_heap/system:/dev/dma_heap/system cam:1.2
cam: cannot open /dev/dma_heap/system: Permission denied
host$ ls -ln /dev/dma_heap/system
crw-rw---- 1 0 44 250, 0 Apr  1 10:00 /dev/dma_heap/system`,
  },
  // K8s hostPath EPERM.
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [],
    text: `$ kubectl exec -it vision-0 -- cat /dev/dma_heap/system
cat: /dev/dma_heap/system: Operation not permitted
      volumeMounts:
        - mountPath: /dev/dma_heap
          name: heaps
  volumes:
    - name: heaps
      hostPath:
        path: /dev/dma_heap`,
  },
  // Gst v4l2 no space usb.
  {
    cause: 'not-ours',
    says: [],
    text: `libv4l2: error turning on stream: No space left on device
ERROR: from element /GstPipeline:pipeline0/GstV4l2Src:v4l2src0: Failed to allocate a buffer
CmaTotal:         262144 kB
CmaFree:          250000 kB`,
  },
  // Journal exported json-ish, avc denied.
  {
    cause: 'MAC_DENIED',
    says: [],
    text: `Mar 10 08:12:33 fedora-rk audit[912]: AVC avc:  denied  { read write } for  pid=912 comm="gst-launch-1.0" name="system" dev="devtmpfs" ino=412 scontext=system_u:system_r:init_t:s0 tcontext=system_u:object_r:device_t:s0 tclass=chr_file permissive=0
gst-launch-1.0[912]: failed to open /dev/dma_heap/system: Permission denied`,
  },
  // Avc of another device.
  {
    cause: 'not-ours',
    says: [],
    text: `Mar 10 08:12:33 fedora audit[912]: AVC avc:  denied  { read write } for  pid=912 comm="app" name="renderD128" dev="devtmpfs" ino=412 scontext=system_u:system_r:init_t:s0 tcontext=system_u:object_r:dri_device_t:s0 tclass=chr_file permissive=0
app: cannot open /dev/dri/renderD128: Permission denied
crw-rw---- 1 root video 248, 1 Mar 10 09:10 /dev/dma_heap/system`,
  },
  // Ansi dmesg cma=0.
  {
    cause: 'CMA_DISABLED_CMDLINE',
    says: [],
    text: `\u001b[32m[    0.000000] \u001b[0mKernel command line: earlycon=ns16550a,mmio32,0xff1a0000 root=UUID=11 rootwait cma=0 loglevel=7
\u001b[32m[    0.090000] \u001b[0m\u001b[33mworkingset\u001b[0m: timestamp_bits=46 max_order=20 bucket_order=0
$ grep -i cma /proc/meminfo
CmaTotal:              0 kB
CmaFree:               0 kB`,
  },
  // Cma= in highmem not activated.
  {
    cause: 'CMA_AREA_NOT_ACTIVATED',
    says: [],
    text: `<6>[    0.000000] cma: Reserved 256 MiB at 0x28000000
<6>[    0.000000] Zone ranges:
<6>[    0.000000]   Normal   [mem 0x0000000010000000-0x000000002fffffff]
<6>[    0.000000]   HighMem  [mem 0x0000000030000000-0x000000004fffffff]
<3>[    0.081000] cma: CMA area reserved could not be activated`,
  },
  // Cma=512 fail.
  {
    cause: 'CMA_CMDLINE_FAILED',
    says: [],
    text: `[    0.000000] Kernel command line: console=ttySTM0,115200 root=/dev/mmcblk0p5 rootwait rw cma=512M
[    0.000000] cma: Failed to reserve 512 MiB
[    0.000000] Early memory node ranges
[    0.000000]   node   0: [mem 0x00000000c0000000-0x00000000dfffffff]`,
  },
  // Config size fail.
  {
    cause: 'undecided',
    says: [],
    text: `# zgrep CMA_SIZE /proc/config.gz
CONFIG_CMA_SIZE_MBYTES=640
# dmesg | grep cma
[    0.000000] cma: Failed to reserve 640 MiB`,
  },
  // Healthy with scary words.
  {
    cause: 'healthy',
    says: [],
    text: `[    0.000000] Kernel command line: console=ttyS2,1500000n8 root=/dev/mmcblk0p2 panic=10 oops=panic fsck.repair=yes usb-storage.quirks=0bda:9210:u
[    0.000000] Reserved memory: created CMA memory pool at 0x00000000e0000000, size 256 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
[    0.100000] Spectre V4 mitigation: SSBD not required, firmware mitigation unavailable
[    0.812000] EDAC MC: Ver: 3.0.0 error correction enabled
[    1.231000] panfrost fde60000.gpu: clock rate = 594000000
[    1.430000] mmc1: error handling: none; timeout value 30000 ms
[    2.120000] systemd[1]: Configuration requires crash shell on failure: no
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 251, 0 Jan  5 10:00 linux,cma
$ id
uid=1000(rock) gid=1000(rock) groups=1000(rock),44(video)`,
  },
  // Zh not in group.
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [],
    text: `rock@rock-5b:~$ ./rkcam
[ERROR] 打开 /dev/dma_heap/system 失败: 权限不够
rock@rock-5b:~$ ls -l /dev/dma_heap/system
crw-rw---- 1 root video 251, 0  3月  2 10:11 /dev/dma_heap/system
rock@rock-5b:~$ id
用户id=1000(rock) 组id=1000(rock) 组=1000(rock),20(dialout)`,
  },
  // Ru renamed.
  {
    cause: 'HEAP_RENAMED',
    says: [],
    text: `ivan@vf2:~$ ./player
ошибка: /dev/dma_heap/linux,cma: Нет такого файла или каталога
ivan@vf2:~$ ls /dev/dma_heap
default_cma_region  system
ivan@vf2:~$ uname -r
6.18.4`,
  },
  // Truncated.
  { cause: 'undecided', says: [], text: `[    0.000000] cma: Failed to rese` },
  // Two faults.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `$ ls -l /dev/dma_heap
crw------- 1 root root 252, 0 Jan  5 10:00 reserved
$ ./cam
open("/dev/dma_heap/reserved"): Permission denied
$ sudo ./cam
[   88.1] cma: cma_alloc: reserved: alloc failed, req-size: 8192 pages, ret: -12
[    0.000000] cma: Reserved 16 MiB at 0x000000009f000000 on node -1`,
  },
  // Systemd 216 group.
  {
    cause: 'GROUP_MISSING',
    says: [],
    text: `vision.service: Failed to determine supplementary groups: No such process
vision.service: Failed at step GROUP spawning /usr/bin/vision: No such process
Main process exited, code=exited, status=216/GROUP
$ grep Supp /etc/systemd/system/vision.service
SupplementaryGroups=dmaheap
crw-rw---- 1 root root 250, 0 Jan  5 10:00 /dev/dma_heap/system`,
  },
  // Zynqmp exhausted.
  {
    cause: 'CMA_EXHAUSTED',
    says: [],
    text: `[ 9182.441] cma: cma_alloc: reserved: alloc failed, req-size: 8100 pages, ret: -12
[ 9182.441] xlnx-frmbuf a0010000.v_frmbuf_wr: dma alloc of size 33177600 failed
xilinx-zcu106:~$ grep Cma /proc/meminfo
CmaTotal:        1048576 kB
CmaFree:           12032 kB`,
  },
  // De login stale.
  {
    cause: 'LOGIN_STALE',
    says: [],
    text: `tom@pi:~ $ sudo usermod -a -G render tom
tom@pi:~ $ id
uid=1000(tom) gid=1000(tom) Gruppen=1000(tom),27(sudo)
tom@pi:~ $ getent group render
render:x:106:tom
tom@pi:~ $ ls -l /dev/dma_heap/system
crw-rw---- 1 root render 249, 0 Jan  5 10:00 /dev/dma_heap/system
tom@pi:~ $ ./app
/dev/dma_heap/system: Keine Berechtigung`,
  },
  // Single equals.
  {
    cause: 'RULE_NOT_APPLIED',
    says: [],
    text: `$ cat /etc/udev/rules.d/99-heap.rules
SUBSYSTEM="dma_heap", GROUP="video", MODE="0660"
$ ls -l /dev/dma_heap
crw------- 1 root root 249, 0 Jan  5 10:00 system`,
  },
  // Wrong directory.
  {
    cause: 'RULE_NOT_APPLIED',
    says: [],
    text: `# cat /etc/udev/70-heap.rules
SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
# ls -l /dev/dma_heap
crw------- 1 root root 249, 0 Jan  5 10:00 system`,
  },
  // No suffix.
  {
    cause: 'RULE_NOT_APPLIED',
    says: [],
    text: `# cat /etc/udev/rules.d/70-dma-heap
SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
# udevadm control --reload; udevadm trigger
# ls -l /dev/dma_heap
crw------- 1 root root 249, 0 Jan  5 10:00 system`,
  },
  // Rule for other heap.
  {
    cause: 'RULE_NOT_APPLIED',
    says: [],
    text: `# cat /etc/udev/rules.d/70-dma-heap.rules
SUBSYSTEM=="dma_heap", KERNEL=="linux,cma", GROUP="video", MODE="0660"
# ls -l /dev/dma_heap
crw-rw---- 1 root video 249, 1 Jan  5 10:00 linux,cma
crw------- 1 root root 249, 0 Jan  5 10:00 system
$ app
open /dev/dma_heap/system: Permission denied`,
  },
  // Reversed rename.
  {
    cause: 'HEAP_RENAMED',
    says: [],
    text: `E: heap default_cma_region: open /dev/dma_heap/default_cma_region failed: No such file or directory
root@board:~# ls /dev/dma_heap ; uname -r
linux,cma  system
6.12.30`,
  },
  // Unit address.
  {
    cause: 'HEAP_RENAMED',
    says: [],
    text: `isp-daemon: open("/dev/dma_heap/isp-buffers"): No such file or directory
$ ls /dev/dma_heap
default_cma_region  isp-buffers@90000000  system`,
  },
  // Modprobe cma_heap not found.
  {
    cause: 'undecided',
    says: [],
    text: `$ sudo modprobe cma_heap
modprobe: FATAL: Module cma_heap not found in directory /lib/modules/6.1.0-26-arm64`,
  },
  // Udmabuf denied.
  {
    cause: 'UDMABUF_UNUSABLE',
    says: [],
    text: `libcamera: ERROR DmaBufAllocator dma_buf_allocator.cpp:92 Failed to open /dev/udmabuf: Permission denied
crw------- 1 root kvm 10, 125 Jan  5 10:00 /dev/udmabuf`,
  },
  // Compose.
  {
    cause: 'container-node-missing',
    says: [],
    text: `services:
  cam:
    image: cam:2
    devices:
      - /dev/video0
      - /dev/media0
$ docker compose logs cam
cam-1  | Failed to open /dev/dma_heap/linux,cma: No such file or directory
$ ls /dev/dma_heap
linux,cma  system`,
  },
  // Bus error.
  { cause: 'undecided', says: [], text: `app received SIGBUS while writing to the mapped dma-buf` },
  // Other oops.
  {
    cause: 'not-ours',
    says: [],
    text: `[  102.1] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000018
[  102.2] pc : brcmf_sdio_bus_rxctl+0x58/0x120 [brcmfmac]
[  102.2] Call trace:
[  102.2]  brcmf_sdio_bus_rxctl+0x58/0x120 [brcmfmac]
$ ls /dev/dma_heap
linux,cma system`,
  },
  // Overlap ramoops.
  {
    cause: 'DATA_CORRUPT',
    says: [],
    text: `[    0.000000] OF: reserved mem: OVERLAP DETECTED!
[    0.000000] linux,cma@10000000 (0x0000000010000000--0x0000000020000000) overlaps with ramoops@1ff00000 (0x000000001ff00000--0x0000000020000000)`,
  },
  // 16k align.
  {
    cause: 'CMA_DT_REJECTED_ALIGN',
    says: [],
    text: `pi@pi5:~ $ getconf PAGESIZE
16384
pi@pi5:~ $ dmesg | head -40 | grep -i reserved
[    0.000000] OF: fdt: Reserved memory: incorrect alignment of CMA region`,
  },
  // Status.
  {
    cause: 'CMA_DT_NODE_DISABLED',
    says: [],
    text: `# cat /proc/device-tree/reserved-memory/linux,cma/status
disabled
# ls /dev/dma_heap
system`,
  },
  // Fallback.
  {
    cause: 'CMA_FALLBACK_KCONFIG',
    says: [],
    text: `our dts has linux,cma with 256 MiB, but the kernel makes this instead:
[    0.000000] cma: Reserved 32 MiB at 0x000000007e000000 on node -1
# ls /dev/dma_heap
reserved system`,
  },
  // Low CmaFree, works.
  {
    cause: 'undecided',
    says: [],
    text: `CmaTotal:         524288 kB
CmaFree:            1024 kB
Everything works, but is it normal that CmaFree is so low?`,
  },
  // Seccomp.
  {
    cause: 'MAC_DENIED',
    says: [],
    text: `audit: type=1326 audit(1700000000.1:91): auid=1000 uid=1000 gid=1000 ses=1 subj=unconfined pid=912 comm="heapd" exe="/usr/bin/heapd" sig=31 arch=c00000b7 syscall=29 compat=0 ip=0xffff code=0x80000000
heapd: killed at DMA_HEAP_IOCTL_ALLOC (ioctl)`,
  },
];
