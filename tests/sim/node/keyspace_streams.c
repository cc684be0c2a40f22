/*
 * Streams of the keyspace, with one consumer group each, as the store uses them. Called by keyspace.c.
 */
#include "keyspace_inside.h"

#include <stdio.h>

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

void run_xtrim(struct call *c)
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

void run_xadd(struct call *c)
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

void run_xlen(struct call *c)
{
	if (is_of(c, TYPE_STREAM))
		say_int(c, c->value ? (int64_t)c->value->record_count : 0);
}

void run_xdel(struct call *c)
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

void run_xrange(struct call *c)
{
	say_range(c, c->v[2], c->v[3], false);
}
void run_xrevrange(struct call *c)
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

void run_xread(struct call *c)
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

static void owed_add(struct value *o, struct stamp id, struct slice consumer, uint64_t at_ms)
{
	if (o->owed_count == o->owed_cap) {
		o->owed_cap = o->owed_cap ? o->owed_cap * 2 : 8;
		o->owed = mem_resize(o->owed, o->owed_cap, sizeof(*o->owed));
	}
	o->owed[o->owed_count++] = (struct owed){ id, keep(consumer), at_ms };
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
		o->owed[i].at_ms = c->now_ms;
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
		owed_add(o, o->records[i].id, r->consumer, c->now_ms);
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

void run_xreadgroup(struct call *c)
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
void run_xgroup(struct call *c)
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

void run_xack(struct call *c)
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

/* XAUTOCLAIM key group consumer idle from COUNT n: [from where to go on, what is in hand now, what is in the stream no more]. */
void run_xautoclaim(struct call *c)
{
	struct str out = { 0 }, gone = { 0 }, *whole = c->reply;
	size_t n = 0, gone_n = 0, i = 0;

	if (!is_of(c, TYPE_STREAM) || !has_group(c, c->v[2]))
		return;
	struct value *o = c->value;
	struct stamp from = stamp_read(c->v[5]), next = { 0, 0 };
	size_t count = c->n > 7 ? (size_t)number(c->v[7]) : 100;
	uint64_t idle_ms = (uint64_t)number(c->v[4]);
	while (i < o->owed_count && stamp_compare(o->owed[i].id, from) < 0)
		i++;
	while (i < o->owed_count && n + gone_n < count) {
		if (idle_ms && o->owed[i].at_ms + idle_ms > c->now_ms) {
			i++;
			continue;
		}
		const struct record *r = record_of(o, o->owed[i].id);
		c->reply = r ? &out : &gone;
		if (r) {
			say_record(c, r);
			drop(&o->owed[i].consumer);
			o->owed[i].at_ms = c->now_ms;
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
void run_xpending(struct call *c)
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
