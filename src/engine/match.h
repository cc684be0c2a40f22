/*
 * Matching: the best agent for a conversation, the first conversation for an agent. Behind these two functions
 * stands the index; the orders they follow are written here and nowhere else:
 *   conversations   (tier, key, seq)                                     order.h
 *   agents          (score of preferred skills descending, strategy key, agent id)
 */
#ifndef USHER_ENGINE_MATCH_H
#define USHER_ENGINE_MATCH_H

#include "engine/state.h"

enum { ELIGIBLE_COUNTED_MAX = 8 }; /* the explanation of a decision does not count further */

struct rating {
	uint32_t agent; /* 0: none */
	int64_t score;
	uint64_t key;
};
struct choice {
	struct rating best, second;
	uint32_t eligible; /* at most ELIGIBLE_COUNTED_MAX */
};

/* False when nobody is eligible. */
bool match_agent(struct engine *e, const struct conv *c, struct choice *out);
/* The first in the total order that the agent is eligible for; 0: none. */
uint32_t match_conv(struct engine *e, const struct agent *a);
/* The first conversation of a signature that somebody is eligible for; 0: none. */
uint32_t match_sig(struct engine *e, const struct sig *s);
/* Smaller is first; see the strategies of the configuration. */
uint64_t match_key(const struct engine *e, const struct conv *c, const struct agent *a);
int64_t match_score(const struct engine *e, const struct conv *c, const struct agent *a);

#endif
