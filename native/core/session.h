/* One run: what is expected, what was seen, and the state of every heap under test. Private to the core. */
#ifndef SESSION_H
#define SESSION_H

#include "diagnosis.h"
#include "expect.h"
#include "holders.h"
#include "observe.h"
#include "sys.h"
#include "text.h"

struct heap_state {
	const struct expect_node *node; /* the line that is probed, NULL when none is there */
	const struct heap_node *seen;
	int fd;              /* open O_RDONLY as long as the heap is tested, or -errno */
	int alloc_error;     /* of the first single page; 0 when the heap is alive */
	bool probed, retried;
	bool refused;        /* the node is not the kernel's, and was not opened */
	bool quiet;          /* others use the heap: one buffer of each format, and a share of what is free */
	uint64_t held_by_others, held_by_users; /* bytes; the users are those that the expectation names for this heap */
	uint64_t limit;      /* bytes this heap may be asked to hold at once */
	struct memory_view before;
	int fds_before;
	int64_t held_before; /* bytes that were allocated from its area, -1 when not shown */
};

struct session {
	const struct dh_options *options;
	const char *root;
	struct dh_environment environment;
	struct heap_state heap[HEAP_MAX];
	struct observation seen;
	struct holdings held; /* by other processes, at the last look */
	unsigned unmapped_uid, unmapped_gid; /* how this user namespace shows what it does not map: account_unmapped() */
	struct dh_error error;
	struct expect expect;
};

/* What one check is about: the index of its area, alias, user or latency line, and its heap; -1 when it has none. */
struct subject {
	int index;
	int heap;
};

typedef void check_function(struct session *, struct subject, struct dh_result *);

enum scope { SCOPE_MACHINE, SCOPE_CONFIG, SCOPE_AREA, SCOPE_HEAP, SCOPE_ALIAS, SCOPE_USER, SCOPE_LATENCY };

/* One row of the table of checks: each emits exactly one result, so the plan is known before the first. */
struct check {
	const char *id;
	enum scope scope;
	check_function *run;
};

extern const struct check MACHINE_CHECKS[], AREA_CHECKS[], NODE_CHECKS[], ACCESS_CHECKS[], BUFFER_CHECKS[], SHARE_CHECKS[], ORIGIN_CHECKS[], IMPORT_CHECKS[], CMA_CHECKS[];

/* Reads the expectation and observes the machine; NULL: `error` says why. */
struct session *session_open(const struct dh_options *, struct dh_error *);
/* The two halves of it: memory, which children share, then the reading. */
struct session *session_new(const struct dh_options *);
bool session_read(struct session *, struct dh_error *);
void session_close(struct session *);

/* Opens a heap and allocates its first page; the state says how far that came. */
void session_prepare(struct session *, int heap);
void session_release(struct session *, int heap);

/* Looks at what other processes hold of each heap now. */
void observe_holders(struct session *);

/* The module that would bring this node and is not loaded; NULL when there is none. */
const char *missing_module(const struct session *, const struct expect_node *);

/* Each sets status and text; the last call counts. */
__attribute__((format(printf, 2, 3))) void passed(struct dh_result *, const char *observed, ...);
__attribute__((format(printf, 4, 5))) void failed(struct dh_result *, enum diagnosis, int error, const char *observed, ...);
__attribute__((format(printf, 2, 3))) void skipped(struct dh_result *, const char *why, ...);
__attribute__((format(printf, 2, 3))) void unknown(struct dh_result *, const char *why, ...);
/* A skip of something that the expectation requires: it keeps the verdict from being a pass. */
__attribute__((format(printf, 2, 3))) void undone(struct dh_result *, const char *why, ...);
__attribute__((format(printf, 3, 4))) void broken(struct dh_result *, int error, const char *what, ...);
__attribute__((format(printf, 2, 3))) void expected(struct dh_result *, const char *format, ...);
__attribute__((format(printf, 2, 3))) void evidence(struct dh_result *, const char *format, ...);
void about(struct dh_result *, const char *subject);

/* False where /proc/meminfo cannot be read; the result is then unknown. */
bool meminfo_is_read(const struct session *, struct dh_result *);

/* The kernel shows that it has no CMA memory. False also where it shows nothing. */
bool has_no_cma(const struct session *);

/* Why there is no CMA at all, or not the area (may be NULL) that was asked for; fills subject. */
enum diagnosis cma_reason(const struct session *, const struct expect_area *, char *subject, size_t size);

/* The name of the area that the kernel made instead of the expected one, when it fell back to its configured default; else NULL. */
const char *area_instead(const struct session *, const struct expect_area *);

/* What the user namespace hides of a node: its group, its owner, or NULL. */
const char *hidden_of(const struct session *, const struct sys_node *);

/* The reason why opening a node failed for a user; fills subject. Without a name the identity is this process's own. */
enum diagnosis open_reason(const struct session *, const struct sys_node *, const struct sys_identity *, const char *name, int error,
			   struct dh_result *);

const char *error_name(int error);

/* Counts a result, and keeps what was required but not done. */
void summary_add(struct dh_summary *, const struct dh_result *);

/* The checks of a plan, in the order in which they run; `each` is called for every one until it returns false. */
void session_plan(const struct session *, bool (*each)(void *, const struct check *, struct subject), void *context);
void session_describe(const struct session *, const struct check *, struct subject, struct dh_result *);
void session_run(struct session *, uint64_t start_ns, const struct dh_sink *, struct dh_summary *);
uint64_t session_limit_ns(const struct session *);
enum dh_verdict session_verdict(const struct session *, const struct dh_summary *);

/* The kernel's own node: a character device with the number that sysfs gives. False: the result says what it is instead. */
bool node_is_genuine(const struct session *, const struct heap_node *, struct dh_result *);

/* False when the heap cannot be used; the result is then a skip that says which check tells why. */
bool usable(const struct session *, struct subject, struct dh_result *);

/* Judges a failed allocation: turns it into the right diagnosis. */
void judge_allocation(const struct session *, int heap, uint64_t bytes, int error, struct dh_result *);

/* The budget of a heap in whole pages, and its largest buffer. */
uint64_t budget_of(const struct session *, int heap, uint64_t *largest);

/* What others hold of it and the profile lets them hold. */
uint64_t held_within_budget(const struct session *, int heap);

/* Allocates, and retries at 10, 50 and 200 ms when the free memory says that it should fit. */
int allocate(const struct session *, int heap, uint64_t bytes, bool *retried);

/* False when the heap cannot be used or is none of CMA's; the result is then a skip. */
bool is_cma(const struct session *, struct subject, struct dh_result *);

/* The area behind a heap, NULL when this kernel does not show it. */
const struct cma_area *area_of(const struct session *, int heap);

/* The bytes that are allocated from the area behind a heap, -1 when this kernel does not show it. */
int64_t area_held(const struct session *, int heap);

/* Ascending; for some hundred samples. */
void sort_samples(uint64_t *, unsigned count);

/* One buffer's life, timed: nanoseconds per operation. 0 or a negative errno. */
int measure(const struct session *, int heap, uint64_t bytes, uint64_t times[OP_COUNT]);

#endif
