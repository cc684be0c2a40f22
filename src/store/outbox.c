/*
 * Hands out the messages of `out:CHANNEL` and keeps each until the host says it is done. Never sends. Called by
 * host.
 *
 *   XAUTOCLAIM (what others had in hand, when this node has taken the lead) ─▶ XREADGROUP ... 0 (what this node had in hand when it
 *   stopped) ─▶ ... > (new ones) ─▶ item ─▶ XACK + XDEL
 *
 * Redis may give a message to a node that has lost the lead and does not know it yet, or was stopped in the middle of asking. So whoever leads claims
 * again, every OUTBOX_IDLE_MS, what somebody has had for that long.
 *
 * Another that lives and has lost the lead may go on with what was taken from it: where sending twice does harm, whoever sends leaves a mark first
 * (host), and the other finds it. A message that was done while Redis was away is kept as done and taken off when it is back.
 */
#include "store/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/inside.h"
#include "store/reader.h"

struct outbox {
	struct store *store;
	char *channel;
	struct key key;
	struct reader *reader;
	size_t window;
	size_t pending;	 /* handed out, not done */
	struct map held; /* place → struct held: handed out and still in the stream */
	bool grouped;	 /* the consumer group exists */
	bool grouping;
	bool claims, claiming;	/* wants what others had; asks for it now */
	bool claimed_all;	/* whatever others had at the take-over; now what they have kept */
	bool past;		/* what was pending from before has been read */
	struct stream_id after; /* the last one handed out */
	bool stopped;
	struct argv finished; /* done while away: ids, in their arena */
	struct arena finished_arena;
	struct loop_timer *later, *claim;
	void (*fn)(void *arg, const struct outbox_item *item);
	void *arg;
	struct arena arena;
};
enum { OUTBOX_LATER_MS = 1000, OUTBOX_IDLE_MS = 15000, OUTBOX_READ_MAX = 100 };
struct held {
	struct stream_id id;
	bool done; /* it is being taken off */
};

static struct slice held_key(const struct stream_id *id)
{
	return slice_make(id, sizeof(*id));
}

static struct held *held_get(const struct outbox *o, struct stream_id id)
{
	return map_get(&o->held, held_key(&id));
}

static struct held *held_add(struct outbox *o, struct stream_id id)
{
	struct held *h = mem_alloc(sizeof(*h));

	h->id = id;
	map_put(&o->held, held_key(&h->id), h);
	return h;
}

static void held_remove(struct outbox *o, struct held *h)
{
	if (!h)
		return;
	map_remove(&o->held, held_key(&h->id));
	free(h);
}

static const char outbox_group[] = "usher";

/* ---- the group ---- */

static void outbox_grouped(void *arg, int status, const struct reply *r)
{
	struct outbox *o = arg;

	o->grouping = false;
	if (!r)
		return; /* asked again when the link is up */
	if (status && status != -EEXIST) {
		log_warn("store", "the outbox cannot be opened channel=%s why=%.*s", o->channel,
			SLICE_ARG(r->text));
		loop_timer_set(o->later, OUTBOX_LATER_MS * 1000);
		return;
	}
	o->grouped = true;
	reader_wake(o->reader);
}

static void outbox_make_group(struct outbox *o)
{
	struct slice words[] = { SLICE("XGROUP"), SLICE("CREATE"), key_slice(&o->key),
		slice_of(outbox_group), SLICE("0"), SLICE("MKSTREAM") };

	if (o->grouping)
		return;
	o->grouping = true;
	link_call(reader_link(o->reader), &(struct argv){ words, 6, 6 }, outbox_grouped, o);
}

/* ---- reading ---- */

static bool outbox_ask(struct argv *out, struct arena *arena, void *arg)
{
	struct outbox *o = arg;

	if (!o->grouped)
		outbox_make_group(o);
	if (!o->grouped || o->stopped || o->store->rests || o->claims || o->pending >= o->window)
		return false;
	size_t room = o->window - o->pending;
	argv_add_text(out, "XREADGROUP");
	argv_add_text(out, "GROUP");
	argv_add_text(out, outbox_group);
	argv_add_text(out, o->store->node);
	argv_add_text(out, "COUNT");
	argv_add_u64(out, arena, room < OUTBOX_READ_MAX ? room : OUTBOX_READ_MAX);
	argv_add_text(out, "BLOCK");
	argv_add_u64(out, arena, REDIS_BLOCK_MS);
	argv_add_text(out, "STREAMS");
	argv_add(out, key_slice(&o->key));
	argv_add(out, o->past ? SLICE(">") : stream_id_text(o->after, arena));
	return true;
}

static void outbox_take_off(struct outbox *o, struct slice id);

static void outbox_hand_out(struct outbox *o, const struct reply *entry)
{
	struct outbox_item item = { .id = { 0, 0 } };
	struct slice *pairs;
	struct err err = { "" };

	if (!stream_id_parse(reply_at(entry, 0)->text, &item.id) || held_get(o, item.id))
		return;
	struct held *h = held_add(o, item.id);
	size_t n = reply_slices(reply_at(entry, 1), &pairs, &o->arena);
	/* Deleted but not acknowledged (nil fields), or damaged: nothing that could be sent. */
	if (n == 0 || record_unflatten(&outbound_table, &item.message, pairs, n / 2, &err)) {
		if (n)
			log_error("store", "an outbox entry cannot be read channel=%s why=%s",
				o->channel, err.text);
		h->done = true;
		outbox_take_off(o, reply_at(entry, 0)->text);
		return;
	}
	o->pending++;
	o->fn(o->arg, &item);
}

/* after: gets the last one's place. */
static void outbox_hand_out_all(
	struct outbox *o, const struct reply *entries, struct stream_id *after)
{
	for (size_t i = 0; i < entries->count && !o->stopped; i++) {
		if (after)
			(void)stream_id_parse(reply_at(&entries->items[i], 0)->text, after);
		outbox_hand_out(o, &entries->items[i]);
	}
	arena_reset(&o->arena);
}

static void outbox_got(const struct reply *r, void *arg)
{
	struct outbox *o = arg;
	const struct reply *entries = stream_entries(r);

	if (!o->past && entries->count == 0)
		o->past = true;
	outbox_hand_out_all(o, entries, &o->after);
}

static void outbox_refused(int status, const struct reply *r, void *arg)
{
	struct outbox *o = arg;

	(void)r;
	if (status == -ENOENT) /* NOGROUP: somebody deleted the stream */
		o->grouped = false;
}

/* New messages may have been given to us in the lost answer: they are pending, behind what we have. */
static void outbox_lost(void *arg)
{
	struct outbox *o = arg;

	o->past = false;
}

static const struct reader_ops outbox_ops = {
	.lost = outbox_lost,
	.ask = outbox_ask,
	.got = outbox_got,
	.refused = outbox_refused,
};

/* ---- what another had in hand ---- */

static void outbox_claim(struct outbox *o, struct slice from);

/* The next place to ask from, then entries; NOGROUP: nobody has had anything. */
static void outbox_claimed(void *arg, int status, const struct reply *r)
{
	struct outbox *o = arg;
	struct slice next = r ? reply_at(r, 0)->text : (struct slice){ 0 };
	char from[48];

	o->claiming = false;
	if (!r || (status && status != -ENOENT) || next.n >= sizeof(from)) {
		loop_timer_set(o->later, OUTBOX_LATER_MS * 1000);
		return;
	}
	if (status == 0) {
		memcpy(from, next.p, next.n);
		outbox_hand_out_all(o, reply_at(r, 1), NULL);
		if (!slice_is(slice_make(from, next.n), "0-0")) {
			outbox_claim(o, slice_make(from, next.n));
			return;
		}
	}
	o->claims = false;
	o->claimed_all = true;
	loop_timer_set(o->claim, (uint64_t)OUTBOX_IDLE_MS * 1000);
	reader_wake(o->reader);
}

static void outbox_claim(struct outbox *o, struct slice from)
{
	char idle_ms[16];

	snprintf(idle_ms, sizeof(idle_ms), "%d", o->claimed_all ? OUTBOX_IDLE_MS : 0);
	struct slice words[] = { SLICE("XAUTOCLAIM"), key_slice(&o->key), slice_of(outbox_group),
		slice_of(o->store->node), slice_of(idle_ms), from, SLICE("COUNT"), SLICE("100") };
	o->claims = o->claiming = true;
	link_call(o->store->write, &(struct argv){ words, 8, 8 }, outbox_claimed, o);
}

static void outbox_claim_all(struct outbox *o)
{
	o->claimed_all = false;
	if (!o->stopped && !o->claiming)
		outbox_claim(o, SLICE("0-0"));
}

static void outbox_claim_late(void *arg)
{
	struct outbox *o = arg;

	if (!o->stopped && !o->claiming && !o->store->rests)
		outbox_claim(o, SLICE("0-0"));
}

void outbox_take_over(struct store *s)
{
	struct map_entry e;

	s->takes_over = true;
	s->rests = false;
	for (size_t i = 0; map_next(&s->outboxes, &i, &e);)
		outbox_claim_all(e.value);
}

void outbox_rest(struct store *s)
{
	s->rests = true;
}

/* ---- done ---- */

struct take_off {
	struct outbox *outbox;
	struct slice id;
	bool kept; /* it is still in the stream */
	char text[48];
};

static void outbox_deleted(void *arg, int status, const struct reply *r)
{
	struct take_off *t = arg;

	t->kept = !r || status; /* the answer to XACK follows */
}

static void outbox_taken_off(void *arg, int status, const struct reply *r)
{
	struct take_off *t = arg;
	struct outbox *o = t->outbox;
	struct stream_id id;

	/* Lost or refused: it must not come back as unsent when this node starts again, so again later. */
	if (!r || status || t->kept) {
		argv_add(&o->finished, arena_copy(&o->finished_arena, t->id));
		loop_timer_set(o->later, OUTBOX_LATER_MS * 1000);
	} else if (stream_id_parse(t->id, &id)) {
		held_remove(o, held_get(o, id));
	}
	free(t);
}

/* Deleted first: what is pending and not there is taken off when it is met again, what is acknowledged and there would stay
 * for ever. */
static void outbox_take_off(struct outbox *o, struct slice id)
{
	struct take_off *t = mem_alloc(sizeof(*t));
	struct slice ack[] = { SLICE("XACK"), key_slice(&o->key), slice_of(outbox_group), id };
	struct slice del[] = { SLICE("XDEL"), key_slice(&o->key), id };

	ASSERT(id.n < sizeof(t->text));
	t->outbox = o;
	memcpy(t->text, id.p, id.n);
	t->id = slice_make(t->text, id.n);
	link_call(o->store->write, &(struct argv){ del, 3, 3 }, outbox_deleted, t);
	link_call(o->store->write, &(struct argv){ ack, 4, 4 }, outbox_taken_off, t);
}

static void outbox_later(void *arg)
{
	struct outbox *o = arg;
	struct argv ids = o->finished;
	struct arena arena = o->finished_arena;

	o->finished = (struct argv){ 0 };
	o->finished_arena = (struct arena){ 0 };
	for (size_t i = 0; i < ids.n; i++)
		outbox_take_off(o, ids.v[i]);
	argv_free(&ids);
	arena_free(&arena);
	if (o->claims && !o->claiming && !o->stopped && !o->store->rests)
		outbox_claim(o, SLICE("0-0"));
	reader_wake(o->reader);
}

static struct outbox *outbox_of(const struct store *s, struct slice channel)
{
	return map_get(&s->outboxes, channel);
}

void outbox_done(struct store *s, struct slice channel, struct stream_id id)
{
	struct outbox *o = outbox_of(s, channel);
	struct held *h = o ? held_get(o, id) : NULL;
	struct arena arena = { 0 };

	ASSERT(o);
	if (!h || h->done)
		return; /* a later follower has it */
	h->done = true;
	o->pending--;
	outbox_take_off(o, stream_id_text(id, &arena));
	arena_free(&arena);
	reader_wake(o->reader);
}

void outbox_put_back(struct store *s, struct slice channel, struct stream_id id)
{
	struct outbox *o = outbox_of(s, channel);
	struct held *h = o ? held_get(o, id) : NULL;

	if (!h || h->done)
		return;
	o->pending--;
	held_remove(o, h);
}

/* ---- from outside ---- */

/* All, or those only that are not done. */
static void outbox_forget(struct outbox *o, bool all)
{
	struct map_entry e;

	for (size_t i = 0; map_next(&o->held, &i, &e);)
		if (all || !((struct held *)e.value)->done)
			held_remove(o, e.value);
}

void outbox_follow(struct store *s, struct slice channel, size_t window,
	void (*fn)(void *arg, const struct outbox_item *item), void *arg)
{
	struct outbox *o = outbox_of(s, channel);

	ASSERT(fn && window > 0);
	if (!o) {
		o = mem_alloc(sizeof(*o));
		o->store = s;
		o->channel = slice_dup(channel);
		o->key = key_of_name(&s->keys, KEY_OUT, channel);
		o->later = loop_timer_new(s->loop, outbox_later, o);
		o->claim = loop_timer_new(s->loop, outbox_claim_late, o);
		map_put(&s->outboxes, channel, o);
	}
	o->window = window;
	o->fn = fn;
	o->arg = arg;
	o->stopped = false;
	o->past = false;
	/* What is in hand is handed out again: the new follower does not have it. */
	o->after = (struct stream_id){ 0, 0 };
	o->pending = 0;
	outbox_forget(o, false);
	if (s->takes_over)
		outbox_claim_all(o);
	if (!o->reader)
		o->reader = reader_new(s, "outbox", &outbox_ops, o);
	else
		reader_wake(o->reader);
}

void outbox_stop(struct store *s, struct slice channel)
{
	struct outbox *o = outbox_of(s, channel);

	if (o)
		o->stopped = true;
}

size_t outbox_pending(const struct store *s, struct slice channel)
{
	const struct outbox *o = outbox_of(s, channel);

	return o ? o->pending : 0;
}

struct link *outbox_link(const struct store *s, struct slice channel)
{
	return reader_link(outbox_of(s, channel)->reader);
}

void outboxes_free(struct store *s)
{
	struct map_entry e;

	for (size_t i = 0; map_next(&s->outboxes, &i, &e);) {
		struct outbox *o = e.value;
		reader_free(&o->reader);
		loop_timer_free(&o->later);
		loop_timer_free(&o->claim);
		argv_free(&o->finished);
		arena_free(&o->finished_arena);
		arena_free(&o->arena);
		outbox_forget(o, true);
		map_free(&o->held);
		free(o->channel);
		free(o);
	}
	map_free(&s->outboxes);
}
