/*
 * What a Redis holds, and the commands that the store sends to it. Never waits, never knows a connection: redis.c does.
 *
 *   keyspace ── map: key ─▶ value { text | items | stream }, each with the time at which it expires
 *
 * Running the same commands at the same times on an empty keyspace gives the same keyspace: that is its append-only file.
 */
#ifndef TESTS_SIM_NODE_KEYSPACE_H
#define TESTS_SIM_NODE_KEYSPACE_H

#include "base/str.h"

struct keyspace;

enum ran {
	RAN_READ,
	RAN_WROTE,
	RAN_NOTHING, /* a read that may wait has nothing to give; no reply was made */
};

struct keyspace *keyspace_new(void);
void keyspace_free(struct keyspace **k);
/* One command; its reply is appended in RESP. What it does not know or cannot read is answered with an error. */
enum ran keyspace_run(
	struct keyspace *k, const struct slice *v, size_t n, uint64_t now_ms, struct str *reply);
/* A command that writes, as far as one can tell without running it; those take memory that Redis may not have. */
bool keyspace_writes(struct slice verb);
bool keyspace_takes_memory(struct slice verb);
/* The key that a command is about; p NULL: none. */
struct slice keyspace_key(const struct slice *v, size_t n);

#endif
