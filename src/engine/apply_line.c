/*
 * Events of queues and of the configuration: apply.h's last part.
 */
#include <errno.h>

#include "engine/agent.h"
#include "engine/apply.h"
#include "engine/conv.h"
#include "engine/deadline.h"
#include "engine/index.h"
#include "engine/line.h"
#include "engine/order.h"

/* Whoever is waiting in this line may be offered now. */
static void line_mark(struct engine *e, const struct line *l)
{
	for (uint32_t i = 1; i <= e->sig_count; i++) {
		struct sig *s = sig_at(e, i);

		if (s->key.line != l->self)
			continue;
		index_sig(e, s);
		if (s->head)
			sig_mark(e, s);
	}
}

static void line_overnight_chain(struct engine *e, const struct line *l, const struct chain *ch)
{
	for (uint32_t h = ch->first; h; h = conv_at(e, h)->link.next) {
		struct conv *c = conv_at(e, h);
		bool indexed = c->state == CONV_WAITING;

		if (c->line != l->self || c->tier == TIER_OVERNIGHT ||
			(!indexed && c->state != CONV_PARKED && c->state != CONV_OFFERED))
			continue;
		if (indexed)
			conv_unindex(e, c);
		c->tier = TIER_OVERNIGHT;
		if (indexed)
			conv_index(e, c);
	}
}

/* Who waits, or is only offered, when the doors close waits for the morning, before those who come in the night. */
static void line_overnight(struct engine *e, const struct line *l)
{
	ASSERT(l->open);
	line_overnight_chain(e, l, &e->chains[CONV_WAITING]);
	line_overnight_chain(e, l, &e->chains[CONV_PARKED]);
	for (uint32_t i = 1; i <= e->agent_count; i++)
		if (agent_at(e, i)->offers)
			line_overnight_chain(e, l, &agent_at(e, i)->work);
}

/* Whoever waits here, or would overflow to here, may do so now, or no more. */
static void line_arm(struct engine *e, const struct line *l)
{
	static const enum conv_state where[] = { CONV_WAITING, CONV_PARKED };

	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++)
		for (uint32_t h = e->chains[where[i]].first; h; h = conv_at(e, h)->link.next) {
			struct conv *c = conv_at(e, h);
			const struct line *of = line_at(e, c->line);

			if (of == l || line_overflow(e, of) == l)
				conv_arm(e, c);
		}
}

static int apply_hours(struct engine *e, struct line *l, const struct event *ev)
{
	bool open = ev->type == EVENT_QUEUE_OPEN;

	if (l->open && !open)
		line_overnight(e, l);
	l->open = open;
	l->hours_us = ev->until_us;
	line_arm(e, l);
	deadline_set(e, DEADLINE_LINE, l->self, l->hours_us ? l->hours_us : UINT64_MAX);
	line_mark(e, l);
	return 0;
}

/* After another configuration: what hangs in trees is hung again, deadlines of hours are due at once. */
static int apply_configured(struct engine *e, const struct event *ev, struct err *err)
{
	uint64_t hash;

	if (!slice_u64(ev->why, &hash))
		return err_set(err, EINVAL, "configured: it does not say which");
	e->config_hash = hash;
	for (uint32_t h = e->chains[CONV_WAITING].first; h; h = conv_at(e, h)->link.next)
		conv_unindex(e, conv_at(e, h));
	lines_configure(e);
	for (uint32_t h = e->chains[CONV_WAITING].first; h; h = conv_at(e, h)->link.next) {
		struct conv *c = conv_at(e, h);

		if (c->stage >= conv_stage_count(e, c))
			c->stage = (uint8_t)(conv_stage_count(e, c) - 1);
		conv_index(e, c);
		conv_arm(e, c);
	}
	for (uint32_t h = e->chains[CONV_PARKED].first; h; h = conv_at(e, h)->link.next)
		conv_arm(e, conv_at(e, h));
	for (uint32_t i = 1; i <= e->line_count; i++) {
		struct line *l = line_at(e, i);

		deadline_set(e, DEADLINE_LINE, i, l->hours_us ? l->hours_us : UINT64_MAX);
	}
	for (uint32_t i = 1; i <= e->agent_count; i++)
		agent_mark(e, agent_at(e, i));
	e->review_waiting = e->review_parked = e->review_excluded = true;
	return 0;
}

int apply_line_event(struct engine *e, const struct event *ev, struct err *err)
{
	if (ev->type == EVENT_CONFIGURED)
		return apply_configured(e, ev, err);
	uint32_t h = line_find(e, ev->queue);

	if (!h)
		return err_set(err, EINVAL, "%s: unknown queue", event_words[ev->type]);
	struct line *l = line_at(e, h);

	ASSERT(l->self == h);
	if (ev->type != EVENT_QUEUE_PAUSED)
		return apply_hours(e, l, ev);
	l->paused = ev->paused != 0;
	line_mark(e, l);
	return 0;
}
