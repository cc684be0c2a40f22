/*
 * What happened, to be run again; see past.h. Called by rerun.c.
 */
#include "app/past.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"

enum { EXTRA_MAX = 1000 };

/* ---- people ---- */

static uint64_t people_more(const struct past *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->change_count; i++)
		sum += p->changes[i].more;
	return sum;
}

static int change_parse(struct past *p, struct slice word, struct err *err)
{
	struct change *c = &p->changes[p->change_count];
	struct slice rest = word;

	if (p->change_count == PAST_CHANGES_MAX)
		return err_set(err, EINVAL, "--agents: at most %d changes", PAST_CHANGES_MAX);
	if (slice_starts(word, SLICE("-"))) {
		c->name = slice_make(word.p + 1, word.n - 1);
	} else if (slice_starts(word, SLICE("+"))) {
		struct slice number = slice_cut(&rest, '=');

		if (!rest.p || !slice_u64(slice_make(number.p + 1, number.n - 1), &c->more) ||
			!c->more || c->more > EXTRA_MAX - people_more(p))
			c->name = (struct slice){ NULL, 0 };
		else
			c->name = rest;
	}
	if (!c->name.n)
		return err_set(err, EINVAL,
			"--agents '%.*s': expected -NAME or +N=NAME, at most %d more in all: "
			"\"-bo,+2=eva\"",
			SLICE_ARG(word), EXTRA_MAX);
	c->name = arena_copy(&p->arena, c->name);
	p->change_count++;
	return 0;
}

int past_change(struct past *p, struct slice agents, struct err *err)
{
	int status = 0;

	while (agents.n && status == 0)
		status = change_parse(p, slice_trim(slice_cut(&agents, ',')), err);
	return status;
}

static bool is_left_out(const struct past *p, struct slice agent)
{
	for (size_t i = 0; i < p->change_count; i++)
		if (!p->changes[i].more && slice_equal(p->changes[i].name, agent))
			return true;
	return false;
}

/* ---- what is kept ---- */

/* What it takes, but for the allocator's own. */
static size_t past_bytes(const struct past *p)
{
	return p->arena.used + p->input_cap * sizeof(*p->inputs) +
	       p->facts.cap * sizeof(*p->facts.entries) + p->facts.index_cap * sizeof(uint32_t) +
	       p->facts.count * sizeof(struct id);
}

static uint64_t span_us(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? to_us - from_us : 0;
}

struct fact *past_find(const struct past *p, struct id conv)
{
	return map_get(&p->facts, slice_make(&conv, sizeof(conv)));
}

static struct fact *fact_add(struct past *p, struct id conv, uint64_t arrived_us)
{
	struct fact *f = arena_alloc(&p->arena, sizeof(*f));

	f->conv = conv;
	f->arrived_us = arrived_us;
	map_put(&p->facts, slice_make(&conv, sizeof(conv)), f);
	return f;
}

static void fact_works(struct past *p, struct fact *f, uint64_t at_us, uint64_t accept_us)
{
	struct episode *ep = arena_alloc(&p->arena, sizeof(*ep));

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

static void fact_act(
	struct past *p, struct fact *f, const struct event *ev, enum act_kind kind, struct slice to)
{
	struct episode *ep = f->last;
	struct act *a;

	if (!ep)
		return;
	a = arena_alloc(&p->arena, sizeof(*a));
	a->after_us = span_us(ep->began_us, ev->at_us);
	a->kind = kind;
	a->to = to.n ? arena_copy(&p->arena, to) : to;
	if (ep->last)
		ep->last->next = a;
	else
		ep->first = a;
	ep->last = a;
}

static struct input *input_add(struct past *p, const struct command *c, uint64_t at_us)
{
	if (p->input_count == p->input_cap) {
		p->input_cap = p->input_cap ? p->input_cap * 2 : 256;
		p->inputs = mem_resize(p->inputs, p->input_cap, sizeof(*p->inputs));
	}
	struct input *in = &p->inputs[p->input_count++];

	*in = (struct input){ .at_us = at_us };
	record_copy(&command_table, &in->c, c, &p->arena);
	return in;
}

/* Of somebody who is there; of those who are more like it, too; not of whom is left out. */
static void input_people(struct past *p, const struct command *c, uint64_t at_us)
{
	if (!is_left_out(p, c->agent))
		input_add(p, c, at_us);
	for (size_t i = 0; i < p->change_count; i++) {
		if (!p->changes[i].more || !slice_equal(p->changes[i].name, c->agent))
			continue;
		for (uint64_t k = 1; k <= p->changes[i].more; k++) {
			struct command like = *c;

			like.agent = arena_printf(&p->arena, "%.*s-like-%llu", SLICE_ARG(c->agent),
				(unsigned long long)k);
			input_add(p, &like, at_us);
		}
	}
}

static void read_created(struct past *p, const struct event *ev)
{
	if (ev->agent.n) /* an agent began it: nobody came, nobody waited */
		return;
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
			config_queue(p->what_if, ev->queue) ? ev->queue : (struct slice){ NULL, 0 },
		.skills = ev->skills,
		.priority = ev->priority,
		.at_us = (uint64_t)ev->key };
	const struct channel *ch = config_channel(p->what_if, ev->channel);

	if (!c.queue.n && ch && ch->queue)
		c.queue = ch->queue->name;
	else if (!c.queue.n && p->what_if->queue_count)
		c.queue = p->what_if->queues[0].name;
	struct fact *f = fact_add(p, ev->conv, (uint64_t)ev->key);

	input_add(p, &c, ev->at_us)->fact = f;
}

static void read_queued(struct past *p, struct fact *f, const struct event *ev)
{
	if (slice_is(ev->why, "transferred") && f->last)
		fact_act(p, f, ev, ACT_TRANSFER,
			arena_printf(&p->arena, "%s:%.*s", ev->agent.n ? "agent" : "queue",
				SLICE_ARG(ev->agent.n ? ev->agent : ev->queue)));
	else if (slice_is(ev->why, "reopened"))
		fact_act(p, f, ev, ACT_HEARD, (struct slice){ NULL, 0 });
	f->works = false;
}

static void read_assigned(struct past *p, struct fact *f, const struct event *ev)
{
	bool offered = f->offered_us && ev->at_us >= f->offered_us;
	uint64_t accept_us = offered ? ev->at_us - f->offered_us : 0;

	if (offered) {
		p->accept_sum_us += accept_us;
		p->accepts++;
	}
	if (slice_is(ev->why, "reopened"))
		fact_act(p, f, ev, ACT_HEARD, (struct slice){ NULL, 0 });
	else if (f->works) /* from one hand to the other */
		fact_act(p, f, ev, ACT_TRANSFER,
			arena_printf(&p->arena, "agent:%.*s", SLICE_ARG(ev->agent)));
	fact_works(p, f, ev->at_us, accept_us);
	f->offered_us = 0;
}

static void read_conv(struct past *p, struct fact *f, const struct event *ev)
{
	const struct slice nobody = { NULL, 0 };

	switch (ev->type) {
	case EVENT_QUEUED:
		read_queued(p, f, ev);
		return;
	case EVENT_OFFERED:
		f->offered_us = ev->at_us;
		return;
	case EVENT_ASSIGNED:
		read_assigned(p, f, ev);
		return;
	case EVENT_MESSAGE:
		if (ev->direction == DIRECTION_OUT && f->works)
			fact_act(p, f, ev, ACT_REPLY, nobody);
		return;
	case EVENT_ACTIVE:
		fact_act(p, f, ev, ACT_HEARD, nobody);
		return;
	case EVENT_WRAPUP:
		if (f->works && !f->wrapped)
			fact_act(p, f, ev, ACT_RESOLVE, nobody);
		f->wrapped = true;
		return;
	case EVENT_RESOLVED:
		if (f->works && !f->wrapped)
			fact_act(p, f, ev, ACT_RESOLVE, nobody);
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

static void read_people(struct past *p, const struct event *ev)
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
		input_add(p, &c, ev->at_us);
	else
		input_people(p, &c, ev->at_us);
}

int past_event(struct past *p, const struct event *ev, struct err *err)
{
	struct fact *f = past_find(p, ev->conv);

	if (past_bytes(p) > p->bytes_max)
		return err_set(err, EFBIG,
			"what happened takes more than %zu MiB: begin later (--since)",
			p->bytes_max >> 20);
	if (ev->type == EVENT_CREATED && !f)
		read_created(p, ev);
	else if (f)
		read_conv(p, f, ev);
	else
		read_people(p, ev);
	return 0;
}

/* ---- the state at the beginning ---- */

void past_open_conv(struct past *p, const struct conv_view *v, uint64_t from_us)
{
	struct fact *f = fact_add(p, v->conv, v->arrived_us);

	if (conv_state_is_owned(v->state))
		fact_works(p, f, from_us, 0);
	f->wrapped = v->state == CONV_WRAPUP;
	if (v->state == CONV_OFFERED)
		f->offered_us = from_us;
}

/* Whoever is to be more like somebody who is here is here as well. */
void past_open_agent(struct past *p, const struct agent_view *v, uint64_t from_us)
{
	struct command c = { .agent = v->agent,
		.name = v->name,
		.skills = v->skills,
		.role = v->role,
		.units = v->limit,
		.session = SLICE("whatif:1"),
		.node = SLICE("whatif"),
		.presence = v->presence };
	size_t before = p->input_count;

	if (is_left_out(p, v->agent)) {
		c.type = COMMAND_USER_OFF;
		input_add(p, &c, from_us);
		return;
	}
	c.type = COMMAND_USER;
	input_people(p, &c, from_us);
	c.type = COMMAND_DESK_UP;
	if (v->online)
		input_people(p, &c, from_us);
	c.type = COMMAND_PRESENCE;
	if (v->online && v->presence != PRESENCE_NOT_RESPONDING)
		input_people(p, &c, from_us);
	/* those who were there already are there already */
	size_t kept = before;

	for (size_t i = before; i < p->input_count; i++)
		if (!slice_equal(p->inputs[i].c.agent, v->agent))
			p->inputs[kept++] = p->inputs[i];
	p->input_count = kept;
}

void past_free(struct past *p)
{
	map_free(&p->facts);
	free(p->inputs);
	arena_free(&p->arena);
}
