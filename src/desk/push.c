/*
 * Committed effects on their way to desks. A frame is written once, however many hear it. Presence goes to everybody, but mere load
 * (units used) only to overseers and the agent itself: it changes with every conversation.
 */
#include "base/assert.h"
#include "desk/audience.h"
#include "desk/client.h"
#include "desk/frames.h"
#include "store/lookup.h"

#include <stdlib.h>

struct news {
	struct desk *d;
	const struct effect *ef;
	struct slice before;
	struct str frame; /* written when the first one hears it */
};

static void tell(struct news *w, struct client *c)
{
	struct audience a = { .agent = client_agent(c),
		.oversees = c->oversee_node.on != NULL,
		.watched = &c->watched };
	if (!audience_hears(&a, w->ef, w->before))
		return;
	if (!w->frame.n && !frame_effect(&w->frame, w->ef, w->d->config))
		return;
	client_news(c, w->ef->n, str_slice(&w->frame));
}

static void tell_agent(struct news *w, struct slice agent)
{
	struct desk_agent *a = agent.n ? map_get(&w->d->agents, agent) : NULL;
	if (!a)
		return;
	LIST_FOR (c, &a->clients, struct client, agent_node)
		tell(w, c);
}

static void tell_overseers(struct news *w)
{
	LIST_FOR (c, &w->d->overseers, struct client, oversee_node)
		tell(w, c);
}

/* Whether an agent's effect says something that everybody needs to know. */
static bool agent_changed(struct desk *d, const struct effect *ef)
{
	struct desk_agent *a = desk_agent_of(d, ef->agent);
	bool changed =
		a->presence != ef->presence || a->online != ef->online || a->role != ef->role;
	a->presence = ef->presence;
	a->online = ef->online;
	a->role = ef->role;
	return changed;
}

/* Each client hears an effect once: the second time its number is passed. */
static void push_one(struct desk *d, const struct effect *ef)
{
	struct news w = { .d = d, .ef = ef, .before = owners_before(&d->owners, ef) };
	if (ef->type == EFFECT_QUEUE || (ef->type == EFFECT_AGENT && agent_changed(d, ef))) {
		LIST_FOR (c, &d->clients, struct client, node)
			tell(&w, c);
	} else {
		tell_agent(&w, ef->agent);
		tell_agent(&w, ef->owner);
		tell_agent(&w, w.before);
		tell_overseers(&w);
	}
	str_free(&w.frame);
}

static void push_answer(struct desk *d, const struct effect *ef)
{
	struct str o = { 0 };
	struct str why = { 0 };
	struct client *c = map_get(&d->sessions, ef->session);
	if (desk_ask_answered(d, ef) || !c)
		return;
	str_add(&why, ef->why);
	frame_answer(&o, ef->cmd, (enum answer)ef->answer, why.p, ef->conv, ef->seq);
	client_send(c, str_slice(&o));
	str_free(&o);
	str_free(&why);
}

/* ---- owners, once from the engine ---- */

static bool learn_owner(const struct conv_view *v, void *arg)
{
	struct owners *o = arg;
	if (v->state == CONV_ACTIVE || v->state == CONV_PENDING || v->state == CONV_WRAPUP)
		owners_set(o, v->conv, v->agent);
	return true;
}

/* Nothing after push_n has come yet: it is committed later than this is read. */
static void on_owners(void *arg, const struct engine *e, uint64_t push_n)
{
	struct desk *d = arg;
	(void)push_n;
	if (e && !d->ended)
		engine_each_conv(e, CONV_NONE, learn_owner, &d->owners);
	else
		d->owners_known = false;
	desk_release(d);
}

void desk_push(struct desk *d, const struct effect *effects, size_t count)
{
	if (!d->owners_known && count && !d->ended) {
		d->owners_known = true;
		desk_hold(d);
		d->ports->read(d->app, on_owners, d);
	}
	for (size_t i = 0; i < count; i++) {
		const struct effect *ef = &effects[i];
		bool handed = ef->type == EFFECT_CONV && ef->owner.n &&
			      !slice_equal(owners_now(&d->owners, ef->conv), ef->owner);
		owners_note(&d->owners, ef);
		if (ef->n > d->last_n)
			d->last_n = ef->n;
		if (ef->type == EFFECT_ANSWER)
			push_answer(d, ef);
		else
			push_one(d, ef);
		if (handed)
			handover_tell(d, ef);
	}
}

/* ---- a customer is typing ---- */

struct typing {
	struct desk *d;
	struct arena arena;
	struct id conv;
};

static void on_thread(void *arg, int status)
{
	struct typing *t = arg;
	struct desk_agent *a = NULL;
	char id[ID_TEXT_LEN + 1];
	struct str o = { 0 };
	if (!status && !t->d->ended)
		a = map_get(&t->d->agents, owners_now(&t->d->owners, t->conv));
	str_addf(&o, "{\"t\":\"typing\",\"conv\":\"%s\"}", id_text(t->conv, id));
	if (a) {
		LIST_FOR (c, &a->clients, struct client, agent_node)
			if (c->state == CLIENT_LIVE)
				client_send(c, str_slice(&o));
	}
	str_free(&o);
	desk_release(t->d);
	arena_free(&t->arena);
	free(t);
}

void desk_typing(struct desk *d, struct slice channel, struct slice thread)
{
	struct typing *t = mem_alloc(sizeof(*t));
	desk_hold(d);
	t->d = d;
	struct lookup *l = lookup_new(d->store, &t->arena);
	lookup_thread(l, channel, thread, &t->conv);
	lookup_run(l, on_thread, t);
}
