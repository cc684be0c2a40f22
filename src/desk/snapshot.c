/*
 * The snapshot frame. The engine's part is written at once, while the engine stands still; conversations are copied, their texts of
 * people (names, subjects) are then read from the store in one round trip, and the frame is sent.
 */
#include <stdlib.h>

#include "base/assert.h"
#include "desk/client.h"
#include "desk/frames.h"
#include "desk/out.h"
#include "desk/views.h"
#include "model/limits.h"

struct conv_row {
	const struct conv_view *view;
	struct pairs_found stored;
};
struct conv_rows {
	struct conv_row *v;
	size_t n, cap;
};

struct snapshot {
	struct client *c;
	struct arena arena;
	uint64_t n;
	struct str me, queues, agents;
	struct conv_rows work, waiting;
};

static void rows_add(struct conv_rows *rows, struct arena *arena, const struct conv_view *v)
{
	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? rows->cap * 2 : 16;
		rows->v = mem_resize(rows->v, rows->cap, sizeof(*rows->v));
	}
	rows->v[rows->n++] = (struct conv_row){ .view = view_copy(arena, v) };
}

static bool add_work(const struct conv_view *v, void *arg)
{
	struct snapshot *s = arg;
	rows_add(&s->work, &s->arena, v);
	return true;
}

static bool add_waiting(const struct conv_view *v, void *arg)
{
	struct snapshot *s = arg;
	rows_add(&s->waiting, &s->arena, v);
	return s->waiting.n < DESK_WAITING_MAX;
}

static void rows_ask(struct conv_rows *rows, struct lookup *l)
{
	for (size_t i = 0; i < rows->n; i++)
		lookup_conv(l, rows->v[i].view->conv, &rows->v[i].stored);
}

/* ---- writing ---- */

static void write_rows(struct str *o, const char *key, const struct conv_rows *rows, bool offers)
{
	out_key(o, key);
	str_add_char(o, '[');
	for (size_t i = 0; i < rows->n; i++) {
		struct conv_face f = face_of_view(rows->v[i].view, &rows->v[i].stored);
		if ((rows->v[i].view->state == CONV_OFFERED) != offers)
			continue;
		out_comma(o);
		str_add_char(o, '{');
		if (offers)
			frame_offer(o, &f);
		else
			frame_conv(o, &f);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

/* Those who wait, the ones that are just held out to somebody included. */
static void write_waiting(struct str *o, const struct conv_rows *rows)
{
	out_key(o, "waiting");
	str_add_char(o, '[');
	for (size_t i = 0; i < rows->n; i++) {
		struct conv_face f = face_of_view(rows->v[i].view, &rows->v[i].stored);
		out_comma(o);
		str_add_char(o, '{');
		frame_conv(o, &f);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

static void write_kinds(struct str *o, const struct config *config)
{
	out_key(o, "kinds");
	str_add_char(o, '[');
	for (size_t i = 0; i < config->kind_count; i++) {
		const struct kind *k = &config->kinds[i];
		out_comma(o);
		str_add_char(o, '{');
		out_string(o, "kind", k->name);
		out_u64(o, "cost", k->cost);
		out_u64(o, "max", k->max);
		out_u64(o, "offer_s", k->offer_s);
		out_bool(o, "live", k->live);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

/* By which channels this user may write a first message. */
static void write_mailboxes(struct str *o, const struct client *c)
{
	const struct config *config = c->d->config;

	out_key(o, "mailboxes");
	str_add_char(o, '[');
	for (size_t i = 0; i < config->channel_count && policy_allows(c->role, ACTION_WRITE); i++) {
		const struct channel *ch = &config->channels[i];
		if (!ch->write || ch->kind->live)
			continue;
		out_comma(o);
		str_add_char(o, '{');
		out_string(o, "channel", ch->name);
		out_string(o, "title", ch->title.n ? ch->title : ch->name);
		out_string(o, "queue", ch->queue->name);
		str_add_char(o, '}');
	}
	str_add_char(o, ']');
}

static void write_all(struct str *o, const struct snapshot *s)
{
	const struct client *c = s->c;
	str_add_text(o, "{\"t\":\"snapshot\"");
	out_u64(o, "n", s->n);
	if (c->why)
		out_string(o, "why", slice_of(c->why));
	out_key(o, "me");
	str_add(o, str_slice(&s->me));
	write_rows(o, "offers", &s->work, true);
	write_rows(o, "work", &s->work, false);
	out_key(o, "queues");
	str_add(o, str_slice(&s->queues));
	out_key(o, "agents");
	str_add(o, str_slice(&s->agents));
	if (policy_allows(c->role, ACTION_OVERSEE))
		write_waiting(o, &s->waiting);
	write_kinds(o, c->d->config);
	write_mailboxes(o, c);
	out_string(o, "durability", slice_of(store_durability(c->d->store)));
	str_add_char(o, '}');
}

static void snapshot_drop(struct snapshot *s)
{
	client_release(s->c);
	str_free(&s->me);
	str_free(&s->queues);
	str_free(&s->agents);
	free(s->work.v);
	free(s->waiting.v);
	arena_free(&s->arena);
	free(s);
}

static void on_texts(void *arg, int status)
{
	struct snapshot *s = arg;
	struct client *c = s->c;
	struct str o = { 0 };
	if (c->gone || c->d->ended) {
		snapshot_drop(s);
		return;
	}
	ASSERT(c->state == CLIENT_CATCHING);
	if (status) { /* Redis is away: names are missing, so it is tried again */
		loop_timer_set(c->timer, (uint64_t)DESK_AGAIN_MS * 1000);
		snapshot_drop(s);
		return;
	}
	write_all(&o, s);
	client_send(c, str_slice(&o));
	str_free(&o);
	c->n = s->n;
	c->why = NULL;
	if (c->n < c->d->last_n)
		catchup_replay(c);
	else
		c->state = CLIENT_LIVE;
	dispatch_held(c);
	snapshot_drop(s);
}

static void write_me(struct snapshot *s, const struct engine *e)
{
	struct client *c = s->c;
	struct agent_view v = { .agent = client_agent(c),
		.name = slice_of(c->name),
		.role = c->role,
		.presence = PRESENCE_OFFLINE };
	str_add_char(&s->me, '{');
	if (!views_agent(&s->me, e, client_agent(c), true))
		frame_agent(&s->me, &v, SLICE("[]"));
	str_add_char(&s->me, '}');
}

void snapshot_send(struct client *c, const struct engine *e, uint64_t n)
{
	bool oversees = policy_allows(c->role, ACTION_OVERSEE);
	struct snapshot *s = mem_alloc(sizeof(*s));
	client_hold(c);
	s->c = c;
	s->n = n;
	write_me(s, e);
	views_queues(&s->queues, e, c->d->config, loop_wall_us(c->d->loop), oversees);
	views_agents(&s->agents, e, oversees);
	engine_each_work(e, client_agent(c), add_work, s);
	if (oversees) {
		static const enum conv_state waits[] = { CONV_OFFERED, CONV_WAITING, CONV_PARKED };
		for (size_t i = 0; i < 3; i++)
			if (s->waiting.n < DESK_WAITING_MAX)
				engine_each_conv(e, waits[i], add_waiting, s);
	}
	struct lookup *l = lookup_new(c->d->store, &s->arena);
	rows_ask(&s->work, l);
	rows_ask(&s->waiting, l);
	lookup_run(l, on_texts, s);
}
