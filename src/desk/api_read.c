/*
 * Reading through the API: conversations, queues, agents, numbers. Shapes are those of the frames.
 */
#include <errno.h>

#include "base/assert.h"
#include "desk/api.h"
#include "desk/frames.h"
#include "desk/out.h"
#include "desk/views.h"
#include "model/limits.h"
#include "store/history.h"

/* ---- one conversation ---- */

static struct id conv_of(const struct call *c)
{
	struct id conv = { 0 };
	(void)id_parse(c->args[0], &conv);
	return conv;
}

static void on_entries(void *arg, int status, const struct entry *entries, size_t count)
{
	struct call *c = arg;
	struct conv_face f = face_of_stored(conv_of(c), &c->conv);
	struct str o = { 0 };
	if (status && status != -ENOENT) {
		call_failed(c, status);
		call_release(c);
		return;
	}
	str_add_text(&o, "{\"conv\":{");
	frame_conv(&o, &f);
	str_add_text(&o, "},\"messages\":[");
	for (size_t i = 0; !status && i < count; i++) {
		out_comma(&o);
		str_add_char(&o, '{');
		frame_entry(&o, f.conv, &entries[i]);
		str_add_char(&o, '}');
	}
	str_add_text(&o, "]}");
	call_json(c, 200, &o);
	str_free(&o);
	call_release(c);
}

/* A number from the query; false after answering. */
static bool query_u64(struct call *c, const char *name, uint64_t *out)
{
	struct slice v = call_query(c, name);
	if (!v.p || slice_u64(v, out))
		return true;
	call_problem(c, 400, "after and limit are whole numbers");
	return false;
}

static void read_conversation(struct call *c)
{
	uint64_t after = 0, limit = API_MESSAGES_MAX;
	if (!query_u64(c, "after", &after) || !query_u64(c, "limit", &limit))
		return;
	if (!limit || limit > API_MESSAGES_MAX)
		limit = API_MESSAGES_MAX;
	call_hold(c);
	history_read(c->d->store, conv_of(c), after, (size_t)limit, on_entries, c);
}

void call_conversation(struct call *c)
{
	struct id conv;
	if (call_id(c, 0, &conv))
		access_conv(c, conv, read_conversation);
}

static void on_html(void *arg, int status, const struct entry *entries, size_t count)
{
	struct call *c = arg;
	uint64_t seq = 0;
	(void)slice_u64(c->args[1], &seq);
	if (status || !count || entries[0].seq != seq || !entries[0].html.n) {
		call_failed(c, status ? status : -ENOENT);
	} else if (call_lives(c)) {
		c->answered = true;
		http_set(c->r, "Cache-Control", SLICE("private, max-age=3600"));
		http_set(c->r, "Content-Security-Policy", SLICE("default-src 'none'; sandbox"));
		http_answer(c->r, 200, "text/plain; charset=utf-8", entries[0].html);
	}
	call_release(c);
}

static void read_html(struct call *c)
{
	uint64_t seq = 0;
	if (!slice_u64(c->args[1], &seq) || !seq) {
		call_problem(c, 404, "messages are numbered from 1");
		return;
	}
	call_hold(c);
	history_read(c->d->store, conv_of(c), seq - 1, 1, on_html, c);
}

void call_message_html(struct call *c)
{
	struct id conv;
	if (call_id(c, 0, &conv))
		access_conv(c, conv, read_html);
}

/* ---- what the engine knows ---- */

/* Calls fn with the engine as of what is on disk; without one it answers 503. */
static void read_engine(struct call *c, void (*fn)(void *arg, const struct engine *e, uint64_t n))
{
	call_hold(c);
	c->d->ports->read(c->d->app, fn, c);
}

static bool engine_there(struct call *c, const struct engine *e)
{
	if (e && call_lives(c))
		return true;
	call_problem(c, 503, "no node routes now; try again");
	call_release(c);
	return false;
}

/* With the past decisions, which the history keeps: what is closed has only them. */
static void on_explain(void *arg, const struct engine *e, uint64_t n)
{
	struct call *c = arg;
	struct slice decision = found_get(&c->conv, "decision");
	struct str o = { 0 };
	(void)n;
	if (!engine_there(c, e))
		return;
	if (engine_explain(e, conv_of(c), loop_wall_us(c->d->loop), &o))
		o.n--; /* its closing brace */
	else if (decision.n)
		str_add_text(&o, "{\"state\":\"closed\"");
	decisions_json(decision, &o);
	if (o.n) {
		str_add_char(&o, '}');
		call_json(c, 200, &o);
	} else {
		call_problem(c, 404, "it is closed: its history tells what was");
	}
	str_free(&o);
	call_release(c);
}

static void read_explain(struct call *c)
{
	read_engine(c, on_explain);
}

void call_explain(struct call *c)
{
	struct id conv;
	if (call_id(c, 0, &conv))
		access_conv(c, conv, read_explain);
}

struct queue_walk {
	struct str *o;
	const struct engine *e;
	struct slice queue;
};

static bool add_queued(const struct conv_view *v, void *arg)
{
	struct queue_walk *w = arg;
	if (!slice_equal(v->queue, w->queue))
		return true;
	out_comma(w->o);
	str_add_char(w->o, '{');
	out_id(w->o, "id", v->conv);
	out_text(w->o, "channel", v->channel);
	out_text(w->o, "queue", v->queue);
	out_text(w->o, "segment", v->segment);
	out_word(w->o, "state", conv_state_words, v->state);
	out_key(w->o, "priority");
	str_add_i64(w->o, v->priority);
	out_ms(w->o, "arrived_ms", v->arrived_us);
	out_u64(w->o, "stage", v->stage);
	out_skills(w->o, "skills", v->skills);
	out_u64(w->o, "position", engine_position(w->e, v->conv));
	str_add_char(w->o, '}');
	return true;
}

static void on_queue(void *arg, const struct engine *e, uint64_t n)
{
	struct call *c = arg;
	struct queue_view v;
	struct str o = { 0 };
	(void)n;
	if (!engine_there(c, e))
		return;
	if (!engine_queue(e, c->args[0], &v)) {
		call_problem(c, 404, "there is no such queue");
		call_release(c);
		return;
	}
	uint64_t now_us = loop_wall_us(c->d->loop);
	struct queue_walk w = { &o, e, c->args[0] };
	str_add_char(&o, '{');
	out_u64(&o, "waiting", v.waiting + v.offered + v.parked);
	out_key(&o, "longest_wait_ms");
	if (v.longest_us && now_us > v.longest_us)
		str_add_u64(&o, (now_us - v.longest_us) / 1000);
	else
		str_add_text(&o, "null");
	str_add_text(&o, ",\"conversations\":[");
	engine_each_conv(e, CONV_OFFERED, add_queued, &w);
	engine_each_conv(e, CONV_WAITING, add_queued, &w);
	engine_each_conv(
		e, CONV_PARKED, add_queued, &w); /* a customer waits, if nobody can serve him yet */
	str_add_text(&o, "]}");
	call_json(c, 200, &o);
	str_free(&o);
	call_release(c);
}

void call_queue(struct call *c)
{
	read_engine(c, on_queue);
}

static void on_agents(void *arg, const struct engine *e, uint64_t n)
{
	struct call *c = arg;
	struct str o = { 0 };
	(void)n;
	if (!engine_there(c, e))
		return;
	str_add_text(&o, "{\"agents\":");
	views_agents(&o, e, true);
	str_add_char(&o, '}');
	call_json(c, 200, &o);
	str_free(&o);
	call_release(c);
}

void call_agents(struct call *c)
{
	read_engine(c, on_agents);
}

/* ---- numbers ---- */

static void on_stats(void *arg, const struct engine *e, uint64_t n)
{
	struct call *c = arg;
	struct str o = { 0 };
	const struct str *status = c->state;
	(void)n;
	if (!engine_there(c, e))
		return;
	str_add_text(&o, "{\"queues\":");
	views_queues(&o, e, c->d->config, loop_wall_us(c->d->loop), true);
	out_key(&o, "status");
	str_add(&o, status->n ? str_slice(status) : SLICE("{}"));
	str_add_char(&o, '}');
	call_json(c, 200, &o);
	str_free(&o);
	call_release(c);
}

static void drop_status(void *state)
{
	str_free(state);
}

static void on_status(void *arg, struct slice json)
{
	struct call *c = arg;
	struct str *status = c->state;
	str_add(status, json);
	if (call_lives(c))
		read_engine(c, on_stats);
	call_release(c);
}

void call_stats(struct call *c)
{
	c->state = arena_alloc(&c->arena, sizeof(struct str));
	c->drop = drop_status;
	call_hold(c);
	c->d->ports->status(c->d->app, on_status, c);
}
