/*
 * Matching by scanning; see brute.h. Used when engine_oracle is on, by tests and the simulator, never in service.
 */
#include "engine/brute.h"

#include "engine/eligible.h"
#include "engine/order.h"

bool brute_agent(
	const struct engine *e, const struct conv *c, const struct sig_key *key, struct choice *out)
{
	ASSERT(key->line == c->line);
	*out = (struct choice){ .eligible = 0 };
	for (uint32_t i = 1; i <= e->agent_count; i++) {
		const struct agent *a = agent_at(e, i);

		if (eligible(e, key, c, a))
			choice_add(e, out, match_rating(e, c, a));
	}
	return out->best.agent != 0;
}

uint32_t brute_conv(const struct engine *e, const struct agent *a)
{
	uint32_t best = 0;

	for (uint32_t h = e->chains[CONV_WAITING].first; h; h = conv_at(e, h)->link.next) {
		const struct conv *c = conv_at(e, h);

		if (eligible(e, &sig_at(e, c->sig)->key, c, a) &&
			(!best || order_before(e, c, conv_at(e, best))))
			best = h;
	}
	ASSERT(!best || conv_at(e, best)->state == CONV_WAITING);
	return best;
}
