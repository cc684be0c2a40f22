/*
 * One turn: a batch from the inbox to the disk. Each arrow is one round trip to Redis, skipped when there is nothing to ask.
 *
 *   next ─▶ ask first ─▶ ask second ─▶ decide ─▶ ask about what was decided ─▶ project, commit ─▶ done
 */
#include <errno.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/limits.h"
#include "router/private.h"

static void fail(struct router *r, const char *where, int status)
{
	log_warn("router", "turn failed where=%s status=%d", where, status);
	r->busy = false;
	router_fail(r, status == -EPERM ? "another node routes now" : "Redis did not answer");
}

/* Leadership was lost while Redis was answering: the engine is gone, the turn ends. */
static bool is_stale(const struct router *r)
{
	return r->state != ROUTER_LEADING;
}

/* ---- decide ---- */

static void take_answer(struct batch *b, struct work *w, const struct step *s)
{
	w->answer = s->answer;
	w->why = arena_copy(&b->arena, slice_of(s->why ? s->why : ""));
	w->conv = s->conv;
	w->seq = s->seq;
}

static void remember_result(struct batch *b, struct work *w)
{
	struct slice result = work_result(b, w);
	if (w->c.dedup.n && result.n)
		batch_dedup_put(b, w->c.dedup, result);
}

static void decide_events(struct batch *b, const struct step *s, struct work *w)
{
	for (size_t i = 0; i < s->count; i++) {
		batch_decide(b, &s->events[i], w);
		if (s->events[i].type == EVENT_MERGED || s->events[i].type == EVENT_SPLIT)
			merge_decided(b, &s->events[i]);
		if (w && s->events[i].type == EVENT_MESSAGE &&
			s->events[i].direction != DIRECTION_SYSTEM)
			w->seq = s->events[i].seq;
	}
}

static void decide_one(struct batch *b, struct work *w)
{
	struct step step;
	if (w->damaged || !resolve(b, w))
		return;
	/* Who comes after the clock was put back comes after who was there. */
	if (w->c.at_us)
		w->c.at_us += b->ahead_us;
	engine_step(b->engine, &w->c, b->now_us, &step);
	take_answer(b, w, &step);
	decide_events(b, &step, w);
	remember_result(b, w);
}

static void decide_config(struct router *r, struct batch *b)
{
	struct step step;
	if (!r->config_next)
		return;
	engine_configure(r->engine, r->config_next, b->now_us, &step);
	r->config = r->config_next;
	r->config_next = NULL;
	b->config = r->config;
	decide_events(b, &step, NULL);
	if (r->configured)
		r->configured(r->configured_arg);
	r->configured = NULL;
}

/* What is due comes first: a message must not be meant for a conversation that its own step closes. */
static void decide_due(struct router *r, struct batch *b)
{
	struct command tick = { .type = COMMAND_TICK };
	struct step step;
	if (engine_deadline(r->engine) > b->now_us)
		return;
	chance_bytes(&tick.random, sizeof(tick.random));
	engine_step(r->engine, &tick, b->now_us, &step);
	decide_events(b, &step, NULL);
}

static void decide(struct router *r, struct batch *b)
{
	decide_config(r, b);
	decide_due(r, b);
	for (size_t i = 0; i < b->count; i++)
		decide_one(b, &b->work[i]);
}

/* ---- commit ---- */

static uint64_t turned_away(const struct batch *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->step_count; i++)
		n += b->steps[i].ev.type == EVENT_RESOLVED && slice_is(b->steps[i].ev.why, "full");
	return n;
}

static void finish(struct router *r)
{
	struct batch *b = r->turn;
	r->journal_n = b->journal_n;
	r->push_n = b->push_n;
	r->counts.commands += b->count;
	r->counts.events += b->step_count;
	r->counts.turned_away += turned_away(b);
	r->counts.accepted += b->accepted;
	r->counts.duplicate += b->duplicate;
	r->counts.quarantined += b->quarantined;
	r->counts.damaged += b->damaged;
	r->counts.away_mailed += b->mailed;
	r->counts.journal_n = r->journal_n;
	r->counts.push_n = r->push_n;
	r->counts.batch_last = b->count;
	r->away_us = away_next_us(b, r->away_us);
	batch_clear(b);
	r->busy = false;
	router_wake(r);
}

static void committed(void *arg, int status)
{
	struct router *r = arg;
	r->turn->commit = NULL;
	if (status || is_stale(r)) {
		fail(r, "commit", status);
		return;
	}
	r->counts.commits++;
	r->counts.commit_us_last = clock_monotonic_us() - r->commit_began_us;
	finish(r);
}

/*
 * As much journal as the last snapshot was long (an event is about 190 bytes there), so that what a long line costs here never
 * outgrows the work itself; at most what a restart replays in a second.
 */
static bool snapshot_is_due(const struct router *r, const struct batch *b)
{
	enum { EVENTS_MIN = 20000, EVENTS_MAX = 500000, EVENT_BYTES = 190 };
	uint64_t since = b->journal_n - r->snapshot_n, due = r->snapshot_bytes / EVENT_BYTES;

	due = due < EVENTS_MIN ? EVENTS_MIN : due > EVENTS_MAX ? EVENTS_MAX : due;
	return since >= due || (r->stopping && since > 0);
}

static void commit(struct router *r)
{
	struct batch *b = r->turn;
	b->commit = commit_new(r->store);
	project(b);
	glance_touch(&r->glance, b);
	glance_project(&r->glance, b);
	if (snapshot_is_due(r, b)) {
		struct str saved = { 0 };
		engine_save(r->engine, &saved);
		commit_snapshot(b->commit, b->journal_n, str_slice(&saved));
		r->snapshot_bytes = saved.n;
		str_free(&saved);
		r->snapshot_n = b->journal_n;
	}
	if (commit_is_empty(b->commit)) {
		commit_drop(&b->commit);
		finish(r);
		return;
	}
	r->commit_began_us = clock_monotonic_us();
	commit_run(b->commit, committed, r);
}

/* ---- the way ---- */

static void asked_third(void *arg, int status)
{
	struct router *r = arg;
	if (status || is_stale(r)) {
		fail(r, "views", status);
		return;
	}
	commit(r);
}

static void go_decide(struct router *r)
{
	struct batch *b = r->turn;
	b->now_us = router_now_us(r);
	b->ahead_us = b->now_us - loop_wall_us(r->loop);
	decide(r, b);
	struct lookup *l = lookup_new(r->store, &b->arena);
	bool asked = project_ask(b, l);
	if (away_ask_third(b, l) || asked) {
		lookup_run(l, asked_third, r);
		return;
	}
	lookup_drop(&l);
	commit(r);
}

static void asked_second(void *arg, int status)
{
	struct router *r = arg;
	if (status || is_stale(r)) {
		fail(r, "look-up", status);
		return;
	}
	go_decide(r);
}

static void asked_first(void *arg, int status)
{
	struct router *r = arg;
	if (status || is_stale(r)) {
		fail(r, "look-up", status);
		return;
	}
	struct lookup *l = lookup_new(r->store, &r->turn->arena);
	bool asked = resolve_ask_second(r->turn, l);
	if (away_ask_second(r->turn, l, router_now_us(r)) || asked) {
		lookup_run(l, asked_second, r);
		return;
	}
	lookup_drop(&l);
	go_decide(r);
}

static bool is_due(struct router *r)
{
	uint64_t now_us = router_now_us(r);
	return r->filled || r->config_next || engine_deadline(r->engine) <= now_us ||
	       r->glance.due_us <= now_us || r->away_us <= now_us ||
	       (r->stopping && r->journal_n > r->snapshot_n);
}

void turn_run(struct router *r)
{
	ASSERT(r->state == ROUTER_LEADING && r->engine);
	if (r->busy || !is_due(r))
		return;
	struct batch *b = r->next;
	r->next = r->turn;
	r->turn = b;
	r->busy = true;
	r->filled = false;
	b->config = r->config;
	b->store = r->store;
	b->engine = r->engine;
	b->journal_n = r->journal_n;
	b->push_n = r->push_n;
	if (!r->stopping)
		router_follow(r);
	struct lookup *l = lookup_new(r->store, &b->arena);
	if (r->away_us <= router_now_us(r))
		away_ask_first(b, l);
	if (resolve_ask_first(b, l) || b->away_asked) {
		lookup_run(l, asked_first, r);
		return;
	}
	lookup_drop(&l);
	go_decide(r);
}
