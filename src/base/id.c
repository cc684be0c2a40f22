/*
 * 128-bit ids in the layout of a ULID: 48 bits of milliseconds, 80 of chance, most significant
 * first, so bytes, numbers and texts sort alike. Never reads a clock: time and chance are given.
 *
 *   hi  [ 48 bits milliseconds | 16 chance ]   lo  [ 64 chance ]
 */
#include "base/id.h"

#include "base/assert.h"

static const char id_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

struct id id_make(uint64_t at_us, const uint8_t chance[10])
{
	uint64_t at_ms = at_us / 1000;
	struct id a = { at_ms << 16, 0 };

	ASSERT(at_ms < (uint64_t)1 << 48);
	a.hi |= (uint64_t)chance[0] << 8 | chance[1];
	for (int i = 2; i < 10; i++)
		a.lo = a.lo << 8 | chance[i];
	return a;
}

char *id_text(struct id a, char out[ID_TEXT_LEN + 1])
{
	for (int i = ID_TEXT_LEN - 1; i >= 0; i--) {
		out[i] = id_digits[a.lo & 31];
		a.lo = a.lo >> 5 | a.hi << 59;
		a.hi >>= 5;
	}
	out[ID_TEXT_LEN] = '\0';
	return out;
}

bool id_parse(struct slice text, struct id *out)
{
	struct id a = { 0, 0 };

	if (text.n != ID_TEXT_LEN || text.p[0] < '0' || text.p[0] > '7')
		return false; /* 26 digits hold 130 bits: the first is at most 7 */
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c >= 'a' && c <= 'z')
			c = (char)(c - ('a' - 'A'));
		const char *at = c ? strchr(id_digits, c) : NULL;
		if (!at)
			return false;
		a.hi = a.hi << 5 | a.lo >> 59;
		a.lo = a.lo << 5 | (uint64_t)(at - id_digits);
	}
	*out = a;
	return true;
}
