#include "report.h"

#include <string.h>

static const struct report_format *const FORMATS[] = {&REPORT_HUMAN,    &REPORT_JSON, &REPORT_KTAP,       &REPORT_JUNIT,
						  &REPORT_AUTOMAKE, &REPORT_LAVA, &REPORT_PROMETHEUS, NULL};

const struct report_format *report_format(const char *name)
{
	for (unsigned i = 0; FORMATS[i]; i++)
		if (!strcmp(FORMATS[i]->name, name))
			return FORMATS[i];
	return NULL;
}

const char *report_formats(void)
{
	return "human|json|ktap|junit|automake|lava|prometheus";
}

struct dh_sink report_sink(const struct report_format *format, struct report *report)
{
	return (struct dh_sink){format->begin, format->result, format->end, report};
}

void report_title(char *out, size_t size, const char *id, const char *heap, const char *item)
{
	text_format(out, size, "%s%s%s%s%s%s", id, heap ? " [" : "", heap ? heap : "", heap ? "]" : "", item ? " " : "", item ? item : "");
}

void report_name(char *out, size_t size, const struct dh_result *r)
{
	text_format(out, size, "%s%s%s%s%s", r->id, r->heap ? "." : "", r->heap ? r->heap : "", r->item ? "." : "", r->item ? r->item : "");
	for (char *c = out; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '.' || *c == '-'))
			*c = '_';
	}
}
