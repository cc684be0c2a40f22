/*
 * Piles: binary heaps of handles that know their places, and a walk through several of them best first that
 * changes nothing. All three levels of the index are piles:
 *
 *   anchor (a skill)   ─▶ signatures by their first conversation
 *   posting (a skill)  ─▶ profiles by their best free agent
 *   profile (a set)    ─▶ free agents by strategy key
 *
 * Each entry keeps the key of its object beside the handle, so that a comparison touches the pile alone; objects are looked at
 * when keys are equal. A key is taken anew by put and fix.
 *
 * A walk keeps a frontier: it starts with the tops; taking the best puts its two children in. So the k best cost
 * O(k log k), whatever the size.
 */
#ifndef USHER_ENGINE_PILE_H
#define USHER_ENGINE_PILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

struct pile_item {
	uint64_t key;
	uint32_t handle;
	uint32_t slot; /* which of the object's places is in this pile */
};
struct pile {
	struct pile_item *v; /* v[0] is the best; children of v[i] are v[2i+1], v[2i+2] */
	uint32_t count, cap;
	uint32_t tag; /* whose pile it is, for `key` and `before` */
};

struct pile_kind {
	/* Smaller is before; of two equal ones `before` decides. */
	uint64_t (*key)(const struct engine *e, uint32_t handle, uint32_t tag);
	bool (*before)(const struct engine *e, uint32_t a, uint32_t b, uint32_t tag);
	/* Where an object keeps its place + 1 in the pile of this slot; 0 not in it. */
	uint32_t *(*place)(const struct engine *e, uint32_t handle, uint32_t slot, uint32_t tag);
};

void pile_put(const struct engine *e, const struct pile_kind *k, struct pile *p, uint32_t handle,
	uint32_t slot);
void pile_drop(const struct engine *e, const struct pile_kind *k, struct pile *p, uint32_t handle,
	uint32_t slot);
/* After the object's rank changed. */
void pile_fix(const struct engine *e, const struct pile_kind *k, struct pile *p, uint32_t handle,
	uint32_t slot);
void pile_free(struct pile *p);

struct walk_at {
	const struct pile *pile;
	uint32_t index;
};
struct walk {
	struct walk_at *v;
	uint32_t count, cap; /* memory is kept between walks */
	bool keyed;
};
/* keyed: the keys of all its piles are of one measure; else `before` is asked each time. */
static inline void walk_begin(struct walk *w, bool keyed)
{
	w->count = 0;
	w->keyed = keyed;
}
void walk_add(
	const struct engine *e, const struct pile_kind *k, struct walk *w, const struct pile *p);
/* The best that has not been given yet, without taking it; 0: none. */
uint32_t walk_peek(const struct walk *w);
/* Its key. */
uint64_t walk_key(const struct walk *w);
/* Past it. */
void walk_next(const struct engine *e, const struct pile_kind *k, struct walk *w);
void walk_free(struct walk *w);

#endif
