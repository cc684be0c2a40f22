/*
 * A WebSocket after its upgrade: frames on the connection, ping and close inside, one sweep for all
 * of a server's sockets. Idle it is this struct and its conn, no buffer. Never parses frames
 * (websocket.c). Called by the desk and the chat through http_server.h.
 *
 *   open ── ws_close, broken frame ──▶ closing: our close frame is sent, the peer's awaited ─▶ finish
 *     └──── the peer's close frame ──▶ answered ────────────────────────────────────────────────┘
 */
#include <stdlib.h>

#include "base/assert.h"
#include "base/utf8.h"
#include "model/limits.h"
#include "net/http_private.h"
#include "net/websocket.h"

enum { SCRATCH_KEEP = 65536, SWEEPS_PER_PING = 8 };

/* While it is not heard because it has said too much. */
struct ws_pause {
	struct loop_due due;
	struct ws *ws;
};
struct ws {
	struct list_node node;
	struct http_server *server;
	struct conn *c;
	const struct ws_ops *ops;
	void *arg;
	struct ws_parse in;
	uint64_t checked_us;	/* the last sweep that looked at it */
	char *peer;		/* behind a proxy; else NULL: the conn knows */
	char *why;		/* said when closed, once decided */
	struct ws_pause *paced; /* NULL: it has not said more than its share */
	uint32_t full_ms;	/* of its share, in the low bits of the loop's clock */
	uint16_t code;
	bool closing : 1; /* our close frame is sent */
	bool heard : 1;	  /* something came since the last look */
	bool pinged : 1;
	bool paused : 1;  /* by the owner */
	bool held : 1;	  /* by us: it asks faster than it reads the answers */
	bool partial : 1; /* what it was saying at the last look it is still saying */
};

static void ws_frame(struct ws *w, enum ws_opcode opcode, struct slice payload)
{
	char head[WS_HEAD_MAX];
	size_t n = ws_frame_head(head, opcode, payload.n);

	conn_write2(w->c, slice_make(head, n), payload);
}

/* Nobody stands in the way any more; while closing only the peer's close frame is awaited. */
static bool ws_may_read(const struct ws *w)
{
	return !w->paced && (w->closing || (!w->paused && !w->held));
}

static void ws_read_on(struct ws *w)
{
	if (ws_may_read(w))
		conn_read_resume(w->c);
}

static void ws_decide(struct ws *w, int code, struct slice why)
{
	if (w->why)
		return;
	w->code = (uint16_t)code;
	w->why = slice_dup(why);
}

static void ws_close_frame(struct ws *w, int code, struct slice why)
{
	char payload[WS_CONTROL_MAX];

	why = utf8_truncate(why, sizeof(payload) - 2);
	payload[0] = (char)(code >> 8);
	payload[1] = (char)code;
	if (why.n)
		memcpy(payload + 2, why.p, why.n);
	ws_frame(w, WS_OP_CLOSE, slice_make(payload, code == WS_NO_CODE ? 0 : 2 + why.n));
	w->closing = true;
}

void ws_close(struct ws *w, int code, const char *why)
{
	ASSERT(ws_code_is_valid(code));
	if (w->closing)
		return;
	ws_decide(w, code, slice_of(why));
	ws_close_frame(w, code, slice_of(why));
	/* A reader that hangs gets no more time for what it has not read. */
	conn_deadline(w->c, WS_CLOSE_MS * 1000ULL, "no answer to a close frame");
	ws_read_on(w);
}

/* One event of the parser; false when nothing more is to be read. */
static bool ws_handle(struct ws *w, const struct ws_event *e)
{
	switch (e->found) {
	case WS_MORE:
		return false;
	case WS_TEXT:
		w->partial = false;
		if (!w->closing)
			w->ops->message(w, e->payload, w->arg);
		return true;
	case WS_BINARY:
		w->partial = false;
		if (!w->closing && w->ops->binary)
			w->ops->binary(w, e->payload, w->arg);
		else
			ws_close(w, WS_UNSUPPORTED, "only text messages are taken");
		return true;
	case WS_PING:
		/* A flood of pings that is not read back must not fill memory. */
		if (!w->closing && conn_output(w->c) < WS_OUTPUT_MAX)
			ws_frame(w, WS_OP_PONG, e->payload);
		return true;
	case WS_PONG:
		return true;
	case WS_CLOSED:
		ws_decide(w, e->code, e->payload);
		if (!w->closing)
			ws_close_frame(w, e->code, (struct slice){ 0 });
		conn_finish(w->c, w->why);
		return false;
	case WS_BROKEN:
		ws_decide(w, e->code, slice_of(e->why));
		if (!w->closing)
			ws_close_frame(w, e->code, slice_of(e->why));
		conn_finish(w->c, w->why);
		return false;
	}
	return false;
}

/* Who sends without reading what comes back is not read from until its output has drained. */
static void ws_hold(struct ws *w)
{
	if (w->closing || conn_output(w->c) <= WS_OUTPUT_MAX)
		return;
	w->held = true;
	conn_read_pause(w->c);
}

static void ws_pace_over(struct ws *w)
{
	if (w->paced)
		loop_due_clear(w->server->loop, &w->paced->due);
	free(w->paced);
	w->paced = NULL;
}

static void ws_pace_due(struct loop_due *due)
{
	struct ws *w = LIST_ENTRY(due, struct ws_pause, due)->ws;

	ws_pace_over(w);
	ws_read_on(w);
}

/* By how much its bucket is not full; a time that is past is the same as now. */
static uint32_t ws_owes_ms(const struct ws *w, uint32_t now_ms)
{
	int32_t ms = (int32_t)(w->full_ms - now_ms);

	return ms > 0 ? (uint32_t)ms : 0;
}

static uint32_t ws_now_ms(const struct ws *w)
{
	return (uint32_t)(loop_monotonic_us(w->server->loop) / 1000);
}

/* Nor is, for a while, who has said more than its share: each frame counts, and large messages count for more. What it sends then waits on
 * its side of the wire. */
static void ws_pay(struct ws *w, const struct ws_event *e)
{
	/* The frames of a message count as they begin, so however the wire cuts it it costs the same. */
	bool whole = e->found == WS_TEXT || e->found == WS_BINARY;
	size_t cost = w->in.frames + (whole ? e->payload.n / WS_PACE_BYTES : e->found != WS_MORE);

	w->in.frames = 0;
	if (!w->ops->pace || !cost)
		return;
	uint32_t now_ms = ws_now_ms(w);
	uint64_t full_us = ws_owes_ms(w, now_ms) * 1000ULL;
	uint64_t wait_us = pace_take(w->ops->pace, &full_us, 0, (uint32_t)cost);
	w->full_ms = now_ms + (uint32_t)(full_us / 1000);
	if (!wait_us)
		return;
	if (!w->paced) {
		w->paced = mem_alloc(sizeof(*w->paced));
		*w->paced = (struct ws_pause){ .due.fn = ws_pace_due, .ws = w };
	}
	conn_read_pause(w->c);
	loop_due_set(w->server->loop, &w->paced->due, wait_us);
}

static size_t ws_data(struct conn *c, struct slice bytes, void *arg)
{
	struct ws *w = arg;
	struct str *scratch = &w->server->scratch;
	struct ws_event e;
	size_t used = 0;
	unsigned taken = 0;
	bool more = true;

	w->heard = true;
	if (!w->in.message.p) {
		w->in.message = *scratch;
		*scratch = (struct str){ 0 };
	}
	while (more && ws_may_read(w)) {
		used += ws_parse_feed(&w->in, slice_make(bytes.p + used, bytes.n - used), &e);
		ws_pay(w, &e);
		more = ws_handle(w, &e);
		ws_hold(w);
		if (more && ++taken == WS_TURN_MESSAGES) {
			conn_yield(c);
			break;
		}
	}
	/* Between messages the memory goes back: ten thousand idle visitors share one buffer. */
	if (ws_parse_is_idle(&w->in)) {
		str_clear(&w->in.message);
		if (!scratch->p && w->in.message.cap <= SCRATCH_KEEP) {
			*scratch = w->in.message;
			w->in.message = (struct str){ 0 };
		}
		str_free(&w->in.message);
	}
	return used;
}

static void ws_drained(struct conn *c, void *arg)
{
	struct ws *w = arg;

	(void)c;
	w->held = false;
	ws_read_on(w);
	if (w->ops->drained && !w->closing)
		w->ops->drained(w, w->arg);
}

static void ws_closed(struct conn *c, const char *why, void *arg)
{
	struct ws *w = arg;
	struct http_server *s = w->server;

	http_server_left(s, conn_peer(c));
	ws_decide(w, WS_ABNORMAL, slice_of(why));
	w->ops->closed(w, w->code, w->why, w->arg);
	list_remove(&w->node);
	ws_pace_over(w);
	str_free(&w->in.message);
	free(w->peer);
	free(w->why);
	free(w);
	http_server_gone(s);
}

static const struct conn_ops ws_conn_ops = {
	.data = ws_data,
	.drained = ws_drained,
	.closed = ws_closed,
};

/* Looks at the sockets whose turn it is: the list is in order of the last look. */
static void ws_sweep(void *arg)
{
	struct http_server *s = arg;
	uint64_t now = loop_monotonic_us(s->loop);

	for (size_t n = s->sockets.count; n > 0; n--) {
		struct ws *w = LIST_ENTRY(s->sockets.first, struct ws, node);
		if (now - w->checked_us < s->times.ping_us)
			break;
		list_remove(&w->node);
		list_push_back(&s->sockets, &w->node);
		w->checked_us = now;
		w->full_ms =
			ws_now_ms(w) +
			ws_owes_ms(w, ws_now_ms(w)); /* before the clock's low bits come round */
		if (w->paused || w->paced || w->closing) {
			w->partial = false; /* it waits for us */
			continue;
		}
		if (w->partial && !w->held) {
			conn_close(w->c, "a message did not arrive in time");
			continue;
		}
		w->partial = !ws_parse_is_idle(&w->in);
		if (!w->heard && w->pinged) {
			conn_close(w->c, "no answer to a ping");
			continue;
		}
		w->pinged = !w->heard;
		w->heard = false;
		if (w->pinged)
			ws_frame(w, WS_OP_PING, (struct slice){ 0 });
	}
	loop_timer_set(s->sweep, s->times.ping_us / SWEEPS_PER_PING);
}

struct ws *ws_accept(
	struct http_request *r, size_t message_max, const struct ws_ops *ops, void *arg)
{
	struct http_conn *hc = r->hc;
	struct http_server *s = hc->server;
	struct ws *w = mem_alloc(sizeof(*w));

	ASSERT(http_is_upgrade(r) && !r->answered && !r->upgraded && hc->c);
	http_switch_protocols(r);
	*w = (struct ws){
		.server = s, .c = hc->c, .ops = ops, .arg = arg, .in.message_max = message_max
	};
	w->full_ms = ws_now_ms(w);
	if (ops->pace)
		conn_set_input_max(w->c, WS_PACE_INPUT);
	w->checked_us = loop_monotonic_us(s->loop);
	if (strcmp(r->peer, conn_peer(hc->c)) != 0)
		w->peer = slice_dup(slice_of(r->peer));
	list_push_back(&s->sockets, &w->node);
	if (!s->sweep) {
		s->sweep = loop_timer_new(s->loop, ws_sweep, s);
		ws_sweep(s);
	}
	/* The request ends at the end of the turn and takes the http_conn with it. */
	list_remove(&hc->node);
	loop_due_clear(s->loop, &hc->due);
	hc->c = NULL;
	r->answered = r->upgraded = true;
	loop_soon_wake(s->loop, &r->soon);
	conn_set_ops(w->c, &ws_conn_ops, w);
	conn_read_resume(w->c);
	return w;
}

static void ws_send_as(struct ws *w, enum ws_opcode opcode, struct slice payload)
{
	if (w->closing)
		return;
	if (conn_output(w->c) > WS_OUTPUT_MAX) {
		ws_decide(w, WS_POLICY, SLICE("the peer reads too slowly"));
		w->closing = true;
		conn_close(w->c, w->why);
		return;
	}
	ws_frame(w, opcode, payload);
}

void ws_send(struct ws *w, struct slice text)
{
	ws_send_as(w, WS_OP_TEXT, text);
}

void ws_send_binary(struct ws *w, struct slice bytes)
{
	ws_send_as(w, WS_OP_BINARY, bytes);
}

size_t ws_output(const struct ws *w)
{
	return conn_output(w->c);
}

const char *ws_peer(const struct ws *w)
{
	return w->peer ? w->peer : conn_peer(w->c);
}

void ws_read_pause(struct ws *w)
{
	w->paused = true;
	conn_read_pause(w->c);
}

void ws_read_resume(struct ws *w)
{
	w->paused = false;
	w->pinged = false; /* its silence was ours */
	ws_read_on(w);
}

void ws_server_ends(struct http_server *s)
{
	LIST_FOR (w, &s->sockets, struct ws, node) {
		ws_decide(w, WS_GOING_AWAY, SLICE("the server ends"));
		conn_close(w->c, w->why);
	}
}
