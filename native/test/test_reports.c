#include "report.h"
#include "test.h"

#include "diagnosis.h"

#include <stdio.h>
#include <string.h>

static bool append(void *context, const char *data, size_t length)
{
	char *text = context;
	size_t used = strlen(text);
	if (used + length >= 16384)
		return false;
	memcpy(text + used, data, length);
	text[used + length] = 0;
	return true;
}

static const char *write_report(const char *format)
{
	static char text[16384];
	struct output out = {.write = append, .context = text};
	struct report report = {.out = &out};
	const struct report_format *f = report_format(format);
	struct dh_environment env = {.release = "6.12.1", .machine = "aarch64", .page_bytes = 4096, .profile = "a\"b"};
	struct dh_result pass = {.id = "alloc.page", .heap = "h<1>\n"};
	struct dh_result skip = {.id = "kernel.config", .item = "CMA", .status = DH_SKIP, .observed = "not\nnow"};
	struct dh_result fail = {.id = "heap.node", .heap = "h<1>\n", .status = DH_FAIL, .error = 2, .diagnosis = diagnosis(HEAP_RENAMED),
				 .subject = "$(x)\"\xff", .expected = "a", .observed = "b & c", .evidence = "d"};
	struct dh_summary summary = {.counts = {1, 1, 1, 0, 0}, .probed = 1, .verdict = DH_VERDICT_FAIL};
	text[0] = 0;
	struct dh_sink sink = report_sink(f, &report);
	sink.begin(sink.context, &env, 3);
	sink.result(sink.context, &skip);
	sink.result(sink.context, &pass);
	sink.result(sink.context, &fail);
	sink.end(sink.context, &summary);
	CHECK(put_end(&out), "%s: the output overflows", format);
	return text;
}

/* A skip that names its cause, as heap.support does without an expectation. */
static const char *write_skip(const char *format, bool quiet)
{
	static char text[16384];
	struct output out = {.write = append, .context = text};
	struct report report = {.out = &out, .quiet = quiet};
	const struct report_format *f = report_format(format);
	struct dh_environment env = {.release = "6.12.1", .machine = "aarch64", .page_bytes = 4096};
	struct dh_result skip = {.id = "heap.support", .status = DH_SKIP, .diagnosis = diagnosis(CONFIG_DIFFERS), .subject = "CONFIG_X=y",
				 .expected = "a", .observed = "b", .evidence = "d"};
	struct dh_summary summary = {.counts = {0, 0, 1, 0, 0}, .verdict = DH_VERDICT_NOTHING_TESTABLE};
	text[0] = 0;
	struct dh_sink sink = report_sink(f, &report);
	sink.begin(sink.context, &env, 1);
	sink.result(sink.context, &skip);
	sink.end(sink.context, &summary);
	CHECK(put_end(&out), "%s: the output overflows", format);
	return text;
}

#define SKIP_CAUSE "the running kernel was built without CONFIG_X=y"
#define SKIP_FIX "merge the generated fragment and rebuild the kernel"
#define SKIP_COMMENTS "# expected: a\n# observed: b\n# evidence: d\n# diagnosis: CONFIG_DIFFERS\n# cause: " SKIP_CAUSE "\n# fix: " SKIP_FIX "\n"

/* Still a skip for every reader, and the reason is there for people: in comments, or where the format has a place for it. */
static void skips_with_a_cause(void)
{
	static const struct { const char *format, *text; } wanted[] = {
		{"human", "skip     heap.support: b\n\n1 of 1: 1 check\n           diagnosis: CONFIG_DIFFERS\n           cause: " SKIP_CAUSE
			  "\n           expected: a\n           evidence: d\n           fix: " SKIP_FIX "\n           explains: heap.support\n\nNOTHING TESTABLE"},
		{"ktap", "\nok 1 heap.support # SKIP b\n" SKIP_COMMENTS},
		{"automake", "SKIP: heap.support\n" SKIP_COMMENTS},
		{"lava", "echo 'cause: " SKIP_CAUSE "'\necho 'fix: " SKIP_FIX "'\nlava-test-case heap.support --result skip\n"},
		{"prometheus", "status=\"skip\",diagnosis=\"CONFIG_DIFFERS\"} 1\n" SKIP_COMMENTS "# HELP"},
		{"json", "\"status\":\"skip\",\"errno\":null,\"errnoName\":null,\"expected\":\"a\",\"observed\":\"b\",\"evidence\":[\"d\"],"
			 "\"diagnosis\":\"CONFIG_DIFFERS\",\"cause\":\"" SKIP_CAUSE "\",\"fix\":\"" SKIP_FIX "\"}"},
		{"junit", "<skipped message=\"b\" type=\"CONFIG_DIFFERS\">expected: a&#10;cause: " SKIP_CAUSE "&#10;evidence: d&#10;fix: " SKIP_FIX "</skipped>"},
	};
	for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		const char *text = write_skip(wanted[i].format, false);
		CHECK(strstr(text, wanted[i].text), "%s is\n%s\nwithout\n%s", wanted[i].format, text, wanted[i].text);
	}
	CHECK(!strncmp(write_skip("human", true), "NOTHING TESTABLE", 16), "quiet: failures and the verdict only: %s", write_skip("human", true));
}

/* Explained rather than observed: words of its own stand where the subject would. */
static void catalogue(void)
{
	char text[1024];
	for (const struct dh_diagnosis *d = dh_catalogue(); d->id; d++) {
		const char *const texts[] = {d->cause, d->fix};
		for (int i = 0; i < 2; i++) {
			dh_fill(text, sizeof text, texts[i], "");
			CHECK(*text && !strpbrk(text, "{}") && !strstr(text, "..") && !strstr(text, "''") && !strstr(text, "()"), "%s: %s", d->id, text);
			dh_fill(text, sizeof text, texts[i], "{a}");
			CHECK(!strchr(texts[i], '{') == !strstr(text, "{a}"), "a subject stands as it is: %s: %s", d->id, text);
		}
	}
	dh_fill(text, sizeof text, diagnosis(HEAP_SUPPORT_MISSING)->cause, "");
	static const char *const symbols[] = {"CONFIG_DMABUF_HEAPS=y", "CONFIG_DMABUF_HEAPS_SYSTEM=y", "CONFIG_DMABUF_HEAPS_CMA=y", "CONFIG_CMA=y",
					      "CONFIG_DMA_CMA=y"};
	for (unsigned i = 0; i < sizeof symbols / sizeof *symbols; i++)
		CHECK(strstr(text, symbols[i]), "%s is not in: %s", symbols[i], text);
	dh_fill(text, 8, "a {bcd} {e", "");
	CHECK(!strcmp(text, "a bcd {"), "%s", text);
	dh_fill(text, 5, "{b}", "123456789");
	CHECK(!strcmp(text, "1234"), "cut: %s", text);
}

static const char CAUSE[] = "the heap has the name that another kernel release gives it, '";
static const char FIX[] = "generate again for the running kernel, and install its rules: they add the other names as aliases for the program";

static void whole(const char *format, const char *wanted)
{
	const char *text = write_report(format);
	CHECK(!strcmp(text, wanted), "%s is\n%s\nnot\n%s", format, text, wanted);
}

static void texts(void)
{
	char out[32];
	CHECK(text_format(out, sizeof out, "%s|%5u|%-4s|%04o|%02X", "a", 7u, "b", 0644u, 10u) == 20, "length");
	CHECK(!strcmp(out, "a|    7|b   |0644|0A"), "%s", out);
	CHECK(text_format(out, 4, "%s", "abcdef") == 6 && !strcmp(out, "abc"), "cut: %s", out);
	text_format(out, sizeof out, "%+lld %lld %.3s %.*s %c%%", 5ll, -9223372036854775807ll - 1, "abcdef", 2, "xyz", 'c');
	CHECK(!strcmp(out, "+5 -9223372036854775808 abc xy "), "%s", out); /* cut at 31 */
	CHECK(text_number("18446744073709551609", NULL) == UINT64_C(18446744073709551609) || text_number("123x", NULL) == 123, "number");
	CHECK(text_signed("  -12 kB") == -12, "signed");
}

void test_reports(void)
{
	char wanted[4096];
	texts();
	catalogue();
	skips_with_a_cause();
	snprintf(wanted, sizeof wanted,
		 "KTAP version 1\n1..3\n# kernel 6.12.1 aarch64\nok 1 kernel.config.cma # SKIP not now\nok 2 alloc.page.h_1__\nnot ok 3 heap.node.h_1__\n"
		 "# expected: a\n# observed: b & c\n# evidence: d\n# diagnosis: HEAP_RENAMED\n# cause: %s$(x)\"\xff'\n# fix: %s\n# verdict: fail\n",
		 CAUSE, FIX);
	whole("ktap", wanted);
	snprintf(wanted, sizeof wanted,
		 "SKIP: kernel.config.cma\nPASS: alloc.page.h_1__\nFAIL: heap.node.h_1__\n"
		 "# expected: a\n# observed: b & c\n# evidence: d\n# diagnosis: HEAP_RENAMED\n# cause: %s$(x)\"\xff'\n# fix: %s\n# verdict: fail\n",
		 CAUSE, FIX);
	whole("automake", wanted);
	snprintf(wanted, sizeof wanted,
		 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dmaheap-verify\" tests=\"3\">\n <testsuite name=\"machine\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\">\n"
		 "  <testcase classname=\"machine\" name=\"kernel.config.cma\">\n   <skipped message=\"not&#10;now\"></skipped>\n  </testcase>\n </testsuite>\n"
		 " <testsuite name=\"h&#60;1&#62;&#10;\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\">\n  <testcase classname=\"h&#60;1&#62;&#10;\" name=\"alloc.page.h_1__\"/>\n"
		 "  <testcase classname=\"h&#60;1&#62;&#10;\" name=\"heap.node.h_1__\">\n   <failure message=\"b &#38; c\" type=\"HEAP_RENAMED\">expected: a&#10;cause: "
		 "%s$(x)&#34;\xef\xbf\xbd'&#10;evidence: d&#10;fix: %s</failure>\n  </testcase>\n </testsuite>\n</testsuites>\n",
		 CAUSE, FIX);
	whole("junit", wanted);
	CHECK(strstr(write_report("prometheus"), "dmaheap_check{check=\"alloc.page\",heap=\"h<1>\\n\",item=\"\",status=\"pass\",diagnosis=\"\"} 1\n"), "prometheus");
	CHECK(strstr(write_report("lava"), "\nlava-test-case heap.node.h_1__ --result fail\n"), "lava");
	CHECK(strstr(write_report("lava"), "\nlava-test-case dmaheap-verify --result fail\n"), "the verdict is a case of its own");
	CHECK(!strncmp(write_report("lava"), "trap 'lava-test-case dmaheap-verify --result fail; exit 1' EXIT\n", 63), "a report that is cut off fails");
	CHECK(strstr(write_report("lava"), "\ntrap - EXIT\nlava-test-case dmaheap-verify --result fail\n"), "the trap goes with the verdict");
	CHECK(strstr(write_report("lava"), "\necho 'cause: the heap has the name that another kernel release gives it, '\\''$(x)\"\xff'\\'''\n"), "lava: %s", write_report("lava"));
	CHECK(strstr(write_report("json"), "$(x)\\\"\\ufffd'"), "json: %s", write_report("json"));
	CHECK(!report_format("xml"), "an unknown format");
	CHECK(REPORT_KTAP.exit_status(DH_VERDICT_PROBE_ERROR) == 1 && REPORT_KTAP.exit_status(DH_VERDICT_NOTHING_TESTABLE) == 4 && REPORT_KTAP.exit_status(DH_VERDICT_INCOMPLETE) == 4, "kselftest's statuses");
	CHECK(REPORT_AUTOMAKE.exit_status(DH_VERDICT_NOTHING_TESTABLE) == 77 && REPORT_AUTOMAKE.exit_status(DH_VERDICT_FAIL) == 1, "automake's statuses");
}
