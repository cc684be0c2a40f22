/*
 * net/conn.h over the model Redis, instead of src/net/conn.c: bytes take time, arrive in pieces, and are in the kernel when the
 * process dies. Called by src/store/link.c as ever.
 *
 *   conn_write ─▶ out ── flush ─▶ kernel (redis_send) ... redis_back ── delivery ─▶ in ── the loop's turn ─▶ data
 */
#include "net/conn.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/list.h"
#include "conn.h"
#include "net/loop_private.h"
#include "proc.h"
#include "redis.h"
#include "world.h"

enum state { DIALING, OPEN, ENDING, GONE };

struct conn {
	struct list_node node;
	struct loop *loop;
	const struct conn_ops *ops;
	void *arg;
	enum state state;
	struct loop_soon soon;
	struct loop_due due;
	const char *due_why;
	char why[128];
	struct str out, in;
	struct client *peer;
	bool opened_due, flushing, delivering, hung_up, orphan;
	struct str last; /* answered before the server ended it */
};

static struct list conns; /* of this world */

void conns_orphan(const struct loop *loop)
{
	LIST_FOR (c, &conns, struct conn, node) {
		if (loop && c->loop != loop)
			continue;
		list_remove(&c->node);
		c->orphan = true;
		if (c->peer)
			redis_hangup(c->peer, chance_one_in(8));
		c->peer = NULL;
		str_free(&c->out);
		str_free(&c->in);
		str_free(&c->last);
	}
}

static void wake(struct conn *c)
{
	loop_soon_wake(c->loop, &c->soon);
	proc_wake(c->loop);
}

/* ---- ending ---- */

static void let_peer_go(struct conn *c)
{
	if (c->peer)
		redis_hangup(c->peer, chance_one_in(8));
	c->peer = NULL;
}

void conn_close(struct conn *c, const char *why)
{
	if (c->state == ENDING || c->state == GONE)
		return;
	c->state = ENDING;
	snprintf(c->why, sizeof(c->why), "%s", why);
	let_peer_go(c);
	str_clear(&c->out);
	wake(c);
}

static void fell_due(struct loop_due *due)
{
	struct conn *c = LIST_ENTRY(due, struct conn, due);

	conn_close(c, c->due_why);
}

/* ---- what happens in a turn of the loop ---- */

static void soon(struct loop_soon *s)
{
	struct conn *c = LIST_ENTRY(s, struct conn, soon);

	if (c->orphan)
		return;
	if (c->opened_due && c->state == OPEN) {
		c->opened_due = false;
		c->ops->opened(c, c->arg);
	}
	if (c->state == OPEN && c->in.n) {
		size_t used = c->ops->data(c, str_slice(&c->in), c->arg);
		str_shift(&c->in, used);
	}
	if (c->state == OPEN && c->hung_up && !c->delivering)
		conn_close(c, "closed by the peer");
	if (c->state == ENDING) {
		c->state = GONE;
		loop_due_clear(c->loop, &c->due);
		loop_soon_clear(&c->soon);
		list_remove(&c->node);
		c->ops->closed(c, c->why, c->arg);
		str_free(&c->out);
		str_free(&c->in);
		str_free(&c->last);
	}
}

/* ---- bytes ---- */

static void flush(void *arg)
{
	struct conn *c = arg;
	size_t n = c->out.n;

	c->flushing = false;
	if (c->orphan || c->state != OPEN || !c->peer || !n)
		return;
	if (chance_one_in(10))
		n = 1 + chance_below(n);
	redis_send(c->peer, slice_make(c->out.p, n));
	str_shift(&c->out, n);
	if (c->out.n) {
		c->flushing = true;
		world_at(chance_delay_us(), flush, c);
	}
}

void conn_write(struct conn *c, struct slice bytes)
{
	if (c->state != OPEN)
		return;
	str_add(&c->out, bytes);
	if (!c->flushing) {
		c->flushing = true;
		world_at(chance_delay_us(), flush, c);
	}
}

static void delivery(void *arg)
{
	struct conn *c = arg;
	struct str *back;
	size_t n;

	c->delivering = false;
	if (c->orphan || c->state != OPEN)
		return;
	back = c->peer ? redis_back(c->peer) : &c->last;
	n = back->n;
	if (n > 1 && chance_one_in(10))
		n = 1 + chance_below(n);
	str_add(&c->in, slice_make(back->p, n));
	str_shift(back, n);
	if (back->n)
		conn_answered(c);
	else if (n && c->peer && !c->out.n && redis_says_twice(c->peer))
		str_add(&c->in, SLICE("+OK\r\n"));
	wake(c);
}

void conn_answered(struct conn *c)
{
	if (c->delivering)
		return;
	c->delivering = true;
	world_at(chance_delay_us(), delivery, c);
}

void conn_hung_up(struct conn *c)
{
	struct str *back = redis_back(c->peer);

	str_add(&c->last, str_slice(back));
	str_free(back);
	c->peer = NULL;
	c->hung_up = true;
	conn_answered(c);
}

/* ---- beginning ---- */

static void dialled(void *arg)
{
	struct conn *c = arg;

	if (c->orphan || c->state != DIALING)
		return;
	c->peer = redis_accept(c);
	if (!c->peer) {
		conn_close(c, "connection refused");
		return;
	}
	c->state = OPEN;
	c->opened_due = true;
	wake(c);
}

struct conn *conn_dial(struct loop *loop, const char *address, struct tls *tls,
	const struct conn_ops *ops, void *arg)
{
	struct conn *c = arena_alloc(&world.arena, sizeof(*c));

	(void)address;
	ASSERT(!tls);
	*c = (struct conn){ .loop = loop,
		.ops = ops,
		.arg = arg,
		.soon = { .fn = soon },
		.due = { .fn = fell_due } };
	list_push_back(&conns, &c->node);
	world_at(chance_delay_us(), dialled, c);
	return c;
}

void conn_set_ops(struct conn *c, const struct conn_ops *ops, void *arg)
{
	c->ops = ops;
	c->arg = arg;
}

void conn_deadline(struct conn *c, uint64_t after_us, const char *why)
{
	c->due_why = why;
	loop_due_set(c->loop, &c->due, after_us);
}

void conn_deadline_clear(struct conn *c)
{
	loop_due_clear(c->loop, &c->due);
}
