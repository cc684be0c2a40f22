/*
 * Closed sets of words with their names on the wire. One table each; enum, name and parser come from it.
 * Value 0 is "none" in each, so that an absent field reads as none.
 */
#ifndef USHER_MODEL_WORDS_H
#define USHER_MODEL_WORDS_H

#include "base/slice.h"

/* Life of a conversation (engine.md). */
#define CONV_STATES(X)                                                                                    \
	X(CONV_SCHEDULED,                                                                                 \
		"scheduled") /* accepted, waits for its time (opening hours are `waiting` + overnight) */ \
	X(CONV_WAITING, "waiting")                                                                        \
	X(CONV_OFFERED, "offered")                                                                        \
	X(CONV_ACTIVE, "active")   /* an agent owns it and owes the next word */                          \
	X(CONV_PENDING, "pending") /* an agent owns it, the customer owes the next word */                \
	X(CONV_WRAPUP, "wrapup")                                                                          \
	X(CONV_RESOLVED, "resolved") /* a new message reopens it */                                       \
	X(CONV_CLOSED, "closed")     /* gone from the engine; a new message starts another */             \
	X(CONV_PARKED, "parked") /* waiting, but no logged-in agent could serve it at any stage */

#define PRESENCES(X)                                                                               \
	X(PRESENCE_OFFLINE, "offline")                                                             \
	X(PRESENCE_AWAY, "away")                                                                   \
	X(PRESENCE_AVAILABLE, "available")                                                         \
	X(PRESENCE_NOT_RESPONDING, "not-responding")

#define DIRECTIONS(X)                                                                              \
	X(DIRECTION_IN, "in")                                                                      \
	X(DIRECTION_OUT, "out")                                                                    \
	X(DIRECTION_NOTE, "note")     /* between employees, never leaves */                        \
	X(DIRECTION_SYSTEM, "system") /* a state change worth reading in the history */

#define DELIVERIES(X)                                                                              \
	X(DELIVERY_QUEUED, "queued") /* on disk, to be sent */                                     \
	X(DELIVERY_SENT, "sent")     /* the next hop took it */                                    \
	X(DELIVERY_DELIVERED, "delivered")                                                         \
	X(DELIVERY_READ, "read")                                                                   \
	X(DELIVERY_BOUNCED, "bounced")                                                             \
	X(DELIVERY_FAILED, "failed")                                                               \
	X(DELIVERY_UNSURE, "unsure") /* may have been sent: a person decides */

#define ROLES(X)                                                                                   \
	X(ROLE_AGENT, "agent")                                                                     \
	X(ROLE_SUPERVISOR, "supervisor")                                                           \
	X(ROLE_ADMIN, "admin")                                                                     \
	X(ROLE_AUDITOR, "auditor")

#define STRATEGIES(X)                                                                              \
	X(STRATEGY_LONGEST_IDLE, "longest-idle")                                                   \
	X(STRATEGY_LEAST_LOADED, "least-loaded")                                                   \
	X(STRATEGY_ROUND_ROBIN, "round-robin")                                                     \
	X(STRATEGY_FEWEST_HANDLED, "fewest-handled")                                               \
	X(STRATEGY_FEWEST_SKILLS, "fewest-skills")                                                 \
	X(STRATEGY_RANDOM, "random")

/* What a visitor did, beside writing. */
#define VISITS(X)                                                                                  \
	X(VISIT_LEFT, "left") /* the connection is gone for longer than the channel's grace */     \
	X(VISIT_BACK, "back")                                                                      \
	X(VISIT_END, "end")	/* the visitor ended the conversation */                           \
	X(VISIT_SEEN, "seen")	/* has seen everything up to `seq` */                              \
	X(VISIT_RATED, "rated") /* said how good it was: 1..5 in `seq`, and in words */

/* Why an offer ended. */
#define OFFER_ENDS(X)                                                                              \
	X(OFFER_ACCEPTED, "accepted")                                                              \
	X(OFFER_DECLINED, "declined")                                                              \
	X(OFFER_MISSED, "missed")                                                                  \
	X(OFFER_REVOKED, "revoked")

/* How a command ended; `ok` and `noop` are success to the person who sent it. */
#define ANSWERS(X)                                                                                 \
	X(ANSWER_OK, "ok")                                                                         \
	X(ANSWER_NOOP, "noop")		 /* late or repeated: the state already says so */         \
	X(ANSWER_UNKNOWN, "unknown")	 /* no such conversation, offer, agent or queue */         \
	X(ANSWER_FORBIDDEN, "forbidden") /* not yours */                                           \
	X(ANSWER_STATE, "state")	 /* not possible in this state */                          \
	X(ANSWER_INVALID, "invalid")

#define WORD_ENUM(name, text) name,
enum conv_state { CONV_NONE, CONV_STATES(WORD_ENUM) CONV_STATE_COUNT };
enum presence { PRESENCE_NONE, PRESENCES(WORD_ENUM) PRESENCE_COUNT };
enum direction { DIRECTION_NONE, DIRECTIONS(WORD_ENUM) DIRECTION_COUNT };
enum delivery { DELIVERY_NONE, DELIVERIES(WORD_ENUM) DELIVERY_COUNT };
enum role { ROLE_NONE, ROLES(WORD_ENUM) ROLE_COUNT };
enum strategy { STRATEGY_NONE, STRATEGIES(WORD_ENUM) STRATEGY_COUNT };
enum visit { VISIT_NONE, VISITS(WORD_ENUM) VISIT_COUNT };
enum offer_end { OFFER_END_NONE, OFFER_ENDS(WORD_ENUM) OFFER_END_COUNT };
enum answer { ANSWER_NONE, ANSWERS(WORD_ENUM) ANSWER_COUNT };
#undef WORD_ENUM

/* An agent has it in work. */
static inline bool conv_state_is_owned(enum conv_state s)
{
	return s == CONV_ACTIVE || s == CONV_PENDING || s == CONV_WRAPUP;
}

/* NULL-terminated tables of names by value; [0] is "". */
extern const char *const conv_state_words[];
extern const char *const presence_words[];
extern const char *const direction_words[];
extern const char *const delivery_words[];
extern const char *const role_words[];
extern const char *const strategy_words[];
extern const char *const visit_words[];
extern const char *const offer_end_words[];
extern const char *const answer_words[];

/* The value of a name in such a table; 0 when it is none of them. */
uint32_t word_parse(const char *const *words, struct slice name);

#endif
