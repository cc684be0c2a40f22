/*
 * Single values: numbers, durations, texts, words, addresses, and names of things that were read before. Called by
 * section.c.
 */
#include "app/place.h"
#include "app/value.h"
#include "model/limits.h"
#include "net/address.h"

static bool in_range(const struct place *p, int64_t n, int64_t least, int64_t most)
{
	if (p->key->least || p->key->most) {
		least = p->key->least;
		most = p->key->most;
	}
	if (n >= least && n <= most)
		return true;
	PLACE_WRONG(p, p->tree, "%s in %s: %lld is not between %lld and %lld", p->key->name,
		p->what, (long long)n, (long long)least, (long long)most);
	return false;
}

void place_number(const struct place *p)
{
	int64_t n;

	if (!place_is(p, TREE_SCALAR))
		return;
	if (!slice_i64(p->tree->text, &n))
		place_expected(p);
	else if (in_range(p, n, 0, UINT32_MAX))
		*PLACE_MEMBER(p, uint32_t) = (uint32_t)n;
}

void place_seconds(const struct place *p)
{
	int64_t n;

	if (!place_is(p, TREE_SCALAR))
		return;
	if (!value_seconds(p->tree->text, &n))
		place_expected(p);
	else if (p->key->type == VALUE_OFFSET && in_range(p, n, INT32_MIN, INT32_MAX))
		*PLACE_MEMBER(p, int32_t) = (int32_t)n;
	else if (p->key->type == VALUE_SECONDS && in_range(p, n, 0, UINT32_MAX))
		*PLACE_MEMBER(p, uint32_t) = (uint32_t)n;
}

void place_bool(const struct place *p)
{
	if (place_is(p, TREE_SCALAR) && !value_bool(p->tree->text, PLACE_MEMBER(p, bool)))
		place_expected(p);
}

void place_text(const struct place *p)
{
	size_t most = p->key->most ? (size_t)p->key->most : MESSAGE_KEY_MAX;

	if (!place_is(p, TREE_SCALAR))
		return;
	if (p->tree->text.n > most)
		PLACE_WRONG(p, p->tree, "%s in %s: %zu bytes, at most %zu", p->key->name, p->what,
			p->tree->text.n, most);
	*PLACE_MEMBER(p, struct slice) = p->tree->text;
}

void place_name(const struct place *p)
{
	if (!place_is(p, TREE_SCALAR))
		return;
	if (!value_is_name(p->tree->text))
		place_expected(p);
	*PLACE_MEMBER(p, struct slice) = p->tree->text;
}

static void one_of(struct suggest *s, struct str *list, struct slice word)
{
	suggest_add(s, word);
	if (list->n)
		str_add_text(list, ", ");
	str_add(list, word);
}

/* A choice is kept as its text, or as a bool that says the second of two (durability). */
void place_choice(const struct place *p)
{
	struct slice rest = slice_of(p->key->choices);
	struct suggest s = suggest_for(p->tree->text);
	struct str list = { 0 };
	bool second = false, found = false;
	char hint[128];

	if (!place_is(p, TREE_SCALAR))
		return;
	for (size_t i = 0; rest.p; i++) {
		struct slice word = slice_cut(&rest, ' ');
		one_of(&s, &list, word);
		if (slice_equal(word, p->tree->text)) {
			found = true;
			second = i == 1;
		}
	}
	if (!found)
		PLACE_WRONG(p, p->tree, "%s in %s: '%.*s' is none of %s%s", p->key->name, p->what,
			SLICE_ARG(p->tree->text), list.p, suggest_text(&s, hint));
	else if (p->key->at == offsetof(struct config, durability_relaxed))
		*PLACE_MEMBER(p, bool) = second;
	else
		*PLACE_MEMBER(p, struct slice) = p->tree->text;
	str_free(&list);
}

void place_word(const struct place *p)
{
	struct suggest s = suggest_for(p->tree->text);
	struct str list = { 0 };
	char hint[128];

	if (!place_is(p, TREE_SCALAR))
		return;
	uint32_t word = word_parse(p->key->words, p->tree->text);
	for (size_t i = 1; p->key->words[i]; i++)
		one_of(&s, &list, slice_of(p->key->words[i]));
	if (!word)
		PLACE_WRONG(p, p->tree, "%s in %s: '%.*s' is none of %s%s", p->key->name, p->what,
			SLICE_ARG(p->tree->text), list.p, suggest_text(&s, hint));
	*PLACE_MEMBER(p, uint32_t) = word;
	str_free(&list);
}

void place_address(const struct place *p)
{
	struct address address;
	struct err err;

	if (!place_is(p, TREE_SCALAR))
		return;
	if (address_parse(p->tree->text.p, &address, &err) != 0)
		PLACE_WRONG(p, p->tree, "%s in %s: %s", p->key->name, p->what, err.text);
	else if (address.kind == ADDRESS_NAME)
		PLACE_WRONG(p, p->tree, "%s in %s: expected a numeric address (127.0.0.1:8080)",
			p->key->name, p->what);
	*PLACE_MEMBER(p, struct slice) = p->tree->text;
}

void place_url(const struct place *p)
{
	struct slice url = place_is(p, TREE_SCALAR) ? p->tree->text : SLICE("http://-");

	if (!slice_starts(url, SLICE("http://")) && !slice_starts(url, SLICE("https://")))
		place_expected(p);
	while (slice_ends(url, SLICE("/")))
		url.n--;
	*PLACE_MEMBER(p, struct slice) = arena_copy(place_arena(p), url);
}

void place_redis(const struct place *p)
{
	struct slice t = place_is(p, TREE_SCALAR) ? p->tree->text : SLICE("managed");

	if (!slice_is(t, "managed") && !slice_starts(t, SLICE("unix:/")) &&
		!slice_starts(t, SLICE("redis://")) && !slice_starts(t, SLICE("rediss://")))
		place_expected(p);
	*PLACE_MEMBER(p, struct slice) = t;
}

/* The things of that name that were read before; NULL and a problem when there is none. */
#define REFER(p, list, count, noun)                                                                \
	struct suggest s = suggest_for((p)->tree->text);                                           \
	char hint[128];                                                                            \
	if (!place_is(p, TREE_SCALAR))                                                             \
		return;                                                                            \
	for (size_t i = 0; i < (count); i++) {                                                     \
		suggest_add(&s, (list)[i].name);                                                   \
		if (slice_equal((list)[i].name, (p)->tree->text)) {                                \
			found = &(list)[i];                                                        \
			break;                                                                     \
		}                                                                                  \
	}                                                                                          \
	if (!found)                                                                                \
	PLACE_WRONG(p, (p)->tree, "%s in %s: there is no " noun " '%.*s'%s", (p)->key->name,       \
		(p)->what, SLICE_ARG((p)->tree->text), suggest_text(&s, hint))

void place_kind(const struct place *p)
{
	struct kind *found = NULL;
	REFER(p, p->l->config->kinds, p->l->config->kind_count, "kind");
	*PLACE_MEMBER(p, struct kind *) = found;
}

void place_queue(const struct place *p)
{
	struct queue *found = NULL;
	REFER(p, p->l->config->queues, p->l->config->queue_count, "queue");
	*PLACE_MEMBER(p, struct queue *) = found;
}

void place_calendar(const struct place *p)
{
	struct calendar *found = NULL;
	REFER(p, p->l->config->calendars, p->l->config->calendar_count, "calendar");
	*PLACE_MEMBER(p, struct calendar *) = found;
}

void place_channel(const struct place *p)
{
	struct channel *found = NULL;
	REFER(p, p->l->config->channels, p->l->config->channel_count, "channel");
	*PLACE_MEMBER(p, struct slice) = p->tree->text;
}
