/*
 * The store: everything that usher knows on disk, in Redis. One object per node and domain.
 *
 * All calls are asynchronous on the loop; each `fn(arg, status, ...)` is called exactly once, never from inside the call that
 * asked. status 0: done and, for writes, on disk (`appendfsync always`: the reply is the receipt). -errno otherwise:
 * -EAGAIN Redis is away, nothing was written; -EIO the outcome is unknown (the connection was lost after it was sent);
 * -ENOSPC Redis refused for want of memory or disk; -ENOENT nothing there. Slices in callbacks are borrowed for the call.
 *
 * Links: each store has several connections, so that a blocking read never delays a write:
 *   write (inbox, commits, blobs) · inbox reader · push reader · outbox reader · ask (lookups, history)
 */
#ifndef USHER_STORE_STORE_H
#define USHER_STORE_STORE_H

#include "base/err.h"
#include "base/id.h"
#include "net/loop.h"

struct store;

struct store_options {
	const char *
		redis; /* "managed", "unix:/path", "redis://[user:pass@]host:port[/db]", "rediss://..." */
	const char *redis_ca; /* for rediss; NULL: the system's */
	const char *domain;   /* "main" */
	const char *node;     /* this node's name */
	const char *data_dir; /* exists; blobs/ and redis/ are made below it */
	bool relaxed;	      /* durability: relaxed was set explicitly */
	uint32_t
		unnamed_keep_s; /* how long a blob lives that no message names; 0: UNNAMED_KEEP_S */
	const char *picture;	/* the program usher-picture; NULL: none, pictures are not shown */
};
struct store_ops {
	void (*ready)(void *arg);		    /* connected and checked, for the first time */
	void (*failed)(const char *why, void *arg); /* cannot start: what to do is in the words */
	void (*down)(const char *why, void *arg);   /* lost Redis; it reconnects by itself */
	void (*up)(void *arg);			    /* it is back */
};

struct store *store_new(
	struct loop *loop, const struct store_options *o, const struct store_ops *ops, void *arg);
/* Stops a managed Redis cleanly, then calls done. */
void store_stop(struct store *s, void (*done)(void *arg), void *arg);
void store_free(struct store **s);
bool store_is_up(const struct store *s);
/* "always", "relaxed": what an acknowledgement means here, for status and the desk. */
const char *store_durability(const struct store *s);
const char *store_node(const struct store *s);
/* Writes sent and not yet answered, for back-pressure and metrics. */
size_t store_inflight(const struct store *s);
/* How long the oldest of them has waited; 0: there is none. */
uint64_t store_oldest_us(const struct store *s);
/* How much memory Redis has used of what it may (0: there is no limit). */
void store_memory(struct store *s, void (*fn)(void *arg, int status, uint64_t used, uint64_t most),
	void *arg);

#endif
