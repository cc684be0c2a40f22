/*
 * Walks every key of a domain and reports what does not agree. Never changes anything. Called for
 * `usherctl verify`, on a store that may be in use: what must agree is read in one MULTI.
 */
#include "store/verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "store/history.h"
#include "store/reader.h"

#include "store/commit.h"
#include "store/numbered.h"

static void verify_page(struct verify *v);

void verify_line(struct verify *v, const char *format, ...)
{
	struct str text = { 0 };
	va_list ap;

	va_start(ap, format);
	str_addv(&text, format, ap);
	va_end(ap);
	v->violations++;
	v->line(v->arg, text.p);
	str_free(&text);
}

void verify_begin(struct verify *v)
{
	v->due++;
}

/* SCAN gives each key that was there all the time, some more than once: too few are lost, too many prove nothing. */
static void verify_taken(struct verify *v)
{
	if (v->status == 0 && v->found < v->taken)
		verify_line(v,
			"%llu messages of customers were taken in, the histories have %llu of them",
			(unsigned long long)v->taken, (unsigned long long)v->found);
}

static void verify_finish(struct verify *v)
{
	verify_taken(v);
	map_free(&v->blobs);
	v->fn(v->arg, v->status, v->violations, v->checked);
	free(v);
}

void verify_end(struct verify *v)
{
	ASSERT(v->due > 0);
	if (--v->due > 0)
		return;
	if (v->status || slice_is(v->at, "0"))
		verify_finish(v);
	else
		verify_page(v);
}

/* ---- the walk ---- */

static bool verify_once_key(struct verify *v, struct slice key, struct slice type)
{
#define ONCE(member, name, expected)                                                               \
	if (slice_equal(key, key_slice(&v->store->keys.member))) {                                 \
		if (!slice_is(type, expected))                                                     \
			verify_line(v, "%.*s is a %.*s, expected a %s", SLICE_ARG(key),            \
				SLICE_ARG(type), expected);                                        \
		return true;                                                                       \
	}
	if (slice_equal(key, key_slice(&v->store->keys.dead)) && slice_is(type, "zset"))
		verify_dead(v);
	if (slice_equal(key, key_slice(&v->store->keys.away)) && slice_is(type, "zset"))
		verify_away(v);
	DOMAIN_KEYS(ONCE)
#undef ONCE
	return false;
}

struct typed {
	struct verify *verify;
	size_t n;
	char key[];
};

static void verify_typed(void *arg, int status, const struct reply *r)
{
	struct typed *t = arg;
	struct verify *v = t->verify;
	struct slice key = slice_make(t->key, t->n), rest;
	enum key_family f;

	if (!r || status)
		v->status = r ? status : -EAGAIN;
	else if (reply_is(r, "none") || verify_once_key(v, key, r->text))
		v->checked++; /* gone meanwhile, or one of its kind */
	else if (!key_parse(&v->store->keys, key, &f, &rest))
		verify_line(v, "%.*s is no key of usher", SLICE_ARG(key));
	else if (!slice_is(r->text, key_family_type(f)))
		verify_line(v, "%.*s is a %.*s, expected a %s", SLICE_ARG(key), SLICE_ARG(r->text),
			key_family_type(f));
	else {
		v->checked++;
		verify_key(v, f, key, rest);
	}
	free(t);
	verify_end(v);
}

static void verify_type(struct verify *v, struct slice key)
{
	struct typed *t = mem_alloc(sizeof(*t) + key.n + 1);
	struct slice words[] = { SLICE("TYPE"), key };

	t->verify = v;
	t->n = key.n;
	memcpy(t->key, key.p, key.n);
	verify_begin(v);
	link_call(v->store->ask, &(struct argv){ words, 2, 2 }, verify_typed, t);
}

/* A key of this domain, not of one whose name begins like it. */
static bool verify_is_ours(const struct verify *v, struct slice key)
{
	size_t n = v->store->keys.domain.n;

	return key.n > n && (key.p[n] == '}' || key.p[n] == '.');
}

static void verify_scanned(void *arg, int status, const struct reply *r)
{
	struct verify *v = arg;
	const struct reply *keys = r ? reply_at(r, 1) : NULL;

	if (!r || status) {
		v->status = r ? status : -EAGAIN;
		verify_end(v);
		return;
	}
	snprintf(v->at_text, sizeof(v->at_text), "%.*s", SLICE_ARG(reply_at(r, 0)->text));
	v->at = slice_of(v->at_text);
	for (size_t i = 0; i < keys->count; i++)
		if (verify_is_ours(v, keys->items[i].text))
			verify_type(v, keys->items[i].text);
	verify_end(v);
}

static void verify_page(struct verify *v)
{
	struct str pattern = { 0 };

	str_addf(&pattern, "%s*", v->store->keys.domain.text);
	struct slice words[] = { SLICE("SCAN"), v->at, SLICE("MATCH"), str_slice(&pattern),
		SLICE("COUNT"), SLICE("500") };
	verify_begin(v);
	link_call(v->store->ask, &(struct argv){ words, 6, 6 }, verify_scanned, v);
	str_free(&pattern);
}

/* ---- the domain ---- */

static bool id_after(struct stream_id a, struct stream_id b)
{
	return a.ms > b.ms || (a.ms == b.ms && a.n > b.n);
}

static struct stream_id entry_id(const struct reply *entries)
{
	struct stream_id id = { 0, 0 };

	stream_id_parse(reply_at(reply_at(entries, 0), 0)->text, &id);
	return id;
}

/* [inbox, journal, push of the cursor; first of the inbox; last of the journal; last of push; the snapshot's number; accepted, quarantined] */
static void verify_cursor_answer(void *arg, int status, const struct reply *r)
{
	struct verify *v = arg;
	struct stream_id done = { 0, 0 };

	if (!r || status) {
		v->status = r ? status : -EAGAIN;
		verify_end(v);
		return;
	}
	const struct reply *cursor = reply_at(r, 0);
	struct stream_id first = entry_id(reply_at(r, 1));
	uint64_t journal = reply_u64(reply_at(cursor, 1)), push = reply_u64(reply_at(cursor, 2));
	stream_id_parse(reply_at(cursor, 0)->text, &done);
	if (reply_at(r, 1)->count && !id_after(first, done))
		verify_line(v,
			"the inbox still has %llu-%llu, which the cursor %llu-%llu says was "
			"applied",
			(unsigned long long)first.ms, (unsigned long long)first.n,
			(unsigned long long)done.ms, (unsigned long long)done.n);
	if (entry_id(reply_at(r, 2)).ms != journal)
		verify_line(v, "the journal ends at %llu, the cursor says %llu",
			(unsigned long long)entry_id(reply_at(r, 2)).ms,
			(unsigned long long)journal);
	if (entry_id(reply_at(r, 3)).ms != push)
		verify_line(v, "the push stream ends at %llu, the cursor says %llu",
			(unsigned long long)entry_id(reply_at(r, 3)).ms, (unsigned long long)push);
	if (reply_u64(reply_at(r, 4)) > journal)
		verify_line(v, "the snapshot is of %llu, the journal ends at %llu",
			(unsigned long long)reply_u64(reply_at(r, 4)), (unsigned long long)journal);
	v->taken = reply_u64(reply_at(reply_at(r, 5), 0)) + reply_u64(reply_at(reply_at(r, 5), 1));
	verify_end(v);
}

static void verify_cursor(struct verify *v)
{
	const struct keys *k = &v->store->keys;
	struct slice one = SLICE("1"), count = SLICE("COUNT"), least = SLICE("-"),
		     most = SLICE("+");
	struct slice cursor[] = { SLICE("HMGET"), key_slice(&k->cursor), SLICE("inbox"),
		SLICE("journal"), SLICE("push") };
	struct slice in[] = { SLICE("XRANGE"), key_slice(&k->inbox), least, most, count, one };
	struct slice journal[] = { SLICE("XREVRANGE"), key_slice(&k->journal), most, least, count,
		one };
	struct slice push[] = { SLICE("XREVRANGE"), key_slice(&k->push), most, least, count, one };
	struct slice snapshot[] = { SLICE("HGET"), key_slice(&k->snapshot), SLICE("n") };
	struct slice taken[] = { SLICE("HMGET"), key_slice(&k->count), SLICE("accepted"),
		SLICE("quarantined") };
	struct str commands = { 0 };

	resp_command(&commands, &(struct argv){ cursor, 5, 5 });
	resp_command(&commands, &(struct argv){ in, 6, 6 });
	resp_command(&commands, &(struct argv){ journal, 6, 6 });
	resp_command(&commands, &(struct argv){ push, 6, 6 });
	resp_command(&commands, &(struct argv){ snapshot, 3, 3 });
	resp_command(&commands, &(struct argv){ taken, 4, 4 });
	verify_begin(v);
	link_multi(v->store->ask, str_slice(&commands), 6, verify_cursor_answer, v);
	str_free(&commands);
}

static bool verify_journal_page(
	void *arg, int status, const uint64_t *n, const struct event *events, size_t count)
{
	struct verify *v = arg;

	(void)n;
	(void)events;
	if (status == 0 && count > 0)
		return true;
	if (status == -EBADMSG)
		verify_line(v, "the journal has a gap or an entry that cannot be read (the log "
			       "says where)");
	else if (status)
		v->status = status;
	verify_end(v);
	return false;
}

static void verify_journal_first(void *arg, int status, const struct reply *r)
{
	struct verify *v = arg;

	if (!r || status)
		v->status = r ? status : -EAGAIN;
	if (!r || status || r->count == 0) {
		verify_end(v);
		return;
	}
	uint64_t first = 1;
	numbered_count(reply_at(r, 0), &first);
	journal_read(v->store, first - 1, verify_journal_page, v);
}

static void verify_journal(struct verify *v)
{
	struct slice words[] = { SLICE("XRANGE"), key_slice(&v->store->keys.journal), SLICE("-"),
		SLICE("+"), SLICE("COUNT"), SLICE("1") };

	verify_begin(v);
	link_call(v->store->ask, &(struct argv){ words, 6, 6 }, verify_journal_first, v);
}

void store_verify(struct store *s, void (*line)(void *arg, const char *text),
	void (*fn)(void *arg, int status, size_t violations, size_t checked), void *arg)
{
	struct verify *v = mem_alloc(sizeof(*v));

	ASSERT(line && fn);
	v->store = s;
	v->line = line;
	v->fn = fn;
	v->arg = arg;
	v->at = SLICE("0");
	verify_cursor(v);
	verify_journal(v);
	verify_page(v);
}
