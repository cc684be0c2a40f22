/*
 * How much a stranger may ask for: a bucket that holds `burst` and refills by `per_s`. What is over is not refused but taken later: whoever asked is
 * not read from until then, so that the wire does the slowing.
 *
 *   full_us: when the bucket would be full again. Taking moves it on; as long as it lies no further ahead than a whole bucket, there is no wait.
 *
 * pace_table: one bucket for each address, in a table that does not grow. When more come than it holds, the one of a row that is nearest to full is
 * forgotten, which lets somebody through rather than shutting somebody out.
 */
#ifndef USHER_NET_PACE_H
#define USHER_NET_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint32_t burst, per_s;
};
/* Takes `cost`, and how long to wait (us) before the next is taken: 0 while the bucket had enough. */
uint64_t pace_take(const struct pace *p, uint64_t *full_us, uint64_t now_us, uint32_t cost);

struct pace_table;
struct pace_table *pace_table_new(const struct pace *p);
void pace_table_free(struct pace_table **t);
/* As pace_take, but takes nothing when the wait would be longer than most_us; returns that wait all the same. Whom address_household
 * does not count is not slowed. */
uint64_t pace_table_take(struct pace_table *t, const char *address, uint64_t now_us, uint32_t cost,
	uint64_t most_us);

#endif
