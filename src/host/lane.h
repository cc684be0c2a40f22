/*
 * Who goes after whom: what is said to one customer in one conversation leaves in the order in which it was said.
 *
 *   lanes: key ──▶ lane: first ⇄ behind ⇄ behind
 */
#ifndef USHER_HOST_LANE_H
#define USHER_HOST_LANE_H

#include "base/list.h"
#include "base/map.h"

struct lane;
struct lane_node {
	struct list_node node;
	struct lane *lane; /* NULL: in none */
};

/* At the end. True when it is the first, which nothing holds up. */
bool lane_join(struct map *lanes, struct slice key, struct lane_node *n);
/* Does nothing when it is in none. Returns the one that is first now and was not before, or NULL. A lane ends with its last. */
struct lane_node *lane_leave(struct map *lanes, struct lane_node *n);

#endif
