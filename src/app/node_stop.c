/*
 * The end, in order, so that nobody notices: no new work is taken, what is owed is acknowledged, desks are told, the state is
 * saved, Redis stops. Each step begins when the one before is done, or when time is up. Called by node.c on signals.
 *
 *   intake refused ─▶ channels closed ─▶ desks closed ─▶ router saved ─▶ store stopped ─▶ loop ends
 */
#include <string.h>

#include "app/node.h"
#include "app/people.h"
#include "base/log.h"

enum stop_step { STEP_CHANNELS = 1, STEP_DESKS, STEP_ROUTER, STEP_STORE, STEP_END };
enum { SECOND_US = 1000000 };

static void next(struct node *n, enum stop_step step);

static void on_channels_closed(void *arg)
{
	next(arg, STEP_DESKS);
}

static void on_desks_closed(void *arg)
{
	next(arg, STEP_ROUTER);
}

static void on_router_stopped(void *arg)
{
	next(arg, STEP_STORE);
}

static void on_store_stopped(void *arg)
{
	next(arg, STEP_END);
}

/* A step that is late may still say done after it was passed over: only forward. */
static void next(struct node *n, enum stop_step step)
{
	if (step <= n->stop_step)
		return;
	n->stop_step = step;
	switch (step) {
	case STEP_CHANNELS:
		host_close(n->host, on_channels_closed, n);
		return;
	case STEP_DESKS:
		desk_close(n->desk, on_desks_closed, n);
		return;
	case STEP_ROUTER:
		router_stop(n->router, on_router_stopped, n);
		return;
	case STEP_STORE:
		loop_timer_set(n->deadline, NODE_LAST_S * SECOND_US);
		store_stop(n->store, on_store_stopped, n);
		return;
	case STEP_END:
		loop_stop(n->loop);
		return;
	}
}

static void on_deadline(void *arg)
{
	static const char *const waited_for[] = { "", "channels", "desks", "the router",
		"the store", "" };
	struct node *n = arg;

	log_warn("app", "time is up, going on without waiting for=%s", waited_for[n->stop_step]);
	next(n, n->stop_step < STEP_STORE ? STEP_STORE : STEP_END);
}

void node_stop(struct node *n, uint64_t limit_s, const char *why)
{
	if (n->phase == PHASE_STOPPING) {
		/* Said twice: hurry. */
		log_info("app", "stopping at once why=%s", why);
		if (n->stop_step < STEP_STORE)
			next(n, STEP_STORE);
		return;
	}
	log_info("app", "stopping why=%s limit_s=%llu", why, (unsigned long long)limit_s);
	n->phase = PHASE_STOPPING;
	strncpy(n->why, "stopping", sizeof(n->why) - 1);
	people_free(&n->people);
	n->deadline = loop_timer_new(n->loop, on_deadline, n);
	loop_timer_set(n->deadline, limit_s * SECOND_US);
	host_intake(n->host, false, "stopping");
	http_server_drain(n->http);
	next(n, STEP_CHANNELS); /* also when the start failed half way: what is open is closed */
}

void node_fail(struct node *n, const char *why)
{
	log_error("app", "cannot go on why=%s", why);
	n->exit_code = 1;
	node_stop(n, NODE_QUICK_S, "a failure");
}
