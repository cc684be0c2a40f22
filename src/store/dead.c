/*
 * Reads the lists of messages that wait for somebody's decision. Never writes: that is the router's, in the commit of what became of the message. Called by app.
 */
#include "store/dead.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/inside.h"
#include "store/lookup.h"

struct dead_ask {
	struct store *store;
	const struct key *key;
	struct arena arena;
	struct dead_letter *letters;
	size_t count;
	void (*fn)(void *arg, int status, const struct dead_letter *letters, size_t count,
		uint64_t all);
	void *arg;
};

static void dead_end(struct dead_ask *ask, int status, uint64_t all)
{
	ask->fn(ask->arg, status, ask->letters, status ? 0 : ask->count, all);
	arena_free(&ask->arena);
	free(ask);
}

/* "MESSAGE CONV SEQ CHANNEL" */
static bool letter_parse(struct slice text, struct dead_letter *out)
{
	return id_parse(slice_cut(&text, ' '), &out->message) &&
	       id_parse(slice_cut(&text, ' '), &out->conv) &&
	       slice_u64(slice_cut(&text, ' '), &out->seq) && out->seq && text.n &&
	       (out->channel = text, true);
}

static void dead_counted(void *arg, int status, const struct reply *r)
{
	struct dead_ask *ask = arg;

	dead_end(ask, r ? status : -EAGAIN, r && !status ? reply_u64(r) : 0);
}

static void dead_listed(void *arg, int status, const struct reply *r)
{
	struct dead_ask *ask = arg;
	struct slice words[] = { SLICE("ZCARD"), key_slice(ask->key) };

	if (!r || status) {
		dead_end(ask, r ? status : -EAGAIN, 0);
		return;
	}
	ask->letters = arena_array(&ask->arena, r->count, sizeof(*ask->letters));
	for (size_t i = 0; i < r->count; i++) {
		struct slice text = arena_copy(&ask->arena, r->items[i].text);
		if (letter_parse(text, &ask->letters[ask->count]))
			ask->count++;
		else
			log_error("store", "an entry of %s cannot be read", ask->key->text);
	}
	link_call(ask->store->ask, &(struct argv){ words, 2, 2 }, dead_counted, ask);
}

static void places_read(struct store *s, const struct key *key, const char *command, size_t max,
	void (*fn)(void *arg, int status, const struct dead_letter *letters, size_t count,
		uint64_t all),
	void *arg)
{
	struct dead_ask *ask = mem_alloc(sizeof(*ask));
	uint64_t most = max < REDIS_ITEMS_MAX ? max : REDIS_ITEMS_MAX;

	ASSERT(fn && max > 0);
	ask->store = s;
	ask->key = key;
	ask->fn = fn;
	ask->arg = arg;
	struct slice words[] = { slice_of(command), key_slice(key), SLICE("0"),
		arena_printf(&ask->arena, "%llu", (unsigned long long)(most - 1)) };
	link_call(s->ask, &(struct argv){ words, 4, 4 }, dead_listed, ask);
}

void dead_read(struct store *s, size_t max,
	void (*fn)(void *arg, int status, const struct dead_letter *letters, size_t count,
		uint64_t all),
	void *arg)
{
	places_read(s, &s->keys.dead, "ZRANGE", max, fn, arg);
}

/* ---- quarantine: with what is written of each ---- */

struct quarantine_ask {
	struct store *store;
	struct arena arena;
	struct id only;
	size_t max;
	struct quarantined *held;
	struct slice *packed;
	size_t count;
	uint64_t all;
	void (*fn)(
		void *arg, int status, const struct quarantined *held, size_t count, uint64_t all);
	void *arg;
};

static void quarantine_end(struct quarantine_ask *ask, int status)
{
	ask->fn(ask->arg, status, ask->held, status ? 0 : ask->count, ask->all);
	arena_free(&ask->arena);
	free(ask);
}

static void quarantine_entries(void *arg, int status)
{
	struct quarantine_ask *ask = arg;
	size_t kept = 0;

	for (size_t i = 0; i < ask->count && !status; i++) {
		struct quarantined *q = &ask->held[kept];
		*q = ask->held[i];
		kept += ask->packed[i].n &&
			record_unpack(&entry_table, &q->en, ask->packed[i], NULL) == 0;
	}
	ask->count = kept;
	quarantine_end(ask, status);
}

static void quarantine_add(struct quarantine_ask *ask, const struct dead_letter *at)
{
	char id[ID_TEXT_LEN + 1], of[ID_TEXT_LEN + 1];
	struct quarantined *q = &ask->held[ask->count++];

	q->at = *at;
	q->at.channel = arena_copy(&ask->arena, at->channel);
	q->place = arena_printf(&ask->arena, "%s %s %llu %.*s", id_text(at->message, id),
		id_text(at->conv, of), (unsigned long long)at->seq, SLICE_ARG(at->channel));
}

static void quarantine_listed(
	void *arg, int status, const struct dead_letter *letters, size_t count, uint64_t all)
{
	struct quarantine_ask *ask = arg;

	if (status) {
		quarantine_end(ask, status);
		return;
	}
	ask->all = all;
	ask->held = arena_array(&ask->arena, count, sizeof(*ask->held));
	ask->packed = arena_array(&ask->arena, count, sizeof(*ask->packed));
	struct lookup *l = lookup_new(ask->store, &ask->arena);
	for (size_t i = 0; i < count && ask->count < ask->max; i++) {
		if (!id_is_none(ask->only) && !id_equal(letters[i].message, ask->only))
			continue;
		quarantine_add(ask, &letters[i]);
		lookup_entry(l, letters[i].conv, letters[i].seq, &ask->packed[ask->count - 1]);
	}
	lookup_run(l, quarantine_entries, ask);
}

void quarantine_read(struct store *s, struct id message, size_t max,
	void (*fn)(
		void *arg, int status, const struct quarantined *held, size_t count, uint64_t all),
	void *arg)
{
	struct quarantine_ask *ask = mem_alloc(sizeof(*ask));

	ask->store = s;
	ask->only = message;
	ask->max = max;
	ask->fn = fn;
	ask->arg = arg;
	places_read(s, &s->keys.quarantine, "ZREVRANGE",
		id_is_none(message) ? max : (size_t)QUARANTINE_MAX, quarantine_listed, ask);
}
