/*
 * Files that come with a post: base64 inside it, or an address to fetch them from. Each becomes a blob before its message is delivered. One that
 * the service does not give holds up nothing: the message says which is missing. Called by message.c and webhook.c.
 *
 *   place ─▶ data ──▶ blob ─┐
 *        └─▶ url ─▶ fetch ──┴─▶ all there ─▶ message_finish
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "webhook.h"

static void file_over(struct message *m)
{
	if (--m->pending == 0)
		message_finish(m);
}

static void file_missing(struct file *f, const char *why)
{
	struct message *m = f->message;

	if (m->missing.n)
		buf_text(&m->missing, ", ");
	buf_add(&m->missing, f->name.n ? f->name.p : "file", f->name.n ? f->name.n : 4);
	buf_text(&m->missing, ": ");
	buf_text(&m->missing, why);
	file_over(m);
}

static void file_store(struct file *f, const char *p, size_t n)
{
	const struct webhook *w = f->message->w;
	struct usher_blob *b = w->usher->blob_open(w->host);

	w->usher->blob_write(b, (struct usher_str){ p, n });
	w->usher->blob_finish(b, (uint64_t)(uintptr_t)f);
}

void files_stored(uint64_t token, enum usher_outcome outcome, struct usher_str name, uint64_t size)
{
	struct file *f = (struct file *)(uintptr_t)token;

	if (outcome == USHER_OK) {
		buf_add(&f->blob, name.p, name.n);
		f->size = size;
		file_over(f->message);
	} else if (outcome == USHER_FAIL) {
		file_missing(f, "larger than is taken");
	} else {
		f->message->away = true; /* the whole post comes again */
		file_over(f->message);
	}
}

/* ---- inside the post ---- */

static void file_decode(struct file *f, const struct buf *text)
{
	size_t n = text->n;
	unsigned char *bytes = zeroed(n / 4 * 3 + 4);
	int count =
		n % 4 == 0 ? EVP_DecodeBlock(bytes, (const unsigned char *)text->p, (int)n) : -1;

	for (size_t i = 0; count > 0 && i < 2 && text->p[n - 1 - i] == '='; i++)
		count--;
	if (count < 0)
		file_missing(f, "not base64");
	else
		file_store(f, (const char *)bytes, (size_t)count);
	free(bytes);
}

/* ---- elsewhere ---- */

static void fetched_on_loop(void *arg)
{
	struct fetch *r = arg;
	struct file *f = r->arg;
	char why[80];

	if (r->status == 200 && !r->cut) {
		file_store(f, r->answer.p ? r->answer.p : "", r->answer.n);
	} else {
		snprintf(why, sizeof(why),
			r->forbidden ? "its address is private"
			: r->cut     ? "larger than is taken"
			: r->status  ? "HTTP %ld"
				     : "could not be fetched",
			r->status);
		file_missing(f, why);
	}
	fetch_free(r);
}

/* In the thread. */
static void fetched(struct fetch *r)
{
	struct file *f = r->arg;

	f->message->w->usher->post(f->message->w->host, fetched_on_loop, r);
}

static void file_fetch(struct file *f, const struct buf *url)
{
	struct webhook *w = f->message->w;
	struct fetch *r = zeroed(sizeof(*r));

	r->method = str_copy(str_of("GET"));
	r->url = str_copy(buf_str(url));
	r->answer_max = w->file_max;
	r->timeout_s = w->timeout_s;
	/* Where the post itself says from where, it may name nothing private and gets no secrets of ours. */
	r->fixed = w->file_url_fixed;
	r->allow_private = w->allow_private && w->file_url_fixed;
	for (size_t i = 0; i < w->headers_count && w->file_url_fixed; i++)
		if (asprintf(&r->headers[r->headers_count++], "%s: %s", w->headers[i].name,
			    w->headers[i].value) < 0)
			abort();
	r->arg = f;
	r->done = fetched;
	if (!fetch_start(w->pool, r)) {
		fetch_free(r);
		file_missing(f, "no thread to fetch it with");
	}
}

/* ---- one message's ---- */

static void file_begin(struct message *m, const struct scope *s)
{
	const struct webhook *w = m->w;
	struct buf data = { 0 }, url = { 0 };

	template_fill(&data, w->file_data, s, false);
	template_fill(&url, w->file_url, s, w->file_url_fixed);
	if ((data.n || url.n) && m->files_count < FILES_MAX) {
		struct file *f = &m->files[m->files_count++];
		f->message = m;
		template_fill(&f->name, w->file_name, s, false);
		template_fill(&f->type, w->file_type, s, false);
		m->pending++;
		if (data.n)
			file_decode(f, &data);
		else
			file_fetch(f, &url);
	}
	buf_free(&data);
	buf_free(&url);
}

void files_begin(struct message *m, const struct scope *s)
{
	const struct webhook *w = m->w;
	const json_t *list = *w->file_list ? path_at(s, w->file_list, strlen(w->file_list)) : NULL;
	const json_t *one;
	size_t i;

	if (!*w->file_data && !*w->file_url)
		return;
	if (!*w->file_list) {
		file_begin(m, s);
		return;
	}
	json_array_foreach(list, i, one)
	{
		struct scope item = { s->root, one };
		file_begin(m, &item);
	}
}
