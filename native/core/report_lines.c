/* The outputs of one line per result: KTAP, automake and ptest, LAVA, and the textfile of Prometheus' node exporter. */
#include "report.h"

#include <string.h>

enum { NAME_MAX_BYTES = 600 };

static void comment(struct output *out, const char *label, const char *text)
{
	if (!*text)
		return;
	put(out, "# %s: ", label);
	put_line(out, text, ' ');
	put_char(out, '\n');
}

/* Every consumer of these outputs passes over a line that begins with #. */
static void explain(struct output *out, const struct dh_result *r)
{
	char line[1024];
	if (!needs_reason(r))
		return;
	comment(out, "expected", r->expected);
	comment(out, "observed", r->observed);
	comment(out, "evidence", r->evidence);
	if (!r->diagnosis)
		return;
	comment(out, "diagnosis", r->diagnosis->id);
	dh_fill(line, sizeof line, r->diagnosis->cause, r->subject);
	comment(out, "cause", line);
	dh_fill(line, sizeof line, r->diagnosis->fix, r->subject);
	comment(out, "fix", line);
}

static void no_end(void *context, const struct dh_summary *s)
{
	(void)context, (void)s;
}

static void no_begin(void *context, const struct dh_environment *env, unsigned planned)
{
	(void)context, (void)env, (void)planned;
}

static void ktap_begin(void *context, const struct dh_environment *env, unsigned planned)
{
	struct report *report = context;
	put(report->out, "KTAP version 1\n1..%u\n# kernel %s %s\n", planned, env->release, env->machine);
}

static void ktap_result(void *context, const struct dh_result *r)
{
	struct report *report = context;
	char name[NAME_MAX_BYTES];
	report_name(name, sizeof name, r);
	put(report->out, "%sok %u %s", is_bad(r) ? "not " : "", ++report->written, name);
	if (r->status == DH_SKIP || r->status == DH_UNKNOWN) {
		put(report->out, " # SKIP %s", r->status == DH_UNKNOWN ? "unknown: " : "");
		put_line(report->out, r->observed, ' ');
	}
	put_char(report->out, '\n');
	explain(report->out, r);
}

/* kselftest knows 0, 1 and 4; a probe that could not look is a failed test there. */
static int ktap_status(enum dh_verdict verdict)
{
	return verdict == DH_VERDICT_PASS ? 0 : verdict == DH_VERDICT_NOTHING_TESTABLE ? 4 : 1;
}

const struct report_format REPORT_KTAP = {"ktap", ktap_begin, ktap_result, no_end, ktap_status};

static void automake_result(void *context, const struct dh_result *r)
{
	static const char *const words[] = {"PASS", "FAIL", "SKIP", "SKIP", "ERROR"};
	struct report *report = context;
	char name[NAME_MAX_BYTES];
	report_name(name, sizeof name, r);
	put(report->out, "%s: %s\n", words[r->status], name);
	explain(report->out, r);
}

/* Automake's own: 77 is a skipped test, 99 a broken one. */
static int automake_status(enum dh_verdict verdict)
{
	switch (verdict) {
	case DH_VERDICT_PASS: return 0;
	case DH_VERDICT_NOTHING_TESTABLE: return 77;
	case DH_VERDICT_USAGE:
	case DH_VERDICT_PROBE_ERROR: return 99;
	case DH_VERDICT_FAIL: break;
	}
	return 1;
}

const struct report_format REPORT_AUTOMAKE = {"automake", no_begin, automake_result, no_end, automake_status};

/* Commands of LAVA's test shell, to be piped into sh; names and words here hold nothing that a shell would read. */
static void lava_result(void *context, const struct dh_result *r)
{
	static const char *const words[] = {"pass", "fail", "skip", "unknown", "fail"};
	struct report *report = context;
	char name[NAME_MAX_BYTES];
	report_name(name, sizeof name, r);
	put(report->out, "lava-test-case %s --result %s", name, words[r->status]);
	if (report->timing)
		put(report->out, " --measurement %llu --units ns", (unsigned long long)r->duration_ns);
	put_char(report->out, '\n');
	explain(report->out, r);
}

/* The verdict is a case of its own: where it is missing, the program was stopped. */
static void lava_end(void *context, const struct dh_summary *s)
{
	static const char *const words[] = {"pass", "fail", "fail", "fail", "skip"};
	struct report *report = context;
	put(report->out, "lava-test-case dmaheap-verify --result %s\n", words[s->verdict]);
}

/* LAVA's shell runs with set -e, and the cases carry the verdict. */
static int lava_status(enum dh_verdict verdict)
{
	(void)verdict;
	return 0;
}

const struct report_format REPORT_LAVA = {"lava", no_begin, lava_result, lava_end, lava_status};

static void label(struct output *out, const char *name, const char *value)
{
	put(out, "%s=\"", name);
	for (const char *c = value; *c; c++) {
		if (*c == '\n')
			put_text(out, "\\n");
		else if (*c == '"' || *c == '\\')
			put(out, "\\%c", *c);
		else
			put_char(out, *c);
	}
	put_char(out, '"');
}

static void prometheus_begin(void *context, const struct dh_environment *env, unsigned planned)
{
	struct report *report = context;
	(void)env, (void)planned;
	put_text(report->out, "# HELP dmaheap_check The result of one check, as label status.\n# TYPE dmaheap_check gauge\n");
}

static void prometheus_result(void *context, const struct dh_result *r)
{
	struct report *report = context;
	struct output *out = report->out;
	put_text(out, "dmaheap_check{");
	label(out, "check", r->id);
	put_char(out, ',');
	label(out, "heap", r->heap ? r->heap : "");
	put_char(out, ',');
	label(out, "item", r->item ? r->item : "");
	put_char(out, ',');
	label(out, "status", dh_status_name(r->status));
	put_char(out, ',');
	label(out, "diagnosis", r->diagnosis ? r->diagnosis->id : "");
	put_text(out, "} 1\n");
	explain(out, r);
}

static void prometheus_end(void *context, const struct dh_summary *s)
{
	struct report *report = context;
	put(report->out,
	    "# HELP dmaheap_verdict Exit status of dmaheap-verify: 0 pass, 1 fail, 3 probe error, 4 nothing testable.\n"
	    "# TYPE dmaheap_verdict gauge\ndmaheap_verdict %d\n"
	    "# HELP dmaheap_heaps_probed Heaps in which a buffer was allocated.\n# TYPE dmaheap_heaps_probed gauge\ndmaheap_heaps_probed %u\n",
	    s->verdict, s->probed);
}

const struct report_format REPORT_PROMETHEUS = {"prometheus", prometheus_begin, prometheus_result, prometheus_end, NULL};
