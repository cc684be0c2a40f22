/*
 * See lane.h. Knows no message. Called by outbound.c.
 */
#include "host/lane.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct lane {
	struct list members;
	size_t key_n;
	char key[];
};

bool lane_join(struct map *lanes, struct slice key, struct lane_node *n)
{
	struct lane *l = map_get(lanes, key);

	if (!l) {
		l = mem_alloc(sizeof(*l) + key.n);
		l->key_n = key.n;
		memcpy(l->key, key.p, key.n);
		map_put(lanes, key, l);
	}
	list_push_back(&l->members, &n->node);
	n->lane = l;
	return l->members.first == &n->node;
}

struct lane_node *lane_leave(struct map *lanes, struct lane_node *n)
{
	struct lane *l = n->lane;

	if (!l)
		return NULL;
	bool was_first = l->members.first == &n->node;
	list_remove(&n->node);
	n->lane = NULL;
	if (l->members.first)
		return was_first ? LIST_ENTRY(l->members.first, struct lane_node, node) : NULL;
	map_remove(lanes, slice_make(l->key, l->key_n));
	free(l);
	return NULL;
}
