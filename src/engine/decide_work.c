/*
 * Where a conversation goes: transferred, resolved, reopened, taken by hand. See decide.h.
 */
#include "engine/agent.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/emit.h"
#include "engine/line.h"
#include "engine/offer.h"
#include "engine/sets.h"

/* The actor and a conversation that is the actor's, or anybody's when the actor leads. */
struct conv *work_of(struct engine *e, const struct command *cmd, struct agent **a)
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
void work_let_go(struct engine *e, struct conv *c, const char *why)
{
	conv_revoke(e, c, why);
	if (work_owned(c))
		EMIT(e, .type = EVENT_RETURNED, .conv = c->id, .agent = agent_at(e, c->agent)->id,
			.why = slice_of(why));
	ASSERT(!c->agent);
}

/* Whoever gave it away does not get it back at once. */
static void transfer_excludes(struct engine *e, const struct conv *c, uint32_t from)
{
	EMIT(e, .type = EVENT_EXCLUDED, .conv = c->id, .agent = agent_at(e, from)->id,
		.why = SLICE("transferred"),
		.until_us = e->now_us + e->config->decline_cooldown_s * SECOND_US);
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
	if (owned)
		transfer_excludes(e, c, from);
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

/* Somebody who works here has them. */
bool skills_exist(const struct engine *e, uint32_t set)
{
	for (uint32_t i = 1; i <= e->agent_count; i++)
		if (!agent_at(e, i)->off && set_met(e, set, agent_at(e, i)))
			return true;
	return false;
}

/* It stays in its queue and keeps what it asks; only who has these skills besides may get it. */
static void transfer_to_skills(struct engine *e, struct conv *c, struct slice skills)
{
	uint32_t more = set_parse(e, skills), wants = more ? set_union(e, c->wants, more) : 0;
	const struct line *l = line_at(e, c->line);
	uint32_t home = line_home(e, names_text(&e->labels, c->channel)), from = c->agent;
	bool owned = work_owned(c);

	if (!more || !set_at(e, more)->count || set_at(e, wants)->count > SKILLS_MAX) {
		answer(e, ANSWER_INVALID, "to must name skills as in skills:cards=50 en=80");
		return;
	}
	if (!skills_exist(e, wants)) {
		answer(e, ANSWER_STATE, "nobody who works here has these skills at these levels");
		return;
	}
	if (!l->conf && home)
		l = line_at(e, home);
	work_let_go(e, c, "transferred");
	work_queue_for(e, c, l, c->key, wants, "transferred");
	if (owned)
		transfer_excludes(e, c, from);
	e->review_excluded = true;
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
	struct slice name = to, whither = slice_cut(&name, ':');

	if (slice_is(whither, "queue"))
		transfer_to_queue(e, c, name);
	else if (slice_is(whither, "agent"))
		transfer_to_agent(e, c, name);
	else if (slice_is(whither, "skills"))
		transfer_to_skills(e, c, name);
	else
		answer(e, ANSWER_INVALID, "to must be queue:NAME, agent:NAME or skills:NAME=LEVEL");
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
	conv_revoke(e, c, "resolved");
	work_resolve(e, c, a->id, outcome, "agent");
	ASSERT(c->state == CONV_RESOLVED);
}

/* As long again as the queue gives, counted from the end so far. */
void decide_wrapup_more(struct engine *e, const struct command *cmd)
{
	struct agent *a;
	struct conv *c = work_of(e, cmd, &a);

	if (!c)
		return;
	if (c->state != CONV_WRAPUP) {
		answer(e, ANSWER_NOOP, "it is not in wrap-up");
		return;
	}
	uint32_t more_s = line_wrapup_s(line_at(e, c->line));
	uint64_t last_us = c->state_us + WRAPUP_MAX_S * SECOND_US;
	uint64_t until_us = c->until_us + (more_s ? more_s : WRAPUP_MORE_S) * SECOND_US;

	if (until_us > last_us)
		until_us = last_us;
	if (until_us <= c->until_us) {
		answer(e, ANSWER_STATE, "the wrap-up has been extended for as long as it may");
		return;
	}
	EMIT(e, .type = EVENT_WRAPUP, .conv = c->id, .agent = agent_at(e, c->agent)->id,
		.outcome = work_outcome(e, c), .why = SLICE("extended"), .until_us = until_us);
	ASSERT(c->until_us == until_us);
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
