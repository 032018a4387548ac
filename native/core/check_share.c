/* A buffer outlives what made it: another process reads it, and neither a closed descriptor nor a killed holder harms it. */
#include "session.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "buffer.h"

enum { CHILD_GOOD = 0, CHILD_CORRUPT = 1, CHILD_NO_MAP = 2, CHILD_NO_FD = 3, CHILD_MS = 5000 };

/* The child's half: receives a buffer, reads the parent's pattern and writes its own. */
static void child_reads(int socket, size_t bytes)
{
	int error, fd = sys_receive_fd(socket);
	if (fd < 0)
		sys_exit(CHILD_NO_FD);
	unsigned char *address = sys_map(fd, bytes, PROT_READ | PROT_WRITE, true, 0, &error);
	if (!address)
		sys_exit(CHILD_NO_MAP);
	bool good = pattern_holds(address, bytes, 1);
	pattern_write(address, bytes, 2);
	sys_exit(good ? CHILD_GOOD : CHILD_CORRUPT);
}

static bool begin(struct session *s, struct subject subject, struct buffer *buffer, int pair[2], struct dh_result *r)
{
	if (!usable(s, subject, r))
		return false;
	int error = sys_socketpair(pair);
	if (error) {
		skipped(r, "this kernel has no local sockets (%s)", error_name(error));
		return false;
	}
	error = buffer_make(s, subject.heap, s->environment.page_bytes, buffer);
	if (error) {
		judge_allocation(s, subject.heap, s->environment.page_bytes, error, r);
		sys_close(pair[0]);
		sys_close(pair[1]);
		return false;
	}
	return true;
}

static void another_process(struct session *s, struct subject subject, struct dh_result *r)
{
	struct buffer buffer;
	int pair[2];
	if (!begin(s, subject, &buffer, pair, r))
		return;
	expected(r, "a process that receives the descriptor sees the data, and its answer is visible here");
	pattern_write(buffer.address, buffer.bytes, 1);
	int pid = sys_fork();
	if (pid == 0) {
		sys_close(pair[0]);
		child_reads(pair[1], buffer.bytes);
	}
	sys_close(pair[1]);
	int error = pid < 0 ? pid : sys_send_fd(pair[0], buffer.fd);
	int status = pid < 0 ? pid : sys_wait(pid, CHILD_MS);
	sys_close(pair[0]);
	if (error || status < 0 || status == CHILD_NO_FD)
		broken(r, error ? error : status, "the descriptor could not be passed");
	else if (status == CHILD_NO_MAP)
		failed(r, ABI_DEVIATION, 0, "the received descriptor cannot be mapped");
	else if (status == CHILD_CORRUPT || !pattern_holds(buffer.address, buffer.bytes, 2))
		failed(r, DATA_CORRUPT, 0, "the %s sees other data", status == CHILD_CORRUPT ? "receiver" : "sender");
	else
		passed(r, "both see both patterns");
	buffer_drop(&buffer);
}

/* The child holds the descriptor and the mapping, and is killed in the middle. */
static void killed_holder(struct session *s, struct subject subject, struct dh_result *r)
{
	struct buffer buffer;
	int pair[2];
	if (!begin(s, subject, &buffer, pair, r))
		return;
	expected(r, "the data stays when a holder is killed and when the descriptor is closed");
	pattern_write(buffer.address, buffer.bytes, 3);
	int pid = sys_fork();
	if (pid == 0) {
		int error;
		sys_close(pair[0]);
		void *address = sys_map(buffer.fd, buffer.bytes, PROT_READ, true, 0, &error);
		if (address && !sys_send_byte(pair[1]))
			sys_receive_byte(pair[1], CHILD_MS);
		sys_exit(CHILD_NO_MAP);
	}
	sys_close(pair[1]);
	int ready = pid < 0 ? pid : sys_receive_byte(pair[0], CHILD_MS);
	if (pid > 0) {
		sys_kill(pid);
		sys_wait(pid, CHILD_MS);
	}
	sys_close(pair[0]);
	bool after_kill = pattern_holds(buffer.address, buffer.bytes, 3);
	sys_close(buffer.fd);
	buffer.fd = -1;
	bool after_close = pattern_holds(buffer.address, buffer.bytes, 3);
	if (ready)
		broken(r, ready, "the holder did not start");
	else if (!after_kill || !after_close)
		failed(r, DATA_CORRUPT, 0, "the data is lost after %s", after_kill ? "close" : "the kill");
	else
		passed(r, "intact");
	buffer_drop(&buffer);
}

const struct check SHARE_CHECKS[] = {
	{"share.process", SCOPE_HEAP, another_process},
	{"share.killed-holder", SCOPE_HEAP, killed_holder},
	{NULL, SCOPE_HEAP, NULL},
};
