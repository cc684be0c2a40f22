/*
 * Values of several parts: lists of texts, skills, pairs, a plugin's options. Called by section.c and stages.c.
 */
#include "app/place.h"
#include "app/value.h"
#include "model/limits.h"

void place_texts(const struct place *p)
{
	struct slice *list = NULL;
	size_t n = 0;

	if (p->tree->kind == TREE_SCALAR && p->tree->text.n) {
		list = arena_alloc(place_arena(p), sizeof(*list));
		list[n++] = p->tree->text;
	} else if (place_is(p, TREE_LIST)) {
		list = arena_array(place_arena(p), p->tree->count + 1, sizeof(*list));
		for (size_t i = 0; i < p->tree->count; i++) {
			const struct tree *item = p->tree->items[i];
			if (item->kind != TREE_SCALAR || !item->text.n)
				PLACE_WRONG(p, item, "%s in %s: expected a text", p->key->name,
					p->what);
			else
				list[n++] = item->text;
		}
	}
	*PLACE_MEMBER(p, struct slice *) = list;
	*PLACE_ALSO(p, size_t) = n;
}

struct skill *place_skill_list(const struct place *p, size_t *count)
{
	enum { LEVEL_MAX = 100 };

	*count = 0;
	if (p->tree->empty || !place_is(p, TREE_MAP))
		return NULL;
	struct skill *list = arena_array(place_arena(p), p->tree->count + 1, sizeof(*list));
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *name = p->tree->pairs[i].key, *level = p->tree->pairs[i].value;
		uint64_t n = 0;
		if (!value_is_skill(name->text))
			PLACE_WRONG(p, name,
				"'%.*s' in %s of %s: expected a name (a-z 0-9 _ - : .)",
				SLICE_ARG(name->text), p->key->name, p->what);
		else if (level->kind != TREE_SCALAR || !slice_u64(level->text, &n) || n > LEVEL_MAX)
			PLACE_WRONG(p, level, "level of '%.*s' in %s of %s: expected 0 to 100",
				SLICE_ARG(name->text), p->key->name, p->what);
		else
			list[(*count)++] = (struct skill){ name->text, (uint8_t)n };
	}
	if (*count > SKILLS_MAX)
		PLACE_WRONG(p, p->tree, "%s in %s: %zu skills, at most %d", p->key->name, p->what,
			*count, SKILLS_MAX);
	return list;
}

void place_skills(const struct place *p)
{
	*PLACE_MEMBER(p, struct skill *) = place_skill_list(p, PLACE_ALSO(p, size_t));
}

void place_skill_text(const struct place *p)
{
	struct str text = { 0 };
	size_t count;
	struct skill *list = place_skill_list(p, &count);

	for (size_t i = 0; i < count; i++)
		skills_add(&text, list[i].name, list[i].level);
	*PLACE_MEMBER(p, struct slice) = arena_copy(place_arena(p), str_slice(&text));
	str_free(&text);
}

void place_pair(const struct place *p)
{
	if (p->tree->kind != TREE_MAP || p->tree->count != 1 ||
		p->tree->pairs[0].value->kind != TREE_SCALAR) {
		place_expected(p);
		return;
	}
	*PLACE_MEMBER(p, struct slice) = p->tree->pairs[0].key->text;
	*PLACE_ALSO(p, struct slice) = p->tree->pairs[0].value->text;
}

void place_pairs(const struct place *p)
{
	if (p->tree->empty || !place_is(p, TREE_MAP))
		return;
	struct attribute *list = arena_array(place_arena(p), p->tree->count + 1, sizeof(*list));
	*PLACE_MEMBER(p, struct attribute *) = list;
	*PLACE_ALSO(p, size_t) = p->tree->count;
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *name = p->tree->pairs[i].key, *value = p->tree->pairs[i].value;
		if (value->kind != TREE_SCALAR || !value->text.n)
			PLACE_WRONG(p, value, "'%.*s' in %s of %s: expected a text",
				SLICE_ARG(name->text), p->key->name, p->what);
		list[i] = (struct attribute){ name->text, value->text };
	}
}

static void flatten(
	const struct place *p, const struct tree *t, struct slice name, struct option *out)
{
	struct arena *a = place_arena(p);
	size_t *n = PLACE_ALSO(p, size_t);

	if (t->kind == TREE_SCALAR) {
		out[(*n)++] = (struct option){ name, t->text, t->line, t->col };
		return;
	}
	for (size_t i = 0; i < t->count; i++) {
		bool map = t->kind == TREE_MAP;
		struct slice part = map ? t->pairs[i].key->text : arena_printf(a, "%zu", i);
		flatten(p, map ? t->pairs[i].value : t->items[i],
			name.n ? arena_printf(a, "%.*s.%.*s", SLICE_ARG(name), SLICE_ARG(part))
			       : part,
			out);
	}
}

/* {fields: [{name: email}]} → fields.0.name = email */
void place_options(const struct place *p)
{
	if (p->tree->empty || !place_is(p, TREE_MAP))
		return;
	struct option *out = arena_array(place_arena(p), p->tree->weight, sizeof(*out));
	*PLACE_MEMBER(p, struct option *) = out;
	flatten(p, p->tree, SLICE(""), out);
}
