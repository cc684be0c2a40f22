/*
 * From a map of the tree to a struct, key by key of the schema: types, ranges, names of other things, defaults; unknown and missing
 * keys. Knows no key by name. Never checks what concerns several keys (config.c does). Called by config.c.
 */
#include "app/section.h"

#include <limits.h>
#include <stdio.h>

#include "app/hours.h"
#include "app/value.h"
#include "base/assert.h"
#include "model/limits.h"
#include "net/address.h"

enum { WHAT_MAX = 160 };
static const struct tree nothing = { .kind = TREE_MAP };

/* Where a value goes and how it is spoken of. */
struct place {
	struct loader *l;
	const struct key *key;
	const struct tree *tree;
	char *target; /* the section's struct */
	const char *what;
};

#define MEMBER(p, type)	 ((type *)(void *)((p)->target + (p)->key->at))
#define ALSO(p, type)	 ((type *)(void *)((p)->target + (p)->key->also))
#define WRONG(p, t, ...) problem_at(&(p)->l->problems, (t)->line, (t)->col, __VA_ARGS__)

static struct arena *arena_of(const struct place *p)
{
	return p->l->config->arena;
}

static void expected(const struct place *p)
{
	WRONG(p, p->tree, "%s in %s: expected %s", p->key->name, p->what,
		value_words[p->key->type]);
}

static bool is_scalar(const struct place *p)
{
	if (p->tree->kind == TREE_SCALAR)
		return true;
	expected(p);
	return false;
}

static bool is_kind(const struct place *p, enum tree_kind kind)
{
	if (p->tree->kind == kind)
		return true;
	expected(p);
	return false;
}

static bool in_range(const struct place *p, int64_t n, int64_t least, int64_t most)
{
	if (p->key->least || p->key->most) {
		least = p->key->least;
		most = p->key->most;
	}
	if (n >= least && n <= most)
		return true;
	WRONG(p, p->tree, "%s in %s: %lld is not between %lld and %lld", p->key->name, p->what,
		(long long)n, (long long)least, (long long)most);
	return false;
}

static void read_number(const struct place *p)
{
	int64_t n;

	if (!is_scalar(p))
		return;
	if (!slice_i64(p->tree->text, &n))
		expected(p);
	else if (in_range(p, n, 0, UINT32_MAX))
		*MEMBER(p, uint32_t) = (uint32_t)n;
}

static void read_seconds(const struct place *p)
{
	int64_t n;

	if (!is_scalar(p))
		return;
	if (!value_seconds(p->tree->text, &n))
		expected(p);
	else if (p->key->type == VALUE_OFFSET && in_range(p, n, INT32_MIN, INT32_MAX))
		*MEMBER(p, int32_t) = (int32_t)n;
	else if (p->key->type == VALUE_SECONDS && in_range(p, n, 0, UINT32_MAX))
		*MEMBER(p, uint32_t) = (uint32_t)n;
}

static void read_bool(const struct place *p)
{
	if (is_scalar(p) && !value_bool(p->tree->text, MEMBER(p, bool)))
		expected(p);
}

static void read_text(const struct place *p)
{
	size_t most = p->key->most ? (size_t)p->key->most : MESSAGE_KEY_MAX;

	if (!is_scalar(p))
		return;
	if (p->tree->text.n > most)
		WRONG(p, p->tree, "%s in %s: %zu bytes, at most %zu", p->key->name, p->what,
			p->tree->text.n, most);
	*MEMBER(p, struct slice) = p->tree->text;
}

static void read_name(const struct place *p)
{
	if (!is_scalar(p))
		return;
	if (!value_is_name(p->tree->text))
		expected(p);
	*MEMBER(p, struct slice) = p->tree->text;
}

static void one_of(const struct place *p, struct suggest *s, struct str *list, struct slice word)
{
	suggest_add(s, word);
	if (list->n)
		str_add_text(list, ", ");
	str_add(list, word);
	(void)p;
}

/* A choice is kept as its text, or as a bool that says the second of two (durability). */
static void read_choice(const struct place *p)
{
	struct slice rest = slice_of(p->key->choices);
	struct suggest s = suggest_for(p->tree->text);
	struct str list = { 0 };
	bool second = false, found = false;
	char hint[128];

	if (!is_scalar(p))
		return;
	for (size_t i = 0; rest.p; i++) {
		struct slice word = slice_cut(&rest, ' ');
		one_of(p, &s, &list, word);
		if (slice_equal(word, p->tree->text)) {
			found = true;
			second = i == 1;
		}
	}
	if (!found)
		WRONG(p, p->tree, "%s in %s: '%.*s' is none of %s%s", p->key->name, p->what,
			SLICE_ARG(p->tree->text), list.p, suggest_text(&s, hint));
	else if (p->key->at == offsetof(struct config, durability_relaxed))
		*MEMBER(p, bool) = second;
	else
		*MEMBER(p, struct slice) = p->tree->text;
	str_free(&list);
}

static void read_word(const struct place *p)
{
	struct suggest s = suggest_for(p->tree->text);
	struct str list = { 0 };
	char hint[128];

	if (!is_scalar(p))
		return;
	uint32_t word = word_parse(p->key->words, p->tree->text);
	for (size_t i = 1; p->key->words[i]; i++)
		one_of(p, &s, &list, slice_of(p->key->words[i]));
	if (!word)
		WRONG(p, p->tree, "%s in %s: '%.*s' is none of %s%s", p->key->name, p->what,
			SLICE_ARG(p->tree->text), list.p, suggest_text(&s, hint));
	*MEMBER(p, uint32_t) = word;
	str_free(&list);
}

static void read_address(const struct place *p)
{
	struct address address;
	struct err err;

	if (!is_scalar(p))
		return;
	if (address_parse(p->tree->text.p, &address, &err) != 0)
		WRONG(p, p->tree, "%s in %s: %s", p->key->name, p->what, err.text);
	else if (address.kind == ADDRESS_NAME)
		WRONG(p, p->tree, "%s in %s: expected a numeric address (127.0.0.1:8080)",
			p->key->name, p->what);
	*MEMBER(p, struct slice) = p->tree->text;
}

static void read_url(const struct place *p)
{
	struct slice url = is_scalar(p) ? p->tree->text : SLICE("http://-");

	if (!slice_starts(url, SLICE("http://")) && !slice_starts(url, SLICE("https://")))
		expected(p);
	while (slice_ends(url, SLICE("/")))
		url.n--;
	*MEMBER(p, struct slice) = arena_copy(arena_of(p), url);
}

static void read_redis(const struct place *p)
{
	struct slice t = is_scalar(p) ? p->tree->text : SLICE("managed");

	if (!slice_is(t, "managed") && !slice_starts(t, SLICE("unix:/")) &&
		!slice_starts(t, SLICE("redis://")) && !slice_starts(t, SLICE("rediss://")))
		expected(p);
	*MEMBER(p, struct slice) = t;
}

static void read_texts(const struct place *p)
{
	struct slice *list = NULL;
	size_t n = 0;

	if (p->tree->kind == TREE_SCALAR && p->tree->text.n) {
		list = arena_alloc(arena_of(p), sizeof(*list));
		list[n++] = p->tree->text;
	} else if (is_kind(p, TREE_LIST)) {
		list = arena_array(arena_of(p), p->tree->count + 1, sizeof(*list));
		for (size_t i = 0; i < p->tree->count; i++) {
			const struct tree *item = p->tree->items[i];
			if (item->kind != TREE_SCALAR || !item->text.n)
				WRONG(p, item, "%s in %s: expected a text", p->key->name, p->what);
			else
				list[n++] = item->text;
		}
	}
	*MEMBER(p, struct slice *) = list;
	*ALSO(p, size_t) = n;
}

static struct skill *skills_of(const struct place *p, size_t *count)
{
	enum { LEVEL_MAX = 100 };

	*count = 0;
	if (p->tree->empty || !is_kind(p, TREE_MAP))
		return NULL;
	struct skill *list = arena_array(arena_of(p), p->tree->count + 1, sizeof(*list));
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *name = p->tree->pairs[i].key, *level = p->tree->pairs[i].value;
		uint64_t n = 0;
		if (!value_is_skill(name->text))
			WRONG(p, name, "'%.*s' in %s of %s: expected a name (a-z 0-9 _ - : .)",
				SLICE_ARG(name->text), p->key->name, p->what);
		else if (level->kind != TREE_SCALAR || !slice_u64(level->text, &n) || n > LEVEL_MAX)
			WRONG(p, level, "level of '%.*s' in %s of %s: expected 0 to 100",
				SLICE_ARG(name->text), p->key->name, p->what);
		else
			list[(*count)++] = (struct skill){ name->text, (uint8_t)n };
	}
	if (*count > SKILLS_MAX)
		WRONG(p, p->tree, "%s in %s: %zu skills, at most %d", p->key->name, p->what, *count,
			SKILLS_MAX);
	return list;
}

static void read_skills(const struct place *p)
{
	*MEMBER(p, struct skill *) = skills_of(p, ALSO(p, size_t));
}

static void read_skill_text(const struct place *p)
{
	struct str text = { 0 };
	size_t count;
	struct skill *list = skills_of(p, &count);

	for (size_t i = 0; i < count; i++)
		skills_add(&text, list[i].name, list[i].level);
	*MEMBER(p, struct slice) = arena_copy(arena_of(p), str_slice(&text));
	str_free(&text);
}

static void read_pair(const struct place *p)
{
	if (p->tree->kind != TREE_MAP || p->tree->count != 1 ||
		p->tree->pairs[0].value->kind != TREE_SCALAR) {
		expected(p);
		return;
	}
	*MEMBER(p, struct slice) = p->tree->pairs[0].key->text;
	*ALSO(p, struct slice) = p->tree->pairs[0].value->text;
}

static void flatten(
	const struct place *p, const struct tree *t, struct slice name, struct option *out)
{
	struct arena *a = arena_of(p);
	size_t *n = ALSO(p, size_t);

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
static void read_options(const struct place *p)
{
	if (p->tree->empty || !is_kind(p, TREE_MAP))
		return;
	struct option *out = arena_array(arena_of(p), p->tree->weight, sizeof(*out));
	*MEMBER(p, struct option *) = out;
	flatten(p, p->tree, SLICE(""), out);
}

/* The things of that name that were read before; NULL and a problem when there is none. */
#define REFER(p, list, count, noun)                                                                \
	struct suggest s = suggest_for((p)->tree->text);                                           \
	char hint[128];                                                                            \
	if (!is_scalar(p))                                                                         \
		return;                                                                            \
	for (size_t i = 0; i < (count); i++) {                                                     \
		suggest_add(&s, (list)[i].name);                                                   \
		if (slice_equal((list)[i].name, (p)->tree->text)) {                                \
			found = &(list)[i];                                                        \
			break;                                                                     \
		}                                                                                  \
	}                                                                                          \
	if (!found)                                                                                \
	WRONG(p, (p)->tree, "%s in %s: there is no " noun " '%.*s'%s", (p)->key->name, (p)->what,  \
		SLICE_ARG((p)->tree->text), suggest_text(&s, hint))

static void read_kind(const struct place *p)
{
	struct kind *found = NULL;
	REFER(p, p->l->config->kinds, p->l->config->kind_count, "kind");
	*MEMBER(p, struct kind *) = found;
}

static void read_queue(const struct place *p)
{
	struct queue *found = NULL;
	REFER(p, p->l->config->queues, p->l->config->queue_count, "queue");
	*MEMBER(p, struct queue *) = found;
}

static void read_calendar(const struct place *p)
{
	struct calendar *found = NULL;
	REFER(p, p->l->config->calendars, p->l->config->calendar_count, "calendar");
	*MEMBER(p, struct calendar *) = found;
}

static void read_channel(const struct place *p)
{
	struct channel *found = NULL;
	REFER(p, p->l->config->channels, p->l->config->channel_count, "channel");
	*MEMBER(p, struct slice) = p->tree->text;
}

static void read_section(const struct place *p)
{
	if (p->tree->empty)
		section_read(p->l, &nothing, p->key->sub, p->target, p->what);
	else if (is_kind(p, TREE_MAP))
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
	if (p->tree->empty || !is_kind(p, TREE_MAP))
		return;
	char *list = arena_array(arena_of(p), p->tree->count + 1, p->key->size);
	*MEMBER(p, void *) = list;
	*ALSO(p, size_t) = p->tree->count;
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *name = p->tree->pairs[i].key, *value = p->tree->pairs[i].value;
		char what[WHAT_MAX];
		char *element = list + i * p->key->size;
		name_what(what, p->key, name->text);
		/* The name is the first member of each of them. */
		*(struct slice *)(void *)element = name->text;
		if (!value_is_name(name->text))
			WRONG(p, name, "%s: expected a name (a-z 0-9 _ -, at most %d)", what,
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
			WRONG(p, value, "%s: expected a map", what);
	}
}

static void read_list(const struct place *p)
{
	if (p->tree->empty || !is_kind(p, TREE_LIST))
		return;
	char *list = arena_array(arena_of(p), p->tree->count + 1, p->key->size);
	*MEMBER(p, void *) = list;
	*ALSO(p, size_t) = p->tree->count;
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *item = p->tree->items[i];
		char what[WHAT_MAX];
		snprintf(what, sizeof(what), "%s[%zu]", p->key->name, i);
		if (item->kind == TREE_MAP)
			section_read(p->l, item, p->key->sub, list + i * p->key->size, what);
		else
			WRONG(p, item, "%s: expected a map", what);
	}
}

static void read_calendars(const struct place *p)
{
	struct config *c = p->l->config;

	if (p->tree->empty || !is_kind(p, TREE_MAP))
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
			WRONG(p, name, "%s: expected a name (a-z 0-9 _ -, at most %d)", what,
				NAME_MAX_LEN);
		if (value->kind != TREE_MAP) {
			WRONG(p, value, "%s: expected a map", what);
			continue;
		}
		section_read(p->l, value, SECTION_CALENDAR, &spec, what);
		if (spec.hours)
			hours_expand(p->l, &spec, &c->calendars[i]);
	}
}

/* Stages: the first is the queue's own skills; there is one even when it asks for nothing. */
static struct stage *stages_of(const struct place *p, struct queue *q)
{
	if (!q->stages) {
		q->stages = arena_array(arena_of(p), STAGES_MAX + 1, sizeof(*q->stages));
		q->stage_count = 1;
	}
	return q->stages;
}

static void read_first_stage(const struct place *p)
{
	struct stage *stages = stages_of(p, (struct queue *)(void *)p->target);

	p->l->first_stage_line = p->tree->line;
	stages[0].need = skills_of(p, &stages[0].need_count);
}

/* Each later stage must admit everybody whom the one before admits. */
static void check_widens(const struct place *p, const struct stage *before,
	const struct stage *stage, const struct tree *at, unsigned line_before)
{
	for (size_t i = 0; i < stage->need_count; i++) {
		const struct skill *need = &stage->need[i], *had = NULL;
		for (size_t j = 0; j < before->need_count; j++)
			if (slice_equal(before->need[j].name, need->name))
				had = &before->need[j];
		if (!had)
			WRONG(p, at,
				"stage after %us of %s requires '%.*s', which the stage "
				"before it (line %u) does not: a stage only widens",
				stage->after_s, p->what, SLICE_ARG(need->name), line_before);
		else if (had->level < need->level)
			WRONG(p, at,
				"stage after %us of %s requires '%.*s' at %u, the stage "
				"before it (line %u) only at %u: a stage only widens",
				stage->after_s, p->what, SLICE_ARG(need->name), need->level,
				line_before, had->level);
	}
	if (stage->after_s <= before->after_s)
		WRONG(p, at,
			"stage after %us of %s comes after that of %us (line %u): put them "
			"in order",
			stage->after_s, p->what, before->after_s, line_before);
}

static void read_stages(const struct place *p)
{
	struct queue *q = (struct queue *)(void *)p->target;
	struct stage *stages = stages_of(p, q);
	unsigned line_before = p->l->first_stage_line;

	if (p->tree->empty || !is_kind(p, TREE_LIST))
		return;
	if (p->tree->count >= STAGES_MAX) {
		WRONG(p, p->tree, "relax in %s: %zu stages, at most %d", p->what, p->tree->count,
			STAGES_MAX - 1);
		return;
	}
	for (size_t i = 0; i < p->tree->count; i++) {
		const struct tree *item = p->tree->items[i];
		struct stage *stage = &stages[q->stage_count];
		size_t problems = p->l->problems.count;
		if (item->kind != TREE_MAP) {
			WRONG(p, item, "relax in %s: expected a map", p->what);
			continue;
		}
		section_read(p->l, item, SECTION_RELAX, stage, p->what);
		if (p->l->problems.count == problems)
			check_widens(p, stage - 1, stage, item, line_before);
		q->stage_count++;
		line_before = item->line;
	}
}

static void read_value(const struct place *p)
{
	switch (p->key->type) {
	case VALUE_TEXT:
		read_text(p);
		return;
	case VALUE_NAME:
		read_name(p);
		return;
	case VALUE_NUMBER:
		read_number(p);
		return;
	case VALUE_SECONDS:
	case VALUE_OFFSET:
		read_seconds(p);
		return;
	case VALUE_BOOL:
		read_bool(p);
		return;
	case VALUE_CHOICE:
		read_choice(p);
		return;
	case VALUE_WORD:
		read_word(p);
		return;
	case VALUE_ADDRESS:
		read_address(p);
		return;
	case VALUE_URL:
		read_url(p);
		return;
	case VALUE_REDIS:
		read_redis(p);
		return;
	case VALUE_TEXTS:
		read_texts(p);
		return;
	case VALUE_SKILLS:
		read_skills(p);
		return;
	case VALUE_SKILL_TEXT:
		read_skill_text(p);
		return;
	case VALUE_PAIR:
		read_pair(p);
		return;
	case VALUE_OPTIONS:
		read_options(p);
		return;
	case VALUE_TREE:
		*MEMBER(p, const struct tree *) = p->tree;
		return;
	case VALUE_KIND:
		read_kind(p);
		return;
	case VALUE_QUEUE:
		read_queue(p);
		return;
	case VALUE_CALENDAR:
		read_calendar(p);
		return;
	case VALUE_CHANNEL:
		read_channel(p);
		return;
	case VALUE_FIRST_STAGE:
		read_first_stage(p);
		return;
	case VALUE_STAGES:
		read_stages(p);
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
				SLICE_ARG(key->text), what, suggest_text(&near, hint));
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
