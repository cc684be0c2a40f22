/*
 * A slab: many objects of one size, named by 32-bit handles instead of pointers, so that a waiting
 * conversation stays small. Objects never move (chunks), given-back handles are used again first.
 * Handle 0 means "none". Single objects are never freed to the system, only the whole slab.
 *
 *   chunks[h / 1024] ──▶ [ object 0 | object 1 | ... ]     free: h ──▶ h' ──▶ 0 (in their first bytes)
 */
#ifndef USHER_ENGINE_SLAB_H
#define USHER_ENGINE_SLAB_H

#include <stddef.h>
#include <stdint.h>

enum { SLAB_CHUNK = 1024 };

struct slab {
	size_t item_size; /* set before use; at least 4 */
	char **chunks;
	uint32_t chunk_count;
	uint32_t used; /* handles ever given */
	uint32_t free; /* first of the given-back ones */
	uint32_t count;
};

/* A zeroed object. */
uint32_t slab_take(struct slab *s);
void slab_give(struct slab *s, uint32_t handle);
void slab_free(struct slab *s);

static inline void *slab_at(const struct slab *s, uint32_t handle)
{
	return s->chunks[handle / SLAB_CHUNK] + (size_t)(handle % SLAB_CHUNK) * s->item_size;
}

#endif
