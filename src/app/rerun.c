/*
 * What if; see rerun.h. Called by whatif.c.
 */
#include "app/rerun.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/figures.h"
#include "app/past.h"
#include "base/assert.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/str.h"

enum { MINUTE_US = 60000000 };

struct todo {
	struct heap_node node;
	struct fact *fact;
	struct act *act; /* NULL: accept the offer, or leave */
	struct id offer; /* none: leave */
	uint64_t base_us;
};
struct rerun {
	struct past past;
	const struct config *was, *what_if;
	uint64_t since_us, from_us, end_us, sample_us, now_us;
	struct engine *real, *other;
	struct figures *real_figures, *other_figures;
	size_t input_at;
	struct heap todos;
	const struct episode *lent; /* the last that began */
	uint64_t serial, events;
	bool begun;
};

struct rerun *rerun_new(const struct config *was, const struct config *what_if, uint64_t since_us,
	struct slice agents, size_t bytes_max, struct err *err)
{
	struct rerun *r = mem_alloc(sizeof(*r));

	ASSERT(was && what_if && bytes_max);
	r->past = (struct past){ .what_if = what_if, .bytes_max = bytes_max };
	r->was = was;
	r->what_if = what_if;
	r->since_us = since_us;
	r->real = engine_new(was);
	r->real_figures = figures_new();
	r->other_figures = figures_new();
	if (past_change(&r->past, agents, err) != 0)
		rerun_free(&r);
	return r;
}

void rerun_free(struct rerun **rp)
{
	struct rerun *r = *rp;

	if (!r)
		return;
	engine_free(&r->real);
	engine_free(&r->other);
	figures_free(&r->real_figures);
	figures_free(&r->other_figures);
	while (heap_min(&r->todos)) {
		struct heap_node *n = heap_min(&r->todos);

		heap_remove(&r->todos, n);
		free(LIST_ENTRY(n, struct todo, node));
	}
	heap_free(&r->todos);
	past_free(&r->past);
	free(r);
	*rp = NULL;
}

/* ---- reading, with the engine as it was beside ---- */

static bool open_conv(const struct conv_view *v, void *arg)
{
	struct rerun *r = arg;

	figures_open(r->real_figures, v, r->from_us);
	figures_open(r->other_figures, v, r->from_us);
	past_open_conv(&r->past, v, r->from_us);
	return true;
}

static bool open_agent(const struct agent_view *v, void *arg)
{
	struct rerun *r = arg;

	past_open_agent(&r->past, v, r->from_us);
	return true;
}

/* The minutes up to now, in which nothing changed. */
static void sample(struct rerun *r, struct figures *f, const struct engine *e, uint64_t now_us)
{
	if (r->sample_us > now_us)
		return;
	uint64_t minutes = (now_us - r->sample_us) / MINUTE_US + 1;

	figures_sample(f, e, minutes);
	r->sample_us += minutes * MINUTE_US;
}

static int begin_both(struct rerun *r, uint64_t at_us, struct err *err)
{
	struct str saved = { 0 };

	r->begun = true;
	r->from_us = r->end_us = at_us > r->since_us ? at_us : r->since_us;
	r->sample_us = r->from_us;
	engine_save(r->real, &saved);
	r->other = engine_load(r->what_if, str_slice(&saved), err);
	str_free(&saved);
	if (!r->other)
		return -EINVAL;
	engine_each_conv(r->real, CONV_NONE, open_conv, r);
	engine_each_agent(r->real, open_agent, r);
	return 0;
}

int rerun_read(struct rerun *r, const struct event *ev, struct err *err)
{
	if (!r->begun && ev->at_us >= r->since_us && begin_both(r, ev->at_us, err) != 0)
		return -EINVAL;
	if (r->begun) {
		sample(r, r->real_figures, r->real, ev->at_us);
		r->events++;
		if (ev->at_us > r->end_us)
			r->end_us = ev->at_us;
		figures_event(r->real_figures, ev);
		int status = past_event(&r->past, ev, err);

		if (status != 0)
			return status;
	}
	return engine_apply(r->real, ev, err);
}

/* ---- running again ---- */

static void later(struct rerun *r, uint64_t at_us, struct todo what)
{
	struct todo *t = mem_alloc(sizeof(*t));

	*t = what;
	t->node = (struct heap_node){ .at = 0 };
	heap_insert(&r->todos, &t->node, at_us);
}

static void later_act(struct rerun *r, struct fact *f, struct act *a, uint64_t base_us)
{
	if (a)
		later(r, base_us + a->after_us,
			(struct todo){ .fact = f, .act = a, .base_us = base_us });
}

/* What it took then it takes again; who had nobody then takes what people took on average. */
static void answers_offer(struct rerun *r, struct fact *f, const struct event *ev)
{
	const struct episode *ep = f->now ? f->now : f->last;
	uint64_t after_us = ep		      ? ep->accept_us
			    : r->past.accepts ? r->past.accept_sum_us / r->past.accepts
					      : 0;

	later(r, ev->at_us + after_us, (struct todo){ .fact = f, .offer = ev->offer });
}

static void works_again(struct rerun *r, struct fact *f, uint64_t at_us)
{
	const struct episode *ep = f->now ? f->now : f->last;

	f->now = f->now ? f->now->next : NULL;
	f->serial++;
	if (ep)
		r->lent = ep;
	else
		ep = r->lent; /* it left then: it takes what the one before it took */
	if (ep)
		later_act(r, f, ep->first, at_us);
}

static void step(struct rerun *r, struct command *c)
{
	struct step out;

	c->at_us = c->at_us ? c->at_us : r->now_us;
	c->random = ++r->serial * UINT64_C(0x9e3779b97f4a7c15);
	engine_step(r->other, c, r->now_us, &out);
	for (size_t i = 0; i < out.count; i++) {
		const struct event *ev = &out.events[i];
		struct fact *f = past_find(&r->past, ev->conv);

		figures_event(r->other_figures, ev);
		if (f && ev->type == EVENT_OFFERED)
			answers_offer(r, f, ev);
		else if (f && ev->type == EVENT_ASSIGNED)
			works_again(r, f, ev->at_us);
	}
}

int rerun_begin(struct rerun *r, struct err *err)
{
	struct step out;
	struct map_entry e;

	if (!r->begun || !r->events)
		return err_set(err, ENOENT, "nothing happened since then: an earlier --since?");
	figures_end(r->real_figures, r->end_us);
	r->now_us = r->sample_us = r->from_us;
	engine_configure(r->other, r->what_if, r->now_us, &out);
	for (size_t i = 0; i < out.count; i++)
		figures_event(r->other_figures, &out.events[i]);
	for (size_t i = 0; map_next(&r->past.facts, &i, &e);) {
		struct fact *f = e.value;
		struct conv_view v;

		f->now = f->first;
		f->serial = 0;
		if (!engine_conv(r->other, f->conv, &v))
			continue;
		if (v.state == CONV_OFFERED)
			later(r, r->now_us + (f->now ? f->now->accept_us : 0),
				(struct todo){ .fact = f, .offer = v.offer });
		else if (f->first && f->first->began_us == r->from_us)
			works_again(r, f, r->from_us);
		if (f->leaves_us)
			later(r, f->arrived_us + f->leaves_us, (struct todo){ .fact = f });
	}
	return 0;
}

/* Does what is due, if there still is whom it concerns. */
static void do_act(struct rerun *r, const struct todo *t, const struct conv_view *v)
{
	struct command c = { .conv = t->fact->conv, .agent = v->agent };
	bool owned = v->state == CONV_ACTIVE || v->state == CONV_PENDING;

	c.id = (struct id){ r->now_us, ++r->serial };
	switch (t->act->kind) {
	case ACT_REPLY:
		c.type = COMMAND_REPLY;
		break;
	case ACT_RESOLVE:
		c.type = COMMAND_RESOLVE;
		break;
	case ACT_TRANSFER:
		c.type = COMMAND_TRANSFER;
		c.to = t->act->to;
		break;
	case ACT_HEARD:
		c.type = COMMAND_MESSAGE;
		c.agent = (struct slice){ NULL, 0 };
		owned = true;
		break;
	}
	if (owned)
		step(r, &c);
}

static void do_todo(struct rerun *r, const struct todo *t)
{
	struct conv_view v = { .state = CONV_NONE };
	struct command c = { .conv = t->fact->conv };
	uint64_t serial = t->fact->serial;
	bool there = engine_conv(r->other, t->fact->conv, &v);

	if (t->act) {
		if (there)
			do_act(r, t, &v);
		if (t->fact->serial == serial) /* else another episode has begun */
			later_act(r, t->fact, t->act->next, t->base_us);
	} else if (!id_is_none(t->offer)) {
		c.type = COMMAND_ACCEPT;
		c.offer = t->offer;
		c.agent = v.agent;
		if (there && v.state == CONV_OFFERED && id_equal(v.offer, t->offer))
			step(r, &c);
	} else if (there &&
		   (v.state == CONV_WAITING || v.state == CONV_PARKED || v.state == CONV_OFFERED)) {
		c.type = COMMAND_VISIT;
		c.visit = VISIT_END;
		step(r, &c);
	}
}

static void do_input(struct rerun *r, struct input *in)
{
	if (in->fact && in->fact->leaves_us)
		later(r, in->fact->arrived_us + in->fact->leaves_us,
			(struct todo){ .fact = in->fact });
	step(r, &in->c);
}

bool rerun_steps(struct rerun *r, size_t steps)
{
	for (; steps; steps--) {
		uint64_t input_us = r->input_at < r->past.input_count
					    ? r->past.inputs[r->input_at].at_us
					    : UINT64_MAX;
		struct heap_node *n = heap_min(&r->todos);
		uint64_t todo_us = n ? n->at : UINT64_MAX;
		uint64_t tick_us = engine_deadline(r->other), next_us = input_us;

		if (todo_us < next_us)
			next_us = todo_us;
		if (tick_us < next_us)
			next_us = tick_us;
		if (next_us > r->end_us) {
			figures_end(r->other_figures, r->end_us);
			r->now_us = r->end_us;
			return false;
		}
		if (next_us > r->now_us)
			r->now_us = next_us;
		sample(r, r->other_figures, r->other, r->now_us);
		if (tick_us <= r->now_us && tick_us < input_us && tick_us < todo_us) {
			step(r, &(struct command){ .type = COMMAND_TICK });
		} else if (input_us <= todo_us) {
			do_input(r, &r->past.inputs[r->input_at++]);
		} else {
			struct todo *t = LIST_ENTRY(n, struct todo, node);

			heap_remove(&r->todos, n);
			do_todo(r, t);
			free(t);
		}
	}
	return true;
}

unsigned rerun_percent(const struct rerun *r, uint64_t *at_us)
{
	uint64_t all = r->end_us - r->from_us;

	*at_us = r->now_us;
	return all ? (unsigned)((r->now_us - r->from_us) * 100 / all) : 100;
}

/* ---- the answer ---- */

static void json_figures(struct str *out, const char *name, const struct figures_row *f)
{
	uint64_t of = f->answered + f->abandoned;

	str_addf(out,
		",\"%s\":{\"arrived\":%llu,\"accepted\":%llu,\"answered\":%llu,\"within\":%llu,"
		"\"abandoned\":%llu,\"passed\":%llu,\"work_ms\":%llu",
		name, (unsigned long long)f->arrived, (unsigned long long)f->accepted,
		(unsigned long long)f->answered, (unsigned long long)f->within,
		(unsigned long long)f->abandoned, (unsigned long long)f->passed,
		(unsigned long long)f->work_ms);
	if (of)
		str_addf(out, ",\"level\":%llu.%03llu", (unsigned long long)(f->within / of),
			(unsigned long long)(f->within * 1000 / of % 1000));
	else
		str_add_text(out, ",\"level\":null");
	if (f->accepted)
		str_addf(out, ",\"wait_mean_ms\":%llu,\"wait_p50_ms\":%llu,\"wait_p90_ms\":%llu}",
			(unsigned long long)f->wait_mean_ms, (unsigned long long)f->wait_p50_ms,
			(unsigned long long)f->wait_p90_ms);
	else
		str_add_text(out, ",\"wait_mean_ms\":null,\"wait_p50_ms\":null,\"wait_p90_ms\":"
				  "null}");
}

static void json_occupancy(struct str *out, const char *name, const struct figures *f)
{
	uint64_t parts = figures_occupancy(f);

	str_addf(out, "\"%s\":", name);
	if (parts == UINT64_MAX)
		str_add_text(out, "null");
	else
		str_addf(out, "%llu.%04llu", (unsigned long long)(parts / 10000),
			(unsigned long long)(parts % 10000));
}

void rerun_json(struct rerun *r, struct str *out)
{
	struct slice *keys;
	size_t count = figures_keys(r->real_figures, r->other_figures, &r->past.arena, &keys);

	str_addf(out, "{\"from_ms\":%llu,\"to_ms\":%llu,\"events\":%llu,\"conversations\":%zu",
		(unsigned long long)(r->from_us / 1000), (unsigned long long)(r->end_us / 1000),
		(unsigned long long)r->events, r->past.facts.count);
	str_add_text(out, ",\"occupancy\":{");
	json_occupancy(out, "real", r->real_figures);
	str_add_char(out, ',');
	json_occupancy(out, "whatif", r->other_figures);
	str_add_text(out, "},\"rows\":[");
	for (size_t i = 0; i < count; i++) {
		struct slice segment = keys[i], queue = slice_cut(&segment, '\n');
		struct figures_row real = figures_row(r->real_figures, keys[i]);
		struct figures_row other = figures_row(r->other_figures, keys[i]);

		str_add_text(out, i ? ",{\"queue\":" : "{\"queue\":");
		str_add_json(out, queue);
		str_add_text(out, ",\"segment\":");
		str_add_json(out, segment);
		json_figures(out, "real", &real);
		json_figures(out, "whatif", &other);
		str_add_char(out, '}');
	}
	str_add_text(out, "]}");
}
