/*
 * When a message that could not be sent is tried again, and how many are under way at once.
 *
 *   failures of one destination:  1     2     3    ...       each wait is half to one and a half of the figure
 *   wait                          2 s   4 s   8 s  ... 1 h   (SEND_AGAIN_LEAST_S, SEND_AGAIN_MOST_S)
 *
 *   at once: one more after as many successes as are under way; half as many after each failure; 1..SENDS_AT_ONCE_MAX
 */
#ifndef USHER_HOST_RETRY_H
#define USHER_HOST_RETRY_H

#include "base/map.h"

struct retry {
	struct map destinations; /* those that failed */
	size_t at_once, credit;
	uint64_t worked; /* successes */
};

void retry_init(struct retry *r);
void retry_free(struct retry *r);
/* Monotonic microseconds before which nothing goes to that destination; 0: it is well. */
uint64_t retry_until(const struct retry *r, struct slice destination);
/* Counts a failure; returns the time of the next try. */
uint64_t retry_failed(struct retry *r, struct slice destination, uint64_t now_us);
/* The wait after so many; with chance, so that many who failed together do not come back together. */
uint64_t retry_back_off_us(uint32_t failures);
/* The next hop took one. */
void retry_worked(struct retry *r);
/* Nothing is being tried there any more. */
void retry_forget(struct retry *r, struct slice destination);

#endif
