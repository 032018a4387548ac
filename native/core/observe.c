#include "observe.h"
#include "text.h"

#include <errno.h>
#include <string.h>

static void copy(char *out, size_t size, const char *text)
{
	text_format(out, size, "%s", text);
}

static bool starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* "Name:   123 kB" or "name 123"; -1 when the name is not there. */
static int64_t field(const char *text, const char *name, int64_t unit)
{
	size_t length = strlen(name);
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, length) && (line[length] == ':' || line[length] == ' '))
			return text_signed(line + length + 1) * unit;
	}
	return -1;
}

void observe_memory(struct memory_view *memory, const char *root)
{
	char text[8192];
	*memory = (struct memory_view){false, -1, -1, -1, -1, -1};
	if (sys_read(root, "/proc/meminfo", text, sizeof text) > 0) {
		memory->is_read = true;
		memory->cma_total = field(text, "CmaTotal", 1024);
		memory->cma_free = field(text, "CmaFree", 1024);
		memory->available = field(text, "MemAvailable", 1024);
	}
	if (sys_read(root, "/proc/vmstat", text, sizeof text) > 0) {
		memory->cma_success = field(text, "cma_alloc_success", 1);
		memory->cma_fail = field(text, "cma_alloc_fail", 1);
	}
}

struct walk {
	struct observation *o;
	const char *root;
};

static bool on_node(void *context, const char *name)
{
	struct walk *walk = context;
	struct observation *o = walk->o;
	char path[SYS_PATH_MAX];
	if (o->nodes == OBSERVED_NODES_MAX)
		return false;
	struct heap_node *node = &o->node[o->nodes];
	memset(node, 0, sizeof *node);
	copy(node->name, sizeof node->name, name);
	text_format(path, sizeof path, "/dev/dma_heap/%s", name);
	if (sys_stat(walk->root, path, &node->stat))
		return true;
	if (node->stat.is_link)
		sys_readlink(walk->root, path, node->target, sizeof node->target);
	o->nodes++;
	return true;
}

static bool on_class(void *context, const char *name)
{
	struct observation *o = ((struct walk *)context)->o;
	if (o->classes == OBSERVED_NODES_MAX)
		return false;
	copy(o->class_name[o->classes], sizeof o->class_name[0], name);
	o->classes++;
	return true;
}

static int64_t number_in(const char *root, const char *directory, const char *name, const char *file, int64_t unit)
{
	char path[SYS_PATH_MAX], text[32];
	text_format(path, sizeof path, "%s/%s/%s", directory, name, file);
	return sys_read(root, path, text, sizeof text) > 0 ? text_signed(text) * unit : -1;
}

static const char DEBUG_CMA[] = "/sys/kernel/debug/cma";
static const char SYSFS_CMA[] = "/sys/kernel/mm/cma";

static int64_t difference(int64_t more, int64_t less)
{
	return more < 0 || less < 0 ? -1 : more - less;
}

void observe_area(const char *root, struct cma_area *area)
{
	int64_t page = (int64_t)sys_page_bytes();
	const char *debugfs = area->name;
	char old_name[SYS_NAME_MAX + 4];
	area->total_bytes = number_in(root, DEBUG_CMA, debugfs, "count", page);
	if (area->total_bytes < 0) { /* older kernels write cma-NAME, cut to 15 characters */
		text_format(old_name, sizeof old_name, "cma-%s", area->name);
		debugfs = old_name;
		area->total_bytes = number_in(root, DEBUG_CMA, debugfs, "count", page);
	}
	area->held_bytes = number_in(root, DEBUG_CMA, debugfs, "used", page);
	if (area->total_bytes < 0)
		area->total_bytes = number_in(root, SYSFS_CMA, area->name, "total_pages", page);
	if (area->held_bytes < 0)
		area->held_bytes = difference(area->total_bytes, number_in(root, SYSFS_CMA, area->name, "available_pages", page));
	if (area->held_bytes < 0)
		area->held_bytes = difference(number_in(root, SYSFS_CMA, area->name, "alloc_pages_success", page),
					      number_in(root, SYSFS_CMA, area->name, "release_pages_success", page));
	area->free_bytes = difference(area->total_bytes, area->held_bytes);
}

static bool on_area(struct walk *walk, const char *name)
{
	struct observation *o = walk->o;
	if (o->areas == OBSERVED_AREAS_MAX)
		return false;
	struct cma_area *area = &o->area[o->areas++];
	copy(area->name, sizeof area->name, starts(name, "cma-") ? name + 4 : name);
	observe_area(walk->root, area);
	return true;
}

static bool on_area_entry(void *context, const char *name)
{
	return on_area(context, name);
}

static void observe_areas(struct walk *walk)
{
	struct observation *o = walk->o;
	if (sys_list(walk->root, DEBUG_CMA, on_area_entry, walk) > 0)
		o->area_source = "debugfs cma";
	else if (sys_list(walk->root, SYSFS_CMA, on_area_entry, walk) > 0)
		o->area_source = "/sys/kernel/mm/cma";
	o->has_areas = o->area_source != NULL;
}

static void observe_cmdline(struct observation *o, const char *root)
{
	char text[4096];
	if (sys_read(root, "/proc/cmdline", text, sizeof text) <= 0)
		return;
	text[strcspn(text, "\n")] = 0;
	/* the last one wins, as in the kernel */
	char *state;
	for (char *word = strtok_r(text, " ", &state); word; word = strtok_r(NULL, " ", &state))
		if (starts(word, "cma=")) {
			o->has_cmdline_cma = true;
			copy(o->cmdline_cma, sizeof o->cmdline_cma, word + 4);
		}
}

const char *config_value(char *line, const char *symbol)
{
	size_t length = strlen(symbol);
	if (starts(line, "# CONFIG_") && !strncmp(line + 9, symbol, length) && !strcmp(line + 9 + length, " is not set"))
		return "n";
	if (!starts(line, "CONFIG_") || strncmp(line + 7, symbol, length) || line[7 + length] != '=')
		return NULL;
	char *value = line + 8 + length;
	size_t end = strlen(value);
	if (end >= 2 && value[0] == '"' && value[end - 1] == '"') {
		value[end - 1] = 0;
		value++;
	}
	return value;
}

struct config_walk {
	struct observation *o;
	const struct expect *e;
	bool any;
};

static bool on_config_line(void *context, char *line)
{
	struct config_walk *walk = context;
	static const char *const symbols[HEAP_SYMBOLS] = {"DMABUF_HEAPS", "DMABUF_HEAPS_SYSTEM", "DMABUF_HEAPS_CMA", "CMA", "DMA_CMA"};
	walk->any |= starts(line, "CONFIG_");
	for (unsigned i = 0; i < HEAP_SYMBOLS; i++) {
		const char *value = config_value(line, symbols[i]);
		if (value)
			walk->o->heap_config[i] = *value;
	}
	for (unsigned i = 0; i < walk->e->configs; i++) {
		const char *value = config_value(line, walk->e->config[i].symbol);
		if (value) {
			copy(walk->o->config[i], sizeof walk->o->config[i], value);
			break;
		}
	}
	return true;
}

static void observe_config(struct observation *o, const char *root, const struct expect *e, const char *release)
{
	static const char *const paths[] = {"/proc/config.gz", "/boot/config-%s", "/lib/modules/%s/config"};
	memset(o->heap_config, 'n', sizeof o->heap_config);
	/* it is asked for by the expectation, and where there are no heaps to find out why */
	for (unsigned i = 0; (e->configs || !o->nodes) && i < 3; i++) {
		struct config_walk walk = {o, e, false};
		text_format(o->config_path, sizeof o->config_path, paths[i], release);
		for (unsigned c = 0; c < e->configs; c++)
			copy(o->config[c], sizeof o->config[c], "n");
		if (sys_lines(root, o->config_path, on_config_line, &walk) == 0 && walk.any) {
			o->config_source = o->config_path;
			return;
		}
		memset(o->heap_config, 'n', sizeof o->heap_config);
	}
}

unsigned log_family_of(const char *line)
{
	static const struct { const char *text; unsigned family; } lines[] = {
		{"created CMA memory pool", LOG_POOL_CREATED},
		{"incorrect alignment of CMA region", LOG_MISALIGNED},
		{"invalid size property in", LOG_INVALID_SIZE},
		{"invalid reg property in", LOG_INVALID_SIZE},
		{"unsupported node format", LOG_INVALID_SIZE},
		{"failed to allocate memory for node", LOG_ALLOC_FAILED},
		{"failed to reserve memory for node", LOG_ALLOC_FAILED},
		{"using cmdline CMA params instead", LOG_BYPASSED},
		{"Skipping dt linux,cma-default node", LOG_BYPASSED},
		{"Not enough slots for CMA reserved regions", LOG_NO_SLOTS},
		{"compatible matching fail", LOG_MATCH_FAILED},
		{"nomap reusable", LOG_NOMAP},
		{"could not be activated", LOG_NOT_ACTIVATED},
	};
	for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
		if (text_find(line, lines[i].text))
			return lines[i].family;
	if (text_find(line, "cma: Reserved "))
		return LOG_RESERVED;
	if (text_find(line, "avc:") && text_find(line, "denied") && text_find(line, "dma_heap"))
		return LOG_AVC_DENIED;
	return 0;
}

static bool on_log_line(void *context, char *line)
{
	((struct observation *)context)->log |= log_family_of(line);
	return true;
}

bool dt_number(const unsigned char *data, size_t length, unsigned cells, uint64_t *value)
{
	*value = 0;
	if (cells == 0 || cells > 4 || length < (size_t)cells * 4)
		return false;
	for (unsigned i = 0; i < cells * 4; i++) {
		if (*value >> 56)
			return false;
		*value = *value << 8 | data[i];
	}
	return true;
}

static long dt_property(const char *root, const char *node, const char *property, unsigned char *data, size_t size)
{
	char path[SYS_PATH_MAX];
	text_format(path, sizeof path, "/proc/device-tree%s/%s", node, property);
	return sys_read(root, path, data, size);
}

/* -1 when the property is not there. */
static int dt_cells(const char *root, const char *node, const char *property)
{
	unsigned char data[8];
	uint64_t value;
	long n = dt_property(root, node, property, data, sizeof data);
	return n == 4 && dt_number(data, 4, 1, &value) && value <= 4 ? (int)value : -1;
}

static const char RESERVED[] = "/reserved-memory";

/* The kernel passes over all of /reserved-memory unless it has the root's cells and ranges (__reserved_mem_check_root). */
static bool dt_parent_is_read(const char *root, int cells[2], char *why, size_t size)
{
	static const char *const names[] = {"#address-cells", "#size-cells"};
	unsigned char data[8];
	for (int i = 0; i < 2; i++) {
		int of_root = dt_cells(root, "", names[i]), own = dt_cells(root, RESERVED, names[i]);
		cells[i] = of_root < 0 ? 1 : of_root; /* the kernel's default */
		if (own == cells[i])
			continue;
		if (own < 0)
			text_format(why, size, "/reserved-memory has no %s, the root has %d", names[i], cells[i]);
		else
			text_format(why, size, "/reserved-memory has %s = %d, the root has %d", names[i], own, cells[i]);
		return false;
	}
	if (dt_property(root, RESERVED, "ranges", data, sizeof data) >= 0)
		return true;
	text_format(why, size, "/reserved-memory has no ranges");
	return false;
}

/* The sizes of reg or size, in bytes; false when they are not the cells that the kernel reads. */
static bool dt_size(const char *root, const char *node, const int cells[2], struct dt_view *view)
{
	unsigned char data[256];
	uint64_t value;
	const size_t address = 4 * (size_t)cells[0], size = 4 * (size_t)cells[1];
	const long unit = (long)(address + size);
	long n = dt_property(root, node, "reg", data, sizeof data);
	if (n >= 0) {
		if (!n || n % unit || !dt_number(data + address, size, (unsigned)cells[1], &value)) {
			text_format(view->why, sizeof view->why, "reg has %d cells, not a multiple of %d", (int)(n / 4), (int)(unit / 4));
			return false;
		}
		view->bytes = (int64_t)value;
		return true;
	}
	n = dt_property(root, node, "size", data, sizeof data);
	if (n < 0) {
		text_format(view->why, sizeof view->why, "it has neither reg nor size");
		return false;
	}
	if (n != (long)size || !dt_number(data, (size_t)n, (unsigned)cells[1], &value)) {
		text_format(view->why, sizeof view->why, "size has %d cells, the root's #size-cells is %d", (int)(n / 4), cells[1]);
		return false;
	}
	view->bytes = (int64_t)value;
	return true;
}

struct dt_view observe_dt_node(const char *root, const char *name)
{
	struct dt_view view = {.state = DT_UNREADABLE, .bytes = -1};
	unsigned char data[256];
	char node[SYS_NAME_MAX + 20], path[SYS_PATH_MAX];
	int cells[2];
	struct sys_node stat;
	if (sys_stat(root, "/proc/device-tree/.", &stat)) /* a link, which leads nowhere in a container */
		return view;
	view.state = DT_ABSENT;
	text_format(node, sizeof node, "%s/%s", RESERVED, name);
	text_format(path, sizeof path, "/proc/device-tree%s", node);
	if (sys_stat(root, path, &stat))
		return view;
	bool read = dt_parent_is_read(root, cells, view.why, sizeof view.why), sized = read && dt_size(root, node, cells, &view);
	long n = dt_property(root, node, "status", data, sizeof data);
	view.state = n > 0 && strcmp((char *)data, "okay") && strcmp((char *)data, "ok") ? DT_DISABLED :
		     !read							 ? DT_PARENT_IGNORED :
		     dt_property(root, node, "no-map", data, sizeof data) >= 0	 ? DT_NOMAP :
		     dt_property(root, node, "reusable", data, sizeof data) < 0	 ? DT_NOT_REUSABLE :
		     sized							 ? DT_PRESENT :
										   DT_CELLS_WRONG;
	return view;
}

enum udev_state observe_udev(const char *root, const struct sys_node *node)
{
	char path[64];
	struct sys_node stat;
	text_format(path, sizeof path, "/run/udev/data/c%u:%u", node->major, node->minor);
	/* the record may be that of an initramfs with other rules */
	if (!sys_stat(root, path, &stat))
		return sys_stat(root, UDEV_QUEUE, &stat) ? UDEV_DONE : UDEV_PENDING_NODE;
	return sys_stat(root, "/run/udev/control", &stat) && sys_stat(root, "/run/udev/data", &stat) ? UDEV_NONE : UDEV_PENDING_NODE;
}

struct module_walk {
	const char *wanted;
	int found;
};

static bool on_modules_line(void *context, char *line)
{
	struct module_walk *walk = context;
	line[strcspn(line, ":")] = 0;
	char *name = strrchr(line, '/');
	name = name ? name + 1 : line;
	const char *suffix = text_find(name, ".ko");
	if (!suffix)
		return true;
	name[suffix - name] = 0;
	size_t i = 0; /* modprobe takes - and _ for the same */
	while (name[i] && (name[i] == walk->wanted[i] || (name[i] == '-' && walk->wanted[i] == '_')))
		i++;
	walk->found |= !name[i] && !walk->wanted[i];
	return !walk->found;
}

int observe_module(const char *root, const char *release, const char *module)
{
	char path[SYS_PATH_MAX];
	struct sys_node stat;
	text_format(path, sizeof path, "/sys/module/%s", module);
	if (!sys_stat(root, path, &stat))
		return 1;
	struct module_walk walk = {module, 0};
	text_format(path, sizeof path, "/lib/modules/%s/modules.dep", release);
	if (sys_lines(root, path, on_modules_line, &walk) < 0)
		return -2;
	return walk.found ? 0 : -1;
}

struct rule_walk {
	struct observation *o;
	const char *root, *directory;
};

static bool on_rule_line(void *context, char *line)
{
	struct observation *o = context;
	while (*line == ' ' || *line == '\t')
		line++;
	o->has_udev_rule |= *line != '#' && text_find(line, "dma_heap") != NULL;
	return !o->has_udev_rule;
}

static bool on_rule_file(void *context, const char *name)
{
	struct rule_walk *walk = context;
	char path[SYS_PATH_MAX];
	size_t length = strlen(name);
	if (length < 6 || strcmp(name + length - 6, ".rules"))
		return true;
	text_format(path, sizeof path, "%s/%s", walk->directory, name);
	sys_lines(walk->root, path, on_rule_line, walk->o);
	return !walk->o->has_udev_rule;
}

static void observe_rules(struct observation *o, const char *root)
{
	static const char *const directories[] = {"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"};
	for (unsigned i = 0; i < 4 && !o->has_udev_rule; i++) {
		struct rule_walk walk = {o, root, directories[i]};
		sys_list(root, directories[i], on_rule_file, &walk);
	}
	if (!o->has_udev_rule)
		sys_lines(root, "/etc/mdev.conf", on_rule_line, o);
}

void observe(struct observation *o, const char *root, const struct expect *e, const char *release)
{
	struct walk walk = {o, root};
	memset(o, 0, sizeof *o);
	observe_memory(&o->memory, root);
	int listed = sys_list(root, "/dev/dma_heap", on_node, &walk);
	o->directory_error = listed < 0 ? -listed : 0;
	sys_stat(root, "/dev/dma_heap", &o->directory);
	sys_list(root, "/sys/class/dma_heap", on_class, &walk);
	struct sys_node sysfs;
	o->has_sysfs = !sys_stat(root, "/sys/class", &sysfs);
	observe_areas(&walk);
	observe_cmdline(o, root);
	observe_config(o, root, e, release);
	if (sys_lines(root, "/dev/kmsg", on_log_line, o) < 0 && *root)
		sys_lines(root, "/dmesg.txt", on_log_line, o); /* of a board that was collected */
	observe_rules(o, root);
}

const struct heap_node *observed_node(const struct observation *o, const char *name)
{
	for (unsigned i = 0; i < o->nodes; i++)
		if (!strcmp(o->node[i].name, name))
			return &o->node[i];
	return NULL;
}

const struct cma_area *observed_area(const struct observation *o, const char *name)
{
	for (unsigned i = 0; i < o->areas; i++)
		if (!strcmp(o->area[i].name, name))
			return &o->area[i];
	return NULL;
}
