/* Only with --import: what a device makes of the buffers, and buffers that are made of a process's own memory. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "buffer.h"

static const char UDMABUF[] = "/dev/udmabuf";

/* The device of --import, opened; negative: `r` is a skip or says why. */
static int open_device(const struct session *s, struct dh_result *r)
{
	char path[SYS_PATH_MAX];
	if (!s->options->import || !strcmp(s->options->import, UDMABUF)) {
		skipped(r, s->options->import ? "no DRM device was named" : "no --import");
		return -ENOENT;
	}
	if (sys_resolve(s->root, s->options->import, path, sizeof path)) /* people name it by a link, as in /dev/dri/by-path */
		path[0] = 0;
	int device = sys_open(s->root, path, O_RDWR, SYS_DEVICE);
	if (device < 0)
		broken(r, device, "%s cannot be opened: %s", s->options->import, error_name(device));
	return device;
}

/* Attached, synchronised while attached, and unharmed. The handle is dropped again. */
static void judge_import(const struct session *s, int device, const struct buffer *buffer, enum heap_kind kind, struct dh_result *r)
{
	uint32_t handle;
	expected(r, "%s imports %llu bytes, which keep their data", s->options->import, (unsigned long long)buffer->bytes);
	pattern_write(buffer->address, buffer->bytes, 5);
	int error = sys_import(device, buffer->fd, &handle);
	if (error == -ENOTTY || error == -ENOSYS || error == -EOPNOTSUPP) {
		skipped(r, "%s imports no buffers (%s)", s->options->import, error_name(error));
		return;
	}
	if (error && kind != HEAP_CMA) {
		skipped(r, "refused (%s): a device without an IOMMU accepts only contiguous buffers", error_name(error));
		return;
	}
	if (error) {
		about(r, s->options->import);
		failed(r, IMPORT_REFUSED, error, "%s", error_name(error));
		return;
	}
	int sync = sys_sync(buffer->fd, SYNC_START | SYNC_READ | SYNC_WRITE);
	if (!sync)
		sync = sys_sync(buffer->fd, SYNC_END | SYNC_READ | SYNC_WRITE);
	sys_import_drop(device, handle);
	if (sync)
		failed(r, ABI_DEVIATION, sync, "sync of an imported buffer: %s", error_name(sync));
	else if (!pattern_holds(buffer->address, buffer->bytes, 5))
		failed(r, DATA_CORRUPT, 0, "the import changed the data");
	else
		passed(r, "imported, synchronised and released");
}

static void import(struct session *s, struct subject subject, struct dh_result *r)
{
	struct buffer buffer;
	uint64_t page = s->environment.page_bytes, bytes = s->heap[subject.heap].limit / page * page;
	if (!usable(s, subject, r))
		return;
	int device = open_device(s, r);
	if (device < 0)
		return;
	bytes = bytes > 1 << 20 ? 1 << 20 : bytes;
	int error = buffer_make(s, subject.heap, bytes, &buffer);
	if (error) {
		judge_allocation(s, subject.heap, bytes, error, r);
	} else {
		judge_import(s, device, &buffer, s->expect.heap[subject.heap].kind, r);
		buffer_drop(&buffer);
	}
	sys_close(device);
}

/* Memory of this process as a buffer: written here, read there; and into the device, when one was named. */
static void udmabuf(struct session *s, struct subject subject, struct dh_result *r)
{
	(void)subject;
	uint64_t bytes = 4 * s->environment.page_bytes, size = 0;
	struct buffer buffer = {.fd = -1, .bytes = (size_t)bytes};
	int error = 0;
	if (!s->options->import) {
		skipped(r, "no --import");
		return;
	}
	expected(r, "a buffer of %llu bytes of the memory of this process", (unsigned long long)bytes);
	int device = sys_open(s->root, UDMABUF, O_RDWR, SYS_DEVICE);
	if (device == -ENOENT && strcmp(s->options->import, UDMABUF)) {
		skipped(r, "no /dev/udmabuf");
		return;
	}
	int memory = device < 0 ? device : sys_memory_file(bytes);
	buffer.fd = memory < 0 ? memory : sys_udmabuf(device, memory, bytes);
	unsigned char *own = buffer.fd < 0 ? NULL : sys_map(memory, buffer.bytes, PROT_READ | PROT_WRITE, true, 0, &error);
	if (own)
		buffer.address = sys_map(buffer.fd, buffer.bytes, PROT_READ | PROT_WRITE, true, 0, &error);
	if (buffer.address)
		pattern_write(own, buffer.bytes, 4);
	about(r, error_name(buffer.fd < 0 ? buffer.fd : error));
	if (!buffer.address)
		failed(r, UDMABUF_UNUSABLE, buffer.fd < 0 ? buffer.fd : error, "%s", r->subject);
	else if (sys_buffer_size(buffer.fd, &size) || size != bytes || !pattern_holds(buffer.address, buffer.bytes, 4))
		failed(r, DATA_CORRUPT, 0, "the buffer does not show the memory that it was made from");
	else
		passed(r, "%llu bytes", (unsigned long long)bytes);
	if (r->status == DH_PASS && strcmp(s->options->import, UDMABUF)) {
		int drm = open_device(s, r);
		if (drm >= 0)
			judge_import(s, drm, &buffer, HEAP_SYSTEM, r);
		sys_close(drm);
	}
	sys_unmap(own, buffer.bytes);
	buffer_drop(&buffer);
	sys_close(memory);
	sys_close(device);
}

const struct check IMPORT_CHECKS[] = {
	{"import.udmabuf", SCOPE_MACHINE, udmabuf},
	{"import.device", SCOPE_HEAP, import},
	{NULL, SCOPE_HEAP, NULL},
};
