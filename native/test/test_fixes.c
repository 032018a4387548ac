/*
 * The fix of every diagnosis, carried out: the board of a scenario ends in the diagnosis, the fix names what is then done, and the next
 * run passes. A fix that this kernel cannot carry out says why; the test counts them.
 */
#include "fake_kernel.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boards.h"
#include "run.h"

#define MIB (UINT64_C(1) << 20)

/* The same board after another boot, or another kernel, or from another boot loader: whatever the fix changed there. */
static void booted(void)
{
	fake_reset(test_root);
	board_healthy();
}

static void booted_7(void)
{
	fake_reset(test_root);
	board_healthy_7();
}

static void generated_again(void)
{
}

static void node_made(void)
{
	fake.heap[0].regular = false;
	fake_file("/dev/dma_heap/linux,cma", "");
}

static void nodes_made(void)
{
	node_made();
	fake_file("/dev/dma_heap/system", "");
	fake_link("/dev/dma_heap/camera", "linux,cma");
}

static void vendors_kernel(void)
{
	fake_add_heap("isp-heap", -1, 0660, 44);
}

static void hand_made_removed(void)
{
	fake_remove("/dev/dma-buf");
}

static void rule_installed(void)
{
	fake_remove("/dev/dma_heap/camera");
	fake_link("/dev/dma_heap/camera", "linux,cma");
	fake.heap[0].mode = 0660;
	fake.heap[0].uid = 0;
	fake.heap[0].gid = 44;
	fake.late_opens = 0;
	fake_file("/run/udev/data/c254:0", "I:1\n");
}

static void group_added(void)
{
	fake_file("/etc/group", "root:x:0:\nvideo:x:44:cam\n");
	rule_installed();
}

static void user_added(void)
{
	fake_file("/etc/passwd", "root:x:0:0::/:/bin/sh\ncam:x:1000:1000::/:/bin/sh\n");
}

static void directory_closed(void)
{
	fake.directory_mode = 0755;
	fake.directory_uid = 0;
}

static void logged_in_again(void)
{
	fake.groups[fake.group_count++] = 44;
}

static void group_kept(void)
{
	fake.groups[fake.group_count++] = 65534;
}

static void access_allowed(void)
{
	fake.heap[0].open_error = 0;
}

static void memory_freed(void)
{
	fake.area[0].used = fake.area[0].largest = 0;
	fake.heap[1].ioctl_error = 0;
	fake.busy_times = 0;
}

static void accounting_off(void)
{
	fake_file("/sys/module/dma_heap/parameters/mem_accounting", "N\n");
	memory_freed();
}

static void area_enlarged(void)
{
	fake.area[0].bytes = 64 * MIB;
}

static void buffers_writable(void)
{
	fake.read_only = false;
}

static void name_corrected(void)
{
	fake.heap[0].area = 0;
}

static void owner_moved(void)
{
	fake.corrupt = false;
}

static void attachment_dropped(void)
{
	fake.leaks_area = false;
	fake.area[0].used = 0;
}

static void kernel_updated(void)
{
	fake.leaks_fd = false;
}

static void device_reaches(void)
{
	fake.import_error = 0;
}

static void udmabuf_built(void)
{
	fake_file("/dev/udmabuf", "");
}

static void separate_region(void)
{
	fake.slow_us = 0;
}

#define HEAP_LINES "heap name=camera kind=cma\nnode heap=camera name=linux,cma\n"

static const struct fix {
	const char *diagnosis, *scenario;
	const char *says;  /* what the fix must name, because that is what is done */
	void (*apply)(void);
	const char *expect; /* where the fix generates it anew; NULL: the same */
	const char *why;   /* it cannot be applied here */
} FIXES[] = {
	{"HEAP_SUPPORT_MISSING", "no heap support", "add CONFIG_DMABUF_HEAPS=y, CONFIG_DMABUF_HEAPS_CMA=y to the kernel configuration", booted, NULL, NULL},
	{"HEAP_MODULE_NOT_LOADED", "module not loaded", "modprobe cma_heap", booted_7, NULL, NULL},
	{"DEVTMPFS_MISSING", "no devtmpfs", "mount devtmpfs on /dev", nodes_made, NULL, NULL},
	{"CONTAINER_DEVICE_MISSING", "docker", "docker run --device /dev/dma_heap --group-add GID", nodes_made, NULL, NULL},
	{"HEAP_NODE_REMOVED", "node removed", "mknod -m 0600 /dev/dma_heap/linux,cma c", node_made, NULL, NULL},
	{"HEAP_RENAMED", "vendor's name on an old kernel", "generate again for the running kernel", generated_again,
	 "heap name=camera kind=cma mode=0660 group=video\nnode heap=camera name=default_cma_region\n", NULL},
	{"HEAP_ABSENT", "no node of any name", "compare the reserved-memory node and the kernel configuration", booted, NULL, NULL},
	{"VENDOR_HEAP_ABSENT", "vendor heap", "run the vendor's kernel", vendors_kernel, NULL, NULL},
	{"HEAP_UNEXPECTED", "heap that must not be", "add the heap to the profile", generated_again, HEAP_LINES, NULL},
	{"NODE_NOT_A_HEAP", "file instead of a node", "mknod -m 0600 /dev/dma_heap/linux,cma c", node_made, NULL, NULL},
	{"FOLKLORE_DMA_BUF_NODE", "/dev/dma-buf", "remove the mknod", hand_made_removed, NULL, NULL},
	{"SYMLINK_RULE_MISSING", "alias missing", "SYMLINK+=\"dma_heap/camera\"", rule_installed, NULL, NULL},
	{"SYMLINK_WRONG_TARGET", "alias to another heap", "install the generated rule", rule_installed, NULL, NULL},
	{"PERM_DIRECTORY_OPEN", "directory open to all", "chown root:root /dev/dma_heap; chmod 0755 /dev/dma_heap", directory_closed, NULL, NULL},
	{"UDEV_PENDING", "before udev", "udevadm settle", rule_installed, NULL, NULL},
	{"PERM_DEFAULT_0600", "kernel's own mode", "install the generated udev rules", rule_installed, NULL, NULL},
	{"RULE_NOT_APPLIED", "rule not applied", "udevadm trigger --subsystem-match=dma_heap", rule_installed, NULL, NULL},
	{"RULE_LATE", "rule late", "order the program after the device unit", rule_installed, NULL, NULL},
	{"PERM_MODE_WRONG", "wrong mode", "correct MODE=", rule_installed, NULL, NULL},
	{"PERM_WORLD_ACCESS", "world access", "MODE=\"0660\"", rule_installed, NULL, NULL},
	{"PERM_OWNER_WRONG", "wrong owner", "correct OWNER=", rule_installed, NULL, NULL},
	{"PERM_GROUP_WRONG", "wrong group", "correct GROUP=", rule_installed, NULL, NULL},
	{"GROUP_MISSING", "no such group", "groupadd -r video", group_added, NULL, NULL},
	{"USER_MISSING", "no such user", "create the user", user_added, NULL, NULL},
	{"USER_NOT_IN_GROUP", "user not in group", "usermod -aG 44 cam", group_added, NULL, NULL},
	/* what is kept has no number inside, so the profile's group is checked on the host */
	{"GROUP_NOT_MAPPED", "user namespace, the node", "podman --group-add keep-groups", group_kept, HEAP_LINES, NULL},
	{"LOGIN_STALE", "stale login", "log in again", logged_in_again, HEAP_LINES "user heap=camera name=cam\n", NULL},
	{"CGROUP_DEVICE_DENIED", "device cgroup", "DeviceAllow=char-dma_heap rw", access_allowed, NULL, NULL},
	{"MAC_DENIED", "security module", "allow dma_heap in the policy", access_allowed, NULL, NULL},
	{"CMA_NOT_CONFIGURED", "no CMA in the kernel", "add CONFIG_CMA=y, CONFIG_DMA_CMA=y and a size", booted, NULL, NULL},
	{"CMA_DISABLED_CMDLINE", "cma=0", "remove cma=", booted, NULL, NULL},
	{"CMA_CMDLINE_FAILED", "cma=2G", "deliver the area by the device tree", booted, NULL, NULL},
	{"CMA_CMDLINE_OVERRIDES_DT", "cma=48M over the tree", "remove cma=", booted, NULL, NULL},
	{"CMA_DT_NODE_MISSING", "overlay not applied", "the overlay was not applied", booted, NULL, NULL},
	{"CMA_DT_NODE_DISABLED", "node disabled", "remove the status property", booted, NULL, NULL},
	{"CMA_DT_NOT_REUSABLE", "node not reusable", "add the property reusable;", booted, NULL, NULL},
	{"CMA_DT_REJECTED_NOMAP", "node no-map", "remove no-map", booted, NULL, NULL},
	{"CMA_DT_REJECTED_ALIGN", "node misaligned", "align base and size", booted, NULL, NULL},
	{"CMA_DT_REJECTED_CELLS", "node with one cell", "write reg and size in these cells", booted, NULL, NULL},
	{"CMA_DT_REJECTED_SPACE", "no space for the node", "make it smaller", booted, NULL, NULL},
	{"CMA_DT_REJECTED_SLOTS", "no slot for the node", "raise CONFIG_CMA_AREAS", booted, NULL, NULL},
	{"CMA_DT_REJECTED", "node rejected, no log", "look for 'reserved mem' in the kernel log", NULL, NULL, "the fix finds the cause, which has a diagnosis of its own"},
	{"CMA_FALLBACK_KCONFIG", "fallback seen in sysfs", "look for 'reserved mem' in the kernel log", NULL, NULL, "the fix finds the cause, which has a diagnosis of its own"},
	{"CMA_SIZE_MISMATCH", "another size", "change it there, or change the profile", area_enlarged, NULL, NULL},
	{"CMA_TOTAL_AMBIGUOUS", "sum of two areas", "CONFIG_CMA_SYSFS=y", NULL, NULL, "the fix shows which area differs; then it is CMA_SIZE_MISMATCH"},
	{"CMA_AREA_NOT_ACTIVATED", "dead heap", "move the area into one memory zone", booted_7, NULL, NULL},
	{"CMA_EXHAUSTED", "exhausted", "free it", memory_freed, NULL, NULL},
	{"CMA_FRAGMENTED", "fragmented", "allocate early and keep the buffers", memory_freed, NULL, NULL},
	{"CMA_TRANSIENT_BUSY", "busy for a moment", "give it a separate area", memory_freed, NULL, NULL},
	{"CMA_TOO_SMALL_FOR_BUDGET", "budget larger than the area", "enlarge the area to 8388608 bytes or more", area_enlarged, NULL, NULL},
	{"MEMORY_EXHAUSTED", "memory exhausted", "free memory", memory_freed, NULL, NULL},
	{"MEMCG_CHARGED", "memory charged", "dma_heap.mem_accounting=0", accounting_off, NULL, NULL},
	{"FD_LIMIT", "no descriptors", "LimitNOFILE=", access_allowed, NULL, NULL},
	{"FD_READONLY", "buffer cannot be written", "fd_flags = O_RDWR | O_CLOEXEC", buffers_writable, NULL, NULL},
	{"LEN_TRUNCATED", "length cut to 32 bits", "request less than 4 GiB", NULL, NULL, "the fix is in the program, and this kernel cuts every length"},
	{"ABI_DEVIATION", "other errno", "report it", NULL, NULL, "only another kernel changes it"},
	{"NOT_ZEROED", "old data", "do not ship this kernel", booted, NULL, NULL},
	{"DATA_CORRUPT", "data corrupt", "compare the addresses of the area", owner_moved, NULL, NULL},
	{"NOT_CONTIGUOUS", "scattered pages", "report it", NULL, NULL, "only another kernel changes it"},
	{"NOT_FROM_CMA", "not from CMA", "check aliases", name_corrected, NULL, NULL},
	{"LEAK_CMA", "area leaks", "a driver holds an attachment", attachment_dropped, NULL, NULL},
	{"LEAK_FD", "descriptors leak", "update the kernel", kernel_updated, NULL, NULL},
	{"IMPORT_REFUSED", "device refuses", "whose area the device can reach", device_reaches, NULL, NULL},
	{"UDMABUF_UNUSABLE", "no udmabuf", "CONFIG_UDMABUF=y", udmabuf_built, NULL, NULL},
	{"LATENCY_EXCEEDED", "slow", "use a separate region", separate_region, NULL, NULL},
	{"COHERENCY_UNTESTED", "sync proves little", "test with the device", NULL, NULL, "a remark on a pass: no program can see the caches of a device"},
	{"KERNEL_OUT_OF_RANGE", "another kernel", "add the running kernel to the kernel range of the profile and generate again", generated_again,
	 "kernel since=5.4\n" HEAP_LINES, NULL},
	{"ARCHITECTURE_DIFFERS", "another architecture", "copy the verify.expect that was generated for this board", generated_again, "kernel since=5.10 arch=arm64\n" HEAP_LINES, NULL},
	{"PAGE_SIZE_DIFFERS", "another page size", "set board.pageSize in the profile and generate again", generated_again, "page bytes=4096\n" HEAP_LINES, NULL},
	{"CONFIG_DIFFERS", "another config", "merge the generated fragment and rebuild the kernel", booted, NULL, NULL},
};
enum { FIXES_COUNT = sizeof FIXES / sizeof *FIXES, NOT_APPLIED = 7 };

static void follow(const struct fix *f)
{
	char text[2048];
	const struct scenario *s = scenario_named(f->scenario);
	if (!CHECK(s && !strcmp(s->diagnosis, f->diagnosis), "%s: no scenario '%s' ends in it", f->diagnosis, f->scenario))
		return;
	scenario_run(s);
	const struct run_result *r = run_result(s->check, s->heap, f->diagnosis);
	CHECK(r && strstr(r->fix, f->says), "%s: the fix does not name '%s': %s", f->diagnosis, f->says, r ? r->fix : "no result");
	if (!f->apply)
		return;
	f->apply();
	snprintf(text, sizeof text, "%s%s", f->expect || s->expect ? "dmaheap-expect 1\n" : "", f->expect ? f->expect : s->expect ? s->expect : board_expectation);
	run(text, s->options);
	r = run_result(s->check, s->heap, NULL);
	CHECK(r && r->status == DH_PASS, "%s: after its fix %s is %s", f->diagnosis, s->check, run_text(s->check, s->heap));
	CHECK(!r || !*r->diagnosis || strcmp(r->diagnosis, f->diagnosis), "%s: after its fix %s still names it", f->diagnosis, s->check);
	CHECK(run_summary()->verdict == DH_VERDICT_PASS, "%s: after its fix the verdict is %s", f->diagnosis, dh_verdict_name(run_summary()->verdict));
	for (unsigned i = 0; run_summary()->verdict != DH_VERDICT_PASS && i < run_count(); i++)
		CHECK(run_at(i)->status == DH_PASS || run_at(i)->status == DH_SKIP, "%s: %s [%s] %s %s: %s", f->diagnosis, run_at(i)->id, run_at(i)->heap,
		      dh_status_name(run_at(i)->status), run_at(i)->diagnosis, run_at(i)->observed);
}

void test_fixes(void)
{
	unsigned not_applied = 0;
	for (unsigned i = 0; i < FIXES_COUNT; i++) {
		follow(&FIXES[i]);
		CHECK(!FIXES[i].apply == !!FIXES[i].why, "%s: applied, or a reason why not", FIXES[i].diagnosis);
		not_applied += !FIXES[i].apply;
	}
	CHECK(not_applied == NOT_APPLIED, "%u fixes are not applied", not_applied);
	for (const struct dh_diagnosis *d = dh_catalogue(); d->id; d++) {
		bool found = false;
		for (unsigned i = 0; i < FIXES_COUNT; i++)
			found |= !strcmp(FIXES[i].diagnosis, d->id);
		CHECK(found, "no fix is followed for %s", d->id);
	}
	fake_reset(test_root);
}
