/*
 * Lines and kinds; see line.h. Never forgets a line that conversations may still name.
 */
#include "engine/line.h"

#include <stdlib.h>

#include "base/str.h"
#include "engine/agent.h"
#include "engine/hold.h"
#include "engine/index.h"
#include "engine/lane.h"
#include "engine/sets.h"
#include "engine/wait.h"
#include "engine/window.h"

uint32_t line_find(const struct engine *e, struct slice name)
{
	return name.n ? (uint32_t)(uintptr_t)map_get(&e->line_names, name) : 0;
}

uint32_t line_add(struct engine *e, struct slice name)
{
	uint32_t h = ++e->line_count;
	struct line *l = mem_alloc(sizeof(*l));

	ASSERT(h < UINT16_MAX);
	if ((h & (h - 1)) == 0)
		e->lines = mem_resize(e->lines, (size_t)h * 2, sizeof(struct line *));
	e->lines[h] = l;
	l->self = h;
	l->name = arena_copy(&e->keep, name);
	l->open = true;
	l->stage_count = 1;
	l->stage[0] = SET_EMPTY;
	map_put(&e->line_names, l->name, (void *)(uintptr_t)h);
	return h;
}

static void line_read(struct engine *e, struct line *l, const struct queue *q)
{
	ASSERT(q->stage_count <= STAGES_MAX);
	l->conf = q;
	l->stage_count = (uint32_t)q->stage_count;
	for (uint32_t i = 0; i < l->stage_count; i++)
		l->stage[i] = set_of(e, q->stages[i].need, q->stages[i].need_count);
	if (!l->stage_count)
		l->stage[l->stage_count++] = SET_EMPTY;
	l->hours_us = q->hours || !l->open ? 1 : 0;
}

/* Which kinds may be given to whom other kinds leave no room. */
static void kinds_interrupt(struct engine *e)
{
	memset(e->interrupts, 0, sizeof(e->interrupts));
	e->interrupting = false;
	for (size_t i = 0; i < e->config->kind_count; i++) {
		const struct kind *k = &e->config->kinds[i];
		uint32_t of = kind_find(e, k->name);

		for (size_t j = 0; of && j < k->interrupted_by_count; j++) {
			uint32_t by = kind_find(e, k->interrupted_by[j]);

			if (by)
				e->interrupts[by] |= UINT32_C(1) << of;
			e->interrupting = e->interrupting || by;
		}
	}
}

void lines_configure(struct engine *e)
{
	const struct config *config = e->config;

	for (uint32_t i = 1; i <= e->line_count; i++) {
		struct line *l = line_at(e, i);

		l->conf = NULL;
		l->stage_count = 1;
		l->stage[0] = SET_EMPTY;
		l->hours_us = 0;
	}
	for (size_t i = 0; i < config->queue_count; i++) {
		uint32_t h = line_find(e, config->queues[i].name);

		if (!h)
			h = line_add(e, config->queues[i].name);
		line_read(e, line_at(e, h), &config->queues[i]);
	}
	for (size_t i = 0; i < config->kind_count; i++) {
		uint32_t h = kind_intern(e, config->kinds[i].name);

		if (h) {
			struct slice name = e->kinds[h].name;

			e->kinds[h] = config->kinds[i];
			e->kinds[h].name = name;
		}
	}
	kinds_interrupt(e);
	hold_configure(e);
	lanes_configure(e);
	index_configure(e);
}

void lines_free(struct engine *e)
{
	for (uint32_t i = 1; i <= e->line_count; i++) {
		windows_free(line_at(e, i));
		waits_free(line_at(e, i));
		free(line_at(e, i));
	}
	free(e->lines);
	map_free(&e->line_names);
	e->lines = NULL;
	e->line_count = 0;
}

uint32_t line_home(const struct engine *e, struct slice channel)
{
	const struct channel *ch = channel.n ? config_channel(e->config, channel) : NULL;

	if (ch && ch->queue)
		return line_find(e, ch->queue->name);
	return e->config->queue_count ? line_find(e, e->config->queues[0].name) : 0;
}

bool line_serves(const struct line *l)
{
	return l->open && !l->paused;
}

bool line_hours(const struct line *l, uint64_t now_us, uint64_t *until_us)
{
	const struct calendar *cal = l->conf ? l->conf->hours : NULL;

	*until_us = 0;
	if (!cal)
		return true;
	/* The first interval that is not over. */
	size_t low = 0, high = cal->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cal->open[mid].to_us > now_us)
			high = mid;
		else
			low = mid + 1;
	}
	if (low == cal->count)
		return false;
	bool open = cal->open[low].from_us <= now_us;

	*until_us = open ? cal->open[low].to_us : cal->open[low].from_us;
	ASSERT(*until_us > now_us);
	return open;
}

uint32_t line_close_s(const struct line *l)
{
	return l->conf ? l->conf->close_s : CLOSE_DEFAULT_S;
}

uint32_t line_wrapup_s(const struct line *l)
{
	return l->conf ? l->conf->wrapup_s : 0;
}

uint32_t line_answer_s(const struct line *l)
{
	return l->conf ? l->conf->answer_s : 0;
}

uint32_t line_sticky_s(const struct line *l)
{
	return l->conf ? l->conf->sticky_s : 0;
}

uint32_t line_offers(const struct line *l)
{
	return l->conf && l->conf->offers ? l->conf->offers : 1;
}

uint32_t line_agent_max(const struct line *l)
{
	return l->conf ? l->conf->agent_max : 0;
}

const struct line *line_overflow(const struct engine *e, const struct line *l)
{
	uint32_t to = l->conf ? line_find(e, l->conf->overflow) : 0;

	return to && line_at(e, to)->conf ? line_at(e, to) : NULL;
}

static bool line_has_room(const struct line *l)
{
	size_t waiting = l->count[CONV_WAITING] + l->count[CONV_OFFERED] + l->count[CONV_PARKED];

	return !l->conf || !l->conf->length_max || waiting < l->conf->length_max;
}

const struct line *line_with_room(const struct engine *e, const struct line *l)
{
	/* Configurations in a circle are refused; whoever makes one in a test still gets an end. */
	for (uint32_t steps = 0; l && steps <= e->line_count; steps++) {
		if (line_has_room(l))
			return l;
		l = line_overflow(e, l);
	}
	return NULL;
}

enum strategy line_strategy(const struct line *l)
{
	return l->conf && l->conf->strategy ? l->conf->strategy : STRATEGY_LONGEST_IDLE;
}

uint32_t kind_find(const struct engine *e, struct slice name)
{
	for (uint32_t i = 1; i <= e->kind_count; i++)
		if (slice_equal(e->kinds[i].name, name))
			return i;
	return 0;
}

uint32_t kind_intern(struct engine *e, struct slice name)
{
	uint32_t h = kind_find(e, name);

	if (h || !name.n)
		return h;
	if (e->kind_count + 1 >= KINDS_MAX)
		return 0;
	h = ++e->kind_count;
	e->kinds[h] = (struct kind){ .name = arena_copy(&e->keep, name),
		.cost = 20,
		.cost_pending = 20,
		.max = 100,
		.offer_s = 120 };
	index_configure(e);
	return h;
}
