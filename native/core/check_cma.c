/* How much fits at once, how fast it is, and whether everything was given back. */
#include "session.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "buffer.h"

enum { ROUNDS = 32 };

bool is_cma(const struct session *s, struct subject subject, struct dh_result *r)
{
	if (!usable(s, subject, r))
		return false;
	if (s->expect.heap[subject.heap].kind == HEAP_CMA)
		return true;
	skipped(r, "not a CMA heap");
	return false;
}

/* One size, once: 0 or a negative errno. */
static int try_size(struct session *s, int heap, uint64_t bytes, bool *retried)
{
	bool this_time;
	int fd = allocate(s, heap, bytes, &this_time);
	*retried |= this_time && fd >= 0;
	sys_close(fd);
	return fd < 0 ? fd : 0;
}

/* Bisection between what the profile needs and what may be held; about 20 allocations at most. */
static void largest_piece(struct session *s, struct subject subject, struct dh_result *r)
{
	if (!is_cma(s, subject, r))
		return;
	uint64_t page = s->environment.page_bytes, needed, good = page;
	bool retried = false;
	budget_of(s, subject.heap, &needed);
	needed = (needed + page - 1) / page * page;
	int area = s->expect.heap[subject.heap].area;
	uint64_t most = area < 0 ? s->heap[subject.heap].limit : s->expect.area[area].bytes;
	bool quiet = s->heap[subject.heap].quiet;
	if ((quiet || !s->options->deep) && most > s->heap[subject.heap].limit)
		most = s->heap[subject.heap].limit;
	if (quiet && most < needed) {
		skipped(r, "others use this heap: %llu bytes are more than the share of the free memory that the verifier may use", (unsigned long long)needed);
		return;
	}
	if (most < needed)
		most = needed;
	most = most / page * page;
	expected(r, "at least %llu bytes in one piece", (unsigned long long)needed);
	if (!try_size(s, subject.heap, most, &retried))
		good = most;
	/* without --deep the answer is a bound, and no search is made unless the bound fails */
	for (uint64_t bad = most; good < most && bad - good > page && bad - good > bad / 64;) {
		uint64_t middle = (good + (bad - good) / 2) / page * page;
		int fd = sys_alloc(s->heap[subject.heap].fd, middle);
		sys_close(fd);
		*(fd < 0 ? &bad : &good) = middle;
	}
	evidence(r, "tried up to %llu bytes%s", (unsigned long long)most, s->options->deep ? "" : "; --deep tries the whole area");
	if (good < needed) {
		judge_allocation(s, subject.heap, needed, -ENOMEM, r);
		return;
	}
	passed(r, "%s%llu bytes", good == most ? "at least " : "", (unsigned long long)good);
	if (retried)
		r->diagnosis = diagnosis(CMA_TRANSIENT_BUSY);
}

/* The buffers of a budget, one after the other, without those that its users hold. */
struct budget_walk {
	uint64_t held;
	unsigned line;
	uint64_t index;
};

static bool next_buffer(const struct session *s, int heap, struct budget_walk *walk, uint64_t *bytes)
{
	uint64_t page = s->environment.page_bytes;
	for (; walk->line < s->expect.budgets; walk->line++, walk->index = 0) {
		const struct expect_budget *b = &s->expect.budget[walk->line];
		*bytes = (b->bytes + page - 1) / page * page;
		while (b->heap == heap && walk->index++ < b->count) {
			if (walk->held < *bytes)
				return true;
			walk->held -= *bytes;
		}
	}
	return false;
}

/* Memory that is left to everybody else while the budget of a heap without an area is held. */
static bool leaves_enough(const struct session *s, uint64_t bytes)
{
	struct memory_view now;
	const struct memory_view *before = &s->seen.memory;
	observe_memory(&now, s->root);
	return before->available < 0 || s->options->deep || now.available - (int64_t)bytes > before->available / 4;
}

/* What the profile's users hold. A camera that fills its queue holds less at one moment than at the next: looks again until it is enough. */
static uint64_t held_by_its_users(struct session *s, int heap, uint64_t enough)
{
	for (int looks = 0; looks < 20 && s->held.buffers && held_within_budget(s, heap) < enough; looks++) {
		sys_sleep_ms(3);
		observe_holders(s);
	}
	return held_within_budget(s, heap);
}

/*
 * All buffers of the profile at the same time: nothing else proves that they fit. Not mapped, so only the area is used. What the
 * profile's users hold is part of it, and where others use the heap no more than the share is taken.
 */
static void budget(struct session *s, struct subject subject, struct dh_result *r)
{
	int error = 0;
	unsigned count = 0;
	bool retried = false, short_of_memory = false;
	uint64_t largest, total = budget_of(s, subject.heap, &largest), wanted = 0, taken = 0, bytes;
	const struct heap_state *state = &s->heap[subject.heap];
	if (!total) {
		skipped(r, "no budget");
		return;
	}
	expected(r, "%llu bytes at once", (unsigned long long)total);
	uint64_t held = held_by_its_users(s, subject.heap, state->quiet && total > state->limit ? total - state->limit : 0);
	if (s->expect.heap[subject.heap].presence != HEAP_FORBIDDEN && state->quiet && held >= total) {
		passed(r, "its users hold %llu bytes", (unsigned long long)held);
		return;
	}
	if (!state->probed) {
		undone(r, "needs alloc.page");
		return;
	}
	if (s->options->care == DH_CARE_EXCLUSIVE && state->held_by_others) {
		undone(r, "others hold %llu bytes: stop them (dmaheap-verify --owners), or add --despite-holders", (unsigned long long)state->held_by_others);
		return;
	}
	struct budget_walk walk = {.held = state->quiet ? held : 0};
	unsigned buffers = 0;
	for (; buffers < 1 << 20 && next_buffer(s, subject.heap, &walk, &bytes); buffers++)
		wanted += bytes;
	if (state->quiet && wanted > state->limit) {
		undone(r, "others use this heap: %llu bytes were not tried (stop them and use --exclusive)", (unsigned long long)wanted);
		return;
	}
	const struct expect_heap *h = &s->expect.heap[subject.heap];
	int *list = sys_memory(buffers * sizeof *list);
	if (!list) {
		broken(r, ENOMEM, "no memory for %u descriptors", buffers);
		return;
	}
	sys_raise_descriptors();
	walk = (struct budget_walk){.held = state->quiet ? held : 0};
	while (count < buffers && next_buffer(s, subject.heap, &walk, &bytes)) {
		bool this_time;
		short_of_memory = h->kind != HEAP_CMA && !leaves_enough(s, bytes);
		int fd = short_of_memory ? 0 : allocate(s, subject.heap, bytes, &this_time);
		if (short_of_memory || fd < 0) {
			error = fd;
			largest = bytes;
			break;
		}
		retried |= this_time;
		taken += bytes;
		list[count++] = fd;
	}
	if (held && state->quiet && !error && !short_of_memory)
		held = held_by_its_users(s, subject.heap, total - taken);
	/* judged while the others are held, so that the free count is the one the allocation saw */
	if (short_of_memory)
		undone(r, "%llu of %llu bytes were tried: more would leave less than a quarter of the free memory (--deep tries)", (unsigned long long)taken,
		       (unsigned long long)total);
	else if (error)
		judge_allocation(s, subject.heap, largest, error, r);
	else if (state->quiet && held + taken < total)
		undone(r, "its users gave buffers back meanwhile: they held %llu of the %llu bytes that were left", (unsigned long long)held,
		       (unsigned long long)(total > taken ? total - taken : 0));
	else if (held && state->quiet)
		passed(r, "its users hold %llu bytes, %u more buffers were allocated", (unsigned long long)held, count);
	else
		passed(r, "%u buffers, %llu bytes at once", count, (unsigned long long)total);
	for (unsigned i = 0; i < count; i++)
		sys_close(list[i]);
	sys_memory_free(list, buffers * sizeof *list);
	expected(r, "%llu bytes at once", (unsigned long long)total);
	if (retried && r->status == DH_PASS)
		r->diagnosis = diagnosis(CMA_TRANSIENT_BUSY);
	const struct memory_view *m = &s->seen.memory;
	uint64_t size = h->area >= 0 ? s->expect.area[h->area].bytes : UINT64_MAX;
	if (m->cma_total > 0 && (uint64_t)m->cma_total < size && h->kind == HEAP_CMA)
		size = (uint64_t)m->cma_total;
	if (error == -ENOMEM && total > size) {
		char need[48];
		text_format(need, sizeof need, "%llu bytes or more", (unsigned long long)total);
		about(r, need);
		failed(r, CMA_TOO_SMALL_FOR_BUDGET, ENOMEM, "buffer %u fails, the area has %llu bytes", count + 1, (unsigned long long)size);
	}
}

void sort_samples(uint64_t *samples, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		uint64_t sample = samples[i];
		unsigned k = i;
		for (; k > 0 && samples[k - 1] > sample; k--)
			samples[k] = samples[k - 1];
		samples[k] = sample;
	}
}

int measure(const struct session *s, int heap, uint64_t bytes, uint64_t times[OP_COUNT])
{
	int error;
	uint64_t page = s->environment.page_bytes, start = sys_now_ns();
	int fd = sys_alloc(s->heap[heap].fd, bytes);
	times[OP_ALLOC] = sys_now_ns() - start;
	if (fd < 0)
		return fd;
	start = sys_now_ns();
	unsigned char *address = sys_map(fd, bytes, PROT_READ | PROT_WRITE, true, 0, &error);
	times[OP_MMAP] = sys_now_ns() - start;
	if (error) {
		sys_close(fd);
		return error;
	}
	start = sys_now_ns();
	for (uint64_t i = 0; i < bytes; i += page)
		address[i] = 1;
	times[OP_TOUCH] = sys_now_ns() - start;
	start = sys_now_ns();
	sys_sync(fd, SYNC_START | SYNC_READ | SYNC_WRITE);
	sys_sync(fd, SYNC_END | SYNC_READ | SYNC_WRITE);
	times[OP_SYNC] = sys_now_ns() - start;
	sys_unmap(address, bytes);
	start = sys_now_ns();
	sys_close(fd);
	times[OP_FREE] = sys_now_ns() - start;
	return 0;
}

static void latency(struct session *s, struct subject subject, struct dh_result *r)
{
	static const char *const names[] = {"alloc", "free", "mmap", "touch", "sync"};
	const struct expect_latency *l = &s->expect.latency[subject.index];
	uint64_t samples[ROUNDS], times[OP_COUNT];
	if (!usable(s, subject, r)) {
		r->required = s->expect.heap[subject.heap].presence != HEAP_FORBIDDEN;
		return;
	}
	for (int i = 0; i < ROUNDS; i++) {
		int error = measure(s, subject.heap, l->bytes, times);
		if (error) {
			judge_allocation(s, subject.heap, l->bytes, error, r);
			return;
		}
		samples[i] = times[l->operation];
	}
	sort_samples(samples, ROUNDS);
	unsigned long long p50 = samples[ROUNDS / 2], p99 = samples[ROUNDS - 1];
	expected(r, "%s of %llu bytes: p50 %llu ns, p99 %llu ns (0: any)", names[l->operation], (unsigned long long)l->bytes,
		 (unsigned long long)l->p50_ns, (unsigned long long)l->p99_ns);
	evidence(r, "%d rounds; p99 is the slowest one", ROUNDS);
	if ((l->p50_ns && p50 > l->p50_ns) || (l->p99_ns && p99 > l->p99_ns))
		failed(r, LATENCY_EXCEEDED, 0, "p50 %llu ns, p99 %llu ns", p50, p99);
	else
		passed(r, "p50 %llu ns, p99 %llu ns", p50, p99);
}

/* Now: a camera that fills its queue has other numbers of buffers from one moment to the next. */
static bool is_used_by_others(struct session *s)
{
	holders_look(&s->held, s->root);
	return s->held.buffers || s->held.hidden;
}

/*
 * The last check of a heap: as many descriptors as before, and CMA given back. CmaFree alone proves no leak: movable pages of the
 * page cache move in at any time. Freed pages wait in per-cpu lists (8 MiB and more); an allocation drains them.
 */
static void restored(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct heap_state *h = &s->heap[subject.heap];
	if (!usable(s, subject, r))
		return;
	/* one more than before: the heap itself is still open */
	int extra = sys_fd_count() - h->fds_before - 1;
	int64_t missing = 0, held = -1;
	struct memory_view now;
	for (int i = 0; i < 5; i++) {
		sys_close(sys_alloc(h->fd, s->environment.page_bytes));
		observe_memory(&now, s->root);
		held = area_held(s, subject.heap);
		missing = h->before.cma_free < 0 ? 0 : h->before.cma_free - now.cma_free;
		if (h->held_before >= 0 ? held <= h->held_before : missing <= h->before.cma_total / 50)
			break;
		sys_sleep_ms(20);
	}
	expected(r, "descriptors and CMA as before");
	evidence(r, "allocated %lld before, %lld now (-1: not shown); CmaFree %lld before, %lld now", (long long)h->held_before, (long long)held,
		 (long long)h->before.cma_free, (long long)now.cma_free);
	bool cma = s->expect.heap[subject.heap].kind == HEAP_CMA;
	if (h->fds_before >= 0 && extra > 0)
		failed(r, LEAK_FD, 0, "%d more descriptors", extra);
	else if (cma && h->held_before >= 0 && held > h->held_before && is_used_by_others(s))
		unknown(r, "%lld more bytes are allocated, and others use heaps", (long long)(held - h->held_before));
	else if (cma && h->held_before >= 0 && held > h->held_before)
		failed(r, LEAK_CMA, 0, "%lld more bytes are allocated", (long long)(held - h->held_before));
	else if (cma && h->held_before < 0 && missing > h->before.cma_total / 50)
		unknown(r, "CmaFree is %lld bytes lower; movable pages may use them", (long long)missing);
	else
		passed(r, "given back");
}

const struct check CMA_CHECKS[] = {
	{"cma.largest", SCOPE_HEAP, largest_piece},
	{"alloc.budget", SCOPE_HEAP, budget},
	{"latency", SCOPE_LATENCY, latency},
	{"heap.restored", SCOPE_HEAP, restored},
	{NULL, SCOPE_HEAP, NULL},
};
