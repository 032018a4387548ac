/*
 * Linked into the conf that a kernel tree brings along, with the linker's --wrap:
 *   popen, pclose  answer probes from the file KCONFIG_PROBES, when that is set; an unknown probe is fatal. Else they
 *                  run, and when KCONFIG_ASKED is set, command and output are added to that file
 *   conf_parse     parses once; with KCONFIG_SERVE set, conf's main (renamed conf_main) is then run for every two
 *                  lines on standard input: an option such as --olddefconfig or --defconfig=FILE, and a log file. It
 *                  runs in a fork of the parsed process, whose exit status is answered in a line
 * The records of the probes file are LENGTH:LENGTH:COMMAND ANSWER, without the blank.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

FILE *__real_popen(const char *command, const char *mode);
int __real_pclose(FILE *stream);
void __real_conf_parse(const char *name);
int conf_main(int count, char **arguments);

static char *records;
static size_t records_size;

static void load(const char *name)
{
	FILE *file = fopen(name, "r");

	if (!file) {
		perror(name);
		exit(97);
	}
	fseek(file, 0, SEEK_END);
	records_size = ftell(file);
	rewind(file);
	records = malloc(records_size + 1);
	if (!records || fread(records, 1, records_size, file) != records_size)
		exit(97);
	records[records_size] = '\0';
	fclose(file);
}

static FILE *run(const char *command, const char *mode)
{
	const char *name = getenv("KCONFIG_ASKED");
	static char output[1 << 16];
	size_t size;
	FILE *pipe = __real_popen(command, mode), *log;

	if (!pipe || !name)
		return pipe;
	size = fread(output, 1, sizeof(output), pipe);
	__real_pclose(pipe);
	log = fopen(name, "a");
	if (!log)
		exit(97);
	fprintf(log, "%zu:%zu:%s", strlen(command), size, command);
	fwrite(output, 1, size, log);
	fclose(log);
	return size ? fmemopen(output, size, "r") : fopen("/dev/null", "r");
}

FILE *__wrap_popen(const char *command, const char *mode)
{
	const char *name = getenv("KCONFIG_PROBES");
	char *at;

	if (!name)
		return run(command, mode);
	if (!records)
		load(name);
	for (at = records; at < records + records_size;) {
		size_t command_size = strtoul(at, &at, 10);
		size_t answer_size = strtoul(at + 1, &at, 10);

		at++;
		if (command_size == strlen(command) && !memcmp(at, command, command_size))
			return answer_size ? fmemopen(at + command_size, answer_size, "r") : fopen("/dev/null", "r");
		at += command_size + answer_size;
	}
	fprintf(stderr, "judge: no answer to the probe '%s'\n", command);
	exit(97);
}

int __wrap_pclose(FILE *stream)
{
	return getenv("KCONFIG_PROBES") || getenv("KCONFIG_ASKED") ? fclose(stream) : __real_pclose(stream);
}

static int parsed;

void __wrap_conf_parse(const char *name)
{
	if (!parsed)
		__real_conf_parse(name);
	parsed = 1;
}

static int serve(void)
{
	char option[4096], log[4096];

	/* One pipe for both, so that nothing said while parsing comes after "ready". */
	dup2(1, 2);
	setvbuf(stdout, NULL, _IONBF, 0);
	__wrap_conf_parse("Kconfig");
	printf("ready\n");
	while (fflush(NULL), fgets(option, sizeof(option), stdin) && fgets(log, sizeof(log), stdin)) {
		char *arguments[] = { "conf", option, "Kconfig", NULL };
		int status = -1;
		pid_t child;

		option[strcspn(option, "\n")] = '\0';
		log[strcspn(log, "\n")] = '\0';
		child = fork();
		if (child == 0) {
			if (!freopen(log, "w", stderr) || dup2(fileno(stderr), 1) < 0)
				_exit(97);
			/* Whole lines, so that the two streams do not cut into each other. */
			setvbuf(stderr, NULL, _IOLBF, 0);
			setvbuf(stdout, NULL, _IOLBF, 0);
			exit(conf_main(3, arguments));
		}
		waitpid(child, &status, 0);
		printf("%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	}
	_exit(0);
}

int main(int count, char **arguments)
{
	return getenv("KCONFIG_SERVE") ? serve() : conf_main(count, arguments);
}
