#include "observe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* A property of any length with any number of cells: never read beyond it. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	uint64_t value, again = 0;
	if (size == 0)
		return 0;
	unsigned cells = data[0] % 8;
	unsigned char *property = malloc(size - 1 ? size - 1 : 1); /* its own block, so that the sanitizer sees the end */
	if (!property)
		return 0;
	memcpy(property, data + 1, size - 1);
	if (dt_number(property, size - 1, cells, &value)) {
		if (size - 1 < cells * 4u)
			abort();
		for (unsigned i = 0; i < cells * 4; i++)
			again = again << 8 | property[i];
		if (again != value)
			abort();
	}
	free(property);
	return 0;
}
