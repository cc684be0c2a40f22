/*
 * Emitting; see emit.h. An event that does not apply here is a fault of this program: the decision was made on the
 * same state.
 */
#include "engine/emit.h"

#include "base/str.h"
#include "engine/apply.h"

#define COPY_U64(member)
#define COPY_I64(member)
#define COPY_ID(member)
#define COPY_WORD(member)
#define COPY_STR(member)                                                                           \
	if (ev->member.n)                                                                          \
		copy->member = arena_copy(&e->scratch, ev->member);
#define COPY_FIELD(type, member, wire, number) COPY_##type(member)

void emit(struct engine *e, const struct event *ev)
{
	struct err err = { "" };

	if (e->event_count == e->event_cap) {
		e->event_cap = e->event_cap ? e->event_cap * 2 : 32;
		e->events = mem_resize(e->events, e->event_cap, sizeof(struct event));
	}
	struct event *copy = &e->events[e->event_count++];

	*copy = *ev;
	copy->at_us = e->now_us;
	EVENT_FIELDS(COPY_FIELD)
	/* Applied from a second copy of the pointers: the array may grow, the strings stay. */
	struct event applied = *copy;
	int rc = apply_event(e, &applied, &err);

	ASSERT(rc == 0);
	ASSERT(e->last_us == e->now_us);
}

void answer(struct engine *e, enum answer a, const char *why)
{
	ASSERT(why);
	ASSERT(a > ANSWER_NONE && a < ANSWER_COUNT);
	e->step->answer = a;
	e->step->why = why;
}

uint64_t emit_mix(uint64_t a, uint64_t b)
{
	uint64_t x = a + 0x9e3779b97f4a7c15u * (b + 1);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

struct id emit_id(const struct engine *e, struct id conv, uint64_t salt)
{
	uint64_t a = emit_mix(conv.lo ^ conv.hi, salt), b = emit_mix(a, conv.lo);
	uint8_t chance[10];

	ASSERT(!id_is_none(conv));
	memcpy(chance, &a, 8);
	memcpy(chance + 8, &b, 2);
	struct id id = id_make(e->now_us, chance);

	ASSERT(!id_is_none(id));
	return id;
}
