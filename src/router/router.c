/*
 * The router's states, its clock and its readers. What a batch does is in turn.c, what a start does in recover.c.
 */
#include "router/router.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "model/limits.h"
#include "router/private.h"

enum { AGAIN_US = 500000 };	  /* between two tries to lead */
enum { CLOCK_SAY_US = 2000000 };  /* put back by less is no news */
enum { CLOCK_LOOK_US = 5000000 }; /* between two looks whether it was put forward */

static void tail(void *arg);
static void timer_fired(void *arg);
static void again_fired(void *arg);

struct router *router_new(struct loop *loop, struct store *store, const struct config *config,
	const struct router_ops *ops, void *arg)
{
	struct router *r = mem_alloc(sizeof(*r));
	r->loop = loop;
	r->store = store;
	r->config = config;
	r->ops = ops;
	r->arg = arg;
	r->tail = loop_tail_new(loop, tail, r);
	r->timer = loop_timer_new(loop, timer_fired, r);
	r->again = loop_timer_new(loop, again_fired, r);
	r->turn = mem_alloc(sizeof(*r->turn));
	r->next = mem_alloc(sizeof(*r->next));
	r->glance.due_us = UINT64_MAX;
	return r;
}

void router_free(struct router **rp)
{
	struct router *r = *rp;
	if (!r)
		return;
	engine_free(&r->engine);
	glance_free(&r->glance);
	batch_clear(r->turn);
	batch_clear(r->next);
	arena_free(&r->turn->arena);
	arena_free(&r->next->arena);
	free(r->turn);
	free(r->next);
	loop_tail_free(&r->tail);
	loop_timer_free(&r->timer);
	loop_timer_free(&r->again);
	for (struct list_node *n; (n = list_pop_front(&r->readers)) != NULL;)
		free(LIST_ENTRY(n, struct reader, node));
	free(r);
	*rp = NULL;
}

void router_start(struct router *r)
{
	if (r->state == ROUTER_WAITING && !r->stopping && !r->busy && store_is_up(r->store))
		recover_start(r);
}

static void again_fired(void *arg)
{
	router_start(arg);
}

void router_fail(struct router *r, const char *why)
{
	bool told = r->state != ROUTER_WAITING;
	r->state = ROUTER_WAITING;
	engine_free(&r->engine);
	glance_free(&r->glance);
	inbox_unfollow(r->store);
	r->following = r->filled = false;
	batch_clear(r->next);
	if (!r->busy)
		batch_clear(r->turn);
	if (r->configured)
		r->configured(r->configured_arg);
	r->configured = NULL;
	if (r->config_next)
		r->config = r->config_next;
	r->config_next = NULL;
	loop_timer_clear(r->timer);
	loop_timer_set(r->again, AGAIN_US);
	loop_tail_wake(r->tail); /* readers learn it */
	if (told)
		log_warn("router", "not routing: %s", why);
	if (told && r->ops->waits)
		r->ops->waits(why, r->arg);
}

void router_store_down(struct router *r)
{
	/* a turn under way gets its error from the store and ends there */
	if (!r->busy && r->state != ROUTER_WAITING)
		router_fail(r, "Redis is away");
}

void router_configure(
	struct router *r, const struct config *config, void (*done)(void *arg), void *arg)
{
	ASSERT(!r->configured);
	r->config_next = config;
	r->configured = done;
	r->configured_arg = arg;
	loop_tail_wake(r->tail);
}

bool router_leads(const struct router *r)
{
	return r->state == ROUTER_LEADING;
}

struct router_counts router_counts(const struct router *r)
{
	return r->counts;
}

/* ---- the inbox ---- */

static void inbox_came(void *arg, const struct inbox_item *items, size_t count)
{
	struct router *r = arg;
	struct batch *b = r->next;
	r->following = false;
	if (r->state != ROUTER_LEADING)
		return;
	ASSERT(!r->filled && count <= BATCH_COMMANDS_MAX);
	b->work = arena_array(&b->arena, count, sizeof(*b->work));
	b->count = count;
	for (size_t i = 0; i < count; i++) {
		struct work *w = &b->work[i];
		w->inbox_id = items[i].id;
		w->damaged = items[i].damaged;
		if (!w->damaged)
			record_copy(&command_table, &w->c, &items[i].command, &b->arena);
		else
			log_error("router", "inbox entry %llu-%llu is damaged and was dropped",
				(unsigned long long)w->inbox_id.ms,
				(unsigned long long)w->inbox_id.n);
	}
	if (count)
		r->inbox_after = items[count - 1].id;
	r->filled = count > 0;
	router_wake(r);
}

void router_follow(struct router *r)
{
	if (r->following || r->filled || r->state != ROUTER_LEADING)
		return;
	r->following = true;
	inbox_follow(r->store, r->inbox_after, inbox_came, r);
}

/* ---- the loop's tail and the clock ---- */

void router_wake(struct router *r)
{
	loop_tail_wake(r->tail);
}

static void clock_say(struct router *r, uint64_t ahead_us)
{
	bool was = r->clock_was_put_back;

	r->clock_was_put_back = ahead_us > (was ? 0 : CLOCK_SAY_US);
	if (r->clock_was_put_back == was)
		return;
	if (!was)
		log_warn("router", "the clock was put back by %llu s: deadlines wait longer",
			(unsigned long long)(ahead_us / 1000000));
	else
		log_info("router", "the clock has caught up");
}

uint64_t router_now_us(struct router *r)
{
	uint64_t wall_us = loop_wall_us(r->loop), read_us = loop_monotonic_us(r->loop);
	uint64_t now_us = r->clock_us + (read_us - r->clock_read_us) / 2;

	if (r->engine && now_us < engine_now_us(r->engine))
		now_us = engine_now_us(r->engine);
	if (now_us < wall_us)
		now_us = wall_us;
	clock_say(r, now_us - wall_us);
	r->clock_us = now_us;
	r->clock_read_us = read_us;
	return now_us;
}

/* Arms the timer for what is due next. */
static void router_arm(struct router *r)
{
	uint64_t due_us = engine_deadline(r->engine);
	uint64_t now_us = router_now_us(r), wait_us;
	if (r->glance.due_us < due_us)
		due_us = r->glance.due_us;
	if (r->away_us < due_us)
		due_us = r->away_us;
	if (due_us == UINT64_MAX) {
		loop_timer_clear(r->timer);
		return;
	}
	wait_us = due_us > now_us ? due_us - now_us : 1;
	/* The timer does not see a clock that is put forward, nor a machine that slept. */
	loop_timer_set(r->timer, wait_us < CLOCK_LOOK_US ? wait_us : CLOCK_LOOK_US);
}

static void timer_fired(void *arg)
{
	router_wake(arg);
}

static void answer_readers(struct router *r)
{
	struct list waiting = { 0 };
	for (struct list_node *n; (n = list_pop_front(&r->readers)) != NULL;)
		list_push_back(&waiting, n);
	for (struct list_node *n; (n = list_pop_front(&waiting)) != NULL;) {
		struct reader *reader = LIST_ENTRY(n, struct reader, node);
		bool leads = r->state == ROUTER_LEADING;
		reader->fn(reader->arg, leads ? r->engine : NULL, r->push_n);
		free(reader);
	}
}

static void end_stop(struct router *r)
{
	void (*stopped)(void *) = r->stopped;
	r->stopped = NULL;
	if (stopped)
		stopped(r->stopped_arg);
}

static void lease_released(void *arg)
{
	end_stop(arg);
}

static void stop_when_idle(struct router *r)
{
	if (!r->stopping || r->busy || !r->stopped)
		return;
	bool led = r->state == ROUTER_LEADING;
	r->state = ROUTER_WAITING;
	loop_timer_clear(r->again);
	loop_timer_clear(r->timer);
	inbox_unfollow(r->store);
	r->following = false;
	if (led)
		lease_release(r->store, lease_released, r);
	else
		end_stop(r);
}

/* One turn of the loop: whoever wanted to read reads what is on disk, then the next batch goes. */
static void tail(void *arg)
{
	struct router *r = arg;
	if (!r->busy)
		answer_readers(r);
	if (r->state == ROUTER_LEADING && !r->busy)
		turn_run(r);
	if (r->state == ROUTER_LEADING && !r->busy)
		router_arm(r);
	stop_when_idle(r);
}

void router_read(
	struct router *r, void (*fn)(void *arg, const struct engine *e, uint64_t push_n), void *arg)
{
	struct reader *reader = mem_alloc(sizeof(*reader));
	reader->fn = fn;
	reader->arg = arg;
	list_push_back(&r->readers, &reader->node);
	loop_tail_wake(r->tail);
}

void router_stop(struct router *r, void (*done)(void *arg), void *arg)
{
	r->stopping = true;
	r->stopped = done;
	r->stopped_arg = arg;
	loop_tail_wake(r->tail);
}
