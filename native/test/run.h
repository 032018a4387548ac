/* Runs the core on the fake kernel and keeps what it said. */
#ifndef RUN_H
#define RUN_H

#include "dmaheap.h"

struct run_result {
	char id[48], heap[48], diagnosis[48], observed[256], evidence[256];
	char cause[512], fix[512]; /* filled; empty without a diagnosis */
	enum dh_status status;
	int error;
};

void run(const char *expectation, struct dh_options);
unsigned run_count(void);
unsigned run_planned(void);
const struct run_result *run_at(unsigned);
const struct dh_summary *run_summary(void);

/* The first result of a check (of a heap, unless NULL) with that diagnosis (any, when NULL). */
const struct run_result *run_result(const char *id, const char *heap, const char *diagnosis);

/* "status DIAGNOSIS: observed" of it, for messages. */
const char *run_text(const char *id, const char *heap);

#endif
