/*
 * What the files of the keyspace share: its values, a call under way, what commands say with, and the table of commands.
 */
#ifndef TESTS_SIM_NODE_KEYSPACE_INSIDE_H
#define TESTS_SIM_NODE_KEYSPACE_INSIDE_H

#include "base/map.h"
#include "keyspace.h"

enum type { TYPE_STRING, TYPE_HASH, TYPE_LIST, TYPE_ZSET, TYPE_SET, TYPE_STREAM };

struct stamp { /* a stream's id */
	uint64_t ms, n;
};
struct record {
	struct stamp id;
	struct slice *v;
	size_t n;
};
struct owed { /* handed out to a consumer and not acknowledged */
	struct stamp id;
	struct slice consumer;
	uint64_t at_ms;
};
struct value {
	enum type type;
	uint64_t expire_ms;
	struct slice *v; /* string: one; hash: field, value ...; zset: score, member ... */
	size_t n, cap;
	struct record *records;
	size_t record_count, record_cap;
	struct stamp last, group_last;
	struct slice group; /* p NULL: none */
	struct owed *owed;
	size_t owed_count, owed_cap;
};
struct keyspace {
	struct map map;
};
struct call {
	struct keyspace *k;
	const struct slice *v;
	size_t n;
	uint64_t now_ms;
	struct str *reply;
	struct value *value; /* of the key, or NULL */
	bool wrote, nothing;
};

/* A copy of the bytes, and its end. */
struct slice keep(struct slice s);
void drop(struct slice *s);

/* Replies, in RESP. */
void say_error(struct call *c, const char *text);
void say_ok(struct call *c);
void say_int(struct call *c, int64_t v);
void say_nil(struct call *c);
void say_array(struct call *c, size_t n);
void say_text(struct call *c, struct slice s);
void say_stamp(struct call *c, struct stamp id);
void say_record(struct call *c, const struct record *r);

/* The strings of a value; find: where it stands, o->n when nowhere. */
void items_add(struct value *o, size_t at, struct slice s);
void items_set(struct value *o, size_t at, struct slice s);
void items_remove(struct value *o, size_t at, size_t count);
size_t items_find(const struct value *o, size_t from, size_t step, struct slice s);
void record_drop(struct record *r);

/* made: the value of the key, new when it is absent; is_of says the error when it is of another type. */
void key_remove(struct call *c, struct slice key);
struct value *key_find(struct call *c, struct slice key);
struct value *key_made(struct call *c, enum type type);
bool is_of(struct call *c, enum type type);
bool is_number(struct call *c, struct slice s);
int64_t number(struct slice s);
bool range(struct call *c, size_t n, size_t *from, size_t *to);

/* ---- the table ---- */

/* X(verb, function, least words, writes, takes memory) */
#define COMMANDS_KNOWN(X)                                                                          \
	X("SET", run_set, 3, true, true)                                                           \
	X("GET", run_get, 2, false, false)                                                         \
	X("INCR", run_incr, 2, true, true)                                                         \
	X("DEL", run_del, 2, true, false)                                                          \
	X("EXISTS", run_exists, 2, false, false)                                                   \
	X("PEXPIRE", run_pexpire, 3, true, false)                                                  \
	X("TTL", run_ttl, 2, false, false)                                                         \
	X("TYPE", run_type, 2, false, false)                                                       \
	X("SCAN", run_scan, 2, false, false)                                                       \
	X("HSET", run_hset, 4, true, true)                                                         \
	X("HGET", run_hget, 3, false, false)                                                       \
	X("HMGET", run_hmget, 3, false, false)                                                     \
	X("HGETALL", run_hgetall, 2, false, false)                                                 \
	X("HINCRBY", run_hincrby, 4, true, true)                                                   \
	X("RPUSH", run_rpush, 3, true, true)                                                       \
	X("LSET", run_lset, 4, true, true)                                                         \
	X("LINDEX", run_lindex, 3, false, false)                                                   \
	X("LRANGE", run_lrange, 4, false, false)                                                   \
	X("SADD", run_sadd, 3, true, true)                                                         \
	X("SREM", run_srem, 3, true, false)                                                        \
	X("SMEMBERS", run_smembers, 2, false, false)                                               \
	X("SISMEMBER", run_sismember, 3, false, false)                                             \
	X("ZADD", run_zadd, 4, true, true)                                                         \
	X("ZRANGE", run_zrange, 4, false, false)                                                   \
	X("ZREVRANGE", run_zrevrange, 4, false, false)                                             \
	X("ZREMRANGEBYRANK", run_zremrangebyrank, 4, true, false)                                  \
	X("ZREM", run_zrem, 3, true, false)                                                        \
	X("ZCARD", run_zcard, 2, false, false)                                                     \
	X("ZSCORE", run_zscore, 3, false, false)                                                   \
	X("XADD", run_xadd, 5, true, true)                                                         \
	X("XLEN", run_xlen, 2, false, false)                                                       \
	X("XTRIM", run_xtrim, 4, true, false)                                                      \
	X("XDEL", run_xdel, 3, true, false)                                                        \
	X("XRANGE", run_xrange, 4, false, false)                                                   \
	X("XREVRANGE", run_xrevrange, 4, false, false)                                             \
	X("XREAD", run_xread, 4, false, false)                                                     \
	X("XREADGROUP", run_xreadgroup, 7, true, false)                                            \
	X("XGROUP", run_xgroup, 5, true, true)                                                     \
	X("XAUTOCLAIM", run_xautoclaim, 6, true, false)                                            \
	X("XPENDING", run_xpending, 3, false, false)                                               \
	X("XACK", run_xack, 4, true, false)

#define COMMAND_RUNS(verb, run, ...) void run(struct call *c);
COMMANDS_KNOWN(COMMAND_RUNS)
#undef COMMAND_RUNS

#endif
