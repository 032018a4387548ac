"""Allocates a buffer from a heap, and writes and reads it with the CPU.

    python3 heap_share.py /dev/dma_heap/system
"""
import fcntl
import mmap
import os
import struct
import sys

# <linux/dma-heap.h>: struct { __u64 len; __u32 fd; __u32 fd_flags; __u64 heap_flags; }
ALLOCATION = struct.Struct("=QIIQ")
DMA_HEAP_IOCTL_ALLOC = 0xC018_4800
# <linux/dma-buf.h>: struct { __u64 flags; }
DMA_BUF_IOCTL_SYNC = 0x4008_6200
READ, WRITE, END = 1, 2, 4


def allocate(path, size):
    """Returns the descriptor of a new buffer; socket.send_fds() passes it to another process."""
    heap = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        request = ALLOCATION.pack(size, 0, os.O_RDWR | os.O_CLOEXEC, 0)
        return ALLOCATION.unpack(fcntl.ioctl(heap, DMA_HEAP_IOCTL_ALLOC, request))[1]
    finally:
        os.close(heap)


def sync(buffer, flags):
    fcntl.ioctl(buffer, DMA_BUF_IOCTL_SYNC, struct.pack("=Q", flags))


buffer = allocate(sys.argv[1], 1 << 20)
with mmap.mmap(buffer, 1 << 20) as memory:
    sync(buffer, WRITE)
    memory[:5] = b"hello"
    sync(buffer, WRITE | END)
    sync(buffer, READ)
    print(memory[:5].decode(), len(memory))
    sync(buffer, READ | END)
os.close(buffer)
