#include "holders.h"

#include <errno.h>
#include <string.h>

#include "sys.h"
#include "text.h"

static const char *value_of(const char *text, const char *name)
{
	const char *found = text_find(text, name);
	return found ? found + strlen(name) : NULL;
}

static bool seen_before(struct holdings *h, uint64_t inode)
{
	for (unsigned i = 0; i < h->inodes; i++)
		if (h->inode[i] == inode)
			return true;
	if (h->inodes < HELD_BUFFERS_MAX)
		h->inode[h->inodes++] = inode;
	else
		h->more = true;
	return false;
}

static struct holder *owner_of(struct holdings *h, const char *exporter)
{
	for (unsigned i = h->holders; i-- > 0;)
		if (h->holder[i].pid == h->pid && !strcmp(h->holder[i].exporter, exporter))
			return &h->holder[i];
	if (h->holders == HOLDERS_MAX) {
		h->more = true;
		return NULL;
	}
	struct holder *owner = &h->holder[h->holders++];
	*owner = (struct holder){.pid = h->pid, .uid = h->uid};
	memcpy(owner->process, h->process, sizeof owner->process);
	text_format(owner->exporter, sizeof owner->exporter, "%s", exporter);
	return owner;
}

/* Only of a process that holds a buffer: most hold none. */
static void name_process(struct holdings *h)
{
	char path[64];
	struct sys_node process;
	text_format(path, sizeof path, "/proc/%u/comm", h->pid);
	if (sys_read(h->root, path, h->process, sizeof h->process) <= 0)
		text_format(h->process, sizeof h->process, "?");
	h->process[strcspn(h->process, "\n")] = 0;
	text_format(path, sizeof path, "/proc/%u", h->pid);
	h->uid = sys_stat(h->root, path, &process) ? 0 : process.uid;
}

static bool on_descriptor(void *context, const char *name)
{
	struct holdings *h = context;
	char path[SYS_PATH_MAX], text[1024], exporter[48] = "";
	text_format(path, sizeof path, "/proc/%u/fdinfo/%s", h->pid, name);
	if (sys_read(h->root, path, text, sizeof text) <= 0)
		return true;
	const char *size = value_of(text, "\nsize:\t"), *exported = value_of(text, "\nexp_name:\t");
	if (!size || !exported)
		return true;
	if (!*h->process)
		name_process(h);
	text_format(exporter, sizeof exporter, "%.*s", (int)strcspn(exported, "\n"), exported);
	uint64_t bytes = text_number(size, NULL);
	const char *inode = value_of(text, "\nino:\t"); /* newer kernels; without it every descriptor counts */
	struct holder *owner = owner_of(h, exporter);
	if (owner) {
		const char *flags = value_of(text, "flags:\t");
		size_t digits = flags ? strcspn(flags, "\n") : 0;
		owner->buffers++;
		owner->bytes += bytes;
		owner->read_only += digits && !((flags[digits - 1] - '0') & 3); /* octal; O_RDONLY is 0 */
	}
	if (!inode || !seen_before(h, text_number(inode, NULL))) {
		if (owner)
			owner->own_bytes += bytes;
		h->buffers++;
		h->bytes += bytes;
	}
	return true;
}

static bool on_process(void *context, const char *name)
{
	struct holdings *h = context;
	char path[64];
	const char *end;
	h->pid = (unsigned)text_number(name, &end);
	if (*end || h->pid == h->own)
		return true;
	h->process[0] = 0;
	text_format(path, sizeof path, "/proc/%u/fdinfo", h->pid);
	/* one that has ended since hides nothing */
	h->hidden |= sys_list(h->root, path, on_descriptor, h) == -EACCES;
	h->first |= h->pid == 1;
	return true;
}

void holders_look(struct holdings *h, const char *root)
{
	char self[16] = ""; /* not getpid(): /proc may show another namespace */
	sys_readlink(root, "/proc/self", self, sizeof self);
	h->own = (unsigned)text_number(self, NULL);
	h->root = root; /* the tables are not cleared: untouched memory has no cost */
	h->holders = h->inodes = h->buffers = 0;
	h->bytes = 0;
	h->more = h->hidden = h->first = false;
	h->hidden |= sys_list(root, "/proc", on_process, h) < 0;
	h->hidden |= !*root && !h->first; /* a /proc with hidepid= does not list the processes of others */
}

const struct holder *holders_largest(const struct holdings *h, const char *exporter)
{
	const struct holder *largest = NULL;
	for (unsigned i = 0; i < h->holders; i++)
		if (!strcmp(h->holder[i].exporter, exporter) && (!largest || h->holder[i].bytes > largest->bytes))
			largest = &h->holder[i];
	return largest;
}
