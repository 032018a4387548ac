#define _GNU_SOURCE
#define FAKE_KERNEL_ITSELF
#include "fake_kernel.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_kernel fake;

static struct fake_buffer {
	bool used, read_only;
	int area;
	uint64_t bytes;
	char exporter[64];
} buffers[FAKE_BUFFERS_MAX]; /* by descriptor */

static void make_directories(const char *path)
{
	char copy[600];
	snprintf(copy, sizeof copy, "%s", path);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(copy, 0755);
		*slash = '/';
	}
}

void fake_bytes(const char *path, const void *data, size_t size)
{
	char name[600];
	snprintf(name, sizeof name, "%s%s", fake.root, path);
	make_directories(name);
	FILE *file = fopen(name, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file)) {
		perror(name);
		exit(70);
	}
}

void fake_file(const char *path, const char *text)
{
	fake_bytes(path, text, strlen(text));
}

void fake_link(const char *path, const char *target)
{
	char name[600];
	snprintf(name, sizeof name, "%s%s", fake.root, path);
	make_directories(name);
	if (symlink(target, name)) {
		perror(name);
		exit(70);
	}
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status, (void)kind, (void)place;
	return remove(path);
}

void fake_remove(const char *path)
{
	char name[600];
	snprintf(name, sizeof name, "%s%s", fake.root, path);
	if (nftw(name, remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT) {
		perror(name);
		exit(70);
	}
}

void fake_reset(const char *root)
{
	memset(&fake, 0, sizeof fake);
	for (int i = 0; i < FAKE_BUFFERS_MAX; i++)
		if (buffers[i].used)
			fprintf(stderr, "descriptor %d was left open\n", i);
	memset(buffers, 0, sizeof buffers);
	snprintf(fake.root, sizeof fake.root, "%s", root);
	snprintf(fake.release, sizeof fake.release, "6.12.0");
	fake.meminfo_total = -1;
	fake.directory_mode = 0755;
	fake.available = UINT64_C(512) << 20;
	fake_remove("");
	fake_file("/proc/cmdline", "console=ttyS0\n");
	fake_file("/proc/meminfo", "");
	fake_file("/proc/vmstat", "");
	fake_file("/dev/kmsg", "6,1,0,-;Booting Linux\n");
	fake_file("/etc/passwd", "root:x:0:0::/:/bin/sh\ncam:x:1000:1000::/:/bin/sh\nguest:x:1001:1001::/:/bin/sh\n");
	fake_file("/etc/group", "root:x:0:\nvideo:x:44:cam\ncam:x:1000:\nguest:x:1001:\n");
}

int fake_add_area(uint64_t bytes)
{
	fake.area[fake.areas].bytes = bytes;
	return fake.areas++;
}

void fake_add_heap(const char *name, int area, unsigned mode, unsigned gid)
{
	char path[128];
	struct fake_heap *heap = &fake.heap[fake.heaps++];
	snprintf(heap->name, sizeof heap->name, "%s", name);
	heap->area = area;
	heap->mode = mode;
	heap->gid = gid;
	snprintf(path, sizeof path, "/dev/dma_heap/%s", name);
	fake_file(path, "");
	snprintf(path, sizeof path, "/sys/class/dma_heap/%s/uevent", name);
	fake_file(path, "");
}

static struct fake_heap *heap_at(const char *path)
{
	char prefix[256];
	snprintf(prefix, sizeof prefix, "%s/dev/dma_heap/", fake.root);
	size_t length = strlen(prefix);
	for (int i = 0; i < fake.heaps && !strncmp(path, prefix, length); i++)
		if (!strcmp(path + length, fake.heap[i].name))
			return &fake.heap[i];
	return NULL;
}

static bool in_group(unsigned gid)
{
	bool found = fake.gid == gid;
	for (int i = 0; i < fake.group_count; i++)
		found |= fake.groups[i] == gid;
	return found;
}

static int permission(const struct fake_heap *heap, int flags)
{
	unsigned wanted = (flags & O_ACCMODE) == O_RDONLY ? 4 : 6;
	unsigned given = fake.uid == heap->uid ? heap->mode >> 6 : in_group(heap->gid) ? heap->mode >> 3 : heap->mode;
	bool hidden = fake.mapped && (heap->uid == 65534 || heap->gid == 65534); /* no capability counts */
	if ((fake.uid != 0 || hidden) && (given & wanted) != wanted)
		return EACCES;
	return heap->open_error;
}

static int text_file(const char *text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return fd;
}

static bool is(const char *path, const char *what)
{
	size_t root = strlen(fake.root);
	return !strncmp(path, fake.root, root) && !strcmp(path + root, what);
}

static int64_t sum(bool free_only)
{
	int64_t total = 0;
	for (int i = 0; i < fake.areas; i++)
		total += (int64_t)(fake.area[i].bytes - (free_only ? fake.area[i].used : 0));
	return total;
}

static int live_file(const char *path)
{
	char text[512];
	int fd;
	if (is(path, "/proc/meminfo")) {
		int64_t total = fake.meminfo_total < 0 ? sum(false) : fake.meminfo_total;
		int length = snprintf(text, sizeof text, "MemTotal: 1048576 kB\nMemAvailable: %llu kB\n", (unsigned long long)(fake.available >> 10));
		if (!fake.no_meminfo_cma)
			snprintf(text + length, sizeof text - (size_t)length, "CmaTotal: %lld kB\nCmaFree: %lld kB\n", (long long)(total >> 10), (long long)(sum(true) >> 10));
		return text_file(text);
	}
	if (is(path, "/proc/vmstat")) {
		snprintf(text, sizeof text, "nr_free_pages 1\ncma_alloc_success %llu\ncma_alloc_fail 0\n", (unsigned long long)fake.events);
		return text_file(text);
	}
	if (is(path, "/sys/kernel/debug/cma/linux,cma/used") && fake.areas) {
		snprintf(text, sizeof text, "%llu\n", (unsigned long long)(fake.area[0].used / (uint64_t)sysconf(_SC_PAGESIZE)));
		return text_file(text);
	}
	if (sscanf(path, "/proc/self/fdinfo/%d", &fd) == 1 && fd < FAKE_BUFFERS_MAX && buffers[fd].used) {
		snprintf(text, sizeof text, "pos:\t0\nflags:\t02000002\nsize:\t%llu\ncount:\t1\nexp_name:\t%s\n", (unsigned long long)buffers[fd].bytes, buffers[fd].exporter);
		return text_file(text);
	}
	return -2;
}

int fake_open(const char *path, int flags, ...)
{
	struct fake_heap *heap = heap_at(path);
	if (heap) {
		int error = permission(heap, flags);
		if (error) {
			errno = error;
			return -1;
		}
		return open(path, O_RDONLY | O_CLOEXEC);
	}
	int fd = live_file(path);
	return fd == -2 ? open(path, flags) : fd;
}

static int open_buffers(void)
{
	int count = 0;
	for (int i = 0; i < FAKE_BUFFERS_MAX; i++)
		count += buffers[i].used;
	return count;
}

struct allocation {
	uint64_t len;
	uint32_t fd, fd_flags;
	uint64_t heap_flags;
};

static int allocate(struct fake_heap *heap, struct allocation *a)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), bytes = (a->len + page - 1) / page * page;
	uint64_t flags = fake.short_flags ? (uint32_t)a->heap_flags : a->heap_flags;
	if (a->fd || a->fd_flags & ~(uint32_t)(O_CLOEXEC | O_ACCMODE) || flags || !bytes)
		return EINVAL;
	if (heap->area >= 0) {
		struct fake_area *area = &fake.area[heap->area];
		if (fake.busy_times > 0 && fake.busy_times--)
			return ENOMEM;
		if (bytes > area->bytes - area->used || (area->largest && bytes > area->largest))
			return ENOMEM;
		area->used += bytes;
		fake.events += !fake.not_counted;
	} else if (bytes > fake.available) {
		return ENOMEM;
	}
	if (fake.descriptors && open_buffers() >= fake.descriptors)
		return EMFILE;
	if (fake.slow_us)
		usleep(fake.slow_us);
	if (fake.truncate)
		bytes = page;
	int fd = memfd_create("buffer", MFD_CLOEXEC);
	if (fd < 0 || fd >= FAKE_BUFFERS_MAX || ftruncate(fd, (off_t)bytes))
		return EMFILE;
	if (fake.dirty && pwrite(fd, "old", 3, (off_t)bytes / 2) != 3)
		return EIO;
	buffers[fd] = (struct fake_buffer){true, fake.read_only || (a->fd_flags & O_ACCMODE) == O_RDONLY, heap->area, bytes, ""};
	snprintf(buffers[fd].exporter, sizeof buffers[fd].exporter, "%s", heap->name);
	a->fd = (uint32_t)fd;
	return 0;
}

static int heap_request(struct fake_heap *heap, unsigned request, void *argument)
{
	if (heap->ioctl_error)
		return heap->ioctl_error;
	if (heap->regular)
		return ENOTTY;
	if (_IOC_TYPE(request) != 'H' || _IOC_NR(request) != 0)
		return EINVAL;
	if ((uintptr_t)argument < 4096)
		return EFAULT;
	struct allocation a = {0};
	size_t size = _IOC_SIZE(request) < sizeof a ? _IOC_SIZE(request) : sizeof a;
	memcpy(&a, argument, size);
	int error = allocate(heap, &a);
	if (fake.wrong_errno && error == EINVAL)
		error = ENOTTY;
	memcpy(argument, &a, size);
	return error;
}

/* A DRM device takes every buffer or none; /dev/udmabuf makes a second descriptor of the memory. */
static int device_request(const char *path, unsigned request, void *argument)
{
	struct { uint32_t memfd, flags; uint64_t offset, size; } create;
	if (_IOC_TYPE(request) == 'd' && strstr(path, "/dev/dri/"))
		return fake.import_error;
	if (_IOC_TYPE(request) != 'u' || !strstr(path, "/dev/udmabuf"))
		return ENOTTY;
	memcpy(&create, argument, sizeof create);
	int fd = dup((int)create.memfd);
	buffers[fd] = (struct fake_buffer){true, false, -1, create.size, "udmabuf"};
	return -fd;
}

static int buffer_request(unsigned request, void *argument)
{
	uint64_t flags;
	if (_IOC_TYPE(request) != 'b')
		return ENOTTY;
	switch (_IOC_NR(request)) {
	case 0:
		memcpy(&flags, argument, sizeof flags);
		return flags & ~UINT64_C(7) || !(flags & 3) ? EINVAL : 0;
	case 1: return strlen(argument) >= 32 ? EINVAL : 0;
	default: return ENOTTY;
	}
}

int fake_ioctl(int fd, int request, void *argument)
{
	char link[64], path[600];
	int error = ENOTTY;
	if (fd >= 0 && fd < FAKE_BUFFERS_MAX && buffers[fd].used) {
		error = buffer_request((unsigned)request, argument);
	} else {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof path - 1);
		path[n < 0 ? 0 : n] = 0;
		struct fake_heap *heap = heap_at(path);
		error = heap ? heap_request(heap, (unsigned)request, argument) : device_request(path, (unsigned)request, argument);
		if (error < 0)
			return -error;
	}
	errno = error;
	return error ? -1 : 0;
}

int fake_close(int fd)
{
	if (fd >= 0 && fd < FAKE_BUFFERS_MAX && buffers[fd].used) {
		struct fake_buffer *b = &buffers[fd];
		if (b->area >= 0 && !fake.leaks_area)
			fake.area[b->area].used -= fake.truncate ? 0 : b->bytes;
		b->used = false;
		if (fake.leaks_fd)
			(void)!dup(fd);
	}
	return close(fd);
}

static struct stat looked_at;

/* What was opened is what was looked at, although live files are made anew. */
int fake_fstat(int fd, struct stat *s)
{
	char link[64], path[600];
	int result = fstat(fd, s);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = 0;
	if (!strncmp(path, "/memfd:text", 11)) {
		s->st_dev = looked_at.st_dev;
		s->st_ino = looked_at.st_ino;
	}
	return result;
}

int fake_lstat(const char *path, struct stat *s)
{
	struct fake_heap *heap = heap_at(path);
	int result = lstat(path, s);
	if (!result)
		looked_at = *s;
	if (!result && (is(path, "/dev/dri/card0") || is(path, "/dev/udmabuf")))
		s->st_mode = S_IFCHR | 0600;
	if (!result && is(path, "/dev/dma_heap")) {
		s->st_mode = S_IFDIR | fake.directory_mode;
		s->st_uid = fake.directory_uid;
		s->st_gid = 0;
	}
	if (result || !heap || S_ISLNK(s->st_mode))
		return result;
	bool late = fake.late_opens > 0 && fake.late_opens--;
	s->st_mode = (heap->regular ? S_IFREG : S_IFCHR) | (late ? 0600 : heap->mode);
	s->st_uid = heap->uid;
	s->st_gid = late ? 0 : heap->gid;
	s->st_rdev = heap->regular ? 0 : 254 << 8;
	return 0;
}

off_t fake_lseek(int fd, off_t offset, int whence)
{
	if (fd >= 0 && fd < FAKE_BUFFERS_MAX && buffers[fd].used && (offset || whence == SEEK_CUR)) {
		errno = EINVAL;
		return -1;
	}
	return lseek(fd, offset, whence);
}

void *fake_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	if (fd >= 0 && fd < FAKE_BUFFERS_MAX && buffers[fd].used) {
		const struct fake_buffer *b = &buffers[fd];
		errno = (uint64_t)offset + bytes > b->bytes ? EINVAL : b->read_only && protection & PROT_WRITE ? EACCES : 0;
		if (errno)
			return MAP_FAILED;
		if (fake.corrupt && !(protection & PROT_WRITE)) /* a second, read-only mapping shows other memory */
			return mmap(address, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	return mmap(address, bytes, protection, flags, fd, offset);
}

int fake_uname(struct utsname *u)
{
	memset(u, 0, sizeof *u);
	snprintf(u->release, sizeof u->release, "%s", fake.release);
	snprintf(u->machine, sizeof u->machine, "aarch64");
	return 0;
}

uid_t fake_geteuid(void)
{
	return fake.uid;
}

gid_t fake_getegid(void)
{
	return fake.gid;
}

int fake_getgroups(int count, gid_t *list)
{
	for (int i = 0; i < fake.group_count && i < count; i++)
		list[i] = fake.groups[i];
	return fake.group_count;
}

/* A ring of perf with one record, as linux/perf_event.h lays it out: the event's pfn lies at 16, its count at 32. */
static int traced_event(void)
{
	struct { uint32_t type; uint16_t misc, size; uint32_t raw_bytes; unsigned char raw[44]; } record = {9, 0, sizeof record, 44, {0}};
	uint64_t head = sizeof record, frame = 0x4c000, page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (!fake.traced_pages) {
		errno = EACCES;
		return -1;
	}
	memcpy(record.raw + 16, &frame, 8);
	memcpy(record.raw + 32, &fake.traced_pages, 8);
	int fd = memfd_create("ring", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 2 * (off_t)page) || pwrite(fd, &head, 8, 1024) != 8 || pwrite(fd, &record, sizeof record, (off_t)page) != (ssize_t)sizeof record)
		exit(70);
	return fd;
}

long fake_syscall(long number, ...)
{
	long argument[3];
	va_list arguments;
	va_start(arguments, number);
	for (int i = 0; i < 3; i++)
		argument[i] = va_arg(arguments, long);
	va_end(arguments);
	switch (number) {
	case SYS_setgroups:
		for (long i = 0; fake.mapped && i < (int)argument[0]; i++)
			if (((const gid_t *)argument[1])[i] >= fake.mapped) {
				errno = EINVAL;
				return -1;
			}
		fake.group_count = 0;
		for (long i = 0; i < (int)argument[0] && i < 8; i++)
			fake.groups[fake.group_count++] = ((const gid_t *)argument[1])[i];
		return 0;
	case SYS_openat2: errno = ENOSYS; return -1; /* the walk of the paths is what is tested; guests have the call */
	case SYS_prlimit64: return 0;
	case SYS_perf_event_open: return traced_event();
	case SYS_setresgid: fake.gid = (unsigned)argument[1]; return 0;
	case SYS_setresuid:
		if (fake.mapped && (unsigned)argument[1] >= fake.mapped) {
			errno = EINVAL;
			return -1;
		}
		fake.uid = (unsigned)argument[1]; return 0;
	default: return syscall(number, argument[0], argument[1], argument[2]);
	}
}

int fake_socketpair(int domain, int type, int protocol, int pair[2])
{
	if (fake.no_sockets) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return socketpair(domain, type, protocol, pair);
}

/* pagemap: frames of a mapping follow each other unless the test scatters them. */
ssize_t fake_pread(int fd, void *buffer, size_t size, off_t offset)
{
	(void)fd;
	for (size_t i = 0; i < size / 8; i++) {
		uint64_t frame = (uint64_t)offset / 8 + i * (fake.scattered ? 3 : 1);
		uint64_t entry = fake.no_frames ? 0 : UINT64_C(1) << 63 | (frame & 0xffffffff);
		memcpy((char *)buffer + i * 8, &entry, 8);
	}
	return (ssize_t)size;
}
