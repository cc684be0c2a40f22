/*
 * One POST from its header to its answer. It is answered with success only when all its messages are on disk. Decides nothing about what
 * a message is made of (message.c). Called by webhook.c.
 *
 *   header ─▶ body ─▶ proof ─▶ seen before? ─▶ JSON ─▶ items ─▶ deliver each ─▶ acked all ─▶ answer
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "kit/escapes.h"
#include "webhook.h"

struct post {
	struct webhook *w;
	struct usher_http *r; /* NULL: the client has gone, or is answered */
	struct buf body;
	bool is_form, signed_;
	uint64_t tag;
	size_t owed;
	json_t *results;
	size_t good, later;
};

static void post_look(struct post *p)
{
	struct webhook *w = p->w;

	if (p->r || p->owed)
		return;
	buf_free(&p->body);
	json_decref(p->results);
	free(p);
	w->posts--;
	webhook_settle(w);
}

static void post_problem(struct post *p, int status, const char *why)
{
	struct usher_http *r = p->r;

	p->r = NULL;
	if (!r)
		return;
	if (status == 503)
		p->w->usher->http_set(r, "Retry-After", str_of("5"));
	p->w->usher->http_problem(r, status, why);
}

static void post_refuse(struct post *p, int status, const char *why)
{
	p->w->refused++;
	p->w->usher->count(p->w->host, "seen", 1);
	p->w->usher->count(p->w->host, "refused", 1);
	post_problem(p, status, why);
	post_look(p);
}

static void post_answer(struct post *p)
{
	struct usher_http *r = p->r;

	p->r = NULL;
	if (r) {
		json_t *answer = json_pack("{s:O}", "messages", p->results);
		char *text = json_dumps(answer, JSON_COMPACT);
		p->w->usher->http_answer(r, p->good || !json_array_size(p->results) ? 200 : 422,
			"application/json", str_of(text));
		free(text);
		json_decref(answer);
	}
}

/* ---- all on disk ---- */

static void post_end(struct post *p)
{
	if (p->owed)
		return;
	if (p->later) {
		post_problem(
			p, 503, "please post it again later: nothing is lost or doubled by that");
	} else {
		/* Only now: a post that was told to come again is no replay. */
		if (p->signed_)
			seen_add(p->w->seen, p->tag);
		post_answer(p);
	}
	post_look(p);
}

void intake_ack(uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	struct post *p = (struct post *)(uintptr_t)token;
	bool good = outcome == USHER_OK || outcome == USHER_DUPLICATE;

	p->owed--;
	p->good += good;
	p->w->taken += good;
	p->later += outcome == USHER_RETRY;
	json_array_append_new(p->results, json_pack("{s:s, s:s%}", "outcome",
						  outcome == USHER_OK	       ? "ok"
						  : outcome == USHER_DUPLICATE ? "duplicate"
						  : outcome == USHER_RETRY     ? "retry"
									       : "fail",
						  good ? "id" : "why", why.p ? why.p : "", why.n));
	post_end(p);
}

/* ---- whole ---- */

static bool is_proved(struct post *p, const char **why)
{
	struct webhook *w = p->w;
	struct usher_str signature = w->usher->http_header(p->r, w->signature_header);
	struct usher_str timestamp = w->usher->http_header(p->r, w->timestamp_header);

	if (w->verify == VERIFY_NONE)
		return true;
	*why = "the token is missing or wrong";
	if (w->verify == VERIFY_TOKEN) {
		bool good = false;
		for (size_t i = 0; i < w->keys.count; i++)
			good |= sign_equal(signature, w->keys.keys[i]);
		return good;
	}
	p->signed_ = true;
	switch (sign_check(&w->keys, w->verify == VERIFY_HMAC, timestamp, signature,
		buf_str(&p->body), w->usher->now_us(w->host) / 1000000, &p->tag)) {
	case SIGN_OK:
		return true;
	case SIGN_MISSING:
		*why = w->verify == VERIFY_HMAC ? "the header with the signature, or that with its "
						  "time, is missing"
						: "the header with the signature is missing";
		return false;
	case SIGN_OLD:
		*why = "the signature's time, in seconds since 1970, is more than five minutes "
		       "from now";
		return false;
	case SIGN_WRONG:
		break;
	}
	*why = w->verify == VERIFY_HMAC ? "the signature is wrong: expected sha256=HEX of the "
					  "HMAC-SHA256 over the "
					  "time's header, a dot and the body as it was sent"
					: "the signature is wrong: expected sha256=HEX of the "
					  "HMAC-SHA256 over the "
					  "body as it was sent";
	return false;
}

static void deliver_items(struct post *p, const json_t *root)
{
	struct webhook *w = p->w;
	struct scope whole = { root, root };
	const json_t *list = *w->items ? path_at(&whole, w->items, strlen(w->items)) : NULL;
	size_t count = *w->items ? json_array_size(list) : 1, ignored = 0;

	if (count > ITEMS_MAX) {
		post_refuse(p, 413, "more than 200 messages in one post");
		return;
	}
	p->owed = count + 1; /* one for this function */
	for (size_t i = 0; i < count; i++) {
		struct scope s = { root, *w->items ? json_array_get(list, i) : root };
		if (!message_deliver(w, &s, (uint64_t)(uintptr_t)p)) {
			ignored++;
			p->owed--;
		}
	}
	w->ignored += ignored;
	w->usher->count(w->host, "seen", count);
	w->usher->count(w->host, "accepted", ignored);
	p->owed--;
	post_end(p);
}

static void post_whole(struct post *p)
{
	struct webhook *w = p->w;
	const char *why = NULL;
	json_error_t error;

	if (!is_proved(p, &why)) {
		post_refuse(p, 401, why);
		return;
	}
	if (p->signed_ && seen_has(w->seen, p->tag)) {
		w->replayed++;
		post_answer(
			p); /* it is here already: good for a sender that repeats, nothing for a thief */
		post_look(p);
		return;
	}
	escapes_mend(p->body.p, p->body.n, false); /* the proof was over what was sent */
	json_t *root = p->is_form ? form_decode(buf_str(&p->body))
				  : json_loadb(p->body.p ? p->body.p : "", p->body.n, 0, &error);
	if (root)
		deliver_items(p, root);
	else
		post_refuse(p, 400, p->is_form ? "not a form" : "not JSON");
	json_decref(root);
}

/* ---- from the host ---- */

static bool type_is(struct usher_str type, const char *want)
{
	size_t n = strlen(want);

	return type.n >= n && strncasecmp(type.p, want, n) == 0 &&
	       (type.n == n || type.p[n] == ';' || type.p[n] == ' ');
}

void intake_request(struct webhook *w, struct usher_http *r)
{
	struct usher_str method = w->usher->http_method(r), path = w->usher->http_path(r);
	struct usher_str type = w->usher->http_header(r, "content-type");
	bool is_form = type_is(type, "application/x-www-form-urlencoded");

	if (path.n != strlen(w->path) || memcmp(path.p, w->path, path.n) != 0) {
		w->usher->http_problem(r, 404, "there is nothing here");
	} else if (method.n != 4 || memcmp(method.p, "POST", 4) != 0) {
		w->usher->http_set(r, "Allow", str_of("POST"));
		w->usher->http_problem(r, 405, "this is for POST");
	} else if (!is_form && !type_is(type, "application/json")) {
		w->usher->http_problem(
			r, 415, "application/json or application/x-www-form-urlencoded is taken");
	} else if (!w->urgent && USHER_HAS(w->usher, refuses) &&
		   w->usher->refuses(w->host, USHER_WORK_LOW)) {
		w->usher->http_set(r, "Retry-After", str_of("10"));
		w->usher->http_problem(r, 429, "there is too much to do; post it again later");
	} else {
		struct post *p = zeroed(sizeof(*p));
		p->w = w;
		p->r = r;
		p->is_form = is_form;
		p->results = json_array();
		w->posts++;
		w->usher->http_data(r, p);
		w->usher->http_read(r, w->body_max);
	}
}

void intake_body(struct webhook *w, struct usher_http *r, struct usher_str piece, bool last)
{
	struct post *p = w->usher->http_get_data(r);

	buf_add(&p->body, piece.p, piece.n); /* the host stops at the size we gave */
	if (last)
		post_whole(p);
}

void intake_gone(struct usher_http *r, const struct webhook *w)
{
	struct post *p = w->usher->http_get_data(r);

	if (!p)
		return;
	p->r = NULL;
	post_look(p);
}
