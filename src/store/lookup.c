/*
 * Many questions in one round trip. Never writes. Called by the router's resolver, desk and host.
 *
 *   lookup ── questions[] ─▶ { command, place of the answer } ── lookup_run ─▶ one write ─▶ fn
 */
#include "store/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "store/inside.h"

enum question_kind { QUESTION_ID, QUESTION_TEXT, QUESTION_PAIRS, QUESTION_AWAY };
enum { WORDS_MAX = 3 };
struct question {
	struct lookup *lookup;
	enum question_kind kind;
	const char *verb;
	struct key key;
	struct slice words[WORDS_MAX]; /* behind the key */
	size_t word_count;
	union {
		struct id *id;
		struct slice *text;
		struct pairs_found *pairs;
		struct away_found *away;
	} to;
};
struct lookup {
	struct store *store;
	struct arena *arena;
	struct question **questions;
	size_t count, cap;
	size_t due;
	int status;
	void (*fn)(void *arg, int status);
	void *arg;
};

struct lookup *lookup_new(struct store *s, struct arena *arena)
{
	struct lookup *l = mem_alloc(sizeof(*l));

	l->store = s;
	l->arena = arena;
	return l;
}

static struct question *lookup_add(
	struct lookup *l, enum question_kind kind, const char *verb, struct key key)
{
	struct question *q = mem_alloc(sizeof(*q));

	if (l->count == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		l->questions = mem_resize(l->questions, l->cap, sizeof(struct question *));
	}
	l->questions[l->count++] = q;
	q->lookup = l;
	q->kind = kind;
	q->verb = verb;
	q->key = key;
	return q;
}

static void lookup_id(struct lookup *l, struct key key, struct id *to)
{
	*to = (struct id){ 0, 0 };
	lookup_add(l, QUESTION_ID, "GET", key)->to.id = to;
}

static void lookup_pairs(struct lookup *l, struct key key, struct pairs_found *to)
{
	*to = (struct pairs_found){ NULL, 0 };
	lookup_add(l, QUESTION_PAIRS, "HGETALL", key)->to.pairs = to;
}

void lookup_thread(struct lookup *l, struct slice channel, struct slice key, struct id *conv)
{
	lookup_id(l, key_of_hash(&l->store->keys, KEY_THREAD, channel, key), conv);
}

void lookup_identity(
	struct lookup *l, struct slice kind, struct slice value, bool verified, struct id *customer)
{
	enum key_family f = verified ? KEY_IDENT : KEY_CLAIM;

	lookup_id(l, key_of_hash(&l->store->keys, f, kind, value), customer);
}

void lookup_dedup(struct lookup *l, struct slice key, struct slice *result)
{
	struct slice none = { NULL, 0 };

	*result = none;
	lookup_add(l, QUESTION_TEXT, "GET", key_of_hash(&l->store->keys, KEY_DEDUP, key, none))
		->to.text = result;
}

void lookup_conv(struct lookup *l, struct id conv, struct pairs_found *found)
{
	lookup_pairs(l, key_of_id(&l->store->keys, KEY_CONV, conv), found);
}

void lookup_customer(struct lookup *l, struct id customer, struct pairs_found *found)
{
	lookup_pairs(l, key_of_id(&l->store->keys, KEY_CUSTOMER, customer), found);
}

void lookup_user(struct lookup *l, struct slice user, struct pairs_found *found)
{
	lookup_pairs(l, key_of_name(&l->store->keys, KEY_USER, user), found);
}

void lookup_own_texts(struct lookup *l, struct slice user, struct pairs_found *found)
{
	lookup_pairs(l, key_of_name(&l->store->keys, KEY_OWN_TEXTS, user), found);
}

void lookup_entry(struct lookup *l, struct id conv, uint64_t seq, struct slice *packed)
{
	ASSERT(seq > 0);
	*packed = (struct slice){ NULL, 0 };
	struct question *q =
		lookup_add(l, QUESTION_TEXT, "LINDEX", key_of_id(&l->store->keys, KEY_LOG, conv));
	q->to.text = packed;
	q->words[q->word_count++] = arena_printf(l->arena, "%llu", (unsigned long long)(seq - 1));
}

void lookup_away(struct lookup *l, size_t max, struct away_found *found)
{
	ASSERT(max > 0);
	*found = (struct away_found){ NULL, 0 };
	struct question *q = lookup_add(l, QUESTION_AWAY, "ZRANGE", l->store->keys.away);
	q->to.away = found;
	q->words[q->word_count++] = SLICE("0");
	q->words[q->word_count++] = arena_printf(l->arena, "%zu", max - 1);
	q->words[q->word_count++] = SLICE("WITHSCORES");
}

static void away_take(struct away_found *found, const struct reply *r, struct arena *arena)
{
	found->v = arena_array(arena, r->count / 2, sizeof(*found->v));
	for (size_t i = 0; i + 1 < r->count; i += 2) {
		struct away *a = &found->v[found->count];
		if (id_parse(r->items[i].text, &a->conv) &&
			slice_u64(r->items[i + 1].text, &a->at_us))
			found->count++;
	}
}

static void question_take(struct question *q, const struct reply *r)
{
	struct arena *arena = q->lookup->arena;

	switch (q->kind) {
	case QUESTION_ID:
		id_parse(r->text, q->to.id);
		break;
	case QUESTION_TEXT:
		if (r->type == REPLY_STRING)
			*q->to.text = arena_copy(arena, r->text);
		break;
	case QUESTION_PAIRS:
		q->to.pairs->count = r->count / 2;
		q->to.pairs->v = arena_array(arena, r->count, sizeof(struct slice));
		for (size_t i = 0; i < r->count; i++)
			q->to.pairs->v[i] = arena_copy(arena, r->items[i].text);
		break;
	case QUESTION_AWAY:
		away_take(q->to.away, r, arena);
		break;
	}
}

static void lookup_end(struct lookup *l)
{
	void (*fn)(void *, int) = l->fn;
	void *fn_arg = l->arg;
	int status = l->status;

	free(l->questions);
	free(l);
	fn(fn_arg, status);
}

static void lookup_answer(void *arg, int status, const struct reply *r)
{
	struct question *q = arg;
	struct lookup *l = q->lookup;

	if (r && status == 0)
		question_take(q, r);
	else if (l->status == 0)
		l->status =
			r ? status : -EAGAIN; /* a read changes nothing: asked again is as good */
	free(q);
	ASSERT(l->due > 0);
	if (--l->due == 0)
		lookup_end(l);
}

static void lookup_nothing(void *arg, int status, const struct reply *r)
{
	(void)status;
	(void)r;
	lookup_end(arg);
}

void lookup_run(struct lookup *l, void (*fn)(void *arg, int status), void *arg)
{
	ASSERT(fn);
	l->fn = fn;
	l->arg = arg;
	l->due = l->count;
	if (l->count == 0) {
		link_later(l->store->ask, 0, lookup_nothing, l);
		return;
	}
	for (size_t i = 0; i < l->count; i++) {
		struct question *q = l->questions[i];
		struct slice words[2 + WORDS_MAX] = { slice_of(q->verb), key_slice(&q->key) };
		size_t n = 2 + q->word_count;
		memcpy(words + 2, q->words, sizeof(q->words));
		link_call(l->store->ask, &(struct argv){ words, n, n }, lookup_answer, q);
	}
}

void lookup_drop(struct lookup **lookup)
{
	struct lookup *l = *lookup;

	if (!l)
		return;
	*lookup = NULL;
	for (size_t i = 0; i < l->count; i++)
		free(l->questions[i]);
	free(l->questions);
	free(l);
}

struct slice found_get(const struct pairs_found *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (slice_is(f->v[2 * i], name))
			return f->v[2 * i + 1];
	return (struct slice){ NULL, 0 };
}

uint64_t found_u64(const struct pairs_found *f, const char *name)
{
	uint64_t v = 0;

	(void)slice_u64(found_get(f, name), &v);
	return v;
}
