/* Boards that several tests need, made on the fake kernel; test_scenarios.c has the rest. */
#ifndef BOARDS_H
#define BOARDS_H

#include "dmaheap.h"

/* What the healthy board's profile expects: the heap camera for user cam in group video, the system heap for nobody. */
extern const char board_expectation[];

void board_healthy(void);
void board_healthy_7(void);
void board_without_nodes(void);
void board_without_heaps(void);
void board_without_module(void);
void board_in_namespace(void); /* one that maps 1000 ids, and neither owner nor group of the nodes */
void board_without_cma(void); /* its only heap is the CMA one */

/* A board with one fault, and the check that must name it; without a diagnosis, the check must pass. */
struct scenario {
	const char *name;
	void (*arrange)(void);
	const char *check, *heap, *diagnosis;
	const char *expect; /* NULL: the board's */
	struct dh_options options;
};

const struct scenario *scenario_named(const char *name);

/* Arranges it and runs the verifier. */
void scenario_run(const struct scenario *);

#endif
