/*
 * The desk over WebSocket, and the page it is shown on. The ticket says who it is; a stranger hears hello and is sent away.
 */
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "desk/client.h"
#include "desk/frames.h"
#include "desk/origin.h"
#include "model/limits.h"

enum { CLOSE_AUTH = 4401 };

/* ---- transport ---- */

struct desk_ws {
	struct ws *ws;
	struct client *client; /* NULL: a stranger */
};

static void ws_transport_send(void *transport, struct slice json)
{
	ws_send(((struct desk_ws *)transport)->ws, json);
}

static size_t ws_transport_output(void *transport)
{
	return ws_output(((struct desk_ws *)transport)->ws);
}

static void ws_transport_close(void *transport, int code, const char *why)
{
	ws_close(((struct desk_ws *)transport)->ws, code, why);
}

static const struct client_ops transport_ops = {
	.send = ws_transport_send, .output = ws_transport_output, .close = ws_transport_close
};

static void on_message(struct ws *ws, struct slice text, void *arg)
{
	struct desk_ws *w = arg;
	(void)ws;
	if (w->client)
		client_line(w->client, text);
}

static void on_drained(struct ws *ws, void *arg)
{
	struct desk_ws *w = arg;
	(void)ws;
	if (w->client)
		client_drained(w->client);
}

static void on_closed(struct ws *ws, int code, const char *why, void *arg)
{
	struct desk_ws *w = arg;
	(void)ws;
	log_debug("desk", "websocket closed code=%d why=\"%s\"", code, why);
	if (w->client)
		client_closed(w->client);
	free(w);
}

static const struct ws_ops ws_handlers = {
	.message = on_message, .drained = on_drained, .closed = on_closed
};

/* ---- the upgrade ---- */

static void stranger(struct desk *d, struct ws *ws)
{
	struct str o = { 0 };
	frame_hello(&o, loop_wall_us(d->loop));
	ws_send(ws, str_slice(&o));
	str_free(&o);
	ws_close(ws, CLOSE_AUTH, "log in and get a ticket");
}

static void upgrade(struct desk *d, struct http_request *r)
{
	struct str scratch = { 0 };
	struct slice given = http_query_get(r, "ticket", &scratch);
	struct ticket *k =
		given.p ? ticket_take(&d->tickets, given, loop_monotonic_us(d->loop)) : NULL;
	struct desk_ws *w = mem_alloc(sizeof(*w));
	w->ws = ws_accept(r, DESK_FRAME_MAX, &ws_handlers, w);
	str_free(&scratch);
	if (!k) {
		stranger(d, w->ws);
		return;
	}
	struct who who = { .user = slice_of(k->user),
		.name = slice_of(k->name),
		.key = slice_of(k->key),
		.role = k->role };
	w->client = client_open(d, &who, &transport_ops, w);
	ticket_free(&k);
}

static void on_ws_request(struct http_request *r, void *arg)
{
	struct desk *d = arg;
	if (d->ended || d->closing)
		http_problem(r, 503, "this node is stopping; try again soon");
	else if (!slice_is(http_path(r), "/desk/ws"))
		http_problem(r, 404, "there is nothing here");
	else if (!http_is_upgrade(r))
		http_problem(r, 426, "this is a WebSocket: see the desk protocol");
	else if (!origin_allowed(http_header(r, "origin"), http_header(r, "host"), http_is_tls(r),
			 d->config->public_url))
		http_problem(r, 403, "a page of another origin may not open a desk");
	else
		upgrade(d, r);
}

const struct http_handler desk_ws_handler = { .request = on_ws_request };

/* ---- the page ---- */

static void on_page_request(struct http_request *r, void *arg)
{
	struct desk *d = arg;
	struct slice path = http_path(r), root = SLICE("/desk/");
	if (slice_is(path, "/desk"))
		http_redirect(r, 308, "/desk/");
	else if (!slice_starts(path, root))
		http_problem(r, 404, "there is nothing here");
	else if (!d->files)
		http_problem(r, 503, "the desk's page is not built: build the target web_desk");
	else
		static_files_answer(d->files, r, slice_make(path.p + root.n, path.n - root.n));
}

const struct http_handler desk_page_handler = { .request = on_page_request };
