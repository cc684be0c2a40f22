/*
 * The index; see index.h. Keeps three levels of piles (pile.h) up to date. Never decides who gets what: it only
 * brings the right ones to the front; match.c asks eligibility of each.
 *
 *   skill ─┬─ anchor   ─▶ pile of signatures by head      (those for which this is the rarest skill asked; by lane)
 *          └─ posting  ─▶ pile of profiles by best agent  (one for each pool, that is, kept strategy)
 *   profile ─▶ pile of its free agents by key
 *
 * A signature hangs under one skill only, so an agent looks under each of its own; a profile stands in the posting of
 * each of its skills, so a conversation looks under one. Free: takes work, and has room for the cheapest kind.
 */
#include "engine/index.h"

#include <stdlib.h>

#include "base/str.h"
#include "engine/agent.h"
#include "engine/line.h"
#include "engine/order.h"
#include "engine/sets.h"

/* ---- orders and places ---- */

static bool sig_before(const struct engine *e, uint32_t a, uint32_t b, uint32_t tag)
{
	(void)tag;
	return order_before(e, conv_at(e, sig_at(e, a)->head), conv_at(e, sig_at(e, b)->head));
}

/* Of one lane: (tier, key). A key beyond a thousand years is as good as the last one; then `before` decides. */
static uint64_t sig_key(const struct engine *e, uint32_t h, uint32_t tag)
{
	enum { KEY_BITS = 56 };
	const struct conv *c = conv_at(e, sig_at(e, h)->head);
	int64_t most = (INT64_C(1) << (KEY_BITS - 1)) - 1;
	int64_t key = c->key > most ? most : c->key < -most ? -most : c->key;

	(void)tag;
	return (uint64_t)c->tier << KEY_BITS | (uint64_t)(key + most);
}

/* Slot 0 is under its anchor, 1 under the skill of the agent `also`. */
static uint32_t *sig_place(const struct engine *e, uint32_t h, uint32_t slot, uint32_t tag)
{
	(void)tag;
	return &sig_at(e, h)->place[slot];
}

bool index_agent_before(const struct engine *e, uint32_t a, uint32_t b, uint32_t pool)
{
	const struct agent *x = agent_at(e, a), *y = agent_at(e, b);

	if (x->key[pool] != y->key[pool])
		return x->key[pool] < y->key[pool];
	return slice_compare(x->id, y->id) < 0;
}

static uint64_t agent_key(const struct engine *e, uint32_t h, uint32_t pool)
{
	return agent_at(e, h)->key[pool];
}

static uint32_t *agent_place(const struct engine *e, uint32_t h, uint32_t slot, uint32_t pool)
{
	(void)slot;
	return &agent_at(e, h)->place[pool];
}

/* The tag of a posting, as of a profile's own piles, is the pool. */
static struct pile_item profile_best(const struct engine *e, uint32_t profile, uint32_t pool)
{
	ASSERT(e->profiles[profile]->agents[pool].count > 0);
	return e->profiles[profile]->agents[pool].v[0];
}

static bool profile_before(const struct engine *e, uint32_t a, uint32_t b, uint32_t pool)
{
	return index_agent_before(
		e, profile_best(e, a, pool).handle, profile_best(e, b, pool).handle, pool);
}

static uint64_t profile_key(const struct engine *e, uint32_t h, uint32_t pool)
{
	return profile_best(e, h, pool).key;
}

/* Places are made with the first use of a pool: few centers use more than one strategy. */
static void profile_places(struct engine *e, uint32_t set, uint32_t pool)
{
	if (!e->profiles[set]->place[pool])
		e->profiles[set]->place[pool] =
			arena_array(&e->keep, set_at(e, set)->count + 1, sizeof(uint32_t));
}

/* Slot i is under the i-th skill of the set, the one behind the last under none. */
static uint32_t *profile_place(const struct engine *e, uint32_t h, uint32_t slot, uint32_t pool)
{
	return &e->profiles[h]->place[pool][slot];
}

const struct pile_kind index_sigs = { sig_key, sig_before, sig_place };
const struct pile_kind index_profiles = { profile_key, profile_before, profile_place };
const struct pile_kind index_agents = { agent_key, index_agent_before, agent_place };

/* ---- skills ---- */

void index_skills(struct engine *e)
{
	uint32_t want = e->skills.count + 1, cap = e->skill_cap ? e->skill_cap : 16;

	if (want <= e->skill_cap)
		return;
	while (cap < want)
		cap *= 2;
	e->skill_index = mem_resize(e->skill_index, cap, sizeof(struct skill_index));
	for (uint32_t i = e->skill_cap; i < cap; i++)
		e->skill_index[i] = (struct skill_index){ .agents = 0 };
	e->skill_cap = cap;
}

void index_rarity(struct engine *e, const struct agent *a, int change)
{
	const struct set *s = set_at(e, a->skills);

	for (uint32_t i = 0; i < s->count; i++) {
		uint32_t *n = &e->skill_index[s->v[i].skill].agents;

		ASSERT(change > 0 || *n > 0);
		*n = change > 0 ? *n + 1 : *n - 1;
	}
}

static struct pile *anchor_of(struct engine *e, uint32_t skill, uint32_t lane)
{
	struct skill_index *x = &e->skill_index[skill];

	if (!x->anchor)
		x->anchor = mem_array(LANES_MAX, sizeof(struct pile));
	return &x->anchor[lane];
}

static struct pile *posting_of(struct engine *e, uint32_t skill, uint32_t pool)
{
	struct skill_index *x = &e->skill_index[skill];

	if (!x->posting) {
		x->posting = mem_array(POOLS, sizeof(struct pile));
		for (uint32_t p = 0; p < POOLS; p++)
			x->posting[p].tag = p;
	}
	return &x->posting[pool];
}

static const struct pile nobody = { 0 };

const struct pile *index_anchor(const struct engine *e, uint32_t skill, uint32_t lane)
{
	ASSERT(skill < e->skill_cap && lane < LANES_MAX);
	return e->skill_index[skill].anchor ? &e->skill_index[skill].anchor[lane] : &nobody;
}

const struct pile *index_posting(const struct engine *e, uint32_t skill, uint32_t pool)
{
	ASSERT(skill < e->skill_cap && pool < POOLS);
	return e->skill_index[skill].posting ? &e->skill_index[skill].posting[pool] : &nobody;
}

const struct pile *index_profile(const struct engine *e, uint32_t profile, uint32_t pool)
{
	ASSERT(profile < e->profile_cap && e->profiles[profile]);
	return &e->profiles[profile]->agents[pool];
}

void numbers_add(struct numbers *n, uint32_t number)
{
	if (n->count == n->cap) {
		n->cap = n->cap ? n->cap * 2 : 4;
		n->v = mem_resize(n->v, n->cap, sizeof(uint32_t));
	}
	n->v[n->count++] = number;
}

struct profile *index_profile_made(struct engine *e, uint32_t set)
{
	if (set >= e->profile_cap) {
		uint32_t cap = e->profile_cap ? e->profile_cap : 64;

		while (cap <= set)
			cap *= 2;
		e->profiles = mem_resize(e->profiles, cap, sizeof(struct profile *));
		memset(e->profiles + e->profile_cap, 0,
			(cap - e->profile_cap) * sizeof(struct profile *));
		e->profile_cap = cap;
	}
	if (!e->profiles[set]) {
		struct profile *p = mem_alloc(sizeof(*p));

		for (uint32_t pool = 0; pool < POOLS; pool++)
			p->agents[pool].tag = pool;
		e->profiles[set] = p;
		numbers_add(&e->skill_index[0].profiles, set);
		for (uint32_t i = 0; i < set_at(e, set)->count; i++)
			numbers_add(&e->skill_index[set_at(e, set)->v[i].skill].profiles, set);
	}
	return e->profiles[set];
}

uint32_t index_rarest(const struct engine *e, const struct set *need)
{
	uint32_t best = 0, least = UINT32_MAX;

	for (uint32_t i = 0; i < need->count; i++) {
		const struct skill_index *x = &e->skill_index[need->v[i].skill];
		uint32_t agents = x->owner ? 0 : x->agents;

		if (agents < least) {
			least = agents;
			best = need->v[i].skill;
		}
	}
	return best;
}

/* ---- signatures under anchors ---- */

/* Where the agent finds it to whom it goes whatever it asks; 0: nowhere else than under its anchor. */
static uint32_t sig_second(const struct engine *e, const struct sig *s)
{
	uint32_t own = s->key.also ? agent_at(e, s->key.also)->own_skill : 0;

	return own != s->anchor ? own : 0;
}

static void sig_unhang(struct engine *e, struct sig *s)
{
	uint32_t second = sig_second(e, s);

	pile_drop(e, &index_sigs, anchor_of(e, s->anchor, s->key.lane), s->self, 0);
	if (second)
		pile_drop(e, &index_sigs, anchor_of(e, second, s->key.lane), s->self, 1);
	s->hung = false;
	ASSERT(!s->place[0] && !s->place[1]);
}

static void sig_hang(struct engine *e, struct sig *s)
{
	ASSERT(!s->place[0] && !s->place[1]);
	s->anchor = index_rarest(e, set_at(e, s->key.need));
	uint32_t second = sig_second(e, s);

	pile_put(e, &index_sigs, anchor_of(e, s->anchor, s->key.lane), s->self, 0);
	if (second)
		pile_put(e, &index_sigs, anchor_of(e, second, s->key.lane), s->self, 1);
	s->hung = true;
}

void index_sig(struct engine *e, struct sig *s)
{
	uint32_t plain = order_first(e, s->plain, ORDER_SIG);
	uint32_t odd = order_first(e, s->odd, ORDER_SIG);
	uint32_t head = !plain || (odd && order_before(e, conv_at(e, odd), conv_at(e, plain)))
				? odd
				: plain;
	bool serves = head && line_serves(line_at(e, s->key.line));

	if (s->hung && serves) {
		uint32_t second = sig_second(e, s);

		s->head = head;
		pile_fix(e, &index_sigs, anchor_of(e, s->anchor, s->key.lane), s->self, 0);
		if (second)
			pile_fix(e, &index_sigs, anchor_of(e, second, s->key.lane), s->self, 1);
		return;
	}
	/* The old head may be gone: drop looks at no order until the last takes the hole. */
	if (s->hung)
		sig_unhang(e, s);
	s->head = head;
	if (!head)
		s->most_excluded = 0;
	if (serves)
		sig_hang(e, s);
}

/* ---- agents in profiles, profiles in postings ---- */

bool index_pool(const struct engine *e, enum strategy s, uint32_t *pool)
{
	*pool = s == STRATEGY_LEAST_LOADED     ? POOL_LOADED
		: s == STRATEGY_ROUND_ROBIN    ? POOL_ROBIN
		: s == STRATEGY_FEWEST_HANDLED ? POOL_HANDLED
		: s == STRATEGY_FEWEST_SKILLS  ? POOL_SKILLS
					       : POOL_IDLE;
	return s != STRATEGY_RANDOM && e->pools[*pool];
}

uint64_t index_key(const struct engine *e, enum strategy s, const struct agent *a)
{
	switch (s) {
	case STRATEGY_LEAST_LOADED:
		return (a->used << 24) / agent_limit(e, a);
	case STRATEGY_ROUND_ROBIN:
		return a->last_turn;
	case STRATEGY_FEWEST_HANDLED:
		return a->handled;
	case STRATEGY_FEWEST_SKILLS:
		return set_at(e, a->skills)->count;
	case STRATEGY_NONE:
	case STRATEGY_LONGEST_IDLE:
	case STRATEGY_RANDOM:
	case STRATEGY_COUNT:
		break;
	}
	/* Who holds nothing is idle before who holds something. */
	return a->idle_since_us | (a->used ? UINT64_C(1) << 63 : 0);
}

static uint64_t pool_key(const struct engine *e, uint32_t pool, const struct agent *a)
{
	static const enum strategy of[POOLS] = { STRATEGY_LONGEST_IDLE, STRATEGY_LEAST_LOADED,
		STRATEGY_ROUND_ROBIN, STRATEGY_FEWEST_HANDLED, STRATEGY_FEWEST_SKILLS };

	return index_key(e, of[pool], a);
}

typedef void (*pile_change)(const struct engine *e, const struct pile_kind *k, struct pile *p,
	uint32_t handle, uint32_t slot);

/* The same change in the posting of each skill of a profile. */
static void profile_everywhere(struct engine *e, uint32_t set, uint32_t pool, pile_change change)
{
	const struct set *s = set_at(e, set);

	profile_places(e, set, pool);
	for (uint32_t i = 0; i < s->count; i++)
		change(e, &index_profiles, posting_of(e, s->v[i].skill, pool), set, i);
	change(e, &index_profiles, posting_of(e, 0, pool), set, s->count);
}

/* The agent leaves; the postings follow when it was the best, or the last. */
static void agent_unplace(struct engine *e, struct agent *a)
{
	struct profile *p = e->profiles[a->profile];

	for (uint32_t pool = 0; pool < POOLS; pool++) {
		struct pile *pile = &p->agents[pool];

		if (!e->pools[pool])
			continue;
		bool best = a->place[pool] == 1;

		if (pile->count == 1)
			profile_everywhere(e, a->profile, pool, pile_drop);
		pile_drop(e, &index_agents, pile, a->self, 0);
		if (best && pile->count)
			profile_everywhere(e, a->profile, pool, pile_fix);
	}
	a->placed = false;
}

static void agent_place_in(struct engine *e, struct agent *a)
{
	struct profile *p = index_profile_made(e, a->skills);

	a->profile = a->skills;
	for (uint32_t pool = 0; pool < POOLS; pool++) {
		struct pile *pile = &p->agents[pool];

		if (!e->pools[pool])
			continue;
		a->key[pool] = pool_key(e, pool, a);
		pile_put(e, &index_agents, pile, a->self, 0);
		if (pile->count == 1)
			profile_everywhere(e, a->profile, pool, pile_put);
		else if (a->place[pool] == 1)
			profile_everywhere(e, a->profile, pool, pile_fix);
	}
	a->placed = true;
}

/* Still free and of the same profile: only its keys may be others. */
static void agent_replace(struct engine *e, struct agent *a)
{
	struct profile *p = e->profiles[a->profile];

	for (uint32_t pool = 0; pool < POOLS; pool++) {
		uint64_t key = e->pools[pool] ? pool_key(e, pool, a) : a->key[pool];
		bool best = a->place[pool] == 1;

		if (key == a->key[pool])
			continue;
		a->key[pool] = key;
		pile_fix(e, &index_agents, &p->agents[pool], a->self, 0);
		if (best || a->place[pool] == 1)
			profile_everywhere(e, a->profile, pool, pile_fix);
	}
}

static bool agent_free(const struct engine *e, const struct agent *a)
{
	return agent_ready(a) && agent_has_room(e, a);
}

void index_touch(struct engine *e, struct agent *a)
{
	if (a->stale)
		return;
	if (e->stale_count == e->stale_cap) {
		e->stale_cap = e->stale_cap ? e->stale_cap * 2 : 16;
		e->stale = mem_resize(e->stale, e->stale_cap, sizeof(uint32_t));
	}
	a->stale = true;
	e->stale[e->stale_count++] = a->self;
}

void index_settle(struct engine *e)
{
	for (uint32_t i = 0; i < e->stale_count; i++) {
		struct agent *a = agent_at(e, e->stale[i]);
		bool is_free = agent_free(e, a);

		a->stale = false;
		if (a->placed && is_free && a->profile == a->skills) {
			agent_replace(e, a);
			continue;
		}
		if (a->placed)
			agent_unplace(e, a);
		if (is_free)
			agent_place_in(e, a);
	}
	e->stale_count = 0;
}

void index_configure(struct engine *e)
{
	bool pools[POOLS] = { [POOL_IDLE] = true };

	for (uint32_t i = 1; i <= e->agent_count; i++) {
		if (agent_at(e, i)->placed)
			agent_unplace(e, agent_at(e, i));
		index_touch(e, agent_at(e, i));
	}
	for (uint32_t i = 1; i <= e->line_count; i++) {
		uint32_t pool;

		index_pool(e, line_strategy(line_at(e, i)), &pool);
		pools[pool] = true;
	}
	memcpy(e->pools, pools, sizeof(pools));
	e->cost_min = UINT32_MAX;
	for (uint32_t i = 1; i <= e->kind_count; i++)
		if (kind_at(e, i)->cost < e->cost_min)
			e->cost_min = kind_at(e, i)->cost;
	index_skills(e);
	for (uint32_t i = 1; i <= e->sig_count; i++)
		index_sig(e, sig_at(e, i));
}

void index_free(struct engine *e)
{
	for (uint32_t i = 0; i < e->skill_cap; i++) {
		struct skill_index *x = &e->skill_index[i];

		for (uint32_t lane = 0; x->anchor && lane < LANES_MAX; lane++)
			pile_free(&x->anchor[lane]);
		for (uint32_t p = 0; x->posting && p < POOLS; p++)
			pile_free(&x->posting[p]);
		free(x->anchor);
		free(x->posting);
		free(x->profiles.v);
		free(x->asked.v);
	}
	for (uint32_t i = 0; i < e->profile_cap; i++) {
		for (uint32_t p = 0; e->profiles[i] && p < POOLS; p++)
			pile_free(&e->profiles[i]->agents[p]);
		free(e->profiles[i]);
	}
	free(e->skill_index);
	free(e->profiles);
	free(e->stale);
	walk_free(&e->walk);
	free(e->beside.v);
	walk_free(&e->walk_inner);
}

/* ---- checking ---- */

static size_t check_pile(const struct engine *e, const struct pile_kind *k, const struct pile *p,
	const char *what, struct str *out)
{
	size_t faults = 0;

	for (uint32_t i = 0; i < p->count; i++) {
		faults += *k->place(e, p->v[i].handle, p->v[i].slot, p->tag) != i + 1;
		faults += p->v[i].key != k->key(e, p->v[i].handle, p->tag);
		faults += i > 0 && k->before(e, p->v[i].handle, p->v[(i - 1) / 2].handle, p->tag);
	}
	if (faults) {
		str_add_text(out, "a pile is out of order: ");
		str_add_text(out, what);
		str_add_char(out, '\n');
	}
	return faults;
}

static size_t check_agent(const struct engine *e, const struct agent *a, struct str *out)
{
	size_t faults = a->placed != agent_free(e, a) || (a->placed && a->profile != a->skills);

	for (uint32_t p = 0; p < POOLS; p++)
		faults += (a->place[p] != 0) != (a->placed && e->pools[p]) ||
			  (a->place[p] && a->key[p] != pool_key(e, p, a));
	if (faults) {
		str_add_text(out, "the index has it wrong for agent ");
		str_add(out, a->id);
		str_add_char(out, '\n');
	}
	return faults;
}

static size_t check_sig(const struct engine *e, const struct sig *s, struct str *out)
{
	uint32_t plain = order_first(e, s->plain, ORDER_SIG);
	uint32_t odd = order_first(e, s->odd, ORDER_SIG);
	uint32_t head = !plain || (odd && order_before(e, conv_at(e, odd), conv_at(e, plain)))
				? odd
				: plain;
	bool hung = head && line_serves(line_at(e, s->key.line));

	if (s->head == head && s->hung == hung && (s->place[0] != 0) == hung)
		return 0;
	str_add_text(out, "the index has it wrong for a signature of ");
	str_add(out, line_at(e, s->key.line)->name);
	str_add_char(out, '\n');
	return 1;
}

size_t index_check(const struct engine *e, struct str *out)
{
	size_t faults = 0;

	ASSERT(e->stale_count == 0);
	for (uint32_t i = 1; i <= e->sig_count; i++)
		faults += check_sig(e, sig_at(e, i), out);
	for (uint32_t i = 1; i <= e->agent_count; i++)
		faults += check_agent(e, agent_at(e, i), out);
	for (uint32_t i = 0; i < e->skill_cap; i++) {
		for (uint32_t lane = 0; lane < LANES_MAX; lane++)
			faults +=
				check_pile(e, &index_sigs, index_anchor(e, i, lane), "anchor", out);
		for (uint32_t p = 0; p < POOLS; p++)
			faults += check_pile(
				e, &index_profiles, index_posting(e, i, p), "posting", out);
	}
	for (uint32_t i = 0; i < e->profile_cap; i++)
		for (uint32_t p = 0; e->profiles[i] && p < POOLS; p++)
			faults += check_pile(
				e, &index_agents, &e->profiles[i]->agents[p], "profile", out);
	return faults;
}
