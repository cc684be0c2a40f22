/*
 * The deadline heap; see deadline.h. Never fires anything: timers.c looks at the first and decides.
 *
 *   heap[1] is the earliest; children of heap[i] are heap[2i] and heap[2i+1]; each object knows its i
 */
#include "engine/deadline.h"

static uint32_t *deadline_slot(const struct engine *e, uint32_t kind, uint32_t handle)
{
	switch ((enum deadline_kind)kind) {
	case DEADLINE_LINE:
		return &line_at(e, handle)->deadline;
	case DEADLINE_AGENT:
		return &agent_at(e, handle)->deadline;
	case DEADLINE_CONV:
		return &conv_at(e, handle)->deadline;
	}
	ASSERT(kind <= DEADLINE_CONV);
	return NULL;
}

static bool deadline_before(
	const struct engine *e, const struct deadline *a, const struct deadline *b)
{
	if (a->at_us != b->at_us)
		return a->at_us < b->at_us;
	if (a->kind != b->kind)
		return a->kind < b->kind;
	switch ((enum deadline_kind)a->kind) {
	case DEADLINE_LINE:
		return slice_compare(line_at(e, a->handle)->name, line_at(e, b->handle)->name) < 0;
	case DEADLINE_AGENT:
		return slice_compare(agent_at(e, a->handle)->id, agent_at(e, b->handle)->id) < 0;
	case DEADLINE_CONV:
		return id_compare(conv_at(e, a->handle)->id, conv_at(e, b->handle)->id) < 0;
	}
	return false;
}

static void deadline_put(struct engine *e, uint32_t i, struct deadline d)
{
	e->heap[i] = d;
	*deadline_slot(e, d.kind, d.handle) = i;
}

/* Finds the place of `d`, whose old place is the hole i. */
static void deadline_sift(struct engine *e, uint32_t i, struct deadline d)
{
	while (i > 1 && deadline_before(e, &d, &e->heap[i / 2])) {
		deadline_put(e, i, e->heap[i / 2]);
		i /= 2;
	}
	for (uint32_t child = 2 * i; child <= e->heap_count; child = 2 * i) {
		if (child < e->heap_count &&
			deadline_before(e, &e->heap[child + 1], &e->heap[child]))
			child++;
		if (!deadline_before(e, &e->heap[child], &d))
			break;
		deadline_put(e, i, e->heap[child]);
		i = child;
	}
	deadline_put(e, i, d);
}

void deadline_set(struct engine *e, enum deadline_kind kind, uint32_t handle, uint64_t at_us)
{
	uint32_t *slot = deadline_slot(e, kind, handle), i = *slot;

	ASSERT(i <= e->heap_count);
	if (at_us == UINT64_MAX) {
		if (!i)
			return;
		struct deadline last = e->heap[e->heap_count--];

		*slot = 0;
		if (i <= e->heap_count)
			deadline_sift(e, i, last);
		return;
	}
	if (!i) {
		if (e->heap_count + 2 > e->heap_cap) {
			e->heap_cap = e->heap_cap ? e->heap_cap * 2 : 64;
			e->heap = mem_resize(e->heap, e->heap_cap, sizeof(struct deadline));
		}
		i = ++e->heap_count;
	} else if (e->heap[i].at_us == at_us) {
		return;
	}
	deadline_sift(e, i, (struct deadline){ at_us, kind, handle });
	ASSERT(*slot > 0);
}

uint32_t deadline_place(const struct engine *e, enum deadline_kind kind, uint32_t handle)
{
	return *deadline_slot(e, kind, handle);
}

const struct deadline *deadline_first(const struct engine *e)
{
	return e->heap_count ? &e->heap[1] : NULL;
}
