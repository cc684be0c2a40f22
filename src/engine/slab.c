/*
 * Slabs; see slab.h. Called by conv.c and exclusion.c only.
 */
#include "engine/slab.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"

uint32_t slab_take(struct slab *s)
{
	uint32_t h = s->free;

	ASSERT(s->item_size >= sizeof(uint32_t));
	if (h) {
		memcpy(&s->free, slab_at(s, h), sizeof(s->free));
	} else {
		ASSERT(s->used < UINT32_MAX / 4);
		h = ++s->used;
		if (h / SLAB_CHUNK >= s->chunk_count) {
			s->chunks = mem_resize(s->chunks, s->chunk_count + 1, sizeof(char *));
			s->chunks[s->chunk_count++] = mem_array(SLAB_CHUNK, s->item_size);
		}
	}
	memset(slab_at(s, h), 0, s->item_size);
	s->count++;
	return h;
}

void slab_give(struct slab *s, uint32_t handle)
{
	ASSERT(handle > 0 && handle <= s->used);
	ASSERT(s->count > 0);
	memcpy(slab_at(s, handle), &s->free, sizeof(s->free));
	s->free = handle;
	s->count--;
}

void slab_free(struct slab *s)
{
	for (uint32_t i = 0; i < s->chunk_count; i++)
		free(s->chunks[i]);
	free(s->chunks);
	*s = (struct slab){ .item_size = s->item_size };
}
