/*
 * Walks over the engine; see the header. Nothing here waits: the engine must not change meanwhile.
 */
#include "desk/views.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/map.h"
#include "desk/frames.h"
#include "desk/out.h"
#include "model/limits.h"

struct conv_view *view_copy(struct arena *arena, const struct conv_view *v)
{
	struct conv_view *c = arena_alloc(arena, sizeof(*c));
	*c = *v;
	c->queue = arena_copy(arena, v->queue);
	c->channel = arena_copy(arena, v->channel);
	c->kind = arena_copy(arena, v->kind);
	c->segment = arena_copy(arena, v->segment);
	c->agent = arena_copy(arena, v->agent);
	c->last_agent = arena_copy(arena, v->last_agent);
	c->outcome = arena_copy(arena, v->outcome);
	c->skills = arena_copy(arena, v->skills);
	return c;
}

/* ---- agents ---- */

static bool add_work_id(const struct conv_view *v, void *arg)
{
	struct str *o = arg;
	char id[ID_TEXT_LEN + 1];
	out_comma(o);
	str_add_json(o, slice_of(id_text(v->conv, id)));
	return true;
}

/* Ids of the agent's conversations. */
static void views_work(struct str *o, const struct engine *e, struct slice agent)
{
	str_add_char(o, '[');
	engine_each_work(e, agent, add_work_id, o);
	str_add_char(o, ']');
}

struct agents_walk {
	struct str *o;
	const struct engine *e;
	bool work;
	size_t count;
};

static bool add_agent(const struct agent_view *v, void *arg)
{
	struct agents_walk *w = arg;
	struct str work = { 0 };
	if (w->work)
		views_work(&work, w->e, v->agent);
	out_comma(w->o);
	str_add_char(w->o, '{');
	frame_agent(w->o, v, str_slice(&work));
	str_add_char(w->o, '}');
	str_free(&work);
	return ++w->count < DESK_AGENTS_MAX;
}

void views_agents(struct str *o, const struct engine *e, bool work)
{
	struct agents_walk w = { o, e, work, 0 };
	str_add_char(o, '[');
	engine_each_agent(e, add_agent, &w);
	str_add_char(o, ']');
}

bool views_agent(struct str *o, const struct engine *e, struct slice agent, bool work)
{
	struct agent_view v;
	struct str ids = { 0 };
	if (!engine_agent(e, agent, &v))
		return false;
	if (work)
		views_work(&ids, e, agent);
	frame_agent(o, &v, str_slice(&ids));
	str_free(&ids);
	return true;
}

/* ---- queues ---- */

/* A segment of one queue: who waits, and what was counted. */
struct segment_row {
	uint64_t waiting, longest_us;
	bool counted;
	struct level_view levels[LEVEL_COUNT];
};

static struct segment_row *segment_row(struct map *rows, struct slice queue, struct slice segment)
{
	struct str key = { 0 };
	str_add(&key, queue);
	str_add_char(&key, '\n');
	str_add(&key, segment);
	struct segment_row *row = map_get(rows, str_slice(&key));
	if (!row) {
		row = mem_alloc(sizeof(*row));
		map_put(rows, str_slice(&key), row);
	}
	str_free(&key);
	return row;
}

/* "queue\nsegment" → segment_row, in the order of first appearance. */
static bool count_segment(const struct conv_view *v, void *arg)
{
	struct segment_row *row = segment_row(arg, v->queue, v->segment);
	row->waiting++;
	if (!row->longest_us || v->arrived_us < row->longest_us)
		row->longest_us = v->arrived_us;
	return true;
}

struct levels_walk {
	struct map *rows;
	struct slice queue;
};

static bool add_levels(struct slice segment, const struct level_view levels[LEVEL_COUNT], void *arg)
{
	const struct levels_walk *w = arg;
	struct segment_row *row = segment_row(w->rows, w->queue, segment);
	row->counted = true;
	memcpy(row->levels, levels, sizeof(row->levels));
	return true;
}

static void add_segments(struct str *o, const struct map *rows, struct slice queue, uint64_t now_us)
{
	struct map_entry e;
	str_add_char(o, '[');
	for (size_t i = 0; map_next(rows, &i, &e);) {
		const struct segment_row *row = e.value;
		struct slice segment = e.key;
		if (!slice_equal(slice_cut(&segment, '\n'), queue))
			continue;
		out_comma(o);
		str_add_char(o, '{');
		out_text(o, "segment", segment);
		out_u64(o, "waiting", row->waiting);
		out_key(o, "longest_ms");
		if (row->waiting)
			str_add_u64(o,
				now_us > row->longest_us ? (now_us - row->longest_us) / 1000 : 0);
		else
			str_add_text(o, "null");
		if (row->counted)
			frame_levels(o, row->levels);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

struct queues_walk {
	struct str *o;
	const struct config *config;
	struct map *rows; /* NULL: without segments */
	const struct engine *e;
	uint64_t now_us;
};

static bool add_queue(const struct queue_view *v, void *arg)
{
	struct queues_walk *w = arg;
	struct str segments = { 0 };
	struct level_view levels[LEVEL_COUNT];
	struct wait_stats wait;
	uint64_t today_us = config_today(w->config, w->now_us);
	if (w->rows) {
		engine_each_level(w->e, v->queue, w->now_us, today_us, add_levels,
			&(struct levels_walk){ w->rows, v->queue });
		add_segments(&segments, w->rows, v->queue, w->now_us);
	}
	out_comma(w->o);
	str_add_char(w->o, '{');
	frame_queue(w->o, v, w->config, w->now_us, str_slice(&segments));
	if (engine_levels(w->e, v->queue, w->now_us, today_us, levels))
		frame_levels(w->o, levels);
	if (engine_wait_stats(w->e, v->queue, &wait))
		frame_wait(w->o, &wait);
	str_add_char(w->o, '}');
	str_free(&segments);
	return true;
}

void views_queues(struct str *o, const struct engine *e, const struct config *config,
	uint64_t now_us, bool segments)
{
	struct map rows = { 0 };
	struct map_entry entry;
	struct queues_walk w = { o, config, segments ? &rows : NULL, e, now_us };
	if (segments) {
		engine_each_conv(e, CONV_WAITING, count_segment, &rows);
		engine_each_conv(e, CONV_OFFERED, count_segment, &rows);
		engine_each_conv(e, CONV_PARKED, count_segment, &rows);
	}
	str_add_char(o, '[');
	engine_each_queue(e, add_queue, &w);
	str_add_char(o, ']');
	for (size_t i = 0; map_next(&rows, &i, &entry);)
		free(entry.value);
	map_free(&rows);
}
