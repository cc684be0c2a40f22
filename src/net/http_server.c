/*
 * Connections, routes and deadlines of the HTTP server. Requests are served strictly one at a time per connection;
 * what a client sends ahead waits unread. Never parses (http_parse.c), never composes an answer
 * (http_answer.c). Called by the app, the desk and the channels' host.
 *
 *   conn ─ data ─▶ http_data ─▶ header ─▶ dispatch ─▶ body ─▶ (answered) ─▶ request over ─▶ next
 */
#include "net/http_server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/assert.h"
#include "model/limits.h"
#include "net/address.h"
#include "net/http_private.h"

struct route {
	struct list_node node;
	char *prefix;
	size_t prefix_n;
	const struct http_handler *handler;
	void *arg;
};
struct door {
	struct list_node node;
	struct listener *listener;
};

static const struct pace HTTP_PACE = { HTTP_PACE_BURST, HTTP_PACE_PER_S };

/* What strangers take must not be missing where their messages go. */
static size_t descriptors_for_strangers(void)
{
	struct rlimit most;

	ASSERT(getrlimit(RLIMIT_NOFILE, &most) == 0);
	size_t n = most.rlim_cur < 2 * DESCRIPTORS_KEPT ? most.rlim_cur / 2
							: most.rlim_cur - DESCRIPTORS_KEPT;
	return n < HTTP_CONNECTIONS_MAX ? n : HTTP_CONNECTIONS_MAX;
}

struct http_server *http_server_new(struct loop *loop)
{
	struct http_server *s = mem_alloc(sizeof(*s));

	s->loop = loop;
	s->times = (struct http_times){ .header_us = HTTP_HEADER_MS * 1000ULL,
		.request_us = HTTP_REQUEST_MS * 1000ULL,
		.idle_us = HTTP_IDLE_MS * 1000ULL,
		.ping_us = WS_PING_MS * 1000ULL };
	s->paces = pace_table_new(&HTTP_PACE);
	s->connections_max = descriptors_for_strangers();
	return s;
}

void http_server_set_times(struct http_server *s, const struct http_times *times)
{
	s->times = *times;
}

void http_server_set_pace(struct http_server *s, const struct pace *pace)
{
	pace_table_free(&s->paces);
	s->paces = pace_table_new(pace);
}

void http_server_strict_transport(struct http_server *s, bool on)
{
	s->strict_transport = on;
}

void http_conn_deadline(struct http_conn *hc, uint64_t after_us)
{
	loop_due_set(hc->server->loop, &hc->due, after_us);
}

const char *http_server_date(struct http_server *s)
{
	uint64_t now_s = loop_wall_us(s->loop) / 1000000;
	struct tm tm;

	if (now_s != s->date_s) {
		s->date_s = now_s;
		gmtime_r(&(time_t){ (time_t)now_s }, &tm);
		/* The C locale: usher never sets another. */
		strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	}
	return s->date;
}

bool http_server_trusts(const struct http_server *s, const char *peer)
{
	for (char **t = s->trusted; t && *t; t++) {
		if (strcmp(*t, peer) == 0)
			return true;
	}
	return false;
}

static void http_conn_free(struct http_conn *hc)
{
	struct http_server *s = hc->server;

	loop_due_clear(s->loop, &hc->due);
	list_remove(&hc->node);
	free(hc);
	http_server_gone(s);
}

static void http_route(struct http_request *r)
{
	r->held = false;
	r->dispatched = true;
	http_conn_deadline(r->hc, r->hc->server->times.request_us);
	/* RFC 9110 9.3.7: OPTIONS * asks about the server as a whole. */
	if (slice_is(http_parse_span(&r->parse, r->parse.target), "*")) {
		http_set(r, "Allow", SLICE(HTTP_METHODS));
		http_answer(r, 204, NULL, SLICE(""));
		return;
	}
	LIST_FOR (route, &r->hc->server->routes, struct route, node) {
		if (slice_starts(str_slice(&r->path), slice_make(route->prefix, route->prefix_n))) {
			route->handler->request(r, route->arg);
			return;
		}
	}
	http_problem(r, 404, "there is nothing at this path");
}

/* Whoever was told to wait and goes on costs little: his next requests come late, and not to say it again. */
void http_server_told_to_wait(struct http_server *s, const char *peer)
{
	pace_table_take(s->paces, peer, loop_monotonic_us(s->loop), HTTP_PACE_REFUSED,
		HTTP_PACE_REQUEST_MS * 1000ULL);
}

/* A large body costs as many small ones; one that does not say how large it is counts as some. */
static uint32_t http_cost(const struct http_request *r)
{
	uint64_t bytes = r->parse.chunked ? 4 * HTTP_PACE_BYTES : r->parse.body_length;

	return 1 + (uint32_t)(bytes / HTTP_PACE_BYTES);
}

/* An address that asks for much waits for each of its requests; what it sends behind them stays unread. */
static void http_dispatch(struct http_request *r)
{
	const uint64_t most_us = HTTP_PACE_REQUEST_MS * 1000ULL;
	struct http_server *s = r->hc->server;
	const char *wrong = http_request_prepare(r);

	if (wrong) {
		r->close = true;
		http_problem(r, 400, wrong);
		return;
	}
	uint64_t wait_us = pace_table_take(
		s->paces, r->peer, loop_monotonic_us(s->loop), http_cost(r), most_us);
	if (wait_us == 0) {
		http_route(r);
	} else if (wait_us <= most_us) {
		r->held = true;
		http_conn_deadline(r->hc, wait_us);
	} else {
		r->close = true;
		http_set(r, "Retry-After", SLICE("10"));
		http_problem(r, 429, "too many requests from your address; wait a moment");
	}
}

static size_t http_header_bytes(struct http_request *r, struct slice bytes)
{
	size_t used = http_parse_feed(&r->parse, bytes);

	if (r->parse.stage == HTTP_AT_REFUSAL)
		http_refused(r);
	else if (r->parse.stage != HTTP_AT_HEAD)
		http_dispatch(r);
	return used;
}

static size_t http_data(struct conn *c, struct slice bytes, void *arg)
{
	struct http_conn *hc = arg;
	size_t used = 0;

	if (!hc->r) {
		hc->r = http_request_new(hc);
		http_conn_deadline(hc, hc->server->times.header_us);
	}
	struct http_request *r = hc->r;
	if (r->parse.stage == HTTP_AT_HEAD)
		used = http_header_bytes(r, bytes);
	/* After an upgrade the rest is the WebSocket's. */
	if (r->upgraded)
		return used;
	used += http_request_body(r, slice_make(bytes.p + used, bytes.n - used));
	if (used == 0)
		conn_read_pause(c);
	return used;
}

static void http_drained(struct conn *c, void *arg)
{
	struct http_conn *hc = arg;

	(void)c;
	if (hc->r && hc->r->answered)
		loop_soon_wake(hc->server->loop, &hc->r->soon);
}

/* The client has closed its sending side: a whole request is still answered. */
static bool http_eof(struct conn *c, void *arg)
{
	struct http_conn *hc = arg;
	struct http_request *r = hc->r;

	if (!r || r->parse.stage != HTTP_AT_END)
		return false;
	r->close = true;
	if (r->answered)
		conn_finish(c, "closed by the client");
	return true;
}

static void http_closed(struct conn *c, const char *why, void *arg)
{
	struct http_conn *hc = arg;

	(void)why;
	http_server_left(hc->server, conn_peer(c));
	hc->c = NULL;
	if (hc->r)
		http_request_end(hc->r);
	http_conn_free(hc);
}

static const struct conn_ops http_ops = {
	.data = http_data,
	.drained = http_drained,
	.closed = http_closed,
	.eof = http_eof,
};

static void http_fell_due(struct loop_due *due)
{
	struct http_conn *hc = LIST_ENTRY(due, struct http_conn, due);
	struct http_request *r = hc->r;

	if (!hc->c)
		return;
	if (!r) {
		conn_close(hc->c, "no request came");
	} else if (r->held) {
		http_route(r);
	} else if (r->answered) {
		conn_close(hc->c, "the client reads too slowly");
	} else if (r->parse.stage == HTTP_AT_HEAD) {
		r->close = true;
		http_problem(r, 408, "the request's header did not arrive in time");
	} else if (r->parse.stage == HTTP_AT_BODY && r->take != HTTP_TAKE_NOTHING && !r->paused) {
		r->close = true;
		http_problem(r, 408, "the request's body did not arrive in time");
	} else {
		r->close = true;
		http_problem(r, 504, "the answer was not ready in time");
	}
}

/* How many connections its address holds now, this one included. */
static size_t http_entered(struct http_server *s, const char *peer)
{
	char bytes[16];
	struct slice household = address_household(peer, bytes);

	if (!household.p)
		return 0;
	uintptr_t held = (uintptr_t)map_get(&s->crowd, household) + 1;
	map_put(&s->crowd, household, (void *)held);
	return held;
}

void http_server_left(struct http_server *s, const char *peer)
{
	char bytes[16];
	struct slice household = address_household(peer, bytes);

	if (!household.p)
		return;
	uintptr_t held = (uintptr_t)map_get(&s->crowd, household);
	ASSERT(held > 0);
	if (held > 1)
		map_put(&s->crowd, household, (void *)(held - 1));
	else
		map_remove(&s->crowd, household);
}

/* A TLS handshake costs many requests. The connections of a trusted proxy are everybody's. */
static bool http_may_connect(struct http_server *s, const struct conn *c, size_t held)
{
	const uint64_t most_us = HTTP_PACE_CONNECT_MS * 1000ULL;

	if (http_server_trusts(s, conn_peer(c)))
		return true;
	return held <= s->connections_max / HTTP_ADDRESS_SHARE &&
	       pace_table_take(s->paces, conn_peer(c), loop_monotonic_us(s->loop),
		       conn_is_tls(c) ? HTTP_PACE_TLS : 1, most_us) <= most_us;
}

static void http_accept(struct conn *c, void *arg)
{
	struct http_server *s = arg;
	struct http_conn *hc = mem_alloc(sizeof(*hc));

	*hc = (struct http_conn){ .server = s, .c = c, .due = { .fn = http_fell_due } };
	list_push_back(&s->conns, &hc->node);
	conn_set_ops(c, &http_ops, hc);
	size_t held = http_entered(s, conn_peer(c));
	if (http_server_count(s) > s->connections_max)
		conn_close(c, "too many connections");
	else if (!http_may_connect(s, c, held))
		conn_close(c, "too many connections from one address");
	else
		http_conn_deadline(hc, s->times.header_us);
}

int http_server_listen(struct http_server *s, const char *address, struct tls *tls, struct err *err)
{
	struct err own;
	struct listener *l = listener_new(s->loop, address, tls, http_accept, s, err ? err : &own);

	if (!l)
		return -EADDRNOTAVAIL;
	struct door *d = mem_alloc(sizeof(*d));
	d->listener = l;
	list_push_back(&s->listeners, &d->node);
	return listener_port(l);
}

void http_server_route(
	struct http_server *s, const char *prefix, const struct http_handler *h, void *arg)
{
	struct route *route = mem_alloc(sizeof(*route));
	struct route *before = NULL;

	*route = (struct route){ .prefix = slice_dup(slice_of(prefix)),
		.prefix_n = strlen(prefix),
		.handler = h,
		.arg = arg };
	LIST_FOR (other, &s->routes, struct route, node) {
		if (other->prefix_n < route->prefix_n) {
			before = other;
			break;
		}
	}
	list_insert_before(&s->routes, before ? &before->node : NULL, &route->node);
}

static void http_server_forget_trust(struct http_server *s)
{
	for (char **t = s->trusted; t && *t; t++)
		free(*t);
	free(s->trusted);
	s->trusted = NULL;
}

void http_server_trust(struct http_server *s, const char *const *addresses)
{
	size_t n = 0;

	http_server_forget_trust(s);
	while (addresses && addresses[n])
		n++;
	s->trusted = mem_array(n + 1, sizeof(*s->trusted));
	for (size_t i = 0; i < n; i++)
		s->trusted[i] = slice_dup(slice_of(addresses[i]));
}

static void http_server_stop_listening(struct http_server *s)
{
	LIST_FOR (d, &s->listeners, struct door, node) {
		list_remove(&d->node);
		listener_free(&d->listener);
		free(d);
	}
}

void http_server_drain(struct http_server *s)
{
	s->draining = true;
	http_server_stop_listening(s);
	LIST_FOR (hc, &s->conns, struct http_conn, node) {
		if (hc->c && !hc->r)
			conn_close(hc->c, "draining");
	}
}

size_t http_server_count(const struct http_server *s)
{
	return s->conns.count + s->sockets.count;
}

void http_server_gone(struct http_server *s)
{
	if (!s->dying || http_server_count(s) > 0)
		return;
	LIST_FOR (route, &s->routes, struct route, node) {
		list_remove(&route->node);
		free(route->prefix);
		free(route);
	}
	http_server_forget_trust(s);
	loop_timer_free(&s->sweep);
	pace_table_free(&s->paces);
	map_free(&s->crowd);
	str_free(&s->scratch);
	free(s);
}

void http_server_free(struct http_server **server)
{
	struct http_server *s = *server;

	*server = NULL;
	if (!s)
		return;
	http_server_stop_listening(s);
	LIST_FOR (hc, &s->conns, struct http_conn, node) {
		if (hc->c)
			conn_close(hc->c, "the server ends");
	}
	ws_server_ends(s);
	s->dying = true;
	http_server_gone(s);
}
