/*
 * From "Redis is there" to "ready". Called by node.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/control.h"
#include "app/node.h"
#include "app/people.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/push.h"

enum { CONNECT_AGAIN_US = 1000000 };

/* The names and addresses people need, on stdout: all that stands there. */
static void node_say_ready(struct node *n, const struct str *people)
{
	const struct config *c = n->config;

	printf("usher ready: desk %.*s/desk/\n", SLICE_ARG(c->public_url));
	if (people->n)
		printf("%s", people->p);
	for (size_t i = 0; i < c->channel_count; i++)
		if (c->channels[i].try_text.n)
			printf("  %.*s: %.*s\n", SLICE_ARG(c->channels[i].title),
				SLICE_ARG(c->channels[i].try_text));
	fflush(stdout);
}

static void on_people(void *arg, const struct str *text)
{
	struct node *n = arg;

	if (n->phase == PHASE_SERVING)
		node_say_ready(n, text);
}

static int listen_http(struct node *n, struct err *err)
{
	struct config *c = n->config;

	n->http_port = http_server_listen(n->http, c->http_listen.p, n->tls, err);
	if (n->http_port < 0)
		return n->http_port;
	/* Port 0: whichever was free. */
	if (slice_ends(c->public_url, SLICE(":0")))
		c->public_url = arena_printf(c->arena, "%.*s%d", (int)c->public_url.n - 1,
			c->public_url.p, n->http_port);
	log_info("app", "http listens address=%s port=%d", c->http_listen.p, n->http_port);
	return 0;
}

/* ---- who was at the other end of a live channel when the last life ended ---- */

struct open_convs {
	const struct config *config;
	struct id *ids;
	size_t count, cap;
};

static bool add_live(const struct conv_view *v, void *arg)
{
	struct open_convs *o = arg;
	const struct kind *k = config_kind(o->config, v->kind);

	if (!k || !k->live || v->state == CONV_RESOLVED || v->state == CONV_WRAPUP)
		return true;
	if (o->count == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 64;
		o->ids = mem_resize(o->ids, o->cap, sizeof(*o->ids));
	}
	o->ids[o->count++] = v->conv;
	return true;
}

static void on_engine(void *arg, const struct engine *e, uint64_t push_n)
{
	struct node *n = arg;
	struct open_convs open = { .config = n->config };

	(void)push_n;
	if (!e || n->phase != PHASE_SERVING)
		return;
	engine_each_conv(e, CONV_NONE, add_live, &open);
	host_expect(n->host, open.ids, open.count);
	free(open.ids);
}

void node_start(struct node *n)
{
	struct err err = { 0 };

	if (host_open(n->host, &err) != 0 || listen_http(n, &err) != 0 ||
		!(n->control = control_new(n, &err))) {
		node_fail(n, err.text);
		return;
	}
	n->phase = PHASE_SERVING;
	router_read(n->router, on_engine, n);
	n->people = people_new(n, on_people, n);
}

/* ---- each time Redis is there ---- */

static void on_push(void *arg, const struct effect *effects, size_t count)
{
	struct node *n = arg;

	host_push(n->host, effects, count);
	desk_push(n->desk, effects, count);
}

/* Redis is there and refuses, for want of memory or disk: nobody will call when it no longer does. */
static void connect_later(struct node *n)
{
	loop_timer_set(n->again, CONNECT_AGAIN_US);
}

void node_connect_again(void *arg)
{
	struct node *n = arg;

	if (store_is_up(n->store))
		node_connect(n);
}

static void on_cursor(void *arg, int status, const struct cursor *cur)
{
	struct node *n = arg;

	if (n->following)
		return;
	if (status != 0) {
		connect_later(n);
		return;
	}
	n->following = true;
	push_follow(n->store, cur->push_n, on_push, n);
	if (n->node_up)
		router_start(n->router);
}

static void on_node_up(void *arg, int status)
{
	struct node *n = arg;

	if (n->node_up)
		return; /* said twice: no harm */
	if (status != 0) {
		connect_later(n);
		return;
	}
	n->node_up = true;
	if (n->following)
		router_start(n->router);
}

/* Before anything else of this life: every desk of the last one is gone. */
static void say_node_up(struct node *n)
{
	uint8_t chance[10];
	struct command c = { .type = COMMAND_NODE_UP, .node = n->config->node };

	chance_bytes(chance, sizeof(chance));
	c.at_us = loop_wall_us(n->loop);
	c.id = id_make(c.at_us, chance);
	inbox_put(n->store, &c, on_node_up, n);
}

void node_connect(struct node *n)
{
	if (n->phase == PHASE_STOPPING)
		return;
	if (n->node_up && n->following) {
		router_start(n->router);
		return;
	}
	if (!n->node_up)
		say_node_up(n);
	if (!n->following)
		cursor_read(n->store, on_cursor, n);
}
