/*
 * Steps that several decisions share; see decide.h. Each emits the events of one small thing.
 */
#include "base/str.h"
#include "engine/agent.h"
#include "engine/conv.h"
#include "engine/decide.h"
#include "engine/emit.h"
#include "engine/line.h"
#include "engine/offer.h"
#include "engine/relax.h"
#include "engine/sets.h"
#include "engine/wait.h"

struct conv *work_find(struct engine *e, const struct command *cmd)
{
	uint32_t h = conv_find(e, cmd->conv);

	e->step->conv = cmd->conv;
	if (!h) {
		answer(e, ANSWER_UNKNOWN, "there is no such open conversation: it may be closed");
		return NULL;
	}
	ASSERT(conv_at(e, h)->self == h);
	return conv_at(e, h);
}

struct agent *work_actor(struct engine *e, const struct command *cmd)
{
	uint32_t h = agent_find(e, cmd->agent);

	if (!h) {
		answer(e, ANSWER_UNKNOWN, "there is no such agent");
		return NULL;
	}
	if (agent_at(e, h)->off || agent_at(e, h)->role == ROLE_AUDITOR) {
		answer(e, ANSWER_FORBIDDEN, "this user may not work with conversations");
		return NULL;
	}
	return agent_at(e, h);
}

/* When its first reply is due to count as within the target; 0: there is no target. */
static uint64_t work_target_us(const struct engine *e, const struct conv *c)
{
	const struct segment *s = config_segment(e->config, names_text(&e->labels, c->segment));
	const struct queue *q = line_at(e, c->line)->conf;
	uint32_t target_s = s && s->target_s ? s->target_s : q ? q->target_s : 0;

	return target_s ? c->arrived_us + target_s * SECOND_US : 0;
}

void work_say(
	struct engine *e, struct conv *c, struct id id, enum direction d, const struct agent *a)
{
	uint64_t seq = c->numbered + UINT64_C(1);
	bool first = d == DIRECTION_OUT && !(c->flags & FLAG_REPLIED);

	EMIT(e, .type = EVENT_MESSAGE, .conv = c->id, .id = id, .seq = seq, .direction = d,
		.agent = a ? a->id : (struct slice){ NULL, 0 },
		.until_us = first ? work_target_us(e, c) : 0);
	e->step->seq = seq;
	ASSERT(c->numbered == seq);
}

/* Its words are the configuration's; only its number is decided here. */
void work_tell(struct engine *e, struct conv *c, const char *which)
{
	uint64_t seq = c->numbered + UINT64_C(1);

	ASSERT(kind_at(e, c->kind)->live);
	EMIT(e, .type = EVENT_MESSAGE, .conv = c->id, .id = emit_id(e, c->id, seq), .seq = seq,
		.direction = DIRECTION_SYSTEM, .why = slice_of(which));
}

int64_t work_key(const struct engine *e, const struct conv *c, uint64_t arrived_us)
{
	const struct segment *s = config_segment(e->config, names_text(&e->labels, c->segment));
	int64_t key = (int64_t)arrived_us;

	ASSERT(arrived_us <= INT64_MAX);
	if (s)
		key += (int64_t)s->offset_s * (int64_t)SECOND_US;
	if (c->rare)
		key += rare_at(e, c->rare)->priority;
	return key;
}

/* Behind whom it waits, for a while. */
static uint64_t work_tier(const struct engine *e, const struct conv *c, const struct line *l)
{
	const struct segment *s = config_segment(e->config, names_text(&e->labels, c->segment));

	if (!l->open)
		return TIER_OVERNIGHT;
	return TIER_NORMAL + (s ? s->tier : 0);
}

static void work_enter(struct engine *e, struct conv *c, const struct line *l, int64_t key,
	uint32_t wants, const char *why, const struct agent *first, uint64_t until_us)
{
	bool returned = slice_is(SLICE("returned"), why) && c->seq;
	uint64_t tier = returned && l->open ? c->tier : work_tier(e, c, l);
	uint64_t seq = returned ? c->seq : e->last_seq + 1;

	ASSERT(!work_owned(c) && c->state != CONV_OFFERED);
	ASSERT(!first || until_us >= e->now_us);
	EMIT(e, .type = EVENT_QUEUED, .conv = c->id, .queue = l->name, .key = key, .tier = tier,
		.seq = seq, .skills = set_text(e, wants), .why = slice_of(why),
		.agent = first ? first->id : (struct slice){ NULL, 0 },
		.until_us = first ? until_us : 0);
	if (!returned && !first && line_serves(l))
		wait_entered(e, c);
	relax_conv(e, c);
	relax_exclusions(e, c);
}

void work_queue(struct engine *e, struct conv *c, const struct line *l, int64_t key,
	const char *why, const struct agent *first, uint64_t until_us)
{
	work_enter(e, c, l, key, c->wants, why, first, until_us);
}

void work_queue_for(struct engine *e, struct conv *c, const struct line *l, int64_t key,
	uint32_t wants, const char *why)
{
	work_enter(e, c, l, key, wants, why, NULL, 0);
}

void work_return(struct engine *e, struct conv *c, const char *why)
{
	struct line *l = line_at(e, c->line);
	uint32_t home = line_home(e, names_text(&e->labels, c->channel));
	struct slice owner = agent_at(e, c->agent)->id;

	ASSERT(work_owned(c));
	conv_revoke(e, c, why);
	EMIT(e, .type = EVENT_RETURNED, .conv = c->id, .agent = owner, .why = slice_of(why));
	if (l->conf || !home)
		work_queue(e, c, l, c->key, "returned", NULL, 0);
	else
		work_queue(e, c, line_at(e, home), c->key, "moved", NULL, 0);
}

void work_flag_overload(struct engine *e, const struct agent *a)
{
	if (a->used > agent_limit(e, a))
		EMIT(e, .type = EVENT_OVERLOADED, .agent = a->id, .units = a->used);
}

void work_assign(struct engine *e, struct conv *c, struct agent *a, const char *why)
{
	uint32_t answer_s = line_answer_s(line_at(e, c->line));

	ASSERT(!work_owned(c));
	EMIT(e, .type = EVENT_ASSIGNED, .conv = c->id, .agent = a->id,
		.units = kind_at(e, c->kind)->cost, .why = slice_of(why),
		.until_us = answer_s ? e->now_us + answer_s * SECOND_US : 0);
	ASSERT(c->agent == a->self);
	work_flag_overload(e, a);
}

void work_turn(struct engine *e, struct conv *c, bool customers)
{
	const struct kind *k = kind_at(e, c->kind);
	struct agent *a = agent_at(e, c->agent);

	ASSERT(work_owned(c));
	if (customers && c->state == CONV_ACTIVE) {
		EMIT(e, .type = EVENT_PENDING, .conv = c->id, .agent = a->id,
			.units = k->cost_pending);
	} else if (!customers && c->state != CONV_ACTIVE) {
		EMIT(e, .type = EVENT_ACTIVE, .conv = c->id, .agent = a->id, .units = k->cost);
		work_flag_overload(e, a);
	}
}

struct slice work_outcome(const struct engine *e, const struct conv *c)
{
	return slice_of(c->rare ? rare_at(e, c->rare)->outcome : NULL);
}

void work_resolve(
	struct engine *e, struct conv *c, struct slice agent, struct slice outcome, const char *why)
{
	ASSERT(c->state != CONV_OFFERED && c->state != CONV_RESOLVED);
	EMIT(e, .type = EVENT_RESOLVED, .conv = c->id, .agent = agent, .outcome = outcome,
		.why = slice_of(why),
		.until_us = e->now_us + line_close_s(line_at(e, c->line)) * SECOND_US);
	ASSERT(c->state == CONV_RESOLVED);
}

void work_finish(struct engine *e, struct conv *c, struct slice outcome, const char *why)
{
	uint32_t wrapup_s = line_wrapup_s(line_at(e, c->line));
	struct slice owner = agent_at(e, c->agent)->id;

	ASSERT(work_owned(c));
	conv_revoke(e, c, why);
	if (wrapup_s && c->state != CONV_WRAPUP)
		EMIT(e, .type = EVENT_WRAPUP, .conv = c->id, .agent = owner, .outcome = outcome,
			.why = slice_of(why), .until_us = e->now_us + wrapup_s * SECOND_US);
	else
		work_resolve(e, c, owner, outcome, why);
}
