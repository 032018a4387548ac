/* verify.expect: what must hold on this board. The format is described in native/README.md. */
#ifndef EXPECT_H
#define EXPECT_H

#include "dmaheap.h"

#define EXPECT_BYTES_MAX 65536
#define EXPECT_LINE_MAX 4095
#define EXPECT_VALUE_MAX 255

enum heap_kind { HEAP_SYSTEM, HEAP_CMA, HEAP_VENDOR };
enum presence { HEAP_REQUIRED, HEAP_OPTIONAL, HEAP_FORBIDDEN };
enum area_source { AREA_DEVICE_TREE, AREA_COMMAND_LINE, AREA_KCONFIG };
enum operation { OP_ALLOC, OP_FREE, OP_MMAP, OP_TOUCH, OP_SYNC, OP_COUNT };

/* Kernel releases as major * 65536 + minor; since is inclusive, until exclusive. */
struct version_range {
	uint32_t since, until;
};

struct expect_config { const char *symbol, *value; };
struct expect_area { const char *name, *dt_node; uint64_t bytes; enum area_source source; bool is_default; };
struct expect_heap {
	const char *name, *owner, *group;
	enum heap_kind kind;
	enum presence presence;
	int area; /* index, -1 when none */
	int mode; /* -1 when any */
};
struct expect_node { int heap; const char *name, *module; struct version_range range; bool optional; };
struct expect_alias { int heap; const char *name; };
struct expect_user { int heap; const char *name, *groups; };
struct expect_budget { int heap; uint64_t bytes, count; };
struct expect_latency { int heap; enum operation operation; uint64_t bytes, p50_ns, p99_ns; };

enum { CONFIG_MAX = 32, AREA_MAX = 16, HEAP_MAX = 16, NODE_MAX = 64, ALIAS_MAX = 32, USER_MAX = 32, BUDGET_MAX = 32, LATENCY_MAX = 32 };

/* Strings point into `text`, which the parser decodes in place. */
struct expect {
	const char *profile, *sha256;
	const char *arch; /* arm64, arm, riscv64, x86_64; NULL when not stated */
	struct version_range kernel;
	bool has_kernel;
	uint64_t page_bytes; /* 0 when not stated */
	uint64_t cma_total_bytes, cma_slack_bytes;
	bool has_cma, cma_or_more;
	unsigned configs, areas, heaps, nodes, aliases, users, budgets, latencies;
	struct expect_config config[CONFIG_MAX];
	struct expect_area area[AREA_MAX];
	struct expect_heap heap[HEAP_MAX];
	struct expect_node node[NODE_MAX];
	struct expect_alias alias[ALIAS_MAX];
	struct expect_user user[USER_MAX];
	struct expect_budget budget[BUDGET_MAX];
	struct expect_latency latency[LATENCY_MAX];
	char text[EXPECT_BYTES_MAX + 1];
};

/* Parses the first `length` bytes of `text`. False: `error` names the line. */
bool expect_parse(struct expect *, size_t length, struct dh_error *error);

bool expect_covers(struct version_range, unsigned major, unsigned minor);

#endif
