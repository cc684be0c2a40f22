/*
 * The push stream `usher:{d}:push`: numbered effects, read by every node.
 */
#ifndef USHER_STORE_PUSH_H
#define USHER_STORE_PUSH_H

#include "model/effect.h"
#include "store/store.h"

/* Everything after n, as it is committed, for ever; survives reconnects. */
void push_follow(struct store *s, uint64_t after_n,
	void (*fn)(void *arg, const struct effect *effects, size_t count), void *arg);
/* What is kept of (after_n, ...]: for a desk's resume. -ENOENT: after_n is older than what is kept; send a snapshot. */
void push_range(struct store *s, uint64_t after_n, size_t max,
	void (*fn)(void *arg, int status, const struct effect *effects, size_t count), void *arg);

#endif
