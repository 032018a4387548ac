/** Pastes about buffers: too few, too slow, wrong contents, not taken by a device; and about other things. */
import type { PasteCase } from './cases.js';

export const BUFFER_PASTES: readonly PasteCase[] = [
  {
    cause: 'CMA_TRANSIENT_BUSY',
    says: [/retry|retries/i],
    text: `Every few hours one allocation fails, the next try half a second later works:
[ 7201.119] cma: cma_alloc: linux,cma: alloc failed, req-size: 1024 pages, ret: -16
CmaTotal:         262144 kB
CmaFree:          180224 kB`,
  },
  {
    cause: 'MEMORY_EXHAUSTED',
    says: [/memory/],
    never: [/cma=/],
    text: `allocating 40 buffers of 33 MB from /dev/dma_heap/system on a 1 GB board:
[  412.7] bufalloc invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0
[  412.9] Out of memory: Killed process 611 (bufalloc) total-vm:1402112kB
MemAvailable:      21404 kB`,
  },
  {
    cause: 'MEMCG_CHARGED',
    says: [/MemoryMax|memory\.max/],
    text: `7.3 kernel, booted with dma_heap.mem_accounting=1. Unit has MemoryMax=200M.
[ 88.1] Memory cgroup out of memory: Killed process 900 (decoder) total-vm:91200kB`,
  },
  {
    cause: 'FD_LIMIT',
    says: [/LimitNOFILE|ulimit/],
    text: `after about 1000 frames: ioctl DMA_HEAP_IOCTL_ALLOC: Too many open files
$ ulimit -n
1024`,
  },
  {
    cause: 'FD_READONLY',
    says: [/O_RDWR/],
    never: [/chmod/],
    text: `libcamera: ERROR Buffer framebuffer.cpp Failed to mmap plane: Permission denied
heap_data.fd_flags = O_CLOEXEC;
node is crw-rw---- root video, user in video`,
  },
  {
    cause: 'LEN_TRUNCATED',
    says: [/32/, /4 GiB/],
    text: `armv7l, heap test with a big length
ioctl(3, DMA_HEAP_IOCTL_ALLOC, {len=4295033087, fd_flags=O_RDWR|O_CLOEXEC, heap_flags=0} => {fd=4}) = 0
lseek(4, 0, SEEK_END) = 65536
$ uname -m
armv7l`,
  },
  {
    cause: 'LEN_TRUNCATED',
    says: [/32/, /4 GiB/],
    text: `We allocate 6 GiB from system for a model and the call succeeds,
but fstat shows st_size=2147483648 and the mmap of the rest gets SIGBUS.`,
  },
  {
    cause: 'LEN_TRUNCATED',
    says: [/32/],
    text: `heap: requested 0x1_0000_1800 bytes, fd 7
heap: real size of fd 7: 8192`,
  },
  {
    cause: 'NOT_ZEROED',
    says: [/old data|clear/],
    text: `Pen test: a newly allocated buffer from the vendor heap contains frames of the previous camera session. fresh buffer is not zeroed.`,
  },
  {
    cause: 'DATA_CORRUPT',
    says: [/reserved|overlap|owned twice/],
    text: `memory test on a dma-buf of linux,cma: pattern mismatch at offset 0x3f000: wrote a5a5a5a5 read 00000012. Only when the DSP firmware runs.`,
  },
  {
    cause: 'LEAK_CMA',
    says: [/bufinfo|attachment/],
    text: `CmaFree goes down with each start of the player and never comes back although the process is gone.
CmaFree:          204800 kB
CmaFree:          172032 kB
CmaFree:          139264 kB`,
  },
  {
    cause: 'LEAK_FD',
    says: [/5\.10|close/],
    text: `fuzzing dma_heap on 5.10.120: every call with a bad argument pointer (EFAULT) leaves one more entry in /proc/self/fd, the descriptors leak`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/CMA|contiguous/],
    text: `[  33.8] videobuf2_dma_contig: contiguous chunk is too small 4096/3110400
[  33.8] VIDIOC_QBUF failed, buffer was allocated from /dev/dma_heap/system`,
  },
  {
    cause: 'IMPORT_REFUSED',
    says: [/CMA|contiguous/],
    text: `ioctl(5, DRM_IOCTL_PRIME_FD_TO_HANDLE, {fd=9}) = -1 EINVAL (Invalid argument)
buffer comes from the system heap, display controller has no iommu`,
  },
  {
    cause: 'UDMABUF_UNUSABLE',
    says: [/UDMABUF/i],
    text: `softISP on Debian: open("/dev/udmabuf", O_RDWR|O_CLOEXEC) = -1 ENOENT (No such file or directory)`,
  },
  {
    cause: 'LATENCY_EXCEEDED',
    says: [/early|migrat/],
    text: `DMA_HEAP_IOCTL_ALLOC for one 4K frame takes 740 ms when the browser is open, 2 ms directly after boot. No error.`,
  },
  {
    cause: 'COHERENCY_UNTESTED',
    says: [/SYNC/],
    text: `frames show short stripes of old pixels, 64 bytes long, with cached dma heap buffers. Looks like a cache problem, we do not call DMA_BUF_IOCTL_SYNC.`,
  },
  {
    cause: 'NOT_FROM_CMA',
    says: [/CMA/],
    text: `I allocate 64 MB from /dev/dma_heap/linux,cma and CmaFree does not change at all`,
  },
  {
    cause: 'NOT_CONTIGUOUS',
    says: [/contiguous|follow/],
    text: `sg table of a buffer from the reserved heap has nents = 48, so the CMA buffer is not physically contiguous?`,
  },
  {
    cause: 'holder-suspended',
    says: [/stopped|suspended/i],
    text: `$ ./capture
^Z
[1]+  Stopped                 ./capture
$ ./capture
DMA_HEAP_IOCTL_ALLOC: Cannot allocate memory
$ grep Cma /proc/meminfo
CmaTotal:          65536 kB
CmaFree:            1020 kB`,
  },
  {
    cause: 'CMA_EXHAUSTED',
    says: [/in use|holds/],
    text: `cma: cma_alloc: reserved: alloc failed, req-size: 512 pages, ret: -12
CmaTotal:         131072 kB
CmaFree:             840 kB
/proc/1204/fdinfo/21: exp_name: reserved
/proc/1204/fdinfo/22: exp_name: reserved`,
  },
  {
    cause: 'CMA_FRAGMENTED',
    says: [/one piece|contiguous/],
    text: `[9001.2] cma: cma_alloc: linux,cma: alloc failed, req-size: 3038 pages, ret: -12
[9001.2] cma: number of available pages: 900@10+1200@4000+1800@9000+2000@12000=> 5900 free of 16384 total pages
CmaFree: 23600 kB
CmaTotal: 65536 kB`,
  },
  {
    cause: 'CMA_TOO_SMALL_FOR_BUDGET',
    says: [/32/],
    text: `v4l2h264dec ! kmssink: VIDIOC_REQBUFS: Cannot allocate memory
[55.1] coda 2040000.vpu: dma_alloc_coherent of size 12533760 failed
CmaTotal:          32768 kB
CmaFree:            5200 kB
right after boot CmaFree is 31900 kB`,
  },
  {
    cause: 'ABI_DEVIATION',
    says: [/mainline/],
    text: `On the vendor kernel DMA_HEAP_IOCTL_ALLOC with heap_flags=3 is accepted, the documentation says EINVAL. dma heap test fails.`,
  },
  {
    cause: 'PERM_GROUP_WRONG',
    says: [/GROUP/],
    text: `# dmaheap-verify -e board.expect --format ktap
KTAP version 1
1..4
ok 1 heap.node.linux_cma
not ok 2 heap.access.linux_cma
# diagnosis: PERM_GROUP_WRONG
ok 3 heap.node.system
ok 4 heap.alloc.system`,
  },
  {
    cause: 'KERNEL_OUT_OF_RANGE',
    says: [/profile|generate/],
    text: `$ dmaheap-verify
FAIL  kernel.range  KERNEL_OUT_OF_RANGE: the expectation was made for other kernels than 6.18`,
  },
  {
    cause: 'not-ours',
    says: [/not a fault of heaps/i],
    text: `camera preview freezes, CMA problem?
[   61.03] rp1-cfe 1f00110000.csi: Camera frontend has timed out
$ ls -l /dev/dma_heap
crw-rw---- 1 root video 252, 1 Jun  5 05:05 linux,cma
CmaTotal: 65536 kB
CmaFree: 40000 kB`,
  },
  {
    cause: 'not-ours',
    says: [/plug-in|element/i],
    text: `WARNING: erroneous pipeline: no element "v4l2h265enc"
/dev/dma_heap is there:
crw-rw---- 1 root video 252, 0 Jun  5 05:05 /dev/dma_heap/system`,
  },
  {
    cause: 'not-ours',
    says: [/video/],
    text: `ERROR: Pipeline handler in use by another process
heaps look ok: crw-rw---- 1 root video 252, 0 Jun  5 05:05 /dev/dma_heap/system`,
  },
  {
    cause: 'healthy',
    says: [/nothing/i],
    text: `is this all right for production?
[    0.000000] cma: Reserved 128 MiB at 0x00000000b8000000
crw-rw---- 1 root video 250, 1 Jan  3 03:03 /dev/dma_heap/reserved
crw-rw---- 1 root video 250, 0 Jan  3 03:03 /dev/dma_heap/system
uid=1000(op) gid=1000(op) groups=1000(op),44(video)
CmaTotal:         131072 kB
CmaFree:          128800 kB`,
  },
  {
    cause: 'undecided',
    says: [/meminfo/],
    text: `gstreamer: "Failed to allocate required memory." What can I do?`,
  },
  {
    cause: 'undecided',
    says: [/ls -lL?/],
    text: `my camera app says "Could not open any dmaHeap device". Help!`,
  },
];
