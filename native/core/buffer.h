/* A mapped dma-buf, and what is written into it. */
#ifndef BUFFER_H
#define BUFFER_H

#include "session.h"

/* The flags of DMA_BUF_IOCTL_SYNC. */
#define SYNC_READ UINT64_C(1)
#define SYNC_WRITE UINT64_C(2)
#define SYNC_START UINT64_C(0)
#define SYNC_END UINT64_C(4)

struct buffer {
	int fd;
	size_t bytes;
	unsigned char *address;
};

/* 0 or a negative errno; nothing is held on failure. */
int buffer_make(const struct session *, int heap, uint64_t bytes, struct buffer *);
void buffer_drop(struct buffer *);

bool all_zero(const unsigned char *, size_t bytes);
void pattern_write(unsigned char *, size_t bytes, unsigned seed);
bool pattern_holds(const unsigned char *, size_t bytes, unsigned seed);

#endif
