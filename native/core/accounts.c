#include "accounts.h"

#include "sys.h"
#include "text.h"

#include <string.h>

struct search {
	const char *name;
	unsigned id, gid;
	bool found;
};

static char *next_field(char **rest)
{
	char *field = *rest;
	if (!field)
		return NULL;
	char *colon = strchr(field, ':');
	*rest = colon ? colon + 1 : NULL;
	if (colon)
		*colon = 0;
	return field;
}

static bool number(const char *text, unsigned *value)
{
	const char *end;
	uint64_t n = text_number(text, &end);
	*value = (unsigned)n;
	return *text >= '0' && *text <= '9' && !*end && n <= 0xfffffffe;
}

/* name:password:id:gid-or-members */
static bool on_account(void *context, char *line)
{
	struct search *search = context;
	char *rest = line, *name = next_field(&rest);
	next_field(&rest);
	char *id = next_field(&rest), *gid = next_field(&rest);
	if (!id || strcmp(name, search->name) || !number(id, &search->id))
		return true;
	if (gid)
		number(gid, &search->gid);
	search->found = true;
	return false;
}

static int look_up(const char *root, const char *file, const char *name, unsigned *id, unsigned *gid)
{
	struct search search = {.name = name};
	if (!strcmp(name, "root") || number(name, id)) {
		*id = strcmp(name, "root") ? *id : 0;
		if (gid)
			*gid = *id;
		return 1;
	}
	int error = sys_lines(root, file, on_account, &search);
	if (error < 0)
		return error;
	*id = search.id;
	if (gid)
		*gid = search.gid;
	return search.found;
}

int account_user(const char *root, const char *name, unsigned *uid, unsigned *gid)
{
	return look_up(root, "/etc/passwd", name, uid, gid);
}

struct naming {
	unsigned wanted;
	char *name;
	bool found;
};

static bool on_name(void *context, char *line)
{
	struct naming *naming = context;
	char *rest = line, *name = next_field(&rest);
	next_field(&rest);
	char *id = next_field(&rest);
	unsigned n;
	if (!id || !number(id, &n) || n != naming->wanted)
		return true;
	text_format(naming->name, ACCOUNT_NAME_MAX, "%s", name);
	naming->found = true;
	return false;
}

bool account_name(const char *root, unsigned uid, char *name)
{
	struct naming naming = {uid, name, false};
	sys_lines(root, "/etc/passwd", on_name, &naming);
	return naming.found;
}

int account_group(const char *root, const char *name, unsigned *gid)
{
	return look_up(root, "/etc/group", name, gid, NULL);
}

struct membership {
	const char *user;
	unsigned *groups, count, max;
};

static bool on_group(void *context, char *line)
{
	struct membership *m = context;
	char *rest = line;
	next_field(&rest);
	next_field(&rest);
	char *id = next_field(&rest), *members = next_field(&rest);
	unsigned gid;
	if (!members || !number(id, &gid))
		return true;
	char *state;
	for (char *user = strtok_r(members, ",", &state); user; user = strtok_r(NULL, ",", &state))
		if (!strcmp(user, m->user)) {
			m->groups[m->count++] = gid;
			break;
		}
	return m->count < m->max;
}

unsigned account_groups(const char *root, const char *user, unsigned *groups, unsigned max)
{
	struct membership m = {user, groups, 0, max};
	sys_lines(root, "/etc/group", on_group, &m);
	return m.count;
}

/* Each line of a map is "inside outside count". */
static bool on_range(void *context, char *line)
{
	for (int i = 0; i < 2; i++)
		for (line += strspn(line, " "); *line && *line != ' '; line++)
			;
	*(uint64_t *)context += text_number(line + strspn(line, " "), NULL);
	return true;
}

unsigned account_unmapped(const char *root, const char *kind)
{
	char path[48], text[32];
	struct sys_node status;
	bool part = false;
	/* the kernel shows ids by the namespace of this process, whatever tree it looks at; a tree with a map is of another namespace */
	for (int own = 0; own < 2; own++) {
		const char *tree = own ? "" : root;
		uint64_t mapped = 0;
		text_format(path, sizeof path, "/proc/self/%s_map", kind);
		if (sys_lines(tree, path, on_range, &mapped) >= 0)
			part |= mapped < NO_ID;
		else if (own) /* a kernel without user namespaces, or no /proc */
			part |= sys_stat(tree, "/proc/self/status", &status) < 0;
	}
	if (!part)
		return NO_ID;
	text_format(path, sizeof path, "/proc/sys/kernel/overflow%s", kind);
	return sys_read(root, path, text, sizeof text) > 0 ? (unsigned)text_number(text, NULL) : 65534;
}
