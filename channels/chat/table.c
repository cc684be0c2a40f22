/*
 * Open addressing with linear probing and backward-shift deletion: no tombstones, half full at most.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "kit/buf.h"

enum { CAP_MIN = 16 };

void table_init(struct table *t, size_t key_len)
{
	*t = (struct table){ .key_len = key_len };
}

void table_free(struct table *t)
{
	free(t->slots);
	t->slots = NULL;
	t->cap = t->count = 0;
}

static size_t home(const struct table *t, const void *key)
{
	uint64_t h = 0xcbf29ce484222325u;
	const unsigned char *p = key;
	for (size_t i = 0; i < t->key_len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32) & (t->cap - 1);
}

static size_t find(const struct table *t, const void *key)
{
	size_t i = home(t, key);
	while (t->slots[i].key && memcmp(t->slots[i].key, key, t->key_len) != 0)
		i = (i + 1) & (t->cap - 1);
	return i;
}

void *table_get(const struct table *t, const void *key)
{
	return t->cap ? t->slots[find(t, key)].value : NULL;
}

static void grow(struct table *t)
{
	struct table old = *t;
	t->cap = old.cap ? old.cap * 2 : CAP_MIN;
	t->slots = zeroed(t->cap * sizeof(*t->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].key)
			t->slots[find(t, old.slots[i].key)] = old.slots[i];
	free(old.slots);
}

void table_put(struct table *t, const void *key, void *value)
{
	if (t->count * 2 >= t->cap)
		grow(t);
	t->slots[find(t, key)] = (struct table_slot){ key, value };
	t->count++;
}

void *table_remove(struct table *t, const void *key)
{
	if (!t->cap)
		return NULL;
	size_t i = find(t, key);
	void *value = t->slots[i].value;
	if (!value)
		return NULL;
	size_t hole = i;
	for (;;) {
		i = (i + 1) & (t->cap - 1);
		if (!t->slots[i].key)
			break;
		size_t at = home(t, t->slots[i].key);
		/* it may move back only if its home is not inside (hole, i] */
		if (((i - at) & (t->cap - 1)) >= ((i - hole) & (t->cap - 1))) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = (struct table_slot){ 0 };
	t->count--;
	return value;
}

void *table_next(const struct table *t, size_t *i)
{
	while (*i < t->cap) {
		void *value = t->slots[(*i)++].value;
		if (value)
			return value;
	}
	return NULL;
}
