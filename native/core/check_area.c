/* Single CMA areas: made at all, of the right size, activated. */
#include "session.h"

#include <string.h>

/* What the live tree itself says is wrong with the node, NO_DIAGNOSIS when it reads well; fills subject. */
static enum diagnosis tree_reason(const struct dt_view *view, const struct expect_area *area, char *subject, size_t size)
{
	text_format(subject, size, "%s", area->dt_node);
	switch (view->state) {
	case DT_ABSENT: return CMA_DT_NODE_MISSING;
	case DT_DISABLED: return CMA_DT_NODE_DISABLED;
	case DT_NOMAP: return CMA_DT_REJECTED_NOMAP;
	case DT_NOT_REUSABLE: return CMA_DT_NOT_REUSABLE;
	case DT_PARENT_IGNORED:
	case DT_CELLS_WRONG: text_format(subject, size, "/reserved-memory/%s: %s", area->dt_node, view->why); return CMA_DT_REJECTED_CELLS;
	case DT_UNREADABLE:
	case DT_PRESENT: break;
	}
	return NO_DIAGNOSIS;
}

/* Why no area was made of a node that reads well. */
static enum diagnosis log_reason(const struct session *s)
{
	static const struct { unsigned family; enum diagnosis id; } by_log[] = {
		{LOG_NO_SLOTS, CMA_DT_REJECTED_SLOTS},
		{LOG_MISALIGNED, CMA_DT_REJECTED_ALIGN},
		{LOG_INVALID_SIZE, CMA_DT_REJECTED_CELLS},
		{LOG_ALLOC_FAILED, CMA_DT_REJECTED_SPACE},
	};
	for (unsigned i = 0; i < sizeof by_log / sizeof *by_log; i++)
		if (s->seen.log & by_log[i].family)
			return by_log[i].id;
	return CMA_DT_REJECTED;
}

static bool zero_size(const char *argument)
{
	return argument[0] == '0' && (!argument[1] || argument[1] == '@' || argument[1] == ',' || strspn(argument, "0KMGkmg") == strlen(argument));
}

/* Seen by its own name: an area in sysfs or debugfs, or the heap that the kernel names after it. */
static bool area_is_made(const struct session *s, const struct expect_area *area)
{
	const struct heap_node *node = observed_node(&s->seen, area->name);
	return observed_area(&s->seen, area->name) || (node && !node->stat.is_link);
}

bool meminfo_is_read(const struct session *s, struct dh_result *r)
{
	if (s->seen.memory.is_read)
		return true;
	undone(r, "/proc/meminfo cannot be read: mount /proc");
	r->status = DH_UNKNOWN;
	return false;
}

bool has_no_cma(const struct session *s)
{
	return s->seen.memory.is_read && s->seen.memory.cma_total <= 0;
}

enum diagnosis cma_reason(const struct session *s, const struct expect_area *area, char *subject, size_t size)
{
	const struct observation *o = &s->seen;
	int64_t total = o->memory.cma_total;
	bool from_tree = area && area->source == AREA_DEVICE_TREE;
	text_format(subject, size, "%s", o->cmdline_cma);
	if (o->has_cmdline_cma && zero_size(o->cmdline_cma))
		return CMA_DISABLED_CMDLINE;
	if (o->has_cmdline_cma && has_no_cma(s))
		return CMA_CMDLINE_FAILED;
	if (o->has_cmdline_cma && from_tree && area->is_default)
		return CMA_CMDLINE_OVERRIDES_DT;
	if (o->memory.is_read && total < 0) {
		text_format(subject, size, "CONFIG_CMA=y, CONFIG_DMA_CMA=y and a size (CONFIG_CMA_SIZE_MBYTES)");
		return CMA_NOT_CONFIGURED;
	}
	if (from_tree) {
		struct dt_view view = observe_dt_node(s->root, area->dt_node);
		bool asked_otherwise = view.state == DT_PRESENT && view.bytes >= 0 && (uint64_t)view.bytes != area->bytes;
		bool made = area_is_made(s, area);
		if (asked_otherwise && (made || !o->has_areas)) {
			text_format(subject, size, "/reserved-memory/%s asks for %lld bytes", area->dt_node, (long long)view.bytes);
			return CMA_SIZE_MISMATCH;
		}
		if (made && total == 0)
			return CMA_AREA_NOT_ACTIVATED;
		if (!made && view.state != DT_UNREADABLE) {
			enum diagnosis id = tree_reason(&view, area, subject, size);
			if (id == NO_DIAGNOSIS && (id = log_reason(s)) == CMA_DT_REJECTED_CELLS)
				text_format(subject, size, "/reserved-memory/%s: the kernel log says that its reg or size is invalid", area->dt_node);
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

/* One result per area: is it there, and how large. CmaTotal alone shows neither: another area may have the size. */
static void area_size(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct expect_area *area = &s->expect.area[subject.index];
	const struct observation *o = &s->seen;
	const struct cma_area *seen = observed_area(o, area->name);
	char reason[sizeof r->subject];
	expected(r, "%s of %llu bytes", area->name, (unsigned long long)area->bytes);
	evidence(r, "%s", o->area_source ? o->area_source : o->memory.cma_total >= 0 ? "/proc/meminfo" : "/proc/meminfo has no CmaTotal");
	if (has_no_cma(s)) {
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
	if (bytes < 0 && area->source == AREA_DEVICE_TREE && !area_is_made(s, area)) {
		struct dt_view view = observe_dt_node(s->root, area->dt_node);
		enum diagnosis id = tree_reason(&view, area, reason, sizeof reason);
		if (id != NO_DIAGNOSIS) { /* a size that happens to fit is another area's */
			about(r, reason);
			failed(r, id, 0, "the device tree does not make it; CmaTotal is %lld bytes", (long long)o->memory.cma_total);
			return;
		}
	}
	bool alone = s->expect.areas == 1 && s->expect.has_cma && s->expect.cma_total_bytes == area->bytes;
	alone &= o->memory.is_read;
	if (bytes < 0 && alone && area_is_made(s, area)) {
		bytes = o->memory.cma_total; /* it is there by name, and is expected to be all there is */
		evidence(r, "the heap %s is named after it; the size is CmaTotal", area->name);
	}
	bool open_ended = s->expect.cma_or_more || s->expect.cma_slack_bytes;
	if (bytes < 0 && alone && ((uint64_t)o->memory.cma_total < area->bytes || (!open_ended && (uint64_t)o->memory.cma_total > area->bytes)))
		bytes = o->memory.cma_total; /* whatever the areas are, this one is not all of them */
	if (bytes < 0 && !meminfo_is_read(s, r))
		return;
	if (bytes < 0) {
		undone(r, "the kernel does not show this area, and CmaTotal is a sum: run as root with debugfs mounted, or with CONFIG_CMA_SYSFS=y%s",
		       o->memory.cma_total >= 0 && (uint64_t)o->memory.cma_total >= area->bytes ? "" : " (CmaTotal is smaller than it)");
		r->status = DH_UNKNOWN;
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
