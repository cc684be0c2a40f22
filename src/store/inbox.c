/*
 * Puts commands into the stream `in` and reads them back in order. Called by host and desk (put) and by the
 * router (follow). Never deletes: the commit that applied an entry does.
 */
#include "store/inbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/blob_life.h"
#include "store/inside.h"
#include "store/numbered.h"
#include "store/reader.h"

struct inbox {
	struct store *store;
	struct reader *reader;
	struct stream_id after, asked_after; /* wanted; what the read under way was asked for */
	void (*follow)(void *arg, const struct inbox_item *items, size_t count);
	void *follow_arg;
	struct argv command;
	struct str packed;
	struct arena items;
	size_t length; /* as last seen, plus what was put, minus what was taken */
	uint64_t taken;
	bool length_asked;
	uint64_t length_at_us;
};
enum { LENGTH_EVERY_MS = 100, PACKED_KEEP_BYTES = 64 * 1024 };

struct put {
	struct inbox *inbox;
	bool gone; /* a file that it names */
	void (*fn)(void *arg, int status);
	void *arg;
};

/* ---- the length ---- */

static void inbox_length_answer(void *arg, int status, const struct reply *r)
{
	struct inbox *in = arg;

	in->length_asked = false;
	if (r && status == 0)
		in->length = (size_t)reply_u64(r);
}

static void inbox_length_ask(struct inbox *in)
{
	uint64_t now = loop_monotonic_us(in->store->loop);
	struct slice words[] = { SLICE("XLEN"), key_slice(&in->store->keys.inbox) };

	if (in->length_asked || now - in->length_at_us < LENGTH_EVERY_MS * 1000)
		return;
	in->length_asked = true;
	in->length_at_us = now;
	link_call(in->store->write, &(struct argv){ words, 2, 2 }, inbox_length_answer, in);
}

void inbox_link_up(struct inbox *in)
{
	in->length_at_us = 0;
	inbox_length_ask(in);
}

void inbox_taken(struct inbox *in, size_t n)
{
	in->taken += n;
	in->length -= n < in->length ? n : in->length;
	inbox_length_ask(in);
}

size_t inbox_length(const struct store *s)
{
	return s->inbox->length;
}

uint64_t inbox_taken_total(const struct store *s)
{
	return s->inbox->taken;
}

/* ---- putting ---- */

static void inbox_put_answer(void *arg, int status, const struct reply *r)
{
	struct put *p = arg;

	if (r && status == 0)
		p->inbox->length++;
	else if (r)
		log_error("store", "redis refused a message why=%.*s", SLICE_ARG(r->text));
	if (status == 0 && p->gone) {
		log_warn("store", "a file of a message was gone before the message was there: "
				  "it is not acknowledged, its sender comes again");
		status = -EAGAIN;
	}
	inbox_length_ask(p->inbox);
	p->fn(p->arg, status);
	free(p);
}

void inbox_put(
	struct store *s, const struct command *c, void (*fn)(void *arg, int status), void *arg)
{
	struct inbox *in = s->inbox;
	struct put *p = mem_alloc(sizeof(*p));

	ASSERT(fn && c->type != COMMAND_NONE);
	*p = (struct put){ .inbox = in, .fn = fn, .arg = arg };
	blob_name_all(s, c, &p->gone);
	argv_clear(&in->command);
	argv_add_text(&in->command, "XADD");
	argv_add(&in->command, key_slice(&s->keys.inbox));
	argv_add_text(&in->command, "*");
	str_clear(&in->packed);
	record_pack(&command_table, c, &in->packed);
	argv_add(&in->command, ENTRY_PACKED);
	argv_add(&in->command, str_slice(&in->packed));
	link_call(s->write, &in->command, inbox_put_answer, p);
	if (in->packed.cap > PACKED_KEEP_BYTES)
		str_free(&in->packed);
}

/* ---- the name of a message ---- */

struct naming {
	void (*fn)(void *arg, int status, struct slice before);
	void *arg;
};

static void inbox_name_answer(void *arg, int status, const struct reply *r)
{
	struct naming *n = arg;
	bool taken = r && status == 0 && r->type == REPLY_STRING;

	n->fn(n->arg, r ? status : -EAGAIN, taken ? r->text : (struct slice){ NULL, 0 });
	free(n);
}

void inbox_name(struct store *s, struct slice key, struct id id,
	void (*fn)(void *arg, int status, struct slice before), void *arg)
{
	struct key name = key_of_hash(&s->keys, KEY_DEDUP, key, (struct slice){ NULL, 0 });
	struct naming *n = mem_alloc(sizeof(*n));
	char value[ID_TEXT_LEN + 2] = "=", ttl[16];

	*n = (struct naming){ fn, arg };
	id_text(id, value + 1);
	snprintf(ttl, sizeof(ttl), "%d", DEDUP_KEEP_S);
	struct slice words[] = { SLICE("SET"), key_slice(&name), slice_of(value), SLICE("NX"),
		SLICE("GET"), SLICE("EX"), slice_of(ttl) };
	link_call(s->write, &(struct argv){ words, 7, 7 }, inbox_name_answer, n);
}

bool inbox_name_read(struct slice value, struct id *id)
{
	return value.n == ID_TEXT_LEN + 1 && value.p[0] == '=' &&
	       id_parse(slice_make(value.p + 1, ID_TEXT_LEN), id);
}

/* ---- following ---- */

static bool inbox_ask(struct argv *out, struct arena *arena, void *arg)
{
	struct inbox *in = arg;

	if (!in->follow)
		return false;
	in->asked_after = in->after;
	argv_add_text(out, "XREAD");
	argv_add_text(out, "COUNT");
	argv_add_u64(out, arena, BATCH_COMMANDS_MAX);
	argv_add_text(out, "BLOCK");
	argv_add_u64(out, arena, REDIS_BLOCK_MS);
	argv_add_text(out, "STREAMS");
	argv_add(out, key_slice(&in->store->keys.inbox));
	argv_add(out, stream_id_text(in->after, arena));
	return true;
}

/* One entry of the stream → item. Without an id that can be read there is nothing to delete: passed over. */
static bool inbox_item_read(struct inbox_item *item, const struct reply *entry, struct arena *arena)
{
	struct err err = { "" };

	if (!stream_id_parse(reply_at(entry, 0)->text, &item->id))
		return false;
	if (numbered_get(&command_table, entry, 0, &item->command, arena, &err) ||
		item->command.type == COMMAND_NONE) {
		log_error("store", "an inbox entry cannot be read id=%llu-%llu why=%s",
			(unsigned long long)item->id.ms, (unsigned long long)item->id.n,
			err.text[0] ? err.text : "no type");
		item->damaged = true;
	}
	return true;
}

static void inbox_got(const struct reply *r, void *arg)
{
	struct inbox *in = arg;
	const struct reply *entries = stream_entries(r);
	size_t n = 0;
	bool stale = in->asked_after.ms != in->after.ms || in->asked_after.n != in->after.n;

	if (!in->follow || stale)
		return; /* given up, or wanted from elsewhere now */
	struct inbox_item *items = arena_array(&in->items, entries->count, sizeof(*items));
	for (size_t i = 0; i < entries->count; i++)
		if (inbox_item_read(&items[n], &entries->items[i], &in->items))
			n++;
	if (n > 0) {
		void (*fn)(void *, const struct inbox_item *, size_t) = in->follow;
		in->follow = NULL;
		fn(in->follow_arg, items, n);
	}
	arena_reset(&in->items);
}

static const struct reader_ops inbox_reader_ops = { .ask = inbox_ask, .got = inbox_got };

void inbox_follow(struct store *s, struct stream_id after,
	void (*fn)(void *arg, const struct inbox_item *items, size_t count), void *arg)
{
	struct inbox *in = s->inbox;

	ASSERT(fn && !in->follow);
	in->after = after;
	in->follow = fn;
	in->follow_arg = arg;
	if (!in->reader)
		in->reader = reader_new(s, "inbox", &inbox_reader_ops, in);
	else
		reader_wake(in->reader);
}

void inbox_unfollow(struct store *s)
{
	s->inbox->follow = NULL;
}

struct inbox *inbox_new(struct store *s)
{
	struct inbox *in = mem_alloc(sizeof(*in));

	in->store = s;
	return in;
}

void inbox_free(struct inbox **inbox)
{
	struct inbox *in = *inbox;

	if (!in)
		return;
	*inbox = NULL;
	reader_free(&in->reader);
	argv_free(&in->command);
	str_free(&in->packed);
	arena_free(&in->items);
	free(in);
}
