/*
 * Takes memory of a heap away from the verifier: hold HEAP BYTES COUNT [every-other|read-only]. Prints "held N" when it has what
 * it can get, then waits to be killed. With every-other, each second buffer is given back, which leaves the area in pieces.
 */
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[512];
	static int held[8192];
	int count = 0, wanted = argc > 3 ? atoi(argv[3]) : 0;
	const char *how = argc > 4 ? argv[4] : "";
	if (argc < 4 || wanted > 8192)
		return 2;
	snprintf(path, sizeof path, "/dev/dma_heap/%s", argv[1]);
	int heap = open(path, O_RDWR);
	if (heap < 0)
		return 3;
	for (; count < wanted; count++) {
		struct dma_heap_allocation_data data = {
			.len = strtoull(argv[2], NULL, 10),
			.fd_flags = (strcmp(how, "read-only") ? O_RDWR : O_RDONLY) | O_CLOEXEC,
		};
		if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) < 0)
			break;
		held[count] = (int)data.fd;
	}
	for (int i = 1; i < count && !strcmp(how, "every-other"); i += 2)
		close(held[i]);
	printf("held %d\n", count);
	fflush(stdout);
	for (;;)
		pause();
}
