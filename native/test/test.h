#ifndef TEST_H
#define TEST_H

#include "dmaheap.h"

#include <stdbool.h>

/* Counts; prints what failed with its place. */
#define CHECK(condition, ...) check_that((condition), #condition, __FILE__, __LINE__, __VA_ARGS__)
__attribute__((format(printf, 5, 6))) bool check_that(bool ok, const char *what, const char *file, int line, const char *format, ...);

extern const char *test_root; /* an own directory, emptied by every fake_reset */

void test_expect(void);
void test_readers(void);
void test_scenarios(void);
void test_fixes(void);
void test_who_asks(void);
void test_namespaces(void);
void test_evidence(void);
void test_reports(void);

#endif
