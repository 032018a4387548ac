#include "text.h"

#include <string.h>

/* Either a bounded text or an output takes the characters. */
struct target {
	char *out;
	size_t size, length;
	struct output *output;
};

static void emit(struct target *t, char c)
{
	if (t->output)
		put_char(t->output, c);
	else if (t->length + 1 < t->size)
		t->out[t->length] = c;
	t->length++;
}

static void pad(struct target *t, char c, int count)
{
	for (; count > 0; count--)
		emit(t, c);
}

struct spec {
	bool zero, plus, minus, wide, upper;
	int width, precision;
};

static void number(struct target *t, const struct spec *s, uint64_t value, unsigned base, bool negative)
{
	char digits[24];
	int n = 0;
	const char sign = (char)(negative ? '-' : s->plus ? '+' : 0);
	do
		digits[n++] = (s->upper ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
	while ((value /= base));
	int space = s->width - n - (sign != 0);
	if (!s->zero)
		pad(t, ' ', space);
	if (sign)
		emit(t, sign);
	if (s->zero)
		pad(t, '0', space);
	while (n)
		emit(t, digits[--n]);
}

static void string(struct target *t, const struct spec *s, const char *text)
{
	size_t length = 0;
	while ((s->precision < 0 || length < (size_t)s->precision) && text[length])
		length++;
	if (!s->minus)
		pad(t, ' ', s->width - (int)length);
	for (size_t i = 0; i < length; i++)
		emit(t, text[i]);
	if (s->minus)
		pad(t, ' ', s->width - (int)length);
}

static void render(struct target *t, const char *format, va_list arguments)
{
	for (const char *c = format; *c; c++) {
		struct spec s = {.precision = -1};
		if (*c != '%') {
			emit(t, *c);
			continue;
		}
		for (c++; *c == '0' || *c == '+' || *c == '-'; c++)
			*(*c == '0' ? &s.zero : *c == '+' ? &s.plus : &s.minus) = true;
		if (*c == '*') {
			s.width = va_arg(arguments, int);
			c++;
		}
		for (; *c >= '0' && *c <= '9'; c++)
			s.width = s.width * 10 + (*c - '0');
		if (*c == '.' && *++c == '*') {
			s.precision = va_arg(arguments, int);
			c++;
		} else if (c[-1] == '.') {
			for (s.precision = 0; *c >= '0' && *c <= '9'; c++)
				s.precision = s.precision * 10 + (*c - '0');
		}
		for (; *c == 'l'; c++)
			s.wide = c[1] != 'l' ? true : s.wide;
		switch (*c) {
		case 'd': {
			int64_t value = s.wide ? va_arg(arguments, long long) : va_arg(arguments, int);
			number(t, &s, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, value < 0);
			break;
		}
		case 'u':
		case 'x':
		case 'X':
		case 'o':
			s.upper = *c == 'X';
			number(t, &s, s.wide ? va_arg(arguments, unsigned long long) : va_arg(arguments, unsigned), *c == 'u' ? 10 : *c == 'o' ? 8 : 16, false);
			break;
		case 's': string(t, &s, va_arg(arguments, const char *)); break;
		case 'c': emit(t, (char)va_arg(arguments, int)); break;
		default: emit(t, *c);
		}
	}
}

int text_vformat(char *out, size_t size, const char *format, va_list arguments)
{
	struct target t = {.out = out, .size = size};
	render(&t, format, arguments);
	if (size)
		out[t.length < size ? t.length : size - 1] = 0;
	return (int)t.length;
}

int text_format(char *out, size_t size, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = text_vformat(out, size, format, arguments);
	va_end(arguments);
	return length;
}

const char *text_find(const char *text, const char *wanted)
{
	size_t length = strlen(wanted);
	for (; *text; text++)
		if (!strncmp(text, wanted, length))
			return text;
	return NULL;
}

uint64_t text_number(const char *text, const char **end)
{
	uint64_t value = 0;
	while (*text == ' ' || *text == '\t')
		text++;
	for (; *text >= '0' && *text <= '9' && value <= (UINT64_MAX - 9) / 10; text++)
		value = value * 10 + (unsigned)(*text - '0');
	if (end)
		*end = text;
	return value;
}

int64_t text_signed(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return *text == '-' ? -(int64_t)text_number(text + 1, NULL) : (int64_t)text_number(text, NULL);
}

unsigned text_utf8(const unsigned char *c)
{
	unsigned n = c[0] < 0x80 ? 1 : c[0] >= 0xc2 && c[0] < 0xe0 ? 2 : c[0] >= 0xe0 && c[0] < 0xf0 ? 3 : c[0] >= 0xf0 && c[0] < 0xf5 ? 4 : 0;
	for (unsigned i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return n;
}

static void drain(struct output *out)
{
	if (!out->failed && out->length)
		out->failed = !out->write(out->context, out->buffer, out->length);
	out->length = 0;
}

void put_char(struct output *out, char c)
{
	if (out->length == sizeof out->buffer)
		drain(out);
	out->buffer[out->length++] = c;
}

void put_bytes(struct output *out, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put_char(out, bytes[i]);
}

void put_text(struct output *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

void put_line(struct output *out, const char *text, char instead)
{
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			put_char(out, instead);
		else
			put_char(out, *c);
	}
}

void put(struct output *out, const char *format, ...)
{
	struct target t = {.output = out};
	va_list arguments;
	va_start(arguments, format);
	render(&t, format, arguments);
	va_end(arguments);
}

bool put_end(struct output *out)
{
	drain(out);
	return !out->failed;
}

void put_json(struct output *out, const char *text)
{
	put_char(out, '"');
	for (const unsigned char *c = (const unsigned char *)text; *c;) {
		unsigned n = text_utf8(c);
		if (n == 0) {
			put_text(out, "\\ufffd");
			n = 1;
		} else if (*c < 0x20 || *c == '"' || *c == '\\' || *c == 0x7f) {
			put(out, *c == '"' || *c == '\\' ? "\\%c" : "\\u%04x", *c);
		} else {
			put_bytes(out, (const char *)c, n);
		}
		c += n;
	}
	put_char(out, '"');
}
