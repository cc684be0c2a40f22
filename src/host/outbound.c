/*
 * The way out: from the outbox to `send`, and what became of it back to the inbox. When to try again is retry.c's; after
 * SEND_GIVE_UP_S comes an end that a person sees. Never decides what is said to whom.
 *
 *   outbox ─▶ ready ──at once < limit──▶ marking ──▶ flying ──sent──▶ ok, fail, unsure ─▶ receipt in the inbox ─▶ outbox_done
 *               ▲                                        │
 *               └──── waiting (heap by time) ◀───────────┴─ retry; unsure where sending twice is harmless
 *
 * Marking: where sending twice does harm (mail), it is on disk that this process hands the message over before it does. Who finds the
 * mark of another process after a crash cannot know whether the message went out: unsure, a person decides.
 *
 * Behind: of what goes to one customer in one conversation (lane.h) only the first is ready; the next when it has come to its end, or
 * was tried in vain for SEND_ORDER_S: where the channel takes others meanwhile, so that it is this one that is not taken, for SEND_ORDER_ALONE_S.
 *
 * Tried in vain for the second time it stays `queued`, with the reason and the time of the next attempt, for whoever wrote it.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/log.h"
#include "host/inside.h"
#include "host/lane.h"
#include "host/retry.h"
#include "model/limits.h"
#include "store/remember.h"

enum send_state { SEND_BEHIND, SEND_READY, SEND_WAITING, SEND_MARKING, SEND_FLYING, SEND_TOLD };

struct send {
	struct list_node node; /* ready, or flying */
	struct heap_node due;  /* waiting */
	struct lane_node lane;
	struct list_node all;
	struct usher_host *h;  /* whose outbox it comes from */
	struct usher_host *by; /* who carries it: h itself, or the channel that answers for it */
	struct stream_id place;
	struct arena arena;
	struct outbound m;
	struct slice why; /* of the last failure */
	char id[ID_TEXT_LEN + 1];
	enum send_state state;
	uint32_t attempt, failures;
	uint64_t handed_us, worked; /* what the channel had sent when it failed first */
	bool overdue;
};

enum { ANSWERED_KEPT = 16 };

struct outbound_side {
	struct list all, ready, flying;
	struct heap waiting;
	struct map by_id, lanes;
	struct retry retry;
	struct loop_timer *timer;
	bool following, stopped, pumping;
	char answered[ANSWERED_KEPT][ID_TEXT_LEN + 1];
	size_t answered_next;
};

/* For waits: no wall clock, which may be put back. */
static uint64_t now_us(const struct usher_host *h)
{
	return loop_monotonic_us(h->host->loop);
}

static void pump_soon(struct usher_host *h);
static void send_again(struct send *s, struct usher_str why);

/* ---- a send ---- */

static void send_unlink(struct send *s)
{
	struct outbound_side *o = s->h->out;

	if (s->node.on)
		list_remove(&s->node);
	if (heap_has(&s->due))
		heap_remove(&o->waiting, &s->due);
}

static void send_ready(struct send *s)
{
	s->state = SEND_READY;
	list_push_back(&s->h->out->ready, &s->node);
}

/* Who is behind it may go. */
static void send_leave_lane(struct send *s)
{
	struct outbound_side *o = s->h->out;
	struct lane_node *next = o ? lane_leave(&o->lanes, &s->lane) : NULL;

	if (!next || o->stopped)
		return;
	send_ready(LIST_ENTRY(next, struct send, lane));
	pump_soon(s->h);
}

static void send_free(struct send *s)
{
	struct outbound_side *o = s->h->out;

	send_leave_lane(s);
	if (o) {
		send_unlink(s);
		if (s->all.on)
			list_remove(&s->all);
		if (map_get(&o->by_id, slice_of(s->id)) == s)
			map_remove(&o->by_id, slice_of(s->id));
	}
	arena_free(&s->arena);
	free(s);
}

static struct slice destination_of(const struct send *s)
{
	if (s->m.envelope.n)
		return s->m.envelope;
	return s->m.to.n ? s->m.to : s->m.thread;
}

/* ---- the end of a message ---- */

static void told(void *arg, bool stored)
{
	struct send *s = arg;
	struct usher_host *h = s->h;

	if (stored && h->host)
		outbox_done(h->host->store, slice_of(h->name), s->place);
	send_free(s);
}

static struct command receipt_of(const struct send *s, uint32_t delivery, struct slice why)
{
	return (struct command){ .type = COMMAND_RECEIPT,
		.id = s->m.id,
		.conv = s->m.conv,
		.seq = s->m.seq,
		.copy = s->m.copy,
		.channel = slice_of(s->h->name),
		.delivery = delivery,
		.why = why };
}

static void send_tell(struct send *s, uint32_t delivery, struct slice remote, struct slice why)
{
	struct usher_host *h = s->h;
	struct command c = receipt_of(s, delivery, why);

	c.remote = remote;
	retry_forget(&h->out->retry, destination_of(s));
	send_leave_lane(s);
	send_unlink(s);
	map_remove(&h->out->by_id, slice_of(s->id));
	s->state = SEND_TOLD;
	if (delivery == DELIVERY_SENT)
		h->count.sent++;
	else
		h->count.failed++;
	put_stubborn(h, &c, s->by ? s->by->name : NULL, told, s);
}

static void send_put_back(struct send *s)
{
	outbox_put_back(s->h->host->store, slice_of(s->h->name), s->place);
	send_free(s);
}

static void send_wait(struct send *s, uint64_t until_us)
{
	if (s->h->host->rests) {
		send_put_back(s);
		return;
	}
	send_unlink(s);
	s->state = SEND_WAITING;
	heap_insert(&s->h->out->waiting, &s->due, until_us);
}

static bool send_is_older(const struct send *s, uint64_t seconds)
{
	uint64_t now = loop_wall_us(s->h->host->loop);

	return now > s->m.at_us && now - s->m.at_us > seconds * 1000000;
}

static void send_give_up(struct send *s)
{
	struct slice why = arena_printf(&s->arena, "gave up after %d hours and %u attempts: %.*s",
		SEND_GIVE_UP_S / 3600, s->attempt, SLICE_ARG(s->why));

	send_tell(s, DELIVERY_FAILED, (struct slice){ 0 }, why);
}

/* ---- the mark of being handed over ---- */

/* A transcript or a confirmation is of no conversation, so nobody could decide what becomes of it: one too many is better than none. */
static bool send_needs_mark(const struct send *s)
{
	return !id_is_none(s->m.conv) && !(s->by->api->capabilities & USHER_CAP_IDEMPOTENT_SEND);
}

/* A mark that stays asks a person once too often, after a crash only; the next attempt gives its reason anew. */
static void nobody_waits(void *arg, int status)
{
	(void)arg;
	(void)status;
}

/* One mark for each time it was put into the outbox: sending it again by hand is another matter. */
static void send_mark_write(struct send *s, bool set, void (*fn)(void *arg, int status), void *arg)
{
	struct str scope = { 0 }, key = { 0 }, value = { 0 };

	str_addf(&scope, "handed:%s", s->h->name);
	str_addf(
		&key, "%llu-%llu", (unsigned long long)s->place.ms, (unsigned long long)s->place.n);
	str_addf(&value, "%016llx", (unsigned long long)s->h->host->boot);
	if (set)
		remember_once(s->h->host->store, scope.p, str_slice(&key), str_slice(&value),
			SEND_MARK_KEEP_S, fn, arg);
	else
		remember(s->h->host->store, scope.p, str_slice(&key), (struct slice){ 0 }, 0, fn,
			arg);
	str_free(&scope);
	str_free(&key);
	str_free(&value);
}

static void send_unmark(struct send *s)
{
	if (send_needs_mark(s))
		send_mark_write(s, false, nobody_waits, NULL);
}

/* ---- handing over ---- */

/* A channel that only takes in (a form) may name another that carries its answers (a mailbox). NULL: there is none now. */
static struct usher_host *carrier_of(struct usher_host *h)
{
	struct slice name =
		h->api->send ? (struct slice){ 0 } : options_get(&h->options, "reply_by");
	struct usher_host *by = name.n ? channel_find(h->host, name) : h;

	return by && by->self && by->state == CHANNEL_OPEN && by->api->send ? by : NULL;
}

static struct usher_part *parts_of(struct send *s, size_t *count)
{
	struct part p;
	struct usher_part *out = arena_array(&s->arena, MESSAGE_PARTS_MAX, sizeof(*out));

	*count = 0;
	for (struct slice rest = s->m.parts;
		*count < MESSAGE_PARTS_MAX && parts_next(&rest, &p, &s->arena);)
		out[(*count)++] = (struct usher_part){ .name = to_str(p.name),
			.type = to_str(p.type),
			.blob = to_str(p.blob),
			.cid = to_str(p.cid),
			.size = p.size_bytes };
	return out;
}

/* Lines as an array, at most `max` of them. */
static struct usher_str *lines_of(struct send *s, struct slice lines, size_t max, size_t *count)
{
	struct usher_str *out = arena_array(&s->arena, max, sizeof(*out));

	*count = 0;
	for (struct slice rest = lines; rest.p && *count < max;) {
		struct slice line = slice_cut(&rest, '\n');
		if (line.n)
			out[(*count)++] = to_str(line);
	}
	return out;
}

static void send_hand(struct send *s)
{
	struct usher_host *h = s->h;
	struct usher_outbound m = { .size = sizeof(m),
		.id = { s->id, ID_TEXT_LEN },
		.thread = to_str(s->m.thread),
		.to = to_str(s->m.to),
		.from = to_str(s->m.from),
		.subject = to_str(s->m.subject),
		.text = to_str(s->m.text),
		.html = to_str(s->m.html),
		.in_reply_to = to_str(s->m.in_reply_to),
		.attempt = ++s->attempt,
		.automatic = s->m.automatic != 0,
		.envelope = to_str(s->m.envelope),
		.quoted = to_str(s->m.quoted),
		.quoted_from = to_str(s->m.quoted_from),
		.quoted_at_us = s->m.quoted_at_us,
		.signature = to_str(s->m.signature),
		.lang = to_str(s->m.lang),
		.quoted_html = to_str(s->m.quoted_html) };
	char conv[ID_TEXT_LEN + 1], message[ID_TEXT_LEN + 1];

	id_text(s->m.conv, conv);
	m.conv = (struct usher_str){ conv, ID_TEXT_LEN };
	/* What an older usher left in the outbox names no message: it is its only copy. */
	id_text(id_is_none(s->m.message) ? s->m.id : s->m.message, message);
	m.message = (struct usher_str){ message, ID_TEXT_LEN };
	m.parts = parts_of(s, &m.parts_count);
	m.refs = lines_of(s, s->m.refs, MESSAGE_REFS_MAX, &m.refs_count);
	m.cc = lines_of(s, s->m.cc, RECIPIENTS_MAX, &m.cc_count);
	s->state = SEND_FLYING;
	s->handed_us = now_us(h);
	s->overdue = false;
	if (s->attempt > 1)
		h->count.retried++;
	PLUGIN_CALL(s->by, send, s->by->self, &m);
}

/* The channel may have been closed, or the process be ending, while the disk was asked. */
static void marked(void *arg, int status)
{
	struct send *s = arg;
	struct usher_host *h = s->h;
	bool here = h->out && !h->out->stopped && s->state == SEND_MARKING;

	if (!here) {
		if (h->host && status == 0)
			send_unmark(s);
		send_free(s);
	} else if (status == -EEXIST) {
		send_tell(s, DELIVERY_UNSURE, (struct slice){ 0 },
			SLICE("usher was stopped while it was being sent"));
	} else if (status || carrier_of(h) != s->by) {
		send_wait(s, now_us(h) + SEND_AGAIN_LEAST_S * UINT64_C(1000000));
	} else {
		send_hand(s);
	}
	if (here)
		pump_soon(h);
	if (!channel_is_gone(h))
		channel_look(h);
	channel_release(h);
}

static void send_begin(struct send *s)
{
	send_unlink(s);
	list_push_back(&s->h->out->flying, &s->node);
	if (!send_needs_mark(s)) {
		send_hand(s);
		return;
	}
	s->state = SEND_MARKING;
	s->handed_us = now_us(s->h);
	channel_hold(s->h);
	send_mark_write(s, true, marked, s);
}

/* The reason why that channel cannot carry it, or NULL. */
static const char *send_impossible(struct send *s)
{
	const struct usher_channel *api = s->by->api;

	if (api->text_max && s->m.text.n > api->text_max)
		return arena_printf(&s->arena,
			"the text has %zu bytes, this channel carries at most %u", s->m.text.n,
			api->text_max)
			.p;
	if (s->m.parts.n && !(api->capabilities & USHER_CAP_FILES))
		return "this channel carries no files";
	return NULL;
}

/* False when there is nobody to carry it: it fails, or waits for the channel that answers for this one. */
static bool send_find_carrier(struct send *s)
{
	s->by = carrier_of(s->h);
	if (s->by)
		return true;
	if (options_get(&s->h->options, "reply_by").n)
		send_again(s, to_str(SLICE("the channel that carries the answers is closed")));
	else
		send_tell(
			s, DELIVERY_FAILED, (struct slice){ 0 }, SLICE("this channel cannot send"));
	return false;
}

static void send_next(struct send *s)
{
	uint64_t until = retry_until(&s->h->out->retry, destination_of(s));
	const char *impossible;

	if (send_is_older(s, SEND_GIVE_UP_S)) {
		send_give_up(s);
	} else if (until > now_us(s->h)) {
		send_wait(s, until);
	} else if (send_find_carrier(s)) {
		impossible = send_impossible(s);
		if (impossible)
			send_tell(s, DELIVERY_FAILED, (struct slice){ 0 }, slice_of(impossible));
		else
			send_begin(s);
	}
}

static void pump(struct usher_host *h)
{
	struct outbound_side *o = h->out;

	while (!o->stopped && o->ready.first && o->flying.count < o->retry.at_once)
		send_next(LIST_ENTRY(o->ready.first, struct send, node));
	if (!o->stopped && heap_min(&o->waiting)) {
		uint64_t at = heap_min(&o->waiting)->at, now = now_us(h);
		loop_timer_set(o->timer, at > now ? at - now : 0);
	}
}

static void pump_now(struct usher_host *h, void *arg)
{
	(void)arg;
	h->out->pumping = false;
	pump(h);
}

static void pump_soon(struct usher_host *h)
{
	if (h->out->pumping)
		return;
	h->out->pumping = true;
	call_later(h, pump_now, NULL, NULL);
}

static void waited(void *arg)
{
	struct usher_host *h = arg;
	struct outbound_side *o = h->out;
	struct heap_node *n;

	while ((n = heap_min(&o->waiting)) && n->at <= now_us(h)) {
		struct send *s = LIST_ENTRY(n, struct send, due);
		heap_remove(&o->waiting, n);
		send_ready(s);
	}
	pump(h);
}

/* ---- answers of the plugin ---- */

static void send_tell_why(const struct send *s, uint64_t until_us)
{
	struct command c = receipt_of(s, DELIVERY_QUEUED, s->why);
	uint64_t now = loop_wall_us(s->h->host->loop);

	c.until_us = now + until_us - now_us(s->h);
	command_stamp(&c, now);
	inbox_put(s->h->host->store, &c, nobody_waits, NULL);
}

/* It may be this message that is not taken, not its destination. */
static bool send_is_in_the_way(const struct send *s)
{
	bool alone = s->worked != s->h->out->retry.worked;

	return send_is_older(s, alone ? SEND_ORDER_ALONE_S : SEND_ORDER_S);
}

static void send_again(struct send *s, struct usher_str why)
{
	struct retry *r = &s->h->out->retry;
	uint64_t until = retry_failed(r, destination_of(s), now_us(s->h));

	s->why = arena_copy(&s->arena, to_slice(why));
	if (s->failures++ == 0)
		s->worked = r->worked;
	if (send_is_in_the_way(s)) {
		/* The others go on, and it waits for itself. */
		retry_forget(r, destination_of(s));
		until = now_us(s->h) + retry_back_off_us(s->failures);
		send_leave_lane(s);
	}
	if (send_is_older(s, SEND_GIVE_UP_S)) {
		send_give_up(s);
		return;
	}
	if (s->failures > 1 && !id_is_none(s->m.conv))
		send_tell_why(s, until);
	send_wait(s, until);
}

/* The latest ids that were answered, so that a second answer can be called that. */
static void note_answered(struct outbound_side *o, const char *id)
{
	memcpy(o->answered[o->answered_next++ % ANSWERED_KEPT], id, ID_TEXT_LEN + 1);
}

static bool was_answered(const struct outbound_side *o, struct slice id)
{
	for (size_t i = 0; i < ANSWERED_KEPT; i++)
		if (id.n && slice_is(id, o->answered[i]))
			return true;
	return false;
}

void outbound_look_overdue(struct usher_host *h)
{
	uint64_t now = now_us(h);

	if (!h->out)
		return;
	LIST_FOR (s, &h->out->flying, struct send, node) {
		if (s->state != SEND_FLYING || s->overdue ||
			now - s->handed_us < SEND_ANSWER_S * UINT64_C(1000000))
			continue;
		s->overdue = true;
		plugin_wrong(s->by, "no answer to the send of %s for %d s", s->id, SEND_ANSWER_S);
	}
}

/* The message that this channel is carrying, its own or another's. */
static struct send *carried(struct usher_host *by, struct slice id)
{
	LIST_FOR (h, &by->host->channels, struct usher_host, node) {
		struct send *s = h->out ? map_get(&h->out->by_id, id) : NULL;
		if (s && s->by == by && s->state == SEND_FLYING)
			return s;
	}
	return NULL;
}

void service_sent(struct usher_host *by, struct usher_str id, enum usher_outcome outcome,
	struct usher_str remote, struct usher_str why)
{
	if (!service_allowed(by, "sent"))
		return;
	struct send *s = carried(by, to_slice(id));
	if (!s) {
		/* While it is being opened nothing was given to it. */
		bool before = by->out && was_answered(by->out, to_slice(id));
		plugin_wrong(by,
			before ? "sent a second time for %.*s"
			       : "sent for %.*s, which it was not given",
			(int)id.n, id.n ? id.p : "");
		return;
	}
	note_answered(by->out, s->id);
	struct usher_host *h = s->h;
	if (outcome > USHER_UNSURE) {
		plugin_wrong(by, "sent with the outcome %d, which there is not", (int)outcome);
		outcome = USHER_UNSURE;
	}
	switch (outcome) {
	case USHER_OK:
	case USHER_DUPLICATE:
		retry_worked(&h->out->retry);
		send_tell(s, DELIVERY_SENT, to_slice(remote), (struct slice){ 0 });
		break;
	case USHER_FAIL:
		send_tell(s, DELIVERY_FAILED, to_slice(remote), to_slice(why));
		break;
	case USHER_UNSURE:
		if (by->api->capabilities & USHER_CAP_IDEMPOTENT_SEND)
			send_again(s, why);
		else
			send_tell(s, DELIVERY_UNSURE, to_slice(remote), to_slice(why));
		break;
	case USHER_RETRY:
		send_unmark(s);
		send_again(s, why);
		break;
	}
	pump_soon(h);
	channel_look(h);
	channel_look(by);
}

/* ---- the outbox ---- */

/* Of no conversation are a confirmation, a transcript: nothing else has to come before them. */
static bool send_join_lane(struct send *s)
{
	struct slice to = destination_of(s);
	struct str key = { 0 };
	char conv[ID_TEXT_LEN + 1];

	if (id_is_none(s->m.conv))
		return true;
	str_addf(&key, "%s %.*s", id_text(s->m.conv, conv), SLICE_ARG(to));
	bool first = lane_join(&s->h->out->lanes, str_slice(&key), &s->lane);
	str_free(&key);
	return first;
}

static void outbox_item(void *arg, const struct outbox_item *item)
{
	struct usher_host *h = arg;
	struct outbound_side *o = h->out;
	char id[ID_TEXT_LEN + 1];

	if (o->stopped)
		return; /* it stays in the outbox */
	id_text(item->message.id, id);
	if (map_get(&o->by_id, slice_of(id))) {
		/* A retry by hand of what is still being tried: one of them is enough. */
		log_warn(h->name, "already being sent id=%s", id);
		outbox_done(h->host->store, slice_of(h->name), item->id);
		return;
	}
	struct send *s = mem_alloc(sizeof(*s));
	s->h = h;
	s->place = item->id;
	record_copy(&outbound_table, &s->m, &item->message, &s->arena);
	memcpy(s->id, id, sizeof(s->id));
	list_push_back(&o->all, &s->all);
	map_put(&o->by_id, slice_of(s->id), s);
	if (send_join_lane(s))
		send_ready(s);
	pump_soon(h);
}

void outbound_open(struct usher_host *h)
{
	struct outbound_side *o = mem_alloc(sizeof(*o));

	h->out = o;
	retry_init(&o->retry);
	o->timer = loop_timer_new(h->host->loop, waited, h);
	if (h->api->capabilities & USHER_CAP_LIVE)
		return; /* the customer is told by `update` */
	o->following = true;
	outbox_follow(h->host->store, slice_of(h->name), SENDS_MAX, outbox_item, h);
}

static bool send_is_unbegun(const struct send *s)
{
	return s->state == SEND_BEHIND || s->state == SEND_READY || s->state == SEND_WAITING;
}

void outbound_stop(struct usher_host *h)
{
	struct outbound_side *o = h->out;

	o->stopped = true;
	loop_timer_clear(o->timer);
	if (o->following)
		outbox_stop(h->host->store, slice_of(h->name));
	o->following = false;
	/* What nobody has begun stays in the outbox for the next one. */
	LIST_FOR (s, &o->all, struct send, all)
		if (send_is_unbegun(s))
			send_free(s);
}

void outbound_rest(struct usher_host *h)
{
	if (!h->out || h->out->stopped)
		return;
	LIST_FOR (s, &h->out->all, struct send, all)
		if (send_is_unbegun(s))
			send_put_back(s);
}

bool outbound_is_idle(const struct usher_host *by)
{
	if (by->out && by->out->all.count)
		return false;
	LIST_FOR (h, &by->host->channels, struct usher_host, node)
		if (h->out)
			LIST_FOR (s, &h->out->all, struct send, all)
				if (s->by == by &&
					(s->state == SEND_FLYING || s->state == SEND_MARKING))
					return false;
	return true;
}

void outbound_free(struct usher_host *h)
{
	struct outbound_side *o = h->out;

	if (!o)
		return;
	if (!o->stopped)
		outbound_stop(h);
	LIST_FOR (s, &o->all, struct send, all) {
		if (s->state == SEND_TOLD || s->state == SEND_MARKING) {
			send_leave_lane(s);
			send_unlink(s);
			list_remove(&s->all); /* freed when the store answers */
		} else
			send_free(s);
	}
	h->out = NULL;
	retry_free(&o->retry);
	map_free(&o->by_id);
	map_free(&o->lanes);
	heap_free(&o->waiting);
	loop_timer_free(&o->timer);
	free(o);
}
