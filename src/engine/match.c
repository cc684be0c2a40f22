/*
 * Matching; see match.h. Looks only, and counts what it looks at (engine_probes).
 */
#include "engine/match.h"

#include "engine/agent.h"
#include "engine/eligible.h"
#include "engine/emit.h"
#include "engine/line.h"
#include "engine/order.h"
#include "engine/sets.h"

/* Who holds nothing is idle before who holds something. */
static uint64_t match_idle_key(const struct agent *a)
{
	return a->idle_since_us | (a->used ? UINT64_C(1) << 63 : 0);
}

uint64_t match_key(const struct engine *e, const struct conv *c, const struct agent *a)
{
	uint32_t limit = agent_limit(e, a);

	switch (line_strategy(line_at(e, c->line))) {
	case STRATEGY_LEAST_LOADED:
		return (a->used << 24) / limit;
	case STRATEGY_ROUND_ROBIN:
		return a->last_turn;
	case STRATEGY_FEWEST_HANDLED:
		return a->handled;
	case STRATEGY_FEWEST_SKILLS:
		return set_at(e, a->skills)->count;
	case STRATEGY_RANDOM:
		return emit_mix(
			emit_mix(e->command ? e->command->random : 0, c->seq), slice_hash(a->id));
	case STRATEGY_NONE:
	case STRATEGY_LONGEST_IDLE:
	case STRATEGY_COUNT:
		break;
	}
	return match_idle_key(a);
}

int64_t match_score(const struct engine *e, const struct conv *c, const struct agent *a)
{
	const struct queue *q = line_at(e, c->line)->conf;
	const struct set *has = set_at(e, a->skills);
	int64_t score = 0;

	for (size_t i = 0; q && i < q->prefer_count; i++) {
		uint32_t skill = names_find(&e->skills, q->prefer[i].name);

		for (uint32_t j = 0; skill && j < has->count; j++)
			if (has->v[j].skill == skill)
				score += (int64_t)has->v[j].level * q->prefer[i].level;
	}
	return score;
}

static bool rating_before(const struct engine *e, const struct rating *a, const struct rating *b)
{
	if (!b->agent)
		return true;
	if (a->score != b->score)
		return a->score > b->score;
	if (a->key != b->key)
		return a->key < b->key;
	return slice_compare(agent_at(e, a->agent)->id, agent_at(e, b->agent)->id) < 0;
}

bool match_agent(struct engine *e, const struct conv *c, struct choice *out)
{
	const struct sig_key *key = &sig_at(e, c->sig)->key;

	ASSERT(c->state == CONV_WAITING);
	*out = (struct choice){ .eligible = 0 };
	for (uint32_t i = 1; i <= e->agent_count; i++) {
		const struct agent *a = agent_at(e, i);

		e->probes++;
		if (!eligible(e, key, c, a))
			continue;
		struct rating r = { i, match_score(e, c, a), match_key(e, c, a) };

		if (out->eligible < ELIGIBLE_COUNTED_MAX)
			out->eligible++;
		if (rating_before(e, &r, &out->best)) {
			out->second = out->best;
			out->best = r;
		} else if (rating_before(e, &r, &out->second)) {
			out->second = r;
		}
	}
	return out->best.agent != 0;
}

/* The first of a signature for this agent; 0: none. */
static uint32_t match_conv_of(struct engine *e, const struct sig *s, const struct agent *a)
{
	uint32_t h = order_first(e, s->plain, ORDER_SIG);
	uint32_t odd = order_first(e, s->odd, ORDER_SIG);

	e->probes++;
	if ((!h && !odd) || !eligible(e, &s->key, NULL, a))
		return 0;
	while (odd && !eligible(e, &s->key, conv_at(e, odd), a)) {
		e->probes++;
		odd = order_after(e, s->odd, ORDER_SIG, conv_at(e, odd));
	}
	if (!h || !odd)
		return h ? h : odd;
	return order_before(conv_at(e, h), conv_at(e, odd)) ? h : odd;
}

uint32_t match_conv(struct engine *e, const struct agent *a)
{
	uint32_t best = 0;

	if (!agent_ready(a))
		return 0;
	for (uint32_t i = 1; i <= e->sig_count; i++) {
		uint32_t h = match_conv_of(e, sig_at(e, i), a);

		if (h && (!best || order_before(conv_at(e, h), conv_at(e, best))))
			best = h;
	}
	return best;
}

uint32_t match_sig(struct engine *e, const struct sig *s)
{
	uint32_t plain = order_first(e, s->plain, ORDER_SIG);
	struct choice choice;

	if (plain && !match_agent(e, conv_at(e, plain), &choice))
		return 0; /* exclusions only forbid more */
	for (uint32_t odd = order_first(e, s->odd, ORDER_SIG); odd;
		odd = order_after(e, s->odd, ORDER_SIG, conv_at(e, odd))) {
		if (plain && order_before(conv_at(e, plain), conv_at(e, odd)))
			break;
		if (match_agent(e, conv_at(e, odd), &choice))
			return odd;
	}
	return plain;
}
