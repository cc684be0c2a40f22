/*
 * Lanes: one for each rate at which waiting counts. Segments of rate 2 gain twice as fast on those of rate 1: who is
 * first is decided at the moment of the match, by (now − key) × rate, larger first, exactly. Within a lane that order is
 * the order of keys and never changes, so all trees and piles are of one lane each, and only heads of lanes are compared.
 * A segment that says nothing has rate 1, lane 0.
 */
#ifndef USHER_ENGINE_LANE_H
#define USHER_ENGINE_LANE_H

#include "engine/state.h"

/* After another configuration: rates may be others. Nothing is indexed while this runs. */
void lanes_configure(struct engine *e);
uint32_t lane_of(const struct engine *e, const struct conv *c);
/* Negative: a has gained more than b by now and goes first; 0: as much. */
int lane_compare(const struct engine *e, const struct conv *a, const struct conv *b);

#endif
