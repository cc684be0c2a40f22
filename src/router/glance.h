/*
 * A glance at the queues: at most once a second for each, desks are told how many wait and visitors where they stand.
 */
#ifndef USHER_ROUTER_GLANCE_H
#define USHER_ROUTER_GLANCE_H

#include "base/map.h"
#include "router/batch.h"

struct glance {
	struct map queues;   /* name → struct glance_queue */
	struct map visitors; /* conversation id → position last told */
	uint64_t due_us;     /* when a glance is owed; UINT64_MAX: nothing changed */
	uint64_t visit_us;   /* when visitors' waits are estimated anew */
	uint64_t roll_us; /* when windows of the service level move; UINT64_MAX: nothing in them */
};

void glance_free(struct glance *g);
/* Marks the queues that the batch's events touched. */
void glance_touch(struct glance *g, const struct batch *b);
/* Adds what is due to the batch. */
void glance_project(struct glance *g, struct batch *b);

#endif
