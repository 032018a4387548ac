/* Single CMA areas: made at all, of the right size, activated. */
#include "session.h"

#include <string.h>

static enum diagnosis device_tree_reason(const struct session *s, const struct expect_area *area)
{
	static const struct { unsigned family; enum diagnosis id; } by_log[] = {
		{LOG_NO_SLOTS, CMA_DT_REJECTED_SLOTS},
		{LOG_MISALIGNED, CMA_DT_REJECTED_ALIGN},
		{LOG_INVALID_SIZE, CMA_DT_REJECTED_CELLS},
		{LOG_ALLOC_FAILED, CMA_DT_REJECTED_SPACE},
	};
	int64_t bytes;
	enum dt_state state = observe_dt_node(s->root, area->dt_node, &bytes);
	switch (state) {
	case DT_ABSENT: return CMA_DT_NODE_MISSING;
	case DT_DISABLED: return CMA_DT_NODE_DISABLED;
	case DT_NOMAP: return CMA_DT_REJECTED_NOMAP;
	case DT_NOT_REUSABLE: return CMA_DT_NOT_REUSABLE;
	case DT_UNREADABLE:
	case DT_PRESENT: break;
	}
	for (unsigned i = 0; i < sizeof by_log / sizeof *by_log; i++)
		if (s->seen.log & by_log[i].family)
			return by_log[i].id;
	if (state == DT_PRESENT && bytes < 0)
		return CMA_DT_REJECTED_CELLS;
	return state == DT_PRESENT ? CMA_DT_REJECTED : CMA_NOT_CONFIGURED;
}

static bool zero_size(const char *argument)
{
	return argument[0] == '0' && (!argument[1] || argument[1] == '@' || argument[1] == ',' || strspn(argument, "0KMGkmg") == strlen(argument));
}

enum diagnosis cma_reason(const struct session *s, const struct expect_area *area, char *subject, size_t size)
{
	const struct observation *o = &s->seen;
	int64_t total = o->memory.cma_total;
	bool from_tree = area && area->source == AREA_DEVICE_TREE;
	text_format(subject, size, "%s", o->cmdline_cma);
	if (o->has_cmdline_cma && zero_size(o->cmdline_cma))
		return CMA_DISABLED_CMDLINE;
	if (o->has_cmdline_cma && total <= 0)
		return CMA_CMDLINE_FAILED;
	if (o->has_cmdline_cma && from_tree && area->is_default)
		return CMA_CMDLINE_OVERRIDES_DT;
	if (total < 0) {
		text_format(subject, size, "CONFIG_CMA=y, CONFIG_DMA_CMA=y and a size (CONFIG_CMA_SIZE_MBYTES)");
		return CMA_NOT_CONFIGURED;
	}
	if (from_tree) {
		int64_t bytes;
		enum dt_state state = observe_dt_node(s->root, area->dt_node, &bytes);
		bool asked_otherwise = state == DT_PRESENT && bytes >= 0 && (uint64_t)bytes != area->bytes;
		bool made = observed_area(o, area->name) || observed_node(o, area->name);
		if (asked_otherwise && (made || !o->has_areas)) {
			text_format(subject, size, "/reserved-memory/%s asks for %lld bytes", area->dt_node, (long long)bytes);
			return CMA_SIZE_MISMATCH;
		}
		if (made && total == 0)
			return CMA_AREA_NOT_ACTIVATED;
		if (!made && state != DT_UNREADABLE) {
			text_format(subject, size, "%s", area->dt_node);
			enum diagnosis id = device_tree_reason(s, area);
			if (id != CMA_NOT_CONFIGURED)
				return id;
		}
	}
	if (total == 0) {
		text_format(subject, size, "a size for the default area (CONFIG_CMA_SIZE_MBYTES)");
		return CMA_NOT_CONFIGURED;
	}
	if (o->has_cmdline_cma)
		text_format(subject, size, "the size comes from cma=%s on the kernel command line", o->cmdline_cma);
	else if (area && area->source == AREA_KCONFIG)
		text_format(subject, size, "the size comes from CONFIG_CMA_SIZE_*");
	else
		text_format(subject, size, "the size comes from the device tree or CONFIG_CMA_SIZE_*");
	return CMA_SIZE_MISMATCH;
}

const char *area_instead(const struct session *s, const struct expect_area *area)
{
	if (!s->seen.has_areas || observed_area(&s->seen, area->name))
		return NULL;
	for (unsigned i = 0; i < s->expect.nodes; i++) {
		const char *name = s->expect.node[i].name;
		if (strcmp(name, area->name) && observed_area(&s->seen, name))
			return name;
	}
	for (unsigned i = 0; i < s->seen.areas; i++) {
		bool known = false;
		for (unsigned a = 0; a < s->expect.areas; a++)
			known |= !strcmp(s->expect.area[a].name, s->seen.area[i].name);
		if (!known)
			return s->seen.area[i].name;
	}
	return NULL;
}

/* One result per area: is it there, and how large. Without a per-area source, only a lone area can be judged, by CmaTotal. */
static void area_size(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct expect_area *area = &s->expect.area[subject.index];
	const struct observation *o = &s->seen;
	const struct cma_area *seen = observed_area(o, area->name);
	char reason[sizeof r->subject];
	expected(r, "%s of %llu bytes", area->name, (unsigned long long)area->bytes);
	evidence(r, "%s", o->area_source ? o->area_source : o->memory.cma_total >= 0 ? "/proc/meminfo" : "/proc/meminfo has no CmaTotal");
	if (o->memory.cma_total <= 0) {
		enum diagnosis id = cma_reason(s, area, reason, sizeof reason);
		about(r, reason);
		failed(r, id, 0, "no CMA");
		return;
	}
	if (o->has_areas && !seen) {
		enum diagnosis id = cma_reason(s, area, reason, sizeof reason);
		const char *other = area_instead(s, area);
		if (id == CMA_SIZE_MISMATCH && other) {
			id = CMA_FALLBACK_KCONFIG;
			text_format(reason, sizeof reason, "%s", other);
		}
		about(r, reason);
		failed(r, id, 0, "no area of that name%s%s", other ? ", but " : "", other ? other : "");
		return;
	}
	if (seen && seen->total_bytes == 0) {
		failed(r, CMA_AREA_NOT_ACTIVATED, 0, "%s has 0 bytes", area->name);
		return;
	}
	int64_t bytes = seen ? seen->total_bytes : -1;
	if (bytes < 0 && s->expect.areas == 1 && s->expect.has_cma && s->expect.cma_total_bytes == area->bytes)
		bytes = o->memory.cma_total; /* one area is expected to be all there is */
	if (bytes < 0) {
		unknown(r, "this kernel shows no size per area, and CmaTotal is a sum");
		return;
	}
	if ((uint64_t)bytes == area->bytes) {
		passed(r, "%lld bytes", (long long)bytes);
		return;
	}
	enum diagnosis id = cma_reason(s, area, reason, sizeof reason);
	about(r, reason);
	failed(r, id, 0, "%lld bytes", (long long)bytes);
}

const struct check AREA_CHECKS[] = {
	{"area.size", SCOPE_AREA, area_size},
	{NULL, SCOPE_AREA, NULL},
};
