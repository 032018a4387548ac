/* schemas/report.schema.json describes this output. */
#include "report.h"

#include "session.h"

static void text_or_null(struct output *out, const char *name, const char *text)
{
	put(out, ",\"%s\":", name);
	if (text && *text)
		put_json(out, text);
	else
		put_text(out, "null");
}

static void begin(void *context, const struct dh_environment *env, unsigned planned)
{
	struct report *report = context;
	struct output *out = report->out;
	put(out, "{\"schemaVersion\":%d,\"tool\":\"dmaheap-verify %s\",\"kernel\":{\"release\":", DH_SCHEMA_VERSION, DH_VERSION);
	put_json(out, env->release);
	put_text(out, ",\"machine\":");
	put_json(out, env->machine);
	put(out, ",\"pageBytes\":%llu},\"identity\":{\"uid\":%u,\"gid\":%u,\"privileged\":%s", (unsigned long long)env->page_bytes, env->uid, env->gid,
		env->privileged ? "true" : "false");
	text_or_null(out, "consumer", env->consumer);
	put_text(out, "},\"profile\":");
	if (env->profile) {
		put_text(out, "{\"name\":");
		put_json(out, env->profile);
		text_or_null(out, "sha256", env->profile_sha256);
		put_char(out, '}');
	} else {
		put_text(out, "null");
	}
	put(out, ",\"planned\":%u,\"results\":[", planned);
	report->written = 0;
}

static void result(void *context, const struct dh_result *r)
{
	struct report *report = context;
	struct output *out = report->out;
	char line[1024];
	put_text(out, report->written++ ? ",\n{\"id\":" : "\n{\"id\":");
	put_json(out, r->id);
	text_or_null(out, "heap", r->heap);
	text_or_null(out, "item", r->item);
	put(out, ",\"status\":\"%s\",\"errno\":", dh_status_name(r->status));
	if (r->error)
		put(out, "%d,\"errnoName\":\"%s\"", r->error, error_name(r->error));
	else
		put_text(out, "null,\"errnoName\":null");
	text_or_null(out, "expected", r->expected);
	text_or_null(out, "observed", r->observed);
	put_text(out, ",\"evidence\":[");
	if (*r->evidence)
		put_json(out, r->evidence);
	put_char(out, ']');
	text_or_null(out, "diagnosis", r->diagnosis ? r->diagnosis->id : NULL);
	if (r->diagnosis)
		dh_fill(line, sizeof line, r->diagnosis->cause, r->subject);
	text_or_null(out, "cause", r->diagnosis ? line : NULL);
	if (r->diagnosis)
		dh_fill(line, sizeof line, r->diagnosis->fix, r->subject);
	text_or_null(out, "fix", r->diagnosis ? line : NULL);
	if (report->timing)
		put(out, ",\"durationNs\":%llu", (unsigned long long)r->duration_ns);
	put_char(out, '}');
}

static void end(void *context, const struct dh_summary *s)
{
	struct report *report = context;
	put_text(report->out, "\n],\"incomplete\":[");
	for (unsigned i = 0; i < s->gaps && i < DH_GAPS_MAX; i++) {
		put_text(report->out, i ? ",\n{\"id\":" : "\n{\"id\":");
		put_json(report->out, s->gap[i].id);
		text_or_null(report->out, "heap", s->gap[i].heap);
		text_or_null(report->out, "item", s->gap[i].item);
		text_or_null(report->out, "why", s->gap[i].why);
		put_char(report->out, '}');
	}
	put(report->out, "],\"summary\":{\"verdict\":\"%s\",\"exitCode\":%d,\"pass\":%u,\"fail\":%u,\"skip\":%u,\"unknown\":%u,\"error\":%u,\"incomplete\":%u,\"heapsProbed\":%u",
		dh_verdict_name(s->verdict), dh_exit_status(s->verdict), s->counts[DH_PASS], s->counts[DH_FAIL], s->counts[DH_SKIP], s->counts[DH_UNKNOWN], s->counts[DH_ERROR],
		s->gaps, s->probed);
	if (report->timing)
		put(report->out, ",\"durationNs\":%llu", (unsigned long long)s->duration_ns);
	put_text(report->out, "}}\n");
}

const struct report_format REPORT_JSON = {"json", begin, result, end, NULL};
