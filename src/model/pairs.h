/*
 * Small sets of names and values, and lists of them, as text that survives any bytes:
 * application/x-www-form-urlencoded pairs (`page=%2Fhelp&rating=5`), one set per line where there are several.
 */
#ifndef USHER_MODEL_PAIRS_H
#define USHER_MODEL_PAIRS_H

#include "base/arena.h"
#include "base/str.h"

/* Appends `&name=value` (without & when out is empty or ends a line). */
void pairs_add(struct str *out, struct slice name, struct slice value);
/* The decoded value in the arena; p NULL when absent. */
struct slice pairs_get(struct slice pairs, const char *name, struct arena *arena);
/* Loop: for (rest = pairs; pairs_next(&rest, &name, &value, arena);) */
bool pairs_next(struct slice *rest, struct slice *name, struct slice *value, struct arena *arena);

/* An attachment of a message; a list of them is lines of pairs (n, t, s, b, c). */
struct part {
	struct slice name; /* safe file name */
	struct slice type; /* media type */
	uint64_t size_bytes;
	struct slice blob; /* sha-256, hexadecimal */
	struct slice cid;  /* Content-ID of an inline image, without <> */
};
void parts_add(struct str *out, const struct part *p);
bool parts_next(struct slice *rest, struct part *p, struct arena *arena);

/* Skills with levels: "ru=80 cards=50"; a name without a level is level 1. */
struct skill {
	struct slice name;
	uint8_t level; /* 0..100 */
};
/* False at the end; *bad is set and false returned when the text is malformed. */
bool skills_next(struct slice *rest, struct skill *s, bool *bad);
void skills_add(struct str *out, struct slice name, uint8_t level);

#endif
