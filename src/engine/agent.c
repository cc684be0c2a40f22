/*
 * Agents; see agent.h. Never decides; called by apply_agent.c, conv.c and whoever reads.
 */
#include "engine/agent.h"

#include <stdlib.h>

#include "base/str.h"
#include "engine/ask.h"
#include "engine/hold.h"
#include "engine/index.h"
#include "engine/sets.h"

uint32_t agent_find(const struct engine *e, struct slice id)
{
	return id.n ? (uint32_t)(uintptr_t)map_get(&e->agent_names, id) : 0;
}

uint32_t agent_add(struct engine *e, struct slice id)
{
	uint32_t h = ++e->agent_count;
	struct agent *a = mem_alloc(sizeof(*a));
	struct skill own = { .level = 100 };

	ASSERT(id.n > 0 && !agent_find(e, id));
	if ((h & (h - 1)) == 0)
		e->agents = mem_resize(e->agents, (size_t)h * 2, sizeof(struct agent *));
	e->agents[h] = a;
	a->self = h;
	a->id = arena_copy(&e->keep, id);
	a->skills = SET_EMPTY;
	a->presence = PRESENCE_OFFLINE;
	a->role = ROLE_AGENT;
	own.name = arena_printf(&e->scratch, "agent:%.*s", SLICE_ARG(id));
	a->own_skill = names_intern(&e->skills, own.name, &e->keep);
	index_skills(e);
	e->skill_index[a->own_skill].owner = h;
	own.level = 1;
	a->own_set = set_of(e, &own, 1);
	map_put(&e->agent_names, a->id, (void *)(uintptr_t)h);
	return h;
}

void agents_free(struct engine *e)
{
	for (uint32_t i = 1; i <= e->agent_count; i++) {
		struct agent *a = agent_at(e, i);

		while (a->sessions)
			agent_session_drop(a, a->sessions);
		free(a->name);
		free(a);
	}
	free(e->agents);
	map_free(&e->agent_names);
	e->agents = NULL;
	e->agent_count = 0;
}

bool agent_logged_in(const struct agent *a)
{
	if (a->off || a->role == ROLE_AUDITOR || (!a->sessions && !a->grace_us))
		return false;
	return a->presence == PRESENCE_AVAILABLE || a->presence == PRESENCE_AWAY ||
	       a->presence == PRESENCE_NOT_RESPONDING;
}

bool agent_ready(const struct agent *a)
{
	return agent_connected(a) && a->presence == PRESENCE_AVAILABLE && !a->off &&
	       a->role != ROLE_AUDITOR;
}

uint32_t agent_limit(const struct engine *e, const struct agent *a)
{
	if (a->units)
		return a->units;
	return e->config->units ? e->config->units : 100;
}

bool agent_fits(const struct engine *e, const struct agent *a, uint32_t kind)
{
	uint64_t used = a->used;

	ASSERT(kind > 0 && kind <= e->kind_count);
	for (uint32_t i = 1, may = e->interrupts[kind]; may >> i; i++)
		if (may >> i & 1)
			used -= a->units_of[i];
	return used + kind_at(e, kind)->cost <= agent_limit(e, a);
}

bool agent_has_room(const struct engine *e, const struct agent *a)
{
	if (a->used + e->cost_min <= agent_limit(e, a))
		return true;
	for (uint32_t i = 1; e->interrupting && i <= e->kind_count; i++)
		if (agent_fits(e, a, i))
			return true;
	return false;
}

uint32_t agent_share(const struct engine *e, const struct agent *a, uint32_t line)
{
	uint32_t n = 0;

	for (uint32_t h = a->work.first; h; h = conv_at(e, h)->link.next)
		n += conv_at(e, h)->line == line;
	for (uint32_t h = a->asked; h; h = ask_at(e, h)->next_of_agent)
		n += conv_at(e, ask_at(e, h)->conv)->line == line;
	return n;
}

void agent_change_begin(struct engine *e, struct agent *a)
{
	index_count(e, a, -1);
}

void agent_change_end(struct engine *e, struct agent *a)
{
	if (index_count(e, a, 1) || (a->awaited && agent_logged_in(a)))
		e->review_parked = true;
	index_touch(e, a);
	hold_agent(e, a);
	e->people_at++;
	e->review_waiting = true;
	e->review_excluded = true;
	agent_mark(e, a);
}

struct session *agent_session(const struct agent *a, struct slice name)
{
	for (struct session *s = a->sessions; s; s = s->next)
		if (slice_is(name, s->name))
			return s;
	return NULL;
}

void agent_session_add(struct agent *a, struct slice name, struct slice node)
{
	struct session *s = mem_alloc(sizeof(*s)), **at = &a->sessions;

	ASSERT(!agent_session(a, name));
	s->name = slice_dup(name);
	s->node = slice_dup(node);
	while (*at)
		at = &(*at)->next;
	*at = s;
}

void agent_session_drop(struct agent *a, struct session *s)
{
	struct session **at = &a->sessions;

	while (*at != s) {
		ASSERT(*at);
		at = &(*at)->next;
	}
	*at = s->next;
	free(s->name);
	free(s->node);
	free(s);
}

void agent_hold(struct engine *e, struct agent *a, uint32_t kind, uint32_t units)
{
	ASSERT(kind > 0 && kind < KINDS_MAX);
	ASSERT(a->held[kind] < UINT32_MAX);
	a->used += units;
	a->units_of[kind] += units;
	a->held[kind]++;
	a->found = 0;
	index_touch(e, a);
	hold_agent(e, a);
}

void agent_release(struct engine *e, struct agent *a, uint32_t kind, uint32_t units, uint64_t at_us)
{
	ASSERT(a->used >= units);
	ASSERT(a->held[kind] > 0);
	a->used -= units;
	a->units_of[kind] -= units;
	a->held[kind]--;
	a->idle_since_us = at_us;
	index_touch(e, a);
	hold_agent(e, a);
	agent_mark(e, a);
}

void agent_mark(struct engine *e, struct agent *a)
{
	a->found = 0;
	if (a->dirty)
		return;
	if (e->dirty_agent_count == e->dirty_agent_cap) {
		e->dirty_agent_cap = e->dirty_agent_cap ? e->dirty_agent_cap * 2 : 16;
		e->dirty_agents = mem_resize(e->dirty_agents, e->dirty_agent_cap, sizeof(uint32_t));
	}
	a->dirty = true;
	e->dirty_agents[e->dirty_agent_count++] = a->self;
}
