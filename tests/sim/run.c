/*
 * The simulation; see run.h and run_private.h. Called by main.c. Every command goes through engine_step, as from the
 * router; nothing here looks into the engine.
 */
#include "run_private.h"

#include <stdlib.h>

#include "base/str.h"

enum { OPEN_MAX = 10000000 };

static struct id call_id(const struct call *c)
{
	return (struct id){ c->serial, c->self };
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

void run_step(struct run *r, struct command *c, const struct call *call)
{
	struct step s;

	c->random = chance_next(&r->words);
	engine_step(r->e, c, r->now_us, &s);
	r->steps++;
	if (s.answer != ANSWER_OK)
		promise_broken(r, call, *s.why ? s.why : "the engine refused a command");
	run_offers(r, &s);
}

static void call_begins(struct run *r, struct call *c, uint32_t agent)
{
	struct worker *w = &r->workers[agent - 1];
	struct source *s = &r->sources[c->type];
	const struct model_group *g = &r->m->groups[w->group];
	double mean_s = g->service_mean_s > 0 ? g->service_mean_s : s->type->service_mean_s;

	promise_offer(r, c, w);
	c->state = CALL_SERVED;
	c->agent = agent;
	waiting_leave(r, c);
	if (!w->calls++)
		bench_leave(r, agent);
	w->used += s->type->units;
	r->t->used[w->group].value += s->type->units;
	tally_outcome(r->t, c->type, c->batch, r->now_us - c->arrived_us, false);
	heap_move(&r->agenda, &c->node, run_after(r, c->service, mean_s * 1e6));
}

static void run_accepts(struct run *r)
{
	for (size_t i = 0; i < r->offer_count && !r->rc; i++) {
		struct offer o = r->offers[i];
		struct call *c = call_at(r, o.conv.lo);

		if (c->state != CALL_WAITS || c->serial != o.conv.hi || !o.agent) {
			promise_broken(r, c, "offered, but it does not wait");
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

static void run_settle(struct run *r)
{
	run_accepts(r);
	promise_settled(r);
	for (size_t i = 0; i < r->m->type_count; i++)
		r->t->waiting[i].value = (double)r->sources[i].waiting;
	for (size_t g = 0; g < r->m->group_count; g++)
		r->t->idle[g].value = (double)r->benches[g].count;
}

/* ---- what happens ---- */

static void call_leaves(struct run *r, struct call *c)
{
	struct command cmd = { .type = COMMAND_VISIT, .conv = call_id(c), .visit = VISIT_LEFT };

	if (heap_has(&c->node))
		heap_remove(&r->agenda, &c->node);
	run_step(r, &cmd, c);
	tally_outcome(r->t, c->type, c->batch, r->now_us - c->arrived_us, true);
	waiting_leave(r, c);
	call_free(r, c);
}

static void source_arrives(struct run *r, struct source *s)
{
	struct call *c = call_new(r);

	heap_move(&r->agenda, &s->node, run_after(r, chance_exponential(&s->arrivals), s->gap_us));
	c->state = CALL_WAITS;
	c->serial = ++r->serial;
	c->arrived_us = r->now_us;
	c->type = (uint32_t)(s - r->sources);
	c->batch = tally_arrive(r->t);
	c->service = chance_exponential(&s->services);
	c->patience = chance_exponential(&s->patience);
	waiting_join(r, c);
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
		heap_insert(
			&r->agenda, &c->node, run_after(r, c->patience, s->type->patience_s * 1e6));
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
		bench_join(r, c->agent);
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
	free(r->sources);
	free(r->offers);
	room_free(r);
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
	r.benches = mem_array(m->group_count, sizeof(*r.benches));
	start_workers(&r);
	start_sources(&r, seed);
	run_settle(&r);
	start_check(&r);
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
