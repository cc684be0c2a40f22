/*
 * Deadlines: one indexed heap of all of them, each object at most once. Ties are broken by kind and name,
 * never by handle, so that a restored engine fires them in the same order.
 */
#ifndef USHER_ENGINE_DEADLINE_H
#define USHER_ENGINE_DEADLINE_H

#include "engine/state.h"

/* Sets, moves or (at_us UINT64_MAX) takes away the deadline of an object. */
void deadline_set(struct engine *e, enum deadline_kind kind, uint32_t handle, uint64_t at_us);
/* The place of an object's deadline in the heap; 0 none. */
uint32_t deadline_place(const struct engine *e, enum deadline_kind kind, uint32_t handle);
const struct deadline *deadline_first(const struct engine *e); /* NULL: none */

#endif
