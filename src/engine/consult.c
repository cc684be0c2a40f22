/*
 * Consult: the owner asks a colleague, or the best free one of a queue or with certain skills, to take over. The conversation stays
 * with its owner until that is accepted; declined or missed, nothing has happened to it. See decide.h.
 */
#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/eligible.h"
#include "engine/emit.h"
#include "engine/index.h"
#include "engine/line.h"
#include "engine/offer.h"
#include "engine/sets.h"

/* Where it would go, and what it would ask there. */
struct target {
	const struct line *line;
	uint32_t wants;
	const struct agent *agent; /* asked; NULL: nobody */
};

/* Somebody who could take one more of this kind, other than its owner. */
static bool consult_free(const struct engine *e, const struct conv *c, const struct agent *a)
{
	const struct kind *kind = kind_at(e, c->kind);

	return a->self != c->agent && agent_ready(a) && agent_fits(e, a, c->kind) &&
	       (!kind->max || a->held[c->kind] < kind->max);
}

static void consult_agent(
	struct engine *e, const struct conv *c, struct slice name, struct target *t)
{
	uint32_t h = agent_find(e, name);

	if (!h || agent_at(e, h)->off || agent_at(e, h)->role == ROLE_AUDITOR)
		answer(e, ANSWER_UNKNOWN, "there is no such agent");
	else if (h == c->agent)
		answer(e, ANSWER_NOOP, "it is this agent's already");
	else if (!consult_free(e, c, agent_at(e, h)))
		answer(e, ANSWER_STATE, "that agent is not available, or has no room for it now");
	else
		t->agent = agent_at(e, h);
}

/* The one whom the queue's strategy would choose, were it waiting there. */
static void consult_best(struct engine *e, const struct conv *c, struct target *t)
{
	enum strategy s = line_strategy(t->line);
	uint32_t need = set_union(e, t->line->stage[0], t->wants);
	uint64_t best = 0;

	for (uint32_t i = 1; i <= e->agent_count; i++) {
		const struct agent *a = agent_at(e, i);
		uint64_t key = index_key(e, s, a);

		if (!consult_free(e, c, a) || !set_met(e, need, a) ||
			(t->agent && (key > best || (key == best && slice_compare(a->id,
									    t->agent->id) > 0))))
			continue;
		t->agent = a;
		best = key;
	}
	if (!t->agent)
		answer(e, ANSWER_STATE,
			"nobody there is free now: transfer it, and it waits in its place");
}

static void consult_queue(
	struct engine *e, const struct conv *c, struct slice name, struct target *t)
{
	uint32_t to = line_find(e, name);

	if (!to || !line_at(e, to)->conf) {
		answer(e, ANSWER_UNKNOWN, "there is no such queue");
		return;
	}
	t->line = line_at(e, to);
	consult_best(e, c, t);
}

static void consult_skills(
	struct engine *e, const struct conv *c, struct slice skills, struct target *t)
{
	uint32_t more = set_parse(e, skills);

	t->wants = more ? set_union(e, c->wants, more) : 0;
	if (!more || !set_at(e, more)->count || set_at(e, t->wants)->count > SKILLS_MAX)
		answer(e, ANSWER_INVALID, "to must name skills as in skills:cards=50 en=80");
	else if (!skills_exist(e, t->wants))
		answer(e, ANSWER_STATE, "nobody who works here has these skills at these levels");
	else
		consult_best(e, c, t);
}

static struct target consult_target(struct engine *e, const struct conv *c, struct slice to)
{
	struct target t = { .line = line_at(e, c->line), .wants = c->wants };
	struct slice name = to, whither = slice_cut(&name, ':');

	if (slice_is(whither, "agent"))
		consult_agent(e, c, name, &t);
	else if (slice_is(whither, "queue"))
		consult_queue(e, c, name, &t);
	else if (slice_is(whither, "skills"))
		consult_skills(e, c, name, &t);
	else
		answer(e, ANSWER_INVALID, "to must be queue:NAME, agent:NAME or skills:NAME=LEVEL");
	return t;
}

void decide_consult(struct engine *e, const struct command *cmd)
{
	struct agent *a;
	struct conv *c = work_of(e, cmd, &a);

	if (!c)
		return;
	if (c->state != CONV_ACTIVE && c->state != CONV_PENDING) {
		answer(e, ANSWER_STATE, "nobody works on it: transfer it instead");
		return;
	}
	if (ask_first(e, c)) {
		answer(e, ANSWER_STATE, "somebody is being asked already");
		return;
	}
	const struct kind *kind = kind_at(e, c->kind);
	struct target t = consult_target(e, c, cmd->to);

	if (!t.agent)
		return;
	EMIT(e, .type = EVENT_OFFERED, .conv = c->id, .offer = emit_id(e, c->id, e->turns),
		.agent = t.agent->id, .queue = t.line->name, .skills = set_text(e, t.wants),
		.units = kind->cost, .key = c->key, .why = SLICE("consult"),
		.until_us = e->now_us + (kind->offer_s ? kind->offer_s : 1) * SECOND_US);
	work_flag_overload(e, t.agent);
	if (cmd->text.n)
		work_say(e, c, cmd->id, DIRECTION_NOTE, a);
}

void consult_accept(struct engine *e, struct conv *c, struct agent *a)
{
	const struct ask *k = ask_at(e, ask_of(e, c, a->self));
	const struct line *l = line_at(e, k->line);
	uint32_t home = line_home(e, names_text(&e->labels, c->channel)), wants = k->wants;

	if (!l->conf && home)
		l = line_at(e, home);
	EMIT(e, .type = EVENT_OFFER_ENDED, .conv = c->id, .offer = k->offer, .agent = a->id,
		.end = OFFER_ACCEPTED);
	work_let_go(e, c, "transferred");
	work_queue_for(e, c, l, c->key, wants, "transferred");
	work_assign(e, c, a, "consulted");
	ASSERT(c->agent == a->self && c->state == CONV_ACTIVE);
}
