#include "report.h"
#include "test.h"

void test_reports(void)
{
	struct dh_result r = {.id = "alloc.page", .heap = "linux,CMA x"};
	char name[64];
	report_name(name, sizeof name, &r);
	CHECK(!__builtin_strcmp(name, "alloc.page.linux_cma_x"), "%s", name);
	CHECK(!report_format("xml"), "an unknown format");
}
