/* What the verifier is asked, and what it answers. The CLI and the Node addon both stand on this header. */
#ifndef DMAHEAP_H
#define DMAHEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DH_VERSION "0.1.0"
#define DH_SCHEMA_VERSION 1

enum dh_status { DH_PASS, DH_FAIL, DH_SKIP, DH_UNKNOWN, DH_ERROR };

/* Exit codes of dmaheap-verify, and the verdict of a run. */
enum dh_verdict {
	DH_VERDICT_PASS = 0,
	DH_VERDICT_FAIL = 1,
	DH_VERDICT_USAGE = 2,
	DH_VERDICT_PROBE_ERROR = 3,
	DH_VERDICT_NOTHING_TESTABLE = 4,
	DH_VERDICT_INCOMPLETE = 5, /* something that is required was not done; leaves with status 4 as well */
};

/* How much of a running board may be used: by what is found there, one buffer of each format, or the whole budget. */
enum dh_care { DH_CARE_BY_HOLDERS, DH_CARE_QUIET, DH_CARE_EXCLUSIVE, DH_CARE_EXCLUSIVE_DESPITE_HOLDERS };

/* A cause and a remedy, by id; the result's subject replaces `{words}` in a text. */
struct dh_diagnosis {
	const char *id;
	const char *cause;
	const char *fix;
};

/* One finding. Strings are valid only during the callback. */
struct dh_result {
	const char *id;   /* stable, [a-z0-9.-] */
	const char *heap; /* logical name, NULL when the finding is about the machine */
	const char *item; /* which of several: a symbol, area, alias, user or operation; NULL when there is one */
	enum dh_status status;
	int error; /* errno behind the status, 0 when none */
	const struct dh_diagnosis *diagnosis; /* on every failure; on a skip why there is nothing to test; on a pass a remark */
	bool required; /* and not done: on a skip or an unknown that keeps the verdict from being a pass */
	uint64_t duration_ns;
	char subject[256]; /* what the diagnosis is about: a symbol, a user, a node */
	char expected[192];
	char observed[256];
	char evidence[256];
};

/* The machine and the identity the verdict was reached with. */
struct dh_environment {
	char release[72];
	char machine[72];
	unsigned major, minor;
	uint64_t page_bytes;
	unsigned uid, gid;
	bool privileged; /* CAP_SYS_ADMIN or uid 0: debugfs and the kernel log can be read */
	const char *profile;
	const char *profile_sha256;
	const char *consumer; /* --as, NULL when absent */
};

/* Something required that was not done. */
struct dh_gap {
	const char *id, *heap, *item; /* as in the result */
	char why[160];
};

enum { DH_GAPS_MAX = 24 };

struct dh_summary {
	unsigned counts[5]; /* by enum dh_status */
	unsigned gaps;      /* all of them; the first DH_GAPS_MAX are in `gap` */
	struct dh_gap gap[DH_GAPS_MAX];
	unsigned probed;    /* heaps in which a buffer was allocated */
	uint64_t duration_ns;
	enum dh_verdict verdict;
};

/* The event stream every output is written from: begin once, result `planned` times, end once. */
struct dh_sink {
	void (*begin)(void *context, const struct dh_environment *, unsigned planned);
	void (*result)(void *context, const struct dh_result *);
	void (*end)(void *context, const struct dh_summary *);
	void *context;
};

struct dh_options {
	const char *root;      /* prefix of every path, "" on the running machine */
	const char *expect;    /* path, not prefixed; NULL: judge what is there by the ABI alone */
	const char *as;        /* USER[:GROUP,...] */
	const char *import;    /* DRM device that takes a buffer of every heap, or /dev/udmabuf; NULL: none is tried */
	enum dh_care care;
	bool deep;             /* may hold a whole area, and may make the kernel log a failed allocation */
	unsigned wait_ms;      /* how long a late udev rule is waited for */
	unsigned limit_ms;     /* the run ends within this; 0: 30 s */
};

struct dh_error {
	unsigned line; /* of the expectation, 0 when it is about something else */
	char message[256];
	const char *fix;
};

/*
 * Runs every check in a child process, so that a system call that does not return delays neither the report nor the time limit.
 * False when the request itself is bad (`error` says why) and nothing was emitted.
 */
bool dh_verify(const struct dh_options *, const struct dh_sink *, struct dh_summary *, struct dh_error *);

/* The same in this process, which waits as long as the kernel does. */
bool dh_verify_here(const struct dh_options *, const struct dh_sink *, struct dh_summary *, struct dh_error *);

/* The exit status of a verdict. */
int dh_exit_status(enum dh_verdict);

/* "pass", "incomplete", ... */
const char *dh_verdict_name(enum dh_verdict);

struct output;

/* Who holds dma-bufs now, by /proc/PID/fdinfo; root sees every process. Exit status; DH_VERDICT_USAGE: `error` says why. */
int dh_owners(const char *root, struct output *, bool json, struct dh_error *);

/* Writes a tar of what a diagnosis needs: the list in collect.c and nothing else. */
int dh_collect(const struct dh_options *, struct output *, struct dh_error *);

/* Blanks what a device-tree blob holds beyond what placement reads; false when it cannot be read to its end. */
bool fdt_blank(unsigned char *fdt, size_t length);

/* Repeats observations that allocate nothing and prints what changed, every `seconds`, `rounds` times (0: until killed). */
int dh_watch(const char *root, struct output *, unsigned seconds, unsigned rounds, struct dh_error *);

/* Latency of alloc, mmap, first touch, sync and free per heap and size. */
int dh_bench(const struct dh_options *, struct output *, bool json, struct dh_error *);

const char *dh_status_name(enum dh_status);

/* Every diagnosis there is; ends with a NULL id. */
const struct dh_diagnosis *dh_catalogue(void);

/* Writes `text` with the subject in the place of every `{words}`, and what follows its line feed in the place of every `{+words}`;
 * without a subject ("") the words stay. */
void dh_fill(char *out, size_t size, const char *text, const char *subject);

#endif
