/*
 * The insides of a run, shared by run.c (what happens), room.c (who waits and who has nothing), promise.c (what the engine
 * promised) and start.c. Nobody else includes this.
 *
 *   agenda (heap by time) ─┬─ source: the next arrival of a type         source.first ──▶ its waiting calls, in order
 *                          └─ call:   while it waits, when it leaves;    bench.first  ──▶ idle workers of a group,
 *                                     while it is served, when that ends                  longest idle first
 *
 * A call is a place in a chunk that is used again; its conversation's id is (serial, place), so ids never repeat and an
 * event finds its call without a search.
 */
#ifndef TESTS_SIM_RUN_PRIVATE_H
#define TESTS_SIM_RUN_PRIVATE_H

#include <errno.h>
#include <math.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/map.h"
#include "engine/engine.h"
#include "random.h"
#include "run.h"

#define RUN_START_US UINT64_C(1767571200000000) /* Monday 2026-01-05 00:00 UTC */

enum call_state { CALL_FREE, CALL_WAITS, CALL_SERVED };
struct call {
	struct heap_node node; /* first: the agenda finds the call by it */
	uint32_t self;
	uint32_t before,
		after; /* in the list of its type's waiting calls, or (after) of free places; 0 none */
	uint64_t serial, arrived_us;
	double service, patience; /* in means */
	uint32_t type, agent;
	int batch;
	enum call_state state;
};
struct source {
	struct heap_node node; /* first, as above */
	const struct model_type *type;
	struct slice kind, skills;
	double gap_us;
	struct chance arrivals, services, patience;
	bool *serves;	      /* [group] */
	uint32_t first, last; /* waiting calls in the order they came */
	uint64_t waiting;
	int64_t offset_us; /* of its segment */
	int64_t rate;	   /* how much its waiting counts */
	uint64_t held;	   /* agents who must stay free for others */
};
struct worker {
	char name[80];
	uint32_t group, used, calls;
	uint32_t before, after; /* in the list of its group's idle workers; 0 none */
	uint64_t idle_us;	/* since when it has nothing */
};
/* Idle workers of a group, longest idle first. */
struct bench {
	uint32_t first, last;
	uint64_t count;
};
struct offer {
	struct id conv, id;
	uint32_t agent;
};
struct run {
	const struct model *m;
	const struct config *config;
	struct engine *e;
	struct err *err;
	int rc;
	struct heap agenda;
	struct source *sources;
	struct worker *workers;
	size_t worker_count;
	struct map worker_names;
	struct bench *benches; /* [group] */
	struct call **chunks;
	size_t chunk_count;
	uint32_t free_call;
	struct offer *offers;
	size_t offer_count, offer_cap;
	struct chance words;
	uint64_t now_us, serial, steps, open;
	struct tally *t;
};

static inline uint64_t run_after(const struct run *r, double means, double mean_us)
{
	return r->now_us + (uint64_t)llround(means * mean_us);
}

/* room.c: places of calls, and the lists. */
struct call *call_at(const struct run *r, uint64_t place);
struct call *call_new(struct run *r);
void call_free(struct run *r, struct call *c);
void waiting_join(struct run *r, struct call *c);
void waiting_leave(struct run *r, struct call *c);
void bench_join(struct run *r, uint32_t worker);
void bench_leave(struct run *r, uint32_t worker);
void room_free(struct run *r);

/* promise.c: each stops the run with the reason when the engine did not keep it. */
void promise_broken(struct run *r, const struct call *c, const char *what);
/* The choice of this worker for this call, before it begins. */
void promise_offer(struct run *r, const struct call *c, const struct worker *w);
/* After all offers of a step. */
void promise_settled(struct run *r);

/* run.c */
void run_step(struct run *r, struct command *c, const struct call *call);

/* start.c */
void start_sources(struct run *r, uint64_t seed);
void start_workers(struct run *r);
/* Refuses what can have no lasting mean. */
void start_check(struct run *r);

#endif
