/*
 * Verbs that doubt: replay (do snapshot and journal lead to the running state?) and verify (do all invariants of the data hold?).
 * They only read. Called by control.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/call.h"
#include "store/commit.h"
#include "store/history.h"

/* ---- replay ----
 *
 *   snapshot (or nothing) ─▶ events up to n ─▶ ask the running engine: (its n, hash) ─▶ events up to that n ─▶ compare
 */
struct replay {
	struct control_call *call;
	struct engine *engine;
	uint64_t from_n, at_n; /* of the snapshot; applied so far */
	uint64_t live_n, live_hash;
	uint64_t told_n;
	bool live_known;
	struct err err;
	int failed;
};

static void replay_end(struct replay *r)
{
	struct control_call *c = r->call;
	uint64_t hash = engine_hash(r->engine);
	bool same = r->at_n == r->live_n && hash == r->live_hash;

	str_addf(&c->text,
		"{\"snapshot_n\":%" PRIu64 ",\"events\":%" PRIu64 ",\"journal_n\":%" PRIu64
		",\"hash\":\"%016" PRIx64 "\",\"live_hash\":\"%016" PRIx64 "\",\"same\":%s}",
		r->from_n, r->at_n - r->from_n, r->at_n, hash, r->live_hash,
		same ? "true" : "false");
	control_result(c, str_slice(&c->text), same ? 0 : CALL_REFUSED);
	engine_free(&r->engine);
	control_release(c);
}

static void replay_fail(struct replay *r, const char *why)
{
	control_error(
		r->call, CALL_REFUSED, "replay failed after event %" PRIu64 ": %s", r->at_n, why);
	engine_free(&r->engine);
	control_release(r->call);
}

static void replay_read(struct replay *r);

static void on_live(void *arg, const struct engine *e, uint64_t push_n)
{
	struct replay *r = arg;

	(void)push_n;
	if (!e) {
		replay_fail(r, "this node does not route now");
		return;
	}
	r->live_n = router_counts(r->call->node->router).journal_n;
	r->live_hash = engine_hash(e);
	r->live_known = true;
	if (r->at_n < r->live_n)
		replay_read(r);
	else
		replay_end(r);
}

static bool replay_apply(struct replay *r, uint64_t n, const struct event *ev)
{
	enum { TELL_EVERY = 10000 };

	if (n != r->at_n + 1) {
		err_set(&r->err, EINVAL,
			"the journal goes on with %" PRIu64 ": it is not whole, and there is no "
			"snapshot for what is missing",
			n);
		return false;
	}
	if (engine_apply(r->engine, ev, &r->err) != 0)
		return false;
	r->at_n = n;
	if (n - r->told_n >= TELL_EVERY) {
		r->told_n = n;
		control_progress(r->call, "replayed %" PRIu64 " events of about %" PRIu64,
			n - r->from_n, router_counts(r->call->node->router).journal_n - r->from_n);
	}
	return true;
}

static bool on_events(
	void *arg, int status, const uint64_t *n, const struct event *events, size_t count)
{
	struct replay *r = arg;
	size_t i = 0;

	if (status != 0) {
		replay_fail(r, strerror(-status));
		return false;
	}
	for (; i < count; i++) {
		if (r->live_known && r->at_n == r->live_n)
			break;
		if (!replay_apply(r, n[i], &events[i])) {
			replay_fail(r, r->err.text);
			return false;
		}
	}
	if (r->live_known && (r->at_n == r->live_n || !count)) {
		replay_end(r);
		return false;
	}
	if (!count) {
		router_read(r->call->node->router, on_live, r);
		return false;
	}
	return true;
}

static void replay_read(struct replay *r)
{
	journal_read(r->call->node->store, r->at_n, on_events, r);
}

static void on_snapshot(void *arg, int status, uint64_t n, struct slice saved)
{
	struct replay *r = arg;
	const struct config *config = r->call->node->config;

	if (status == 0) {
		r->engine = engine_load(config, saved, &r->err);
		r->from_n = r->at_n = r->told_n = n;
		control_line(r->call, "snapshot of %zu bytes as of event %" PRIu64, saved.n, n);
	} else if (status == -ENOENT) {
		r->engine = engine_new(config);
		control_line(r->call, "no snapshot: from the first event");
	}
	if (r->engine)
		replay_read(r);
	else
		replay_fail(r, status == 0 ? r->err.text : strerror(-status));
}

void verb_replay(struct control_call *c)
{
	struct replay *r = arena_alloc(&c->arena, sizeof(*r));

	r->call = control_hold(c);
	snapshot_read(c->node->store, on_snapshot, r);
}

/* ---- verify ----
 *
 *   every key in Redis ─▶ the engine's own invariants ─▶ engine against views, those that differ again: a commit may have come
 *   between, but not three times for the same conversation
 */
enum { VIEW_BATCH = 500, PASSES = 3 };

struct seen {
	struct id conv;
	enum conv_state state;
	struct slice queue, owner;
	struct pairs_found view;
};
struct verify {
	struct control_call *call;
	size_t violations, checked;
	struct seen *list; /* of this pass, on the heap */
	size_t count, cap, at, batch;
	struct id *suspects; /* those that differed in the last pass; sorted */
	size_t suspect_count;
	unsigned pass;
	struct arena arena; /* of this pass */
};

static void verify_line(void *arg, const char *text)
{
	struct verify *v = arg;

	control_line(v->call, "%s", text);
}

static void verify_end(struct verify *v)
{
	struct control_call *c = v->call;

	str_clear(&c->text);
	str_addf(&c->text, "{\"violations\":%zu,\"checked\":%zu}", v->violations, v->checked);
	control_result(c, str_slice(&c->text), v->violations ? CALL_REFUSED : 0);
	free(v->list);
	free(v->suspects);
	arena_free(&v->arena);
	control_release(c);
}

static int id_order(const void *a, const void *b)
{
	return id_compare(*(const struct id *)a, *(const struct id *)b);
}

static bool collect(const struct conv_view *view, void *arg)
{
	struct verify *v = arg;

	if (v->pass &&
		!bsearch(&view->conv, v->suspects, v->suspect_count, sizeof(struct id), id_order))
		return true;
	if (v->count == v->cap) {
		v->cap = v->cap ? 2 * v->cap : 256;
		v->list = mem_resize(v->list, v->cap, sizeof(*v->list));
	}
	bool owned = conv_state_is_owned(view->state);
	v->list[v->count++] = (struct seen){ .conv = view->conv,
		.state = view->state,
		.queue = arena_copy(&v->arena, view->queue),
		.owner = owned ? arena_copy(&v->arena, view->agent) : SLICE("") };
	return true;
}

static bool differs(const struct seen *s)
{
	bool owned = conv_state_is_owned(s->state);

	return !slice_is(found_get(&s->view, "state"), conv_state_words[s->state]) ||
	       !slice_equal(found_get(&s->view, "queue"), s->queue) ||
	       (owned && !slice_equal(found_get(&s->view, "owner"), s->owner));
}

static void read_engine(struct verify *v);

static void pass_end(struct verify *v)
{
	size_t n = 0;

	v->suspects = mem_resize(v->suspects, v->count + 1, sizeof(*v->suspects));
	for (size_t i = 0; i < v->count; i++) {
		const struct seen *s = &v->list[i];
		char id[ID_TEXT_LEN + 1];
		if (!differs(s))
			continue;
		v->suspects[n++] = s->conv;
		if (v->pass + 1 < PASSES)
			continue;
		control_line(v->call,
			"conversation %s: the engine says %s in queue %.*s (owner %.*s), its view "
			"%.*s in %.*s (%.*s)",
			id_text(s->conv, id), conv_state_words[s->state], SLICE_ARG(s->queue),
			SLICE_ARG(s->owner), SLICE_ARG(found_get(&s->view, "state")),
			SLICE_ARG(found_get(&s->view, "queue")),
			SLICE_ARG(found_get(&s->view, "owner")));
		v->violations++;
	}
	v->suspect_count = n;
	qsort(v->suspects, n, sizeof(*v->suspects), id_order);
	if (!v->pass)
		v->checked += v->count;
	if (n && ++v->pass < PASSES)
		read_engine(v);
	else
		verify_end(v);
}

static void read_views(struct verify *v);

static void on_views(void *arg, int status)
{
	struct verify *v = arg;

	if (status != 0) {
		control_error(v->call, CALL_REFUSED, "Redis did not answer: %s", strerror(-status));
		verify_end(v);
		return;
	}
	v->at += v->batch;
	read_views(v);
}

static void read_views(struct verify *v)
{
	if (v->at == v->count) {
		pass_end(v);
		return;
	}
	struct lookup *l = lookup_new(v->call->node->store, &v->arena);
	v->batch = v->count - v->at < VIEW_BATCH ? v->count - v->at : VIEW_BATCH;
	for (size_t i = v->at; i < v->at + v->batch; i++)
		lookup_conv(l, v->list[i].conv, &v->list[i].view);
	lookup_run(l, on_views, v);
}

static void on_engine(void *arg, const struct engine *e, uint64_t push_n)
{
	struct verify *v = arg;

	(void)push_n;
	if (!e) {
		control_error(v->call, CALL_REFUSED, "this node does not route now");
		verify_end(v);
		return;
	}
	if (!v->pass) {
		struct str lines = { 0 };
		v->violations += engine_check(e, &lines);
		struct slice rest = str_slice(&lines);
		while (rest.p && rest.n) {
			struct slice line = slice_cut(&rest, '\n');
			if (line.n)
				control_line(v->call, "%.*s", SLICE_ARG(line));
		}
		str_free(&lines);
	}
	arena_reset(&v->arena);
	v->count = v->at = 0;
	engine_each_conv(e, CONV_NONE, collect, v);
	read_views(v);
}

static void read_engine(struct verify *v)
{
	router_read(v->call->node->router, on_engine, v);
}

static void on_verified(void *arg, int status, size_t violations, size_t checked)
{
	struct verify *v = arg;

	v->violations = violations;
	v->checked = checked;
	if (status != 0) {
		control_error(v->call, CALL_REFUSED, "Redis did not answer: %s", strerror(-status));
		verify_end(v);
		return;
	}
	read_engine(v);
}

void verb_verify(struct control_call *c)
{
	struct verify *v = arena_alloc(&c->arena, sizeof(*v));

	v->call = control_hold(c);
	store_verify(c->node->store, verify_line, on_verified, v);
}
