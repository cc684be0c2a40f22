/*
 * Exclusions: whom a conversation is not offered to for a while, since that agent declined or missed it or gave
 * it away. Part of conv.h. A conversation with exclusions hangs in its signature's odd tree.
 */
#include "engine/conv.h"

struct exclusion *conv_exclusion(const struct engine *e, const struct conv *c, uint32_t agent)
{
	for (uint32_t x = c->excluded; x; x = exclusion_at(e, x)->next)
		if (exclusion_at(e, x)->agent == agent)
			return exclusion_at(e, x);
	return NULL;
}

bool conv_excludes(const struct engine *e, const struct conv *c, uint32_t agent, uint64_t now_us)
{
	const struct exclusion *x = conv_exclusion(e, c, agent);

	return x && x->until_us > now_us;
}

uint32_t conv_exclusion_count(const struct engine *e, const struct conv *c)
{
	uint32_t n = 0;

	for (uint32_t x = c->excluded; x; x = exclusion_at(e, x)->next)
		n++;
	return n;
}

uint64_t exclusion_reset_us(const struct engine *e, const struct exclusion *x)
{
	uint64_t span_us = x->span_s * SECOND_US;
	uint64_t first_us = e->config->decline_cooldown_s * SECOND_US;

	if (span_us <= first_us || x->until_us < span_us)
		return x->until_us;
	return x->until_us - span_us + first_us;
}

void conv_exclude(
	struct engine *e, struct conv *c, uint32_t agent, uint64_t until_us, uint32_t span_s)
{
	struct exclusion *x = conv_exclusion(e, c, agent);
	bool indexed = c->state == CONV_WAITING;

	ASSERT(agent > 0);
	if (indexed)
		conv_unindex(e, c);
	if (!x) {
		uint32_t h = slab_take(&e->exclusions), *at = &c->excluded;

		/* At the end: a saved engine gives them back in the same order. */
		while (*at)
			at = &exclusion_at(e, *at)->next;
		*at = h;
		x = exclusion_at(e, h);
		x->agent = agent;
	}
	x->until_us = until_us;
	x->span_s = span_s;
	if (indexed)
		conv_index(e, c);
	conv_arm(e, c);
	ASSERT(conv_exclusion(e, c, agent) == x);
}

void conv_clear_exclusions(struct engine *e, struct conv *c)
{
	bool indexed = c->state == CONV_WAITING && c->excluded;

	if (indexed)
		conv_unindex(e, c);
	while (c->excluded) {
		uint32_t h = c->excluded;

		c->excluded = exclusion_at(e, h)->next;
		slab_give(&e->exclusions, h);
	}
	if (indexed) {
		conv_index(e, c);
		conv_arm(e, c);
	}
	ASSERT(!c->excluded);
}
