/*
 * Runs commands in turn, ROUNDS times each: race ROUNDS COMMAND... where a COMMAND is one shell-free line of words. Prints, per run,
 * "RUN index wall-ns peak-kib status"; whoever reads it takes medians.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

static void run(int index, const char *command)
{
	char text[512], *words[32];
	int count = 0, status;
	struct rusage usage;
	snprintf(text, sizeof text, "%s", command);
	for (char *word = strtok(text, " "); word && count < 31; word = strtok(NULL, " "))
		words[count++] = word;
	words[count] = NULL;
	unsigned long long start = now();
	pid_t pid = vfork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execv(words[0], words);
		_exit(127);
	}
	wait4(pid, &status, 0, &usage);
	printf("RUN %d %llu %ld %d\n", index, now() - start, usage.ru_maxrss, WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	for (int round = atoi(argv[1]); round > 0; round--)
		for (int i = 2; i < argc; i++)
			run(i - 2, argv[i]);
	return 0;
}
