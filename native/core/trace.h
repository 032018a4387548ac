/* What the CMA allocator itself says about an allocation: the trace event cma:cma_alloc_finish, read through perf for this process
 * alone. It is a descriptor, so that nothing stays switched on whatever happens to the process. */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_DATA_PAGES = 1 };

/* Where the event's fields lie within its raw data; 0 when the format does not say. */
struct trace_format {
	unsigned id, frame_at, count_at, word_bytes;
};

struct cma_trace {
	struct trace_format format;
	unsigned char *ring;
	size_t page_bytes;
	int fd;
};

struct cma_event {
	uint64_t frame, pages;
};

/* Reads the event's description; false when this kernel, or this user, has none. */
bool trace_describe(const char *root, struct trace_format *);

/* The last successful allocation of `pages` among the records in the first `length` bytes. */
bool trace_find(const struct trace_format *, const unsigned char *records, size_t length, uint64_t pages, struct cma_event *);

/* False when nothing is traced; then there is nothing to end. */
bool trace_begin(const char *root, struct cma_trace *);
bool trace_end(struct cma_trace *, uint64_t pages, struct cma_event *);

#endif
