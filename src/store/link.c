/*
 * The life of one connection to Redis. Called by everything in this room that talks to Redis.
 *
 *   WAITING ─ timer ─▶ DIALING ─ opened ─▶ GREETING ─ AUTH SELECT SETNAME PING ─▶ CHECKING ─ link_admit ─▶ UP
 *      ▲                  │                  │  └ -LOADING: PING again              │                       │
 *      └── closed (why) ◀─┴──────────────────┴──────────────────────────────────────┴───────────────────────┘
 *
 * Never decides what a lost answer means: that is the caller's.
 */
#include "store/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/limits.h"
#include "net/conn.h"

enum link_state { LINK_WAITING, LINK_DIALING, LINK_GREETING, LINK_CHECKING, LINK_UP };
enum { RETRY_FIRST_MS = 20, RETRY_MAX_MS = 2000, LOADING_POLL_MS = 50, LOADING_LOG_MS = 5000 };
enum { OUT_KEEP_BYTES = 1 << 20 };

struct call {
	link_fn fn;
	void *arg;
	size_t before;	/* replies of its commands before the one that counts */
	int refused;	/* the first error among those; of a late call: its status */
	uint64_t at_us; /* when it was sent */
};
/* A ring that grows. */
struct calls {
	struct call *v;
	size_t head, count, cap;
};

struct link {
	struct loop *loop;
	const char *name;
	const struct link_target *to;
	const struct link_ops *ops;
	void *arg;
	enum link_state state;
	struct conn *conn;
	struct resp_reader *reader;
	struct calls calls; /* in flight, then unsent */
	size_t unsent;	    /* how many at the end are only in `out` */
	struct calls late;  /* answered without Redis, at the tail */
	struct str out;
	struct loop_tail *tail;
	struct loop_timer *retry, *watchdog, *poll;
	uint64_t retry_ms;
	uint64_t loading_since_us, loading_logged_us;
	bool in_check;	    /* inside ops->check or what it called for: its calls are taken */
	bool closing;	    /* faulted: `closed` follows at the tail */
	unsigned said_away; /* how often; the second time it is no start of both any more */
};

static void calls_push(struct calls *q, struct call c)
{
	if (q->count == q->cap) {
		size_t cap = q->cap ? q->cap * 2 : 16;
		struct call *v = mem_array(cap, sizeof(*v));
		for (size_t i = 0; i < q->count; i++)
			v[i] = q->v[(q->head + i) % q->cap];
		free(q->v);
		q->v = v;
		q->cap = cap;
		q->head = 0;
	}
	q->v[(q->head + q->count++) % q->cap] = c;
}

static struct call *calls_at(struct calls *q, size_t i)
{
	ASSERT(i < q->count);
	return &q->v[(q->head + i) % q->cap];
}

static struct call calls_pop(struct calls *q)
{
	struct call c = *calls_at(q, 0);

	q->head = (q->head + 1) % q->cap;
	q->count--;
	return c;
}

/* ---- sending ---- */

static void link_enqueue(struct link *l, link_fn fn, void *arg, size_t before)
{
	calls_push(&l->calls, (struct call){ .fn = fn, .arg = arg, .before = before });
	l->unsent++;
	loop_tail_wake(l->tail);
}

static bool link_takes(struct link *l, link_fn fn, void *arg)
{
	if ((l->state == LINK_UP || l->in_check) && !l->closing)
		return true;
	link_later(l, -EAGAIN, fn, arg);
	return false;
}

void link_later(struct link *l, int status, link_fn fn, void *arg)
{
	calls_push(&l->late, (struct call){ .fn = fn, .arg = arg, .refused = status });
	loop_tail_wake(l->tail);
}

void link_call(struct link *l, const struct argv *command, link_fn fn, void *arg)
{
	ASSERT(fn);
	if (!link_takes(l, fn, arg))
		return;
	resp_command(&l->out, command);
	link_enqueue(l, fn, arg, 0);
}

void link_multi(struct link *l, struct slice commands, size_t count, link_fn fn, void *arg)
{
	ASSERT(fn && count > 0);
	if (!link_takes(l, fn, arg))
		return;
	str_add(&l->out, SLICE("*1\r\n$5\r\nMULTI\r\n"));
	str_add(&l->out, commands);
	str_add(&l->out, SLICE("*1\r\n$4\r\nEXEC\r\n"));
	link_enqueue(l, fn, arg, count + 1);
}

/* One write for everything of this turn. */
static void link_flush(struct link *l)
{
	uint64_t now = loop_monotonic_us(l->loop);

	for (size_t i = l->calls.count - l->unsent; i < l->calls.count; i++)
		calls_at(&l->calls, i)->at_us = now;
	if (l->unsent == l->calls.count)
		loop_timer_set(l->watchdog, (uint64_t)REDIS_CALL_MS * 1000);
	l->unsent = 0;
	conn_write(l->conn, str_slice(&l->out));
	if (l->out.cap > OUT_KEEP_BYTES)
		str_free(&l->out);
	else
		str_clear(&l->out);
}

static void link_fail(struct calls *q, size_t count, int status)
{
	while (count--) {
		struct call c = calls_pop(q);
		c.fn(c.arg, status, NULL);
	}
}

static void link_at_tail(void *arg)
{
	struct link *l = arg;

	if (l->unsent && l->conn && !l->closing)
		link_flush(l);
	for (size_t n = l->late.count; n > 0; n--) {
		struct call c = calls_pop(&l->late);
		c.fn(c.arg, c.refused, NULL);
	}
}

static void link_late(void *arg)
{
	struct link *l = arg;
	uint64_t now = loop_monotonic_us(l->loop), most = (uint64_t)REDIS_CALL_MS * 1000;

	if (l->calls.count == l->unsent || !l->conn)
		return;
	uint64_t at = calls_at(&l->calls, 0)->at_us;
	if (at + most <= now)
		link_fault(l, "redis: no answer in time");
	else
		loop_timer_set(l->watchdog, at + most - now);
}

/* ---- receiving ---- */

/* One reply to the oldest call. */
static void link_answer(struct link *l, const struct reply *r)
{
	struct call *oldest = calls_at(&l->calls, 0);
	int status = reply_status(r);

	if (oldest->before > 0) {
		oldest->before--;
		if (status && !oldest->refused) {
			oldest->refused = status;
			log_warn("store", "redis refused a command link=%s why=%.*s", l->name,
				SLICE_ARG(r->text));
		}
		return;
	}
	struct call c = calls_pop(&l->calls);
	l->in_check = l->state == LINK_CHECKING;
	c.fn(c.arg, status && c.refused ? c.refused : status, r);
	l->in_check = false;
}

static size_t link_data(struct conn *conn, struct slice bytes, void *arg)
{
	struct link *l = arg;
	struct err err = { "" };

	(void)conn;
	for (size_t used = 0; used < bytes.n;) {
		size_t n = bytes.n - used < RESP_PIECE ? bytes.n - used : RESP_PIECE;
		const struct reply *r = NULL;
		int status = resp_feed(l->reader, slice_make(bytes.p + used, n), &err);
		used += n;
		while (status == 0 && (status = resp_next(l->reader, &r, &err)) == 0 && r) {
			if (l->calls.count == l->unsent)
				status = err_set(&err, EPROTO, "an answer without a question");
			else
				link_answer(l, r);
			if (l->closing)
				return bytes.n;
		}
		if (status) {
			err_prefix(&err, "redis");
			link_fault(l, err.text);
			return bytes.n;
		}
	}
	return bytes.n;
}

/* ---- the greeting ---- */

static void link_ask(struct link *l, const char *const *words, link_fn fn)
{
	struct argv a = { 0 };

	for (; *words; words++)
		argv_add_text(&a, *words);
	resp_command(&l->out, &a);
	argv_free(&a);
	link_enqueue(l, fn, l, 0);
}

static void link_greeted(void *arg, int status, const struct reply *r)
{
	struct link *l = arg;

	if (!r || status == 0 || l->closing)
		return;
	char why[256];
	snprintf(why, sizeof(why), "redis refuses us: %.*s", SLICE_ARG(r->text));
	if (l->ops->refused)
		l->ops->refused(why, l->arg);
	link_fault(l, why);
}

static void link_named(void *arg, int status, const struct reply *r)
{
	(void)arg;
	(void)status;
	(void)r; /* the name is only for people */
}

static void link_pinged(void *arg, int status, const struct reply *r);

static void link_ping(void *arg)
{
	struct link *l = arg;

	if (l->state == LINK_GREETING && !l->closing)
		link_ask(l, (const char *const[]){ "PING", NULL }, link_pinged);
}

static void link_loading(struct link *l)
{
	uint64_t now = loop_monotonic_us(l->loop);

	if (!l->loading_since_us)
		l->loading_since_us = l->loading_logged_us = now;
	if (now - l->loading_logged_us >= (uint64_t)LOADING_LOG_MS * 1000) {
		l->loading_logged_us = now;
		log_info("store", "redis is loading its data link=%s seconds=%llu", l->name,
			(unsigned long long)((now - l->loading_since_us) / 1000000));
	}
	loop_timer_set(l->poll, LOADING_POLL_MS * 1000);
}

static void link_pinged(void *arg, int status, const struct reply *r)
{
	struct link *l = arg;

	if (!r || l->closing)
		return;
	if (status == -EAGAIN) {
		link_loading(l);
		return;
	}
	if (status) {
		link_greeted(arg, status, r);
		return;
	}
	l->loading_since_us = 0;
	l->state = LINK_CHECKING;
	if (!l->ops->check) {
		link_admit(l);
		return;
	}
	l->in_check = true;
	l->ops->check(l->arg);
	l->in_check = false;
}

void link_admit(struct link *l)
{
	if (l->state != LINK_CHECKING || l->closing)
		return;
	l->state = LINK_UP;
	l->retry_ms = RETRY_FIRST_MS;
	l->said_away = 0;
	log_debug("store", "link up name=%s", l->name);
	l->ops->up(l->arg);
}

static void link_opened(struct conn *conn, void *arg)
{
	struct link *l = arg;
	const struct link_target *to = l->to;
	char db[24];

	conn_deadline_clear(conn);
	l->state = LINK_GREETING;
	if (to->pass && to->user)
		link_ask(
			l, (const char *const[]){ "AUTH", to->user, to->pass, NULL }, link_greeted);
	else if (to->pass)
		link_ask(l, (const char *const[]){ "AUTH", to->pass, NULL }, link_greeted);
	if (to->db) {
		snprintf(db, sizeof(db), "%llu", (unsigned long long)to->db);
		link_ask(l, (const char *const[]){ "SELECT", db, NULL }, link_greeted);
	}
	link_ask(l, (const char *const[]){ "CLIENT", "SETNAME", to->client, NULL }, link_named);
	link_ping(l);
}

/* ---- losing and finding it again ---- */

static void link_retry_later(struct link *l)
{
	uint32_t chance;

	chance_bytes(&chance, sizeof(chance));
	/* Half to one and a half of it, so that many clients of one Redis do not come back as one. */
	uint64_t us = l->retry_ms * 500 + chance % (l->retry_ms * 1000);
	l->retry_ms = l->retry_ms * 2 < RETRY_MAX_MS ? l->retry_ms * 2 : RETRY_MAX_MS;
	loop_timer_set(l->retry, us);
}

/* The conn is gone or going: nothing of it may reach us any more. */
static void link_lost(struct link *l, const char *why)
{
	bool was_up = l->state == LINK_UP;
	size_t unsent = l->unsent, sent = l->calls.count - unsent;

	l->conn = NULL;
	l->closing = false;
	l->state = LINK_WAITING;
	l->unsent = 0;
	str_clear(&l->out);
	resp_reader_free(&l->reader);
	loop_timer_clear(l->watchdog);
	loop_timer_clear(l->poll);
	link_retry_later(l);
	if (was_up)
		l->ops->down(why, l->arg);
	else if (!l->said_away) {
		log_info("store", "redis is away, trying again link=%s why=%s", l->name, why);
		l->said_away = 1;
	} else if (l->said_away == 1 && l->retry_ms == RETRY_MAX_MS) {
		log_warn("store",
			"redis is still away: nothing is served before it answers link=%s why=%s",
			l->name, why);
		l->said_away = 2;
	}
	/* Callbacks may make new calls; those are refused at the tail, as the state is no longer UP. */
	link_fail(&l->calls, sent, -EIO);
	link_fail(&l->calls, unsent, -EAGAIN);
}

static void link_closed(struct conn *conn, const char *why, void *arg)
{
	struct link *l = arg;

	if (l->conn == conn)
		link_lost(l, why);
}

static const struct conn_ops link_conn_ops = {
	.opened = link_opened,
	.data = link_data,
	.closed = link_closed,
};

static size_t nobody_data(struct conn *conn, struct slice bytes, void *arg)
{
	(void)conn;
	(void)arg;
	return bytes.n;
}

static void nobody_closed(struct conn *conn, const char *why, void *arg)
{
	(void)conn;
	(void)why;
	(void)arg;
}

static const struct conn_ops nobody = { .data = nobody_data, .closed = nobody_closed };

void link_fault(struct link *l, const char *why)
{
	/* `closed` follows at the tail; the calls are failed there, not inside the caller's call. */
	if (!l->conn || l->closing)
		return;
	l->closing = true;
	conn_close(l->conn, why);
}

static void link_dial(void *arg)
{
	struct link *l = arg;

	ASSERT(!l->conn);
	l->state = LINK_DIALING;
	l->reader = resp_reader_new();
	l->conn = conn_dial(l->loop, l->to->dial, l->to->tls, &link_conn_ops, l);
	conn_deadline(l->conn, (uint64_t)REDIS_CALL_MS * 1000, "redis: cannot connect in time");
}

struct link *link_new(struct loop *loop, const char *name, const struct link_target *to,
	const struct link_ops *ops, void *arg)
{
	struct link *l = mem_alloc(sizeof(*l));

	l->loop = loop;
	l->name = name;
	l->to = to;
	l->ops = ops;
	l->arg = arg;
	l->retry_ms = RETRY_FIRST_MS;
	l->tail = loop_tail_new(loop, link_at_tail, l);
	l->retry = loop_timer_new(loop, link_dial, l);
	l->watchdog = loop_timer_new(loop, link_late, l);
	l->poll = loop_timer_new(loop, link_ping, l);
	return l;
}

void link_start(struct link *l)
{
	ASSERT(l->state == LINK_WAITING);
	link_dial(l);
}

void link_free(struct link **link)
{
	struct link *l = *link;

	if (!l)
		return;
	*link = NULL;
	if (l->conn) {
		conn_set_ops(l->conn, &nobody, NULL);
		conn_close(l->conn, "the store is closed");
	}
	resp_reader_free(&l->reader);
	loop_tail_free(&l->tail);
	loop_timer_free(&l->retry);
	loop_timer_free(&l->watchdog);
	loop_timer_free(&l->poll);
	str_free(&l->out);
	free(l->calls.v);
	free(l->late.v);
	free(l);
}

bool link_is_up(const struct link *l)
{
	return l && l->state == LINK_UP;
}

size_t link_inflight(const struct link *l)
{
	return l->calls.count;
}

uint64_t link_oldest_us(const struct link *l)
{
	if (l->calls.count == l->unsent)
		return 0;
	return loop_monotonic_us(l->loop) - l->calls.v[l->calls.head].at_us;
}
