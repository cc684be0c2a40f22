/*
 * Reading the engine: views of conversations, agents and queues for the router, desks and usherctl. Looks only.
 */
#include "engine/view.h"

#include "base/str.h"
#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/line.h"
#include "engine/order.h"
#include "engine/sets.h"

/* Interning what a conversation asks is a memory, not a change that anybody could see. */
static uint32_t view_need(const struct engine *e, const struct conv *c)
{
	return conv_need((struct engine *)(uintptr_t)e, c, c->stage);
}

static struct slice view_agent_id(const struct engine *e, uint32_t agent)
{
	return agent ? agent_at(e, agent)->id : (struct slice){ NULL, 0 };
}

void view_conv(const struct engine *e, const struct conv *c, struct conv_view *out)
{
	*out = (struct conv_view){
		.conv = c->id,
		.customer = c->customer,
		.state = (enum conv_state)c->state,
		.queue = line_at(e, c->line)->name,
		.channel = names_text(&e->labels, c->channel),
		.kind = kind_at(e, c->kind)->name,
		.segment = names_text(&e->labels, c->segment),
		.agent = view_agent_id(e, c->agent),
		.last_agent = view_agent_id(e, c->last_agent),
		.skills = set_text(e, view_need(e, c)),
		.arrived_us = c->arrived_us,
		.state_us = c->state_us,
		.until_us = c->state == CONV_WAITING ? 0 : c->until_us,
		.key = c->key,
		.tier = c->tier,
		.stage = c->stage,
		.seq_last = c->numbered,
		.units = c->units,
	};
	if (c->state == CONV_WAITING && c->stage + 1u < conv_stage_count(e, c))
		out->next_stage_us = conv_stage_us(e, c, c->stage + 1u);
	if (out->next_stage_us == UINT64_MAX)
		out->next_stage_us = 0;
	if (c->rare) {
		const struct rare *r = rare_at(e, c->rare);

		out->offer = r->offer;
		out->linked = r->linked;
		out->outcome = slice_of(r->outcome);
		out->first_reply_us = r->first_reply_us;
		out->priority = r->priority;
		if (r->asked && c->state != CONV_OFFERED)
			out->asked = view_agent_id(e, ask_at(e, r->asked)->agent);
	}
	ASSERT(out->state != CONV_NONE);
}

/* As the agent sees it who is offered it beside others, or asked to take it over. */
static void view_ask(const struct engine *e, const struct ask *k, struct conv_view *out)
{
	view_conv(e, conv_at(e, k->conv), out);
	out->state = CONV_OFFERED;
	out->agent = view_agent_id(e, k->agent);
	out->offer = k->offer;
	out->until_us = k->until_us;
	out->units = k->units;
	out->asked = work_owned(conv_at(e, k->conv)) ? view_agent_id(e, conv_at(e, k->conv)->agent)
						     : (struct slice){ NULL, 0 };
}

bool engine_conv(const struct engine *e, struct id conv, struct conv_view *out)
{
	uint32_t h = conv_find(e, conv);

	if (h)
		view_conv(e, conv_at(e, h), out);
	return h != 0;
}

bool engine_offer(const struct engine *e, struct id offer, struct conv_view *out)
{
	uint32_t h = conv_by_offer(e, offer), ask = ask_by_offer(e, offer);

	if (ask)
		view_ask(e, ask_at(e, ask), out);
	else if (h)
		view_conv(e, conv_at(e, h), out);
	return h != 0;
}

static void view_agent(const struct engine *e, const struct agent *a, struct agent_view *out)
{
	*out = (struct agent_view){
		.agent = a->id,
		.name = slice_of(a->name),
		.skills = set_text(e, a->skills),
		.role = a->role,
		.presence = a->presence,
		.online = agent_connected(a) || a->grace_us,
		.used = a->used,
		.limit = agent_limit(e, a),
		.since_us = a->since_us,
		.idle_since_us = a->idle_since_us,
		.handled = a->handled,
		.offers = a->offers,
		.assigned = a->work.count - (a->offers - a->asks),
		.overloaded = a->used > agent_limit(e, a),
	};
}

bool engine_agent(const struct engine *e, struct slice agent, struct agent_view *out)
{
	uint32_t h = agent_find(e, agent);

	if (!h || agent_at(e, h)->off)
		return false;
	view_agent(e, agent_at(e, h), out);
	return true;
}

static void view_line(const struct engine *e, const struct line *l, struct queue_view *out)
{
	uint64_t parked_us = conv_parked_oldest(e, l), oldest = parked_us ? parked_us : UINT64_MAX;

	for (uint32_t i = 0; i < e->lane_count; i++)
		if (l->root[i] && conv_at(e, l->root[i])->oldest_us < oldest)
			oldest = conv_at(e, l->root[i])->oldest_us;

	/* Offered ones are as many as agents can look at, so walking them is cheap. */
	for (uint32_t i = 1; l->count[CONV_OFFERED] && i <= e->agent_count; i++) {
		const struct agent *a = agent_at(e, i);

		for (uint32_t h = a->offers ? a->work.first : 0; h; h = conv_at(e, h)->link.next) {
			const struct conv *c = conv_at(e, h);

			if (c->state == CONV_OFFERED && c->line == l->self &&
				c->arrived_us < oldest)
				oldest = c->arrived_us;
		}
	}
	*out = (struct queue_view){
		.queue = l->name,
		.waiting = l->count[CONV_WAITING],
		.offered = l->count[CONV_OFFERED],
		.active = l->count[CONV_ACTIVE] + l->count[CONV_PENDING],
		.parked = l->count[CONV_PARKED],
		.longest_us = oldest == UINT64_MAX ? 0 : oldest,
		.open = l->open,
		.paused = l->paused,
		.answered = l->answered,
		.answered_within = l->answered_within,
		.abandoned = l->abandoned,
		.abandoned_short = l->abandoned_short,
	};
}

bool engine_queue(const struct engine *e, struct slice queue, struct queue_view *out)
{
	uint32_t h = line_find(e, queue);

	if (h)
		view_line(e, line_at(e, h), out);
	return h != 0;
}

/* What the readers call for each. */
typedef bool (*conv_fn)(const struct conv_view *v, void *arg);

static bool view_each_of(const struct engine *e, const struct chain *ch, enum conv_state state,
	conv_fn fn, void *arg)
{
	struct conv_view v;

	for (uint32_t h = ch->first; h; h = conv_at(e, h)->link.next) {
		if (state && conv_at(e, h)->state != state)
			continue;
		view_conv(e, conv_at(e, h), &v);
		if (!fn(&v, arg))
			return false;
	}
	return true;
}

static uint32_t view_after(const struct engine *e, uint32_t root, const struct conv *last)
{
	return last ? order_after(e, root, ORDER_LINE, last) : order_first(e, root, ORDER_LINE);
}

/* The orders of lines and lanes merged: the first of each one's next. */
static bool view_each_waiting(const struct engine *e, conv_fn fn, void *arg)
{
	const struct conv *last = NULL;
	struct conv_view v;

	for (;;) {
		uint32_t best = 0;

		for (uint32_t i = 1; i <= e->line_count; i++)
			for (uint32_t lane = 0; lane < e->lane_count; lane++) {
				uint32_t h = view_after(e, line_at(e, i)->root[lane], last);

				if (h &&
					(!best || order_before(e, conv_at(e, h), conv_at(e, best))))
					best = h;
			}
		if (!best)
			return true;
		last = conv_at(e, best);
		view_conv(e, last, &v);
		if (!fn(&v, arg))
			return false;
	}
}

void engine_each_conv(const struct engine *e, enum conv_state state, conv_fn fn, void *arg)
{
	if ((!state || state == CONV_WAITING) && !view_each_waiting(e, fn, arg))
		return;
	if ((!state || state == CONV_PARKED) &&
		!view_each_of(e, &e->chains[CONV_PARKED], CONV_PARKED, fn, arg))
		return;
	if (!state || state_is_work(state))
		for (uint32_t i = 1; i <= e->agent_count; i++)
			if (!view_each_of(e, &agent_at(e, i)->work, state, fn, arg))
				return;
	if (!state || state == CONV_RESOLVED)
		view_each_of(e, &e->chains[CONV_RESOLVED], CONV_RESOLVED, fn, arg);
}

void engine_each_work(const struct engine *e, struct slice agent, conv_fn fn, void *arg)
{
	uint32_t h = agent_find(e, agent);

	if (!h || !view_each_of(e, &agent_at(e, h)->work, CONV_NONE, fn, arg))
		return;
	for (uint32_t k = agent_at(e, h)->asked; k; k = ask_at(e, k)->next_of_agent) {
		struct conv_view v;

		view_ask(e, ask_at(e, k), &v);
		if (!fn(&v, arg))
			return;
	}
}

void engine_each_agent(
	const struct engine *e, bool (*fn)(const struct agent_view *v, void *arg), void *arg)
{
	struct agent_view v;

	for (uint32_t i = 1; i <= e->agent_count; i++) {
		if (agent_at(e, i)->off)
			continue;
		view_agent(e, agent_at(e, i), &v);
		if (!fn(&v, arg))
			return;
	}
}

void engine_each_queue(
	const struct engine *e, bool (*fn)(const struct queue_view *v, void *arg), void *arg)
{
	struct queue_view v;

	for (uint32_t i = 1; i <= e->line_count; i++) {
		if (!line_at(e, i)->conf)
			continue;
		view_line(e, line_at(e, i), &v);
		if (!fn(&v, arg))
			return;
	}
}

size_t engine_position(const struct engine *e, struct id conv)
{
	uint32_t h = conv_find(e, conv);

	if (!h || conv_at(e, h)->state != CONV_WAITING)
		return 0;
	const struct conv *c = conv_at(e, h);

	return order_line_rank(e, c) + 1u;
}
