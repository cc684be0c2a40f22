/*
 * A model file to a struct model: every key is in a table here and read by its kind; whatever is not in the tables is
 * refused with its place and the key that was probably meant. Never looks at what the engine can do (center.c does).
 */
#include "model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/tree.h"
#include "model/limits.h"

enum key_kind {
	KEY_NAME,     /* struct slice */
	KEY_POSITIVE, /* double above 0 */
	KEY_SECONDS,  /* double, 0 or more */
	KEY_WHOLE,    /* uint32_t, 1 or more */
	KEY_LIMIT,    /* uint32_t, 0 or more */
	KEY_COUNT,    /* size_t, 1 or more */
	KEY_STRATEGY, /* enum strategy */
	KEY_SKILLS,   /* struct skill *, and the count right behind it */
	KEY_NUMBERS,  /* struct model_number *; the count at `count` */
	KEY_HOLD,     /* the same, with the word `pool` among the segments */
};
struct key {
	const char *name;
	enum key_kind kind;
	bool required;
	size_t at, count;
};

#define T(member) offsetof(struct model_type, member)
#define G(member) offsetof(struct model_group, member)
#define M(member) offsetof(struct model, member)
static const struct key type_keys[] = {
	{ "name", KEY_NAME, true, T(name), 0 },
	{ "rate_per_h", KEY_POSITIVE, true, T(rate_per_h), 0 },
	{ "requires", KEY_SKILLS, false, T(requires), T(require_count) },
	{ "segment", KEY_NAME, false, T(segment), 0 },
	{ "patience_s", KEY_SECONDS, false, T(patience_s), 0 },
	{ "service_mean_s", KEY_POSITIVE, false, T(service_mean_s), 0 },
	{ "units", KEY_WHOLE, false, T(units), 0 },
	{ NULL, KEY_NAME, false, 0, 0 },
};
static const struct key group_keys[] = {
	{ "name", KEY_NAME, true, G(name), 0 },
	{ "count", KEY_COUNT, true, G(count), 0 },
	{ "skills", KEY_SKILLS, true, G(skills), G(skill_count) },
	{ "service_mean_s", KEY_POSITIVE, false, G(service_mean_s), 0 },
	{ "units", KEY_WHOLE, false, G(units), 0 },
	{ NULL, KEY_NAME, false, 0, 0 },
};
static const struct key policy_keys[] = {
	{ "strategy", KEY_STRATEGY, false, M(strategy), 0 },
	{ "offsets_s", KEY_NUMBERS, false, M(offsets_s), M(offset_count) },
	{ "lanes", KEY_NUMBERS, false, M(lanes), M(lane_count) },
	{ "hold_back", KEY_HOLD, false, M(hold_back), M(hold_count) },
	{ "hold_max_s", KEY_LIMIT, false, M(hold_max_s), 0 },
	{ NULL, KEY_NAME, false, 0, 0 },
};
#undef T
#undef G
#undef M

struct reader {
	struct model *m;
	struct arena *arena;
	struct problems p;
};

#define WRONG(r, t, ...) problem_at(&(r)->p, (t)->line, (t)->col, __VA_ARGS__)

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return s.n > 0 && s.n <= NAME_MAX_LEN;
}

static bool read_name(struct reader *r, const struct tree *t, struct slice *out)
{
	/* Agents are GROUP-00000. */
	if (t->kind != TREE_SCALAR || !is_name(t->text) || t->text.n > NAME_MAX_LEN - 6) {
		WRONG(r, t, "expected a name: a-z 0-9 _ -, at most %d", NAME_MAX_LEN - 6);
		return false;
	}
	*out = t->text;
	return true;
}

static bool read_number(
	struct reader *r, const struct tree *t, double least, double most, double *out)
{
	char *end = NULL;
	double v = 0;

	if (t->kind == TREE_SCALAR && t->text.n &&
		strspn(t->text.p, "0123456789+-.eE") == t->text.n)
		v = strtod(t->text.p, &end);
	if (!end || end == t->text.p || *end || !isfinite(v) || v < least || v > most) {
		WRONG(r, t, "expected a number from %g to %g", least, most);
		return false;
	}
	*out = v;
	return true;
}

static bool read_whole(
	struct reader *r, const struct tree *t, uint64_t least, uint64_t most, uint64_t *out)
{
	if (t->kind == TREE_SCALAR && slice_u64(t->text, out) && *out >= least && *out <= most)
		return true;
	WRONG(r, t, "expected a whole number from %llu to %llu", (unsigned long long)least,
		(unsigned long long)most);
	return false;
}

/* The pairs of a map; NULL after a problem. */
static const struct tree *read_map(struct reader *r, const struct tree *t, const char *of)
{
	if (t->kind == TREE_MAP)
		return t;
	WRONG(r, t, "expected {%s}", of);
	return NULL;
}

static void read_skills(struct reader *r, const struct tree *t, struct skill **out, size_t *count)
{
	uint64_t level = 0;

	if (!read_map(r, t, "SKILL: LEVEL, ..."))
		return;
	if (t->count > SKILLS_MAX) {
		WRONG(r, t, "at most %d skills", SKILLS_MAX);
		return;
	}
	*out = arena_array(r->arena, t->count + 1, sizeof(**out));
	for (size_t i = 0; i < t->count; i++)
		if (read_name(r, t->pairs[i].key, &(*out)[*count].name) &&
			read_whole(r, t->pairs[i].value, 0, 100, &level))
			(*out)[(*count)++].level = (uint8_t)level;
}

static void read_numbers(struct reader *r, const struct tree *t, const struct key *k)
{
	struct model *m = r->m;
	struct model_number **out = (struct model_number **)(void *)((char *)m + k->at);
	size_t *count = (size_t *)(void *)((char *)m + k->count);
	bool hold = k->kind == KEY_HOLD, offsets = slice_is(SLICE("offsets_s"), k->name);

	if (!read_map(r, t, hold ? "pool: NAME, SEGMENT: NUMBER, ..." : "SEGMENT: NUMBER, ..."))
		return;
	*out = arena_array(r->arena, t->count + 1, sizeof(**out));
	for (size_t i = 0; i < t->count; i++) {
		const struct tree *key = t->pairs[i].key, *value = t->pairs[i].value;
		struct model_number *n = &(*out)[*count];

		n->line = key->line;
		n->col = key->col;
		if (hold && slice_is(key->text, "pool")) {
			read_name(r, value, &m->hold_pool);
			continue;
		}
		if (read_name(r, key, &n->segment) &&
			read_number(r, value, offsets ? -2e9 : 0, 2e9, &n->value))
			(*count)++;
		if (n->value != floor(n->value) && (hold || offsets))
			WRONG(r, value, "expected a whole number");
	}
}

static void read_strategy(struct reader *r, const struct tree *t, enum strategy *out)
{
	struct suggest s = suggest_for(t->text);
	char text[128];

	*out = (enum strategy)word_parse(strategy_words, t->text);
	if (*out)
		return;
	for (size_t i = 1; strategy_words[i]; i++)
		suggest_add(&s, slice_of(strategy_words[i]));
	WRONG(r, t, "'%.*s' is no strategy%s", SLICE_ARG(t->text), suggest_text(&s, text));
}

static void read_value(struct reader *r, const struct tree *t, const struct key *k, void *into)
{
	void *at = (char *)into + k->at;
	uint64_t whole;

	switch (k->kind) {
	case KEY_NAME:
		read_name(r, t, at);
		return;
	case KEY_POSITIVE:
		read_number(r, t, 1e-6, 1e9, at);
		return;
	case KEY_SECONDS:
		read_number(r, t, 0, 1e9, at);
		return;
	case KEY_WHOLE:
	case KEY_LIMIT:
		if (read_whole(r, t, k->kind == KEY_WHOLE, 1000000, &whole))
			*(uint32_t *)at = (uint32_t)whole;
		return;
	case KEY_COUNT:
		if (read_whole(r, t, 1, MODEL_AGENTS_MAX, &whole))
			*(size_t *)at = whole;
		return;
	case KEY_STRATEGY:
		read_strategy(r, t, at);
		return;
	case KEY_SKILLS:
		read_skills(r, t, at, (size_t *)(void *)((char *)into + k->count));
		return;
	case KEY_NUMBERS:
	case KEY_HOLD:
		read_numbers(r, t, k);
		return;
	}
}

static void unknown_key(
	struct reader *r, const struct tree *key, const char *const *names, const char *where)
{
	struct suggest s = suggest_for(key->text);
	char text[128];

	for (; *names; names++)
		suggest_add(&s, slice_of(*names));
	WRONG(r, key, "unknown key '%.*s' of %s%s", SLICE_ARG(key->text), where,
		suggest_text(&s, text));
}

static void read_keys(struct reader *r, const struct tree *t, const struct key *keys, void *into,
	const char *where)
{
	const char *names[16];
	size_t n = 0;

	if (!read_map(r, t, "KEY: VALUE, ..."))
		return;
	for (const struct key *k = keys; k->name; k++) {
		names[n++] = k->name;
		if (k->required && !tree_get(t, k->name))
			WRONG(r, t, "%s has no '%s'", where, k->name);
	}
	names[n] = NULL;
	for (size_t i = 0; i < t->count; i++) {
		const struct key *k = keys;

		while (k->name && !slice_is(t->pairs[i].key->text, k->name))
			k++;
		if (k->name)
			read_value(r, t->pairs[i].value, k, into);
		else
			unknown_key(r, t->pairs[i].key, names, where);
	}
}

static bool read_list(struct reader *r, const struct tree *t, const char *what, size_t most)
{
	if (t->kind == TREE_LIST && t->count > 0 && t->count <= most)
		return true;
	WRONG(r, t, "expected a list of %s, 1 to %zu of them", what, most);
	return false;
}

static void read_types(struct reader *r, const struct tree *list)
{
	struct model *m = r->m;

	if (!read_list(r, list, "types", MODEL_TYPES_MAX))
		return;
	m->types = arena_array(r->arena, list->count, sizeof(*m->types));
	for (; m->type_count < list->count; m->type_count++) {
		struct model_type *t = &m->types[m->type_count];

		t->service_mean_s = MODEL_SERVICE_MEAN_S;
		t->patience_s = -1;
		t->units = MODEL_UNITS;
		read_keys(r, list->items[m->type_count], type_keys, t, "a type");
		if (!t->segment.n)
			t->segment = t->name;
		for (size_t i = 0; i < m->type_count; i++)
			if (slice_equal(m->types[i].name, t->name))
				WRONG(r, list->items[m->type_count], "a second type '%.*s'",
					SLICE_ARG(t->name));
	}
}

static void read_groups(struct reader *r, const struct tree *list)
{
	struct model *m = r->m;
	size_t agents = 0;

	if (!read_list(r, list, "groups of agents", MODEL_GROUPS_MAX))
		return;
	m->groups = arena_array(r->arena, list->count, sizeof(*m->groups));
	for (; m->group_count < list->count; m->group_count++) {
		struct model_group *g = &m->groups[m->group_count];

		g->units = MODEL_UNITS;
		read_keys(r, list->items[m->group_count], group_keys, g, "a group of agents");
		agents += g->count;
		for (size_t i = 0; i < m->group_count; i++)
			if (slice_equal(m->groups[i].name, g->name))
				WRONG(r, list->items[m->group_count], "a second group '%.*s'",
					SLICE_ARG(g->name));
	}
	if (agents > MODEL_AGENTS_MAX)
		WRONG(r, list, "%zu agents are too many: at most %d", agents, MODEL_AGENTS_MAX);
}

/* known: {NAME: {MEASURE: VALUE}} */
static void read_known(struct reader *r, const struct tree *t)
{
	struct model *m = r->m;
	size_t most = 0;

	if (!read_map(r, t, "TYPE or GROUP: {MEASURE: VALUE}"))
		return;
	for (size_t i = 0; i < t->count; i++)
		most += t->pairs[i].value->count;
	m->known = arena_array(r->arena, most + 1, sizeof(*m->known));
	for (size_t i = 0; i < t->count; i++) {
		const struct tree *of = t->pairs[i].key, *what = t->pairs[i].value;

		if (!read_map(r, what, "MEASURE: VALUE"))
			continue;
		for (size_t j = 0; j < what->count; j++) {
			struct model_known *k = &m->known[m->known_count++];

			*k = (struct model_known){ of->text, what->pairs[j].key->text, 0,
				what->pairs[j].key->line, what->pairs[j].key->col };
			read_number(r, what->pairs[j].value, -1e12, 1e12, &k->value);
		}
	}
}

static void read_root(struct reader *r, const struct tree *root)
{
	static const char *const sections[] = { "types", "agents", "policy", "known", NULL };

	if (!read_map(r, root, "types: [...], agents: [...], policy: {...}"))
		return;
	for (size_t i = 0; i < root->count; i++) {
		const struct tree *key = root->pairs[i].key, *value = root->pairs[i].value;

		if (slice_is(key->text, "types"))
			read_types(r, value);
		else if (slice_is(key->text, "agents"))
			read_groups(r, value);
		else if (slice_is(key->text, "policy"))
			read_keys(r, value, policy_keys, r->m, "policy");
		else if (slice_is(key->text, "known"))
			read_known(r, value);
		else
			unknown_key(r, key, sections, "a model");
	}
	if (!tree_get(root, "types") || !tree_get(root, "agents"))
		WRONG(r, root, "a model has 'types' and 'agents'");
}

static void check_served(struct reader *r, const struct tree *root)
{
	const struct model *m = r->m;

	for (size_t i = 0; i < m->type_count; i++) {
		const struct model_type *t = &m->types[i];
		bool served = t->patience_s >= 0;

		for (size_t j = 0; j < m->group_count; j++)
			served = served ||
				 (model_serves(&m->groups[j], t) && m->groups[j].units >= t->units);
		if (!served)
			WRONG(r, tree_get(root, "types")->items[i],
				"no agent can serve type '%.*s', and it never leaves",
				SLICE_ARG(t->name));
	}
}

bool model_serves(const struct model_group *g, const struct model_type *t)
{
	for (size_t i = 0; i < t->require_count; i++) {
		size_t j = 0;

		while (j < g->skill_count && !slice_equal(g->skills[j].name, t->requires[i].name))
			j++;
		if (j == g->skill_count || g->skills[j].level < t->requires[i].level)
			return false;
	}
	return true;
}

static int file_read(const char *file, struct str *out)
{
	FILE *f = fopen(file, "rbe");

	if (!f)
		return -errno;
	while (out->n <= TREE_SIZE_MAX) {
		size_t n = fread(str_reserve(out, 65536), 1, 65536, f);

		out->n += n;
		if (!n)
			break;
	}
	int rc = ferror(f) ? -EIO : 0;

	fclose(f);
	return rc;
}

bool model_read(struct model *m, const char *file, struct arena *arena, struct str *problems)
{
	struct reader r = { m, arena, { file, problems, 0 } };
	struct str text = { 0 };
	int rc = file_read(file, &text);

	*m = (struct model){ .file = slice_of(file), .strategy = STRATEGY_LONGEST_IDLE };
	if (rc) {
		str_addf(problems, "%s: %s\n", file, strerror(-rc));
		str_free(&text);
		return false;
	}
	struct tree *root = tree_parse(str_slice(&text), arena, &r.p);

	if (root)
		read_root(&r, root);
	if (root && !r.p.count)
		check_served(&r, root);
	str_free(&text);
	return r.p.count == 0;
}
