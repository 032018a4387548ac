/*
 * Makes a dma-buf of ordinary memory, for devices that reach every page.
 *
 *   udmabuf /dev/udmabuf
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const off_t size = 1 << 20; /* whole pages */
	if (argc != 2) {
		fprintf(stderr, "usage: udmabuf DEVICE\n");
		return 2;
	}
	int memory = memfd_create("pixels", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* The driver refuses memory that can shrink under a device. */
	if (memory < 0 || ftruncate(memory, size) < 0 || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) < 0) {
		perror("memfd");
		return 1;
	}
	int device = open(argv[1], O_RDWR | O_CLOEXEC);
	struct udmabuf_create request = {.memfd = (unsigned)memory, .flags = UDMABUF_FLAGS_CLOEXEC, .size = (unsigned)size};
	int buffer = device < 0 ? -1 : ioctl(device, UDMABUF_CREATE, &request);
	if (buffer < 0) {
		perror(argv[1]);
		return 1;
	}
	printf("a dma-buf of %lld bytes\n", (long long)lseek(buffer, 0, SEEK_END));
	return 0;
}
