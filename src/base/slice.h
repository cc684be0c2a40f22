/*
 * A slice is a borrowed run of bytes: pointer and length, not NUL-terminated, never freed.
 * Whoever passes a slice keeps the bytes alive for the length of the call unless the header says
 * more. The empty slice is {NULL, 0} or {p, 0}; both compare equal.
 */
#ifndef USHER_BASE_SLICE_H
#define USHER_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE(lit) ((struct slice){ ("" lit), sizeof(lit) - 1 })
/* The same where a constant initialiser is needed: static tables. */
#define SLICE_INIT(lit)                                                                            \
	{                                                                                          \
		"" lit, sizeof(lit) - 1                                                            \
	}
/* For printf("%.*s", SLICE_ARG(s)). */
#define SLICE_ARG(s) (int)(s).n, (s).n ? (s).p : ""

static inline struct slice slice_of(const char *text)
{
	return (struct slice){ text, text ? strlen(text) : 0 };
}
static inline struct slice slice_make(const void *p, size_t n)
{
	return (struct slice){ p, n };
}
static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_of(text));
}

/* Bytewise order, shorter first on a tie. */
int slice_compare(struct slice a, struct slice b);
/* ASCII case ignored. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* Index of the first `c`, or s.n when there is none. */
size_t slice_find(struct slice s, char c);
/* Without ASCII white space at both ends. */
struct slice slice_trim(struct slice s);
/* Cuts the part before the first `sep` from *rest and returns it; the whole when there is none,
 * and *rest is then {NULL, 0}. Loop: while (rest.p) { part = slice_cut(&rest, ','); } */
struct slice slice_cut(struct slice *rest, char sep);
/* Decimal, the whole slice, no sign, no overflow; false and *out untouched otherwise. */
bool slice_u64(struct slice s, uint64_t *out);
/* The same with an optional '-'. */
bool slice_i64(struct slice s, int64_t *out);
/* FNV-1a, 64 bit. Not for keys that a stranger chooses (map.h has a seed for those). */
uint64_t slice_hash(struct slice s);

#endif
