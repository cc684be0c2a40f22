/*
 * Eligibility: the one function that says whether a conversation may be offered to an agent now. Used by
 * matching, by explain and by the checks.
 */
#ifndef USHER_ENGINE_ELIGIBLE_H
#define USHER_ENGINE_ELIGIBLE_H

#include "engine/state.h"

/* In the order in which they are asked; explain names the first that fails.
 * X(enum, name, what would have to change) */
#define PREDICATES(X)                                                                              \
	X(NOT_QUEUE, "queue", "the queue opens or is resumed")                                     \
	X(NOT_DESK, "desk", "the agent connects a desk")                                           \
	X(NOT_PRESENCE, "presence", "the agent becomes available")                                 \
	X(NOT_SKILLS, "skills", "the agent gets the skills, or a later stage asks less")           \
	X(NOT_CAPACITY, "capacity", "the agent finishes something")                                \
	X(NOT_SHARE, "queue-share", "the agent finishes something of this queue")                  \
	X(NOT_KIND, "kind", "the agent finishes something of this kind of channel")                \
	X(NOT_ASKED, "offered", "the offer that the agent has ends")                               \
	X(NOT_EXCLUDED, "excluded", "the time since the agent declined or missed it runs out")     \
	X(NOT_HELD, "hold-back", "another agent of the pool gets free, or it waited hold_back.max")

#define PREDICATE_ENUM(name, word, change) name,
enum predicate { ELIGIBLE, PREDICATES(PREDICATE_ENUM) PREDICATE_COUNT };
#undef PREDICATE_ENUM
extern const char *const predicate_words[];
extern const char *const predicate_changes[];

/* The first predicate that fails for a conversation of this signature; `c` NULL: exclusions are not asked. */
enum predicate eligible_first_failing(const struct engine *e, const struct sig_key *key,
	const struct conv *c, const struct agent *a);
static inline bool eligible(const struct engine *e, const struct sig_key *key, const struct conv *c,
	const struct agent *a)
{
	return eligible_first_failing(e, key, c, a) == ELIGIBLE;
}

#endif
