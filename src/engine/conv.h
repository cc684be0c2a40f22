/*
 * Conversations in the engine's memory. conv_place is the one function that changes a state: chains, trees,
 * units, counts and deadline follow from it, so they cannot disagree.
 */
#ifndef USHER_ENGINE_CONV_H
#define USHER_ENGINE_CONV_H

#include "engine/state.h"

void convs_init(struct engine *e);
void convs_free(struct engine *e);
uint32_t conv_find(const struct engine *e, struct id id); /* 0: none */
uint32_t conv_by_offer(const struct engine *e, struct id offer);
/* In state scheduled. */
struct conv *conv_add(struct engine *e, struct id id, uint32_t line);
void conv_drop(struct engine *e, struct conv *c);
struct rare *conv_rare(struct engine *e, struct conv *c);

/* Whether the table of moves allows it. */
bool conv_may(uint32_t from, uint32_t to);
/* Into `to`, with `agent` (0: nobody) holding `units` for it. */
void conv_place(
	struct engine *e, struct conv *c, enum conv_state to, uint32_t agent, uint32_t units);
/* The same for a conversation just read from a snapshot: from scheduled to anywhere, nothing else follows. */
void conv_restore(
	struct engine *e, struct conv *c, enum conv_state to, uint32_t agent, uint32_t units);
void conv_set_offer(struct engine *e, struct conv *c, struct id offer); /* none: it is over */
/* When the conversation came that waits longest in this line of those nobody can serve; 0: none. Walks them only when the last one
 * found is no longer among them. */
uint64_t conv_parked_oldest(const struct engine *e, const struct line *l);

/* ---- stages ---- */
uint32_t conv_stage_count(const struct engine *e, const struct conv *c);
/* The set asked at a stage, interning it when new. */
uint32_t conv_need(struct engine *e, const struct conv *c, uint32_t stage);
/* When `stage` (> 0) begins by time. */
uint64_t conv_stage_us(const struct engine *e, const struct conv *c, uint32_t stage);
/* While waiting: out of the trees before a change of its place, stage or exclusions, and in again. */
void conv_unindex(struct engine *e, struct conv *c);
void conv_index(struct engine *e, struct conv *c);
/* What it asks now, beside its exclusions; unlike c->sig it follows the time. */
struct sig_key conv_sig_key(struct engine *e, const struct conv *c);
/* When it is promoted to the first tier; UINT64_MAX: it is there. */
uint64_t conv_promote_us(const struct engine *e, const struct conv *c);
/* When it has waited as long as its queue lets it; UINT64_MAX: never, or there is nowhere to go now. */
uint64_t conv_overflow_us(const struct engine *e, const struct conv *c);
/* Sets its one deadline from its state. */
void conv_arm(struct engine *e, struct conv *c);

/* ---- exclusions ---- */
struct exclusion *conv_exclusion(
	const struct engine *e, const struct conv *c, uint32_t agent); /* NULL */
bool conv_excludes(const struct engine *e, const struct conv *c, uint32_t agent, uint64_t now_us);
/* From when it is no reason to let the conversation wait when everybody else is excluded, too: after the first cooldown,
 * however often that agent has declined. */
uint64_t exclusion_reset_us(const struct engine *e, const struct exclusion *x);
uint32_t conv_exclusion_count(const struct engine *e, const struct conv *c);
void conv_exclude(
	struct engine *e, struct conv *c, uint32_t agent, uint64_t until_us, uint32_t span_s);
void conv_clear_exclusions(struct engine *e, struct conv *c);

/* ---- signatures ---- */
void sig_mark(struct engine *e, struct sig *s);
void sigs_free(struct engine *e);

#endif
