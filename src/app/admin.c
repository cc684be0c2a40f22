/*
 * The admin listener: /metrics, /livez (the loop turns), /readyz (Redis is there and this node routes). No log-in: it belongs on an address that
 * only operators reach. Called by node.c.
 */
#include <stdlib.h>

#include "app/metrics.h"
#include "base/log.h"

struct scrape_ask {
	struct node *node;
	struct http_request *request; /* NULL: the asker left */
};

static bool is_reading(struct http_request *r)
{
	struct slice method = http_method(r);

	if (slice_is(method, "GET") || slice_is(method, "HEAD"))
		return true;
	http_set(r, "Allow", SLICE("GET, HEAD"));
	http_problem(r, 405, "only GET and HEAD");
	return false;
}

static void on_ended(struct http_request *r, void *arg)
{
	struct scrape_ask *ask = arg;

	(void)r;
	if (ask->request)
		ask->request = NULL;
	else
		free(ask); /* answered before */
}

static void on_engine(void *arg, const struct engine *e, uint64_t push_n)
{
	struct scrape_ask *ask = arg;
	struct http_request *r = ask->request;
	struct str text = { 0 };

	(void)push_n;
	if (!r) {
		free(ask);
		return;
	}
	metrics_write(ask->node, e, &text);
	ask->request = NULL; /* on_ended frees */
	http_answer(r, 200, "text/plain; version=0.0.4; charset=utf-8", str_slice(&text));
	str_free(&text);
}

static void get_metrics(struct http_request *r, void *arg)
{
	if (!is_reading(r))
		return;
	if (!slice_is(http_path(r), "/metrics")) {
		http_problem(r, 404, "there are /metrics, /livez and /readyz");
		return;
	}
	struct scrape_ask *ask = mem_alloc(sizeof(*ask));
	*ask = (struct scrape_ask){ arg, r };
	http_on_ended(r, on_ended, ask);
	router_read(ask->node->router, on_engine, ask);
}

static void get_live(struct http_request *r, void *arg)
{
	(void)arg;
	if (is_reading(r))
		http_answer(r, 200, "text/plain; charset=utf-8", SLICE("alive\n"));
}

static void get_ready(struct http_request *r, void *arg)
{
	struct node *n = arg;

	if (!is_reading(r))
		return;
	if (node_routes(n))
		http_answer(r, 200, "text/plain; charset=utf-8", SLICE("ready\n"));
	else
		http_problem(r, 503,
			n->why[0]		     ? n->why
			: n->phase == PHASE_STARTING ? "starting"
			: n->phase == PHASE_STOPPING ? "stopping"
			: !store_is_up(n->store)     ? "Redis is away"
						     : "not routing");
}

static void get_nothing(struct http_request *r, void *arg)
{
	(void)arg;
	http_problem(r, 404, "there are /metrics, /livez and /readyz");
}

static const struct http_handler metrics = { get_metrics };
static const struct http_handler live = { get_live };
static const struct http_handler ready = { get_ready };
static const struct http_handler nothing = { get_nothing };

int admin_open(struct node *n, struct err *err)
{
	http_server_route(n->admin, "/metrics", &metrics, n);
	http_server_route(n->admin, "/livez", &live, n);
	http_server_route(n->admin, "/readyz", &ready, n);
	http_server_route(n->admin, "/", &nothing, n);
	int port = http_server_listen(n->admin, n->config->admin_listen.p, NULL, err);
	if (port < 0)
		return port;
	log_info("app", "admin listens address=%s port=%d", n->config->admin_listen.p, port);
	return 0;
}
