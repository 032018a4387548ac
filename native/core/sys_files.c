/*
 * Files, directories and nodes. A path below a root that was named is resolved here, link by link, and never leads out of it; what it
 * leads to is looked at before it is opened, because opening a FIFO waits and opening a watchdog arms it.
 */
#define _GNU_SOURCE
#include "sys.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The tests replace single calls by a simulated kernel. */
#ifdef DH_FAKE_KERNEL
#include "fake_kernel.h"
#endif

enum { ENTRIES_MAX = 4096, LINES_MAX = 65536, LINE_MAX_BYTES = 1024, LINKS_MAX = 40 };

/* What getdents64 fills. */
struct kernel_dirent {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* linux/openat2.h */
struct uapi_open_how {
	uint64_t flags, mode, resolve;
};
enum { RESOLVE_NO_SYMLINKS_BIT = 0x04, RESOLVE_IN_ROOT_BIT = 0x10 };
#ifndef SYS_openat2
#define SYS_openat2 437 /* the same on every architecture */
#endif

static bool has_root(const char *root)
{
	return *root && strcmp(root, "/") != 0;
}

/*
 * Writes where `path` leads, as a path below the root without links: absolute links and `..` stay inside. With `keep_last` the last
 * part is not followed. A part that does not exist ends the walk; the rest is copied.
 */
static int resolve(char *out, size_t room, const char *root, const char *path, bool keep_last)
{
	char rest[SYS_PATH_MAX], target[SYS_PATH_MAX], joined[SYS_PATH_MAX];
	size_t prefix = strlen(root), length = prefix;
	int links = 0;
	if (prefix + 1 >= room || text_format(rest, sizeof rest, "%s", path) >= SYS_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(out, root, prefix + 1);
	for (char *at = rest; *at;) {
		size_t part = strcspn(at, "/");
		char *next = at + part + strspn(at + part, "/");
		if (part == 0 || (part == 1 && *at == '.')) {
			at = next;
			continue;
		}
		if (part == 2 && at[0] == '.' && at[1] == '.') {
			while (length > prefix && out[--length] != '/')
				;
			out[length] = 0;
			at = next;
			continue;
		}
		if (length + part + 2 > room)
			return -ENAMETOOLONG;
		size_t before = length;
		out[length++] = '/';
		memcpy(out + length, at, part);
		length += part;
		out[length] = 0;
		ssize_t n = keep_last && !*next ? -1 : readlink(out, target, sizeof target - 1);
		if (n < 0) {
			at = next;
			continue;
		}
		target[n] = 0;
		if (++links > LINKS_MAX)
			return -ELOOP;
		if (text_format(joined, sizeof joined, "%s%s%s", target, *next ? "/" : "", next) >= SYS_PATH_MAX)
			return -ENAMETOOLONG;
		memcpy(rest, joined, sizeof rest);
		at = rest;
		length = *target == '/' ? prefix : before;
		out[length] = 0;
	}
	return 0;
}

/* A path for the calls below: on the running machine the path itself, which the kernel resolves. */
static int full_path(char *out, const char *root, const char *path, bool keep_last)
{
	if (has_root(root))
		return resolve(out, SYS_PATH_MAX, root, path, keep_last);
	return text_format(out, SYS_PATH_MAX, "%s", path) >= SYS_PATH_MAX ? -ENAMETOOLONG : 0;
}

int sys_resolve(const char *root, const char *path, char *out, size_t size)
{
	char full[SYS_PATH_MAX];
	int error = resolve(full, sizeof full, has_root(root) ? root : "", path, false);
	if (!error)
		text_format(out, size, "%s", full + (has_root(root) ? strlen(root) : 0));
	return error;
}

/* The path has no links by now: one that appears between the look and the open is refused, whatever it leads to. */
static int open_resolved(const char *root, const char *name, int flags, bool follow)
{
	int fd;
	if (has_root(root)) {
		int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		const struct uapi_open_how how = {(uint64_t)(unsigned)flags, 0, RESOLVE_NO_SYMLINKS_BIT | RESOLVE_IN_ROOT_BIT};
		fd = (int)syscall(SYS_openat2, top, name + strlen(root) + 1, &how, sizeof how);
		int error = errno;
		close(top);
		errno = error;
		if (fd >= 0 || (error != ENOSYS && error != EPERM)) /* EPERM: a container's filter that does not know the call */
			return fd < 0 ? -error : fd;
		follow = false;
	}
	do
		fd = open(name, flags | (follow ? 0 : O_NOFOLLOW));
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static bool is_kind(const struct stat *s, enum sys_kind kind)
{
	switch (kind) {
	case SYS_FILE: return S_ISREG(s->st_mode);
	case SYS_DIRECTORY: return S_ISDIR(s->st_mode);
	case SYS_DEVICE: return S_ISCHR(s->st_mode);
	case SYS_LOG: break;
	}
	return S_ISREG(s->st_mode) || (S_ISCHR(s->st_mode) && s->st_rdev == makedev(1, 11));
}

/* The kernel's own file systems hold nothing whose opening waits, and are read thousands of times. */
static bool is_kernels(const char *path)
{
	return !strncmp(path, "/proc/", 6) || !strncmp(path, "/sys/", 5);
}

int sys_open(const char *root, const char *path, int flags, enum sys_kind kind)
{
	char name[SYS_PATH_MAX];
	struct stat before, after;
	bool node = kind == SYS_DEVICE;
	int error = full_path(name, root, path, node);
	flags |= O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (kind == SYS_DIRECTORY ? O_DIRECTORY : 0);
	if (error)
		return error;
	if (!has_root(root) && is_kernels(path))
		return open_resolved("", name, flags, true);
	if ((node || has_root(root) ? lstat(name, &before) : stat(name, &before)) < 0)
		return -errno;
	if (!is_kind(&before, kind))
		return S_ISDIR(before.st_mode) ? -EISDIR : kind == SYS_DIRECTORY ? -ENOTDIR : -ENXIO;
	int fd = open_resolved(root, name, flags, !node);
	if (fd < 0)
		return fd;
	if (fstat(fd, &after) < 0 || after.st_dev != before.st_dev || after.st_ino != before.st_ino) {
		close(fd); /* another file took its place between the look and the open */
		return -EAGAIN;
	}
	return fd;
}

void sys_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

bool sys_write(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t n = write(fd, data, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		length -= (size_t)n;
	}
	return true;
}

long sys_read_all(int fd, void *buffer, size_t size)
{
	size_t length = 0;
	while (length < size) {
		ssize_t n = read(fd, (char *)buffer + length, size - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	return (long)length;
}

long sys_read(const char *root, const char *path, void *buffer, size_t size)
{
	int fd = sys_open(root, path, O_RDONLY, SYS_FILE);
	if (fd < 0)
		return fd;
	long length = sys_read_all(fd, buffer, size - 1);
	close(fd);
	((char *)buffer)[length < 0 ? 0 : length] = 0;
	return length;
}

int sys_stat(const char *root, const char *path, struct sys_node *node)
{
	char name[SYS_PATH_MAX];
	struct stat s;
	int error = full_path(name, root, path, true);
	if (error)
		return error;
	if (lstat(name, &s) < 0)
		return -errno;
	*node = (struct sys_node){
		.is_char = S_ISCHR(s.st_mode),
		.is_link = S_ISLNK(s.st_mode),
		.is_directory = S_ISDIR(s.st_mode),
		.mode = s.st_mode & 07777,
		.uid = s.st_uid,
		.gid = s.st_gid,
		.major = major(s.st_rdev),
		.minor = minor(s.st_rdev),
	};
	return 0;
}

int sys_readlink(const char *root, const char *path, char *buffer, size_t size)
{
	char name[SYS_PATH_MAX];
	int error = full_path(name, root, path, true);
	if (error)
		return error;
	ssize_t n = readlink(name, buffer, size - 1);
	if (n < 0)
		return -errno;
	buffer[n] = 0;
	return (int)n;
}

int sys_list(const char *root, const char *path, bool (*each)(void *, const char *), void *context)
{
	int fd = sys_open(root, path, O_RDONLY, SYS_DIRECTORY);
	if (fd < 0)
		return fd;
	int count = 0;
	/* not readdir: it would bring malloc into a program that needs none */
	union { struct kernel_dirent entry; char bytes[2048]; } space;
	for (long n; count < ENTRIES_MAX && (n = syscall(SYS_getdents64, fd, space.bytes, sizeof space.bytes)) > 0;) {
		for (long at = 0; at < n && count < ENTRIES_MAX;) {
			const struct kernel_dirent *entry = (const void *)(space.bytes + at);
			at += entry->length;
			if (!strcmp(entry->name, ".") || !strcmp(entry->name, ".."))
				continue;
			count++;
			if (!each(context, entry->name))
				goto out;
		}
	}
out:
	close(fd);
	return count;
}

/* Reads through a descriptor; for /dev/kmsg one read is one record, EPIPE a gap and EAGAIN the end. */
static int lines_of(int fd, bool (*each)(void *, char *), void *context)
{
	char chunk[8192], line[LINE_MAX_BYTES];
	size_t length = 0;
	for (int reads = 0; reads < LINES_MAX; reads++) {
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++) {
			if (chunk[i] != '\n') {
				if (length < sizeof line - 1)
					line[length++] = chunk[i];
				continue;
			}
			line[length] = 0;
			length = 0;
			if (!each(context, line))
				return 0;
		}
	}
	line[length] = 0;
	if (length)
		each(context, line);
	return 0;
}

/* zcat reads from the descriptor, so that it does not follow a link itself. */
static int open_zcat(int packed, int *pid)
{
	int pipe_fd[2];
	int error = sys_pipe(pipe_fd);
	if (error)
		return error;
	*pid = sys_fork();
	if (*pid == 0) {
		int null = open("/dev/null", O_RDWR);
		if (null >= 0)
			syscall(SYS_dup3, null, 2L, 0L);
		syscall(SYS_dup3, packed, 0L, 0L);
		syscall(SYS_dup3, pipe_fd[1], 1L, 0L);
		/* not execlp: it brings a kilobyte to look through PATH */
		char *const arguments[] = {(char *)(uintptr_t)"zcat", NULL}, *const environment[] = {(char *)(uintptr_t)"PATH=/bin:/usr/bin", NULL};
		execve("/bin/zcat", arguments, environment);
		execve("/usr/bin/zcat", arguments, environment);
		sys_exit(127);
	}
	close(pipe_fd[1]);
	if (*pid < 0)
		close(pipe_fd[0]);
	return *pid < 0 ? *pid : pipe_fd[0];
}

int sys_lines(const char *root, const char *path, bool (*each)(void *, char *), void *context)
{
	int pid = 0;
	size_t length = strlen(path);
	bool packed = length > 3 && !strcmp(path + length - 3, ".gz");
	int fd = sys_open(root, path, O_RDONLY, SYS_LOG);
	if (fd >= 0 && packed) {
		int file = fd;
		fd = open_zcat(file, &pid);
		close(file);
	}
	if (fd < 0)
		return fd;
	int result = lines_of(fd, each, context);
	close(fd);
	if (packed && sys_wait(pid, 5000) == 127 && result == 0)
		result = -ENOSYS; /* no zcat on this machine */
	return result;
}
