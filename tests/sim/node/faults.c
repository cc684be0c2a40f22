/*
 * The plan of faults. Some come in pairs: what died is killed again while it recovers. Called by main.c.
 */
#include "faults.h"

#include "people.h"
#include "proc.h"
#include "redis.h"

enum { FAULTS_MOST = 12 };

static bool over;

static struct proc *some_proc(void)
{
	return &procs[chance_below(PROCS)];
}

/* ---- nodes ---- */

static void start(void *arg)
{
	if (!over)
		proc_start(arg);
}

static void kill_and_start(void *arg)
{
	struct proc *p = arg;

	if (over || !p->alive)
		return;
	proc_kill(p);
	world_at(chance_one_in(3) ? chance_below(5 * SECOND) : chance_below(50 * MS), start, p);
	if (chance_one_in(3)) /* and again, while it recovers */
		world_at(50 * MS + chance_below(400 * MS), kill_and_start, p);
}

static void fault_kill(void)
{
	kill_and_start(some_proc());
}

static void fault_stop(void)
{
	struct proc *p = some_proc();

	if (!p->alive)
		return;
	proc_stop(p);
	world_at(SECOND + chance_below(35 * SECOND), start, p);
}

static void fault_hang(void)
{
	uint64_t us = chance_one_in(4) ? chance_below(25 * SECOND) : chance_below(500 * MS);

	proc_stall(some_proc(), us);
}

/* ---- Redis ---- */

static void redis_back_again(void *arg)
{
	(void)arg;
	redis_start();
}

static void redis_kill_and_start(void *arg)
{
	(void)arg;
	if (over)
		return;
	redis_kill();
	world_at(chance_below(SECOND), redis_back_again, NULL);
}

static void fault_redis_kill(void)
{
	redis_kill_and_start(NULL);
	if (chance_one_in(3))
		world_at(chance_below(2 * SECOND), redis_kill_and_start, NULL);
}

/* A supervisor: what stays away is started again, Redis always, the first node when the faults are over. */
static void keep(void *arg)
{
	(void)arg;
	redis_start();
	if (over)
		proc_start(&procs[0]);
	world_at(SECOND, keep, NULL);
}

static void fault_redis_dies_writing(void)
{
	redis_kill_in_turn(true);
}

static void fault_redis_hang(void)
{
	uint64_t us = chance_one_in(6) ? chance_below(40 * SECOND) : chance_below(SECOND);

	world.tally.stalls++;
	world_trace("redis hangs for %llu ms", (unsigned long long)us / MS);
	redis_stall(us);
}

static void not_full(void *arg)
{
	(void)arg;
	world_trace("redis has room again");
	redis_full(false);
	redis_disk_full(false);
}

static void fault_full(void)
{
	world_trace("redis is full");
	if (chance_one_in(2))
		redis_full(true);
	else
		redis_disk_full(true);
	world_at(chance_below(4 * SECOND), not_full, NULL);
}

/* ---- wires and clocks ---- */

static void fault_cut(void)
{
	world_trace("a connection is cut");
	redis_cut_one();
}

static void fault_cut_many(void)
{
	for (uint64_t n = 1 + chance_below(8); n > 0; n--)
		redis_cut_one();
}

static void not_slow(void *arg)
{
	(void)arg;
	world.slow = 1;
}

static void fault_slow(void)
{
	world_trace("wires are slow");
	world.slow = 20 + chance_below(80);
	world_at(chance_below(5 * SECOND), not_slow, NULL);
}

static void cut_some(void *arg)
{
	(void)arg;
	for (uint64_t n = over ? 0 : 1 + chance_below(3); n > 0; n--)
		redis_cut_one();
}

/* Answers are lost that have been given. */
static void fault_slow_and_cut(void)
{
	fault_slow();
	for (int i = 0; i < 4; i++)
		world_at(chance_below(2 * SECOND), cut_some, NULL);
}

static void fault_jump(void)
{
	int64_t us =
		((int64_t)chance_below(60 * SECOND) - 30 * SECOND) * (chance_below(4) ? 1 : 120);

	world.tally.jumps++;
	world_trace("the clock jumps by %lld ms", (long long)us / MS);
	world.skew_us += us;
}

/* What is on the wire meanwhile is executed after who sent it is dead, or thinks that it is lost. */
static void fault_hang_and_kill(void)
{
	redis_stall(100 * MS + chance_below(2 * SECOND));
	world_at(20 * MS + chance_below(200 * MS), kill_and_start, some_proc());
}

static void fault_hang_and_cut(void)
{
	redis_stall(100 * MS + chance_below(2 * SECOND));
	world_at(20 * MS + chance_below(200 * MS), cut_some, NULL);
}

static void fault_say_twice(void)
{
	redis_say_twice();
}

static void (*const faults[])(void) = { fault_kill, fault_kill, fault_kill, fault_stop, fault_hang,
	fault_redis_kill, fault_redis_kill, fault_redis_dies_writing, fault_redis_dies_writing,
	fault_redis_hang, fault_full, fault_cut, fault_cut_many, fault_hang_and_kill,
	fault_hang_and_kill, fault_hang_and_cut, fault_hang_and_cut, fault_slow, fault_slow_and_cut,
	fault_slow_and_cut, fault_jump, people_flap, people_flap, fault_say_twice };

static void strike(void *arg)
{
	size_t which = chance_below(sizeof(faults) / sizeof(*faults));

	(void)arg;
	if (!over)
		faults[which]();
}

void faults_begin(void)
{
	over = false;
	for (uint64_t n = 2 + chance_below(FAULTS_MOST); n > 0; n--)
		world_at(500 * MS + chance_below(12 * SECOND), strike, NULL);
	proc_start(&procs[0]);
	if (chance_one_in(3))
		world_at(chance_below(10 * SECOND), start, &procs[1]);
	world_at(SECOND, keep, NULL);
}

void faults_end(void)
{
	over = true;
	not_slow(NULL);
	not_full(NULL);
	redis_stall(0);
	redis_kill_in_turn(false);
}
