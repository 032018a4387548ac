/** Pastes with several sources in one, or in the short form of somebody in a hurry. */
import type { PasteCase } from './cases.js';

export const MIXED_PASTES: readonly PasteCase[] = [
  {
    cause: 'CMA_SIZE_MISMATCH',
    says: [/512 MiB/, /256 MiB/],
    text: `DTS says size = <0x0 0x20000000> (512M) for linux,cma
but the board says
$ grep -i cma /proc/meminfo
CmaTotal:         262144 kB
CmaFree:          258048 kB
$ dmesg | grep -i cma
[    0.000000] Reserved memory: created CMA memory pool at 0x00000000a0000000, size 256 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool`,
  },
  {
    cause: 'DEVTMPFS_MISSING',
    says: [/devtmpfs/],
    text: `busybox initramfs, my own /init which does mount proc and sysfs.
~ # ls /dev
console  null  tty
~ # ls /sys/class/dma_heap
linux,cma  system
~ # cat /proc/mounts
rootfs / rootfs rw 0 0
proc /proc proc rw,relatime 0 0
sysfs /sys sysfs rw,relatime 0 0`,
  },
  {
    cause: 'HEAP_ABSENT',
    says: [/default area/],
    never: [/DMABUF_HEAPS=y/],
    text: `ls: cannot access '/dev/dma_heap/camera': No such file or directory
$ ls /dev/dma_heap
linux,cma  system
$ dmesg | grep -i reserved
[    0.000000] Reserved memory: created CMA memory pool at 0x70000000, size 64 MiB
[    0.000000] OF: reserved mem: initialized node camera, compatible id shared-dma-pool
$ uname -r
6.12.20
(node 'camera' is in reserved-memory with reusable; expected a heap by its name)`,
  },
  {
    cause: 'rule-file-order',
    says: [/73-seat-late/, /before/],
    text: `/etc/udev/rules.d/99-dmaheap.rules:
SUBSYSTEM=="dma_heap", TAG+="uaccess"
user on seat0 is logged in, but getfacl shows no user entry:
# file: dev/dma_heap/system
user::rw-
group::---`,
  },
  {
    cause: 'PERM_DEFAULT_0600',
    says: [/ueventd/],
    never: [/udevadm/],
    text: `ueventd.rc: /dev/dma_heap/system 0444 system system
E DmaBufAllocator: Failed to open /dev/dma_heap/linux,cma: Permission denied
# ls -lZ /dev/dma_heap
crw------- 1 root root u:object_r:dmabuf_heap_device:s0 252, 1 linux,cma
cr--r--r-- 1 system system u:object_r:dmabuf_system_heap_device:s0 252, 0 system`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [/900/],
    text: `cat /sys/kernel/debug/dma_buf/bufinfo
size            flags           mode            count           exp_name        ino             name
08355840        00000002        00080007        00000003        linux,cma       00000042        cam-frame
08355840        00000002        00080007        00000003        linux,cma       00000043        cam-frame
08355840        00000002        00080007        00000003        linux,cma       00000044        cam-frame
CmaFree: 1024 kB, CmaTotal: 32768 kB
mpv fails with DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory while camd (pid 900) records`,
  },
  {
    cause: 'container-node-missing',
    says: [/device plugin|CDI/],
    text: `pod log: [rkmpp] mpp_dma_heap: open dma heap dma32 /dev/dma_heap/system-uncached-dma32 failed! No such file or directory
kubectl exec: ls /dev/ -> core fd full mqueue null ptmx pts random shm stderr stdin stdout termination-log tty urandom zero
node: ls /dev/dma_heap -> cma cma-uncached system system-uncached system-uncached-dma32`,
  },
  {
    cause: 'HEAP_RENAMED',
    says: [/\bcma\b/],
    never: [/VENDOR/],
    text: `strace: openat(AT_FDCWD, "/dev/dma_heap/linux,cma", O_RDWR|O_CLOEXEC) = -1 ENOENT (No such file or directory)
# ls /dev/dma_heap
cma  cma-uncached  system  system-dma32  system-uncached
Linux rock5b 5.10.160-rockchip-rk3588`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [/bufinfo/],
    never: [/fragment/],
    text: `# cat /sys/kernel/debug/dma_buf/bufinfo
Dma-buf Objects:
size            flags           mode            count           exp_name        ino             name
12441600        00000002        00080007        00000002        linux,cma       00001301        <none>
12441600        00000002        00080007        00000002        linux,cma       00001302        <none>
12441600        00000002        00080007        00000002        linux,cma       00001303        <none>
12441600        00000002        00080007        00000002        linux,cma       00001304        <none>
Total 4 objects, 49766400 bytes
# grep Cma /proc/meminfo
CmaTotal:          65536 kB
CmaFree:           10212 kB
# v4l2-ctl --stream-mmap ...
VIDIOC_REQBUFS: returned -1 (Cannot allocate memory)`,
  },
  {
    cause: 'LEAK_FD',
    says: [/close/],
    text: `# ls -l /proc/733/fd | grep -c dmabuf
811
# sleep 600; ls -l /proc/733/fd | grep -c dmabuf
1009
app dies at 1024 with EMFILE`,
  },
  {
    cause: 'PERM_DEFAULT_0600',
    says: [/0660/],
    text: `$ stat -c '%A %a %U:%G %n' /dev/dma_heap/*
crw------- 600 root:root /dev/dma_heap/linux,cma
crw------- 600 root:root /dev/dma_heap/system`,
  },
  {
    // The text has no size of a buffer, and does not show what the rest of the area is used for.
    cause: 'undecided',
    says: [/alloc failed/],
    text: `rpicam-hello: ERROR V4L2 v4l2_videodevice.cpp:1309 /dev/video4[12:cap]: Unable to request 6 buffers: Cannot allocate memory
config.txt: dtoverlay=vc4-kms-v3d,cma-64
CmaTotal:          65536 kB
CmaFree:           12000 kB`,
  },
  {
    cause: 'not-ours',
    says: [/storage/],
    text: `EXT4-fs (nvme0n1p2): error count since last fsck: 3
nvme nvme0: I/O 512 QID 2 timeout, aborting
is my cma broken? CmaFree is 60000 kB of 65536`,
  },
];
