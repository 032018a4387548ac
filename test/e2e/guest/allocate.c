/*
 * The lab's own judge of a heap, independent of the verifier: allocates SIZE bytes, maps them, writes and reads every
 * page, and says what happened. Usage: allocate SIZE HEAP...   Output: one line per heap, "HEAP ok" or "HEAP STEP errno".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *try(const char *heap, size_t size)
{
	char path[512];
	struct dma_heap_allocation_data data = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	const char *step = NULL;

	snprintf(path, sizeof path, "/dev/dma_heap/%s", heap);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "open";
	if (ioctl(fd, DMA_HEAP_IOCTL_ALLOC, &data) < 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return "allocate";
	}
	unsigned char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, data.fd, 0);
	if (bytes == MAP_FAILED) {
		step = "map";
	} else {
		for (size_t i = 0; i < size && !step; i += 4096) {
			if (bytes[i])
				step = "not-zeroed";
			bytes[i] = 0xa5;
		}
		for (size_t i = 0; i < size && !step; i += 4096)
			if (bytes[i] != 0xa5)
				step = "lost-write";
		munmap(bytes, size);
	}
	close(data.fd);
	close(fd);
	return step;
}

int main(int argc, char **argv)
{
	size_t size = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;

	for (int i = 2; i < argc; i++) {
		errno = 0;
		const char *step = try(argv[i], size);
		if (step)
			printf("%s %s %d\n", argv[i], step, errno);
		else
			printf("%s ok\n", argv[i]);
		fflush(stdout);
	}
	return 0;
}
