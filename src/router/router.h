/*
 * The router: the one place where the inbox meets the engine. Batch after batch: read commands, resolve customer and
 * conversation, step the engine, commit everything in one transaction. Effects leave only through what was committed
 * (the push stream and the outbox), never from here.
 *
 *   inbox_follow ─▶ look up ─▶ resolve + engine_step, command by command ─▶ look up ─▶ project ─▶ commit ─▶ again
 *
 * Whatever goes wrong with a commit (fenced, lost connection, unknown outcome) has one answer: forget the engine and recover from
 * snapshot and journal, which say what really happened.
 */
#ifndef USHER_ROUTER_ROUTER_H
#define USHER_ROUTER_ROUTER_H

#include "engine/engine.h"
#include "store/store.h"

struct router;

struct router_ops {
	/* Recovered and routing, for the first time and after each recovery. */
	void (*leads)(void *arg);
	/* No longer routing: the reason, and it tries again by itself. */
	void (*waits)(const char *why, void *arg);
};

struct router *router_new(struct loop *loop, struct store *store, const struct config *config,
	const struct router_ops *ops, void *arg);
/* Takes the lease, recovers, follows the inbox. After the store is ready, and again each time it is up. */
void router_start(struct router *r);
/* The store lost Redis: what is in flight will fail; recovery waits for router_start. */
void router_store_down(struct router *r);
/* A new configuration takes effect with the next batch. The old one must live until then: `done` says so. */
void router_configure(
	struct router *r, const struct config *config, void (*done)(void *arg), void *arg);
/* The engine as of what is on disk, and the push number of that state: at once when no commit is in flight, else right after
 * it. engine NULL: this node does not route now. fn is never called from inside this call. */
void router_read(struct router *r, void (*fn)(void *arg, const struct engine *e, uint64_t push_n),
	void *arg);
bool router_leads(const struct router *r);
/* Finishes the batch under way, writes a snapshot, releases the lease. */
void router_stop(struct router *r, void (*done)(void *arg), void *arg);
void router_free(struct router **r);

struct router_counts {
	uint64_t commands, events, commits, recoveries, damaged, away_mailed;
	uint64_t accepted, duplicate, quarantined; /* messages, since the start of the process */
	uint64_t turned_away;			   /* conversations: their queue was full */
	uint64_t journal_n, push_n;
	uint64_t batch_last, commit_us_last;
};
struct router_counts router_counts(const struct router *r);

#endif
