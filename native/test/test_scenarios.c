/* Boards, board_healthy and broken: each fault must end in its own diagnosis, and a board_healthy board in none. */
#include "fake_kernel.h"
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boards.h"
#include "run.h"
#include "text.h"

#define MIB (UINT64_C(1) << 20)

const char board_expectation[] =
	"dmaheap-expect 1\n"
	"profile name=board\n"
	"kernel since=5.10 until=8.0\n"
	"config symbol=DMABUF_HEAPS value=y\n"
	"config symbol=DMABUF_HEAPS_CMA value=y\n"
	"cma total-bytes=67108864\n"
	"area name=linux,cma bytes=67108864 source=device-tree default=yes\n"
	"heap name=camera kind=cma area=linux,cma mode=0660 owner=root group=video\n"
	"node heap=camera name=linux,cma until=6.17\n"
	"node heap=camera name=default_cma_region since=6.17 module=cma_heap\n"
	"node heap=camera name=linux,cma since=6.17\n"
	"alias heap=camera name=camera\n"
	"user heap=camera name=cam\n"
	"budget heap=camera bytes=1048576 count=8\n"
	"heap name=system kind=system\n"
	"node heap=system name=system\n";

static void reserved_node(const char *property, const void *data, size_t size)
{
	char path[128];
	snprintf(path, sizeof path, "/proc/device-tree/reserved-memory/linux,cma/%s", property);
	fake_bytes(path, data, size);
}

void board_healthy(void)
{
	static const unsigned char two[] = {0, 0, 0, 2}, size[] = {0, 0, 0, 0, 4, 0, 0, 0};
	int area = fake_add_area(64 * MIB);
	fake_add_heap("linux,cma", area, 0660, 44);
	fake_add_heap("system", -1, 0660, 44);
	fake_link("/dev/dma_heap/camera", "linux,cma");
	fake_file("/boot/config-6.12.0", "CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CMA=y\n");
	fake_bytes("/proc/device-tree/reserved-memory/#address-cells", two, 4);
	fake_bytes("/proc/device-tree/reserved-memory/#size-cells", two, 4);
	fake_bytes("/proc/device-tree/reserved-memory/ranges", "", 0);
	fake_bytes("/proc/device-tree/#address-cells", two, 4);
	fake_bytes("/proc/device-tree/#size-cells", two, 4);
	reserved_node("size", size, 8);
	reserved_node("reusable", "", 0);
}

void board_healthy_7(void)
{
	board_healthy();
	snprintf(fake.release, sizeof fake.release, "7.3.4");
	fake_file("/boot/config-7.3.4", "CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CMA=y\n");
	fake_add_heap("default_cma_region", 0, 0660, 44);
	fake_file("/sys/kernel/mm/cma/linux,cma/total_pages", "16384\n");
	fake_file("/sys/kernel/mm/cma/linux,cma/available_pages", "16384\n");
}

void board_without_nodes(void)
{
	board_healthy();
	fake_remove("/dev/dma_heap");
}

void board_without_heaps(void)
{
	board_without_nodes();
	fake_remove("/sys/class/dma_heap");
	fake_file("/boot/config-6.12.0", "CONFIG_MMU=y\n# CONFIG_DMABUF_HEAPS is not set\n");
}

void board_without_module(void)
{
	board_healthy_7();
	fake_remove("/dev/dma_heap");
	fake_remove("/sys/class/dma_heap");
	fake_file("/lib/modules/7.3.4/modules.dep", "kernel/drivers/dma-buf/heaps/cma_heap.ko.xz:\n");
}

static void module_not_installed(void)
{
	board_without_module();
	fake_remove("/lib/modules");
	fake_file("/boot/config-7.3.4", "CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CMA=m\n");
}

static void node_removed(void)
{
	board_healthy();
	fake_remove("/dev/dma_heap/linux,cma");
}

static void renamed(void)
{
	board_healthy();
	fake_remove("/dev/dma_heap/linux,cma");
	fake_remove("/sys/class/dma_heap/linux,cma");
	fake_add_heap("default_cma_region", 0, 0660, 44);
	fake_file("/sys/kernel/debug/cma/linux,cma/count", "16384\n");
}

static void heap_absent(void)
{
	renamed();
	fake_remove("/dev/dma_heap/default_cma_region");
}

static void not_a_heap(void)
{
	board_healthy();
	fake.heap[0].regular = true;
}

static void folklore(void)
{
	board_healthy();
	fake_file("/dev/dma-buf", "");
}

static void no_alias(void)
{
	board_healthy();
	fake_remove("/dev/dma_heap/camera");
}

static void wrong_alias(void)
{
	no_alias();
	fake_link("/dev/dma_heap/camera", "system");
}

static void default_mode(void)
{
	board_healthy();
	fake.heap[0].mode = 0600;
	fake.heap[0].gid = 0;
}

static void rule_not_applied(void)
{
	default_mode();
	fake_file("/etc/udev/rules.d/70-dmaheap.rules", "# heaps\nSUBSYSTEM==\"dma_heap\", GROUP=\"video\", MODE=\"0660\"\n");
}

static void rule_late(void)
{
	board_healthy();
	fake.late_opens = 6;
}

static void wrong_mode(void)
{
	board_healthy();
	fake.heap[0].mode = 0640;
}

static void world(void)
{
	board_healthy();
	fake.heap[0].mode = 0664;
}

static void wrong_owner(void)
{
	board_healthy();
	fake.heap[0].uid = 1000;
}

static void wrong_group(void)
{
	board_healthy();
	fake.heap[0].gid = 1001;
}

static void no_group(void)
{
	board_healthy();
	fake.heap[0].gid = 0;
	fake_file("/etc/group", "root:x:0:\n");
}

static void no_user(void)
{
	board_healthy();
	fake_file("/etc/passwd", "root:x:0:0::/:/bin/sh\n");
}

static void not_in_group(void)
{
	board_healthy();
	fake_file("/etc/group", "root:x:0:\nvideo:x:44:\n");
}

static void stale_login(void)
{
	board_healthy();
	fake.uid = 1000;
	fake.gid = 1000;
}

static void denied_by_cgroup(void)
{
	board_healthy();
	fake.heap[0].open_error = EPERM;
}

static void denied_by_policy(void)
{
	board_healthy();
	fake.heap[0].open_error = EACCES;
}

static void no_descriptors(void)
{
	board_healthy();
	fake.heap[0].open_error = EMFILE;
}

static void no_cma(void)
{
	board_healthy();
	fake.no_meminfo_cma = true;
	fake_remove("/dev/dma_heap/linux,cma");
	fake_remove("/sys/class/dma_heap/linux,cma");
}

static void cma_gone(void)
{
	board_healthy();
	fake.area[0].bytes = 0;
	fake_remove("/dev/dma_heap/linux,cma");
	fake_remove("/sys/class/dma_heap/linux,cma");
}

static void cma_0(void)
{
	cma_gone();
	fake_file("/proc/cmdline", "quiet cma=0 console=ttyS0\n");
}

static void cma_too_large(void)
{
	cma_gone();
	fake_file("/proc/cmdline", "cma=2G\n");
}

/* The kernel made its configured default area instead, of the same size: only the name tells. */
static void fallback(void)
{
	board_healthy();
	fake_remove("/dev/dma_heap/linux,cma");
	fake_remove("/sys/class/dma_heap/linux,cma");
	fake_add_heap("reserved", 0, 0660, 44);
}

static void overridden(void)
{
	fallback();
	fake.area[0].bytes = 48 * MIB;
	fake_file("/proc/cmdline", "cma=48M\n");
}

static void dt_node_missing(void)
{
	fallback();
	fake_remove("/proc/device-tree/reserved-memory/linux,cma");
}

static void dt_node_disabled(void)
{
	fallback();
	reserved_node("status", "disabled", 9);
}

static void dt_not_reusable(void)
{
	fallback();
	fake_remove("/proc/device-tree/reserved-memory/linux,cma/reusable");
}

static void dt_no_map(void)
{
	fallback();
	reserved_node("no-map", "", 0);
}

static void dt_misaligned(void)
{
	fallback();
	fake_file("/dev/kmsg", "3,2,0,-;Reserved memory: incorrect alignment of CMA region\n");
}

static void dt_cells(void)
{
	fallback();
	reserved_node("size", "\4\0\0\0", 4);
}

static void dt_no_space(void)
{
	fallback();
	fake_file("/dev/kmsg", "3,2,0,-;OF: reserved mem: failed to allocate memory for node 'linux,cma': size 2048 MiB\n");
}

static void dt_no_slots(void)
{
	fallback();
	fake_file("/dev/kmsg", "3,2,0,-;cma: Not enough slots for CMA reserved regions!\n");
}

static void fallback_without_tree(void)
{
	board_healthy_7();
	fake_remove("/proc/device-tree");
	fake_remove("/sys/kernel/mm/cma");
	fake_file("/sys/kernel/mm/cma/reserved/total_pages", "8192\n");
}

static void other_size(void)
{
	board_healthy();
	fake.area[0].bytes = 32 * MIB;
}

static void dead_heap(void)
{
	board_healthy_7();
	fake.area[0].largest = 1;
	fake.meminfo_total = 0;
}

static void dead_area(void)
{
	board_healthy_7();
	fake_file("/sys/kernel/mm/cma/linux,cma/total_pages", "0\n");
}

static void exhausted(void)
{
	board_healthy();
	fake.area[0].used = fake.area[0].bytes;
}

static void fragmented(void)
{
	board_healthy();
	fake.area[0].largest = 256 << 10;
}

static void memory_low(void)
{
	board_healthy();
	fake.heap[1].ioctl_error = ENOMEM;
}

static void charged(void)
{
	memory_low();
	fake_file("/sys/module/dma_heap/parameters/mem_accounting", "Y\n");
}

static void truncated(void)
{
	board_healthy();
	fake.truncate = true;
}

static void deviating(void)
{
	board_healthy();
	fake.wrong_errno = true;
}

static void short_flags(void)
{
	board_healthy();
	fake.short_flags = true;
}

static void old_data(void)
{
	board_healthy();
	fake.dirty = true;
}

/* A consumer's habit, forced on the verifier: every buffer is read-only. */
static void read_only_buffers(void)
{
	board_healthy();
	fake.read_only = true;
}

static void corrupt(void)
{
	board_healthy();
	fake.corrupt = true;
}

static void busy(void)
{
	board_healthy();
	fake.busy_times = 1;
}

static void small_area(void)
{
	board_healthy();
	fake.area[0].bytes = 4 * MIB;
}

static void scattered(void)
{
	board_healthy();
	fake.scattered = true;
}

/* The system heap under a CMA heap's name. */
static void not_from_cma(void)
{
	board_healthy();
	fake.heap[0].area = -1;
	fake.no_frames = true;
}

static void counted_nowhere(void)
{
	board_healthy();
	fake.not_counted = fake.no_frames = true;
}

static void leaking_area(void)
{
	board_healthy();
	fake_file("/sys/kernel/debug/cma/linux,cma/count", "16384\n");
	fake_file("/sys/kernel/debug/cma/linux,cma/used", "");
	fake.leaks_area = true;
}

static void leaking_descriptors(void)
{
	board_healthy();
	fake.leaks_fd = true;
}

static void slow(void)
{
	board_healthy();
	fake.slow_us = 300;
}

static void device_refuses(void)
{
	board_healthy();
	fake_file("/dev/dri/card0", "");
	fake.import_error = 22;
}

static void without_sockets(void)
{
	board_healthy();
	fake.no_sockets = true;
}

static void old_kernel(void)
{
	board_healthy();
	snprintf(fake.release, sizeof fake.release, "5.4.200");
}

/* The heap is in sysfs, its node was not passed in. */
static void in_docker(void)
{
	board_without_nodes();
	fake_file("/.dockerenv", "");
}

static void in_kubernetes(void)
{
	node_removed();
	fake_file("/proc/self/cgroup", "12:devices:/kubepods/besteffort/pod1\n");
}

static void private_devices(void)
{
	board_without_nodes();
	fake_file("/proc/self/cgroup", "0::/system.slice/camera.service\n");
	fake_file("/proc/self/mountinfo", "30 1 8:1 / / rw - ext4 /dev/root rw\n31 30 0:5 / /dev ro,nosuid - tmpfs tmpfs rw\n");
}

static void user_namespace(void)
{
	board_without_nodes();
	fake_file("/proc/self/uid_map", "         0       1000          1\n");
}

static void open_directory(void)
{
	board_healthy();
	fake.directory_mode = 0777;
}

static void directory_of_a_user(void)
{
	board_healthy();
	fake.directory_uid = 1000;
}

static void before_udev(void)
{
	default_mode();
	fake_file("/run/udev/control", "");
}

static void before_udev_as_the_user(void)
{
	before_udev();
	fake.uid = fake.gid = 1000;
}

static void before_udev_without_aliases(void)
{
	no_alias();
	fake_file("/run/udev/control", "");
}

static void after_udev(void)
{
	default_mode();
	fake_file("/run/udev/control", "");
	fake_file("/run/udev/data/c254:0", "I:1\n");
}

/* The record is that of the initramfs. */
static void before_udev_of_the_root(void)
{
	after_udev();
	fake_file("/run/udev/queue", "");
}

static void alias_leads_out(void)
{
	no_alias();
	fake_link("/dev/dma_heap/camera", "../../elsewhere/linux,cma");
}

static void alias_through_a_directory(void)
{
	no_alias();
	fake_link("/dev/dma_heap/camera", "/dev/char/../dma_heap/linux,cma");
	fake_file("/dev/char/1", "");
}

static void parent_of_one_cell(void)
{
	static const unsigned char one[] = {0, 0, 0, 1};
	fallback();
	fake_bytes("/proc/device-tree/reserved-memory/#size-cells", one, 4);
}

static void parent_without_ranges(void)
{
	fallback();
	fake_remove("/proc/device-tree/reserved-memory/ranges");
}

static void reg_of_three_cells(void)
{
	fallback();
	fake_remove("/proc/device-tree/reserved-memory/linux,cma/size");
	reserved_node("reg", "\0\0\0\0\100\0\0\0\4\0\0\0", 12);
}

static void refused_in_the_log(void)
{
	fallback();
	fake_file("/dev/kmsg", "3,2,0,-;OF: reserved mem: invalid size property in 'linux,cma' node.\n");
}

static void held_by_root(void)
{
	exhausted();
	fake_file("/proc/12/comm", "greedy\n");
	fake_file("/proc/12/fdinfo/3", "pos:\t0\nflags:\t02\nino:\t7\nsize:\t67108864\ncount:\t2\nexp_name:\tlinux,cma\n");
}

#define HEAP_LINES "heap name=camera kind=cma\nnode heap=camera name=linux,cma\n"

static const struct scenario SCENARIOS[] = {
	{"no heap support", board_without_heaps, "heap.support", NULL, "HEAP_SUPPORT_MISSING", NULL, {0}},
	{"module not loaded", board_without_module, "heap.support", NULL, "HEAP_MODULE_NOT_LOADED", NULL, {0}},
	{"module nobody names", board_without_module, "heap.support", NULL, "HEAP_MODULE_NOT_LOADED", HEAP_LINES, {0}},
	{"module not installed", module_not_installed, "heap.support", NULL, "HEAP_MODULE_NOT_LOADED",
	 "config symbol=DMABUF_HEAPS_CMA value=m\n" HEAP_LINES, {0}},
	{"no CMA, its heap alone", board_without_cma, "heap.support", NULL, "CMA_DISABLED_CMDLINE", NULL, {0}},
	{"no devtmpfs", board_without_nodes, "heap.support", NULL, "DEVTMPFS_MISSING", NULL, {0}},
	{"node removed", node_removed, "heap.node", "camera", "HEAP_NODE_REMOVED", NULL, {0}},
	{"vendor's name on an old kernel", renamed, "heap.node", "camera", "HEAP_RENAMED", NULL, {0}},
	{"no node of any name", heap_absent, "heap.node", "camera", "HEAP_ABSENT", NULL, {0}},
	{"vendor heap", board_healthy, "heap.node", "isp", "VENDOR_HEAP_ABSENT", "heap name=isp kind=vendor\nnode heap=isp name=isp-heap\n", {0}},
	{"heap that must not be", board_healthy, "heap.node", "camera", "HEAP_UNEXPECTED",
	 "heap name=camera kind=cma presence=absent\nnode heap=camera name=linux,cma\n", {0}},
	{"file instead of a node", not_a_heap, "heap.node", "camera", "NODE_NOT_A_HEAP", NULL, {0}},
	{"/dev/dma-buf", folklore, "dev.hand-made", NULL, "FOLKLORE_DMA_BUF_NODE", NULL, {0}},
	{"alias missing", no_alias, "heap.alias", "camera", "SYMLINK_RULE_MISSING", NULL, {0}},
	{"alias to another heap", wrong_alias, "heap.alias", "camera", "SYMLINK_WRONG_TARGET", NULL, {0}},
	{"kernel's own mode", default_mode, "heap.permissions", "camera", "PERM_DEFAULT_0600", NULL, {0}},
	{"rule not applied", rule_not_applied, "heap.permissions", "camera", "RULE_NOT_APPLIED", NULL, {0}},
	{"rule late", rule_late, "heap.permissions", "camera", "RULE_LATE", NULL, {.wait_ms = 1000}},
	{"wrong mode", wrong_mode, "heap.permissions", "camera", "PERM_MODE_WRONG", NULL, {0}},
	{"world access", world, "heap.permissions", "camera", "PERM_WORLD_ACCESS", NULL, {0}},
	{"wrong owner", wrong_owner, "heap.permissions", "camera", "PERM_OWNER_WRONG", NULL, {0}},
	{"wrong group", wrong_group, "heap.permissions", "camera", "PERM_GROUP_WRONG", NULL, {0}},
	{"no such group", no_group, "heap.permissions", "camera", "GROUP_MISSING", NULL, {0}},
	{"no such user", no_user, "open.user", "camera", "USER_MISSING", NULL, {0}},
	{"user not in group", not_in_group, "open.user", "camera", "USER_NOT_IN_GROUP", NULL, {0}},
	{"consumer not in group", board_healthy, "open.consumer", "camera", "USER_NOT_IN_GROUP", NULL, {.as = "guest"}},
	{"consumer with groups", board_healthy, "open.consumer", "camera", NULL, NULL, {.as = "guest:video"}},
	{"user namespace, the node", board_in_namespace, "open.read-only", "camera", "GROUP_NOT_MAPPED", NULL, {0}},
	{"stale login", stale_login, "open.read-only", "camera", "LOGIN_STALE", NULL, {0}},
	{"device cgroup", denied_by_cgroup, "open.read-only", "camera", "CGROUP_DEVICE_DENIED", NULL, {0}},
	{"security module", denied_by_policy, "open.read-only", "camera", "MAC_DENIED", NULL, {0}},
	{"no descriptors", no_descriptors, "open.read-only", "camera", "FD_LIMIT", NULL, {0}},
	{"no CMA in the kernel", no_cma, "cma.total", NULL, "CMA_NOT_CONFIGURED", NULL, {0}},
	{"cma=0", cma_0, "cma.total", NULL, "CMA_DISABLED_CMDLINE", NULL, {0}},
	{"cma=0, the heap", cma_0, "heap.node", "camera", "CMA_DISABLED_CMDLINE", NULL, {0}},
	{"cma=2G", cma_too_large, "cma.total", NULL, "CMA_CMDLINE_FAILED", NULL, {0}},
	{"cma=48M over the tree", overridden, "cma.total", NULL, "CMA_CMDLINE_OVERRIDES_DT", NULL, {0}},
	{"overlay not applied", dt_node_missing, "heap.node", "camera", "CMA_DT_NODE_MISSING", NULL, {0}},
	{"node disabled", dt_node_disabled, "heap.node", "camera", "CMA_DT_NODE_DISABLED", NULL, {0}},
	{"node not reusable", dt_not_reusable, "heap.node", "camera", "CMA_DT_NOT_REUSABLE", NULL, {0}},
	{"node no-map", dt_no_map, "heap.node", "camera", "CMA_DT_REJECTED_NOMAP", NULL, {0}},
	{"node misaligned", dt_misaligned, "heap.node", "camera", "CMA_DT_REJECTED_ALIGN", NULL, {0}},
	{"node with one cell", dt_cells, "heap.node", "camera", "CMA_DT_REJECTED_CELLS", NULL, {0}},
	{"no space for the node", dt_no_space, "heap.node", "camera", "CMA_DT_REJECTED_SPACE", NULL, {0}},
	{"no slot for the node", dt_no_slots, "heap.node", "camera", "CMA_DT_REJECTED_SLOTS", NULL, {0}},
	{"node rejected, no log", fallback, "heap.node", "camera", "CMA_DT_REJECTED", NULL, {0}},
	{"fallback seen in sysfs", fallback_without_tree, "area.size", NULL, "CMA_FALLBACK_KCONFIG", NULL, {0}},
	{"another size", other_size, "cma.total", NULL, "CMA_SIZE_MISMATCH", NULL, {0}},
	{"sum of two areas", other_size, "cma.total", NULL, "CMA_TOTAL_AMBIGUOUS",
	 "cma total-bytes=100663296\narea name=linux,cma bytes=67108864 source=kconfig\narea name=b bytes=33554432 source=kconfig\n" HEAP_LINES, {0}},
	{"area of 0 bytes", dead_area, "area.size", NULL, "CMA_AREA_NOT_ACTIVATED", NULL, {0}},
	{"dead heap, its total", dead_heap, "cma.total", NULL, "CMA_AREA_NOT_ACTIVATED", NULL, {0}},
	{"dead heap", dead_heap, "alloc.page", "camera", "CMA_AREA_NOT_ACTIVATED", NULL, {0}},
	{"exhausted", exhausted, "alloc.page", "camera", "CMA_EXHAUSTED", NULL, {0}},
	{"fragmented", fragmented, "alloc.sizes", "camera", "CMA_FRAGMENTED", NULL, {0}},
	{"memory exhausted", memory_low, "alloc.page", "system", "MEMORY_EXHAUSTED", NULL, {0}},
	{"memory charged", charged, "alloc.page", "system", "MEMCG_CHARGED", NULL, {0}},
	{"length cut to 32 bits", truncated, "alloc.sizes", "camera", "LEN_TRUNCATED", NULL, {0}},
	{"other errno", deviating, "alloc.bad-arguments", "camera", "ABI_DEVIATION", NULL, {0}},
	{"heap_flags cut to 32 bits", short_flags, "alloc.bad-arguments", "camera", NULL, NULL, {0}},
	{"old data", old_data, "buffer.zeroed", "camera", "NOT_ZEROED", NULL, {0}},
	{"buffer cannot be written", read_only_buffers, "buffer.data", "camera", "FD_READONLY", NULL, {0}},
	{"busy for a moment", busy, "alloc.page", "camera", "CMA_TRANSIENT_BUSY", NULL, {0}},
	{"budget larger than the area", small_area, "alloc.budget", "camera", "CMA_TOO_SMALL_FOR_BUDGET", NULL, {0}},
	{"budget, area in use", exhausted, "alloc.page", "camera", "CMA_EXHAUSTED", NULL, {0}},
	{"scattered pages", scattered, "cma.origin", "camera", "NOT_CONTIGUOUS", NULL, {0}},
	{"not from CMA", not_from_cma, "cma.origin", "camera", "NOT_FROM_CMA", NULL, {0}},
	{"seen by CmaFree alone", counted_nowhere, "cma.origin", "camera", NULL, NULL, {0}},
	{"area leaks", leaking_area, "heap.restored", "camera", "LEAK_CMA", NULL, {0}},
	{"descriptors leak", leaking_descriptors, "heap.restored", "camera", "LEAK_FD", NULL, {0}},
	{"slow", slow, "latency", "camera", "LATENCY_EXCEEDED",
	 HEAP_LINES "latency heap=camera operation=alloc bytes=4096 p50-ns=200000\n", {0}},
	{"device refuses", device_refuses, "import.device", "camera", "IMPORT_REFUSED", NULL, {.import = "/dev/dri/card0"}},
	{"no udmabuf", board_healthy, "import.udmabuf", NULL, "UDMABUF_UNUSABLE", NULL, {.import = "/dev/udmabuf"}},
	{"largest piece", fragmented, "cma.largest", "camera", "CMA_FRAGMENTED", NULL, {0}},
	{"data corrupt", corrupt, "buffer.data", "camera", "DATA_CORRUPT", NULL, {0}},
	{"sync proves little", board_healthy, "buffer.sync", "camera", "COHERENCY_UNTESTED", NULL, {0}},
	{"another kernel", old_kernel, "kernel.version", NULL, "KERNEL_OUT_OF_RANGE", NULL, {0}},
	{"docker", in_docker, "heap.support", NULL, "CONTAINER_DEVICE_MISSING", NULL, {0}},
	{"docker, the heap", in_docker, "heap.node", "camera", "CONTAINER_DEVICE_MISSING", NULL, {0}},
	{"one of two nodes in a pod", in_kubernetes, "heap.node", "camera", "CONTAINER_DEVICE_MISSING", NULL, {0}},
	{"PrivateDevices=", private_devices, "heap.support", NULL, "CONTAINER_DEVICE_MISSING", NULL, {0}},
	{"user namespace", user_namespace, "heap.support", NULL, "CONTAINER_DEVICE_MISSING", NULL, {0}},
	{"directory open to all", open_directory, "dev.directory", NULL, "PERM_DIRECTORY_OPEN", NULL, {0}},
	{"directory of a user", directory_of_a_user, "dev.directory", NULL, "PERM_DIRECTORY_OPEN", NULL, {0}},
	{"before udev", before_udev, "heap.permissions", "camera", "UDEV_PENDING", NULL, {0}},
	{"before udev of the root file system", before_udev_of_the_root, "heap.permissions", "camera", "UDEV_PENDING", NULL, {0}},
	{"before udev, the user", before_udev_as_the_user, "open.read-only", "camera", "UDEV_PENDING", NULL, {0}},
	{"before udev, the alias", before_udev_without_aliases, "heap.alias", "camera", "UDEV_PENDING", NULL, {0}},
	{"after udev", after_udev, "heap.permissions", "camera", "PERM_DEFAULT_0600", NULL, {0}},
	{"alias leads out", alias_leads_out, "heap.alias", "camera", "SYMLINK_WRONG_TARGET", NULL, {0}},
	{"alias by a long way", alias_through_a_directory, "heap.alias", "camera", NULL, NULL, {0}},
	{"parent of one cell", parent_of_one_cell, "cma.total", NULL, NULL, NULL, {0}},
	{"parent of one cell, the area", parent_of_one_cell, "area.size", NULL, "CMA_DT_REJECTED_CELLS", NULL, {0}},
	{"parent without ranges", parent_without_ranges, "area.size", NULL, "CMA_DT_REJECTED_CELLS", NULL, {0}},
	{"reg of three cells", reg_of_three_cells, "area.size", NULL, "CMA_DT_REJECTED_CELLS", NULL, {0}},
	{"cells, by the log", refused_in_the_log, "heap.node", "camera", "CMA_DT_REJECTED_CELLS", NULL, {0}},
	{"held by somebody else", held_by_root, "alloc.page", "camera", "CMA_EXHAUSTED", NULL, {0}},
	{"another architecture", board_healthy, "kernel.architecture", NULL, "ARCHITECTURE_DIFFERS", "kernel since=5.10 arch=riscv64\n" HEAP_LINES, {0}},
	{"this architecture", board_healthy, "kernel.architecture", NULL, NULL, "kernel since=5.10 arch=arm64\n" HEAP_LINES, {0}},
	{"another page size", board_healthy, "kernel.page-size", NULL, "PAGE_SIZE_DIFFERS", "page bytes=1234\n" HEAP_LINES, {0}},
	{"another config", board_without_heaps, "kernel.config", NULL, "CONFIG_DIFFERS", NULL, {0}},
};

const struct scenario *scenario_named(const char *name)
{
	for (unsigned i = 0; i < sizeof SCENARIOS / sizeof *SCENARIOS; i++)
		if (!strcmp(SCENARIOS[i].name, name))
			return &SCENARIOS[i];
	return NULL;
}

void scenario_run(const struct scenario *s)
{
	char text[2048];
	fake_reset(test_root);
	s->arrange();
	snprintf(text, sizeof text, "%s%s", s->expect ? "dmaheap-expect 1\n" : "", s->expect ? s->expect : board_expectation);
	run(text, s->options);
}

static void judge(const struct scenario *s)
{
	const struct run_result *r = run_result(s->check, s->heap, s->diagnosis);
	if (s->diagnosis)
		CHECK(r, "%s: %s does not end in %s but in %s", s->name, s->check, s->diagnosis, run_text(s->check, s->heap));
	else
		CHECK(run_result(s->check, s->heap, NULL) && run_result(s->check, s->heap, NULL)->status == DH_PASS, "%s: %s", s->name, run_text(s->check, s->heap));
}

static void every_diagnosis_has_a_board(void)
{
	for (const struct dh_diagnosis *d = dh_catalogue(); d->id; d++) {
		bool found = false;
		for (unsigned i = 0; i < sizeof SCENARIOS / sizeof *SCENARIOS; i++)
			found |= SCENARIOS[i].diagnosis && !strcmp(SCENARIOS[i].diagnosis, d->id);
		CHECK(found, "no scenario ends in %s", d->id);
	}
}

static bool collect(void *context, const char *data, size_t length)
{
	char *text = context;
	size_t used = strlen(text);
	memcpy(text + used, data, length);
	text[used + length] = 0;
	return used + length < 8000;
}

/* Two processes hold one buffer, one of them a second one that is read-only. */
static void owners(void)
{
	static char text[9216];
	struct output out = {.write = collect, .context = text};
	fake_reset(test_root);
	board_healthy();
	fake_file("/proc/12/comm", "camera\n");
	fake_file("/proc/12/fdinfo/3", "pos:\t0\nflags:\t02000002\nino:\t7\nsize:\t4096\ncount:\t2\nexp_name:\tlinux,cma\n");
	fake_file("/proc/12/fdinfo/4", "pos:\t0\nflags:\t02000000\nino:\t8\nsize:\t8192\ncount:\t1\nexp_name:\tlinux,cma\n");
	fake_file("/proc/12/fdinfo/5", "pos:\t0\nflags:\t02\nmnt_id:\t9\n");
	fake_file("/proc/13/comm", "codec\n");
	fake_file("/proc/13/fdinfo/9", "pos:\t0\nflags:\t02000002\nino:\t7\nsize:\t4096\ncount:\t2\nexp_name:\tlinux,cma\n");
	fake_file("/proc/irq/12", "");
	text[0] = 0;
	CHECK(dh_owners(fake.root, &out, true, &(struct dh_error){0}) == DH_VERDICT_PASS, "owners");
	CHECK(strstr(text, "{\"pid\":12,\"process\":\"camera\",\"exporter\":\"linux,cma\",\"buffers\":2,\"bytes\":12288,\"readOnly\":1,\"diagnosis\":\"FD_READONLY\"}"), "%s", text);
	CHECK(strstr(text, "{\"pid\":13,\"process\":\"codec\",\"exporter\":\"linux,cma\",\"buffers\":1,\"bytes\":4096,\"readOnly\":0,\"diagnosis\":null}"), "%s", text);
	CHECK(strstr(text, "\"buffers\":2,\"bytes\":12288,\"complete\":true"), "one buffer is counted once: %s", text);
	text[0] = 0;
	CHECK(dh_bench(&(struct dh_options){.root = fake.root}, &out, true, &(struct dh_error){0}) == DH_VERDICT_PASS, "bench");
	CHECK(strstr(text, "{\"heap\":\"linux,cma\",\"bytes\":65536,\"operation\":\"touch\",\"p50Ns\":"), "%.300s", text);
}

/* No fault, no failure; nothing open, nothing held, and as many results as were planned. */
static void sound(const char *name, void (*arrange)(void), unsigned heaps)
{
	fake_reset(test_root);
	arrange();
	run(board_expectation, (struct dh_options){0});
	for (unsigned i = 0; i < run_count(); i++)
		CHECK(run_at(i)->status == DH_PASS || run_at(i)->status == DH_SKIP, "%s: %s [%s] %s: %s", name, run_at(i)->id, run_at(i)->heap,
		      dh_status_name(run_at(i)->status), run_at(i)->observed);
	CHECK(run_summary()->verdict == DH_VERDICT_PASS && run_summary()->probed == heaps, "%s: verdict %d, %u heaps", name, run_summary()->verdict,
	      run_summary()->probed);
	CHECK(run_planned() == run_count(), "%s: planned %u, ran %u", name, run_planned(), run_count());
	for (int i = 0; i < fake.areas; i++)
		CHECK(fake.area[i].used == 0, "%s: %llu bytes held", name, (unsigned long long)fake.area[i].used);
}

static void nothing(void)
{
}

static void verdicts(void)
{
	fake_reset(test_root);
	run(NULL, (struct dh_options){0});
	CHECK(run_summary()->verdict == DH_VERDICT_NOTHING_TESTABLE, "no heaps, no expectation: %d", run_summary()->verdict);
	fake_reset(test_root);
	board_healthy();
	run(NULL, (struct dh_options){0});
	CHECK(run_summary()->verdict == DH_VERDICT_PASS && run_summary()->probed == 2, "no expectation: %d", run_summary()->verdict);
	fake_reset(test_root);
	nothing();
	run("dmaheap-expect 1\nheap name=a kind=cma presence=absent\nnode heap=a name=a\n", (struct dh_options){0});
	CHECK(run_summary()->verdict == DH_VERDICT_PASS, "a heap that must be absent is absent: %d", run_summary()->verdict);
	fake_reset(test_root);
	nothing();
	run("dmaheap-expect 1\nheap name=a kind=cma presence=optional\nnode heap=a name=a\n", (struct dh_options){0});
	CHECK(run_summary()->verdict == DH_VERDICT_NOTHING_TESTABLE, "only optional heaps, none there: %d", run_summary()->verdict);
}

void test_scenarios(void)
{
	sound("healthy 6.12", board_healthy, 2);
	sound("healthy 7.3", board_healthy_7, 2);
	sound("without sockets", without_sockets, 2);
	verdicts();
	for (unsigned i = 0; i < sizeof SCENARIOS / sizeof *SCENARIOS; i++) {
		scenario_run(&SCENARIOS[i]);
		judge(&SCENARIOS[i]);
	}
	every_diagnosis_has_a_board();
	owners();
	fake_reset(test_root);
}
