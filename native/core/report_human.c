#include "report.h"

#include <string.h>

#include "sys.h"

enum { CAUSES_MAX = 16 };

/* One cause, the checks that it explains, and the first of them in full. */
struct cause {
	const struct dh_diagnosis *diagnosis;
	char subject[256], expected[192], evidence[256], checks[768];
	unsigned count;
};

struct causes {
	unsigned count;
	struct cause cause[CAUSES_MAX];
};

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
	report->causes = sys_memory(sizeof *report->causes);
	if (report->quiet)
		return;
	put(report->out, "kernel %s %s, pages of %llu bytes, uid %u%s%s%s, %u checks\n", env->release, env->machine,
		(unsigned long long)env->page_bytes, env->uid, env->profile ? ", profile " : "", env->profile ? env->profile : "",
		env->consumer ? ", as consumer" : "", planned);
}

/* A failure whose cause is told already, or for which there is room to tell it at the end. */
static bool keep(struct causes *causes, const struct dh_result *r)
{
	char title[600];
	if (!causes || !r->diagnosis)
		return false;
	bool filled_in = strchr(r->diagnosis->cause, '{') || strchr(r->diagnosis->fix, '{');
	struct cause *c = causes->cause, *end = c + causes->count;
	while (c < end && (c->diagnosis != r->diagnosis || (filled_in && strcmp(c->subject, r->subject) != 0)))
		c++;
	if (c == end) {
		if (causes->count == CAUSES_MAX)
			return false;
		causes->count++;
		*c = (struct cause){.diagnosis = r->diagnosis};
		memcpy(c->subject, r->subject, sizeof c->subject);
		memcpy(c->expected, r->expected, sizeof c->expected);
		memcpy(c->evidence, r->evidence, sizeof c->evidence);
	}
	report_title(title, sizeof title, r->id, r->heap, r->item);
	size_t used = strlen(c->checks);
	text_format(c->checks + used, sizeof c->checks - used, "%s%s", used ? ", " : "", title);
	c->count++;
	return true;
}

static void tell(struct output *out, const struct cause *c)
{
	put(out, "           diagnosis: %s\n", c->diagnosis->id);
	filled(out, "cause", c->diagnosis->cause, c->subject);
	if (*c->expected)
		filled(out, "expected", "{}", c->expected);
	if (*c->evidence)
		filled(out, "evidence", "{}", c->evidence);
	filled(out, "fix", c->diagnosis->fix, c->subject);
	filled(out, "explains", "{}", c->checks);
}

static void result(void *context, const struct dh_result *r)
{
	struct report *report = context;
	struct output *out = report->out;
	char title[600];
	if (report->quiet && !is_bad(r))
		return;
	bool told = needs_reason(r) && keep(report->causes, r);
	const char *reset = report->color ? "\033[0m" : "";
	put(out, "%s%-8s%s ", paint(report, r->status), dh_status_name(r->status), reset);
	report_title(title, sizeof title, r->id, r->heap, r->item);
	put_line(out, title, '?');
	if (*r->observed) {
		put_text(out, ": ");
		put_line(out, r->observed, '?');
	}
	put_char(out, '\n');
	if (told || !needs_reason(r))
		return;
	if (*r->expected)
		filled(out, "expected", "{}", r->expected);
	if (*r->evidence)
		filled(out, "evidence", "{}", r->evidence);
	if (!r->diagnosis)
		return;
	put(out, "           diagnosis: %s\n", r->diagnosis->id);
	filled(out, "cause", r->diagnosis->cause, r->subject);
	filled(out, "fix", r->diagnosis->fix, r->subject);
}

/* Ends in the verdict: a report without that line was cut off. */
static void end(void *context, const struct dh_summary *s)
{
	static const char *const verdicts[] = {"PASS", "FAIL", "USAGE", "PROBE ERROR", "NOTHING TESTABLE", "INCOMPLETE"};
	struct report *report = context;
	struct output *out = report->out;
	struct causes *causes = report->causes;
	char title[600];
	for (unsigned i = 0; causes && i < causes->count; i++) {
		put(out, "\n%u of %u: %u check%s\n", i + 1, causes->count, causes->cause[i].count, causes->cause[i].count == 1 ? "" : "s");
		tell(out, &causes->cause[i]);
	}
	if (s->gaps)
		put(out, "\nrequired but not done:\n");
	for (unsigned i = 0; i < s->gaps && i < DH_GAPS_MAX; i++) {
		report_title(title, sizeof title, s->gap[i].id, s->gap[i].heap, s->gap[i].item);
		put_text(out, "           ");
		put_line(out, title, '?');
		put_text(out, ": ");
		put_line(out, s->gap[i].why, '?');
		put_char(out, '\n');
	}
	if (s->gaps > DH_GAPS_MAX)
		put(out, "           and %u more\n", s->gaps - DH_GAPS_MAX);
	if (causes && (causes->count || s->gaps))
		put_char(out, '\n');
	put(out, "%s: %u pass, %u fail, %u skip, %u unknown, %u error; %u heaps used", verdicts[s->verdict], s->counts[DH_PASS], s->counts[DH_FAIL],
	    s->counts[DH_SKIP], s->counts[DH_UNKNOWN], s->counts[DH_ERROR], s->probed);
	if (s->gaps)
		put(out, "; %u required but not done", s->gaps);
	if (report->timing)
		put(out, "; %llu.%03llu s", (unsigned long long)(s->duration_ns / 1000000000u), (unsigned long long)(s->duration_ns / 1000000u % 1000));
	put_char(out, '\n');
	if (causes)
		sys_memory_free(causes, sizeof *causes);
}

const struct report_format REPORT_HUMAN = {"human", begin, result, end, NULL};
