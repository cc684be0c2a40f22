/*
 * Matching: the best agent for a conversation, the first conversation for an agent. Behind these two functions
 * stands the index; the orders they follow are written here and nowhere else:
 *   conversations   (tier, key, seq); between lanes what was gained by now  order.h, lane.h
 *   agents          (score of preferred skills descending, strategy key, agent id)
 */
#ifndef USHER_ENGINE_MATCH_H
#define USHER_ENGINE_MATCH_H

#include "engine/state.h"

enum { ELIGIBLE_COUNTED_MAX = 2 }; /* the best and the runner-up; no need to look further */

struct rating {
	uint32_t agent; /* 0: none */
	int64_t score;
	uint64_t key;
};
struct choice {
	struct rating best, second;
	uint32_t eligible; /* at most ELIGIBLE_COUNTED_MAX */
};

/* Also for what is offered and may be offered to one more. False when nobody is eligible. */
bool match_agent(struct engine *e, const struct conv *c, struct choice *out);
/* The first in the total order that the agent is eligible for; 0: none. */
uint32_t match_conv(struct engine *e, const struct agent *a);
/* The first conversation of a signature that somebody is eligible for; 0: none. */
uint32_t match_sig(struct engine *e, const struct sig *s);

struct rating match_rating(const struct engine *e, const struct conv *c, const struct agent *a);
/* Keeps the two best. */
void choice_add(const struct engine *e, struct choice *ch, struct rating r);

#endif
