/*
 * Who routes a domain: takes the lease, keeps it, gives it back. Called by the router. The lease only keeps nodes from
 * taking turns; what keeps the data right is the epoch (fence.h), so every answer here may be late.
 *
 *   IDLE ─ take ─▶ WANTED ─ SET NX / ours ─▶ RAISING ─ INCR epoch ─▶ HELD ─ renew every third ─▶ HELD
 *                    └ held by another: asked again                    └ another's, or epoch raised ─▶ IDLE, lost(why)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "store/commit.h"
#include "store/fence.h"
#include "store/inside.h"

enum { LEASE_POLL_MS = LEASE_MS / 10, LEASE_RENEW_MS = LEASE_MS / 3 };

struct lease {
	struct store *store;
	enum { LEASE_IDLE, LEASE_WANTED, LEASE_RAISING, LEASE_HELD } state;
	struct loop_timer *timer;
	uint64_t serial; /* answers to questions of an earlier life count for nothing */
	void (*taken)(void *arg, int status, uint64_t epoch);
	void (*lost)(void *arg, const char *why);
	void *arg;
	void (*released)(void *arg);
	void *released_arg;
	bool said_waiting;
};
struct lease_ask {
	struct lease *lease;
	uint64_t serial;
};

/* The answer's lease, or NULL when it is out of date. */
static struct lease *lease_of_answer(void *arg)
{
	struct lease_ask *ask = arg;
	struct lease *l = ask->serial == ask->lease->serial ? ask->lease : NULL;

	free(ask);
	return l;
}

/* SET lease NODE NX PX ms; GET lease; GET epoch; TTL lease, as one. */
static void lease_ask(struct lease *l, link_fn fn)
{
	const struct keys *k = &l->store->keys;
	struct slice lease = key_slice(&k->lease), node = slice_of(l->store->node);
	struct arena arena = { 0 };
	struct str commands = { 0 };
	struct slice ms = arena_printf(&arena, "%d", LEASE_MS);
	struct slice set[] = { SLICE("SET"), lease, node, SLICE("NX"), SLICE("PX"), ms };
	struct slice get[] = { SLICE("GET"), lease };
	struct slice epoch[] = { SLICE("GET"), key_slice(&k->epoch) };
	struct slice ttl[] = { SLICE("TTL"), lease };
	struct lease_ask *ask = mem_alloc(sizeof(*ask));

	*ask = (struct lease_ask){ l, ++l->serial };
	resp_command(&commands, &(struct argv){ set, 6, 6 });
	resp_command(&commands, &(struct argv){ get, 2, 2 });
	resp_command(&commands, &(struct argv){ epoch, 2, 2 });
	resp_command(&commands, &(struct argv){ ttl, 2, 2 });
	link_multi(l->store->ask, str_slice(&commands), 4, fn, ask);
	str_free(&commands);
	arena_free(&arena);
}

static void lease_ignore(void *arg, int status, const struct reply *r)
{
	(void)arg;
	(void)status;
	(void)r;
}

/* As long as a lease is from now on, whoever has it. */
static void lease_prolong(struct lease *l)
{
	char ms[16];
	snprintf(ms, sizeof(ms), "%d", LEASE_MS);
	struct slice words[] = { SLICE("PEXPIRE"), key_slice(&l->store->keys.lease), slice_of(ms) };

	link_call(l->store->ask, &(struct argv){ words, 3, 3 }, lease_ignore, NULL);
}

/* ---- taking ---- */

static void lease_raised(void *arg, int status, const struct reply *r)
{
	struct lease *l = lease_of_answer(arg);

	if (!l)
		return;
	if (!r || status) {
		l->state = LEASE_WANTED; /* raised or not: another raise does no harm */
		loop_timer_set(l->timer, (uint64_t)LEASE_POLL_MS * 1000);
		return;
	}
	uint64_t epoch = reply_u64(r);
	l->state = LEASE_HELD;
	fence_set_epoch(l->store->fence, epoch);
	loop_timer_set(l->timer, (uint64_t)LEASE_RENEW_MS * 1000);
	log_info("store", "this node routes domain=%s epoch=%llu", l->store->domain,
		(unsigned long long)epoch);
	l->taken(l->arg, 0, epoch);
}

static void lease_wanted(void *arg, int status, const struct reply *r)
{
	struct lease *l = lease_of_answer(arg);

	if (!l)
		return;
	if (!r || status || !reply_is(reply_at(r, 1), l->store->node)) {
		/* Redis' clock was put back: who has it may be dead, and would have it for as long again. */
		if (r && status == 0 && reply_u64(reply_at(r, 3)) > LEASE_MS / 1000 + 1)
			lease_prolong(l);
		if (r && status == 0 && !l->said_waiting) {
			l->said_waiting = true;
			log_info("store", "another node routes, waiting domain=%s node=%.*s",
				l->store->domain, SLICE_ARG(reply_at(r, 1)->text));
		}
		loop_timer_set(l->timer, (uint64_t)LEASE_POLL_MS * 1000);
		return;
	}
	/* On the write link: the WATCH of the first commit comes behind it. */
	struct slice words[] = { SLICE("INCR"), key_slice(&l->store->keys.epoch) };
	struct lease_ask *ask = mem_alloc(sizeof(*ask));
	*ask = (struct lease_ask){ l, ++l->serial };
	l->state = LEASE_RAISING;
	lease_prolong(l);
	link_call(l->store->write, &(struct argv){ words, 2, 2 }, lease_raised, ask);
}

/* ---- keeping ---- */

static void lease_end(struct lease *l)
{
	l->state = LEASE_IDLE;
	l->serial++;
	loop_timer_clear(l->timer);
}

static void lease_renewed(void *arg, int status, const struct reply *r)
{
	struct lease *l = lease_of_answer(arg);
	char why[160];

	if (!l)
		return;
	/* While Redis is away nobody else can take it either. */
	if (!r || status) {
		loop_timer_set(l->timer, (uint64_t)LEASE_POLL_MS * 1000);
		return;
	}
	if (reply_is(reply_at(r, 1), l->store->node) &&
		reply_u64(reply_at(r, 2)) == fence_epoch(l->store->fence)) {
		lease_prolong(l);
		loop_timer_set(l->timer, (uint64_t)LEASE_RENEW_MS * 1000);
		return;
	}
	snprintf(why, sizeof(why), "node %.*s has taken over", SLICE_ARG(reply_at(r, 1)->text));
	lease_end(l);
	l->lost(l->arg, why);
}

void lease_fenced(struct lease *l)
{
	if (l->state == LEASE_HELD)
		lease_end(l);
}

static void lease_timer(void *arg)
{
	struct lease *l = arg;

	if (l->state == LEASE_WANTED)
		lease_ask(l, lease_wanted);
	else if (l->state == LEASE_HELD)
		lease_ask(l, lease_renewed);
}

void lease_take(struct store *s, void (*taken)(void *arg, int status, uint64_t epoch),
	void (*lost)(void *arg, const char *why), void *arg)
{
	struct lease *l = s->lease;

	ASSERT(taken && lost);
	lease_end(
		l); /* the router recovers while the lease is still ours: it is taken anew, with a higher epoch */
	l->state = LEASE_WANTED;
	l->taken = taken;
	l->lost = lost;
	l->arg = arg;
	l->said_waiting = false;
	lease_ask(l, lease_wanted);
}

/* ---- giving back ---- */

static void lease_given(void *arg, int status, const struct reply *r)
{
	struct lease *l = arg;

	(void)status;
	(void)r; /* when it was not given back it runs out */
	l->released(l->released_arg);
}

static void lease_looked(void *arg, int status, const struct reply *r)
{
	struct lease *l = arg;
	struct slice words[] = { SLICE("DEL"), key_slice(&l->store->keys.lease) };

	if (!r || status || !reply_is(r, l->store->node))
		lease_given(l, status, r);
	else
		link_call(l->store->ask, &(struct argv){ words, 2, 2 }, lease_given, l);
}

void lease_release(struct store *s, void (*done)(void *arg), void *arg)
{
	struct lease *l = s->lease;
	struct slice words[] = { SLICE("GET"), key_slice(&s->keys.lease) };

	lease_end(l);
	fence_set_epoch(s->fence, 0);
	l->released = done;
	l->released_arg = arg;
	link_call(s->ask, &(struct argv){ words, 2, 2 }, lease_looked, l);
}

struct lease *lease_new(struct store *s)
{
	struct lease *l = mem_alloc(sizeof(*l));

	l->store = s;
	l->timer = loop_timer_new(s->loop, lease_timer, l);
	return l;
}

void lease_free(struct lease **lease)
{
	if (!*lease)
		return;
	loop_timer_free(&(*lease)->timer);
	free(*lease);
	*lease = NULL;
}
