/*
 * A Redis with `appendfsync always`, as far as the store can tell: connections, pipelines, MULTI and WATCH, waiting reads, an
 * append-only file that a death cuts somewhere behind the last fsync.
 *
 *   connection ── wire ─▶ [turn: commands of some connections] ─▶ fsync ─▶ replies ── back ─▶ connection
 *                             └ every write is appended to the file   └ a death before this loses replies and a tail
 *
 * What a dead node had sent is still in the socket: it is executed, whoever has taken over meanwhile.
 */
#ifndef TESTS_SIM_NODE_REDIS_H
#define TESTS_SIM_NODE_REDIS_H

#include "base/slice.h"
#include "base/str.h"

struct client; /* the server's side of a connection */
struct conn;

/* As Redis 7.0 with `aof-load-truncated yes`: cuts a torn file behind its last whole command, not in front of its last MULTI. */
extern bool redis_keeps_torn;

void redis_begin(void);
void redis_end(void);

/* NULL: nobody listens. */
struct client *redis_accept(struct conn *conn);
void redis_send(struct client *c, struct slice bytes);
/* The other side is gone. What it sent is still executed unless `reset`. */
void redis_hangup(struct client *c, bool reset);
/* What was answered and not yet taken; the taker clears it. */
struct str *redis_back(struct client *c);
/* Whether the last answer is said once more; then that is taken for done. */
bool redis_says_twice(struct client *c);

/* ---- faults ---- */
bool redis_is_up(void);
void redis_kill(void);
/* Dies in the middle of its next writing turn. */
void redis_kill_in_turn(bool dies);
void redis_start(void);
void redis_stall(uint64_t us);
void redis_full(bool full);	 /* -OOM to what takes memory */
void redis_disk_full(bool full); /* -MISCONF to what writes */
/* Ends some connection that there is. */
void redis_cut_one(void);
/* Will say an answer twice to some client. */
void redis_say_twice(void);

/* ---- for the judge: runs a command at once, on nobody's behalf. The reply is in RESP. ---- */
void redis_ask(const struct slice *v, size_t n, struct str *reply);

#endif
