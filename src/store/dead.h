/*
 * Messages that wait for somebody's decision: those that could not be sent, and those that came and could not be understood. The
 * router keeps the lists (commit_dead, commit_quarantine); here they are read, with what is written of each; where that says not whom it goes
 * to or what it is about, its conversation does.
 */
#ifndef USHER_STORE_DEAD_H
#define USHER_STORE_DEAD_H

#include "model/entry.h"
#include "store/store.h"

struct held {
	struct id message, conv;
	uint64_t seq;
	struct slice channel;
	struct slice place; /* handed back to have it read again */
	struct entry en;
};
typedef void held_fn(void *arg, int status, const struct held *held, size_t count, uint64_t all);

/* Of what could not be sent the oldest `max`, or only `message` unless it is none, and how many there are; those whose history is gone are
 * left out. Good during the call. */
void dead_read(struct store *s, struct id message, size_t max, held_fn *fn, void *arg);
/* Of what could not be understood the newest. */
void quarantine_read(struct store *s, struct id message, size_t max, held_fn *fn, void *arg);

#endif
