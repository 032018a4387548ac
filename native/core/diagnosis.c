#include "diagnosis.h"
#include "text.h"

#include <string.h>

static const struct dh_diagnosis CATALOGUE[] = {
#define X(id, cause, fix) {#id, cause, fix},
	DIAGNOSES(X)
#undef X
	{NULL, NULL, NULL},
};

const struct dh_diagnosis *dh_catalogue(void)
{
	return CATALOGUE;
}

const struct dh_diagnosis *diagnosis(enum diagnosis id)
{
	return id == NO_DIAGNOSIS ? NULL : &CATALOGUE[id];
}

void dh_fill(char *out, size_t size, const char *text, const char *subject)
{
	size_t length = 0;
	for (const char *c = text; *c && length + 1 < size; c++) {
		const char *end = *c == '{' ? strchr(c, '}') : NULL;
		if (!end) {
			out[length++] = *c;
			continue;
		}
		bool known = *subject != 0;
		int n = text_format(out + length, size - length, "%.*s", known ? (int)strlen(subject) : (int)(end - c - 1), known ? subject : c + 1);
		length += n < 0 ? 0 : (size_t)n;
		c = end;
	}
	out[length < size ? length : size - 1] = 0;
}

const char *dh_status_name(enum dh_status status)
{
	static const char *const names[] = {"pass", "fail", "skip", "unknown", "error"};
	return names[status];
}
