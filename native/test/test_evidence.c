/* What proves where a buffer comes from, and what devices make of it. */
#include "fake_kernel.h"
#include "run.h"
#include "test.h"
#include "trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

static const char FORMAT[] = "name: cma_alloc_finish\nID: 77\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
			     "\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:unsigned long pfn;\toffset:16;\tsize:8;\tsigned:0;\n"
			     "\tfield:const struct page * page;\toffset:24;\tsize:8;\tsigned:0;\n\tfield:unsigned long count;\toffset:32;\tsize:8;\tsigned:0;\n";

static void board(void)
{
	fake_reset(test_root);
	fake_add_heap("linux,cma", fake_add_area(64 * MIB), 0660, 44);
	fake_add_heap("system", -1, 0660, 44);
	fake.no_frames = fake.not_counted = true;
}

static void run_board(const char *import)
{
	run("dmaheap-expect 1\narea name=linux,cma bytes=67108864 source=kconfig\nheap name=camera kind=cma area=linux,cma\n"
	    "node heap=camera name=linux,cma\nheap name=system kind=system\nnode heap=system name=system\n",
	    (struct dh_options){.import = import});
}

static void origin_is(const char *tier, const char *observed)
{
	run_board(NULL);
	const struct run_result *r = run_result("cma.origin", "camera", NULL);
	CHECK(r && r->status == DH_PASS && !strcmp(r->observed, observed), "%s: %s", tier, run_text("cma.origin", "camera"));
}

/* Each tier alone, the weakest first; a stronger one wins. Page frames and traces are root's. */
static void tiers(void)
{
	board();
	origin_is("CmaFree", "taken from CmaFree");
	fake.not_counted = false;
	origin_is("events", "counted by the CMA allocator");
	fake_file("/sys/kernel/debug/cma/linux,cma/count", "16384\n");
	fake_file("/sys/kernel/debug/cma/linux,cma/used", "");
	origin_is("the area's count", "allocated from its area");
	fake_file("/sys/kernel/tracing/events/cma/cma_alloc_finish/id", "77\n");
	fake_file("/sys/kernel/tracing/events/cma/cma_alloc_finish/format", FORMAT);
	origin_is("perf is refused", "allocated from its area");
	fake.traced_pages = 1024;
	origin_is("trace", "the allocator returned contiguous frames");
	fake.traced_pages = 1023; /* somebody else's allocation */
	origin_is("another event", "allocated from its area");
	fake.no_frames = false;
	origin_is("frames", "contiguous page frames");
}

static void records(void)
{
	struct trace_format format = {77, 16, 32, 8};
	struct cma_event event = {0, 0};
	unsigned char ring[128] = {9, 0, 0, 0, 0, 0, 56, 0, 44};
	const uint64_t frame = 0x5c000, failed = UINT64_MAX, pages = 256;
	memcpy(ring + 12 + 16, &frame, 8);
	memcpy(ring + 12 + 32, &pages, 8);
	CHECK(trace_find(&format, ring, 56, 256, &event) && event.frame == frame && event.pages == 256, "a record");
	CHECK(!trace_find(&format, ring, 55, 256, &event), "cut short");
	CHECK(!trace_find(&format, ring, 56, 255, &event), "another size");
	memcpy(ring + 56, ring, 56);
	memcpy(ring + 56 + 12 + 16, &failed, 8);
	CHECK(trace_find(&format, ring, 112, 256, &event) && event.frame == frame, "a failed attempt after a good one");
	ring[6] = 0;
	CHECK(!trace_find(&format, ring, 112, 256, &event), "a record of no length");
	board();
	CHECK(!trace_describe(fake.root, &format), "no tracing");
	fake_file("/sys/kernel/debug/tracing/events/cma/cma_alloc_finish/id", "9\n");
	fake_file("/sys/kernel/debug/tracing/events/cma/cma_alloc_finish/format", FORMAT);
	CHECK(trace_describe(fake.root, &format) && format.id == 9 && format.frame_at == 16 && format.count_at == 32 && format.word_bytes == 8, "format");
	fake_file("/sys/kernel/debug/tracing/events/cma/cma_alloc_finish/format", "field:char name;\toffset:8;\tsize:1;\n");
	CHECK(!trace_describe(fake.root, &format), "another format");
}

static void is(const char *what, const char *id, const char *heap, enum dh_status status, const char *diagnosis)
{
	const struct run_result *r = run_result(id, heap, NULL);
	CHECK(r && r->status == status && !strcmp(r->diagnosis, diagnosis), "%s: %s", what, run_text(id, heap));
}

static void devices(void)
{
	board();
	run_board(NULL);
	is("not asked", "import.device", "camera", DH_SKIP, "");
	is("not asked", "import.udmabuf", NULL, DH_SKIP, "");
	fake_file("/dev/dri/card0", "");
	run_board("/dev/dri/card0");
	is("imports", "import.device", "camera", DH_PASS, "");
	is("imports", "import.device", "system", DH_PASS, "");
	is("no udmabuf", "import.udmabuf", NULL, DH_SKIP, "");
	fake_file("/dev/udmabuf", "");
	run_board("/dev/dri/card0");
	is("both", "import.udmabuf", NULL, DH_PASS, "");
	run_board("/dev/udmabuf");
	is("udmabuf alone", "import.udmabuf", NULL, DH_PASS, "");
	is("udmabuf alone", "import.device", "camera", DH_SKIP, "");
	fake.import_error = EINVAL;
	run_board("/dev/dri/card0");
	is("refused", "import.device", "camera", DH_FAIL, "IMPORT_REFUSED");
	is("refused, but it may be scattered", "import.device", "system", DH_SKIP, "");
	fake.import_error = ENOSYS;
	run_board("/dev/dri/card0");
	is("no PRIME", "import.device", "camera", DH_SKIP, "");
	run_board("/dev/dri/card7");
	is("no such device", "import.device", "camera", DH_ERROR, "");
	fake_remove("/dev/udmabuf");
	run_board("/dev/udmabuf");
	is("no udmabuf", "import.udmabuf", NULL, DH_FAIL, "UDMABUF_UNUSABLE");
}

/* /proc/config.gz comes through the machine's own zcat. */
static void packed_config(void)
{
	char command[300];
	board();
	fake_file("/proc/config", "CONFIG_DMABUF_HEAPS=y\n# CONFIG_CMA is not set\n");
	snprintf(command, sizeof command, "gzip '%s/proc/config'", fake.root);
	CHECK(system(command) == 0, "gzip");
	run("dmaheap-expect 1\nconfig symbol=DMABUF_HEAPS value=y\nconfig symbol=CMA value=y\n", (struct dh_options){0});
	const struct run_result *r = run_result("kernel.config", NULL, "CONFIG_DIFFERS");
	CHECK(run_result("kernel.config", NULL, NULL)->status == DH_PASS && r && !strcmp(r->observed, "n"), "%s", run_text("kernel.config", NULL));
}

void test_evidence(void)
{
	packed_config();
	tiers();
	records();
	devices();
	fake_reset(test_root);
}
