/*
 * HTTP/1.1 server on llhttp in strict mode, with the extra refusals (obs-fold, missing or double Host, empty header
 * names, NUL, conflicting lengths), and the WebSocket upgrade on the same connection.
 *
 * A route is a method-less path prefix; the longest matching prefix wins. The handler is called when the header is
 * complete; it then either answers at once, or takes the body, or upgrades. Exactly one answer per request;
 * forgetting it ends in 504 at the request's total deadline. The request lives until `ended`.
 *
 *   header ─▶ handler->request ─▶ [http_body_stream | http_body_collect] ─▶ http_answer ─▶ ended
 *                              └▶ ws_accept ─▶ ws ops
 */
#ifndef USHER_NET_HTTP_SERVER_H
#define USHER_NET_HTTP_SERVER_H

#include "base/str.h"
#include "net/conn.h"
#include "net/pace.h"

struct http_server;
struct http_request;
struct ws;

struct http_handler {
	/* The header is complete. */
	void (*request)(struct http_request *r, void *arg);
};

/* One server for any number of listeners. */
struct http_server *http_server_new(struct loop *loop);
int http_server_listen(struct http_server *s, const char *address, struct tls *tls,
	struct err *err); /* port or -errno */
void http_server_route(
	struct http_server *s, const char *prefix, const struct http_handler *h, void *arg);
/* Total times, not per read. Defaults from model/limits.h. */
struct http_times {
	uint64_t
		header_us; /* from a request's first byte (or the connect) to its whole header: 408 */
	uint64_t request_us; /* from there to the answer: 408 while its body is missing, else 504 */
	uint64_t idle_us;    /* between requests: closed silently */
	uint64_t ping_us;    /* a WebSocket silent so long is pinged, twice so long dropped */
};
void http_server_set_times(struct http_server *s, const struct http_times *times);
/* Addresses whose X-Forwarded-For is believed (a site's own reverse proxy); NULL-terminated. */
void http_server_trust(struct http_server *s, const char *const *addresses);
/* Tells browsers that come by TLS never to come without it. */
void http_server_strict_transport(struct http_server *s, bool on);
/* How many requests and connections one address may ask for; above that a request waits, then it is refused. Default from model/limits.h. */
void http_server_set_pace(struct http_server *s, const struct pace *pace);
/* Drain: stop listening, answer what is there with Connection: close. `http_server_count` then falls to 0. */
void http_server_drain(struct http_server *s);
size_t http_server_count(const struct http_server *s); /* open connections, WebSockets included */
/* Closes everything; owners are still told (`ended`, `closed`) in the next turn of the loop. */
void http_server_free(struct http_server **s);

/* Borrowed until `ended` / the answer. */
struct slice http_method(const struct http_request *r);
struct slice http_path(
	const struct http_request *r); /* decoded, normalised: no //, no dot segments, no NUL */
struct slice http_query(const struct http_request *r); /* raw, without '?' */
struct slice http_header(const struct http_request *r,
	const char *lower_case_name); /* p NULL when absent; joined by ", " when repeated */
/* Each header as it came, in order. */
void http_headers(const struct http_request *r,
	void (*each)(void *arg, struct slice name, struct slice value), void *arg);
struct slice http_cookie(const struct http_request *r, const char *name);
struct slice http_query_get(const struct http_request *r, const char *name,
	struct str *scratch); /* decoded; p NULL when absent */
const char *http_peer(
	const struct http_request *r);		/* the client's address, after trusted proxies */
bool http_is_tls(const struct http_request *r); /* itself or said by a trusted proxy */

/* The body as a whole, at most `max` bytes (else 413 is sent for you): fn is called once, unless the client goes away. */
void http_body_collect(struct http_request *r, size_t max,
	void (*fn)(struct http_request *r, struct slice body, void *arg), void *arg);
/* The body in pieces as they come; `last` marks the end; at most `max` bytes in all. */
void http_body_stream(struct http_request *r, size_t max,
	void (*fn)(struct http_request *r, struct slice piece, bool last, void *arg), void *arg);
/* Back-pressure while streaming. */
void http_body_pause(struct http_request *r);
void http_body_resume(struct http_request *r);
/* Called exactly once when the request is over (answered and sent, or the client gone): drop your pointer. */
void http_on_ended(
	struct http_request *r, void (*fn)(struct http_request *r, void *arg), void *arg);

/* Adds a header to the coming answer. CR, LF and NUL in values are refused by ASSERT: check input first. */
void http_set(struct http_request *r, const char *name, struct slice value);
/* Sends the answer with Content-Length. Security headers that always apply (nosniff, Referrer-Policy) are added. */
void http_answer(struct http_request *r, int status, const char *content_type, struct slice body);
/* RFC 9457 problem+json: {"type":"about:blank","title":...,"status":N,"detail":...}. */
void http_problem(struct http_request *r, int status, const char *detail);
/* A redirect with Location. */
void http_redirect(struct http_request *r, int status, const char *location);

/* WebSocket. Text messages are valid UTF-8, at most `message_max` bytes; ping/pong and close are handled inside. */
struct ws_ops {
	void (*message)(struct ws *w, struct slice text, void *arg);
	/* A binary message; NULL: such a peer is closed with 1003. */
	void (*binary)(struct ws *w, struct slice bytes, void *arg);
	void (*drained)(struct ws *w, void *arg); /* may be NULL */
	void (*closed)(struct ws *w, int code, const char *why,
		void *arg); /* exactly once; drop the pointer */
	/* Of a stranger: each frame, and each WS_PACE_BYTES of a message, takes one from its bucket; when that is empty nothing is read for a
	 * while. NULL: no limit. */
	const struct pace *pace;
};
/* True when the request is a well-formed upgrade (else answer it otherwise). */
bool http_is_upgrade(const struct http_request *r);
/* The answer to what is no well-formed upgrade where one is needed: 426, or 400 when it is malformed. */
void http_upgrade_required(struct http_request *r);
/* Answers 101 and turns the request into a WebSocket (the request is over). Origin is the caller's to check before. Dead
 * peers are found by ping every WS_PING_MS. */
struct ws *ws_accept(
	struct http_request *r, size_t message_max, const struct ws_ops *ops, void *arg);
/* Headers set by http_set before (Sec-WebSocket-Protocol, Set-Cookie) go with the 101. A peer that is
 * WS_OUTPUT_MAX bytes behind when more is sent is dropped with 1008. */
void ws_send(struct ws *w, struct slice text);
void ws_send_binary(struct ws *w, struct slice bytes);
size_t ws_output(const struct ws *w); /* bytes waiting for the peer */
void ws_close(struct ws *w, int code, const char *why);
const char *ws_peer(const struct ws *w);
void ws_read_pause(struct ws *w);
void ws_read_resume(struct ws *w);

#endif
