/*
 * Commands that the API or usherctl gives and waits for. Each has a session of its own (NODE:SERIAL), by which the router's answer finds it.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "desk/private.h"
#include "model/limits.h"
#include "store/inbox.h"

struct ask {
	struct list_node node;
	struct desk *d;
	struct arena arena;
	struct slice session;
	struct loop_timer *timer;
	size_t refs; /* its place in the list, and the put under way */
	void (*fn)(void *arg, int status, enum answer answer, const char *why);
	void *arg;
};

static void ask_release(struct ask *a)
{
	if (--a->refs)
		return;
	desk_release(a->d);
	arena_free(&a->arena);
	free(a);
}

/* Once: the first of answer, refusal of the disk, time. */
static void ask_end(struct ask *a, int status, enum answer answer, const char *why)
{
	if (!a->node.on)
		return;
	list_remove(&a->node);
	loop_timer_free(&a->timer);
	a->fn(a->arg, status, answer, why);
	ask_release(a);
}

static void on_late(void *arg)
{
	ask_end(arg, -ETIMEDOUT, ANSWER_NONE,
		"it is on disk, but no node routes now: it is done later");
}

static void on_put(void *arg, int status)
{
	struct ask *a = arg;
	if (status)
		ask_end(a, status, ANSWER_NONE, "it could not be saved; try again");
	ask_release(a);
}

void desk_ask(struct desk *d, struct command *c,
	void (*fn)(void *arg, int status, enum answer answer, const char *why), void *arg)
{
	struct ask *a = mem_alloc(sizeof(*a));
	desk_hold(d);
	a->d = d;
	a->refs = 2;
	a->fn = fn;
	a->arg = arg;
	a->session = desk_serial(d, &a->arena);
	a->timer = loop_timer_new(d->loop, on_late, a);
	loop_timer_set(a->timer, (uint64_t)API_ANSWER_MS * 1000);
	list_push_back(&d->asks, &a->node);
	c->at_us = loop_wall_us(d->loop);
	c->session = a->session;
	c->cmd = SLICE("ask");
	c->node = slice_of(store_node(d->store));
	inbox_put(d->store, c, on_put, a);
}

bool desk_ask_answered(struct desk *d, const struct effect *ef)
{
	LIST_FOR (a, &d->asks, struct ask, node) {
		if (!slice_equal(a->session, ef->session))
			continue;
		char *why = slice_dup(ef->why);
		ask_end(a, 0, (enum answer)ef->answer, why);
		free(why);
		return true;
	}
	return false;
}

void desk_asks_drop(struct desk *d)
{
	while (d->asks.first)
		ask_end(LIST_ENTRY(d->asks.first, struct ask, node), -ECANCELED, ANSWER_NONE,
			"this node stops");
}
