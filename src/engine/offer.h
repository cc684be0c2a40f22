/*
 * Offers: holding a conversation out to an agent, and the ways in which that ends.
 */
#ifndef USHER_ENGINE_OFFER_H
#define USHER_ENGINE_OFFER_H

#include "engine/state.h"

/* Offers until no waiting conversation has an eligible agent. Starts from what the step marked. */
void offers_run(struct engine *e);
/* The agent takes what it is offered; who was offered it besides is told that it is taken. */
void offer_accept(struct engine *e, struct conv *c, struct agent *a);
/* Ends an open offer other than by acceptance. The last one gone, the conversation waits again in its old place. */
void offer_end(
	struct engine *e, struct conv *c, uint32_t agent, enum offer_end end, const char *why);
/* ... and keeps it from that agent for a while that doubles. */
void offer_refused(
	struct engine *e, struct conv *c, uint32_t agent, enum offer_end end, const char *why);
/* Ends all open offers of a conversation. */
void conv_revoke(struct engine *e, struct conv *c, const char *why);
/* Ends all open offers of an agent. */
void offers_revoke(struct engine *e, struct agent *a, const char *why);

#endif
