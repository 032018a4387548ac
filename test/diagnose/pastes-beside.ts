/** Pastes with something beside the fault: another device that is refused, a stopped program, a rule that does not count. */
import type { PasteCase } from './cases.js';

export const BESIDE_PASTES: readonly PasteCase[] = [
  // Wiki chmod dir.
  {
    cause: 'undecided',
    says: [],
    text: `The wiki says to run chmod 777 /dev/dma_heap, I have not done it. What is the right way?`,
  },
  // Asked chmod node.
  { cause: 'PERM_WORLD_ACCESS', says: [], text: `Should I run chmod 666 /dev/dma_heap/system at boot?` },
  // Retry prose negative.
  {
    cause: 'undecided',
    says: [],
    text: `DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory. Should I retry? Sometimes people say it works on the next try.`,
  },
  // Stopped word.
  {
    cause: 'undecided',
    says: [],
    text: `DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory
[1]+  Stopped                 vim notes.txt`,
  },
  // Stopped service not process.
  {
    cause: 'CMA_EXHAUSTED',
    says: [],
    text: `DMA_HEAP_IOCTL_ALLOC len=8294400: Cannot allocate memory
systemd[1]: Stopped camera.service.
CmaTotal:          65536 kB
CmaFree:            2000 kB`,
  },
  // Gdb.
  {
    cause: 'undecided',
    says: [],
    text: `I debugged the app in gdb and DMA_HEAP_IOCTL_ALLOC returns Cannot allocate memory`,
  },
  // 16K word.
  { cause: 'undecided', says: [], text: `The frames have 16K resolution? no, 4K pages of text :) My heap is fine` },
  // Vendor word not present.
  { cause: 'undecided', says: [], text: `Does mainline have system-uncached?` },
  // ENOENT for config file not heap.
  {
    cause: 'undecided',
    says: [],
    text: `cat: /etc/dma_heap.conf: No such file or directory
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system`,
  },
  // Permission denied for udev rules file.
  {
    cause: 'undecided',
    says: [],
    text: `-bash: /etc/udev/rules.d/70-heap.rules: Permission denied
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system
$ id
uid=1000(a) gid=1000(a) groups=1000(a)`,
  },
  // Debugfs denied.
  {
    cause: 'not-ours',
    says: [],
    text: `$ cat /sys/kernel/debug/dma_buf/bufinfo
cat: /sys/kernel/debug/dma_buf/bufinfo: Permission denied`,
  },
  // Two boards listing.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `Board A:
crw------- 1 root root 250, 0 Jan  1 10:00 /dev/dma_heap/system
Board B:
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system
Why do they differ?`,
  },
  // Ssh publickey denied.
  {
    cause: 'undecided',
    says: [],
    text: `board: Permission denied (publickey).
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system
$ id
uid=1000(a) gid=1000(a) groups=1000(a)`,
  },
  // Refused other node than listed.
  {
    cause: 'undecided',
    says: [],
    text: `$ ls -l /dev/dma_heap/system
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system
$ id
uid=1000(a) gid=1000(a) groups=1000(a)
$ app
open /dev/dma_heap/linux,cma: Permission denied`,
  },
  // Sudo works.
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [],
    text: `works with sudo only
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/linux,cma
uid=1000(a) gid=1000(a) groups=1000(a),27(sudo)`,
  },
  // Video0 denied.
  {
    cause: 'not-ours',
    says: [],
    text: `$ cam
[err] open /dev/video0: Permission denied
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Jan  1 10:00 linux,cma
$ id
uid=1000(a) gid=1000(a) groups=1000(a)`,
  },
  // Cma area in a VM, healthy virtio.
  {
    cause: 'undecided',
    says: [],
    text: `[    0.000000] cma: Reserved 64 MiB at 0x00000000bc000000 on node 0
[    0.000000] Kernel command line: console=hvc0 root=/dev/vda1`,
  },
  // Area name unknown hugetlb_cma.
  {
    cause: 'CMA_TOTAL_AMBIGUOUS',
    says: [],
    text: `[    0.000000] hugetlb_cma: reserve 2048 MiB, up to 2048 MiB per node
[    0.000000] hugetlb_cma: successfully reserved 2048 MiB on node 0
CmaTotal:        2162688 kB`,
  },
  // Hugetlb_cma fail.
  { cause: 'undecided', says: [], text: `[    0.000000] hugetlb_cma: reservation failed: err -12, node 0` },
  // Cma debug bitmap etc.
  {
    cause: 'undecided',
    says: [],
    text: `# ls /sys/kernel/debug/cma
linux,cma  reserved
# cat /sys/kernel/debug/cma/reserved/used
0
# cat /sys/kernel/debug/cma/reserved/count
4096`,
  },
  // Multi areas debugfs mixture.
  {
    cause: 'undecided',
    says: [],
    text: `# grep . /sys/kernel/debug/cma/*/used /sys/kernel/debug/cma/*/count
/sys/kernel/debug/cma/linux,cma/used:16380
/sys/kernel/debug/cma/vpu/used:3
/sys/kernel/debug/cma/linux,cma/count:16384
/sys/kernel/debug/cma/vpu/count:8192
DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory`,
  },
  // Mm/cma sysfs.
  {
    cause: 'CMA_EXHAUSTED',
    says: [],
    text: `# cat /sys/kernel/mm/cma/linux,cma/total_pages /sys/kernel/mm/cma/linux,cma/available_pages
16384
300
# app
DMA_HEAP_IOCTL_ALLOC len=8294400: Cannot allocate memory`,
  },
  // I.MX93 serial minicom timestamps.
  {
    cause: 'CMA_DT_REJECTED_SPACE',
    says: [],
    text: `[2026-02-03 10:11:12.123] [    0.000000] OF: reserved mem: failed to allocate memory for node 'linux,cma': size 960 MiB
[2026-02-03 10:11:12.130] [    0.000000] Zone ranges:
[2026-02-03 10:11:12.131] [    0.000000]   DMA      [mem 0x0000000080000000-0x00000000bfffffff]`,
  },
  // 5.10 fmt.
  {
    cause: 'CMA_DT_REJECTED_SPACE',
    says: [],
    text: `[    0.000000] OF: fdt: Reserved memory: failed to reserve memory for node 'linux,cma': base 0x0000000070000000, size 512 MiB`,
  },
  // Bank list out of RAM.
  {
    cause: 'CMA_AREA_NOT_ACTIVATED',
    says: [],
    text: `[    0.000000] Reserved memory: created CMA memory pool at 0x0000000100000000, size 64 MiB
[    0.000000] Early memory node ranges
[    0.000000]   node   0: [mem 0x0000000080000000-0x00000000bfffffff]`,
  },
  // Wrong kernel name for gst: ENOTTY.
  {
    cause: 'NODE_NOT_A_HEAP',
    says: [],
    text: `$ ls -l /dev/dma_heap
-rw-r--r-- 1 root root 0 Jan  1 10:00 linux,cma
crw------- 1 root root 250, 0 Jan  1 10:00 system`,
  },
  // Touch'd file as volume.
  {
    cause: 'NODE_NOT_A_HEAP',
    says: [],
    text: `$ docker exec cam ls -l /dev/dma_heap
drwxr-xr-x 2 root root 40 Jan  1 10:00 linux,cma`,
  },
  // Rm in script.
  {
    cause: 'HEAP_NODE_REMOVED',
    says: [],
    text: `$ cat /etc/rc.local
rm -f /dev/dma_heap/linux,cma
$ ls /dev/dma_heap
system
$ ls /sys/class/dma_heap
linux,cma  system`,
  },
  // Dangling alias.
  {
    cause: 'SYMLINK_WRONG_TARGET',
    says: [],
    text: `$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Jan  1 10:00 system
lrwxrwxrwx 1 root root 9 Jan  1 10:00 vidbuf_cached -> linux,cma`,
  },
  // Alias ok.
  {
    cause: 'undecided',
    says: [],
    text: `$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Jan  1 10:00 linux,cma
lrwxrwxrwx 1 root root 9 Jan  1 10:00 vidbuf_cached -> linux,cma
$ id -nG
pi video`,
  },
  // Vidbuf missing on pi, fails.
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [],
    text: `$ libcam-app
Failed to open /dev/dma_heap/vidbuf_cached: No such file or directory
app exits
$ ls /dev/dma_heap
linux,cma  system`,
  },
  // Rpi config.txt two cma.
  {
    cause: 'CMA_SIZE_MISMATCH',
    says: [],
    text: `config.txt:
dtoverlay=vc4-kms-v3d,cma-512
dtoverlay=vc4-kms-v3d
CmaTotal:          65536 kB
I asked for 512M, why only 64?`,
  },
  // Total equals.
  {
    cause: 'undecided',
    says: [],
    text: `dtoverlay=vc4-kms-v3d,cma-512
CmaTotal:         524288 kB
CmaFree:          520000 kB`,
  },
  // KERNELS glob rule matches all.
  {
    cause: 'undecided',
    says: [],
    text: `# cat /usr/lib/udev/rules.d/71-heap.rules
KERNEL=="linux,cma|system", SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
# ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 1 Jan  1 10:00 linux,cma
crw-rw---- 1 root video 250, 0 Jan  1 10:00 system`,
  },
  // Final assignment.
  {
    cause: 'rule-file-order',
    says: [],
    text: `# grep -r dma_heap /etc/udev/rules.d /usr/lib/udev/rules.d
/etc/udev/rules.d/90-mine.rules:SUBSYSTEM=="dma_heap", GROUP="render", MODE="0660"
/usr/lib/udev/rules.d/60-vendor.rules:SUBSYSTEM=="dma_heap", GROUP:="root", MODE:="0600"
# ls -l /dev/dma_heap
crw------- 1 root root 250, 0 Jan  1 10:00 system`,
  },
  // Newest udevadm.
  {
    cause: 'rule-file-order',
    says: [],
    text: `system: /usr/lib/udev/rules.d/60-heap.rules:3 GROUP="video": Set group: video(44)
system: /usr/lib/udev/rules.d/60-heap.rules:3 MODE="0660": Set mode: 0660
system: /etc/udev/rules.d/99-harden.rules:1 GROUP="root": Set group: root(0)
system: /etc/udev/rules.d/99-harden.rules:1 MODE="0600": Set mode: 0600`,
  },
  // Same override file name in /etc replaces /usr/lib.
  {
    cause: 'undecided',
    says: [],
    text: `# grep -r dma_heap /etc/udev/rules.d /usr/lib/udev/rules.d
/etc/udev/rules.d/60-heap.rules:SUBSYSTEM=="dma_heap", GROUP="render", MODE="0660"
/usr/lib/udev/rules.d/60-heap.rules:SUBSYSTEM=="dma_heap", GROUP="video", MODE="0666"`,
  },
  // Rule commented.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `# cat /etc/udev/rules.d/60-heap.rules
#SUBSYSTEM=="dma_heap", GROUP="render", MODE="0660"
# ls -l /dev/dma_heap
crw------- 1 root root 250, 0 Jan  1 10:00 system`,
  },
  // Yocto dropped config.
  {
    cause: 'CONFIG_DIFFERS',
    says: [],
    text: `WARNING: [kernel config]: specified values did not make it into the kernel's final configuration:
WARNING: Value requested for CONFIG_DMABUF_HEAPS_SYSTEM not in final .config`,
  },
  // 6.1 kernel, cma_heap builtin off.
  {
    cause: 'HEAP_ABSENT',
    says: [],
    text: `# ls /dev/dma_heap
system
# zcat /proc/config.gz | grep HEAPS
CONFIG_DMABUF_HEAPS=y
CONFIG_DMABUF_HEAPS_SYSTEM=y
# CONFIG_DMABUF_HEAPS_CMA is not set
app: open /dev/dma_heap/reserved failed: No such file or directory`,
  },
  // Flatpak.
  {
    cause: 'container-node-missing',
    says: [],
    text: `$ flatpak run org.x.Cam
Could not open /dev/dma_heap/system: No such file or directory
$ ls /dev/dma_heap
system`,
  },
  // Distro kernel built w/out, android tablet.
  {
    cause: 'undecided',
    says: [],
    text: `E DMABUFHEAPS: Unable to open DMA-BUF heap: system: Permission denied
type=1400 audit(0.0:5): avc: denied { read } for name="system" dev="tmpfs" ino=3 scontext=u:r:untrusted_app:s0:c1 tcontext=u:object_r:dmabuf_system_heap_device:s0 tclass=chr_file permissive=1`,
  },
  // Healthy numbers in wrong words.
  {
    cause: 'healthy',
    says: [],
    text: `Total buffers 12, failed: 0, errors=0, max latency 3 ms, 59.98 fps
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/linux,cma`,
  },
];
