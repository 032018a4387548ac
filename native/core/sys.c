#define _GNU_SOURCE
#include "sys.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The tests replace single calls by a simulated kernel. */
#ifdef DH_FAKE_KERNEL
#include "fake_kernel.h"
#endif

/* uapi/linux/dma-heap.h and dma-buf.h are younger than some toolchains that build this; the ABI is fixed. */
struct uapi_heap_allocation {
	uint64_t len;
	uint32_t fd;
	uint32_t fd_flags;
	uint64_t heap_flags;
};
struct uapi_sync_file {
	uint32_t flags;
	int32_t fd;
};
struct uapi_prime {
	uint32_t handle, flags;
	int32_t fd;
};
struct uapi_gem_close {
	uint32_t handle, pad;
};
struct uapi_udmabuf {
	uint32_t memfd, flags;
	uint64_t offset, size;
};
/* linux/perf_event.h, the first published size of the attributes. */
struct uapi_perf {
	uint32_t type, size;
	uint64_t config, period, sample_type, read_format, flags;
	uint32_t wakeup_events, bp_type;
	uint64_t config1;
};
#define UAPI_HEAP_ALLOC _IOWR('H', 0, struct uapi_heap_allocation)
#define UAPI_SYNC _IOW('b', 0, uint64_t)
#define UAPI_SET_NAME _IOW('b', 1, uint64_t)
#define UAPI_EXPORT_SYNC_FILE _IOWR('b', 2, struct uapi_sync_file)

#define UAPI_PRIME_IMPORT _IOWR('d', 0x2e, struct uapi_prime)
#define UAPI_GEM_CLOSE _IOW('d', 0x09, struct uapi_gem_close)
#define UAPI_UDMABUF_CREATE _IOW('u', 0x42, struct uapi_udmabuf)

enum { ALLOC_ARGUMENT_MAX = 120 };

static int heap_ioctl(int fd, unsigned request, void *argument)
{
	int result;
	do
		result = ioctl(fd, (int)request, argument); /* int in musl; the kernel reads 32 bits */
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : result;
}

void *sys_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

void sys_memory_free(void *memory, size_t bytes)
{
	munmap(memory, bytes);
}

int sys_uname(const char *root, char *release, char *machine, size_t size)
{
	struct utsname u;
	if (uname(&u) < 0)
		return -errno;
	text_format(release, size, "%s", u.release);
	text_format(machine, size, "%s", u.machine);
	/* An image is judged by what it holds, not by the machine it is unpacked on. */
	char text[72];
	if (*root && sys_read(root, "/proc/sys/kernel/osrelease", text, sizeof text) > 0) {
		text[strcspn(text, "\n")] = 0;
		text_format(release, size, "%s", text);
	}
	return 0;
}

uint64_t sys_page_bytes(void)
{
	return getauxval(AT_PAGESZ); /* sysconf brings a kilobyte of other answers */
}

void sys_identity(struct sys_identity *identity)
{
	gid_t groups[64];
	*identity = (struct sys_identity){.uid = geteuid(), .gid = getegid()};
	int count = getgroups(64, groups);
	for (int i = 0; i < count; i++)
		identity->groups[identity->group_count++] = groups[i];
}

bool sys_capable(const char *root, enum sys_capability bit)
{
	char text[2048];
	if (sys_read(root, "/proc/self/status", text, sizeof text) <= 0)
		return geteuid() == 0;
	const char *line = text_find(text, "CapEff:\t");
	/* sixteen hexadecimal digits, the last of which has the bits 0 to 3 */
	if (!line || strlen(line) < 24)
		return false;
	char digit = line[8 + 15 - bit / 4];
	unsigned value = digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a' + 10);
	return value >> bit % 4 & 1;
}

uint64_t sys_now_ns(void)
{
	struct timespec t;
#if UINTPTR_MAX > 0xffffffff
	/* not clock_gettime: a static libc brings a reader of the vDSO for it, and the call costs less than what is measured */
	syscall(SYS_clock_gettime, (long)CLOCK_MONOTONIC, &t);
#else
	clock_gettime(CLOCK_MONOTONIC, &t); /* the call has another struct where time_t has 64 bits */
#endif
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void sys_sleep_ms(unsigned ms)
{
	struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static bool count_entry(void *context, const char *name)
{
	(void)name;
	++*(int *)context;
	return true;
}

int sys_fd_count(void)
{
	int count = 0;
	int result = sys_list("", "/proc/self/fd", count_entry, &count);
	return result < 0 ? result : count;
}

void sys_raise_descriptors(void)
{
	/* not setrlimit: musl's tells every thread, which brings two kilobytes */
	uint64_t limit[2]; /* soft, hard */
	if (syscall(SYS_prlimit64, 0L, (long)RLIMIT_NOFILE, NULL, limit) == 0) {
		limit[0] = limit[1];
		syscall(SYS_prlimit64, 0L, (long)RLIMIT_NOFILE, limit, NULL);
	}
}

int sys_alloc_raw(int heap, const struct sys_alloc *request)
{
	struct uapi_heap_allocation a = {request->length, request->fd_in, request->fd_flags, request->heap_flags};
	int result = heap_ioctl(heap, UAPI_HEAP_ALLOC, &a);
	return result < 0 ? result : (int)a.fd;
}

int sys_alloc(int heap, uint64_t length)
{
	return sys_alloc_raw(heap, &(struct sys_alloc){.length = length, .fd_flags = O_RDWR | O_CLOEXEC});
}

int sys_alloc_sized(int heap, unsigned argument_bytes, uint64_t length)
{
	struct uapi_heap_allocation a = {.len = length, .fd_flags = O_RDWR | O_CLOEXEC};
	unsigned char argument[ALLOC_ARGUMENT_MAX] = {0};
	if (argument_bytes < 16 || argument_bytes > sizeof argument)
		return -EINVAL;
	memcpy(argument, &a, argument_bytes < sizeof a ? argument_bytes : sizeof a);
	int result = heap_ioctl(heap, _IOC(_IOC_READ | _IOC_WRITE, 'H', 0, argument_bytes), argument);
	memcpy(&a, argument, 16);
	return result < 0 ? result : (int)a.fd;
}

int sys_alloc_unreadable(int heap)
{
	return heap_ioctl(heap, UAPI_HEAP_ALLOC, (void *)16);
}

int sys_unknown_ioctl(int heap)
{
	uint64_t argument = 0;
	return heap_ioctl(heap, _IOWR('H', 99, uint64_t), &argument);
}

int sys_buffer_seek(int buffer, int64_t offset, int whence)
{
	return lseek(buffer, (off_t)offset, whence) < 0 ? -errno : 0;
}

int sys_buffer_size(int buffer, uint64_t *bytes)
{
	off_t end = lseek(buffer, 0, SEEK_END);
	if (end < 0)
		return -errno;
	*bytes = (uint64_t)end;
	return lseek(buffer, 0, SEEK_SET) < 0 ? -errno : 0;
}

int sys_buffer_stat(int buffer, struct sys_buffer_stat *out)
{
	struct stat s;
	if (fstat(buffer, &s) < 0)
		return -errno;
	*out = (struct sys_buffer_stat){(uint64_t)s.st_size, (uint64_t)s.st_ino};
	return 0;
}

int sys_sync(int buffer, uint64_t flags)
{
	return heap_ioctl(buffer, UAPI_SYNC, &flags);
}

int sys_set_name(int buffer, const char *name)
{
	return heap_ioctl(buffer, UAPI_SET_NAME, (void *)(uintptr_t)name);
}

int sys_export_sync_file(int buffer)
{
	struct uapi_sync_file argument = {1u << 0, -1}; /* DMA_BUF_SYNC_READ */
	int result = heap_ioctl(buffer, UAPI_EXPORT_SYNC_FILE, &argument);
	return result < 0 ? result : argument.fd;
}

int sys_fdinfo(int fd, char *text, size_t size)
{
	char path[48];
	text_format(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	return (int)sys_read("", path, text, size);
}

void *sys_map(int fd, size_t bytes, int protection, bool shared, uint64_t offset, int *error)
{
	void *address = mmap(NULL, bytes, protection, shared ? MAP_SHARED : MAP_PRIVATE, fd, (off_t)offset);
	*error = address == MAP_FAILED ? -errno : 0;
	return address == MAP_FAILED ? NULL : address;
}

void sys_unmap(void *address, size_t bytes)
{
	if (address)
		munmap(address, bytes);
}

bool sys_page_frames(const void *address, uint64_t *frames, unsigned count)
{
	int fd = sys_open("", "/proc/self/pagemap", O_RDONLY, SYS_FILE);
	if (fd < 0)
		return false;
	off_t offset = (off_t)((uintptr_t)address / sys_page_bytes() * sizeof *frames);
	ssize_t got = pread(fd, frames, count * sizeof *frames, offset);
	close(fd);
	if (got != (ssize_t)(count * sizeof *frames))
		return false;
	for (unsigned i = 0; i < count; i++) /* bit 63: present; bits 0 to 54: the frame */
		frames[i] = frames[i] >> 63 ? frames[i] & ((UINT64_C(1) << 55) - 1) : 0;
	return true;
}

int sys_trace_event(unsigned id)
{
	enum { PERF_TYPE_TRACEPOINT = 2, PERF_SAMPLE_RAW = 1 << 10, PERF_FLAG_FD_CLOEXEC = 8 };
	const struct uapi_perf event = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof event, .config = id, .period = 1, .sample_type = PERF_SAMPLE_RAW};
	long fd = syscall(SYS_perf_event_open, &event, 0L, -1L, -1L, (long)PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

uint64_t sys_ring_head(const void *head)
{
	uint64_t value;
	memcpy(&value, head, sizeof value);
	atomic_thread_fence(memory_order_acquire); /* records are read after the head that covers them */
	return value;
}

int sys_import(int device, int buffer, uint32_t *handle)
{
	struct uapi_prime argument = {.fd = buffer};
	int result = heap_ioctl(device, UAPI_PRIME_IMPORT, &argument);
	*handle = argument.handle;
	return result;
}

void sys_import_drop(int device, uint32_t handle)
{
	heap_ioctl(device, UAPI_GEM_CLOSE, &(struct uapi_gem_close){.handle = handle});
}

#ifdef SYS_fcntl64
enum { CALL_FCNTL = SYS_fcntl64 };
#else
enum { CALL_FCNTL = SYS_fcntl };
#endif

int sys_memory_file(uint64_t bytes)
{
	enum { SEALING = 2, ADD_SEALS = 1033, SEAL_SHRINK = 2 };
	int fd = (int)syscall(SYS_memfd_create, "dmaheap-verify", (long)(SEALING | 1));
	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, (off_t)bytes) && !syscall(CALL_FCNTL, fd, (long)ADD_SEALS, (long)SEAL_SHRINK))
		return fd;
	int error = errno;
	close(fd);
	return -error;
}

int sys_udmabuf(int device, int memory, uint64_t bytes)
{
	return heap_ioctl(device, UAPI_UDMABUF_CREATE, &(struct uapi_udmabuf){.memfd = (uint32_t)memory, .flags = 1, .size = bytes});
}

int sys_fork(void)
{
	/* not fork: libc's takes the locks of threads along, and the child calls nothing that needs them */
	pid_t parent = getpid(), pid = (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		syscall(SYS_prctl, (long)PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L);
		if (getppid() != parent) /* it died before the line above */
			_exit(126);
	}
	return pid;
}

void sys_kill(int pid)
{
	kill(pid, SIGKILL);
}

void sys_exit(int status)
{
	_exit(status);
}

int sys_wait(int pid, unsigned timeout_ms)
{
	int status = 0;
	uint64_t deadline = sys_now_ns() + (uint64_t)timeout_ms * 1000000u;
	for (unsigned pause_us = 50;; pause_us = pause_us < 5000 ? pause_us * 2 : pause_us) {
		pid_t got = waitpid(pid, &status, WNOHANG);
		if (got == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (sys_now_ns() > deadline)
			break;
		nanosleep(&(struct timespec){0, (long)pause_us * 1000}, NULL);
	}
	/* a child that is blocked in the kernel ends when the call returns; do not wait for that */
	kill(pid, SIGKILL);
	for (int i = 0; i < 20 && waitpid(pid, &status, WNOHANG) == 0; i++)
		sys_sleep_ms(10);
	return -ETIMEDOUT;
}

int sys_pipe(int pair[2])
{
	return syscall(SYS_pipe2, pair, (long)O_CLOEXEC) < 0 ? -errno : 0; /* libc's wrapper brings a fallback for old kernels */
}

bool sys_readable(int fd, unsigned timeout_ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int ready;
	do
		ready = poll(&wait, 1, (int)timeout_ms);
	while (ready < 0 && errno == EINTR);
	return ready > 0;
}

int sys_socketpair(int pair[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
}

int sys_send_fd(int socket, int fd)
{
	char byte = 0;
	union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = {&byte, 1};
	struct msghdr message = {0};
	memset(&control, 0, sizeof control);
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = control.space;
	message.msg_controllen = sizeof control.space;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	return syscall(SYS_sendmsg, (long)socket, &message, (long)MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int sys_receive_fd(int socket)
{
	char byte;
	int fd = -EBADMSG;
	union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = {&byte, 1};
	struct msghdr message = {0};
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = control.space;
	message.msg_controllen = sizeof control.space;
	if (syscall(SYS_recvmsg, (long)socket, &message, (long)MSG_CMSG_CLOEXEC) != 1)
		return -errno;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}

int sys_send_byte(int socket)
{
	return send(socket, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int sys_receive_byte(int socket, unsigned timeout_ms)
{
	char byte;
	struct pollfd wait = {.fd = socket, .events = POLLIN};
	int ready = poll(&wait, 1, (int)timeout_ms);
	if (ready <= 0)
		return ready ? -errno : -ETIMEDOUT;
	return recv(socket, &byte, 1, 0) == 1 ? 0 : -EPIPE;
}

/* The system calls themselves: this is a separate child, and libc's wrappers would look for threads to change with it. */
#ifdef SYS_setresuid32
enum { CALL_SETGROUPS = SYS_setgroups32, CALL_SETRESGID = SYS_setresgid32, CALL_SETRESUID = SYS_setresuid32 };
#else
enum { CALL_SETGROUPS = SYS_setgroups, CALL_SETRESGID = SYS_setresgid, CALL_SETRESUID = SYS_setresuid };
#endif

int sys_become(unsigned uid, unsigned gid, const unsigned *groups, unsigned count)
{
	if (syscall(CALL_SETGROUPS, count, groups) < 0 || syscall(CALL_SETRESGID, gid, gid, gid) < 0 || syscall(CALL_SETRESUID, uid, uid, uid) < 0)
		return -errno;
	syscall(SYS_prctl, (long)PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L); /* cleared by the change of identity */
	return 0;
}
