/*
 * From a map of the tree to a struct, key by key of the schema: unknown and missing keys, defaults, maps of names, lists. Knows no key by name.
 * Never checks what concerns several keys (config.c does). Called by config.c.
 */
#include "app/section.h"

#include <stdio.h>

#include "app/hours.h"
#include "app/place.h"
#include "app/value.h"
#include "base/assert.h"
#include "model/limits.h"

enum { WHAT_MAX = 160 };
static const struct tree nothing = { .kind = TREE_MAP };

static void read_section(const struct place *p)
{
	if (p->tree->empty)
		section_read(p->l, &nothing, p->key->sub, p->target, p->what);
	else if (place_is(p, TREE_MAP))
		section_read(p->l, p->tree, p->key->sub, p->target, p->what);
}

/* "queues" and a name → queue 'cards'. */
static void name_what(char out[WHAT_MAX], const struct key *k, struct slice name)
{
	size_t n = strlen(k->name);

	if (strcmp(k->name, "people") == 0)
		snprintf(out, WHAT_MAX, "person '%.*s'", SLICE_ARG(name));
	else
		snprintf(out, WHAT_MAX, "%.*s '%.*s'", (int)n - 1, k->name, SLICE_ARG(name));
}

static void read_named(const struct place *p)
{
	if (p->tree->empty || !place_is(p, TREE_MAP))
		return;
	char *list = arena_array(place_arena(p), p->tree->count + 1, p->key->size);
	*PLACE_MEMBER(p, void *) = list;
	*PLACE_ALSO(p, size_t) = p->tree->count;
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *name = p->tree->pairs[i].key, *value = p->tree->pairs[i].value;
		char what[WHAT_MAX];
		char *element = list + i * p->key->size;
		name_what(what, p->key, name->text);
		/* The name is the first member of each of them. */
		*(struct slice *)(void *)element = name->text;
		if (!value_is_name(name->text))
			PLACE_WRONG(p, name, "%s: expected a name (a-z 0-9 _ -, at most %d)", what,
				NAME_MAX_LEN);
		if (p->key->sub == SECTION_CHANNEL)
			((struct channel *)(void *)element)->line = name->line;
		if (value->kind == TREE_MAP)
			section_read(p->l, value, p->key->sub, element, what);
		else if (value->empty)
			section_read(p->l,
				&(struct tree){
					.kind = TREE_MAP, .line = name->line, .col = name->col },
				p->key->sub, element, what);
		else
			PLACE_WRONG(p, value, "%s: expected a map", what);
	}
}

static void read_list(const struct place *p)
{
	if (p->tree->empty || !place_is(p, TREE_LIST))
		return;
	char *list = arena_array(place_arena(p), p->tree->count + 1, p->key->size);
	*PLACE_MEMBER(p, void *) = list;
	*PLACE_ALSO(p, size_t) = p->tree->count;
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *item = p->tree->items[i];
		char what[WHAT_MAX];
		snprintf(what, sizeof(what), "%s[%zu]", p->key->name, i);
		if (p->key->sub == SECTION_RULE)
			((struct rule *)(void *)(list + i * p->key->size))->line = item->line;
		if (item->kind == TREE_MAP)
			section_read(p->l, item, p->key->sub, list + i * p->key->size, what);
		else
			PLACE_WRONG(p, item, "%s: expected a map", what);
	}
}

static void read_calendars(const struct place *p)
{
	struct config *c = p->l->config;

	if (p->tree->empty || !place_is(p, TREE_MAP))
		return;
	c->calendars = arena_array(c->arena, p->tree->count + 1, sizeof(*c->calendars));
	c->calendar_count = p->tree->count;
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *name = p->tree->pairs[i].key, *value = p->tree->pairs[i].value;
		struct calendar_spec spec = { .name = name->text };
		char what[WHAT_MAX];
		name_what(what, p->key, name->text);
		c->calendars[i].name = name->text;
		if (!value_is_name(name->text))
			PLACE_WRONG(p, name, "%s: expected a name (a-z 0-9 _ -, at most %d)", what,
				NAME_MAX_LEN);
		if (value->kind != TREE_MAP) {
			PLACE_WRONG(p, value, "%s: expected a map", what);
			continue;
		}
		section_read(p->l, value, SECTION_CALENDAR, &spec, what);
		if (spec.hours)
			hours_expand(p->l, &spec, &c->calendars[i]);
	}
}

static void read_value(const struct place *p)
{
	switch (p->key->type) {
	case VALUE_TEXT:
		place_text(p);
		return;
	case VALUE_NAME:
		place_name(p);
		return;
	case VALUE_NUMBER:
		place_number(p);
		return;
	case VALUE_SECONDS:
	case VALUE_OFFSET:
		place_seconds(p);
		return;
	case VALUE_BOOL:
		place_bool(p);
		return;
	case VALUE_CHOICE:
		place_choice(p);
		return;
	case VALUE_WORD:
		place_word(p);
		return;
	case VALUE_ADDRESS:
		place_address(p);
		return;
	case VALUE_URL:
		place_url(p);
		return;
	case VALUE_REDIS:
		place_redis(p);
		return;
	case VALUE_TEXTS:
		place_texts(p);
		return;
	case VALUE_SKILLS:
		place_skills(p);
		return;
	case VALUE_SKILL_TEXT:
		place_skill_text(p);
		return;
	case VALUE_PAIR:
		place_pair(p);
		return;
	case VALUE_PAIRS:
		place_pairs(p);
		return;
	case VALUE_OPTIONS:
		place_options(p);
		return;
	case VALUE_TREE:
		*PLACE_MEMBER(p, const struct tree *) = p->tree;
		return;
	case VALUE_KIND:
		place_kind(p);
		return;
	case VALUE_QUEUE:
		place_queue(p);
		return;
	case VALUE_CALENDAR:
		place_calendar(p);
		return;
	case VALUE_CHANNEL:
		place_channel(p);
		return;
	case VALUE_FIRST_STAGE:
		place_first_stage(p);
		return;
	case VALUE_STAGES:
		place_stages(p);
		return;
	case VALUE_SECTION:
		read_section(p);
		return;
	case VALUE_NAMED:
		read_named(p);
		return;
	case VALUE_LIST:
		read_list(p);
		return;
	case VALUE_CALENDARS:
		read_calendars(p);
		return;
	case VALUE_COUNT:
		break;
	}
	ASSERT(false);
}

/* A key of another section, or of the one around this, came here by its indentation. */
static bool is_misplaced(struct slice name, enum section s, const char *what)
{
	char quoted[64];

	for (size_t k = 0; k < key_count; k++) {
		snprintf(quoted, sizeof(quoted), "'%s'", keys[k].name);
		if (keys[k].in != s ? slice_is(name, keys[k].name) : strstr(what, quoted) != NULL)
			return true;
	}
	return false;
}

static void check_unknown(
	struct loader *l, const struct tree *map, enum section s, const char *what)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct tree *key = map->pairs[i].key;
		struct suggest near = suggest_for(key->text);
		bool known = false;
		char hint[128];
		for (size_t k = 0; k < key_count; k++)
			if (keys[k].in == s) {
				suggest_add(&near, slice_of(keys[k].name));
				known = known || slice_is(key->text, keys[k].name);
			}
		if (!known)
			problem_at(&l->problems, key->line, key->col, "unknown key '%.*s' in %s%s",
				SLICE_ARG(key->text), what,
				is_misplaced(key->text, s, what) ? "; is it, or the line above it, "
								   "indented right?"
								 : suggest_text(&near, hint));
	}
}

void section_read(
	struct loader *l, const struct tree *map, enum section s, void *target, const char *what)
{
	check_unknown(l, map, s, what);
	for (size_t i = 0; i < key_count; i++) {
		const struct key *k = &keys[i];
		if (k->in != s)
			continue;
		const struct tree *value = tree_get(map, k->name);
		struct tree fallback = { .kind = TREE_SCALAR, .line = map->line, .col = map->col };
		bool absent = !value || (value->empty && k->type != VALUE_SKILLS);
		if (absent && !k->fallback) {
			const struct tree *at = value ? value : map;
			problem_at(&l->problems, at->line, at->col, "%s in %s is missing: %s",
				k->name, what, value_words[k->type]);
			continue;
		}
		if (absent && k->fallback[0])
			fallback.text = slice_of(k->fallback);
		else if (absent && k->type != VALUE_SECTION && k->type != VALUE_FIRST_STAGE)
			continue;
		else if (absent)
			fallback.empty = true;
		read_value(&(struct place){ l, k, absent ? &fallback : value, target, what });
	}
}
