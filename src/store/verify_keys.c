/*
 * What each kind of key promises, and whether it holds. Never changes anything. Called by verify for each key.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "model/entry.h"
#include "model/outbound.h"
#include "model/pairs.h"
#include "store/blob.h"
#include "store/reader.h"
#include "store/verify.h"

#include "store/inbox.h"

/* One question about one key. */
struct check {
	struct verify *verify;
	enum key_family family;
	struct key key;
	struct id id, other;
	uint64_t seq;
	char name[BLOB_NAME_LEN + 1];
};

static struct check *check_new(struct verify *v, enum key_family f, struct slice key)
{
	struct check *c = mem_alloc(sizeof(*c));

	ASSERT(key.n < sizeof(c->key.text));
	c->verify = v;
	c->family = f;
	memcpy(c->key.text, key.p, key.n);
	c->key.n = key.n;
	verify_begin(v);
	return c;
}

static void check_end(struct check *c)
{
	struct verify *v = c->verify;

	free(c);
	verify_end(v);
}

/* Whether there is an answer to look at; else the check is over. */
static bool check_answered(struct check *c, int status, const struct reply *r)
{
	if (r && status == 0)
		return true;
	if (status ==
		-EPROTO) /* a key of another type: reported for itself, and for what points to it */
		verify_line(c->verify, "%s: %.*s", c->key.text, SLICE_ARG(r->text));
	else
		c->verify->status = r ? status : -EAGAIN;
	check_end(c);
	return false;
}

static void check_ask(struct check *c, const struct slice *words, size_t n, link_fn fn)
{
	struct argv a = { 0 };

	for (size_t i = 0; i < n; i++)
		argv_add(&a, words[i]);
	link_call(c->verify->store->ask, &a, fn, c);
	argv_free(&a);
}

static void check_ask_multi(struct check *c, const struct argv *commands, size_t n, link_fn fn)
{
	struct str text = { 0 };

	for (size_t i = 0; i < n; i++)
		resp_command(&text, &commands[i]);
	link_multi(c->verify->store->ask, str_slice(&text), n, fn, c);
	str_free(&text);
}

/* ---- what it points to must be there ---- */

static void points_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	char text[ID_TEXT_LEN + 1];

	if (!check_answered(c, status, r))
		return;
	if (reply_u64(r) == 0)
		verify_line(c->verify, "%s points to %s, which is not there", c->key.text,
			id_text(c->id, text));
	check_end(c);
}

static void points_to(
	struct verify *v, enum key_family f, struct slice key, enum key_family to, struct id id)
{
	struct check *c = check_new(v, f, key);
	struct key target = key_of_id(&v->store->keys, to, id);
	struct slice words[] = { SLICE("EXISTS"), key_slice(&target) };

	c->id = id;
	check_ask(c, words, 2, points_answer);
}

static void pointer_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	struct id id;

	if (!check_answered(c, status, r))
		return;
	if (r->type != REPLY_NIL) {
		if (id_parse(r->text, &id))
			points_to(c->verify, c->family, key_slice(&c->key),
				c->family == KEY_THREAD ? KEY_CONV : KEY_CUSTOMER, id);
		else
			verify_line(c->verify, "%s is no id", c->key.text);
	}
	check_end(c);
}

static void check_pointer(struct verify *v, enum key_family f, struct slice key)
{
	struct slice words[] = { SLICE("GET"), key };

	check_ask(check_new(v, f, key), words, 2, pointer_answer);
}

/* ---- blobs ---- */

static void blob_read(void *arg, int status, struct slice bytes)
{
	struct check *c = arg;

	(void)bytes;
	if (status == -EAGAIN)
		c->verify->status = status;
	else if (status == -EBADMSG)
		verify_line(c->verify, "blob %s is damaged (named by %s)", c->name, c->key.text);
	else if (status)
		verify_line(c->verify, "blob %s is not there (named by %s)", c->name, c->key.text);
	check_end(c);
}

/* What a message names has no expiry; what none names may go any moment, so that it is not looked at. */
static void blob_life_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	bool own = c->family == KEY_BLOB, ends = r && !status && r->integer != -1;

	if (!r || status)
		c->verify->status = r ? status : -EAGAIN;
	else if (ends && !own && r->integer >= 0)
		verify_line(c->verify, "blob %s will be forgotten, though it is named by %s",
			c->name, c->key.text);
	if (!r || status || (ends && own))
		check_end(c);
	else
		blob_get(c->verify->store, slice_make(c->name, BLOB_NAME_LEN), blob_read, c);
}

/* f, key: who names it. */
static void check_blob(struct verify *v, enum key_family f, struct slice key, struct slice name)
{
	if (!sha256_is_name(name)) {
		verify_line(v, "%.*s names a blob by something else than its hash", SLICE_ARG(key));
		return;
	}
	if (f != KEY_BLOB && map_get(&v->blobs, name))
		return;
	if (f != KEY_BLOB)
		map_put(&v->blobs, name, v);
	struct check *c = check_new(v, f, key);
	struct key blob = key_of_sha256(&v->store->keys, KEY_BLOB, name);
	struct slice words[] = { SLICE("PTTL"), key_slice(&blob) };
	memcpy(c->name, name.p, BLOB_NAME_LEN);
	check_ask(c, words, 2, blob_life_answer);
}

/* ---- a conversation and its log ---- */

static void entry_blobs(struct check *c, const struct entry *en, struct arena *arena)
{
	struct slice rest = en->parts;
	struct part part;

	while (parts_next(&rest, &part, arena))
		if (part.blob.n)
			check_blob(c->verify, KEY_LOG, key_slice(&c->key), part.blob);
	if (en->raw.n)
		check_blob(c->verify, KEY_LOG, key_slice(&c->key), en->raw);
}

static void check_entries(struct check *c, const struct reply *log)
{
	struct map ids = { 0 };
	struct arena arena = { 0 };
	char text[ID_TEXT_LEN + 1];

	for (size_t i = 0; i < log->count; i++) {
		struct entry en = { 0 };
		struct err err = { "" };
		if (record_unpack(&entry_table, &en, log->items[i].text, &err)) {
			verify_line(c->verify, "%s: entry %zu cannot be read: %s", c->key.text,
				i + 1, err.text);
			continue;
		}
		if (en.seq != i + 1)
			verify_line(c->verify, "%s: entry %zu is numbered %llu", c->key.text, i + 1,
				(unsigned long long)en.seq);
		if (!id_is_none(en.id) && map_put(&ids, slice_make(&en.id, sizeof(en.id)), c))
			verify_line(c->verify, "%s: message %s is there twice", c->key.text,
				id_text(en.id, text));
		c->verify->found += en.direction == DIRECTION_IN;
		entry_blobs(c, &en, &arena);
	}
	map_free(&ids);
	arena_free(&arena);
}

static void customer_has_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	char text[ID_TEXT_LEN + 1];

	if (!check_answered(c, status, r))
		return;
	if (r->type == REPLY_NIL)
		verify_line(c->verify, "%s is not among the conversations of its customer %s",
			c->key.text, id_text(c->other, text));
	check_end(c);
}

static void check_customer_has(
	struct verify *v, struct slice key, struct id conv, struct id customer)
{
	struct check *c = check_new(v, KEY_CONV, key);
	struct key convs = key_of_id(&v->store->keys, KEY_CUSTOMER_CONVS, customer);
	char text[ID_TEXT_LEN + 1];
	struct slice words[] = { SLICE("ZSCORE"), key_slice(&convs),
		slice_of(id_text(conv, text)) };

	c->other = customer;
	check_ask(c, words, 3, customer_has_answer);
	points_to(v, KEY_CONV, key, KEY_CUSTOMER, customer);
}

/* [last_seq and customer; the whole log] */
static void conv_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	struct id customer;

	if (!check_answered(c, status, r))
		return;
	const struct reply *fields = reply_at(r, 0), *log = reply_at(r, 1);
	if (reply_u64(reply_at(fields, 0)) != log->count)
		verify_line(c->verify, "%s: last_seq is %llu, its log has %zu entries", c->key.text,
			(unsigned long long)reply_u64(reply_at(fields, 0)), log->count);
	check_entries(c, log);
	if (id_parse(reply_at(fields, 1)->text, &customer))
		check_customer_has(c->verify, key_slice(&c->key), c->id, customer);
	check_end(c);
}

static void check_conv(struct verify *v, struct slice key, struct id id)
{
	struct check *c = check_new(v, KEY_CONV, key);
	struct key log = key_of_id(&v->store->keys, KEY_LOG, id);
	struct slice fields[] = { SLICE("HMGET"), key, SLICE("last_seq"), SLICE("customer") };
	struct slice range[] = { SLICE("LRANGE"), key_slice(&log), SLICE("0"), SLICE("-1") };

	c->id = id;
	check_ask_multi(
		c, (const struct argv[]){ { fields, 4, 4 }, { range, 4, 4 } }, 2, conv_answer);
}

/* ---- a customer and those who were merged with him ---- */

/* The other card's field: a member's `into`, or a root's `has:`. */
static void link_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	struct id said;
	char text[ID_TEXT_LEN + 1];

	if (!check_answered(c, status, r))
		return;
	bool root = c->seq; /* asked for the root's word on a member */
	bool agrees = root ? r->text.n > 0 : id_parse(r->text, &said) && id_equal(said, c->id);
	if (!agrees)
		verify_line(c->verify, "%s is merged with %s, which does not say so", c->key.text,
			id_text(c->other, text));
	check_end(c);
}

static void check_link(struct verify *v, struct slice key, struct id id, struct id other, bool root)
{
	struct check *c = check_new(v, KEY_CUSTOMER, key);
	struct key target = key_of_id(&v->store->keys, KEY_CUSTOMER, other);
	char text[ID_TEXT_LEN + 1], field[ID_TEXT_LEN + 8];

	c->id = id;
	c->other = other;
	c->seq = root;
	snprintf(field, sizeof(field), "has:%s", id_text(id, text));
	struct slice words[] = { SLICE("HGET"), key_slice(&target),
		root ? slice_of(field) : SLICE("into") };
	check_ask(c, words, 3, link_answer);
}

static void customer_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	struct slice has = SLICE("has:");
	struct id other;

	if (!check_answered(c, status, r))
		return;
	for (size_t i = 0; i + 1 < r->count; i += 2) {
		struct slice name = r->items[i].text, value = r->items[i + 1].text;
		if (slice_is(name, "into") && id_parse(value, &other))
			check_link(c->verify, key_slice(&c->key), c->id, other, true);
		else if (value.n && slice_starts(name, has) &&
			 id_parse(slice_make(name.p + has.n, name.n - has.n), &other))
			check_link(c->verify, key_slice(&c->key), c->id, other, false);
	}
	check_end(c);
}

static void check_customer(struct verify *v, struct slice key, struct id id)
{
	struct check *c = check_new(v, KEY_CUSTOMER, key);
	struct slice words[] = { SLICE("HGETALL"), key };

	c->id = id;
	check_ask(c, words, 2, customer_answer);
}

/* ---- a customer's lists ---- */

static void is_his_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	char text[ID_TEXT_LEN + 1];
	struct id his;

	if (!check_answered(c, status, r))
		return;
	if (r->type == REPLY_NIL)
		verify_line(c->verify, "%s points to %s, which is not there", c->key.text,
			id_text(c->id, text));
	else if (!id_parse(r->text, &his) || !id_equal(his, c->other))
		verify_line(c->verify, "%s has %s, which is another customer's", c->key.text,
			id_text(c->id, text));
	check_end(c);
}

/* A card shows what is its customer's, and nothing else. */
static void check_is_his(struct verify *v, struct slice key, struct id customer, struct id conv)
{
	struct check *c = check_new(v, KEY_CUSTOMER_CONVS, key);
	struct key target = key_of_id(&v->store->keys, KEY_CONV, conv);
	struct slice words[] = { SLICE("HGET"), key_slice(&target), SLICE("customer") };

	c->id = conv;
	c->other = customer;
	check_ask(c, words, 3, is_his_answer);
}

/* A list of conversations: a customer's, or, where there is none in `id`, of anybody. */
static void convs_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	struct id id;

	if (!check_answered(c, status, r))
		return;
	for (size_t i = 0; i < r->count; i++) {
		if (id_parse(r->items[i].text, &id) && id_is_none(c->id))
			points_to(c->verify, c->family, key_slice(&c->key), KEY_CONV, id);
		else if (id_parse(r->items[i].text, &id))
			check_is_his(c->verify, key_slice(&c->key), c->id, id);
		else
			verify_line(c->verify, "%s: %.*s is no id", c->key.text,
				SLICE_ARG(r->items[i].text));
	}
	check_end(c);
}

static void check_convs(struct verify *v, struct slice key, struct id customer)
{
	struct check *c = check_new(v, KEY_CUSTOMER_CONVS, key);
	struct slice words[] = { SLICE("ZRANGE"), key, SLICE("0"), SLICE("-1") };

	c->id = customer;
	check_ask(c, words, 4, convs_answer);
}

/* ---- the outbox ---- */

static void sent_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	char text[ID_TEXT_LEN + 1];
	struct entry en = { 0 };

	if (!check_answered(c, status, r))
		return;
	if (r->type == REPLY_NIL || record_unpack(&entry_table, &en, r->text, NULL) ||
		!id_equal(en.id, c->id))
		verify_line(c->verify, "%s: message %s is not entry %llu of its conversation",
			c->key.text, id_text(c->id, text), (unsigned long long)c->seq);
	check_end(c);
}

static void check_sent(struct check *out, const struct outbound *o)
{
	struct verify *v = out->verify;
	struct check *c = check_new(v, KEY_OUT, key_slice(&out->key));
	struct key log = key_of_id(&v->store->keys, KEY_LOG, o->conv);
	struct arena arena = { 0 };
	struct slice index = arena_printf(&arena, "%llu", (unsigned long long)o->seq - 1);
	struct slice words[] = { SLICE("LINDEX"), key_slice(&log), index };

	c->id = o->id;
	c->seq = o->seq;
	check_ask(c, words, 3, sent_answer);
	arena_free(&arena);
}

static void out_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;
	struct arena arena = { 0 };

	if (!check_answered(c, status, r))
		return;
	for (size_t i = 0; i < r->count; i++) {
		struct outbound o = { 0 };
		struct slice *pairs;
		size_t n = reply_slices(reply_at(&r->items[i], 1), &pairs, &arena);
		bool read = !record_unflatten(&outbound_table, &o, pairs, n / 2, NULL);
		bool automatic = id_is_none(o.conv) && !o.seq; /* a confirmation, a transcript */
		if (read && automatic)
			continue;
		if (!read || o.seq == 0)
			verify_line(c->verify, "%s: entry %.*s cannot be read", c->key.text,
				SLICE_ARG(reply_at(&r->items[i], 0)->text));
		else
			check_sent(c, &o);
	}
	arena_free(&arena);
	check_end(c);
}

static void check_out(struct verify *v, struct slice key)
{
	struct slice words[] = { SLICE("XRANGE"), key, SLICE("-"), SLICE("+") };

	check_ask(check_new(v, KEY_OUT, key), words, 4, out_answer);
}

/* ---- what could not be sent ---- */

static void dead_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;

	if (!check_answered(c, status, r))
		return;
	for (size_t i = 0; i < r->count; i++) {
		struct slice text = r->items[i].text, rest = text;
		struct id message, conv;
		if (id_parse(slice_cut(&rest, ' '), &message) &&
			id_parse(slice_cut(&rest, ' '), &conv))
			points_to(c->verify, c->family, key_slice(&c->key), KEY_CONV, conv);
		else
			verify_line(c->verify, "%s has \"%.*s\", which is no message", c->key.text,
				SLICE_ARG(text));
	}
	check_end(c);
}

void verify_dead(struct verify *v)
{
	struct slice key = key_slice(&v->store->keys.dead);
	struct slice words[] = { SLICE("ZRANGE"), key, SLICE("0"), SLICE("9999") };

	check_ask(check_new(v, KEY_OUT, key), words, 4, dead_answer);
}

/* ---- whose visitor is to be mailed ---- */

void verify_away(struct verify *v)
{
	struct slice key = key_slice(&v->store->keys.away);
	struct slice words[] = { SLICE("ZRANGE"), key, SLICE("0"), SLICE("9999") };

	check_ask(check_new(v, KEY_OUT, key), words, 4, convs_answer);
}

/* ---- marks that must expire ---- */

static void expires_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;

	if (!check_answered(c, status, r))
		return;
	if (r->integer == -1)
		verify_line(c->verify, "%s never expires", c->key.text);
	check_end(c);
}

static void check_expires(struct verify *v, enum key_family f, struct slice key)
{
	struct slice words[] = { SLICE("TTL"), key };

	check_ask(check_new(v, f, key), words, 2, expires_answer);
}

/* ---- users ---- */

static void user_answer(void *arg, int status, const struct reply *r)
{
	struct check *c = arg;

	if (!check_answered(c, status, r))
		return;
	if (reply_u64(r) == 0)
		verify_line(c->verify, "%s is not in the list of users", c->key.text);
	check_end(c);
}

static void check_user(struct verify *v, struct slice key, struct slice name)
{
	struct slice words[] = { SLICE("SISMEMBER"), key_slice(&v->store->keys.users), name };

	if (!slice_starts(name, SLICE("="))) /* a hashed name does not tell which it is */
		check_ask(check_new(v, KEY_USER, key), words, 3, user_answer);
}

/* ---- */

static bool id_of(struct verify *v, struct slice key, struct slice rest, struct id *id)
{
	if (id_parse(rest, id))
		return true;
	verify_line(v, "%.*s does not end in an id", SLICE_ARG(key));
	return false;
}

void verify_key(struct verify *v, enum key_family f, struct slice key, struct slice rest)
{
	struct id id;

	switch (f) {
	case KEY_CONV:
		if (id_of(v, key, rest, &id))
			check_conv(v, key, id);
		break;
	case KEY_LOG:
		if (id_of(v, key, rest, &id))
			points_to(v, f, key, KEY_CONV, id);
		break;
	case KEY_CUSTOMER:
		if (id_of(v, key, rest, &id))
			check_customer(v, key, id);
		break;
	case KEY_CUSTOMER_CONVS:
		if (id_of(v, key, rest, &id))
			check_convs(v, key, id);
		break;
	case KEY_CUSTOMER_IDENTS:
		if (id_of(v, key, rest, &id))
			points_to(v, f, key, KEY_CUSTOMER, id);
		break;
	case KEY_IDENT:
	case KEY_CLAIM:
	case KEY_THREAD:
		check_pointer(v, f, key);
		break;
	case KEY_DEDUP:
		check_expires(v, f, key);
		break;
	case KEY_BLOB:
		check_blob(v, f, key, rest);
		break;
	case KEY_OUT:
		check_out(v, key);
		break;
	case KEY_USER:
	case KEY_OWN_TEXTS:
		check_user(v, key, rest);
		break;
	case KEY_AGENT:
	case KEY_KEEP:
	case KEY_UPLOADS:
	case KEY_FAMILY_COUNT:
		break;
	}
}
