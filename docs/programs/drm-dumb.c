/*
 * A dma-buf on a kernel without heaps: a dumb buffer of a DRM device, exported as a file descriptor.
 *
 *   drm-dumb /dev/dri/card0
 */
#include <drm.h>
#include <drm_mode.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: drm-dumb DEVICE\n");
		return 2;
	}
	int device = open(argv[1], O_RDWR | O_CLOEXEC);
	if (device < 0) {
		perror(argv[1]);
		return 1;
	}
	/* The device chooses the pitch and the size. Only card nodes make dumb buffers, and render nodes do not. */
	struct drm_mode_create_dumb made = {.width = 640, .height = 480, .bpp = 32};
	if (ioctl(device, DRM_IOCTL_MODE_CREATE_DUMB, &made) < 0) {
		perror("DRM_IOCTL_MODE_CREATE_DUMB");
		return 1;
	}
	struct drm_prime_handle export = {.handle = made.handle, .flags = DRM_CLOEXEC | DRM_RDWR};
	if (ioctl(device, DRM_IOCTL_PRIME_HANDLE_TO_FD, &export) < 0) {
		perror("DRM_IOCTL_PRIME_HANDLE_TO_FD");
		return 1;
	}
	unsigned char *bytes = mmap(NULL, made.size, PROT_READ | PROT_WRITE, MAP_SHARED, export.fd, 0);
	if (bytes == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	memset(bytes, 0x5a, made.size);
	printf("dumb buffer of %llu bytes, pitch %u\n", (unsigned long long)made.size, made.pitch);
	return 0;
}
