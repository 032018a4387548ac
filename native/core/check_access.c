/* Who can open the heap: this process, the profile's users, and the consumer named by --as. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "accounts.h"
#include "container.h"

static bool member(const struct sys_identity *who, unsigned gid)
{
	if (who->gid == gid)
		return true;
	for (unsigned i = 0; i < who->group_count; i++)
		if (who->groups[i] == gid)
			return true;
	return false;
}

const char *hidden_of(const struct session *s, const struct sys_node *stat)
{
	return stat->gid == s->unmapped_gid ? "group" : stat->uid == s->unmapped_uid ? "owner" : NULL;
}

/*
 * Permission bits (rwx) that an identity has for certain, as the kernel picks them: the first class that matches decides. No capability
 * counts for an owner or group that the user namespace does not map, and no id is known to be such an owner or group.
 */
static unsigned rights(const struct session *s, const struct sys_node *stat, const struct sys_identity *who)
{
	unsigned owner = stat->mode >> 6 & 7, group = stat->mode >> 3 & 7, other = stat->mode & 7;
	if (who->uid == 0 && !hidden_of(s, stat) && sys_capable(s->root, SYS_DAC_OVERRIDE))
		return 6;
	if (who->uid == stat->uid)
		return stat->uid == s->unmapped_uid ? owner & group & other : owner;
	if (member(who, stat->gid))
		return stat->gid == s->unmapped_gid ? group & other : group;
	return other;
}

/* Whether this process has groups that its user namespace does not map; only the kernel knows which. */
static bool keeps_groups(const struct session *s)
{
	struct sys_identity self;
	sys_identity(&self);
	return member(&self, s->unmapped_gid);
}

static bool in_group_file(const struct session *s, const char *user, unsigned gid)
{
	unsigned groups[64];
	for (unsigned i = 0, count = account_groups(s->root, user, groups, 64); i < count; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

enum diagnosis open_reason(const struct session *s, const struct sys_node *stat, const struct sys_identity *who, const char *name, int error,
			   struct dh_result *r)
{
	char own[ACCOUNT_NAME_MAX] = "", subject[sizeof r->subject];
	switch (-error) {
	case EMFILE:
	case ENFILE:
		about(r, error_name(error));
		return FD_LIMIT;
	case EPERM: return CGROUP_DEVICE_DENIED;
	case ENXIO:
	case ENODEV: return NODE_NOT_A_HEAP;
	case EACCES: break;
	default: return ABI_DEVIATION;
	}
	if (rights(s, stat, who) & 4) {
		if (s->seen.log & LOG_AVC_DENIED)
			evidence(r, "the mode %04o allows it; the kernel log has an avc denial for dma_heap", stat->mode);
		return MAC_DENIED;
	}
	if (observe_udev(s->root, stat) == UDEV_PENDING_NODE)
		return UDEV_PENDING;
	if (stat->mode == 0600 && stat->uid == 0 && stat->gid == 0)
		return s->seen.has_udev_rule ? RULE_NOT_APPLIED : PERM_DEFAULT_0600;
	if (!(stat->mode & 0040))
		return PERM_MODE_WRONG;
	const char *hidden = hidden_of(s, stat);
	if (hidden) {
		if (keeps_groups(s) && s->seen.log & LOG_AVC_DENIED)
			return MAC_DENIED;
		about(r, hidden);
		return GROUP_NOT_MAPPED;
	}
	if (member(who, stat->gid))
		return PERM_MODE_WRONG;
	bool self = name == NULL;
	if (self && !account_name(s->root, who->uid, own))
		text_format(own, sizeof own, "%u", who->uid);
	if (self)
		name = own;
	text_format(subject, sizeof subject, "%s\n%u", name, stat->gid);
	about(r, subject);
	return self && in_group_file(s, name, stat->gid) && !container_of(s->root) ? LOGIN_STALE : USER_NOT_IN_GROUP;
}

/* Whether the expectation wants this process's user to open the heap: named for it, or let in by its group, owner or mode. */
static bool meant(const struct session *s, int heap, const struct sys_identity *self)
{
	const struct expect *e = &s->expect;
	const struct expect_heap *h = &e->heap[heap];
	char name[ACCOUNT_NAME_MAX] = "";
	unsigned id;
	if (!s->options->expect || (h->mode >= 0 && h->mode & 04) || self->uid == 0) /* root without its capability */
		return true;
	bool named = account_name(s->root, self->uid, name);
	for (unsigned i = 0; i < e->users; i++)
		if (e->user[i].heap == heap && account_user(s->root, e->user[i].name, &id, NULL) == 1 && id == self->uid)
			return true;
	if (h->owner && account_user(s->root, h->owner, &id, NULL) == 1 && id == self->uid)
		return true;
	return h->group && account_group(s->root, h->group, &id) == 1 && (member(self, id) || (named && in_group_file(s, name, id)));
}

static bool node_of(struct session *s, struct subject subject, struct sys_node *stat, struct dh_result *r)
{
	const struct heap_state *h = &s->heap[subject.heap];
	char path[SYS_PATH_MAX];
	if (s->expect.heap[subject.heap].presence != HEAP_FORBIDDEN && !h->node) {
		undone(r, "needs heap.node");
		return false;
	}
	if (s->expect.heap[subject.heap].presence == HEAP_FORBIDDEN || !h->node) {
		skipped(r, h->node ? "the profile excludes this heap" : "needs heap.node");
		return false;
	}
	text_format(path, sizeof path, "/dev/dma_heap/%s", h->node->name);
	/* a late rule may have changed it since it was listed */
	if (sys_stat(s->root, path, stat))
		*stat = h->seen->stat;
	return true;
}

static void judge_open(struct session *s, struct subject subject, int flags, int fd, struct dh_result *r)
{
	struct sys_node stat;
	struct sys_identity self;
	if (!node_of(s, subject, &stat, r))
		return;
	expected(r, "opens");
	if (s->heap[subject.heap].refused) {
		skipped(r, "not opened: see heap.node");
		return;
	}
	if (fd >= 0) {
		passed(r, "opens");
		return;
	}
	sys_identity(&self);
	if (flags == O_RDWR && !(rights(s, &stat, &self) & 2) && rights(s, &stat, &self) & 4) {
		skipped(r, "mode %04o has no write bit; read-only is enough for the kernel, but some programs open it with O_RDWR", stat.mode);
		return;
	}
	if (fd == -EACCES && !(rights(s, &stat, &self) & 4) && !meant(s, subject.heap, &self)) {
		undone(r, "%04o %u:%u: the profile does not permit user %u to open it; run as root, or as one of its users", stat.mode, stat.uid, stat.gid, self.uid);
		return;
	}
	evidence(r, "%04o %u:%u, tried as %u:%u", stat.mode, stat.uid, stat.gid, self.uid, self.gid);
	enum diagnosis id = open_reason(s, &stat, &self, NULL, fd, r);
	failed(r, id, fd, "%s", error_name(fd));
}

static void open_read_only(struct session *s, struct subject subject, struct dh_result *r)
{
	judge_open(s, subject, O_RDONLY, s->heap[subject.heap].fd, r);
}

static void open_read_write(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct heap_state *h = &s->heap[subject.heap];
	char path[SYS_PATH_MAX];
	text_format(path, sizeof path, "/dev/dma_heap/%s", h->node ? h->node->name : "");
	int fd = h->node && !h->refused ? sys_open(s->root, path, O_RDWR, SYS_DEVICE) : -ENOENT;
	judge_open(s, subject, O_RDWR, fd, r);
	sys_close(fd);
}

/* "audio,video" into ids; false when one is unknown, which is then the subject. */
static bool named_groups(const char *root, const char *list, struct sys_identity *who, struct dh_result *r)
{
	char text[256];
	text_format(text, sizeof text, "%s", list);
	char *state;
	for (char *name = strtok_r(text, ",", &state); name && who->group_count < 64; name = strtok_r(NULL, ",", &state)) {
		if (account_group(root, name, &who->groups[who->group_count]) != 1) {
			about(r, name);
			return false;
		}
		who->group_count++;
	}
	return true;
}

static bool resolve(struct session *s, const char *user, const char *groups, struct sys_identity *who, struct dh_result *r)
{
	*who = (struct sys_identity){0};
	int found = account_user(s->root, user, &who->uid, &who->gid);
	if (found != 1) {
		about(r, user);
		if (found < 0)
			broken(r, found, "/etc/passwd cannot be read");
		else
			failed(r, USER_MISSING, 0, "no user '%s' in /etc/passwd", user);
		return false;
	}
	if (groups && !named_groups(s->root, groups, who, r)) {
		failed(r, GROUP_MISSING, 0, "no group '%s' in /etc/group", r->subject);
		return false;
	}
	if (!groups)
		who->group_count = account_groups(s->root, user, who->groups, 64);
	return true;
}

/* Opens the node as another user and allocates a page, in a child: 0 or a negative errno. */
static int try_as(struct session *s, int heap, const struct sys_identity *who)
{
	char path[SYS_PATH_MAX];
	text_format(path, sizeof path, "/dev/dma_heap/%s", s->heap[heap].node->name);
	int pid = sys_fork();
	if (pid < 0)
		return pid;
	if (pid == 0) {
		if (sys_become(who->uid, who->gid, who->groups, who->group_count))
			sys_exit(255);
		int fd = sys_open(s->root, path, O_RDONLY, SYS_DEVICE);
		int buffer = fd < 0 ? fd : sys_alloc(fd, s->environment.page_bytes);
		/* what the heap has no memory for does not depend on the user */
		sys_exit(buffer < 0 && buffer != -ENOMEM ? -buffer & 127 : 0);
	}
	int status = sys_wait(pid, 5000);
	return status < 0 ? status : status == 255 ? -ENOSYS : -status;
}

static void judge_as(struct session *s, struct subject subject, const char *user, const char *groups, struct dh_result *r)
{
	struct sys_identity who;
	struct sys_node stat;
	if (!node_of(s, subject, &stat, r))
		return;
	if (s->heap[subject.heap].refused) {
		skipped(r, "not opened: see heap.node");
		return;
	}
	if (!resolve(s, user, groups, &who, r))
		return;
	expected(r, "user %s (%u) opens it", user, who.uid);
	bool can_become = s->environment.uid == 0, is_self = !groups && !can_become && who.uid == s->environment.uid && who.uid != s->unmapped_uid;
	if (is_self) { /* this process is that user, and has tried */
		int fd = s->heap[subject.heap].fd;
		if (fd >= 0)
			passed(r, "opens");
		else
			skipped(r, "needs open.read-only");
		return;
	}
	int error = can_become ? try_as(s, subject.heap, &who) : rights(s, &stat, &who) & 4 ? 0 : -EACCES;
	bool has_become = error != -ENOSYS, is_hidden = error == -EACCES && hidden_of(s, &stat);
	/* one who is tried does not have the groups that the runtime keeps for the first process */
	if (has_become ? is_hidden && (!can_become || keeps_groups(s)) : s->unmapped_uid != NO_ID || s->unmapped_gid != NO_ID) {
		undone(r, "this user namespace does not map %s: start the verifier as that user", has_become ? "the owner or group" : "that user");
		r->status = DH_UNKNOWN;
		return;
	}
	evidence(r, "%04o %u:%u, %s", stat.mode, stat.uid, stat.gid, can_become ? "opened as that user" : "from the mode bits: only root can try it");
	if (error == -ENOSYS || error == -ETIMEDOUT || error == -EINTR) {
		broken(r, error, "cannot become user %s", user);
		return;
	}
	if (!error && !can_become) {
		undone(r, "the mode allows it; run as root to try");
		r->status = DH_UNKNOWN;
		return;
	}
	if (!error) {
		passed(r, "opens");
		return;
	}
	enum diagnosis id = open_reason(s, &stat, &who, user, error, r);
	failed(r, id, error, "%s", error_name(error));
}

static void expected_user(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct expect_user *user = &s->expect.user[subject.index];
	judge_as(s, subject, user->name, user->groups, r);
}

static void consumer(struct session *s, struct subject subject, struct dh_result *r)
{
	char user[128];
	if (!s->options->as) {
		skipped(r, "no --as");
		return;
	}
	text_format(user, sizeof user, "%s", s->options->as);
	char *groups = strchr(user, ':');
	if (groups)
		*groups++ = 0;
	judge_as(s, subject, user, groups, r);
}

const struct check ACCESS_CHECKS[] = {
	{"open.read-only", SCOPE_HEAP, open_read_only},
	{"open.read-write", SCOPE_HEAP, open_read_write},
	{"open.user", SCOPE_USER, expected_user},
	{"open.consumer", SCOPE_HEAP, consumer},
	{NULL, SCOPE_HEAP, NULL},
};
