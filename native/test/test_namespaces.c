/* User namespaces show what they do not map as one number, which is compared with nothing: neither a failure nor a pass comes of it. */
#include "fake_kernel.h"
#include "test.h"

#include <string.h>

#include "boards.h"
#include "run.h"

enum { NOBODY = 65534, MAPPED = 2000 };

static void map(const char *text)
{
	fake_file("/proc/self/uid_map", text);
	fake_file("/proc/self/gid_map", text);
	fake_file("/proc/sys/kernel/overflowuid", "65534\n");
	fake_file("/proc/sys/kernel/overflowgid", "65534\n");
}

void board_in_namespace(void)
{
	board_healthy();
	map("         0     100000       2000\n");
	fake.mapped = MAPPED;
	fake.heap[0].uid = fake.heap[0].gid = NOBODY;
}

static void kept_group(void)
{
	board_in_namespace();
	fake.groups[fake.group_count++] = NOBODY;
}

static void owner_mapped(void)
{
	board_in_namespace();
	fake.heap[0].uid = 0;
}

static void wrong_owner_mapped(void)
{
	board_in_namespace();
	fake.heap[0].uid = 1000;
}

static void group_mapped(void)
{
	board_in_namespace();
	fake.heap[0].gid = 44;
}

static void user_unmapped(void)
{
	board_in_namespace();
	map("         0     100000       100\n");
	fake.mapped = 100;
}

static void whole_in_two_lines(void)
{
	board_in_namespace();
	map("0 0 1000\n1000 1000 4294966295\n");
	fake.mapped = 0;
}

static void another_number(void)
{
	board_in_namespace();
	fake_file("/proc/sys/kernel/overflowuid", "4000\n");
	fake_file("/proc/sys/kernel/overflowgid", "4000\n");
	fake.heap[0].uid = fake.heap[0].gid = 4000;
	fake.heap[0].open_error = 13;
}

static void open_to_all(void)
{
	board_in_namespace();
	fake.heap[0].mode = 0666;
}

static void another_mode(void)
{
	board_in_namespace();
	fake.heap[0].mode = 0640;
}

static void no_group_inside(void)
{
	board_in_namespace();
	fake_file("/etc/group", "root:x:0:\n");
}

static void nobody_is_wanted(void)
{
	board_in_namespace();
	fake_file("/etc/group", "root:x:0:\nvideo:x:65534:\n");
}

static void directory_of_nobody(void)
{
	board_in_namespace();
	fake.directory_uid = NOBODY;
}

static void directory_of_the_user_nobody(void)
{
	board_healthy();
	fake.directory_uid = NOBODY;
}

static void root_without_capability(void)
{
	board_healthy();
	fake_file("/proc/self/status", "Name:\tx\nCapEff:\t00000000a80425f9\n");
	fake.heap[0].uid = 1000;
	fake.heap[0].open_error = 13;
}

static void root_with_capability(void)
{
	root_without_capability();
	fake_file("/proc/self/status", "Name:\tx\nCapEff:\t00000000a80425fb\n");
}

static const struct {
	const char *name;
	void (*arrange)(void);
	const char *check;
	enum dh_status status;
	const char *diagnosis;
} CASES[] = {
	{"nothing mapped", board_in_namespace, "heap.permissions", DH_UNKNOWN, ""},
	{"nothing mapped", board_in_namespace, "open.read-only", DH_FAIL, "GROUP_NOT_MAPPED"},
	{"nothing mapped", board_in_namespace, "open.user", DH_FAIL, "GROUP_NOT_MAPPED"},
	{"a kept group", kept_group, "heap.permissions", DH_UNKNOWN, ""},
	{"a kept group", kept_group, "open.read-only", DH_PASS, ""},
	{"a kept group", kept_group, "open.user", DH_UNKNOWN, ""},
	{"the owner is mapped", owner_mapped, "heap.permissions", DH_UNKNOWN, ""},
	{"another owner is mapped", wrong_owner_mapped, "heap.permissions", DH_FAIL, "PERM_OWNER_WRONG"},
	{"the group is mapped", group_mapped, "heap.permissions", DH_UNKNOWN, ""},
	{"the group is mapped", group_mapped, "open.user", DH_PASS, ""},
	{"the user is not mapped", user_unmapped, "open.user", DH_UNKNOWN, ""},
	{"a map of all ids", whole_in_two_lines, "heap.permissions", DH_FAIL, "PERM_GROUP_WRONG"},
	{"another overflow id", another_number, "heap.permissions", DH_UNKNOWN, ""},
	{"another overflow id", another_number, "open.read-only", DH_FAIL, "GROUP_NOT_MAPPED"},
	{"open to all", open_to_all, "heap.permissions", DH_FAIL, "PERM_WORLD_ACCESS"},
	{"another mode", another_mode, "heap.permissions", DH_FAIL, "PERM_MODE_WRONG"},
	{"the group is not in the container's file", no_group_inside, "heap.permissions", DH_UNKNOWN, ""},
	{"the wanted group has nobody's number", nobody_is_wanted, "heap.permissions", DH_UNKNOWN, ""},
	{"the directory's owner is not mapped", directory_of_nobody, "dev.directory", DH_UNKNOWN, ""},
	{"the directory is the user nobody's", directory_of_the_user_nobody, "dev.directory", DH_FAIL, "PERM_DIRECTORY_OPEN"},
	{"root without CAP_DAC_OVERRIDE", root_without_capability, "open.read-only", DH_FAIL, "USER_NOT_IN_GROUP"},
	{"root with CAP_DAC_OVERRIDE", root_with_capability, "open.read-only", DH_FAIL, "MAC_DENIED"},
};

void test_namespaces(void)
{
	for (unsigned i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		fake_reset(test_root);
		CASES[i].arrange();
		run(board_expectation, (struct dh_options){0});
		const struct run_result *r = run_result(CASES[i].check, NULL, NULL);
		CHECK(r && r->status == CASES[i].status && !strcmp(r->diagnosis, CASES[i].diagnosis), "%s: %s is %s", CASES[i].name, CASES[i].check,
		      run_text(CASES[i].check, NULL));
		CHECK(run_summary()->verdict != DH_VERDICT_PASS && run_summary()->verdict != DH_VERDICT_PROBE_ERROR, "%s: verdict %d", CASES[i].name,
		      run_summary()->verdict);
	}
	fake_reset(test_root);
}
