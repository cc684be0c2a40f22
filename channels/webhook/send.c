/*
 * One answer on its way out: made from the template, signed, posted, and what its status means. When it is tried again is the core's business.
 * Called by webhook.c. Every send gets exactly one `sent`.
 *
 *   2xx ok │ 408 425 429 5xx retry │ other fail │ no answer: retry when nothing was sent, else unsure
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "webhook.h"

struct sending {
	struct webhook *w;
	char *id;
};

static json_t *json_of(struct usher_str s)
{
	json_t *j = json_stringn(s.p ? s.p : "", s.n);

	return j ? j : json_string("");
}

static json_t *values_of(const struct usher_outbound *m)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:b}", "id", json_of(m->id),
		"conv", json_of(m->conv), "thread", json_of(m->thread), "to", json_of(m->to),
		"text", json_of(m->text), "subject", json_of(m->subject), "in_reply_to",
		json_of(m->in_reply_to), "attempt", (int)m->attempt, "automatic", m->automatic);
}

/* ---- the request ---- */

__attribute__((format(printf, 2, 3))) static void header(struct fetch *f, const char *format, ...)
{
	va_list ap;

	if (f->headers_count == FETCH_HEADERS_MAX)
		return;
	va_start(ap, format);
	if (vasprintf(&f->headers[f->headers_count], format, ap) < 0)
		abort();
	va_end(ap);
	f->headers_count++;
}

static void body_form(struct buf *out, const json_t *filled)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)filled, key, value)
	{
		struct buf text = { 0 };
		value_text(&text, value);
		if (out->n)
			buf_text(out, "&");
		buf_url(out, key, strlen(key));
		buf_text(out, "=");
		buf_url(out, text.p, text.n);
		buf_free(&text);
	}
}

static void body_make(const struct webhook *w, struct fetch *f, const struct scope *s)
{
	json_t *filled = template_json(w->body, s);

	if (w->as_form) {
		body_form(&f->body, filled);
	} else {
		char *text = json_dumps(filled, JSON_COMPACT | JSON_ENCODE_ANY);
		if (!text)
			abort();
		buf_text(&f->body, text);
		free(text);
	}
	json_decref(filled);
}

static void sign(const struct webhook *w, struct fetch *f)
{
	char timestamp[24], hex[SIGN_KEYS][SIGN_HEX + 1];

	if (!w->sign_keys.count)
		return;
	snprintf(timestamp, sizeof(timestamp), "%llu",
		(unsigned long long)(w->usher->now_us(w->host) / 1000000));
	for (size_t i = 0; i < w->sign_keys.count; i++)
		sign_make(w->sign_keys.keys[i], str_of(timestamp), buf_str(&f->body), hex[i]);
	header(f, "X-Usher-Timestamp: %s", timestamp);
	if (w->sign_keys.count == 1)
		header(f, "X-Usher-Signature: sha256=%s", hex[0]);
	else
		header(f, "X-Usher-Signature: sha256=%s,sha256=%s", hex[0], hex[1]);
}

static struct fetch *request_make(const struct webhook *w, const struct usher_outbound *m)
{
	struct fetch *f = zeroed(sizeof(*f));
	json_t *values = values_of(m);
	struct scope s = { values, values };
	struct buf url = { 0 };

	template_fill(&url, w->url, &s, true);
	f->url = url.p;
	f->method = str_copy(str_of(w->method));
	f->allow_private = w->allow_private;
	f->timeout_s = w->timeout_s;
	body_make(w, f, &s);
	header(f, "Content-Type: %s",
		w->as_form ? "application/x-www-form-urlencoded" : "application/json");
	header(f, "Idempotency-Key: %.*s", (int)m->id.n, m->id.p);
	header(f, "User-Agent: usher");
	sign(w, f);
	for (size_t i = 0; i < w->headers_count; i++)
		header(f, "%s: %s", w->headers[i].name, w->headers[i].value);
	json_decref(values);
	return f;
}

/* ---- what came of it ---- */

static enum usher_outcome outcome_of(const struct fetch *f)
{
	if (f->status >= 200 && f->status <= 299)
		return USHER_OK;
	if (f->status == 408 || f->status == 425 || f->status == 429 || f->status >= 500)
		return USHER_RETRY;
	if (f->status || f->forbidden)
		return USHER_FAIL;
	return f->may_have ? USHER_UNSURE : USHER_RETRY;
}

static void why_of(const struct fetch *f, char *why, size_t size)
{
	if (f->status >= 300 && f->status <= 399)
		snprintf(why, size, "HTTP %ld: redirects are not followed", f->status);
	else if (f->status)
		snprintf(why, size, "HTTP %ld: %.150s", f->status, f->answer.n ? f->answer.p : "");
	else if (f->forbidden)
		snprintf(why, size,
			"its address is of this machine or a private network: allow_private is no");
	else
		snprintf(why, size, "%s", f->why);
	for (char *p = why; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = ' '; /* it may have been cut in a character */
}

static void remote_of(const struct webhook *w, const struct fetch *f, struct buf *remote)
{
	json_t *answer =
		*w->remote && f->answer.n ? json_loadb(f->answer.p, f->answer.n, 0, NULL) : NULL;
	struct scope s = { answer, answer };

	if (answer)
		template_fill(remote, w->remote, &s, false);
	json_decref(answer);
}

static void done_on_loop(void *arg)
{
	struct fetch *f = arg;
	struct sending *s = f->arg;
	struct webhook *w = s->w;
	enum usher_outcome outcome = outcome_of(f);
	struct buf remote = { 0 };
	char why[300] = "";

	if (outcome == USHER_OK)
		remote_of(w, f, &remote);
	else
		why_of(f, why, sizeof(why));
	if (outcome == USHER_UNSURE && w->idempotent)
		outcome = USHER_RETRY;
	w->sent += outcome == USHER_OK;
	w->usher->sent(w->host, str_of(s->id), outcome, buf_str(&remote), str_of(why));
	buf_free(&remote);
	free(s->id);
	free(s);
	fetch_free(f);
	w->sends--;
	webhook_settle(w);
}

/* In the thread. */
static void done(struct fetch *f)
{
	struct sending *s = f->arg;

	s->w->usher->post(s->w->host, done_on_loop, f);
}

void send_message(struct webhook *w, const struct usher_outbound *m)
{
	struct usher_str none = { 0 };

	if (!*w->url) {
		w->usher->sent(w->host, m->id, USHER_FAIL, none,
			str_of("this channel has no url: it only takes in"));
		return;
	}
	struct sending *s = zeroed(sizeof(*s));
	struct fetch *f = request_make(w, m);
	s->w = w;
	s->id = str_copy(m->id);
	f->arg = s;
	f->done = done;
	w->sends++;
	if (fetch_start(w->pool, f))
		return;
	snprintf(f->why, sizeof(f->why), "no thread to send it with");
	done(f);
}
