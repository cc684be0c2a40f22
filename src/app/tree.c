/*
 * YAML to a tree, by libyaml's events. Everything a stranger could make expensive has a bound: size, depth, nodes
 * with aliases counted as often as they are used (so ten lines cannot become a billion), anchors. Never opens files,
 * knows no key. Called by config.c.
 */
#include "app/tree.h"

#include <yaml.h>

#include "base/utf8.h"

struct anchor {
	struct slice name;
	struct tree *tree;
};
struct builder {
	yaml_parser_t parser;
	struct arena *arena;
	struct problems *problems;
	struct anchor anchors[TREE_ANCHORS_MAX];
	size_t anchor_count, nodes;
	bool failed;
};

static void fail_at(struct builder *b, yaml_mark_t at, const char *what)
{
	problem_at(b->problems, (unsigned)at.line + 1, (unsigned)at.column + 1, "%s", what);
	b->failed = true;
}

/* libyaml says what it did not find; people wonder what they did. */
static const char *yaml_hint(const char *problem)
{
	static const struct {
		const char *problem, *hint;
	} hints[] = {
		{ "found character that cannot start any token", "; indent with blanks, not tabs; "
								 "a text that begins with @, ` or "
								 "% needs quotes" },
		{ "mapping values are not allowed in this context", "; is it indented as the line "
								    "above? A text with a colon "
								    "needs quotes" },
		{ "did not find expected key", "; is it indented as the lines above?" },
		{ "did not find expected '-' indicator", "; is it indented as the lines above?" },
	};

	for (size_t i = 0; problem && i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcmp(problem, hints[i].problem) == 0)
			return hints[i].hint;
	return "";
}

/* The next event; false after a problem, which is reported. */
static bool next(struct builder *b, yaml_event_t *ev)
{
	if (b->failed)
		return false;
	if (yaml_parser_parse(&b->parser, ev))
		return true;
	const yaml_parser_t *p = &b->parser;
	yaml_mark_t at = p->error == YAML_READER_ERROR ? p->mark : p->problem_mark;
	problem_at(b->problems, (unsigned)at.line + 1, (unsigned)at.column + 1, "%s%s%s%s",
		p->problem ? p->problem : "not YAML", p->context ? " " : "",
		p->context ? p->context : "", yaml_hint(p->problem));
	b->failed = true;
	return false;
}

static struct tree *tree_new(struct builder *b, enum tree_kind kind, yaml_mark_t at)
{
	struct tree *t = arena_alloc(b->arena, sizeof(*t));

	t->kind = kind;
	t->line = (unsigned)at.line + 1;
	t->col = (unsigned)at.column + 1;
	t->weight = 1;
	if (++b->nodes > TREE_NODES_MAX)
		fail_at(b, at, "too many nodes: at most 100000 with aliases counted each time");
	return t;
}

static void anchor_put(struct builder *b, const yaml_char_t *name, struct tree *t, yaml_mark_t at)
{
	if (!name)
		return;
	if (b->anchor_count == TREE_ANCHORS_MAX) {
		fail_at(b, at, "too many anchors: at most 256");
		return;
	}
	b->anchors[b->anchor_count++] =
		(struct anchor){ arena_copy(b->arena, slice_of((const char *)name)), t };
}

/* The newest of that name; only whole trees are here, so no tree can hold itself. */
static struct tree *anchor_get(struct builder *b, const yaml_event_t *ev)
{
	struct slice name = slice_of((const char *)ev->data.alias.anchor);

	for (size_t i = b->anchor_count; i-- > 0;) {
		struct tree *t = b->anchors[i].tree;
		if (!slice_equal(b->anchors[i].name, name))
			continue;
		b->nodes += t->weight;
		if (b->nodes > TREE_NODES_MAX)
			fail_at(b, ev->start_mark,
				"too many nodes: at most 100000 with aliases counted each time");
		return t;
	}
	fail_at(b, ev->start_mark, "an alias of what is not complete yet");
	return NULL;
}

static bool name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* ${NAME} or ${NAME:-default} at s.p; returns its length, 0 when it is malformed. */
static size_t environment(struct builder *b, struct slice s, yaml_mark_t at, struct str *out)
{
	size_t end = slice_find(s, '}'), n = 2;
	if (end == s.n)
		return 0;
	while (n < end && name_char(s.p[n]))
		n++;
	bool fallback = n + 1 < end && s.p[n] == ':' && s.p[n + 1] == '-';
	if (n == 2 || (n != end && !fallback))
		return 0;
	struct slice name = arena_copy(b->arena, slice_make(s.p + 2, n - 2));
	const char *value = getenv(name.p);
	if (value && *value) {
		str_add_text(out, value);
	} else if (fallback) {
		str_add(out, slice_make(s.p + n + 2, end - n - 2));
	} else {
		problem_at(b->problems, (unsigned)at.line + 1, (unsigned)at.column + 1,
			"the environment has no %.*s; write ${%.*s:-default} to do without",
			SLICE_ARG(name), SLICE_ARG(name));
	}
	return end + 1;
}

/* $${ is a plain ${. */
static struct slice expand(struct builder *b, struct slice s, yaml_mark_t at)
{
	struct str out = { 0 };

	for (size_t i = 0; i < s.n; i++) {
		struct slice rest = slice_make(s.p + i, s.n - i);
		if (slice_starts(rest, SLICE("$${"))) {
			str_add_text(&out, "${");
			i += 2;
		} else if (slice_starts(rest, SLICE("${"))) {
			size_t n = environment(b, rest, at, &out);
			if (!n) {
				problem_at(b->problems, (unsigned)at.line + 1,
					(unsigned)at.column + 1,
					"expected ${NAME} or ${NAME:-default}; $${ stands for a "
					"plain ${");
				break;
			}
			i += n - 1;
		} else {
			str_add_char(&out, s.p[i]);
		}
	}
	if (!utf8_valid(str_slice(&out)))
		problem_at(b->problems, (unsigned)at.line + 1, (unsigned)at.column + 1,
			"not valid UTF-8 once the environment is filled in");
	struct slice copy = arena_copy(b->arena, str_slice(&out));
	str_free(&out);
	return copy;
}

static struct tree *build_scalar(struct builder *b, const yaml_event_t *ev)
{
	struct tree *t = tree_new(b, TREE_SCALAR, ev->start_mark);
	struct slice text = slice_make(ev->data.scalar.value, ev->data.scalar.length);

	if (memchr(text.n ? text.p : "", '\0', text.n))
		fail_at(b, ev->start_mark, "a NUL character");
	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		t->empty = !text.n || slice_is(text, "~") || slice_is(text, "null");
	t->text = t->empty ? SLICE("") : expand(b, text, ev->start_mark);
	anchor_put(b, ev->data.scalar.anchor, t, ev->start_mark);
	return t;
}

static struct tree *build(struct builder *b, const yaml_event_t *ev, unsigned depth);

/* The next node of a collection; NULL at its end (or after a problem). */
static struct tree *build_next(struct builder *b, unsigned depth)
{
	yaml_event_t ev;
	struct tree *t = NULL;

	if (!next(b, &ev))
		return NULL;
	if (ev.type != YAML_MAPPING_END_EVENT && ev.type != YAML_SEQUENCE_END_EVENT)
		t = build(b, &ev, depth);
	yaml_event_delete(&ev);
	return b->failed ? NULL : t;
}

static void check_key(struct builder *b, const struct tree *map, const struct tree *key)
{
	if (key->kind != TREE_SCALAR) {
		problem_at(b->problems, key->line, key->col, "a key must be a word");
		b->failed = true;
		return;
	}
	for (size_t i = 0; i < map->count; i++)
		if (slice_equal(map->pairs[i].key->text, key->text))
			problem_at(b->problems, key->line, key->col,
				"the key '%.*s' stands here a second time; first on line %u",
				SLICE_ARG(key->text), map->pairs[i].key->line);
}

static void build_map(struct builder *b, struct tree *t, unsigned depth)
{
	size_t cap = 0;

	for (struct tree *key; (key = build_next(b, depth)) != NULL; t->count++) {
		check_key(b, t, key);
		struct tree *value = b->failed ? NULL : build_next(b, depth);
		if (!value)
			return;
		if (t->count == cap) {
			struct tree_pair *old = t->pairs;
			cap = cap ? 2 * cap : 8;
			t->pairs = arena_array(b->arena, cap, sizeof(*t->pairs));
			if (t->count)
				memcpy(t->pairs, old, t->count * sizeof(*old));
		}
		t->pairs[t->count] = (struct tree_pair){ key, value };
		t->weight += key->weight + value->weight;
	}
}

static void build_list(struct builder *b, struct tree *t, unsigned depth)
{
	size_t cap = 0;

	for (struct tree *item; (item = build_next(b, depth)) != NULL; t->count++) {
		if (t->count == cap) {
			struct tree **old = t->items;
			cap = cap ? 2 * cap : 8;
			t->items = arena_array(b->arena, cap, sizeof(struct tree *));
			if (t->count)
				memcpy(t->items, old, t->count * sizeof(struct tree *));
		}
		t->items[t->count] = item;
		t->weight += item->weight;
	}
}

static struct tree *build(struct builder *b, const yaml_event_t *ev, unsigned depth)
{
	struct tree *t = NULL;

	if (depth >= TREE_DEPTH_MAX) {
		fail_at(b, ev->start_mark, "nested too deep: at most 32 levels");
		return NULL;
	}
	if (ev->type == YAML_SCALAR_EVENT)
		return build_scalar(b, ev);
	if (ev->type == YAML_ALIAS_EVENT)
		return anchor_get(b, ev);
	if (ev->type == YAML_MAPPING_START_EVENT) {
		t = tree_new(b, TREE_MAP, ev->start_mark);
		build_map(b, t, depth + 1);
		anchor_put(b, ev->data.mapping_start.anchor, t, ev->start_mark);
	} else if (ev->type == YAML_SEQUENCE_START_EVENT) {
		t = tree_new(b, TREE_LIST, ev->start_mark);
		build_list(b, t, depth + 1);
		anchor_put(b, ev->data.sequence_start.anchor, t, ev->start_mark);
	}
	return t;
}

static struct tree *build_document(struct builder *b)
{
	struct tree *root = NULL;
	yaml_event_t ev;
	bool last = false;

	while (!last && next(b, &ev)) {
		if (ev.type == YAML_DOCUMENT_START_EVENT && root)
			fail_at(b, ev.start_mark, "a second document; there must be one");
		else if (ev.type == YAML_STREAM_END_EVENT)
			last = true;
		else if (ev.type == YAML_SCALAR_EVENT || ev.type == YAML_ALIAS_EVENT ||
			 ev.type == YAML_MAPPING_START_EVENT ||
			 ev.type == YAML_SEQUENCE_START_EVENT)
			root = build(b, &ev, 0);
		yaml_event_delete(&ev);
	}
	return root;
}

struct tree *tree_parse(struct slice text, struct arena *arena, struct problems *problems)
{
	size_t before = problems->count;

	if (text.n > TREE_SIZE_MAX) {
		problem_at(
			problems, 1, 1, "too large: %zu bytes, at most %d", text.n, TREE_SIZE_MAX);
		return NULL;
	}
	struct builder *b = mem_alloc(sizeof(*b));
	b->arena = arena;
	b->problems = problems;
	if (!yaml_parser_initialize(&b->parser))
		abort();
	yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b->parser, (const unsigned char *)text.p, text.n);
	struct tree *root = build_document(b);
	bool failed = b->failed;
	yaml_parser_delete(&b->parser);
	free(b);
	if (!root && !failed) {
		root = arena_alloc(arena, sizeof(*root));
		*root = (struct tree){ .kind = TREE_MAP, .line = 1, .col = 1, .weight = 1 };
	}
	return failed || problems->count != before ? NULL : root;
}

const struct tree *tree_get(const struct tree *map, const char *key)
{
	for (size_t i = 0; map && map->kind == TREE_MAP && i < map->count; i++)
		if (slice_is(map->pairs[i].key->text, key))
			return map->pairs[i].value;
	return NULL;
}

void tree_print(const struct tree *t, struct str *out)
{
	if (t->kind == TREE_SCALAR) {
		str_add_json(out, t->text);
		return;
	}
	str_add_char(out, t->kind == TREE_MAP ? '{' : '[');
	for (size_t i = 0; i < t->count; i++) {
		if (t->kind == TREE_MAP) {
			str_add_json(out, t->pairs[i].key->text);
			str_add_char(out, ':');
		}
		tree_print(t->kind == TREE_MAP ? t->pairs[i].value : t->items[i], out);
		str_add_char(out, ',');
	}
	str_add_char(out, t->kind == TREE_MAP ? '}' : ']');
}

const struct tree *tree_named(
	const struct tree *root, const char *section, struct slice name, const char *key)
{
	const struct tree *all = tree_get(root, section);

	for (size_t i = 0; all && all->kind == TREE_MAP && i < all->count; i++)
		if (slice_equal(all->pairs[i].key->text, name))
			return key ? tree_get(all->pairs[i].value, key) : all->pairs[i].value;
	return NULL;
}
