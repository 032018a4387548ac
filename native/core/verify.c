#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "accounts.h"

static const struct check *const TABLES[] = {MACHINE_CHECKS, AREA_CHECKS,  NODE_CHECKS,   ACCESS_CHECKS,
					      BUFFER_CHECKS,  SHARE_CHECKS, ORIGIN_CHECKS, IMPORT_CHECKS, CMA_CHECKS};
enum { TABLE_COUNT = sizeof TABLES / sizeof *TABLES, DEFAULT_LIMIT_MS = 30000 };

struct run {
	struct session *session;
	const struct dh_sink *sink;
	struct dh_summary *summary;
	uint64_t deadline_ns;
	int heap; /* that is prepared, -1 for none */
};

static void say(char *out, size_t size, const char *format, va_list arguments)
{
	text_vformat(out, size, format, arguments);
}

#define SAY(field) \
	do { \
		va_list arguments; \
		va_start(arguments, format); \
		say((field), sizeof(field), format, arguments); \
		va_end(arguments); \
	} while (0)

static void settle(struct dh_result *r, enum dh_status status, int error, enum diagnosis id)
{
	r->status = status;
	r->error = error;
	r->diagnosis = diagnosis(id);
}

void passed(struct dh_result *r, const char *format, ...)
{
	settle(r, DH_PASS, 0, NO_DIAGNOSIS);
	SAY(r->observed);
}

void failed(struct dh_result *r, enum diagnosis id, int error, const char *format, ...)
{
	settle(r, DH_FAIL, error < 0 ? -error : error, id);
	SAY(r->observed);
}

void skipped(struct dh_result *r, const char *format, ...)
{
	settle(r, DH_SKIP, 0, NO_DIAGNOSIS);
	SAY(r->observed);
}

void unknown(struct dh_result *r, const char *format, ...)
{
	settle(r, DH_UNKNOWN, 0, NO_DIAGNOSIS);
	SAY(r->observed);
}

void undone(struct dh_result *r, const char *format, ...)
{
	settle(r, DH_SKIP, 0, NO_DIAGNOSIS);
	r->required = true;
	SAY(r->observed);
}

void broken(struct dh_result *r, int error, const char *format, ...)
{
	settle(r, DH_ERROR, error < 0 ? -error : error, NO_DIAGNOSIS);
	SAY(r->observed);
}

void expected(struct dh_result *r, const char *format, ...)
{
	SAY(r->expected);
}

void evidence(struct dh_result *r, const char *format, ...)
{
	SAY(r->evidence);
}

void about(struct dh_result *r, const char *subject)
{
	text_format(r->subject, sizeof r->subject, "%s", subject);
}

const char *error_name(int error)
{
	/* numbers and their names, in the same order: a table of pointers would be three times as large */
	static const unsigned char numbers[] = {EPERM, ENOENT, EINTR, EIO, ENXIO, EBADF, EAGAIN, ENOMEM, EACCES, EFAULT, EBUSY, EEXIST, ENODEV, EINVAL, ENFILE, EMFILE, ENOTTY, ENOSYS, ETIMEDOUT, EAFNOSUPPORT, ESPIPE};
	const char *name = "EPERM\0" "ENOENT\0" "EINTR\0" "EIO\0" "ENXIO\0" "EBADF\0" "EAGAIN\0" "ENOMEM\0" "EACCES\0" "EFAULT\0" "EBUSY\0" "EEXIST\0" "ENODEV\0" "EINVAL\0" "ENFILE\0" "EMFILE\0" "ENOTTY\0" "ENOSYS\0" "ETIMEDOUT\0" "EAFNOSUPPORT\0" "ESPIPE\0";
	if (error == 0)
		return "success";
	for (unsigned i = 0; i < sizeof numbers; i++, name += strlen(name) + 1)
		if (numbers[i] == (error < 0 ? -error : error))
			return name;
	return "another errno";
}

/* Without an expectation every node is its own heap, and only the ABI is judged. */
static void expect_what_is_there(struct session *s)
{
	struct expect *e = &s->expect;
	for (unsigned i = 0; i < s->seen.nodes && e->heaps < HEAP_MAX; i++) {
		const struct heap_node *node = &s->seen.node[i];
		if (node->stat.is_link)
			continue;
		e->heap[e->heaps] = (struct expect_heap){.name = node->name, .kind = HEAP_VENDOR, .area = -1, .mode = -1};
		e->node[e->nodes++] = (struct expect_node){.heap = (int)e->heaps, .name = node->name, .range = {0, UINT32_MAX}};
		e->heaps++;
	}
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * What is free behind a heap: CmaFree counts every area. Where the area is not known it may be the smallest, and where
 * the kernel shows none (no CMA_SYSFS, no debugfs) as small as kernels make them: 4 MiB with pages of 4 KiB.
 */
static int64_t free_behind(const struct session *s, int heap)
{
	enum { SMALLEST_AREA = 4 << 20 };
	const struct cma_area *known = s->heap[heap].node ? area_of(s, heap) : NULL;
	if (known && known->free_bytes > 0)
		return known->free_bytes;
	int expected = s->expect.heap[heap].area;
	int64_t least = s->seen.memory.cma_free;
	if (!s->seen.areas && least > 0) {
		int64_t stated = expected < 0 ? 0 : (int64_t)s->expect.area[expected].bytes;
		/* --deep takes nearly all of what is known to be there, which this is not */
		int64_t most = stated > 0 ? stated : SMALLEST_AREA / (s->options->deep ? 4 : 1);
		return most < least ? most : least;
	}
	for (unsigned i = 0; i < s->seen.areas; i++)
		if (s->seen.area[i].free_bytes > 0 && s->seen.area[i].free_bytes < least)
			least = s->seen.area[i].free_bytes;
	return least;
}

/* How much one heap may be asked to hold: a quarter of what is free, and never enough to hurt the system heap's users. */
static uint64_t limit_of(const struct session *s, int heap)
{
	enum { BYTES_MAX = 8 << 20, DEEP_BYTES_MAX = 32 << 20 };
	enum heap_kind kind = s->expect.heap[heap].kind;
	int64_t available = s->seen.memory.available, area = free_behind(s, heap);
	bool deep = s->options->deep;
	uint64_t limit = deep ? DEEP_BYTES_MAX : BYTES_MAX;
	deep = deep && !s->heap[heap].quiet;
	if (kind != HEAP_CMA && available > 0)
		limit = smaller(limit, (uint64_t)available / (deep ? 4 : 16));
	if (kind != HEAP_SYSTEM && area > 0)
		limit = smaller(limit, s->heap[heap].quiet ? (uint64_t)area / 8 : deep ? (uint64_t)area / 8 * 7 : (uint64_t)area / 4);
	return limit;
}

void session_prepare(struct session *s, int heap)
{
	struct heap_state *h = &s->heap[heap];
	const struct expect *e = &s->expect;
	h->fd = -ENOENT;
	h->alloc_error = ENOENT;
	for (unsigned i = 0; i < e->nodes && !h->node; i++) {
		const struct expect_node *node = &e->node[i];
		if (node->heap != heap || !expect_covers(node->range, s->environment.major, s->environment.minor))
			continue;
		h->seen = observed_node(&s->seen, node->name);
		h->node = h->seen ? node : NULL;
	}
	h->limit = limit_of(s, heap);
	if (!h->node || e->heap[heap].presence == HEAP_FORBIDDEN)
		return;
	char path[SYS_PATH_MAX];
	text_format(path, sizeof path, "/dev/dma_heap/%s", h->node->name);
	h->fds_before = sys_fd_count();
	observe_memory(&h->before, s->root);
	h->held_before = area_held(s, heap);
	/* a node that is not the kernel's is not opened: its driver is unknown */
	struct dh_result ignored;
	h->refused = !node_is_genuine(s, h->seen, &ignored);
	h->fd = h->refused ? -ENXIO : sys_open(s->root, path, O_RDONLY, SYS_DEVICE);
	if (h->fd < 0)
		return;
	int buffer = allocate(s, heap, s->environment.page_bytes, &h->retried);
	h->alloc_error = buffer < 0 ? -buffer : 0;
	h->probed = buffer >= 0;
	sys_close(buffer);
}

void session_release(struct session *s, int heap)
{
	sys_close(s->heap[heap].fd);
	s->heap[heap].fd = -EBADF;
}

bool usable(const struct session *s, struct subject subject, struct dh_result *r)
{
	const struct heap_state *h = &s->heap[subject.heap];
	if (h->probed)
		return true;
	if (s->expect.heap[subject.heap].presence == HEAP_FORBIDDEN)
		skipped(r, "the profile excludes this heap");
	else if (!h->node)
		skipped(r, "needs heap.node");
	else if (h->fd < 0)
		skipped(r, h->refused ? "not opened: see heap.node" : "needs open.read-only");
	else
		skipped(r, "needs alloc.page");
	return false;
}

static unsigned extent(const struct expect *e, enum scope scope)
{
	switch (scope) {
	case SCOPE_CONFIG: return e->configs;
	case SCOPE_AREA: return e->areas;
	case SCOPE_ALIAS: return e->aliases;
	case SCOPE_USER: return e->users;
	case SCOPE_LATENCY: return e->latencies;
	case SCOPE_HEAP: return e->heaps;
	case SCOPE_MACHINE: break;
	}
	return 1;
}

static int heap_of(const struct expect *e, enum scope scope, unsigned index)
{
	switch (scope) {
	case SCOPE_HEAP: return (int)index;
	case SCOPE_ALIAS: return e->alias[index].heap;
	case SCOPE_USER: return e->user[index].heap;
	case SCOPE_LATENCY: return e->latency[index].heap;
	case SCOPE_MACHINE:
	case SCOPE_CONFIG:
	case SCOPE_AREA: break;
	}
	return -1;
}

static const char *item_of(const struct expect *e, enum scope scope, int index)
{
	static const char *const operations[] = {"alloc", "free", "mmap", "touch", "sync"};
	switch (scope) {
	case SCOPE_CONFIG: return e->config[index].symbol;
	case SCOPE_AREA: return e->area[index].name;
	case SCOPE_ALIAS: return e->alias[index].name;
	case SCOPE_USER: return e->user[index].name;
	case SCOPE_LATENCY: return operations[e->latency[index].operation];
	case SCOPE_MACHINE:
	case SCOPE_HEAP: break;
	}
	return NULL;
}

void session_describe(const struct session *s, const struct check *check, struct subject subject, struct dh_result *r)
{
	memset(r, 0, sizeof *r);
	r->id = check->id;
	r->heap = subject.heap < 0 ? NULL : s->expect.heap[subject.heap].name;
	r->item = item_of(&s->expect, check->scope, subject.index);
	r->status = DH_ERROR;
}

void summary_add(struct dh_summary *summary, const struct dh_result *r)
{
	summary->counts[r->status]++;
	if (!r->required || (r->status != DH_SKIP && r->status != DH_UNKNOWN))
		return;
	if (summary->gaps < DH_GAPS_MAX) {
		struct dh_gap *gap = &summary->gap[summary->gaps];
		*gap = (struct dh_gap){.id = r->id, .heap = r->heap, .item = r->item};
		text_format(gap->why, sizeof gap->why, "%s", r->observed);
	}
	summary->gaps++;
}

static bool emit(void *context, const struct check *check, struct subject subject)
{
	struct run *run = context;
	struct session *s = run->session;
	struct dh_result r;
	if (subject.heap != run->heap) {
		if (run->heap >= 0)
			session_release(s, run->heap);
		if (subject.heap >= 0)
			session_prepare(s, subject.heap);
		run->heap = subject.heap;
	}
	session_describe(s, check, subject, &r);
	uint64_t start = sys_now_ns();
	if (start > run->deadline_ns)
		undone(&r, "the time limit was reached");
	else
		check->run(s, subject, &r);
	/* what may be absent is not required of this board */
	if (subject.heap >= 0 && s->expect.heap[subject.heap].presence != HEAP_REQUIRED && !s->heap[subject.heap].node)
		r.required = false;
	r.duration_ns = sys_now_ns() - start;
	summary_add(run->summary, &r);
	run->sink->result(run->sink->context, &r);
	return true;
}

void session_plan(const struct session *s, bool (*each)(void *, const struct check *, struct subject), void *context)
{
	const struct expect *e = &s->expect;
	for (int heap = -1; heap < (int)e->heaps; heap++)
		for (unsigned t = 0; t < TABLE_COUNT; t++)
			for (const struct check *check = TABLES[t]; check->id; check++)
				for (unsigned i = 0; i < extent(e, check->scope); i++)
					if (heap_of(e, check->scope, i) == heap && !each(context, check, (struct subject){(int)i, heap}))
						return;
}

static bool count_one(void *context, const struct check *check, struct subject subject)
{
	(void)check, (void)subject;
	++*(unsigned *)context;
	return true;
}

enum dh_verdict session_verdict(const struct session *s, const struct dh_summary *summary)
{
	if (summary->counts[DH_FAIL])
		return DH_VERDICT_FAIL;
	if (summary->counts[DH_ERROR])
		return DH_VERDICT_PROBE_ERROR;
	/* a claim about heaps without a test of any of them is not a pass, unless the profile only excludes heaps */
	bool wanted = s->expect.heaps == 0, required = false;
	for (unsigned i = 0; i < s->expect.heaps; i++) {
		wanted |= s->expect.heap[i].presence != HEAP_FORBIDDEN;
		required |= s->options->expect && s->expect.heap[i].presence == HEAP_REQUIRED;
	}
	if (wanted && !required && !summary->probed)
		return DH_VERDICT_NOTHING_TESTABLE;
	return summary->gaps ? DH_VERDICT_INCOMPLETE : DH_VERDICT_PASS;
}

int dh_exit_status(enum dh_verdict verdict)
{
	return verdict == DH_VERDICT_INCOMPLETE ? DH_VERDICT_NOTHING_TESTABLE : (int)verdict;
}

const char *dh_verdict_name(enum dh_verdict verdict)
{
	static const char *const names[] = {"pass", "fail", "usage", "probe-error", "nothing-testable", "incomplete"};
	return names[verdict];
}

/* Why a file that the user named cannot be read, in words where there are some. */
static const char *reason(int error)
{
	switch (-error) {
	case ENOENT: return "the file does not exist";
	case EACCES: return "permission denied";
	case EISDIR: return "it is a directory";
	case ENXIO: return "it is neither a file nor a directory";
	default: return error_name(error);
	}
}

static bool has_root(const struct session *s, struct dh_error *error)
{
	struct sys_node root;
	if (!sys_stat(s->root, "/", &root) && root.is_directory)
		return true;
	text_format(error->message, sizeof error->message, "--root %.160s: the directory does not exist", s->root);
	error->fix = "give the directory of a root file system";
	return false;
}

static bool load(struct session *s, struct dh_error *error)
{
	const char *path = s->options->expect;
	s->expect.kernel = (struct version_range){0, UINT32_MAX};
	if (!path)
		return true;
	long length = sys_read("", path, s->expect.text, sizeof s->expect.text);
	if (length < 0) {
		error->line = 0;
		text_format(error->message, sizeof error->message, "cannot read %.160s: %s", path, reason((int)length));
		error->fix = "give the verify.expect that `dmaheap generate` wrote";
		return false;
	}
	error->fix = "generate it again with `dmaheap generate`";
	return expect_parse(&s->expect, (size_t)length, error);
}

static bool identify(struct session *s, struct dh_error *error)
{
	struct dh_environment *env = &s->environment;
	struct sys_identity identity;
	if (sys_uname(s->root, env->release, env->machine, sizeof env->release)) {
		text_format(error->message, sizeof error->message, "uname failed");
		error->fix = "mount /proc";
		return false;
	}
	const char *end;
	env->major = (unsigned)text_number(env->release, &end);
	env->minor = *end == '.' ? (unsigned)text_number(end + 1, NULL) : 0;
	env->page_bytes = sys_page_bytes();
	sys_identity(&identity);
	env->uid = identity.uid;
	env->gid = identity.gid;
	env->privileged = sys_capable("", SYS_ADMIN);
	env->profile = s->expect.profile;
	env->profile_sha256 = s->expect.sha256;
	env->consumer = s->options->as;
	return true;
}

struct session *session_new(const struct dh_options *options)
{
	struct session *s = sys_memory(sizeof *s);
	if (s) {
		s->options = options;
		s->root = options->root ? options->root : "";
	}
	return s;
}

void observe_holders(struct session *s)
{
	const struct expect *e = &s->expect;
	bool by_name = s->environment.major > 6 || (s->environment.major == 6 && s->environment.minor >= 1); /* before, exporters have no heap's name */
	holders_look(&s->held, s->root);
	for (unsigned i = 0; i < e->heaps; i++) {
		struct heap_state *state = &s->heap[i];
		state->held_by_others = state->held_by_users = 0;
		for (unsigned k = 0; k < s->held.holders; k++) {
			const struct holder *holder = &s->held.holder[k];
			bool ours = !by_name;
			for (unsigned n = 0; n < e->nodes && !ours; n++)
				ours = e->node[n].heap == (int)i && !strcmp(e->node[n].name, holder->exporter);
			if (!ours)
				continue;
			state->held_by_others += holder->own_bytes;
			for (unsigned u = 0; u < e->users; u++) {
				unsigned uid;
				if (e->user[u].heap == (int)i && account_user(s->root, e->user[u].name, &uid, NULL) == 1 && uid == holder->uid && uid != s->unmapped_uid) {
					state->held_by_users += holder->own_bytes;
					break;
				}
			}
		}
	}
}

/* Whether others make this a board to be careful with: who cannot see them sees what is missing. */
static void decide_care(struct session *s)
{
	const struct expect *e = &s->expect;
	const struct memory_view *m = &s->seen.memory;
	for (unsigned i = 0; i < e->heaps; i++) {
		struct heap_state *state = &s->heap[i];
		bool in_use = state->held_by_others || (s->held.hidden && e->heap[i].kind == HEAP_CMA && m->cma_free >= 0 && m->cma_free < m->cma_total / 4 * 3);
		state->quiet = s->options->care == DH_CARE_QUIET || (s->options->care == DH_CARE_BY_HOLDERS && in_use);
	}
}

bool session_read(struct session *s, struct dh_error *error)
{
	memset(error, 0, sizeof *error);
	if (!has_root(s, error) || !load(s, error) || !identify(s, error))
		return false;
	s->unmapped_uid = account_unmapped(s->root, "uid");
	s->unmapped_gid = account_unmapped(s->root, "gid");
	observe(&s->seen, s->root, &s->expect, s->environment.release);
	if (!s->options->expect)
		expect_what_is_there(s);
	observe_holders(s);
	decide_care(s);
	return true;
}

struct session *session_open(const struct dh_options *options, struct dh_error *error)
{
	struct session *s = session_new(options);
	if (!s) {
		memset(error, 0, sizeof *error);
		text_format(error->message, sizeof error->message, "no memory");
		error->fix = "free some memory";
	} else if (!session_read(s, error)) {
		session_close(s);
		s = NULL;
	}
	return s;
}

void session_close(struct session *s)
{
	sys_memory_free(s, sizeof *s);
}

void session_run(struct session *s, uint64_t start_ns, const struct dh_sink *sink, struct dh_summary *summary)
{
	unsigned planned = 0;
	struct run run = {s, sink, summary, start_ns + session_limit_ns(s), -1};
	session_plan(s, count_one, &planned);
	sink->begin(sink->context, &s->environment, planned);
	session_plan(s, emit, &run);
	if (run.heap >= 0)
		session_release(s, run.heap);
	for (unsigned i = 0; i < s->expect.heaps; i++)
		summary->probed += s->heap[i].probed;
	summary->duration_ns = sys_now_ns() - start_ns;
	summary->verdict = session_verdict(s, summary);
	sink->end(sink->context, summary);
}

uint64_t session_limit_ns(const struct session *s)
{
	return (uint64_t)(s->options->limit_ms ? s->options->limit_ms : DEFAULT_LIMIT_MS) * 1000000u;
}

bool dh_verify_here(const struct dh_options *options, const struct dh_sink *sink, struct dh_summary *summary, struct dh_error *error)
{
	uint64_t start = sys_now_ns();
	memset(summary, 0, sizeof *summary);
	struct session *s = session_open(options, error);
	if (!s)
		return false;
	session_run(s, start, sink, summary);
	session_close(s);
	return true;
}
