/*
 * A hash map from byte strings to pointers with a deterministic order: iteration gives insertion
 * order (a removed and re-added key goes to the end). Keys are copied. SipHash-1-3 with a key set
 * once per process by map_seed (all zero until then, as the pure layers need), so a stranger who chooses keys cannot
 * choose collisions. Zero-initialised is a valid empty map.
 */
#ifndef USHER_BASE_MAP_H
#define USHER_BASE_MAP_H

#include "base/slice.h"

struct map_entry {
	struct slice key; /* owned by the map */
	void *value;
};
struct map {
	struct map_entry *entries; /* insertion order, removed ones have key.p == NULL */
	size_t used, cap;	   /* slots of `entries` */
	uint32_t *index;	   /* open addressing into entries */
	size_t index_cap;
	size_t count;
};

void map_seed(const uint8_t key[16]);
void map_free(struct map *m);			      /* keys only; values are the caller's */
void *map_get(const struct map *m, struct slice key); /* NULL when absent */
/* Stores and returns the value that was there before, or NULL. `value` must not be NULL. */
void *map_put(struct map *m, struct slice key, void *value);
void *map_remove(struct map *m, struct slice key); /* the value, or NULL */
/* for (size_t i = 0; map_next(&m, &i, &e);) — safe against removal of the current entry. */
bool map_next(const struct map *m, size_t *i, struct map_entry *out);

#endif
