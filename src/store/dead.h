/*
 * Messages that could not be sent and wait for somebody's decision. The router keeps the list (commit_dead); here it is read.
 */
#ifndef USHER_STORE_DEAD_H
#define USHER_STORE_DEAD_H

#include "store/store.h"

struct dead_letter {
	struct id message, conv;
	uint64_t seq;
	struct slice channel;
};

/* The oldest `max`, and how many there are. What is given is good during the call. */
void dead_read(struct store *s, size_t max,
	void (*fn)(void *arg, int status, const struct dead_letter *letters, size_t count,
		uint64_t all),
	void *arg);

#endif
