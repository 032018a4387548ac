/* dmaheap-verify: argv in, one output format out, the verdict as exit status. */
#include "dmaheap.h"
#include "report.h"
#include "sys.h"
#include "unpack.h"

#include <string.h>
#include <sys/ioctl.h>

static const char *const USAGE =
	"usage: dmaheap-verify [--expect FILE] [options]\n"
	"\n"
	"Proves every DMA-BUF heap of this machine by using it, and prints cause and fix if it cannot.\n"
	"\n"
	"  --expect FILE     the expectation (verify.expect of `dmaheap generate`);\n"
	"                    without it, every heap is checked only for the kernel's ABI\n"
	"  --format FORMAT   %s\n"
	"  --json            the same as --format json\n"
	"  --as USER[:G,..]  also try as this user (root only), with these groups instead of those of the user\n"
	"  --wait SECONDS    wait at most this long for a udev rule (default 0)\n"
	"  --limit SECONDS   end the run after this time, even if a call blocks (default 30)\n"
	"  --import DEVICE   also import a buffer of every heap into this DRM device, and make one with /dev/udmabuf\n"
	"  --quiet-board     use at most an eighth of an area's free memory (default if other processes hold buffers)\n"
	"  --exclusive       use the whole budget of the profile (default if no other process holds buffers)\n"
	"  --despite-holders the same even if other processes hold buffers\n"
	"  --deep            may use a whole CMA area, so that the kernel logs a failed allocation\n"
	"  --root DIR        check the tree below DIR instead of /\n"
	"  --no-timing       omit durations, so that two runs print the same\n"
	"  --no-color        no colors (also: NO_COLOR)\n"
	"  --quiet           print only failures and the verdict\n"
	"  --collect         write a tar for a diagnosis to standard output: dmaheap-verify --collect >board.tar\n"
	"  --owners          list who holds dma-bufs and do not verify (with --json: as JSON)\n"
	"  --watch SECONDS   repeat that with the CMA counters, print changes; --rounds N ends it\n"
	"  --bench           latency of allocation, mmap, first touch, sync and free per heap and size\n"
	"  --catalogue       print every diagnosis with cause and fix\n"
	"  --version, --help\n"
	"\n"
	"exit status: 0 pass, 1 fail, 2 usage, 3 a probe failed, 4 nothing testable, or something required was not done;\n"
	"             ktap 0, 1, 4 as kselftest; automake 77 skip, 99 error; lava always 0\n";

struct request {
	struct dh_options options;
	const struct report_format *format;
	bool color, timing, quiet, owners, bench, collect;
	unsigned watch_seconds, rounds;
};

static bool write_to(void *context, const char *data, size_t length)
{
	return sys_write(*(const int *)context, data, length);
}

static int usage(const char *what, const char *value)
{
	int fd = 2;
	struct output out = {.write = write_to, .context = &fd};
	put(&out, "dmaheap-verify: %s '%s' (dmaheap-verify --help lists the options)\n", what, value);
	put_end(&out);
	return DH_VERDICT_USAGE;
}

static int catalogue(struct output *out)
{
	char cause[1024], fix[1024];
	for (const struct dh_diagnosis *d = dh_catalogue(); d->id; d++) {
		dh_fill(cause, sizeof cause, d->cause, "");
		dh_fill(fix, sizeof fix, d->fix, "");
		put(out, "%s\n  cause: %s\n  fix: %s\n", d->id, cause, fix);
	}
	return put_end(out) ? DH_VERDICT_PASS : DH_VERDICT_PROBE_ERROR;
}

static bool milliseconds(const char *text, unsigned *out)
{
	const char *end;
	uint64_t seconds = text_number(text, &end);
	*out = (unsigned)seconds * 1000;
	return *text >= '0' && *text <= '9' && !*end && seconds <= 86400;
}

/* -1 to go on, otherwise an exit status. */
static int read_arguments(int argc, char **argv, struct request *q, struct output *out)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i];
		if (!strcmp(name, "--help")) {
			put(out, USAGE, report_formats());
			return put_end(out) ? DH_VERDICT_PASS : DH_VERDICT_PROBE_ERROR;
		}
		if (!strcmp(name, "--version")) {
			put_text(out, "dmaheap-verify " DH_VERSION "\n");
			return put_end(out) ? DH_VERDICT_PASS : DH_VERDICT_PROBE_ERROR;
		}
		if (!strcmp(name, "--catalogue"))
			return catalogue(out);
		if (!strcmp(name, "--json")) {
			q->format = &REPORT_JSON;
			continue;
		}
		bool *flag = !strcmp(name, "--deep") ? &q->options.deep : !strcmp(name, "--quiet") ? &q->quiet :
			     !strcmp(name, "--collect") ? &q->collect : !strcmp(name, "--owners") ? &q->owners : !strcmp(name, "--bench") ? &q->bench : NULL;
		if (flag) {
			*flag = true;
			continue;
		}
		static const char *const cares[] = {NULL, "--quiet-board", "--exclusive", "--despite-holders"};
		unsigned care = 1;
		while (care < sizeof cares / sizeof *cares && strcmp(name, cares[care]))
			care++;
		if (care < sizeof cares / sizeof *cares) {
			q->options.care = q->options.care > care ? q->options.care : (enum dh_care)care;
			continue;
		}
		flag = !strcmp(name, "--no-color") ? &q->color : !strcmp(name, "--no-timing") ? &q->timing : NULL;
		if (flag) {
			*flag = false;
			continue;
		}
		enum { VALUED = 9 };
		static const char *const valued[VALUED] = {"--expect", "--format", "--as", "--wait", "--limit", "--watch", "--rounds", "--import", "--root"};
		unsigned option = 0;
		while (option < VALUED && strcmp(name, valued[option]))
			option++;
		if (option == VALUED)
			return usage("unknown option", name);
		if (i + 1 == argc)
			return usage("a value must follow", name);
		const char *value = argv[++i];
		switch (option) {
		case 0: q->options.expect = value; break;
		case 1:
			q->format = report_format(value);
			if (!q->format)
				return usage("no format", value);
			break;
		case 2: q->options.as = value; break;
		case 3:
			if (!milliseconds(value, &q->options.wait_ms))
				return usage("--wait takes a number of seconds, not", value);
			break;
		case 4:
			if (!milliseconds(value, &q->options.limit_ms))
				return usage("--limit takes a number of seconds, not", value);
			break;
		case 5:
			if (!milliseconds(value, &q->watch_seconds) || !q->watch_seconds)
				return usage("--watch takes a number of seconds, not", value);
			q->watch_seconds /= 1000;
			break;
		case 6:
			if (!milliseconds(value, &q->rounds))
				return usage("--rounds takes a number, not", value);
			q->rounds /= 1000;
			break;
		case 7: q->options.import = value; break;
		default: q->options.root = value; break;
		}
	}
	return -1;
}

static int refused(struct output *out, struct output *errors, const struct request *q, const struct dh_error *error)
{
	put_text(errors, "dmaheap-verify: ");
	if (error->line)
		put(errors, "%s:%u: ", q->options.expect, error->line);
	put(errors, "%s\n  fix: %s\n", error->message, error->fix);
	put_end(errors);
	if (q->format == &REPORT_LAVA) { /* whose exit status has no meaning */
		put_text(out, "lava-test-case dmaheap-verify --result fail\n");
		put_end(out);
	}
	return q->format->exit_status ? q->format->exit_status(DH_VERDICT_USAGE) : DH_VERDICT_USAGE;
}

/* Not getenv and isatty: the environment and the terminal are asked once each. */
static bool wants_color(char **environment)
{
	struct { unsigned short rows, columns, x, y; } size;
	for (; *environment; environment++)
		if (!strncmp(*environment, "NO_COLOR=", 9) && (*environment)[9])
			return false;
	return ioctl(1, TIOCGWINSZ, &size) == 0;
}

int main(int argc, char **argv, char **environment)
{
	struct request q = {.options = {.root = ""}, .format = &REPORT_HUMAN, .color = wants_color(environment), .timing = true};
	struct dh_summary summary;
	struct dh_error error;
#ifdef DH_PACKED
	unpack(dh_pool, dh_pool_bytes, dh_packed);
#endif
	int fd = 1, error_fd = 2;
	struct output out = {.write = write_to, .context = &fd}, errors = {.write = write_to, .context = &error_fd};
	int status = read_arguments(argc, argv, &q, &out);
	if (status >= 0)
		return status;
	bool json = q.format == &REPORT_JSON;
	if (q.watch_seconds || q.owners || q.bench || q.collect) {
		status = q.collect ? dh_collect(&q.options, &out, &error) : q.watch_seconds ? dh_watch(q.options.root, &out, q.watch_seconds, q.rounds, &error) :
			 q.owners ? dh_owners(q.options.root, &out, json, &error) : dh_bench(&q.options, &out, json, &error);
		return status == DH_VERDICT_USAGE ? refused(&out, &errors, &q, &error) : status;
	}
	struct report report = {.out = &out, .color = q.color, .timing = q.timing, .quiet = q.quiet};
	struct dh_sink sink = report_sink(q.format, &report);
	if (!dh_verify(&q.options, &sink, &summary, &error))
		return refused(&out, &errors, &q, &error);
	if (!put_end(&out))
		summary.verdict = DH_VERDICT_PROBE_ERROR;
	return q.format->exit_status ? q.format->exit_status(summary.verdict) : dh_exit_status(summary.verdict);
}
