/* The outputs. Each is a sink for the event stream, writing to one output. */
#ifndef REPORT_H
#define REPORT_H

#include "dmaheap.h"

#include "text.h"

struct causes; /* of the human report: failures that have one cause are told once */

struct report {
	struct output *out;
	struct causes *causes;
	char *suite_text; /* of the JUnit report: a suite's counts come before its cases */
	size_t suite_length;
	unsigned suite_counts[5];
	uint64_t suite_ns;
	bool color;
	bool timing; /* durations are printed; off for output that must not change between runs */
	bool quiet;  /* human: failures and the verdict only */
	unsigned written;
	char suite[128];
	struct dh_environment environment;
};

struct report_format {
	const char *name;
	void (*begin)(void *, const struct dh_environment *, unsigned);
	void (*result)(void *, const struct dh_result *);
	void (*end)(void *, const struct dh_summary *);
	int (*exit_status)(enum dh_verdict); /* NULL: the verdict itself */
};

/* NULL when there is no such format. */
const struct report_format *report_format(const char *name);

/* Names of all formats, separated by '|'. */
const char *report_formats(void);

struct dh_sink report_sink(const struct report_format *, struct report *);

/* "id [heap] item", for people. */
void report_title(char *out, size_t size, const char *id, const char *heap, const char *item);

/* id, heap and item joined by dots: unique within a run, of the characters every test framework takes: [a-z0-9_.-]. */
void report_name(char *out, size_t size, const struct dh_result *);

static inline bool is_bad(const struct dh_result *r)
{
	return r->status == DH_FAIL || r->status == DH_ERROR;
}

/* What people are told the reason of: a failure, and a skip that has one. A remark on a pass is not worth the lines. */
static inline bool needs_reason(const struct dh_result *r)
{
	return is_bad(r) || (r->diagnosis && r->status != DH_PASS);
}

extern const struct report_format REPORT_HUMAN, REPORT_JSON, REPORT_KTAP, REPORT_JUNIT, REPORT_AUTOMAKE, REPORT_LAVA, REPORT_PROMETHEUS;

#endif
