/* Who holds dma-bufs. Users lose CMA over days and cannot say to whom. */
#include "session.h"

#include <string.h>

enum { AREAS_SHOWN_MAX = OBSERVED_AREAS_MAX };

static struct holdings *look(const char *root)
{
	struct holdings *h = sys_memory(sizeof *h);
	if (h)
		holders_look(h, root);
	return h;
}

static void forget(struct holdings *h)
{
	if (h)
		sys_memory_free(h, sizeof *h);
}

static void say_read_only(struct output *out, const struct holder *owner)
{
	char who[64], line[256];
	const struct dh_diagnosis *d = diagnosis(FD_READONLY);
	text_format(who, sizeof who, "%u of process %u (%s)", owner->read_only, owner->pid, owner->process);
	dh_fill(line, sizeof line, d->cause, who);
	put(out, "note: %s: ", d->id);
	put_line(out, line, '?');
	put(out, "\n      fix: %s\n", d->fix);
}

/* Blanks that fill a column. */
static int pad(int width, const char *text)
{
	size_t length = strlen(text);
	return length < (size_t)width ? width - (int)length : 0;
}

static void print_human(struct output *out, const struct holdings *h, const struct observation *o)
{
	put(out, "%7s  %-16s %-24s %8s %14s\n", "pid", "process", "exporter", "buffers", "bytes");
	for (unsigned i = 0; i < h->holders; i++) {
		const struct holder *owner = &h->holder[i];
		put(out, "%7u  ", owner->pid);
		put_line(out, owner->process, '?');
		put(out, "%*s ", pad(16, owner->process), "");
		put_line(out, owner->exporter, '?');
		put(out, "%*s %8u %14llu\n", pad(24, owner->exporter), "", owner->buffers, (unsigned long long)owner->bytes);
	}
	put(out, "%u buffers, %llu bytes%s\n", h->buffers, (unsigned long long)h->bytes,
	    h->more     ? " (and more than can be listed)"
	    : h->hidden ? " (processes of other users are not shown: run as root)"
			: "");
	for (unsigned i = 0; i < o->areas; i++)
		if (o->area[i].held_bytes >= 0)
			put(out, "area %s: %lld of %lld bytes allocated\n", o->area[i].name, (long long)o->area[i].held_bytes, (long long)o->area[i].total_bytes);
	if (o->memory.cma_total >= 0)
		put(out, "CmaFree %lld of %lld bytes\n", (long long)o->memory.cma_free, (long long)o->memory.cma_total);
	for (unsigned i = 0; i < h->holders; i++)
		if (h->holder[i].read_only)
			say_read_only(out, &h->holder[i]);
}

/* `"name":123`, or null where this kernel does not show it. */
static void put_shown(struct output *out, const char *name, int64_t value)
{
	put(out, ",\"%s\":", name);
	if (value < 0)
		put_text(out, "null");
	else
		put(out, "%lld", (long long)value);
}

/* schemas/owners.schema.json describes this output. */
static void print_json(struct output *out, const struct holdings *h, const struct observation *o)
{
	put(out, "{\"schemaVersion\":%d,\"owners\":[", DH_SCHEMA_VERSION);
	for (unsigned i = 0; i < h->holders; i++) {
		const struct holder *owner = &h->holder[i];
		put(out, "%s\n{\"pid\":%u,\"process\":", i ? "," : "", owner->pid);
		put_json(out, owner->process);
		put_text(out, ",\"exporter\":");
		put_json(out, owner->exporter);
		put(out, ",\"buffers\":%u,\"bytes\":%llu,\"readOnly\":%u,\"diagnosis\":%s}", owner->buffers, (unsigned long long)owner->bytes, owner->read_only,
		    owner->read_only ? "\"FD_READONLY\"" : "null");
	}
	put_text(out, "\n],\"areas\":[");
	for (unsigned i = 0; i < o->areas; i++) {
		put_text(out, i ? ",\n{\"name\":" : "\n{\"name\":");
		put_json(out, o->area[i].name);
		put_shown(out, "heldBytes", o->area[i].held_bytes);
		put_shown(out, "totalBytes", o->area[i].total_bytes);
		put_char(out, '}');
	}
	put(out, "\n],\"buffers\":%u,\"bytes\":%llu,\"complete\":%s", h->buffers, (unsigned long long)h->bytes, h->more || h->hidden ? "false" : "true");
	put_shown(out, "cmaFreeBytes", o->memory.cma_free);
	put_shown(out, "cmaTotalBytes", o->memory.cma_total);
	put_text(out, "}\n");
}

int dh_owners(const char *root, struct output *out, bool json, struct dh_error *error)
{
	const struct dh_options options = {.root = root};
	struct session *s = session_open(&options, error);
	if (!s)
		return DH_VERDICT_USAGE;
	struct holdings *h = look(root);
	if (h)
		(json ? print_json : print_human)(out, h, &s->seen);
	int status = h ? DH_VERDICT_PASS : DH_VERDICT_PROBE_ERROR;
	forget(h);
	session_close(s);
	return put_end(out) ? status : DH_VERDICT_PROBE_ERROR;
}

static const struct holder *same_owner(const struct holdings *h, const struct holder *wanted)
{
	for (unsigned i = 0; i < h->holders; i++)
		if (h->holder[i].pid == wanted->pid && !strcmp(h->holder[i].exporter, wanted->exporter))
			return &h->holder[i];
	return NULL;
}

static void say_owner(struct output *out, const struct holder *owner, const struct holder *was)
{
	put(out, "  process %u (", owner->pid);
	put_line(out, owner->process, '?');
	put_text(out, ") ");
	put_line(out, owner->exporter, '?');
	put(out, ": %u buffers, %llu bytes (%+lld)\n", owner->buffers, (unsigned long long)owner->bytes,
	    (long long)owner->bytes - (was ? (long long)was->bytes : 0));
}

static void say_changes(struct output *out, const struct holdings *was, const struct holdings *now)
{
	for (unsigned i = 0; i < now->holders; i++) {
		const struct holder *before = same_owner(was, &now->holder[i]);
		if (!before || before->bytes != now->holder[i].bytes || before->buffers != now->holder[i].buffers)
			say_owner(out, &now->holder[i], before);
	}
	for (unsigned i = 0; i < was->holders; i++)
		if (!same_owner(now, &was->holder[i])) {
			struct holder gone = was->holder[i];
			gone.buffers = 0;
			gone.bytes = 0;
			say_owner(out, &gone, &was->holder[i]);
		}
}

/* Largest free run of an area in pages, -1 where debugfs does not show it. */
static int64_t largest_run(const char *root, const char *area)
{
	char path[SYS_PATH_MAX], text[32];
	text_format(path, sizeof path, "/sys/kernel/debug/cma/%s/maxchunk", area);
	return sys_read(root, path, text, sizeof text) > 0 ? text_signed(text) : -1;
}

struct moment {
	struct memory_view memory;
	int64_t largest[AREAS_SHOWN_MAX];
};

static void say_numbers(struct output *out, const struct session *s, const struct moment *was, const struct moment *now)
{
	if (was->memory.cma_free != now->memory.cma_free)
		put(out, "  CmaFree %lld bytes (%+lld)\n", (long long)now->memory.cma_free, (long long)(now->memory.cma_free - was->memory.cma_free));
	if (was->memory.cma_fail != now->memory.cma_fail)
		put(out, "  cma_alloc_fail %lld (%+lld)\n", (long long)now->memory.cma_fail, (long long)(now->memory.cma_fail - was->memory.cma_fail));
	for (unsigned i = 0; i < s->seen.areas; i++)
		if (was->largest[i] != now->largest[i])
			put(out, "  area %s: largest free run %lld pages (%+lld)\n", s->seen.area[i].name, (long long)now->largest[i],
			    (long long)(now->largest[i] - was->largest[i]));
}

static void look_at_numbers(struct session *s, struct moment *moment)
{
	observe_memory(&moment->memory, s->root);
	for (unsigned i = 0; i < s->seen.areas; i++)
		moment->largest[i] = largest_run(s->root, s->seen.area[i].name);
}

int dh_watch(const char *root, struct output *out, unsigned seconds, unsigned rounds, struct dh_error *error)
{
	const struct dh_options options = {.root = root};
	struct session *s = session_open(&options, error);
	if (!s)
		return DH_VERDICT_USAGE;
	struct holdings *was = look(root);
	struct moment before, now;
	if (!was) {
		session_close(s);
		return DH_VERDICT_PROBE_ERROR;
	}
	look_at_numbers(s, &before);
	print_human(out, was, &s->seen);
	bool ok = put_end(out);
	for (unsigned round = 1; ok && was && (!rounds || round <= rounds); round++) {
		sys_sleep_ms(seconds * 1000);
		struct holdings *current = look(root);
		if (!current)
			break;
		look_at_numbers(s, &now);
		put(out, "after %llu s\n", (unsigned long long)round * seconds);
		say_numbers(out, s, &before, &now);
		say_changes(out, was, current);
		ok = put_end(out);
		forget(was);
		was = current;
		before = now;
	}
	forget(was);
	session_close(s);
	return ok ? DH_VERDICT_PASS : DH_VERDICT_PROBE_ERROR;
}
