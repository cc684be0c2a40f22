/*
 * The commands of a Redis 7.0 that src/store uses, as its documentation describes them: keys and strings; hashes, lists and sets are in
 * keyspace_values.c, streams in keyspace_streams.c. Called by redis.c.
 */
#include "keyspace_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

/* ---- bytes ---- */

struct slice keep(struct slice s)
{
	return slice_make(slice_dup(s), s.n);
}

void drop(struct slice *s)
{
	free((void *)(uintptr_t)s->p);
	*s = (struct slice){ NULL, 0 };
}

/* ---- replies ---- */

void say_error(struct call *c, const char *text)
{
	str_addf(c->reply, "-%s\r\n", text);
}
void say_ok(struct call *c)
{
	str_add(c->reply, SLICE("+OK\r\n"));
}
void say_int(struct call *c, int64_t v)
{
	str_add_char(c->reply, ':');
	str_add_i64(c->reply, v);
	str_add(c->reply, SLICE("\r\n"));
}
void say_nil(struct call *c)
{
	str_add(c->reply, SLICE("$-1\r\n"));
}
void say_array(struct call *c, size_t n)
{
	str_add_char(c->reply, '*');
	str_add_u64(c->reply, n);
	str_add(c->reply, SLICE("\r\n"));
}
void say_text(struct call *c, struct slice s)
{
	str_add_char(c->reply, '$');
	str_add_u64(c->reply, s.n);
	str_add(c->reply, SLICE("\r\n"));
	str_add(c->reply, s);
	str_add(c->reply, SLICE("\r\n"));
}
void say_stamp(struct call *c, struct stamp id)
{
	char bytes[48];
	struct str text = { .p = bytes, .cap = sizeof(bytes) };

	str_add_u64(&text, id.ms);
	str_add_char(&text, '-');
	str_add_u64(&text, id.n);
	ASSERT(text.p == bytes);
	say_text(c, str_slice(&text));
}
void say_record(struct call *c, const struct record *r)
{
	say_array(c, 2);
	say_stamp(c, r->id);
	say_array(c, r->n);
	for (size_t i = 0; i < r->n; i++)
		say_text(c, r->v[i]);
}

/* ---- values ---- */

void items_add(struct value *o, size_t at, struct slice s)
{
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 4;
		o->v = mem_resize(o->v, o->cap, sizeof(*o->v));
	}
	memmove(o->v + at + 1, o->v + at, (o->n - at) * sizeof(*o->v));
	o->v[at] = keep(s);
	o->n++;
}

void items_set(struct value *o, size_t at, struct slice s)
{
	struct slice old = o->v[at];

	o->v[at] = keep(s);
	drop(&old);
}

void items_remove(struct value *o, size_t at, size_t count)
{
	if (!count)
		return;
	for (size_t i = 0; i < count; i++)
		drop(&o->v[at + i]);
	memmove(o->v + at, o->v + at + count, (o->n - at - count) * sizeof(*o->v));
	o->n -= count;
}

/* Where the item is among those at `from`, `from + step` ...; o->n: nowhere. */
size_t items_find(const struct value *o, size_t from, size_t step, struct slice s)
{
	for (size_t i = from; o && i < o->n; i += step)
		if (slice_equal(o->v[i], s))
			return i;
	return o ? o->n : 0;
}

void record_drop(struct record *r)
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

void key_remove(struct call *c, struct slice key)
{
	struct value *o = map_remove(&c->k->map, key);

	if (o)
		value_free(o);
	c->value = NULL;
}

struct value *key_find(struct call *c, struct slice key)
{
	struct value *o = map_get(&c->k->map, key);

	if (o && o->expire_ms && o->expire_ms <= c->now_ms) {
		key_remove(c, key);
		o = NULL;
	}
	return o;
}

/* The value of the key, made when it is absent. Whoever calls has asked is_of. */
struct value *key_made(struct call *c, enum type type)
{
	if (!c->value) {
		c->value = mem_alloc(sizeof(*c->value));
		c->value->type = type;
		map_put(&c->k->map, c->v[1], c->value);
	}
	c->wrote = true;
	return c->value;
}

bool is_of(struct call *c, enum type type)
{
	if (!c->value || c->value->type == type)
		return true;
	say_error(c, "WRONGTYPE Operation against a key holding the wrong kind of value");
	return false;
}

bool is_number(struct call *c, struct slice s)
{
	int64_t v;

	if (slice_i64(s, &v))
		return true;
	say_error(c, "ERR value is not an integer or out of range");
	return false;
}

int64_t number(struct slice s)
{
	int64_t v = 0;

	(void)slice_i64(s, &v);
	return v;
}

/* ---- strings ---- */

void run_set(struct call *c)
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

void run_get(struct call *c)
{
	if (!is_of(c, TYPE_STRING))
		return;
	if (c->value)
		say_text(c, c->value->v[0]);
	else
		say_nil(c);
}

void run_incr(struct call *c)
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

void run_del(struct call *c)
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

void run_exists(struct call *c)
{
	say_int(c, c->value != NULL);
}

void run_pexpire(struct call *c)
{
	if (c->value) {
		c->value->expire_ms = c->now_ms + (uint64_t)number(c->v[2]);
		c->wrote = true;
	}
	say_int(c, c->value != NULL);
}

void run_ttl(struct call *c)
{
	if (!c->value || !c->value->expire_ms)
		say_int(c, c->value ? -1 : -2);
	else
		say_int(c, (int64_t)(c->value->expire_ms - c->now_ms + 500) / 1000);
}

static const char *const type_words[] = { "string", "hash", "list", "zset", "set", "stream" };

void run_type(struct call *c)
{
	str_addf(c->reply, "+%s\r\n", c->value ? type_words[c->value->type] : "none");
}

/* All keys at once: a page as large as it likes is allowed. Patterns are a prefix and a star. */
void run_scan(struct call *c)
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

/* ---- which command ---- */

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
