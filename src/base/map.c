/*
 * The hash map of map.h. Two arrays: entries in the order they came, and an index of them by hash.
 *
 *   entries   [ k0 v0 | k1 v1 | (removed) | k3 v3 | ... ]       used slots of cap
 *   index     [ 0 | 4 | 0 | 1 | 3 | 0 | 2 | 0 ]                 entry number + 1, 0 is empty
 *
 * Open addressing with linear steps; the index is at most half full. A removed entry keeps its place
 * in both until the entries are full, and is then squeezed out. So iteration never depends on a
 * hash, and removing while iterating moves nothing. Storing a new key while iterating may.
 */
#include "base/map.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/siphash.h"
#include "base/str.h"

enum { MAP_FIRST = 8 };

static uint8_t map_key[16];

void map_seed(const uint8_t key[16])
{
	memcpy(map_key, key, sizeof(map_key));
}

void map_free(struct map *m)
{
	for (size_t i = 0; i < m->used; i++)
		free((void *)(uintptr_t)m->entries[i].key.p);
	free(m->entries);
	free(m->index);
	*m = (struct map){ 0 };
}

/* The index slot that holds the key, or the empty one where it would go. */
static size_t map_slot(const struct map *m, struct slice key)
{
	size_t mask = m->index_cap - 1;
	size_t at = (size_t)siphash(map_key, key) & mask;

	ASSERT(m->index_cap > 0);
	for (; m->index[at]; at = (at + 1) & mask) {
		const struct map_entry *e = &m->entries[m->index[at] - 1];
		if (e->key.p && slice_equal(e->key, key))
			break;
	}
	return at;
}

static struct map_entry *map_find(const struct map *m, struct slice key)
{
	if (m->count == 0)
		return NULL;
	uint32_t number = m->index[map_slot(m, key)];
	return number ? &m->entries[number - 1] : NULL;
}

static void map_squeeze(struct map *m)
{
	size_t to = 0;

	for (size_t from = 0; from < m->used; from++)
		if (m->entries[from].key.p)
			m->entries[to++] = m->entries[from];
	m->used = to;
	ASSERT(m->used == m->count);
}

/* Room for one more entry. Grows unless squeezing out removed entries gives back half. */
static void map_room(struct map *m)
{
	if (m->used < m->cap)
		return;
	map_squeeze(m);
	if (m->used >= m->cap / 2) {
		m->cap = m->cap ? m->cap * 2 : MAP_FIRST;
		ASSERT(m->cap < UINT32_MAX / 2);
		m->entries = mem_resize(m->entries, m->cap, sizeof(*m->entries));
	}
	free(m->index);
	m->index_cap = m->cap * 2;
	m->index = mem_array(m->index_cap, sizeof(*m->index));
	for (size_t i = 0; i < m->used; i++)
		m->index[map_slot(m, m->entries[i].key)] = (uint32_t)(i + 1);
}

void *map_get(const struct map *m, struct slice key)
{
	const struct map_entry *e = map_find(m, key);

	return e ? e->value : NULL;
}

void *map_put(struct map *m, struct slice key, void *value)
{
	struct map_entry *e = map_find(m, key);

	ASSERT(value);
	if (e) {
		void *old = e->value;
		e->value = value;
		return old;
	}
	map_room(m);
	size_t at = map_slot(m, key);
	ASSERT(m->index[at] == 0 && m->used < m->cap);
	m->entries[m->used] = (struct map_entry){ slice_make(slice_dup(key), key.n), value };
	m->index[at] = (uint32_t)++m->used;
	m->count++;
	return NULL;
}

void *map_remove(struct map *m, struct slice key)
{
	struct map_entry *e = map_find(m, key);

	if (!e)
		return NULL;
	void *value = e->value;
	free((void *)(uintptr_t)e->key.p);
	*e = (struct map_entry){ 0 };
	m->count--;
	return value;
}

bool map_next(const struct map *m, size_t *i, struct map_entry *out)
{
	ASSERT(m->count <= m->used);
	while (*i < m->used) {
		const struct map_entry *e = &m->entries[(*i)++];
		if (!e->key.p)
			continue;
		*out = *e;
		return true;
	}
	return false;
}
