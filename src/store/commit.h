/*
 * One commit: journal, views, outbox, push and cursor of a batch in one MULTI/EXEC under the epoch fence
 * (WATCH of the epoch, pipelined). At most one commit is in flight per store.
 *
 *   commit_new ─▶ commit_* (in any order; arguments are copied) ─▶ commit_run ─▶ fn(status)
 *
 * status 0: on disk. -EPERM: another node took over (fenced); step down. -EIO: unknown; the caller reads the cursor
 * (cursor_read) after the reconnect and knows.
 */
#ifndef USHER_STORE_COMMIT_H
#define USHER_STORE_COMMIT_H

#include "model/effect.h"
#include "model/entry.h"
#include "model/event.h"
#include "model/outbound.h"
#include "store/inbox.h"

struct commit;

struct commit *commit_new(struct store *s);
/* The inbox entry was applied: the cursor moves to the last of them, and everything up to it is trimmed off the inbox. */
void commit_applied(struct commit *c, struct stream_id inbox_id);
/* The journal: `usher:{d}:journal`, n counting up by one per event over the life of the domain. All of a commit are one entry, see numbered.h. */
void commit_event(struct commit *c, uint64_t n, const struct event *ev);
/* Push stream, the same way with a counter of its own. */
void commit_effect(struct commit *c, const struct effect *ef);
/* History: entry seq of the conversation, appended (index seq-1): in the same EXEC as the cursor, so once. */
void commit_entry(struct commit *c, struct id conv, const struct entry *en);
/* Replaces it (delivery state). */
void commit_entry_set(struct commit *c, struct id conv, const struct entry *en);
/* Fields of the view hash of a conversation: name/value pairs. */
void commit_conv(struct commit *c, struct id conv, const struct argv *pairs);
void commit_customer(struct commit *c, struct id customer, const struct argv *pairs);
void commit_customer_conv(struct commit *c, struct id customer, struct id conv, uint64_t at_us);
void commit_customer_conv_end(struct commit *c, struct id customer, struct id conv);
/* Identity → customer, and the customer's list of identities. claimed and verified ones are different keys. */
void commit_identity(struct commit *c, struct slice kind, struct slice value, bool verified,
	struct id customer, uint64_t at_us);
void commit_thread(struct commit *c, struct slice channel, struct slice key, struct id conv);
/* Marks a dedup key as taken, for DEDUP_KEEP_S; `result` (a short text, e.g. an id) is what a repeat is answered. */
void commit_dedup(struct commit *c, struct slice key, struct slice result);
void commit_agent(struct commit *c, struct slice agent, const struct argv *pairs);
/* The credentials of a user, apart from what routing knows. */
void commit_user(struct commit *c, struct slice user, const struct argv *pairs);
void commit_user_remove(struct commit *c, struct slice user);
/* One of a user's own texts for replies, as TITLE \n TEXT; an empty text takes it away. */
void commit_own_text(
	struct commit *c, struct slice user, struct id id, struct slice title, struct slice text);
void commit_outbound(struct commit *c, const struct outbound *o);
/* The list of messages that could not be sent: `dead` puts it there, else it is taken away. */
void commit_dead(
	struct commit *c, struct id conv, const struct entry *en, uint64_t at_us, bool dead);
/* When the visitor of that conversation, who has gone, is mailed what he has not seen; 0: never mind. */
void commit_away(struct commit *c, struct id conv, uint64_t at_us);
/* The list of messages that could not be understood; `place` takes one away: what quarantine_place makes of it. */
void commit_quarantine(struct commit *c, struct id conv, const struct entry *en, uint64_t at_us);
void commit_quarantine_end(struct commit *c, struct slice place);
/* Counters that must survive, in the hash `usher:{d}:count`: messages of customers `accepted` and `quarantined`, which `usherctl verify` holds against the histories. */
void commit_count(struct commit *c, const char *name, int64_t add);
/* The engine's state as of journal number n. Written in its own key(s), replacing the one before. */
void commit_snapshot(struct commit *c, uint64_t n, struct slice saved);
bool commit_is_empty(const struct commit *c);
/* Consumes the commit. `effects_n`: the last push number used. Afterwards the cursor holds the last inbox id, journal n and push n. */
void commit_run(struct commit *c, void (*fn)(void *arg, int status), void *arg);
void commit_drop(struct commit **c);

struct cursor {
	struct stream_id inbox;
	uint64_t journal_n, push_n, epoch;
};
void cursor_read(
	struct store *s, void (*fn)(void *arg, int status, const struct cursor *cur), void *arg);

/* Leadership: takes the lease when it is free or ours, then raises the epoch, which every commit from now on watches. Renews by itself; lost() when it could not. */
void lease_take(struct store *s, void (*taken)(void *arg, int status, uint64_t epoch),
	void (*lost)(void *arg, const char *why), void *arg);
void lease_release(struct store *s, void (*done)(void *arg), void *arg);

/* Recovery: the snapshot (status -ENOENT when there is none), then the journal after n in order. */
void snapshot_read(struct store *s,
	void (*fn)(void *arg, int status, uint64_t n, struct slice saved), void *arg);
/* fn is called for batches until count is 0 (the end) or status is not 0. Returning false stops. */
void journal_read(struct store *s, uint64_t after_n,
	bool (*fn)(
		void *arg, int status, const uint64_t *n, const struct event *events, size_t count),
	void *arg);

#endif
