/*
 * Matching; see match.h. Looks only, through the index (index.h), and counts what it looks at (engine_probes).
 */
#include "engine/match.h"

#include "engine/agent.h"
#include "engine/brute.h"
#include "engine/conv.h"
#include "engine/eligible.h"
#include "engine/emit.h"
#include "engine/index.h"
#include "engine/line.h"
#include "engine/order.h"
#include "engine/sets.h"

static int64_t match_score(const struct engine *e, const struct conv *c, const struct agent *a)
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

static uint64_t match_key(const struct engine *e, const struct conv *c, const struct agent *a)
{
	enum strategy s = line_strategy(line_at(e, c->line));

	if (s == STRATEGY_RANDOM)
		return emit_mix(
			emit_mix(e->command ? e->command->random : 0, c->seq), slice_hash(a->id));
	return index_key(e, s, a);
}

struct rating match_rating(const struct engine *e, const struct conv *c, const struct agent *a)
{
	ASSERT(a->self > 0);
	return (struct rating){ a->self, match_score(e, c, a), match_key(e, c, a) };
}

void choice_add(const struct engine *e, struct choice *ch, struct rating r)
{
	ASSERT(r.agent != ch->best.agent && r.agent != ch->second.agent);
	if (ch->eligible < ELIGIBLE_COUNTED_MAX)
		ch->eligible++;
	if (rating_before(e, &r, &ch->best)) {
		ch->second = ch->best;
		ch->best = r;
	} else if (rating_before(e, &r, &ch->second)) {
		ch->second = r;
	}
}

/* ---- the best agent for a conversation ---- */

struct search {
	struct engine *e;
	const struct conv *c;
	const struct sig_key *key;
	bool ignore_exclusions;
	struct choice *out;
};

static void search_agent(struct search *s, uint32_t h)
{
	const struct agent *a = agent_at(s->e, h);

	s->e->probes++;
	if (eligible(s->e, s->key, s->ignore_exclusions ? NULL : s->c, a))
		choice_add(s->e, s->out, match_rating(s->e, s->c, a));
}

/* Profiles and agents in the order of the strategy, until nobody better than the second can come. */
static void search_ordered(struct search *s, const struct pile *posting, uint32_t pool)
{
	struct engine *e = s->e;
	uint32_t profile, h;

	walk_begin(&e->walk, true);
	walk_add(e, &index_profiles, &e->walk, posting);
	for (; (profile = walk_peek(&e->walk)) != 0; walk_next(e, &index_profiles, &e->walk)) {
		const struct agent *second =
			s->out->second.agent ? agent_at(e, s->out->second.agent) : NULL;

		e->probes++;
		if (second && walk_key(&e->walk) > second->key[pool])
			return;
		if (!index_meets(e, s->key->need, profile))
			continue;
		const struct pile *agents = index_profile(e, profile, pool);

		walk_begin(&e->walk_inner, true);
		walk_add(e, &index_agents, &e->walk_inner, agents);
		for (; (h = walk_peek(&e->walk_inner)) != 0;
			walk_next(e, &index_agents, &e->walk_inner)) {
			if (s->out->second.agent &&
				!index_agent_before(e, h, s->out->second.agent, pool))
				break;
			if (h != s->key->also)
				search_agent(s, h);
		}
	}
}

/* No order is kept for this queue's choice (preferred skills, random): everybody of the posting is rated. */
static void search_all(struct search *s, const struct pile *posting)
{
	for (uint32_t i = 0; i < posting->count; i++) {
		const struct pile *agents = index_profile(s->e, posting->v[i].handle, POOL_IDLE);

		s->e->probes++;
		if (!index_meets(s->e, s->key->need, posting->v[i].handle))
			continue;
		for (uint32_t j = 0; j < agents->count; j++)
			if (agents->v[j].handle != s->key->also)
				search_agent(s, agents->v[j].handle);
	}
}

/* The agent whose own skill is asked; 0: no such skill is asked. */
static uint32_t need_owner(const struct engine *e, const struct set *need)
{
	for (uint32_t i = 0; i < need->count; i++)
		if (e->skill_index[need->v[i].skill].owner)
			return e->skill_index[need->v[i].skill].owner;
	return 0;
}

static bool match_search(struct search *s)
{
	struct engine *e = s->e;
	const struct line *l = line_at(e, s->key->line);
	const struct set *need = set_at(e, s->key->need);
	uint32_t owner = need_owner(e, need), pool, skill = 0;
	bool ordered =
		index_pool(e, line_strategy(l), &pool) && !(l->conf && l->conf->prefer_count);

	if (!ordered)
		pool = POOL_IDLE;
	if (owner) {
		if (owner != s->key->also)
			search_agent(s, owner);
	} else {
		for (uint32_t i = 0; i < need->count; i++)
			if (!skill || index_posting(e, need->v[i].skill, pool)->count <
					      index_posting(e, skill, pool)->count)
				skill = need->v[i].skill;
		if (ordered)
			search_ordered(s, index_posting(e, skill, pool), pool);
		else
			search_all(s, index_posting(e, skill, pool));
	}
	if (s->key->also)
		search_agent(s, s->key->also);
	return s->out->best.agent != 0;
}

bool match_agent(struct engine *e, const struct conv *c, struct choice *out)
{
	struct sig_key now = c->sig ? sig_at(e, c->sig)->key : conv_sig_key(e, c);
	struct search s = { .e = e, .c = c, .key = &now, .out = out };

	ASSERT(c->state == CONV_WAITING || c->state == CONV_OFFERED);
	*out = (struct choice){ .eligible = 0 };
	index_settle(e);
	bool found = line_serves(line_at(e, c->line)) && match_search(&s);

	if (e->oracle) {
		struct choice brute;

		ASSERT(brute_agent(e, c, &now, &brute) == found);
		ASSERT(brute.best.agent == out->best.agent);
		ASSERT(brute.second.agent == out->second.agent);
	}
	return found;
}

/* Whether anybody could take a conversation of this signature that nobody has declined. */
static bool match_anybody(struct engine *e, const struct sig *s)
{
	struct choice out = { .eligible = 0 };
	struct search search = { .e = e,
		.c = conv_at(e, s->head),
		.key = &s->key,
		.ignore_exclusions = true,
		.out = &out };

	index_settle(e);
	return line_serves(line_at(e, s->key.line)) && match_search(&search);
}

/* The head is known; which of the two trees it is in is clear as long as one is empty. */
static uint32_t sig_first_plain(const struct engine *e, const struct sig *s)
{
	return s->odd ? order_first(e, s->plain, ORDER_SIG) : s->head;
}

uint32_t match_sig(struct engine *e, const struct sig *s)
{
	uint32_t plain = sig_first_plain(e, s);
	struct choice choice;

	if (!s->head || !match_anybody(e, s))
		return 0;
	for (uint32_t odd = order_first(e, s->odd, ORDER_SIG); odd;
		odd = order_after(e, s->odd, ORDER_SIG, conv_at(e, odd))) {
		if (plain && order_before(e, conv_at(e, plain), conv_at(e, odd)))
			break;
		if (match_agent(e, conv_at(e, odd), &choice))
			return odd;
	}
	return plain;
}

/* ---- the first conversation for an agent ---- */

/* The first of a signature for this agent; 0: none. */
static uint32_t match_conv_of(struct engine *e, const struct sig *s, const struct agent *a)
{
	uint32_t h = sig_first_plain(e, s);
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
	return order_before(e, conv_at(e, h), conv_at(e, odd)) ? h : odd;
}

/* Every lane's signatures under a skill join the walk. */
static void match_under(struct engine *e, uint32_t skill)
{
	for (uint32_t lane = 0; lane < e->lane_count; lane++)
		walk_add(e, &index_sigs, &e->walk, index_anchor(e, skill, lane));
}

uint32_t match_conv(struct engine *e, const struct agent *a)
{
	const struct set *has = set_at(e, a->skills);
	uint32_t best = 0, h;

	if (agent_ready(a) && agent_has_room(e, a)) {
		walk_begin(&e->walk, e->lane_count == 1);
		match_under(e, 0);
		match_under(e, a->own_skill);
		for (uint32_t i = 0; i < has->count; i++)
			match_under(e, has->v[i].skill);
		for (; (h = walk_peek(&e->walk)) != 0; walk_next(e, &index_sigs, &e->walk)) {
			const struct sig *s = sig_at(e, h);

			if (best && !order_before(e, conv_at(e, s->head), conv_at(e, best)))
				break;
			uint32_t found = match_conv_of(e, s, a);

			if (found &&
				(!best || order_before(e, conv_at(e, found), conv_at(e, best))))
				best = found;
		}
	}
	ASSERT(!e->oracle || best == brute_conv(e, a));
	return best;
}
