/*
 * Offers; see offer.h.
 *
 * Before a step there is no waiting conversation with an eligible agent. So a new pair needs a marked agent (came,
 * finished something, learned) or a marked signature (something began to wait or asks less). Again and again the
 * first conversation in the total order that has an eligible agent goes to the best agent for it; so nobody
 * is bypassed. During the run agents only get fuller: who found nothing once is done, but for who was kept free (hold.h)
 * and got something: it is marked again.
 */
#include "engine/offer.h"

#include "base/str.h"
#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/eligible.h"
#include "engine/emit.h"
#include "engine/index.h"
#include "engine/line.h"
#include "engine/match.h"
#include "engine/order.h"
#include "engine/relax.h"
#include "engine/sets.h"

static const char *choice_decided_by(const struct choice *ch)
{
	if (!ch->second.agent)
		return "only";
	if (ch->best.score != ch->second.score)
		return "score";
	return ch->best.key != ch->second.key ? "strategy" : "id";
}

/* Who would have been next for this agent: the next in its queue if it could go there, else the next who asks the same. */
static const struct conv *offer_next(struct engine *e, const struct conv *c, const struct agent *a)
{
	const struct sig *s = c->sig ? sig_at(e, c->sig) : NULL;
	uint32_t h;

	if (!s)
		return NULL;
	h = order_after(e, line_at(e, c->line)->root[c->lane], ORDER_LINE, c);
	if (h && eligible(e, &sig_at(e, conv_at(e, h)->sig)->key, conv_at(e, h), a))
		return conv_at(e, h);
	h = order_after(e, s->plain, ORDER_SIG, c);
	return h ? conv_at(e, h) : NULL;
}

static const char *order_decided_by(const struct conv *first, const struct conv *second)
{
	if (first->tier != second->tier)
		return "tier";
	return first->key != second->key ? "key" : "number";
}

static void offer_explain_next(
	struct engine *e, const struct conv *c, const struct choice *ch, struct str *t)
{
	const struct conv *next = offer_next(e, c, agent_at(e, ch->best.agent));
	char id[ID_TEXT_LEN + 1];

	str_add_text(t, ",\"order\":{\"tier\":");
	str_add_u64(t, c->tier);
	str_add_text(t, ",\"key_ms\":");
	str_add_i64(t, c->key / 1000);
	if (next) {
		str_add_text(t, ",\"next\":");
		str_add_json(t, slice_of(id_text(next->id, id)));
		str_add_text(t, ",\"next_key_ms\":");
		str_add_i64(t, next->key / 1000);
		str_add_text(t, ",\"decided_by\":\"");
		str_add_text(t, order_decided_by(c, next));
		str_add_char(t, '"');
	}
	str_add_char(t, '}');
}

static struct slice offer_explain(
	struct engine *e, const struct conv *c, const struct choice *ch, uint32_t rank)
{
	struct str *t = &e->text;

	str_clear(t);
	str_add_text(t, "{\"strategy\":\"");
	str_add_text(t, strategy_words[line_strategy(line_at(e, c->line))]);
	/* 64 bits of order, not a quantity: as text, since JSON's numbers end at 2^53 for many readers */
	str_add_text(t, "\",\"key\":\"");
	str_add_u64(t, ch->best.key);
	str_add_text(t, "\",\"score\":");
	str_add_i64(t, ch->best.score);
	str_add_text(t, ",\"rank\":");
	str_add_u64(t, rank);
	str_add_text(t, ",\"stage\":");
	str_add_u64(t, c->stage);
	str_add_text(t, ",\"eligible\":");
	str_add_u64(t, ch->eligible);
	if (ch->eligible == ELIGIBLE_COUNTED_MAX)
		str_add_text(t, ",\"or_more\":true");
	if (ch->second.agent) {
		str_add_text(t, ",\"runner_up\":");
		str_add_json(t, agent_at(e, ch->second.agent)->id);
		str_add_text(t, ",\"runner_up_key\":\"");
		str_add_u64(t, ch->second.key);
		str_add_text(t, "\"");
	}
	str_add_text(t, ",\"decided_by\":\"");
	str_add_text(t, choice_decided_by(ch));
	str_add_char(t, '"');
	offer_explain_next(e, c, ch, t);
	str_add_char(t, '}');
	return str_slice(t);
}

void offer_accept(struct engine *e, struct conv *c, struct agent *a)
{
	ASSERT(c->state == CONV_OFFERED && conv_offered_to(e, c, a->self));
	while (c->agent != a->self)
		offer_end(e, c, c->agent, OFFER_REVOKED, "taken");
	while (ask_first(e, c))
		offer_end(e, c, ask_at(e, ask_first(e, c))->agent, OFFER_REVOKED, "taken");
	EMIT(e, .type = EVENT_OFFER_ENDED, .conv = c->id, .offer = rare_at(e, c->rare)->offer,
		.agent = a->id, .end = OFFER_ACCEPTED);
	work_assign(e, c, a, "accepted");
	ASSERT(c->state == CONV_ACTIVE);
}

static void offer_make(struct engine *e, struct conv *c, const struct choice *ch)
{
	const struct line *l = line_at(e, c->line);
	const struct kind *kind = kind_at(e, c->kind);
	bool beside = c->state == CONV_OFFERED;
	uint32_t rank = beside ? 0 : order_line_rank(e, c);
	uint32_t offer_s = kind->offer_s ? kind->offer_s : 1;
	uint64_t until_us = beside ? c->until_us : e->now_us + offer_s * SECOND_US;

	ASSERT(beside || c->state == CONV_WAITING);
	EMIT(e, .type = EVENT_OFFERED, .conv = c->id, .offer = emit_id(e, c->id, e->turns),
		.agent = agent_at(e, ch->best.agent)->id, .queue = l->name, .units = kind->cost,
		.until_us = until_us, .skills = set_text(e, c->wants), .key = c->key,
		.tier = c->tier, .rank = rank, .score = ch->best.score, .stage = c->stage,
		.why = beside ? SLICE("beside") : slice_of(choice_decided_by(ch)),
		.explain = offer_explain(e, c, ch, rank));
	if (l->conf && l->conf->auto_accept) {
		offer_accept(e, c, agent_at(e, ch->best.agent));
		return;
	}
	/* Only who interrupts something else gets there by an offer. */
	work_flag_overload(e, agent_at(e, ch->best.agent));
	if (!beside && l->conf && l->conf->offers > 1)
		numbers_add(&e->beside, c->self);
}

/* What was found before and still waits; conversations only leave during a run. */
static bool offers_known(const struct engine *e, uint32_t found)
{
	return found && conv_at(e, found)->state == CONV_WAITING;
}

static void offers_better(const struct engine *e, uint32_t h, uint32_t *best)
{
	if (!*best || order_before(e, conv_at(e, h), conv_at(e, *best)))
		*best = h;
}

/* Keeps the marked that still have something to give; returns the first in the order. */
static uint32_t offers_first(struct engine *e)
{
	uint32_t best = 0, kept = 0;

	for (uint32_t i = 0; i < e->dirty_agent_count; i++) {
		struct agent *a = agent_at(e, e->dirty_agents[i]);

		if (!offers_known(e, a->found))
			a->found = match_conv(e, a);
		a->dirty = a->found != 0;
		if (!a->found)
			continue;
		e->dirty_agents[kept++] = a->self;
		offers_better(e, a->found, &best);
	}
	e->dirty_agent_count = kept;
	kept = 0;
	for (uint32_t i = 0; i < e->dirty_sig_count; i++) {
		struct sig *s = sig_at(e, e->dirty_sigs[i]);

		if (!offers_known(e, s->found))
			s->found = match_sig(e, s);
		s->dirty = s->found != 0;
		if (!s->found)
			continue;
		e->dirty_sigs[kept++] = s->self;
		offers_better(e, s->found, &best);
	}
	e->dirty_sig_count = kept;
	return best;
}

/* Somebody else was given to whoever could have taken it. */
static void offers_forget(struct engine *e, uint32_t h)
{
	for (uint32_t i = 0; i < e->dirty_agent_count; i++)
		if (agent_at(e, e->dirty_agents[i])->found == h)
			agent_at(e, e->dirty_agents[i])->found = 0;
	for (uint32_t i = 0; i < e->dirty_sig_count; i++)
		if (sig_at(e, e->dirty_sigs[i])->found == h)
			sig_at(e, e->dirty_sigs[i])->found = 0;
}

static void offers_to_waiting(struct engine *e)
{
	uint32_t h;

	while ((h = offers_first(e)) != 0) {
		struct choice choice;

		if (match_agent(e, conv_at(e, h), &choice))
			offer_make(e, conv_at(e, h), &choice);
		else
			offers_forget(e, h);
	}
}

/* To as many more as the queue says: whenever nobody waits who could be offered to that agent. */
static void offer_beside(struct engine *e, struct conv *c)
{
	uint32_t most = line_offers(line_at(e, c->line));
	struct choice choice;

	for (uint32_t n = 1; n < most && c->state == CONV_OFFERED; n++) {
		if (!match_agent(e, c, &choice))
			return;
		offer_make(e, c, &choice);
		offers_to_waiting(e);
	}
}

void offers_run(struct engine *e)
{
	offers_to_waiting(e);
	for (uint32_t i = 0; i < e->beside.count; i++)
		offer_beside(e, conv_at(e, e->beside.v[i]));
	e->beside.count = 0;
	ASSERT(e->dirty_agent_count == 0 && e->dirty_sig_count == 0);
}

/* One of them, by its id. */
static void offer_end_id(struct engine *e, struct conv *c, struct id offer, uint32_t agent,
	enum offer_end end, const char *why)
{
	ASSERT(end != OFFER_ACCEPTED);
	EMIT(e, .type = EVENT_OFFER_ENDED, .conv = c->id, .offer = offer,
		.agent = agent_at(e, agent)->id, .end = end, .why = slice_of(why),
		.units = kind_at(e, c->kind)->cost);
	if (c->state == CONV_WAITING)
		relax_conv(e, c);
}

void offer_end(
	struct engine *e, struct conv *c, uint32_t agent, enum offer_end end, const char *why)
{
	uint32_t ask = ask_of(e, c, agent);

	ASSERT(ask || (c->state == CONV_OFFERED && c->agent == agent));
	offer_end_id(
		e, c, ask ? ask_at(e, ask)->offer : rare_at(e, c->rare)->offer, agent, end, why);
}

void conv_revoke(struct engine *e, struct conv *c, const char *why)
{
	while (ask_first(e, c))
		offer_end(e, c, ask_at(e, ask_first(e, c))->agent, OFFER_REVOKED, why);
	if (c->state == CONV_OFFERED)
		offer_end(e, c, c->agent, OFFER_REVOKED, why);
	ASSERT(c->state != CONV_OFFERED);
}

/* Others may still accept what one of several has refused. */
void offer_refused(
	struct engine *e, struct conv *c, uint32_t agent, enum offer_end end, const char *why)
{
	uint32_t span_s = e->config->decline_cooldown_s;
	const struct exclusion *x = conv_exclusion(e, c, agent);
	bool owned = work_owned(c);

	if (x && x->span_s)
		span_s = x->span_s * 2;
	if (span_s > COOLDOWN_MAX_S)
		span_s = COOLDOWN_MAX_S;
	ASSERT(agent > 0);
	offer_end(e, c, agent, end, why);
	/* A colleague who was asked and would not: it stays with its owner. */
	if (owned)
		return;
	/* It was for this agent first, and this agent will not: the queue's turn. */
	if (c->state == CONV_WAITING && c->also == agent && (c->flags & FLAG_DIRECTED) && !c->stage)
		EMIT(e, .type = EVENT_STAGE, .conv = c->id, .stage = 1);
	EMIT(e, .type = EVENT_EXCLUDED, .conv = c->id, .agent = agent_at(e, agent)->id,
		.until_us = e->now_us + span_s * SECOND_US, .why = slice_of(offer_end_words[end]));
	relax_exclusions(e, c);
}

void offers_revoke(struct engine *e, struct agent *a, const char *why)
{
	uint32_t next;

	while (a->asked)
		offer_end(e, conv_at(e, ask_at(e, a->asked)->conv), a->self, OFFER_REVOKED, why);
	for (uint32_t h = a->work.first; h; h = next) {
		next = conv_at(e, h)->link.next;
		if (conv_at(e, h)->state == CONV_OFFERED)
			offer_end(e, conv_at(e, h), a->self, OFFER_REVOKED, why);
	}
	ASSERT(a->offers == 0);
}
