/*
 * Reading a live thread back: after a reload of the page, a lost connection, a restart. While that goes on, what is
 * committed to the thread is not pushed beside it but read at its end, so the plugin gets every number once and in order.
 *
 *   catch_up(thread, 7) ─▶ thread → conversation ─▶ history 8.. ─▶ page ─▶ page ─▶ caught_up
 *                  push of 12 meanwhile ─▶ held_from = 12 ─▶ read on from 11 before the end
 */
#include <stdlib.h>

#include "host/live.h"
#include "model/limits.h"
#include "store/history.h"

struct catch_up {
	struct list_node node; /* h->catch_ups */
	struct usher_host *h;  /* held */
	struct arena arena;
	struct slice thread;
	uint64_t token, seq; /* seq: the last that was given, or that the plugin has */
	uint64_t held_from;  /* the first number pushed meanwhile; 0 none */
	struct id conv;
	struct pairs_found view;
};

static void catch_up_end(struct catch_up *u, int status)
{
	struct usher_host *h = u->h;
	struct usher_str why;

	if (u->node.on)
		list_remove(&u->node);
	h->reading--;
	if (!status && !id_is_none(u->conv) && !channel_is_gone(h))
		live_standing(h, to_str(u->thread), &u->view);
	if (!channel_is_gone(h))
		PLUGIN_CALL(h, caught_up, h->self, to_str(u->thread), u->token,
			outcome_of(status, &why));
	arena_free(&u->arena);
	free(u);
	channel_release(h);
}

static void catch_up_read(struct catch_up *u);

static void catch_up_give(struct catch_up *u, const struct entry *entries, size_t count)
{
	struct usher_update m;

	for (size_t i = 0; i < count && !channel_is_gone(u->h); i++) {
		struct arena arena = { 0 };
		u->seq = entries[i].seq;
		if (live_message(u->h, &entries[i], &arena, &m)) {
			m.thread = to_str(u->thread);
			PLUGIN_CALL(u->h, update, u->h->self, &m);
		}
		arena_free(&arena);
	}
}

static void catch_up_page(void *arg, int status, const struct entry *entries, size_t count)
{
	struct catch_up *u = arg;

	if (channel_is_gone(u->h) || (status && status != -ENOENT)) {
		catch_up_end(u, status);
		return;
	}
	if (status)
		count = 0; /* nothing after that number */
	catch_up_give(u, entries, count);
	if (u->held_from && u->held_from <= u->seq && count)
		u->held_from = 0;
	if (count < CATCH_UP_PAGE && !u->held_from) {
		catch_up_end(u, 0);
		return;
	}
	if (count < CATCH_UP_PAGE) {
		u->seq = u->held_from -
			 1; /* also when the plugin claimed to have more than there was */
		u->held_from = 0;
	}
	catch_up_read(u);
}

static void catch_up_read(struct catch_up *u)
{
	history_read(u->h->host->store, u->conv, u->seq, CATCH_UP_PAGE, catch_up_page, u);
}

static void catch_up_viewed(void *arg, int status)
{
	struct catch_up *u = arg;

	if (status || channel_is_gone(u->h))
		catch_up_end(u, status);
	else
		catch_up_read(u);
}

static void catch_up_found(void *arg, int status)
{
	struct catch_up *u = arg;

	if (status || id_is_none(u->conv) || channel_is_gone(u->h)) {
		catch_up_end(u, status);
		return;
	}
	struct lookup *l = lookup_new(u->h->host->store, &u->arena);
	lookup_conv(l, u->conv, &u->view);
	lookup_run(l, catch_up_viewed, u);
}

static void catch_up_refused(struct usher_host *h, void *arg)
{
	(void)h;
	catch_up_end(arg, -EAGAIN);
}

static void catch_up_drop(void *arg)
{
	catch_up_end(arg, -EAGAIN);
}

void service_catch_up(
	struct usher_host *h, struct usher_str thread, uint64_t after_seq, uint64_t token)
{
	struct catch_up *u = mem_alloc(sizeof(*u));

	u->h = channel_hold(h);
	u->token = token;
	u->seq = after_seq;
	u->thread = arena_copy(&u->arena, to_slice(thread));
	h->reading++;
	if (h->reading > CATCH_UPS_MAX || !thread.n || thread.n > MESSAGE_KEY_MAX) {
		call_later(h, catch_up_refused, catch_up_drop, u);
		return;
	}
	list_push_back(&h->catch_ups, &u->node);
	struct lookup *l = lookup_new(h->host->store, &u->arena);
	lookup_thread(l, slice_of(h->name), u->thread, &u->conv);
	lookup_run(l, catch_up_found, u);
}

bool catch_up_holds(struct usher_host *h, struct slice thread, uint64_t seq)
{
	bool held = false;

	LIST_FOR (u, &h->catch_ups, struct catch_up, node) {
		if (!slice_equal(u->thread, thread))
			continue;
		held = true;
		if (!u->held_from)
			u->held_from = seq;
	}
	return held;
}

/* The store's answers free them. */
void catch_up_drop_all(struct usher_host *h)
{
	while (h->catch_ups.first)
		list_remove(h->catch_ups.first);
}
