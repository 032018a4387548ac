/* Whether this is a container or a sandbox, and which option of its runtime passes a device in. */
#ifndef CONTAINER_H
#define CONTAINER_H

#include "session.h"

struct container {
	const char *name; /* of the runtime */
	const char *fix;  /* its options; GID is the number of the node's group on the host */
};

/* NULL when nothing shows one. */
const struct container *container_of(const char *root);

/* Whether the kernel has heaps that a container did not get; then the result has its evidence and subject. */
bool is_kept_out(const struct session *, struct dh_result *);

#endif
