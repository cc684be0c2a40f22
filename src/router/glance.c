/*
 * Positions change for everybody behind whoever leaves, so they are told in glances, not by event: a queue that changed is
 * looked at once a second at most, and a visitor hears only of a change.
 */
#include "router/glance.h"

#include <stdlib.h>

#include "base/assert.h"

enum {
	GLANCE_US = 1000000,
	MINUTE_US = 60000000,
	VISIT_US = 5000000, /* waits are estimated anew though nothing happens */
	VISITORS_MAX = 2000 /* told in one glance */
};

struct glance_queue {
	bool dirty;
	uint64_t told_us;
	struct str levels; /* as told last */
};

/* A live customer in a queue: where to tell him, and what he was told last. */
struct visitor {
	struct str channel, thread;
	uint64_t position, low_s, high_s;
};

static void visitor_free(struct visitor *v)
{
	str_free(&v->channel);
	str_free(&v->thread);
	free(v);
}

void glance_free(struct glance *g)
{
	struct map_entry e;
	for (size_t i = 0; map_next(&g->queues, &i, &e);) {
		struct glance_queue *q = e.value;
		str_free(&q->levels);
		free(q);
	}
	for (size_t i = 0; map_next(&g->visitors, &i, &e);)
		visitor_free(e.value);
	map_free(&g->queues);
	map_free(&g->visitors);
	*g = (struct glance){ .due_us = UINT64_MAX };
}

static void touch(struct glance *g, struct slice queue, uint64_t now_us)
{
	if (!queue.n)
		return;
	struct glance_queue *q = map_get(&g->queues, queue);
	if (!q) {
		q = mem_alloc(sizeof(*q));
		map_put(&g->queues, queue, q);
	}
	q->dirty = true;
	uint64_t due = q->told_us + GLANCE_US > now_us ? q->told_us + GLANCE_US : now_us;
	if (due < g->due_us)
		g->due_us = due;
}

static bool row_is_live(const struct batch *b, const struct row *row)
{
	const struct kind *k = config_kind(b->config, row->kind);
	return k && k->live;
}

static bool waits_in_line(const struct batch *b, struct id conv)
{
	struct conv_view v;

	return engine_conv(b->engine, conv, &v) &&
	       (v.state == CONV_WAITING || v.state == CONV_PARKED);
}

/* Remembers where a live customer is told his position; a repeat tells it anew (he may have come back). */
static void learn(struct glance *g, const struct batch *b, const struct row *row)
{
	struct slice key = slice_make(&row->conv, sizeof(row->conv));
	if (!row->known || !row_is_live(b, row) || !waits_in_line(b, row->conv))
		return;
	struct visitor *v = map_get(&g->visitors, key);
	if (!v) {
		v = mem_alloc(sizeof(*v));
		str_add(&v->channel, row->channel);
		str_add(&v->thread, row->thread);
		map_put(&g->visitors, key, v);
	}
	v->position = 0;
	touch(g, row->queue, b->now_us);
}

void glance_touch(struct glance *g, const struct batch *b)
{
	struct map_entry e;
	for (size_t i = 0; map_next(&b->rows, &i, &e);) {
		const struct row *row = e.value;
		learn(g, b, row);
		if (row->touched)
			touch(g, row->queue, b->now_us);
	}
	for (size_t i = 0; i < b->step_count; i++)
		touch(g, b->steps[i].ev.queue, b->now_us);
}

/* The windows of the service level as they are now; false when that is what was told. */
static bool levels_moved(struct glance_queue *q, const struct batch *b, struct slice name)
{
	struct level_view levels[LEVEL_COUNT];
	struct str now = { 0 };
	(void)engine_levels(b->engine, name, b->now_us, config_today(b->config, b->now_us), levels);
	levels_write(levels, &now);
	bool moved = !slice_equal(str_slice(&now), str_slice(&q->levels));
	str_free(&q->levels);
	q->levels = now;
	return moved;
}

/* Something is counted that the next minute may drop. */
static bool levels_roll(const struct glance_queue *q)
{
	for (size_t i = 0; i < q->levels.n; i++)
		if (q->levels.p[i] >= '1' && q->levels.p[i] <= '9')
			return true;
	return false;
}

static void tell_queue(struct batch *b, struct slice name, const struct glance_queue *q)
{
	struct queue_view v;
	if (!engine_queue(b->engine, name, &v))
		return;
	struct effect ef = { .type = EFFECT_QUEUE,
		.queue = name,
		.waiting = v.waiting + v.offered + v.parked,
		.longest_us = v.longest_us,
		.paused = v.paused,
		.open = v.open,
		.levels = str_slice(&q->levels) };
	batch_effect(b, &ef);
}

/* ---- visitors ---- */

static void tell_position(struct batch *b, struct id conv, const struct visitor *v)
{
	struct effect ef = { .type = EFFECT_POSITION,
		.conv = conv,
		.channel = str_slice(&v->channel),
		.thread = str_slice(&v->thread),
		.position = v->position,
		.low_s = v->low_s,
		.high_s = v->high_s };
	batch_effect(b, &ef);
}

/* Where those stand whom nobody at work could serve, looked up once in a glance and only where one of them is a visitor. */
struct parked {
	bool known;
	struct map places; /* conv → how many of its queue are before it, and itself */
};

static void add_parked(void *arg, struct id conv, size_t ahead)
{
	map_put(arg, slice_make(&conv, sizeof(conv)), (void *)(uintptr_t)(ahead + 1));
}

static uint64_t parked_place(const struct batch *b, struct id conv, struct parked *parked)
{
	if (!parked->known)
		engine_each_parked(b->engine, add_parked, &parked->places);
	parked->known = true;
	return (uintptr_t)map_get(&parked->places, slice_make(&conv, sizeof(conv)));
}

/* Tells one visitor where he stands when that moved; false when he no longer waits. */
static bool tell_visitor(
	struct batch *b, struct id conv, struct visitor *v, struct parked *parked, size_t *told)
{
	struct conv_view cv;
	uint64_t position = 0, low_s = 0, high_s = 0;
	bool waits =
		engine_conv(b->engine, conv, &cv) &&
		(cv.state == CONV_WAITING || cv.state == CONV_OFFERED || cv.state == CONV_PARKED);
	if (waits && cv.state == CONV_WAITING)
		position = engine_ahead(b->engine, conv) + 1;
	else if (waits && cv.state == CONV_PARKED)
		position = parked_place(b, conv, parked);
	if (waits)
		(void)engine_wait(b->engine, conv, b->now_us, &low_s, &high_s);
	if (waits && position == v->position && low_s == v->low_s && high_s == v->high_s)
		return true;
	v->position = position;
	v->low_s = low_s;
	v->high_s = high_s;
	tell_position(b, conv, v);
	++*told;
	return waits;
}

/* Those who no longer wait hear it once: position 0. Who is not reached this time is the next. */
static void tell_visitors(struct glance *g, struct batch *b)
{
	struct map_entry e;
	struct parked parked = { false };
	size_t told = 0;
	g->visit_us = b->now_us + VISIT_US;
	for (size_t i = 0; map_next(&g->visitors, &i, &e);) {
		struct visitor *v = e.value;
		struct id conv;
		memcpy(&conv, e.key.p, sizeof(conv));
		if (told == VISITORS_MAX) {
			g->visit_us = b->now_us + GLANCE_US;
			break;
		}
		if (tell_visitor(b, conv, v, &parked, &told))
			continue;
		map_remove(&g->visitors, e.key);
		visitor_free(v);
	}
	map_free(&parked.places);
}

/* As minutes pass, what was counted leaves its window though nothing happens. */
static void roll_levels(struct glance *g, struct batch *b)
{
	struct map_entry e;
	uint64_t next_us = b->now_us - b->now_us % MINUTE_US + MINUTE_US;
	if (g->roll_us > b->now_us)
		return;
	g->roll_us = UINT64_MAX;
	for (size_t i = 0; map_next(&g->queues, &i, &e);) {
		struct glance_queue *q = e.value;
		q->dirty = levels_moved(q, b, e.key) || q->dirty;
		if (levels_roll(q))
			g->roll_us = next_us;
	}
}

void glance_project(struct glance *g, struct batch *b)
{
	bool any = false;
	if (g->due_us > b->now_us)
		return;
	roll_levels(g, b);
	g->due_us = UINT64_MAX;
	struct map_entry e;
	for (size_t i = 0; map_next(&g->queues, &i, &e);) {
		struct glance_queue *q = e.value;
		if (!q->dirty)
			continue;
		if (q->told_us + GLANCE_US > b->now_us) {
			touch(g, e.key, b->now_us);
			continue;
		}
		q->dirty = false;
		q->told_us = b->now_us;
		(void)levels_moved(q, b, e.key);
		if (levels_roll(q) && g->roll_us == UINT64_MAX)
			g->roll_us = b->now_us - b->now_us % MINUTE_US + MINUTE_US;
		tell_queue(b, e.key, q);
		any = true;
	}
	if (g->roll_us < g->due_us)
		g->due_us = g->roll_us;
	if (any || g->visit_us <= b->now_us)
		tell_visitors(g, b);
	if (g->visitors.count && g->visit_us < g->due_us)
		g->due_us = g->visit_us;
}
