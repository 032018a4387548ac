#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *test_root;
static unsigned held, broken;

bool check_that(bool ok, const char *what, const char *file, int line, const char *format, ...)
{
	va_list arguments;
	if (ok) {
		held++;
		return true;
	}
	broken++;
	printf("%s:%d: not so: %s: ", file, line, what);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	return false;
}

int main(void)
{
	char directory[] = P_tmpdir "/dmaheap-core-XXXXXX", command[128];
	if (!mkdtemp(directory))
		return 70;
	char root[64];
	snprintf(root, sizeof root, "%s/root", directory);
	test_root = root;
	test_expect();
	test_readers();
	test_scenarios();
	test_fixes();
	test_who_asks();
	test_namespaces();
	test_evidence();
	test_reports();
	snprintf(command, sizeof command, "rm -rf %s", directory);
	if (system(command))
		return 70;
	printf("core: %u checks held, %u did not\n", held, broken);
	return broken != 0;
}
