/*
 * From an id to a handle: open addressing, four bytes a slot; the ids stay where they are and are read
 * through `key`. Never iterated, so its order cannot decide anything.
 */
#ifndef USHER_ENGINE_IDMAP_H
#define USHER_ENGINE_IDMAP_H

#include "base/id.h"

struct idmap {
	struct id (*key)(const void *owner, uint32_t handle);
	const void *owner;
	uint32_t *slots; /* 0: empty */
	uint32_t cap;	 /* a power of two */
	uint32_t count;
};

uint32_t idmap_get(const struct idmap *m, struct id id); /* 0: none */
void idmap_put(struct idmap *m, uint32_t handle);	 /* its id must not be in */
void idmap_remove(struct idmap *m, uint32_t handle);	 /* must be in */
void idmap_free(struct idmap *m);

#endif
