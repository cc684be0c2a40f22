/*
 * HTTP requests with a body: polls, files in, files out. The body comes in pieces; what is small is collected, a file goes on to the disk as it comes.
 * Pages of other sites may call when they are allowed to (chat.c looks at Origin); bodies are text/plain, so that no browser asks first.
 */
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "kit/escapes.h"

enum { POLL_MAX = 2 * FRAME_MAX, FETCH_MAX = 4096, HEAD_MAX = 4096 };

struct post {
	struct usher_http *r; /* NULL: the client has gone */
	enum post_kind kind;
	struct buf body;
	uint64_t paid;	   /* bytes of a poll */
	struct poll *poll; /* holds this request */
	struct upload *upload;
	struct fetch *fetch;
	uint64_t token; /* in c->posts while the store is asked */
	unsigned refused : 1;
};

/* After the answer: the request itself is not touched any more. */
static void post_free(struct chat *c, struct post *p)
{
	if (p->token)
		table_remove(&c->posts, &p->token);
	buf_free(&p->body);
	upload_free(&p->upload);
	fetch_free(&p->fetch);
	free(p);
	c->posts_open--;
	chat_settle(c);
}

static void refuse(struct chat *c, struct post *p, int status, const char *why)
{
	c->svc->http_problem(p->r, status, why);
	post_free(c, p);
}

static int poll_pays(struct chat *c, struct usher_http *r, uint64_t bytes)
{
	if (peer_may_post(c, c->svc->http_peer(r), bytes))
		return 1;
	c->svc->http_set(r, "Retry-After", (struct usher_str){ "2", 1 });
	c->svc->http_problem(r, 429, "too many requests from your address; wait a moment");
	return 0;
}

/* What usher has checked: digits, or nothing when the body comes in chunks. */
static uint64_t announced(struct chat *c, struct usher_http *r)
{
	struct usher_str length = c->svc->http_header(r, "content-length");
	uint64_t bytes = 0;

	for (size_t i = 0; i < length.n && bytes <= POLL_MAX; i++)
		bytes = bytes * 10 + (uint64_t)(length.p[i] - '0');
	return bytes < POLL_MAX ? bytes : POLL_MAX;
}

void post_begin(struct chat *c, struct usher_http *r, enum post_kind kind)
{
	struct usher_str method = c->svc->http_method(r);
	uint64_t max = kind == POST_POLL    ? POLL_MAX
		       : kind == POST_FETCH ? FETCH_MAX
					    : c->file_max + HEAD_MAX;

	if (method.n != 4 || memcmp(method.p, "POST", 4) != 0) {
		c->svc->http_set(r, "Allow", (struct usher_str){ "POST", 4 });
		c->svc->http_problem(r, 405, "this takes POST");
		return;
	}
	if (c->closing) {
		c->svc->http_problem(r, 503, "the server is going away; come back");
		return;
	}
	/* An announced body is paid for before a byte of it is read. */
	uint64_t paid = announced(c, r);
	if (kind == POST_POLL && !poll_pays(c, r, paid))
		return;
	struct post *p = zeroed(sizeof(*p));
	p->r = r;
	p->kind = kind;
	p->paid = paid;
	c->posts_open++;
	c->svc->http_data(r, p);
	c->svc->http_read(r, max);
}

void post_hold(struct usher_http *r, struct chat *c, struct poll *poll)
{
	struct post *p = c->svc->http_get_data(r);

	p->poll = poll;
	buf_free(&p->body);
}

void post_answer(struct chat *c, struct usher_http *r, struct usher_str json)
{
	struct post *p = c->svc->http_get_data(r);

	c->svc->http_set(r, "Cache-Control", (struct usher_str){ "no-store", 8 });
	c->svc->http_answer(r, 200, "application/json", json);
	if (p)
		post_free(c, p);
}

static void ask_store(struct chat *c, struct post *p)
{
	p->token = ++c->next_token;
	table_put(&c->posts, &p->token, p);
}

static void upload_body(struct chat *c, struct post *p, struct usher_str piece, int last)
{
	const char *why = NULL;
	int status = 0;

	if (!p->upload)
		p->upload = upload_new(c, c->svc->http_peer(p->r));
	status = upload_piece(p->upload, piece, &why);
	if (!status && last) {
		ask_store(c, p);
		status = upload_finish(p->upload, p->token, &why);
	}
	if (status)
		refuse(c, p, status, why);
}

static void fetch_body(struct chat *c, struct post *p)
{
	const char *why = NULL;
	int status = 0;

	p->fetch = fetch_new(c, c->svc->http_peer(p->r), (struct usher_str){ p->body.p, p->body.n },
		&status, &why);
	if (!p->fetch) {
		refuse(c, p, status, why);
		return;
	}
	ask_store(c, p);
	fetch_begin(p->fetch, p->token);
}

void post_body(struct chat *c, struct usher_http *r, struct usher_str piece, int last)
{
	struct post *p = c->svc->http_get_data(r);

	if (!p)
		return;
	if (p->kind == POST_UPLOAD) {
		upload_body(c, p, piece, last);
		return;
	}
	buf_add(&p->body, piece.p, piece.n);
	if (!last)
		return;
	if (c->closing) {
		refuse(c, p, 503, "the server is going away; come back");
	} else if (p->kind == POST_POLL && p->body.n > p->paid &&
		   !poll_pays(c, r, p->body.n - p->paid)) {
		post_free(c, p);
	} else if (p->kind == POST_POLL) {
		struct buf body = p->body;
		p->body = (struct buf){ 0 };
		escapes_mend(body.p, body.n, false);
		poll_request(c, r, (struct usher_str){ body.p, body.n });
		buf_free(&body);
	} else {
		fetch_body(c, p);
	}
}

void post_gone(struct chat *c, struct usher_http *r)
{
	struct post *p = c->svc->http_get_data(r);

	if (!p)
		return;
	if (p->poll)
		poll_gone(c, r, p->poll);
	if (p->token) {
		p->r = NULL; /* the store's answer frees it */
		return;
	}
	post_free(c, p);
}

/* ---- the store's answers ---- */

void post_stored(struct chat *c, uint64_t token, enum usher_outcome outcome, struct usher_str name,
	uint64_t size)
{
	struct post *p = table_get(&c->posts, &token);
	struct buf b = { 0 };

	if (!p)
		return;
	if (p->r && outcome != USHER_OK) {
		c->svc->http_problem(p->r, outcome == USHER_FAIL ? 413 : 503,
			"the file could not be stored; try again");
	} else if (p->r) {
		upload_answer(p->upload, name, size, &b);
		c->svc->http_answer(p->r, 201, "application/json", (struct usher_str){ b.p, b.n });
		buf_free(&b);
	}
	post_free(c, p);
}

void post_got(struct chat *c, uint64_t token, enum usher_outcome outcome, struct usher_str bytes)
{
	struct post *p = table_get(&c->posts, &token);

	if (!p)
		return;
	if (p->r && outcome == USHER_OK)
		fetch_answer(p->fetch, p->r, bytes);
	else if (p->r)
		c->svc->http_problem(p->r, outcome == USHER_FAIL ? 404 : 503,
			"the file could not be read; try again");
	post_free(c, p);
}
