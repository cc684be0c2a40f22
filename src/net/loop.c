/*
 * The event loop: libevent for descriptors and signals, one heap for everything with a time, one
 * list for everything deferred. Never reads a clock twice in a turn; never knows what a connection
 * is. Called by every folder above through loop.h, by src/net also through loop_private.h.
 *
 *   turn:  wait ─▶ libevent callbacks ─▶ due timers ─▶ deferred calls ─▶ tails
 *          ▲                                                              │
 *          └──────────── no waiting when something is left ◀──────────────┘
 */
#include "net/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/loop_private.h"

/* A turn with more callbacks than this is cut: the rest stays active for the next turn. */
enum { TURN_CALLBACKS_MAX = 256 };
enum { LONGEST_KEPT_US = 15000000 };

struct loop_clock {
	bool fresh;
	uint64_t wall_us, monotonic_us;
};
/* Processor time of turns. */
struct loop_turns {
	uint64_t used_us;		/* by this thread, up to the end of the last turn */
	uint64_t longest_us, before_us; /* of these 15 s and those before */
	uint64_t since_us;
};
struct loop {
	struct event_base *base;
	struct event *wait; /* ends the wait when something falls due */
	struct event *mail; /* letters from other threads */
	struct mailbox *box;
	struct loop_clock *clock; /* read lazily, hence reachable through const */
	struct heap dues;	  /* loop_due by monotonic microseconds */
	struct list soons;
	struct list tails;
	struct list signals;
	struct loop_tail *next_tail; /* while tails run: where to go on */
	unsigned callbacks;
	struct loop_turns turns;
	bool stopped;
};
struct loop_timer {
	struct loop_due due;
	struct loop *loop;
	loop_fn fn;
	void *arg;
};
struct loop_tail {
	struct list_node node;
	struct loop *loop;
	loop_fn fn;
	void *arg;
	bool woken;
};
struct loop_signal {
	struct list_node node;
	struct event *event;
	loop_fn fn;
	void *arg;
};
struct loop_watch {
	struct loop *loop;
	struct event *event;
	int fd;
	void (*fn)(void *arg, bool readable, bool writable);
	void *arg;
};

static void wait_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void mail_came(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;

	(void)fd;
	(void)what;
	mailbox_run(loop->box);
}

struct loop *loop_new(void)
{
	struct loop *loop = mem_alloc(sizeof(*loop));
	struct event_config *config = event_config_new();

	ASSERT(config);
	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	ASSERT(loop->base);
	loop->clock = mem_alloc(sizeof(*loop->clock));
	loop->box = mailbox_new();
	loop->wait = event_new(loop->base, -1, 0, wait_over, loop);
	loop->mail =
		event_new(loop->base, mailbox_fd(loop->box), EV_READ | EV_PERSIST, mail_came, loop);
	ASSERT(loop->wait && loop->mail);
	ASSERT(event_add(loop->mail, NULL) == 0);
	return loop;
}

static void loop_run_soons(struct loop *loop);

void loop_free(struct loop **loop)
{
	struct loop *l = *loop;

	*loop = NULL;
	if (!l)
		return;
	/* What was closed is still told so; a round may close more. */
	for (int round = 0; round < 16 && l->soons.count > 0; round++)
		loop_run_soons(l);
	mailbox_close(l->box);
	LIST_FOR (s, &l->signals, struct loop_signal, node) {
		list_remove(&s->node);
		event_free(s->event);
		free(s);
	}
	event_free(l->mail);
	event_free(l->wait);
	event_base_free(l->base);
	mailbox_release(&l->box);
	heap_free(&l->dues);
	free(l->clock);
	free(l);
}

static const struct loop_clock *loop_clock_read(const struct loop *loop)
{
	struct loop_clock *clock = loop->clock;

	if (!clock->fresh) {
		clock->wall_us = clock_wall_us();
		clock->monotonic_us = clock_monotonic_us();
		clock->fresh = true;
	}
	return clock;
}

uint64_t loop_wall_us(const struct loop *loop)
{
	return loop_clock_read(loop)->wall_us;
}

uint64_t loop_monotonic_us(const struct loop *loop)
{
	return loop_clock_read(loop)->monotonic_us;
}

static bool loop_has_work(const struct loop *loop)
{
	if (loop->soons.count > 0)
		return true;
	LIST_FOR (t, &loop->tails, struct loop_tail, node) {
		if (t->woken)
			return true;
	}
	return false;
}

/* How long this turn may wait, at most `wait_us`. */
static uint64_t loop_wait_us(struct loop *loop, uint64_t wait_us)
{
	const struct heap_node *first = heap_min(&loop->dues);

	if (loop_has_work(loop))
		return 0;
	if (!first)
		return wait_us;
	/* The turn's reading is from before its work: the wait needs the time of now. */
	uint64_t now = clock_monotonic_us();
	uint64_t left = first->at > now ? first->at - now : 0;
	return left < wait_us ? left : wait_us;
}

static void loop_run_events(struct loop *loop, uint64_t wait_us)
{
	loop->callbacks = 0;
	loop->clock->fresh = false;
	if (wait_us == 0) {
		ASSERT(event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
		return;
	}
	if (wait_us != UINT64_MAX) {
		struct timeval tv = { .tv_sec = (time_t)(wait_us / 1000000),
			.tv_usec = (suseconds_t)(wait_us % 1000000) };
		ASSERT(event_add(loop->wait, &tv) == 0);
	}
	ASSERT(event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) >= 0);
	event_del(loop->wait);
}

static void loop_run_dues(struct loop *loop)
{
	uint64_t now = loop_monotonic_us(loop);
	uint64_t newer = loop->dues.next_seq; /* set by one of these calls: next turn */

	for (;;) {
		struct heap_node *n = heap_min(&loop->dues);
		if (!n || n->at > now || n->seq >= newer)
			return;
		heap_remove(&loop->dues, n);
		struct loop_due *due = LIST_ENTRY(n, struct loop_due, node);
		due->fn(due);
	}
}

static void loop_run_soons(struct loop *loop)
{
	for (size_t n = loop->soons.count; n > 0 && loop->soons.count > 0; n--) {
		struct loop_soon *s =
			LIST_ENTRY(list_pop_front(&loop->soons), struct loop_soon, node);
		s->fn(s);
	}
}

static void loop_run_tails(struct loop *loop)
{
	ASSERT(!loop->next_tail);
	for (struct loop_tail *t = LIST_AT(loop->tails.first, struct loop_tail, node); t;
		t = loop->next_tail) {
		loop->next_tail = LIST_AT(t->node.next, struct loop_tail, node);
		if (!t->woken)
			continue;
		t->woken = false;
		t->fn(t->arg);
	}
	loop->next_tail = NULL;
}

static void loop_measure(struct loop *loop)
{
	struct loop_turns *t = &loop->turns;
	uint64_t used_us = clock_thread_us(), now_us = loop_monotonic_us(loop);
	uint64_t took_us = t->used_us ? used_us - t->used_us : 0;

	t->used_us = used_us;
	if (now_us - t->since_us >= LONGEST_KEPT_US) {
		t->before_us = t->longest_us;
		t->longest_us = 0;
		t->since_us = now_us;
	}
	if (took_us > t->longest_us)
		t->longest_us = took_us;
}

uint64_t loop_longest_turn_us(const struct loop *loop)
{
	const struct loop_turns *t = &loop->turns;

	return t->longest_us > t->before_us ? t->longest_us : t->before_us;
}

void loop_turn(struct loop *loop, uint64_t wait_us)
{
	loop_run_events(loop, loop_wait_us(loop, wait_us));
	loop_run_dues(loop);
	loop_run_soons(loop);
	loop_run_tails(loop);
	loop_measure(loop);
}

void loop_run(struct loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped)
		loop_turn(loop, UINT64_MAX);
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void loop_count_callback(struct loop *loop)
{
	if (++loop->callbacks == TURN_CALLBACKS_MAX)
		event_base_loopbreak(loop->base);
}

void loop_due_set(struct loop *loop, struct loop_due *due, uint64_t after_us)
{
	uint64_t now = loop_monotonic_us(loop);

	ASSERT(due->fn);
	heap_move(
		&loop->dues, &due->node, after_us > UINT64_MAX - now ? UINT64_MAX : now + after_us);
}

void loop_due_clear(struct loop *loop, struct loop_due *due)
{
	if (loop_due_is_set(due))
		heap_remove(&loop->dues, &due->node);
}

void loop_soon_wake(struct loop *loop, struct loop_soon *soon)
{
	ASSERT(soon->fn);
	if (!soon->node.on)
		list_push_back(&loop->soons, &soon->node);
}

void loop_soon_clear(struct loop_soon *soon)
{
	if (soon->node.on)
		list_remove(&soon->node);
}

static void timer_fell_due(struct loop_due *due)
{
	struct loop_timer *t = LIST_ENTRY(due, struct loop_timer, due);

	t->fn(t->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_fn fn, void *arg)
{
	struct loop_timer *t = mem_alloc(sizeof(*t));

	*t = (struct loop_timer){
		.due = { .fn = timer_fell_due }, .loop = loop, .fn = fn, .arg = arg
	};
	return t;
}

void loop_timer_set(struct loop_timer *t, uint64_t after_us)
{
	loop_due_set(t->loop, &t->due, after_us);
}

void loop_timer_clear(struct loop_timer *t)
{
	loop_due_clear(t->loop, &t->due);
}

void loop_timer_free(struct loop_timer **t)
{
	if (*t) {
		loop_timer_clear(*t);
		free(*t);
	}
	*t = NULL;
}

struct loop_tail *loop_tail_new(struct loop *loop, loop_fn fn, void *arg)
{
	struct loop_tail *t = mem_alloc(sizeof(*t));

	*t = (struct loop_tail){ .loop = loop, .fn = fn, .arg = arg };
	list_push_back(&loop->tails, &t->node);
	return t;
}

void loop_tail_wake(struct loop_tail *t)
{
	t->woken = true;
}

void loop_tail_free(struct loop_tail **t)
{
	struct loop_tail *tail = *t;

	*t = NULL;
	if (!tail)
		return;
	if (tail->loop->next_tail == tail)
		tail->loop->next_tail = LIST_AT(tail->node.next, struct loop_tail, node);
	list_remove(&tail->node);
	free(tail);
}

void loop_post(struct loop *loop, loop_fn fn, void *arg)
{
	mailbox_post(loop->box, fn, arg, NULL);
}

static void signal_came(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)signo;
	(void)what;
	s->fn(s->arg);
}

void loop_signal(struct loop *loop, int signo, loop_fn fn, void *arg)
{
	struct loop_signal *s = mem_alloc(sizeof(*s));

	s->fn = fn;
	s->arg = arg;
	s->event = evsignal_new(loop->base, signo, signal_came, s);
	ASSERT(s->event && event_add(s->event, NULL) == 0);
	list_push_back(&loop->signals, &s->node);
}

static void watch_ready(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd;
	loop_count_callback(w->loop);
	w->fn(w->arg, what & EV_READ, what & EV_WRITE);
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, bool read, bool write,
	void (*fn)(void *arg, bool readable, bool writable), void *arg)
{
	struct loop_watch *w = mem_alloc(sizeof(*w));

	*w = (struct loop_watch){ .loop = loop, .fd = fd, .fn = fn, .arg = arg };
	w->event = event_new(loop->base, fd, EV_PERSIST, watch_ready, w);
	ASSERT(w->event);
	loop_watch_want(w, read, write);
	return w;
}

void loop_watch_want(struct loop_watch *w, bool read, bool write)
{
	short what = (short)((read ? EV_READ : 0) | (write ? EV_WRITE : 0) | EV_PERSIST);

	event_del(w->event);
	ASSERT(event_assign(w->event, w->loop->base, w->fd, what, watch_ready, w) == 0);
	if (read || write)
		ASSERT(event_add(w->event, NULL) == 0);
}

void loop_watch_free(struct loop_watch **w)
{
	if (*w) {
		event_free((*w)->event);
		free(*w);
	}
	*w = NULL;
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

struct mailbox *loop_mailbox(struct loop *loop)
{
	return loop->box;
}
