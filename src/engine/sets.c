/*
 * Interned sets of skills; see sets.h. A set is built in a small array, sorted by name for its text and by
 * number for comparison, and found again by its text. Never forgets one: configuration and staff bound them.
 */
#include "engine/sets.h"

#include <stdlib.h>

#include "engine/agent.h"
#include "engine/index.h"

struct draft {
	struct level v[2 * SKILLS_MAX];
	uint32_t count;
};

static bool draft_add(struct draft *d, uint32_t skill, uint32_t level)
{
	for (uint32_t i = 0; i < d->count; i++) {
		if (d->v[i].skill == skill) {
			if (d->v[i].level < level)
				d->v[i].level = level;
			return true;
		}
	}
	if (d->count == 2 * SKILLS_MAX)
		return false;
	d->v[d->count++] = (struct level){ skill, level };
	return true;
}

/* Small insertion sorts: sets have a handful of members. */
static void draft_sort(const struct engine *e, struct draft *d, bool by_name)
{
	for (uint32_t i = 1; i < d->count; i++) {
		struct level x = d->v[i];
		uint32_t j = i;

		for (; j > 0; j--) {
			const struct level *y = &d->v[j - 1];

			if (by_name ? slice_compare(names_text(&e->skills, y->skill),
					      names_text(&e->skills, x.skill)) <= 0
				    : y->skill <= x.skill)
				break;
			d->v[j] = d->v[j - 1];
		}
		d->v[j] = x;
	}
}

static uint32_t draft_intern(struct engine *e, struct draft *d)
{
	uint32_t number;

	draft_sort(e, d, true);
	str_clear(&e->text);
	for (uint32_t i = 0; i < d->count; i++)
		skills_add(&e->text, names_text(&e->skills, d->v[i].skill), (uint8_t)d->v[i].level);
	if (d->count == 0 && e->set_count >= SET_EMPTY)
		return SET_EMPTY;
	number = (uint32_t)(uintptr_t)map_get(&e->set_texts, str_slice(&e->text));
	if (number)
		return number;

	struct set *s = arena_alloc(&e->keep, sizeof(*s) + d->count * sizeof(s->v[0]));

	draft_sort(e, d, false);
	s->text = arena_copy(&e->keep, str_slice(&e->text));
	s->count = d->count;
	if (d->count)
		memcpy(s->v, d->v, d->count * sizeof(s->v[0]));
	number = ++e->set_count;
	if ((number & (number - 1)) == 0)
		e->sets = mem_resize(e->sets, (size_t)number * 2, sizeof(struct set *));
	e->sets[number] = s;
	index_skills(e);
	if (s->text.n)
		map_put(&e->set_texts, s->text, (void *)(uintptr_t)number);
	return number;
}

void sets_init(struct engine *e)
{
	struct draft d = { .count = 0 };
	uint32_t number = draft_intern(e, &d);

	ASSERT(number == SET_EMPTY);
	ASSERT(set_at(e, SET_EMPTY)->count == 0);
}

void sets_free(struct engine *e)
{
	map_free(&e->set_texts);
	free(e->sets);
	e->sets = NULL;
	e->set_count = 0;
}

uint32_t set_parse(struct engine *e, struct slice text)
{
	struct draft d = { .count = 0 };
	struct skill s;
	bool bad = false;
	uint32_t known = text.n ? (uint32_t)(uintptr_t)map_get(&e->set_texts, text) : SET_EMPTY;

	if (known)
		return known;
	while (skills_next(&text, &s, &bad)) {
		if (d.count == SKILLS_MAX || s.name.n > NAME_MAX_LEN + sizeof("agent:"))
			return 0;
		draft_add(&d, names_intern(&e->skills, s.name, &e->keep), s.level);
	}
	return bad ? 0 : draft_intern(e, &d);
}

uint32_t set_of(struct engine *e, const struct skill *skills, size_t count)
{
	struct draft d = { .count = 0 };

	for (size_t i = 0; i < count && i < SKILLS_MAX; i++)
		draft_add(&d, names_intern(&e->skills, skills[i].name, &e->keep), skills[i].level);
	return draft_intern(e, &d);
}

uint32_t set_union(struct engine *e, uint32_t a, uint32_t b)
{
	const struct set *sa = set_at(e, a), *sb = set_at(e, b);
	struct set_union *kept = &e->unions[(a * 31 + b) % SET_UNIONS_KEPT];
	struct draft d = { .count = 0 };

	if (a == b || sb->count == 0)
		return a;
	if (sa->count == 0)
		return b;
	if (kept->a == a && kept->b == b)
		return kept->made;
	ASSERT(sa->count <= SKILLS_MAX && sb->count <= SKILLS_MAX);
	for (uint32_t i = 0; i < sa->count; i++)
		draft_add(&d, sa->v[i].skill, sa->v[i].level);
	for (uint32_t i = 0; i < sb->count; i++)
		draft_add(&d, sb->v[i].skill, sb->v[i].level);
	*kept = (struct set_union){ a, b, draft_intern(e, &d) };
	return kept->made;
}

bool set_met(const struct engine *e, uint32_t set, const struct agent *a)
{
	const struct set *need = set_at(e, set), *has = set_at(e, a->skills);
	uint32_t j = 0;

	for (uint32_t i = 0; i < need->count; i++) {
		uint32_t skill = need->v[i].skill;

		if (e->skill_index[skill].owner) {
			if (e->skill_index[skill].owner != a->self)
				return false;
			continue;
		}
		while (j < has->count && has->v[j].skill < skill)
			j++;
		if (j == has->count || has->v[j].skill != skill ||
			has->v[j].level < need->v[i].level)
			return false;
	}
	return true;
}

void set_ask(struct engine *e, uint32_t set)
{
	if (!set_at(e, set)->asked)
		index_ask(e, set);
	ASSERT(set_at(e, set)->ready <= set_at(e, set)->able);
}
