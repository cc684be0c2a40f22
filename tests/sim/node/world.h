/*
 * The world that the simulated node lives in: one clock, one source of chance, one list of what happens next. Everything that
 * takes time is an event; nothing happens between two events, so a death between any two of them is a death anywhere.
 *
 *   world ─┬─ events   heap by time: turns of a node, bytes on their way, people, faults
 *          ├─ redis    the model: redis.h
 *          └─ procs    usherd's insides, each life a new one: proc.h
 *
 * One world at a time in a process; the same seed gives the same world, event for event.
 */
#ifndef TESTS_SIM_NODE_WORLD_H
#define TESTS_SIM_NODE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/str.h"

enum { MS = 1000, SECOND = 1000 * MS };

struct happening {
	struct heap_node node;
	void (*fn)(void *arg);
	void *arg;
};

/* X(name, what): what a schedule went through, added up over all of them. */
#define TALLIES(X)                                                                                 \
	X(messages, "messages acknowledged")                                                       \
	X(repeats, "deliveries repeated")                                                          \
	X(answered, "replies of agents")                                                           \
	X(mailed, "answers mailed to who had left the chat")                                       \
	X(commits, "commits")                                                                      \
	X(recoveries, "recoveries")                                                                \
	X(kills, "usherd killed")                                                                  \
	X(stops, "usherd stopped")                                                                 \
	X(stalls, "usherd or Redis stopped for a while")                                           \
	X(redis_deaths, "Redis killed")                                                            \
	X(tails, "commands lost with an unsynced tail")                                            \
	X(cuts, "connections cut")                                                                 \
	X(late, "commands executed for who was dead")                                              \
	X(void_execs, "EXECs made void by WATCH")                                                  \
	X(refused, "commands refused by a full Redis")                                             \
	X(jumps, "clock jumps")                                                                    \
	X(flaps, "desks lost")                                                                     \
	X(extra, "replies said twice")

struct tallies {
#define TALLY_MEMBER(name, what) uint64_t name;
	TALLIES(TALLY_MEMBER)
#undef TALLY_MEMBER
};

struct world {
	uint64_t seed, chance;
	uint64_t now_us; /* of the one monotonic clock */
	int64_t skew_us; /* of the one wall clock */
	struct heap events;
	struct arena arena;
	bool trace;
	uint64_t slow; /* everything on a wire takes this many times as long */
	char why[400]; /* the first thing that must not be; empty: none yet */
	struct tallies tally;
};
extern struct world world;

void world_begin(uint64_t seed, bool trace);
void world_end(void);
/* Runs what is next; false: nothing is. */
bool world_step(void);
void world_at(uint64_t after_us, void (*fn)(void *arg), void *arg);
/* The same for an event that can be moved. */
void world_move(struct happening *e, uint64_t at_us);
void world_cancel(struct happening *e);
void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void world_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t world_wall_us(void);

uint64_t chance_u64(void);
uint64_t chance_below(uint64_t n);
/* true once in n times. */
bool chance_one_in(uint64_t n);
/* Mostly short, now and then long: what a wire or a scheduler takes. */
uint64_t chance_delay_us(void);

#endif
