/*
 * The texts of a packed program: src/build/pack.ts takes every string literal out of the sources, deflates them, and puts a place in this
 * pool where each stood. A third of a static program is text, and text packs well. `make -C native` builds without it.
 */
#ifndef UNPACK_H
#define UNPACK_H

#include <stddef.h>

extern char dh_pool[];
extern const size_t dh_pool_bytes;
extern const unsigned char dh_packed[];

/* Raw deflate (RFC 1951), of an input that is known to be whole. */
void unpack(char *out, size_t size, const unsigned char *packed);

#endif
