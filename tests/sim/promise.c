/*
 * What the engine promises of every step, held against lists that the simulator keeps for itself:
 *   only who waits is offered, only to an agent who has the skills and the room
 *   hold-back      nobody gets the last agents who have nothing that its class must leave to others
 *   no bypass      nobody who waits, whom this agent could serve as well, comes earlier in the order
 *   longest idle   by the default strategy, nobody who could serve has had nothing for longer
 *   no idle pair   nobody waits for an agent who has nothing
 * See run_private.h. Looks only.
 */
#include "run_private.h"

void promise_broken(struct run *r, const struct call *c, const char *what)
{
	if (r->rc)
		return;
	r->rc = err_set(r->err, EPROTO, "step %llu, %.6f s, arrival %llu of type %.*s: %s",
		(unsigned long long)r->steps, (double)(r->now_us - RUN_START_US) * 1e-6,
		(unsigned long long)(c ? c->serial : 0),
		SLICE_ARG(c ? r->m->types[c->type].name : SLICE("-")), what);
}

/* What a call has gained by now; more is earlier. Runs are short: microseconds times a rate fit 64 bits. */
static int64_t gained(const struct run *r, const struct call *c)
{
	const struct source *s = &r->sources[c->type];

	return ((int64_t)(r->now_us - c->arrived_us) - s->offset_us) * s->rate;
}

/* How many agents who have nothing must be left to others when this call gets one now. */
static uint64_t held(const struct run *r, const struct call *c)
{
	uint64_t max_us = r->m->hold_max_s * UINT64_C(1000000);

	if (max_us && r->now_us >= c->arrived_us + max_us)
		return 0;
	return r->sources[c->type].held;
}

static uint64_t idle(const struct run *r)
{
	uint64_t n = 0;

	for (size_t g = 0; g < r->m->group_count; g++)
		n += r->benches[g].count;
	return n;
}

static void no_bypass(struct run *r, const struct call *c, const struct worker *w)
{
	const struct model_group *g = &r->m->groups[w->group];
	for (size_t i = 0; i < r->m->type_count; i++) {
		const struct source *s = &r->sources[i];

		if (!s->first || !s->serves[w->group] || w->used + s->type->units > g->units)
			continue;
		const struct call *first = call_at(r, s->first);

		if (!w->calls && idle(r) <= held(r, first))
			continue;
		if (gained(r, first) > gained(r, c))
			promise_broken(r, c, "offered before somebody who comes earlier");
	}
}

/* By the default strategy the agent who has had nothing for longest goes first, and who has nothing before who has
 * something. */
static void longest_idle(struct run *r, const struct call *c, const struct worker *w)
{
	const struct source *s = &r->sources[c->type];

	if (idle(r) <= held(r, c))
		return; /* those who have nothing are kept from it */
	for (size_t g = 0; g < r->m->group_count; g++) {
		uint32_t first = r->benches[g].first;

		if (!first || !s->serves[g] || r->m->groups[g].units < s->type->units)
			continue;
		if (w->calls || r->workers[first - 1].idle_us < w->idle_us)
			promise_broken(r, c, "offered past an agent who is idle for longer");
	}
}

void promise_offer(struct run *r, const struct call *c, const struct worker *w)
{
	const struct source *s = &r->sources[c->type];

	if (!s->serves[w->group])
		promise_broken(r, c, "offered to an agent without the skills");
	if (w->used + s->type->units > r->m->groups[w->group].units)
		promise_broken(r, c, "offered to an agent without room");
	if (!w->calls && idle(r) <= held(r, c))
		promise_broken(r, c, "offered to an agent who is kept free for others");
	no_bypass(r, c, w);
	if (r->m->strategy == STRATEGY_LONGEST_IDLE)
		longest_idle(r, c, w);
}

void promise_settled(struct run *r)
{
	uint64_t free = idle(r);

	for (size_t i = 0; i < r->m->type_count; i++) {
		const struct source *s = &r->sources[i];

		for (size_t g = 0; s->first && g < r->m->group_count; g++)
			if (r->benches[g].count && s->serves[g] &&
				free > held(r, call_at(r, s->first)) &&
				r->m->groups[g].units >= s->type->units)
				promise_broken(r, call_at(r, s->first),
					"waits while an agent who could serve has nothing");
	}
}
