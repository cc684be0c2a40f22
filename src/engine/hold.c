/*
 * Hold-back; see hold.h. Keeps the free agents of the pool in an array, each knowing its place + 1 (hold_place), and
 * marks them when one more is free: others than the one who came may be given away now. Marks who is free no more, too:
 * its other units are kept for nobody. Never decides; derived from the state, never saved. Called by agent.c, line.c;
 * read by eligible.c and conv.c.
 */
#include "engine/hold.h"

#include <stdlib.h>

#include "engine/agent.h"
#include "engine/sets.h"

bool hold_counts(const struct engine *e, const struct agent *a)
{
	return e->hold_most && a->used == 0 && agent_ready(a) && set_met(e, e->hold_pool, a);
}

static void hold_join(struct engine *e, struct agent *a)
{
	struct numbers *idle = &e->hold_idle;

	if (idle->count == idle->cap) {
		idle->cap = idle->cap ? idle->cap * 2 : 16;
		idle->v = mem_resize(idle->v, idle->cap, sizeof(uint32_t));
	}
	idle->v[idle->count++] = a->self;
	a->hold_place = idle->count;
	/* With more than that, no class was held back before this one came. */
	if (idle->count > e->hold_most + 1)
		return;
	for (uint32_t i = 0; i < idle->count; i++)
		agent_mark(e, agent_at(e, idle->v[i]));
}

static void hold_leave(struct engine *e, struct agent *a)
{
	struct numbers *idle = &e->hold_idle;
	struct agent *last = agent_at(e, idle->v[idle->count - 1]);

	ASSERT(idle->v[a->hold_place - 1] == a->self);
	idle->v[a->hold_place - 1] = last->self;
	last->hold_place = a->hold_place;
	a->hold_place = 0;
	idle->count--;
	/* What is left of it is kept free for nobody. */
	agent_mark(e, a);
}

void hold_agent(struct engine *e, struct agent *a)
{
	bool counts = hold_counts(e, a);

	if (counts && !a->hold_place)
		hold_join(e, a);
	else if (!counts && a->hold_place)
		hold_leave(e, a);
	ASSERT(counts == (a->hold_place != 0));
}

void hold_configure(struct engine *e)
{
	const struct config *c = e->config;

	e->hold_pool = set_of(e, c->hold_pool, c->hold_pool_count);
	e->hold_most = 0;
	for (size_t i = 0; i < c->segment_count; i++)
		if (c->segments[i].hold_back > e->hold_most)
			e->hold_most = c->segments[i].hold_back;
	for (uint32_t i = 1; i <= e->agent_count; i++)
		hold_agent(e, agent_at(e, i));
	ASSERT(e->hold_most || e->hold_idle.count == 0);
}

void hold_free(struct engine *e)
{
	free(e->hold_idle.v);
	e->hold_idle = (struct numbers){ .count = 0 };
}

uint64_t hold_us(const struct engine *e, const struct conv *c)
{
	if (!e->config->hold_max_s)
		return UINT64_MAX;
	return c->arrived_us + e->config->hold_max_s * SECOND_US;
}

uint32_t hold_of(const struct engine *e, const struct conv *c)
{
	const struct segment *s;

	ASSERT(c->line > 0);
	if (!e->hold_most || hold_us(e, c) <= e->now_us)
		return 0;
	s = config_segment(e->config, names_text(&e->labels, c->segment));
	return s ? s->hold_back : 0;
}
