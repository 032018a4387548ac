#include "diagnosis.h"
#include "text.h"

#include <string.h>

#ifdef DH_PACKED
/* A table of pointers does not pack: here the texts are one, and the table is made of them when it is first asked for. */
const struct dh_diagnosis *dh_catalogue(void)
{
#define X(id, cause, fix) #id "\0" cause "\0" fix "\0"
	static struct dh_diagnosis table[DIAGNOSIS_COUNT + 1];
	const char *at = DIAGNOSES(X);
#undef X
	if (table[0].id)
		return table;
	for (unsigned i = 0; i < DIAGNOSIS_COUNT; i++) {
		const char **text[] = {&table[i].id, &table[i].cause, &table[i].fix};
		for (unsigned k = 0; k < 3; k++, at += strlen(at) + 1)
			*text[k] = at;
	}
	return table;
}
#else
const struct dh_diagnosis *dh_catalogue(void)
{
	static const struct dh_diagnosis table[] = {
#define X(id, cause, fix) {#id, cause, fix},
		DIAGNOSES(X)
#undef X
		{NULL, NULL, NULL},
	};
	return table;
}
#endif

const struct dh_diagnosis *diagnosis(enum diagnosis id)
{
	return id == NO_DIAGNOSIS ? NULL : &dh_catalogue()[id];
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
		bool known = *subject != 0, second = c[1] == '+';
		const char *words = c + 1 + second, *filled = known && second ? subject + strcspn(subject, "\n") : subject;
		filled += *filled == '\n';
		known &= *filled != 0;
		int n = text_format(out + length, size - length, "%.*s", known ? (int)strcspn(filled, "\n") : (int)(end - words), known ? filled : words);
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
