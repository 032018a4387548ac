#include "buffer.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int allocate(const struct session *s, int heap, uint64_t bytes, bool *retried)
{
	static const unsigned pauses_ms[] = {10, 50, 200};
	int fd = sys_alloc(s->heap[heap].fd, bytes);
	*retried = false;
	for (unsigned i = 0; fd == -ENOMEM && i < 3; i++) {
		struct memory_view now;
		observe_memory(&now, s->root);
		if (s->expect.heap[heap].kind == HEAP_SYSTEM || now.cma_free < 0 || (uint64_t)now.cma_free < bytes)
			break;
		sys_sleep_ms(pauses_ms[i]);
		fd = sys_alloc(s->heap[heap].fd, bytes);
		*retried = true;
	}
	return fd;
}

int buffer_make(const struct session *s, int heap, uint64_t bytes, struct buffer *buffer)
{
	bool retried;
	int error = 0;
	*buffer = (struct buffer){.fd = allocate(s, heap, bytes, &retried), .bytes = (size_t)bytes};
	if (buffer->fd < 0)
		return buffer->fd;
	buffer->address = sys_map(buffer->fd, buffer->bytes, PROT_READ | PROT_WRITE, true, 0, &error);
	if (error)
		buffer_drop(buffer);
	return error;
}

void buffer_drop(struct buffer *buffer)
{
	sys_unmap(buffer->address, buffer->bytes);
	sys_close(buffer->fd);
	*buffer = (struct buffer){.fd = -1};
}

/* Buffers are mapped, so they are aligned to pages and whole words long. */
bool all_zero(const unsigned char *bytes, size_t length)
{
	const uint64_t *word = (const uint64_t *)(const void *)bytes;
	size_t words = length / sizeof *word;
	for (size_t i = 0; i < words; i += 64) {
		uint64_t any = 0;
		for (size_t k = i; k < i + 64 && k < words; k++)
			any |= word[k];
		if (any)
			return false;
	}
	return true;
}

static uint64_t mix(uint64_t n)
{
	n *= UINT64_C(0x9e3779b97f4a7c15);
	return n ^ n >> 29;
}

void pattern_write(unsigned char *bytes, size_t length, unsigned seed)
{
	for (size_t i = 0; i + 8 <= length; i += 8) {
		uint64_t word = mix(i + seed + 1);
		memcpy(bytes + i, &word, 8);
	}
}

bool pattern_holds(const unsigned char *bytes, size_t length, unsigned seed)
{
	for (size_t i = 0; i + 8 <= length; i += 8) {
		uint64_t word = mix(i + seed + 1);
		if (memcmp(bytes + i, &word, 8))
			return false;
	}
	return true;
}

const struct cma_area *area_of(const struct session *s, int heap)
{
	int area = s->expect.heap[heap].area;
	return observed_area(&s->seen, area < 0 ? s->heap[heap].node->name : s->expect.area[area].name);
}

int64_t area_held(const struct session *s, int heap)
{
	const struct cma_area *seen = area_of(s, heap);
	if (!seen)
		return -1;
	struct cma_area now = *seen;
	observe_area(s->root, &now);
	return now.held_bytes;
}

uint64_t budget_of(const struct session *s, int heap, uint64_t *largest)
{
	uint64_t sum = 0, page = s->environment.page_bytes;
	*largest = 0;
	for (unsigned i = 0; i < s->expect.budgets; i++) {
		const struct expect_budget *b = &s->expect.budget[i];
		if (b->heap != heap)
			continue;
		sum += (b->bytes + page - 1) / page * page * b->count;
		*largest = b->bytes > *largest ? b->bytes : *largest;
	}
	return sum;
}

uint64_t held_within_budget(const struct session *s, int heap)
{
	uint64_t largest, total = budget_of(s, heap, &largest);
	const struct heap_state *h = &s->heap[heap];
	if (total && h->held_by_others <= total)
		return h->held_by_others;
	return total && h->held_by_users > total ? total : h->held_by_users;
}

static int64_t all_areas(const struct session *s)
{
	int64_t sum = 0;
	for (unsigned i = 0; i < s->expect.areas; i++)
		sum += (int64_t)s->expect.area[i].bytes;
	return sum;
}

void judge_allocation(const struct session *s, int heap, uint64_t bytes, int error, struct dh_result *r)
{
	struct memory_view now;
	char mem_accounting[8] = "";
	observe_memory(&now, s->root);
	evidence(r, "CmaFree %lld of %lld, MemAvailable %lld bytes", (long long)now.cma_free, (long long)now.cma_total, (long long)now.available);
	expected(r, "%llu bytes", (unsigned long long)bytes);
	if (error == -EMFILE || error == -ENFILE) {
		about(r, error_name(error));
		failed(r, FD_LIMIT, error, "%s", error_name(error));
		return;
	}
	if (error == -EACCES) { /* from mmap: the buffer's descriptor cannot be written */
		failed(r, FD_READONLY, error, "%s", error_name(error));
		return;
	}
	if (error == -ENOTTY || error == -ENXIO || error == -ENODEV) {
		about(r, s->heap[heap].node->name);
		failed(r, NODE_NOT_A_HEAP, error, "%s", error_name(error));
		return;
	}
	if (error != -ENOMEM) {
		failed(r, ABI_DEVIATION, error, "%s", error_name(error));
		return;
	}
	bool from_cma = s->expect.heap[heap].kind == HEAP_CMA || (s->expect.heap[heap].kind == HEAP_VENDOR && area_of(s, heap));
	if (!from_cma) {
		sys_read(s->root, "/sys/module/dma_heap/parameters/mem_accounting", mem_accounting, sizeof mem_accounting);
		bool charged = mem_accounting[0] == 'Y' && now.available >= 0 && (uint64_t)now.available > 2 * bytes;
		failed(r, charged ? MEMCG_CHARGED : MEMORY_EXHAUSTED, error, "ENOMEM");
		return;
	}
	const struct cma_area *area = area_of(s, heap);
	int64_t area_free = area ? area->free_bytes : -1;
	bool one_page = bytes <= s->environment.page_bytes;
	if ((area && area->total_bytes == 0) || now.cma_total == 0) {
		failed(r, CMA_AREA_NOT_ACTIVATED, error, "ENOMEM, because the area has no memory");
	} else if (area_free < 0 && one_page && s->expect.areas > 1 && now.cma_total == all_areas(s)) {
		/* every area is counted, so this one is alive; what is free is free in another one */
		about(r, "the free memory is in other areas");
		failed(r, CMA_EXHAUSTED, error, "ENOMEM");
	} else if (area_free >= 0 ? (uint64_t)area_free >= bytes : now.cma_free >= 0 && (uint64_t)now.cma_free >= bytes) {
		/* not even one page although pages are free: this heap has no live area behind it */
		failed(r, one_page ? CMA_AREA_NOT_ACTIVATED : CMA_FRAGMENTED, error, "ENOMEM with %lld bytes free",
		       (long long)(area_free >= 0 ? area_free : now.cma_free));
	} else {
		const struct heap_state *h = &s->heap[heap];
		const struct holder *most = holders_largest(&s->held, h->node->name);
		char holder[128];
		long long free_bytes = (long long)(area_free >= 0 ? area_free : now.cma_free);
		if (h->held_by_others && held_within_budget(s, heap) == h->held_by_others) {
			undone(r, "ENOMEM: its users hold %llu bytes, as the profile permits, and %lld are free", (unsigned long long)h->held_by_others, free_bytes);
			return;
		}
		if (most)
			text_format(holder, sizeof holder, "process %u (%s) holds %llu bytes, %lld are free", most->pid, most->process,
				    (unsigned long long)most->bytes, free_bytes);
		else
			text_format(holder, sizeof holder, "%lld bytes are free", free_bytes);
		about(r, holder);
		failed(r, CMA_EXHAUSTED, error, "ENOMEM");
	}
}
