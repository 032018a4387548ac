/* What this machine shows without allocating anything. */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "expect.h"
#include "sys.h"

enum { OBSERVED_NODES_MAX = 32, OBSERVED_AREAS_MAX = 32 };

struct memory_view {
	bool is_read; /* /proc/meminfo could be read; otherwise nothing is known about CMA as a whole */
	int64_t cma_total, cma_free, available; /* bytes, -1 when not shown */
	int64_t cma_success, cma_fail;          /* events since boot, -1 if the kernel does not count them */
};

struct heap_node {
	char name[SYS_NAME_MAX];
	char target[SYS_NAME_MAX]; /* of a symlink, as it is written; empty when it is a device */
	struct sys_node stat;
};

struct cma_area {
	char name[SYS_NAME_MAX];
	int64_t total_bytes, free_bytes, held_bytes; /* -1 when not shown */
};

/* What the kernel log says about a reserved-memory node or area of interest. */
enum log_family {
	LOG_POOL_CREATED = 1 << 0,
	LOG_RESERVED = 1 << 1,
	LOG_MISALIGNED = 1 << 2,
	LOG_INVALID_SIZE = 1 << 3,
	LOG_ALLOC_FAILED = 1 << 4,
	LOG_BYPASSED = 1 << 5,
	LOG_NO_SLOTS = 1 << 6,
	LOG_NOT_ACTIVATED = 1 << 7,
	LOG_MATCH_FAILED = 1 << 8,
	LOG_NOMAP = 1 << 9,
	LOG_AVC_DENIED = 1 << 10,
};

/* The options that decide whether there are heaps, whatever the expectation names. */
enum heap_symbol { SYMBOL_HEAPS, SYMBOL_SYSTEM, SYMBOL_CMA_HEAP, SYMBOL_CMA, SYMBOL_DMA_CMA, HEAP_SYMBOLS };

enum dt_state { DT_UNREADABLE, DT_ABSENT, DT_PARENT_IGNORED, DT_DISABLED, DT_NOMAP, DT_NOT_REUSABLE, DT_CELLS_WRONG, DT_PRESENT };

/* One child of /reserved-memory. */
struct dt_view {
	enum dt_state state;
	int64_t bytes; /* -1 when it states none */
	char why[160]; /* of DT_PARENT_IGNORED and DT_CELLS_WRONG: what is written, and what the kernel reads */
};

/* It exists while udev has events to handle. */
#define UDEV_QUEUE "/run/udev/queue"

/* Whether udev (or eudev) has finished with a node, by its database and its queue; mdev has neither. */
enum udev_state { UDEV_NONE, UDEV_PENDING_NODE, UDEV_DONE };

struct observation {
	struct memory_view memory;
	int directory_error; /* of /dev/dma_heap, 0 when it can be read */
	struct sys_node directory;
	unsigned nodes;
	struct heap_node node[OBSERVED_NODES_MAX];
	unsigned classes; /* /sys/class/dma_heap */
	bool has_sysfs;   /* there is a /sys/class to have it in */
	char class_name[OBSERVED_NODES_MAX][64];
	bool has_areas;          /* some per-area source could be read */
	const char *area_source; /* which */
	unsigned areas;
	struct cma_area area[OBSERVED_AREAS_MAX];
	char cmdline_cma[128]; /* value of cma=, empty when absent */
	bool has_cmdline_cma;
	const char *config_source; /* NULL when no config can be read, or was needed */
	char config_path[SYS_PATH_MAX];
	char config[CONFIG_MAX][32]; /* by expect->config; "n" when not set */
	char heap_config[HEAP_SYMBOLS]; /* y, m or n; n when no config can be read */
	unsigned log; /* enum log_family, over the whole log */
	bool has_udev_rule; /* some rule file speaks of dma_heap */
};

void observe(struct observation *, const char *root, const struct expect *, const char *release);

/* Only the numbers that change; cheap. */
void observe_memory(struct memory_view *, const char *root);

/* Reads one area again. */
void observe_area(const char *root, struct cma_area *);

const struct heap_node *observed_node(const struct observation *, const char *name);
const struct cma_area *observed_area(const struct observation *, const char *name);

/* What the device tree says about a child of /reserved-memory. */
struct dt_view observe_dt_node(const char *root, const char *name);

enum udev_state observe_udev(const char *root, const struct sys_node *);

/* Big-endian cells of a device-tree property; false when there are fewer than asked or they overflow 64 bits. */
bool dt_number(const unsigned char *data, size_t length, unsigned cells, uint64_t *value);

/* `CONFIG_X=value` or `# CONFIG_X is not set`: the value when the line is about the symbol, else NULL. Cuts the line. */
const char *config_value(char *line, const char *symbol);

/* The family a kernel log line belongs to, 0 for none. */
unsigned log_family_of(const char *line);

/* A module of that name: 1 loaded, 0 present but not loaded, -1 not found, -2 cannot be told. */
int observe_module(const char *root, const char *release, const char *module);

#endif
