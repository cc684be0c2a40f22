/*
 * One answer on its way out: its files read, made from the template and signed in a thread, posted, and what its status means. When it is tried again is the core's business.
 * Called by webhook.c. Every send gets exactly one `sent`.
 *
 *   2xx ok │ 408 425 429 5xx retry │ other fail │ no answer: retry when nothing was sent, else unsure
 */
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "webhook.h"

/* A file of the answer. */
struct carried {
	char *blob;
	json_t *about; /* name, type, size; its data is added in the thread */
	struct buf bytes;
};

struct sending {
	struct webhook *w;
	char *id;
	json_t *values; /* what templates may speak of */
	uint64_t now_s;
	struct carried files[FILES_MAX];
	size_t files_count, files_read;
};

static void sending_free(struct sending *s)
{
	for (size_t i = 0; i < s->files_count; i++) {
		free(s->files[i].blob);
		json_decref(s->files[i].about);
		buf_free(&s->files[i].bytes);
	}
	json_decref(s->values);
	free(s->id);
	free(s);
}

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

static void sign(const struct webhook *w, struct fetch *f, uint64_t now_s)
{
	char timestamp[24], hex[SIGN_KEYS][SIGN_HEX + 1];

	if (!w->sign_keys.count)
		return;
	snprintf(timestamp, sizeof(timestamp), "%llu", (unsigned long long)now_s);
	for (size_t i = 0; i < w->sign_keys.count; i++)
		sign_make(w->sign_keys.keys[i], str_of(timestamp), buf_str(&f->body), hex[i]);
	header(f, "X-Usher-Timestamp: %s", timestamp);
	if (w->sign_keys.count == 1)
		header(f, "X-Usher-Signature: sha256=%s", hex[0]);
	else
		header(f, "X-Usher-Signature: sha256=%s,sha256=%s", hex[0], hex[1]);
}

/* {"name","type","size","data"} of each. */
static void files_add(struct sending *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->files_count; i++) {
		struct carried *c = &s->files[i];
		unsigned char *text = zeroed(c->bytes.n / 3 * 4 + 5);
		int n = EVP_EncodeBlock(text, (const unsigned char *)(c->bytes.n ? c->bytes.p : ""),
			(int)c->bytes.n);
		json_object_set_new(c->about, "data", json_stringn((char *)text, (size_t)n));
		json_array_append(list, c->about);
		free(text);
	}
	json_object_set_new(s->values, "files", list);
}

/* In the thread: a file of some megabytes would hold up everybody. Reads of the channel only what never changes. */
static void request_make(struct fetch *f)
{
	struct sending *s = f->arg;
	const struct webhook *w = s->w;
	struct scope scope = { s->values, s->values };
	struct buf url = { 0 };

	files_add(s);
	template_fill(&url, w->url, &scope, true);
	f->url = url.p;
	body_make(w, f, &scope);
	header(f, "Content-Type: %s",
		w->as_form ? "application/x-www-form-urlencoded" : "application/json");
	header(f, "Idempotency-Key: %s", s->id);
	header(f, "User-Agent: usher");
	sign(w, f, s->now_s);
	for (size_t i = 0; i < w->headers_count; i++)
		header(f, "%s: %s", w->headers[i].name, w->headers[i].value);
}

/* ---- what came of it ---- */

static enum usher_outcome outcome_of(const struct fetch *f)
{
	if (f->status >= 200 && f->status <= 299)
		return USHER_OK;
	if (f->status == 408 || f->status == 425 || f->status == 429 || f->status >= 500)
		return USHER_RETRY;
	if (f->status || f->forbidden || f->climbs)
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
	sending_free(s);
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

/* ---- the beginning ---- */

static void sending_post(struct sending *s)
{
	struct webhook *w = s->w;
	struct fetch *f = zeroed(sizeof(*f));

	f->method = str_copy(str_of(w->method));
	f->allow_private = w->allow_private;
	f->timeout_s = w->timeout_s;
	f->fixed = true;
	f->prepare = request_make;
	f->arg = s;
	f->done = done;
	if (fetch_start(w->pool, f))
		return;
	snprintf(f->why, sizeof(f->why), "no thread to send it with");
	done(f);
}

static void sending_refuse(struct sending *s, enum usher_outcome outcome, const char *why)
{
	struct webhook *w = s->w;
	struct usher_str none = { 0 };

	w->usher->sent(w->host, str_of(s->id), outcome, none, str_of(why));
	sending_free(s);
	w->sends--;
	webhook_settle(w);
}

/* One blob after the other, so that not all of them are asked for when the first is missing. */
static void sending_next(struct sending *s)
{
	if (s->files_read == s->files_count)
		sending_post(s);
	else
		s->w->usher->blob_get(
			s->w->host, str_of(s->files[s->files_read].blob), (uint64_t)(uintptr_t)s);
}

void send_file(uint64_t token, enum usher_outcome outcome, struct usher_str bytes)
{
	struct sending *s = (struct sending *)(uintptr_t)token;

	if (outcome != USHER_OK) {
		sending_refuse(s, outcome, "a file of it could not be read");
		return;
	}
	buf_add(&s->files[s->files_read++].bytes, bytes.p, bytes.n);
	sending_next(s);
}

/* Why these files cannot be carried, or NULL. */
static const char *files_refused(const struct webhook *w, const struct usher_outbound *m)
{
	uint64_t size = 0;

	for (size_t i = 0; i < m->parts_count; i++)
		size += m->parts[i].size;
	if (m->parts_count && !w->carries_files)
		return "this channel carries no files: its body has no {files}";
	if (m->parts_count > FILES_MAX)
		return "more than 20 files";
	return size > w->file_max ? "its files are larger than file_kib" : NULL;
}

void send_message(struct webhook *w, const struct usher_outbound *m)
{
	const char *refused =
		*w->url ? files_refused(w, m) : "this channel has no url: it only takes in";
	struct sending *s = zeroed(sizeof(*s));

	s->w = w;
	s->id = str_copy(m->id);
	w->sends++;
	if (refused) {
		sending_refuse(s, USHER_FAIL, refused);
		return;
	}
	s->values = values_of(m);
	s->now_s = w->usher->now_us(w->host) / 1000000;
	for (; s->files_count < m->parts_count; s->files_count++) {
		const struct usher_part *p = &m->parts[s->files_count];
		s->files[s->files_count].blob = str_copy(p->blob);
		s->files[s->files_count].about = json_pack("{s:o, s:o, s:I}", "name",
			json_of(p->name), "type", json_of(p->type), "size", (json_int_t)p->size);
	}
	sending_next(s);
}
