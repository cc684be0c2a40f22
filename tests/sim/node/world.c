/*
 * Time and chance, instead of src/base/clock.c: the same functions, so that everything linked with this lives in virtual time.
 */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/list.h"

/* Monday 2026-01-05 00:00 UTC; a machine that has been up for a while. */
#define WALL_START_US	   UINT64_C(1767571200000000)
#define MONOTONIC_START_US UINT64_C(1000000000)

struct world world;

void world_begin(uint64_t seed, bool trace)
{
	struct tallies tally = world.tally;

	world = (struct world){ .seed = seed,
		.chance = seed * UINT64_C(0x2545f4914f6cdd1d),
		.now_us = MONOTONIC_START_US,
		.trace = trace,
		.slow = 1,
		.tally = tally };
}

void world_end(void)
{
	heap_free(&world.events);
	arena_free(&world.arena);
}

bool world_step(void)
{
	struct heap_node *n = heap_min(&world.events);

	if (!n)
		return false;
	ASSERT(n->at >= world.now_us);
	world.now_us = n->at;
	heap_remove(&world.events, n);
	struct happening *e = LIST_ENTRY(n, struct happening, node);
	e->fn(e->arg);
	return true;
}

void world_at(uint64_t after_us, void (*fn)(void *arg), void *arg)
{
	struct happening *e = arena_alloc(&world.arena, sizeof(*e));

	e->fn = fn;
	e->arg = arg;
	heap_insert(&world.events, &e->node, world.now_us + after_us);
}

void world_move(struct happening *e, uint64_t at_us)
{
	heap_move(&world.events, &e->node, at_us < world.now_us ? world.now_us : at_us);
}

void world_cancel(struct happening *e)
{
	if (heap_has(&e->node))
		heap_remove(&world.events, &e->node);
}

void world_fail(const char *format, ...)
{
	va_list ap;

	if (world.why[0])
		return;
	va_start(ap, format);
	vsnprintf(world.why, sizeof(world.why), format, ap);
	va_end(ap);
}

void world_trace(const char *format, ...)
{
	va_list ap;

	if (!world.trace)
		return;
	fprintf(stderr, "%12.6f ", (double)(world.now_us - MONOTONIC_START_US) / 1e6);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

uint64_t world_wall_us(void)
{
	return (uint64_t)((int64_t)(WALL_START_US + world.now_us) + world.skew_us);
}

uint64_t chance_u64(void)
{
	world.chance += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t x = world.chance;

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t chance_below(uint64_t n)
{
	return chance_u64() % n;
}

bool chance_one_in(uint64_t n)
{
	return chance_below(n) == 0;
}

uint64_t chance_delay_us(void)
{
	uint64_t us = chance_one_in(20) ? chance_below(20 * MS) : chance_below(200);

	return us * world.slow;
}

/* ---- base/clock.h ---- */

uint64_t clock_wall_us(void)
{
	return world_wall_us();
}

uint64_t clock_monotonic_us(void)
{
	return world.now_us;
}

/* Nobody works in virtual time. */
uint64_t clock_thread_us(void)
{
	return 0;
}

void chance_bytes(void *out, size_t n)
{
	unsigned char *p = out;

	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)chance_u64();
}
