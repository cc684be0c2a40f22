/*
 * Intake: a delivery is checked, put into the inbox, and acknowledged to its plugin once it is on disk. Never acknowledges
 * anything else, whatever goes wrong. Called by plugins through the services table.
 *
 *   deliver ─▶ inbound_read ─▶ [files: blob_hold] ─▶ [too long: blob_put of the whole] ─┬▶ inbox_name: has this key an id? ─┐
 *                                                                                       └▶ inbox_put ────────────────────┴▶ ack(token, outcome, id)
 *
 * The put does not wait for the answer: the router drops a repeat by its key and stores the message under the id that the key was given to, so the
 * answer only decides which word and which id the plugin is told. Repeats of late are known without asking (recent.c).
 */
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "host/inbound.h"
#include "host/inside.h"
#include "model/entry.h"
#include "model/limits.h"
#include "store/blob.h"
#include "store/lookup.h"

struct intake {
	struct usher_ws *from; /* the socket it came by, or NULL */
	struct usher_host *h;  /* held */
	uint64_t token;
	struct arena arena;
	struct inbound in;
	struct slice long_text, long_html; /* to be stored as parts first */
	unsigned owed;			   /* answers of the store */
	int status;			   /* of the put */
	bool repeated;
	struct slice why;   /* of a refusal */
	struct slice entry; /* of the earlier one */
};

static void delivery_free(void *arg)
{
	struct intake *d = arg;
	struct usher_host *h = d->h;

	h->deliveries--;
	if (d->from)
		ws_landed(d->from);
	if (!channel_is_gone(h))
		channel_look(h);
	arena_free(&d->arena);
	free(d);
	channel_release(h);
}

/* ---- the acknowledgement ---- */

static void ack(struct intake *d, enum usher_outcome outcome, struct usher_str why)
{
	struct usher_host *h = d->h;

	if (!channel_is_gone(h))
		PLUGIN_CALL(h, ack, h->self, d->token, outcome, why);
	delivery_free(d);
}

static void count_taken(struct intake *d)
{
	struct channel_status *s = &d->h->count;

	if (d->repeated)
		s->duplicate++;
	else if (d->in.command.quarantine.n)
		s->quarantined++;
	else
		s->accepted++;
}

static void delivery_end(struct intake *d)
{
	char text[ID_TEXT_LEN + 1];
	struct usher_str why = { 0 };

	if (d->status) {
		enum usher_outcome outcome = outcome_of(d->status, &why);
		if (outcome == USHER_RETRY)
			d->h->count.retried_in++;
		else
			d->h->count.refused++;
		ack(d, outcome, why);
		return;
	}
	if (d->h->host)
		recent_put(d->h->host->recent, d->in.key, d->in.command.id, true);
	count_taken(d);
	id_text(d->in.command.id, text);
	why = (struct usher_str){ text, ID_TEXT_LEN };
	ack(d, d->repeated ? USHER_DUPLICATE : USHER_OK, why);
}

static void delivery_answered(struct intake *d)
{
	ASSERT(d->owed > 0);
	if (--d->owed == 0)
		delivery_end(d);
}

static void put_done(void *arg, int status)
{
	struct intake *d = arg;

	if (status)
		d->status = status;
	delivery_answered(d);
}

/* ---- have we had it before? ---- */

static void earlier_read(void *arg, int status)
{
	struct intake *d = arg;
	struct entry en;
	struct id mine = d->in.command.id;

	/* Told another id than it is kept under would be worse than asked to come again. */
	if (status)
		d->status = status;
	if (status == 0 && d->entry.n && record_unpack(&entry_table, &en, d->entry, NULL) == 0 &&
		!id_is_none(en.id) && !id_equal(en.id, mine)) {
		d->repeated = true;
		d->in.command.id = en.id;
	}
	delivery_answered(d);
}

static void named(void *arg, int status, struct slice before)
{
	struct intake *d = arg;
	struct slice rest = before;
	struct id conv, mine = d->in.command.id;
	uint64_t seq;

	if (status)
		d->status = status;
	if (status == 0 && inbox_name_read(before, &d->in.command.id))
		d->repeated = !id_equal(mine, d->in.command.id);
	if (status || !before.p || !d->h->host || !id_parse(slice_cut(&rest, ' '), &conv) ||
		!slice_u64(rest, &seq) || !seq) {
		delivery_answered(d);
		return;
	}
	/* Perhaps the router has been quick and this is the message itself: its id tells. */
	struct lookup *l = lookup_new(d->h->host->store, &d->arena);
	lookup_entry(l, conv, seq, &d->entry);
	lookup_run(l, earlier_read, d);
}

static void delivery_put(struct intake *d)
{
	struct host *host = d->h->host;
	bool stored;
	struct id known = recent_get(host->recent, d->in.key, &stored);

	d->owed = stored ? 1 : 2;
	d->repeated = stored;
	if (!id_is_none(known))
		d->in.command.id = known;
	else
		recent_put(host->recent, d->in.key, d->in.command.id, false);
	if (!stored)
		inbox_name(host->store, d->in.command.dedup, d->in.command.id, named, d);
	inbox_put(host->store, &d->in.command, put_done, d);
}

/* ---- what is too long to be text is kept whole as a part ---- */

static void delivery_next(struct intake *d);

static void long_stored(struct intake *d, int status, const char *name, struct slice *which,
	const char *file, const char *type)
{
	if (status || !d->h->host) {
		d->status = status ? status : -EAGAIN;
		delivery_end(d);
		return;
	}
	inbound_add_part(
		&d->in, &d->arena, file, type, arena_copy(&d->arena, slice_of(name)), which->n);
	*which = (struct slice){ 0 };
	delivery_next(d);
}

static void long_text_stored(void *arg, int status, const char *name)
{
	struct intake *d = arg;

	long_stored(d, status, name, &d->long_text, "message.txt", "text/plain");
}

static void long_html_stored(void *arg, int status, const char *name)
{
	struct intake *d = arg;

	long_stored(d, status, name, &d->long_html, "message.html", "text/html");
}

static void delivery_next(struct intake *d)
{
	struct store *store = d->h->host->store;

	if (d->long_text.n)
		blob_put(store, d->long_text, long_text_stored, d);
	else if (d->long_html.n)
		blob_put(store, d->long_html, long_html_stored, d);
	else
		delivery_put(d);
}

/* ---- its files are there ---- */

static void files_held(void *arg, int status)
{
	struct intake *d = arg;
	struct usher_str why;

	if (status == -ENOENT) {
		d->h->count.refused++;
		ack(d, USHER_FAIL,
			to_str(SLICE("a file of it is no longer here; upload it again")));
	} else if (status || !d->h->host) {
		d->h->count.retried_in++;
		ack(d, outcome_of(status ? status : -EAGAIN, &why), why);
	} else {
		delivery_next(d);
	}
}

/* ---- refusals ---- */

struct slice intake_closed(const struct usher_host *h)
{
	const struct host *host = h->host;

	if (!host->intake)
		return slice_of(host->intake_why);
	if (h->deliveries > DELIVERIES_MAX)
		return SLICE("too many messages are on their way to the disk");
	if (!store_is_up(host->store))
		return SLICE("the store is away");
	if (inbox_length(host->store) >= INBOX_MAX)
		return SLICE("the inbox is full");
	return (struct slice){ 0 };
}

static void ack_retry(struct usher_host *h, void *arg)
{
	struct intake *d = arg;

	h->count.retried_in++;
	ack(d, USHER_RETRY, to_str(d->why));
}

static void ack_fail(struct usher_host *h, void *arg)
{
	struct intake *d = arg;

	h->count.refused++;
	ack(d, USHER_FAIL, to_str(d->why));
}

void service_deliver(struct usher_host *h, const struct usher_inbound *m, uint64_t token)
{
	struct err err = { "" };

	if (!service_allowed(h, "deliver"))
		return;
	if (h->state == CHANNEL_CLOSING && h->said_down)
		plugin_wrong(h, "it delivers after it said that it is down");
	struct intake *d = mem_alloc(sizeof(*d));
	d->h = channel_hold(h);
	d->token = token;
	h->deliveries++;
	d->from = h->heard;
	if (d->from)
		ws_takes_off(d->from);
	struct slice closed = intake_closed(h);
	if (closed.p) {
		d->why = arena_copy(&d->arena, closed);
		call_later(h, ack_retry, delivery_free, d);
		return;
	}
	if (inbound_read(
		    slice_of(h->name), m, loop_wall_us(h->host->loop), &d->arena, &d->in, &err)) {
		d->why = arena_copy(&d->arena, slice_of(err.text));
		plugin_wrong(h, "delivery refused: %s", err.text);
		call_later(h, ack_fail, delivery_free, d);
		return;
	}
	if (d->in.long_text.n)
		d->long_text = arena_copy(&d->arena, d->in.long_text);
	if (d->in.long_html.n)
		d->long_html = arena_copy(&d->arena, d->in.long_html);
	/* What comes for the first time has its source written just now. */
	if (d->in.command.parts.n || d->in.command.again.n)
		blob_hold(h->host->store, d->in.command.parts, d->in.command.raw, files_held, d);
	else
		delivery_next(d);
}
