/*
 * Sets of skills with levels, interned: what an agent has, what a conversation asks. Equal sets have equal
 * numbers, so a comparison costs nothing and thousands of conversations share one.
 */
#ifndef USHER_ENGINE_SETS_H
#define USHER_ENGINE_SETS_H

#include "engine/state.h"

enum { SET_EMPTY = 1 };

void sets_init(struct engine *e);
void sets_free(struct engine *e);
/* From text ("ru=80 cards=50"); 0 when malformed or too many. The higher level of a repeated skill counts. */
uint32_t set_parse(struct engine *e, struct slice text);
uint32_t set_of(struct engine *e, const struct skill *skills, size_t count);
/* Everything that a or b asks. */
uint32_t set_union(struct engine *e, uint32_t a, uint32_t b);
/* Whether the agent has each skill at its level; every agent has agent:<id> at every level. */
bool set_met(const struct engine *e, uint32_t set, const struct agent *a);
/* From now on `able` of this set is kept. */
void set_ask(struct engine *e, uint32_t set);
static inline struct set *set_at(const struct engine *e, uint32_t set)
{
	return e->sets[set];
}
static inline struct slice set_text(const struct engine *e, uint32_t set)
{
	return e->sets[set]->text;
}

#endif
