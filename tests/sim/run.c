/*
 * The simulation; see run.h. Called by main.c. Every command goes through engine_step, as from the router; nothing here
 * looks into the engine.
 *
 *   agenda (heap by time) ─┬─ source: the next arrival of a type
 *                          └─ call:   while it waits, when it leaves; while it is served, when that ends
 *
 * A call is a place in a chunk that is used again; its conversation's id is (serial, place + 1), so ids never repeat
 * and an event finds its call without a search.
 *
 * Checked after every step: only waiting calls are offered, only to agents who have the skills and the units, and no call
 * waits while an agent who has nothing could take it (unless agents are held back).
 */
#include "run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/map.h"
#include "center.h"
#include "engine/engine.h"
#include "random.h"

#define RUN_START_US UINT64_C(1767571200000000) /* Monday 2026-01-05 00:00 UTC */

enum { CHUNK = 1024, STREAMS = 4, OPEN_MAX = 10000000 };

enum call_state { CALL_FREE, CALL_WAITS, CALL_SERVED };
struct call {
	struct heap_node node; /* first: the agenda finds the call by it */
	uint32_t self, next_free;
	uint64_t serial, arrived_us;
	double service, patience; /* in means */
	uint32_t type, agent;
	int batch;
	enum call_state state;
};
struct source {
	struct heap_node node; /* first, as above */
	const struct model_type *type;
	struct slice kind, skills;
	double gap_us;
	struct chance arrivals, services, patience;
	bool *serves; /* [group] */
	uint64_t waiting;
};
struct worker {
	char name[80];
	uint32_t group, used, calls;
};
struct offer {
	struct id conv, id;
	uint32_t agent;
};
struct run {
	const struct model *m;
	const struct config *config;
	struct engine *e;
	struct err *err;
	int rc;
	struct heap agenda;
	struct source *sources;
	struct worker *workers;
	size_t worker_count;
	struct map worker_names;
	uint64_t *idle; /* [group] */
	struct call **chunks;
	size_t chunk_count;
	uint32_t free_call;
	struct offer *offers;
	size_t offer_count, offer_cap;
	struct chance words;
	uint64_t now_us, serial, steps, open;
	struct tally *t;
};

/* ---- calls ---- */

static struct call *call_at(const struct run *r, uint64_t h)
{
	ASSERT(h > 0 && h <= r->chunk_count * CHUNK);
	return &r->chunks[(h - 1) / CHUNK][(h - 1) % CHUNK];
}

static struct call *call_new(struct run *r)
{
	if (!r->free_call) {
		size_t n = r->chunk_count++;

		r->chunks = mem_resize(r->chunks, r->chunk_count, sizeof(*r->chunks));
		r->chunks[n] = mem_array(CHUNK, sizeof(**r->chunks));
		for (size_t i = CHUNK; i-- > 0;) {
			r->chunks[n][i].self = (uint32_t)(n * CHUNK + i + 1);
			r->chunks[n][i].next_free = r->free_call;
			r->free_call = r->chunks[n][i].self;
		}
	}
	struct call *c = call_at(r, r->free_call);

	r->free_call = c->next_free;
	r->open++;
	return c;
}

static void call_free(struct run *r, struct call *c)
{
	ASSERT(c->state != CALL_FREE && !heap_has(&c->node));
	c->state = CALL_FREE;
	c->next_free = r->free_call;
	r->free_call = c->self;
	r->open--;
}

static struct id call_id(const struct call *c)
{
	return (struct id){ c->serial, c->self };
}

static uint64_t in_means(const struct run *r, double means, double mean_s)
{
	return r->now_us + (uint64_t)llround(means * mean_s * 1e6);
}

/* ---- what is wrong ---- */

static void wrong(struct run *r, const struct call *c, const char *what)
{
	if (r->rc)
		return;
	r->rc = err_set(r->err, EPROTO, "step %llu, %.6f s, arrival %llu of type %.*s: %s",
		(unsigned long long)r->steps, (double)(r->now_us - RUN_START_US) * 1e-6,
		(unsigned long long)(c ? c->serial : 0),
		SLICE_ARG(c ? r->m->types[c->type].name : SLICE("-")), what);
}

/* ---- steps ---- */

static void run_offers(struct run *r, const struct step *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct event *ev = &s->events[i];

		if (ev->type != EVENT_OFFERED)
			continue;
		if (r->offer_count == r->offer_cap) {
			r->offer_cap = r->offer_cap ? r->offer_cap * 2 : 64;
			r->offers = mem_resize(r->offers, r->offer_cap, sizeof(*r->offers));
		}
		r->offers[r->offer_count++] = (struct offer){ ev->conv, ev->offer,
			(uint32_t)(uintptr_t)map_get(&r->worker_names, ev->agent) };
	}
}

static void run_step(struct run *r, struct command *c, const struct call *call)
{
	struct step s;

	c->random = chance_next(&r->words);
	engine_step(r->e, c, r->now_us, &s);
	r->steps++;
	if (s.answer != ANSWER_OK)
		wrong(r, call, *s.why ? s.why : "the engine refused a command");
	run_offers(r, &s);
}

static void call_begins(struct run *r, struct call *c, uint32_t agent)
{
	struct worker *w = &r->workers[agent - 1];
	struct source *s = &r->sources[c->type];
	const struct model_group *g = &r->m->groups[w->group];
	double mean_s = g->service_mean_s > 0 ? g->service_mean_s : s->type->service_mean_s;

	if (!s->serves[w->group])
		wrong(r, c, "offered to an agent without the skills");
	if (w->used + s->type->units > g->units)
		wrong(r, c, "offered to an agent without room");
	c->state = CALL_SERVED;
	c->agent = agent;
	s->waiting--;
	if (!w->calls++)
		r->idle[w->group]--;
	w->used += s->type->units;
	r->t->used[w->group].value += s->type->units;
	tally_outcome(r->t, c->type, c->batch, r->now_us - c->arrived_us, false);
	heap_move(&r->agenda, &c->node, in_means(r, c->service, mean_s));
}

static void run_accepts(struct run *r)
{
	for (size_t i = 0; i < r->offer_count && !r->rc; i++) {
		struct offer o = r->offers[i];
		struct call *c = call_at(r, o.conv.lo);

		if (c->state != CALL_WAITS || c->serial != o.conv.hi || !o.agent) {
			wrong(r, c, "offered, but it does not wait");
			break;
		}
		struct command cmd = { .type = COMMAND_ACCEPT,
			.agent = slice_of(r->workers[o.agent - 1].name),
			.offer = o.id };

		run_step(r, &cmd, c);
		call_begins(r, c, o.agent);
	}
	r->offer_count = 0;
}

/* Nobody waits for an agent who has nothing to do. */
static void run_check_idle(struct run *r)
{
	if (r->m->hold_count)
		return;
	for (size_t i = 0; i < r->m->type_count; i++)
		for (size_t g = 0; r->sources[i].waiting && g < r->m->group_count; g++)
			if (r->idle[g] && r->sources[i].serves[g] &&
				r->m->groups[g].units >= r->m->types[i].units)
				wrong(r, NULL,
					"somebody waits while an agent who could serve has "
					"nothing");
}

static void run_settle(struct run *r)
{
	run_accepts(r);
	run_check_idle(r);
	for (size_t i = 0; i < r->m->type_count; i++)
		r->t->waiting[i].value = (double)r->sources[i].waiting;
	for (size_t g = 0; g < r->m->group_count; g++)
		r->t->idle[g].value = (double)r->idle[g];
}

/* ---- what happens ---- */

static void call_leaves(struct run *r, struct call *c)
{
	struct command cmd = { .type = COMMAND_VISIT, .conv = call_id(c), .visit = VISIT_LEFT };

	if (heap_has(&c->node))
		heap_remove(&r->agenda, &c->node);
	run_step(r, &cmd, c);
	tally_outcome(r->t, c->type, c->batch, r->now_us - c->arrived_us, true);
	r->sources[c->type].waiting--;
	call_free(r, c);
}

static void source_arrives(struct run *r, struct source *s)
{
	struct call *c = call_new(r);

	heap_move(&r->agenda, &s->node,
		r->now_us + (uint64_t)llround(chance_exponential(&s->arrivals) * s->gap_us));
	c->state = CALL_WAITS;
	c->serial = ++r->serial;
	c->arrived_us = r->now_us;
	c->type = (uint32_t)(s - r->sources);
	c->batch = tally_arrive(r->t);
	c->service = chance_exponential(&s->services);
	c->patience = chance_exponential(&s->patience);
	s->waiting++;
	struct command cmd = { .type = COMMAND_MESSAGE,
		.fresh = 1,
		.conv = call_id(c),
		.id = call_id(c),
		.at_us = r->now_us,
		.queue = SLICE("all"),
		.kind = s->kind,
		.segment = s->type->segment,
		.skills = s->skills };

	run_step(r, &cmd, c);
	run_accepts(r);
	if (c->state != CALL_WAITS)
		return;
	if (s->type->patience_s > 0)
		heap_insert(&r->agenda, &c->node, in_means(r, c->patience, s->type->patience_s));
	else if (!(s->type->patience_s < 0))
		call_leaves(r, c);
}

static void call_ends(struct run *r, struct call *c)
{
	struct worker *w = &r->workers[c->agent - 1];
	struct command cmd = { .type = COMMAND_RESOLVE,
		.agent = slice_of(w->name),
		.conv = call_id(c),
		.outcome = SLICE("solved") };

	heap_remove(&r->agenda, &c->node);
	w->used -= r->m->types[c->type].units;
	r->t->used[w->group].value -= r->m->types[c->type].units;
	if (!--w->calls)
		r->idle[w->group]++;
	run_step(r, &cmd, c);
	call_free(r, c);
}

static void run_tick(struct run *r, uint64_t at_us)
{
	struct command cmd = { .type = COMMAND_TICK };

	r->now_us = at_us;
	tally_advance(r->t, at_us);
	run_step(r, &cmd, NULL);
	run_settle(r);
}

static bool is_source(const struct run *r, const struct heap_node *n)
{
	const char *p = (const char *)n, *first = (const char *)r->sources;

	return p >= first && p < first + r->m->type_count * sizeof(*r->sources);
}

static void run_next(struct run *r)
{
	struct heap_node *n = heap_min(&r->agenda);
	uint64_t deadline_us = engine_deadline(r->e);

	if (deadline_us <= n->at) {
		run_tick(r, deadline_us > r->now_us ? deadline_us : r->now_us);
		return;
	}
	r->now_us = n->at;
	tally_advance(r->t, n->at);
	if (is_source(r, n))
		source_arrives(r, (struct source *)n);
	else if (((struct call *)n)->state == CALL_WAITS)
		call_leaves(r, (struct call *)n);
	else
		call_ends(r, (struct call *)n);
	run_settle(r);
	if (r->open > OPEN_MAX && !r->rc)
		r->rc = err_set(r->err, ERANGE,
			"%d conversations are open: more comes in than can be served", OPEN_MAX);
}

/* ---- begin and end ---- */

static void run_workers(struct run *r)
{
	for (size_t g = 0; g < r->m->group_count; g++)
		r->worker_count += r->m->groups[g].count;
	r->workers = mem_array(r->worker_count, sizeof(*r->workers));
	size_t n = 0;

	for (size_t g = 0; g < r->m->group_count; g++) {
		const struct model_group *group = &r->m->groups[g];
		struct str skills = { 0 };

		r->idle[g] = group->count;
		for (size_t i = 0; i < group->skill_count; i++)
			skills_add(&skills, group->skills[i].name, group->skills[i].level);
		for (size_t i = 0; i < group->count; i++, n++) {
			struct worker *w = &r->workers[n];

			snprintf(w->name, sizeof(w->name), "%.*s-%05zu", SLICE_ARG(group->name), i);
			w->group = (uint32_t)g;
			map_put(&r->worker_names, slice_of(w->name), (void *)(uintptr_t)(n + 1));
			struct slice name = slice_of(w->name);
			struct command up[] = {
				{ .type = COMMAND_USER,
					.agent = name,
					.role = ROLE_AGENT,
					.skills = str_slice(&skills),
					.units = group->units },
				{ .type = COMMAND_DESK_UP,
					.agent = name,
					.session = name,
					.node = SLICE("sim") },
				{ .type = COMMAND_PRESENCE,
					.agent = name,
					.presence = PRESENCE_AVAILABLE },
			};
			for (size_t k = 0; k < sizeof(up) / sizeof(up[0]); k++)
				run_step(r, &up[k], NULL);
		}
		str_free(&skills);
	}
}

static void run_sources(struct run *r, uint64_t seed)
{
	for (size_t i = 0; i < r->m->type_count; i++) {
		struct source *s = &r->sources[i];
		const struct model_type *t = &r->m->types[i];
		struct str skills = { 0 };

		s->type = t;
		s->kind = center_kind(r->config, t);
		s->gap_us = 3600e6 / t->rate_per_h;
		s->arrivals = chance_new(seed, i * STREAMS + 1);
		s->services = chance_new(seed, i * STREAMS + 2);
		s->patience = chance_new(seed, i * STREAMS + 3);
		s->serves = mem_array(r->m->group_count, sizeof(bool));
		for (size_t g = 0; g < r->m->group_count; g++)
			s->serves[g] = model_serves(&r->m->groups[g], t);
		for (size_t k = 0; k < t->require_count; k++)
			skills_add(&skills, t->requires[k].name, t->requires[k].level);
		s->skills = (struct slice){ skills.p, skills.n };
		heap_insert(&r->agenda, &s->node,
			r->now_us +
				(uint64_t)llround(chance_exponential(&s->arrivals) * s->gap_us));
	}
}

static void run_finish(struct run *r, struct run_result *out)
{
	struct str violations = { 0 };

	if (!r->rc && engine_check(r->e, &violations))
		r->rc = err_set(
			r->err, EPROTO, "engine_check: %.*s", SLICE_ARG(str_slice(&violations)));
	out->steps = r->steps;
	out->hash = engine_hash(r->e);
	out->probes = engine_probes(r->e);
	str_free(&violations);
	engine_free(&r->e);
	heap_free(&r->agenda); /* before what hangs in it */
	for (size_t i = 0; i < r->m->type_count; i++) {
		free((void *)(uintptr_t)r->sources[i].skills.p);
		free(r->sources[i].serves);
	}
	for (size_t i = 0; i < r->chunk_count; i++)
		free(r->chunks[i]);
	free(r->chunks);
	free(r->sources);
	free(r->workers);
	free(r->idle);
	free(r->offers);
	map_free(&r->worker_names);
}

/* Work that comes in for who never leaves, against all units that could do any of it: what is at least needed for
 * the waits not to grow without end. */
static void run_can_settle(struct run *r)
{
	double work = 0, units = 0;

	for (size_t g = 0; g < r->m->group_count; g++) {
		bool serves = false;

		for (size_t i = 0; i < r->m->type_count; i++)
			serves = serves ||
				 (r->m->types[i].patience_s < 0 && r->sources[i].serves[g]);
		if (serves)
			units += (double)r->m->groups[g].count * r->m->groups[g].units;
	}
	for (size_t i = 0; i < r->m->type_count; i++) {
		const struct model_type *t = &r->m->types[i];
		double least_s = INFINITY;

		for (size_t g = 0; g < r->m->group_count; g++) {
			double own_s = r->m->groups[g].service_mean_s;
			double mean_s = own_s > 0 ? own_s : t->service_mean_s;

			if (r->sources[i].serves[g] && mean_s < least_s)
				least_s = mean_s;
		}
		if (t->patience_s < 0)
			work += t->rate_per_h / 3600 * least_s * t->units;
	}
	if (work > 0 && work >= units)
		r->rc = err_set(r->err, ERANGE, "%.3g times as much comes in as can be served",
			work / units);
}

int run_model(const struct model *m, const struct config *config, uint64_t seed, uint64_t arrivals,
	struct run_result *out, struct err *err)
{
	struct run r = {
		.m = m, .config = config, .err = err, .now_us = RUN_START_US, .t = &out->tally
	};

	*out = (struct run_result){ .steps = 0 };
	tally_init(&out->tally, m->type_count, m->group_count, arrivals);
	out->tally.last_us = r.now_us;
	r.e = engine_new(config);
	r.words = chance_new(seed, 0);
	r.sources = mem_array(m->type_count, sizeof(*r.sources));
	r.idle = mem_array(m->group_count, sizeof(*r.idle));
	run_workers(&r);
	run_sources(&r, seed);
	run_settle(&r);
	run_can_settle(&r);
	while (!r.rc && !tally_done(&out->tally)) {
		run_next(&r);
		if (out->tally.arrived > 3 * arrivals + 100000 && !r.rc)
			r.rc = err_set(err, ERANGE,
				"%llu conversations still wait long after they came: more comes in "
				"than can be served",
				(unsigned long long)out->tally.open);
	}
	run_finish(&r, out);
	return r.rc;
}
