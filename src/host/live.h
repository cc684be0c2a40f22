/*
 * Updates of live threads: one shape for what is pushed and what is read back.
 */
#ifndef USHER_HOST_LIVE_H
#define USHER_HOST_LIVE_H

#include "base/arena.h"
#include "host/inside.h"
#include "model/entry.h"
#include "store/lookup.h"

/* A message of the history as the visitor sees it; false for what is not for visitors. Borrowed from the entry and the arena. */
bool live_message(const struct usher_host *h, const struct entry *en, struct arena *arena,
	struct usher_update *out);
/* How a conversation stands, as its view says: who answers, or that it is over. For a plugin that has just read it back. */
void live_standing(struct usher_host *h, struct usher_str thread, const struct pairs_found *view);

#endif
