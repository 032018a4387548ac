#include "expect.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Whatever the bytes are: refused with a message and a line, or read into values that keep their promises. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct dh_error error = {0};
	struct expect *e = calloc(1, sizeof *e);
	if (!e)
		return 0;
	memcpy(e->text, data, size < sizeof e->text ? size : sizeof e->text);
	if (!expect_parse(e, size, &error)) {
		if (!error.message[0] || !error.line)
			abort();
	} else {
		for (unsigned i = 0; i < e->nodes; i++)
			if (strchr(e->node[i].name, '/') || !e->node[i].name[0] || (unsigned)e->node[i].heap >= e->heaps)
				abort();
		for (unsigned i = 0; i < e->heaps; i++)
			if (e->heap[i].area >= (int)e->areas || strlen(e->heap[i].name) > EXPECT_VALUE_MAX || e->heap[i].mode > 07777)
				abort();
		for (unsigned i = 0; i < e->budgets; i++)
			if (!e->budget[i].count || e->budget[i].bytes > UINT64_MAX / e->budget[i].count)
				abort();
	}
	free(e);
	return 0;
}
