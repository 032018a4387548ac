/* One buffer of a heap: size, contents, mappings, sync, and the answers to bad requests. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "buffer.h"

static void alloc_page(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct heap_state *h = &s->heap[subject.heap];
	if (s->expect.heap[subject.heap].presence == HEAP_FORBIDDEN) {
		skipped(r, "the profile excludes this heap");
		return;
	}
	if (h->fd < 0) {
		undone(r, h->refused ? "not opened: see heap.node" : h->node ? "needs open.read-only" : "needs heap.node");
		return;
	}
	expected(r, "%llu bytes", (unsigned long long)s->environment.page_bytes);
	if (h->probed) {
		passed(r, h->retried ? "allocated after a retry" : "allocated");
		r->diagnosis = diagnosis(h->retried ? CMA_TRANSIENT_BUSY : NO_DIAGNOSIS);
	} else {
		judge_allocation(s, subject.heap, s->environment.page_bytes, -h->alloc_error, r);
	}
}

static uint64_t rounded(const struct session *s, uint64_t bytes)
{
	uint64_t page = s->environment.page_bytes;
	return (bytes + page - 1) / page * page;
}

static void sizes(struct session *s, struct subject subject, struct dh_result *r)
{
	const struct heap_state *h = &s->heap[subject.heap];
	uint64_t page = s->environment.page_bytes;
	uint64_t list[12] = {1, page - 1, page + 1, 16 * page, 100 * page + 1, 1 << 20};
	unsigned count = 6, tried = 0;
	if (!usable(s, subject, r))
		return;
	for (unsigned i = 0; i < s->expect.budgets && count < 12; i++)
		if (s->expect.budget[i].heap == subject.heap)
			list[count++] = s->expect.budget[i].bytes;
	expected(r, "size rounded up to pages, by lseek and fstat");
	for (unsigned i = 0; i < count; i++) {
		uint64_t want = rounded(s, list[i]), bytes = 0;
		struct sys_buffer_stat stat = {0};
		bool retried;
		if (want > h->limit)
			continue;
		int buffer = allocate(s, subject.heap, list[i], &retried);
		if (buffer < 0) {
			judge_allocation(s, subject.heap, list[i], buffer, r);
			return;
		}
		int error = sys_buffer_size(buffer, &bytes);
		if (!error)
			error = sys_buffer_stat(buffer, &stat);
		sys_close(buffer);
		if (error) {
			failed(r, ABI_DEVIATION, error, "size of a buffer: %s", error_name(error));
			return;
		}
		if (bytes != want || stat.bytes != want) {
			failed(r, bytes < want ? LEN_TRUNCATED : ABI_DEVIATION, 0, "asked %llu, lseek %llu, fstat %llu",
			       (unsigned long long)list[i], (unsigned long long)bytes, (unsigned long long)stat.bytes);
			return;
		}
		tried++;
	}
	if (tried)
		passed(r, "%u sizes up to %llu bytes", tried, (unsigned long long)h->limit);
	else
		skipped(r, "only %llu bytes may be held here", (unsigned long long)h->limit);
}

enum { HELD = 4, DEEP_HELD = 32 };

/* Two generations of `count` buffers: both must be zero, though the first was left dirty. False: `r` says why. */
static bool generations(struct session *s, struct subject subject, uint64_t bytes, int count, struct dh_result *r)
{
	for (int round = 0; round < 2; round++) {
		struct buffer buffer[DEEP_HELD];
		int made = 0, error = 0;
		bool dirty = false;
		for (; made < count && !error; made++)
			error = buffer_make(s, subject.heap, bytes, &buffer[made]);
		made -= error != 0;
		for (int i = 0; i < made; i++) {
			dirty |= !all_zero(buffer[i].address, buffer[i].bytes);
			memset(buffer[i].address, 0xa5, buffer[i].bytes);
		}
		for (int i = 0; i < made; i++)
			buffer_drop(&buffer[i]);
		if (dirty)
			failed(r, NOT_ZEROED, 0, "old data in round %d", round + 1);
		else if (error)
			judge_allocation(s, subject.heap, bytes, error, r);
		if (dirty || error)
			return false;
	}
	return true;
}

/* With --deep as much as the kernel's selftest: 32 pages, then 32 MiB where they may be held. */
static void zeroed(struct session *s, struct subject subject, struct dh_result *r)
{
	int count = s->options->deep ? DEEP_HELD : HELD;
	uint64_t page = s->environment.page_bytes, bytes = s->heap[subject.heap].limit / (unsigned)count / page * page;
	if (!usable(s, subject, r))
		return;
	bytes = bytes > 1 << 20 ? 1 << 20 : bytes;
	if (!bytes) {
		skipped(r, "not enough may be held");
		return;
	}
	expected(r, "zeros, also after dirty buffers were freed");
	if (!generations(s, subject, page, count, r) || !generations(s, subject, bytes, count, r))
		return;
	passed(r, "2 x %d x %llu and 2 x %d x %llu bytes", count, (unsigned long long)page, count, (unsigned long long)bytes);
}

static void data(struct session *s, struct subject subject, struct dh_result *r)
{
	struct buffer buffer;
	int error = 0;
	if (!usable(s, subject, r))
		return;
	uint64_t bytes = 4 * s->environment.page_bytes;
	int made = buffer_make(s, subject.heap, bytes, &buffer);
	if (made) {
		judge_allocation(s, subject.heap, bytes, made, r);
		return;
	}
	expected(r, "one mapping reads what another writes");
	unsigned char *other = sys_map(buffer.fd, bytes, PROT_READ, true, 0, &error);
	if (other) {
		sys_sync(buffer.fd, SYNC_WRITE | SYNC_START);
		pattern_write(buffer.address, bytes, 1);
		sys_sync(buffer.fd, SYNC_WRITE | SYNC_END);
		sys_sync(buffer.fd, SYNC_READ | SYNC_START);
		if (pattern_holds(other, bytes, 1))
			passed(r, "%llu bytes through two mappings", (unsigned long long)bytes);
		else
			failed(r, DATA_CORRUPT, 0, "another pattern is read back");
		sys_sync(buffer.fd, SYNC_READ | SYNC_END);
	} else {
		failed(r, ABI_DEVIATION, error, "second mapping: %s", error_name(error));
	}
	sys_unmap(other, bytes);
	buffer_drop(&buffer);
}

/* One request with the answer that mainline gives; `got` of 0 means success. */
struct answer {
	const char *what;
	int got, want;
};

static void judge_answers(const struct answer *answers, unsigned count, struct dh_result *r)
{
	for (unsigned i = 0; i < count; i++)
		if (answers[i].got != answers[i].want) {
			expected(r, "%s: %s", answers[i].what, error_name(answers[i].want));
			failed(r, ABI_DEVIATION, answers[i].got, "%s", error_name(answers[i].got));
			return;
		}
	passed(r, "%u answers as in mainline", count);
}

static int map_error(int fd, size_t bytes, int protection, uint64_t offset)
{
	int error;
	void *address = sys_map(fd, bytes, protection, true, offset, &error);
	sys_unmap(address, bytes);
	return error;
}

static void mappings(struct session *s, struct subject subject, struct dh_result *r)
{
	size_t page = s->environment.page_bytes;
	int heap = s->heap[subject.heap].fd;
	if (!usable(s, subject, r))
		return;
	int buffer = sys_alloc(heap, 4 * page);
	int read_only = sys_alloc_raw(heap, &(struct sys_alloc){.length = page, .fd_flags = O_RDONLY | O_CLOEXEC});
	if (buffer < 0 || read_only < 0) {
		judge_allocation(s, subject.heap, 4 * page, buffer < 0 ? buffer : read_only, r);
	} else {
		expected(r, "whole, part, offset; EINVAL beyond the end; EACCES for writing through a read-only descriptor");
		const struct answer answers[] = {
			{"mmap of the whole buffer", map_error(buffer, 4 * page, PROT_READ | PROT_WRITE, 0), 0},
			{"mmap of one page", map_error(buffer, page, PROT_READ | PROT_WRITE, 0), 0},
			{"mmap at an offset", map_error(buffer, 2 * page, PROT_READ | PROT_WRITE, 2 * page), 0},
			{"mmap across the end", map_error(buffer, 2 * page, PROT_READ | PROT_WRITE, 3 * page), -EINVAL},
			{"mmap beyond the end", map_error(buffer, page, PROT_READ, 4 * page), -EINVAL},
			{"mmap longer than the buffer", map_error(buffer, 5 * page, PROT_READ, 0), -EINVAL},
			{"reading mmap of an O_RDONLY buffer", map_error(read_only, page, PROT_READ, 0), 0},
			{"writing mmap of an O_RDONLY buffer", map_error(read_only, page, PROT_READ | PROT_WRITE, 0), -EACCES},
		};
		judge_answers(answers, sizeof answers / sizeof *answers, r);
	}
	sys_close(buffer);
	sys_close(read_only);
}

static void sync_flags(struct session *s, struct subject subject, struct dh_result *r)
{
	if (!usable(s, subject, r))
		return;
	int buffer = sys_alloc(s->heap[subject.heap].fd, s->environment.page_bytes);
	if (buffer < 0) {
		judge_allocation(s, subject.heap, s->environment.page_bytes, buffer, r);
		return;
	}
	const struct answer answers[] = {
		{"sync start read", sys_sync(buffer, SYNC_START | SYNC_READ), 0},
		{"sync end read", sys_sync(buffer, SYNC_END | SYNC_READ), 0},
		{"sync start write", sys_sync(buffer, SYNC_START | SYNC_WRITE), 0},
		{"sync end write", sys_sync(buffer, SYNC_END | SYNC_WRITE), 0},
		{"sync start read-write", sys_sync(buffer, SYNC_START | SYNC_READ | SYNC_WRITE), 0},
		{"sync end read-write", sys_sync(buffer, SYNC_END | SYNC_READ | SYNC_WRITE), 0},
		{"sync without direction", sys_sync(buffer, SYNC_START), -EINVAL},
		{"sync end without direction", sys_sync(buffer, SYNC_END), -EINVAL},
		{"sync with an unknown flag", sys_sync(buffer, SYNC_READ | 8), -EINVAL},
		{"sync with a high flag", sys_sync(buffer, SYNC_READ | UINT64_C(1) << 40), -EINVAL},
	};
	sys_close(buffer);
	expected(r, "start and end of read, write and both; EINVAL otherwise");
	judge_answers(answers, sizeof answers / sizeof *answers, r);
	if (r->status == DH_PASS)
		r->diagnosis = diagnosis(COHERENCY_UNTESTED);
}

static void metadata(struct session *s, struct subject subject, struct dh_result *r)
{
	char text[1024], size_line[48], long_name[40];
	uint64_t page = s->environment.page_bytes;
	if (!usable(s, subject, r))
		return;
	int buffer = sys_alloc(s->heap[subject.heap].fd, page);
	if (buffer < 0) {
		judge_allocation(s, subject.heap, page, buffer, r);
		return;
	}
	memset(long_name, 'n', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = 0;
	int length = sys_fdinfo(buffer, text, sizeof text);
	const struct answer answers[] = {
		{"seek to the start", sys_buffer_seek(buffer, 0, SEEK_SET), 0},
		{"seek to an offset", sys_buffer_seek(buffer, 8, SEEK_SET), -EINVAL},
		{"seek from the end", sys_buffer_seek(buffer, -8, SEEK_END), -EINVAL},
		{"set a name", sys_set_name(buffer, "dmaheap-verify"), 0},
		{"set a name of 39 bytes", sys_set_name(buffer, long_name), -EINVAL},
	};
	sys_close(buffer);
	expected(r, "seek, name and fdinfo as in mainline");
	judge_answers(answers, sizeof answers / sizeof *answers, r);
	text_format(size_line, sizeof size_line, "size:\t%llu\n", (unsigned long long)page);
	if (r->status == DH_PASS && length <= 0)
		evidence(r, "/proc/self/fdinfo cannot be read (%s): not compared", error_name(length));
	else if (r->status == DH_PASS && (!text_find(text, size_line) || !text_find(text, "exp_name:\t")))
		failed(r, ABI_DEVIATION, 0, "fdinfo has no size: %llu or no exp_name:", (unsigned long long)page);
}

static void sync_file(struct session *s, struct subject subject, struct dh_result *r)
{
	if (!usable(s, subject, r))
		return;
	int buffer = sys_alloc(s->heap[subject.heap].fd, s->environment.page_bytes);
	if (buffer < 0) {
		judge_allocation(s, subject.heap, s->environment.page_bytes, buffer, r);
		return;
	}
	int fence = sys_export_sync_file(buffer);
	sys_close(buffer);
	sys_close(fence);
	expected(r, "a sync file, or ENOTTY if the kernel does not have them");
	if (fence >= 0)
		passed(r, "exported");
	else if (fence == -ENOTTY)
		skipped(r, "this kernel does not export sync files (it is too old, or CONFIG_SYNC_FILE is off)");
	else
		failed(r, ABI_DEVIATION, fence, "%s", error_name(fence));
}

static int alloc_error(int heap, uint64_t length, uint32_t fd_in, uint32_t fd_flags, uint64_t heap_flags)
{
	int fd = sys_alloc_raw(heap, &(struct sys_alloc){length, heap_flags, fd_in, fd_flags});
	sys_close(fd);
	return fd < 0 ? fd : 0;
}

static void bad_arguments(struct session *s, struct subject subject, struct dh_result *r)
{
	if (!usable(s, subject, r))
		return;
	int heap = s->heap[subject.heap].fd;
	uint64_t page = s->environment.page_bytes;
	int high = alloc_error(heap, page, 0, O_RDWR | O_CLOEXEC, UINT64_C(1) << 63);
	const struct answer answers[] = {
		{"length 0", alloc_error(heap, 0, 0, O_RDWR | O_CLOEXEC, 0), -EINVAL},
		{"length 2^64-1", alloc_error(heap, UINT64_MAX, 0, O_RDWR | O_CLOEXEC, 0), -EINVAL},
		{"fd given on input", alloc_error(heap, page, 1, O_RDWR | O_CLOEXEC, 0), -EINVAL},
		{"unknown fd_flags", alloc_error(heap, page, 0, O_RDWR | O_CLOEXEC | O_APPEND, 0), -EINVAL},
		{"all fd_flags", alloc_error(heap, page, 0, UINT32_MAX, 0), -EINVAL},
		{"heap_flags 1", alloc_error(heap, page, 0, O_RDWR | O_CLOEXEC, 1), -EINVAL},
		/* Android's common kernel and those made from it take heap_flags as an unsigned int: nothing of the upper half arrives. */
		{"heap_flags high", high ? high : -EINVAL, -EINVAL},
		{"argument outside memory", sys_alloc_unreadable(heap), -EFAULT},
		{"unknown ioctl", sys_unknown_ioctl(heap), -EINVAL},
	};
	expected(r, "EINVAL, EFAULT");
	judge_answers(answers, sizeof answers / sizeof *answers, r);
	if (r->status == DH_PASS && !high)
		passed(r, "8 answers as in mainline, heap_flags above 32 bits ignored");
}

static int sized(int heap, unsigned argument_bytes, uint64_t length)
{
	int fd = sys_alloc_sized(heap, argument_bytes, length);
	sys_close(fd);
	return fd < 0 ? fd : 0;
}

static void struct_sizes(struct session *s, struct subject subject, struct dh_result *r)
{
	if (!usable(s, subject, r))
		return;
	int heap = s->heap[subject.heap].fd;
	uint64_t page = s->environment.page_bytes;
	const struct answer answers[] = {
		{"the 16-byte argument of an older header", sized(heap, 16, page), 0},
		{"the 24-byte argument", sized(heap, 24, page), 0},
		{"the 48-byte argument of a newer header", sized(heap, 48, page), 0},
	};
	expected(r, "older and newer headers work");
	judge_answers(answers, sizeof answers / sizeof *answers, r);
}

const struct check BUFFER_CHECKS[] = {
	{"alloc.page", SCOPE_HEAP, alloc_page},
	{"alloc.sizes", SCOPE_HEAP, sizes},
	{"alloc.bad-arguments", SCOPE_HEAP, bad_arguments},
	{"alloc.struct-sizes", SCOPE_HEAP, struct_sizes},
	{"buffer.zeroed", SCOPE_HEAP, zeroed},
	{"buffer.data", SCOPE_HEAP, data},
	{"buffer.mappings", SCOPE_HEAP, mappings},
	{"buffer.sync", SCOPE_HEAP, sync_flags},
	{"buffer.metadata", SCOPE_HEAP, metadata},
	{"buffer.sync-file", SCOPE_HEAP, sync_file},
	{NULL, SCOPE_HEAP, NULL},
};
