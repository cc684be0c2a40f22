/*
 * Lookups: many questions about keys in one round trip, answered together. Used by the resolver once per batch.
 * Answers are written to the given places before fn is called; a question that found nothing leaves none/false/NULL.
 */
#ifndef USHER_STORE_LOOKUP_H
#define USHER_STORE_LOOKUP_H

#include "base/arena.h"
#include "model/record.h"
#include "store/store.h"

struct lookup;

/* Strings of answers live in the arena. */
struct lookup *lookup_new(struct store *s, struct arena *arena);
void lookup_thread(struct lookup *l, struct slice channel, struct slice key, struct id *conv);
void lookup_identity(struct lookup *l, struct slice kind, struct slice value, bool verified,
	struct id *customer);
/* The result text of commit_dedup; {NULL,0} when new. */
void lookup_dedup(struct lookup *l, struct slice key, struct slice *result);
/* All fields of a view hash as name/value pairs (count = pairs). */
struct pairs_found {
	struct slice *v; /* 2 × count slices */
	size_t count;
};
void lookup_conv(struct lookup *l, struct id conv, struct pairs_found *found);
void lookup_customer(struct lookup *l, struct id customer, struct pairs_found *found);
void lookup_user(struct lookup *l, struct slice user, struct pairs_found *found);
/* Ids and what commit_own_text wrote. */
void lookup_own_texts(struct lookup *l, struct slice user, struct pairs_found *found);
/* One packed history entry (seq ≥ 1). */
void lookup_entry(struct lookup *l, struct id conv, uint64_t seq, struct slice *packed);
/* The conversations of commit_away, the earliest first, at most `max`. */
struct away_found {
	struct away {
		struct id conv;
		uint64_t at_us;
	} * v;
	size_t count;
};
void lookup_away(struct lookup *l, size_t max, struct away_found *found);
/* Consumes the lookup. */
void lookup_run(struct lookup *l, void (*fn)(void *arg, int status), void *arg);
/* Gives it up unasked. */
void lookup_drop(struct lookup **l);
/* A field of found pairs; p NULL when absent. */
struct slice found_get(const struct pairs_found *f, const char *name);
/* The same as a number; 0 when absent. */
uint64_t found_u64(const struct pairs_found *f, const char *name);

#endif
