/*
 * Evidence that a buffer is physically contiguous, strongest first: its page frames (older kernels show them to root), the frames that
 * the CMA allocator says it gave out (root, where the kernel can trace), the area's own count, an event counted over all areas,
 * memory missing from CmaFree. What CMA gave out is contiguous by construction.
 */
#include "session.h"

#include "buffer.h"
#include "trace.h"

/* Page frames of a mapped buffer: 1 in a row, 0 not, -1 cannot be seen. */
static int frames_follow(const struct buffer *b, size_t page)
{
	enum { FRAMES_MAX = 1024 };
	uint64_t frames[FRAMES_MAX];
	unsigned count = b->bytes / page < FRAMES_MAX ? (unsigned)(b->bytes / page) : FRAMES_MAX;
	for (unsigned i = 0; i < count; i++)
		b->address[i * page] = 0; /* a page that was never touched has no frame yet */
	if (!sys_page_frames(b->address, frames, count))
		return -1;
	for (unsigned i = 0; i < count; i++)
		if (!frames[i])
			return -1;
	for (unsigned i = 1; i < count; i++)
		if (frames[i] != frames[0] + i)
			return 0;
	return 1;
}

struct traces {
	int follow;      /* 1 in a row, 0 not, -1 cannot be seen */
	int64_t events;  /* counted by the allocator, -1 when it counts none */
	int64_t given;   /* by this area, -1 when not shown */
	int64_t missing; /* from CmaFree */
	bool traced;
	struct cma_event event;
};

static int look(const struct session *s, int heap, uint64_t bytes, struct traces *seen)
{
	struct memory_view before, during;
	struct buffer buffer;
	struct cma_trace trace;
	uint64_t page = s->environment.page_bytes;
	bool tracing = s->environment.privileged && trace_begin(s->root, &trace);
	int64_t held = area_held(s, heap);
	observe_memory(&before, s->root);
	int error = buffer_make(s, heap, bytes, &buffer);
	seen->traced = tracing && trace_end(&trace, bytes / page, &seen->event);
	if (error)
		return error;
	observe_memory(&during, s->root);
	seen->given = held < 0 ? -1 : area_held(s, heap) - held;
	seen->follow = s->environment.privileged ? frames_follow(&buffer, page) : -1;
	seen->events = before.cma_success < 0 ? -1 : during.cma_success - before.cma_success;
	seen->missing = before.cma_free < 0 ? -1 : before.cma_free - during.cma_free;
	buffer_drop(&buffer);
	return 0;
}

static void origin(struct session *s, struct subject subject, struct dh_result *r)
{
	struct traces seen;
	char frames[80] = "not traced";
	if (!is_cma(s, subject, r))
		return;
	uint64_t page = s->environment.page_bytes, limit = s->heap[subject.heap].limit, bytes = limit < 4 << 20 ? limit / page * page : 4 << 20;
	int error = look(s, subject.heap, bytes, &seen);
	if (error) {
		judge_allocation(s, subject.heap, bytes, error, r);
		return;
	}
	/* movable pages come and go in CMA: the drop is compared with a tenth to spare, and only for a large buffer */
	bool missed = seen.missing >= 0 && bytes >= 4 << 20 && (uint64_t)seen.missing >= bytes / 10 * 9;
	bool given = seen.given >= 0 && (uint64_t)seen.given >= bytes;
	if (seen.traced)
		text_format(frames, sizeof frames, "%llu from 0x%llX on", (unsigned long long)seen.event.pages, (unsigned long long)seen.event.frame);
	expected(r, "a buffer of %llu bytes is one piece of CMA", (unsigned long long)bytes);
	evidence(r, "page frames: %s; cma_alloc_finish: %s; allocated from the area %+lld bytes (-1: not shown); cma_alloc_success %+lld; CmaFree %+lld bytes",
		 seen.follow < 0 ? "not visible" : seen.follow ? "in a row" : "scattered", frames, (long long)seen.given, (long long)seen.events,
		 (long long)-seen.missing);
	if (seen.follow == 0)
		failed(r, NOT_CONTIGUOUS, 0, "its page frames are not contiguous");
	else if (seen.follow == 1)
		passed(r, "contiguous page frames");
	else if (seen.traced)
		passed(r, "the allocator returned contiguous frames");
	else if (given)
		passed(r, "allocated from its area");
	else if (seen.events == 0 && !missed)
		failed(r, NOT_FROM_CMA, 0, "the CMA allocator did not count it");
	else if (seen.events > 0)
		passed(r, "counted by the CMA allocator");
	else if (missed)
		passed(r, "taken from CmaFree");
	else
		unknown(r, "this kernel does not show the origin of the buffer");
}

const struct check ORIGIN_CHECKS[] = {
	{"cma.origin", SCOPE_HEAP, origin},
	{NULL, SCOPE_HEAP, NULL},
};
