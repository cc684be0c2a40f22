/*
 * One request's life: its fields, its body as far as the handler wants it, its end. The handler is never called from
 * inside its own call; what it asks for late comes by the deferred call. Never decides what is valid.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>

#include "base/assert.h"
#include "model/limits.h"
#include "net/address.h"
#include "net/http_private.h"
#include "net/http_target.h"

/* A piece fed at once: a handler that pauses gets no more than this and what llhttp is at. */
enum { BODY_STEP = 16384 };

static void request_soon(struct loop_soon *soon);

static void body_piece(struct slice piece, void *arg)
{
	struct http_request *r = arg;

	if (r->take == HTTP_TAKE_AWAY || r->answered)
		return;
	r->body_got += piece.n;
	if (r->body_got > r->body_max) {
		r->close = true;
		http_problem(r, 413, "the body is larger than is taken here");
	} else if (r->take == HTTP_TAKE_WHOLE) {
		str_add(&r->body, piece);
	} else if (r->take == HTTP_TAKE_PIECES) {
		r->piece(r, piece, false, r->body_arg);
	}
}

struct http_request *http_request_new(struct http_conn *hc)
{
	struct http_request *r = mem_alloc(sizeof(*r));

	r->hc = hc;
	r->soon.fn = request_soon;
	r->arena = mem_alloc(sizeof(*r->arena));
	http_parse_init(&r->parse, body_piece, r);
	return r;
}

void http_request_end(struct http_request *r)
{
	loop_soon_clear(&r->soon);
	r->hc->r = NULL;
	if (r->ended)
		r->ended(r, r->ended_arg);
	http_parse_free(&r->parse);
	str_free(&r->path);
	str_free(&r->body);
	str_free(&r->fields);
	arena_free(r->arena);
	free(r->arena);
	free(r);
}

static bool request_wants_body(const struct http_request *r)
{
	if (r->answered)
		return r->take == HTTP_TAKE_AWAY;
	return r->take != HTTP_TAKE_NOTHING && !r->paused;
}

static void request_tell_end(struct http_request *r)
{
	if (r->told || r->answered || r->paused || r->parse.stage != HTTP_AT_END)
		return;
	if (r->take == HTTP_TAKE_WHOLE) {
		r->told = true;
		r->whole(r, r->body.n ? str_slice(&r->body) : SLICE(""), r->body_arg);
	} else if (r->take == HTTP_TAKE_PIECES) {
		r->told = true;
		r->piece(r, SLICE(""), true, r->body_arg);
	}
}

size_t http_request_body(struct http_request *r, struct slice bytes)
{
	size_t used = 0;

	while (used < bytes.n && r->parse.stage == HTTP_AT_BODY && request_wants_body(r)) {
		size_t n = bytes.n - used < BODY_STEP ? bytes.n - used : BODY_STEP;
		used += http_parse_feed(&r->parse, slice_make(bytes.p + used, n));
	}
	if (r->parse.stage == HTTP_AT_REFUSAL) {
		http_refused(r);
		return used;
	}
	request_tell_end(r);
	if (r->answered)
		loop_soon_wake(r->hc->server->loop, &r->soon);
	return used;
}

/* What could not be done inside the handler's call: the body's end, the request's end. */
static void request_soon(struct loop_soon *soon)
{
	struct http_request *r = LIST_ENTRY(soon, struct http_request, soon);
	struct http_conn *hc = r->hc;

	if (r->upgraded) {
		struct http_server *s = hc->server;
		http_request_end(r);
		free(hc);
		http_server_gone(s);
		return;
	}
	request_tell_end(r);
	if (!r->answered || r->close || r->parse.stage != HTTP_AT_END)
		return;
	if (conn_output(hc->c) > CONN_OUTPUT_LOW)
		return; /* `drained` comes */
	http_request_end(r);
	http_conn_deadline(hc, hc->server->times.idle_us);
	if (hc->server->draining)
		conn_finish(hc->c, "draining");
	else
		conn_read_resume(hc->c);
}

/* In one spelling: a proxy that listens on both families writes ::ffff:192.0.2.1, and all of those would be one household. NULL: no address. */
static const char *address_read(struct http_request *r, struct slice text)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	char out[ADDRESS_TEXT_MAX];
	const char *given = arena_copy(r->arena, text).p;

	if (inet_pton(AF_INET, given, &six.sin6_addr) == 1)
		return given;
	if (inet_pton(AF_INET6, given, &six.sin6_addr) != 1)
		return NULL;
	address_text((const struct sockaddr *)&six, out);
	return arena_copy(r->arena, slice_of(out)).p;
}

/* The client as the nearest trusted proxy saw it: the last address of the chain that is not itself
 * a trusted proxy. */
static const char *request_peer(struct http_request *r)
{
	const char *peer = conn_peer(r->hc->c);
	struct slice chain = http_header(r, "x-forwarded-for");

	while (http_server_trusts(r->hc->server, peer) && chain.n) {
		size_t comma = chain.n;
		while (comma > 0 && chain.p[comma - 1] != ',')
			comma--;
		struct slice last = slice_trim(slice_make(chain.p + comma, chain.n - comma));
		chain.n = comma ? comma - 1 : 0;
		const char *text = address_read(r, last);
		if (!text)
			break;
		peer = text;
	}
	return peer;
}

const char *http_request_prepare(struct http_request *r)
{
	struct slice target = http_parse_span(&r->parse, r->parse.target);
	const char *wrong = http_target_split(target, &r->path, &r->query);

	r->peer = request_peer(r);
	return wrong;
}

static void request_take(struct http_request *r, enum http_take how, size_t max, void *arg)
{
	ASSERT(r->take == HTTP_TAKE_NOTHING);
	if (r->answered)
		return;
	r->take = how;
	r->body_max = max;
	r->body_arg = arg;
	struct slice coding = http_header(r, "content-encoding");
	if (coding.n && !slice_equal_nocase(coding, SLICE("identity"))) {
		r->close = true;
		http_set(r, "Accept-Encoding", SLICE("identity"));
		http_problem(r, 415, "a body is taken as it is, without Content-Encoding");
		return;
	}
	if (r->parse.body_length > max) {
		r->close = true;
		http_problem(r, 413, "the body is larger than is taken here");
		return;
	}
	if (r->parse.expects_continue && r->parse.stage == HTTP_AT_BODY && !r->continued) {
		r->continued = true;
		conn_write(r->hc->c, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
	}
	conn_read_resume(r->hc->c);
	loop_soon_wake(r->hc->server->loop, &r->soon);
}

void http_body_collect(struct http_request *r, size_t max,
	void (*fn)(struct http_request *r, struct slice body, void *arg), void *arg)
{
	r->whole = fn;
	request_take(r, HTTP_TAKE_WHOLE, max, arg);
}

void http_body_stream(struct http_request *r, size_t max,
	void (*fn)(struct http_request *r, struct slice piece, bool last, void *arg), void *arg)
{
	r->piece = fn;
	request_take(r, HTTP_TAKE_PIECES, max, arg);
}

void http_body_pause(struct http_request *r)
{
	r->paused = true;
}

void http_body_resume(struct http_request *r)
{
	r->paused = false;
	if (r->answered)
		return;
	conn_read_resume(r->hc->c);
	loop_soon_wake(r->hc->server->loop, &r->soon);
}

void http_on_ended(struct http_request *r, void (*fn)(struct http_request *r, void *arg), void *arg)
{
	r->ended = fn;
	r->ended_arg = arg;
}

struct slice http_method(const struct http_request *r)
{
	return http_parse_span(&r->parse, r->parse.method);
}

struct slice http_path(const struct http_request *r)
{
	return str_slice(&r->path);
}

struct slice http_query(const struct http_request *r)
{
	return r->query;
}

struct slice http_header(const struct http_request *r, const char *lower_case_name)
{
	struct slice name = slice_of(lower_case_name);
	const struct http_field *f = http_parse_field(&r->parse, name, 0);
	struct str joined = { 0 };

	if (!f)
		return (struct slice){ 0 };
	struct slice value = http_parse_span(&r->parse, f->value);
	if (!http_parse_field(&r->parse, name, 1))
		return value.n ? value : SLICE("");
	const char *between = strcasecmp(lower_case_name, "cookie") == 0 ? "; " : ", ";
	for (size_t n = 0; (f = http_parse_field(&r->parse, name, n)); n++) {
		if (n > 0)
			str_add_text(&joined, between);
		str_add(&joined, http_parse_span(&r->parse, f->value));
	}
	value = arena_copy(r->arena, str_slice(&joined));
	str_free(&joined);
	return value;
}

void http_headers(const struct http_request *r,
	void (*each)(void *arg, struct slice name, struct slice value), void *arg)
{
	for (size_t i = 0; i < r->parse.field_count; i++)
		each(arg, http_parse_span(&r->parse, r->parse.fields[i].name),
			http_parse_span(&r->parse, r->parse.fields[i].value));
}

struct slice http_cookie(const struct http_request *r, const char *name)
{
	return http_target_cookie(http_header(r, "cookie"), slice_of(name));
}

struct slice http_query_get(const struct http_request *r, const char *name, struct str *scratch)
{
	return http_target_parameter(r->query, slice_of(name), scratch);
}

const char *http_peer(const struct http_request *r)
{
	return r->peer;
}

bool http_is_tls(const struct http_request *r)
{
	const struct conn *c = r->hc->c;

	if (!c)
		return false;
	return conn_is_tls(c) ||
	       (http_server_trusts(r->hc->server, conn_peer(c)) &&
		       slice_equal_nocase(http_header(r, "x-forwarded-proto"), SLICE("https")));
}
