#include "unpack.h"

struct bits {
	const unsigned char *next;
	unsigned value, count;
};

static unsigned take(struct bits *in, unsigned count)
{
	while (in->count < count) {
		in->value |= (unsigned)*in->next++ << in->count;
		in->count += 8;
	}
	unsigned taken = in->value & ((1u << count) - 1);
	in->value >>= count;
	in->count -= count;
	return taken;
}

enum { LENGTH_MAX = 15, LITERALS = 288, DISTANCES = 32 };

/* Canonical Huffman: how many codes of each length, and the symbols in the order of their codes. */
struct codes {
	unsigned short count[LENGTH_MAX + 1], symbol[LITERALS];
};

static void make_codes(struct codes *c, const unsigned char *lengths, unsigned symbols)
{
	unsigned short at[LENGTH_MAX + 2];
	for (unsigned i = 0; i <= LENGTH_MAX; i++)
		c->count[i] = 0;
	for (unsigned i = 0; i < symbols; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	at[1] = 0;
	for (unsigned i = 1; i <= LENGTH_MAX; i++)
		at[i + 1] = (unsigned short)(at[i] + c->count[i]);
	for (unsigned i = 0; i < symbols; i++)
		if (lengths[i])
			c->symbol[at[lengths[i]]++] = (unsigned short)i;
}

static unsigned decode(struct bits *in, const struct codes *c)
{
	unsigned code = 0, first = 0, index = 0;
	for (unsigned length = 1; length <= LENGTH_MAX; length++) {
		code |= take(in, 1);
		unsigned count = c->count[length];
		if (code < first + count)
			return c->symbol[index + code - first];
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	return 256; /* not in an input that is whole */
}

static void read_codes(struct bits *in, struct codes *literals, struct codes *distances)
{
	static const unsigned char order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	unsigned char lengths[LITERALS + DISTANCES] = {0};
	unsigned literal_count = take(in, 5) + 257, distance_count = take(in, 5) + 1, length_count = take(in, 4) + 4;
	for (unsigned i = 0; i < length_count; i++)
		lengths[order[i]] = (unsigned char)take(in, 3);
	make_codes(literals, lengths, 19);
	for (unsigned i = 0; i < literal_count + distance_count;) {
		unsigned symbol = decode(in, literals), repeat = 1;
		unsigned char value = (unsigned char)symbol;
		if (symbol >= 16) {
			value = symbol == 16 ? lengths[i - 1] : 0;
			repeat = symbol == 16 ? 3 + take(in, 2) : symbol == 17 ? 3 + take(in, 3) : 11 + take(in, 7);
		}
		while (repeat--)
			lengths[i++] = value;
	}
	make_codes(literals, lengths, literal_count);
	make_codes(distances, lengths + literal_count, distance_count);
}

/* Lengths 3 to 258 and distances 1 to 32768 share the rule by which the extra bits grow. */
static unsigned extended(struct bits *in, unsigned symbol, unsigned step)
{
	unsigned extra = symbol < 2 * step ? 0 : symbol / step - 1;
	return (extra ? (step + symbol % step) << extra : symbol) + take(in, extra);
}

void unpack(char *out, size_t size, const unsigned char *packed)
{
	struct bits in = {packed, 0, 0};
	struct codes literals, distances;
	for (size_t at = 0; at < size;) {
		take(&in, 3); /* the packer writes blocks of one kind */
		read_codes(&in, &literals, &distances);
		for (unsigned symbol; at < size && (symbol = decode(&in, &literals)) != 256;) {
			if (symbol < 256) {
				out[at++] = (char)symbol;
				continue;
			}
			unsigned length = symbol == 285 ? 258 : 3 + extended(&in, symbol - 257, 4);
			unsigned distance = 1 + extended(&in, decode(&in, &distances), 2);
			for (; length && at < size; length--, at++)
				out[at] = out[at - distance];
		}
	}
}
