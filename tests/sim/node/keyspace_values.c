/*
 * Hashes, lists, sets and sorted sets of the keyspace. Called by keyspace.c.
 */
#include "keyspace_inside.h"

#include <stdio.h>

/* ---- hashes ---- */

void run_hset(struct call *c)
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

void run_hget(struct call *c)
{
	if (is_of(c, TYPE_HASH))
		say_field(c, c->v[2]);
}

void run_hmget(struct call *c)
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

void run_hgetall(struct call *c)
{
	if (is_of(c, TYPE_HASH))
		say_items(c);
}

void run_hincrby(struct call *c)
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
bool range(struct call *c, size_t n, size_t *from, size_t *to)
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

void run_rpush(struct call *c)
{
	if (!is_of(c, TYPE_LIST))
		return;
	struct value *o = key_made(c, TYPE_LIST);
	for (size_t i = 2; i < c->n; i++)
		items_add(o, o->n, c->v[i]);
	say_int(c, (int64_t)o->n);
}

void run_lset(struct call *c)
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

void run_lindex(struct call *c)
{
	int64_t at = number(c->v[2]);

	if (!is_of(c, TYPE_LIST))
		return;
	if (c->value && at >= 0 && (size_t)at < c->value->n)
		say_text(c, c->value->v[at]);
	else
		say_nil(c);
}

void run_lrange(struct call *c)
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

void run_sadd(struct call *c)
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

void run_srem(struct call *c)
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

void run_smembers(struct call *c)
{
	if (is_of(c, TYPE_SET))
		say_items(c);
}

void run_sismember(struct call *c)
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

void run_zadd(struct call *c)
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

void run_zrange(struct call *c)
{
	zset_say(c, false);
}
void run_zrevrange(struct call *c)
{
	zset_say(c, true);
}

void run_zremrangebyrank(struct call *c)
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

void run_zrem(struct call *c)
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

void run_zcard(struct call *c)
{
	if (is_of(c, TYPE_ZSET))
		say_int(c, c->value ? (int64_t)c->value->n / 2 : 0);
}

void run_zscore(struct call *c)
{
	if (!is_of(c, TYPE_ZSET))
		return;
	size_t at = items_find(c->value, 1, 2, c->v[2]);
	if (c->value && at < c->value->n)
		say_text(c, c->value->v[at - 1]);
	else
		say_nil(c);
}
