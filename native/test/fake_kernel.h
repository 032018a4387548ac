/* A kernel that the test controls: it stands between core/sys.c and the system calls that matter here. Heaps are memory files,
 * their areas are counters. Everything else, /proc and /sys included, are files under a root that the test writes. */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <sys/syscall.h>

enum { FAKE_HEAPS_MAX = 8, FAKE_AREAS_MAX = 4, FAKE_BUFFERS_MAX = 4096 };

struct fake_heap {
	char name[64];
	int area; /* -1: system memory */
	unsigned mode, uid, gid;
	bool regular;  /* not a device */
	int open_error; /* besides what mode and identity say */
	int ioctl_error;
};

struct fake_area {
	uint64_t bytes, used, largest; /* largest 0: one piece */
};

struct fake_kernel {
	char root[200];
	struct fake_heap heap[FAKE_HEAPS_MAX];
	int heaps;
	struct fake_area area[FAKE_AREAS_MAX];
	int areas;
	unsigned uid, gid, groups[8];
	int group_count;
	char release[64];
	unsigned mapped; /* ids below it are those of this user namespace, 65534 is what it does not map; 0: there is none */
	unsigned directory_mode, directory_uid; /* of /dev/dma_heap */
	/* faults */
	bool read_only, dirty, corrupt, truncate, leaks_area, leaks_fd, wrong_errno, short_flags, no_sockets, not_counted, no_meminfo_cma, scattered, no_frames;
	int busy_times;     /* that many allocations answer ENOMEM although there is room */
	int descriptors;    /* more are EMFILE; 0: no limit */
	int late_opens;     /* mode is 0600 for that many lstat calls */
	unsigned slow_us;
	int import_error;   /* what the DRM device answers */
	uint64_t traced_pages; /* the event that perf shows; 0: perf is refused */
	int64_t meminfo_total; /* CmaTotal shown, -1: the sum of the areas */
	uint64_t available;
	uint64_t events;
};

extern struct fake_kernel fake;

/* An empty root, one kernel 6.12, no heaps. */
void fake_reset(const char *root);
void fake_file(const char *path, const char *text);
void fake_bytes(const char *path, const void *data, size_t size);
void fake_remove(const char *path);
int fake_add_area(uint64_t bytes);
void fake_add_heap(const char *name, int area, unsigned mode, unsigned gid);
void fake_link(const char *path, const char *target);

int fake_open(const char *path, int flags, ...);
int fake_ioctl(int fd, int request, void *argument);
int fake_close(int fd);
int fake_lstat(const char *path, struct stat *);
int fake_fstat(int fd, struct stat *);
off_t fake_lseek(int fd, off_t offset, int whence);
void *fake_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int fake_uname(struct utsname *);
uid_t fake_geteuid(void);
gid_t fake_getegid(void);
int fake_getgroups(int count, gid_t *list);
long fake_syscall(long number, ...); /* a change of identity; everything else goes through */
int fake_socketpair(int domain, int type, int protocol, int pair[2]);
ssize_t fake_pread(int fd, void *buffer, size_t size, off_t offset);

#ifndef FAKE_KERNEL_ITSELF
#define open fake_open
#define ioctl fake_ioctl
#define close fake_close
#define lstat fake_lstat
#define fstat fake_fstat
#define lseek fake_lseek
#define mmap fake_mmap
#define uname fake_uname
#define geteuid fake_geteuid
#define getegid fake_getegid
#define getgroups fake_getgroups
#define syscall fake_syscall
#define socketpair fake_socketpair
#define pread fake_pread
#endif

#endif
