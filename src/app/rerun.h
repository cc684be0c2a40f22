/*
 * A past stretch of time once more, with another configuration or other people: what if? Reads the journal as it happened, takes from it
 * what came from outside, and gives that to the engine again.
 *
 *   events before `since` ─▶ engine as it was ─┬─▶ events after ─▶ figures of what happened
 *                                              │                └▶ inputs: arrivals, people; what each conversation took
 *                                              └─▶ the other configuration ─▶ inputs again ─▶ figures of what would have
 *
 * Arrivals, people's coming and going and pauses come at the time they came. How long accepting took, when replies came, when it
 * was resolved or transferred and when the customer left are kept as spans and begin when the conversation is offered,
 * accepted or arrives now. Nothing here reads a clock or Redis; the engine is the production one.
 */
#ifndef USHER_APP_RERUN_H
#define USHER_APP_RERUN_H

#include "base/err.h"
#include "engine/engine.h"

struct rerun;

/* agents: "-bo,+2=eva": without bo, two more like eva; may be empty. bytes_max: of what is kept of the past. Both configurations are borrowed.
 * NULL with a reason. */
struct rerun *rerun_new(const struct config *was, const struct config *what_if, uint64_t since_us,
	struct slice agents, size_t bytes_max, struct err *err);
void rerun_free(struct rerun **r);
/* The next event of the journal, from the first on. -errno with a reason when it does not fit or there are too many. */
int rerun_read(struct rerun *r, const struct event *ev, struct err *err);
/* After the last. -errno with a reason when there is nothing to run again. */
int rerun_begin(struct rerun *r, struct err *err);
/* So many steps of the engine; false when it is done. */
bool rerun_steps(struct rerun *r, size_t steps);
/* How far it is, in hundredths, and where in time. */
unsigned rerun_percent(const struct rerun *r, uint64_t *at_us);
/* One object: from, to, rows with `real` and `whatif`, occupancy. */
void rerun_json(struct rerun *r, struct str *out);

#endif
