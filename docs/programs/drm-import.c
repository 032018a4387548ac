/*
 * Imports a buffer of a heap into a DRM device, as a compositor does before it shows the buffer.
 *
 *   drm-import /dev/dma_heap/system /dev/dri/card0
 */
#include <drm.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: drm-import HEAP DEVICE\n");
		return 2;
	}
	struct dma_heap_allocation_data buffer = {.len = 1 << 20, .fd_flags = O_RDWR | O_CLOEXEC};
	int heap = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &buffer) < 0) {
		perror(argv[1]);
		return 1;
	}
	int device = open(argv[2], O_RDWR | O_CLOEXEC);
	if (device < 0) {
		perror(argv[2]);
		return 1;
	}
	/* The handle is valid on this file of the device only. drmModeAddFB2() takes it. */
	struct drm_prime_handle import = {.fd = (int)buffer.fd};
	if (ioctl(device, DRM_IOCTL_PRIME_FD_TO_HANDLE, &import) < 0) {
		perror("DRM_IOCTL_PRIME_FD_TO_HANDLE");
		return 1;
	}
	/* The device keeps the memory: the descriptor can be closed. */
	close((int)buffer.fd);
	printf("imported as handle %u\n", import.handle);
	struct drm_gem_close done = {.handle = import.handle};
	ioctl(device, DRM_IOCTL_GEM_CLOSE, &done);
	return 0;
}
