#include "session.h"

const struct check CMA_CHECKS[] = {
	{NULL, SCOPE_HEAP, NULL},
};
