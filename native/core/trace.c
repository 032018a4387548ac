#include "trace.h"

#include <string.h>
#include <sys/mman.h>

#include "sys.h"
#include "text.h"

/* "field:unsigned long pfn;\toffset:16;\tsize:8;" */
static unsigned field(const char *format, const char *name, unsigned *bytes)
{
	const char *at = text_find(format, name);
	at = at ? text_find(at, "offset:") : NULL;
	const char *size = at ? text_find(at, "size:") : NULL;
	*bytes = size ? (unsigned)text_number(size + 5, NULL) : 0;
	return at ? (unsigned)text_number(at + 7, NULL) : 0;
}

bool trace_describe(const char *root, struct trace_format *format)
{
	static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	char path[SYS_PATH_MAX], text[2048];
	for (unsigned i = 0; i < 2; i++) {
		unsigned count_bytes;
		text_format(path, sizeof path, "%s/events/cma/cma_alloc_finish/id", places[i]);
		if (sys_read(root, path, text, sizeof text) <= 0)
			continue;
		format->id = (unsigned)text_number(text, NULL);
		text_format(path, sizeof path, "%s/events/cma/cma_alloc_finish/format", places[i]);
		if (sys_read(root, path, text, sizeof text) <= 0)
			return false;
		format->frame_at = field(text, " pfn;", &format->word_bytes);
		format->count_at = field(text, " count;", &count_bytes);
		return format->frame_at && format->count_at && format->word_bytes == count_bytes && (count_bytes == 4 || count_bytes == 8);
	}
	return false;
}

static uint64_t word(const unsigned char *at, unsigned bytes)
{
	uint32_t narrow;
	uint64_t wide;
	memcpy(&wide, at, 8);
	memcpy(&narrow, at, 4);
	return bytes == 4 ? narrow : wide;
}

bool trace_find(const struct trace_format *format, const unsigned char *records, size_t length, uint64_t pages, struct cma_event *event)
{
	enum { RECORD_SAMPLE = 9, HEADER_BYTES = 8, RAW_AT = 12 };
	bool found = false;
	for (size_t at = 0; length - at >= HEADER_BYTES;) {
		uint32_t type;
		uint16_t size;
		memcpy(&type, records + at, sizeof type);
		memcpy(&size, records + at + 6, sizeof size);
		if (size < HEADER_BYTES || size > length - at)
			break;
		const unsigned char *raw = records + at + RAW_AT;
		if (type == RECORD_SAMPLE && RAW_AT + format->frame_at + 8 <= size && RAW_AT + format->count_at + 8 <= size) {
			uint64_t count = word(raw + format->count_at, format->word_bytes), frame = word(raw + format->frame_at, format->word_bytes);
			/* a failed attempt leaves no frame, or -1 */
			if (count == pages && frame && frame + pages > frame && frame != UINT32_MAX) {
				*event = (struct cma_event){frame, count};
				found = true;
			}
		}
		at += size;
	}
	return found;
}

bool trace_begin(const char *root, struct cma_trace *trace)
{
	int error;
	trace->page_bytes = sys_page_bytes();
	if (!trace_describe(root, &trace->format))
		return false;
	trace->fd = sys_trace_event(trace->format.id);
	if (trace->fd < 0)
		return false;
	trace->ring = sys_map(trace->fd, (1 + TRACE_DATA_PAGES) * trace->page_bytes, PROT_READ, true, 0, &error);
	if (error)
		sys_close(trace->fd);
	return !error;
}

bool trace_end(struct cma_trace *trace, uint64_t pages, struct cma_event *event)
{
	enum { HEAD_AT = 1024 }; /* of the ring's first page */
	uint64_t length = sys_ring_head(trace->ring + HEAD_AT);
	/* more than the ring holds: older records were lost, and what is left begins in the middle of one */
	bool found = length <= TRACE_DATA_PAGES * trace->page_bytes &&
		     trace_find(&trace->format, trace->ring + trace->page_bytes, (size_t)length, pages, event);
	sys_unmap(trace->ring, (1 + TRACE_DATA_PAGES) * trace->page_bytes);
	sys_close(trace->fd);
	return found;
}
