/*
 * Commands that must reach the inbox though nobody would repeat them: what became of a sent message, that a visitor left. While Redis is away
 * they wait here, in order, of a channel STUBBORN_MAX and STUBBORN_BYTES_MAX at most; after a crash the outbox tells the first kind anew.
 *
 *   h->stubborn: oldest ⇄ ... ⇄ newest; one timer for all that failed
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/inside.h"
#include "model/limits.h"

struct stubborn {
	struct list_node node; /* h->stubborn */
	struct usher_host *h;  /* held */
	struct arena arena;
	struct command command;
	const char *carrier; /* whose id of the message is to be kept, or NULL */
	unsigned owed;	     /* answers of the store */
	bool failed;
	void (*done)(void *arg, bool stored);
	void *arg;
};

enum { AGAIN_US = 1000000 };

/* What it counts for; those that somebody waits for are as many as he may have in hand. */
static size_t stubborn_size(const struct stubborn *s)
{
	return s->done ? 0 : sizeof(*s) + s->arena.used;
}

static void stubborn_free(struct stubborn *s, bool stored)
{
	struct usher_host *h = s->h;

	if (s->node.on)
		list_remove(&s->node);
	h->stubborn_bytes -= stubborn_size(s);
	if (s->done)
		s->done(s->arg, stored);
	arena_free(&s->arena);
	free(s);
	if (!channel_is_gone(h))
		channel_look(h);
	channel_release(h);
}

static void stubborn_try(struct stubborn *s);

static void try_all(void *arg)
{
	struct usher_host *h = arg;

	LIST_FOR (s, &h->stubborn, struct stubborn, node)
		if (!s->owed)
			stubborn_try(s);
}

static void stubborn_answered(void *arg, int status)
{
	struct stubborn *s = arg;
	struct usher_host *h = s->h;

	s->failed |= status != 0;
	if (--s->owed)
		return;
	if (!s->failed || channel_is_gone(h)) {
		stubborn_free(s, !s->failed);
		return;
	}
	if (!h->stubborn_again)
		h->stubborn_again = loop_timer_new(h->host->loop, try_all, h);
	loop_timer_set(h->stubborn_again, AGAIN_US);
}

/* Which message the channel's id speaks of goes first: once the receipt is there, news by that id find it. */
static void stubborn_try(struct stubborn *s)
{
	const struct command *c = &s->command;

	s->failed = false;
	s->owed = s->carrier ? 2 : 1;
	if (s->carrier)
		remote_keep(s->h->host, s->carrier, c->remote, c->id, stubborn_answered, s);
	inbox_put(s->h->host->store, c, stubborn_answered, s);
}

void command_stamp(struct command *c, uint64_t now_us)
{
	uint8_t chance[10];

	c->at_us = now_us;
	if (id_is_none(c->id)) {
		chance_bytes(chance, sizeof(chance));
		c->id = id_make(now_us, chance);
	}
}

void put_stubborn(struct usher_host *h, const struct command *c, const char *carrier,
	void (*done)(void *arg, bool stored), void *arg)
{
	if (!done &&
		(h->stubborn.count >= STUBBORN_MAX || h->stubborn_bytes >= STUBBORN_BYTES_MAX)) {
		if (h->count.lost_news++ % STUBBORN_MAX == 0)
			log_error(h->name, "news are lost: %zu of %zu bytes wait for the store",
				h->stubborn.count, h->stubborn_bytes);
		return;
	}
	struct stubborn *s = mem_alloc(sizeof(*s));
	s->h = channel_hold(h);
	s->done = done;
	s->arg = arg;
	record_copy(&command_table, &s->command, c, &s->arena);
	if (carrier && remote_is_needed(c->remote, c->id))
		s->carrier = arena_copy(&s->arena, slice_of(carrier)).p;
	command_stamp(&s->command, loop_wall_us(h->host->loop));
	h->stubborn_bytes += stubborn_size(s);
	list_push_back(&h->stubborn, &s->node);
	stubborn_try(s);
}

void stubborn_drop_all(struct usher_host *h)
{
	loop_timer_free(&h->stubborn_again);
	LIST_FOR (s, &h->stubborn, struct stubborn, node) {
		list_remove(&s->node);
		if (!s->owed)
			stubborn_free(s, false);
		/* else the store's answer frees it */
	}
}
