/* How fast the heaps are on this board. */
#include "session.h"

#include <string.h>

enum { BENCH_ROUNDS = 100, BENCH_SIZES = 4 };

static const char *const OPERATIONS[OP_COUNT] = {"alloc", "free", "mmap", "touch", "sync"};

struct bench {
	struct session *session;
	struct output *out;
	bool json;
	unsigned written;
};

/* schemas/bench.schema.json describes the JSON. */
static void print(struct bench *b, const char *heap, uint64_t bytes, const char *operation, uint64_t p50, uint64_t p99)
{
	if (!b->json) {
		put_line(b->out, heap, '?');
		put(b->out, "%*s %10llu %6s %12llu %12llu\n", strlen(heap) < 20 ? 20 - (int)strlen(heap) : 0, "", (unsigned long long)bytes, operation, (unsigned long long)p50,
		    (unsigned long long)p99);
		return;
	}
	put_text(b->out, b->written++ ? ",\n{\"heap\":" : "\n{\"heap\":");
	put_json(b->out, heap);
	put(b->out, ",\"bytes\":%llu,\"operation\":\"%s\",\"p50Ns\":%llu,\"p99Ns\":%llu}", (unsigned long long)bytes, operation, (unsigned long long)p50,
	    (unsigned long long)p99);
}

/* False when a buffer of that size cannot be allocated. */
static bool one_size(struct bench *b, int heap, uint64_t bytes)
{
	uint64_t samples[OP_COUNT][BENCH_ROUNDS], times[OP_COUNT];
	for (unsigned i = 0; i < BENCH_ROUNDS; i++) {
		if (measure(b->session, heap, bytes, times))
			return false;
		for (unsigned k = 0; k < OP_COUNT; k++)
			samples[k][i] = times[k];
	}
	for (unsigned k = 0; k < OP_COUNT; k++) {
		sort_samples(samples[k], BENCH_ROUNDS);
		print(b, b->session->expect.heap[heap].name, bytes, OPERATIONS[k], samples[k][BENCH_ROUNDS / 2], samples[k][BENCH_ROUNDS * 99 / 100]);
	}
	return true;
}

int dh_bench(const struct dh_options *options, struct output *out, bool json, struct dh_error *error)
{
	struct session *s = session_open(options, error);
	if (!s)
		return DH_VERDICT_USAGE;
	struct bench bench = {s, out, json, 0};
	unsigned done = 0;
	if (json)
		put(out, "{\"schemaVersion\":%d,\"rounds\":%d,\"results\":[", DH_SCHEMA_VERSION, BENCH_ROUNDS);
	else
		put(out, "%-20s %10s %6s %12s %12s\n", "heap", "bytes", "what", "p50 ns", "p99 ns");
	for (int heap = 0; heap < (int)s->expect.heaps; heap++) {
		const uint64_t sizes[BENCH_SIZES] = {s->environment.page_bytes, 64 << 10, 1 << 20, 8 << 20};
		session_prepare(s, heap);
		for (unsigned i = 0; i < BENCH_SIZES && s->heap[heap].probed; i++)
			if (sizes[i] <= s->heap[heap].limit)
				done += one_size(&bench, heap, sizes[i]);
		session_release(s, heap);
	}
	if (json)
		put_text(out, "\n]}\n");
	session_close(s);
	return !put_end(out) ? DH_VERDICT_PROBE_ERROR : done ? DH_VERDICT_PASS : DH_VERDICT_NOTHING_TESTABLE;
}
