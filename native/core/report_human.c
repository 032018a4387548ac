#include "report.h"

#include <string.h>

static const char *paint(const struct report *report, enum dh_status status)
{
	static const char *const colors[] = {"\033[32m", "\033[31m", "\033[2m", "\033[33m", "\033[31m"};
	return report->color ? colors[status] : "";
}

static void filled(struct output *out, const char *label, const char *text, const char *subject)
{
	char line[1024];
	dh_fill(line, sizeof line, text, subject);
	put(out, "           %s: ", label);
	put_line(out, line, '?');
	put_char(out, '\n');
}

static void begin(void *context, const struct dh_environment *env, unsigned planned)
{
	struct report *report = context;
	report->environment = *env;
	if (report->quiet)
		return;
	put(report->out, "kernel %s %s, pages of %llu bytes, uid %u%s%s%s, %u checks\n", env->release, env->machine,
		(unsigned long long)env->page_bytes, env->uid, env->profile ? ", profile " : "", env->profile ? env->profile : "",
		env->consumer ? ", as consumer" : "", planned);
}

static void result(void *context, const struct dh_result *r)
{
	struct report *report = context;
	struct output *out = report->out;
	if (report->quiet && !is_bad(r))
		return;
	const char *reset = report->color ? "\033[0m" : "";
	put(out, "%s%-8s%s %s", paint(report, r->status), dh_status_name(r->status), reset, r->id);
	if (r->heap) {
		put_text(out, " [");
		put_line(out, r->heap, '?');
		put_char(out, ']');
	}
	if (r->item) {
		put_char(out, ' ');
		put_line(out, r->item, '?');
	}
	if (*r->observed) {
		put_text(out, ": ");
		put_line(out, r->observed, '?');
	}
	put_char(out, '\n');
	if (!needs_reason(r))
		return;
	if (*r->expected)
		filled(out, "expected", "{}", r->expected);
	if (r->diagnosis) {
		put(out, "           diagnosis: %s\n", r->diagnosis->id);
		filled(out, "cause", r->diagnosis->cause, r->subject);
	}
	if (*r->evidence)
		filled(out, "evidence", "{}", r->evidence);
	if (r->diagnosis)
		filled(out, "fix", r->diagnosis->fix, r->subject);
}

static void end(void *context, const struct dh_summary *s)
{
	static const char *const verdicts[] = {"PASS", "FAIL", "USAGE", "PROBE ERROR", "NOTHING TESTABLE"};
	struct report *report = context;
	put(report->out, "%s: %u pass, %u fail, %u skip, %u unknown, %u error; %u heaps used", verdicts[s->verdict], s->counts[DH_PASS],
		s->counts[DH_FAIL], s->counts[DH_SKIP], s->counts[DH_UNKNOWN], s->counts[DH_ERROR], s->probed);
	if (report->timing)
		put(report->out, "; %llu.%03llu s", (unsigned long long)(s->duration_ns / 1000000000u),
			(unsigned long long)(s->duration_ns / 1000000u % 1000));
	put_char(report->out, '\n');
}

const struct report_format REPORT_HUMAN = {"human", begin, result, end, NULL};
