/* Prints "opened FILE" for each open of one of the files: opens FILE... Prints "watching" first, then waits to be killed. */
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	int fd = inotify_init1(IN_CLOEXEC);
	for (int i = 1; i < argc; i++)
		/* the numbers of watches count from 1, as the arguments do */
		if (inotify_add_watch(fd, argv[i], IN_OPEN) != i)
			return 3;
	printf("watching\n");
	fflush(stdout);
	for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;) {
		for (char *at = bytes; at < bytes + n;) {
			const struct inotify_event *event = (const void *)at;
			printf("opened %s\n", argv[event->wd]);
			at += sizeof *event + event->len;
		}
		fflush(stdout);
	}
	return 0;
}
