#include "observe.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static void config(void)
{
	static const struct { const char *line, *symbol, *value; } cases[] = {
		{"CONFIG_CMA=y", "CMA", "y"},
		{"CONFIG_CMA=y", "CM", NULL},
		{"CONFIG_CMA_AREAS=7", "CMA", NULL},
		{"# CONFIG_CMA is not set", "CMA", "n"},
		{"# CONFIG_CMA is not set", "CMA_AREAS", NULL},
		{"CONFIG_CMDLINE=\"cma=64M\"", "CMDLINE", "cma=64M"},
		{"CONFIG_CMDLINE=\"\"", "CMDLINE", ""},
		{"CONFIG_CMA=", "CMA", ""},
		{"#", "CMA", NULL},
		{"", "CMA", NULL},
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		char line[64];
		snprintf(line, sizeof line, "%s", cases[i].line);
		const char *value = config_value(line, cases[i].symbol);
		CHECK(value == cases[i].value || (value && cases[i].value && !strcmp(value, cases[i].value)), "case %u: %s", i, value ? value : "(none)");
	}
}

static void cells(void)
{
	static const unsigned char data[] = {0, 0, 0, 1, 0x40, 0, 0, 0};
	uint64_t value = 0;
	CHECK(dt_number(data, 8, 2, &value) && value == UINT64_C(0x140000000), "%llx", (unsigned long long)value);
	CHECK(dt_number(data, 8, 1, &value) && value == 1, "one cell");
	CHECK(!dt_number(data, 4, 2, &value), "too short");
	CHECK(!dt_number(data, 8, 0, &value), "no cells");
	static const unsigned char wide[12] = {1};
	CHECK(!dt_number(wide, 12, 3, &value), "beyond 64 bits");
}

static void log_lines(void)
{
	static const struct { const char *line; unsigned family; } cases[] = {
		{"6,1,0,-;Reserved memory: created CMA memory pool at 0x5c000000, size 64 MiB", LOG_POOL_CREATED},
		{"3,1,0,-;Reserved memory: incorrect alignment of CMA region", LOG_MISALIGNED},
		{"6,1,0,-;Reserved memory: bypass linux,cma node, using cmdline CMA params instead", LOG_BYPASSED},
		{"6,1,0,-;cma: Reserved 32 MiB at 0x5d400000 on node -1", LOG_RESERVED},
		{"3,1,0,-;OF: reserved mem: invalid size property in 'linux,cma' node.", LOG_INVALID_SIZE},
		{"3,1,0,-;OF: reserved mem: failed to allocate memory for node 'linux,cma': size 2048 MiB", LOG_ALLOC_FAILED},
		{"6,1,0,-;usb 1-1: new device", 0},
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK(log_family_of(cases[i].line) == cases[i].family, "case %u: %x", i, log_family_of(cases[i].line));
}

void test_readers(void)
{
	config();
	cells();
	log_lines();
}
