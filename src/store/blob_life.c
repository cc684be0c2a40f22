/*
 * The expiry of blobs and its end; see the header. Never touches a file. Called by blob, blob_files and inbox.
 */
#include "store/blob_life.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "model/pairs.h"
#include "store/blob_files.h"
#include "store/inside.h"

bool blob_is_mark(struct slice name, struct slice value)
{
	char hex[SHA256_HEX_LEN + 1];

	if (!slice_is(value, BLOB_MARK))
		return false;
	sha256_hex(value, hex);
	return !slice_is(name, hex);
}

/* ---- several calls, one answer ---- */

struct several {
	size_t due;
	int status; /* the first that went wrong */
	void (*fn)(void *arg, int status);
	void *arg;
};

static void several_answer(void *arg, int status, const struct reply *r)
{
	struct several *a = arg;

	(void)r;
	if (!a->status)
		a->status = status;
	if (--a->due)
		return;
	a->fn(a->arg, a->status);
	free(a);
}

static struct several *several_new(size_t due, void (*fn)(void *arg, int status), void *arg)
{
	struct several *a = mem_alloc(sizeof(*a));

	ASSERT(fn && due > 0);
	*a = (struct several){ due, 0, fn, arg };
	return a;
}

/* ---- the key ---- */

/* A key that has no expiry counts as one that never ends (GT): EXPIRE leaves it alone. */
static void key_prolong(struct store *s, const struct key *key, link_fn fn, void *arg)
{
	char keep[24];

	snprintf(keep, sizeof(keep), "%u", s->unnamed_keep_s);
	struct slice words[] = { SLICE("EXPIRE"), key_slice(key), slice_of(keep), SLICE("GT") };
	link_call(s->write, &(struct argv){ words, 4, 4 }, fn, arg);
}

/* EXPIRE first: should the key end between the two, SET makes it anew. */
static void key_write(
	struct store *s, struct slice name, struct slice value, bool for_ever, struct several *a)
{
	struct key key = key_of_sha256(&s->keys, KEY_BLOB, name);
	char keep[24];

	snprintf(keep, sizeof(keep), "%u", s->unnamed_keep_s);
	struct slice words[] = { SLICE("SET"), key_slice(&key), value, SLICE("NX"), SLICE("EX"),
		slice_of(keep) };
	key_prolong(s, &key, several_answer, a);
	link_call(s->write, &(struct argv){ words, for_ever ? 4 : 6, 6 }, several_answer, a);
}

void blob_write_key(struct store *s, struct slice name, struct slice value,
	void (*fn)(void *arg, int status), void *arg)
{
	key_write(s, name, value, false, several_new(2, fn, arg));
}

void blob_unnamed_keep(struct store *s, uint32_t keep_s)
{
	s->unnamed_keep_s = keep_s;
}

uint32_t blob_keeps_s(const struct store *s)
{
	return s->unnamed_keep_s;
}

/* ---- files ---- */

uint64_t blob_upload_time_us(struct store *s)
{
	uint64_t now = loop_wall_us(s->loop);

	s->upload_last_us = now > s->upload_last_us ? now : s->upload_last_us + 1;
	return s->upload_last_us;
}

static void file_mark(struct store *s, struct slice name, void (*fn)(void *, int), void *arg)
{
	struct key key = key_of_name(&s->keys, KEY_UPLOADS, slice_of(s->node));
	struct several *a = several_new(3, fn, arg);
	char at[24];

	snprintf(at, sizeof(at), "%llu", (unsigned long long)blob_upload_time_us(s));
	struct slice words[] = { SLICE("ZADD"), key_slice(&key), SLICE("GT"), slice_of(at), name };
	link_call(s->write, &(struct argv){ words, 5, 5 }, several_answer, a);
	key_write(s, name, SLICE(BLOB_MARK), false, a);
}

struct marking {
	struct store *store;
	char name[BLOB_NAME_LEN + 1];
	void (*fn)(void *arg, int status);
	void *arg;
};

/*
 * A file that is there and not in the list is one that was named, or of a time without marks. It stays. (Or blob_collect took
 * it away this very moment: then one file too many stays, never one too few.)
 */
static void marking_listed(void *arg, int status, const struct reply *r)
{
	struct marking *m = arg;
	struct slice name = slice_make(m->name, BLOB_NAME_LEN);

	if (!r || status)
		m->fn(m->arg, r ? status : -EAGAIN);
	else if (r->type == REPLY_NIL)
		key_write(m->store, name, SLICE(BLOB_MARK), true, several_new(2, m->fn, m->arg));
	else
		file_mark(m->store, name, m->fn, m->arg);
	free(m);
}

static void upload_score(struct store *s, struct link *l, struct slice name, link_fn fn, void *arg)
{
	struct key key = key_of_name(&s->keys, KEY_UPLOADS, slice_of(s->node));
	struct slice words[] = { SLICE("ZSCORE"), key_slice(&key), name };

	link_call(l, &(struct argv){ words, 3, 3 }, fn, arg);
}

void blob_mark_file(struct store *s, const char *name, bool was_there,
	void (*fn)(void *arg, int status), void *arg)
{
	if (!was_there) {
		file_mark(s, slice_of(name), fn, arg);
		return;
	}
	struct marking *m = mem_alloc(sizeof(*m));
	*m = (struct marking){ .store = s, .fn = fn, .arg = arg };
	memcpy(m->name, name, BLOB_NAME_LEN);
	upload_score(s, s->write, slice_of(name), marking_listed, m);
}

/* ---- named ---- */

static void nobody_waits(void *arg, int status, const struct reply *r)
{
	(void)arg;
	(void)status; /* lost: then the command behind it was lost, too */
	(void)r;
}

static void named_exists(void *arg, int status, const struct reply *r)
{
	bool *gone = arg;

	if (r && !status && reply_u64(r) == 0)
		*gone = true;
}

static void blob_persist(struct store *s, struct slice name, bool *gone)
{
	struct key key = key_of_sha256(&s->keys, KEY_BLOB, name);
	struct slice persist[] = { SLICE("PERSIST"), key_slice(&key) };
	struct slice exists[] = { SLICE("EXISTS"), key_slice(&key) };

	link_call(s->write, &(struct argv){ persist, 2, 2 }, nobody_waits, NULL);
	link_call(s->write, &(struct argv){ exists, 2, 2 }, named_exists, gone);
}

/* Redis does PERSIST also when it has no memory for a write, so an XADD that went well never stands without it. */
void blob_name_all(struct store *s, const struct command *c, bool *gone)
{
	struct arena arena = { 0 };
	struct part p;

	for (struct slice rest = c->parts; parts_next(&rest, &p, &arena);)
		if (sha256_is_name(p.blob))
			blob_persist(s, p.blob, gone);
	if (sha256_is_name(c->raw))
		blob_persist(s, c->raw, gone);
	arena_free(&arena);
}

/* ---- held ---- */

/* One blob: [EXPIRE, EXISTS, the key's beginning, its score] ─▶ perhaps the disk. */
struct holding {
	struct held *held;
	bool there, mark, listed;
	char name[BLOB_NAME_LEN + 1];
};
struct held {
	struct store *store;
	size_t due;
	int status;
	void (*fn)(void *arg, int status);
	void *arg;
};

static void held_end(struct held *h, int status)
{
	if (!h->status)
		h->status = status;
	if (--h->due)
		return;
	h->fn(h->arg, h->status);
	free(h);
}

static void holding_end(struct holding *b, int status)
{
	struct held *h = b->held;

	free(b);
	held_end(h, status);
}

static void holding_marked(void *arg, int status)
{
	holding_end(arg, status);
}

/* A file of a time without marks gets one: from now on the key says what is there. */
static void holding_looked(void *arg, int status, uint64_t size_bytes)
{
	struct holding *b = arg;

	(void)size_bytes;
	if (status || b->there)
		holding_end(b, status);
	else
		key_write(b->held->store, slice_make(b->name, BLOB_NAME_LEN), SLICE(BLOB_MARK),
			true, several_new(2, holding_marked, b));
}

static void holding_exists(void *arg, int status, const struct reply *r)
{
	struct holding *b = arg;

	b->there = r && !status && reply_u64(r) == 1;
}

static void holding_begins(void *arg, int status, const struct reply *r)
{
	struct holding *b = arg;

	b->mark = r && !status && blob_is_mark(slice_make(b->name, BLOB_NAME_LEN), r->text);
}

static void holding_listed(void *arg, int status, const struct reply *r)
{
	struct holding *b = arg;
	bool listed = r && !status && r->type != REPLY_NIL;

	if (!r || status)
		holding_end(b, r ? status : -EAGAIN);
	else if (b->there && !b->mark)
		holding_end(b, 0);
	else if (!b->there && listed)
		holding_end(b, -ENOENT); /* about to be taken away */
	else
		blob_file_is(b->held->store->blobs, slice_make(b->name, BLOB_NAME_LEN),
			holding_looked, b);
}

static void blob_hold_one(struct held *h, struct slice name)
{
	struct store *s = h->store;
	struct key key = key_of_sha256(&s->keys, KEY_BLOB, name);
	struct holding *b = mem_alloc(sizeof(*b));
	struct slice exists[] = { SLICE("EXISTS"), key_slice(&key) };
	struct slice begins[] = { SLICE("GETRANGE"), key_slice(&key), SLICE("0"), SLICE("4") };

	b->held = h;
	memcpy(b->name, name.p, BLOB_NAME_LEN);
	h->due++;
	key_prolong(s, &key, nobody_waits, NULL);
	link_call(s->write, &(struct argv){ exists, 2, 2 }, holding_exists, b);
	link_call(s->write, &(struct argv){ begins, 4, 4 }, holding_begins, b);
	upload_score(s, s->write, name, holding_listed, b);
}

static void held_none(void *arg, int status, const struct reply *r)
{
	(void)r;
	held_end(arg, status);
}

void blob_hold(struct store *s, struct slice parts, struct slice raw,
	void (*fn)(void *arg, int status), void *arg)
{
	struct held *h = mem_alloc(sizeof(*h));
	struct arena arena = { 0 };
	struct part p;

	ASSERT(fn);
	*h = (struct held){ .store = s, .due = 1, .fn = fn, .arg = arg };
	for (struct slice rest = parts; parts_next(&rest, &p, &arena);)
		if (sha256_is_name(p.blob))
			blob_hold_one(h, p.blob);
	if (sha256_is_name(raw))
		blob_hold_one(h, raw);
	link_later(s->write, 0, held_none, h);
	arena_free(&arena);
}
