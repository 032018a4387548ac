/*
 * What an allocation costs without anybody in between: bare HEAP BYTES ROUNDS, p50 and p99 in ns. Every buffer is mapped, touched,
 * synchronised and freed as the verifier's own bench does, or the two would find other caches.
 */
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static unsigned long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	unsigned long long x = *(const unsigned long long *)a, y = *(const unsigned long long *)b;
	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	char path[512];
	static unsigned long long samples[10000];
	int rounds = argc > 3 ? atoi(argv[3]) : 0;
	snprintf(path, sizeof path, "/dev/dma_heap/%s", argc > 1 ? argv[1] : "system");
	int heap = open(path, O_RDONLY);
	if (heap < 0 || rounds < 1 || rounds > 10000)
		return 3;
	for (int i = 0; i < rounds; i++) {
		struct dma_heap_allocation_data data = {.len = strtoull(argv[2], NULL, 10), .fd_flags = O_RDWR | O_CLOEXEC};
		unsigned long long start = now();
		if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) < 0)
			return 3;
		samples[i] = now() - start;
		char *address = mmap(NULL, data.len, PROT_READ | PROT_WRITE, MAP_SHARED, (int)data.fd, 0);
		if (address == MAP_FAILED)
			return 3;
		for (unsigned long long at = 0; at < data.len; at += 4096)
			address[at] = 1;
		for (unsigned long long flags = 3; flags <= 7; flags += 4) /* start and end of reading and writing */
			if (ioctl((int)data.fd, _IOW('b', 0, unsigned long long), &flags) < 0)
				return 3;
		munmap(address, data.len);
		close((int)data.fd);
	}
	qsort(samples, rounds, sizeof *samples, compare);
	printf("bare %s %s %llu %llu\n", argv[1], argv[2], samples[rounds / 2], samples[rounds * 99 / 100]);
	return 0;
}
