/* What is nobody's fault: no heaps where nobody expects any, and heaps that are not for the user who asks. */
#include "fake_kernel.h"
#include "test.h"

#include <string.h>

#include "boards.h"
#include "run.h"

#define MIB (UINT64_C(1) << 20)

/* What kernels have that make no heap; DMA_CMA and all below it come and go together on most boards. */
static void config_of(const char *lines)
{
	board_without_nodes();
	fake_remove("/sys/class/dma_heap");
	fake_file("/boot/config-6.12.0", lines);
}

static void no_heaps_with_cma(void)
{
	config_of("CONFIG_CMA=y\nCONFIG_DMA_CMA=y\n# CONFIG_DMABUF_HEAPS is not set\n");
}

static void core_without_heap(void)
{
	config_of("CONFIG_CMA=y\nCONFIG_DMABUF_HEAPS=y\n");
}

static void no_config(void)
{
	board_without_heaps();
	fake_remove("/boot/config-6.12.0");
}

static void nobody_loads(void)
{
	config_of("CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=m\n");
}

void board_without_cma(void)
{
	config_of("CONFIG_CMA=y\nCONFIG_DMA_CMA=y\nCONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CMA=y\n");
	fake.area[0].bytes = 0;
	fake_file("/proc/cmdline", "cma=0\n");
}

static void cma_heap_with_cma(void)
{
	board_without_cma();
	fake.area[0].bytes = 64 * MIB;
	fake_file("/proc/cmdline", "quiet\n");
}

static void heaps_and_no_sysfs(void)
{
	config_of("CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=y\n");
	fake_remove("/sys");
}

static void config_of_another(void)
{
	config_of("CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_SYSTEM=y\n");
	fake_file("/sys/class/misc/hpet/dev", "10:228\n");
}

#define NO_HEAPS "CONFIG_DMABUF_HEAPS=y and one of CONFIG_DMABUF_HEAPS_SYSTEM=y, CONFIG_DMABUF_HEAPS_CMA=y"
#define ANY_HEAP "one of CONFIG_DMABUF_HEAPS_SYSTEM=y, CONFIG_DMABUF_HEAPS_CMA=y"
#define WITH_CMA " (with CONFIG_CMA=y and CONFIG_DMA_CMA=y)"

/* Whoever has no heap has no expectation yet: the skip says why, and what to do, and the verdict stays what it was. */
static const struct unexpected {
	const char *name;
	void (*arrange)(void);
	const char *diagnosis, *cause, *fix, *evidence; /* parts of the texts */
} UNEXPECTED[] = {
	{"no heaps, no CMA", board_without_heaps, "HEAP_SUPPORT_MISSING", "built without " NO_HEAPS WITH_CMA, "add " NO_HEAPS WITH_CMA " to",
	 "configuration from /boot/config-6.12.0"},
	{"no heaps, CMA", no_heaps_with_cma, "HEAP_SUPPORT_MISSING", "built without " NO_HEAPS, "add " NO_HEAPS " to", "/boot/config-6.12.0"},
	{"the core alone", core_without_heap, "HEAP_SUPPORT_MISSING", "built without " ANY_HEAP " (with CONFIG_DMA_CMA=y)", "add " ANY_HEAP, ""},
	{"no configuration to read", no_config, "HEAP_SUPPORT_MISSING", "built without " NO_HEAPS WITH_CMA, "add these options to",
	 "see the .config of this kernel: no /proc/config.gz (or no zcat), no /boot/config-6.12.0"},
	{"module not loaded", board_without_module, "HEAP_MODULE_NOT_LOADED", "cma_heap", "modprobe cma_heap;", ""},
	{"module not installed", nobody_loads, "HEAP_MODULE_NOT_LOADED", "system_heap", "modprobe system_heap;", ""},
	{"no devtmpfs", board_without_nodes, "DEVTMPFS_MISSING", "/sys/class/dma_heap", "mount devtmpfs", "2 entries"},
	{"no devtmpfs, no sysfs", heaps_and_no_sysfs, "DEVTMPFS_MISSING", "", "mount devtmpfs", "no /sys/class"},
	{"cma=0", board_without_cma, "CMA_DISABLED_CMDLINE", "cma=0", "remove cma=", ""},
	{"CMA, and no heap of it", cma_heap_with_cma, "HEAP_ABSENT", "", "reserved-memory", ""},
	{"another kernel's configuration", config_of_another, "HEAP_SUPPORT_MISSING", "built without " NO_HEAPS WITH_CMA, "add ", "is of another kernel"},
};

static void unexpected(void)
{
	for (unsigned i = 0; i < sizeof UNEXPECTED / sizeof *UNEXPECTED; i++) {
		const struct unexpected *u = &UNEXPECTED[i];
		fake_reset(test_root);
		u->arrange();
		run(NULL, (struct dh_options){0});
		const struct run_result *r = run_result("heap.support", NULL, NULL);
		CHECK(r && r->status == DH_SKIP && !strcmp(r->diagnosis, u->diagnosis), "%s: %s", u->name, run_text("heap.support", NULL));
		CHECK(r && strstr(r->cause, u->cause), "%s: cause: %s", u->name, r->cause);
		CHECK(r && strstr(r->fix, u->fix), "%s: fix: %s", u->name, r->fix);
		CHECK(r && strstr(r->evidence, u->evidence), "%s: evidence: %s", u->name, r->evidence);
		CHECK(run_summary()->verdict == DH_VERDICT_NOTHING_TESTABLE, "%s: verdict %d", u->name, run_summary()->verdict);
	}
	/* a heap that must not be there is no reason to tell anybody how to get one; one that may be there is */
	for (int optional = 0; optional < 2; optional++) {
		fake_reset(test_root);
		board_without_heaps();
		run(optional ? "dmaheap-expect 1\nheap name=a kind=cma presence=optional\nnode heap=a name=a\n" :
			       "dmaheap-expect 1\nheap name=a kind=cma presence=absent\nnode heap=a name=a\n", (struct dh_options){0});
		const struct run_result *r = run_result("heap.support", NULL, NULL);
		CHECK(r && r->status == DH_SKIP && !strcmp(r->diagnosis, optional ? "HEAP_SUPPORT_MISSING" : ""), "%d: %s", optional,
		      run_text("heap.support", NULL));
	}
}

static const char *const OPENS[] = {"open.read-only", "open.read-write"};

static void opens_end_in(const char *name, const char *heap, enum dh_status status, const char *diagnosis)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct run_result *r = run_result(OPENS[i], heap, diagnosis);
		CHECK(r && r->status == status, "%s: %s", name, run_text(OPENS[i], heap));
	}
}

static void as(unsigned uid, unsigned group)
{
	fake_reset(test_root);
	board_healthy();
	fake.heap[1].mode = 0600;
	fake.heap[1].gid = 0;
	fake.uid = fake.gid = uid;
	fake.groups[0] = group;
	fake.group_count = group ? 1 : 0;
}

/* Not root: a heap that the profile keeps from this user is no fault of the board, one that it gives to it is. */
static void unprivileged(void)
{
	as(1000, 44);
	run(board_expectation, (struct dh_options){0});
	/* no fault of the board, and no proof of the heap that nobody opened either */
	CHECK(run_summary()->verdict == DH_VERDICT_INCOMPLETE && run_summary()->probed == 1, "a heap's user: %d", run_summary()->verdict);
	CHECK(run_summary()->counts[DH_SKIP] >= 2, "skips are counted: %u", run_summary()->counts[DH_SKIP]);
	opens_end_in("a heap's user, its own", "camera", DH_PASS, NULL);
	opens_end_in("a heap's user, one without access", "system", DH_SKIP, NULL);

	as(1001, 0);
	run(board_expectation, (struct dh_options){0});
	CHECK(run_summary()->verdict == DH_VERDICT_INCOMPLETE, "nobody's user: %d", run_summary()->verdict);
	opens_end_in("nobody's user", "camera", DH_SKIP, NULL);

	as(1000, 44);
	fake.heap[0].mode = 0600;
	fake.heap[0].gid = 0;
	run(board_expectation, (struct dh_options){0});
	CHECK(run_summary()->verdict == DH_VERDICT_FAIL, "a heap's user, no rules: %d", run_summary()->verdict);
	opens_end_in("a heap's user, no rules", "camera", DH_FAIL, "PERM_DEFAULT_0600");

	as(1000, 0);
	fake_file("/etc/group", "root:x:0:\nvideo:x:44:\n");
	run(board_expectation, (struct dh_options){0});
	opens_end_in("a heap's user outside its group", "camera", DH_FAIL, "USER_NOT_IN_GROUP");

	as(1001, 44);
	fake.heap[0].mode = 0600;
	fake.heap[0].gid = 0;
	run(board_expectation, (struct dh_options){0});
	opens_end_in("a member of the group, no rules", "camera", DH_FAIL, "PERM_DEFAULT_0600");

	as(1001, 0);
	run(NULL, (struct dh_options){0});
	opens_end_in("no expectation to be left out of", "system", DH_FAIL, "PERM_DEFAULT_0600");
}

void test_who_asks(void)
{
	unexpected();
	unprivileged();
	fake_reset(test_root);
}
