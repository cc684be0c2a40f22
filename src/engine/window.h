/*
 * What was answered, abandoned and missed in the last minutes and since this morning: for the service level of a window.
 * One for each queue and segment that had any of it. Counted by events, so a restart and a replay know it as well.
 *
 *   minutes    a ring of 1-minute buckets over the last hour          bucket = [number of its span since 1970 | counts]
 *   quarters   a ring of 15-minute buckets over the last 26 hours     (every time zone's midnight is on a quarter)
 *
 * A bucket of another span is an old one: it is read as nothing and begun anew when its turn comes.
 */
#ifndef USHER_ENGINE_WINDOW_H
#define USHER_ENGINE_WINDOW_H

#include "engine/state.h"

struct unpack;

enum {
	WINDOW_MINUTES = 60,
	WINDOW_QUARTERS = 104, /* 26 hours: a day is 25 h long once a year */
	WINDOW_MINUTE_S = 60,
	WINDOW_QUARTER_S = 900,
};

struct bucket {
	uint32_t span; /* since 1970, in minutes or quarters */
	uint32_t count[WINDOW_COUNTS];
};
struct window {
	struct window *next; /* of the same line, in the order of making */
	uint32_t segment;    /* label; 0: of no segment */
	struct bucket minutes[WINDOW_MINUTES];
	struct bucket quarters[WINDOW_QUARTERS];
};

/* One more, in the window of the line and segment. */
void window_count(struct line *l, uint32_t segment, enum window_count_kind what, uint64_t at_us);
void windows_free(struct line *l);
void windows_save(const struct line *l, struct str *out);
bool windows_load(struct engine *e, struct line *l, struct unpack *u);

#endif
