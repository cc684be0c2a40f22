/*
 * Piles and walks; see pile.h. Called by index.c and match.c.
 */
#include "engine/pile.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/str.h"

static bool item_before(const struct engine *e, const struct pile_kind *k, struct pile_item a,
	struct pile_item b, uint32_t tag)
{
	return a.key != b.key ? a.key < b.key : k->before(e, a.handle, b.handle, tag);
}

static void pile_set(const struct engine *e, const struct pile_kind *k, struct pile *p, uint32_t i,
	struct pile_item item)
{
	p->v[i] = item;
	*k->place(e, item.handle, item.slot, p->tag) = i + 1;
}

static void pile_sift(const struct engine *e, const struct pile_kind *k, struct pile *p, uint32_t i,
	struct pile_item item)
{
	while (i > 0 && item_before(e, k, item, p->v[(i - 1) / 2], p->tag)) {
		pile_set(e, k, p, i, p->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (uint32_t child = 2 * i + 1; child < p->count; child = 2 * i + 1) {
		if (child + 1 < p->count && item_before(e, k, p->v[child + 1], p->v[child], p->tag))
			child++;
		if (!item_before(e, k, p->v[child], item, p->tag))
			break;
		pile_set(e, k, p, i, p->v[child]);
		i = child;
	}
	pile_set(e, k, p, i, item);
}

void pile_put(const struct engine *e, const struct pile_kind *k, struct pile *p, uint32_t handle,
	uint32_t slot)
{
	ASSERT(*k->place(e, handle, slot, p->tag) == 0);
	if (p->count == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 1;
		p->v = mem_resize(p->v, p->cap, sizeof(*p->v));
	}
	p->count++;
	pile_sift(e, k, p, p->count - 1,
		(struct pile_item){ k->key(e, handle, p->tag), handle, slot });
}

void pile_drop(const struct engine *e, const struct pile_kind *k, struct pile *p, uint32_t handle,
	uint32_t slot)
{
	uint32_t *place = k->place(e, handle, slot, p->tag), i = *place - 1;

	ASSERT(*place > 0 && p->v[i].handle == handle);
	*place = 0;
	struct pile_item last = p->v[--p->count];

	if (i < p->count)
		pile_sift(e, k, p, i, last);
}

void pile_fix(const struct engine *e, const struct pile_kind *k, struct pile *p, uint32_t handle,
	uint32_t slot)
{
	uint32_t place = *k->place(e, handle, slot, p->tag);

	ASSERT(place > 0 && p->v[place - 1].handle == handle);
	pile_sift(
		e, k, p, place - 1, (struct pile_item){ k->key(e, handle, p->tag), handle, slot });
}

void pile_free(struct pile *p)
{
	free(p->v);
	p->v = NULL;
	p->count = p->cap = 0;
}

/* ---- walks: the frontier is itself a binary heap ---- */

static bool walk_before(const struct engine *e, const struct pile_kind *k, const struct walk *w,
	struct walk_at a, struct walk_at b)
{
	struct pile_item x = a.pile->v[a.index], y = b.pile->v[b.index];

	if (!w->keyed)
		return k->before(e, x.handle, y.handle, a.pile->tag);
	return item_before(e, k, x, y, a.pile->tag);
}

static void walk_push(
	const struct engine *e, const struct pile_kind *k, struct walk *w, struct walk_at at)
{
	if (at.index >= at.pile->count)
		return;
	if (w->count == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->v = mem_resize(w->v, w->cap, sizeof(struct walk_at));
	}
	uint32_t i = w->count++;

	for (; i > 0 && walk_before(e, k, w, at, w->v[(i - 1) / 2]); i = (i - 1) / 2)
		w->v[i] = w->v[(i - 1) / 2];
	w->v[i] = at;
}

void walk_add(
	const struct engine *e, const struct pile_kind *k, struct walk *w, const struct pile *p)
{
	walk_push(e, k, w, (struct walk_at){ p, 0 });
}

uint32_t walk_peek(const struct walk *w)
{
	return w->count ? w->v[0].pile->v[w->v[0].index].handle : 0;
}

uint64_t walk_key(const struct walk *w)
{
	ASSERT(w->count > 0);
	return w->v[0].pile->v[w->v[0].index].key;
}

void walk_next(const struct engine *e, const struct pile_kind *k, struct walk *w)
{
	ASSERT(w->count > 0);
	struct walk_at top = w->v[0], last = w->v[--w->count];
	uint32_t i = 0;

	for (uint32_t child = 1; child < w->count; child = 2 * i + 1) {
		if (child + 1 < w->count && walk_before(e, k, w, w->v[child + 1], w->v[child]))
			child++;
		if (!walk_before(e, k, w, w->v[child], last))
			break;
		w->v[i] = w->v[child];
		i = child;
	}
	if (w->count)
		w->v[i] = last;
	walk_push(e, k, w, (struct walk_at){ top.pile, 2 * top.index + 1 });
	walk_push(e, k, w, (struct walk_at){ top.pile, 2 * top.index + 2 });
}

void walk_free(struct walk *w)
{
	free(w->v);
	w->v = NULL;
	w->count = w->cap = 0;
}
