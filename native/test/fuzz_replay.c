/* Feeds files to a fuzz target, for compilers without libFuzzer: TARGET FILE... */
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int main(int argc, char **argv)
{
	enum { INPUT_MAX = 1 << 17 };
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "r");
		unsigned char *data = malloc(INPUT_MAX);
		if (!file || !data) {
			perror(argv[i]);
			return 3;
		}
		size_t size = fread(data, 1, INPUT_MAX, file);
		fclose(file);
		unsigned char *exact = realloc(data, size ? size : 1); /* so that the sanitizer sees its end */
		LLVMFuzzerTestOneInput(exact, size);
		free(exact);
	}
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? 0 : 3;
}
