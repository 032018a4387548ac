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

/* A report without its last line was cut off. */
static void verdict_end(void *context, const struct dh_summary *s)
{
	struct report *report = context;
	for (unsigned i = 0; i < s->gaps && i < DH_GAPS_MAX; i++) {
		char title[NAME_MAX_BYTES];
		report_title(title, sizeof title, s->gap[i].id, s->gap[i].heap, s->gap[i].item);
		comment(report->out, "required but not done", title);
	}
	comment(report->out, "verdict", dh_verdict_name(s->verdict));
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
	return verdict == DH_VERDICT_PASS ? 0 : dh_exit_status(verdict) == DH_VERDICT_NOTHING_TESTABLE ? 4 : 1;
}

const struct report_format REPORT_KTAP = {"ktap", ktap_begin, ktap_result, verdict_end, ktap_status};

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
	case DH_VERDICT_INCOMPLETE:
	case DH_VERDICT_PROBE_ERROR: return 99;
	case DH_VERDICT_FAIL: break;
	}
	return 1;
}

const struct report_format REPORT_AUTOMAKE = {"automake", no_begin, automake_result, verdict_end, automake_status};

/* A word for sh. */
static void quoted(struct output *out, const char *text)
{
	put_char(out, '\'');
	for (const char *c = text; *c; c++)
		if (*c == '\'')
			put_text(out, "'\\''");
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			put_char(out, ' ');
		else
			put_char(out, *c);
	put_char(out, '\'');
}

static void lava_text(struct output *out, const char *what, const char *text)
{
	char line[1200];
	if (!*text)
		return;
	text_format(line, sizeof line, "%s: %s", what, text);
	put_text(out, "echo ");
	quoted(out, line);
	put_char(out, '\n');
}

/*
 * Commands of LAVA's test shell, to be run by sh. A report that is cut off fails: what sh finds at its end is the trap. Where the
 * program is missing nothing is printed, which only the caller can notice: see the generated test definition.
 */
static void lava_begin(void *context, const struct dh_environment *env, unsigned planned)
{
	struct report *report = context;
	(void)planned;
	put_text(report->out, "trap 'lava-test-case dmaheap-verify --result fail; exit 1' EXIT\n");
	lava_text(report->out, "kernel", env->release);
}

static void lava_result(void *context, const struct dh_result *r)
{
	static const char *const words[] = {"pass", "fail", "skip", "unknown", "fail"};
	struct report *report = context;
	struct output *out = report->out;
	char name[NAME_MAX_BYTES], line[1024];
	report_name(name, sizeof name, r);
	if (needs_reason(r) || r->required) {
		lava_text(out, name, r->observed);
		lava_text(out, "expected", r->expected);
		lava_text(out, "evidence", r->evidence);
	}
	if (needs_reason(r) && r->diagnosis) {
		lava_text(out, "diagnosis", r->diagnosis->id);
		dh_fill(line, sizeof line, r->diagnosis->cause, r->subject);
		lava_text(out, "cause", line);
		dh_fill(line, sizeof line, r->diagnosis->fix, r->subject);
		lava_text(out, "fix", line);
	}
	put(out, "lava-test-case %s --result %s", name, words[r->status]);
	if (report->timing)
		put(out, " --measurement %llu --units ns", (unsigned long long)r->duration_ns);
	put_char(out, '\n');
}

/* The verdict is a separate case, which passes only if the verdict is pass. */
static void lava_end(void *context, const struct dh_summary *s)
{
	struct report *report = context;
	const char *word = s->verdict == DH_VERDICT_PASS ? "pass" : s->verdict == DH_VERDICT_NOTHING_TESTABLE ? "skip" : "fail";
	lava_text(report->out, "verdict", dh_verdict_name(s->verdict));
	put(report->out, "trap - EXIT\nlava-test-case dmaheap-verify --result %s\n", word);
}

/* LAVA's shell runs with set -e, and the cases carry the verdict. */
static int lava_status(enum dh_verdict verdict)
{
	(void)verdict;
	return 0;
}

const struct report_format REPORT_LAVA = {"lava", lava_begin, lava_result, lava_end, lava_status};

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
	    "# HELP dmaheap_verdict Exit status of dmaheap-verify: 0 pass, 1 fail, 3 probe error, 4 nothing testable or incomplete.\n"
	    "# TYPE dmaheap_verdict gauge\ndmaheap_verdict %d\n"
	    "# HELP dmaheap_heaps_probed Heaps in which a buffer was allocated.\n# TYPE dmaheap_heaps_probed gauge\ndmaheap_heaps_probed %u\n"
	    "# HELP dmaheap_incomplete Required items that were not done.\n# TYPE dmaheap_incomplete gauge\ndmaheap_incomplete %u\n",
	    dh_exit_status(s->verdict), s->probed, s->gaps);
	comment(report->out, "verdict", dh_verdict_name(s->verdict));
}

const struct report_format REPORT_PROMETHEUS = {"prometheus", prometheus_begin, prometheus_result, prometheus_end, NULL};
