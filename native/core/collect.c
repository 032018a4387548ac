/*
 * --collect: a tar of what a diagnosis needs. TABLE and the functions below it are the whole list; what they let through holds no serial
 * numbers, hardware addresses, keys, nor names of people. Words of the kernel command line, properties of the device tree and lines of
 * the log pass because they are named here, not because nothing forbids them.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "container.h"

enum { MEMBER_MAX = 4 << 20, TAR_BLOCK = 512 };

struct collection {
	struct session *session;
	struct output *out;
	char *text; /* the member that is being made */
	size_t length;
	char *list;
	size_t listed;
	const char *directory;
};

/* The magic ends in a NUL, the version after it does not. */
static const char USTAR_MAGIC[8] = {'u', 's', 't', 'a', 'r', 0, '0', '0'};

/* ustar; owner, time and everything else that could tell machines apart is constant. */
static void member(struct collection *c, const char *name)
{
	char header[TAR_BLOCK] = {0};
	unsigned sum = 0;
	while (*name == '/')
		name++;
	if (strlen(name) > 99)
		return;
	text_format(header, 100, "%s", name);
	text_format(header + 100, 8, "%07o", 0644u);
	text_format(header + 108, 8, "%07o", 0u);
	text_format(header + 116, 8, "%07o", 0u);
	text_format(header + 124, 12, "%011o", (unsigned)c->length);
	text_format(header + 136, 12, "%011o", 0u);
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257, USTAR_MAGIC, sizeof USTAR_MAGIC);
	for (unsigned i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)header[i];
	text_format(header + 148, 8, "%06o", sum);
	put_bytes(c->out, header, TAR_BLOCK);
	put_bytes(c->out, c->text, c->length);
	for (size_t i = c->length; i % TAR_BLOCK; i++)
		put_char(c->out, 0);
	c->length = 0;
}

static void note(struct collection *c, const char *what, const char *name)
{
	int n = text_format(c->list + c->listed, MEMBER_MAX - c->listed, "%s %s\n", what, name);
	c->listed += n > 0 && (size_t)n < MEMBER_MAX - c->listed ? (size_t)n : 0;
}

static void add(struct collection *c, const char *text, size_t length)
{
	if (length > MEMBER_MAX - 1 - c->length)
		length = MEMBER_MAX - 1 - c->length;
	memcpy(c->text + c->length, text, length);
	c->length += length;
	c->text[c->length] = 0;
}

static void add_line(struct collection *c, const char *text)
{
	add(c, text, strlen(text));
	add(c, "\n", 1);
}

static void finish(struct collection *c, const char *name, int error)
{
	note(c, error == -EACCES || error == -EPERM ? "denied" : error < 0 ? "absent" : c->length ? "taken" : "empty", name);
	if (error >= 0)
		member(c, name);
	c->length = 0;
}

static void whole(struct collection *c, const char *path)
{
	long n = sys_read(c->session->root, path, c->text, MEMBER_MAX);
	/* /proc/iomem without addresses, for who is not root */
	bool blank = n > 0 && !strncmp(c->text, "00000000-00000000 ", 18);
	c->length = n > 0 && !blank ? (size_t)n : 0;
	finish(c, path, blank ? -EACCES : n < 0 ? (int)n : 0);
}

/* Whether one of the words, each of which ends in '|', occurs in a text; with `whole` it must be all of it. */
static bool any_of(const char *text, size_t length, const char *words, bool whole)
{
	char word[40];
	for (size_t n; *words; words += n + 1) {
		n = strcspn(words, "|");
		text_format(word, sizeof word, "%.*s", (int)n, words);
		if (whole ? n == length && !strncmp(text, words, n) : text_find(text, word) != NULL)
			return true;
	}
	return false;
}

/* Values pass for these; of every other word only the name does. */
static void add_command_line(struct collection *c, char *text)
{
	static const char *const kept = "cma|hugetlb_cma|cma_pernuma|numa_cma|mem|memmap|movablecore|kernelcore|coherent_pool|swiotlb|iommu.passthrough|"
				  "crashkernel|reserve_mem|vmalloc|highmem|dma_heap.mem_accounting|";
	char *state;
	for (char *word = strtok_r(text, " \n", &state); word; word = strtok_r(NULL, " \n", &state)) {
		size_t name = strcspn(word, "=");
		bool plain = strspn(word, "abcdefghijklmnopqrstuvwxyz_.") >= name && name <= 32;
		add(c, " ", c->length && c->text[c->length - 1] != '\n' && c->text[c->length - 1] != '"');
		if (any_of(word, name, kept, true))
			add(c, word, strlen(word));
		else if (plain && (word[name] || strlen(word) <= 16))
			add(c, word, name + (word[name] == '='));
		else
			add(c, "...", 3);
	}
	add(c, "\n", 1);
}

static void command_line(struct collection *c, const char *path)
{
	char text[4096];
	long n = sys_read(c->session->root, path, text, sizeof text);
	if (n > 0)
		add_command_line(c, text);
	finish(c, path, n < 0 ? (int)n : 0);
}

/* Numbers, y, m and n; texts such as keys' file names and the builder's salt stay where they are. */
static bool config_line(void *context, char *line)
{
	struct collection *c = context;
	char *value = strchr(line, '=');
	if (!strncmp(line, "CONFIG_CMDLINE=\"", 16)) {
		add(c, line, 16);
		line[strlen(line) - 1] = 0;
		add_command_line(c, line + 16);
		c->length--;
		add_line(c, "\"");
	} else if (!strncmp(line, "# CONFIG_", 9) || (!strncmp(line, "CONFIG_", 7) && value && value[1] != '"')) {
		add_line(c, line);
	}
	return true;
}

/* aa:bb:cc:dd:ee:ff */
static bool has_hardware_address(const char *text)
{
	for (; *text; text++) {
		unsigned i = 0;
		while (i < 17 && (i % 3 == 2 ? text[i] == ':' || text[i] == '-' : text[i] && strchr("0123456789abcdefABCDEF", text[i])))
			i++;
		if (i == 17)
			return true;
	}
	return false;
}

/* "6,1,2345,-;text" as dmesg prints it. */
static bool log_line(void *context, char *line)
{
	static const char *const kept = "cma|reserved mem|Reserved memory|OF: |dma_heap|dma-heap|dma_buf|dma-buf|Memory:|Machine model|Linux version|"
				  "Kernel command line|memblock|DMA zone|DMA: |DMA32|Movable zone|Normal zone|  DMA |  Normal |  node |initrd|"
				  "swiotlb|";
	static const char *const dropped = "serial|Serial|SERIAL|MAC |uuid|UUID|";
	static const char command[] = "Kernel command line: ";
	struct collection *c = context;
	char *text = strchr(line, ';');
	uint64_t microseconds = 0;
	char stamp[32];
	if (text && *line >= '0' && *line <= '9') {
		const char *field = strchr(line, ',');
		field = field ? strchr(field + 1, ',') : NULL;
		microseconds = field ? text_number(field + 1, NULL) : 0;
		*text++ = 0;
	} else {
		text = line;
	}
	if (*line == ' ' || !any_of(text, 0, kept, false) || any_of(text, 0, dropped, false) || has_hardware_address(text))
		return true;
	text_format(stamp, sizeof stamp, "[%5llu.%06llu] ", (unsigned long long)(microseconds / 1000000), (unsigned long long)(microseconds % 1000000));
	add(c, stamp, strlen(stamp));
	const char *arguments = text_find(text, command);
	if (arguments) {
		add(c, command, sizeof command - 2);
		add_command_line(c, text + (arguments - text) + sizeof command - 1);
		return true;
	}
	const char *builder = text_find(text, "Linux version") ? text_find(text, " (") : NULL;
	add(c, text, builder ? (size_t)(builder - text) : strlen(text));
	add(c, "\n", 1);
	return true;
}

/* System groups without their members. */
static bool group_line(void *context, char *line)
{
	enum { FIRST_OF_PEOPLE = 1000 };
	char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	const char *end;
	if (second && text_number(second + 1, &end) < FIRST_OF_PEOPLE && *end == ':') {
		line[end + 1 - line] = 0;
		add_line(context, line);
	}
	return true;
}

static bool heap_line(void *context, char *line)
{
	struct collection *c = context;
	bool kept = text_find(line, "dma_heap") || text_find(line, "_heap ");
	for (unsigned i = 0; i < c->session->seen.nodes && !kept; i++)
		kept = text_find(line, c->session->seen.node[i].name);
	if (kept && !has_hardware_address(line))
		add_line(c, line);
	return true;
}

/* Users are people or services; which it is cannot be told, and the groups say enough. */
static bool expect_line(void *context, char *line)
{
	if (strncmp(line, "user ", 5) != 0)
		add_line(context, line);
	return true;
}

static bool status_line(void *context, char *line)
{
	static const char *const kept = "Seccomp|CapEff|NoNewPrivs|Groups|";
	if (any_of(line, 0, kept, false))
		add_line(context, line);
	return true;
}

static void lines(struct collection *c, const char *path, const char *name, bool (*each)(void *, char *))
{
	int error = sys_lines(c->session->root, path, each, c);
	if (c->length || error < 0 || each != heap_line) /* rule files without a line about heaps are not collected */
		finish(c, name, error);
}

static void kernel_config(struct collection *c, const char *path)
{
	static const char *const paths[] = {"/proc/config.gz", "/boot/config-%s", "/lib/modules/%s/config"};
	char from[SYS_PATH_MAX], name[SYS_PATH_MAX];
	(void)path;
	text_format(name, sizeof name, "/boot/config-%s", c->session->environment.release);
	for (unsigned i = 0; i < 3 && !c->length; i++) {
		text_format(from, sizeof from, paths[i], c->session->environment.release);
		sys_lines(c->session->root, from, config_line, c);
	}
	finish(c, name, c->length ? 0 : -ENOENT);
}

static void kernel_log(struct collection *c, const char *path)
{
	lines(c, path, "dmesg.txt", log_line);
}

static void groups(struct collection *c, const char *path)
{
	lines(c, path, path, group_line);
}

static void heap_lines(struct collection *c, const char *path)
{
	lines(c, path, path, heap_line);
}

static void expectation(struct collection *c, const char *path)
{
	lines(c, path, path, expect_line);
}

static void process_status(struct collection *c, const char *path)
{
	lines(c, path, path, status_line);
}

static bool on_file(void *context, const char *name)
{
	struct collection *c = context;
	char path[SYS_PATH_MAX];
	text_format(path, sizeof path, "%s/%s", c->directory, name);
	struct sys_node stat;
	if (!sys_stat(c->session->root, path, &stat) && !stat.is_directory && !stat.is_link)
		whole(c, path);
	return true;
}

static bool on_directory(void *context, const char *name)
{
	struct collection *c = context;
	const char *parent = c->directory;
	char path[SYS_PATH_MAX];
	text_format(path, sizeof path, "%s/%s", parent, name);
	c->directory = path;
	sys_list(c->session->root, path, on_file, c);
	c->directory = parent;
	return true;
}

/* The files of a directory and of the directories in it. */
static void two_levels(struct collection *c, const char *path)
{
	c->directory = path;
	int n = sys_list(c->session->root, path, on_file, c);
	if (n < 0)
		note(c, n == -EACCES ? "denied" : "absent", path);
	else
		sys_list(c->session->root, path, on_directory, c);
}

static bool on_rules(void *context, const char *name)
{
	struct collection *c = context;
	char path[SYS_PATH_MAX];
	size_t length = strlen(name);
	text_format(path, sizeof path, "%s/%s", c->directory, name);
	if (length > 6 && !strcmp(name + length - 6, ".rules"))
		lines(c, path, path, heap_line);
	return true;
}

static void rules(struct collection *c, const char *path)
{
	c->directory = path;
	sys_list(c->session->root, path, on_rules, c);
}

static bool on_class(void *context, const char *name)
{
	struct collection *c = context;
	char path[SYS_PATH_MAX];
	text_format(path, sizeof path, "/sys/class/dma_heap/%s/dev", name);
	whole(c, path);
	return true;
}

static void classes(struct collection *c, const char *path)
{
	sys_list(c->session->root, path, on_class, c);
}

static bool on_memory(void *context, const char *name)
{
	char path[SYS_PATH_MAX];
	text_format(path, sizeof path, "/proc/device-tree/%s/reg", name);
	if (!strncmp(name, "memory", 6))
		whole(context, path);
	return true;
}

static void tree(struct collection *c, const char *path)
{
	static const char *const properties[] = {"#address-cells", "#size-cells", "compatible", "model"};
	char name[SYS_PATH_MAX];
	for (unsigned i = 0; i < 4; i++) {
		text_format(name, sizeof name, "%s/%s", path, properties[i]);
		whole(c, name);
	}
	sys_list(c->session->root, path, on_memory, c);
	two_levels(c, "/proc/device-tree/reserved-memory");
}

static uint32_t word(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/*
 * Blanks every value that placement does not read, in place: the tree keeps its shape. False when it is not understood to the end,
 * because its content is then unknown.
 */
bool fdt_blank(unsigned char *fdt, size_t length)
{
	static const char *const kept = "#address-cells|#size-cells|ranges|dma-ranges|reg|size|alignment|alloc-ranges|reusable|no-map|linux,cma-default|"
				  "linux,dma-default|compatible|model|status|device_type|memory-region|memory-region-names|phandle|linux,phandle|"
				  "linux,usable-memory-range|linux,initrd-start|linux,initrd-end|";
	enum { HEADER = 40, BEGIN_NODE = 1, END_NODE, PROPERTY, NOP, END = 9 };
	if (length < HEADER || word(fdt) != 0xd00dfeed || word(fdt + 4) > length)
		return false;
	size_t total = word(fdt + 4), tree_at = word(fdt + 8), names = word(fdt + 12), reserved = word(fdt + 16), names_size = word(fdt + 32), size = word(fdt + 36);
	if (tree_at > total || size > total - tree_at || names > total || names_size > total - names || reserved > total)
		return false;
	if (!names_size || fdt[names + names_size - 1]) /* then every name ends */
		return false;
	size_t reserved_end = reserved;
	for (bool more = true; more; reserved_end += 16) {
		if (total - reserved_end < 16)
			return false;
		more = word(fdt + reserved_end + 8) || word(fdt + reserved_end + 12);
	}
	size_t at = tree_at, end = tree_at + size;
	bool done = false;
	while (!done) {
		if (end - at < 4)
			return false;
		uint32_t token = word(fdt + at);
		at += 4;
		if (token == BEGIN_NODE) {
			while (at < end && fdt[at])
				at++;
			at = at / 4 * 4 + 4;
			if (at > end)
				return false;
		} else if (token == PROPERTY) {
			if (end - at < 8)
				return false;
			size_t n = word(fdt + at), name = word(fdt + at + 4);
			at += 8;
			if (n > end - at || (n + 3) / 4 * 4 > end - at || name >= names_size)
				return false;
			const char *property = (char *)fdt + names + name;
			if (!any_of(property, strlen(property), kept, true))
				memset(fdt + at, 0, n);
			at += (n + 3) / 4 * 4;
		} else if (token == END) {
			done = true;
		} else if (token != END_NODE && token != NOP) {
			return false;
		}
	}
	/* boot loaders leave old values in the room between the blocks */
	for (size_t i = HEADER; i < length; i++)
		if (!(i >= tree_at && i < at) && !(i >= names && i < names + names_size) && !(i >= reserved && i < reserved_end))
			fdt[i] = 0;
	return true;
}

static void blob(struct collection *c, const char *path)
{
	long n = sys_read(c->session->root, path, c->text, MEMBER_MAX);
	bool clean = n > 0 && fdt_blank((unsigned char *)c->text, (size_t)n);
	c->length = clean ? (size_t)n : 0;
	finish(c, path, n < 0 ? (int)n : clean ? 0 : -EINVAL);
}

/* As `ls -ln /dev/dma_heap`, and the directory itself first. */
static void nodes(struct collection *c, const char *path)
{
	const struct observation *o = &c->session->seen;
	char line[SYS_PATH_MAX + 256];
	(void)path;
	for (int i = -1; i < (int)o->nodes; i++) {
		const struct sys_node *n = i < 0 ? &o->directory : &o->node[i].stat;
		char mode[11] = "-rwxrwxrwx", number[32] = "0";
		if (i < 0 && o->directory_error)
			continue;
		if (i < 0 || n->is_directory)
			mode[0] = 'd';
		else if (n->is_link)
			mode[0] = 'l';
		else if (n->is_char)
			mode[0] = 'c';
		for (unsigned bit = 0; bit < 9; bit++)
			if (!(n->mode >> (8 - bit) & 1))
				mode[1 + bit] = '-';
		if (n->is_char)
			text_format(number, sizeof number, "%u, %u", n->major, n->minor);
		text_format(line, sizeof line, "%s 1 %u %u %s Jan  1 00:00 %s%s%s", mode, n->uid, n->gid, number, i < 0 ? "." : o->node[i].name,
			    n->is_link ? " -> " : "", n->is_link ? o->node[i].target : "");
		add_line(c, line);
	}
	finish(c, "ls-dev-dma_heap.txt", o->directory_error ? -o->directory_error : 0);
}

static void udev_data(struct collection *c, const char *path)
{
	char name[64];
	for (unsigned i = 0; i < c->session->seen.nodes; i++) {
		const struct sys_node *n = &c->session->seen.node[i].stat;
		text_format(name, sizeof name, "%s/c%u:%u", path, n->major, n->minor);
		if (n->is_char)
			whole(c, name);
	}
}

/* What opening each heap and allocating one page answers: no other file shows what a security module or a control group says. */
static void tries(struct collection *c, const char *path)
{
	struct session *s = c->session;
	char line[SYS_PATH_MAX];
	(void)path;
	for (int heap = 0; heap < (int)s->expect.heaps; heap++) {
		session_prepare(s, heap);
		const struct heap_state *h = &s->heap[heap];
		text_format(line, sizeof line, "%s: open %s, one page %s, held by others %llu bytes", s->expect.heap[heap].name,
			    h->refused ? "not tried" : error_name(h->fd < 0 ? h->fd : 0), h->fd < 0 ? "not tried" : error_name(h->alloc_error),
			    (unsigned long long)h->held_by_others);
		add_line(c, line);
		session_release(s, heap);
	}
	finish(c, "tries.txt", 0);
}

static void machine(struct collection *c, const char *path)
{
	const struct dh_environment *env = &c->session->environment;
	const struct container *container = container_of(c->session->root);
	char line[256];
	(void)path;
	text_format(line, sizeof line, "Linux %s %s\npage size %llu\nuid %u%s\nruns in: %s", env->release, env->machine, (unsigned long long)env->page_bytes, env->uid,
		    env->privileged ? " with CAP_SYS_ADMIN" : "", container ? container->name : "no container");
	add_line(c, line);
	finish(c, "machine.txt", 0);
}

static bool keep(void *context, const char *data, size_t length)
{
	add(context, data, length);
	return true;
}

static void holders(struct collection *c, const char *path)
{
	struct output out = {.write = keep, .context = c};
	struct dh_error error;
	(void)path;
	int status = dh_owners(c->session->root, &out, true, &error);
	finish(c, "owners.json", status ? -EINVAL : 0);
}

static const struct {
	const char *path;
	void (*take)(struct collection *, const char *path);
} TABLE[] = {
	{"", machine},
	{"/proc/sys/kernel/osrelease", whole},
	{"/proc/cmdline", command_line},
	{"/proc/meminfo", whole},
	{"/proc/vmstat", whole},
	{"/proc/buddyinfo", whole},
	{"/proc/zoneinfo", whole},
	{"/proc/iomem", whole},
	{"/proc/devices", whole},
	{"/proc/self/limits", whole},
	{"/proc/self/status", process_status},
	{"/proc/self/uid_map", whole},
	{"/proc/self/gid_map", whole},
	{"/proc/modules", heap_lines},
	{"", kernel_config},
	{"/dev/kmsg", kernel_log},
	{"/sys/firmware/fdt", blob},
	{"/proc/device-tree", tree},
	{"", nodes},
	{"/sys/class/dma_heap", classes},
	{"/sys/kernel/mm/cma", two_levels},
	{"/sys/kernel/debug/cma", two_levels},
	{"/sys/module/dma_heap/parameters/mem_accounting", whole},
	{"/run/udev/data", udev_data},
	{"/etc/group", groups},
	{"/etc/udev/rules.d", rules},
	{"/run/udev/rules.d", rules},
	{"/usr/lib/udev/rules.d", rules},
	{"/lib/udev/rules.d", rules},
	{"/etc/mdev.conf", heap_lines},
	{"/etc/dmaheap/verify.expect", expectation},
	{"", holders},
	{"", tries},
};

int dh_collect(const struct dh_options *options, struct output *out, struct dh_error *error)
{
	struct dh_options careful = *options;
	careful.care = DH_CARE_QUIET;
	struct session *s = session_open(&careful, error);
	if (!s)
		return DH_VERDICT_USAGE;
	struct collection c = {.session = s, .out = out, .text = sys_memory(MEMBER_MAX), .list = sys_memory(MEMBER_MAX)};
	if (!c.text || !c.list)
		return DH_VERDICT_PROBE_ERROR; /* the process ends with it */
	for (unsigned i = 0; i < sizeof TABLE / sizeof *TABLE; i++)
		TABLE[i].take(&c, TABLE[i].path);
	memcpy(c.text, c.list, c.listed);
	c.length = c.listed;
	member(&c, "collected.txt"); /* the last: a tar without it was cut off */
	for (unsigned i = 0; i < 2 * TAR_BLOCK; i++)
		put_char(out, 0);
	sys_memory_free(c.text, MEMBER_MAX);
	sys_memory_free(c.list, MEMBER_MAX);
	session_close(s);
	return put_end(out) ? DH_VERDICT_PASS : DH_VERDICT_PROBE_ERROR;
}
