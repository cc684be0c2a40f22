/*
 * The total order of waiting conversations: (tier, key, seq), or between lanes (lane.h) at this moment (tier, what was
 * gained, seq), each a treap of one lane threaded through the conversations. A line's tree answers "who is next" and "how many are before me"; a signature's "who of these".
 *
 *   root: the conversation with the highest hash of seq; left: before it; right: after it; count: of the subtree
 */
#ifndef USHER_ENGINE_ORDER_H
#define USHER_ENGINE_ORDER_H

#include "engine/state.h"

bool order_before(const struct engine *e, const struct conv *a, const struct conv *b);
void order_insert(struct engine *e, uint32_t *root, enum order_kind kind, uint32_t h);
void order_remove(struct engine *e, uint32_t *root, enum order_kind kind, uint32_t h);
uint32_t order_first(const struct engine *e, uint32_t root, enum order_kind kind); /* 0: empty */
/* The next after `c` in the order, whether c is in the tree or not; 0: none. */
uint32_t order_after(
	const struct engine *e, uint32_t root, enum order_kind kind, const struct conv *c);
/* How many of its line are before c, in all lanes. */
uint32_t order_line_rank(const struct engine *e, const struct conv *c);
/* How many are before c. */
uint32_t order_rank(
	const struct engine *e, uint32_t root, enum order_kind kind, const struct conv *c);
/* Sorts handles by the order. */
void order_sort(const struct engine *e, uint32_t *handles, size_t count);

#endif
