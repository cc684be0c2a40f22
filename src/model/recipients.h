/*
 * The recipients of one message, each with what became of its copy: lines of pairs (a address, r role, d delivery, w why, t when, f first)
 * in the order of their numbers, the first being whom the message is to. Kept only where there is more than one, or where a live visitor who
 * had gone was mailed.
 */
#ifndef USHER_MODEL_RECIPIENTS_H
#define USHER_MODEL_RECIPIENTS_H

#include "model/pairs.h"
#include "model/words.h"

struct recipient {
	struct slice address;
	struct slice role; /* to, cc, bcc; mail: a visitor who had gone */
	uint32_t delivery;
	struct slice why;
	uint64_t at_us,
		first; /* of role mail: when, and the first message that went along; else 0 */
};

void recipients_add(struct str *out, const struct recipient *r);
/* Loop: for (rest = lines; recipients_next(&rest, &r, arena);) */
bool recipients_next(struct slice *rest, struct recipient *r, struct arena *arena);
/* The same lines with a new state for recipient `number`; unchanged when the state would move back, *moved says which. */
struct slice recipients_set(struct slice lines, uint64_t number, uint32_t delivery,
	struct slice why, struct arena *arena, bool *moved);
/* Those whose copy failed, came back or may have been sent wait to be sent again. */
struct slice recipients_retry(struct slice lines, struct arena *arena);
/* What the message as a whole has come to: the worst that happened to any, then the least that happened to all; *why names whom. */
uint32_t recipients_state(struct slice lines, struct slice *why, struct arena *arena);

/* Delivery only moves forward: a late "sent" never covers a "bounced". Queued once more is news, too: tried in vain. */
bool delivery_is_news(uint32_t delivery, uint32_t before);
/* It did not arrive, or nobody knows: a person may send it again. */
bool delivery_is_retryable(uint32_t delivery);

#endif
