/*
 * The life of a simulated usherd. What connects the rooms is written after src/app/node.c and node_start.c, which own sockets
 * and people of their own. Called by faults.c, people.c and main.c.
 */
#include "proc.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/id.h"
#include "conn.h"
#include "loop.h"
#include "people.h"
#include "store/commit.h"
#include "store/inbox.h"
#include "store/push.h"

struct proc procs[PROCS] = { { .name = "n1" }, { .name = "n2" } };

struct poke {
	struct list_node node;
	void (*fn)(void *arg);
	void *arg;
};

/* ---- turns ---- */

static void proc_schedule(struct proc *p, uint64_t at_us)
{
	if (at_us < p->stalled_until_us)
		at_us = p->stalled_until_us;
	if (!heap_has(&p->turn.node) || p->turn.node.at > at_us)
		world_move(&p->turn, at_us);
}

static void proc_turn(void *arg)
{
	struct proc *p = arg;
	struct loop *loop = p->loop;

	if (!p->alive)
		return;
	if (p->stalled_until_us > world.now_us) {
		proc_schedule(p, p->stalled_until_us);
		return;
	}
	loop_turn(loop, 0);
	if (p->loop != loop)
		return; /* it has ended */
	uint64_t next = loop_next_us(loop);
	if (next == 0)
		proc_schedule(p, world.now_us + chance_below(50));
	else if (next != UINT64_MAX)
		proc_schedule(p, next + chance_below(50));
}

void proc_wake(const struct loop *loop)
{
	for (size_t i = 0; i < PROCS; i++)
		if (procs[i].alive && procs[i].loop == loop)
			proc_schedule(&procs[i], world.now_us + chance_below(50));
}

static void pokes_run(struct loop_soon *soon)
{
	struct proc *p = LIST_ENTRY(soon, struct proc, pokes_due);
	uint64_t life = p->life;

	for (size_t n = p->pokes.count; n > 0 && p->life == life && p->alive; n--) {
		struct poke *k = LIST_ENTRY(list_pop_front(&p->pokes), struct poke, node);
		k->fn(k->arg);
	}
}

void proc_poke(struct proc *p, void (*fn)(void *arg), void *arg)
{
	struct poke *k = arena_alloc(&world.arena, sizeof(*k));

	ASSERT(p->alive);
	k->fn = fn;
	k->arg = arg;
	list_push_back(&p->pokes, &k->node);
	loop_soon_wake(p->loop, &p->pokes_due);
	proc_wake(p->loop);
}

bool proc_serves(const struct proc *p)
{
	return p && p->alive && p->serving && !p->stopping;
}

/* ---- what app connects ---- */

static void on_push(void *arg, const struct effect *effects, size_t count)
{
	struct proc *p = arg;

	for (size_t i = 0; i < count; i++) {
		if (p->push_n && effects[i].n != p->push_n + 1)
			world_fail("%s was pushed effect %llu after %llu", p->name,
				(unsigned long long)effects[i].n, (unsigned long long)p->push_n);
		p->push_n = effects[i].n;
		people_pushed(p, &effects[i]);
	}
	host_push(p->host, effects, count);
}

static void on_cursor(void *arg, int status, const struct cursor *cur)
{
	struct proc *p = arg;

	if (p->following)
		return;
	if (status != 0) {
		loop_timer_set(p->again, SECOND);
		return;
	}
	p->following = true;
	p->push_n = cur->push_n;
	push_follow(p->store, cur->push_n, on_push, p);
	if (p->node_up)
		router_start(p->router);
}

static void on_node_up(void *arg, int status)
{
	struct proc *p = arg;

	if (p->node_up)
		return;
	if (status != 0) {
		loop_timer_set(p->again, SECOND);
		return;
	}
	p->node_up = true;
	if (p->following)
		router_start(p->router);
}

static void say_node_up(struct proc *p)
{
	uint8_t chance[10];
	struct command c = { .type = COMMAND_NODE_UP, .node = p->config->node };

	chance_bytes(chance, sizeof(chance));
	c.at_us = loop_wall_us(p->loop);
	c.id = id_make(c.at_us, chance);
	inbox_put(p->store, &c, on_node_up, p);
}

static void connect_again(struct proc *p)
{
	if (p->stopping)
		return;
	if (p->node_up && p->following) {
		router_start(p->router);
		return;
	}
	if (!p->node_up)
		say_node_up(p);
	if (!p->following)
		cursor_read(p->store, on_cursor, p);
}

static void again_fired(void *arg)
{
	struct proc *p = arg;

	if (store_is_up(p->store))
		connect_again(p);
}

static void on_ready(void *arg)
{
	connect_again(arg);
}

static void on_failed(const char *why, void *arg)
{
	struct proc *p = arg;

	world_fail("%s cannot start: %s", p->name, why);
}

static void on_down(const char *why, void *arg)
{
	struct proc *p = arg;

	world_trace("%s lost redis: %s", p->name, why);
	host_intake(p->host, false, "Redis is away");
	router_store_down(p->router);
}

static void on_up(void *arg)
{
	struct proc *p = arg;

	world_trace("%s has redis again", p->name);
	connect_again(p);
	if (proc_serves(p) && router_leads(p->router))
		host_intake(p->host, true, "");
}

static void on_leads(void *arg)
{
	struct proc *p = arg;
	struct err err = { "" };

	world.tally.recoveries++;
	world_trace("%s routes, journal %llu", p->name,
		(unsigned long long)router_counts(p->router).journal_n);
	if (p->stopping)
		return;
	host_leads(p->host, true);
	if (!p->serving) {
		p->serving = true;
		if (host_open(p->host, &err))
			world_fail("%s: %s", p->name, err.text);
	}
	host_intake(p->host, true, "");
}

static void on_waits(const char *why, void *arg)
{
	struct proc *p = arg;

	world_trace("%s does not route: %s", p->name, why);
	host_intake(p->host, false, why);
	host_leads(p->host, false);
}

static const struct store_ops store_ops = { on_ready, on_failed, on_down, on_up };
static const struct router_ops router_ops = { on_leads, on_waits };

/* ---- beginning ---- */

void proc_start(struct proc *p)
{
	struct store_options o = { .redis = "redis://model:6379",
		.domain = "main",
		.node = p->name,
		.data_dir = "/nonexistent" };

	if (p->alive)
		return;
	const char *name = p->name;
	uint64_t life = p->life + 1;
	world_cancel(&p->turn);
	*p = (struct proc){ .name = name, .life = life, .alive = true };
	p->turn = (struct happening){ .fn = proc_turn, .arg = p };
	p->pokes_due.fn = pokes_run;
	world_trace("%s starts, life %llu", name, (unsigned long long)life);
	p->config = center_config(name);
	p->loop = loop_new();
	p->again = loop_timer_new(p->loop, again_fired, p);
	p->store = store_new(p->loop, &o, &store_ops, p);
	p->router = router_new(p->loop, p->store, p->config, &router_ops, p);
	p->host = host_new(p->loop, p->store, NULL, p->config);
	proc_schedule(p, world.now_us);
}

/* ---- endings ---- */

static void proc_gone(struct proc *p)
{
	conns_orphan(p->loop);
	world.tally.commits += p->router ? router_counts(p->router).commits : 0;
	p->alive = p->serving = false;
	world_cancel(&p->turn);
}

void proc_kill(struct proc *p)
{
	if (!p->alive)
		return;
	world.tally.kills++;
	world_trace("%s is killed", p->name);
	proc_gone(p);
	p->loop = NULL;
	p->store = NULL;
	p->router = NULL;
	p->host = NULL;
}

static void take_apart(struct proc *p)
{
	world_trace("%s has stopped", p->name);
	world.tally.commits += router_counts(p->router).commits;
	host_free(&p->host);
	router_free(&p->router);
	store_free(&p->store);
	loop_timer_free(&p->again);
	proc_gone(p);
	loop_free(&p->loop);
}

struct ending {
	struct proc *proc;
	uint64_t life;
};

/* The drain is bounded: what hangs is left, as after SIGTERM's 30 s. */
static void ending_over(void *arg)
{
	struct ending *e = arg;

	if (e->proc->alive && e->proc->life == e->life)
		take_apart(e->proc);
}

static void store_stopped(void *arg)
{
	struct proc *p = arg;
	struct ending *e = arena_alloc(&world.arena, sizeof(*e));

	*e = (struct ending){ p, p->life };
	world_at(1, ending_over, e);
}

static void router_stopped(void *arg)
{
	struct proc *p = arg;

	store_stop(p->store, store_stopped, p);
}

static void host_closed(void *arg)
{
	struct proc *p = arg;

	router_stop(p->router, router_stopped, p);
}

static void stop_now(void *arg)
{
	struct proc *p = arg;
	struct ending *e = arena_alloc(&world.arena, sizeof(*e));

	*e = (struct ending){ p, p->life };
	world_at(30 * SECOND, ending_over, e);
	host_intake(p->host, false, "usherd is stopping");
	host_close(p->host, host_closed, p);
}

void proc_stop(struct proc *p)
{
	if (!p->alive || p->stopping)
		return;
	world.tally.stops++;
	world_trace("%s is to stop", p->name);
	p->stopping = true;
	proc_poke(p, stop_now, p);
}

void proc_stall(struct proc *p, uint64_t us)
{
	if (!p->alive)
		return;
	world.tally.stalls++;
	world_trace("%s hangs for %llu ms", p->name, (unsigned long long)us / MS);
	p->stalled_until_us = world.now_us + us;
}

void procs_begin(void)
{
	for (size_t i = 0; i < PROCS; i++)
		procs[i] = (struct proc){ .name = procs[i].name };
}

void procs_end(void)
{
	for (size_t i = 0; i < PROCS; i++)
		if (procs[i].alive)
			proc_gone(&procs[i]);
	conns_orphan(NULL);
}
