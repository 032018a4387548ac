/** Pastes about nodes: who may open them, what stands in their place, what containers and services see. */
import type { PasteCase } from './cases.js';

export const ACCESS_PASTES: readonly PasteCase[] = [
  {
    cause: 'NODE_NOT_A_HEAP',
    says: [/mknod|made by hand|ordinary file/, /delete|remove/i],
    text: `# ls -l /dev/dma_heap
-rw-r--r-- 1 root root 0 Feb  2 10:00 linux,cma
# ./alloc linux,cma
DMA_HEAP_IOCTL_ALLOC: Inappropriate ioctl for device`,
  },
  {
    cause: 'NODE_NOT_A_HEAP',
    says: [/dynamic/],
    text: `our rcS has
  mkdir -p /dev/dma_heap
  mknod /dev/dma_heap/system c 248 0
worked on the old kernel, now open gives ENXIO
# ls -l /dev/dma_heap/system
crw-r--r-- 1 root root 248, 0 Jan  1 00:00 /dev/dma_heap/system
# ./t
open /dev/dma_heap/system: No such device or address`,
  },
  {
    cause: 'SYMLINK_RULE_MISSING',
    says: [/SYMLINK/],
    text: `picamera2 on a Debian with a Pi kernel:
FileNotFoundError: [Errno 2] No such file or directory: '/dev/dma_heap/vidbuf_cached'
$ ls -l /dev/dma_heap
total 0
crw-rw---- 1 root video 252, 1 Oct  9 18:30 linux,cma
crw-rw---- 1 root video 252, 0 Oct  9 18:30 system`,
  },
  {
    cause: 'SYMLINK_WRONG_TARGET',
    says: [/vidbuf_cached|linux,cma/],
    text: `display stays black, import of the buffer fails since I copied a rule
$ ls -l /dev/dma_heap
lrwxrwxrwx 1 root root      6 Mar  1 09:00 linux,cma -> system
crw-rw---- 1 root video 250, 1 Mar  1 09:00 default_cma_region
crw-rw---- 1 root video 250, 0 Mar  1 09:00 system`,
  },
  {
    cause: 'SYMLINK_WRONG_TARGET',
    says: [/reserved/],
    text: `$ ls -l /dev/dma_heap/
lrwxrwxrwx 1 root root       8 Apr  3 12:00 camera -> reserved
crw-rw---- 1 root video 251, 1 Apr  3 12:00 linux,cma
crw-rw---- 1 root video 251, 0 Apr  3 12:00 system
$ ./cam
open /dev/dma_heap/camera: No such file or directory`,
  },
  {
    cause: 'RULE_LATE',
    says: [/After=|systemd/],
    never: [/^chmod/],
    text: `Service fails once at every boot, "systemctl restart recorder" afterwards works.
Jun 10 06:00:03 gate recorder[311]: open /dev/dma_heap/linux,cma: Permission denied
Jun 10 06:00:03 gate systemd[1]: recorder.service: Main process exited, code=exited, status=1/FAILURE
Jun 10 06:00:04 gate systemd[1]: Finished systemd-udev-settle.service.
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 250, 1 Jun 10 06:00 linux,cma
crw-rw---- 1 root video 250, 0 Jun 10 06:00 system
$ id recorder
uid=991(recorder) gid=991(recorder) groups=991(recorder),44(video)`,
  },
  {
    cause: 'PERM_MODE_WRONG',
    says: [/0660/],
    never: [/usermod/],
    text: `ls -l says group video may read:
crw-r----- 1 root video 252, 0 Jul  7 07:07 /dev/dma_heap/system
$ id
uid=1000(eva) gid=1000(eva) groups=1000(eva),44(video)
$ strace -e openat ./grab
openat(AT_FDCWD, "/dev/dma_heap/system", O_RDWR|O_CLOEXEC) = -1 EACCES (Permission denied)`,
  },
  {
    cause: 'PERM_WORLD_ACCESS',
    says: [/0660/, /group/],
    text: `Security scan of our image complains about this node, is it really a risk?
crw-rw-rw- 1 root root 251, 0 Sep 14 08:11 /dev/dma_heap/system
rule from the BSP:
SUBSYSTEM=="dma_heap", MODE="0666"`,
  },
  {
    cause: 'PERM_DIRECTORY_OPEN',
    says: [/directory/],
    text: `the vendor's rules contain RUN+="/bin/chmod a+rw /dev/dma_heap"
# ls -ld /dev/dma_heap
drwxrwxrwx 2 root root 100 Nov  3 03:03 /dev/dma_heap
# ls -l /dev/dma_heap
crw-rw---- 1 root video 247, 1 Nov  3 03:03 cma
crw-rw---- 1 root video 247, 0 Nov  3 03:03 system`,
  },
  {
    cause: 'PERM_GROUP_WRONG',
    says: [/GROUP/],
    text: `$ cat /etc/udev/rules.d/60-heap.rules
SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
$ ls -l /dev/dma_heap/system
crw-rw---- 1 root kvm 251, 0 Feb 20 20:20 /dev/dma_heap/system
$ head -c0 /dev/dma_heap/system
head: cannot open '/dev/dma_heap/system' for reading: Permission denied
$ id -nG
max video render`,
  },
  {
    cause: 'PERM_OWNER_WRONG',
    says: [/OWNER|owner/],
    text: `$ cat /etc/udev/rules.d/50-dma.rules
SUBSYSTEM=="dma_heap", OWNER="camera", MODE="0600"
$ ls -l /dev/dma_heap
crw------- 1 weston root 250, 1 Dec 12 12:12 linux,cma
crw------- 1 weston root 250, 0 Dec 12 12:12 system
camera: /dev/dma_heap/system: Permission denied`,
  },
  {
    cause: 'USER_MISSING',
    says: [/useradd|sysusers|create/],
    text: `Aug 05 10:10:10 hub systemd[812]: camd.service: Failed to determine user credentials: No such process
Aug 05 10:10:10 hub systemd[812]: camd.service: Failed at step USER spawning /usr/bin/camd: No such process
Aug 05 10:10:10 hub systemd[1]: camd.service: Main process exited, code=exited, status=217/USER
its unit: User=camera
it only needs /dev/dma_heap/linux,cma`,
  },
  {
    cause: 'GROUP_MISSING',
    says: [/sysusers|groupadd/],
    text: `systemd-udevd[190]: /usr/lib/udev/rules.d/70-dmaheap.rules:4 Failed to resolve group 'heapusers', ignoring: No such process
crw-rw---- 1 root root 250, 0 Aug  8 08:08 /dev/dma_heap/system`,
  },
  {
    cause: 'RULE_NOT_APPLIED',
    says: [/KERNEL|SUBSYSTEM/],
    text: `$ cat /etc/udev/rules.d/99-heap.rules
SUBSYSTEM=="dma-heap", GROUP="video", MODE="0660"
$ ls -l /dev/dma_heap
crw------- 1 root root 250, 0 Apr 30 22:00 system`,
  },
  {
    cause: 'rule-file-order',
    says: [/95-site|later|order|wins/],
    text: `$ grep -H dma_heap /etc/udev/rules.d/*
/etc/udev/rules.d/70-dmaheap.rules:SUBSYSTEM=="dma_heap", GROUP="video", MODE="0660"
/etc/udev/rules.d/95-site.rules:SUBSYSTEM=="dma_heap", GROUP="root", MODE="0600"
$ ls -l /dev/dma_heap/system
crw------- 1 root root 250, 0 Apr 30 22:00 /dev/dma_heap/system`,
  },
  {
    cause: 'MAC_DENIED',
    says: [/SELinux|sepolicy|policy/],
    never: [/permissive/],
    text: `logcat, our HAL on Android 14:
W camera@2.7-serv: type=1400 audit(0.0:91): avc: denied { open } for path="/dev/dma_heap/system" dev="tmpfs" ino=611 scontext=u:r:hal_camera_vendor:s0 tcontext=u:object_r:dmabuf_system_heap_device:s0 tclass=chr_file permissive=0
E DMABUFHEAPS: Unable to open DMA-BUF heap: system`,
  },
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [/cgroup2?\.devices|devices:|--device/],
    never: [/chmod/],
    text: `Proxmox LXC with Jellyfin:
lxc.mount.entry: /dev/dma_heap dev/dma_heap none bind,optional,create=dir
root@CT101:~# ls -l /dev/dma_heap
crw-rw---- 1 nobody nogroup 511, 0 Jun  1 10:00 system
root@CT101:~# cat /dev/dma_heap/system
cat: /dev/dma_heap/system: Operation not permitted`,
  },
  {
    cause: 'container-node-missing',
    says: [/compose|--device|devices/, /\/dev\/dma_heap/],
    never: [/devtmpfs/],
    text: `jellyfin 容器里硬解失败
$ docker exec jellyfin ls -l /dev/dma_heap
ls: cannot access '/dev/dma_heap': No such file or directory
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 248, 0 5月 20 10:00 system
crw-rw---- 1 root video 248, 1 5月 20 10:00 system-uncached`,
  },
  {
    cause: 'container-node-missing',
    says: [/flatpak|--device=all/],
    text: `flatpak run org.example.Camera
[0:00:01.100] ERROR DmaBufAllocator dma_buf_allocator.cpp:118 Could not open any dma-buf provider
outside of flatpak it works
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 248, 0 May 20 10:00 system`,
  },
  {
    cause: 'LOGIN_STALE',
    says: [/log (?:in|out)|restart|newgrp/],
    text: `$ sudo adduser tim video
Adding user \`tim' to group \`video' ...
$ groups
tim adm sudo
$ ls -l /dev/dma_heap/linux,cma
crw-rw---- 1 root video 249, 1 Feb  1 01:01 /dev/dma_heap/linux,cma
$ ./v
v: open /dev/dma_heap/linux,cma: Permission denied`,
  },
  {
    cause: 'USER_NOT_IN_GROUP',
    says: [/render/],
    text: `service log: cannot open /dev/dma_heap/system: Keine Berechtigung
crw-rw---- 1 root render 249, 0 Feb  1 01:01 /dev/dma_heap/system
$ id encoder
uid=995(encoder) gid=995(encoder) groups=995(encoder),44(video)`,
    also: ['PERM_GROUP_WRONG'],
  },
  {
    cause: 'PERM_DEFAULT_0600',
    says: [/rule/],
    never: [/chmod/],
    text: `摄像头程序只能用 root 运行，普通用户报 权限不够
$ ls -l /dev/dma_heap
总用量 0
crw------- 1 root root 249, 1 8月 3 09:40 linux,cma
crw------- 1 root root 249, 0 8月 3 09:40 system`,
  },
  {
    cause: 'FOLKLORE_DMA_BUF_NODE',
    says: [/\/dev\/dma_heap/],
    text: `Which option creates /dev/dma_buf? My program says: cannot open /dev/dma_buf: No such file or directory`,
  },
];
