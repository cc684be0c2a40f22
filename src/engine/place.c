/*
 * How many stand before a conversation for the agents it could go to: those before it in the total order whom at least
 * one agent at work could serve as well as it. Who stands earlier in another queue counts when they share an agent; who stands
 * earlier in its own queue but needs other people does not. Looks only.
 *
 *   signature ─▶ rivals: the signatures with whom it shares an agent at work (kept until people or skills change)
 */
#include "engine/agent.h"
#include "engine/conv.h"
#include "engine/line.h"
#include "engine/order.h"
#include "engine/sets.h"

static bool place_serves(const struct engine *e, const struct sig *s, const struct agent *a)
{
	return a->self == s->key.also || set_met(e, s->key.need, a);
}

/* Adds the signatures made since it was last asked; begins anew when people changed. */
static void place_rivals(struct engine *e, struct sig *s)
{
	if (s->rivals_at != e->people_at) {
		s->rivals.count = s->rivals_seen = 0;
		s->rivals_at = e->people_at;
	}
	if (s->rivals_seen == e->sig_count)
		return;
	uint32_t *able = arena_array(&e->scratch, e->agent_count + 1, sizeof(*able));
	uint32_t count = 0;

	for (uint32_t i = 1; i <= e->agent_count; i++)
		if (agent_logged_in(agent_at(e, i)) && place_serves(e, s, agent_at(e, i)))
			able[count++] = i;
	for (uint32_t i = s->rivals_seen + 1; i <= e->sig_count; i++)
		for (uint32_t k = 0; k < count; k++)
			if (place_serves(e, sig_at(e, i), agent_at(e, able[k]))) {
				numbers_add(&s->rivals, i);
				break;
			}
	s->rivals_seen = e->sig_count;
}

size_t engine_ahead(const struct engine *e, struct id conv)
{
	uint32_t h = conv_find(e, conv);
	size_t ahead = 0;

	if (!h || conv_at(e, h)->state != CONV_WAITING)
		return 0;
	const struct conv *c = conv_at(e, h);
	struct sig *s = sig_at(e, c->sig);

	/* Remembering who shares an agent is no change that anybody could see. */
	place_rivals((struct engine *)(uintptr_t)e, s);
	for (uint32_t i = 0; i < s->rivals.count; i++) {
		const struct sig *r = sig_at(e, s->rivals.v[i]);

		if (!line_serves(line_at(e, r->key.line)) && r->key.line != s->key.line)
			continue;
		if (r->plain)
			ahead += order_rank(e, r->plain, ORDER_SIG, c);
		if (r->odd)
			ahead += order_rank(e, r->odd, ORDER_SIG, c);
	}
	return ahead;
}

void engine_each_parked(
	const struct engine *e, void (*fn)(void *arg, struct id conv, size_t ahead), void *arg)
{
	struct arena arena = { 0 };
	size_t count = 0, *ahead = arena_array(&arena, e->line_count + 1, sizeof(*ahead));
	uint32_t *parked = arena_array(&arena, e->chains[CONV_PARKED].count, sizeof(*parked));

	for (uint32_t h = e->chains[CONV_PARKED].first; h; h = conv_at(e, h)->link.next)
		parked[count++] = h;
	order_sort(e, parked, count);
	for (size_t i = 0; i < count; i++) {
		const struct conv *c = conv_at(e, parked[i]);
		fn(arg, c->id, ahead[c->line]++);
	}
	arena_free(&arena);
}
