/*
 * What was said before, to whom a conversation is handed: with the change of owner the new one's desks get the latest messages as frames, so
 * that a desk (or a script) that only listens has the whole matter. Called by push; sends nothing to others.
 */
#include "base/assert.h"
#include "desk/client.h"
#include "desk/frames.h"
#include "desk/out.h"
#include "desk/private.h"
#include "store/history.h"

#include <stdlib.h>

enum { HANDOVER_MESSAGES_MAX = 50 };

struct handover {
	struct desk *d;
	struct id conv;
	uint64_t n;
	struct str agent;
};

static void tell_all(struct desk_agent *a, struct slice frame)
{
	LIST_FOR (c, &a->clients, struct client, agent_node)
		if (c->state == CLIENT_LIVE)
			client_send(c, frame);
}

static void on_history(void *arg, int status, const struct entry *entries, size_t count)
{
	struct handover *h = arg;
	struct desk_agent *a = map_get(&h->d->agents, str_slice(&h->agent));
	struct str frame = { 0 };
	for (size_t i = 0; !status && a && !h->d->ended && i < count; i++) {
		str_clear(&frame);
		str_add_char(&frame, '{');
		out_u64(&frame, "n", h->n);
		out_string(&frame, "t", SLICE("message"));
		frame_entry(&frame, h->conv, &entries[i]);
		str_add_char(&frame, '}');
		tell_all(a, str_slice(&frame));
	}
	str_free(&frame);
	str_free(&h->agent);
	desk_release(h->d);
	free(h);
}

void handover_tell(struct desk *d, const struct effect *ef)
{
	ASSERT(ef->type == EFFECT_CONV && ef->owner.n);
	struct desk_agent *a = map_get(&d->agents, ef->owner);
	if (!a || !a->clients.count || !ef->seq)
		return;
	struct handover *h = mem_alloc(sizeof(*h));
	h->d = d;
	h->conv = ef->conv;
	h->n = ef->n;
	str_add(&h->agent, ef->owner);
	desk_hold(d);
	uint64_t after = ef->seq > HANDOVER_MESSAGES_MAX ? ef->seq - HANDOVER_MESSAGES_MAX : 0;
	history_read(d->store, ef->conv, after, HANDOVER_MESSAGES_MAX, on_history, h);
}
