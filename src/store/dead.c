/*
 * Reads the lists of messages that wait for somebody's decision. Never writes: that is the router's, in the commit of what became of the
 * message. Called by app and desk.
 *
 *   all: ZRANGE of the list's end        one: ZSCAN in small steps, since its place ("MESSAGE CONV SEQ CHANNEL") begins with its id ─▶ ZCARD ─▶ entries
 */
#include "store/dead.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/inside.h"
#include "store/lookup.h"

/* Places that Redis looks at in one step of a search. */
enum { STEP = 1000 };

struct held_ask {
	struct store *store;
	const struct key *key;
	const char *range; /* the command that lists it in order */
	struct arena arena;
	struct slice pattern; /* of the one that is looked for; empty: all */
	struct held *held;
	struct slice *packed;
	struct pairs_found *convs;
	size_t count, max;
	uint64_t all;
	held_fn *fn;
	void *arg;
};

static void held_end(struct held_ask *ask, int status)
{
	ask->fn(ask->arg, status, ask->held, status ? 0 : ask->count, ask->all);
	arena_free(&ask->arena);
	free(ask);
}

/* An answer goes to whom its conversation is with, and is about its matter. */
static void held_complete(struct held *h, const struct pairs_found *conv)
{
	if (!h->en.address.n)
		h->en.address = found_get(conv, "address");
	if (!h->en.subject.n)
		h->en.subject = found_get(conv, "subject");
}

static void held_entries(void *arg, int status)
{
	struct held_ask *ask = arg;
	size_t kept = 0;

	for (size_t i = 0; i < ask->count && !status; i++) {
		struct held *h = &ask->held[kept];
		*h = ask->held[i];
		if (!ask->packed[i].n ||
			record_unpack(&entry_table, &h->en, ask->packed[i], NULL) != 0)
			continue;
		held_complete(h, &ask->convs[i]);
		kept++;
	}
	ask->count = kept;
	held_end(ask, status);
}

static void held_counted(void *arg, int status, const struct reply *r)
{
	struct held_ask *ask = arg;

	if (!r || status) {
		held_end(ask, r ? status : -EAGAIN);
		return;
	}
	ask->all = reply_u64(r);
	ask->packed = arena_array(&ask->arena, ask->count, sizeof(*ask->packed));
	ask->convs = arena_array(&ask->arena, ask->count, sizeof(*ask->convs));
	struct lookup *l = lookup_new(ask->store, &ask->arena);
	for (size_t i = 0; i < ask->count; i++) {
		lookup_entry(l, ask->held[i].conv, ask->held[i].seq, &ask->packed[i]);
		lookup_conv(l, ask->held[i].conv, &ask->convs[i]);
	}
	lookup_run(l, held_entries, ask);
}

static void held_count(struct held_ask *ask)
{
	struct slice words[] = { SLICE("ZCARD"), key_slice(ask->key) };

	link_call(ask->store->ask, &(struct argv){ words, 2, 2 }, held_counted, ask);
}

static void held_add(struct held_ask *ask, struct slice place)
{
	struct held *h = &ask->held[ask->count];
	struct slice rest;

	h->place = rest = arena_copy(&ask->arena, place);
	if (id_parse(slice_cut(&rest, ' '), &h->message) &&
		id_parse(slice_cut(&rest, ' '), &h->conv) &&
		slice_u64(slice_cut(&rest, ' '), &h->seq) && h->seq && rest.n) {
		h->channel = rest;
		ask->count++;
	} else {
		log_error("store", "an entry of %s cannot be read", ask->key->text);
	}
}

/* ---- all ---- */

static void held_listed(void *arg, int status, const struct reply *r)
{
	struct held_ask *ask = arg;

	if (!r || status) {
		held_end(ask, r ? status : -EAGAIN);
		return;
	}
	ask->held = arena_array(&ask->arena, r->count, sizeof(*ask->held));
	for (size_t i = 0; i < r->count; i++)
		held_add(ask, r->items[i].text);
	held_count(ask);
}

static void held_list(struct held_ask *ask)
{
	struct slice words[] = { slice_of(ask->range), key_slice(ask->key), SLICE("0"),
		arena_printf(&ask->arena, "%zu", ask->max - 1) };

	link_call(ask->store->ask, &(struct argv){ words, 4, 4 }, held_listed, ask);
}

/* ---- one ---- */

static void held_search(struct held_ask *ask, struct slice cursor);

/* [cursor, [place, score]] */
static void held_searched(void *arg, int status, const struct reply *r)
{
	struct held_ask *ask = arg;

	if (!r || status) {
		held_end(ask, r ? status : -EAGAIN);
		return;
	}
	const struct reply *found = reply_at(r, 1);
	struct slice cursor = arena_copy(&ask->arena, reply_at(r, 0)->text);
	if (found->count)
		held_add(ask, found->items[0].text);
	if (ask->count || slice_is(cursor, "0") || !cursor.n)
		held_count(ask);
	else
		held_search(ask, cursor);
}

static void held_search(struct held_ask *ask, struct slice cursor)
{
	struct slice words[] = { SLICE("ZSCAN"), key_slice(ask->key), cursor, SLICE("MATCH"),
		ask->pattern, SLICE("COUNT"), arena_printf(&ask->arena, "%d", STEP) };

	link_call(ask->store->ask, &(struct argv){ words, 7, 7 }, held_searched, ask);
}

static void held_read(struct store *s, const struct key *key, const char *range, struct id message,
	size_t max, held_fn *fn, void *arg)
{
	struct held_ask *ask = mem_alloc(sizeof(*ask));
	char text[ID_TEXT_LEN + 1];

	ASSERT(fn && max > 0);
	ask->store = s;
	ask->key = key;
	ask->range = range;
	ask->max = max < REDIS_ITEMS_MAX ? max : REDIS_ITEMS_MAX;
	ask->fn = fn;
	ask->arg = arg;
	if (id_is_none(message)) {
		held_list(ask);
		return;
	}
	ask->held = arena_array(&ask->arena, 1, sizeof(*ask->held));
	ask->pattern = arena_printf(&ask->arena, "%s *", id_text(message, text));
	held_search(ask, SLICE("0"));
}

void dead_read(struct store *s, struct id message, size_t max, held_fn *fn, void *arg)
{
	held_read(s, &s->keys.dead, "ZRANGE", message, max, fn, arg);
}

void quarantine_read(struct store *s, struct id message, size_t max, held_fn *fn, void *arg)
{
	held_read(s, &s->keys.quarantine, "ZREVRANGE", message, max, fn, arg);
}
