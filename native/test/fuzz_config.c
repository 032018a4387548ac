#include "observe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* A line of a kernel configuration, a kernel log or an account file; the value lies within the line. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char line[1024], copy[1024];
	size_t length = size < sizeof line ? size : sizeof line - 1;
	memcpy(line, data, length);
	line[length] = 0;
	memcpy(copy, line, sizeof line);
	log_family_of(line);
	const char *value = config_value(line, "CMA");
	if (value && strcmp(value, "n") && (value < line || value > line + length))
		abort();
	if (value && !strstr(copy, "CMA"))
		abort();
	return 0;
}
