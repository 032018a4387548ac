/* The machine as a whole: the kernel that runs, its configuration, heap support, CmaTotal. */
#include "session.h"

#include <errno.h>
#include <string.h>

#include "container.h"

static void kernel_version(struct session *s, struct subject subject, struct dh_result *r)
{
	(void)subject;
	struct version_range k = s->expect.kernel;
	const struct dh_environment *env = &s->environment;
	if (!s->expect.has_kernel) {
		skipped(r, "no kernel range expected");
		return;
	}
	if (k.until == UINT32_MAX)
		expected(r, "%u.%u or later", k.since >> 16, k.since & 0xffff);
	else
		expected(r, "%u.%u up to, not including, %u.%u", k.since >> 16, k.since & 0xffff, k.until >> 16, k.until & 0xffff);
	about(r, env->release);
	if (expect_covers(k, env->major, env->minor))
		passed(r, "%s", env->release);
	else
		failed(r, KERNEL_OUT_OF_RANGE, 0, "%s", env->release);
}

/* uname's machine by the name that a profile uses. A 32-bit process on a 64-bit kernel may see armv8l. */
static const char *architecture(const char *machine)
{
	static const char *const names[][2] = {{"aarch64", "arm64"}, {"armv8", "arm64"}, {"arm", "arm"}, {"riscv64", "riscv64"}, {"x86_64", "x86_64"}};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strncmp(machine, names[i][0], strlen(names[i][0])))
			return names[i][1];
	return machine;
}

static void kernel_architecture(struct session *s, struct subject subject, struct dh_result *r)
{
	(void)subject;
	const char *seen = architecture(s->environment.machine);
	if (!s->expect.arch) {
		skipped(r, "no architecture expected");
		return;
	}
	expected(r, "%s", s->expect.arch);
	about(r, s->expect.arch);
	if (!strcmp(seen, s->expect.arch))
		passed(r, "%s", s->environment.machine);
	else
		failed(r, ARCHITECTURE_DIFFERS, 0, "%s", s->environment.machine);
}

static void page_size(struct session *s, struct subject subject, struct dh_result *r)
{
	(void)subject;
	if (!s->expect.page_bytes) {
		skipped(r, "no page size expected");
		return;
	}
	expected(r, "%llu", (unsigned long long)s->expect.page_bytes);
	if (s->expect.page_bytes == s->environment.page_bytes)
		passed(r, "%llu", (unsigned long long)s->environment.page_bytes);
	else
		failed(r, PAGE_SIZE_DIFFERS, 0, "%llu", (unsigned long long)s->environment.page_bytes);
}

static bool config_holds(const char *wanted, const char *seen)
{
	return !strcmp(wanted, seen) || (!strcmp(wanted, "m") && !strcmp(seen, "y"));
}

static void config_symbol(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct expect_config *c = &s->expect.config[subject.index];
	char symbol[160];
	expected(r, "CONFIG_%s=%s", c->symbol, c->value);
	if (!s->seen.config_source) {
		unknown(r, "no /proc/config.gz (or no zcat), no /boot/config-%s", s->environment.release);
		return;
	}
	const char *value = s->seen.config[subject.index];
	evidence(r, "%s", s->seen.config_source);
	text_format(symbol, sizeof symbol, "CONFIG_%s=%s", c->symbol, c->value);
	about(r, symbol);
	if (config_holds(c->value, value))
		passed(r, "%s", value);
	else
		failed(r, CONFIG_DIFFERS, 0, "%s", value);
}

/*
 * The symbols that this kernel lacks: the profile's, or else those that every heap needs. Empty when its configuration
 * cannot be read, or lacks none of them.
 */
static void missing_symbols(const struct session *s, char *out, size_t size)
{
	const struct observation *o = &s->seen;
	size_t length = 0;
	out[0] = 0;
	for (unsigned i = 0; o->config_source && i < s->expect.configs; i++) {
		const struct expect_config *c = &s->expect.config[i];
		if (config_holds(c->value, o->config[i]))
			continue;
		int n = text_format(out + length, size - length, "%sCONFIG_%s=%s", length ? ", " : "", c->symbol, c->value);
		if (n < 0 || (size_t)n >= size - length)
			break;
		length += (size_t)n;
	}
	const char *has = o->heap_config;
	if (length || !o->config_source || has[SYMBOL_SYSTEM] != 'n' || has[SYMBOL_CMA_HEAP] != 'n')
		return;
	bool no_cma = has[SYMBOL_CMA] != 'y', no_dma_cma = has[SYMBOL_DMA_CMA] != 'y';
	text_format(out, size, "%sone of CONFIG_DMABUF_HEAPS_SYSTEM=y, CONFIG_DMABUF_HEAPS_CMA=y%s%s%s%s", has[SYMBOL_HEAPS] == 'y' ? "" : "CONFIG_DMABUF_HEAPS=y and ",
		    no_cma || no_dma_cma ? " (with " : "", no_cma ? "CONFIG_CMA=y" : "", no_cma && no_dma_cma ? " and " : "",
		    no_dma_cma ? "CONFIG_DMA_CMA=y)" : no_cma ? ")" : "");
}

/* The heaps of mainline, which newer kernels may have as modules. */
static const struct { const char *module; enum heap_symbol symbol; } OWN[] = {{"system_heap", SYMBOL_SYSTEM}, {"cma_heap", SYMBOL_CMA_HEAP}};
enum { OWN_COUNT = sizeof OWN / sizeof *OWN };

/* Installed and not loaded, or built as a module and not even installed. */
static bool is_missing(const struct session *s, const char *module, int configured)
{
	int state = observe_module(s->root, s->environment.release, module);
	return state == 0 || (state < 0 && configured == 'm');
}

const char *missing_module(const struct session *s, const struct expect_node *node)
{
	enum heap_kind kind = s->expect.heap[node->heap].kind;
	const char *module = node->module ? node->module : kind == HEAP_VENDOR ? NULL : OWN[kind].module;
	int configured = kind == HEAP_VENDOR ? 'n' : s->seen.heap_config[OWN[kind].symbol];
	return module && is_missing(s, module, configured) ? module : NULL;
}

static const char *unloaded_module(const struct session *s)
{
	for (unsigned i = 0; i < s->expect.nodes; i++) {
		const struct expect_node *n = &s->expect.node[i];
		const char *module = expect_covers(n->range, s->environment.major, s->environment.minor) ? missing_module(s, n) : NULL;
		if (module)
			return module;
	}
	for (unsigned i = 0; !s->expect.heaps && i < OWN_COUNT; i++)
		if (is_missing(s, OWN[i].module, s->seen.heap_config[OWN[i].symbol]))
			return OWN[i].module;
	return NULL;
}

/* Why there is no heap at all: the nearest cause that can be shown. */
static enum diagnosis support_reason(const struct session *s, struct dh_result *r)
{
	const struct observation *o = &s->seen;
	const char *module;
	char reason[sizeof r->subject];
	evidence(r, "/sys/class/dma_heap has %u entries; %s%s", o->classes,
		 o->config_source ? "configuration from " :
				    "see the .config of this kernel: no /proc/config.gz (or no zcat), no /boot/config-",
		 o->config_source ? o->config_source : s->environment.release);
	if (is_kept_out(s, r))
		return CONTAINER_DEVICE_MISSING;
	if (o->classes)
		return DEVTMPFS_MISSING;
	module = unloaded_module(s);
	if (module) {
		about(r, module);
		return HEAP_MODULE_NOT_LOADED;
	}
	missing_symbols(s, reason, sizeof reason);
	about(r, reason);
	if (*reason || !o->config_source)
		return HEAP_SUPPORT_MISSING;
	if (o->heap_config[SYMBOL_SYSTEM] == 'y') { /* which makes its heap on every machine */
		evidence(r, "%s has CONFIG_DMABUF_HEAPS_SYSTEM=y%s", o->config_source,
			 o->has_sysfs ? " and is of another kernel: no /sys/class/dma_heap" : "; there is no /sys/class");
		return o->has_sysfs ? HEAP_SUPPORT_MISSING : DEVTMPFS_MISSING;
	}
	enum diagnosis id = cma_reason(s, s->expect.areas ? &s->expect.area[0] : NULL, reason, sizeof reason);
	about(r, id == CMA_SIZE_MISMATCH ? "the heap of the default CMA area" : reason);
	return id == CMA_SIZE_MISMATCH ? HEAP_ABSENT : id; /* there is memory, and no heap was made of it */
}

static void heap_support(struct session *s, struct subject subject, struct dh_result *r)
{
	(void)subject;
	const struct observation *o = &s->seen;
	const struct expect *e = &s->expect;
	unsigned required = 0, forbidden = 0;
	for (unsigned i = 0; i < e->heaps; i++) {
		required += e->heap[i].presence == HEAP_REQUIRED;
		forbidden += e->heap[i].presence == HEAP_FORBIDDEN;
	}
	bool unwanted = e->heaps && forbidden == e->heaps;
	expected(r, unwanted ? "any" : "/dev/dma_heap with nodes");
	if (!o->directory_error && o->nodes) {
		passed(r, "%u entries in /dev/dma_heap", o->nodes);
		return;
	}
	if (o->directory_error && o->directory_error != ENOENT) {
		broken(r, o->directory_error, "/dev/dma_heap cannot be listed");
		return;
	}
	const char *seen = o->directory_error ? "no /dev/dma_heap" : "nothing in /dev/dma_heap";
	if (unwanted) {
		skipped(r, "%s, and no heap is wanted", seen);
		return;
	}
	enum diagnosis id = support_reason(s, r);
	if (required) {
		failed(r, id, ENOENT, "%s", seen);
		return;
	}
	skipped(r, e->heaps ? "%s, and no heap is required" : "%s", seen);
	r->diagnosis = diagnosis(id); /* nothing can be tested, and this is why */
}

/* A user who may write here may replace a node by another one. */
static void directory(struct session *s, struct subject subject, struct dh_result *r)
{
	(void)subject;
	const struct sys_node *d = &s->seen.directory;
	if (s->seen.directory_error) {
		skipped(r, "needs heap.support");
		return;
	}
	expected(r, "only root can write to /dev/dma_heap");
	bool hides_owner = d->uid == s->unmapped_uid, hides_group = d->mode & 0020 && d->gid == s->unmapped_gid;
	if (d->mode & 0002 || (d->mode & 0020 && d->gid && !hides_group) || (d->uid && !hides_owner))
		failed(r, PERM_DIRECTORY_OPEN, 0, "%04o %u:%u", d->mode, d->uid, d->gid);
	else if (hides_owner || hides_group)
		unknown(r, "%04o %u:%u: this user namespace does not map its %s", d->mode, d->uid, d->gid, hides_owner ? "owner" : "group");
	else
		passed(r, "%04o %u:%u", d->mode, d->uid, d->gid);
}

static void hand_made(struct session *s, struct subject subject, struct dh_result *r)
{
	(void)subject;
	static const char *const paths[] = {"/dev/dma-buf", "/dev/dma_buf"};
	expected(r, "no /dev/dma-buf");
	for (int i = 0; i < 2; i++) {
		struct sys_node stat;
		if (sys_stat(s->root, paths[i], &stat))
			continue;
		about(r, paths[i]);
		failed(r, FOLKLORE_DMA_BUF_NODE, 0, "%s is a %s %u:%u", paths[i], stat.is_char ? "device" : "file", stat.major, stat.minor);
		return;
	}
	passed(r, "none");
}

static void cma_total(struct session *s, struct subject subject, struct dh_result *r)
{
	(void)subject;
	const struct memory_view *m = &s->seen.memory;
	const struct expect *e = &s->expect;
	if (!e->has_cma) {
		skipped(r, "no CmaTotal expected");
		return;
	}
	int64_t total = m->cma_total < 0 ? 0 : m->cma_total;
	const char *bound = e->cma_or_more ? " or more" : e->cma_slack_bytes ? " or a little more" : "";
	expected(r, "%llu bytes%s", (unsigned long long)e->cma_total_bytes, bound);
	if (!meminfo_is_read(s, r))
		return;
	evidence(r, "/proc/meminfo %s; %s%s", m->cma_total < 0 ? "without CmaTotal" : "CmaTotal",
		 s->seen.has_cmdline_cma ? "cma=" : "no cma= on the command line", s->seen.cmdline_cma);
	uint64_t low = e->cma_total_bytes, high = low + e->cma_slack_bytes;
	if (e->cma_or_more || high < low) /* a sum beyond 2^64 is not a bound either */
		high = UINT64_MAX;
	if ((uint64_t)total >= low && (uint64_t)total <= high) {
		passed(r, "%lld bytes", (long long)total);
		return;
	}
	char reason[sizeof r->subject] = "";
	const struct expect_area *main_area = NULL;
	for (unsigned i = 0; i < e->areas; i++)
		if (!main_area || e->area[i].is_default)
			main_area = &e->area[i];
	enum diagnosis id = cma_reason(s, main_area, reason, sizeof reason);
	if (id == CMA_SIZE_MISMATCH && e->areas > 1 && !s->seen.has_areas)
		id = CMA_TOTAL_AMBIGUOUS;
	about(r, reason);
	failed(r, id, 0, "%lld bytes", (long long)total);
}

const struct check MACHINE_CHECKS[] = {
	{"kernel.version", SCOPE_MACHINE, kernel_version},
	{"kernel.architecture", SCOPE_MACHINE, kernel_architecture},
	{"kernel.page-size", SCOPE_MACHINE, page_size},
	{"kernel.config", SCOPE_CONFIG, config_symbol},
	{"heap.support", SCOPE_MACHINE, heap_support},
	{"dev.directory", SCOPE_MACHINE, directory},
	{"dev.hand-made", SCOPE_MACHINE, hand_made},
	{"cma.total", SCOPE_MACHINE, cma_total},
	{NULL, SCOPE_MACHINE, NULL},
};
