/*
 * Walks over the engine; see the header. Nothing here waits: the engine must not change meanwhile.
 */
#include "desk/views.h"

#include <stdlib.h>

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

void views_work(struct str *o, const struct engine *e, struct slice agent)
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

struct segment_count {
	uint64_t waiting, longest_us;
};

/* "queue\nsegment" → segment_count, in the order of first appearance. */
static bool count_segment(const struct conv_view *v, void *arg)
{
	struct map *counts = arg;
	struct str key = { 0 };
	str_add(&key, v->queue);
	str_add_char(&key, '\n');
	str_add(&key, v->segment);
	struct segment_count *c = map_get(counts, str_slice(&key));
	if (!c) {
		c = mem_alloc(sizeof(*c));
		map_put(counts, str_slice(&key), c);
	}
	c->waiting++;
	if (!c->longest_us || v->arrived_us < c->longest_us)
		c->longest_us = v->arrived_us;
	str_free(&key);
	return true;
}

static void add_segments(
	struct str *o, const struct map *counts, struct slice queue, uint64_t now_us)
{
	struct map_entry e;
	str_add_char(o, '[');
	for (size_t i = 0; map_next(counts, &i, &e);) {
		const struct segment_count *c = e.value;
		struct slice segment = e.key;
		if (!slice_equal(slice_cut(&segment, '\n'), queue))
			continue;
		out_comma(o);
		str_add_char(o, '{');
		out_text(o, "segment", segment);
		out_u64(o, "waiting", c->waiting);
		out_u64(o, "longest_ms",
			now_us > c->longest_us ? (now_us - c->longest_us) / 1000 : 0);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

struct queues_walk {
	struct str *o;
	const struct config *config;
	const struct map *counts; /* NULL: without segments */
	uint64_t now_us;
};

static bool add_queue(const struct queue_view *v, void *arg)
{
	struct queues_walk *w = arg;
	struct str segments = { 0 };
	if (w->counts)
		add_segments(&segments, w->counts, v->queue, w->now_us);
	out_comma(w->o);
	str_add_char(w->o, '{');
	frame_queue(w->o, v, w->config, w->now_us, str_slice(&segments));
	str_add_char(w->o, '}');
	str_free(&segments);
	return true;
}

void views_queues(struct str *o, const struct engine *e, const struct config *config,
	uint64_t now_us, bool segments)
{
	struct map counts = { 0 };
	struct map_entry entry;
	struct queues_walk w = { o, config, segments ? &counts : NULL, now_us };
	if (segments) {
		engine_each_conv(e, CONV_WAITING, count_segment, &counts);
		engine_each_conv(e, CONV_OFFERED, count_segment, &counts);
	}
	str_add_char(o, '[');
	engine_each_queue(e, add_queue, &w);
	str_add_char(o, ']');
	for (size_t i = 0; map_next(&counts, &i, &entry);)
		free(entry.value);
	map_free(&counts);
}
