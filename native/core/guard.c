/*
 * A run in a child process. The parent only writes the report: if a system call blocks the child, the report still ends in time, and
 * says which check did not return. Results come through a pipe as they are; what they point to lies in memory that both share.
 */
#include "session.h"

#include <errno.h>
#include <string.h>

enum message_kind { MESSAGE_REFUSED, MESSAGE_BEGIN, MESSAGE_RESULT, MESSAGE_END };

struct message {
	enum message_kind kind;
	unsigned planned;
	union {
		struct dh_error error;
		struct dh_result result;
		struct dh_summary summary;
	} as;
};

struct pipe_end {
	int fd;
	struct message message;
};

static void send(struct pipe_end *out, enum message_kind kind)
{
	out->message.kind = kind;
	/* the parent has ended or does not read any more: the rest is not needed */
	if (!sys_write(out->fd, (const char *)&out->message, sizeof out->message))
		sys_exit(1);
}

static void send_begin(void *context, const struct dh_environment *environment, unsigned planned)
{
	struct pipe_end *out = context;
	(void)environment; /* the session holds it */
	out->message.planned = planned;
	send(out, MESSAGE_BEGIN);
}

static void send_result(void *context, const struct dh_result *r)
{
	struct pipe_end *out = context;
	out->message.as.result = *r;
	send(out, MESSAGE_RESULT);
}

static void send_end(void *context, const struct dh_summary *summary)
{
	struct pipe_end *out = context;
	out->message.as.summary = *summary;
	send(out, MESSAGE_END);
}

static void child(struct session *s, uint64_t start_ns, int fd)
{
	struct pipe_end out;
	struct dh_summary summary;
	const struct dh_sink sink = {send_begin, send_result, send_end, &out};
	memset(&out, 0, sizeof out);
	memset(&summary, 0, sizeof summary);
	out.fd = fd;
	if (session_read(s, &out.message.as.error))
		session_run(s, start_ns, &sink, &summary);
	else
		send(&out, MESSAGE_REFUSED);
	sys_exit(0);
}

/* What the child did not come to. */
struct rest {
	const struct session *session;
	const struct dh_sink *sink;
	struct dh_summary *summary;
	unsigned done, seen;
	const char *why;
};

static bool leave_undone(void *context, const struct check *check, struct subject subject)
{
	struct rest *rest = context;
	struct dh_result r;
	if (rest->seen++ < rest->done)
		return true;
	session_describe(rest->session, check, subject, &r);
	undone(&r, "%s", rest->seen == rest->done + 1 ? rest->why : "an earlier check did not return");
	summary_add(rest->summary, &r);
	rest->sink->result(rest->sink->context, &r);
	return true;
}

static unsigned remaining_ms(uint64_t deadline_ns)
{
	uint64_t now = sys_now_ns();
	return now >= deadline_ns ? 0 : (unsigned)((deadline_ns - now) / 1000000u) + 1;
}

bool dh_verify(const struct dh_options *options, const struct dh_sink *sink, struct dh_summary *summary, struct dh_error *error)
{
	enum { GRACE_MS = 1000 }; /* for the check that runs when the time is up, before it is cut off */
	uint64_t start = sys_now_ns();
	struct session *s = session_new(options);
	dh_catalogue(); /* a packed program makes the table when it is first asked: before both need it */
	int pipe_fd[2] = {-1, -1}, pid = s && !sys_pipe(pipe_fd) ? sys_fork() : -ENOMEM;
	if (pid < 0) { /* better a run that may wait than none */
		sys_close(pipe_fd[0]);
		sys_close(pipe_fd[1]);
		if (s)
			session_close(s);
		return dh_verify_here(options, sink, summary, error);
	}
	if (pid == 0)
		child(s, start, pipe_fd[1]);
	sys_close(pipe_fd[1]);
	uint64_t deadline = start + session_limit_ns(s) + GRACE_MS * UINT64_C(1000000);
	struct message message;
	struct rest rest = {s, sink, summary, 0, 0, ""};
	bool began = false, ended = false, refused = false;
	memset(summary, 0, sizeof *summary);
	while (!ended && !refused && sys_readable(pipe_fd[0], remaining_ms(deadline)) && sys_read_all(pipe_fd[0], &message, sizeof message) == sizeof message)
		switch (message.kind) {
		case MESSAGE_REFUSED:
			*error = message.as.error;
			refused = true;
			break;
		case MESSAGE_BEGIN:
			began = true;
			sink->begin(sink->context, &s->environment, message.planned);
			break;
		case MESSAGE_RESULT:
			rest.done++;
			summary_add(summary, &message.as.result);
			sink->result(sink->context, &message.as.result);
			break;
		case MESSAGE_END:
			*summary = message.as.summary;
			ended = true;
			break;
		}
	if (!ended && !refused) {
		bool late = sys_now_ns() >= deadline;
		sys_kill(pid);
		rest.why = late ? "a system call did not return before the time limit" : "the process that ran it was killed";
		if (began) {
			session_plan(s, leave_undone, &rest);
		} else {
			struct dh_result r = {.id = "machine.observed", .status = DH_ERROR};
			sink->begin(sink->context, &s->environment, 1);
			undone(&r, "%s", rest.why);
			summary_add(summary, &r);
			sink->result(sink->context, &r);
		}
		summary->duration_ns = sys_now_ns() - start;
		for (unsigned i = 0; i < s->expect.heaps; i++)
			summary->probed += s->heap[i].probed;
		summary->verdict = summary->counts[DH_FAIL] ? DH_VERDICT_FAIL : DH_VERDICT_INCOMPLETE;
		ended = true;
	}
	if (ended)
		sink->end(sink->context, summary);
	sys_close(pipe_fd[0]);
	sys_wait(pid, 1000);
	session_close(s);
	return !refused;
}
