/*
 * Who is where in a run: places of calls, the waiting of each type, the idle of each group. See run_private.h.
 */
#include "run_private.h"

#include <stdlib.h>

#include "base/str.h"

enum { CHUNK = 1024 };

struct call *call_at(const struct run *r, uint64_t place)
{
	ASSERT(place > 0 && place <= r->chunk_count * CHUNK);
	return &r->chunks[(place - 1) / CHUNK][(place - 1) % CHUNK];
}

struct call *call_new(struct run *r)
{
	if (!r->free_call) {
		size_t n = r->chunk_count++;

		r->chunks = mem_resize(r->chunks, r->chunk_count, sizeof(*r->chunks));
		r->chunks[n] = mem_array(CHUNK, sizeof(**r->chunks));
		for (size_t i = CHUNK; i-- > 0;) {
			r->chunks[n][i].self = (uint32_t)(n * CHUNK + i + 1);
			r->chunks[n][i].after = r->free_call;
			r->free_call = r->chunks[n][i].self;
		}
	}
	struct call *c = call_at(r, r->free_call);

	r->free_call = c->after;
	r->open++;
	return c;
}

void call_free(struct run *r, struct call *c)
{
	ASSERT(c->state != CALL_FREE && !heap_has(&c->node));
	c->state = CALL_FREE;
	c->after = r->free_call;
	r->free_call = c->self;
	r->open--;
}

void waiting_join(struct run *r, struct call *c)
{
	struct source *s = &r->sources[c->type];

	ASSERT(c->state == CALL_WAITS);
	c->before = s->last;
	c->after = 0;
	if (s->last)
		call_at(r, s->last)->after = c->self;
	else
		s->first = c->self;
	s->last = c->self;
	s->waiting++;
}

void waiting_leave(struct run *r, struct call *c)
{
	struct source *s = &r->sources[c->type];

	ASSERT(s->waiting > 0);
	if (c->before)
		call_at(r, c->before)->after = c->after;
	else
		s->first = c->after;
	if (c->after)
		call_at(r, c->after)->before = c->before;
	else
		s->last = c->before;
	s->waiting--;
}

void bench_join(struct run *r, uint32_t worker)
{
	struct worker *w = &r->workers[worker - 1];
	struct bench *b = &r->benches[w->group];

	w->idle_us = r->now_us;
	w->before = b->last;
	w->after = 0;
	if (b->last)
		r->workers[b->last - 1].after = worker;
	else
		b->first = worker;
	b->last = worker;
	b->count++;
}

void bench_leave(struct run *r, uint32_t worker)
{
	const struct worker *w = &r->workers[worker - 1];
	struct bench *b = &r->benches[w->group];

	ASSERT(b->count > 0);
	if (w->before)
		r->workers[w->before - 1].after = w->after;
	else
		b->first = w->after;
	if (w->after)
		r->workers[w->after - 1].before = w->before;
	else
		b->last = w->before;
	b->count--;
}

void room_free(struct run *r)
{
	for (size_t i = 0; i < r->chunk_count; i++)
		free(r->chunks[i]);
	free(r->chunks);
	free(r->workers);
	free(r->benches);
	map_free(&r->worker_names);
}
