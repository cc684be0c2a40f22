/*
 * A quarantined message is read again: asked for by a person, done by the plugin it came through, which delivers what it understands
 * now as any other message. Here the question waits for its answer. Called by app, answered through the services table.
 */
#include <stdlib.h>

#include "host/inside.h"

struct reread {
	struct list_node node; /* usher_host->rereads */
	struct usher_host *h;
	uint64_t token;
	struct slice raw, of; /* in the arena, until the plugin was asked */
	struct arena arena;
	void (*fn)(void *arg, int status, struct slice why);
	void *arg;
};

static void reread_end(struct reread *r, int status, struct slice why)
{
	list_remove(&r->node);
	r->fn(r->arg, status, why);
	arena_free(&r->arena);
	free(r);
}

/* By its token: the question itself may have ended with its channel. */
static struct reread *reread_find(struct usher_host *h, uint64_t token)
{
	LIST_FOR (r, &h->rereads, struct reread, node)
		if (r->token == token)
			return r;
	return NULL;
}

static void reread_ask(struct usher_host *h, void *arg)
{
	struct reread *r = arg;

	if (h->state == CHANNEL_OPEN)
		PLUGIN_CALL(h, reread, h->self, to_str(r->raw), to_str(r->of), r->token);
	else
		reread_end(r, -EAGAIN, SLICE("the channel is closing"));
}

void host_reread(struct host *host, struct slice channel, struct slice raw, struct slice of,
	void (*fn)(void *arg, int status, struct slice why), void *arg)
{
	struct usher_host *h = channel_find(host, channel);

	if (!h || !h->self || h->state != CHANNEL_OPEN || !raw.n) {
		fn(arg, -ENOENT,
			raw.n ? SLICE("its channel is not open")
			      : SLICE("its source was not kept"));
		return;
	}
	if (!h->api->reread) {
		fn(arg, -ENOSYS, SLICE("this kind of channel does not read again"));
		return;
	}
	struct reread *r = mem_alloc(sizeof(*r));
	r->h = h;
	r->token = ++h->reread_tokens;
	r->raw = arena_copy(&r->arena, raw);
	r->of = arena_copy(&r->arena, of);
	r->fn = fn;
	r->arg = arg;
	list_push_back(&h->rereads, &r->node);
	call_later(h, reread_ask, NULL, r);
}

void service_reread_done(
	struct usher_host *h, uint64_t token, enum usher_outcome outcome, struct usher_str why)
{
	if (!service_allowed(h, "reread_done"))
		return;
	struct reread *r = reread_find(h, token);

	if (!r)
		plugin_wrong(h, "answers a question that nobody asked");
	else if (outcome == USHER_OK || outcome == USHER_DUPLICATE)
		reread_end(r, 0, to_slice(why));
	else
		reread_end(r, outcome == USHER_RETRY ? -EAGAIN : -EBADMSG, to_slice(why));
}

void reread_drop_all(struct usher_host *h)
{
	while (h->rereads.first)
		reread_end(LIST_ENTRY(h->rereads.first, struct reread, node), -EAGAIN,
			SLICE("the channel has closed"));
}
