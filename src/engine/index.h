/*
 * The index behind match.h: which signatures an agent could serve, which free agents have a skill. Derived from
 * the state, never saved; conv.c and agent.c tell it what changed.
 */
#ifndef USHER_ENGINE_INDEX_H
#define USHER_ENGINE_INDEX_H

#include "engine/state.h"

extern const struct pile_kind index_sigs, index_profiles, index_agents;

/* Room for every skill there is. */
void index_skills(struct engine *e);
/* The signature's first conversation may be another, or its line opened or closed. */
void index_sig(struct engine *e, struct sig *s);
/* Something of the agent changed that its place depends on; index_settle puts it there before the next match. */
void index_touch(struct engine *e, struct agent *a);
void index_settle(struct engine *e);
/* An agent got (+1) or lost (-1) the skills it has now: rarity. */
void index_rarity(struct engine *e, const struct agent *a, int change);
/* After another configuration: strategies and costs may be others. */
void index_configure(struct engine *e);
void index_free(struct engine *e);

/* The pile of signatures of a lane under a skill (0: those that ask nothing), and of profiles with a free agent who has it. */
const struct pile *index_anchor(const struct engine *e, uint32_t skill, uint32_t lane);
const struct pile *index_posting(const struct engine *e, uint32_t skill, uint32_t pool);
const struct pile *index_profile(const struct engine *e, uint32_t profile, uint32_t pool);
/* The pool of a strategy: those whose order is kept; others look through POOL_IDLE. */
bool index_pool(const struct engine *e, enum strategy s, uint32_t *pool);
/* Strategy key of an agent, smaller is first; not for random. */
uint64_t index_key(const struct engine *e, enum strategy s, const struct agent *a);
/* Agents by (key, id) of a pool. */
bool index_agent_before(const struct engine *e, uint32_t a, uint32_t b, uint32_t pool);

/* Made when nobody had exactly these skills before. */
struct profile *index_profile_made(struct engine *e, uint32_t set);
/* The skill of a set that fewest have; 0: it asks nothing. */
uint32_t index_rarest(const struct engine *e, const struct set *need);

/* ---- able.c: who could serve what ---- */
/* Whether everybody with exactly the skills of `profile` meets `need`; agent:<id> is asked of single agents, not here. */
bool index_meets(const struct engine *e, uint32_t need, uint32_t profile);
/* A set is asked from now on: counts who could serve it. */
void index_ask(struct engine *e, uint32_t set);
/* An agent comes (+1) or goes (-1) as it is now: `able` and `ready` of all asked sets are corrected. True when a set
 * that nobody could serve now has somebody. */
bool index_count(struct engine *e, const struct agent *a, int change);

void numbers_add(struct numbers *n, uint32_t number);
/* Compares with a rebuild; appends violations. */
size_t index_check(const struct engine *e, struct str *out);

#endif
