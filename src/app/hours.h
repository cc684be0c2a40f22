/*
 * Business hours as UTC intervals: weekly hours in a time zone, less holidays, with its changes of daylight saving time.
 */
#ifndef USHER_APP_HOURS_H
#define USHER_APP_HOURS_H

#include "app/section.h"

enum { HOURS_AHEAD_DAYS = 400, HOURS_BEHIND_DAYS = 2 };

/* Fills c->open for the days around now_us; problems are reported at their place. */
void hours_expand(struct loader *l, const struct calendar_spec *spec, struct calendar *c);

/* Fills config->midnights of the zone `desk.zone`; `at` is where that stands, NULL: nowhere. */
void hours_midnights(struct loader *l, const struct tree *at);

#endif
