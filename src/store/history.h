/*
 * Reading what was said and who the customer is.
 */
#ifndef USHER_STORE_HISTORY_H
#define USHER_STORE_HISTORY_H

#include "model/entry.h"
#include "store/lookup.h"

/* Entries with seq > after_seq, at most max, in order. */
void history_read(struct store *s, struct id conv, uint64_t after_seq, size_t max,
	void (*fn)(void *arg, int status, const struct entry *entries, size_t count), void *arg);

struct identity_row {
	struct slice kind, value;
	bool verified;
	uint64_t at_us;
	struct id customer; /* whose: of a group not always the root's */
};
struct link_row;
struct customer_row {
	struct id id;
	struct pairs_found fields; /* name segment lang suggest ... */
	const struct identity_row *identities;
	size_t identity_count;
	const struct id *convs; /* newest first */
	size_t conv_count;
	const struct pairs_found *conv_fields; /* the view hash of each */
	/* group_read only: */
	const struct link_row
		*links; /* merges, splits and what was said against them, oldest first */
	size_t link_count;
	const struct customer_row
		*members; /* who was merged into it; their conversations are above */
	size_t member_count;
};
/* One merge or split, as it was decided. */
struct link_row {
	uint64_t n, at_us; /* n: in the journal */
	struct slice what; /* merged, split, distinct, undistinct */
	struct id member, root;
	struct slice agent; /* empty: the operator */
	struct slice why;
};
/* The card with at most max conversations, newest first. */
void customer_read(struct store *s, struct id customer, size_t max,
	void (*fn)(void *arg, int status, const struct customer_row *c), void *arg);
/* The same of the whole group: the card of its root with everybody's identities and conversations. */
void group_read(struct store *s, struct id customer, size_t max,
	void (*fn)(void *arg, int status, const struct customer_row *c), void *arg);
/* Who is the same person, this one among them, the root first. */
void group_ids(struct store *s, struct id customer,
	void (*fn)(void *arg, int status, const struct id *ids, size_t count), void *arg);
void conv_read(struct store *s, struct id conv,
	void (*fn)(void *arg, int status, const struct pairs_found *fields), void *arg);
/* Walks every key of the domain and checks what the design promises (each conversation's log has entries 1..last_seq without gap or double
 * message id; every customer's conversation exists; every thread, identity and blob reference resolves; outbox entries have their message; inbox ids above the cursor; ...).
 * line() per violation; fn at the end with how many, and how many keys were looked at. */
void store_verify(struct store *s, void (*line)(void *arg, const char *text),
	void (*fn)(void *arg, int status, size_t violations, size_t checked), void *arg);

#endif
