/*
 * Quarantine through the API: what came and could not be understood, its source as text, and reading it again. A source is never shown as
 * anything but text. Called by api.c.
 */
#include <errno.h>

#include "base/log.h"
#include "base/utf8.h"
#include "desk/api.h"
#include "desk/out.h"
#include "store/blob.h"
#include "store/dead.h"

enum { LIST_MAX = 200 };

static void add_held(struct str *o, const struct held *q)
{
	out_comma(o);
	str_add_char(o, '{');
	out_id(o, "id", q->message);
	out_id(o, "conv", q->conv);
	out_u64(o, "seq", q->seq);
	out_u64(o, "at_ms", q->en.at_us / 1000);
	out_text(o, "channel", q->channel);
	out_text(o, "from", q->en.address);
	out_text(o, "subject", q->en.subject);
	out_text(o, "why", q->en.quarantine);
	str_add_char(o, '}');
}

static void on_list(void *arg, int status, const struct held *held, size_t count, uint64_t all)
{
	struct call *c = arg;
	struct str o = { 0 };

	if (status) {
		call_failed(c, status);
		call_release(c);
		return;
	}
	str_add_char(&o, '{');
	out_u64(&o, "quarantined", all);
	str_add_text(&o, ",\"messages\":[");
	for (size_t i = 0; i < count; i++)
		add_held(&o, &held[i]);
	str_add_text(&o, "]}");
	call_json(c, 200, &o);
	str_free(&o);
	call_release(c);
}

void call_quarantine(struct call *c)
{
	call_hold(c);
	quarantine_read(c->d->store, (struct id){ 0 }, LIST_MAX, on_list, c);
}

/* ---- one of them ---- */

static void on_source(void *arg, int status, struct slice bytes)
{
	struct call *c = arg;
	bool download = call_query(c, "download").p != NULL;
	struct str clean = { 0 };

	if (status) {
		call_failed(c, status);
	} else if (call_lives(c)) {
		c->answered = true;
		http_set(c->r, "Content-Security-Policy", SLICE("default-src 'none'; sandbox"));
		http_set(c->r, "Cache-Control", SLICE("private, no-store"));
		http_set(c->r, "Content-Disposition",
			download ? SLICE("attachment; filename=\"message.eml\"") : SLICE("inline"));
		if (!download)
			utf8_clean(&clean, bytes);
		http_answer(c->r, 200,
			download ? "application/octet-stream" : "text/plain; charset=utf-8",
			download ? bytes : str_slice(&clean));
	}
	str_free(&clean);
	call_release(c);
}

static void on_reread(void *arg, int status, struct slice why)
{
	struct call *c = arg;
	struct str o = { 0 };

	if (status) {
		call_problem(c, status == -EBADMSG ? 409 : 503,
			arena_printf(&c->arena, "%.*s", SLICE_ARG(why)).p);
	} else {
		str_add_char(&o, '{');
		out_text(&o, "understood", why);
		str_add_char(&o, '}');
		call_json(c, 200, &o);
	}
	str_free(&o);
	call_release(c);
}

static void on_one(void *arg, int status, const struct held *held, size_t count, uint64_t all)
{
	struct call *c = arg;

	(void)all;
	if (status || !count) {
		call_failed(c, status ? status : -ENOENT);
		call_release(c);
	} else if (c->endpoint->action == ACTION_REREAD) {
		log_info("desk", "quarantined message read again agent=%.*s",
			SLICE_ARG(c->who.user));
		c->d->ports->reread(
			c->d->app, held[0].channel, held[0].en.raw, held[0].place, on_reread, c);
	} else {
		blob_get(c->d->store, held[0].en.raw, on_source, c);
	}
}

static void find_one(struct call *c)
{
	struct id message;

	if (!call_id(c, 0, &message))
		return;
	call_hold(c);
	quarantine_read(c->d->store, message, 1, on_one, c);
}

void call_quarantine_source(struct call *c)
{
	find_one(c);
}

void call_quarantine_retry(struct call *c)
{
	find_one(c);
}
