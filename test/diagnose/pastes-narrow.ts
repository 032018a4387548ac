/** Pastes of which a word, a rule or a number was once taken for more than it shows. */
import type { PasteCase } from './cases.js';

export const NARROW_PASTES: readonly PasteCase[] = [
  // Memcg oom without accounting.
  {
    cause: 'not-ours',
    says: [],
    text: `[ 8123.551233] python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
[ 8123.551260] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/system.slice/detector.service,task_memcg=/system.slice/detector.service,task=python3,pid=2211,uid=1000
[ 8123.551301] Memory cgroup out of memory: Killed process 2211 (python3) total-vm:912388kB, anon-rss:505112kB, file-rss:11288kB, shmem-rss:0kB, UID:1000 pgtables:1340kB oom_score_adj:0`,
  },
  // Docker OOMKilled of database.
  {
    cause: 'not-ours',
    says: [],
    text: `$ docker inspect db | grep OOM
            "OOMKilled": true,
$ dmesg | tail -1
[ 512.1] Memory cgroup out of memory: Killed process 901 (mysqld) total-vm:2812388kB, anon-rss:505112kB, file-rss:0kB, shmem-rss:0kB, UID:999 pgtables:1340kB oom_score_adj:0`,
  },
  // Global oom with cma free.
  {
    cause: 'not-ours',
    says: [],
    text: `[ 9210.002] chromium invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=300
[ 9210.003] Mem-Info:
[ 9210.003] active_anon:8123 inactive_anon:201331 isolated_anon:0
[ 9210.003]  free:9912 free_pcp:12 free_cma:8001
[ 9210.004] 65536 pages cma reserved
[ 9210.005] Out of memory: Killed process 1912 (chromium) total-vm:2912388kB, anon-rss:605112kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:2340kB oom_score_adj:300`,
  },
  // Memcg with accounting.
  {
    cause: 'MEMCG_CHARGED',
    says: [],
    text: `$ cat /sys/module/dma_heap/parameters/mem_accounting
Y
$ uname -r
7.1.0
[ 88.551301] Memory cgroup out of memory: Killed process 2211 (camsvc) total-vm:912388kB, anon-rss:5112kB, file-rss:11288kB, shmem-rss:0kB, UID:1000 pgtables:340kB oom_score_adj:0
$ journalctl -u camsvc
camsvc[2211]: DMA_HEAP_IOCTL_ALLOC len=33554432`,
  },
  // Program with heap, memcg, no accounting.
  {
    cause: 'not-ours',
    says: [],
    text: `$ systemctl status vision
   Active: failed (Result: oom-kill)
   Memory: 256.0M (max: 256.0M)
vision[900]: opened /dev/dma_heap/system
kernel: Memory cgroup out of memory: Killed process 900 (vision) total-vm:912388kB, anon-rss:255112kB, file-rss:11288kB, shmem-rss:0kB, UID:1000 pgtables:340kB oom_score_adj:0`,
  },
  // Udevadm test shown.
  {
    cause: 'undecided',
    says: [],
    text: `$ udevadm test /sys/class/dma_heap/system
Reading rules file: /usr/lib/udev/rules.d/50-udev-default.rules
Reading rules file: /etc/udev/rules.d/70-heap.rules
system: /etc/udev/rules.d/70-heap.rules:1 GROUP 44
system: /etc/udev/rules.d/70-heap.rules:1 MODE 0660
$ ./app
heap open error`,
  },
  // Mdev.conf.
  {
    cause: 'undecided',
    says: [],
    text: `My mdev.conf:
dma_heap/.*  root:video 0660
Is that correct?`,
  },
  // I tried this rule.
  {
    cause: 'undecided',
    says: [],
    text: `I tried this rule and it did not help
SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
app says: Permission denied`,
  },
  // Wrong rule tried with healthy.
  {
    cause: 'undecided',
    says: [],
    text: `I found this rule on a forum: KERNEL=="dma_heap/linux,cma", MODE="0666"
Should I use it? `,
  },
  // Two nodes.
  {
    cause: 'undecided',
    says: [],
    text: `$ grep -r dma_heap /etc/udev/rules.d
/etc/udev/rules.d/60-cma.rules:SUBSYSTEM=="dma_heap", KERNEL=="linux,cma", GROUP="video", MODE="0660"
/etc/udev/rules.d/61-system.rules:SUBSYSTEM=="dma_heap", KERNEL=="system", GROUP="render", MODE="0640"`,
  },
  // Udevadm applied for two devices.
  {
    cause: 'undecided',
    says: [],
    text: `linux,cma: /etc/udev/rules.d/60-cma.rules:1 GROUP 44
linux,cma: /etc/udev/rules.d/60-cma.rules:1 MODE 0660
video0: /usr/lib/udev/rules.d/50-udev-default.rules:44 GROUP 44
renderD128: /usr/lib/udev/rules.d/50-udev-default.rules:50 GROUP 105
renderD128: /usr/lib/udev/rules.d/50-udev-default.rules:50 MODE 0666`,
  },
  // Loser is unrelated subsystem.
  {
    cause: 'undecided',
    says: [],
    text: `$ cat /etc/udev/rules.d/99-local.rules
SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
KERNEL=="system-uncached", MODE="0660", GROUP="video"
$ cat /etc/udev/rules.d/10-tty.rules
SUBSYSTEM=="tty", GROUP="dialout", MODE="0666"`,
  },
  // Harmless failed lines.
  {
    cause: 'healthy',
    says: [],
    text: `[    1.2] clk: failed to reparent ethernet to xin24m: -22
[    1.3] rockchip-pm-domain: power-controller: failed to get 'shared' regulator, ignored
[    2.0] EXT4-fs (mmcblk0p2): mounted filesystem with ordered data mode. Opts: (null). Quota mode: none. errors=remount-ro
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Jan  1 10:00 linux,cma
$ id
uid=1000(u) gid=1000(u) groups=1000(u),44(video)
$ grep Cma /proc/meminfo
CmaTotal:          65536 kB
CmaFree:           60000 kB`,
  },
  // 0 errors; error counters.
  {
    cause: 'undecided',
    says: [],
    text: `$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Jan  1 10:00 linux,cma
$ ip -s link
    RX:  bytes packets errors dropped  missed   mcast
       1200      12      0       0       0       0
$ app
error handler installed
cma ok`,
  },
  // Fault injection, EDAC.
  {
    cause: 'healthy',
    says: [],
    text: `[    0.6] pcieport: AER: enabled, error reporting
[    0.7] EDAC: no errors
[    0.8] Reserved memory: created CMA memory pool at 0x0000000060000000, size 256 MiB`,
  },
  // After the reboot.
  {
    cause: 'undecided',
    says: [],
    text: `$ ls -l /dev/dma_heap/
crw-rw---- 1 root video 250, 0 Jan  1 10:00 system
After the reboot I get
app: open /dev/dma_heap/system: Permission denied`,
  },
  // Since the power upgrade.
  {
    cause: 'undecided',
    says: [],
    text: `Since the last upgrade and reboot the app fails
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system
open /dev/dma_heap/system: Permission denied
user is in video:
$ id
uid=1000(u) gid=1000(u) groups=1000(u),44(video)`,
  },
  // One node listed.
  {
    cause: 'undecided',
    says: [],
    text: `$ ls /sys/class/dma_heap
linux,cma  system
$ ls -l /dev/dma_heap/system
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system`,
  },
  // One node by stat.
  {
    cause: 'undecided',
    says: [],
    text: `$ ls /sys/class/dma_heap/
reserved
system
$ stat -c '%A %U %G %n' /dev/dma_heap/reserved
crw-rw---- root video /dev/dma_heap/reserved`,
  },
  // Catalogue names in prose.
  {
    cause: 'undecided',
    says: [],
    text: `I read in the dmaheap manual about HEAP_RENAMED and PERM_DEFAULT_0600. What does RULE_LATE mean?`,
  },
  // Quoted.
  {
    cause: 'undecided',
    says: [],
    text: `> the docs list HEAP_ABSENT: "no node of this heap exists"
Is this something I should worry about?`,
  },
  // Dtoverlay unrelated.
  {
    cause: 'undecided',
    says: [],
    text: `dtoverlay=imx219
dtoverlay=disable-bt
$ ls /proc/device-tree/reserved-memory
#address-cells  #size-cells  name  nvram@0  ranges`,
  },
  // Dtoverlay i2c & kms w/o cma heap.
  {
    cause: 'undecided',
    says: [],
    text: `dtparam=i2c_arm=on
dtoverlay=i2c-rtc,ds3231
ls: cannot access '/proc/device-tree/reserved-memory/linux,cma': No such file or directory`,
  },
  // U-dma-buf.
  {
    cause: 'undecided',
    says: [],
    text: `[   12.1] u-dma-buf udmabuf0: dma_alloc_coherent(size=134217728) failed. return(0)
[   12.1] u-dma-buf udmabuf0: driver setup failed. return=-12
[   12.1] u-dma-buf: probe of udmabuf@0x00 failed with error -12`,
  },
  // U-dma-buf dev.
  {
    cause: 'not-ours',
    says: [],
    text: `$ ./pl_test
open /dev/udmabuf0: No such file or directory
$ lsmod
u_dma_buf 32768 0`,
  },
  // Udmabuf mainline.
  { cause: 'UDMABUF_UNUSABLE', says: [], text: `gst: Failed to open /dev/udmabuf: No such file or directory` },
  // Waydroid lxc message.
  {
    cause: 'undecided',
    says: [],
    text: `lxc-start: waydroid: ../src/lxc/utils.c: safe_mount: 1221 No such file or directory - Failed to mount "/dev/ion" onto "/usr/lib/x86_64-linux-gnu/lxc/rootfs/dev/ion"
lxc-start: waydroid: ../src/lxc/conf.c: mount_entry: 2464 No such file or directory - Failed to mount`,
  },
  // Waydroid dma_heap missing on host.
  {
    cause: 'undecided',
    says: [],
    text: `lxc-start waydroid 20240911071111.123 ERROR    utils - ../src/lxc/utils.c:safe_mount:1221 - No such file or directory - Failed to mount "/dev/dma_heap" onto "/usr/lib/lxc/rootfs/dev/dma_heap"`,
  },
  // Program opened heap but other heap denied.
  {
    cause: 'not-ours',
    says: [],
    text: `$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 0 Jan  1 10:00 linux,cma
$ strace ./app
openat(AT_FDCWD, "/dev/dma_heap/vidbuf_cached", O_RDWR|O_CLOEXEC) = -1 ENOENT (No such file or directory)
openat(AT_FDCWD, "/dev/dma_heap/linux,cma", O_RDWR|O_CLOEXEC) = 5
[drm:panthor] *ERROR* gpu fault`,
  },
  // Debugfs cma.
  {
    cause: 'CMA_EXHAUSTED',
    says: [],
    text: `# cat /sys/kernel/debug/cma/linux,cma/count
16384
# cat /sys/kernel/debug/cma/linux,cma/used
16100
# cat /sys/kernel/debug/cma/linux,cma/maxchunk
128
# ./app
DMA_HEAP_IOCTL_ALLOC len=4194304: Cannot allocate memory`,
  },
  // Debugfs frag.
  {
    cause: 'CMA_FRAGMENTED',
    says: [],
    text: `# grep . /sys/kernel/debug/cma/linux,cma/*
/sys/kernel/debug/cma/linux,cma/base_pfn:393216
/sys/kernel/debug/cma/linux,cma/count:16384
/sys/kernel/debug/cma/linux,cma/maxchunk:512
/sys/kernel/debug/cma/linux,cma/order_per_bit:0
/sys/kernel/debug/cma/linux,cma/used:6000
# ./app
DMA_HEAP_IOCTL_ALLOC len=8388608: Cannot allocate memory`,
  },
  // Cmdline without console.
  {
    cause: 'CMA_DISABLED_CMDLINE',
    says: [],
    text: `$ cat /proc/cmdline
video=HDMI-A-1:1920x1080 cma=0 fsck.repair=yes
$ ls /dev/dma_heap
system`,
  },
  // Cma only.
  {
    cause: 'CMA_DISABLED_CMDLINE',
    says: [],
    text: `$ cat /proc/cmdline
cma=0
$ ls /dev/dma_heap
system
$ app
open /dev/dma_heap/linux,cma: No such file or directory`,
  },
  // Renamed because cma.
  {
    cause: 'HEAP_RENAMED',
    says: [],
    text: `$ cat /proc/cmdline
8250.nr_uarts=1 vc_mem.mem_base=0x3ec00000 cma=256M smsc95xx.macaddr=DC:A6:32:00:00:01
$ ls /dev/dma_heap
reserved  system
$ app
open /dev/dma_heap/linux,cma: No such file or directory`,
  },
  // Fastrpc.
  {
    cause: 'undecided',
    says: [],
    text: `[    3.1] qcom,fastrpc remoteproc:glink-edge:fastrpc: no reserved DMA memory for FASTRPC
[    3.2] qcom,fastrpc-cb: probe of compute-cb@1 failed with error -22`,
  },
  // Vendor heaps.
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [],
    text: `DMABUFHEAPS: Unable to open DMA-BUF heap: qcom,system: No such file or directory`,
  },
  // Acl mask.
  {
    cause: 'undecided',
    says: [],
    text: `$ ls -l /dev/dma_heap/system
crw-rw----+ 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system
$ getfacl /dev/dma_heap/system
# file: dev/dma_heap/system
# owner: root
# group: video
user::rw-
user:pi:rw-
group::rw-
mask::rw-
other::---
$ id
uid=1000(pi) gid=1000(pi) groups=1000(pi)`,
  },
  // Acl mask limits.
  {
    cause: 'PERM_MODE_WRONG',
    says: [],
    text: `$ getfacl /dev/dma_heap/system
# file: dev/dma_heap/system
# owner: root
# group: video
user::rw-
user:pi:rw-			#effective:---
group::rw-			#effective:---
mask::---
other::---
$ ls -l /dev/dma_heap/system
crw-------+ 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system
$ id
uid=1000(pi) gid=1000(pi) groups=1000(pi),44(video)
$ app
open /dev/dma_heap/system: Permission denied`,
  },
  // Acl gives pi, denied reason other.
  {
    cause: 'undecided',
    says: [],
    text: `$ ls -l /dev/dma_heap/system
crw-rw----+ 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system
$ getfacl /dev/dma_heap/system
user::rw-
user:pi:rw-
group::rw-
mask::rw-
other::---
$ id
uid=1000(pi) gid=1000(pi) groups=1000(pi)
$ app
open /dev/dma_heap/system: Permission denied`,
  },
  // Typo of group.
  {
    cause: 'GROUP_MISSING',
    says: [],
    text: `$ cat /etc/udev/rules.d/70-heap.rules
SUBSYSTEM=="dma_heap", GROUP="vidoe", MODE="0660"
$ ls -l /dev/dma_heap
crw-rw---- 1 root root 250, 0 Jan  1 10:00 system
$ getent group vidoe
$ id
uid=1000(pi) gid=1000(pi) groups=1000(pi),44(video)
$ app
open /dev/dma_heap/system: Permission denied`,
  },
  // Typo without getent.
  {
    cause: 'PERM_GROUP_WRONG',
    says: [],
    text: `$ cat /etc/udev/rules.d/70-heap.rules
SUBSYSTEM=="dma_heap", GROUP="redner", MODE="0660"
$ ls -l /dev/dma_heap
crw-rw---- 1 root root 250, 0 Jan  1 10:00 system
$ id
uid=1000(pi) gid=1000(pi) groups=1000(pi),44(video),105(render)
$ app
open /dev/dma_heap/system: Permission denied`,
  },
  // No amounts.
  {
    cause: 'undecided',
    says: [],
    text: `VIDIOC_REQBUFS: Cannot allocate memory
CmaTotal:          65536 kB`,
  },
  // No amounts with free.
  {
    cause: 'undecided',
    says: [],
    text: `$ v4l2-ctl --stream-mmap
VIDIOC_REQBUFS returned -1 (Cannot allocate memory)
$ grep Cma /proc/meminfo
CmaTotal:          65536 kB
CmaFree:           32000 kB`,
  },
  // Memcg headline and heap program.
  {
    cause: 'not-ours',
    says: [],
    text: `[ 8123.551233] camd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
[ 8123.551250] memory: usage 262144kB, limit 262144kB, failcnt 881
[ 8123.551260] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/system.slice/camd.service,task_memcg=/system.slice/camd.service,task=camd,pid=2211,uid=1000
[ 8123.551301] Memory cgroup out of memory: Killed process 2211 (camd) total-vm:912388kB, anon-rss:205112kB, file-rss:11288kB, shmem-rss:0kB, UID:1000 pgtables:1340kB oom_score_adj:0
camd uses buffers of /dev/dma_heap/system`,
  },
  // Accounting N.
  {
    cause: 'not-ours',
    says: [],
    text: `$ cat /sys/module/dma_heap/parameters/mem_accounting
N
kernel: Memory cgroup out of memory: Killed process 2211 (camd) total-vm:912388kB, anon-rss:205112kB
camd: dma-heap user`,
  },
  // Memcg + alloc ENOMEM.
  {
    cause: 'undecided',
    says: [],
    text: `kernel: Memory cgroup out of memory: Killed process 2211 (camd) total-vm:912388kB, anon-rss:205112kB
camd: DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory`,
  },
  // Global OOM with low CmaFree.
  {
    cause: 'not-ours',
    says: [],
    text: `Out of memory: Killed process 812 (node) total-vm:2912388kB, anon-rss:605112kB, file-rss:0kB, shmem-rss:0kB
CmaTotal:          65536 kB
CmaFree:            1200 kB`,
  },
  // Uaccess + but ssh.
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [],
    text: `$ ls -l /dev/dma_heap/system
crw-rw----+ 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/system
$ getfacl -p /dev/dma_heap/system
# file: /dev/dma_heap/system
# owner: root
# group: video
user::rw-
user:gdm:rw-
group::rw-
mask::rw-
other::---
$ id
uid=1001(dev) gid=1001(dev) groups=1001(dev)
$ app
open /dev/dma_heap/system: Permission denied`,
  },
  // Mask r.
  {
    cause: 'PERM_MODE_WRONG',
    says: [],
    text: `# getfacl /dev/dma_heap/linux,cma
getfacl: Removing leading '/' from absolute path names
# file: dev/dma_heap/linux,cma
# owner: root
# group: render
user::rw-
user:svc:rw-			#effective:r--
group::rw-			#effective:r--
mask::r--
other::---
# ls -l /dev/dma_heap/linux,cma
crw-r-----+ 1 root render 250, 0 Jan  1 10:00 /dev/dma_heap/linux,cma
# id svc
uid=990(svc) gid=990(svc) groups=990(svc)
svc[77]: open /dev/dma_heap/linux,cma: Permission denied`,
  },
  // Rule for typo with system log.
  {
    cause: 'GROUP_MISSING',
    says: [],
    text: `SUBSYSTEM=="dma_heap", GROUP="vidoe", MODE="0660"
systemd-udevd[123]: /etc/udev/rules.d/70-heap.rules:1 GROUP="vidoe": Failed to resolve group "vidoe", ignoring: Unknown group
crw-rw---- 1 root root 250, 0 Jan  1 10:00 /dev/dma_heap/system`,
  },
  // More harmless.
  {
    cause: 'healthy',
    says: [],
    text: `[    1.201] rockchip-vop2 fe040000.vop: Adding to iommu group 3
[    1.202] iommu: Default domain type: Translated (fault handling enabled)
[    1.302] watchdog: sp805: timeout 60 sec, nowayout=0
[    1.402] sdhci-esdhc-imx 30b40000.mmc: supply vqmmc not found, using dummy regulator
[    1.502] imx-drm display-subsystem: failed to bind: -517
[    1.602] panfrost fde60000.gpu: error -517: dev_pm_opp_set_regulators: no such regulator
[    1.702] etnaviv etnaviv: error_state dumps disabled
[    1.802] mmc1: host does not support reading read-only switch, assuming write-enable
[    1.902] systemd[1]: Failed unmounting is not fatal, ignoring
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/linux,cma
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000060000000, size 256 MiB`,
  },
  // EXT4 recovering.
  {
    cause: 'healthy',
    says: [],
    text: `EXT4-fs (mmcblk0p2): recovery complete
EXT4-fs (mmcblk0p2): mounted filesystem with ordered data mode. Opts: errors=remount-ro
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000060000000, size 256 MiB
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/linux,cma`,
  },
  // Real EXT4 error.
  {
    cause: 'not-ours',
    says: [],
    text: `EXT4-fs error (device mmcblk0p2): ext4_find_entry:1455: inode #1443: comm systemd: reading directory lblock 0
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/linux,cma`,
  },
  // Vmstat counters.
  {
    cause: 'undecided',
    says: [],
    text: `$ grep -E 'fault|fail' /proc/vmstat
pgfault 1291212
pgmajfault 2912
compact_fail 0
thp_fault_fallback 0
cma_alloc_fail 0
CmaTotal:          65536 kB
CmaFree:           60000 kB`,
  },
];
