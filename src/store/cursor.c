/*
 * Where a domain stands: the cursor, the snapshot, the journal behind it. Called by the router when it begins, and
 * after a commit whose outcome is unknown.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "store/commit.h"
#include "store/fence.h"
#include "store/format.h"
#include "store/inside.h"
#include "store/numbered.h"
#include "store/reader.h"

enum { JOURNAL_PAGE = 200 }; /* entries, each the events of a commit */

/* ---- the cursor ---- */

struct cursor_ask {
	struct store *store;
	bool raised;
	void (*fn)(void *arg, int status, const struct cursor *cur);
	void *arg;
};

/* Returns the form of the data. */
static uint64_t cursor_fill(struct cursor *cur, const struct reply *hash, const struct reply *epoch)
{
	uint64_t format = 0;

	for (size_t i = 0; i + 1 < hash->count; i += 2) {
		const struct reply *value = &hash->items[i + 1];
		if (reply_is(&hash->items[i], "inbox"))
			stream_id_parse(value->text, &cur->inbox);
		else if (reply_is(&hash->items[i], "journal"))
			cur->journal_n = reply_u64(value);
		else if (reply_is(&hash->items[i], "push"))
			cur->push_n = reply_u64(value);
		else if (reply_is(&hash->items[i], "schema"))
			format = reply_u64(value);
	}
	cur->epoch = reply_u64(epoch);
	return format;
}

static void cursor_answer(void *arg, int status, const struct reply *r)
{
	struct cursor_ask *ask = arg;
	struct cursor cur = { 0 };
	char why[512];

	if (r && status == 0) {
		uint64_t format = cursor_fill(&cur, reply_at(r, 0), reply_at(r, 1));
		/* Whoever waited for the lead while another began with a newer usher. */
		if (format_is_newer(format, why, sizeof(why))) {
			status = -EPERM;
			store_fail(ask->store, why);
		}
		if (ask->raised)
			fence_known(ask->store->fence);
	}
	ask->fn(ask->arg, status == -EIO ? -EAGAIN : status, status ? NULL : &cur);
	free(ask);
}

void cursor_read(
	struct store *s, void (*fn)(void *arg, int status, const struct cursor *cur), void *arg)
{
	struct cursor_ask *ask = mem_alloc(sizeof(*ask));
	struct slice hash[] = { SLICE("HGETALL"), key_slice(&s->keys.cursor) };
	struct slice get[] = { SLICE("GET"), key_slice(&s->keys.epoch) };
	struct slice raise[] = { SLICE("INCR"), key_slice(&s->keys.fence) };
	struct str commands = { 0 };
	size_t count = 2;

	*ask = (struct cursor_ask){ s, fence_is_unknown(s->fence), fn, arg };
	resp_command(&commands, &(struct argv){ hash, 2, 2 });
	resp_command(&commands, &(struct argv){ get, 2, 2 });
	/* After this the lost commit either is in the cursor or can never be applied (fence.h). */
	if (ask->raised) {
		resp_command(&commands, &(struct argv){ raise, 2, 2 });
		count++;
	}
	link_multi(
		ask->raised ? s->write : s->ask, str_slice(&commands), count, cursor_answer, ask);
	str_free(&commands);
}

/* ---- the snapshot ---- */

struct snapshot_ask {
	void (*fn)(void *arg, int status, uint64_t n, struct slice saved);
	void *arg;
};

static void snapshot_answer(void *arg, int status, const struct reply *r)
{
	struct snapshot_ask *ask = arg;

	if (r && status == 0 && reply_at(r, 1)->type == REPLY_NIL)
		status = -ENOENT;
	if (r && status == 0)
		ask->fn(ask->arg, 0, reply_u64(reply_at(r, 0)), reply_at(r, 1)->text);
	else
		ask->fn(ask->arg, status == -EIO ? -EAGAIN : status, 0, (struct slice){ NULL, 0 });
	free(ask);
}

void snapshot_read(struct store *s,
	void (*fn)(void *arg, int status, uint64_t n, struct slice saved), void *arg)
{
	struct snapshot_ask *ask = mem_alloc(sizeof(*ask));
	struct slice words[] = { SLICE("HMGET"), key_slice(&s->keys.snapshot), SLICE("n"),
		SLICE("saved") };

	*ask = (struct snapshot_ask){ fn, arg };
	link_call(s->ask, &(struct argv){ words, 4, 4 }, snapshot_answer, ask);
}

/* ---- the journal ---- */

struct journal_ask {
	struct store *store;
	uint64_t after_n;
	bool (*fn)(
		void *arg, int status, const uint64_t *n, const struct event *events, size_t count);
	void *arg;
};

static void journal_page(struct journal_ask *ask);

static void journal_end(struct journal_ask *ask, int status)
{
	ask->fn(ask->arg, status, NULL, NULL, 0);
	free(ask);
}

/* What a page of entries gives. */
struct journal_read {
	uint64_t *n;
	struct event *events;
	size_t count;
};

/* One entry; its first new number must follow the one before: a gap is lost history, not something to go on with. */
static int journal_entry(
	const struct reply *entry, uint64_t *after_n, struct journal_read *out, struct arena *arena)
{
	struct err err = { "" };
	uint64_t at = 0;
	size_t count = numbered_count(entry, &at);

	if (!count || at > *after_n + 1) {
		log_error("store", "the journal has a gap after=%llu next=%llu",
			(unsigned long long)*after_n, (unsigned long long)at);
		return -EBADMSG;
	}
	for (size_t k = 0; k < count; k++, at++) {
		if (at <= *after_n)
			continue;
		if (numbered_get(&event_table, entry, k, &out->events[out->count], arena, &err)) {
			log_error("store", "a journal entry cannot be read n=%llu why=%s",
				(unsigned long long)at, err.text);
			return -EBADMSG;
		}
		out->n[out->count++] = *after_n = at;
	}
	return 0;
}

static int journal_entries(
	const struct reply *r, uint64_t *after_n, struct journal_read *out, struct arena *arena)
{
	size_t most = 0;
	uint64_t at;
	int status = 0;

	for (size_t i = 0; i < r->count; i++)
		most += numbered_count(&r->items[i], &at);
	out->n = arena_array(arena, most, sizeof(*out->n));
	out->events = arena_array(arena, most, sizeof(*out->events));
	for (size_t i = 0; i < r->count && status == 0; i++)
		status = journal_entry(&r->items[i], after_n, out, arena);
	return status;
}

static void journal_answer(void *arg, int status, const struct reply *r)
{
	struct journal_ask *ask = arg;
	struct arena arena = { 0 };
	struct journal_read got = { NULL, NULL, 0 };

	if (!r || status || r->count == 0) {
		journal_end(ask, status == -EIO ? -EAGAIN : status);
		return;
	}
	status = journal_entries(r, &ask->after_n, &got, &arena);
	if (status)
		journal_end(ask, status);
	else if (ask->fn(ask->arg, 0, got.n, got.events, got.count))
		journal_page(ask);
	else
		free(ask);
	arena_free(&arena);
}

static void journal_page(struct journal_ask *ask)
{
	struct arena arena = { 0 };
	struct argv a = { 0 };

	argv_add_text(&a, "XRANGE");
	argv_add(&a, key_slice(&ask->store->keys.journal));
	argv_add(&a, stream_id_text((struct stream_id){ ask->after_n + 1, 0 }, &arena));
	argv_add_text(&a, "+");
	argv_add_text(&a, "COUNT");
	argv_add_u64(&a, &arena, JOURNAL_PAGE);
	link_call(ask->store->ask, &a, journal_answer, ask);
	argv_free(&a);
	arena_free(&arena);
}

void journal_read(struct store *s, uint64_t after_n,
	bool (*fn)(
		void *arg, int status, const uint64_t *n, const struct event *events, size_t count),
	void *arg)
{
	struct journal_ask *ask = mem_alloc(sizeof(*ask));

	ASSERT(fn);
	*ask = (struct journal_ask){ s, after_n, fn, arg };
	journal_page(ask);
}
