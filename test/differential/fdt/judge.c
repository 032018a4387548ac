/*
 * libfdt as a judge: `judge apply` merges overlays as fdtoverlay does, many per process; `judge dump` says which blobs it
 * accepts and what it reads in them; `judge bench FILES` measures the CPU time of libfdt at the work that src/fdt does.
 * Built by judge.ts.
 */
#include <libfdt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct file {
	char *data;
	size_t size;
};

static struct file load(const char *path)
{
	struct file f = { NULL, 0 };
	FILE *in = fopen(path, "rb");

	if (!in) {
		perror(path);
		exit(3);
	}
	fseek(in, 0, SEEK_END);
	f.size = (size_t)ftell(in);
	rewind(in);
	f.data = malloc(f.size + 1);
	if (!f.data || fread(f.data, 1, f.size, in) != f.size)
		exit(3);
	fclose(in);
	return f;
}

/* Returns the size of the merged and packed blob in `out`, or a negative libfdt error. Destroys `overlay`. */
static int merge(const struct file *base, struct file *overlay, char *out, size_t capacity)
{
	int ret;

	if (base->size < sizeof(struct fdt_header) || overlay->size < sizeof(struct fdt_header))
		return -FDT_ERR_TRUNCATED;
	ret = fdt_open_into(base->data, out, (int)capacity);
	if (!ret)
		ret = fdt_overlay_apply(out, overlay->data);
	if (!ret)
		ret = fdt_pack(out);
	return ret ? ret : (int)fdt_totalsize(out);
}

static void put32(uint32_t value)
{
	fwrite(&value, 4, 1, stdout);
}

/* stdin: lines BASE<TAB>OVERLAY. stdout per line: int32 error (0 or negative), uint32 length, bytes. */
static int apply_all(void)
{
	static char line[8192];

	while (fgets(line, sizeof(line), stdin)) {
		char *tab = strchr(line, '\t');
		struct file base, overlay;
		size_t capacity;
		char *out;
		int ret;

		line[strcspn(line, "\n")] = 0;
		if (!tab)
			return 2;
		*tab = 0;
		base = load(line);
		overlay = load(tab + 1);
		capacity = base.size + 2 * overlay.size + 4096;
		out = malloc(capacity);
		ret = merge(&base, &overlay, out, capacity);
		put32((uint32_t)(ret < 0 ? ret : 0));
		put32((uint32_t)(ret < 0 ? 0 : ret));
		if (ret > 0)
			fwrite(out, 1, (size_t)ret, stdout);
		free(out);
		free(base.data);
		free(overlay.data);
	}
	return 0;
}

/*
 * stdin: uint32 length and bytes, per blob. stdout per blob: int32 error of fdt_check_full(), uint32 length, and the tree
 * as text: depth and name of each node, name and length and bytes of each property.
 */
static int dump_all(void)
{
	uint32_t size;

	while (fread(&size, 4, 1, stdin) == 1) {
		char *fdt = malloc(size + 8), *text = NULL;
		size_t length = 0;
		FILE *out = open_memstream(&text, &length);
		int offset, property, depth = 0, ret;

		if (!fdt || !out || fread(fdt, 1, size, stdin) != size)
			return 3;
		ret = size < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_full(fdt, size);
		for (offset = 0; !ret && offset >= 0 && depth >= 0; offset = fdt_next_node(fdt, offset, &depth)) {
			const char *name = fdt_get_name(fdt, offset, NULL);

			fprintf(out, "%d %s\n", depth, name ? name : "?");
			fdt_for_each_property_offset(property, fdt, offset) {
				int bytes;
				const char *value = fdt_getprop_by_offset(fdt, property, &name, &bytes);

				/* A second property of the name is never found. */
				if (fdt_getprop(fdt, offset, name, NULL) != value)
					continue;
				fprintf(out, " %s %d ", name, bytes);
				fwrite(value, 1, (size_t)bytes, out);
				fputc('\n', out);
			}
		}
		fclose(out);
		put32((uint32_t)ret);
		put32((uint32_t)length);
		fwrite(text, 1, length, stdout);
		free(text);
		free(fdt);
	}
	return 0;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One pass over all tags that touches every node name, property name and value: what any use of a tree needs. */
static uint32_t walk(const char *fdt)
{
	int offset, property, depth = 0, length;
	uint32_t sum = 0;

	if (fdt_check_header(fdt))
		return 0;
	for (offset = 0; offset >= 0 && depth >= 0; offset = fdt_next_node(fdt, offset, &depth)) {
		sum += (uint32_t)fdt_get_name(fdt, offset, NULL)[0];
		fdt_for_each_property_offset(property, fdt, offset) {
			const char *name;
			const char *value = fdt_getprop_by_offset(fdt, property, &name, &length);

			sum += (uint32_t)name[0] + (uint32_t)length + (uint32_t)(length ? value[0] : 0);
		}
	}
	return sum;
}

/* One pass with fdt_next_tag alone: the cheapest walk that libfdt offers. */
static uint32_t tags(const char *fdt)
{
	int offset = 0, next;
	uint32_t tag, sum = 0;

	if (fdt_check_header(fdt))
		return 0;
	do {
		int length;

		tag = fdt_next_tag(fdt, offset, &next);
		if (tag == FDT_PROP) {
			const char *name;
			const char *value = fdt_getprop_by_offset(fdt, offset, &name, &length);

			sum += (uint32_t)name[0] + (uint32_t)length + (uint32_t)(length ? value[0] : 0);
		}
		offset = next;
	} while (tag != FDT_END);
	return sum;
}

/* argv: OVERLAY DTB...; prints the CPU seconds of each kind of work over all DTBs. */
static int bench(int argc, char **argv)
{
	struct file overlay = load(argv[0]);
	int count = argc - 1, i, failed = 0;
	struct file *dtbs = calloc((size_t)count, sizeof(*dtbs));
	char *copy = malloc(overlay.size), *out = malloc(4 << 20);
	double start, tag_pass, walked, checked, merged;
	uint32_t sum = 0;

	for (i = 0; i < count; i++)
		dtbs[i] = load(argv[i + 1]);
	start = cpu_seconds();
	for (i = 0; i < count; i++)
		sum += tags(dtbs[i].data);
	tag_pass = cpu_seconds() - start;
	start = cpu_seconds();
	for (i = 0; i < count; i++)
		sum += walk(dtbs[i].data);
	walked = cpu_seconds() - start;
	start = cpu_seconds();
	for (i = 0; i < count; i++)
		sum += (uint32_t)fdt_check_full(dtbs[i].data, dtbs[i].size);
	checked = cpu_seconds() - start;
	start = cpu_seconds();
	for (i = 0; i < count; i++) {
		struct file o = { copy, overlay.size };

		memcpy(copy, overlay.data, overlay.size);
		if (merge(&dtbs[i], &o, out, dtbs[i].size + 2 * overlay.size + 4096) < 0)
			failed++;
	}
	merged = cpu_seconds() - start;
	printf("{\"files\":%d,\"tags\":%.6f,\"walk\":%.6f,\"check\":%.6f,\"merge\":%.6f,\"failed\":%d,\"sum\":%u}\n", count,
	       tag_pass, walked, checked, merged, failed, sum);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "apply"))
		return apply_all();
	if (argc >= 2 && !strcmp(argv[1], "dump"))
		return dump_all();
	if (argc >= 4 && !strcmp(argv[1], "bench"))
		return bench(argc - 2, argv + 2);
	fprintf(stderr, "usage: judge apply | judge dump | judge bench OVERLAY DTB...\n");
	return 2;
}
