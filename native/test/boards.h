/* Boards that several tests need, made on the fake kernel; test_scenarios.c has the rest. */
#ifndef BOARDS_H
#define BOARDS_H

/* What the healthy board's profile expects: the heap camera for user cam in group video, the system heap for nobody. */
extern const char board_expectation[];

void board_healthy(void);
void board_without_nodes(void);
void board_without_heaps(void);
void board_without_module(void);
void board_without_cma(void); /* its only heap is the CMA one */

#endif
