/*
 * Deadlines that have come; see timers.h. Each either emits an event that moves or ends its deadline, or (an
 * exclusion that ran out, a hold-back that ends) marks its conversation for matching.
 */
#include "engine/timers.h"

#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/deadline.h"
#include "engine/decide.h"
#include "engine/emit.h"
#include "engine/hold.h"
#include "engine/line.h"
#include "engine/offer.h"
#include "engine/relax.h"

static void timer_line(struct engine *e, struct line *l)
{
	uint64_t until_us;
	bool open = line_hours(l, e->now_us, &until_us);

	ASSERT(l->hours_us <= e->now_us);
	ASSERT(!until_us || until_us > e->now_us);
	EMIT(e, .type = open ? EVENT_QUEUE_OPEN : EVENT_QUEUE_CLOSED, .queue = l->name,
		.until_us = until_us);
}

static void timer_agent(struct engine *e, struct agent *a)
{
	uint32_t next;

	EMIT(e, .type = EVENT_LOST, .agent = a->id);
	EMIT(e, .type = EVENT_PRESENCE, .agent = a->id, .presence = PRESENCE_OFFLINE,
		.why = SLICE("lost"));
	offers_revoke(e, a, "lost");
	for (uint32_t h = a->work.first; h; h = next) {
		struct conv *c = conv_at(e, h);

		next = c->link.next;
		if (c->state != CONV_WRAPUP && kind_at(e, c->kind)->live)
			work_return(e, c, "lost");
	}
	ASSERT(!agent_logged_in(a));
}

static void timer_missed(struct engine *e, struct conv *c, struct agent *a)
{
	uint32_t limit = e->config->miss_limit;

	offer_refused(e, c, a->self, OFFER_MISSED, "missed");
	if (!limit || a->misses < limit || a->presence != PRESENCE_AVAILABLE)
		return;
	EMIT(e, .type = EVENT_PRESENCE, .agent = a->id, .presence = PRESENCE_NOT_RESPONDING,
		.why = SLICE("missed offers"));
	offers_revoke(e, a, "not responding");
}

static void timer_unanswered(struct engine *e, struct conv *c)
{
	uint32_t agent = c->agent;

	work_return(e, c, "unanswered");
	EMIT(e, .type = EVENT_EXCLUDED, .conv = c->id, .agent = agent_at(e, agent)->id,
		.why = SLICE("unanswered"),
		.until_us = e->now_us + e->config->decline_cooldown_s * SECOND_US);
	relax_exclusions(e, c);
}

/* A colleague who was asked has not answered; or the owner owes the customer a word for too long. */
static void timer_owned(struct engine *e, struct conv *c)
{
	uint32_t ask = ask_first(e, c);

	if (ask && ask_at(e, ask)->until_us <= e->now_us)
		timer_missed(e, c, agent_at(e, ask_at(e, ask)->agent));
	else
		timer_unanswered(e, c);
}

/* It waited as long as its queue lets it. */
static void timer_overflow(struct engine *e, struct conv *c)
{
	const struct line *to = line_overflow(e, line_at(e, c->line));

	if (to) {
		work_queue(e, c, to, c->key, "overflow", NULL, 0);
		return;
	}
	work_tell(e, c, "full");
	EMIT(e, .type = EVENT_ABANDONED, .conv = c->id, .why = SLICE("max_wait"));
	work_resolve(e, c, (struct slice){ NULL, 0 }, SLICE("nobody was free"), "max_wait");
}

/* Only what was due at `at_us`: an engine from a snapshot arms ends of exclusions again that have long passed, which are no events; what else
 * is due by now must come in its own turn in both. */
static void timer_waiting(struct engine *e, struct conv *c, uint64_t at_us)
{
	if (conv_overflow_us(e, c) <= at_us) {
		timer_overflow(e, c);
		return;
	}
	if (c->state == CONV_WAITING && conv_promote_us(e, c) <= at_us)
		EMIT(e, .type = EVENT_PROMOTED, .conv = c->id, .tier = TIER_NORMAL);
	if (c->state == CONV_WAITING && c->stage + 1u < conv_stage_count(e, c) &&
		conv_stage_us(e, c, c->stage + 1u) <= at_us)
		relax_conv(e, c);
	relax_exclusions(e, c);
	if (c->state != CONV_WAITING)
		return;
	if (sig_at(e, c->sig)->key.hold && !hold_of(e, c)) {
		conv_unindex(e, c);
		conv_index(e, c);
	}
	sig_mark(e, sig_at(e, c->sig));
	conv_arm(e, c);
}

static void timer_conv(struct engine *e, struct conv *c, uint64_t at_us)
{
	switch ((enum conv_state)c->state) {
	case CONV_OFFERED:
		timer_missed(e, c, agent_at(e, c->agent));
		return;
	case CONV_ACTIVE:
	case CONV_PENDING:
		timer_owned(e, c);
		return;
	case CONV_WRAPUP:
		work_resolve(e, c, agent_at(e, c->agent)->id, work_outcome(e, c), "wrapup");
		return;
	case CONV_RESOLVED:
		EMIT(e, .type = EVENT_CLOSED, .conv = c->id, .why = SLICE("rest"));
		return;
	case CONV_WAITING:
	case CONV_PARKED:
		timer_waiting(e, c, at_us);
		return;
	case CONV_NONE:
	case CONV_SCHEDULED:
	case CONV_CLOSED:
	case CONV_STATE_COUNT:
		break;
	}
	ASSERT(c->state == CONV_NONE); /* the others have no deadline */
}

void timers_run(struct engine *e)
{
	const struct deadline *first;

	while ((first = deadline_first(e)) != NULL && first->at_us <= e->now_us) {
		struct deadline d = *first;

		switch ((enum deadline_kind)d.kind) {
		case DEADLINE_LINE:
			timer_line(e, line_at(e, d.handle));
			break;
		case DEADLINE_AGENT:
			timer_agent(e, agent_at(e, d.handle));
			break;
		case DEADLINE_CONV:
			timer_conv(e, conv_at(e, d.handle), d.at_us);
			break;
		}
	}
	ASSERT(!deadline_first(e) || deadline_first(e)->at_us > e->now_us);
}
