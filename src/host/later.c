/*
 * Calls that answer a service at once are put off to the tail of the turn: a plugin is never called from inside its own call. Called by
 * every file of this room that calls a plugin.
 *
 *   plugin ──deliver()──▶ refused ──▶ later: [ack] ─▶ [ack] ──tail──▶ plugin->ack()
 */
#include <stdlib.h>

#include "host/inside.h"

struct later {
	struct list_node node;
	struct usher_host *h; /* held */
	void (*run)(struct usher_host *h, void *arg);
	void (*drop)(void *arg);
	void *arg;
};

void call_later(struct usher_host *h, void (*run)(struct usher_host *h, void *arg),
	void (*drop)(void *arg), void *arg)
{
	struct later *l = mem_alloc(sizeof(*l));

	l->h = channel_hold(h);
	l->run = run;
	l->drop = drop;
	l->arg = arg;
	list_push_back(&h->host->later, &l->node);
	loop_tail_wake(h->host->tail);
}

static void later_finish(struct later *l, bool run)
{
	list_remove(&l->node);
	if (run && !channel_is_gone(l->h))
		l->run(l->h, l->arg);
	else if (l->drop)
		l->drop(l->arg);
	channel_release(l->h);
	free(l);
}

void later_run(void *host)
{
	struct host *h = host;

	/* Only what is there now: what these calls add runs in the next turn, so that sockets get theirs. */
	for (size_t n = h->later.count; n && h->later.first; n--)
		later_finish(LIST_ENTRY(h->later.first, struct later, node), true);
	if (h->later.count)
		loop_tail_wake(h->tail);
}

void later_drop_all(struct host *host)
{
	while (host->later.first)
		later_finish(LIST_ENTRY(host->later.first, struct later, node), false);
}
