/*
 * Events of a conversation that waits, is created or goes: apply.h's first half. Each function checks
 * everything first and changes afterwards.
 */
#include <errno.h>

#include "engine/agent.h"
#include "engine/apply.h"
#include "engine/conv.h"
#include "engine/line.h"
#include "engine/sets.h"
#include "engine/wait.h"
#include "engine/window.h"

static int apply_created(struct engine *e, const struct event *ev, struct err *err)
{
	uint32_t wants = set_parse(e, ev->skills);
	uint32_t line = line_find(e, ev->queue);

	if (id_is_none(ev->conv) || conv_find(e, ev->conv))
		return err_set(err, EINVAL, "created: the conversation is there already");
	if (!wants || !ev->queue.n || !ev->kind.n)
		return err_set(err, EINVAL, "created: no queue, no kind or malformed skills");
	if ((!kind_find(e, ev->kind) && e->kind_count + 1 >= KINDS_MAX) ||
		e->labels.count > UINT16_MAX - 2 || e->line_count >= UINT16_MAX - 1)
		return err_set(err, EINVAL, "created: too many kinds, channels or queues");
	uint32_t kind = kind_intern(e, ev->kind);
	uint32_t channel = names_intern(&e->labels, ev->channel, &e->keep);
	uint32_t segment = names_intern(&e->labels, ev->segment, &e->keep);

	if (!line)
		line = line_add(e, ev->queue);
	struct conv *c = conv_add(e, ev->conv, line);

	c->customer = ev->customer;
	c->arrived_us = (uint64_t)ev->key;
	/* Until it is queued, which a refused one never was: reopened by hand and returned it has a place all the same. */
	c->key = ev->key;
	c->tier = TIER_NORMAL;
	c->kind = (uint8_t)kind;
	c->channel = (uint16_t)channel;
	c->segment = (uint16_t)segment;
	c->wants = wants;
	/* Nobody waits for the first words of what an agent began. */
	c->flags |= ev->agent.n ? FLAG_REPLIED : 0;
	if (!id_is_none(ev->linked) || ev->priority) {
		struct rare *r = conv_rare(e, c);

		r->linked = ev->linked;
		r->priority = ev->priority;
	}
	return 0;
}

static int apply_queued(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	uint32_t line = line_find(e, ev->queue), also = agent_find(e, ev->agent);
	uint32_t wants = set_parse(e, ev->skills);
	bool returned = slice_is(ev->why, "returned");

	if (c->state != CONV_SCHEDULED && !conv_may(c->state, CONV_SCHEDULED))
		return err_set(err, EINVAL, "queued: not from this state");
	if (state_is_work(c->state) || !ev->queue.n || (ev->agent.n && !also) || !wants)
		return err_set(err, EINVAL,
			"queued: has an owner, no queue, malformed skills or an unknown agent");
	if (e->line_count >= UINT16_MAX - 1)
		return err_set(err, EINVAL, "queued: too many queues");
	bool again = c->state == CONV_RESOLVED;

	if (!line)
		line = line_add(e, ev->queue);
	if (c->state != CONV_SCHEDULED)
		conv_place(e, c, CONV_SCHEDULED, 0, 0);
	line_at(e, c->line)->count[CONV_SCHEDULED]--;
	line_at(e, line)->count[CONV_SCHEDULED]++;
	c->line = (uint16_t)line;
	c->wants = wants;
	c->key = ev->key;
	c->tier = (uint8_t)ev->tier;
	c->seq = ev->seq;
	if (ev->seq > e->last_seq)
		e->last_seq = ev->seq;
	if (again)
		c->arrived_us = ev->at_us;
	if (!returned) {
		c->stage = 0;
		c->also = also;
		c->flags = (uint8_t)(also ? c->flags | FLAG_DIRECTED : c->flags & ~FLAG_DIRECTED);
		c->stage_from_us = also ? ev->until_us : ev->at_us;
	}
	c->until_us = 0;
	conv_place(e, c, CONV_WAITING, 0, 0);
	return 0;
}

static int apply_parking(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	bool in = ev->type == EVENT_PARKED;

	if (c->state != (in ? CONV_WAITING : CONV_PARKED))
		return err_set(err, EINVAL, "%s: not from this state", event_words[ev->type]);
	c->until_us = 0; /* how long nobody is there says nothing of those who wait */
	conv_place(e, c, in ? CONV_PARKED : CONV_WAITING, 0, 0);
	if (in && c->also)
		agent_at(e, c->also)->awaited = true;
	return 0;
}

static int apply_stage(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	if (c->state != CONV_WAITING)
		return err_set(err, EINVAL, "stage: the conversation does not wait");
	if (ev->stage <= c->stage || ev->stage >= conv_stage_count(e, c))
		return err_set(err, EINVAL, "stage: only a later stage of its queue");
	conv_unindex(e, c);
	if ((c->flags & FLAG_DIRECTED) && c->stage == 0)
		c->stage_from_us = ev->at_us;
	c->stage = (uint8_t)ev->stage;
	conv_index(e, c);
	conv_arm(e, c);
	return 0;
}

static int apply_promoted(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	if (c->state != CONV_WAITING || ev->tier >= c->tier)
		return err_set(err, EINVAL, "promoted: does not wait, or in that tier already");
	conv_unindex(e, c);
	c->tier = (uint8_t)ev->tier;
	conv_index(e, c);
	conv_arm(e, c);
	return 0;
}

static int apply_excluded(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	uint32_t agent = agent_find(e, ev->agent);

	if (!agent || ev->until_us < ev->at_us)
		return err_set(err, EINVAL, "excluded: unknown agent, or over before it began");
	conv_exclude(e, c, agent, ev->until_us, (uint32_t)((ev->until_us - ev->at_us) / SECOND_US));
	return 0;
}

static int apply_message(struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	if (ev->seq != c->numbered + UINT64_C(1))
		return err_set(err, EINVAL, "message: number %llu does not follow %lu",
			(unsigned long long)ev->seq, (unsigned long)c->numbered);
	c->numbered++;
	if (ev->direction == DIRECTION_OUT && !(c->flags & FLAG_REPLIED)) {
		struct line *l = line_at(e, c->line);

		c->flags |= FLAG_REPLIED;
		conv_rare(e, c)->first_reply_us = ev->at_us;
		l->answered++;
		window_count(l, c->segment, WINDOW_ANSWERED, ev->at_us);
		/* until_us: the target of its segment or queue when it was answered; 0 none. */
		if (!ev->until_us || ev->at_us <= ev->until_us) {
			l->answered_within++;
			window_count(l, c->segment, WINDOW_WITHIN, ev->at_us);
		}
	}
	return 0;
}

static int apply_abandoned(
	struct engine *e, struct conv *c, const struct event *ev, struct err *err)
{
	struct line *l = line_at(e, c->line);

	if (c->state != CONV_WAITING && c->state != CONV_PARKED)
		return err_set(err, EINVAL, "abandoned: the conversation does not wait");
	l->abandoned++;
	window_count(l, c->segment, WINDOW_ABANDONED, ev->at_us);
	if (ev->at_us < c->arrived_us + ABANDON_SHORT_S * SECOND_US)
		l->abandoned_short++;
	c->until_us = 0;
	conv_place(e, c, CONV_SCHEDULED, 0, 0);
	return 0;
}

static int apply_estimated(struct conv *c, const struct event *ev, struct err *err)
{
	if (c->state != CONV_WAITING || ev->wait_ms > UINT32_MAX)
		return err_set(err, EINVAL, "estimated: does not wait, or longer than is possible");
	wait_begun(c, ev->wait_ms);
	return 0;
}

static int apply_closed(struct engine *e, struct conv *c, struct err *err)
{
	if (c->state != CONV_RESOLVED)
		return err_set(err, EINVAL, "closed: the conversation is not resolved");
	conv_drop(e, c);
	return 0;
}

static int apply_proved(struct conv *c, const struct event *ev, struct err *err)
{
	if (id_is_none(ev->customer))
		return err_set(err, EINVAL, "proved: no customer");
	c->customer = ev->customer;
	return 0;
}

int apply_conv_event(struct engine *e, const struct event *ev, struct err *err)
{
	struct conv *c = NULL;

	if (ev->type == EVENT_CREATED)
		return apply_created(e, ev, err);
	if (!conv_find(e, ev->conv))
		return err_set(err, EINVAL, "%s: unknown conversation", event_words[ev->type]);
	c = conv_at(e, conv_find(e, ev->conv));
	ASSERT(c->self);
	if (ev->type == EVENT_QUEUED)
		return apply_queued(e, c, ev, err);
	if (ev->type == EVENT_PARKED || ev->type == EVENT_UNPARKED)
		return apply_parking(e, c, ev, err);
	if (ev->type == EVENT_STAGE)
		return apply_stage(e, c, ev, err);
	if (ev->type == EVENT_PROMOTED)
		return apply_promoted(e, c, ev, err);
	if (ev->type == EVENT_EXCLUDED)
		return apply_excluded(e, c, ev, err);
	if (ev->type == EVENT_MESSAGE)
		return apply_message(e, c, ev, err);
	if (ev->type == EVENT_ABANDONED)
		return apply_abandoned(e, c, ev, err);
	if (ev->type == EVENT_CLOSED)
		return apply_closed(e, c, err);
	if (ev->type == EVENT_ESTIMATED)
		return apply_estimated(c, ev, err);
	if (ev->type == EVENT_PROVED)
		return apply_proved(c, ev, err);
	ASSERT(ev->type == EVENT_EXCLUSIONS_CLEARED);
	conv_clear_exclusions(e, c);
	return 0;
}
