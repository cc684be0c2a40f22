/*
 * Owners of open conversations and the moves between them; see the header.
 *
 *   now: conv ─▶ owner           moves: ring of (n, conv, from), ascending n, oldest at head
 */
#include "desk/owners.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"
#include "model/limits.h"

void owners_set(struct owners *o, struct id conv, struct slice owner)
{
	struct slice key = slice_make(&conv, sizeof(conv));
	free(owner.n ? map_put(&o->now, key, slice_dup(owner)) : map_remove(&o->now, key));
}

struct slice owners_now(const struct owners *o, struct id conv)
{
	return slice_of(map_get(&o->now, slice_make(&conv, sizeof(conv))));
}

static void move_add(struct owners *o, uint64_t n, struct id conv, struct slice from)
{
	if (!o->moves)
		o->moves = mem_array(PUSH_KEEP, sizeof(*o->moves));
	if (o->count == PUSH_KEEP) {
		free(o->moves[o->head].from);
		o->head = (o->head + 1) % PUSH_KEEP;
		o->count--;
	}
	o->moves[(o->head + o->count++) % PUSH_KEEP] =
		(struct owner_move){ n, conv, slice_dup(from) };
}

void owners_note(struct owners *o, const struct effect *ef)
{
	if (ef->type != EFFECT_CONV)
		return;
	struct slice before = owners_now(o, ef->conv);
	if (before.n && !slice_equal(before, ef->owner))
		move_add(o, ef->n, ef->conv, before);
	owners_set(o, ef->conv, ef->state == CONV_CLOSED ? (struct slice){ 0 } : ef->owner);
}

/* Binary search: numbers ascend along the ring. */
struct slice owners_before(const struct owners *o, const struct effect *ef)
{
	size_t low = 0, high = o->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct owner_move *m = &o->moves[(o->head + middle) % PUSH_KEEP];
		if (m->n < ef->n)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == o->count)
		return (struct slice){ 0 };
	const struct owner_move *m = &o->moves[(o->head + low) % PUSH_KEEP];
	return m->n == ef->n && id_equal(m->conv, ef->conv) ? slice_of(m->from)
							    : (struct slice){ 0 };
}

void owners_free(struct owners *o)
{
	struct map_entry e;
	for (size_t i = 0; map_next(&o->now, &i, &e);)
		free(e.value);
	map_free(&o->now);
	for (size_t i = 0; i < o->count; i++)
		free(o->moves[(o->head + i) % PUSH_KEEP].from);
	free(o->moves);
	*o = (struct owners){ 0 };
}
