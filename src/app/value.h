/*
 * Single values from text. Predicates: false, and *out untouched, when the text is not of that form.
 */
#ifndef USHER_APP_VALUE_H
#define USHER_APP_VALUE_H

#include "base/slice.h"

/* Seconds: 120, 90s, 2m, 36h, 7d, -2m. */
bool value_seconds(struct slice text, int64_t *out);
/* yes no true false on off. */
bool value_bool(struct slice text, bool *out);
/* [a-z0-9_-]+, at most NAME_MAX_LEN bytes. */
bool value_is_name(struct slice text);
/* Names of skills may also hold `:` and `.` (lang:ru). */
bool value_is_skill(struct slice text);
/* "09:00-18:00" as minutes of the day; to is up to 1440, and less than from when it ends on the next day. */
bool value_hours(struct slice text, unsigned *from_min, unsigned *to_min);
/* "2027-01-01". */
bool value_date(struct slice text, int *year, int *month, int *day);

#endif
