/*
 * Asks; see ask.h. Never decides, never emits; called by apply_work.c and load.c, read by offer.c, view.c and check.c.
 */
#include "engine/ask.h"

#include "engine/agent.h"
#include "engine/conv.h"

static struct id ask_offer(const void *e, uint32_t h)
{
	return ask_at(e, h)->offer;
}

void asks_init(struct engine *e)
{
	e->asks.item_size = sizeof(struct ask);
	e->by_ask = (struct idmap){ .key = ask_offer, .owner = e };
}

void asks_free(struct engine *e)
{
	slab_free(&e->asks);
	idmap_free(&e->by_ask);
}

uint32_t ask_of(const struct engine *e, const struct conv *c, uint32_t agent)
{
	uint32_t h = ask_first(e, c);

	while (h && ask_at(e, h)->agent != agent)
		h = ask_at(e, h)->next;
	return h;
}

uint32_t ask_by_offer(const struct engine *e, struct id offer)
{
	return idmap_get(&e->by_ask, offer);
}

void ask_add(struct engine *e, struct conv *c, const struct ask *from)
{
	uint32_t h = slab_take(&e->asks), *at = &conv_rare(e, c)->asked;
	struct ask *k = ask_at(e, h);
	struct agent *a = agent_at(e, from->agent);

	ASSERT(from->agent > 0 && !ask_of(e, c, from->agent));
	*k = *from;
	k->conv = c->self;
	while (*at && ask_at(e, *at)->turn < k->turn)
		at = &ask_at(e, *at)->next;
	k->next = *at;
	*at = h;
	at = &a->asked;
	while (*at && ask_at(e, *at)->turn < k->turn)
		at = &ask_at(e, *at)->next_of_agent;
	k->next_of_agent = *at;
	*at = h;
	idmap_put(&e->by_ask, h);
	a->offers++;
	a->asks++;
	agent_hold(e, a, c->kind, k->units);
	conv_arm(e, c);
}

void ask_drop(struct engine *e, struct conv *c, uint32_t h, uint64_t at_us)
{
	struct ask *k = ask_at(e, h);
	struct agent *a = agent_at(e, k->agent);
	uint32_t *at = &conv_rare(e, c)->asked;

	ASSERT(k->conv == c->self && a->asks > 0);
	while (*at != h)
		at = &ask_at(e, *at)->next;
	*at = k->next;
	at = &a->asked;
	while (*at != h)
		at = &ask_at(e, *at)->next_of_agent;
	*at = k->next_of_agent;
	idmap_remove(&e->by_ask, h);
	a->offers--;
	a->asks--;
	agent_release(e, a, c->kind, k->units, at_us);
	slab_give(&e->asks, h);
	conv_arm(e, c);
}

bool conv_offered_to(const struct engine *e, const struct conv *c, uint32_t agent)
{
	return (c->state == CONV_OFFERED && c->agent == agent) || ask_of(e, c, agent);
}

uint32_t offer_agent(const struct engine *e, struct id offer)
{
	uint32_t h = ask_by_offer(e, offer), c = conv_by_offer(e, offer);

	if (h)
		return ask_at(e, h)->agent;
	return c ? conv_at(e, c)->agent : 0;
}
