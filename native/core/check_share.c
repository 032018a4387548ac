#include "session.h"

const struct check SHARE_CHECKS[] = {
	{NULL, SCOPE_HEAP, NULL},
};
