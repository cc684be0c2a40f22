/*
 * Checks options against a plugin's table: unknown keys (with a guess at what was meant), types, ranges, what is missing.
 * Knows nothing of any plugin. Called by channel.c when a channel is opened and by check.c for `usherd -t`.
 */
#include "host/options.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "model/limits.h"

struct reading {
	struct options *o;
	const struct usher_option *table;
	options_problem_fn *problem;
	void *arg;
	size_t problems;
	const struct usher_option *misshapen; /* told of already: once, not for each item */
};

__attribute__((format(printf, 4, 5))) static void say(
	struct reading *r, unsigned line, unsigned col, const char *format, ...)
{
	struct str text = { 0 };
	va_list ap;

	va_start(ap, format);
	str_addv(&text, format, ap);
	va_end(ap);
	r->problems++;
	if (r->problem)
		r->problem(r->arg, line, col, text.p);
	str_free(&text);
}

/* ---- keys ---- */

static bool is_index(struct slice part)
{
	uint64_t n;

	return part.n < 5 && slice_u64(part, &n);
}

/* True when the key is what the pattern says; *group is then its length up to and with the index, 0 when it has none. */
static bool key_matches(const char *pattern, struct slice key, size_t *group)
{
	struct slice want = slice_of(pattern), have = key;

	*group = 0;
	while (want.p && have.p) {
		struct slice w = slice_cut(&want, '.'), k = slice_cut(&have, '.');
		if (slice_is(w, "*")) {
			if (!is_index(k))
				return false;
			if (!*group)
				*group = (size_t)(k.p + k.n - key.p);
		} else if (!slice_equal(w, k)) {
			return false;
		}
	}
	return !want.p && !have.p;
}

static const struct usher_option *find(const struct usher_option *table, struct slice key)
{
	size_t group;

	for (; table->key; table++)
		if (key_matches(table->key, key, &group))
			return table;
	return NULL;
}

/* Levenshtein distance of two short words; more than 32 bytes are never alike. */
static size_t distance(struct slice a, struct slice b)
{
	size_t row[33];

	if (a.n > 32 || b.n > 32)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t same = corner + (a.p[i - 1] != b.p[j - 1]);
			corner = row[j];
			row[j] = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			row[j] = same < row[j] ? same : row[j];
		}
	}
	return row[b.n];
}

static const char *meant(const struct usher_option *table, struct slice key)
{
	const char *best = NULL;
	size_t least = 4;

	for (; table->key; table++) {
		size_t d = distance(slice_of(table->key), key);
		if (d < least && d < key.n) {
			least = d;
			best = table->key;
		}
	}
	return best;
}

enum shape { SHAPE_UNLIKE, SHAPE_VALUE, SHAPE_LIST, SHAPE_GROUP };

/*
 * What the pattern has where the key stops being like it. *name is what both begin with, *members what the pattern says of each item of the
 * list, or of the group.
 */
static enum shape shape_of(
	const char *pattern, struct slice key, struct slice *name, struct slice *members)
{
	struct slice have = key, w;
	bool star = false;

	*members = slice_of(pattern);
	for (*name = slice_make(key.p, 0); members->p && have.p;) {
		struct slice k = slice_cut(&have, '.');
		w = slice_cut(members, '.');
		star = slice_is(w, "*");
		if (star && !is_index(k))
			return name->n ? SHAPE_LIST : SHAPE_UNLIKE;
		if (!star && !slice_equal(w, k))
			return SHAPE_UNLIKE;
		name->n = (size_t)(k.p + k.n - key.p);
	}
	if (have.p)
		return SHAPE_VALUE;
	if (!members->p)
		return SHAPE_UNLIKE;
	if (*members->p != '*')
		return SHAPE_GROUP;
	slice_cut(members, '.');
	return SHAPE_LIST;
}

/* A list given as one text, a text as a list, items without their dashes: the name is right, which a guess would only repeat. */
static bool say_shape(struct reading *r, const struct option *g)
{
	struct str all = { 0 };
	struct slice name, members, n, m;
	const struct usher_option *t = r->table;
	enum shape shape = SHAPE_UNLIKE;

	while (t->key && (shape = shape_of(t->key, g->name, &name, &members)) == SHAPE_UNLIKE)
		t++;
	if (shape == SHAPE_UNLIKE)
		return false;
	if (r->misshapen == t) {
		r->problems++;
		return true;
	}
	r->misshapen = t;
	for (const struct usher_option *o = t; o->key && shape != SHAPE_VALUE; o++)
		if (shape_of(o->key, name, &n, &m) == shape && m.p)
			str_addf(&all, "%s%.*s", all.n ? ", " : "", SLICE_ARG(m));
	say(r, g->line, g->col, "option \"%.*s\" is %s%s", SLICE_ARG(name),
		shape == SHAPE_VALUE   ? "one value, not a list or a group: "
		: shape == SHAPE_GROUP ? "a group with "
		: all.n		       ? "a list, each item with "
				       : "a list: [one, two]",
		shape == SHAPE_VALUE ? t->help ? t->help : "a text"
		: all.n		     ? all.p
				     : "");
	str_free(&all);
	return true;
}

static void say_unknown(struct reading *r, const struct option *g)
{
	const char *guess = meant(r->table, g->name);
	struct str all = { 0 };

	if (say_shape(r, g))
		return;
	if (guess) {
		say(r, g->line, g->col, "unknown option \"%.*s\", did you mean \"%s\"?",
			SLICE_ARG(g->name), guess);
		return;
	}
	for (const struct usher_option *t = r->table; t->key; t++)
		str_addf(&all, "%s%s", all.n ? ", " : "", t->key);
	say(r, g->line, g->col, "unknown option \"%.*s\"; there are: %s", SLICE_ARG(g->name),
		all.n ? all.p : "none");
	str_free(&all);
}

/* ---- values ---- */

static bool is_choice(const char *choices, struct slice value)
{
	for (struct slice rest = slice_of(choices); rest.p;)
		if (slice_equal(slice_cut(&rest, '|'), value))
			return true;
	return false;
}

static const char *truth(struct slice v)
{
	if (slice_is(v, "yes") || slice_is(v, "true") || slice_is(v, "on"))
		return "yes";
	if (slice_is(v, "no") || slice_is(v, "false") || slice_is(v, "off"))
		return "no";
	return NULL;
}

static void keep(struct options *o, struct slice key, struct slice value)
{
	free(map_put(&o->values, key, slice_dup(value)));
}

static void take_number(struct reading *r, const struct usher_option *t, const struct option *g)
{
	int64_t n;

	if (!slice_i64(g->value, &n))
		say(r, g->line, g->col, "%.*s: \"%.*s\" is not a whole number", SLICE_ARG(g->name),
			SLICE_ARG(g->value));
	else if ((t->least || t->most) && (n < t->least || n > t->most))
		say(r, g->line, g->col, "%.*s: %lld is not within %lld..%lld", SLICE_ARG(g->name),
			(long long)n, (long long)t->least, (long long)t->most);
	else
		keep(r->o, g->name, g->value);
}

static void take_text(struct reading *r, const struct usher_option *t, const struct option *g)
{
	size_t most = t->most > 0 ? (size_t)t->most : OPTION_TEXT_MAX;

	if (g->value.n > most)
		say(r, g->line, g->col, "%.*s: %zu bytes, at most %zu are taken",
			SLICE_ARG(g->name), g->value.n, most);
	else if (t->least > 0 && g->value.n < (size_t)t->least)
		say(r, g->line, g->col, "%.*s: %zu bytes, at least %lld are needed",
			SLICE_ARG(g->name), g->value.n, (long long)t->least);
	else
		keep(r->o, g->name, g->value);
}

static void take(struct reading *r, const struct usher_option *t, const struct option *g)
{
	switch (t->type) {
	case USHER_NUMBER:
		take_number(r, t, g);
		break;
	case USHER_BOOL:
		if (truth(g->value))
			keep(r->o, g->name, slice_of(truth(g->value)));
		else
			say(r, g->line, g->col, "%.*s: \"%.*s\" is neither yes nor no",
				SLICE_ARG(g->name), SLICE_ARG(g->value));
		break;
	case USHER_CHOICE:
		if (is_choice(t->choices, g->value))
			keep(r->o, g->name, g->value);
		else
			say(r, g->line, g->col, "%.*s: \"%.*s\" is none of %s", SLICE_ARG(g->name),
				SLICE_ARG(g->value), t->choices);
		break;
	case USHER_TEXT:
		take_text(r, t, g);
		break;
	}
}

/* ---- what was not given ---- */

static const struct option *given_at(const struct option *given, size_t count, struct slice key)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(given[i].name, key))
			return &given[i];
	return NULL;
}

static void fill(struct reading *r, const struct usher_option *t, struct slice key, unsigned line,
	unsigned col)
{
	if (!t->fallback)
		say(r, line, col, "option \"%.*s\" is missing: %s", SLICE_ARG(key),
			t->help ? t->help : "it is required");
	else
		keep(r->o, key, slice_of(t->fallback));
}

/* The key of `pattern` for the same group as `key` ("fields.3.name" → "fields.3.type"), when it has the same beginning. */
static bool sibling(const char *pattern, struct slice key, size_t group, struct str *out)
{
	const char *star = strchr(pattern, '*');
	struct slice prefix = slice_make(key.p, group);
	size_t same = 0;

	str_clear(out);
	if (!star || strchr(star + 1, '*'))
		return false;
	while (prefix.n > same && prefix.p[prefix.n - 1 - same] != '.')
		same++;
	if (!slice_equal(slice_make(pattern, (size_t)(star - pattern)),
		    slice_make(prefix.p, prefix.n - same)))
		return false;
	str_add(out, prefix);
	str_add_text(out, star + 1);
	return true;
}

static void fill_groups(
	struct reading *r, const struct option *given, size_t count, const struct option *g)
{
	size_t group;
	struct str key = { 0 };
	const struct usher_option *own = find(r->table, g->name);

	if (!own || !key_matches(own->key, g->name, &group) || !group)
		return;
	for (const struct usher_option *t = r->table; t->key; t++)
		if (sibling(t->key, g->name, group, &key) &&
			!map_get(&r->o->values, str_slice(&key)) &&
			!given_at(given, count, str_slice(&key))) {
			fill(r, t, str_slice(&key), g->line, g->col);
			if (!t->fallback) /* told once for each group */
				keep(r->o, str_slice(&key), SLICE(""));
		}
	str_free(&key);
}

size_t options_read(struct options *o, const struct usher_option *table, const struct option *given,
	size_t count, unsigned line, options_problem_fn *problem, void *arg)
{
	struct reading r = { .o = o, .table = table, .problem = problem, .arg = arg };

	for (size_t i = 0; i < count; i++) {
		const struct usher_option *t = find(table, given[i].name);
		if (t)
			take(&r, t, &given[i]);
		else
			say_unknown(&r, &given[i]);
	}
	for (const struct usher_option *t = table; t->key; t++)
		if (!strchr(t->key, '*') && !given_at(given, count, slice_of(t->key)))
			fill(&r, t, slice_of(t->key), line, 0);
	for (size_t i = 0; i < count; i++)
		fill_groups(&r, given, count, &given[i]);
	return r.problems;
}

struct slice options_get(const struct options *o, const char *key)
{
	return slice_of(map_get(&o->values, slice_of(key)));
}

void options_free(struct options *o)
{
	struct map_entry e;

	for (size_t i = 0; map_next(&o->values, &i, &e);)
		free(e.value);
	map_free(&o->values);
}

uint64_t options_hash(const struct option *given, size_t count)
{
	struct str all = { 0 };

	for (size_t i = 0; i < count; i++) {
		str_add_u64(&all, given[i].name.n);
		str_add(&all, given[i].name);
		str_add_u64(&all, given[i].value.n);
		str_add(&all, given[i].value);
	}
	uint64_t hash = slice_hash(str_slice(&all));
	str_free(&all);
	return hash;
}
