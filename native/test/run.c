#include "run.h"

#include "fake_kernel.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESULTS_MAX = 512 };

static struct {
	struct run_result result[RESULTS_MAX];
	unsigned count, planned;
	struct dh_summary summary;
} last;

static void begin(void *context, const struct dh_environment *env, unsigned planned)
{
	(void)context, (void)env;
	last.planned = planned;
}

static void keep(void *context, const struct dh_result *r)
{
	(void)context;
	if (last.count == RESULTS_MAX)
		return;
	struct run_result *k = &last.result[last.count++];
	snprintf(k->id, sizeof k->id, "%s", r->id);
	snprintf(k->heap, sizeof k->heap, "%s", r->heap ? r->heap : "");
	snprintf(k->diagnosis, sizeof k->diagnosis, "%s", r->diagnosis ? r->diagnosis->id : "");
	snprintf(k->observed, sizeof k->observed, "%s", r->observed);
	snprintf(k->evidence, sizeof k->evidence, "%s", r->evidence);
	if (r->diagnosis) {
		dh_fill(k->cause, sizeof k->cause, r->diagnosis->cause, r->subject);
		dh_fill(k->fix, sizeof k->fix, r->diagnosis->fix, r->subject);
	}
	k->status = r->status;
	k->error = r->error;
	CHECK(r->status != DH_FAIL || r->diagnosis, "%s fails without a diagnosis: %s", r->id, r->observed);
}

static void end(void *context, const struct dh_summary *summary)
{
	(void)context, (void)summary;
}

void run(const char *expectation, struct dh_options options)
{
	static char path[256];
	const struct dh_sink sink = {begin, keep, end, NULL};
	struct dh_error error;
	memset(&last, 0, sizeof last);
	options.root = fake.root;
	if (expectation) {
		fake_file("/expect", expectation);
		snprintf(path, sizeof path, "%s/expect", fake.root);
		options.expect = path;
	}
	CHECK(dh_verify_here(&options, &sink, &last.summary, &error), "refused: line %u: %s", error.line, error.message);
}

unsigned run_count(void)
{
	return last.count;
}

unsigned run_planned(void)
{
	return last.planned;
}

const struct run_result *run_at(unsigned i)
{
	return &last.result[i];
}

const struct dh_summary *run_summary(void)
{
	return &last.summary;
}

const struct run_result *run_result(const char *id, const char *heap, const char *diagnosis)
{
	for (unsigned i = 0; i < last.count; i++) {
		const struct run_result *r = &last.result[i];
		if (!strcmp(r->id, id) && (!heap || !strcmp(r->heap, heap)) && (!diagnosis || !strcmp(r->diagnosis, diagnosis)))
			return r;
	}
	return NULL;
}

const char *run_text(const char *id, const char *heap)
{
	static char text[400];
	const struct run_result *r = run_result(id, heap, NULL);
	snprintf(text, sizeof text, "%s %s: %s", r ? dh_status_name(r->status) : "no result", r ? r->diagnosis : "", r ? r->observed : "");
	return text;
}
