/*
 * A 128-bit id ordered by time: 48 bits of milliseconds since 1970, 80 bits of chance or hash.
 * Text form: 26 characters of Crockford base32 (0-9A-Z without I L O U), as in the ULID spec.
 * The all-zero id means "none".
 */
#ifndef USHER_BASE_ID_H
#define USHER_BASE_ID_H

#include "base/slice.h"

enum { ID_TEXT_LEN = 26 };
struct id {
	uint64_t hi, lo;
};

static inline bool id_is_none(struct id a)
{
	return a.hi == 0 && a.lo == 0;
}
static inline bool id_equal(struct id a, struct id b)
{
	return a.hi == b.hi && a.lo == b.lo;
}
static inline int id_compare(struct id a, struct id b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo == b.lo ? 0 : a.lo < b.lo ? -1 : 1;
}
/* From a time and 10 bytes of chance (or of a hash, where the id must be the same on a retry). */
struct id id_make(uint64_t at_us, const uint8_t chance[10]);
/* Writes 26 characters and a NUL. Returns out. */
char *id_text(struct id a, char out[ID_TEXT_LEN + 1]);
/* Accepts exactly 26 characters, upper or lower case; false and *out untouched otherwise. */
bool id_parse(struct slice text, struct id *out);

#endif
