/*
 * Where a conversation goes: transferred, resolved, reopened, taken by hand. See decide.h.
 */
#include "engine/agent.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/emit.h"
#include "engine/line.h"
#include "engine/offer.h"

/* The actor and a conversation that is the actor's, or anybody's when the actor leads. */
static struct conv *work_of(struct engine *e, const struct command *cmd, struct agent **a)
{
	struct conv *c;

	*a = work_actor(e, cmd);
	c = *a ? work_find(e, cmd) : NULL;
	if (!c || agent_leads(*a))
		return c;
	uint32_t owner = c->state == CONV_RESOLVED ? c->last_agent : work_owned(c) ? c->agent : 0;

	if (owner == (*a)->self)
		return c;
	answer(e, ANSWER_FORBIDDEN,
		owner ? arena_printf(&e->scratch, "this conversation is %.*s's",
				SLICE_ARG(agent_at(e, owner)->id))
				.p
		      : "nobody owns this conversation yet");
	return NULL;
}

/* Out of whoever's hands it is in, into the state scheduled or waiting, to be queued again. */
static void work_let_go(struct engine *e, struct conv *c, const char *why)
{
	if (c->state == CONV_OFFERED)
		offer_end(e, c, OFFER_REVOKED, why);
	else if (work_owned(c))
		EMIT(e, .type = EVENT_RETURNED, .conv = c->id, .agent = agent_at(e, c->agent)->id,
			.why = slice_of(why));
	ASSERT(!c->agent);
}

static void transfer_to_queue(struct engine *e, struct conv *c, struct slice name)
{
	uint32_t to = line_find(e, name), from = c->agent;
	bool owned = work_owned(c);

	if (!to || !line_at(e, to)->conf) {
		answer(e, ANSWER_UNKNOWN, "there is no such queue");
		return;
	}
	work_let_go(e, c, "transferred");
	work_queue(e, c, line_at(e, to), c->key, "transferred", NULL, 0);
	/* Whoever gave it away does not get it back at once. */
	if (owned)
		EMIT(e, .type = EVENT_EXCLUDED, .conv = c->id, .agent = agent_at(e, from)->id,
			.why = SLICE("transferred"),
			.until_us = e->now_us + e->config->decline_cooldown_s * SECOND_US);
	e->review_excluded = true;
}

static void transfer_to_agent(struct engine *e, struct conv *c, struct slice name)
{
	uint32_t to = agent_find(e, name);
	const struct line *l = line_at(e, c->line);

	if (!to || agent_at(e, to)->off || agent_at(e, to)->role == ROLE_AUDITOR) {
		answer(e, ANSWER_UNKNOWN, "there is no such agent");
		return;
	}
	if (work_owned(c) && c->agent == to) {
		answer(e, ANSWER_NOOP, "it is this agent's already");
		return;
	}
	work_let_go(e, c, "transferred");
	struct exclusion *x = conv_exclusion(e, c, to);

	if (x && x->until_us > e->now_us)
		EMIT(e, .type = EVENT_EXCLUDED, .conv = c->id, .agent = agent_at(e, to)->id,
			.why = SLICE("transferred"), .until_us = e->now_us);
	uint32_t home = line_home(e, names_text(&e->labels, c->channel));

	if (!l->conf && home)
		l = line_at(e, home);
	work_queue(e, c, l, c->key, "transferred", agent_at(e, to),
		e->now_us + TRANSFER_FIRST_S * SECOND_US);
}

void decide_transfer(struct engine *e, const struct command *cmd)
{
	struct agent *a;
	struct conv *c = work_of(e, cmd, &a);
	struct slice to = cmd->to;

	if (!c)
		return;
	if (c->state == CONV_RESOLVED) {
		answer(e, ANSWER_STATE, "it is resolved: reopen it first");
		return;
	}
	bool queue = slice_starts(to, SLICE("queue:")), agent = slice_starts(to, SLICE("agent:"));

	if (!queue && !agent) {
		answer(e, ANSWER_INVALID, "to must be queue:NAME or agent:NAME");
		return;
	}
	to = slice_make(to.p + strlen("queue:"), to.n - strlen("queue:"));
	if (queue)
		transfer_to_queue(e, c, to);
	else
		transfer_to_agent(e, c, to);
	if (e->step->answer == ANSWER_OK && cmd->text.n)
		work_say(e, c, cmd->id, DIRECTION_NOTE, a);
}

void decide_resolve(struct engine *e, const struct command *cmd)
{
	struct agent *a;
	struct conv *c = work_of(e, cmd, &a);
	struct slice outcome = cmd->outcome;

	if (!c)
		return;
	if (c->state == CONV_RESOLVED) {
		answer(e, ANSWER_NOOP, "it is resolved already");
		return;
	}
	if (outcome.n > NAME_MAX_LEN)
		outcome.n = NAME_MAX_LEN;
	if (!outcome.n)
		outcome = work_outcome(e, c);
	if (work_owned(c)) {
		work_finish(e, c, outcome, "agent");
		return;
	}
	if (c->state == CONV_OFFERED)
		offer_end(e, c, OFFER_REVOKED, "resolved");
	work_resolve(e, c, a->id, outcome, "agent");
	ASSERT(c->state == CONV_RESOLVED);
}

void decide_wrapup_done(struct engine *e, const struct command *cmd)
{
	struct agent *a;
	struct conv *c = work_of(e, cmd, &a);

	if (!c)
		return;
	if (c->state != CONV_WRAPUP) {
		answer(e, ANSWER_NOOP, "it is not in wrap-up");
		return;
	}
	work_resolve(e, c, agent_at(e, c->agent)->id, work_outcome(e, c), "wrapup");
	ASSERT(c->state == CONV_RESOLVED);
}

void decide_reopen(struct engine *e, const struct command *cmd)
{
	struct agent *a;
	struct conv *c = work_of(e, cmd, &a);

	if (!c)
		return;
	if (c->state == CONV_WRAPUP) {
		work_turn(e, c, false);
		return;
	}
	if (c->state != CONV_RESOLVED) {
		answer(e, ANSWER_NOOP, "it is open");
		return;
	}
	work_assign(e, c, a, "reopened");
	ASSERT(c->state == CONV_ACTIVE);
}

void decide_take(struct engine *e, const struct command *cmd)
{
	struct agent *a = work_actor(e, cmd);
	struct conv *c = a ? work_find(e, cmd) : NULL;
	uint32_t to = !c ? 0 : cmd->to.n ? agent_find(e, cmd->to) : a->self;

	if (!c)
		return;
	if (!agent_leads(a)) {
		answer(e, ANSWER_FORBIDDEN, "only a supervisor assigns by hand");
		return;
	}
	if (!to || agent_at(e, to)->off || agent_at(e, to)->role == ROLE_AUDITOR) {
		answer(e, ANSWER_UNKNOWN, "there is no such agent");
		return;
	}
	if (work_owned(c) && c->agent == to) {
		answer(e, ANSWER_NOOP, "it is this agent's already");
		return;
	}
	if (kind_at(e, c->kind)->live && !agent_connected(agent_at(e, to))) {
		answer(e, ANSWER_STATE, "that agent has no desk open, and the customer is waiting");
		return;
	}
	work_let_go(e, c, "taken");
	work_assign(e, c, agent_at(e, to), "taken");
	ASSERT(c->agent == to);
}
