/** Pastes of drivers and runtimes outside the mainline kernel, beside heaps. */
import type { PasteCase } from './cases.js';

export const DRIVER_PASTES: readonly PasteCase[] = [
  // Opened in the end, gpu fault.
  {
    cause: 'not-ours',
    says: [],
    text: `$ strace ./app
openat(AT_FDCWD, "/dev/dma_heap/vidbuf_cached", O_RDWR|O_CLOEXEC) = -1 ENOENT (No such file or directory)
openat(AT_FDCWD, "/dev/dma_heap/linux,cma", O_RDWR|O_CLOEXEC) = 5
[  55.1] [drm:panthor_mmu] *ERROR* gpu fault at 0xdeadbeef`,
  },
  // Opened in the end, denied before.
  {
    cause: 'undecided',
    says: [],
    text: `openat(AT_FDCWD, "/dev/dma_heap/linux,cma", O_RDWR|O_CLOEXEC) = -1 EACCES (Permission denied)
openat(AT_FDCWD, "/dev/dma_heap/system", O_RDWR|O_CLOEXEC) = 5`,
  },
  // Nvmap.
  {
    cause: 'undecided',
    says: [],
    text: `NvMapMemAllocInternalTagged: 1075072515 error 12
NvMapMemHandleAlloc: error 0
nvbufsurface: Error in allocating buffer`,
  },
  // Amlogic.
  {
    cause: 'VENDOR_HEAP_ABSENT',
    says: [],
    text: `[  12.1] codec_mm_alloc_pre failed, size 33554432
E gralloc: open /dev/dma_heap/heap-codecmm failed: No such file or directory`,
  },
  // Allwinner ion.
  {
    cause: 'undecided',
    says: [],
    text: `cedarc: cannot open /dev/ion, errno 2
Linux orangepizero 4.9.170-sun50iw9 #1 SMP aarch64 GNU/Linux`,
  },
  // Rk 5.10 healthy mpp.
  {
    cause: 'undecided',
    says: [],
    text: `mpp[511]: mpp_info: mpp version: 1.0
mpp[511]: mpp_rt: NOT found ion allocator
mpp[511]: mpp_rt: found dma buf allocator
mpp[511]: mpp_rt: found drm allocator
encode 300 frames time 5100 ms fps 58.82`,
  },
  // Waydroid gralloc fails in container.
  {
    cause: 'undecided',
    says: [],
    text: `waydroid prop; android logcat:
E DMABUFHEAPS: Unable to open DMA-BUF heap: system: No such file or directory
E gralloc4: Failed to allocate ashmem`,
  },
  // Waydroid with host.
  {
    cause: 'container-node-missing',
    says: [],
    text: `$ ls /dev/dma_heap
system
$ sudo waydroid shell ls /dev/dma_heap
ls: /dev/dma_heap: No such file or directory`,
  },
  // Waydroid config has entry but fails perm.
  {
    cause: 'PERM_DEFAULT_0600',
    says: [],
    text: `$ sudo waydroid shell ls -l /dev/dma_heap
crw------- 1 root root 250, 0 2024-01-01 00:00 system
E DMABUFHEAPS: Unable to open DMA-BUF heap: system: Permission denied`,
  },
  // LXC cgroup v2.
  {
    cause: 'CGROUP_DEVICE_DENIED',
    says: [],
    text: `root@ct105:~# head -c1 /dev/dma_heap/system
head: cannot open '/dev/dma_heap/system' for reading: Operation not permitted
pct config 105: lxc.mount.entry: /dev/dma_heap dev/dma_heap none bind,optional,create=dir`,
  },
  // Qcom minidump.
  {
    cause: 'undecided',
    says: [],
    text: `[    0.0] OF: reserved mem: 0x0000000080000000..0x00000000805fffff (6144 KiB) nomap non-reusable hyp@80000000
[    0.0] OF: reserved mem: 0x000000009c700000..0x000000009e8fffff (34816 KiB) nomap non-reusable adsp@9c700000
[    3.1] qcom_q6v5_pas 3000000.remoteproc: failed to acquire interconnect path`,
  },
  // Stm32 m4 firmware remoteproc carveout.
  {
    cause: 'not-ours',
    says: [],
    text: `[   10.1] remoteproc remoteproc0: bad phdr da 0x38000000 mem 0x100
[   10.1] remoteproc remoteproc0: Failed to load program segments: -22
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/linux,cma`,
  },
  // Hailo driver.
  {
    cause: 'undecided',
    says: [],
    text: `hailo_pci: allocation failed: dma_alloc_coherent of size 16777216 failed
HAILO_OUT_OF_HOST_CMA_MEMORY(74)
CmaTotal:         65536 kB`,
  },
  // Coral gasket.
  {
    cause: 'not-ours',
    says: [],
    text: `apex 0000:01:00.0: RAM did not enable within timeout (12000 ms)
crw-rw---- 1 root video 250, 0 Jan  1 10:00 /dev/dma_heap/linux,cma`,
  },
  // Frigate shm.
  {
    cause: 'not-ours',
    says: [],
    text: `frigate  | Bus error: /dev/shm is too small: No space left on device
frigate  | using /dev/dma_heap/system`,
  },
  // Kernel 4.19 rpi.
  {
    cause: 'kernel-too-old-ion',
    says: [],
    text: `pi@raspberrypi:~ $ uname -r
4.19.118-v7l+
pi@raspberrypi:~ $ libcamera-hello
Could not open any dmaHeap device`,
  },
  // Ebusy.
  {
    cause: 'CMA_TRANSIENT_BUSY',
    says: [],
    text: `[ 1201.2] cma: cma_alloc: linux,cma: alloc failed, req-size: 1024 pages, ret: -16`,
  },
  // Eintr ret -4.
  {
    cause: 'undecided',
    says: [],
    text: `[ 1201.2] cma: cma_alloc: linux,cma: alloc failed, req-size: 1024 pages, ret: -4`,
  },
  // Killed by oom while cma free large (movable).
  {
    cause: 'MEMORY_EXHAUSTED',
    says: [],
    text: `[ 99.1] Out of memory: Killed process 300 (gst-launch) total-vm:100kB, anon-rss:5kB
[ 99.0] Node 0 DMA free:12000kB min:9000kB free_cma:11800kB
DMA_HEAP_IOCTL_ALLOC on /dev/dma_heap/system failed: Cannot allocate memory`,
  },
];
