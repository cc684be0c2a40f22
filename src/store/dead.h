/*
 * Messages that wait for somebody's decision: those that could not be sent, and those that came and could not be understood. The
 * router keeps the lists (commit_dead, commit_quarantine); here they are read.
 */
#ifndef USHER_STORE_DEAD_H
#define USHER_STORE_DEAD_H

#include "model/entry.h"
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

struct quarantined {
	struct dead_letter at;
	struct slice place; /* handed back to have it read again */
	struct entry en;
};
/* The newest `max`, or only `message` unless it is none; those whose history is gone are left out. Good during the call. */
void quarantine_read(struct store *s, struct id message, size_t max,
	void (*fn)(
		void *arg, int status, const struct quarantined *held, size_t count, uint64_t all),
	void *arg);

#endif
