/*
 * Who owned a conversation before an effect moved it. An effect names the new owner only; the old one must hear of it too, live and when
 * a desk catches up later. Fed with committed effects in order and, once, with the engine's state.
 */
#ifndef USHER_DESK_OWNERS_H
#define USHER_DESK_OWNERS_H

#include "base/map.h"
#include "model/effect.h"

/* The last PUSH_KEEP moves: as far back as a desk can resume. */
struct owner_move {
	uint64_t n;
	struct id conv;
	char *from;
};
struct owners {
	struct map now;		  /* conversation id (bytes) → char *owner */
	struct owner_move *moves; /* a ring */
	size_t head, count;
};

/* The state as of some push number, before later effects are noted. owner empty: nobody's. */
void owners_set(struct owners *o, struct id conv, struct slice owner);
/* An EFFECT_CONV; others are ignored. */
void owners_note(struct owners *o, const struct effect *ef);
/* The owner whom the effect took it from; empty when it stayed or was nobody's. */
struct slice owners_before(const struct owners *o, const struct effect *ef);
/* Empty when unknown or nobody's. */
struct slice owners_now(const struct owners *o, struct id conv);
void owners_free(struct owners *o);

#endif
