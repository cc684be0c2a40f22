/*
 * What the rooms' own files need of the loop beyond loop.h: intrusive deadlines and deferred calls,
 * so that ten thousand idle connections cost no timer and no allocation each. Only src/net includes
 * this.
 */
#ifndef USHER_NET_LOOP_PRIVATE_H
#define USHER_NET_LOOP_PRIVATE_H

#include "base/heap.h"
#include "base/list.h"
#include "net/loop.h"
#include "net/mailbox.h"

/* A deadline in the loop's one heap. Zeroed but for fn is unset. */
struct loop_due {
	struct heap_node node;
	void (*fn)(struct loop_due *due);
};
void loop_due_set(struct loop *loop, struct loop_due *due, uint64_t after_us);
void loop_due_clear(struct loop *loop, struct loop_due *due);
static inline bool loop_due_is_set(const struct loop_due *due)
{
	return heap_has(&due->node);
}

/* A call that is made in this turn after the callbacks and before the tails, or, when asked for by a
 * tail or by another deferred call, in the next turn, which then does not wait. Once per wake. */
struct loop_soon {
	struct list_node node;
	void (*fn)(struct loop_soon *soon);
};
void loop_soon_wake(struct loop *loop, struct loop_soon *soon);
void loop_soon_clear(struct loop_soon *soon);

/* Counts a callback of this turn; after many the turn ends, so that tails are not starved. */
void loop_count_callback(struct loop *loop);
struct mailbox *loop_mailbox(struct loop *loop);

#endif
