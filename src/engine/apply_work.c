/*
 * Events of a conversation that an agent has, or is offered: apply.h's second part. Units are taken by
 * the offered event and given back by the one that ends offer or assignment.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "engine/agent.h"
#include "engine/apply.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/index.h"
#include "engine/line.h"
#include "engine/sets.h"
#include "engine/wait.h"
#include "engine/window.h"

/* Beside the first offer, or of what somebody owns. */
static int apply_asked(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	uint32_t h = agent_find(e, ev->agent), line = line_find(e, ev->queue);
	uint32_t wants = set_parse(e, ev->skills);

	if (c->state == CONV_WRAPUP || c->agent == h || ask_of(e, c, h) || !line || !wants)
		return err_set(
			err, EINVAL, "offered: it is this agent's, or offered to it already");
	struct agent *a = agent_at(e, h);

	a->last_turn = ++e->turns;
	a->idle_since_us = ev->at_us;
	ask_add(e, c,
		&(struct ask){ .agent = h,
			.units = (uint32_t)ev->units,
			.line = line,
			.wants = wants,
			.offer = ev->offer,
			.until_us = ev->until_us,
			.turn = e->turns });
	return 0;
}

static int apply_offered(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	uint32_t h = agent_find(e, ev->agent);

	if ((c->state != CONV_WAITING && !state_is_work(c->state)) || !h)
		return err_set(err, EINVAL, "offered: does not wait, or unknown agent");
	if (id_is_none(ev->offer) || conv_by_offer(e, ev->offer) || ev->units > UINT32_MAX)
		return err_set(err, EINVAL, "offered: the offer is there already");
	if (c->state != CONV_WAITING)
		return apply_asked(e, c, ev, err);
	struct agent *a = agent_at(e, h);

	wait_offered(e, c);
	c->until_us = ev->until_us;
	conv_place(e, c, CONV_OFFERED, h, (uint32_t)ev->units);
	conv_set_offer(e, c, ev->offer);
	a->last_turn = ++e->turns;
	a->idle_since_us = ev->at_us;
	index_touch(e, a);
	return 0;
}

static void offer_count(
	struct engine *e, const struct conv *c, struct agent *a, const struct event *ev)
{
	if (ev->end == OFFER_MISSED) {
		a->misses++;
		window_count(line_at(e, c->line), c->segment, WINDOW_MISSED, ev->at_us);
	} else if (ev->end != OFFER_REVOKED) {
		a->misses = 0;
	}
}

/* The first of those asked beside has the offer from now on. */
static void ask_becomes_offer(struct engine *e, struct conv *c, const struct event *ev)
{
	uint32_t h = ask_first(e, c);
	struct ask k = *ask_at(e, h);

	ask_drop(e, c, h, ev->at_us);
	conv_place(e, c, CONV_OFFERED, k.agent, k.units);
	conv_set_offer(e, c, k.offer);
}

static int apply_offer_ended(
	struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	uint32_t ask = ask_by_offer(e, ev->offer);

	if (ask && ask_at(e, ask)->conv == c->self && ev->end > OFFER_END_NONE &&
		ev->end < OFFER_END_COUNT) {
		offer_count(e, c, agent_at(e, ask_at(e, ask)->agent), ev);
		ask_drop(e, c, ask, ev->at_us);
		return 0;
	}
	if (c->state != CONV_OFFERED || !c->rare ||
		!id_equal(rare_at(e, c->rare)->offer, ev->offer) || id_is_none(ev->offer))
		return err_set(err, EINVAL, "offer_ended: there is no such offer");
	if (ev->end == OFFER_END_NONE || ev->end >= OFFER_END_COUNT)
		return err_set(err, EINVAL, "offer_ended: it does not say how");
	struct agent *a = agent_at(e, c->agent);

	if (ev->end == OFFER_ACCEPTED && ask_first(e, c))
		return err_set(err, EINVAL, "offer_ended: accepted while others are offered it");
	conv_set_offer(e, c, (struct id){ 0, 0 });
	offer_count(e, c, a, ev);
	if (ask_first(e, c)) {
		ask_becomes_offer(e, c, ev);
		return 0;
	}
	c->until_us = 0;
	if (ev->end == OFFER_ACCEPTED) {
		wait_ended(e, c, ev->at_us);
		conv_arm(e, c);
		return 0;
	}
	wait_resumed(e, c);
	conv_place(e, c, CONV_WAITING, 0, 0);
	return 0;
}

static int apply_assigned(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	uint32_t h = agent_find(e, ev->agent);

	if (!h || ev->units > UINT32_MAX)
		return err_set(err, EINVAL, "assigned: unknown agent");
	if (!conv_may(c->state, CONV_ACTIVE) || c->state == CONV_PENDING || c->state == CONV_WRAPUP)
		return err_set(err, EINVAL, "assigned: not from this state");
	if (c->state == CONV_OFFERED && (c->agent != h || !id_is_none(rare_at(e, c->rare)->offer)))
		return err_set(err, EINVAL, "assigned: it is offered to somebody");
	struct agent *a = agent_at(e, h);

	c->until_us = ev->until_us;
	conv_place(e, c, CONV_ACTIVE, h, (uint32_t)ev->units);
	c->last_agent = h;
	a->handled++;
	a->idle_since_us = ev->at_us;
	index_touch(e, a);
	return 0;
}

static int apply_turn(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	enum conv_state to = ev->type == EVENT_PENDING ? CONV_PENDING : CONV_ACTIVE;

	if (!state_is_work(c->state) || c->state == CONV_OFFERED || !conv_may(c->state, to) ||
		ev->units > UINT32_MAX)
		return err_set(err, EINVAL, "%s: not from this state", event_words[ev->type]);
	c->until_us = ev->until_us;
	conv_place(e, c, to, c->agent, (uint32_t)ev->units);
	return 0;
}

static void conv_set_outcome(struct engine *e, struct conv *c, struct slice outcome)
{
	if (!outcome.n && !c->rare)
		return;
	struct rare *r = conv_rare(e, c);

	free(r->outcome);
	r->outcome = outcome.n ? slice_dup(outcome) : NULL;
}

static int apply_wrapup(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	if (c->state != CONV_ACTIVE && c->state != CONV_PENDING && c->state != CONV_WRAPUP)
		return err_set(err, EINVAL, "wrapup: nobody owns the conversation");
	c->until_us = ev->until_us;
	conv_set_outcome(e, c, ev->outcome);
	conv_place(e, c, CONV_WRAPUP, c->agent, c->units);
	return 0;
}

static int apply_resolved(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	if (!conv_may(c->state, CONV_RESOLVED))
		return err_set(err, EINVAL, "resolved: not from this state");
	conv_set_outcome(e, c, ev->outcome);
	conv_clear_exclusions(e, c);
	c->until_us = ev->until_us ? ev->until_us : ev->at_us;
	c->also = 0;
	c->stage = 0;
	c->flags = (uint8_t)(c->flags & ~FLAG_DIRECTED);
	conv_place(e, c, CONV_RESOLVED, 0, 0);
	return 0;
}

static int apply_returned(struct engine *e, struct conv *c, struct err *err)
{
	if (!state_is_work(c->state) || c->state == CONV_OFFERED)
		return err_set(err, EINVAL, "returned: nobody owns the conversation");
	c->until_us = 0;
	conv_place(e, c, CONV_SCHEDULED, 0, 0);
	return 0;
}

int apply_work_event(struct engine *e, const struct event *ev, struct err *err)
{
	uint32_t h = conv_find(e, ev->conv);

	if (!h)
		return err_set(err, EINVAL, "%s: unknown conversation", event_words[ev->type]);
	struct conv *c = conv_at(e, h);

	ASSERT(c->self == h);
	if (ask_first(e, c) && (ev->type == EVENT_ASSIGNED || ev->type == EVENT_WRAPUP ||
				       ev->type == EVENT_RESOLVED || ev->type == EVENT_RETURNED))
		return err_set(
			err, EINVAL, "%s: it is offered to somebody still", event_words[ev->type]);
	if (ev->type == EVENT_OFFERED)
		return apply_offered(e, c, ev, err);
	if (ev->type == EVENT_OFFER_ENDED)
		return apply_offer_ended(e, c, ev, err);
	if (ev->type == EVENT_ASSIGNED)
		return apply_assigned(e, c, ev, err);
	if (ev->type == EVENT_PENDING || ev->type == EVENT_ACTIVE)
		return apply_turn(e, c, ev, err);
	if (ev->type == EVENT_WRAPUP)
		return apply_wrapup(e, c, ev, err);
	if (ev->type == EVENT_RESOLVED)
		return apply_resolved(e, c, ev, err);
	ASSERT(ev->type == EVENT_RETURNED);
	return apply_returned(e, c, err);
}
