/*
 * Takes memory of a heap away from the verifier: hold HEAP BYTES COUNT [every-other|read-only|frames]. Prints "held N" when it has
 * what it can get, then waits to be killed. With every-other, each second buffer is given back, which leaves the area in pieces.
 * With frames, it is a camera: 60 times a second it closes the oldest buffer, allocates another and writes to it, until SIGTERM;
 * then it prints how many allocations failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int allocate(int heap, unsigned long long bytes, unsigned flags)
{
	struct dma_heap_allocation_data data = {.len = bytes, .fd_flags = flags | O_CLOEXEC};
	return ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) < 0 ? -errno : (int)data.fd;
}

static void frames(int heap, unsigned long long bytes, int *held, int count)
{
	enum { HZ = 60 };
	unsigned taken = 0, lost = 0;
	struct timespec next;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (; !ended; taken++) {
		int *slot = &held[taken % (unsigned)count];
		if (*slot >= 0)
			close(*slot);
		*slot = allocate(heap, bytes, O_RDWR);
		if (*slot < 0) {
			lost++;
		} else {
			void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *slot, 0);
			if (memory != MAP_FAILED) {
				memset(memory, 0x55, 4096);
				munmap(memory, bytes);
			}
		}
		next.tv_nsec += 1000000000L / HZ;
		if (next.tv_nsec >= 1000000000L) {
			next.tv_nsec -= 1000000000L;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	printf("frames %u, lost %u\n", taken, lost);
}

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
	unsigned long long bytes = strtoull(argv[2], NULL, 10);
	for (; count < wanted; count++) {
		held[count] = allocate(heap, bytes, strcmp(how, "read-only") ? O_RDWR : O_RDONLY);
		if (held[count] < 0)
			break;
	}
	for (int i = 1; i < count && !strcmp(how, "every-other"); i += 2)
		close(held[i]);
	printf("held %d\n", count);
	fflush(stdout);
	if (!strcmp(how, "frames") && count) {
		signal(SIGTERM, end);
		frames(heap, bytes, held, count);
		return 0;
	}
	for (;;)
		pause();
}
