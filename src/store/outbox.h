/*
 * The outbox `usher:{d}:out:<channel>` with one consumer group: a message stays until the host says it is done.
 */
#ifndef USHER_STORE_OUTBOX_H
#define USHER_STORE_OUTBOX_H

#include "model/outbound.h"
#include "store/inbox.h"

struct outbox_item {
	struct stream_id id;
	struct outbound message;
};
/* Follows the outbox of a channel: first what was pending when this node last stopped, then new ones, at most `window` not yet done. */
void outbox_follow(struct store *s, struct slice channel, size_t window,
	void (*fn)(void *arg, const struct outbox_item *item), void *arg);
/* This node leads: what other nodes had in hand is handed out here, too, before anything else; so it is for every outbox followed from now on. */
void outbox_take_over(struct store *s);
/* This node leads no more: nothing new is asked for until it does again. What comes nevertheless and was not begun is put back; the node that
 * leads gets it, when this one has had it for a while. */
void outbox_rest(struct store *s);
void outbox_put_back(struct store *s, struct slice channel, struct stream_id id);
void outbox_done(struct store *s, struct slice channel, struct stream_id id);
void outbox_stop(struct store *s, struct slice channel);
size_t outbox_pending(const struct store *s, struct slice channel);

#endif
