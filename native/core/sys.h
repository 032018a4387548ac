/* Every crossing into the kernel, and nothing else. Paths are absolute and get the root prefix here, so that everything above can
 * be tested on a fake root. Functions that can fail return a negative errno. */
#ifndef SYS_H
#define SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SYS_PATH_MAX = 512, SYS_NAME_MAX = 256 };

struct sys_node {
	bool is_char, is_link, is_directory;
	unsigned mode, uid, gid;
	unsigned major, minor;
};

struct sys_buffer_stat {
	uint64_t bytes;
	uint64_t inode;
};

struct sys_identity {
	unsigned uid, gid;
	unsigned groups[64];
	unsigned group_count;
};

/* What a path must lead to before it is opened; SYS_LOG: a file, or /dev/kmsg. */
enum sys_kind { SYS_FILE, SYS_DIRECTORY, SYS_DEVICE, SYS_LOG };

/* Files and directories. Below a root no path leads out of it, and nothing but the kind that is asked for is opened. A link at the
 * end of a SYS_DEVICE path is refused. Never waits. */
int sys_open(const char *root, const char *path, int flags, enum sys_kind);
long sys_read_all(int fd, void *buffer, size_t size); /* bytes */
/* Where a path leads below the root, all links followed; parts that do not exist are kept. */
int sys_resolve(const char *root, const char *path, char *out, size_t size);
long sys_read(const char *root, const char *path, void *buffer, size_t size); /* bytes; the buffer is 0-terminated */
int sys_stat(const char *root, const char *path, struct sys_node *);          /* does not follow the last link */
int sys_readlink(const char *root, const char *path, char *buffer, size_t size);
/* Calls `each` for every entry except . and .. until it returns false; at most 4096 entries. */
int sys_list(const char *root, const char *path, bool (*each)(void *, const char *name), void *context);
/* Calls `each` for every line until it returns false. A line longer than 1023 bytes is cut. `path` ending in .gz goes through the
 * machine's zcat. */
int sys_lines(const char *root, const char *path, bool (*each)(void *, char *line), void *context);
void sys_close(int fd);
bool sys_write(int fd, const char *data, size_t length);

/* Zeroed memory that is not the heap's of libc and that children share; NULL when there is none. */
void *sys_memory(size_t bytes);
void sys_memory_free(void *, size_t bytes);

/* The machine. */
int sys_uname(const char *root, char *release, char *machine, size_t size);
uint64_t sys_page_bytes(void);
void sys_identity(struct sys_identity *);
enum sys_capability { SYS_DAC_OVERRIDE = 1, SYS_ADMIN = 21 };
bool sys_capable(const char *root, enum sys_capability); /* by /proc of the root, or else by the user */
uint64_t sys_now_ns(void);
void sys_sleep_ms(unsigned ms);
int sys_fd_count(void);
void sys_raise_descriptors(void); /* the soft limit to the hard one */

/* dma-heap and dma-buf. */
struct sys_alloc {
	uint64_t length, heap_flags;
	uint32_t fd_in, fd_flags;
};
int sys_alloc(int heap, uint64_t length);                       /* O_RDWR | O_CLOEXEC; the buffer's fd */
int sys_alloc_raw(int heap, const struct sys_alloc *);          /* any argument, for the negative probes */
int sys_alloc_sized(int heap, unsigned argument_bytes, uint64_t length); /* the ioctl of an older or newer header */
int sys_alloc_unreadable(int heap);                             /* an argument outside the address space */
int sys_unknown_ioctl(int heap);
int sys_buffer_size(int buffer, uint64_t *bytes);               /* by lseek */
int sys_buffer_seek(int buffer, int64_t offset, int whence);
int sys_buffer_stat(int buffer, struct sys_buffer_stat *);
int sys_sync(int buffer, uint64_t flags);
int sys_set_name(int buffer, const char *name);
int sys_export_sync_file(int buffer);
int sys_fdinfo(int fd, char *text, size_t size);
void *sys_map(int fd, size_t bytes, int protection, bool shared, uint64_t offset, int *error);
void sys_unmap(void *address, size_t bytes);
/* Page frames from a mapped address on; a frame that cannot be seen is 0. */
bool sys_page_frames(const void *address, uint64_t *frames, unsigned count);

/* A trace event of this process alone, by perf; dies with its descriptor. */
int sys_trace_event(unsigned id);
uint64_t sys_ring_head(const void *head); /* what the kernel has written so far */

/* Devices. The handle of an imported buffer belongs to the device's descriptor. */
int sys_import(int device, int buffer, uint32_t *handle); /* DRM PRIME */
void sys_import_drop(int device, uint32_t handle);
int sys_memory_file(uint64_t bytes);                      /* that cannot shrink, as /dev/udmabuf wants it */
int sys_udmabuf(int device, int memory, uint64_t bytes);  /* the buffer's fd */

/* Children die with the caller, whatever happens to it. */
int sys_fork(void);
int sys_wait(int pid, unsigned timeout_ms); /* exit status, negative when it was killed or timed out (then it is killed) */
void sys_kill(int pid);
__attribute__((noreturn)) void sys_exit(int status);
int sys_pipe(int pair[2]);
bool sys_readable(int fd, unsigned timeout_ms); /* data, or its end */
int sys_socketpair(int pair[2]);
int sys_send_fd(int socket, int fd);
int sys_receive_fd(int socket);
int sys_send_byte(int socket);
int sys_receive_byte(int socket, unsigned timeout_ms);
int sys_become(unsigned uid, unsigned gid, const unsigned *groups, unsigned count);

#endif
