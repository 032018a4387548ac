/* Who holds dma-bufs: the kernel shows it, one file per descriptor, and root sees every process. */
#ifndef HOLDERS_H
#define HOLDERS_H

#include <stdbool.h>
#include <stdint.h>

enum { HOLDERS_MAX = 256, HELD_BUFFERS_MAX = 4096 };

/* One process and one exporter; newer kernels export under the name of the heap's node. */
struct holder {
	unsigned pid, uid, buffers, read_only;
	uint64_t bytes, own_bytes; /* own: of buffers that no process before it in the list holds */
	char process[20], exporter[48];
};

/* A buffer that several processes hold is one buffer: inodes tell. */
struct holdings {
	const char *root;
	unsigned own, pid, uid; /* own: this process, which is not listed */
	char process[20];
	unsigned holders, inodes, buffers;
	uint64_t bytes;
	bool more;   /* than the tables hold */
	bool hidden; /* some process did not show its descriptors, or itself */
	bool first;  /* /proc lists process 1 */
	struct holder holder[HOLDERS_MAX];
	uint64_t inode[HELD_BUFFERS_MAX];
};

void holders_look(struct holdings *, const char *root);

/* The largest holder of one exporter, NULL when there is none. */
const struct holder *holders_largest(const struct holdings *, const char *exporter);

#endif
