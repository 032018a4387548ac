/* JUnit XML: one suite for the machine and one per heap, in the order of the stream. */
#include "report.h"

#include <string.h>

/* XML 1.0 has no spelling for most control characters, nor for bytes that are not UTF-8. */
static void escaped(struct output *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c;) {
		unsigned n = text_utf8(c);
		if (n == 0 || (*c < 0x20 && *c != '\n' && *c != '\t')) {
			put_text(out, "\xef\xbf\xbd");
			n = 1;
		} else if (*c == '&' || *c == '<' || *c == '>' || *c == '"' || *c == '\n' || *c == '\t') {
			put(out, "&#%u;", *c);
		} else {
			put_bytes(out, (const char *)c, n);
		}
		c += n;
	}
}

static void attribute(struct output *out, const char *name, const char *value)
{
	put(out, " %s=\"", name);
	escaped(out, value);
	put_char(out, '"');
}

static void begin(void *context, const struct dh_environment *env, unsigned planned)
{
	struct report *report = context;
	(void)env;
	report->written = 0;
	put(report->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dmaheap-verify\" tests=\"%u\">\n", planned);
}

static void suite(struct report *report, const char *name)
{
	if (report->written && !strcmp(report->suite, name))
		return;
	if (report->written)
		put_text(report->out, " </testsuite>\n");
	text_format(report->suite, sizeof report->suite, "%s", name);
	put_text(report->out, " <testsuite");
	attribute(report->out, "name", name);
	put_text(report->out, ">\n");
}

static void message(struct output *out, const struct dh_result *r, const char *element)
{
	char line[1024];
	put(out, ">\n   <%s", element);
	attribute(out, "message", r->observed);
	if (r->diagnosis)
		attribute(out, "type", r->diagnosis->id);
	put_char(out, '>');
	if (r->diagnosis) {
		put_text(out, "expected: ");
		escaped(out, r->expected);
		dh_fill(line, sizeof line, r->diagnosis->cause, r->subject);
		put_text(out, "&#10;cause: ");
		escaped(out, line);
		put_text(out, "&#10;evidence: ");
		escaped(out, r->evidence);
		dh_fill(line, sizeof line, r->diagnosis->fix, r->subject);
		put_text(out, "&#10;fix: ");
		escaped(out, line);
	}
	put(out, "</%s>\n  </testcase>\n", element);
}

static void result(void *context, const struct dh_result *r)
{
	static const char *const elements[] = {NULL, "failure", "skipped", "skipped", "error"};
	struct report *report = context;
	struct output *out = report->out;
	char name[600];
	suite(report, r->heap ? r->heap : "machine");
	report->written++;
	report_name(name, sizeof name, r);
	put_text(out, "  <testcase");
	attribute(out, "classname", report->suite);
	attribute(out, "name", name);
	if (report->timing)
		put(out, " time=\"%llu.%09llu\"", (unsigned long long)(r->duration_ns / 1000000000u), (unsigned long long)(r->duration_ns % 1000000000u));
	if (elements[r->status])
		message(out, r, elements[r->status]);
	else
		put_text(out, "/>\n");
}

static void end(void *context, const struct dh_summary *s)
{
	struct report *report = context;
	(void)s;
	put_text(report->out, report->written ? " </testsuite>\n</testsuites>\n" : "</testsuites>\n");
}

const struct report_format REPORT_JUNIT = {"junit", begin, result, end, NULL};
