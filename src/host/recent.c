/*
 * The messages taken in lately: their keys and ids, so that a repeat is told the same id without asking Redis.
 *
 *   map: key ──▶ entry        order: oldest ⇄ ... ⇄ newest, at most RECENT_MAX
 */
#include <stdlib.h>

#include "host/inside.h"
#include "model/limits.h"

struct seen {
	struct list_node node;
	uint8_t key[16];
	struct id id;
	bool stored;
};

struct recent {
	struct map map;
	struct list order;
};

static struct slice key_slice(const uint8_t key[16])
{
	return slice_make(key, 16);
}

struct recent *recent_new(void)
{
	return mem_alloc(sizeof(struct recent));
}

static void forget(struct recent *r, struct seen *s)
{
	list_remove(&s->node);
	map_remove(&r->map, key_slice(s->key));
	free(s);
}

void recent_free(struct recent **recent)
{
	struct recent *r = *recent;

	*recent = NULL;
	if (!r)
		return;
	while (r->order.first)
		forget(r, LIST_ENTRY(r->order.first, struct seen, node));
	map_free(&r->map);
	free(r);
}

struct id recent_get(const struct recent *r, const uint8_t key[16], bool *stored)
{
	const struct seen *s = map_get(&r->map, key_slice(key));

	*stored = s && s->stored;
	return s ? s->id : (struct id){ 0, 0 };
}

void recent_put(struct recent *r, const uint8_t key[16], struct id id, bool stored)
{
	struct seen *s = map_get(&r->map, key_slice(key));

	if (s) {
		s->stored = s->stored || stored;
		s->id = id;
		return;
	}
	if (r->order.count >= RECENT_MAX)
		forget(r, LIST_ENTRY(r->order.first, struct seen, node));
	s = mem_alloc(sizeof(*s));
	memcpy(s->key, key, sizeof(s->key));
	s->id = id;
	s->stored = stored;
	map_put(&r->map, key_slice(s->key), s);
	list_push_back(&r->order, &s->node);
}
