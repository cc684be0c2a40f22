/*
 * Conversations and the chains and trees they hang in; see conv.h. Never decides, never emits; called by
 * apply_conv.c, and read by everyone.
 */
#include "engine/conv.h"

#include <stdlib.h>

#include "engine/agent.h"
#include "engine/ask.h"
#include "engine/deadline.h"
#include "engine/hold.h"
#include "engine/index.h"
#include "engine/lane.h"
#include "engine/line.h"
#include "engine/order.h"
#include "engine/sets.h"

#define TO(state) (1u << (state))

/* The allowed moves. Scheduled is also the moment between two places: returned → queued, abandoned → resolved. */
static const unsigned moves[CONV_STATE_COUNT] = {
	[CONV_SCHEDULED] = TO(CONV_WAITING) | TO(CONV_RESOLVED) | TO(CONV_ACTIVE),
	[CONV_WAITING] = TO(CONV_SCHEDULED) | TO(CONV_OFFERED) | TO(CONV_ACTIVE) |
			 TO(CONV_RESOLVED) | TO(CONV_PARKED),
	[CONV_OFFERED] = TO(CONV_WAITING) | TO(CONV_ACTIVE),
	[CONV_ACTIVE] = TO(CONV_PENDING) | TO(CONV_WRAPUP) | TO(CONV_RESOLVED) | TO(CONV_SCHEDULED),
	[CONV_PENDING] = TO(CONV_ACTIVE) | TO(CONV_WRAPUP) | TO(CONV_RESOLVED) | TO(CONV_SCHEDULED),
	[CONV_WRAPUP] = TO(CONV_ACTIVE) | TO(CONV_RESOLVED) | TO(CONV_SCHEDULED),
	[CONV_RESOLVED] = TO(CONV_SCHEDULED) | TO(CONV_ACTIVE) | TO(CONV_CLOSED),
	[CONV_PARKED] = TO(CONV_SCHEDULED) | TO(CONV_WAITING) | TO(CONV_ACTIVE) | TO(CONV_RESOLVED),
};

static struct id conv_id_of(const void *e, uint32_t h)
{
	return conv_at(e, h)->id;
}

static struct id conv_offer_of(const void *e, uint32_t h)
{
	const struct engine *engine = e;

	return rare_at(engine, conv_at(engine, h)->rare)->offer;
}

void convs_init(struct engine *e)
{
	e->convs.item_size = sizeof(struct conv);
	e->rares.item_size = sizeof(struct rare);
	e->exclusions.item_size = sizeof(struct exclusion);
	e->by_id = (struct idmap){ .key = conv_id_of, .owner = e };
	e->by_offer = (struct idmap){ .key = conv_offer_of, .owner = e };
	asks_init(e);
}

void convs_free(struct engine *e)
{
	for (uint32_t h = 1; h <= e->convs.used; h++) {
		const struct conv *c = conv_at(e, h);

		/* A given-back slot holds a link to a free one where the id was; its self is 0. */
		if (c->self == h && c->rare)
			free(rare_at(e, c->rare)->outcome);
	}
	slab_free(&e->convs);
	slab_free(&e->rares);
	slab_free(&e->exclusions);
	idmap_free(&e->by_id);
	idmap_free(&e->by_offer);
	asks_free(e);
}

uint32_t conv_find(const struct engine *e, struct id id)
{
	return idmap_get(&e->by_id, id);
}

uint32_t conv_by_offer(const struct engine *e, struct id offer)
{
	uint32_t ask = ask_by_offer(e, offer);

	return ask ? ask_at(e, ask)->conv : idmap_get(&e->by_offer, offer);
}

static struct chain *conv_chain(struct engine *e, const struct conv *c)
{
	ASSERT(c->state > CONV_NONE && c->state < CONV_STATE_COUNT);
	if (!state_is_work(c->state))
		return &e->chains[c->state];
	ASSERT(c->agent > 0);
	return &agent_at(e, c->agent)->work;
}

static void conv_link(struct engine *e, struct conv *c)
{
	struct chain *ch = conv_chain(e, c);

	c->link = (struct link){ ch->last, 0 };
	if (ch->last)
		conv_at(e, ch->last)->link.next = c->self;
	else
		ch->first = c->self;
	ch->last = c->self;
	ch->count++;
}

static void conv_unlink(struct engine *e, struct conv *c)
{
	struct chain *ch = conv_chain(e, c);

	ASSERT(ch->count > 0);
	if (c->link.prev)
		conv_at(e, c->link.prev)->link.next = c->link.next;
	else
		ch->first = c->link.next;
	if (c->link.next)
		conv_at(e, c->link.next)->link.prev = c->link.prev;
	else
		ch->last = c->link.prev;
	c->link = (struct link){ 0 };
	ch->count--;
}

/* The oldest is kept while others come and go; when it goes itself, step_end looks for the next. */
static void conv_count_parked(struct line *l, uint64_t arrived_us, int change)
{
	if (change < 0 && arrived_us == l->parked_us)
		l->parked_us = 0;
	else if (change > 0 && (l->count[CONV_PARKED] == 1 || arrived_us < l->parked_us))
		l->parked_us = arrived_us;
}

uint64_t conv_parked_oldest(const struct engine *e, const struct line *l)
{
	uint64_t oldest_us = 0;

	if (!l->count[CONV_PARKED] || l->parked_us)
		return l->parked_us;
	for (uint32_t h = e->chains[CONV_PARKED].first; h; h = conv_at(e, h)->link.next) {
		const struct conv *c = conv_at(e, h);

		if (c->line == l->self && (!oldest_us || c->arrived_us < oldest_us))
			oldest_us = c->arrived_us;
	}
	return oldest_us;
}

static void conv_count(struct engine *e, const struct conv *c, int change)
{
	size_t *all = &e->count[c->state], *line = &line_at(e, c->line)->count[c->state];

	ASSERT(change > 0 || (*all > 0 && *line > 0));
	*all = change > 0 ? *all + 1 : *all - 1;
	*line = change > 0 ? *line + 1 : *line - 1;
	if (c->state == CONV_PARKED)
		conv_count_parked(line_at(e, c->line), c->arrived_us, change);
}

struct conv *conv_add(struct engine *e, struct id id, uint32_t line)
{
	uint32_t h = slab_take(&e->convs);
	struct conv *c = conv_at(e, h);

	c->self = h;
	c->id = id;
	c->line = (uint16_t)line;
	c->state = CONV_SCHEDULED;
	c->state_us = e->last_us;
	c->wants = SET_EMPTY;
	idmap_put(&e->by_id, h);
	conv_link(e, c);
	conv_count(e, c, 1);
	return c;
}

void conv_drop(struct engine *e, struct conv *c)
{
	ASSERT(c->state == CONV_RESOLVED);
	ASSERT(!c->agent && !c->sig);
	conv_clear_exclusions(e, c);
	deadline_set(e, DEADLINE_CONV, c->self, UINT64_MAX);
	conv_count(e, c, -1);
	conv_unlink(e, c);
	idmap_remove(&e->by_id, c->self);
	if (c->rare) {
		ASSERT(id_is_none(rare_at(e, c->rare)->offer) && !ask_first(e, c));
		free(rare_at(e, c->rare)->outcome);
		slab_give(&e->rares, c->rare);
	}
	uint32_t h = c->self;

	c->self = 0;
	slab_give(&e->convs, h);
}

struct rare *conv_rare(struct engine *e, struct conv *c)
{
	if (!c->rare)
		c->rare = slab_take(&e->rares);
	return rare_at(e, c->rare);
}

bool conv_may(uint32_t from, uint32_t to)
{
	return from < CONV_STATE_COUNT && to < CONV_STATE_COUNT && (moves[from] & TO(to)) != 0;
}

static void conv_units(struct engine *e, struct conv *c, uint32_t agent, uint32_t units)
{
	if (c->agent && c->agent != agent) {
		agent_release(e, agent_at(e, c->agent), c->kind, c->units, e->last_us);
	} else if (c->agent && c->units != units) {
		agent_release(e, agent_at(e, c->agent), c->kind, c->units, e->last_us);
		agent_hold(e, agent_at(e, agent), c->kind, units);
	}
	if (agent && c->agent != agent)
		agent_hold(e, agent_at(e, agent), c->kind, units);
	c->agent = agent;
	c->units = units;
}

void conv_place(
	struct engine *e, struct conv *c, enum conv_state to, uint32_t agent, uint32_t units)
{
	bool stays = state_is_work(c->state) && state_is_work(to) && c->agent == agent;

	ASSERT(c->state == to || conv_may(c->state, to));
	ASSERT((agent != 0) == state_is_work(to));
	if (c->state == CONV_WAITING)
		conv_unindex(e, c);
	if (!stays)
		conv_unlink(e, c);
	conv_count(e, c, -1);
	conv_units(e, c, agent, units);
	if (c->state != to)
		c->state_us = e->last_us;
	c->state = (uint8_t)to;
	if (!stays)
		conv_link(e, c);
	conv_count(e, c, 1);
	if (to == CONV_WAITING)
		conv_index(e, c);
	conv_arm(e, c);
}

void conv_restore(
	struct engine *e, struct conv *c, enum conv_state to, uint32_t agent, uint32_t units)
{
	ASSERT(c->state == CONV_SCHEDULED && !c->agent);
	ASSERT((agent != 0) == state_is_work(to));
	conv_unlink(e, c);
	conv_count(e, c, -1);
	if (agent)
		agent_hold(e, agent_at(e, agent), c->kind, units);
	c->agent = agent;
	c->units = units;
	c->state = (uint8_t)to;
	conv_link(e, c);
	conv_count(e, c, 1);
	if (to == CONV_WAITING)
		conv_index(e, c);
	/* Whoever comes and could serve it must be noticed. */
	for (uint32_t i = 0; to == CONV_PARKED && i < conv_stage_count(e, c); i++)
		conv_need(e, c, i);
	if (to == CONV_PARKED && c->also)
		agent_at(e, c->also)->awaited = true;
	conv_arm(e, c);
}

void conv_set_offer(struct engine *e, struct conv *c, struct id offer)
{
	struct rare *r = conv_rare(e, c);

	if (!id_is_none(r->offer)) {
		idmap_remove(&e->by_offer, c->self);
		agent_at(e, c->agent)->offers--;
	}
	r->offer = offer;
	if (!id_is_none(offer)) {
		idmap_put(&e->by_offer, c->self);
		agent_at(e, c->agent)->offers++;
	}
}

/* ---- stages ---- */

static uint32_t conv_directed(const struct conv *c)
{
	return (c->flags & FLAG_DIRECTED) ? 1 : 0;
}

uint32_t conv_stage_count(const struct engine *e, const struct conv *c)
{
	return line_at(e, c->line)->stage_count + conv_directed(c);
}

uint32_t conv_need(struct engine *e, const struct conv *c, uint32_t stage)
{
	const struct line *l = line_at(e, c->line);
	uint32_t set;

	ASSERT(l->stage_count > 0);
	if (conv_directed(c) && stage == 0) {
		set = agent_at(e, c->also)->own_set;
	} else {
		uint32_t i = stage - conv_directed(c);

		set = set_union(e, l->stage[i < l->stage_count ? i : l->stage_count - 1], c->wants);
	}
	set_ask(e, set);
	return set;
}

uint64_t conv_stage_us(const struct engine *e, const struct conv *c, uint32_t stage)
{
	const struct line *l = line_at(e, c->line);

	ASSERT(stage > 0);
	if (conv_directed(c) && c->stage == 0) {
		if (stage == 1)
			return c->stage_from_us;
		stage--;
	} else {
		stage -= conv_directed(c);
	}
	if (!l->conf || stage >= l->conf->stage_count)
		return UINT64_MAX;
	return c->stage_from_us + l->conf->stages[stage].after_s * SECOND_US;
}

/* ---- signatures and trees ---- */

struct sig_key conv_sig_key(struct engine *e, const struct conv *c)
{
	return (struct sig_key){ conv_need(e, c, c->stage), c->also, c->line, c->kind,
		lane_of(e, c), hold_of(e, c) };
}

static struct sig *sig_of(struct engine *e, struct conv *c)
{
	struct sig_key key = conv_sig_key(e, c);
	struct slice bytes = slice_make(&key, sizeof(key));
	uint32_t h = (uint32_t)(uintptr_t)map_get(&e->sig_keys, bytes);

	if (!h) {
		struct sig *s = mem_alloc(sizeof(*s));

		h = ++e->sig_count;
		if ((h & (h - 1)) == 0)
			e->sigs = mem_resize(e->sigs, (size_t)h * 2, sizeof(struct sig *));
		e->sigs[h] = s;
		s->key = key;
		s->self = h;
		map_put(&e->sig_keys, bytes, (void *)(uintptr_t)h);
	}
	c->sig = h;
	c->lane = (uint8_t)key.lane;
	return sig_at(e, h);
}

void conv_index(struct engine *e, struct conv *c)
{
	ASSERT(c->state == CONV_WAITING);
	ASSERT(!c->sig);
	struct sig *s = sig_of(e, c);
	bool asks_again = s->plain && !s->dirty;

	order_insert(e, &line_at(e, c->line)->root[c->lane], ORDER_LINE, c->self);
	order_insert(e, c->excluded ? &s->odd : &s->plain, ORDER_SIG, c->self);
	if (!s->head || order_before(e, c, conv_at(e, s->head)))
		index_sig(e, s);
	if (c->excluded && s->most_excluded < conv_exclusion_count(e, c))
		s->most_excluded = conv_exclusion_count(e, c);
	/* Where one waits whom nobody may have, nobody may have another that asks the same. */
	if (!asks_again)
		sig_mark(e, s);
}

void conv_unindex(struct engine *e, struct conv *c)
{
	ASSERT(c->state == CONV_WAITING);
	ASSERT(c->sig);
	struct sig *s = sig_at(e, c->sig);

	order_remove(e, &line_at(e, c->line)->root[c->lane], ORDER_LINE, c->self);
	order_remove(e, c->excluded ? &s->odd : &s->plain, ORDER_SIG, c->self);
	c->sig = 0;
	if (s->head == c->self)
		index_sig(e, s);
}

void sig_mark(struct engine *e, struct sig *s)
{
	s->found = 0;
	if (s->dirty)
		return;
	if (e->dirty_sig_count == e->dirty_sig_cap) {
		e->dirty_sig_cap = e->dirty_sig_cap ? e->dirty_sig_cap * 2 : 16;
		e->dirty_sigs = mem_resize(e->dirty_sigs, e->dirty_sig_cap, sizeof(uint32_t));
	}
	s->dirty = true;
	e->dirty_sigs[e->dirty_sig_count++] = s->self;
}

void sigs_free(struct engine *e)
{
	for (uint32_t i = 1; i <= e->sig_count; i++) {
		free(sig_at(e, i)->rivals.v);
		free(sig_at(e, i));
	}
	free(e->sigs);
	map_free(&e->sig_keys);
	e->sigs = NULL;
	e->sig_count = 0;
}

uint64_t conv_promote_us(const struct engine *e, const struct conv *c)
{
	const struct segment *s;

	if (c->tier <= TIER_NORMAL)
		return UINT64_MAX;
	s = config_segment(e->config, names_text(&e->labels, c->segment));
	/* A configuration that has no tier for it any more promotes it at once. */
	return c->arrived_us + (s ? s->promote_s * SECOND_US : 0);
}

uint64_t conv_overflow_us(const struct engine *e, const struct conv *c)
{
	const struct line *l = line_at(e, c->line), *to = line_overflow(e, l);

	if (!l->conf || !l->conf->wait_max_s || !l->open || c->tier == TIER_OVERNIGHT)
		return UINT64_MAX;
	if (to ? !to->open : !l->conf->full_text.n || !kind_at(e, c->kind)->live)
		return UINT64_MAX;
	return c->stage_from_us + l->conf->wait_max_s * SECOND_US;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void conv_arm(struct engine *e, struct conv *c)
{
	uint64_t at = c->until_us ? c->until_us : UINT64_MAX;

	if (c->state == CONV_WAITING) {
		at = earlier(conv_promote_us(e, c), conv_overflow_us(e, c));
		if (c->stage + 1u < conv_stage_count(e, c))
			at = earlier(at, conv_stage_us(e, c, c->stage + 1u));
		if (sig_at(e, c->sig)->key.hold)
			at = earlier(at, hold_us(e, c));
		for (uint32_t x = c->excluded; x; x = exclusion_at(e, x)->next) {
			uint64_t until = exclusion_at(e, x)->until_us;
			uint64_t reset = exclusion_reset_us(e, exclusion_at(e, x));

			if (until > e->now_us && until < at)
				at = until;
			if (reset > e->now_us && reset < at)
				at = reset;
		}
	} else if ((c->state == CONV_ACTIVE || c->state == CONV_PENDING) && ask_first(e, c)) {
		at = earlier(at, ask_at(e, ask_first(e, c))->until_us);
	} else if (c->state == CONV_PARKED) {
		at = conv_overflow_us(e, c);
	} else if (c->state == CONV_SCHEDULED) {
		at = UINT64_MAX;
	}
	deadline_set(e, DEADLINE_CONV, c->self, at);
}
