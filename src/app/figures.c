/*
 * Figures; see figures.h. Called by rerun.c.
 */
#include "app/figures.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/list.h"
#include "base/map.h"

struct row {
	struct figures_row sum;
	uint32_t *waits_ms;
	size_t wait_count, wait_cap;
};
struct line {
	struct list waiting; /* of seat, by arrival */
};
struct seat { /* a conversation */
	struct list_node node;
	struct row *row;
	struct line *line; /* while it waits */
	struct slice queue, segment;
	uint64_t arrived_us, work_us; /* of the present wait; when work began, 0 none */
	unsigned offers;	      /* open ones: several may be offered it at once */
	bool waits, replied;
};
struct figures {
	struct map rows, lines, convs;
	struct arena arena;
	uint64_t held, could; /* units, summed over samples */
};

struct figures *figures_new(void)
{
	return mem_alloc(sizeof(struct figures));
}

void figures_free(struct figures **fp)
{
	struct map_entry e;

	if (!*fp)
		return;
	for (size_t i = 0; map_next(&(*fp)->rows, &i, &e);)
		free(((struct row *)e.value)->waits_ms);
	map_free(&(*fp)->rows);
	map_free(&(*fp)->lines);
	map_free(&(*fp)->convs);
	arena_free(&(*fp)->arena);
	free(*fp);
	*fp = NULL;
}

static struct slice id_key(const struct id *id)
{
	return slice_make(id, sizeof(*id));
}

static struct row *row_of(struct figures *f, struct slice queue, struct slice segment)
{
	struct slice key =
		arena_printf(&f->arena, "%.*s\n%.*s", SLICE_ARG(queue), SLICE_ARG(segment));
	struct row *row = map_get(&f->rows, key);

	if (!row) {
		row = arena_alloc(&f->arena, sizeof(*row));
		map_put(&f->rows, key, row);
	}
	return row;
}

static struct line *line_of(struct figures *f, struct slice queue)
{
	struct line *l = map_get(&f->lines, queue);

	if (!l) {
		l = arena_alloc(&f->arena, sizeof(*l));
		map_put(&f->lines, queue, l);
	}
	return l;
}

static void seat_move(struct figures *f, struct seat *s, struct slice queue)
{
	if (slice_equal(s->queue, queue))
		return;
	s->queue = arena_copy(&f->arena, queue);
	s->row = row_of(f, queue, s->segment);
}

static struct seat *seat_add(
	struct figures *f, struct id conv, struct slice queue, struct slice segment)
{
	struct seat *s = arena_alloc(&f->arena, sizeof(*s));

	s->segment = arena_copy(&f->arena, segment);
	seat_move(f, s, queue);
	map_put(&f->convs, id_key(&conv), s);
	return s;
}

/* ---- waiting ---- */

/* Behind those who came before it. */
static void seat_wait(struct figures *f, struct seat *s)
{
	struct list_node *at, *after = NULL;

	s->waits = true;
	if (s->line)
		return;
	s->line = line_of(f, s->queue);
	at = s->line->waiting.last;
	for (; at && LIST_ENTRY(at, struct seat, node)->arrived_us > s->arrived_us; at = at->prev)
		after = at;
	list_insert_before(&s->line->waiting, after, &s->node);
}

static void seat_leave(struct seat *s)
{
	if (s->line)
		list_remove(&s->node);
	s->line = NULL;
}

/* Everybody who came before it and still waits has been passed by. */
static void seat_offered(struct seat *s)
{
	struct list_node *n = s->line ? s->line->waiting.first : NULL;

	for (; n && n != &s->node; n = n->next)
		LIST_ENTRY(n, struct seat, node)->row->sum.passed++;
	seat_leave(s);
}

static void seat_accepted(struct seat *s, uint64_t at_us)
{
	struct row *r = s->row;
	uint64_t ms = at_us > s->arrived_us ? (at_us - s->arrived_us) / 1000 : 0;

	seat_leave(s);
	if (!s->waits)
		return;
	s->waits = false;
	r->sum.accepted++;
	if (r->wait_count == r->wait_cap) {
		r->wait_cap = r->wait_cap ? r->wait_cap * 2 : 64;
		r->waits_ms = mem_resize(r->waits_ms, r->wait_cap, sizeof(uint32_t));
	}
	r->waits_ms[r->wait_count++] = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static void seat_work_ends(struct seat *s, uint64_t at_us)
{
	if (s->work_us && at_us > s->work_us)
		s->row->sum.work_ms += (at_us - s->work_us) / 1000;
	s->work_us = 0;
}

/* ---- what happens ---- */

void figures_open(struct figures *f, const struct conv_view *v, uint64_t from_us)
{
	struct seat *s = seat_add(f, v->conv, v->queue, v->segment);

	s->arrived_us = v->arrived_us;
	s->replied = v->first_reply_us != 0;
	if (v->state == CONV_WAITING)
		seat_wait(f, s);
	s->offers = v->state == CONV_OFFERED;
	s->waits = v->state == CONV_WAITING || v->state == CONV_OFFERED || v->state == CONV_PARKED;
	if (conv_state_is_owned(v->state))
		s->work_us = from_us;
}

static void on_queued(struct figures *f, struct seat *s, const struct event *ev)
{
	bool reopened = slice_is(ev->why, "reopened");

	seat_work_ends(s, ev->at_us);
	seat_leave(s);
	seat_move(f, s, ev->queue);
	if (reopened)
		s->arrived_us = ev->at_us;
	if (reopened || slice_is(ev->why, "new"))
		s->row->sum.arrived++;
	seat_wait(f, s);
}

static void on_reply(struct seat *s, const struct event *ev)
{
	if (ev->direction != DIRECTION_OUT || s->replied)
		return;
	s->replied = true;
	s->row->sum.answered++;
	s->row->sum.within += !ev->until_us || ev->at_us <= ev->until_us;
}

static void on_event(struct figures *f, struct seat *s, const struct event *ev)
{
	switch (ev->type) {
	case EVENT_QUEUED:
		on_queued(f, s, ev);
		return;
	case EVENT_OFFERED:
		s->offers++;
		seat_offered(s);
		return;
	case EVENT_OFFER_ENDED:
		s->offers -= s->offers > 0;
		if (ev->end == OFFER_ACCEPTED)
			seat_accepted(s, ev->at_us);
		else if (s->waits && !s->offers)
			seat_wait(f, s);
		return;
	case EVENT_ASSIGNED:
		seat_work_ends(s, ev->at_us); /* of whoever had it before */
		seat_accepted(s, ev->at_us);
		s->work_us = ev->at_us;
		return;
	case EVENT_PARKED:
		seat_leave(s);
		return;
	case EVENT_UNPARKED:
		seat_wait(f, s);
		return;
	case EVENT_ABANDONED:
		s->row->sum.abandoned++;
		seat_leave(s);
		s->waits = false;
		return;
	case EVENT_RETURNED:
	case EVENT_RESOLVED:
		seat_work_ends(s, ev->at_us);
		seat_leave(s);
		s->waits = false;
		return;
	case EVENT_MESSAGE:
		on_reply(s, ev);
		return;
	default:
		return;
	}
}

void figures_event(struct figures *f, const struct event *ev)
{
	struct seat *s;

	if (id_is_none(ev->conv))
		return;
	if (ev->type == EVENT_CREATED) {
		s = seat_add(f, ev->conv, ev->queue, ev->segment);
		s->arrived_us = (uint64_t)ev->key;
		s->replied = ev->agent.n > 0; /* we began it: nobody waited for that */
		return;
	}
	s = map_get(&f->convs, id_key(&ev->conv));
	if (!s)
		return;
	on_event(f, s, ev);
	if (ev->type == EVENT_CLOSED) {
		seat_leave(s);
		map_remove(&f->convs, id_key(&ev->conv));
	}
}

struct sample {
	struct figures *figures;
	uint64_t minutes;
};

static bool sample_agent(const struct agent_view *v, void *arg)
{
	const struct sample *s = arg;

	if (!v->online || v->role == ROLE_AUDITOR || v->presence != PRESENCE_AVAILABLE)
		return true;
	s->figures->held += (v->used < v->limit ? v->used : v->limit) * s->minutes;
	s->figures->could += v->limit * s->minutes;
	return true;
}

void figures_sample(struct figures *f, const struct engine *e, uint64_t minutes)
{
	engine_each_agent(e, sample_agent, &(struct sample){ f, minutes });
}

static int wait_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void figures_end(struct figures *f, uint64_t end_us)
{
	struct map_entry e;

	for (size_t i = 0; map_next(&f->convs, &i, &e);)
		seat_work_ends(e.value, end_us);
	for (size_t i = 0; map_next(&f->rows, &i, &e);) {
		struct row *r = e.value;
		uint64_t sum = 0;

		if (!r->wait_count)
			continue;
		qsort(r->waits_ms, r->wait_count, sizeof(*r->waits_ms), wait_compare);
		for (size_t k = 0; k < r->wait_count; k++)
			sum += r->waits_ms[k];
		r->sum.wait_mean_ms = sum / r->wait_count;
		r->sum.wait_p50_ms = r->waits_ms[(r->wait_count - 1) / 2];
		r->sum.wait_p90_ms = r->waits_ms[(r->wait_count - 1) * 9 / 10];
	}
}

/* ---- reading ---- */

static int key_compare(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

size_t figures_keys(
	const struct figures *a, const struct figures *b, struct arena *arena, struct slice **out)
{
	struct map_entry e;
	size_t n = 0;

	*out = arena_array(arena, a->rows.count + b->rows.count + 1, sizeof(**out));
	for (size_t i = 0; map_next(&a->rows, &i, &e);)
		(*out)[n++] = e.key;
	for (size_t i = 0; map_next(&b->rows, &i, &e);)
		if (!map_get(&a->rows, e.key))
			(*out)[n++] = e.key;
	qsort(*out, n, sizeof(**out), key_compare);
	return n;
}

struct figures_row figures_row(const struct figures *f, struct slice key)
{
	const struct row *r = map_get(&f->rows, key);

	return r ? r->sum : (struct figures_row){ .arrived = 0 };
}

uint64_t figures_occupancy(const struct figures *f)
{
	enum { PARTS = 10000 };

	return f->could ? f->held * PARTS / f->could : UINT64_MAX;
}
