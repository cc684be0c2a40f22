/*
 * Who could serve what: for each set of skills that is asked, how many who are logged in could (`able`), and how many of them are ready. Counted
 * when it is first asked, corrected with each agent who comes or goes. Never decides; derived, never saved. Called by sets.c, agent.c and match.c.
 */
#include "engine/agent.h"
#include "engine/index.h"
#include "engine/sets.h"

bool index_meets(const struct engine *e, uint32_t need_set, uint32_t profile)
{
	const struct set *need = set_at(e, need_set), *has = set_at(e, profile);
	uint32_t j = 0;

	for (uint32_t i = 0; i < need->count; i++) {
		while (j < has->count && has->v[j].skill < need->v[i].skill)
			j++;
		if (j == has->count || has->v[j].skill != need->v[i].skill ||
			has->v[j].level < need->v[i].level)
			return false;
	}
	return true;
}

void index_ask(struct engine *e, uint32_t set)
{
	struct set *s = set_at(e, set);
	uint32_t rarest = index_rarest(e, s), owner = e->skill_index[rarest].owner;
	const struct numbers *profiles = &e->skill_index[rarest].profiles;

	ASSERT(!s->asked);
	s->asked = true;
	s->able = s->ready = 0;
	numbers_add(&e->skill_index[rarest].asked, set);
	if (owner) {
		const struct agent *a = agent_at(e, owner);
		bool meets = set_met(e, set, a);

		s->able = meets && agent_logged_in(a);
		s->ready = meets && agent_ready(a);
		return;
	}
	for (uint32_t i = 0; i < profiles->count; i++) {
		const struct profile *p = e->profiles[profiles->v[i]];

		if (!p->logged_in || !index_meets(e, set, profiles->v[i]))
			continue;
		s->able += p->logged_in;
		s->ready += p->ready;
	}
}

/* The asked sets that hang under one skill. */
static bool count_under(struct engine *e, const struct agent *a, uint32_t skill, uint32_t by)
{
	const struct numbers *asked = &e->skill_index[skill].asked;
	bool is_ready = agent_ready(a), rose = false;

	for (uint32_t i = 0; i < asked->count; i++) {
		struct set *s = set_at(e, asked->v[i]);

		if (!set_met(e, asked->v[i], a))
			continue;
		s->able += by; /* by is 1, or -1 as unsigned */
		s->ready += is_ready ? by : 0;
		rose = rose || (by == 1 && s->able == 1);
	}
	return rose;
}

bool index_count(struct engine *e, const struct agent *a, int change)
{
	uint32_t by = (uint32_t)change;
	const struct set *has = set_at(e, a->skills);

	ASSERT(change == 1 || change == -1);
	if (!agent_logged_in(a))
		return false;
	struct profile *p = index_profile_made(e, a->skills);

	p->logged_in += by;
	p->ready += agent_ready(a) ? by : 0;
	bool rose = count_under(e, a, 0, by);

	rose = count_under(e, a, a->own_skill, by) || rose;
	for (uint32_t i = 0; i < has->count; i++)
		rose = count_under(e, a, has->v[i].skill, by) || rose;
	ASSERT(p->ready <= p->logged_in);
	return rose;
}
