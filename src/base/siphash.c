/*
 * SipHash with one round a word and three at the end, as in the paper "SipHash: a fast short-input
 * PRF" (2012), section 2. Pure arithmetic; called by map.c.
 */
#include "base/siphash.h"

#include <endian.h>
#include <string.h>

static uint64_t sip_rotate(uint64_t v, int by)
{
	return v << by | v >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = sip_rotate(v[1], 13) ^ v[0];
	v[0] = sip_rotate(v[0], 32);
	v[2] += v[3];
	v[3] = sip_rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = sip_rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = sip_rotate(v[1], 17) ^ v[2];
	v[2] = sip_rotate(v[2], 32);
}

/* Little-endian, so the same bytes give the same hash on every machine. */
static uint64_t sip_word(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)b[i] << 8 * i;
	return v;
}

static uint64_t sip_eight(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

uint64_t siphash(const uint8_t key[16], struct slice bytes)
{
	uint64_t k0 = sip_eight(key), k1 = sip_eight(key + 8);
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
		k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u };
	size_t i = 0;

	for (; bytes.n - i >= 8; i += 8) {
		uint64_t m = sip_eight(bytes.p + i);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	uint64_t last =
		(uint64_t)bytes.n << 56 | (i < bytes.n ? sip_word(bytes.p + i, bytes.n - i) : 0);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int round = 0; round < 3; round++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
