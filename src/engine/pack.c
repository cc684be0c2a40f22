/*
 * Snapshot bytes; see pack.h. Called by save.c and load.c only.
 */
#include "engine/pack.h"

#include "base/assert.h"

void pack_u64(struct str *out, uint64_t v)
{
	char *p = str_reserve(out, 10);
	size_t n = 0;

	for (; v >= 128; v >>= 7)
		p[n++] = (char)(unsigned char)(v | 128);
	p[n++] = (char)(unsigned char)v;
	ASSERT(n <= 10);
	out->n += n;
	out->p[out->n] = 0;
}

void pack_i64(struct str *out, int64_t v)
{
	pack_u64(out, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

void pack_id(struct str *out, struct id id)
{
	uint64_t word[2] = { id.hi, id.lo };
	char *p = str_reserve(out, 16);

	for (size_t i = 0; i < 16; i++)
		p[i] = (char)(unsigned char)(word[i / 8] >> (56 - 8 * (i % 8)));
	out->n += 16;
	out->p[out->n] = 0;
}

void pack_slice(struct str *out, struct slice s)
{
	pack_u64(out, s.n);
	str_add(out, s);
}

uint64_t unpack_u64(struct unpack *u)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && u->rest.n && !u->bad; shift += 7) {
		unsigned char byte = (unsigned char)u->rest.p[0];

		u->rest = slice_make(u->rest.p + 1, u->rest.n - 1);
		v |= (uint64_t)(byte & 127) << shift;
		if (byte < 128)
			return v;
	}
	u->bad = true;
	return 0;
}

uint32_t unpack_u32(struct unpack *u, uint32_t max)
{
	uint64_t v = unpack_u64(u);

	if (v > max) {
		u->bad = true;
		return 0;
	}
	return (uint32_t)v;
}

int64_t unpack_i64(struct unpack *u)
{
	uint64_t v = unpack_u64(u);

	return (int64_t)((v >> 1) ^ (v & 1 ? UINT64_MAX : 0));
}

struct id unpack_id(struct unpack *u)
{
	uint64_t word[2] = { 0, 0 };

	if (u->bad || u->rest.n < 16) {
		u->bad = true;
		return (struct id){ 0, 0 };
	}
	for (size_t i = 0; i < 16; i++)
		word[i / 8] = word[i / 8] << 8 | (unsigned char)u->rest.p[i];
	u->rest = slice_make(u->rest.p + 16, u->rest.n - 16);
	return (struct id){ word[0], word[1] };
}

struct slice unpack_slice(struct unpack *u)
{
	uint64_t n = unpack_u64(u);

	if (u->bad || n > u->rest.n) {
		u->bad = true;
		return (struct slice){ NULL, 0 };
	}
	struct slice s = slice_make(u->rest.p, (size_t)n);

	u->rest = slice_make(u->rest.p + n, u->rest.n - (size_t)n);
	return s;
}
