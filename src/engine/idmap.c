/*
 * Id → handle; see idmap.h. Linear probing; a removal shifts its followers back, so there are no tombstones.
 */
#include "engine/idmap.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"

static uint32_t idmap_home(const struct idmap *m, struct id id)
{
	uint64_t x = id.hi ^ (id.lo * 0x9e3779b97f4a7c15u);

	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	return (uint32_t)x & (m->cap - 1);
}

static uint32_t idmap_slot(const struct idmap *m, struct id id)
{
	uint32_t i = idmap_home(m, id);

	while (m->slots[i] && !id_equal(m->key(m->owner, m->slots[i]), id))
		i = (i + 1) & (m->cap - 1);
	return i;
}

uint32_t idmap_get(const struct idmap *m, struct id id)
{
	return m->cap && !id_is_none(id) ? m->slots[idmap_slot(m, id)] : 0;
}

static void idmap_grow(struct idmap *m)
{
	uint32_t *old = m->slots, old_cap = m->cap;

	m->cap = old_cap ? old_cap * 2 : 64;
	m->slots = mem_array(m->cap, sizeof(uint32_t));
	for (uint32_t i = 0; i < old_cap; i++)
		if (old[i])
			m->slots[idmap_slot(m, m->key(m->owner, old[i]))] = old[i];
	free(old);
}

void idmap_put(struct idmap *m, uint32_t handle)
{
	if (m->count + 1 > m->cap / 4 * 3)
		idmap_grow(m);
	uint32_t i = idmap_slot(m, m->key(m->owner, handle));

	ASSERT(handle && !m->slots[i]);
	m->slots[i] = handle;
	m->count++;
}

void idmap_remove(struct idmap *m, uint32_t handle)
{
	uint32_t hole = idmap_slot(m, m->key(m->owner, handle)), mask = m->cap - 1;

	ASSERT(m->slots[hole] == handle);
	for (uint32_t i = (hole + 1) & mask; m->slots[i]; i = (i + 1) & mask) {
		uint32_t home = idmap_home(m, m->key(m->owner, m->slots[i]));

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole] = 0;
	m->count--;
}

void idmap_free(struct idmap *m)
{
	free(m->slots);
	m->slots = NULL;
	m->cap = m->count = 0;
}
