/*
 * What if; see rerun.h. Called by whatif.c.
 */
#include "app/rerun.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/figures.h"
#include "base/assert.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"

enum { MINUTE_US = 60000000, FACTS_MAX = 2000000, EXTRA_MAX = 1000, CHANGES_MAX = 64 };

/* What an agent or the customer did, so long after the agent had accepted. */
enum act_kind { ACT_REPLY, ACT_HEARD, ACT_TRANSFER, ACT_RESOLVE };
struct act {
	struct act *next;
	uint64_t after_us;
	enum act_kind kind;
	struct slice to;
};
/* From accepting to the next time it had to be accepted. */
struct episode {
	struct episode *next;
	uint64_t accept_us; /* how long accepting took */
	uint64_t began_us;  /* as it was */
	struct act *first, *last;
};
struct fact { /* a conversation */
	struct id conv;
	struct episode *first, *last; /* as they were */
	struct episode *now;	      /* what comes next in the run */
	uint64_t offered_us, leaves_us /* so long after it came; 0: it did not */;
	uint64_t arrived_us, serial;
	bool works, wrapped;
};
struct input {
	uint64_t at_us;
	struct command c;
	struct fact *fact; /* of an arrival */
};
struct todo {
	struct heap_node node;
	struct fact *fact;
	struct act *act; /* NULL: accept the offer, or leave */
	struct id offer; /* none: leave */
	uint64_t base_us;
};
struct change { /* of people: without `name`, or `more` like it */
	struct slice name;
	uint64_t more;
};

struct rerun {
	const struct config *was, *what_if;
	uint64_t since_us, from_us, end_us, sample_us, now_us;
	struct engine *real, *other;
	struct figures *real_figures, *other_figures;
	struct arena arena;
	struct map facts;
	struct input *inputs;
	size_t input_count, input_cap, input_at;
	struct heap todos;
	struct change changes[CHANGES_MAX];
	size_t change_count;
	const struct episode *lent; /* the last that began */
	uint64_t accept_sum_us, accepts, serial, events;
	bool begun;
};

/* ---- people ---- */

static int change_parse(struct rerun *r, struct slice word, struct err *err)
{
	struct change *c = &r->changes[r->change_count];
	struct slice rest = word;

	if (r->change_count == CHANGES_MAX)
		return err_set(err, EINVAL, "--agents: at most %d changes", CHANGES_MAX);
	if (slice_starts(word, SLICE("-"))) {
		c->name = slice_make(word.p + 1, word.n - 1);
	} else if (slice_starts(word, SLICE("+"))) {
		struct slice number = slice_cut(&rest, '=');

		if (!rest.p || !slice_u64(slice_make(number.p + 1, number.n - 1), &c->more) ||
			!c->more || c->more > EXTRA_MAX)
			c->name = (struct slice){ NULL, 0 };
		else
			c->name = rest;
	}
	if (!c->name.n)
		return err_set(err, EINVAL,
			"--agents '%.*s': expected -NAME or +N=NAME with N up to %d: "
			"\"-bo,+2=eva\"",
			SLICE_ARG(word), EXTRA_MAX);
	c->name = arena_copy(&r->arena, c->name);
	r->change_count++;
	return 0;
}

static bool is_left_out(const struct rerun *r, struct slice agent)
{
	for (size_t i = 0; i < r->change_count; i++)
		if (!r->changes[i].more && slice_equal(r->changes[i].name, agent))
			return true;
	return false;
}

struct rerun *rerun_new(const struct config *was, const struct config *what_if, uint64_t since_us,
	struct slice agents, struct err *err)
{
	struct rerun *r = mem_alloc(sizeof(*r));
	struct slice rest = agents;

	ASSERT(was && what_if);
	r->was = was;
	r->what_if = what_if;
	r->since_us = since_us;
	r->real = engine_new(was);
	r->real_figures = figures_new();
	r->other_figures = figures_new();
	while (rest.n) {
		if (change_parse(r, slice_trim(slice_cut(&rest, ',')), err) != 0) {
			rerun_free(&r);
			return NULL;
		}
	}
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
	map_free(&r->facts);
	free(r->inputs);
	arena_free(&r->arena);
	free(r);
	*rp = NULL;
}

/* ---- reading: what happened, and what each conversation took ---- */

static struct fact *fact_find(const struct rerun *r, struct id conv)
{
	return map_get(&r->facts, slice_make(&conv, sizeof(conv)));
}

static struct fact *fact_add(struct rerun *r, struct id conv, uint64_t arrived_us)
{
	struct fact *f = arena_alloc(&r->arena, sizeof(*f));

	f->conv = conv;
	f->arrived_us = arrived_us;
	map_put(&r->facts, slice_make(&conv, sizeof(conv)), f);
	return f;
}

static void fact_works(struct rerun *r, struct fact *f, uint64_t at_us, uint64_t accept_us)
{
	struct episode *ep = arena_alloc(&r->arena, sizeof(*ep));

	ep->began_us = at_us;
	ep->accept_us = accept_us;
	if (f->last)
		f->last->next = ep;
	else
		f->first = ep;
	f->last = ep;
	f->works = true;
	f->wrapped = false;
}

static void fact_act(struct rerun *r, struct fact *f, const struct event *ev, enum act_kind kind,
	struct slice to)
{
	struct episode *ep = f->last;
	struct act *a;

	if (!ep)
		return;
	a = arena_alloc(&r->arena, sizeof(*a));
	a->after_us = ev->at_us - ep->began_us;
	a->kind = kind;
	a->to = to.n ? arena_copy(&r->arena, to) : to;
	if (ep->last)
		ep->last->next = a;
	else
		ep->first = a;
	ep->last = a;
}

static struct input *input_add(struct rerun *r, const struct command *c, uint64_t at_us)
{
	if (r->input_count == r->input_cap) {
		r->input_cap = r->input_cap ? r->input_cap * 2 : 256;
		r->inputs = mem_resize(r->inputs, r->input_cap, sizeof(*r->inputs));
	}
	struct input *in = &r->inputs[r->input_count++];

	*in = (struct input){ .at_us = at_us };
	record_copy(&command_table, &in->c, c, &r->arena);
	return in;
}

/* Of somebody who is there; of those who are more like it, too; not of whom is left out. */
static void input_people(struct rerun *r, const struct command *c, uint64_t at_us)
{
	if (!is_left_out(r, c->agent))
		input_add(r, c, at_us);
	for (size_t i = 0; i < r->change_count; i++) {
		if (!r->changes[i].more || !slice_equal(r->changes[i].name, c->agent))
			continue;
		for (uint64_t k = 1; k <= r->changes[i].more; k++) {
			struct command like = *c;

			like.agent = arena_printf(&r->arena, "%.*s-like-%llu", SLICE_ARG(c->agent),
				(unsigned long long)k);
			input_add(r, &like, at_us);
		}
	}
}

static void read_created(struct rerun *r, const struct event *ev)
{
	struct command c = { .type = COMMAND_MESSAGE,
		.fresh = 1,
		.conv = ev->conv,
		.id = ev->conv,
		.customer = ev->customer,
		.linked = ev->linked,
		.channel = ev->channel,
		.kind = ev->kind,
		.segment = ev->segment,
		.queue =
			config_queue(r->what_if, ev->queue) ? ev->queue : (struct slice){ NULL, 0 },
		.skills = ev->skills,
		.priority = ev->priority,
		.at_us = (uint64_t)ev->key };
	const struct channel *ch = config_channel(r->what_if, ev->channel);

	if (!c.queue.n && ch && ch->queue)
		c.queue = ch->queue->name;
	else if (!c.queue.n && r->what_if->queue_count)
		c.queue = r->what_if->queues[0].name;
	struct fact *f = fact_add(r, ev->conv, (uint64_t)ev->key);

	input_add(r, &c, ev->at_us)->fact = f;
}

static void read_queued(struct rerun *r, struct fact *f, const struct event *ev)
{
	if (slice_is(ev->why, "transferred") && f->last)
		fact_act(r, f, ev, ACT_TRANSFER,
			arena_printf(&r->arena, "%s:%.*s", ev->agent.n ? "agent" : "queue",
				SLICE_ARG(ev->agent.n ? ev->agent : ev->queue)));
	else if (slice_is(ev->why, "reopened"))
		fact_act(r, f, ev, ACT_HEARD, (struct slice){ NULL, 0 });
	f->works = false;
}

static void read_assigned(struct rerun *r, struct fact *f, const struct event *ev)
{
	bool offered = f->offered_us && ev->at_us >= f->offered_us;
	uint64_t accept_us = offered ? ev->at_us - f->offered_us : 0;

	if (offered) {
		r->accept_sum_us += accept_us;
		r->accepts++;
	}
	if (slice_is(ev->why, "reopened"))
		fact_act(r, f, ev, ACT_HEARD, (struct slice){ NULL, 0 });
	else if (f->works) /* from one hand to the other */
		fact_act(r, f, ev, ACT_TRANSFER,
			arena_printf(&r->arena, "agent:%.*s", SLICE_ARG(ev->agent)));
	fact_works(r, f, ev->at_us, accept_us);
	f->offered_us = 0;
}

static void read_conv(struct rerun *r, struct fact *f, const struct event *ev)
{
	const struct slice nobody = { NULL, 0 };

	switch (ev->type) {
	case EVENT_QUEUED:
		read_queued(r, f, ev);
		return;
	case EVENT_OFFERED:
		f->offered_us = ev->at_us;
		return;
	case EVENT_ASSIGNED:
		read_assigned(r, f, ev);
		return;
	case EVENT_MESSAGE:
		if (ev->direction == DIRECTION_OUT && f->works)
			fact_act(r, f, ev, ACT_REPLY, nobody);
		return;
	case EVENT_ACTIVE:
		fact_act(r, f, ev, ACT_HEARD, nobody);
		return;
	case EVENT_WRAPUP:
		if (f->works && !f->wrapped)
			fact_act(r, f, ev, ACT_RESOLVE, nobody);
		f->wrapped = true;
		return;
	case EVENT_RESOLVED:
		if (f->works && !f->wrapped)
			fact_act(r, f, ev, ACT_RESOLVE, nobody);
		f->works = false;
		return;
	case EVENT_ABANDONED:
		if (!f->leaves_us && ev->at_us > f->arrived_us)
			f->leaves_us = ev->at_us - f->arrived_us;
		return;
	default:
		return;
	}
}

static void read_people(struct rerun *r, const struct event *ev)
{
	struct command c = { .at_us = ev->at_us,
		.agent = ev->agent,
		.name = ev->name,
		.skills = ev->skills,
		.role = ev->role,
		.units = ev->units,
		.session = ev->session,
		.node = ev->node,
		.presence = ev->presence,
		.queue = ev->queue,
		.paused = ev->paused };

	if (ev->type == EVENT_AGENT)
		c.type = COMMAND_USER;
	else if (ev->type == EVENT_AGENT_OFF)
		c.type = COMMAND_USER_OFF;
	else if (ev->type == EVENT_DESK_UP)
		c.type = COMMAND_DESK_UP;
	else if (ev->type == EVENT_DESK_DOWN)
		c.type = COMMAND_DESK_DOWN;
	else if (ev->type == EVENT_PRESENCE && ev->presence != PRESENCE_NOT_RESPONDING)
		c.type = COMMAND_PRESENCE;
	else if (ev->type == EVENT_QUEUE_PAUSED)
		c.type = COMMAND_QUEUE;
	else
		return;
	if (c.type == COMMAND_QUEUE)
		input_add(r, &c, ev->at_us);
	else
		input_people(r, &c, ev->at_us);
}

/* ---- the state at the beginning, in both ---- */

static bool open_conv(const struct conv_view *v, void *arg)
{
	struct rerun *r = arg;
	struct fact *f = fact_add(r, v->conv, v->arrived_us);

	figures_open(r->real_figures, v, r->from_us);
	figures_open(r->other_figures, v, r->from_us);
	if (v->state == CONV_ACTIVE || v->state == CONV_PENDING || v->state == CONV_WRAPUP)
		fact_works(r, f, r->from_us, 0);
	f->wrapped = v->state == CONV_WRAPUP;
	if (v->state == CONV_OFFERED)
		f->offered_us = r->from_us;
	return true;
}

/* Whoever is to be more like somebody who is here is here as well. */
static bool open_agent(const struct agent_view *v, void *arg)
{
	struct rerun *r = arg;
	struct command c = { .agent = v->agent,
		.name = v->name,
		.skills = v->skills,
		.role = v->role,
		.units = v->limit,
		.session = SLICE("whatif:1"),
		.node = SLICE("whatif"),
		.presence = v->presence };
	size_t before = r->input_count;

	if (is_left_out(r, v->agent)) {
		c.type = COMMAND_USER_OFF;
		input_add(r, &c, r->from_us);
		return true;
	}
	c.type = COMMAND_USER;
	input_people(r, &c, r->from_us);
	c.type = COMMAND_DESK_UP;
	if (v->online)
		input_people(r, &c, r->from_us);
	c.type = COMMAND_PRESENCE;
	if (v->online && v->presence != PRESENCE_NOT_RESPONDING)
		input_people(r, &c, r->from_us);
	/* those who were there already are there already */
	size_t kept = before;

	for (size_t i = before; i < r->input_count; i++)
		if (!slice_equal(r->inputs[i].c.agent, v->agent))
			r->inputs[kept++] = r->inputs[i];
	r->input_count = kept;
	return true;
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
	struct fact *f;

	if (!r->begun && ev->at_us >= r->since_us && begin_both(r, ev->at_us, err) != 0)
		return -EINVAL;
	if (r->begun) {
		if (r->facts.count > FACTS_MAX)
			return err_set(err, EFBIG,
				"more than %d conversations: begin later (--since)", FACTS_MAX);
		for (; r->sample_us <= ev->at_us; r->sample_us += MINUTE_US)
			figures_sample(r->real_figures, r->real);
		r->events++;
		r->end_us = ev->at_us;
		figures_event(r->real_figures, ev);
		f = fact_find(r, ev->conv);
		if (ev->type == EVENT_CREATED && !f)
			read_created(r, ev);
		else if (f)
			read_conv(r, f, ev);
		else
			read_people(r, ev);
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
	uint64_t after_us = ep ? ep->accept_us : r->accepts ? r->accept_sum_us / r->accepts : 0;

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
		struct fact *f = fact_find(r, ev->conv);

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
	for (size_t i = 0; map_next(&r->facts, &i, &e);) {
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
		uint64_t input_us =
			r->input_at < r->input_count ? r->inputs[r->input_at].at_us : UINT64_MAX;
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
		for (; r->sample_us <= r->now_us; r->sample_us += MINUTE_US)
			figures_sample(r->other_figures, r->other);
		if (tick_us <= r->now_us && tick_us < input_us && tick_us < todo_us) {
			step(r, &(struct command){ .type = COMMAND_TICK });
		} else if (input_us <= todo_us) {
			do_input(r, &r->inputs[r->input_at++]);
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
	size_t count = figures_keys(r->real_figures, r->other_figures, &r->arena, &keys);

	str_addf(out, "{\"from_ms\":%llu,\"to_ms\":%llu,\"events\":%llu,\"conversations\":%zu",
		(unsigned long long)(r->from_us / 1000), (unsigned long long)(r->end_us / 1000),
		(unsigned long long)r->events, r->facts.count);
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
