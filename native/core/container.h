/* Whether this is a container or a sandbox, and which option of its runtime passes a device in. */
#ifndef CONTAINER_H
#define CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

struct container {
	const char *name; /* of the runtime */
	const char *fix;  /* its options; GID is the number of the node's group on the host */
	const char *alias; /* where it passes nodes and not symlinks: how a node gets a second name, up to HEAP:/dev/dma_heap/ALIAS */
};

/* NULL when nothing shows one. */
const struct container *container_of(const char *root);

#endif
