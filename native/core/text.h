/*
 * printf's useful tenth: libc's own brings floating point and wide characters, a third of a static program that prints neither.
 * Understood: %s %.Ns %.*s %c %d %u %x %X %o %lld %llu %% with a width, zero padding and +. The compiler checks the arguments.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As snprintf: always ends the text, returns the length it would have had. */
__attribute__((format(printf, 3, 4))) int text_format(char *out, size_t size, const char *format, ...);
__attribute__((format(printf, 3, 0))) int text_vformat(char *out, size_t size, const char *format, va_list);

/* Decimal digits at the start of a text, as far as they fit 64 bits; `end` (may be NULL) is where they stop. */
uint64_t text_number(const char *text, const char **end);
/* The same with a sign. */
int64_t text_signed(const char *text);

/* The first occurrence of `wanted` in `text`, or NULL. libc's own is made for texts a thousand times as long. */
const char *text_find(const char *text, const char *wanted);

/* Length of the UTF-8 sequence at `c`, 0 when it is none. */
unsigned text_utf8(const unsigned char *c);

/* Where a report goes. `write` gets every full buffer; it is not called again after it has failed. */
struct output {
	bool (*write)(void *context, const char *data, size_t length);
	void *context;
	bool failed;
	size_t length;
	char buffer[1024];
};

__attribute__((format(printf, 2, 3))) void put(struct output *, const char *format, ...);
void put_text(struct output *, const char *);
void put_bytes(struct output *, const char *, size_t);
void put_char(struct output *, char);
/* Text from the machine, which may hold anything: control characters, newlines among them, become `instead`. */
void put_line(struct output *, const char *, char instead);
/* As a JSON string; bytes that are not UTF-8 become U+FFFD, so that the output is always JSON. */
void put_json(struct output *, const char *);
/* Writes what is still held; false when anything could not be written. */
bool put_end(struct output *);

#endif
