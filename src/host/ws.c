/*
 * WebSockets of plugins: the same socket, with the plugin's pointer beside it. Called through the services table; calls `ws`.
 */
#include <stdlib.h>

#include "base/assert.h"
#include "host/inside.h"
#include "model/limits.h"
#include "net/websocket.h"

struct usher_ws {
	struct list_node node;
	struct usher_host *h; /* NULL: its channel has ended */
	struct ws *ws;	      /* NULL: it has ended */
	void *data;
	unsigned flying; /* messages delivered while it was heard, not yet acknowledged */
};

static const struct pace PACE = { WS_PACE_BURST, WS_PACE_PER_S };

static void ws_free(struct usher_ws *w)
{
	if (!w->ws && !w->flying)
		free(w);
}

/* A socket has a few messages on their way to the disk at once, and is read again when they are there: nobody's words wait behind all that
 * one visitor has to say. */
void ws_takes_off(struct usher_ws *w)
{
	if (++w->flying == WS_FLYING_MAX && w->ws)
		ws_read_pause(w->ws);
}

void ws_landed(struct usher_ws *w)
{
	ASSERT(w->flying > 0);
	if (w->flying-- == WS_FLYING_MAX && w->ws)
		ws_read_resume(w->ws);
	ws_free(w);
}

static void ws_message(struct ws *ws, struct slice text, void *arg)
{
	struct usher_ws *w = arg;
	struct usher_host *h = w->h;

	(void)ws;
	if (!h)
		return;
	h->heard = w;
	PLUGIN_CALL(h, ws, h->self, w, USHER_WS_MESSAGE, to_str(text));
	h->heard = NULL;
}

static void ws_drained(struct ws *ws, void *arg)
{
	struct usher_ws *w = arg;
	struct usher_host *h = w->h;

	(void)ws;
	if (h)
		PLUGIN_CALL(h, ws, h->self, w, USHER_WS_DRAINED, (struct usher_str){ 0 });
}

static void ws_closed(struct ws *ws, int code, const char *why, void *arg)
{
	struct usher_ws *w = arg;
	struct usher_host *h = w->h;

	(void)ws;
	(void)code;
	w->ws = NULL;
	if (w->node.on)
		list_remove(&w->node);
	if (h)
		PLUGIN_CALL(h, ws, h->self, w, USHER_WS_CLOSED, to_str(slice_of(why)));
	ws_free(w);
}

static const struct ws_ops OPS = {
	.message = ws_message,
	.drained = ws_drained,
	.closed = ws_closed,
	.pace = &PACE,
};

struct usher_ws *service_ws_accept(struct usher_http *r, size_t message_max, void *data)
{
	struct usher_ws *w = mem_alloc(sizeof(*w));

	w->data = data;
	struct http_request *request = http_take(r, &w->h);
	list_push_back(&w->h->sockets, &w->node);
	w->ws = ws_accept(request, message_max, &OPS, w);
	return w;
}

void *service_ws_data(struct usher_ws *w)
{
	return w->data;
}

void service_ws_send(struct usher_ws *w, struct usher_str text)
{
	if (w->ws)
		ws_send(w->ws, to_slice(text));
}

size_t service_ws_output(struct usher_ws *w)
{
	return w->ws ? ws_output(w->ws) : 0;
}

void service_ws_close(struct usher_ws *w, int code, const char *why)
{
	if (!w->ws)
		return;
	if (!ws_code_is_valid(code)) {
		if (w->h)
			plugin_wrong(w->h, "closes a WebSocket with %d, which is no code", code);
		code = 1011;
	}
	ws_close(w->ws, code, why);
}

const char *service_ws_peer(struct usher_ws *w)
{
	return w->ws ? ws_peer(w->ws) : "";
}

void ws_drop_all(struct usher_host *h)
{
	while (h->sockets.first) {
		struct usher_ws *w = LIST_ENTRY(h->sockets.first, struct usher_ws, node);
		list_remove(&w->node);
		w->h = NULL;
		if (w->ws)
			ws_close(w->ws, 1001, "this channel has closed");
	}
}
