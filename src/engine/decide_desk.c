/*
 * What an agent does with an offer, and says in a conversation. See decide.h.
 */
#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/emit.h"
#include "engine/line.h"
#include "engine/offer.h"

/* The conversation of an open offer to this agent, which may be another's (a consult); NULL after answering. */
static struct conv *desk_offer(struct engine *e, const struct command *cmd, const struct agent *a)
{
	uint32_t h = conv_by_offer(e, cmd->offer);

	e->step->conv = cmd->conv;
	if (!h) {
		answer(e, ANSWER_NOOP, "this offer is over");
		return NULL;
	}
	struct conv *c = conv_at(e, h);

	e->step->conv = c->id;
	if (offer_agent(e, cmd->offer) != a->self) {
		answer(e, ANSWER_FORBIDDEN, "this offer is another agent's");
		return NULL;
	}
	return c;
}

void decide_accept(struct engine *e, const struct command *cmd)
{
	struct agent *a = work_actor(e, cmd);
	struct conv *c = a ? desk_offer(e, cmd, a) : NULL;

	if (c && work_owned(c))
		consult_accept(e, c, a);
	else if (c)
		offer_accept(e, c, a);
}

void decide_decline(struct engine *e, const struct command *cmd)
{
	struct agent *a = work_actor(e, cmd);
	struct conv *c = a ? desk_offer(e, cmd, a) : NULL;
	struct slice why = cmd->why.n ? cmd->why : SLICE("declined");

	if (!c)
		return;
	if (why.n > MESSAGE_NAME_MAX)
		why.n = MESSAGE_NAME_MAX;
	offer_refused(e, c, a->self, OFFER_DECLINED, arena_copy(&e->scratch, why).p);
}

static void desk_not_yours(struct engine *e, const struct conv *c)
{
	if (work_owned(c))
		answer(e, ANSWER_FORBIDDEN,
			arena_printf(&e->scratch, "this conversation is %.*s's",
				SLICE_ARG(agent_at(e, c->agent)->id))
				.p);
	else if (c->state == CONV_OFFERED)
		answer(e, ANSWER_FORBIDDEN, "accept the offer first");
	else if (c->state == CONV_RESOLVED)
		answer(e, ANSWER_FORBIDDEN, "it is resolved and was another agent's");
	else
		answer(e, ANSWER_FORBIDDEN, "nobody owns this conversation yet: it waits");
}

void decide_reply(struct engine *e, const struct command *cmd)
{
	struct agent *a = work_actor(e, cmd);
	struct conv *c = a ? work_find(e, cmd) : NULL;

	if (!c)
		return;
	if (c->state == CONV_RESOLVED && c->last_agent == a->self)
		work_assign(e, c, a, "reopened");
	if (!work_owned(c) || c->agent != a->self) {
		desk_not_yours(e, c);
		return;
	}
	work_say(e, c, cmd->id, DIRECTION_OUT, a);
	if (c->state != CONV_WRAPUP)
		work_turn(e, c, true);
	ASSERT(c->state == CONV_PENDING || c->state == CONV_WRAPUP);
}

static bool write_is_sound(struct engine *e, const struct command *cmd)
{
	uint32_t line = line_find(e, cmd->queue), kind = kind_find(e, cmd->kind);

	if (id_is_none(cmd->conv) || id_is_none(cmd->customer) || conv_find(e, cmd->conv))
		answer(e, ANSWER_INVALID, "it names nobody, or a conversation that is there");
	else if (!kind || kind_at(e, kind)->live)
		answer(e, ANSWER_INVALID, "no first message can go out by this channel");
	else if (!line || !line_at(e, line)->conf)
		answer(e, ANSWER_UNKNOWN, "there is no such queue");
	else
		return true;
	return false;
}

/* Never queued: it is its writer's from the first word, whatever else he has; then it is the customer's turn. */
void decide_write(struct engine *e, const struct command *cmd)
{
	struct agent *a = work_actor(e, cmd);

	e->step->conv = cmd->conv;
	if (!a || !write_is_sound(e, cmd))
		return;
	EMIT(e, .type = EVENT_CREATED, .conv = cmd->conv, .customer = cmd->customer,
		.queue = cmd->queue, .channel = cmd->channel, .kind = cmd->kind,
		.segment = cmd->segment, .skills = cmd->skills, .agent = a->id,
		.key = (int64_t)e->now_us);
	struct conv *c = conv_at(e, conv_find(e, cmd->conv));

	work_assign(e, c, a, "written");
	work_say(e, c, cmd->id, DIRECTION_OUT, a);
	work_turn(e, c, true);
	ASSERT(c->state == CONV_PENDING && c->agent == a->self);
}

void decide_note(struct engine *e, const struct command *cmd)
{
	struct agent *a = work_actor(e, cmd);
	struct conv *c = a ? work_find(e, cmd) : NULL;

	if (!c)
		return;
	bool own = c->agent == a->self || (c->state == CONV_RESOLVED && c->last_agent == a->self);

	if (!own && !agent_leads(a)) {
		desk_not_yours(e, c);
		return;
	}
	work_say(e, c, cmd->id, DIRECTION_NOTE, a);
	ASSERT(e->step->seq == c->numbered);
}
