/*
 * The commands of a Redis 7.0 that src/store uses, as its documentation describes them. Called by redis.c.
 */
#include "keyspace.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/map.h"
#include "model/record.h"

enum type { TYPE_STRING, TYPE_HASH, TYPE_LIST, TYPE_ZSET, TYPE_SET, TYPE_STREAM };
static const char *const type_words[] = { "string", "hash", "list", "zset", "set", "stream" };

struct stamp { /* a stream's id */
	uint64_t ms, n;
};
struct record {
	struct stamp id;
	struct slice *v;
	size_t n;
};
struct owed { /* handed out to a consumer and not acknowledged */
	struct stamp id;
	struct slice consumer;
};
struct value {
	enum type type;
	uint64_t expire_ms;
	struct slice *v; /* string: one; hash: field, value ...; zset: score, member ... */
	size_t n, cap;
	struct record *records;
	size_t record_count, record_cap;
	struct stamp last, group_last;
	struct slice group; /* p NULL: none */
	struct owed *owed;
	size_t owed_count, owed_cap;
};
struct keyspace {
	struct map map;
};
struct call {
	struct keyspace *k;
	const struct slice *v;
	size_t n;
	uint64_t now_ms;
	struct str *reply;
	struct value *value; /* of the key, or NULL */
	bool wrote, nothing;
};

/* ---- bytes ---- */

static struct slice keep(struct slice s)
{
	return slice_make(slice_dup(s), s.n);
}

static void drop(struct slice *s)
{
	free((void *)(uintptr_t)s->p);
	*s = (struct slice){ NULL, 0 };
}

/* ---- replies ---- */

static void say_error(struct call *c, const char *text)
{
	str_addf(c->reply, "-%s\r\n", text);
}
static void say_ok(struct call *c)
{
	str_add(c->reply, SLICE("+OK\r\n"));
}
static void say_int(struct call *c, int64_t v)
{
	str_add_char(c->reply, ':');
	str_add_i64(c->reply, v);
	str_add(c->reply, SLICE("\r\n"));
}
static void say_nil(struct call *c)
{
	str_add(c->reply, SLICE("$-1\r\n"));
}
static void say_array(struct call *c, size_t n)
{
	str_add_char(c->reply, '*');
	str_add_u64(c->reply, n);
	str_add(c->reply, SLICE("\r\n"));
}
static void say_text(struct call *c, struct slice s)
{
	str_add_char(c->reply, '$');
	str_add_u64(c->reply, s.n);
	str_add(c->reply, SLICE("\r\n"));
	str_add(c->reply, s);
	str_add(c->reply, SLICE("\r\n"));
}
static void say_stamp(struct call *c, struct stamp id)
{
	char bytes[48];
	struct str text = { .p = bytes, .cap = sizeof(bytes) };

	str_add_u64(&text, id.ms);
	str_add_char(&text, '-');
	str_add_u64(&text, id.n);
	ASSERT(text.p == bytes);
	say_text(c, str_slice(&text));
}
static void say_record(struct call *c, const struct record *r)
{
	say_array(c, 2);
	say_stamp(c, r->id);
	say_array(c, r->n);
	for (size_t i = 0; i < r->n; i++)
		say_text(c, r->v[i]);
}

/* ---- values ---- */

static void items_add(struct value *o, size_t at, struct slice s)
{
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 4;
		o->v = mem_resize(o->v, o->cap, sizeof(*o->v));
	}
	memmove(o->v + at + 1, o->v + at, (o->n - at) * sizeof(*o->v));
	o->v[at] = keep(s);
	o->n++;
}

static void items_set(struct value *o, size_t at, struct slice s)
{
	struct slice old = o->v[at];

	o->v[at] = keep(s);
	drop(&old);
}

static void items_remove(struct value *o, size_t at, size_t count)
{
	if (!count)
		return;
	for (size_t i = 0; i < count; i++)
		drop(&o->v[at + i]);
	memmove(o->v + at, o->v + at + count, (o->n - at - count) * sizeof(*o->v));
	o->n -= count;
}

/* Where the item is among those at `from`, `from + step` ...; o->n: nowhere. */
static size_t items_find(const struct value *o, size_t from, size_t step, struct slice s)
{
	for (size_t i = from; o && i < o->n; i += step)
		if (slice_equal(o->v[i], s))
			return i;
	return o ? o->n : 0;
}

static void record_drop(struct record *r)
{
	for (size_t i = 0; i < r->n; i++)
		drop(&r->v[i]);
	free(r->v);
}

static void value_free(struct value *o)
{
	items_remove(o, 0, o->n);
	for (size_t i = 0; i < o->record_count; i++)
		record_drop(&o->records[i]);
	for (size_t i = 0; i < o->owed_count; i++)
		drop(&o->owed[i].consumer);
	free(o->v);
	free(o->records);
	free(o->owed);
	drop(&o->group);
	free(o);
}

static void key_remove(struct call *c, struct slice key)
{
	struct value *o = map_remove(&c->k->map, key);

	if (o)
		value_free(o);
	c->value = NULL;
}

static struct value *key_find(struct call *c, struct slice key)
{
	struct value *o = map_get(&c->k->map, key);

	if (o && o->expire_ms && o->expire_ms <= c->now_ms) {
		key_remove(c, key);
		o = NULL;
	}
	return o;
}

/* The value of that type; NULL and an error said when it is of another one. Made when it is absent. */
static struct value *key_made(struct call *c, enum type type)
{
	if (!c->value) {
		c->value = mem_alloc(sizeof(*c->value));
		c->value->type = type;
		map_put(&c->k->map, c->v[1], c->value);
	}
	c->wrote = true;
	return c->value;
}

static bool is_of(struct call *c, enum type type)
{
	if (!c->value || c->value->type == type)
		return true;
	say_error(c, "WRONGTYPE Operation against a key holding the wrong kind of value");
	return false;
}

static bool is_number(struct call *c, struct slice s)
{
	int64_t v;

	if (slice_i64(s, &v))
		return true;
	say_error(c, "ERR value is not an integer or out of range");
	return false;
}

static int64_t number(struct slice s)
{
	int64_t v = 0;

	(void)slice_i64(s, &v);
	return v;
}

/* ---- strings ---- */

static void run_set(struct call *c)
{
	bool absent_only = false, tells = false;
	uint64_t expire_ms = 0;

	for (size_t i = 3; i < c->n; i++) {
		if (slice_is(c->v[i], "NX"))
			absent_only = true;
		else if (slice_is(c->v[i], "GET"))
			tells = true;
		else if (slice_is(c->v[i], "PX") && i + 1 < c->n)
			expire_ms = c->now_ms + (uint64_t)number(c->v[++i]);
		else if (slice_is(c->v[i], "EX") && i + 1 < c->n)
			expire_ms = c->now_ms + (uint64_t)number(c->v[++i]) * 1000;
		else {
			say_error(c, "ERR syntax error");
			return;
		}
	}
	if (tells && !is_of(c, TYPE_STRING))
		return;
	if (absent_only && c->value) {
		if (tells)
			say_text(c, c->value->v[0]);
		else
			say_nil(c);
		return;
	}
	if (tells && c->value)
		say_text(c, c->value->v[0]);
	else if (tells)
		say_nil(c);
	key_remove(c, c->v[1]);
	struct value *o = key_made(c, TYPE_STRING);
	items_add(o, 0, c->v[2]);
	o->expire_ms = expire_ms;
	if (!tells)
		say_ok(c);
}

static void run_get(struct call *c)
{
	if (!is_of(c, TYPE_STRING))
		return;
	if (c->value)
		say_text(c, c->value->v[0]);
	else
		say_nil(c);
}

static void run_incr(struct call *c)
{
	char text[24];

	if (!is_of(c, TYPE_STRING) || (c->value && !is_number(c, c->value->v[0])))
		return;
	int64_t v = (c->value ? number(c->value->v[0]) : 0) + 1;
	struct value *o = key_made(c, TYPE_STRING);
	struct slice s =
		slice_make(text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)v));
	if (o->n)
		items_set(o, 0, s);
	else
		items_add(o, 0, s);
	say_int(c, v);
}

static void run_del(struct call *c)
{
	int64_t n = 0;

	for (size_t i = 1; i < c->n; i++)
		if (key_find(c, c->v[i])) {
			key_remove(c, c->v[i]);
			n++;
		}
	c->wrote = n > 0;
	say_int(c, n);
}

static void run_exists(struct call *c)
{
	say_int(c, c->value != NULL);
}

static void run_pexpire(struct call *c)
{
	if (c->value) {
		c->value->expire_ms = c->now_ms + (uint64_t)number(c->v[2]);
		c->wrote = true;
	}
	say_int(c, c->value != NULL);
}

static void run_ttl(struct call *c)
{
	if (!c->value || !c->value->expire_ms)
		say_int(c, c->value ? -1 : -2);
	else
		say_int(c, (int64_t)(c->value->expire_ms - c->now_ms + 500) / 1000);
}

static void run_type(struct call *c)
{
	str_addf(c->reply, "+%s\r\n", c->value ? type_words[c->value->type] : "none");
}

/* All keys at once: a page as large as it likes is allowed. Patterns are a prefix and a star. */
static void run_scan(struct call *c)
{
	struct slice prefix = { NULL, 0 };
	struct map_entry e;
	struct str keys = { 0 }, *whole = c->reply;
	size_t n = 0;

	for (size_t i = 2; i + 1 < c->n; i += 2)
		if (slice_is(c->v[i], "MATCH"))
			prefix = slice_make(c->v[i + 1].p, c->v[i + 1].n - 1);
	c->reply = &keys;
	for (size_t i = 0; map_next(&c->k->map, &i, &e);)
		if (slice_starts(e.key, prefix) && key_find(c, e.key)) {
			say_text(c, e.key);
			n++;
		}
	c->reply = whole;
	say_array(c, 2);
	say_text(c, SLICE("0"));
	say_array(c, n);
	str_add(c->reply, str_slice(&keys));
	str_free(&keys);
}

/* ---- hashes ---- */

static void run_hset(struct call *c)
{
	int64_t fresh = 0;

	if (!is_of(c, TYPE_HASH))
		return;
	struct value *o = key_made(c, TYPE_HASH);
	for (size_t i = 2; i + 1 < c->n; i += 2) {
		size_t at = items_find(o, 0, 2, c->v[i]);
		if (at < o->n) {
			items_set(o, at + 1, c->v[i + 1]);
			continue;
		}
		items_add(o, o->n, c->v[i]);
		items_add(o, o->n, c->v[i + 1]);
		fresh++;
	}
	say_int(c, fresh);
}

static void say_field(struct call *c, struct slice name)
{
	size_t at = items_find(c->value, 0, 2, name);

	if (c->value && at < c->value->n)
		say_text(c, c->value->v[at + 1]);
	else
		say_nil(c);
}

static void run_hget(struct call *c)
{
	if (is_of(c, TYPE_HASH))
		say_field(c, c->v[2]);
}

static void run_hmget(struct call *c)
{
	if (!is_of(c, TYPE_HASH))
		return;
	say_array(c, c->n - 2);
	for (size_t i = 2; i < c->n; i++)
		say_field(c, c->v[i]);
}

static void say_items(struct call *c)
{
	say_array(c, c->value ? c->value->n : 0);
	for (size_t i = 0; c->value && i < c->value->n; i++)
		say_text(c, c->value->v[i]);
}

static void run_hgetall(struct call *c)
{
	if (is_of(c, TYPE_HASH))
		say_items(c);
}

static void run_hincrby(struct call *c)
{
	char text[24];

	if (!is_of(c, TYPE_HASH))
		return;
	size_t at = items_find(c->value, 0, 2, c->v[2]);
	if (c->value && at < c->value->n && !is_number(c, c->value->v[at + 1]))
		return;
	struct value *o = key_made(c, TYPE_HASH);
	int64_t v = (at < o->n ? number(o->v[at + 1]) : 0) + number(c->v[3]);
	struct slice s =
		slice_make(text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)v));
	if (at < o->n) {
		items_set(o, at + 1, s);
	} else {
		items_add(o, o->n, c->v[2]);
		items_add(o, o->n, s);
	}
	say_int(c, v);
}

/* ---- lists ---- */

/* From..to of c->v[2], c->v[3] among n, negative from the end; false: none. */
static bool range(struct call *c, size_t n, size_t *from, size_t *to)
{
	int64_t a = number(c->v[2]), b = number(c->v[3]), len = (int64_t)n;

	a = a < 0 ? a + len : a;
	b = b < 0 ? b + len : b;
	a = a < 0 ? 0 : a;
	b = b >= len ? len - 1 : b;
	*from = (size_t)a;
	*to = (size_t)b;
	return a <= b && a < len;
}

static void run_rpush(struct call *c)
{
	if (!is_of(c, TYPE_LIST))
		return;
	struct value *o = key_made(c, TYPE_LIST);
	for (size_t i = 2; i < c->n; i++)
		items_add(o, o->n, c->v[i]);
	say_int(c, (int64_t)o->n);
}

static void run_lset(struct call *c)
{
	int64_t at = number(c->v[2]);

	if (!is_of(c, TYPE_LIST))
		return;
	if (!c->value) {
		say_error(c, "ERR no such key");
	} else if (at < 0 || (size_t)at >= c->value->n) {
		say_error(c, "ERR index out of range");
	} else {
		items_set(c->value, (size_t)at, c->v[3]);
		c->wrote = true;
		say_ok(c);
	}
}

static void run_lindex(struct call *c)
{
	int64_t at = number(c->v[2]);

	if (!is_of(c, TYPE_LIST))
		return;
	if (c->value && at >= 0 && (size_t)at < c->value->n)
		say_text(c, c->value->v[at]);
	else
		say_nil(c);
}

static void run_lrange(struct call *c)
{
	size_t from, to;

	if (!is_of(c, TYPE_LIST))
		return;
	if (!c->value || !range(c, c->value->n, &from, &to)) {
		say_array(c, 0);
		return;
	}
	say_array(c, to - from + 1);
	for (size_t i = from; i <= to; i++)
		say_text(c, c->value->v[i]);
}

/* ---- sets ---- */

static void run_sadd(struct call *c)
{
	int64_t fresh = 0;

	if (!is_of(c, TYPE_SET))
		return;
	struct value *o = key_made(c, TYPE_SET);
	for (size_t i = 2; i < c->n; i++)
		if (items_find(o, 0, 1, c->v[i]) == o->n) {
			items_add(o, o->n, c->v[i]);
			fresh++;
		}
	say_int(c, fresh);
}

static void run_srem(struct call *c)
{
	int64_t gone = 0;

	if (!is_of(c, TYPE_SET))
		return;
	for (size_t i = 2; c->value && i < c->n; i++) {
		size_t at = items_find(c->value, 0, 1, c->v[i]);
		if (at == c->value->n)
			continue;
		items_remove(c->value, at, 1);
		c->wrote = true;
		gone++;
	}
	if (c->value && !c->value->n)
		key_remove(c, c->v[1]);
	say_int(c, gone);
}

static void run_smembers(struct call *c)
{
	if (is_of(c, TYPE_SET))
		say_items(c);
}

static void run_sismember(struct call *c)
{
	if (is_of(c, TYPE_SET))
		say_int(c, c->value && items_find(c->value, 0, 1, c->v[2]) < c->value->n);
}

/* ---- sorted sets: score, member ... in order ---- */

static void zset_insert(struct value *o, struct slice score, struct slice member)
{
	size_t at = 0;

	while (at < o->n && (number(o->v[at]) < number(score) ||
				    (number(o->v[at]) == number(score) &&
					    slice_compare(o->v[at + 1], member) < 0)))
		at += 2;
	items_add(o, at, score);
	items_add(o, at + 1, member);
}

static void run_zadd(struct call *c)
{
	size_t first = slice_is(c->v[2], "NX") ? 3 : 2;
	int64_t fresh = 0;

	if (!is_of(c, TYPE_ZSET))
		return;
	struct value *o = key_made(c, TYPE_ZSET);
	for (size_t i = first; i + 1 < c->n; i += 2) {
		size_t at = items_find(o, 1, 2, c->v[i + 1]);
		if (at < o->n && first == 3)
			continue;
		if (at < o->n)
			items_remove(o, at - 1, 2);
		else
			fresh++;
		zset_insert(o, c->v[i], c->v[i + 1]);
	}
	say_int(c, fresh);
}

static void zset_say(struct call *c, bool backwards)
{
	bool scores = c->n > 4 && slice_is(c->v[4], "WITHSCORES");
	size_t from, to;

	if (!is_of(c, TYPE_ZSET))
		return;
	if (!c->value || !range(c, c->value->n / 2, &from, &to)) {
		say_array(c, 0);
		return;
	}
	say_array(c, (to - from + 1) * (scores ? 2 : 1));
	for (size_t i = from; i <= to; i++) {
		size_t at = backwards ? c->value->n - 2 - 2 * i : 2 * i;
		say_text(c, c->value->v[at + 1]);
		if (scores)
			say_text(c, c->value->v[at]);
	}
}

static void run_zrange(struct call *c)
{
	zset_say(c, false);
}
static void run_zrevrange(struct call *c)
{
	zset_say(c, true);
}

static void run_zremrangebyrank(struct call *c)
{
	size_t from, to;

	if (!is_of(c, TYPE_ZSET))
		return;
	if (!c->value || !range(c, c->value->n / 2, &from, &to)) {
		say_int(c, 0);
		return;
	}
	items_remove(c->value, 2 * from, 2 * (to - from + 1));
	c->wrote = true;
	if (!c->value->n)
		key_remove(c, c->v[1]);
	say_int(c, (int64_t)(to - from + 1));
}

static void run_zrem(struct call *c)
{
	int64_t gone = 0;

	if (!is_of(c, TYPE_ZSET))
		return;
	for (size_t i = 2; c->value && i < c->n; i++) {
		size_t at = items_find(c->value, 1, 2, c->v[i]);
		if (at >= c->value->n)
			continue;
		items_remove(c->value, at - 1, 2);
		gone++;
	}
	c->wrote = gone > 0;
	if (c->value && !c->value->n)
		key_remove(c, c->v[1]);
	say_int(c, gone);
}

static void run_zcard(struct call *c)
{
	if (is_of(c, TYPE_ZSET))
		say_int(c, c->value ? (int64_t)c->value->n / 2 : 0);
}

static void run_zscore(struct call *c)
{
	if (!is_of(c, TYPE_ZSET))
		return;
	size_t at = items_find(c->value, 1, 2, c->v[2]);
	if (c->value && at < c->value->n)
		say_text(c, c->value->v[at - 1]);
	else
		say_nil(c);
}

/* ---- streams ---- */

static int stamp_compare(struct stamp a, struct stamp b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

static struct stamp stamp_read(struct slice text)
{
	struct slice rest = text, ms = slice_cut(&rest, '-');
	struct stamp id = { 0, 0 };

	(void)slice_u64(ms, &id.ms);
	if (rest.p)
		(void)slice_u64(rest, &id.n);
	return id;
}

static struct stamp stamp_bound(struct slice text)
{
	if (slice_is(text, "-"))
		return (struct stamp){ 0, 0 };
	if (slice_is(text, "+"))
		return (struct stamp){ UINT64_MAX, UINT64_MAX };
	return stamp_read(text);
}

static void stream_trim(struct value *o, size_t most)
{
	if (o->record_count <= most)
		return;
	size_t gone = o->record_count - most;
	for (size_t i = 0; i < gone; i++)
		record_drop(&o->records[i]);
	memmove(o->records, o->records + gone, most * sizeof(*o->records));
	o->record_count = most;
}

static void run_xtrim(struct call *c)
{
	struct stamp least = stamp_read(c->v[c->n - 1]);
	size_t kept = 0;

	if (!is_of(c, TYPE_STREAM))
		return;
	for (size_t i = 0; c->value && i < c->value->record_count; i++)
		kept += stamp_compare(c->value->records[i].id, least) >= 0;
	size_t gone = c->value ? c->value->record_count - kept : 0;
	if (gone)
		stream_trim(c->value, kept);
	c->wrote = gone > 0;
	say_int(c, (int64_t)gone);
}

static void run_xadd(struct call *c)
{
	size_t at = 2, most = SIZE_MAX;

	if (!is_of(c, TYPE_STREAM))
		return;
	if (slice_is(c->v[at], "MINID")) {
		at += slice_is(c->v[at + 1], "~") ? 3 : 2;
		uint64_t least = stamp_read(c->v[at - 1]).ms;
		most = 101; /* this one; and whole nodes are trimmed */
		for (size_t i = 0; c->value && i < c->value->record_count; i++)
			most += c->value->records[i].id.ms >= least;
	}
	struct stamp last = c->value ? c->value->last : (struct stamp){ 0, 0 };
	struct stamp id = stamp_read(c->v[at]);
	if (slice_is(c->v[at], "*"))
		id = c->now_ms > last.ms ? (struct stamp){ c->now_ms, 0 }
					 : (struct stamp){ last.ms, last.n + 1 };
	if (stamp_compare(id, last) <= 0) {
		say_error(c, "ERR The ID specified in XADD is equal or smaller than the target "
			     "stream top item");
		return;
	}
	struct value *o = key_made(c, TYPE_STREAM);
	if (o->record_count == o->record_cap) {
		o->record_cap = o->record_cap ? o->record_cap * 2 : 16;
		o->records = mem_resize(o->records, o->record_cap, sizeof(*o->records));
	}
	struct record *r = &o->records[o->record_count++];
	*r = (struct record){ id, mem_array(c->n - at - 1, sizeof(*r->v)), c->n - at - 1 };
	for (size_t i = 0; i < r->n; i++)
		r->v[i] = keep(c->v[at + 1 + i]);
	o->last = id;
	stream_trim(o, most);
	say_stamp(c, id);
}

static void run_xlen(struct call *c)
{
	if (is_of(c, TYPE_STREAM))
		say_int(c, c->value ? (int64_t)c->value->record_count : 0);
}

static void run_xdel(struct call *c)
{
	int64_t gone = 0;

	if (!is_of(c, TYPE_STREAM))
		return;
	for (size_t i = 2; c->value && i < c->n; i++) {
		struct stamp id = stamp_read(c->v[i]);
		struct value *o = c->value;
		for (size_t j = 0; j < o->record_count; j++) {
			if (stamp_compare(o->records[j].id, id) != 0)
				continue;
			record_drop(&o->records[j]);
			memmove(&o->records[j], &o->records[j + 1],
				(--o->record_count - j) * sizeof(*o->records));
			gone++;
			break;
		}
	}
	c->wrote = gone > 0;
	say_int(c, gone);
}

static void say_range(struct call *c, struct slice least, struct slice most, bool backwards)
{
	struct stamp from = stamp_bound(least), to = stamp_bound(most);
	size_t count = c->n > 5 ? (size_t)number(c->v[5]) : SIZE_MAX, n = 0;
	struct str out = { 0 }, *whole = c->reply;

	if (!is_of(c, TYPE_STREAM))
		return;
	size_t all = c->value ? c->value->record_count : 0;
	c->reply = &out;
	for (size_t i = 0; i < all && n < count; i++) {
		const struct record *r = &c->value->records[backwards ? all - 1 - i : i];
		if (stamp_compare(r->id, from) < 0 || stamp_compare(r->id, to) > 0)
			continue;
		say_record(c, r);
		n++;
	}
	c->reply = whole;
	say_array(c, n);
	str_add(c->reply, str_slice(&out));
	str_free(&out);
}

static void run_xrange(struct call *c)
{
	say_range(c, c->v[2], c->v[3], false);
}
static void run_xrevrange(struct call *c)
{
	say_range(c, c->v[3], c->v[2], true);
}

/* The options of XREAD and XREADGROUP: one stream only, as the store asks. */
struct reading {
	size_t count;
	bool waits;
	struct slice group, consumer, key, after;
};

static bool reading_parse(struct call *c, struct reading *r)
{
	*r = (struct reading){ .count = SIZE_MAX };
	for (size_t i = 1; i + 1 < c->n; i++) {
		if (slice_is(c->v[i], "COUNT")) {
			r->count = (size_t)number(c->v[++i]);
		} else if (slice_is(c->v[i], "BLOCK")) {
			r->waits = true;
			i++;
		} else if (slice_is(c->v[i], "GROUP") && i + 2 < c->n) {
			r->group = c->v[i + 1];
			r->consumer = c->v[i + 2];
			i += 2;
		} else if (slice_is(c->v[i], "STREAMS") && i + 3 == c->n) {
			r->key = c->v[i + 1];
			r->after = c->v[i + 2];
			return true;
		} else {
			break;
		}
	}
	say_error(c, "ERR syntax error");
	return false;
}

static void say_streams(struct call *c, struct slice key, size_t n, const struct str *records)
{
	say_array(c, 1);
	say_array(c, 2);
	say_text(c, key);
	say_array(c, n);
	str_add(c->reply, str_slice(records));
}

static void say_nothing(struct call *c, const struct reading *r)
{
	if (r->waits)
		c->nothing = true;
	else
		str_add(c->reply, SLICE("*-1\r\n"));
}

static void run_xread(struct call *c)
{
	struct reading r;
	struct str out = { 0 }, *whole = c->reply;
	size_t n = 0;

	if (!reading_parse(c, &r))
		return;
	c->value = key_find(c, r.key);
	if (!is_of(c, TYPE_STREAM))
		return;
	struct stamp after = stamp_read(r.after);
	size_t first = c->value ? c->value->record_count : 0;
	while (first > 0 && stamp_compare(c->value->records[first - 1].id, after) > 0)
		first--;
	c->reply = &out;
	for (size_t i = first; c->value && i < c->value->record_count && n < r.count; i++) {
		say_record(c, &c->value->records[i]);
		n++;
	}
	c->reply = whole;
	if (n)
		say_streams(c, r.key, n, &out);
	else
		say_nothing(c, &r);
	str_free(&out);
}

static void owed_add(struct value *o, struct stamp id, struct slice consumer)
{
	if (o->owed_count == o->owed_cap) {
		o->owed_cap = o->owed_cap ? o->owed_cap * 2 : 8;
		o->owed = mem_resize(o->owed, o->owed_cap, sizeof(*o->owed));
	}
	o->owed[o->owed_count++] = (struct owed){ id, keep(consumer) };
}

static const struct record *record_of(const struct value *o, struct stamp id)
{
	for (size_t i = 0; i < o->record_count; i++)
		if (stamp_compare(o->records[i].id, id) == 0)
			return &o->records[i];
	return NULL;
}

static void owed_drop(struct value *o, size_t i)
{
	drop(&o->owed[i].consumer);
	memmove(&o->owed[i], &o->owed[i + 1], (--o->owed_count - i) * sizeof(*o->owed));
}

/* What the consumer has in hand after an id; a deleted one has nil for its fields. */
static size_t say_owed(struct call *c, const struct reading *r)
{
	struct stamp after = stamp_read(r->after);
	struct value *o = c->value;
	size_t n = 0;

	for (size_t i = 0; i < o->owed_count && n < r->count; i++) {
		if (!slice_equal(o->owed[i].consumer, r->consumer) ||
			stamp_compare(o->owed[i].id, after) <= 0)
			continue;
		const struct record *found = record_of(o, o->owed[i].id);
		if (found) {
			say_record(c, found);
		} else {
			say_array(c, 2);
			say_stamp(c, o->owed[i].id);
			str_add(c->reply, SLICE("*-1\r\n"));
		}
		n++;
	}
	return n;
}

static size_t say_new(struct call *c, const struct reading *r)
{
	struct value *o = c->value;
	size_t n = 0;

	for (size_t i = 0; i < o->record_count && n < r->count; i++) {
		if (stamp_compare(o->records[i].id, o->group_last) <= 0)
			continue;
		say_record(c, &o->records[i]);
		o->group_last = o->records[i].id;
		owed_add(o, o->records[i].id, r->consumer);
		n++;
	}
	c->wrote = n > 0;
	return n;
}

static bool has_group(struct call *c, struct slice group)
{
	if (c->value && slice_equal(c->value->group, group))
		return true;
	say_error(c, "NOGROUP No such key or consumer group");
	return false;
}

static void run_xreadgroup(struct call *c)
{
	struct reading r;
	struct str out = { 0 }, *whole = c->reply;

	if (!reading_parse(c, &r))
		return;
	c->value = key_find(c, r.key);
	if (!is_of(c, TYPE_STREAM))
		return;
	if (!has_group(c, r.group))
		return;
	bool fresh = slice_is(r.after, ">");
	c->reply = &out;
	size_t n = fresh ? say_new(c, &r) : say_owed(c, &r);
	c->reply = whole;
	if (n || !fresh)
		say_streams(c, r.key, n, &out);
	else
		say_nothing(c, &r);
	str_free(&out);
}

/* XGROUP CREATE key group id MKSTREAM: the key is the third word. */
static void run_xgroup(struct call *c)
{
	if (c->n < 6 || !slice_is(c->v[1], "CREATE")) {
		say_error(c, "ERR syntax error");
		return;
	}
	struct call sub = *c;
	sub.v = c->v + 1;
	sub.n = c->n - 1;
	sub.value = key_find(c, c->v[2]);
	if (!is_of(&sub, TYPE_STREAM))
		return;
	if (sub.value && sub.value->group.p) {
		say_error(c, "BUSYGROUP Consumer Group name already exists");
		return;
	}
	struct value *o = key_made(&sub, TYPE_STREAM);
	o->group = keep(c->v[3]);
	o->group_last = stamp_read(c->v[4]);
	c->wrote = true;
	say_ok(c);
}

static void run_xack(struct call *c)
{
	int64_t gone = 0;

	if (!is_of(c, TYPE_STREAM))
		return;
	for (size_t i = 3; c->value && i < c->n; i++) {
		struct stamp id = stamp_read(c->v[i]);
		struct value *o = c->value;
		for (size_t j = 0; j < o->owed_count; j++) {
			if (stamp_compare(o->owed[j].id, id) != 0)
				continue;
			owed_drop(o, j);
			gone++;
			break;
		}
	}
	c->wrote = gone > 0;
	say_int(c, gone);
}

/* XAUTOCLAIM key group consumer 0 from COUNT n: [from where to go on, what is in hand now, what is in the stream no more]. */
static void run_xautoclaim(struct call *c)
{
	struct str out = { 0 }, gone = { 0 }, *whole = c->reply;
	size_t n = 0, gone_n = 0, i = 0;

	if (!is_of(c, TYPE_STREAM) || !has_group(c, c->v[2]))
		return;
	struct value *o = c->value;
	struct stamp from = stamp_read(c->v[5]), next = { 0, 0 };
	size_t count = c->n > 7 ? (size_t)number(c->v[7]) : 100;
	while (i < o->owed_count && stamp_compare(o->owed[i].id, from) < 0)
		i++;
	while (i < o->owed_count && n + gone_n < count) {
		const struct record *r = record_of(o, o->owed[i].id);
		c->reply = r ? &out : &gone;
		if (r) {
			say_record(c, r);
			drop(&o->owed[i].consumer);
			o->owed[i++].consumer = keep(c->v[3]);
			n++;
		} else {
			say_stamp(c, o->owed[i].id);
			owed_drop(o, i);
			gone_n++;
		}
	}
	if (i < o->owed_count)
		next = o->owed[i].id;
	c->reply = whole;
	c->wrote = n + gone_n > 0;
	say_array(c, 3);
	say_stamp(c, next);
	say_array(c, n);
	str_add(c->reply, str_slice(&out));
	say_array(c, gone_n);
	str_add(c->reply, str_slice(&gone));
	str_free(&out);
	str_free(&gone);
}

static size_t owed_to(const struct value *o, struct slice consumer)
{
	size_t n = 0;

	for (size_t i = 0; i < o->owed_count; i++)
		n += slice_equal(o->owed[i].consumer, consumer);
	return n;
}

/* The consumer that comes next by name; p NULL: none. */
static struct slice owed_next(const struct value *o, struct slice after)
{
	struct slice found = { NULL, 0 };

	for (size_t i = 0; i < o->owed_count; i++) {
		struct slice who = o->owed[i].consumer;
		if ((!after.p || slice_compare(who, after) > 0) &&
			(!found.p || slice_compare(who, found) < 0))
			found = who;
	}
	return found;
}

/* [how many, the first, the last, [[consumer, how many] ...]] */
static void run_xpending(struct call *c)
{
	struct str each = { 0 }, *whole = c->reply;
	size_t n = 0;

	if (!is_of(c, TYPE_STREAM) || !has_group(c, c->v[2]))
		return;
	const struct value *o = c->value;
	say_array(c, 4);
	say_int(c, (int64_t)o->owed_count);
	if (!o->owed_count) {
		say_nil(c);
		say_nil(c);
		str_add(c->reply, SLICE("*-1\r\n"));
		return;
	}
	say_stamp(c, o->owed[0].id);
	say_stamp(c, o->owed[o->owed_count - 1].id);
	c->reply = &each;
	struct slice none = { NULL, 0 };
	for (struct slice who = owed_next(o, none); who.p; who = owed_next(o, who), n++) {
		char text[24];
		say_array(c, 2);
		say_text(c, who);
		say_text(c, slice_make(text,
				    (size_t)snprintf(text, sizeof(text), "%zu", owed_to(o, who))));
	}
	c->reply = whole;
	say_array(c, n);
	str_add(c->reply, str_slice(&each));
	str_free(&each);
}

/* ---- the table ---- */

/* X(verb, function, least words, writes, takes memory) */
#define COMMANDS_KNOWN(X)                                                                          \
	X("SET", run_set, 3, true, true)                                                           \
	X("GET", run_get, 2, false, false)                                                         \
	X("INCR", run_incr, 2, true, true)                                                         \
	X("DEL", run_del, 2, true, false)                                                          \
	X("EXISTS", run_exists, 2, false, false)                                                   \
	X("PEXPIRE", run_pexpire, 3, true, false)                                                  \
	X("TTL", run_ttl, 2, false, false)                                                         \
	X("TYPE", run_type, 2, false, false)                                                       \
	X("SCAN", run_scan, 2, false, false)                                                       \
	X("HSET", run_hset, 4, true, true)                                                         \
	X("HGET", run_hget, 3, false, false)                                                       \
	X("HMGET", run_hmget, 3, false, false)                                                     \
	X("HGETALL", run_hgetall, 2, false, false)                                                 \
	X("HINCRBY", run_hincrby, 4, true, true)                                                   \
	X("RPUSH", run_rpush, 3, true, true)                                                       \
	X("LSET", run_lset, 4, true, true)                                                         \
	X("LINDEX", run_lindex, 3, false, false)                                                   \
	X("LRANGE", run_lrange, 4, false, false)                                                   \
	X("SADD", run_sadd, 3, true, true)                                                         \
	X("SREM", run_srem, 3, true, false)                                                        \
	X("SMEMBERS", run_smembers, 2, false, false)                                               \
	X("SISMEMBER", run_sismember, 3, false, false)                                             \
	X("ZADD", run_zadd, 4, true, true)                                                         \
	X("ZRANGE", run_zrange, 4, false, false)                                                   \
	X("ZREVRANGE", run_zrevrange, 4, false, false)                                             \
	X("ZREMRANGEBYRANK", run_zremrangebyrank, 4, true, false)                                  \
	X("ZREM", run_zrem, 3, true, false)                                                        \
	X("ZCARD", run_zcard, 2, false, false)                                                     \
	X("ZSCORE", run_zscore, 3, false, false)                                                   \
	X("XADD", run_xadd, 5, true, true)                                                         \
	X("XLEN", run_xlen, 2, false, false)                                                       \
	X("XTRIM", run_xtrim, 4, true, false)                                                      \
	X("XDEL", run_xdel, 3, true, false)                                                        \
	X("XRANGE", run_xrange, 4, false, false)                                                   \
	X("XREVRANGE", run_xrevrange, 4, false, false)                                             \
	X("XREAD", run_xread, 4, false, false)                                                     \
	X("XREADGROUP", run_xreadgroup, 7, true, false)                                            \
	X("XGROUP", run_xgroup, 5, true, true)                                                     \
	X("XAUTOCLAIM", run_xautoclaim, 6, true, false)                                            \
	X("XPENDING", run_xpending, 3, false, false)                                               \
	X("XACK", run_xack, 4, true, false)

struct known {
	struct slice verb;
	void (*run)(struct call *c);
	size_t least;
	bool writes, takes_memory;
};
#define KNOWN(verb, ...) { SLICE_INIT(verb), __VA_ARGS__ },
static const struct known known[] = { COMMANDS_KNOWN(KNOWN) };

static const struct known *known_of(struct slice verb)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (slice_equal(verb, known[i].verb))
			return &known[i];
	return NULL;
}

bool keyspace_writes(struct slice verb)
{
	const struct known *k = known_of(verb);

	return k && k->writes;
}

bool keyspace_takes_memory(struct slice verb)
{
	const struct known *k = known_of(verb);

	return k && k->takes_memory;
}

struct slice keyspace_key(const struct slice *v, size_t n)
{
	for (size_t i = 1; slice_starts(v[0], SLICE("XREAD")) && i + 1 < n; i++)
		if (slice_is(v[i], "STREAMS"))
			return v[i + 1];
	if (slice_is(v[0], "XGROUP"))
		return n > 2 ? v[2] : (struct slice){ NULL, 0 };
	return n > 1 ? v[1] : (struct slice){ NULL, 0 };
}

enum ran keyspace_run(
	struct keyspace *k, const struct slice *v, size_t n, uint64_t now_ms, struct str *reply)
{
	const struct known *what = known_of(v[0]);
	struct call c = { .k = k, .v = v, .n = n, .now_ms = now_ms, .reply = reply };

	if (!what || n < what->least) {
		str_addf(reply, "-ERR unknown command or too few words: %.*s\r\n", SLICE_ARG(v[0]));
		return RAN_READ;
	}
	c.value = n > 1 ? key_find(&c, v[1]) : NULL;
	what->run(&c);
	return c.nothing ? RAN_NOTHING : c.wrote ? RAN_WROTE : RAN_READ;
}

struct keyspace *keyspace_new(void)
{
	return mem_alloc(sizeof(struct keyspace));
}

void keyspace_free(struct keyspace **keyspace)
{
	struct keyspace *k = *keyspace;
	struct map_entry e;

	if (!k)
		return;
	*keyspace = NULL;
	for (size_t i = 0; map_next(&k->map, &i, &e);)
		value_free(e.value);
	map_free(&k->map);
	free(k);
}
