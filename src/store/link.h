/*
 * One connection to Redis that comes back by itself: calls in order, answers in order.
 *
 *   calls ─▶ [out: this turn's bytes] ── tail: one write ─▶ conn ─▶ Redis
 *            ring of calls: [ answered | in flight ......... | unsent ]
 *
 * Each fn is called exactly once, never from inside link_call: with the reply (valid for the call), or
 * with r NULL: -EAGAIN it was never sent, -EIO it was sent and the connection was lost before the answer.
 * A call that gets no answer in REDIS_CALL_MS ends the connection. Blocking reads block for less.
 */
#ifndef USHER_STORE_LINK_H
#define USHER_STORE_LINK_H

#include "net/loop.h"
#include "store/resp.h"

struct link;
struct tls;
typedef void (*link_fn)(void *arg, int status, const struct reply *r);

/* Where to; owned by the store, which outlives its links. Empty user/pass: no AUTH. */
struct link_target {
	char *dial; /* "unix:/path" or "host:port" */
	char *user, *pass;
	uint64_t db;
	struct tls *tls; /* NULL: plain */
	char *client;	 /* shown by CLIENT LIST */
};
struct link_ops {
	/* Greeted, not yet up: may make calls (only here and in their answers) and says link_admit when they satisfy it. NULL: none. */
	void (*check)(void *arg);
	void (*up)(void *arg);
	void (*down)(const char *why, void *arg); /* after up only; tries again by itself */
	void (*refused)(const char *why,
		void *arg); /* wrong password and the like; tries again. May be NULL */
};

/* Refuses calls until it is started and up. */
struct link *link_new(struct loop *loop, const char *name, const struct link_target *to,
	const struct link_ops *ops, void *arg);
void link_start(struct link *l);
void link_admit(struct link *l);
/* Nothing is called any more; what is outstanding is forgotten. Not from inside a callback of this link. */
void link_free(struct link **l);
bool link_is_up(const struct link *l);
/* Sent and not yet answered. */
size_t link_inflight(const struct link *l);
/* How long the oldest of them has waited; 0: there is none. */
uint64_t link_oldest_us(const struct link *l);

void link_call(struct link *l, const struct argv *command, link_fn fn, void *arg);
/* MULTI, then `count` commands made by resp_command, then EXEC, as one. fn gets EXEC's reply: an array, or nil when a
 * watched key was changed; when a command was refused before EXEC, its error (nothing was done). */
void link_multi(struct link *l, struct slice commands, size_t count, link_fn fn, void *arg);
/* fn(arg, status, NULL) at the tail, whatever the link does: for answers known at once. */
void link_later(struct link *l, int status, link_fn fn, void *arg);
/* Ends the connection with a reason; calls in flight get -EIO; it is dialled again. */
void link_fault(struct link *l, const char *why);

#endif
