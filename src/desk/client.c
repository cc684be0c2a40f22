/*
 * The life of a connected desk: opened, told, closed. What its frames mean is dispatch.c's business.
 */
#include "desk/client.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "desk/frames.h"
#include "model/limits.h"
#include "store/inbox.h"

void client_hold(struct client *c)
{
	ASSERT(c->refs > 0);
	c->refs++;
}

static void held_drop(struct client *c)
{
	while (c->held.first) {
		struct held_line *h = LIST_ENTRY(list_pop_front(&c->held), struct held_line, node);
		free(h->text);
		free(h);
	}
}

void client_release(struct client *c)
{
	ASSERT(c->refs > 0);
	if (--c->refs)
		return;
	struct desk *d = c->d;
	ASSERT(c->gone);
	held_drop(c);
	map_free(&c->watched);
	free(c->agent);
	free(c->name);
	free(c->key);
	arena_free(&c->arena);
	free(c);
	desk_release(d);
}

struct slice client_agent(const struct client *c)
{
	return slice_of(c->agent);
}

void client_send(struct client *c, struct slice json)
{
	if (!c->gone)
		c->ops->send(c->transport, json);
}

void client_news(struct client *c, uint64_t n, struct slice json)
{
	if (c->gone || c->state != CLIENT_LIVE || n <= c->n)
		return;
	if (c->ops->output(c->transport) > DESK_OUTPUT_SLOW) {
		c->state = CLIENT_SLOW;
		log_info("desk", "slow reader agent=%s session=%.*s", c->agent,
			SLICE_ARG(c->session));
		return;
	}
	c->n = n;
	client_send(c, json);
}

void client_error(struct client *c, struct slice id, const char *code, const char *message)
{
	struct str o = { 0 };
	frame_error(&o, id, code, message);
	client_send(c, str_slice(&o));
	str_free(&o);
}

void client_end(struct client *c, int code, const char *why)
{
	if (!c->gone)
		c->ops->close(c->transport, code, why);
}

void client_drained(struct client *c)
{
	if (c->gone || c->state != CLIENT_SLOW)
		return;
	client_send(c, SLICE("{\"t\":\"resync\",\"why\":\"this desk read too slowly\"}"));
	catchup_snapshot(c, "resync");
}

/* ---- up and down ---- */

static void on_told(void *arg, int status)
{
	struct client *c = arg;
	if (status && !c->gone)
		client_end(c, 1013, "the server cannot write to its disk; come back soon");
	client_release(c);
}

static void tell_router(struct client *c, enum command_type type)
{
	struct command cmd = { .type = type,
		.at_us = loop_wall_us(c->d->loop),
		.agent = client_agent(c),
		.session = c->session,
		.node = slice_of(store_node(c->d->store)) };
	client_hold(c);
	inbox_put(c->d->store, &cmd, on_told, c);
}

static void on_quiet(void *arg)
{
	struct client *c = arg;
	ASSERT(c->state == CLIENT_FRESH || c->state == CLIENT_CATCHING);
	if (c->state == CLIENT_FRESH)
		catchup_snapshot(c, NULL);
	else if (c->resuming)
		catchup_resume(c, c->n);
	else
		catchup_snapshot(c, c->why);
}

struct client *client_open(
	struct desk *d, const struct who *who, const struct client_ops *ops, void *transport)
{
	struct client *c = mem_alloc(sizeof(*c));
	struct str o = { 0 };
	desk_hold(d);
	c->d = d;
	c->refs = 1;
	c->agent = slice_dup(who->user);
	c->name = slice_dup(who->name.n ? who->name : who->user);
	c->key = slice_dup(who->key);
	c->role = who->role;
	c->session = desk_serial(d, &c->arena);
	c->ops = ops;
	c->transport = transport;
	c->timer = loop_timer_new(d->loop, on_quiet, c);
	list_push_back(&d->clients, &c->node);
	list_push_back(&desk_agent_of(d, who->user)->clients, &c->agent_node);
	if (policy_allows(c->role, ACTION_OVERSEE))
		list_push_back(&d->overseers, &c->oversee_node);
	ASSERT(!map_put(&d->sessions, c->session, c));
	frame_hello(&o, loop_wall_us(d->loop));
	client_send(c, str_slice(&o));
	str_free(&o);
	tell_router(c, COMMAND_DESK_UP);
	loop_timer_set(c->timer, (uint64_t)DESK_HELLO_MS * 1000);
	log_info("desk", "up agent=%s session=%.*s", c->agent, SLICE_ARG(c->session));
	return c;
}

void client_closed(struct client *c)
{
	struct desk *d = c->d;
	ASSERT(!c->gone);
	c->gone = true;
	loop_timer_free(&c->timer);
	list_remove(&c->node);
	list_remove(&c->agent_node);
	if (c->oversee_node.on)
		list_remove(&c->oversee_node);
	ASSERT(map_remove(&d->sessions, c->session) == c);
	log_info("desk", "down agent=%s session=%.*s", c->agent, SLICE_ARG(c->session));
	if (!d->ended)
		tell_router(c, COMMAND_DESK_DOWN);
	if (d->closing && !d->clients.count && d->closed) {
		void (*closed)(void *arg) = d->closed;
		d->closed = NULL;
		closed(d->closed_arg);
	}
	client_release(c);
}
