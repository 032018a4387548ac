/* JUnit XML: one suite for the machine and one per heap, in the order of the stream. */
#include "report.h"

#include <string.h>

#include "sys.h"

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

enum { SUITE_BYTES_MAX = 1 << 20 };

/* Cases are kept until their suite is complete: its counts are attributes, and readers want them. */
static bool append(void *context, const char *data, size_t length)
{
	struct report *report = context;
	if (!report->suite_text || length > SUITE_BYTES_MAX - report->suite_length)
		return false;
	memcpy(report->suite_text + report->suite_length, data, length);
	report->suite_length += length;
	return true;
}

/* Milliseconds: more digits are not valid for every reader. */
static void seconds(struct output *out, uint64_t ns)
{
	put(out, " time=\"%llu.%03llu\"", (unsigned long long)(ns / 1000000000u), (unsigned long long)(ns / 1000000u % 1000));
}

static void begin(void *context, const struct dh_environment *env, unsigned planned)
{
	struct report *report = context;
	(void)env;
	report->written = 0;
	report->suite_text = sys_memory(SUITE_BYTES_MAX);
	put(report->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dmaheap-verify\" tests=\"%u\">\n", planned);
}

static void flush_suite(struct report *report)
{
	const unsigned *n = report->suite_counts;
	struct output *out = report->out;
	if (!report->written)
		return;
	put_text(out, " <testsuite");
	attribute(out, "name", report->suite);
	put(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"", n[DH_PASS] + n[DH_FAIL] + n[DH_SKIP] + n[DH_UNKNOWN] + n[DH_ERROR],
	    n[DH_FAIL], n[DH_ERROR], n[DH_SKIP] + n[DH_UNKNOWN]);
	if (report->timing)
		seconds(out, report->suite_ns);
	put_text(out, ">\n");
	put_bytes(out, report->suite_text, report->suite_length);
	put_text(out, " </testsuite>\n");
}

static void suite(struct report *report, const char *name)
{
	if (report->written && !strcmp(report->suite, name))
		return;
	flush_suite(report);
	text_format(report->suite, sizeof report->suite, "%s", name);
	memset(report->suite_counts, 0, sizeof report->suite_counts);
	report->suite_length = 0;
	report->suite_ns = 0;
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
	struct output kept = {.write = append, .context = report};
	char name[600];
	/* what is required and was not done must not look like an optional test */
	enum dh_status status = r->required && r->status != DH_FAIL && r->status != DH_PASS ? DH_ERROR : r->status;
	suite(report, r->heap ? r->heap : "machine");
	report->written++;
	report->suite_counts[status]++;
	report->suite_ns += r->duration_ns;
	report_name(name, sizeof name, r);
	put_text(&kept, "  <testcase");
	attribute(&kept, "classname", report->suite);
	attribute(&kept, "name", name);
	if (report->timing)
		seconds(&kept, r->duration_ns);
	if (elements[status])
		message(&kept, r, elements[status]);
	else
		put_text(&kept, "/>\n");
	report->out->failed |= !put_end(&kept);
}

static void end(void *context, const struct dh_summary *s)
{
	struct report *report = context;
	(void)s;
	flush_suite(report);
	put_text(report->out, "</testsuites>\n");
	if (report->suite_text)
		sys_memory_free(report->suite_text, SUITE_BYTES_MAX);
}

const struct report_format REPORT_JUNIT = {"junit", begin, result, end, NULL};
