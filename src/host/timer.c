/*
 * A plugin's timers, and work posted by its threads. A timer lives as long as its channel.
 */
#include <stdlib.h>

#include "host/inside.h"

struct usher_timer {
	struct list_node node;
	struct usher_host *h;
	struct loop_timer *timer;
	void (*fn)(void *arg);
	void *arg;
};

static void timer_fired(void *arg)
{
	struct usher_timer *t = arg;
	uint64_t began = call_begin(t->h, "timer");
	struct usher_host *h = t->h;

	t->fn(t->arg);
	call_end(h, began);
}

struct usher_timer *service_timer(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	struct usher_timer *t = mem_alloc(sizeof(*t));

	(void)service_allowed(h, "timer"); /* told; there is no way to refuse it */
	t->h = h;
	t->fn = fn;
	t->arg = arg;
	t->timer = loop_timer_new(h->host->loop, timer_fired, t);
	list_push_back(&h->timers, &t->node);
	return t;
}

void service_timer_set(struct usher_timer *t, uint64_t after_us)
{
	loop_timer_set(t->timer, after_us);
}

void service_timer_clear(struct usher_timer *t)
{
	loop_timer_clear(t->timer);
}

void timer_drop_all(struct usher_host *h)
{
	while (h->timers.first) {
		struct usher_timer *t = LIST_ENTRY(h->timers.first, struct usher_timer, node);
		list_remove(&t->node);
		loop_timer_free(&t->timer);
		free(t);
	}
}

/* ---- from other threads ---- */

struct posted {
	struct host *host;
	struct usher_host *h; /* may have ended by then */
	void (*fn)(void *arg);
	void *arg;
};

static void posted_run(void *arg)
{
	const struct posted p = *(struct posted *)arg;

	free(arg);
	LIST_FOR (h, &p.host->channels, struct usher_host, node)
		if (h == p.h) {
			uint64_t began = call_begin(h, "post");
			p.fn(p.arg);
			call_end(h, began);
			return;
		}
	p.fn(p.arg); /* the last word of a thread whose channel has ended */
}

/* Any thread: nothing of the channel is touched but where its loop is. */
void service_post(struct usher_host *h, void (*fn)(void *arg), void *arg)
{
	struct posted *p = mem_alloc(sizeof(*p));

	*p = (struct posted){ .host = h->host, .h = h, .fn = fn, .arg = arg };
	loop_post(h->host->loop, posted_run, p);
}
