/*
 * A small contact center for tests of the engine: a configuration made in code, ids and commands in one line.
 * Time starts on Monday 2026-01-05 00:00 UTC; the queue "desk" is open 09:00–17:00 each day.
 */
#ifndef TESTS_ENGINE_CENTER_H
#define TESTS_ENGINE_CENTER_H

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "engine/engine.h"
#include "model/limits.h"

#define CENTER_START_US UINT64_C(1767571200000000)
#define S_US		UINT64_C(1000000)

static inline struct id center_id(uint64_t n)
{
	return (struct id){ 0x19b8a0c00000000u + n, n };
}

/* "ru=80 cards=20" as an array in the arena. */
static inline struct skill *center_skills(struct arena *a, const char *text, size_t *count)
{
	struct slice rest = slice_of(text);
	struct skill *out = arena_array(a, 16, sizeof(*out)), s;
	bool bad = false;

	*count = 0;
	while (skills_next(&rest, &s, &bad))
		out[(*count)++] = s;
	return out;
}

static inline struct queue *center_queue(struct config *c, const char *name, enum strategy strategy)
{
	struct queue *q = &c->queues[c->queue_count++];

	q->name = q->title = slice_of(name);
	q->strategy = strategy;
	q->target_s = 60;
	q->close_s = 3600;
	q->stages = arena_array(c->arena, STAGES_MAX, sizeof(struct stage));
	return q;
}

static inline void center_stage(
	struct config *c, struct queue *q, uint32_t after_s, const char *skills)
{
	struct stage *s = &q->stages[q->stage_count++];

	s->after_s = after_s;
	s->need = center_skills(c->arena, skills, &s->need_count);
}

/* The queues: support (ru), cards (relaxes twice), desk (business hours), any (asks nothing). */
static inline struct config *center_new(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	struct config *c = arena_alloc(arena, sizeof(*c));
	struct queue *q;

	c->arena = arena;
	c->hash = 7;
	c->grace_s = 30;
	c->miss_limit = 3;
	c->decline_cooldown_s = 60;
	c->units = 100;
	c->kinds = arena_array(arena, 4, sizeof(struct kind));
	c->kinds[c->kind_count++] = (struct kind){
		.name = SLICE("email"), .cost = 20, .cost_pending = 10, .max = 5, .offer_s = 120
	};
	c->kinds[c->kind_count++] = (struct kind){ .name = SLICE("chat"),
		.cost = 25,
		.cost_pending = 15,
		.max = 4,
		.offer_s = 20,
		.live = true };
	c->kinds[c->kind_count++] = (struct kind){
		.name = SLICE("callback"), .cost = 100, .cost_pending = 100, .max = 1, .offer_s = 30
	};
	c->calendars = arena_array(arena, 1, sizeof(struct calendar));
	c->calendar_count = 1;
	c->calendars[0].name = SLICE("days");
	c->calendars[0].open = arena_array(arena, 30, sizeof(struct interval));
	for (uint64_t day = 0; day < 30; day++)
		c->calendars[0].open[c->calendars[0].count++] =
			(struct interval){ CENTER_START_US + (day * 24 + 9) * 3600 * S_US,
				CENTER_START_US + (day * 24 + 17) * 3600 * S_US };
	c->queues = arena_array(arena, 8, sizeof(struct queue));
	q = center_queue(c, "support", STRATEGY_LONGEST_IDLE);
	center_stage(c, q, 0, "ru=50");
	center_stage(c, q, 30, "ru=1");
	q->wrapup_s = 10;
	q->sticky_s = 120;
	q->answer_s = 90;
	q = center_queue(c, "cards", STRATEGY_LEAST_LOADED);
	center_stage(c, q, 0, "cards=50 ru=50");
	center_stage(c, q, 20, "cards=20");
	center_stage(c, q, 60, "");
	q->prefer = center_skills(arena, "premier=10", &q->prefer_count);
	q->sticky_s = 60;
	q = center_queue(c, "desk", STRATEGY_ROUND_ROBIN);
	center_stage(c, q, 0, "");
	q->hours = &c->calendars[0];
	q = center_queue(c, "any", STRATEGY_FEWEST_HANDLED);
	center_stage(c, q, 0, "");
	c->segments = arena_array(arena, 2, sizeof(struct segment));
	c->segment_count = 2;
	c->segments[0] = (struct segment){ .name = SLICE("premier"), .offset_s = -120 };
	c->segments[1] = (struct segment){ .name = SLICE("mass") };
	return c;
}

static inline void center_free(struct config *c)
{
	struct arena *arena = c->arena;

	arena_free(arena);
	free(arena);
}

#endif
