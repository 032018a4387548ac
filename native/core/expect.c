#include "expect.h"
#include "text.h"

#include <stdarg.h>
#include <string.h>

enum { WORDS_MAX = 12 };

struct word { const char *key, *value; bool used; };

struct line {
	struct expect *expect;
	struct dh_error *error;
	const char *keyword;
	struct word word[WORDS_MAX];
	unsigned words;
	bool bad;
};

__attribute__((format(printf, 2, 3)))
static void refuse(struct line *line, const char *format, ...)
{
	if (line->bad)
		return;
	line->bad = true;
	va_list arguments;
	va_start(arguments, format);
	text_vformat(line->error->message, sizeof line->error->message, format, arguments);
	va_end(arguments);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Decodes %XX in place; a decoded value is never longer. */
static bool decode(struct line *line, char *text)
{
	char *out = text;
	for (const char *in = text; *in; in++) {
		if (*in != '%') {
			*out++ = *in;
			continue;
		}
		int high = hex(in[1]), low = high < 0 ? -1 : hex(in[2]);
		if (low < 0) {
			refuse(line, "%% must be followed by two hexadecimal digits (a literal %% is %%25)");
			return false;
		}
		if (high == 0 && low == 0) {
			refuse(line, "%%00 is not allowed in a value");
			return false;
		}
		*out++ = (char)(high * 16 + low);
		in += 2;
	}
	*out = 0;
	if (out - text > EXPECT_VALUE_MAX) {
		refuse(line, "value longer than %d bytes", EXPECT_VALUE_MAX);
		return false;
	}
	return true;
}

static bool split(struct line *line, char *text)
{
	for (const char *c = text; *c; c++)
		if (*c < 0x20 || *c > 0x7e) {
			refuse(line, "byte 0x%02x must be written %%%02X", (unsigned char)*c, (unsigned char)*c);
			return false;
		}
	line->keyword = text;
	char *next = strchr(text, ' ');
	while (next) {
		*next++ = 0;
		char *key = next;
		next = strchr(key, ' ');
		char *end = next ? next : key + strlen(key);
		char *equals = memchr(key, '=', (size_t)(end - key));
		if (!equals || equals == key) {
			refuse(line, "expected key=value after '%.40s' (one space between words)", line->keyword);
			return false;
		}
		if (line->words == WORDS_MAX) {
			refuse(line, "more than %d words", WORDS_MAX);
			return false;
		}
		*equals = 0;
		char end_was = *end;
		*end = 0;
		bool ok = decode(line, equals + 1);
		/* the separator is put back for the loop's `*next++ = 0` */
		*end = end_was;
		if (!ok)
			return false;
		for (unsigned i = 0; i < line->words; i++)
			if (!strcmp(line->word[i].key, key)) {
				refuse(line, "'%.40s' stands twice", key);
				return false;
			}
		line->word[line->words++] = (struct word){key, equals + 1, false};
	}
	return true;
}

static const char *optional(struct line *line, const char *key)
{
	for (unsigned i = 0; i < line->words; i++)
		if (!strcmp(line->word[i].key, key)) {
			line->word[i].used = true;
			return line->word[i].value;
		}
	return NULL;
}

static const char *required(struct line *line, const char *key)
{
	const char *value = optional(line, key);
	if (!value || !*value) {
		refuse(line, "'%.40s' needs %s=", line->keyword, key);
		return "";
	}
	return value;
}

static const char *file_name(struct line *line, const char *key)
{
	const char *value = required(line, key);
	if (strchr(value, '/') || !strcmp(value, ".") || !strcmp(value, ".."))
		refuse(line, "%s='%.40s' is not a file name", key, value);
	return value;
}

static uint64_t number_of(struct line *line, const char *key, const char *text)
{
	uint64_t value = 0;
	const char *c = text;
	bool good = *c && !(c[0] == '0' && c[1]);
	for (; good && *c; c++) {
		unsigned digit = (unsigned)(*c - '0');
		good = digit <= 9 && value <= (UINT64_MAX - digit) / 10;
		value = value * 10 + digit;
	}
	if (!good)
		refuse(line, "%s='%.40s' is not a decimal number below 2^64", key, text);
	return value;
}

static uint64_t number(struct line *line, const char *key)
{
	const char *text = required(line, key);
	return line->bad ? 0 : number_of(line, key, text);
}

static uint64_t number_or(struct line *line, const char *key, uint64_t otherwise)
{
	const char *text = optional(line, key);
	return text ? number_of(line, key, text) : otherwise;
}

static bool flag(struct line *line, const char *key)
{
	const char *text = optional(line, key);
	if (!text || !strcmp(text, "no"))
		return false;
	if (strcmp(text, "yes"))
		refuse(line, "%s='%.40s' is not yes or no", key, text);
	return true;
}

static unsigned choice(struct line *line, const char *key, const char *text, const char *const *names)
{
	for (unsigned i = 0; names[i]; i++)
		if (!strcmp(text, names[i]))
			return i;
	refuse(line, "%s='%.40s' is not known", key, text);
	return 0;
}

static uint32_t release(struct line *line, const char *key, uint32_t otherwise)
{
	const char *text = optional(line, key);
	if (!text)
		return otherwise;
	uint32_t part[2] = {0, 0};
	const char *c = text;
	bool good = true;
	for (int i = 0; i < 2 && good; i++) {
		size_t digits = strspn(c, "0123456789");
		good = digits >= 1 && digits <= 4 && c[digits] == (i ? 0 : '.');
		for (size_t d = 0; good && d < digits; d++)
			part[i] = part[i] * 10 + (uint32_t)(c[d] - '0');
		c += digits + !i;
	}
	if (!good)
		refuse(line, "%s='%.40s' is not MAJOR.MINOR", key, text);
	return part[0] << 16 | part[1];
}

static struct version_range range(struct line *line)
{
	struct version_range r = {release(line, "since", 0), release(line, "until", UINT32_MAX)};
	if (r.since >= r.until)
		refuse(line, "since is not before until");
	return r;
}

static int heap_of(struct line *line)
{
	const char *name = required(line, "heap");
	for (unsigned i = 0; i < line->expect->heaps; i++)
		if (!strcmp(line->expect->heap[i].name, name))
			return (int)i;
	refuse(line, "no heap '%.40s' before this line", name);
	return 0;
}

static bool room(struct line *line, unsigned count, unsigned max)
{
	if (count < max)
		return true;
	refuse(line, "more than %u '%.40s' lines", max, line->keyword);
	return false;
}

static void read_profile(struct line *line, struct expect *e)
{
	if (e->profile)
		refuse(line, "'profile' stands twice");
	e->profile = required(line, "name");
	e->sha256 = optional(line, "sha256");
}

static void read_kernel(struct line *line, struct expect *e)
{
	if (e->has_kernel)
		refuse(line, "'kernel' stands twice");
	e->has_kernel = true;
	e->kernel = range(line);
	e->arch = optional(line, "arch");
}

static void read_page(struct line *line, struct expect *e)
{
	if (e->page_bytes)
		refuse(line, "'page' stands twice");
	e->page_bytes = number(line, "bytes");
}

static void read_cma(struct line *line, struct expect *e)
{
	if (e->has_cma)
		refuse(line, "'cma' stands twice");
	e->has_cma = true;
	e->cma_total_bytes = number(line, "total-bytes");
	e->cma_slack_bytes = number_or(line, "slack-bytes", 0);
	e->cma_or_more = flag(line, "or-more");
	if (e->cma_or_more && e->cma_slack_bytes)
		refuse(line, "slack-bytes= has no meaning with or-more=yes");
}

static void read_config(struct line *line, struct expect *e)
{
	if (room(line, e->configs, CONFIG_MAX))
		e->config[e->configs++] = (struct expect_config){required(line, "symbol"), required(line, "value")};
}

static void read_area(struct line *line, struct expect *e)
{
	static const char *const sources[] = {"device-tree", "command-line", "kconfig", NULL};
	if (!room(line, e->areas, AREA_MAX))
		return;
	struct expect_area a = {0};
	a.name = file_name(line, "name");
	a.bytes = number(line, "bytes");
	a.source = (enum area_source)choice(line, "source", required(line, "source"), sources);
	a.is_default = flag(line, "default");
	const char *node = optional(line, "dt-node");
	a.dt_node = node ? file_name(line, "dt-node") : a.name;
	e->area[e->areas++] = a;
}

static void read_heap(struct line *line, struct expect *e)
{
	static const char *const kinds[] = {"system", "cma", "vendor", NULL};
	static const char *const presences[] = {"required", "optional", "absent", NULL};
	if (!room(line, e->heaps, HEAP_MAX))
		return;
	struct expect_heap h = {.area = -1, .mode = -1};
	h.name = required(line, "name");
	h.kind = (enum heap_kind)choice(line, "kind", required(line, "kind"), kinds);
	const char *presence = optional(line, "presence");
	h.presence = presence ? (enum presence)choice(line, "presence", presence, presences) : HEAP_REQUIRED;
	const char *area = optional(line, "area");
	for (unsigned i = 0; area && i < e->areas; i++)
		if (!strcmp(e->area[i].name, area))
			h.area = (int)i;
	if (area && h.area < 0)
		refuse(line, "no area '%.40s' before this line", area);
	const char *mode = optional(line, "mode");
	if (mode) {
		size_t digits = strspn(mode, "01234567");
		if (mode[digits] || digits < 3 || digits > 4)
			refuse(line, "mode='%.40s' is not three or four octal digits", mode);
		h.mode = 0;
		for (const char *c = mode; *c >= '0' && *c <= '7'; c++)
			h.mode = (h.mode * 8 + (*c - '0')) & 07777;
	}
	h.owner = optional(line, "owner");
	h.group = optional(line, "group");
	for (unsigned i = 0; i < e->heaps; i++)
		if (!strcmp(e->heap[i].name, h.name))
			refuse(line, "heap '%.40s' stands twice", h.name);
	e->heap[e->heaps++] = h;
}

static void read_node(struct line *line, struct expect *e)
{
	if (room(line, e->nodes, NODE_MAX)) {
		struct expect_node n = {0};
		n.heap = heap_of(line);
		n.name = file_name(line, "name");
		n.range = range(line);
		n.optional = flag(line, "optional");
		n.module = optional(line, "module");
		e->node[e->nodes++] = n;
	}
}

static void read_alias(struct line *line, struct expect *e)
{
	if (room(line, e->aliases, ALIAS_MAX)) {
		int heap = heap_of(line);
		e->alias[e->aliases++] = (struct expect_alias){heap, file_name(line, "name")};
	}
}

static void read_user(struct line *line, struct expect *e)
{
	if (room(line, e->users, USER_MAX)) {
		int heap = heap_of(line);
		const char *name = required(line, "name");
		e->user[e->users++] = (struct expect_user){heap, name, optional(line, "groups")};
	}
}

static void read_budget(struct line *line, struct expect *e)
{
	if (room(line, e->budgets, BUDGET_MAX)) {
		int heap = heap_of(line);
		uint64_t bytes = number(line, "bytes"), count = number(line, "count");
		if (!bytes || !count || bytes > UINT64_MAX / 2 / (count ? count : 1))
			refuse(line, "bytes times count is not a size");
		e->budget[e->budgets++] = (struct expect_budget){heap, bytes, count};
	}
}

static void read_latency(struct line *line, struct expect *e)
{
	static const char *const operations[] = {"alloc", "free", "mmap", "touch", "sync", NULL};
	if (room(line, e->latencies, LATENCY_MAX)) {
		struct expect_latency l = {0};
		l.heap = heap_of(line);
		l.operation = (enum operation)choice(line, "operation", required(line, "operation"), operations);
		l.bytes = number(line, "bytes");
		l.p50_ns = number_or(line, "p50-ns", 0);
		l.p99_ns = number_or(line, "p99-ns", 0);
		if (!l.p50_ns && !l.p99_ns)
			refuse(line, "'latency' needs p50-ns= or p99-ns=");
		e->latency[e->latencies++] = l;
	}
}

static const struct statement {
	const char *keyword;
	void (*read)(struct line *, struct expect *);
} STATEMENTS[] = {
	{"profile", read_profile}, {"kernel", read_kernel}, {"page", read_page},     {"cma", read_cma},
	{"config", read_config},   {"area", read_area},     {"heap", read_heap},     {"node", read_node},
	{"alias", read_alias},     {"user", read_user},     {"budget", read_budget}, {"latency", read_latency},
};

static void read_statement(struct line *line, char *text)
{
	if (!split(line, text))
		return;
	for (unsigned i = 0; i < sizeof STATEMENTS / sizeof *STATEMENTS; i++) {
		if (strcmp(STATEMENTS[i].keyword, line->keyword))
			continue;
		STATEMENTS[i].read(line, line->expect);
		for (unsigned w = 0; w < line->words && !line->bad; w++)
			if (!line->word[w].used)
				refuse(line, "'%.40s' has no key '%.40s'", line->keyword, line->word[w].key);
		return;
	}
	refuse(line, "unknown keyword '%.40s'", line->keyword);
}

bool expect_parse(struct expect *e, size_t length, struct dh_error *error)
{
	error->line = 1;
	if (length > EXPECT_BYTES_MAX) {
		text_format(error->message, sizeof error->message, "larger than %d bytes", EXPECT_BYTES_MAX);
		return false;
	}
	e->text[length] = 0;
	if (memchr(e->text, 0, length) || length == 0 || e->text[length - 1] != '\n') {
		text_format(error->message, sizeof error->message,
			 length && e->text[length - 1] != '\n' ? "the last line has no line end (incomplete file?)" : "not a text file");
		return false;
	}
	char *text = e->text;
	for (unsigned number = 1; *text; number++) {
		char *end = strchr(text, '\n');
		*end = 0;
		struct line line = {.expect = e, .error = error};
		error->line = number;
		if (number == 1 && strcmp(text, "dmaheap-expect 1"))
			refuse(&line, "the first line is not 'dmaheap-expect 1'");
		else if (end - text > EXPECT_LINE_MAX)
			refuse(&line, "line longer than %d bytes", EXPECT_LINE_MAX);
		else if (number > 1 && *text && *text != '#')
			read_statement(&line, text);
		if (line.bad)
			return false;
		text = end + 1;
	}
	error->line = 0;
	return true;
}

bool expect_covers(struct version_range r, unsigned major, unsigned minor)
{
	uint32_t version = major << 16 | minor;
	return r.since <= version && version < r.until;
}
