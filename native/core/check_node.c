/* The heap's node: name, aliases, mode, owner and group. */
#include "session.h"

#include <errno.h>
#include <string.h>

#include "accounts.h"
#include "container.h"

static bool covers(const struct session *s, const struct expect_node *node)
{
	return expect_covers(node->range, s->environment.major, s->environment.minor);
}

static bool in_class(const struct observation *o, const char *name)
{
	for (unsigned i = 0; i < o->classes; i++)
		if (!strcmp(o->class_name[i], name))
			return true;
	return false;
}

/* A required node that is not there: the nearest cause that can be shown. */
static void missing_node(struct session *s, int heap, const struct expect_node *node, struct dh_result *r)
{
	const struct expect_heap *h = &s->expect.heap[heap];
	const struct observation *o = &s->seen;
	char reason[sizeof r->subject];
	about(r, node->name);
	if (in_class(o, node->name)) {
		evidence(r, "/sys/class/dma_heap/%s exists", node->name);
		failed(r, is_kept_out(s, r) ? CONTAINER_DEVICE_MISSING : o->nodes ? HEAP_NODE_REMOVED : DEVTMPFS_MISSING, ENOENT, "no /dev/dma_heap/%s", node->name);
		return;
	}
	const char *module = missing_module(s, node);
	if (module) {
		about(r, module);
		failed(r, HEAP_MODULE_NOT_LOADED, ENOENT, "no /dev/dma_heap/%s", node->name);
		return;
	}
	if (o->directory_error == ENOENT && !o->classes) {
		skipped(r, "needs heap.support");
		return;
	}
	if (h->kind == HEAP_VENDOR) {
		failed(r, VENDOR_HEAP_ABSENT, ENOENT, "no /dev/dma_heap/%s", node->name);
		return;
	}
	/* An area from the device tree that was not made explains the name better than the name that came instead. */
	const struct expect_area *area = h->area < 0 ? NULL : &s->expect.area[h->area];
	if (h->kind == HEAP_CMA && has_no_cma(s)) {
		enum diagnosis id = cma_reason(s, area, reason, sizeof reason);
		about(r, reason);
		failed(r, id == CMA_SIZE_MISMATCH ? CMA_NOT_CONFIGURED : id, ENOENT, "no /dev/dma_heap/%s, no CMA", node->name);
		return;
	}
	if (area && area->source == AREA_DEVICE_TREE) {
		enum diagnosis id = cma_reason(s, area, reason, sizeof reason);
		const char *instead = area_instead(s, area);
		if (id == CMA_SIZE_MISMATCH && instead) {
			id = CMA_FALLBACK_KCONFIG;
			text_format(reason, sizeof reason, "%s", instead);
		}
		if (id != CMA_SIZE_MISMATCH) {
			about(r, reason);
			failed(r, id, ENOENT, "no /dev/dma_heap/%s", node->name);
			return;
		}
	}
	for (unsigned i = 0; i < s->expect.nodes; i++) {
		const struct expect_node *other = &s->expect.node[i];
		if (other->heap != heap || !strcmp(other->name, node->name) || !observed_node(o, other->name) || covers(s, other))
			continue; /* a name that this kernel also gives is not a new name */
		about(r, other->name);
		failed(r, HEAP_RENAMED, ENOENT, "no /dev/dma_heap/%s, but %s", node->name, other->name);
		return;
	}
	failed(r, HEAP_ABSENT, ENOENT, "no /dev/dma_heap/%s", node->name);
}

/* "254 dma_heap" in /proc/devices; 0 when it is not there. */
static bool on_device_line(void *context, char *line)
{
	const char *end;
	while (*line == ' ')
		line++;
	uint64_t major = text_number(line, &end);
	if (strcmp(end, " dma_heap"))
		return true;
	*(unsigned *)context = (unsigned)major;
	return false;
}

/* Not a link, nor something that was made by hand: the kernel knows its number. */
bool node_is_genuine(const struct session *s, const struct heap_node *node, struct dh_result *r)
{
	char path[SYS_PATH_MAX], text[32], number[32];
	unsigned heaps = 0;
	about(r, node->name);
	expected(r, "/dev/dma_heap/%s", node->name);
	if (node->stat.is_link || !node->stat.is_char) {
		failed(r, NODE_NOT_A_HEAP, 0, node->stat.is_link ? "a symlink to %s, not the kernel's node" : "not a device node%s",
		       node->stat.is_link ? node->target : "");
		return false;
	}
	text_format(path, sizeof path, "/sys/class/dma_heap/%s/dev", node->name);
	text_format(number, sizeof number, "%u:%u\n", node->stat.major, node->stat.minor);
	if (sys_read(s->root, path, text, sizeof text) > 0) {
		if (!strcmp(text, number))
			return true;
		text[strcspn(text, "\n")] = 0;
		failed(r, NODE_NOT_A_HEAP, 0, "device %u:%u, but the heap is %s", node->stat.major, node->stat.minor, text);
		return false;
	}
	sys_lines(s->root, "/proc/devices", on_device_line, &heaps);
	if (!heaps || heaps == node->stat.major)
		return true;
	failed(r, NODE_NOT_A_HEAP, 0, "device %u:%u, but heaps have the major number %u", node->stat.major, node->stat.minor, heaps);
	return false;
}

static void heap_node(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct expect_heap *h = &s->expect.heap[subject.heap];
	const struct heap_state *state = &s->heap[subject.heap];
	const struct expect_node *missing = NULL;
	unsigned wanted = 0;
	for (unsigned i = 0; i < s->expect.nodes; i++) {
		const struct expect_node *node = &s->expect.node[i];
		if (node->heap != subject.heap || !covers(s, node))
			continue;
		wanted++;
		if (h->presence == HEAP_FORBIDDEN && observed_node(&s->seen, node->name)) {
			expected(r, "no /dev/dma_heap/%s", node->name);
			about(r, node->name);
			failed(r, HEAP_UNEXPECTED, EEXIST, "it exists");
			return;
		}
		if (!node->optional && !observed_node(&s->seen, node->name) && !missing)
			missing = node;
	}
	if (h->presence == HEAP_FORBIDDEN) {
		passed(r, "absent, as the profile requires");
		return;
	}
	if (!wanted) {
		undone(r, "the expectation names no node for kernel %s: generate it for this kernel", s->environment.release);
		r->status = DH_UNKNOWN;
		return;
	}
	if (missing) {
		expected(r, "/dev/dma_heap/%s", missing->name);
		if (h->presence == HEAP_OPTIONAL && !state->node)
			skipped(r, "not there, and optional");
		else
			missing_node(s, subject.heap, missing, r);
		return;
	}
	if (!state->node) {
		skipped(r, "none of its optional names exists");
		return;
	}
	expected(r, "/dev/dma_heap/%s", state->node->name);
	for (unsigned i = 0; i < s->expect.nodes; i++) {
		const struct expect_node *node = &s->expect.node[i];
		const struct heap_node *seen = node->heap == subject.heap && covers(s, node) ? observed_node(&s->seen, node->name) : NULL;
		if (seen && !node_is_genuine(s, seen, r))
			return;
	}
	passed(r, "%u:%u", state->seen->stat.major, state->seen->stat.minor);
}

/* The alias must lead to a node of its heap, whatever its link says on the way. */
static void alias(struct session *s, struct subject subject, struct dh_result *r)
{
	static const char directory[] = "/dev/dma_heap/";
	const char *name = s->expect.alias[subject.index].name;
	const struct heap_state *state = &s->heap[subject.heap];
	char path[SYS_PATH_MAX], target[SYS_PATH_MAX] = "", leads_to[SYS_PATH_MAX];
	struct sys_node link, there;
	expected(r, "/dev/dma_heap/%s leads to it", name);
	about(r, name);
	if (!state->node) {
		undone(r, "needs heap.node");
		return;
	}
	text_format(path, sizeof path, "%s%s", directory, name);
	if (sys_stat(s->root, path, &link)) { /* read now: a rule may have come late */
		enum diagnosis id = observe_udev(s->root, &state->seen->stat) == UDEV_PENDING_NODE ? UDEV_PENDING : is_kept_out(s, r) ? CONTAINER_DEVICE_MISSING : SYMLINK_RULE_MISSING;
		failed(r, id, ENOENT, "no /dev/dma_heap/%s", name);
		return;
	}
	if (link.is_link)
		sys_readlink(s->root, path, target, sizeof target);
	if (sys_resolve(s->root, path, leads_to, sizeof leads_to))
		leads_to[0] = 0;
	size_t prefix = sizeof directory - 1;
	if (!strncmp(leads_to, directory, prefix))
		for (unsigned i = 0; i < s->expect.nodes; i++)
			if (s->expect.node[i].heap == subject.heap && !strcmp(s->expect.node[i].name, leads_to + prefix) && !sys_stat(s->root, leads_to, &there)) {
				passed(r, link.is_link ? "a symlink to %s" : "the node %s itself", link.is_link ? target : name);
				return;
			}
	if (link.is_char && link.major == state->seen->stat.major && link.minor == state->seen->stat.minor) {
		passed(r, "a node of the same device as %s", state->node->name); /* how a container gets an alias */
		return;
	}
	bool nowhere = link.is_link && (!*leads_to || sys_stat(s->root, leads_to, &there));
	evidence(r, "it leads to %s", nowhere ? "nothing" : leads_to);
	failed(r, SYMLINK_WRONG_TARGET, nowhere ? ENOENT : 0, link.is_link ? "a symlink to %s" : "a separate node, %s", link.is_link ? target : name);
}

/* 0 when it differs, -1 when the user namespace hides what remains to be compared. */
static int as_expected(const struct session *s, const struct expect_heap *h, const struct sys_node *stat)
{
	unsigned id;
	bool hides_owner = h->owner && stat->uid == s->unmapped_uid, hides_group = h->group && stat->gid == s->unmapped_gid;
	if (h->mode >= 0 && (int)stat->mode != h->mode)
		return 0;
	if (h->owner && !hides_owner && (account_user(s->root, h->owner, &id, NULL) != 1 || id != stat->uid))
		return 0;
	if (h->group && !hides_group && (account_group(s->root, h->group, &id) != 1 || id != stat->gid))
		return 0;
	return hides_owner || hides_group ? -1 : 1;
}

/* The kernel makes 0600 root:root; every other mode or owner comes from a rule or a script. */
static bool untouched(const struct sys_node *stat)
{
	return stat->mode == 0600 && stat->uid == 0 && stat->gid == 0;
}

static void permissions(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct expect_heap *h = &s->expect.heap[subject.heap];
	struct heap_state *state = &s->heap[subject.heap];
	if (!state->node || h->presence == HEAP_FORBIDDEN) {
		skipped(r, state->node ? "the profile excludes this heap" : "needs heap.node");
		return;
	}
	if (state->refused) {
		skipped(r, "not the node of the kernel: see heap.node");
		return;
	}
	struct sys_node stat = state->seen->stat;
	bool stated = h->mode >= 0 || h->owner || h->group;
	char mode[16] = "any";
	if (h->mode >= 0)
		text_format(mode, sizeof mode, "%04o", (unsigned)h->mode);
	expected(r, "%s %s:%s", mode, h->owner ? h->owner : "any", h->group ? h->group : "any");
	unsigned waited = 0;
	char path[SYS_PATH_MAX];
	text_format(path, sizeof path, "/dev/dma_heap/%s", state->node->name);
	bool early = observe_udev(s->root, &stat) == UDEV_PENDING_NODE;
	while ((!as_expected(s, h, &stat) || early) && waited < s->options->wait_ms) {
		sys_sleep_ms(50);
		early = observe_udev(s->root, &stat) == UDEV_PENDING_NODE;
		waited += 50;
		if (sys_stat(s->root, path, &stat))
			break;
	}
	text_format(mode, sizeof mode, "%04o", stat.mode);
	if (stat.mode & 0007 && (h->mode < 0 || !(h->mode & 0007))) {
		failed(r, PERM_WORLD_ACCESS, 0, "%s %u:%u", mode, stat.uid, stat.gid);
		return;
	}
	if (!stated) {
		skipped(r, "%s %u:%u; nothing expected", mode, stat.uid, stat.gid);
		return;
	}
	int is_right = as_expected(s, h, &stat);
	if (is_right < 0 && !early) {
		undone(r, "%s %u:%u: this user namespace does not map the node's %s; run the verifier on the host, too", mode, stat.uid, stat.gid, hidden_of(s, &stat));
		r->status = DH_UNKNOWN;
		return;
	}
	if (is_right > 0) {
		passed(r, "%s %u:%u", mode, stat.uid, stat.gid);
		if (waited && !early) {
			r->diagnosis = diagnosis(RULE_LATE);
			evidence(r, "correct only after %u ms", waited);
		}
		return;
	}
	unsigned id;
	if (early) {
		struct sys_node queue;
		if (sys_stat(s->root, UDEV_QUEUE, &queue))
			evidence(r, "no /run/udev/data/c%u:%u, after %u ms", stat.major, stat.minor, waited);
		else
			evidence(r, UDEV_QUEUE " exists after %u ms: events of devices wait", waited);
		failed(r, UDEV_PENDING, 0, "%s %u:%u", mode, stat.uid, stat.gid);
	} else if (h->group && stat.gid != s->unmapped_gid && account_group(s->root, h->group, &id) == 0) {
		about(r, h->group);
		failed(r, GROUP_MISSING, 0, "%s %u:%u", mode, stat.uid, stat.gid);
	} else if (untouched(&stat)) {
		failed(r, s->seen.has_udev_rule ? RULE_NOT_APPLIED : PERM_DEFAULT_0600, 0, "%s 0:0", mode);
	} else if (h->group && stat.gid != s->unmapped_gid && account_group(s->root, h->group, &id) == 1 && id != stat.gid) {
		about(r, h->group);
		failed(r, PERM_GROUP_WRONG, 0, "%s %u:%u", mode, stat.uid, stat.gid);
	} else if (h->owner && stat.uid != s->unmapped_uid && (account_user(s->root, h->owner, &id, NULL) != 1 || id != stat.uid)) {
		about(r, h->owner);
		failed(r, PERM_OWNER_WRONG, 0, "%s %u:%u", mode, stat.uid, stat.gid);
	} else {
		failed(r, PERM_MODE_WRONG, 0, "%s %u:%u", mode, stat.uid, stat.gid);
	}
}

const struct check NODE_CHECKS[] = {
	{"heap.node", SCOPE_HEAP, heap_node},
	{"heap.permissions", SCOPE_HEAP, permissions}, /* first: it waits for a late rule, which also makes the aliases */
	{"heap.alias", SCOPE_ALIAS, alias},
	{NULL, SCOPE_HEAP, NULL},
};
