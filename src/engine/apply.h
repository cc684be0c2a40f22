/*
 * Applying events: the only way saved state changes. Total: an event that does not fit is refused with a
 * reason before anything is changed. Deciding code calls emit; recovery calls engine_apply; both end here.
 */
#ifndef USHER_ENGINE_APPLY_H
#define USHER_ENGINE_APPLY_H

#include "engine/state.h"

int apply_event(struct engine *e, const struct event *ev, struct err *err);
/* The halves of the table; apply.c dispatches. */
int apply_conv_event(struct engine *e, const struct event *ev, struct err *err);
int apply_work_event(struct engine *e, const struct event *ev, struct err *err);
int apply_agent_event(struct engine *e, const struct event *ev, struct err *err);
int apply_line_event(struct engine *e, const struct event *ev, struct err *err);

#endif
