/*
 * Deadlines that have come: what follows from the time alone.
 */
#ifndef USHER_ENGINE_TIMERS_H
#define USHER_ENGINE_TIMERS_H

#include "engine/state.h"

/* Fires every deadline that is due. */
void timers_run(struct engine *e);

#endif
