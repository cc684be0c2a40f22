/*
 * The router's own state; private to this folder.
 *
 *   WAITING ──start──▶ TAKING ──lease──▶ RECOVERING ──journal read──▶ LEADING
 *      ▲                  │                   │                          │ commit failed, lease lost, store down
 *      └──────────────────┴───────────────────┴──────────────────────────┘
 */
#ifndef USHER_ROUTER_PRIVATE_H
#define USHER_ROUTER_PRIVATE_H

#include "base/list.h"
#include "net/loop.h"
#include "router/batch.h"
#include "router/glance.h"
#include "router/router.h"

enum router_state { ROUTER_WAITING, ROUTER_TAKING, ROUTER_RECOVERING, ROUTER_LEADING };

struct reader {
	struct list_node node;
	void (*fn)(void *arg, const struct engine *e, uint64_t push_n);
	void *arg;
};

struct router {
	struct loop *loop;
	struct store *store;
	const struct config *config;
	const struct config *config_next; /* in force from the next batch on; NULL: none */
	void (*configured)(void *arg);
	void *configured_arg;
	const struct router_ops *ops;
	void *arg;
	enum router_state state;
	struct engine *engine;
	struct loop_tail *tail;
	struct loop_timer *timer; /* the engine's next deadline, the next glance, the next mail */
	struct loop_timer *again; /* the next try to lead */
	struct batch *turn;	  /* on its way to disk; busy says whether it is */
	struct batch *next;	  /* filled while the turn is under way */
	bool busy, filled, following, stopping;
	struct stream_id inbox_after;
	uint64_t journal_n, push_n, snapshot_n, epoch;
	size_t snapshot_bytes; /* of the last one; what the next may cost */
	struct glance glance;
	uint64_t clock_us;	/* router_now_us as last read */
	uint64_t clock_read_us; /* when that was, monotonic */
	bool clock_was_put_back;
	uint64_t away_us; /* when somebody who left is to be mailed; 0: not known yet */
	struct list readers;
	struct router_counts counts;
	uint64_t commit_began_us;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* turn.c: takes what is filled, or what is due, and brings it to disk; wakes itself until there is nothing. */
void turn_run(struct router *r);
/* recover.c */
void recover_start(struct router *r);
/* router.c: everything in memory is forgotten; the journal knows. */
void router_fail(struct router *r, const char *why);
/* The inbox goes on after `inbox_after`. */
void router_follow(struct router *r);
void router_wake(struct router *r);
/*
 * The wall clock as the engine has it: it never goes back and never stands still. Where the machine's was put back it goes on at half speed until the two
 * agree: what is due comes late by as much again, and not by as much as the clock was put back.
 */
uint64_t router_now_us(struct router *r);

#endif
