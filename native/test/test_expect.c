#include "expect.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse(struct expect *e, const char *text, struct dh_error *error)
{
	memset(e, 0, sizeof *e);
	memset(error, 0, sizeof *error);
	size_t length = strlen(text);
	memcpy(e->text, text, length + 1);
	return expect_parse(e, length, error);
}

static void whole(struct expect *e)
{
	struct dh_error error;
	bool ok = parse(e,
			"dmaheap-expect 1\n"
			"# a comment\n"
			"\n"
			"profile name=a%20board%25%C3%A9 sha256=ab\n"
			"kernel since=5.10 until=7.4\n"
			"page bytes=4096\n"
			"cma total-bytes=134217728 slack-bytes=4096\n"
			"config symbol=DMABUF_HEAPS value=y\n"
			"area name=linux,cma bytes=134217728 source=device-tree default=yes\n"
			"heap name=camera kind=cma area=linux,cma mode=0660 owner=root group=video\n"
			"node heap=camera name=linux,cma until=6.17\n"
			"node heap=camera name=default_cma_region since=6.17 optional=yes module=cma_heap\n"
			"alias heap=camera name=cam\n"
			"user heap=camera name=cam groups=video,audio\n"
			"budget heap=camera bytes=3110400 count=6\n"
			"latency heap=camera operation=touch bytes=4096 p99-ns=5\n",
			&error);
	CHECK(ok, "%u: %s", error.line, error.message);
	CHECK(!strcmp(e->profile, "a board%\xc3\xa9"), "%s", e->profile);
	CHECK(e->has_kernel && e->kernel.since == (5 << 16 | 10) && e->kernel.until == (7 << 16 | 4), "kernel");
	CHECK(e->cma_total_bytes == 134217728 && e->cma_slack_bytes == 4096, "cma");
	CHECK(e->areas == 1 && e->area[0].is_default && !strcmp(e->area[0].dt_node, "linux,cma"), "area");
	CHECK(e->heap[0].mode == 0660 && e->heap[0].area == 0 && e->heap[0].kind == HEAP_CMA, "heap");
	CHECK(e->nodes == 2 && e->node[1].optional && !strcmp(e->node[1].module, "cma_heap"), "node");
	CHECK(expect_covers(e->node[0].range, 6, 16) && !expect_covers(e->node[0].range, 6, 17), "until is exclusive");
	CHECK(!expect_covers(e->node[1].range, 6, 16) && expect_covers(e->node[1].range, 6, 17), "since is inclusive");
	CHECK(e->latency[0].operation == OP_TOUCH && e->latency[0].p99_ns == 5 && !e->latency[0].p50_ns, "latency");
}

static void refusals(struct expect *e)
{
	static const struct { const char *text, *message; unsigned line; } bad[] = {
		{"", "not a text file", 1},
		{"dmaheap-expect 2\n", "the first line is not 'dmaheap-expect 1'", 1},
		{"dmaheap-expect 1\nheap name=a", "the last line has no line end (incomplete file?)", 1},
		{"dmaheap-expect 1\nhep name=a\n", "unknown keyword 'hep'", 2},
		{"dmaheap-expect 1\nheap name=a kind=cma colour=red\n", "'heap' has no key 'colour'", 2},
		{"dmaheap-expect 1\nheap name=a kind=cma name=b\n", "'name' stands twice", 2},
		{"dmaheap-expect 1\nheap name=a  kind=cma\n", "expected key=value after 'heap' (one space between words)", 2},
		{"dmaheap-expect 1\nheap name=a kind=cma \n", "expected key=value after 'heap' (one space between words)", 2},
		{"dmaheap-expect 1\nheap name=a kind=cow\n", "kind='cow' is not known", 2},
		{"dmaheap-expect 1\nheap kind=cma\n", "'heap' needs name=", 2},
		{"dmaheap-expect 1\nheap name= kind=cma\n", "'heap' needs name=", 2},
		{"dmaheap-expect 1\nheap name=a%0 kind=cma\n", "% must be followed by two hexadecimal digits (a literal % is %25)", 2},
		{"dmaheap-expect 1\nheap name=a%00 kind=cma\n", "%00 is not allowed in a value", 2},
		{"dmaheap-expect 1\nheap name=a\tb kind=cma\n", "byte 0x09 must be written %09", 2},
		{"dmaheap-expect 1\nheap name=\xc3\xa9 kind=cma\n", "byte 0xc3 must be written %C3", 2},
		{"dmaheap-expect 1\nheap name=a kind=cma mode=88\n", "mode='88' is not three or four octal digits", 2},
		{"dmaheap-expect 1\nheap name=a kind=cma mode=66\n", "mode='66' is not three or four octal digits", 2},
		{"dmaheap-expect 1\nheap name=a kind=cma area=b\n", "no area 'b' before this line", 2},
		{"dmaheap-expect 1\nnode heap=a name=b\n", "no heap 'a' before this line", 2},
		{"dmaheap-expect 1\nheap name=a kind=cma\nheap name=a kind=cma\n", "heap 'a' stands twice", 3},
		{"dmaheap-expect 1\nheap name=a kind=cma\nnode heap=a name=..%2Fb\n", "name='../b' is not a file name", 3},
		{"dmaheap-expect 1\nheap name=a kind=cma\nnode heap=a name=..\n", "name='..' is not a file name", 3},
		{"dmaheap-expect 1\nheap name=a kind=cma\nnode heap=a name=b since=6\n", "since='6' is not MAJOR.MINOR", 3},
		{"dmaheap-expect 1\nheap name=a kind=cma\nnode heap=a name=b since=-6.1\n", "since='-6.1' is not MAJOR.MINOR", 3},
		{"dmaheap-expect 1\nheap name=a kind=cma\nnode heap=a name=b since=6.1 until=6.1\n", "since is not before until", 3},
		{"dmaheap-expect 1\ncma total-bytes=0x10\n", "total-bytes='0x10' is not a decimal number below 2^64", 2},
		{"dmaheap-expect 1\ncma total-bytes=010\n", "total-bytes='010' is not a decimal number below 2^64", 2},
		{"dmaheap-expect 1\ncma total-bytes=18446744073709551616\n", "total-bytes='18446744073709551616' is not a decimal number below 2^64", 2},
		{"dmaheap-expect 1\ncma total-bytes=1 slack-bytes=1 or-more=yes\n", "slack-bytes= has no meaning with or-more=yes", 2},
		{"dmaheap-expect 1\nheap name=a kind=cma\nbudget heap=a bytes=9223372036854775808 count=2\n", "bytes times count is not a size", 3},
		{"dmaheap-expect 1\nheap name=a kind=cma\nlatency heap=a operation=alloc bytes=1\n", "'latency' needs p50-ns= or p99-ns=", 3},
	};
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct dh_error error;
		bool ok = parse(e, bad[i].text, &error);
		CHECK(!ok && !strcmp(error.message, bad[i].message) && error.line == bad[i].line, "case %u: %u: %s", i, error.line, error.message);
	}
}

/* The writer's rule, as native/README.md states it: any string comes back. */
static void round_trip(struct expect *e)
{
	for (unsigned byte = 1; byte < 256; byte++) {
		char line[128];
		struct dh_error error;
		snprintf(line, sizeof line, "dmaheap-expect 1\nprofile name=x%%%02Xy%%%02x\n", byte, byte);
		char want[] = {'x', (char)byte, 'y', (char)byte, 0};
		CHECK(parse(e, line, &error) && !strcmp(e->profile, want), "byte %u: %s", byte, error.message);
	}
}

static void limits(struct expect *e)
{
	struct dh_error error;
	size_t length = (size_t)snprintf(e->text, sizeof e->text, "dmaheap-expect 1\n");
	memset(e, 0, offsetof(struct expect, text));
	for (int i = 0; i < HEAP_MAX + 1; i++)
		length += (size_t)snprintf(e->text + length, sizeof e->text - length, "heap name=h%d kind=cma\n", i);
	CHECK(!expect_parse(e, length, &error) && error.line == HEAP_MAX + 2 && !strcmp(error.message, "more than 16 'heap' lines"), "%s", error.message);
	memset(e, 0, offsetof(struct expect, text));
	length = (size_t)snprintf(e->text, sizeof e->text, "dmaheap-expect 1\nprofile name=");
	memset(e->text + length, 'a', 256);
	memcpy(e->text + length + 256, "\n", 2);
	CHECK(!expect_parse(e, length + 257, &error) && !strcmp(error.message, "value longer than 255 bytes"), "%s", error.message);
}

void test_expect(void)
{
	struct expect *e = calloc(1, sizeof *e);
	if (!e)
		exit(70);
	whole(e);
	refusals(e);
	round_trip(e);
	limits(e);
	free(e);
}
