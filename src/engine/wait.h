/*
 * Estimated waits. Who still waits at the end of the step in which it came gets an estimate (EVENT_ESTIMATED); when an agent
 * accepts it, estimate and outcome are a pair, from which ranges and the published bias and error come.
 *
 *   line ─┬─ classes ─▶ (kind, wants, segment) the last waits of those who ask alike
 *         └─ pairs      a ring of (estimate, outcome) of the whole line
 *
 * While a conversation waits, conv.until_us keeps its estimate (nothing ends then): 0 none was made, 1 none was known, n + 2
 * milliseconds. An offer needs until_us for itself, so it moves to rare.wait until the offer has ended.
 */
#ifndef USHER_ENGINE_WAIT_H
#define USHER_ENGINE_WAIT_H

#include "engine/state.h"

struct unpack;

enum {
	WAIT_CLASS_KEPT = 16,	/* last waits of a class */
	WAIT_CLASSES_MAX = 512, /* of a line; more share the line's */
	WAIT_PAIRS_KEPT = 128,
};

struct wait_class {
	struct wait_class *next;
	uint32_t kind, wants, segment;
	uint32_t waits_ms[WAIT_CLASS_KEPT];
	uint64_t seen;
};
struct wait_pairs {
	uint32_t estimate_ms[WAIT_PAIRS_KEPT], outcome_ms[WAIT_PAIRS_KEPT];
	uint64_t seen;
	uint32_t ratio[WAIT_PAIRS_KEPT]; /* derived: outcome to estimate, ascending */
	uint64_t ratio_seen;
};

/* It came into its line in this step. */
void wait_entered(struct engine *e, const struct conv *c);
/* At the end of a step: an estimate for those who came and still wait. */
void wait_estimate_all(struct engine *e);
/* Applying: an estimate was made, an offer began, ended without being accepted, was accepted. */
void wait_begun(struct conv *c, uint64_t wait_ms);
void wait_offered(struct engine *e, struct conv *c);
void wait_resumed(struct engine *e, struct conv *c);
void wait_ended(struct engine *e, struct conv *c, uint64_t at_us);

void waits_free(struct line *l);
void waits_save(const struct engine *e, const struct line *l, struct str *out);
bool waits_load(struct engine *e, struct line *l, struct unpack *u);

#endif
