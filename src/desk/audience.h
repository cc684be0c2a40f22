/*
 * Who hears of what: one pure function, the same for live news and for a desk that catches up.
 *
 *   offer, offer_ended   the agent it is held out to
 *   message              owner, author, watchers
 *   conv                 owner, the owner before, watchers, overseers
 *   receipt, card        owner, watchers
 *   agent, queue         everybody
 */
#ifndef USHER_DESK_AUDIENCE_H
#define USHER_DESK_AUDIENCE_H

#include "base/map.h"
#include "model/effect.h"

struct audience {
	struct slice agent;
	bool oversees;		   /* the role hears of everybody's conversations */
	const struct map *watched; /* ids (bytes) of conversations followed */
};

/* before: the owner whom this effect took the conversation from, or empty. */
bool audience_hears(const struct audience *a, const struct effect *ef, struct slice before);

#endif
