/*
 * Calls into plugins: never from inside a plugin's own call, timed, and those that answer a service at once put off
 * to the tail of the turn. Called by every file of this room that calls a plugin.
 *
 *   plugin ──deliver()──▶ refused ──▶ later: [ack] ─▶ [ack] ──tail──▶ plugin->ack()
 */
#include <stdarg.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "host/inside.h"
#include "model/limits.h"

struct later {
	struct list_node node;
	struct usher_host *h; /* held */
	void (*run)(struct usher_host *h, void *arg);
	void (*drop)(void *arg);
	void *arg;
};

enum { SLOW_SAY_US = 1000000 };

uint64_t call_begin(struct usher_host *h)
{
	ASSERT(h->host && !h->host->calling);
	ASSERT(h->state != CHANNEL_GONE);
	h->host->calling = h;
	return clock_monotonic_us();
}

void call_end(struct usher_host *h, const char *what, uint64_t began)
{
	uint64_t now = clock_monotonic_us();

	ASSERT(h->host->calling == h);
	h->host->calling = NULL;
	if (now - began <= CALLBACK_SLOW_US)
		return;
	h->count.slow++;
	if (!h->host->debug && now - h->slow_said_us < SLOW_SAY_US)
		return;
	h->slow_said_us = now;
	log_warn(h->name, "the plugin held up the loop plugin=%s call=%s us=%llu", h->plugin->name,
		what, (unsigned long long)(now - began));
}

void plugin_wrong(struct usher_host *h, const char *format, ...)
{
	struct str text = { 0 };
	va_list ap;

	va_start(ap, format);
	str_addv(&text, format, ap);
	va_end(ap);
	h->count.wrong++;
	log_error(h->name, "the plugin broke the contract plugin=%s: %s", h->plugin->name, text.p);
	str_free(&text);
}

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
