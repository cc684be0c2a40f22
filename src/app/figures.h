/*
 * Figures of a stretch of time, counted from events alone, so that what happened and what would have happened are counted by
 * the same hand: service level, waits, who was passed by whom, work, for each queue and segment; occupancy of people.
 *
 *   figures ─┬─ rows   "queue\nsegment" ─▶ counts
 *            ├─ convs  id ─▶ where it waits, since when
 *            └─ lines  queue ─▶ those who wait, by arrival
 */
#ifndef USHER_APP_FIGURES_H
#define USHER_APP_FIGURES_H

#include "engine/engine.h"

struct figures;

struct figures *figures_new(void);
void figures_free(struct figures **f);
/* A conversation that is open when the stretch begins at `from_us`. */
void figures_open(struct figures *f, const struct conv_view *v, uint64_t from_us);
void figures_event(struct figures *f, const struct event *ev);
/* How much of what the people who are there could hold they hold, for so many minutes. */
void figures_sample(struct figures *f, const struct engine *e, uint64_t minutes);
/* What is still going on is counted up to then. */
void figures_end(struct figures *f, uint64_t end_us);

struct figures_row {
	uint64_t arrived, accepted, answered, within, abandoned;
	uint64_t passed; /* how often somebody who came later to the same queue was offered first */
	uint64_t wait_mean_ms, wait_p50_ms, wait_p90_ms; /* until an agent accepted */
	uint64_t work_ms; /* of agents: from accepting to giving back */
};
/* Keys "queue\nsegment" of both, each once; the rows of one that has none are zero. */
size_t figures_keys(
	const struct figures *a, const struct figures *b, struct arena *arena, struct slice **out);
struct figures_row figures_row(const struct figures *f, struct slice key);
/* Units held of units there were, in ten thousandths; UINT64_MAX when nobody was there. */
uint64_t figures_occupancy(const struct figures *f);

#endif
