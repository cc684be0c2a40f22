/*
 * Requests, sockets and streams of the trial: what a stranger sends, and what the plugin does with it. A handle that is over stays in memory, so that
 * its use is a complaint and not a crash. Called by the cases and, as services, by the plugin.
 */
#include <string.h>

#include "base/utf8.h"
#include "ctl/trial.h"

enum { PIECE = 4096 };

/* ---- HTTP ---- */

static bool request_lives(struct usher_http *r, const char *what)
{
	if (!service_here(r->h, what))
		return false;
	if (r->over)
		trial_wrong(
			r->h, "%s for a request that is over (answered, or its client gone)", what);
	return !r->over;
}

static void request_feed(struct usher_http *r)
{
	struct usher_host *h = r->h;

	while (r->reading && !r->over && !r->paused && !r->fed) {
		size_t n = r->body.n < PIECE ? r->body.n : PIECE;
		struct usher_str piece = { r->body.p, n };
		if (n > r->max) { /* the host says 413 itself */
			r->over = true;
			r->status = 413;
			TRIAL_CALL(h, http_gone, h->self, r);
			return;
		}
		r->max -= n;
		r->body.p += n;
		r->body.n -= n;
		r->fed = r->body.n == 0;
		TRIAL_CALL(h, http_body, h->self, r, piece, r->fed);
	}
}

struct usher_http *trial_request(struct usher_host *h, const char *method, const char *path,
	const char *type, struct slice body)
{
	struct usher_http *r = mem_alloc(sizeof(*r));

	*r = (struct usher_http){
		.h = h, .method = method, .path = path, .type = type, .body = body
	};
	list_push_back(&h->requests, &r->node);
	TRIAL_CALL(h, http, h->self, r);
	if (!r->over && !h->api->http_gone)
		trial_wrong(h, "it keeps a request and has no http_gone: it would use it when its "
			       "client has left");
	request_feed(r);
	return r;
}

/* The client leaves. */
static void trial_gone(struct usher_http *r)
{
	struct usher_host *h = r->h;

	if (r->over)
		return;
	r->over = true;
	TRIAL_CALL(h, http_gone, h->self, r);
}

struct usher_str pipe_method(struct usher_http *r)
{
	return text_of(request_lives(r, "http_method") ? r->method : "");
}
struct usher_str pipe_path(struct usher_http *r)
{
	return text_of(request_lives(r, "http_path") ? r->path : "");
}
struct usher_str pipe_query(struct usher_http *r)
{
	(void)request_lives(r, "http_query");
	return text_of("");
}

struct usher_str pipe_header(struct usher_http *r, const char *name)
{
	const struct trial *t = r->h->t;
	size_t n = strlen(name);

	if (!request_lives(r, "http_header"))
		return (struct usher_str){ 0 };
	for (size_t i = 0; i < t->header_count; i++)
		if (strncasecmp(t->headers[i], name, n) == 0 && t->headers[i][n] == ':')
			return text_of(t->headers[i] + n + 1 + strspn(t->headers[i] + n + 1, " "));
	return strcmp(name, "content-type") == 0 ? text_of(r->type) : (struct usher_str){ 0 };
}

void pipe_each_header(struct usher_http *r,
	void (*each)(void *arg, struct usher_str name, struct usher_str value), void *arg)
{
	if (!request_lives(r, "http_each_header"))
		return;
	for (size_t i = 0; i < r->h->t->header_count; i++) {
		const char *line = r->h->t->headers[i];
		size_t n = strcspn(line, ":");
		each(arg, (struct usher_str){ line, n },
			text_of(line + n + strspn(line + n, ": ")));
	}
	if (r->type)
		each(arg, text_of("content-type"), text_of(r->type));
}

const char *pipe_http_peer(struct usher_http *r)
{
	return request_lives(r, "http_peer") ? "192.0.2.7" : "";
}

void pipe_read(struct usher_http *r, uint64_t max)
{
	if (!request_lives(r, "http_read"))
		return;
	if (!r->h->api->http_body)
		trial_wrong(r->h, "http_read, but the plugin has no http_body");
	r->reading = true;
	r->max = max;
}

void pipe_pause(struct usher_http *r, int pause)
{
	if (request_lives(r, "http_pause"))
		r->paused = pause != 0;
}

void pipe_set(struct usher_http *r, const char *name, struct usher_str value)
{
	if (request_lives(r, "http_set") &&
		(memchr(value.p ? value.p : "", '\n', value.n) || !name[0]))
		trial_wrong(r->h, "http_set: a line end in the header %s", name);
}

static void answered(struct usher_http *r, const char *what, int status)
{
	if (!request_lives(r, what))
		return;
	if (status < 200 || status > 599)
		trial_wrong(r->h, "%s with the status %d", what, status);
	r->over = true;
	r->status = status;
}

void pipe_answer(struct usher_http *r, int status, const char *type, struct usher_str body)
{
	(void)type;
	(void)body;
	answered(r, "http_answer", status);
}
void pipe_problem(struct usher_http *r, int status, const char *detail)
{
	(void)detail;
	answered(r, "http_problem", status);
}
void pipe_file(struct usher_http *r, struct usher_str name, const char *csp)
{
	(void)name;
	(void)csp;
	answered(r, "http_file", 200);
}
void pipe_http_data(struct usher_http *r, void *data)
{
	r->data = data;
}
void *pipe_http_get_data(struct usher_http *r)
{
	return r->data; /* also when it is over: http_gone asks for it */
}
int pipe_is_upgrade(struct usher_http *r)
{
	return request_lives(r, "http_is_upgrade") && r->upgrade;
}

/* ---- WebSocket ---- */

/* A stranger is told something. */
static void told(struct usher_host *h, struct usher_str bytes)
{
	size_t n = bytes.n < ANSWER_MAX - 1 ? bytes.n : ANSWER_MAX - 1;

	h->told += bytes.n;
	if (h->answer[0] || !n)
		return;
	memcpy(h->answer, bytes.p, n);
	h->answer[n] = 0;
}

static bool socket_lives(struct usher_ws *w, const char *what)
{
	if (!service_here(w->h, what))
		return false;
	if (w->over)
		trial_wrong(w->h, "%s for a socket that is closed", what);
	return !w->over;
}

struct usher_ws *trial_socket(struct usher_host *h, const char *path)
{
	struct usher_http *r = mem_alloc(sizeof(*r));
	size_t before = h->sockets.count;

	*r = (struct usher_http){ .h = h, .method = "GET", .path = path, .upgrade = true };
	list_push_back(&h->requests, &r->node);
	TRIAL_CALL(h, http, h->self, r);
	return h->sockets.count > before ? LIST_ENTRY(h->sockets.last, struct usher_ws, node)
					 : NULL;
}

struct usher_ws *pipe_ws_accept(struct usher_http *r, size_t max, void *data)
{
	struct usher_ws *w = mem_alloc(sizeof(*w));

	(void)max;
	if (request_lives(r, "ws_accept") && !r->upgrade)
		trial_wrong(r->h, "ws_accept of a request that wants no upgrade");
	r->over = true;
	r->status = 101;
	*w = (struct usher_ws){ .h = r->h, .data = data };
	list_push_back(&r->h->sockets, &w->node);
	return w;
}

void trial_say(struct usher_ws *w, struct slice text)
{
	struct usher_host *h = w->h;

	if (!w->over)
		TRIAL_CALL(
			h, ws, h->self, w, USHER_WS_MESSAGE, (struct usher_str){ text.p, text.n });
}

void trial_leave(struct usher_ws *w)
{
	struct usher_host *h = w->h;

	if (w->over)
		return;
	w->over = true;
	TRIAL_CALL(h, ws, h->self, w, USHER_WS_CLOSED, text_of("the peer closed"));
}

static void closed_later(struct usher_host *h, void *arg)
{
	(void)h;
	trial_leave(arg);
}

void *pipe_ws_data(struct usher_ws *w)
{
	return w->data;
}
void pipe_ws_send(struct usher_ws *w, struct usher_str text)
{
	if (!socket_lives(w, "ws_send"))
		return;
	if (!utf8_valid((struct slice){ text.p, text.n }))
		trial_wrong(w->h, "ws_send of what is no UTF-8");
	told(w->h, text);
}
size_t pipe_ws_output(struct usher_ws *w)
{
	(void)w;
	return 0;
}
void pipe_ws_close(struct usher_ws *w, int code, const char *why)
{
	(void)code;
	(void)why;
	if (socket_lives(w, "ws_close"))
		trial_later(w->h, closed_later, w);
}
const char *pipe_ws_peer(struct usher_ws *w)
{
	(void)w;
	return "192.0.2.7";
}

/* ---- streams ---- */

static bool stream_lives(struct usher_stream *s, const char *what)
{
	if (!service_here(s->h, what))
		return false;
	if (s->over)
		trial_wrong(s->h, "%s for a connection that is closed", what);
	return !s->over;
}

struct usher_stream *trial_connect(struct usher_host *h)
{
	struct usher_stream *s = mem_alloc(sizeof(*s));
	struct usher_str none = { 0 };

	s->h = h;
	list_push_back(&h->streams, &s->node);
	TRIAL_CALL(h, stream, h->self, s, USHER_STREAM_OPEN, none);
	return s;
}

static void stream_pump(struct usher_stream *s)
{
	struct usher_host *h = s->h;

	while (s->in.n && !s->paused && !s->over && !s->hungup && h->self && !h->down) {
		struct usher_str bytes = { s->in.p, s->in.n };
		trial_call_begin(h, "stream");
		size_t n = h->api->stream(h->self, s, USHER_STREAM_DATA, bytes);
		trial_call_end(h);
		if (n > bytes.n) {
			trial_wrong(h, "stream took %zu bytes of %zu", n, bytes.n);
			n = bytes.n;
		}
		if (!n)
			return;
		str_shift(&s->in, n);
	}
}

void trial_feed(struct usher_stream *s, struct slice bytes)
{
	if (s->over || s->hungup)
		return;
	str_add(&s->in, bytes);
	stream_pump(s);
}

void trial_hangup(struct usher_stream *s, const char *why)
{
	struct usher_host *h = s->h;

	if (s->over)
		return;
	s->over = true;
	TRIAL_CALL(h, stream, h->self, s, USHER_STREAM_CLOSED, text_of(why));
}

static void hungup_later(struct usher_host *h, void *arg)
{
	(void)h;
	trial_hangup(arg, "hung up");
}

void pipe_stream_data(struct usher_stream *s, void *data)
{
	s->data = data;
}
void *pipe_stream_get_data(struct usher_stream *s)
{
	return s->data;
}
void pipe_write(struct usher_stream *s, struct usher_str bytes)
{
	if (stream_lives(s, "write"))
		told(s->h, bytes);
}
static void tls_later(struct usher_host *h, void *arg)
{
	struct usher_stream *s = arg;
	struct usher_str none = { 0 };

	s->tls = true;
	if (!s->over)
		TRIAL_CALL(h, stream, h->self, s, USHER_STREAM_TLS, none);
}
void pipe_starttls(struct usher_stream *s)
{
	if (stream_lives(s, "starttls"))
		trial_later(s->h, tls_later, s);
}
int pipe_is_tls(struct usher_stream *s)
{
	return s->tls;
}
void pipe_read_pause(struct usher_stream *s, int pause)
{
	if (stream_lives(s, "read_pause"))
		s->paused = pause != 0;
}
void pipe_deadline(struct usher_stream *s, uint64_t after_us, const char *why)
{
	(void)after_us;
	(void)why;
	stream_lives(s, "deadline");
}
void pipe_hangup(struct usher_stream *s, int finish, const char *why)
{
	(void)finish;
	(void)why;
	if (!stream_lives(s, "hangup") || s->hungup)
		return;
	s->hungup = true;
	trial_later(s->h, hungup_later, s);
}
const char *pipe_stream_peer(struct usher_stream *s)
{
	(void)s;
	return "192.0.2.7";
}

/* ---- all ---- */

bool trial_pump(struct usher_host *h)
{
	bool some = false;

	LIST_FOR (r, &h->requests, struct usher_http, node)
		if (r->reading && !r->over && !r->paused && !r->fed) {
			some = true;
			request_feed(r);
		}
	LIST_FOR (s, &h->streams, struct usher_stream, node) {
		size_t before = s->in.n;
		stream_pump(s);
		some |= s->in.n != before;
	}
	return some;
}

void trial_end_all(struct usher_host *h)
{
	LIST_FOR (r, &h->requests, struct usher_http, node)
		trial_gone(r);
	LIST_FOR (s, &h->streams, struct usher_stream, node)
		trial_hangup(s, "the peer closed");
	LIST_FOR (w, &h->sockets, struct usher_ws, node)
		trial_leave(w);
}
