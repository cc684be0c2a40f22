/*
 * Asks: offers of one conversation beside the first. Where a queue offers to several at once, each of the others is an ask; so is
 * the question to a colleague to take over what somebody owns (consult). Each reserves its agent's units until it ends.
 *
 *   conv offered to ann ── rare.asked ─▶ ask of bo ─▶ ask of eva       agent.asked ─▶ asks of an agent, oldest first
 *
 * When ann declines, bo's ask becomes the offer. All have the same deadline.
 */
#ifndef USHER_ENGINE_ASK_H
#define USHER_ENGINE_ASK_H

#include "engine/state.h"

void asks_init(struct engine *e);
void asks_free(struct engine *e);
static inline struct ask *ask_at(const struct engine *e, uint32_t h)
{
	return slab_at(&e->asks, h);
}
/* The first of a conversation; 0: none. */
static inline uint32_t ask_first(const struct engine *e, const struct conv *c)
{
	return c->rare ? rare_at(e, c->rare)->asked : 0;
}
/* That of an agent; 0: none. */
uint32_t ask_of(const struct engine *e, const struct conv *c, uint32_t agent);
uint32_t ask_by_offer(const struct engine *e, struct id offer); /* 0: none */
/* Takes the units. `a` is copied; its turn orders it among the others. */
void ask_add(struct engine *e, struct conv *c, const struct ask *a);
/* Gives the units back. */
void ask_drop(struct engine *e, struct conv *c, uint32_t h, uint64_t at_us);
/* The agent was offered it, first or beside. */
bool conv_offered_to(const struct engine *e, const struct conv *c, uint32_t agent);
/* To whom an offer is; 0: there is no such offer. */
uint32_t offer_agent(const struct engine *e, struct id offer);

#endif
