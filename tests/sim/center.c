/*
 * A model as the engine's configuration; see center.h. What the engine cannot do is refused here and nowhere else, so
 * that no result is printed for a policy that was not followed. Called by main.c.
 */
#include "center.h"

#include "model/limits.h"

/* The engine keeps room for 32 kinds, two of them for kinds that have gone. */
enum { CENTER_KINDS_MAX = 29 };

static bool center_rates(struct str *problems, const struct model *m)
{
	for (size_t i = 0; i < m->lane_count; i++) {
		const struct model_number *n = &m->lanes[i];

		if (i + 1 < LANES_MAX && n->value >= 1 && n->value <= 1000 &&
			n->value - (uint32_t)n->value <= 0)
			continue;
		str_addf(problems,
			"%.*s:%u:%u: lanes are whole numbers from 1 to 1000, at most %d\n",
			SLICE_ARG(m->file), n->line, n->col, LANES_MAX - 1);
		return false;
	}
	return true;
}

static void center_kinds(struct config *c, const struct model *m)
{
	c->kinds = arena_array(c->arena, m->type_count, sizeof(*c->kinds));
	for (size_t i = 0; i < m->type_count; i++) {
		struct slice name = arena_printf(c->arena, "units-%u", m->types[i].units);

		if (config_kind(c, name))
			continue;
		c->kinds[c->kind_count++] = (struct kind){ .name = name,
			.cost = m->types[i].units,
			.cost_pending = m->types[i].units,
			.offer_s = 3600,
			.live = true };
	}
}

static void center_segments(struct config *c, const struct model *m)
{
	c->segments = arena_array(c->arena, m->type_count, sizeof(*c->segments));
	for (size_t i = 0; i < m->type_count; i++) {
		struct slice name = m->types[i].segment;
		struct segment *s = &c->segments[c->segment_count];

		if (config_segment(c, name))
			continue;
		s->name = s->title = name;
		for (size_t j = 0; j < m->offset_count; j++)
			if (slice_equal(m->offsets_s[j].segment, name))
				s->offset_s = (int32_t)m->offsets_s[j].value;
		for (size_t j = 0; j < m->lane_count; j++)
			if (slice_equal(m->lanes[j].segment, name))
				s->rate = (uint32_t)m->lanes[j].value;
		for (size_t j = 0; j < m->hold_count; j++)
			if (slice_equal(m->hold_back[j].segment, name))
				s->hold_back = (uint32_t)m->hold_back[j].value;
		c->segment_count++;
	}
}

struct config *center_new(const struct model *m, struct arena *arena, struct str *problems)
{
	struct config *c = arena_alloc(arena, sizeof(*c));

	if (!center_rates(problems, m))
		return NULL;
	if (m->hold_count && m->hold_pool.n && !slice_is(m->hold_pool, "all")) {
		str_addf(problems, "%.*s:%u:%u: the pool of hold_back is 'all' agents\n",
			SLICE_ARG(m->file), m->hold_back[0].line, m->hold_back[0].col);
		return NULL;
	}
	c->arena = arena;
	c->file = m->file;
	c->hash = 1;
	c->units = MODEL_UNITS;
	c->grace_s = 30;
	c->decline_cooldown_s = 60;
	c->hold_max_s = m->hold_max_s;
	center_kinds(c, m);
	center_segments(c, m);
	if (c->kind_count > CENTER_KINDS_MAX) {
		str_addf(problems, "%.*s: %zu different units of types are too many: at most %d\n",
			SLICE_ARG(m->file), c->kind_count, CENTER_KINDS_MAX);
		return NULL;
	}
	c->queue_count = 1;
	c->queues = arena_array(arena, 1, sizeof(*c->queues));
	c->queues[0].name = c->queues[0].title = SLICE("all");
	c->queues[0].strategy = m->strategy;
	c->queues[0].target_s = 20;
	c->queues[0].stage_count = 1;
	c->queues[0].stages = arena_array(arena, 1, sizeof(struct stage));
	return c;
}

struct slice center_kind(const struct config *c, const struct model_type *t)
{
	for (size_t i = 0; i < c->kind_count; i++)
		if (c->kinds[i].cost == t->units)
			return c->kinds[i].name;
	return (struct slice){ NULL, 0 };
}
