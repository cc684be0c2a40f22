/*
 * Commands that must reach the inbox though nobody would repeat them: what became of a sent message, what a visitor did. While
 * Redis is away they wait here; after a crash the outbox tells the first kind anew.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "host/inside.h"

struct stubborn {
	struct list_node node; /* h->stubborn */
	struct usher_host *h;  /* held */
	struct arena arena;
	struct command command;
	struct loop_timer *timer; /* runs between two tries */
	bool flying;
	void (*done)(void *arg, bool stored);
	void *arg;
};

enum { AGAIN_US = 1000000 };

static void stubborn_try(void *arg);

static void stubborn_free(struct stubborn *s, bool stored)
{
	struct usher_host *h = s->h;

	if (s->node.on)
		list_remove(&s->node);
	loop_timer_free(&s->timer);
	if (s->done)
		s->done(s->arg, stored);
	arena_free(&s->arena);
	free(s);
	if (!channel_is_gone(h))
		channel_look(h);
	channel_release(h);
}

static void stubborn_put(void *arg, int status)
{
	struct stubborn *s = arg;

	s->flying = false;
	if (status == 0 || channel_is_gone(s->h)) {
		stubborn_free(s, status == 0);
		return;
	}
	if (!s->timer)
		s->timer = loop_timer_new(s->h->host->loop, stubborn_try, s);
	loop_timer_set(s->timer, AGAIN_US);
}

static void stubborn_try(void *arg)
{
	struct stubborn *s = arg;

	s->flying = true;
	inbox_put(s->h->host->store, &s->command, stubborn_put, s);
}

void put_stubborn(struct usher_host *h, const struct command *c,
	void (*done)(void *arg, bool stored), void *arg)
{
	struct stubborn *s = mem_alloc(sizeof(*s));
	uint8_t chance[10];

	s->h = channel_hold(h);
	s->done = done;
	s->arg = arg;
	record_copy(&command_table, &s->command, c, &s->arena);
	s->command.at_us = loop_wall_us(h->host->loop);
	if (id_is_none(s->command.id)) {
		chance_bytes(chance, sizeof(chance));
		s->command.id = id_make(s->command.at_us, chance);
	}
	list_push_back(&h->stubborn, &s->node);
	stubborn_try(s);
}

void stubborn_drop_all(struct usher_host *h)
{
	LIST_FOR (s, &h->stubborn, struct stubborn, node) {
		list_remove(&s->node);
		if (!s->flying)
			stubborn_free(s, false);
		/* else the store's answer frees it */
	}
}
