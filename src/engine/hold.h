/*
 * Hold-back: agents of a pool who stay free for the classes that are entitled to them. A class (segment) with
 * `hold_back` n gets an agent who has nothing only when n others of the pool stay free; after hold_max it is held back
 * no more. Who already has something is none of those kept free, and may get more.
 *
 *   segment premier 0, mass 1; pool: everybody
 *   free: ann bo      mass may have one of them, one stays
 *   free: bo          premier may have bo; mass waits, at most hold_max
 */
#ifndef USHER_ENGINE_HOLD_H
#define USHER_ENGINE_HOLD_H

#include "engine/state.h"

/* After another configuration: pool and classes may be others. */
void hold_configure(struct engine *e);
/* After a change of what the agent has, can or is ready for: free or not. */
void hold_agent(struct engine *e, struct agent *a);
void hold_free(struct engine *e);
/* How many must stay free when this conversation gets an agent now; 0: it is not held back. */
uint32_t hold_of(const struct engine *e, const struct conv *c);
/* When hold_max ends for it; UINT64_MAX: never. */
uint64_t hold_us(const struct engine *e, const struct conv *c);
/* Whether the agent is kept free from who leaves `hold` to others. */
static inline bool hold_keeps(const struct engine *e, uint32_t hold, const struct agent *a)
{
	return a->hold_place && e->hold_idle.count <= hold;
}
/* Whether the agent is one of the free ones of the pool: what hold_place is kept equal to. */
bool hold_counts(const struct engine *e, const struct agent *a);

#endif
