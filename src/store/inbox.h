/*
 * The inbox `usher:{d}:in`: commands of all nodes, in one order. An entry is deleted by the commit that applied it.
 */
#ifndef USHER_STORE_INBOX_H
#define USHER_STORE_INBOX_H

#include "model/command.h"
#include "store/store.h"

/* Stream ids of Redis: milliseconds and a number. {0,0} is the beginning. */
struct stream_id {
	uint64_t ms, n;
};

/* Appends the command; it is copied. status 0: on disk, the sender may be told. Puts of one turn are sent in one write at its tail. */
void inbox_put(
	struct store *s, const struct command *c, void (*fn)(void *arg, int status), void *arg);

/*
 * Before the put of a message with that dedup key, on the same way: the key is given to this id unless it is taken. `before` is what was there:
 * p NULL when nothing was; else an id, or the result that the commit of an earlier one left. Whoever applies a message takes the id that its key is
 * given to, so that what its sender was told holds whichever copy comes first.
 */
void inbox_name(struct store *s, struct slice key, struct id id,
	void (*fn)(void *arg, int status, struct slice before), void *arg);
/* True when that value of a dedup key is an id given to a message not applied yet. */
bool inbox_name_read(struct slice value, struct id *id);

struct inbox_item {
	struct stream_id id;
	struct command command;
	bool damaged; /* could not be read: log, count and delete it */
};
/* Follows the inbox after `after`: fn gets up to BATCH_COMMANDS_MAX items as soon as there are some, once; call again for more.
 * One outstanding call at a time. It survives reconnects. Items are borrowed for the call. */
void inbox_follow(struct store *s, struct stream_id after,
	void (*fn)(void *arg, const struct inbox_item *items, size_t count), void *arg);
/* Gives up the outstanding call, if there is one: its fn is not called any more. */
void inbox_unfollow(struct store *s);
/* Approximate length, as last seen: for the intake limit and the metric. */
size_t inbox_length(const struct store *s);
/* How many commands this node has applied since its start. */
uint64_t inbox_taken_total(const struct store *s);

#endif
